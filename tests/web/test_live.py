"""A page that stays up to date: 204 for as long as it would show the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.store.backends import Clock, Raw
from tests.web.conftest import FAILED, MINUTE, PROCESSING, Visitor, visitor
from webui.live import LONGEST
from webui.store import PendingMessageStore

PAGES = ("/", "/stuck", "/recent", "/journal", "/trash", "/operations", f"/messages/{FAILED}")


def version(answer: TestResponse) -> str:
    found = re.search(r'id="live" data-v="([0-9a-f]{16}\.[0-9]+)"', answer.get_data(as_text=True))
    assert found, answer.get_data(as_text=True)
    return found[1]


def again(client: FlaskClient, path: str, seen: str) -> TestResponse:
    assert isinstance(client, Visitor)
    return client.fragment(f"{path}{'&' if '?' in path else '?'}v={seen}")


def test_nothing_changed_is_204_on_every_page(client: Visitor) -> None:
    for path in PAGES:
        seen = version(client.get(path))
        for _ in range(2):
            answer = again(client, path, seen)
            assert (answer.status_code, answer.data, path) == (204, b"", path)


def test_a_commit_is_told_to_every_page_with_what_may_have_changed(
    client: Visitor, store: PendingMessageStore, raw: Raw
) -> None:
    seen = {path: version(client.get(path)) for path in PAGES}
    raw.set(FAILED, status="pending")
    for path in PAGES:
        answer = again(client, path, seen[path])
        assert answer.status_code == 200
        assert version(answer) != seen[path]
        assert again(client, path, version(answer)).status_code == 204
        page = answer.get_data(as_text=True)
        assert "<html" not in page
        assert ('id="verdict"' in page) == ("messages" not in path)
    assert f'id="row-{FAILED}" data-is="pending ' in again(client, "/", seen["/"]).get_data(as_text=True)


def test_our_own_commits_count_too(client: Visitor, store: PendingMessageStore) -> None:
    seen = version(client.get("/"))
    store.retry_message(FAILED)
    assert again(client, "/", seen).status_code == 200


def test_a_version_is_of_one_page_with_its_filters(client: Visitor) -> None:
    seen = version(client.get("/?status=failed"))
    assert again(client, "/?status=failed", seen).status_code == 204
    for other in ("/", "/?status=pending", "/stuck"):
        assert again(client, other, seen).status_code == 200


def test_what_is_no_version_is_answered_in_full(client: Visitor) -> None:
    seen = version(client.get("/"))
    state = seen.partition(".")[0]
    for odd in ("", "x", state, f"{state}.", f"{state}.-1", f"{state}.١٢", f"{state}.{'9' * 5000}x", "%00.1"):
        assert again(client, "/", odd).status_code == 200, odd
    assert client.get(f"/?v={seen}").status_code == 200  # a page, not a look for what has changed


def test_a_message_that_becomes_stuck_changes_the_pages_by_the_clock_alone(
    client: Visitor, raw: Raw, clock: Clock
) -> None:
    raw.set(PROCESSING, started_processing_at_epoch=clock.now - 5 * MINUTE + 30_000)
    pages = {"/": f"row-{PROCESSING}", "/stuck": f"row-{PROCESSING}", f"/messages/{PROCESSING}": "heading"}
    seen = {path: version(client.get(path)) for path in pages}
    clock.now += 30_000
    assert {path: again(client, path, seen[path]).status_code for path in pages} == dict.fromkeys(pages, 204)
    clock.now += 1
    for path, id in pages.items():
        assert f'id="{id}" data-is="stuck ' in again(client, path, seen[path]).get_data(as_text=True)


def test_what_only_ages_is_told_once_a_minute(client: Visitor, clock: Clock) -> None:
    seen = version(client.get("/recent"))
    clock.now += LONGEST - 1
    assert again(client, "/recent", seen).status_code == 204
    clock.now += 1
    assert again(client, "/recent", seen).status_code == 200


def test_a_page_that_could_not_be_made_has_no_version(client: Visitor) -> None:
    assert 'id="live"' not in client.get("/messages/999").get_data(as_text=True)
    seen = version(client.get("/?status=nonsense"))
    assert again(client, "/?status=nonsense", seen).status_code == 204


def test_tabs_share_an_answer_but_not_with_other_rights_or_a_later_queue(
    make_app: Callable[..., Flask], raw: Raw, store: PendingMessageStore
) -> None:
    allowed = {"retry": True}
    app = make_app()
    webui = app.extensions["webui"]["webui"]
    app.extensions["webui"]["webui"] = replace(webui, may=lambda action: allowed.get(action, True))
    first, second = visitor(app), visitor(app)
    seen = version(first.get("/"))
    raw.set(FAILED, status="pending")
    one = again(first, "/", seen)
    assert again(second, "/", seen).get_data() == one.get_data()
    assert 'class="btn' in one.get_data(as_text=True)
    allowed["retry"] = False
    other = again(second, "/", seen).get_data(as_text=True)
    assert f'/messages/{FAILED}/retry"' in one.get_data(as_text=True)
    assert f'/messages/{FAILED}/retry"' not in other
    raw.set(FAILED, status="failed")
    assert 'data-is="failed ' in again(first, "/", seen).get_data(as_text=True)
