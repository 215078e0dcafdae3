"""The trash: what was aborted, until it is restored or purged."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from webui.bulk import RestoreForm, cost_of, ticked
from webui.forms import CutoffForm, checked
from webui.live import polled
from webui.options import current
from webui.places import BadForm, PurgePlace, TrashPlace, number_of
from webui.rendering import render, render_list, scene
from webui.store import operations, retention
from webui.store.selection import Trash
from webui.store.sentence import sentence
from webui.store.trash import page as page_of
from webui.store.trash import size as size_of
from webui.views.operations import carry_out


def register(blueprint: Blueprint) -> None:
    """Adds `GET /trash`, and `/trash/restore` and `/trash/purge`, where GET asks and POST does it."""
    blueprint.add_url_rule("/trash", view_func=trash)
    blueprint.add_url_rule("/trash/restore", view_func=restore_all)
    blueprint.add_url_rule("/trash/restore", view_func=restore_trash, methods=["POST"])
    blueprint.add_url_rule("/trash/purge", view_func=purge)
    blueprint.add_url_rule("/trash/purge", view_func=purge_trash, methods=["POST"])


@polled
def trash() -> ResponseReturnValue:
    """The page, or its list."""
    store = current().store
    place = TrashPlace.parse(request.args)
    page, size = page_of(store, place.cursor), size_of(store)
    judged = scene(page.as_of)
    return render_list(
        "webui/trash.html", "webui/_trash_list.html", judged,
        place=place, page=page, size=size, days=PurgePlace.parse({}).days,
    )  # fmt: skip


def restore_all() -> ResponseReturnValue:
    """How much would come back, and the button that does it."""
    store = current().store
    count, until = size_of(store).count, operations.freeze_trash(store).until
    judged = scene(store.now())
    return render(
        "webui/restore.html", "webui/_restore.html", judged,
        place=TrashPlace(), count=count, until=until, cost=cost_of(count, judged.cutoff),
    )  # fmt: skip


def restore_trash() -> ResponseReturnValue:
    """Brings back what is ticked, or all that was in the trash when the page was made."""
    form, options = checked(RestoreForm(request.form)), current()
    until = form.until.data
    ticks = ticked(request.form.getlist("ticked")) if until is None else None
    selection = Trash(until=until or 0) if ticks is None else Trash(only=tuple(id for id, _ in ticks.rows))
    told = number_of(request.args, "expected") if ticks is None else len(ticks.rows)
    id = operations.begin(options.store, "restore", selection, actor=options.visitor(), key=form.once(), expected=told)
    return carry_out(id, form)


def purge() -> ResponseReturnValue:
    """How much a purge would delete, and the button that does it."""
    store = current().store
    place, now = PurgePlace.parse(request.args), store.now()
    cutoff = now - place.days * retention.DAY
    count = retention.count_old(store, cutoff)
    judged = scene(now)
    return render(
        "webui/purge.html", "webui/_purge.html", judged,
        place=place, cutoff=cutoff, count=count, cost=cost_of(count, judged.cutoff),
    )  # fmt: skip


def purge_trash() -> ResponseReturnValue:
    """Deletes for good what was aborted before the instant that the page showed."""
    form, options = checked(CutoffForm(request.form)), current()
    cutoff = form.cutoff.data or 0
    if cutoff > options.store.now():
        raise BadForm(
            sentence("This form was made by a clock that is ahead of this one: reload the page and press again.")
        )
    begun = operations.begin(options.store, "purge", Trash(before=cutoff), actor=options.visitor(), key=form.once())
    return carry_out(begun, form, TrashPlace())
