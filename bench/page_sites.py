"""What an operator would otherwise look at the same file with, and ours: each answers the same three views."""

from __future__ import annotations

import asyncio
import warnings
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, ClassVar

from flask import Flask
from flask.testing import FlaskClient

from bench.pages_files import Filled
from webui import create_app

NEWEST, DEEP, FILTERED = "failed, newest first", "a page half-way down", "failed, and one tool"
VIEWS = (NEWEST, DEEP, FILTERED)
PAGE = 50
"""Rows of a page."""


class Site(ABC):
    """A web page over one file; `paths` has the address of each view that it can give."""

    name: ClassVar[str]
    paths: dict[str, str]

    @abstractmethod
    def __init__(self, file: Filled) -> None: ...

    @abstractmethod
    def get(self, path: str) -> int:
        """Ask for it; returns the bytes of the answer. Raises RuntimeError for any status but 200."""

    def close(self) -> None:  # noqa: B027
        """Let go of the file, where there is anything to let go."""


class FlaskSite(Site):
    """One that is a Flask application."""

    _client: FlaskClient

    def get(self, path: str) -> int:
        """Ask for it."""
        answer = self._client.get(path, headers={"Host": "localhost"})
        if answer.status_code != 200:
            raise RuntimeError(f"{self.name} answered {answer.status_code} to {path}")
        return len(answer.data)


class Unstick(FlaskSite):
    """Ours."""

    name = "Unstick"

    def __init__(self, file: Filled) -> None:
        self._app = create_app({"DATABASE": str(file.path)})
        self._client = self._app.test_client()
        self.paths = {
            NEWEST: "/?status=failed",
            DEEP: f"/?status=failed&cursor=next-failed-{file.middle}",
            FILTERED: "/?status=failed&tool=Bash",
        }


class Datasette(Site):
    """Datasette's table page."""

    name = "Datasette"

    def __init__(self, file: Filled) -> None:
        from datasette.app import Datasette as Application

        self._loop = asyncio.new_event_loop()
        self._application = Application([str(file.path)], settings={"default_page_size": PAGE})
        table = f"/{file.path.stem}/pending_messages?status=failed&_sort_desc=id"
        self.paths = {NEWEST: table, DEEP: f"{table}&_next={file.middle}", FILTERED: f"{table}&tool_name=Bash"}

    def get(self, path: str) -> int:
        """Ask for it."""
        answer: Any = self._loop.run_until_complete(self._application.client.get(path))
        if answer.status_code != 200:
            raise RuntimeError(f"{self.name} answered {answer.status_code} to {path}")
        return len(answer.content)

    def close(self) -> None:
        """Close the connections and the loop."""
        for database in self._application.databases.values():
            with suppress(Exception):
                database.close()
        self._loop.close()


class SqliteWeb(FlaskSite):
    """sqlite-web's table page. It shows a whole table; a filter is a query that one writes."""

    name = "sqlite-web"

    def __init__(self, file: Filled) -> None:
        from sqlite_web import sqlite_web

        sqlite_web.datasets.clear()
        sqlite_web.initialize_app([str(file.path)])
        self._client = sqlite_web.app.test_client()
        table = "/pending_messages/content/?ordering=-1"
        self.paths = {NEWEST: table, DEEP: f"{table}&page={file.rows // 2 // PAGE}"}


class FlaskAdmin(FlaskSite):
    """Flask-Admin's list over SQLAlchemy, with the columns that our list has, payloads left out."""

    name = "Flask-Admin"

    def __init__(self, file: Filled) -> None:
        from flask_admin import Admin
        from flask_admin.contrib.sqla import ModelView
        from sqlalchemy import MetaData, Table, create_engine
        from sqlalchemy.orm import Session, registry

        class Message:
            """A row."""

        class List(ModelView):  # type: ignore[misc]
            """The list."""

            page_size = PAGE
            column_default_sort = ("id", True)
            column_filters = ("status", "tool_name")
            column_list = (
                "id",
                "status",
                "tool_name",
                "retry_count",
                "created_at_epoch",
                "started_processing_at_epoch",
            )

        self._engine = create_engine(f"sqlite:///{file.path}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            registry().map_imperatively(Message, Table("pending_messages", MetaData(), autoload_with=self._engine))
            app = Flask("bench")
            app.secret_key = "bench"
            Admin(app).add_view(List(Message, Session(self._engine), endpoint="message"))
        self._client = app.test_client()
        table = "/admin/message/?flt0_0=failed"
        self.paths = {
            NEWEST: table, DEEP: f"{table}&page={file.failed // 2 // PAGE}", FILTERED: f"{table}&flt1_7=Bash",
        }  # fmt: skip

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


SITES: tuple[type[Site], ...] = (Unstick, Datasette, SqliteWeb, FlaskAdmin)
