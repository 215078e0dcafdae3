"""No reader leaves a cursor or a transaction open: after each, somebody else can empty the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.schemas import build, shape
from tests.store.backends import Raw, SqliteRaw
from tests.store.scripted import READS, everything
from webui.store import PendingMessageStore

Add = Callable[..., int]


@pytest.mark.parametrize("read", READS)
def test_nothing_stays_open_after_a_read(store: PendingMessageStore, add: Add, raw: Raw, read: str) -> None:
    for status in ("pending", "processing", "processed", "failed") * 2:
        add(status=status, started_processing_at_epoch=1, completed_at_epoch=1)
    READS[read](store)
    assert raw.nobody_reads()


@pytest.mark.parametrize("read", READS)
def test_nothing_stays_open_after_a_read_of_an_empty_queue(
    store: PendingMessageStore, session: int, raw: Raw, read: str
) -> None:
    READS[read](store)
    assert raw.nobody_reads()


def test_a_reader_that_is_open_is_noticed(store: PendingMessageStore, add: Add, raw: Raw) -> None:
    add()
    with store.database.reading() as tx:
        tx.rows("SELECT id FROM pending_messages")
        assert not raw.nobody_reads()
    assert raw.nobody_reads()


def test_nothing_stays_open_after_everything(tmp_path: Path, open_file: Callable[..., PendingMessageStore]) -> None:
    path = build(tmp_path / "f.db", shape("C"))
    store, raw = open_file(path), SqliteRaw(path)
    everything(store)
    assert raw.nobody_reads()
    raw.close()
