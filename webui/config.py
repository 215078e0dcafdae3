"""Every setting of the standalone app, once: its name, its default, how it is read, and what it means."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from webui import texts
from webui.loopback import is_loopback
from webui.options import SettingError
from webui.origins import exact
from webui.store import StoreError
from webui.store.narrowing import parse_duration

PREFIX = "UNSTICK_"
SHORTEST_SECRET = 16
LONGEST_KEPT = 36_500
"""Days: a century."""


def _text(value: Any) -> str:
    return str(os.fspath(value))


def _folder(value: Any) -> Path:
    return Path(value).expanduser()


def _yes_or_no(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return words[str(value).strip().lower()]
    except KeyError:
        raise ValueError(f"write yes or no; it was {value!r}.") from None


def _port(value: Any) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and int(text) <= 65535):
        raise ValueError(f"a port is a number from 0 (any free one) to 65535; it was {value!r}.")
    return int(text)


def _this_machine(value: Any) -> str:
    if not is_loopback(_text(value)):
        raise ValueError(
            f"Unstick has no login of its own, so it listens on this machine only (127.0.0.1, ::1, localhost), not on "
            f"{value!r}. From elsewhere use a tunnel, ssh -L 8377:localhost:8377 this-machine, or mount it in an app "
            "with a login: webui.WebUI(store, may=…)."
        )
    return _text(value)


def _duration(value: Any) -> int:
    return value if isinstance(value, int) else parse_duration(str(value))


def _days(value: Any) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and int(text) <= LONGEST_KEPT):
        raise ValueError(f"write a number of days from 1 to {LONGEST_KEPT}, or 0 for ever; it was {value!r}.")
    return int(text)


def _names(value: Any) -> tuple[str, ...]:
    names: Iterable[str] = value.split(",") if isinstance(value, str) else value
    return tuple(name.strip() for name in names if name.strip())


def _origins(value: Any) -> tuple[str, ...]:
    return tuple(exact(origin) for origin in _names(value))


def _language(value: Any) -> str:
    known = texts.nearest(_text(value))
    if known is None:
        raise ValueError(f"there is no language {value!r}: write one of {', '.join(texts.languages())}.")
    return known


def _secret(value: Any) -> str | bytes:
    secret: str | bytes = value
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"a secret key has at least {SHORTEST_SECRET} characters that nobody can guess.")
    return secret


@dataclass(frozen=True, slots=True)
class Setting:
    """How a setting is read (from text, or from what code gives), what kind of value it is, and what it means."""

    read: Callable[[Any], Any]
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, with their defaults. In code and in the environment their names are in capitals: PORT, and
    UNSTICK_PORT."""

    database: Annotated[str | None, Setting(_text, "path or URL", "The queue: an SQLite file, or postgresql://….")] = (
        None
    )
    host: Annotated[str, Setting(_this_machine, "address", "The address to listen on, of this machine only.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Setting(_port, "number", "The port to listen on; 0 takes any free one.")] = 8377
    read_only: Annotated[bool, Setting(_yes_or_no, "yes or no", "Show the queue without any way to change it.")] = False
    stuck_after: Annotated[
        int, Setting(_duration, "duration", "How long a message may be processing before it counts as stuck, like 5m.")
    ] = 300_000
    trash_days: Annotated[
        int, Setting(_days, "days", "After how many days what was aborted is gone for good; 0 keeps it for ever.")
    ] = 30
    journal_days: Annotated[
        int, Setting(_days, "days", "After how many days a line of the journal is forgotten; 0 keeps it for ever.")
    ] = 90
    worker_url: Annotated[
        str | None, Setting(_text, "URL", "claude-mem's worker, for the button that wakes it: http://127.0.0.1:37777.")
    ] = None
    environment: Annotated[str | None, Setting(_text, "text", "A badge beside the name, like production.")] = None
    hosts: Annotated[
        tuple[str, ...],
        Setting(_names, "names", "Other names that the pages are reached by, with commas: box:8377,queue.lan."),
    ] = ()
    embed_origins: Annotated[
        tuple[str, ...],
        Setting(_origins, "origin", "Pages that may have the panel and the badge in a frame: http://localhost:37777."),
    ] = ()
    language: Annotated[
        str | None, Setting(_language, "language", "The language of the pages, like de; by default the browser's.")
    ] = None
    state_dir: Annotated[
        Path | None, Setting(_folder, "folder", "Where the secret key is kept; by default the user's state folder.")
    ] = None
    secret_key: Annotated[
        str | bytes | None, Setting(_secret, "text", "Signs sessions, instead of the key in the state folder.")
    ] = field(default=None, repr=False)


def table() -> dict[str, Setting]:
    """Every setting, by its name in capitals."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name.upper(): hint.__metadata__[0] for name, hint in hints.items()}


def read(given: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """The settings from `given` (by name, in capitals; None is the default, whatever the environment says), else from
    the environment (an empty variable is none), else the defaults. Raises SettingError for what cannot be used."""
    known = table()
    if unknown := [name for name in given if name not in known]:
        raise SettingError(f"There is no setting {', '.join(unknown)}. The settings are {', '.join(known)}.")
    values: dict[str, Any] = {}
    for name, setting in known.items():
        source, value = PREFIX + name, environment.get(PREFIX + name) or None
        if name in given:
            source, value = name, given[name]
        if value is not None:
            values[name.lower()] = _understood(source, setting, value)
    return Settings(**values)


def _understood(source: str, setting: Setting, value: Any) -> Any:
    try:
        return setting.read(value)
    except (ValueError, TypeError, StoreError) as error:
        raise SettingError(f"{source}: {error}") from None
