from __future__ import annotations

from datetime import datetime

import pytest

from tests.store.scripted import FILTERS
from webui.store import PendingMessageStore, browse
from webui.store.filters import FIELDS, Filters
from webui.store.narrowing import BadFilter, Field, format_duration, parse_duration, parse_instant, parse_size
from webui.store.search import canonical, parse

GIVEN = {field.name: field.example for field in FIELDS}
NOW = 1_750_000_000_000


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_an_entry_is_whole(field: Field, store: PendingMessageStore, mixed: dict[str, list[int]]) -> None:
    assert field.label
    assert field.hint
    for value in (field.example, *field.choices, *field.offers):
        filters = Filters.parse({field.name: value})
        assert filters.query() == {field.name: value}
        assert parse(canonical(filters)) == filters
        browse.queue_page(store, filters)
    assert any(field.name in given for given in FILTERS), "the tests of plans do not know it"


def test_what_is_compared_with_now_moves_with_it() -> None:
    for name, value in (("stuck", "5m"), ("age", ">5m"), ("age", "<5m")):
        sql, params = Filters.parse({name: value}).condition(NOW)
        assert params == {name: NOW - 300_000}
        assert ("<=>" in sql) is False


@pytest.mark.parametrize(
    ("name", "text", "sql", "param"),
    [
        ("age", ">2d", ":age > created_at_epoch", NOW - 172_800_000),
        ("age", "2d", ":age > created_at_epoch", NOW - 172_800_000),
        ("age", "<= 10m", ":age <= created_at_epoch", NOW - 600_000),
        ("attempts", "3", "{retry_count} + 0 = :attempts", 3),
        ("attempts", ">=2", "{retry_count} + 0 >= :attempts", 2),
    ],
)
def test_a_sign_is_the_condition_s(name: str, text: str, sql: str, param: int) -> None:
    assert Filters.parse({name: text}).condition(NOW) == (sql, {name: param})


def test_what_reads_payloads_says_so() -> None:
    assert {field.name for field in FIELDS if Filters.parse({field.name: field.example}).searches} == {"size", "q"}
    assert not Filters().searches


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("100k", 102_400), ("2M", 2_097_152), ("1 g", 2**30), ("0", 0)]
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_an_instant_is_a_time_or_so_long_ago() -> None:
    assert parse_instant("2h", NOW) == NOW - 7_200_000
    for text in ("2026-11-22T14:00", "2026-11-22 14:00"):
        assert parse_instant(text, NOW) == datetime(2026, 11, 22, 14).timestamp() * 1000
    assert parse_instant("2026-11-22T14:00Z", NOW) == 1_795_356_000_000
    for text in ("", "yesterday", "-2h", "2026-13-01", "9999999-01-01", "2h ago"):
        with pytest.raises(BadFilter):
            parse_instant(text, NOW)


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
        ("age", ">"),
        ("age", "=>2d"),
        ("age", "two days"),
        ("attempts", "many"),
        ("attempts", "<>3"),
        ("attempts", ">= 9223372036854775808"),
        ("size", ">-1k"),
        ("size", "1.5m"),
        ("size", "9999999999g"),
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
