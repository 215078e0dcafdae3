from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from flask import Flask, abort

from tests.store.backends import PostgresRaw, Raw, only
from tests.web.conftest import PENDING, STUCK, UNKNOWN, Visitor, on_each, visitor
from tests.web.reading import press
from webui.blueprint import PROBLEMS
from webui.store import StoreError, errors
from webui.store.narrowing import BadFilter

EXPECTED: dict[type[Exception], int] = {
    errors.NotFound: 404,
    errors.WrongState: 409,
    errors.Unsupported: 409,
    errors.UnknownSession: 409,
    BadFilter: 400,
    errors.UnknownType: 400,
    errors.InvalidPayload: 400,
    errors.ReadOnly: 403,
    errors.Busy: 503,
    errors.DiskFull: 503,
    errors.Corrupt: 503,
    errors.NotAQueue: 503,
    errors.Missing: 503,
    errors.SchemaChanged: 503,
}


def raising(app: Flask, error: Exception, name: str = "webui") -> Visitor:
    """A visitor of an app whose recent page fails."""

    def fail() -> NoReturn:
        raise error

    app.view_functions[f"{name}.recent"] = fail
    return visitor(app)


def test_every_error_of_the_store_has_its_entry() -> None:
    named = {kind for kind in [*vars(errors).values(), BadFilter] if isinstance(kind, type) and kind is not StoreError}
    assert {kind for kind in named if issubclass(kind, StoreError)} == set(EXPECTED)
    assert set(EXPECTED) <= set(PROBLEMS)


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_it_is_answered_with_its_status_and_its_sentence(app: Flask, kind: type[Exception]) -> None:
    client = raising(app, kind("It is <so>, do that."))
    page, fragment = client.get("/recent"), client.fragment("/recent")
    for answer in (page, fragment):
        assert answer.status_code == EXPECTED[kind]
        assert "It is &lt;so&gt;, do that." in answer.text
        assert PROBLEMS[kind][1] in answer.text
        assert answer.headers.get("Retry-After") == ("5" if EXPECTED[kind] == 503 else None)
    assert "<!doctype html>" in page.text
    assert fragment.text.strip().startswith('<section class="problem">')
    assert 'href="/"' in fragment.text


def test_an_error_of_a_kind_is_answered_as_its_kind(app: Flask) -> None:
    class Fuller(errors.DiskFull):
        pass

    assert raising(app, Fuller("Full.")).get("/recent").status_code == 503


def test_a_fault_is_answered_without_its_details_and_logged_with_them(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    client = raising(app, RuntimeError("the secret detail"))
    with caplog.at_level(logging.INFO, "webui"):
        answer = client.get("/recent")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    found = re.search(r"The log has it as ([0-9a-f]{8})\.", answer.text)
    assert found
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert found[1] in record.getMessage()
    assert record.exc_info
    assert "the secret detail" in caplog.text


@pytest.mark.parametrize("settings", [{"DEBUG": True}, {"TESTING": True}, {"PROPAGATE_EXCEPTIONS": True}])
def test_no_setting_of_the_app_shows_the_details(app: Flask, settings: dict[str, bool]) -> None:
    app.config.update(settings)
    answer = raising(app, RuntimeError("the secret detail")).get("/recent")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text


def test_an_http_error_keeps_its_code_and_its_sentence(app: Flask) -> None:
    app.view_functions["webui.recent"] = lambda: abort(418, "Short & stout.")
    answer = visitor(app).get("/recent")
    assert answer.status_code == 418
    assert "Short &amp; stout." in answer.text


def test_a_hosts_handler_for_all_errors_does_not_take_ours(mount: Callable[..., Flask]) -> None:
    app = mount()
    app.register_error_handler(Exception, lambda error: ("the host's", 500))
    app.register_error_handler(500, lambda error: ("the host's", 500))
    client = raising(app, RuntimeError("no"), "webui_queue")
    assert "The log has it as" in client.get("/queue/recent").text


def test_an_unknown_message_is_404(client: Visitor) -> None:
    for answer in (client.get(f"/messages/{UNKNOWN}"), client.fragment(f"/messages/{UNKNOWN}")):
        assert answer.status_code == 404
        assert '<section class="problem">' in answer.text


def test_a_filter_that_does_not_work_is_400(client: Visitor) -> None:
    answer = client.get("/?status=nonsense")
    assert answer.status_code == 400
    assert "nonsense" in answer.text


@only("sqlite", "a server that went away takes all tests with it")
def test_a_queue_that_went_away_is_503_until_it_is_back(client: Visitor, file: Path, raw: Raw) -> None:
    raw.run("PRAGMA wal_checkpoint(TRUNCATE)")
    away = file.with_name("away.db")
    file.rename(away)
    for address in ("/", "/stuck", "/recent", f"/messages/{STUCK}"):
        for answer in (client.get(address), client.fragment(address)):
            assert answer.status_code == 503, address
            assert answer.headers["Retry-After"] == "5"
            assert str(file) in answer.text
    assert not file.exists()
    away.rename(file)
    assert client.get("/").status_code == 200


@only("sqlite", "it is about what a file holds")
def test_a_queue_that_is_none_any_more_is_503(client: Visitor, file: Path) -> None:
    for name in ("queue.db-wal", "queue.db-shm"):
        file.with_name(name).unlink(missing_ok=True)
    other = file.with_name("other")
    other.write_bytes(b"no database at all" * 1000)
    other.rename(file)
    answer = client.get("/")
    assert answer.status_code == 503
    assert '<section class="problem">' in answer.text


@on_each
def test_a_locked_queue_refuses_an_action_and_says_that_nothing_was_done(client: Visitor, raw: Raw) -> None:
    row = raw.row(STUCK)
    seen = f"processing.{row['started_processing_at_epoch']}.{row['retry_count']}"
    with raw.write_lock():
        answer = client.act(f"/messages/{STUCK}/retry", {"at": "queue", "seen": seen}, partial=True)
    assert answer.status_code == 503
    assert "nothing was changed" in answer.text
    assert raw.row(STUCK) == row


@only("postgres", "SQLite has one lock for all rows")
def test_one_locked_row_refuses_its_own_action_only(client: Visitor, raw: PostgresRaw) -> None:
    with raw.connection.transaction():
        raw.run("SELECT 1 FROM pending_messages WHERE id = :id FOR UPDATE", id=STUCK)
        refused = press(client, "/", "Retry", row=STUCK, partial=True)
        done = press(client, "/", "Retry", row=PENDING, partial=True)
    assert (refused.status_code, done.status_code) == (503, 200)
    assert "nothing was changed" in refused.text
    assert raw.row(STUCK)["status"] == "processing"


def test_an_action_is_one_line_in_the_log(
    mount: Callable[..., Flask], raw: Raw, caplog: pytest.LogCaptureFixture
) -> None:
    row = raw.row(STUCK)
    seen = f"processing.{row['started_processing_at_epoch']}.{row['retry_count']}"
    client = visitor(mount(actor=lambda: "ana\nroot"))
    with caplog.at_level(logging.INFO, "webui"):
        client.act(f"/queue/messages/{STUCK}/retry", {"at": "queue", "seen": seen}, page="/queue/")
        client.act(f"/queue/messages/{STUCK}/retry", {"at": "queue", "seen": seen}, page="/queue/")
    done, refused = caplog.records
    assert done.getMessage() == rf"POST /queue/messages/{STUCK}/retry by ana\nroot from 127.0.0.1: 303 done"
    assert done.levelno == logging.INFO
    assert refused.getMessage().startswith(rf"POST /queue/messages/{STUCK}/retry by ana\nroot from 127.0.0.1: 409")
    assert refused.levelno == logging.WARNING


def test_the_log_is_cut(client: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "webui"):
        client.get("/" + "x" * 5000)
    (line,) = caplog.messages
    assert len(line) < 600
