"""The pages, a module per noun. Each module's `register(blueprint)` adds its URLs."""

from __future__ import annotations

from webui import rendering
from webui.views import (
    badge,
    bulk,
    counts,
    export,
    journal,
    keys,
    messages,
    operations,
    payloads,
    queue,
    recent,
    search,
    stuck,
    trash,
    worker,
)  # fmt: skip

MODULES = (
    rendering, badge, queue, counts, stuck, recent, search, messages, payloads, bulk, operations, export, journal,
    trash, worker, keys,
)  # fmt: skip
