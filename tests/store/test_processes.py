from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Thread

from tests.store.backends import Backend, Raw, Sqlite
from tests.store.processes import start, together
from webui.store import PendingMessageStore


def fill(raw: Raw, count: int) -> None:
    """So many messages of two sessions in turns."""
    raw.fill(count, session_db_id="1 + i % 2", tool_input="'{}'")


def test_eight_processes_share_thousands_of_messages(
    store: PendingMessageStore, session: int, other: int, raw: Raw, backend: Backend
) -> None:
    count = 20_000 if isinstance(backend, Sqlite) else 6_000
    fill(raw, count)
    orders = (f"{session},{other}", f"{other},{session}")
    shares = together([start("work", backend.url, orders[number % 2]) for number in range(8)])
    claimed = [id for share in shares for id in share]
    assert len(claimed) == len(set(claimed)) == count
    assert raw.run("SELECT DISTINCT status FROM pending_messages") == [{"status": "processed"}]
    assert min(len(share) for share in shares) > count * 0.03
    assert store.has_any_pending_work() is False


def test_one_process_gets_a_sessions_messages_in_order(
    store: PendingMessageStore, session: int, other: int, raw: Raw, backend: Backend
) -> None:
    fill(raw, 200)
    [share] = together([start("work", backend.url, session)])
    assert share == sorted(share)
    assert (len(share), store.get_pending_count(other)) == (100, 100)


def test_threads_share_one_store(store: PendingMessageStore, session: int, other: int, raw: Raw) -> None:
    fill(raw, 600)
    claimed: list[int] = []
    refused: list[object] = []

    def work() -> None:
        try:
            for owner in (session, other):
                while (message := store.claim_next_message(owner)) is not None:
                    store.get_stuck_count(0)
                    assert store.mark_processed(message.id, claim=message) is True
                    claimed.append(message.id)
        except Exception as error:
            refused.append(error)

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
    assert len(claimed) == len(set(claimed)) == 600


def test_producers_and_workers_at_once_lose_nothing(
    make_store: Callable[..., PendingMessageStore], store: PendingMessageStore, session: int, raw: Raw
) -> None:
    stores = [store, make_store(create=False)]
    failures: list[object] = []
    done: Counter[int] = Counter()

    def produce(own: PendingMessageStore) -> None:
        try:
            for number in range(100):
                own.enqueue(session, "alpha", {"type": "observation", "prompt_number": number})
        except Exception as error:
            failures.append(error)

    def consume(own: PendingMessageStore) -> None:
        try:
            while sum(done.values()) < 200 and not failures:
                message = own.claim_next_message(session)
                if message and own.mark_processed(message.id, claim=message):
                    done[message.id] += 1
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=target, args=[own]) for own in stores for target in (produce, consume)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(done.values()) == {1}
    assert sorted(done) == raw.ids()


def test_two_processes_make_the_same_database_at_once(backend: Backend) -> None:
    found = together([start("create", backend.url) for _ in range(4)])
    assert {session for session, _ in found} == {1}
    assert sorted(id for _, id in found) == [1, 2, 3, 4]


def test_two_first_actions_at_once_make_the_side_tables_once(
    store: PendingMessageStore, session: int, raw: Raw, backend: Backend
) -> None:
    ids = [store.enqueue(session, "alpha", {"type": "observation"}) for _ in range(4)]
    found = together([start("first_action", backend.url, id) for id in ids])
    assert sorted(line for line, _ in found) == [1, 2, 3, 4]
    assert sorted(done for _, [done] in found) == ids
    assert raw.ids() == []
    store.refresh()
    assert store.capabilities.side_tables is True


def test_of_several_operators_on_one_row_exactly_one_acts(
    store: PendingMessageStore, session: int, raw: Raw, backend: Backend
) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation"})
    raw.set(id, status="failed")
    found = together([start("same_row", backend.url, id) for _ in range(4)])
    assert sorted(found) == ["WrongState", "WrongState", "WrongState", "done"]
