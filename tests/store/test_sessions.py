from __future__ import annotations

from collections.abc import Callable

from tests.store.backends import Backend, Raw
from tests.store.contract import COLUMNS
from webui.store import PendingMessageStore


def test_a_session_is_made_once_and_found_again(store: PendingMessageStore, raw: Raw) -> None:
    first = store.ensure_session("alpha", "red")
    second = store.ensure_session("beta", "red")
    assert (store.ensure_session("alpha", "red"), first == second) == (first, False)
    found = raw.run("SELECT id, content_session_id, project FROM sdk_sessions ORDER BY id")
    assert found == [
        {"id": first, "content_session_id": "alpha", "project": "red"},
        {"id": second, "content_session_id": "beta", "project": "red"},
    ]


def test_two_stores_find_the_same_session(make_store: Callable[..., PendingMessageStore]) -> None:
    one, two = make_store(), make_store(create=False)
    assert one.ensure_session("alpha", "red") == two.ensure_session("alpha", "red")


def test_deleting_a_session_deletes_its_messages_only(
    store: PendingMessageStore, session: int, other: int, raw: Raw
) -> None:
    store.enqueue(session, "alpha", {"type": "observation"})
    kept = store.enqueue(other, "beta", {"type": "observation"})
    raw.delete_session(session)
    assert raw.ids() == [kept]
    assert store.get_pending_count(session) == 0


def test_a_new_database_has_the_contracts_columns(store: PendingMessageStore, session: int, raw: Raw) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation"})
    assert list(raw.row(id)) == list(COLUMNS)
    assert raw.side_tables() == []


def test_opening_an_existing_database_with_create_keeps_it(make_store: Callable[..., PendingMessageStore]) -> None:
    store = make_store()
    session = store.ensure_session("alpha", "red")
    id = store.enqueue(session, "alpha", {"type": "observation"})
    assert make_store(create=True).get_message(id) == store.get_message(id)


def test_the_contract_makes_no_side_tables(store: PendingMessageStore, session: int, raw: Raw) -> None:
    before = raw.schema(ours=True)
    id = store.enqueue(session, "alpha", {"type": "observation"})
    store.claim_next_message(session)
    store.mark_failed(id)
    store.retry_message(id)
    store.mark_processing(id)
    store.mark_processed(id)
    store.reset_stuck_messages(0)
    store.cleanup_processed(0)
    store.abort_message(id)
    assert raw.schema(ours=True) == before
    assert raw.side_tables() == []


def test_a_store_knows_its_name_and_place(store: PendingMessageStore, backend: Backend) -> None:
    assert (store.name, store.read_only) == (backend.name, False)
    assert store.location.endswith(f"/{backend.name}")
