"""Indexes: what a database has, and making and removing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemas import build, shape
from tests.store.backends import Backend, Raw, only
from tests.store.conftest import MakeStore
from webui.store import Busy, PendingMessageStore, ReadOnly, browse, tune
from webui.store.filters import Filters
from webui.store.orders import ORDERS
from webui.store.schema import CLAIM_INDEX, DONE_INDEX

ATTEMPTS = [f"unstick_attempts_{status}" for status in ("processing", "failed", "pending")]
OpenFile = Callable[..., PendingMessageStore]


def states(store: PendingMessageStore) -> dict[str, str]:
    return {found.index.name: found.state for found in tune.look(store.database).found}


def test_a_queue_of_ours_lacks_what_is_optional_only(store: PendingMessageStore, raw: Raw) -> None:
    before = raw.schema(ours=True)
    found = states(store)
    assert [name for name, state in found.items() if state == "missing"] == ATTEMPTS
    assert set(found.values()) == {"there", "missing"}
    assert raw.schema(ours=True) == before


def test_every_index_of_a_new_queue_is_explained(store: PendingMessageStore, raw: Raw) -> None:
    made = {row[1] for row in raw.schema(ours=True) if row[0] == "index" and row[2] == "pending_messages"}
    explained = {found.index.name for found in tune.look(store.database).found}
    assert {name for name in made if name.startswith("unstick_")} <= explained
    assert all(index.serves and index.costs for index in tune.INDEXES)


def test_tuning_makes_them_once_and_removing_leaves_what_was_before(store: PendingMessageStore, raw: Raw) -> None:
    before = raw.schema(ours=True)
    assert list(tune.add(store.database)) == ATTEMPTS
    assert set(states(store).values()) == {"there"}
    assert list(tune.add(store.database)) == []
    assert all(order.lacks(store.database.shape) is None for order in ORDERS)
    assert list(tune.remove(store.database)) == ATTEMPTS
    assert list(tune.remove(store.database)) == []
    assert raw.schema(ours=True) == before


def test_another_store_finds_them_by_itself(store: PendingMessageStore, make_store: MakeStore) -> None:
    other = make_store(create=False)
    list(tune.add(store.database))
    other.refresh()
    assert browse.queue_page(other, Filters(), order=ORDERS[2]).rows == ()


NO_USE = {
    "B": [],
    "F": ["unstick_processing"],
    "G": ["unstick_failed", "unstick_processing", "unstick_processed", ATTEMPTS[0], ATTEMPTS[2]],
}
"""Of the shapes of other programs' files, the indexes of what they do not record."""


@pytest.mark.parametrize("form", NO_USE)
def test_another_program_s_file_gets_what_it_lacks_and_can_use(open_file: OpenFile, tmp_path: Path, form: str) -> None:
    store = open_file(build(tmp_path / "theirs.db", shape(form)))
    found = states(store)
    served = {"unstick_pending", "unstick_failed", "unstick_session"} - set(NO_USE[form])
    assert [name for name, state in found.items() if state == "no use"] == NO_USE[form]
    assert {name for name, state in found.items() if state == "not needed"} == served
    rows = store.get_queue_messages()
    missing = [name for name, state in found.items() if state == "missing"]
    assert CLAIM_INDEX in missing
    assert (DONE_INDEX in missing) == (form != "G")
    assert list(tune.add(store.database)) == missing
    assert store.get_queue_messages() == rows
    assert store.claim_next_message(1) is not None
    assert list(tune.remove(store.database)) == missing
    assert store.claim_next_message(2) is not None


def test_for_looking_only_nothing_is_made_or_removed(store: PendingMessageStore, make_store: MakeStore) -> None:
    looking = make_store(create=False, read_only=True)
    for change in (tune.add, tune.remove):
        with pytest.raises(ReadOnly):
            list(change(looking.database))
    assert states(looking) == states(store)


def test_what_it_takes_is_told_before(store: PendingMessageStore, session: int, raw: Raw, backend: Backend) -> None:
    raw.fill(1_000)
    report = tune.look(store.database)
    assert (report.messages, report.seconds) == (1_000, 1_000 / tune.PER_SECOND)
    assert report.blocks is (backend.name == "queue.db")
    assert [index.name for index in report.missing] == ATTEMPTS


@only("postgres", "an index of SQLite is made in one transaction")
def test_what_an_ended_try_left_behind_is_made_anew(store: PendingMessageStore, raw: Raw) -> None:
    raw.run(f"CREATE INDEX {ATTEMPTS[0]} ON pending_messages (id)")
    raw.run(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = CAST('{ATTEMPTS[0]}' AS regclass)")
    store.refresh()
    assert states(store)[ATTEMPTS[0]] == "missing"
    assert list(tune.add(store.database)) == ATTEMPTS
    assert states(store)[ATTEMPTS[0]] == "there"


@only("sqlite", "on PostgreSQL nobody waits")
def test_a_file_that_somebody_writes_to_is_left_alone(
    store: PendingMessageStore, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webui.store.tune.WAIT", 1)
    with raw.write_lock(), pytest.raises(Busy):
        list(tune.add(store.database))
    assert states(store)[ATTEMPTS[0]] == "missing"
