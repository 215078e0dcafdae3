"""The standalone app: a Flask app that is nothing but the UI, mounted at its root."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from typing import Any

from flask import Flask

from webui import config as settings
from webui.extension import WebUI
from webui.options import SettingError
from webui.secret import secret_key, state_folder
from webui.store import PendingMessageStore, open_store


def create_app(config: Mapping[str, Any] | None = None, *, store: PendingMessageStore | None = None) -> Flask:
    """The UI as an app of its own, for one operator on this machine: no login, so everybody who reaches it may act.

    `config` has settings by name (`webui.config`), like `{"DATABASE": "queue.db"}`; the rest comes from the
    environment. An open `store` is used instead of opening DATABASE. Raises SettingError, and what `open_store` raises.
    """
    chosen = settings.read(config or {}, os.environ)
    app = Flask("webui", template_folder=None, static_folder=None)
    app.secret_key = chosen.secret_key or secret_key(chosen.state_dir or state_folder())
    app.config.update(
        # Cookies know no ports: with Flask's own name, two apps on this machine would overwrite each other's.
        SESSION_COOKIE_NAME=f"unstick_{chosen.port}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
    )
    WebUI(
        store or _open(chosen),
        url_prefix="",
        name="webui",
        may=lambda action: True,
        actor=_operator,
        hosts=chosen.hosts,
        read_only=chosen.read_only,
        stuck_after=chosen.stuck_after,
        trash_days=chosen.trash_days,
        journal_days=chosen.journal_days,
        worker_url=chosen.worker_url,
        environment=chosen.environment,
        mounted=False,
        embed_origins=chosen.embed_origins,
        language=lambda: chosen.language,
    ).init_app(app)
    return app


def _open(chosen: settings.Settings) -> PendingMessageStore:
    if chosen.database is None:
        raise SettingError("Which queue? DATABASE, or UNSTICK_DATABASE in the environment: a file, or postgresql://….")
    return open_store(chosen.database, read_only=chosen.read_only)


def _operator() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in many containers
        return f"user {os.getuid()}"
