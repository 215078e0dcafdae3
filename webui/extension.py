"""Mounting the UI in a Flask app: `WebUI(store, url_prefix="/queue", may=…).init_app(app)`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask, Response, g, request

from webui import blueprint, compression, guard, headers, logbook, routing, texts
from webui.options import Options, SettingError
from webui.store.runner import Runner
from webui.views import MODULES

if TYPE_CHECKING:
    from webui.store import PendingMessageStore

LARGEST_BODY = 1_000_000
"""Bytes of a request's body. Ours are forms of a few fields."""


class WebUI:
    """The pages of one queue, to be mounted in a Flask app with `init_app`.

    - `store`: an open store (`webui.open_store`).
    - `url_prefix`: where the pages are, like `/admin/queue`.
    - `may(action) -> bool`: whether the visitor of this request may do it. The actions are view, retry, retry-fresh,
      abort, undo, retry-all, purge, wake and views. There is no default: nobody's queue is open by accident. What
      it raises is answered as a fault, never as a yes.
    - `actor() -> str`: who the visitor is, for the journal.
    - `hosts`: the names that the app is reached by, as they stand in the address bar (`queue.example.com`,
      `box:8377`). This machine's own names are always answered to.
    - `read_only`: pages without buttons, and every action refused.
    - `stuck_after`: milliseconds of processing after which a message counts as stuck.
    - `trash_days`, `journal_days`: after how many days what was aborted is gone for good, and a line of the journal is
      forgotten; 0 keeps it for ever.
    - `worker_url`: where claude-mem's worker listens, on this machine, for the button that wakes it.
    - `environment`: a short text for the badge, like `production`.
    - `embed_origins`: the origins of other pages that may have the panel (under `/embed`) and the badge in a frame,
      like `http://localhost:37777`.
    - `language() -> str | None`: the language of this request, like `de`; None, and without it, the browser decides.
    - `name`: the blueprint's name, for `url_for("name.queue")`; by default made from the prefix (`webui_queue`).
    - `mounted=False` is for an app that is nothing but the UI: see `webui.create_app`.

    Raises SettingError, a ValueError, for a value that cannot be used.
    """

    def __init__(
        self,
        store: PendingMessageStore,
        *,
        url_prefix: str = "/queue",
        may: Callable[[str], bool] | None = None,
        actor: Callable[[], str] | None = None,
        hosts: Iterable[str] = (),
        read_only: bool = False,
        stuck_after: int = 300_000,
        trash_days: int = 30,
        journal_days: int = 90,
        worker_url: str | None = None,
        environment: str | None = None,
        embed_origins: Iterable[str] = (),
        language: Callable[[], str | None] | None = None,
        name: str | None = None,
        mounted: bool = True,
    ) -> None:
        for option, given in (("hosts", hosts), ("embed_origins", embed_origins)):
            if isinstance(given, str):
                raise SettingError(f"{option}= has to be a list of names, like [{given!r}].")
        self.options = Options(
            store=store,
            runner=Runner(store, trash_days=trash_days, journal_days=journal_days),
            name="webui" + re.sub(r"[^A-Za-z0-9]", "_", url_prefix) if name is None else name,
            url_prefix=url_prefix,
            may=may,  # type: ignore[arg-type]  # None is refused there, with a sentence
            actor=_nobody if actor is None else actor,
            hosts=frozenset(host.lower() for host in hosts),
            read_only=read_only or store.read_only,
            stuck_after=stuck_after,
            trash_days=trash_days,
            journal_days=journal_days,
            worker_url=worker_url,
            environment=environment,
            mounted=mounted,
            embed_origins=tuple(origin.lower() for origin in embed_origins),
            language=_not_said if language is None else language,
        )

    def init_app(self, app: Flask) -> None:
        """Registers the pages, and the checks and headers of everything under the prefix; nothing else of `app`
        changes. Raises SettingError when another WebUI is in the way."""
        panel = self.options.panel()
        _keep_apart(app, self.options)
        app.extensions["webui"][panel.name] = panel
        routing.register_converters(app)
        for options in (self.options, panel):
            pages = blueprint.make(options)
            for module in MODULES:
                module.register(pages)
            app.register_blueprint(pages, url_prefix=options.url_prefix or None)
        _watch(app, self.options)


def _nobody() -> str:
    return "unknown"


def _not_said() -> None:
    return None


def _keep_apart(app: Flask, options: Options) -> None:
    others: dict[str, Options] = app.extensions.setdefault("webui", {})
    for other in others.values():
        if other.covers(options.url_prefix) or options.covers(other.url_prefix) or other.name == options.name:
            raise SettingError(
                f"Two UIs of one app need prefixes beside each other and names of their own: {other.url_prefix} "
                f"({other.name}) is there already. Choose another url_prefix= or name= for {options.url_prefix}."
            )
    others[options.name] = options


def _watch(app: Flask, options: Options) -> None:
    """Guards every request under the prefix and dresses every answer, whoever gives it: 404s and redirects too."""

    def check() -> Response | None:
        if not options.covers(request.path):
            return None
        request.max_content_length = LARGEST_BODY
        public = request.endpoint == f"{options.name}.static"
        refused = guard.refusal(request, options.hosts, public=public)
        if refused is None:
            return None
        logbook.note(refused)
        # Bare text: a page of ours has a token in it, and this visitor may be a page of somebody else.
        # In the browser's language: the host does not know them yet.
        said = texts.translated(refused, texts.of_browser())
        return Response(f"{said}\n", status=403, mimetype="text/plain")

    def finish(response: Response) -> Response:
        if options.covers(request.path):
            kept = g.get("webui_own_headers", {})
            headers.dress(response, _framing(options, kept) | kept)
            if request.endpoint != f"{options.name}.static":
                response.vary.update(("HX-Request-Type", "Accept-Language"))
            if spoken := g.get("webui_language"):
                response.headers["Content-Language"] = spoken
            compression.shorten(response)
            logbook.write(response.status_code)
        return response

    # First and last of all hooks: a host's CSRF check must not hand a fresh token to a name we do not answer to, and
    # a host's own policy for its pages would break ours.
    app.before_request_funcs.setdefault(None, []).insert(0, check)
    app.after_request_funcs.setdefault(None, []).insert(0, finish)


def _framing(options: Options, kept: Mapping[str, str]) -> dict[str, str]:
    """What lets other pages have the embedded pages and the badge in a frame, and load embed.js; nothing else."""
    if request.endpoint == f"{options.name}.static" and (request.view_args or {})["filename"] == "embed.js":
        return headers.ANYWHERE
    embedded = options.panel().covers(request.path) or request.endpoint == f"{options.name}.badge"
    return headers.framed(options.embed_origins) if embedded and "Content-Security-Policy" not in kept else {}
