from __future__ import annotations

import pytest

from webui.store.filters import FIELDS, BadFilter, Filters, format_duration, parse_duration

GIVEN = {
    "status": "failed",
    "stuck": "5m",
    "session": "7",
    "project": "a b&c",
    "type": "summarize",
    "tool": "Bash",
    "id": "12",
    "q": "100% é",
}


def test_there_is_one_entry_for_each_filter() -> None:
    assert {field.name for field in FIELDS} == set(GIVEN)
    assert all(field.label and field.hint for field in FIELDS)


def test_filters_go_into_a_url_and_back() -> None:
    filters = Filters.parse(GIVEN)
    assert filters.query() == GIVEN
    assert Filters.parse(filters.query()) == filters
    assert hash(Filters.parse(filters.query())) == hash(filters)
    assert bool(filters) is True


def test_empty_values_and_other_names_are_passed_over() -> None:
    filters = Filters.parse({"status": "", "q": "   ", "page": "3", "csrf_token": "x"})
    assert (filters, filters.query(), filters.chips(), bool(filters)) == (Filters(), {}, [], False)


def test_each_filter_is_a_chip_in_words() -> None:
    chips = Filters.parse(GIVEN).chips()
    assert [chip.name for chip in chips] == [field.name for field in FIELDS]
    assert all(GIVEN[chip.name] in chip.value and chip.label for chip in chips)


def test_one_filter_can_be_taken_away_or_set() -> None:
    filters = Filters.parse(GIVEN)
    for name in GIVEN:
        assert filters.without(name).query() == {key: text for key, text in GIVEN.items() if key != name}
    assert filters.without("nonsense") == filters
    assert filters.with_("status", "pending").query() == {**GIVEN, "status": "pending"}
    assert Filters().with_("id", "5").query() == {"id": "5"}
    assert filters.with_("q", "") == filters.without("q")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("status", "processed'"),
        ("status", "nonsense"),
        ("type", "observe"),
        ("stuck", "soon"),
        ("stuck", "0"),
        ("stuck", "-5m"),
        ("stuck", "5y"),
        ("stuck", "٥m"),
        ("session", "x"),
        ("session", "1.5"),
        ("session", "1 OR 1=1"),
        ("session", "9223372036854775808"),
        ("id", "１２"),
        ("id", "1e3"),
        ("q", "x" * 10_000),
        ("project", "x" * 10_000),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_name_of_the_filter(name: str, text: str) -> None:
    label = next(field.label for field in FIELDS if field.name == name)
    with pytest.raises(BadFilter, match=label) as caught:
        Filters.parse({name: text})
    assert 3 < len(str(caught.value).split()) < 60


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000), ("7", 420_000), (" 5 M ", 300_000)],
)
def test_lengths_of_time_are_read(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    ("ms", "text"), [(1_000, "1s"), (90_000, "90s"), (300_000, "5m"), (7_200_000, "2h"), (172_800_000, "2d")]
)
def test_lengths_of_time_are_written_as_they_are_read(ms: int, text: str) -> None:
    assert format_duration(ms) == text
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "m", "5 minutes", "1h30m", "0", "0s", "5m5", "99999999999999999999d", "٥m"])
def test_other_lengths_of_time_are_refused(text: str) -> None:
    with pytest.raises(BadFilter):
        parse_duration(text)
