"""Where templates and static files are, and a URL for each file that changes when its content does."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import url_for

from webui.options import current

PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """The folder `templates` or `static`: inside the package when installed, beside it in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def static_url(filename: str) -> str:
    """The URL of a static file of the UI that serves this request, with the file's fingerprint: cached for a year."""
    return url_for(f"{current().files}.static", filename=filename, v=fingerprint(filename))


def fingerprint(filename: str) -> str:
    """Eight hex digits of the file's content. Raises FileNotFoundError."""
    path = folder("static") / filename
    return _digest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _digest(path: Path, _changed_at: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:8]
