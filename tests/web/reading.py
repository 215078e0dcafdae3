"""Reads a page as a browser does, and presses its buttons with what their form carries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from tests.web.conftest import SECRET, Visitor, visitor
from webui import create_app, open_store

VOID = {"input", "meta", "link", "br", "img", "use", "path", "circle", "rect"}
KNOWN_TAGS = {
    "a", "aside", "b", "bdi", "body", "button", "caption", "circle", "code", "dd", "details", "dialog", "div", "dl",
    "dt", "form", "h1", "h2", "head", "header", "html", "hx-partial", "input", "kbd", "label", "li", "link", "main",
    "meta", "nav", "ol", "option", "p", "path", "pre", "progress", "q", "rect", "script", "section", "select", "small",
    "span", "strong", "summary", "svg", "symbol", "table", "tbody", "td", "th", "thead", "time", "title", "tr",
    "ul", "use",
}  # fmt: skip
"""Every tag that our templates write: whatever else is in a page came from the queue."""


@dataclass
class Element:
    """An element with its attributes and what is in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    parts: list[Element | str] = field(default_factory=list)

    def every(self, tag: str = "", cls: str = "", **attributes: str) -> Iterator[Element]:
        """All elements inside with this tag, class and attributes, in order."""
        for part in self.parts:
            if isinstance(part, Element):
                wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
                if tag in ("", part.tag) and cls in ("", *part.classes) and wanted.items() <= part.attributes.items():
                    yield part
                yield from part.every(tag, cls, **attributes)

    def one(self, tag: str = "", cls: str = "", **attributes: str) -> Element:
        """The only such element."""
        found = list(self.every(tag, cls, **attributes))
        assert len(found) == 1, f"{len(found)} elements {tag} {cls} {attributes}"
        return found[0]

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        """What is written in it, with single spaces."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            yield from (part,) if isinstance(part, str) else part._texts()
            if isinstance(part, Element) and part.tag not in ("span", "bdi", "b", "a", "time"):
                yield " "

    def row(self, id: int) -> Element:
        """The row of a message."""
        return self.one("tr", id=f"row-{id}")

    def rows(self) -> list[int]:
        """The ids of the rows, in order."""
        return [int(row.attributes["id"][4:]) for row in self.every("tr") if "id" in row.attributes]

    def buttons(self) -> list[str]:
        """The labels of the buttons that can be pressed."""
        return [button.text for button in self.every("button", type="submit") if "formaction" in button.attributes]

    def links(self) -> dict[str, str]:
        """The links by their text."""
        return {link.text: link.attributes["href"] for link in self.every("a")}


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].parts.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
            self.open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def read(answer: TestResponse | str) -> Element:
    """A page or a fragment; fails where its tags do not match, or one is not ours."""
    builder = _Builder()
    builder.feed(answer if isinstance(answer, str) else answer.get_data(as_text=True))
    builder.close()
    assert len(builder.open) == 1, f"<{builder.open[-1].tag}> is not closed"
    strange = {element.tag for element in builder.open[0].every()} - KNOWN_TAGS
    assert not strange, f"tags that are not ours: {strange}"
    return builder.open[0]


def press(
    client: Visitor,
    page: str,
    label: str,
    *,
    row: int | None = None,
    partial: bool = False,
    seen: Element | None = None,
) -> TestResponse:
    """Presses a button of a page (or of one row of it), as the page is now or as it was `seen`."""
    whole = seen or read(client.get(page))
    place = whole.row(row) if row is not None else whole
    button = next(button for button in place.every("button", form="place") if button.text == label)
    form = whole.one("form", id="place")
    fields = {field.attributes["name"]: field.attributes["value"] for field in form.every("input")}
    if "name" in button.attributes:
        fields[button.attributes["name"]] = button.attributes["value"]
    assert not button.attributes["hx-post"], "it posts to its formaction"
    del fields["csrf_token"]
    return client.act(button.attributes["formaction"], fields, page=page, partial=partial)


@contextmanager
def opened(path: Path, **config: Any) -> Iterator[Visitor]:
    """A visitor of a standalone app on the queue in that file."""
    store = open_store(str(path))
    app = create_app({"SECRET_KEY": SECRET, **config}, store=store)
    app.test_client_class = Visitor
    yield visitor(app)
    store.close()


def follow(client: Visitor, answer: TestResponse) -> Element:
    """The page that an answer sends the browser to."""
    assert answer.status_code == 303, answer.status
    return read(client.get(answer.headers["Location"]))


def partials(answer: TestResponse) -> dict[str, Element]:
    """The partials of an answer by what they replace."""
    return {part.attributes["hx-target"]: part for part in read(answer).every("hx-partial")}
