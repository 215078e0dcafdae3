"""Numbered files make and upgrade what is ours, once each; another program's queue is never altered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.schemas import SHAPES, Shape, build
from tests.store.backends import Backend, Raw, SqliteRaw
from tests.store.processes import start, together
from webui.store import PendingMessageStore, StoreError, Unsupported, migrate, open_database, open_store

Scripts = Callable[..., None]
SIDE_TABLES = ("0002_side_tables", "0003_operations")


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Scripts:
    """Adds files to those that this release has."""
    known = migrate.scripts

    def add(**texts: str) -> None:
        more = {f"{number:04}_{name}": text for number, (name, text) in enumerate(texts.items(), 4)}
        monkeypatch.setattr(migrate, "scripts", lambda dialect: {**known(dialect), **more})

    return add


def test_what_is_ours_is_made_once(backend: Backend) -> None:
    with closing(open_database(backend.url, create=True)) as database:
        assert migrate.migrate(database) == ["0001_queue", *SIDE_TABLES]
        assert migrate.migrate(database) == []
        assert database.shape.capabilities.side_tables


def test_the_side_tables_come_with_the_first_action_or_with_migrate(store: PendingMessageStore, raw: Raw) -> None:
    assert raw.side_tables() == []
    assert migrate.migrate(store.database) == [*SIDE_TABLES]
    made = ["failures", "journal", "journal_rows", "left", "operations", "views"]
    assert raw.side_tables() == [f"unstick_{name}" for name in made]


def test_several_processes_at_once_apply_each_file_once(backend: Backend) -> None:
    found = together([start("migrate_all", backend.url) for _ in range(4)])
    assert sorted(name for names in found for name in names) == ["0001_queue", *SIDE_TABLES]


@pytest.mark.parametrize("form", SHAPES, ids=lambda form: form.name)
def test_another_programs_queue_is_not_altered(tmp_path: Path, form: Shape) -> None:
    path = build(tmp_path / "q.db", form)
    raw = SqliteRaw(path)
    before = raw.schema(), raw.exact()
    with closing(open_database(str(path))) as database:
        assert migrate.migrate(database) == [*SIDE_TABLES]
    assert (raw.schema(), raw.exact()) == before
    raw.close()


def test_a_new_release_upgrades_our_queue(store: PendingMessageStore, session: int, raw: Raw, scripts: Scripts) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation"})
    scripts(
        queue_priority="ALTER TABLE pending_messages ADD COLUMN priority BIGINT",
        side_note="CREATE TABLE unstick_n (n BIGINT)",
    )
    assert migrate.migrate(store.database) == [*SIDE_TABLES, "0004_queue_priority", "0005_side_note"]
    assert raw.row(id)["priority"] is None
    claimed = store.claim_next_message(session)
    assert claimed is not None
    assert claimed.extra == {"priority": None}


def test_a_new_release_leaves_another_programs_queue(tmp_path: Path, scripts: Scripts) -> None:
    path = build(tmp_path / "q.db", SHAPES[1])
    scripts(
        queue_priority="ALTER TABLE pending_messages ADD COLUMN priority BIGINT",
        side_note="CREATE TABLE unstick_n (n BIGINT)",
    )
    with closing(open_database(str(path))) as database:
        assert migrate.migrate(database) == [*SIDE_TABLES, "0005_side_note"]
        assert "priority" not in database.shape.columns


def test_sessions_without_a_queue_are_left_alone(backend: Backend) -> None:
    with closing(backend.raw()) as raw:
        raw.run("CREATE TABLE sdk_sessions (id INTEGER PRIMARY KEY, project TEXT)")
        with closing(open_database(backend.url, create=True)) as database, pytest.raises(Unsupported, match="no queue"):
            migrate.migrate(database)
        with pytest.raises(Unsupported, match="no queue"):
            open_store(backend.url, create=True)
        assert raw.side_tables() == []


def test_a_file_that_fails_leaves_nothing_of_its_own(backend: Backend, scripts: Scripts) -> None:
    scripts(
        side_good="CREATE TABLE unstick_good (n BIGINT)", side_bad="CREATE TABLE unstick_bad (n BIGINT);\nCREATE TABLE"
    )
    with closing(open_database(backend.url, create=True)) as database:
        with pytest.raises(backend.Error):
            migrate.migrate(database)
        assert database.look().has("unstick_good")
        assert not database.shape.has("unstick_bad")
        scripts(side_good="", side_bad="CREATE TABLE unstick_bad (n BIGINT)")
        assert migrate.migrate(database) == ["0005_side_bad"]


def test_a_queue_that_a_newer_release_made_is_refused(store: PendingMessageStore, backend: Backend, raw: Raw) -> None:
    raw.run("INSERT INTO unstick_migrations (name) VALUES ('9999_side_tomorrow')")
    with pytest.raises(Unsupported, match="newer Unstick"):
        open_store(backend.url, create=True)
    reading = open_store(backend.url)
    assert reading.get_queue_messages() == []
    reading.close()


def test_tables_of_ours_that_somebody_dropped_are_said(store: PendingMessageStore, session: int, raw: Raw) -> None:
    id = store.enqueue(session, "alpha", {"type": "observation"})
    migrate.migrate(store.database)
    raw.run("DROP TABLE unstick_journal")
    store.refresh()
    with pytest.raises(Unsupported, match="unstick clean"):
        store.mark_failed(id, error="why")
    migrate.clean(store.database)
    store.mark_failed(id, error="why")
    assert raw.run("SELECT error FROM unstick_failures") == [{"error": "why"}]


def test_a_queue_of_ours_stays_ours_after_clean(store: PendingMessageStore, scripts: Scripts) -> None:
    migrate.migrate(store.database)
    migrate.clean(store.database)
    scripts(queue_priority="ALTER TABLE pending_messages ADD COLUMN priority BIGINT")
    assert migrate.migrate(store.database) == [*SIDE_TABLES, "0004_queue_priority"]


def test_a_read_only_database_is_not_migrated(store: PendingMessageStore, backend: Backend, raw: Raw) -> None:
    before = raw.schema(ours=True)
    with closing(open_database(backend.url, read_only=True)) as database, pytest.raises(StoreError):
        migrate.migrate(database)
    assert raw.schema(ours=True) == before


def test_tables_that_another_made_meanwhile_are_found(
    store: PendingMessageStore, session: int, backend: Backend
) -> None:
    ids = [store.enqueue(session, "alpha", {"type": "observation"}) for _ in range(2)]
    other = open_store(backend.url)
    assert not other.capabilities.side_tables
    store.mark_failed(ids[0], error="one")
    other.mark_failed(ids[1], error="two")
    assert [row[0] for row in other.database.rows("SELECT error FROM unstick_failures ORDER BY id")] == ["one", "two"]
    other.close()
