"""What only rows of a server can do: be locked one by one, be referred to by another table, be counted wrongly."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from tests.store.backends import Backend, Raw, only
from webui.store import PendingMessageStore, Unsupported, WrongState, act, browse, migrate, open_store
from webui.store import statements as sql

Add = Callable[..., int]
here = only("postgres", "a lock on one row, other tables and a planner's statistics are a server's")


def plan(store: PendingMessageStore, text: str, **values: Any) -> str:
    """How the server means to answer a statement."""
    rows = store.database.rows("EXPLAIN (COSTS OFF) " + text, {"now": 1, **values})
    return "\n".join(row[0] for row in rows)


QUESTIONS = {
    "claim": (sql.CLAIM, {"session": 1}, "unstick_claim on"),
    "claim several": (sql.CLAIM_SEVERAL.replace(":batch", "10"), {"session": 1}, "unstick_claim on"),
    "pending count": (sql.PENDING_COUNT, {"session": 1}, "unstick_processing on"),
    "any work": (sql.ANY_WORK, {}, "unstick_p"),
    "clean-up": (sql.TO_GO, {"completed": 50, "id": 1, "chunk": 50}, "unstick_processed on"),
}
BEFORE_AND_AFTER = {
    "a burst after quiet": ("processed", "pending"),
    "drained after a backlog": ("pending", "processed"),
}


@here
@pytest.mark.parametrize("story", BEFORE_AND_AFTER)
def test_old_statistics_do_not_make_a_claim_read_the_queue(
    store: PendingMessageStore, session: int, raw: Raw, story: str
) -> None:
    before, after = BEFORE_AND_AFTER[story]
    raw.run("ALTER TABLE pending_messages SET (autovacuum_enabled = off)")
    raw.fill(30_000, status=f"'{before}'", completed_at_epoch="i")
    raw.run("ANALYZE pending_messages")
    if after == "pending":
        raw.fill(30_000, status="'pending'")
    else:
        raw.run("UPDATE pending_messages SET status = 'processed'")
    plans = {name: plan(store, text, **values) for name, (text, values, _) in QUESTIONS.items()}
    assert {name for name, said in plans.items() if QUESTIONS[name][2] not in said} == set(), plans
    assert not [said for said in plans.values() if "Seq Scan on pending_messages" in said]


@here
@pytest.mark.parametrize("action", [act.abort, act.retry_fresh])
def test_who_comes_second_to_a_row_is_told_what_the_first_one_did(
    store: PendingMessageStore, add: Add, raw: Raw, backend: Backend, action: Callable[..., Any]
) -> None:
    id = add(status="failed", retry_count=2)
    migrate.migrate(store.database)
    seen = browse.get_row(store, id).seen
    refused: list[WrongState] = []

    def second() -> None:
        with pytest.raises(WrongState) as caught:
            action(store, id, seen, actor="ben")
        refused.append(caught.value)

    first = open_store(backend.url)
    with first.database.writing() as tx:
        tx.rows("SELECT 1 FROM pending_messages WHERE id = :id {lock}", {"id": id})
        thread = Thread(target=second)
        thread.start()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = :name"
        while not raw.run(waits, name=raw.connection.execute("SELECT current_schema() AS s").fetchone()["s"]):  # type: ignore[attr-defined]
            assert thread.is_alive()
        tx.rows("UPDATE pending_messages SET status = 'pending' WHERE id = :id", {"id": id})
    thread.join()
    first.close()
    [error] = refused
    assert "this very moment" not in str(error)
    assert error.row is not None
    assert error.row.status == "pending"


@here
def test_a_message_that_another_table_refers_to_stays(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add()
    raw.run("CREATE TABLE notes (message BIGINT REFERENCES pending_messages (id))")
    raw.run("INSERT INTO notes VALUES (:id)", id=id)
    for call in (
        lambda: store.abort_message(id),
        lambda: act.abort(store, id, browse.get_row(store, id).seen, actor="ann"),
    ):
        with pytest.raises(Unsupported, match="refers to this message"):
            call()
    assert raw.ids() == [id]


@here
def test_the_statuses_that_a_check_allows_are_known(store: PendingMessageStore, raw: Raw) -> None:
    [name] = [
        row["conname"]
        for row in raw.run("SELECT conname FROM pg_constraint WHERE pg_get_constraintdef(oid) LIKE '%processed%'"
                           " AND conrelid = to_regclass('pending_messages')")
    ]  # fmt: skip
    raw.run(f"ALTER TABLE pending_messages DROP CONSTRAINT {name}")
    store.refresh()
    assert store.capabilities.processed
    raw.run("ALTER TABLE pending_messages ADD CHECK (status IN ('pending', 'processing'))")
    store.refresh()
    assert (store.capabilities.processed, store.capabilities.failed) == (False, False)
