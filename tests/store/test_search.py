"""The search box: what is typed, what it shows, and what it suggests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.backends import Raw
from webui.store import PendingMessageStore
from webui.store.filters import FIELDS, TEXT, Filters
from webui.store.narrowing import BadFilter
from webui.store.search import LONGEST, canonical, parse, suggest

Add = Callable[..., int]

# Values that a sloppy parser would take apart.
values = st.one_of(
    st.sampled_from(
        ["a b", 'say "no"', '"', '""', "status:failed", "https://x/", "C:\\new folder", "a  b", "a\tb", "a:"]
    ),
    st.text(min_size=1, max_size=30),
)
queries = st.fixed_dictionaries(
    {},
    optional={
        field.name: st.sampled_from([field.example, *field.choices, *field.offers])
        if field.name not in ("project", "tool", TEXT)
        else values
        for field in FIELDS
    },
)


@given(queries)
def test_what_the_box_shows_means_the_same_again(query: dict[str, str]) -> None:
    filters = Filters.parse(query)
    assert parse(canonical(filters)) == filters


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (
            'status:failed project:alpha tool:Bash age:>2d attempts:3 size:>100k "some text"',
            {"status": "failed", "project": "alpha", "tool": "Bash", "age": ">2d", "attempts": "3", "size": ">100k",
             "q": "some text"},
        ),
        ('project:"my project"', {"project": "my project"}),
        ('make  "a  b" test', {"q": "make a  b test"}),
        ("STATUS:failed", {"status": "failed"}),
        ('"status:failed"', {"q": "status:failed"}),
        ("https://example.com C:\\x 12:30 {\"n\":1}", {"q": 'https://example.com C:\\x 12:30 {"n":1}'}),
        ('say "he said ""no"""', {"q": 'say he said "no"'}),
        ('tool:"not closed', {"tool": "not closed"}),
        ("  ", {}),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_filters(text: str, query: dict[str, str]) -> None:
    assert parse(text).query() == query


@pytest.mark.parametrize(
    ("filters", "text"),
    [
        ({"q": "make test", "status": "failed"}, "status:failed make test"),
        ({"project": "my project", "q": "a  b"}, 'project:"my project" "a  b"'),
        ({"q": "tool:Bash"}, '"tool:Bash"'),
        ({"tool": 'a"b c'}, 'tool:"a""b c"'),
    ],
)
def test_the_box_shows_filters_in_quotes_only_where_it_must(filters: dict[str, str], text: str) -> None:
    assert canonical(Filters.parse(filters)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour:red", "no filter “colour”.*status:, stuck:, age:.*in quotes"),
        ("q:text", "no filter “q”"),
        ("status:failed status:pending", "status: is there twice"),
        ("project:", "like project:alpha"),
        ("status:lost", "Status: “lost” is none of processing, failed, pending"),
        ("age:>soon", "Age: “soon” is no length of time"),
        ("size:big", "Size: “big” is no size"),
        ("x" * (LONGEST + 1), "at most 6,000 characters"),
    ],
)
def test_what_makes_no_sense_is_said(text: str, says: str) -> None:
    with pytest.raises(BadFilter, match=says):
        parse(text)


@pytest.fixture
def rows(store: PendingMessageStore, add: Add, session: int, other: int) -> PendingMessageStore:
    """Sessions 1 of `red` and 2 of `blue`; the tools of the queue, and one that was processed."""
    for tool, status in (("Bash", "failed"), ("Read", "pending"), ("Back Up", "pending"), ("Gone", "processed")):
        add(tool_name=tool, status=status, session=other if tool == "Bash" else session)
    return store


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sta", ["status:processing", "status:failed", "status:pending"]),
        ("st", ["status:processing", "status:failed", "status:pending", "stuck:5m", "stuck:1h"]),
        ("ba", ["tool:Bash", 'tool:"Back Up"']),
        ("tool:", ["tool:Bash", 'tool:"Back Up"', "tool:Read"]),
        ("tool:r", ["tool:Read"]),
        ('tool:"back u', ['tool:"Back Up"']),
        ("fai", ["status:failed"]),
        ("project:", ["project:blue", "project:red", "project:(none)"]),
        ("session:", ["session:2", "session:1"]),
        ("size:", ["size:>100k", "size:>1m"]),
        ("zzz", []),
        ("", []),
        ("status:failed ", []),
    ],
)
def test_the_last_word_is_gone_on_with(rows: PendingMessageStore, text: str, words: list[str]) -> None:
    assert [suggestion.words for suggestion in suggest(rows, text)] == words


def test_a_suggestion_keeps_what_was_typed_before_and_replaces_its_own_filter(rows: PendingMessageStore) -> None:
    [found] = suggest(rows, 'status:pending make "a b" status:fail')
    assert found.filters.query() == {"status": "failed", "q": "make a b"}


def test_what_cannot_be_a_filter_is_not_suggested(rows: PendingMessageStore, add: Add, raw: Raw) -> None:
    for name in ("x" * 300, " x", ""):
        add(tool_name=name)
    assert suggest(rows, "tool:x") == []


def test_words_before_that_make_no_sense_are_said(rows: PendingMessageStore) -> None:
    for text in ("colour:red to", "colour:r"):
        with pytest.raises(BadFilter, match="no filter “colour”"):
            suggest(rows, text)
