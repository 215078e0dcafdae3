from __future__ import annotations

import re
import shutil
import signal
import socket
import sqlite3
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.project.commands import UNSTICK, Running, run, serving
from webui.store import PendingMessage, open_store
from webui.version import __version__


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    """A queue with one message that failed once, and the reason of it."""
    path = tmp_path / "queue.db"
    with closing(open_store(str(path), create=True)) as store:
        session = store.ensure_session("one", "atlas-api")
        id = store.enqueue(session, "one", PendingMessage("observation", "Read", {"file_path": "/a.py"}))
        store.mark_failed(id, error="The model did not answer.")
    return path


def ask(running: Running, path: str = "/", method: str = "GET") -> tuple[int, str]:
    with closing(HTTPConnection("127.0.0.1", running.port, timeout=60)) as client:
        client.request(method, path, headers={"Origin": f"http://127.0.0.1:{running.port}"})
        response = client.getresponse()
        return response.status, response.read().decode()


REFUSED = {
    "no such file": (("serve", "gone.db"), ("There is no database at", "gone.db")),
    "no database": (("serve", "notes.txt"), ("notes.txt",)),
    "no queue": (("serve", "other.db"), ("pending_messages",)),
    "a folder": (("serve", "."), ("cannot be opened",)),
    "no claude-mem": (("serve",), ("Which queue?", "unstick serve queue.db", "unstick demo")),
    "another host": (("serve", "--host", "0.0.0.0", "queue.db"), ("no login", "'0.0.0.0'", "ssh -L")),
    "a name": (("serve", "--host", "queue.example.com", "queue.db"), ("no login", "ssh -L")),
    "port too large": (("serve", "--port", "65536", "queue.db"), ("'--port'", "from 0", "to 65535")),
    "port no number": (("demo", "--port", "http"), ("'--port'", "a number")),
    "no duration": (("serve", "--stuck-after", "soon", "queue.db"), ("'--stuck-after'", "soon", "5m")),
    "worker elsewhere": (("serve", "--worker-url", "http://10.0.0.7:80", "queue.db"), ("has to be on this machine",)),
    "two files": (("serve", "queue.db", "queue.db"), ("unexpected extra argument",)),
    "a slip": (("serve", "--prot", "80"), ("--prot", "--port")),
    "no such command": (("watch",), ("No such command 'watch'",)),
    "clean nothing": (("clean",), ("Missing argument 'DATABASE'",)),
    "clean what is not there": (("clean", "gone.db"), ("There is no database at", "gone.db")),
    "migrate nowhere": (("migrate", "gone/queue.db"), ("gone/queue.db",)),
    "migrate what is none": (("migrate", "notes.txt"), ("notes.txt", "not an SQLite database")),
    "migrate another kind": (("migrate", "mysql://host/db"), ("postgresql://", "mysql://")),
    "a server that is away": (("serve", "postgresql://ada:secret@127.0.0.1:1/q"), ("No PostgreSQL server answers",)),
    "copy what is not there": (("copy", "gone.db", "new.db"), ("There is no database at", "gone.db")),
    "copy nowhere": (("copy", "queue.db"), ("Missing argument 'TO'",)),
    "keep what is there": (("demo", "--keep", "queue.db"), ("queue.db is there already", "Name a new file")),
    "keep nowhere": (("demo", "--keep", "gone/demo.db"), ("gone/demo.db",)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path: Path, queue: Path, case: str) -> None:
    arguments, phrases = REFUSED[case]
    (tmp_path / "notes.txt").write_text("Not a database, although it is long enough to be one." * 9)
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE notes (text)")
    before = queue.read_bytes()
    ended = run(tmp_path, *arguments)
    assert ended.returncode == 2, ended.stderr
    for phrase in phrases:
        assert phrase in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stderr
    assert not (tmp_path / "gone.db").exists()
    assert queue.read_bytes() == before


def test_a_taken_port(tmp_path: Path, queue: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run(tmp_path, "serve", "queue.db", "--port", str(port))
    assert ended.returncode == 2
    assert f"Port {port} is taken" in ended.stderr


def test_a_setting_in_the_environment(tmp_path: Path, queue: Path) -> None:
    ended = run(tmp_path, "serve", "queue.db", more={"UNSTICK_PORT": "none"})
    assert ended.returncode == 2
    assert "UNSTICK_PORT: a port is a number" in ended.stderr


def test_help(tmp_path: Path) -> None:
    assert "Examples:\n    unstick demo --open" in run(tmp_path, "--help").stdout
    shown = run(tmp_path, "serve", "-h").stdout
    assert "Example:\n    unstick serve queue.db" in shown
    for option in ("--host", "--port", "--read-only", "--stuck-after", "--worker-url", "--open", "8377", "5m"):
        assert option in shown


def test_the_version(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout == f"unstick, version {__version__}\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_shows_the_queue_until_it_is_ended(tmp_path: Path, queue: Path, number: signal.Signals) -> None:
    with serving(tmp_path, *UNSTICK, "serve", "queue.db", "--port", "0") as running:
        assert running.host == "localhost"
        status, page = ask(running)
        assert status == 200
        assert "queue.db" in page
        with closing(HTTPConnection("127.0.0.1", running.port)) as open_page:
            open_page.connect()
            running.process.send_signal(number)
            assert running.process.wait(60) == 0


def test_claude_mems_own_queue_is_the_default(tmp_path: Path, queue: Path) -> None:
    (tmp_path / ".claude-mem").mkdir()
    shutil.copy(queue, tmp_path / ".claude-mem" / "claude-mem.db")
    with serving(tmp_path, *UNSTICK, "serve", "--port", "0") as running:
        assert "claude-mem.db" in ask(running)[1]


def test_the_environment_is_asked_for_what_is_not_given(tmp_path: Path, queue: Path) -> None:
    more = {"UNSTICK_DATABASE": "queue.db", "UNSTICK_PORT": "0", "UNSTICK_HOST": "127.0.0.2"}
    with serving(tmp_path, *UNSTICK, "serve", "--host", "127.0.0.1", more=more) as running:
        assert ask(running)[0] == 200


def test_read_only(tmp_path: Path, queue: Path) -> None:
    with serving(tmp_path, *UNSTICK, "serve", "queue.db", "--port", "0", "--read-only") as running:
        status, page = ask(running, "/messages/1/retry", "POST")
        assert (status, "for looking only" in page) == (403, True)


def test_open_opens_the_address_in_a_browser(tmp_path: Path, queue: Path) -> None:
    (tmp_path / "browser.py").write_text(
        "import socket, sys\n"
        "with socket.create_connection(('127.0.0.1', int(sys.argv[1]))) as call:\n"
        "    call.sendall(sys.argv[2].encode())\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as home:
        home.settimeout(60)
        browser = f"{sys.executable} {tmp_path / 'browser.py'} {home.getsockname()[1]} %s"
        command = (*UNSTICK, "serve", "queue.db", "--port", "0", "--open")
        with serving(tmp_path, *command, more={"BROWSER": browser}) as running:
            call, _ = home.accept()
            with call, call.makefile() as said:
                assert said.read() == f"http://localhost:{running.port}/"


def test_clean_removes_what_is_ours_and_nothing_else(tmp_path: Path, queue: Path) -> None:
    def content(table: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(queue)) as connection:
            return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()

    messages, sessions = content("pending_messages"), content("sdk_sessions")
    ended = run(tmp_path, "clean", "queue.db")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Removed unstick_failures (1 row)\n" in ended.stdout
    ours = [name for type, name, *_ in content("sqlite_master") if type == "table" and "unstick_" in name]
    assert ours == ["unstick_migrations"]  # it says that the queue itself is of our making
    assert (content("pending_messages"), content("sdk_sessions")) == (messages, sessions)
    assert "There was nothing to remove" in run(tmp_path, "clean", "queue.db").stdout


def test_migrate_makes_a_queue_once(tmp_path: Path) -> None:
    first, second = run(tmp_path, "migrate", "new.db"), run(tmp_path, "migrate", "new.db")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == f"Applied 0001_queue\nApplied 0002_side_tables\nApplied 0003_operations\n{second.stdout}"
    assert second.stdout == f"{tmp_path / 'new.db'} is up to date.\n"
    with closing(sqlite3.connect(tmp_path / "new.db")) as made:  # rights that are granted now are granted on all of it
        assert made.execute("SELECT count(*) FROM unstick_trash").fetchall() == [(0,)]


def test_one_command_moves_a_queue_to_postgresql_where_it_is_served(tmp_path: Path, queue: Path) -> None:
    with postgres.schema() as url:
        moved = run(tmp_path, "copy", "queue.db", url)
        assert (moved.returncode, moved.stderr) == (0, "sdk_sessions\npending_messages\nunstick_failures\n")
        assert re.search(r"^pending_messages pending +1 = 1$", moved.stdout, re.M)
        with serving(tmp_path, *UNSTICK, "serve", url, "--port", "0") as running:
            status, page = ask(running, "/messages/1")
            assert (status, "The model did not answer." in page) == (200, True)
        back = run(tmp_path, "copy", url, "back.db")
        assert back.returncode == 0, back.stderr
    with closing(open_store(str(tmp_path / "back.db"))) as store, closing(open_store(str(queue))) as old:
        assert store.get_queue_messages() == old.get_queue_messages()


def test_a_copy_that_is_not_whole_is_said(tmp_path: Path, queue: Path) -> None:
    with closing(sqlite3.connect(queue)) as raw:
        raw.execute("UPDATE pending_messages SET created_at_epoch = 'yesterday'")
        raw.commit()
    with postgres.schema() as url:
        ended = run(tmp_path, "copy", "queue.db", url)
    assert ended.returncode == 2
    assert "pending_messages 1 could not be copied: created_at_epoch: 'yesterday' is no whole number." in ended.stderr
    assert "Not everything is there" in ended.stderr
    assert re.search(r"^pending_messages pending +1 ≠ 0$", ended.stdout, re.M)


def test_tune_tells_first_and_changes_only_what_it_is_told_to(tmp_path: Path, queue: Path) -> None:
    before = queue.read_bytes()
    told = run(tmp_path, "tune", "queue.db")
    assert told.returncode == 0, told.stderr
    assert "1 messages" not in told.stdout
    assert "unstick_claim: there\n" in told.stdout
    assert "unstick_attempts_failed: missing\n  for    the order by attempts of what is failed\n" in told.stdout
    assert "To make what it lacks: unstick tune queue.db --apply" in told.stdout
    unasked = run(tmp_path, "tune", "queue.db", "--apply")
    assert unasked.returncode == 2
    assert "Making 3 indexes takes about 0.1 s each.\nNobody else can write for as long" in unasked.stdout
    assert "say --yes" in unasked.stderr
    assert queue.read_bytes() == before

    made = run(tmp_path, "tune", "queue.db", "--apply", "--yes")
    assert made.stdout.endswith("Made unstick_attempts_pending\n")
    again = run(tmp_path, "tune", "queue.db", "--apply", "--yes")
    assert (again.returncode, "Made" in again.stdout, "missing" in again.stdout) == (0, False, False)
    removed = run(tmp_path, "tune", "queue.db", "--remove")
    assert removed.stdout.count("Removed unstick_attempts_") == 3
    assert run(tmp_path, "tune", "queue.db", "--remove").stdout == "There was nothing to remove.\n"


def test_demo_serves_a_queue_of_its_own_and_takes_it_away(tmp_path: Path) -> None:
    with serving(tmp_path, *UNSTICK, "demo", "--port", "0") as running:
        assert list(tmp_path.glob("unstick-*/demo.db"))
        assert ask(running)[0] == 200
        running.process.terminate()
        assert running.process.wait(60) == 0
        assert running.process.stdout
        assert "Traceback" not in running.process.stdout.read()
    assert not list(tmp_path.glob("unstick-*"))


def test_the_demos_processes_end_with_it_even_when_it_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path, *UNSTICK, "demo", "--port", "0", "--keep", "kept.db") as running:
        running.process.kill()
        assert running.process.stdout
        running.process.stdout.read()  # ends when the last process that holds it has ended
    assert (tmp_path / "kept.db").exists()
