"""How PostgreSQL answers every statement, behind a hundred thousand rows of history: by an index, not a whole table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg.sql import Literal

from tests import postgres
from tests.store.backends import Clock, Postgres, PostgresRaw
from tests.store.scripted import everything
from webui.store import Message, PendingMessageStore, act, browse, migrate, open_store, tune
from webui.store.claims import claim_messages
from webui.store.filters import Filters
from webui.store.model import QUEUED

HISTORY = 100_000
STATUS = """
CASE WHEN i % 400 = 0 THEN 'processing' WHEN i % 40 = 1 THEN 'failed' WHEN i > 92000 THEN 'pending' ELSE 'processed' END
"""
MANY = "generate_series(1, 5000) AS n(i)"
FILL = (
    f"INSERT INTO sdk_sessions (content_session_id, project, started_at, started_at_epoch)"
    f" SELECT 'session ' || i, 'red', '', i FROM {MANY}",
    f"INSERT INTO unstick_journal (at, actor, action) SELECT i, 'ann', 'retry' FROM {MANY}",
    f"INSERT INTO unstick_journal_rows (journal_id, message_id, before_status) SELECT i, i % 900, 'failed' FROM {MANY}",
    f"INSERT INTO unstick_left (journal_id, part, message_id, reason) SELECT i, 'failed', i % 900, 'why' FROM {MANY}",
    f"INSERT INTO unstick_operations (id, state, selection, updated_at) SELECT i, 'done', '', i FROM {MANY}",
    f"INSERT INTO unstick_failures (message_id, at, attempt, error) SELECT i % 900, i, 1, 'why' FROM {MANY}",
)
TRASH = f"INSERT INTO unstick_trash (journal_id, kept, id, status) SELECT i, '[]', i + 1000000, 'failed' FROM {MANY}"
# While another test's transaction may still see what was before, nobody can mark it as dead.
OLDER = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (CAST(CAST(backend_xmin AS TEXT) AS BIGINT) <= :xid OR CAST(CAST(backend_xid AS TEXT) AS BIGINT) <= :xid)"""
CUSTOM, GENERIC, AUTO = "force_custom_plan", "force_generic_plan", "auto"
"""A prepared statement is planned for the values it comes with, or once for all values; by itself the server compares
what both would cost when the statement has come a few times."""
SMALL = 4_000
"""A session with few messages; 20 others have the rest."""
FEW = 60
"""Pages of 8 KB that the claim of one message may look at, in its indexes too."""

ALLOWED = {
    "FROM unstick_(migrations|views)": "the tables have a row for each of our files, and at most 50 rows",
    r"FROM unstick_trash (AS t )?(WHERE t.trash_id > %\(after\)s )?ORDER BY [a-z_. ]+(DESC )?LIMIT": (
        "it looks at so many rows that they are most of this small trash"
    ),
    r"^SELECT max\(id\) FROM pending_messages$|FROM pending_messages ORDER BY id DESC LIMIT 1$": (
        "the newest message, one row of the primary key's index"
    ),
    r"^SELECT count\(\*\) FROM pending_messages$": "`unstick tune` says how many messages there are",
    r"(?s)'failed'.*ORDER BY .*created_at_epoch, id\s*$": (
        "get_queue_messages reads the whole queue anyway, and its order is the contract's"
    ),
    "WITH RECURSIVE waiting": (
        "get_sessions_with_pending_messages merges one row per session with the few that are processing"
    ),
    r"AND status = 'pending' ORDER BY id \+ 0\s*$": (
        "get_all_pending of a session with much of what is pending may read all of that, which is on the same pages"
    ),
}

Node = dict[str, Any]
Params = dict[str, Any]


@dataclass(frozen=True)
class Issued:
    """A statement with the parameters of one call of it, and the ways in which it may be planned."""

    query: str
    params: Params
    modes: tuple[str, ...]


class Statements:
    """Every different statement of the queue's own work that the store issues."""

    def __init__(self, queue: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: dict[str, Issued] = {}
        self._page = False
        queue.watch_parameters(monkeypatch, self._told)

    def _told(self, connection: psycopg.Connection[Any], query: Any, params: Any) -> None:
        if query.startswith("BEGIN"):
            self._page = CUSTOM in query
        elif re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", query) and "pg_" not in query:
            inside = connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
            modes = (CUSTOM,) if self._page and inside else (CUSTOM, AUTO)
            self.found.setdefault(query, Issued(query, params or {}, modes))


class Planner:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def plan(self, issued: Issued, mode: str, options: str = "FORMAT JSON") -> list[Node]:
        """All nodes of the statement's plan, the top one first."""
        names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", issued.query)))
        text = re.sub(r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", issued.query)
        types, values = [], []
        for name in names:
            value = issued.params[name]
            small = isinstance(value, int) and abs(value) < 2**31
            types.append("int" if small else "bigint" if isinstance(value, int) else "unknown")
            values.append(Literal(value).as_string(self.connection))
        self.connection.execute(f"SET plan_cache_mode = {mode}")
        self.connection.execute(f"PREPARE asked{_listed(types)} AS {text.replace('%%', '%')}")
        for _ in range(7 if mode == AUTO else 1):
            [[[top]]] = self.connection.execute(f"EXPLAIN ({options}) EXECUTE asked{_listed(values)}").fetchall()
        self.connection.execute("DEALLOCATE asked")
        return list(_nodes(top["Plan"]))

    def pages_read(self, issued: Issued, mode: str) -> int:
        """So many pages it looks at; what it changes is rolled back."""
        self.connection.execute("BEGIN")
        top = self.plan(issued, mode, "ANALYZE, BUFFERS, FORMAT JSON")[0]
        self.connection.execute("ROLLBACK")
        return int(top["Shared Hit Blocks"]) + int(top["Shared Read Blocks"])


def _listed(items: list[str]) -> str:
    return f"({', '.join(items)})" if items else ""


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


def complaints(nodes: list[Node], sorts: bool) -> list[str]:
    """What reads a whole table, walks by id through what was processed, or (`sorts`) sorts what no index narrowed."""
    found = [f"Seq Scan of {node['Relation Name']}" for node in nodes if node["Node Type"] == "Seq Scan"]
    walks = [node for node in nodes if node.get("Index Name") == "pending_messages_pkey"]
    found += [f"walk by id: {node.get('Index Cond')}" for node in walks if "(id = " not in node.get("Index Cond", "")]
    for node in nodes if sorts else []:
        below = [each for each in _nodes(node) if "Index Name" in each and "Index Cond" not in each]
        if "Sort" in node["Node Type"] and below:
            found.append(f"Sort by {node['Sort Key']}")
    return found


def fill(raw: PostgresRaw, count: int, status: str, session: str = "1 + i % 20") -> None:
    times = dict.fromkeys(("created_at_epoch", "started_processing_at_epoch", "completed_at_epoch"), "i")
    raw.fill(
        count,
        session_db_id=session,
        content_session_id=f"'session ' || ({session})",
        tool_name="'Read'",
        tool_input="repeat('x', 200)",
        status=status,
        retry_count="i % 4",
        **times,
    )


@pytest.fixture(scope="module")
def issued() -> list[Issued]:
    """All statements, as they are issued on a small queue (with ids from the middle of the long one)."""
    with postgres.schema() as url, pytest.MonkeyPatch.context() as monkeypatch:
        store, raw = open_store(url, create=True, clock=Clock(10_000_000)), PostgresRaw(url)
        raw.run(FILL[0])
        raw.last_id(HISTORY // 2)
        fill(raw, 800, STATUS.replace("92000", "600"))
        list(tune.add(store.database))
        statements = Statements(Postgres(url), monkeypatch)
        everything(store)
        store.close()
        raw.close()
    return list(statements.found.values())


# Who takes all messages for pending may well read the whole table for them. Only a claim must not, all the same.
not_stale = pytest.mark.parametrize("statistics", ["no statistics", "ANALYZE"], indirect=True, scope="module")


@pytest.fixture(scope="module", params=["no statistics", "ANALYZE", "stale statistics"])
def statistics(request: pytest.FixtureRequest) -> str:
    """What the planner knows. It is stale when it is of a moment at which all of the history was pending."""
    return str(request.param)


@pytest.fixture(scope="module")
def queue(statistics: str) -> Iterator[Postgres]:
    """A queue with a long history."""
    with postgres.schema() as url:
        store, raw = open_store(url, create=True), PostgresRaw(url)
        migrate.migrate(store.database)
        list(tune.add(store.database))
        raw.run("ALTER TABLE pending_messages SET (autovacuum_enabled = false)")
        for statement in FILL:
            raw.run(statement)
        id = store.enqueue(1, "session 1", {"type": "observation"})
        act.abort(store, id, browse.get_row(store, id).seen, actor="ann")
        raw.run(TRASH)
        fill(raw, HISTORY, "'pending'" if statistics == "stale statistics" else STATUS)
        fill(raw, 20, "'pending'", str(SMALL))
        if statistics != "no statistics":
            raw.run("ANALYZE")
        if statistics == "stale statistics":
            raw.run(f"UPDATE pending_messages SET status = {STATUS.replace('WHEN i', 'WHEN id')}")
            [now] = raw.run("SELECT txid_current() AS xid")
            while raw.run(OLDER, **now):
                pass
        store.close()
        raw.close()
        yield Postgres(url)


@pytest.fixture(scope="module")
def planner(queue: Postgres) -> Iterator[Planner]:
    options = f"-csearch_path={queue.schema}"
    with psycopg.connect(postgres.server(), autocommit=True, options=options) as connection:
        yield Planner(connection)


@not_stale
def test_no_statement_reads_a_whole_table_or_sorts(planner: Planner, statistics: str, issued: list[Issued]) -> None:
    assert len(issued) > 100
    found = {
        f"{complaint}  <-  {mode}: {' '.join(each.query.split())[:400]}"
        for each in issued
        if not any(re.search(pattern, each.query) for pattern in ALLOWED)
        for mode in each.modes
        for complaint in complaints(planner.plan(each, mode), statistics == "ANALYZE")
    }
    assert sorted(found) == []


@pytest.mark.parametrize("mode", [CUSTOM, GENERIC])
@pytest.mark.parametrize(
    ("claim", "index"),
    [
        (lambda store: [store.claim_next_message(3)], "unstick_claim"),
        (lambda store: claim_messages(store, 3, 10), "unstick_claim"),
        (lambda store: claim_messages(store, None, 10), "unstick_claim_any"),
    ],
    ids=["one", "several", "of any session"],
)
def test_a_claim_takes_the_next_from_its_index(
    queue: Postgres, planner: Planner, statistics: str, monkeypatch: pytest.MonkeyPatch,
    claim: Callable[[PendingMessageStore], list[Message]], index: str, mode: str,
) -> None:  # fmt: skip
    statements = Statements(queue, monkeypatch)
    store = open_store(queue.url, clock=Clock(10_000_000))
    claimed = claim(store)
    store.close()
    [issued] = statements.found.values()
    nodes = planner.plan(issued, mode)
    assert complaints(nodes, sorts=True) == []
    assert {node["Index Name"] for node in nodes if "Index Name" in node} == {index, "pending_messages_pkey"}
    if statistics != "no statistics":  # then it may take a whole session for a few rows, and sort them
        assert not [node for node in nodes if "Sort" in node["Node Type"] or "Bitmap" in node["Node Type"]]
    # Whoever comes first steps over the dead entries of what was processed, and marks them for all who follow.
    planner.pages_read(issued, mode)
    assert planner.pages_read(issued, mode) <= FEW * len(claimed)


def queue_page(store: PendingMessageStore, status: str) -> object:
    return browse.queue_page(store, Filters.parse({"status": status}))


QUESTIONS: dict[str, tuple[Callable[[PendingMessageStore], object], str]] = {
    "all pending": (lambda store: store.get_all_pending(SMALL), "unstick_claim"),
    "count": (lambda store: store.get_pending_count(SMALL), "unstick_claim"),
    "sessions": (lambda store: store.get_sessions_with_pending_messages(), "unstick_claim"),
    "stuck count": (lambda store: store.get_stuck_count(0), "unstick_processing"),
    "recently processed": (lambda store: store.get_recently_processed(), "unstick_processed"),
    "recent": (lambda store: browse.recent_page(store, 0), "unstick_processed"),
    "stuck": (lambda store: browse.stuck_page(store, 10**12), "unstick_processing"),
    "unclaimed": (lambda store: browse.unclaimed_page(store, 10**12), "unstick_pending"),
    **{status: (partial(queue_page, status=status), f"unstick_{status}") for status in QUEUED},
}


@not_stale
@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_has_its_index(
    queue: Postgres, planner: Planner, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    ask, index = QUESTIONS[question]
    statements = Statements(queue, monkeypatch)
    store = open_store(queue.url, clock=Clock(10_000_000))
    ask(store)
    store.close()
    for each in statements.found.values():
        for mode in each.modes:
            used = {node["Index Name"] for node in planner.plan(each, mode) if "Index Name" in node}
            assert index in used, (mode, each.query)
            assert "unstick_session" not in used
