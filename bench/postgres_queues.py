"""The contestants on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import time
from abc import abstractmethod
from collections.abc import Hashable
from contextlib import closing
from typing import ClassVar

import procrastinate
import psycopg
from procrastinate.jobs import Job, Status

from bench.queues import COLUMNS, NAME, SESSION, TOOL_INPUT, Queue, StoreQueue
from webui.store import open_store

TEXT = json.dumps(TOOL_INPUT)
NUMBERS = "generate_series(1, %(count)s) AS n"


class PostgresQueue(Queue):
    """A queue in a database of its own."""

    tables: ClassVar[str]
    """Who made the database: contestants with the same tables share one."""

    @abstractmethod
    def __init__(self, url: str) -> None: ...

    @classmethod
    @abstractmethod
    def make(cls, url: str, processed: int, pending: int) -> None:
        """Fill an empty database with so many messages."""


class Unstick(StoreQueue, PostgresQueue):
    """Our store, as a program uses it: an acknowledgement counts only while its claim stands."""

    name, tables = "Unstick", "unstick"

    def __init__(self, url: str) -> None:
        self._store = open_store(url)

    @classmethod
    def make(cls, url: str, processed: int, pending: int) -> None:
        """Fill it, the processed messages without their payload."""
        with closing(open_store(url, create=True)) as store:
            store.ensure_session(NAME, "bench")
        columns = "session_db_id, content_session_id, message_type, tool_name, cwd, created_at_epoch"
        values = "1, 'bench', 'observation', 'Bash', '/home/somebody/project', n"
        _fill(
            url,
            (processed, f"INSERT INTO pending_messages ({columns}, status, started_processing_at_epoch,"
                        f" completed_at_epoch) SELECT {values}, 'processed', n, n FROM {NUMBERS}"),
            (pending, f"INSERT INTO pending_messages ({columns}, tool_input)"
                      f" SELECT {values}, %(text)s FROM {NUMBERS}"),
        )  # fmt: skip


class ByHand(PostgresQueue):
    """The floor: the same tables and indexes, one connection, two statements."""

    name, tables = "psycopg by hand", Unstick.tables
    make = Unstick.make

    ENQUEUE = (
        "INSERT INTO pending_messages (session_db_id, content_session_id, message_type, tool_name, tool_input, cwd,"
        " status, created_at_epoch) VALUES (%s, %s, 'observation', %s, %s, %s, 'pending', %s) RETURNING id"
    )
    CLAIM = (
        "WITH next AS MATERIALIZED (SELECT id FROM pending_messages WHERE session_db_id = %s AND status = 'pending'"
        " ORDER BY id + 0 LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " UPDATE pending_messages SET status = 'processing', started_processing_at_epoch = %s"
        f" WHERE id = (SELECT id FROM next) RETURNING {COLUMNS}"
    )
    ACKNOWLEDGE = (
        "UPDATE pending_messages SET status = 'processed', completed_at_epoch = %s, tool_input = NULL,"
        " tool_response = NULL WHERE id = %s AND status = 'processing'"
    )

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def enqueue(self) -> object:
        """Add one message."""
        values = (SESSION, NAME, "Bash", json.dumps(TOOL_INPUT), "/home/somebody/project", _now())
        return self._connection.execute(self.ENQUEUE, values).fetchone()

    def work(self) -> Hashable:
        """Claim and acknowledge."""
        claimed = self._connection.execute(self.CLAIM, (SESSION, _now())).fetchone()
        if claimed is None:
            return None
        id: int = claimed[0]
        self._connection.execute(self.ACKNOWLEDGE, (_now(), id))
        return id

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Procrastinate(PostgresQueue):
    """procrastinate: what its worker does for a job, without the job: fetch, and finish with the row kept."""

    name = tables = "procrastinate"

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=1))
        self._loop.run_until_complete(self._app.open_async())
        self._jobs = self._app.job_manager
        self._worker = self._loop.run_until_complete(self._jobs.register_worker())

    @classmethod
    def make(cls, url: str, processed: int, pending: int) -> None:
        """Fill it, with the events that its triggers would have written."""
        with procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url)).open() as app:
            app.schema_manager.apply_schema()
        jobs = (
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
            f" SELECT 'bench', 'bench', CAST(%(text)s AS jsonb), '{{}}', {{}} FROM {NUMBERS}"
        )
        events = "INSERT INTO procrastinate_events (job_id, type) SELECT id, '{}' FROM procrastinate_jobs"
        quiet = "ALTER TABLE procrastinate_jobs {} TRIGGER USER"
        _fill(
            url,
            (1, quiet.format("DISABLE")),
            (processed, jobs.format("succeeded", 1)),
            (processed, events.format("started")),
            (processed, events.format("succeeded")),
            (pending, jobs.format("todo", 0)),
            (1, events.format("deferred")),
            (1, quiet.format("ENABLE")),
        )

    def enqueue(self) -> object:
        """Add one job."""
        job = Job(queue=NAME, task_name=NAME, task_kwargs=TOOL_INPUT, lock=None, queueing_lock=None)
        return self._loop.run_until_complete(self._jobs.defer_job_async(job))

    def work(self) -> Hashable:
        """Fetch and finish."""
        return self._loop.run_until_complete(self._work())

    async def _work(self) -> Hashable:
        job = await self._jobs.fetch_job(None, self._worker)
        if job is None:
            return None
        await self._jobs.finish_job(job, Status.SUCCEEDED, delete_job=False)
        id: int | None = job.id
        return id

    def close(self) -> None:
        """Close the connection."""
        self._loop.run_until_complete(self._app.close_async())
        self._loop.close()


QUEUES: tuple[type[PostgresQueue], ...] = (Unstick, ByHand, Procrastinate)


def _fill(url: str, *steps: tuple[int, str]) -> None:
    """Add the messages in bulk, and let the planner know."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        for count, text in steps:
            if count:
                connection.execute(text, {"text": TEXT, "count": count})
        connection.execute("VACUUM (ANALYZE)")


def _now() -> int:
    return time.time_ns() // 1_000_000
