"""Where templates and static files are; a URL for each file that changes when its content does; and the files' view."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path

import rcssmin
import rjsmin
from flask import Response, request, url_for
from jinja2 import Environment, FileSystemLoader
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from webui import compression
from webui.options import current

PACKAGE = Path(__file__).resolve().parent

PARTS = {
    "page.css": ("tokens.css", "app.css", "search.css", "bulk.css", "live.css", "keys.css", "times.css"),
    "more.css": ("message.css", "operation.css", "pages.css"),
    "page.js": ("app.js", "selection.js", "live.js", "times.js", "keys.js"),
    "panel-page.js": ("app.js", "selection.js", "live.js", "times.js"),
}
"""Files that are written apart and sent as one, in this order: what every page loads, and what the pages beside the
lists need too. A panel leaves the keys to the page around it."""
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
"""The files that are sent, and as what."""
FOR_A_YEAR = "public, max-age=31536000, immutable"
"""The Cache-Control of a file whose URL carries its fingerprint."""

_SHORTER: dict[str, Callable[[str], str]] = {".css": rcssmin.cssmin, ".js": rjsmin.jsmin}
_BEGINNING = re.compile(r"^[ \t]+", re.M)
_ONLY_TAGS = re.compile(r"^(\{[%#](?:(?![%#]\}).|[%#]\}\{[%#])*?)(-?[%#]\})\n", re.M)


@dataclass(frozen=True, slots=True)
class File:
    """A static file as it is sent; the fingerprint is eight hex digits of its content."""

    content: bytes
    fingerprint: str


class Templates(FileSystemLoader):
    """Our templates without their indentation, and without lines that hold nothing but tags; what is put into them
    keeps its own."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """As Jinja asks for it."""
        source, filename, is_fresh = super().get_source(environment, template)
        # The line's end goes into its last tag: so errors name the right line.
        return _ONLY_TAGS.sub(r"\1\n\2", _BEGINNING.sub("", source)), filename, is_fresh


@cache
def folder(name: str) -> Path:
    """The folder `templates` or `static`: inside the package when installed, beside it in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def static_url(filename: str) -> str:
    """The URL of a static file of the UI that serves this request, with the file's fingerprint: cached for a year."""
    return url_for(f"{current().files}.static", filename=filename, v=fingerprint(filename))


def fingerprint(filename: str) -> str:
    """Eight hex digits of the file's content. Raises FileNotFoundError."""
    return _file(filename).fingerprint


def send(filename: str) -> Response:
    """A static file: compressed if the browser takes it so, kept for a year under its present fingerprint. Raises
    NotFound."""
    try:
        file = _file(filename)
    except (OSError, ValueError):
        raise NotFound from None
    encoding = compression.chosen()
    content = compression.kept(file.content, encoding) if encoding else file.content
    response = Response(content, content_type=f"{TYPES[Path(filename).suffix]}; charset=utf-8")
    response.vary.add("Accept-Encoding")
    response.set_etag(f"{file.fingerprint}-{encoding or 'plain'}")
    response.headers["Cache-Control"] = FOR_A_YEAR if request.args.get("v") == file.fingerprint else "no-cache"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.make_conditional(request)
    return response


def _file(filename: str) -> File:
    paths = _paths(filename, folder("static"))
    return _read(paths, tuple([os.stat(path).st_mtime_ns for path in paths]))


@lru_cache(maxsize=64)
def _paths(filename: str, within: Path) -> tuple[Path, ...]:
    return tuple(_path(part, within) for part in PARTS.get(filename, (filename,)))


def _path(filename: str, within: Path) -> Path:
    path = safe_join(str(within), filename)
    if path is None or Path(path).suffix not in TYPES:
        raise FileNotFoundError(filename)
    return Path(path)


@lru_cache(maxsize=64)
def _read(paths: tuple[Path, ...], _changed_at: tuple[int, ...]) -> File:
    content = "\n".join(_spare(path) for path in paths).encode()
    return File(content, sha256(content).hexdigest()[:8])


def _spare(path: Path) -> str:
    """A file of ours without its comments and spaces, which are for those who read the source."""
    text = path.read_text("utf-8")
    return _SHORTER[path.suffix](text) if path.suffix in _SHORTER and ".min." not in path.name else text
