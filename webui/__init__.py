"""Unstick: see what is stuck in a persistent message queue, and put it right with one click.

`open_store` opens a queue, `WebUI` mounts the pages in a Flask app, `create_app` makes an app that is only the pages.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from webui.app import create_app
    from webui.extension import WebUI
    from webui.store import open_store

__all__ = ["WebUI", "create_app", "open_store"]

_HOME = {"WebUI": "webui.extension", "create_app": "webui.app", "open_store": "webui.store"}


def __getattr__(name: str) -> Any:
    # On demand, so that a worker that imports `webui.store` does not load Flask.
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
