from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.store.backends import Clock, Raw
from webui.store import PendingMessageStore

Add = Callable[..., int]
RELEASED = {"status": "pending", "started_processing_at_epoch": None}
UNKNOWN = [0, -1, 99, 2**63, -(2**63) - 1, 2**100]
KEPT = {"retry_count": 2, "completed_at_epoch": 66, "cwd": "/c", "prompt_number": 3, "tool_response": '"r"'}


@pytest.fixture(params=["retry_all_stuck", "reset_stuck_messages"])
def release(request: pytest.FixtureRequest, store: PendingMessageStore) -> Callable[[int], int]:
    method: Callable[[int], int] = getattr(store, request.param)
    return method


@pytest.mark.parametrize("status", ["pending", "processing", "failed"])
def test_a_retry_makes_it_pending_and_keeps_count_and_completion(
    store: PendingMessageStore, add: Add, raw: Raw, status: str
) -> None:
    id = add(**KEPT, status=status, started_processing_at_epoch=55)
    others = [add(status=status, started_processing_at_epoch=5) for _ in range(2)]
    before = raw.rows()
    assert store.retry_message(id) is True
    assert raw.rows() == [{**row, **RELEASED} if row["id"] == id else row for row in before]
    assert len(before) == 1 + len(others)


def test_a_processed_message_is_not_retried(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    id = add(**KEPT, status="processed", started_processing_at_epoch=55)
    before = raw.rows()
    assert store.retry_message(id) is False
    assert raw.rows() == before


def test_a_message_claimed_in_this_millisecond_is_retried_by_the_contract(
    store: PendingMessageStore, session: int, add: Add
) -> None:
    id = add()
    store.claim_next_message(session)
    assert store.retry_message(id) is True


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_an_unknown_id_is_neither_retried_nor_aborted(
    store: PendingMessageStore, add: Add, raw: Raw, unknown: int
) -> None:
    add(status="failed")
    before = raw.rows()
    assert store.retry_message(unknown) is False
    assert store.abort_message(unknown) is False
    assert raw.rows() == before


@pytest.mark.parametrize("status", ["pending", "processing", "processed", "failed"])
def test_an_abort_deletes_the_row_whatever_its_status(
    store: PendingMessageStore, add: Add, raw: Raw, status: str
) -> None:
    first, id, last = add(status=status), add(status=status), add(status=status)
    assert store.abort_message(id) is True
    assert raw.ids() == [first, last]
    assert store.abort_message(id) is False


def test_a_session_reset_releases_all_its_processing_messages(
    store: PendingMessageStore, session: int, other: int, add: Add, raw: Raw, clock: Clock
) -> None:
    released = [
        add(status="processing", started_processing_at_epoch=started, **KEPT)
        for started in (1, clock.now, clock.now + 9, None)
    ]
    add(session=other, status="processing", started_processing_at_epoch=1)
    for status in ("pending", "processed", "failed"):
        add(status=status, started_processing_at_epoch=1)
    before = raw.rows()
    assert store.reset_processing_to_pending(session) == 4
    assert raw.rows() == [{**row, **RELEASED} if row["id"] in released else row for row in before]
    assert store.reset_processing_to_pending(session) == 0


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_resetting_an_unknown_session_does_nothing(
    store: PendingMessageStore, add: Add, raw: Raw, unknown: int
) -> None:
    add(status="processing")
    before = raw.rows()
    assert store.reset_processing_to_pending(unknown) == 0
    assert raw.rows() == before


def test_stuck_messages_are_released_and_nothing_else_is_touched(
    release: Callable[[int], int], other: int, add: Add, raw: Raw, clock: Clock
) -> None:
    stuck = [add(**KEPT, status="processing", started_processing_at_epoch=clock.now - age) for age in (1_001, 9_999)]
    stuck.append(add(session=other, status="processing", started_processing_at_epoch=1))
    for age in (1_000, 999, 0, -1):
        add(status="processing", started_processing_at_epoch=clock.now - age)
    add(status="processing", started_processing_at_epoch=None)
    for status in ("pending", "processed", "failed"):
        add(status=status, started_processing_at_epoch=1)
    before = raw.rows()
    assert release(1_000) == 3
    assert raw.rows() == [{**row, **RELEASED} if row["id"] in stuck else row for row in before]
    assert release(1_000) == 0


def test_threshold_0_is_everything_started_strictly_before_now(
    release: Callable[[int], int], add: Add, raw: Raw, clock: Clock
) -> None:
    earlier = add(status="processing", started_processing_at_epoch=clock.now - 1)
    now = add(status="processing", started_processing_at_epoch=clock.now)
    assert release(0) == 1
    assert [raw.row(id)["status"] for id in (earlier, now)] == ["pending", "processing"]


def test_a_step_back_of_the_clock_makes_nothing_stuck(
    release: Callable[[int], int], store: PendingMessageStore, session: int, add: Add, clock: Clock
) -> None:
    add()
    store.claim_next_message(session)
    clock.tick(-60_000)
    assert release(0) == 0
    clock.tick(60_001)
    assert release(0) == 1


def test_a_negative_threshold_reaches_into_the_future(release: Callable[[int], int], add: Add, clock: Clock) -> None:
    add(status="processing", started_processing_at_epoch=clock.now + 4)
    add(status="processing", started_processing_at_epoch=clock.now + 5)
    assert release(-5) == 1


def test_a_threshold_beyond_64_bits_releases_nothing(release: Callable[[int], int], add: Add) -> None:
    add(status="processing", started_processing_at_epoch=1)
    assert release(2**100) == 0


def test_thousands_of_stuck_messages_are_released_in_one_call(
    release: Callable[[int], int], session: int, raw: Raw, clock: Clock
) -> None:
    raw.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500)"
        " INSERT INTO pending_messages (session_db_id, content_session_id, message_type, status, created_at_epoch,"
        " started_processing_at_epoch) SELECT :session, 'alpha', 'observation', 'processing', 1, 1 + i / 1000 FROM n",
        session=session,
    )
    assert release(0) == 3_500
    counts = "SELECT status, count(*) AS n FROM pending_messages WHERE started_processing_at_epoch IS NULL GROUP BY 1"
    assert raw.run(counts) == [{"status": "pending", "n": 3_500}]


@pytest.mark.parametrize("method", ["retry_all_stuck", "reset_stuck_messages"])
def test_the_cutoff_is_taken_once_however_long_it_takes(
    make_store: Callable[..., PendingMessageStore], session: int, raw: Raw, method: str
) -> None:
    slow = Clock()
    store = make_store(create=False, clock=lambda: slow.tick(10))
    for started in (slow.now, slow.now + 25):
        raw.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
            " INSERT INTO pending_messages (session_db_id, content_session_id, message_type, status, created_at_epoch,"
            " started_processing_at_epoch) SELECT :session, 'alpha', 'observation', 'processing', 1, :started FROM n",
            session=session,
            started=started,
        )
    assert getattr(store, method)(0) == 1_200
