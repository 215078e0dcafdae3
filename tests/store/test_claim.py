from __future__ import annotations

import pickle
from collections.abc import Callable
from threading import Thread

import pytest

from tests.store.backends import Clock, Raw
from tests.store.contract import plain
from webui.store import Message, PendingMessageStore
from webui.store.schema import COLUMNS

Add = Callable[..., int]


def test_the_smallest_pending_id_of_the_session_is_claimed(
    store: PendingMessageStore, session: int, other: int, add: Add
) -> None:
    add(session=other)
    add(status="processing")
    add(status="failed")
    add(status="processed")
    wanted = [add(created_at_epoch=9), add(created_at_epoch=1)]
    claimed = [store.claim_next_message(session), store.claim_next_message(session)]
    assert [message and message.id for message in claimed] == wanted
    assert store.claim_next_message(session) is None


def test_the_claim_starts_now_and_leaves_everything_else(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add(retry_count=2, completed_at_epoch=77, cwd="/x", prompt_number=4, last_user_message="u")
    before = raw.row(id)
    clock.tick(1_234)
    message = store.claim_next_message(session)
    expected = {**before, "status": "processing", "started_processing_at_epoch": clock.now}
    assert raw.row(id) == expected
    assert plain(message) == expected


def test_the_claimed_message_is_a_whole_message(store: PendingMessageStore, session: int, add: Add) -> None:
    id = add()
    message = store.claim_next_message(session)
    assert isinstance(message, Message)
    assert message == store.get_message(id)
    assert (message.project, dict(message.extra)) == (None, {})


def test_other_rows_stay_as_they_are(store: PendingMessageStore, session: int, other: int, add: Add, raw: Raw) -> None:
    add()
    ids = [add(), add(session=other), add(status="processing"), add(status="failed")]
    before = [raw.row(id) for id in ids]
    store.claim_next_message(session)
    assert [raw.row(id) for id in ids] == before


@pytest.mark.parametrize("unknown", [0, -1, 12345, 2**63, -(2**63) - 1, 2**80])
def test_a_session_without_messages_gives_nothing(store: PendingMessageStore, add: Add, raw: Raw, unknown: int) -> None:
    add()
    before = raw.rows()
    assert store.claim_next_message(unknown) is None
    assert raw.rows() == before


def test_two_messages_of_one_session_can_be_in_progress(store: PendingMessageStore, session: int, add: Add) -> None:
    ids = [add(), add()]
    claimed = [store.claim_next_message(session) for _ in ids]
    assert [message and message.id for message in claimed] == ids


def test_a_clock_that_stepped_back_is_still_now(
    store: PendingMessageStore, session: int, add: Add, raw: Raw, clock: Clock
) -> None:
    id = add()
    clock.tick(-1_000_000)
    store.claim_next_message(session)
    assert raw.row(id)["started_processing_at_epoch"] == clock.now


def test_a_claim_waits_for_the_one_who_writes(store: PendingMessageStore, session: int, add: Add, raw: Raw) -> None:
    id = add()
    claimed: list[Message | None] = []
    worker = Thread(target=lambda: claimed.append(store.claim_next_message(session)))
    with raw.write_lock():
        worker.start()
        worker.join(0.05)
        assert claimed == []
    worker.join()
    assert [message and message.id for message in claimed] == [id]


def test_a_poisoned_payload_is_claimed_like_any_other(store: PendingMessageStore, session: int, add: Add) -> None:
    id = add(tool_input="{not json")
    message = store.claim_next_message(session)
    assert message is not None
    assert (message.id, message.tool_input) == (id, "{not json")


def test_a_claimed_message_can_be_handed_to_another_process(store: PendingMessageStore, session: int, add: Add) -> None:
    add()
    claimed = store.claim_next_message(session)
    assert claimed is not None
    assert pickle.loads(pickle.dumps(claimed)) == claimed


def test_a_message_has_the_contracts_columns_in_their_order() -> None:
    assert Message._fields == (*COLUMNS, "project", "extra")
