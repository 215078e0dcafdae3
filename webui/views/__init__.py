"""The pages, a module per noun. Each module's `register(blueprint)` adds its URLs."""

from __future__ import annotations

from webui import rendering
from webui.views import journal, messages, payloads, queue, recent, stuck, worker

MODULES = (rendering, queue, stuck, recent, messages, payloads, journal, worker)
