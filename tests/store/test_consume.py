"""The consumer: what a handler gets, and how each message ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

import pytest

from tests.store.backends import Clock, Raw
from tests.store.handlers import Handler, Time, at_once, fails, for_long, reasons, statuses
from webui.store import Consumed, Delivery, PendingMessageStore, act, browse, consume
from webui.store.claims import claim_messages

Add = Callable[..., int]


def test_messages_are_handled_oldest_first_and_processed(
    store: PendingMessageStore, session: int, other: int, add: Add, raw: Raw
) -> None:
    ids = [add(session=owner) for owner in (session, other, session, session)]
    handler = Handler()
    assert consume(store, session, handler, until_empty=True) == Consumed(processed=3)
    assert handler.ids == [ids[0], ids[2], ids[3]]
    assert [status for status, _ in statuses(raw)] == ["processed", "pending", "processed", "processed"]


def test_all_sessions_are_served_where_none_is_named(
    store: PendingMessageStore, session: int, other: int, add: Add
) -> None:
    ids = [add(session=owner) for owner in (session, other, session)]
    handler = Handler()
    consume(store, None, handler, until_empty=True)
    assert handler.ids == ids
    assert {delivery.content_session_id for delivery in handler.given} == {"alpha", "beta"}


def test_a_handler_gets_the_message_and_which_attempt_it_is(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    id = add(retry_count=2)
    handler = Handler()
    consume(store, session, handler, until_empty=True)
    [delivery] = handler.given
    assert (delivery.id, delivery.session_db_id, delivery.content_session_id) == (id, session, "alpha")
    assert (delivery.message.type, delivery.message.tool_name, delivery.message.tool_input) == (
        "observation",
        "Read",
        {"a": 1},
    )
    assert delivery.attempt == 3


@pytest.mark.parametrize("batch", [1, 2, 3, 10])
def test_a_batch_is_claimed_at_once_and_handled_in_order(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, batch: int
) -> None:
    ids = [add() for _ in range(5)]
    claimed: list[int] = []
    handler = Handler()

    def look(delivery: Delivery) -> None:
        handler(delivery)
        claimed.append(sum(status == "processing" for status, _ in statuses(raw)))

    assert consume(store, session, look, batch=batch, until_empty=True) == Consumed(processed=5)
    assert handler.ids == ids
    assert claimed == [min(batch, 5 - number // batch * batch) - number % batch for number in range(5)]


def test_a_failure_keeps_its_reason_until_the_retries_are_used_up(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    id = add()
    handler = Handler(_1=fails)
    assert consume(store, session, handler, until_empty=True, backoff=at_once) == Consumed(failed=4)
    assert [delivery.attempt for delivery in handler.given] == [1, 2, 3, 4]
    assert statuses(raw) == [("failed", 3)]
    assert reasons(raw) == [(attempt, f"ValueError: no {id}") for attempt in (1, 2, 3, 4)]


class Untold(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError"),
        (ValueError("a\x00b"), "ValueError: a\ufffdb"),
        (ValueError("a\ud800b"), "ValueError: a\ufffdb"),
        (ValueError("€" * 9_000), "ValueError: " + "€" * 1_988),
        (Untold(), "Untold: (it has no text)"),
        (ExceptionGroup("several", [ValueError("x")]), "ExceptionGroup: several (1 sub-exception)"),
    ],
)
@pytest.mark.parametrize("backoff", [at_once, for_long])
def test_any_reason_can_be_kept(
    store: PendingMessageStore,
    session: int,
    add: Add,
    raw: Raw,
    error: Exception,
    reason: str,
    backoff: Callable[[int], float],
) -> None:
    add()
    stop = Event()

    def handler(delivery: Delivery) -> None:
        stop.set()
        raise error

    assert consume(store, session, handler, stop=stop, backoff=backoff) == Consumed(failed=1)
    assert reasons(raw) == [(1, reason)]
    assert statuses(raw) == [("pending", 1)]


def test_invalid_json_fails_with_its_reason_and_never_reaches_the_handler(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    add(tool_input="{not json", retry_count=3)
    good = add()
    handler = Handler()
    assert consume(store, session, handler, until_empty=True) == Consumed(processed=1, failed=1)
    assert handler.ids == [good]
    assert statuses(raw) == [("failed", 3), ("processed", 0)]
    [(attempt, reason)] = reasons(raw)
    assert attempt == 4
    assert "The stored tool_input is not valid JSON" in reason


@pytest.mark.parametrize("ending", ["returns", "fails", "fails and backs off"])
def test_a_late_ending_leaves_what_another_has_claimed_alone(
    store: PendingMessageStore,
    session: int,
    add: Add,
    raw: Raw,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    ending: str,
) -> None:
    id = add()

    def handler(delivery: Delivery) -> None:
        clock.tick()
        act.retry(store, id, browse.get_row(store, id).seen, actor="ann")
        [another] = claim_messages(store, session)
        assert another.id == id
        before.extend(raw.rows())
        if ending != "returns":
            fails(delivery)

    before: list[object] = []
    backoff = for_long if ending == "fails and backs off" else at_once
    assert consume(store, session, handler, until_empty=True, backoff=backoff) == Consumed(late=1)
    assert raw.rows() == before
    assert raw.rows("unstick_failures") == []
    [line] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert (line.name, f"message {id} " in line.getMessage()) == ("webui.store.consume", True)


def test_a_message_that_was_aborted_meanwhile_stays_away(
    store: PendingMessageStore, session: int, add: Add, raw: Raw
) -> None:
    add()
    done = consume(store, session, lambda delivery: store.abort_message(delivery.id), until_empty=True)
    assert (done, raw.rows()) == (Consumed(late=1), [])


def test_a_long_handler_renews_its_claim(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add()
    stuck: list[int] = []

    def handler(delivery: Delivery) -> None:
        for _ in range(3):
            clock.tick(200_000)
            assert delivery.renew() is True
            stuck.append(store.retry_all_stuck(200_000))

    assert consume(store, session, handler, until_empty=True) == Consumed(processed=1)
    assert stuck == [0, 0, 0]
    assert raw.rows()[0]["started_processing_at_epoch"] == clock.now


def test_a_claim_that_is_gone_cannot_be_renewed(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add(retry_count=3)

    def handler(delivery: Delivery) -> None:
        clock.tick(200_000)
        if delivery is handled.given[0]:
            assert store.retry_all_stuck(100_000) == 1
            assert delivery.renew() is False

    handled = Handler(_1=handler)
    assert consume(store, session, handled, until_empty=True) == Consumed(processed=1, late=1)


def test_a_claim_may_be_renewed_by_another_thread_until_it_has_ended(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    add()
    threads: list[Thread] = []
    answers: list[bool] = []

    def handler(delivery: Delivery) -> None:
        def renew() -> None:
            answers.append(True)
            while answers[-1] and len(answers) < 3_000:
                clock.tick()
                answers.append(delivery.renew())

        threads.append(Thread(target=renew))
        threads[0].start()
        while len(answers) < 20 and threads[0].is_alive():
            pass

    assert consume(store, session, handler, until_empty=True) == Consumed(processed=1)
    threads[0].join()
    assert answers[-1] is False


def test_what_of_a_batch_grew_old_is_handed_back_and_claimed_anew(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    ids = [add() for _ in range(3)]
    time = Time()

    def slow(delivery: Delivery) -> None:
        clock.tick(61_000)
        time.now += 61

    handler = Handler(_1=slow)
    done = consume(store, session, handler, batch=3, until_empty=True, monotonic=time)
    assert done == Consumed(processed=3, handed_back=2)
    assert handler.ids == ids
    assert [row["started_processing_at_epoch"] for row in raw.rows()] == [clock.now - 61_000, clock.now, clock.now]


def test_consumers_in_threads_share_one_store(
    store: PendingMessageStore, session: int, other: int, add: Add, raw: Raw
) -> None:
    ids = [add(session=owner) for owner in (session, other) * 60]
    handled: list[int] = []
    done: list[Consumed] = []

    def run(batch: int) -> None:
        done.append(consume(store, None, lambda d: handled.append(d.id), batch=batch, until_empty=True))

    threads = [Thread(target=run, args=[batch]) for batch in (1, 1, 4, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(handled) == ids
    assert sum(each.processed for each in done) == 120
    assert {status for status, _ in statuses(raw)} == {"processed"}


def test_a_batch_has_a_message(store: PendingMessageStore, session: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        consume(store, session, fails, batch=0)


def test_a_handler_that_turns_out_to_be_async_ends_it_and_loses_nothing(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    async def work(delivery: Delivery) -> None:
        raise AssertionError("nobody awaits it")

    def handler(delivery: Delivery) -> object:
        clock.tick(1)
        return work(delivery)

    id = add()
    before = raw.row(id)
    with pytest.raises(TypeError, match="async"):
        consume(store, session, handler, until_empty=True)
    assert raw.row(id) == before


def test_an_async_handler_is_refused(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    async def handler(delivery: Delivery) -> None:
        raise AssertionError("nobody awaits it")

    id = add()
    with pytest.raises(TypeError, match="async"):
        consume(store, session, handler, until_empty=True)
    assert raw.row_is_pending(id)
