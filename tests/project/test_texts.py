"""Every text of the pages is marked to be translated, and is translated, completely, in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.project import catalogs
from tests.project.places import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = re.compile(r"\{\w*\}")
WORD = re.compile(r"[^\W\d_]{2}")
SPOKEN = {"title", "aria-label", "placeholder", "alt"}
"""Attributes that somebody reads."""
OUR_NAME = "Unstick"
ATTRIBUTE = re.compile(r'[\w-]+=""')
"""One that a macro writes, without what it gets."""

languages = pytest.mark.parametrize("path", catalogs.FILES, ids=lambda path: path.stem)
templates = pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)


def test_there_is_another_language() -> None:
    assert "de" in [path.stem for path in catalogs.FILES]


@languages
def test_a_language_has_the_texts_of_the_code(path: Path) -> None:
    assert catalogs.updated(path) == path.read_bytes(), "it is not up to date: run make texts"


@languages
def test_a_language_is_complete(path: Path) -> None:
    left = [m.id for m in catalogs.read(path) if m.id and (m.fuzzy or not catalogs.is_said(m))]
    assert left == []


@languages
def test_a_translation_puts_in_the_same_values(path: Path) -> None:
    for message in catalogs.read(path):
        if message.id and isinstance(message.id, str):
            assert sorted(NAMES.findall(str(message.string))) == sorted(NAMES.findall(message.id)), message.id
        elif message.id:
            # A form for one number alone may say it in a word.
            *others, last = (set(NAMES.findall(text)) for text in message.string or ())
            wanted = set(NAMES.findall(message.id[1]))
            assert last == wanted, message.id
            assert all(wanted - {"{number}"} <= names <= wanted for names in others), message.id


def test_a_text_is_either_for_a_number_or_not() -> None:
    """A file of gettext finds a text by its first form alone."""
    catalog = catalogs.extracted()
    single = {message.id for message in catalog if isinstance(message.id, str)}
    assert not single & {message.id[0] for message in catalog if not isinstance(message.id, str)}


@templates
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    source = path.read_text("utf-8")
    assert [*_bare(source), *_said(source)] == []


class _Reader(HTMLParser):
    """The words in a page that stand in its markup."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._keys = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._keys += tag == "kbd"
        for name, value in attrs:
            if name in SPOKEN or (name.startswith("data-") and " " in (value or "")):
                self._take(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._keys -= tag == "kbd"

    def handle_data(self, data: str) -> None:
        if not self._keys:
            self._take(data)

    def _take(self, text: str) -> None:
        if WORD.search(ATTRIBUTE.sub("", text).replace(OUR_NAME, "")):
            self.found.append(" ".join(text.split()))


def _bare(source: str) -> Iterator[str]:
    """What stands in the markup itself."""
    reader = _Reader()
    reader.feed("".join(text for _, kind, text in Environment().lex(source) if kind == "data"))
    reader.close()
    yield from reader.found


def _said(source: str) -> Iterator[str]:
    """What an expression puts there: `{{ "Yes" if right else "Not so" }}`."""
    for output in Environment().parse(source).find_all(nodes.Output):
        for node in output.nodes:
            yield from _constants(node)


def _constants(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and re.search(r"[A-Z]|\w \w", node.value):
        yield node.value
    elif isinstance(node, nodes.CondExpr | nodes.Concat | nodes.Add | nodes.Or):
        for child in node.iter_child_nodes(exclude=("test",)):
            yield from _constants(child)
