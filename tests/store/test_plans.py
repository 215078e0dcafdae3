"""How the database answers every statement that the store issues: by an index, never by reading the whole table."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.schemas import connect
from tests.store.backends import Backend, Clock, only
from tests.store.scripted import everything
from webui.store import PendingMessageStore, open_store, tune

HISTORY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
INSERT INTO pending_messages (session_db_id, content_session_id, message_type, tool_name, tool_input, status,
  retry_count, created_at_epoch, started_processing_at_epoch, completed_at_epoch)
SELECT 1 + i % 20, 'session ' || (1 + i % 20), 'observation', 'Read', '"{}"',
  CASE WHEN i % 60 = 0 THEN 'processing' WHEN i % 40 = 1 THEN 'failed' WHEN i % 30 = 2 THEN 'pending'
    ELSE 'processed' END,
  i % 4, i, i, i FROM n"""
SESSIONS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
INSERT INTO sdk_sessions (content_session_id, project, started_at, started_at_epoch)
SELECT 'session ' || i, 'red', '', i FROM n"""

ALLOWED = {
    r"(?s)'failed'.*ORDER BY .*created_at_epoch, id\s*$": (
        "USE TEMP B-TREE FOR ORDER BY",
        "get_queue_messages reads the whole queue anyway, and its order is the contract's",
    ),
    r"WITH RECURSIVE waiting": (
        "USE TEMP B-TREE",
        "get_sessions_with_pending_messages merges one row per session with the few that are processing",
    ),
    r"FROM unstick_trash ORDER BY trash_id DESC LIMIT \d+\) AS newest": (
        "SCAN unstick_trash",
        "the size of the trash is that of its newest, in the order of their ids",
    ),
    r"FROM unstick_migrations": ("SCAN unstick_migrations", "the table has a row for each of our files"),
    r"^SELECT count.*'processed' LIMIT 201\)": ("SCAN", "asked when the time is up; it stops at 201 rows"),
    r"FROM pending_messages ORDER BY id DESC LIMIT 1$": ("SCAN pending_messages", "the newest message, one row"),
    r"(?s)FROM unstick_left .* LIMIT 10000\) AS first\s+GROUP BY": ("USE TEMP B-TREE", "so many rows of one operation"),
    r"FROM unstick_views": ("", "at most 50 rows, which are sorted by name"),
    r"^SELECT count\(\*\) FROM pending_messages$": ("SCAN", "`unstick tune` says how many messages there are"),
}


pytestmark = only("sqlite", "PostgreSQL's plans are in test_plans_postgres")


@pytest.fixture(params=["without statistics", "with ANALYZE", "tuned"])
def queue(request: pytest.FixtureRequest, backend: Backend) -> Path:
    path = Path(backend.url.removeprefix("sqlite:///"))
    open_store(backend.url, create=True).close()
    raw = connect(path)
    raw.execute("BEGIN")
    raw.execute(SESSIONS)
    raw.execute(HISTORY)
    raw.execute("COMMIT")
    if request.param == "tuned":
        with closing(open_store(backend.url)) as store:
            list(tune.add(store.database))
    if request.param != "without statistics":
        raw.execute("ANALYZE")
    raw.close()
    return path


def ask(connection: sqlite3.Connection, sql: str) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]


def is_complaint(step: str) -> bool:
    whole_table = re.match(r"SCAN (pending_messages|sdk_sessions|unstick_\w+|[a-z])$", step)
    not_ours = re.match(
        r"SCAN pending_messages USING (COVERING )?INDEX (?!unstick_(claim|pending|failed|process|attempts))", step
    )
    return bool(whole_table or not_ours or "TEMP B-TREE" in step or "AUTOMATIC" in step)


def may(sql: str, step: str) -> bool:
    return any(re.search(pattern, sql) and step.startswith(start) for pattern, (start, _) in ALLOWED.items())


def explained(path: Path, statements: list[str]) -> dict[str, list[str]]:
    """The plan of each different statement; those that make tables, and the driver's own, have none."""
    connection = connect(path)
    plans = {}
    for sql in dict.fromkeys(statements):
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql) and "sqlite_master" not in sql:
            plans[sql] = ask(connection, sql)
    connection.close()
    return plans


def test_no_statement_reads_a_whole_table_or_sorts(queue: Path, statements: list[str], clock: Clock) -> None:
    clock.now = 10_000_000
    store = open_store(str(queue), clock=clock)
    everything(store)
    store.close()
    plans = explained(queue, list(statements))
    assert len(plans) > 100
    complaints = {
        f"{step}  <-  {' '.join(sql.split())[-300:]}"
        for sql, plan in plans.items()
        for step in plan
        if is_complaint(step) and not may(sql, step)
    }
    assert sorted(complaints) == []


def test_a_claim_is_one_search_in_the_claim_index(queue: Path, statements: list[str]) -> None:
    store = open_store(str(queue))
    del statements[:]
    assert store.claim_next_message(3) is not None
    store.close()
    issued = [sql for sql in statements if not sql.startswith("PRAGMA")]
    assert len(issued) == 1
    [plan] = explained(queue, issued).values()
    assert "SEARCH pending_messages USING INTEGER PRIMARY KEY (rowid=?)" in plan
    assert any(
        re.match(r"SEARCH pending_messages USING (COVERING )?INDEX unstick_claim \(session_db_id=\?", s) for s in plan
    )


@pytest.mark.parametrize(
    ("call", "index"),
    [
        (lambda store: store.get_all_pending(3), "unstick_claim"),
        (lambda store: store.get_stuck_count(0), "unstick_processing"),
        (lambda store: store.retry_all_stuck(0), "unstick_processing"),
        (lambda store: store.reset_processing_to_pending(3), "unstick_processing"),
        (lambda store: store.get_recently_processed(), "unstick_processed"),
        (lambda store: store.cleanup_processed(10), "unstick_processed"),
        (lambda store: store.get_pending_count(3), "unstick_claim"),
    ],
    ids=["all pending", "stuck", "retry all", "reset", "recent", "cleanup", "count"],
)
def test_each_question_has_its_index(
    queue: Path, statements: list[str], call: Callable[[PendingMessageStore], object], index: str
) -> None:
    store = open_store(str(queue))
    del statements[:]
    call(store)
    store.close()
    plans = explained(queue, list(statements))
    # Another index of the same messages is as good where all of them are looked at.
    either = index.replace("unstick_", "INDEX unstick_(attempts_)?")
    assert any(re.search(either, step) for plan in plans.values() for step in plan)
    assert not any("INDEX unstick_session " in step for plan in plans.values() for step in plan)


def test_the_work_of_a_claim_does_not_grow_with_the_history(queue: Path, statements: list[str]) -> None:
    steps: list[int] = []
    for processed in (0, 20_000):
        raw = connect(queue)
        raw.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
            " INSERT INTO pending_messages (session_db_id, content_session_id, message_type, status, created_at_epoch)"
            " SELECT 3, 'session 3', 'observation', 'processed', 1 FROM n WHERE :count > 0",
            {"count": processed},
        )
        raw.close()
        store = open_store(str(queue))
        del statements[:]
        store.claim_next_message(3)
        store.close()
        [claim] = [sql for sql in statements if not sql.startswith("PRAGMA")]
        steps.append(_instructions(queue, claim))
    assert steps[1] <= steps[0] + 5


def _instructions(path: Path, sql: str) -> int:
    """How many instructions of the database's machine a statement takes, without leaving a change."""
    connection, count = connect(path), 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    connection.execute("BEGIN")
    connection.set_progress_handler(tick, 1)
    connection.execute(sql).fetchall()
    connection.set_progress_handler(None, 0)
    connection.execute("ROLLBACK")
    connection.close()
    return count
