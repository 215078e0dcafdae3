"""The options of one mounted UI, checked once, and how a view, a template or a filter finds its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import current_app, request

from webui.guard import HOST
from webui.origins import exact
from webui.store.sentence import sentence
from webui.worker import address

if TYPE_CHECKING:
    from webui.store import PendingMessageStore
    from webui.store.runner import Runner

VIEW = "view"
"""The action that `may` is asked about for everything that only shows something."""

OWN = "own"
"""Stands for what an endpoint asks about by itself (`Options.permit`): an operation's own action, say."""

ACTION_OF = {"undo": "undo", "restore": "undo", "retry_all": "retry-all", "wake": "wake", "purge_trash": "purge",
             "save_view": "views", "remove_view": "views", "restore_trash": "undo",
             "cancel": OWN, "resume": OWN, "rest": OWN, "export_ticked": VIEW}  # fmt: skip
"""What `may` is asked about before a POST endpoint runs. Where the URL itself names the action (`<action>`), that is
asked; an endpoint that has neither is refused."""

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EVERY_ADDRESS = re.compile(r"(0\.0\.0\.0|\[::\])(:.*)?")


class NotAllowed(Exception):
    """`may` said no."""


class SettingError(ValueError):
    """A setting or an option that cannot be used; `str(error)` is a sentence that says why and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one mounted UI was told. Raises SettingError for a value that cannot be used.

    `may(action)` says whether the visitor of this request may do it, `actor()` who it is (for the journal). `hosts` are
    the names that are answered to besides this machine's own, in lower case. `stuck_after` is in ms; after
    `trash_days` what was aborted is purged, after `journal_days` a line of the journal is forgotten (0: never).
    `environment` is the badge's text. `runner` goes on with operations in the background. Pages of `embed_origins` may
    have the embedded pages in a frame; `panel_of` is set in those pages' own options: the name of the UI around them.
    `language()` is the language of this request; None leaves it to the browser.
    """

    store: PendingMessageStore
    runner: Runner
    name: str
    url_prefix: str
    may: Callable[[str], bool]
    actor: Callable[[], str]
    hosts: frozenset[str]
    read_only: bool
    stuck_after: int
    trash_days: int
    journal_days: int
    worker_url: str | None
    environment: str | None
    mounted: bool
    embed_origins: tuple[str, ...] = ()
    language: Callable[[], str | None] = lambda: None
    panel_of: str | None = None

    def __post_init__(self) -> None:
        _check_place(self)
        _check_hosts(self.hosts)
        _check_origins(self.embed_origins)
        if not callable(self.may):
            raise SettingError(
                "A mounted UI needs may=, a function that gets an action's name (view, retry, abort, …) and returns "
                "whether this visitor may do it, like may=lambda action: current_user.is_admin."
            )
        if not callable(self.actor):
            raise SettingError("actor= has to be a function without arguments that returns the visitor's name.")
        if not callable(self.language):
            raise SettingError(
                "language= has to be a function without arguments that returns a language like de, or None."
            )
        if type(self.stuck_after) is not int or self.stuck_after <= 0:
            raise SettingError(f"stuck_after= has to be milliseconds above 0. It was {self.stuck_after!r}.")
        for name in ("trash_days", "journal_days"):
            if type(days := getattr(self, name)) is not int or days < 0:
                raise SettingError(f"{name}= has to be a number of days, or 0 for ever. It was {days!r}.")
        if self.worker_url is not None:
            _check_worker(self.worker_url)

    def allowed(self, action: str) -> bool:
        """Whether the visitor of this request may do `action`. Raises what `may` raises, and TypeError when its answer
        is neither True nor False (a coroutine, say, would count as a yes)."""
        if self.read_only and action != VIEW:
            return False
        answer: object = self.may(action)
        if not isinstance(answer, bool):
            raise TypeError(f"may({action!r}) has to return True or False; it returned {type(answer).__name__}.")
        return answer

    def permit(self, action: str) -> None:
        """Raises NotAllowed unless the visitor of this request may do `action`."""
        if not self.allowed(action):
            raise NotAllowed(
                sentence(
                    "You may not do this here: {action}. Ask whoever runs this app for the permission.", action=action
                )
            )

    def visitor(self) -> str:
        """Who acts, for the journal. Raises what `actor` raises, and TypeError when its answer is no name: before
        anything is done."""
        name: object = self.actor()
        if not isinstance(name, str) or not name:
            raise TypeError(f"actor() has to return the visitor's name as text; it returned {type(name).__name__}.")
        return name

    @property
    def files(self) -> str:
        """The blueprint that has the static files: the embedded pages share those of the others."""
        return self.panel_of or self.name

    def panel(self) -> Options:
        """The options of the embedded pages: the same pages once more, under /embed."""
        return replace(self, name=f"{self.name}_embed", url_prefix=f"{self.url_prefix}/embed", panel_of=self.name)

    def covers(self, path: str) -> bool:
        """Whether a request's path is under this UI's prefix."""
        return path == self.url_prefix or path.startswith(f"{self.url_prefix}/")


def current() -> Options:
    """The options of the UI that serves this request."""
    found: dict[str | None, Options] = current_app.extensions["webui"]
    return found[request.blueprint]


def _check_place(options: Options) -> None:
    prefix = options.url_prefix
    if not _PREFIX.fullmatch(prefix) or any(set(part) == {"."} for part in prefix.split("/")):
        raise SettingError(
            f"url_prefix= has to start with a slash and not end with one, like /queue or /admin/queue, in letters, "
            f"digits and . _ ~ -. It was {prefix!r}."
        )
    if options.mounted and not prefix:
        raise SettingError(
            "url_prefix= is needed, like /queue: at the root the UI would take the app's own pages. "
            "For an app that is only the UI use webui.create_app()."
        )
    if not _NAME.fullmatch(options.name):
        raise SettingError(f"name= is a blueprint's name: letters, digits and _. It was {options.name!r}.")


def _check_hosts(hosts: frozenset[str]) -> None:
    for host in hosts:
        if not HOST.fullmatch(host) or _EVERY_ADDRESS.fullmatch(host):
            raise SettingError(
                f"hosts= are names as they stand in the browser's address bar, host or host:port, like "
                f"queue.example.com or box:8377; no scheme, no path, no *. One was {host!r}."
            )


def _check_origins(origins: tuple[str, ...]) -> None:
    for origin in origins:
        try:
            exact(origin)
        except ValueError as error:
            raise SettingError(f"embed_origins=: {error}") from None


def _check_worker(worker_url: str) -> None:
    try:
        address(worker_url)
    except ValueError as error:
        raise SettingError(str(error)) from None
