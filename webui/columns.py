"""What a list shows of a message. A new column is one entry in `COLUMNS`, a new fact on a row's second line one in
`FACTS`, a new line of a message's details one in `DETAILS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from webui.payload import format_bytes
from webui.store.diagnosis import is_stuck
from webui.store.filters import NO_PROJECT, Filters
from webui.store.model import Row
from webui.store.narrowing import BadFilter
from webui.store.schema import Capabilities
from webui.store.sentence import N_
from webui.texts import gettext as _
from webui.wording import text


@dataclass(frozen=True, slots=True)
class Scene:
    """Against what a row is judged: now and the instant before which a claim is stuck (ms), the file, the rights."""

    now: int
    cutoff: int
    max_retries: int
    capabilities: Capabilities
    may: Callable[[str], bool]

    @property
    def stuck_after(self) -> int:
        """The threshold in ms."""
        return self.now - self.cutoff


class Column(NamedTuple):
    """A column of a list: its name, which is its class and its cell's macro in `_cells.html`, and its heading."""

    name: str
    heading: str
    spoken: bool = False
    """Whether the heading is for screen readers only."""


COLUMNS = (
    Column("tick", N_("Select"), spoken=True),
    Column("status", N_("Status")),
    Column("what", N_("Message")),
    Column("age", N_("Age")),
    Column("act", N_("Actions"), spoken=True),
)

LONGEST_SEEN = 200
"""Characters of the token of a row's state that a form carries; only a damaged row has a longer one."""

Words = Callable[[Row, Scene], str | None]
Link = Callable[[Row], Mapping[str, str] | None]


class Fact(NamedTuple):
    """A fact on a row's second line: its words (none: it is not shown), and the filter that a click on it sets."""

    name: str
    words: Words
    link: Link | None = None


def _project(row: Row, scene: Scene) -> str:
    return text(row.project, 80) if row.project else _("no project")


def _session(row: Row, scene: Scene) -> str:
    id = text(row.session_db_id, 20)
    if row.session_status == "completed":
        return _("#{id}, completed", id=id)
    return _("#{id}, failed", id=id) if row.session_status == "failed" else f"#{id}"


def _size(row: Row, scene: Scene) -> str | None:
    return format_bytes(row.size) if row.size >= 1024 else None


def _tries(row: Row, scene: Scene) -> str | None:
    if row.retry_count is None or row.retry_count == 0:
        return None
    return _("retry {number}/{most}", number=text(row.retry_count, 20), most=scene.max_retries)


def _by_project(row: Row) -> Mapping[str, str] | None:
    """Not every stored name can be a filter: one that is too long, or begins with a space, would find other rows."""
    if not row.project:
        return {"project": NO_PROJECT}
    try:
        kept = Filters.parse({"project": row.project}).query().get("project")
    except BadFilter:
        return None
    return {"project": kept} if kept == row.project and kept != NO_PROJECT else None


def _by_session(row: Row) -> Mapping[str, str]:
    return {"session": str(row.session_db_id)}


FACTS = (
    Fact("project", _project, _by_project),
    Fact("session", lambda row, scene: _("session {id}", id=_session(row, scene)), _by_session),
    Fact("id", lambda row, scene: _("id {id}", id=row.id)),
    Fact("size", _size),
    Fact("tries", _tries),
)


def facts(row: Row, scene: Scene) -> list[tuple[Fact, str]]:
    """The facts that a row's second line shows, with their words."""
    found = ((fact, fact.words(row, scene)) for fact in FACTS)
    return [(fact, words) for fact, words in found if words is not None]


def dots(row: Row, scene: Scene) -> tuple[int, int] | None:
    """Retries used and left, to be drawn; None where there is nothing to draw."""
    if not isinstance(row.retry_count, int) or not 0 < row.retry_count <= scene.max_retries <= 8:
        return None
    return row.retry_count, scene.max_retries - row.retry_count


def state(row: Row, scene: Scene) -> str:
    """The state as a page says it: the stored one, or `stuck`, or `aborted`."""
    if row.trashed_by is not None:
        return "aborted"
    return "stuck" if is_stuck(row, scene.cutoff) else text(row.status, 40)


class Line(NamedTuple):
    """A line of a message's details."""

    label: str
    words: Words
    mono: bool = False
    link: Link | None = None


def _prompt(row: Row, scene: Scene) -> str | None:
    return None if row.prompt_number is None else text(row.prompt_number)


def _retries(row: Row, scene: Scene) -> str | None:
    return (
        None
        if row.retry_count is None
        else _("{number} of {most}", number=text(row.retry_count), most=scene.max_retries)
    )


DETAILS = (
    Line(N_("Id"), lambda row, scene: str(row.id)),
    Line(N_("Type"), lambda row, scene: text(row.message_type)),
    Line(N_("Project"), _project, link=_by_project),
    Line(N_("Session"), _session, link=_by_session),
    Line(N_("Prompt"), _prompt),
    Line(N_("Retries"), _retries),
    Line(N_("Folder"), lambda row, scene: text(row.cwd) if row.cwd else None, mono=True),
    Line(N_("Session id"), lambda row, scene: text(row.content_session_id), mono=True),
    Line(N_("Size"), lambda row, scene: format_bytes(row.size)),
)


def details(row: Row, scene: Scene) -> list[tuple[Line, str]]:
    """The lines of a message's details with their words, then what other releases added."""
    found = [(line, line.words(row, scene)) for line in DETAILS]
    added = [(Line(name.replace("_", " ").capitalize(), _project, mono=True), text(value))
             for name, value in row.extra.items() if value is not None and not name.endswith("_epoch")]  # fmt: skip
    return [(line, words) for line, words in found if words is not None] + added
