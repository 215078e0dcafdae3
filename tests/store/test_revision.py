"""The mark that stays as it is while nothing was committed."""

from __future__ import annotations

from collections.abc import Callable

from tests.store.backends import Backend, Raw, only
from tests.store.scripted import looks
from webui.store import PendingMessageStore, open_store

Add = Callable[..., int]


@only("sqlite", "what else goes on on a PostgreSQL server makes another: a look too many, no less")
def test_it_stays_while_everybody_only_looks(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    add(status="failed")
    store.retry_all_stuck(0)
    before = store.database.revision()
    looks(store)
    raw.rows()
    assert store.database.revision() == before


def test_each_commit_makes_another(store: PendingMessageStore, session: int, raw: Raw, backend: Backend) -> None:
    seen = [store.database.revision()]
    other = open_store(backend.url)

    def committed(change: Callable[[], object]) -> None:
        change()
        seen.append(store.database.revision())

    committed(lambda: store.enqueue(session, "alpha", {"type": "observation"}))
    committed(lambda: other.claim_next_message(session))
    committed(lambda: raw.set(1, status="failed"))
    committed(lambda: store.abort_message(1))
    other.close()
    assert len(set(seen)) == len(seen)


@only("sqlite", "on PostgreSQL it is a mark of what is visible, the same for all who look")
def test_marks_of_two_stores_are_never_taken_for_each_other(store: PendingMessageStore, backend: Backend) -> None:
    other = open_store(backend.url)
    assert store.database.revision() != other.database.revision()
    other.close()
