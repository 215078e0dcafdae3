"""The pages in another language: chosen by the host or the browser, everywhere, and never mixed up."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from markupsafe import Markup
from werkzeug.test import TestResponse

from tests.store.backends import Raw
from tests.web.conftest import FAILED, PENDING, PROCESSED, STUCK, UNKNOWN, Visitor, visitor
from tests.web.reading import read
from webui import texts
from webui.store import PendingMessageStore, browse
from webui.store.errors import Busy
from webui.store.sentence import UNCHANGED, sentence

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.mark.parametrize(
    ("asked", "lang"),
    [(None, "en"), ("de", "de"), ("de-AT,en;q=0.5", "de"), ("en,de;q=0.9", "en"), ("fr,de;q=0.3", "de"), ("fr", "en")],
)
def test_the_browser_chooses(client: Visitor, asked: str | None, lang: str) -> None:
    answer = client.get("/", headers={"Accept-Language": asked} if asked else {})
    assert read(answer).one("html").attributes["lang"] == lang
    assert answer.headers["Content-Language"] == lang
    assert "Accept-Language" in answer.vary


@pytest.mark.parametrize(
    ("said", "lang"), [("de", "de"), ("de-CH", "de"), ("de_DE", "de"), ("en", "en"), (None, "de"), ("tlh", "de")]
)
def test_the_host_chooses_first(mount: Callable[..., Flask], said: str | None, lang: str) -> None:
    answer = visitor(mount(language=lambda: said)).get("/queue/", headers=GERMAN)
    assert answer.headers["Content-Language"] == lang
    assert ("Warteschlange" in answer.text) == (lang == "de")


def test_what_the_host_says_wrongly_is_a_fault_in_the_browsers_language(mount: Callable[..., Flask]) -> None:
    answer = visitor(mount(language=lambda: 7)).get("/queue/", headers=GERMAN)
    assert answer.status_code == 500
    assert "Das ist ein Fehler dieses Programms" in answer.text


def test_a_setting_chooses_for_all(make_app: Callable[..., Flask]) -> None:
    assert visitor(make_app(LANGUAGE="de")).get("/").headers["Content-Language"] == "de"


def test_what_is_not_ours_has_no_language(mount: Callable[..., Flask]) -> None:
    answer = visitor(mount()).get("/", headers=GERMAN)
    assert "Content-Language" not in answer.headers
    assert "Accept-Language" not in answer.vary


def test_a_row_is_not_served_in_the_language_of_the_last_visitor(client: Visitor) -> None:
    english, german = read(client.get("/")), read(client.get("/", headers=GERMAN))
    assert english.row(STUCK).one(cls="pill").text == "Stuck"
    assert german.row(STUCK).one(cls="pill").text == "Hängt"
    assert [button.text for button in german.row(STUCK).every("button")] == ["Wiederholen", "Verwerfen"]
    assert read(client.get("/")).row(STUCK).one(cls="pill").text == "Stuck"


def test_a_page_in_another_language_is_another_version(client: Visitor) -> None:
    seen = read(client.get("/")).one("div", id="live").attributes["data-v"]
    assert client.get(f"/?v={seen}", headers=PARTIAL).status_code == 204
    answers = [client.get("/?v=0", headers={**PARTIAL, **more}) for more in ({}, GERMAN, {})]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert ["Wiederholen" in answer.text for answer in answers] == [False, True, False]
    assert client.get(f"/?v={seen}", headers={**PARTIAL, **GERMAN}).status_code == 200


def test_every_page_is_in_german(client: Visitor) -> None:
    for path, words in {
        "/stuck": "Übernommen und nie beendet: ihr Worker ist abgestürzt, hängt oder hat sie verloren.",
        "/recent": "Erledigt in den letzten",
        "/journal": "Noch niemand hat etwas getan",
        "/trash": "Der Papierkorb ist leer",
        "/trash/purge": "Keine Nachricht wurde vor über 30 Tagen verworfen.",
        "/operations": "Noch nichts",
        "/queue/retry": "3 Nachrichten wiederholen?",
        "/queue/retry?status=failed": "1 Nachricht wiederholen?",
        f"/messages/{FAILED}": "Jetzt: endgültig gescheitert",
        f"/messages/{PROCESSED}": "Sie ist erledigt, und ihre Eingabe ist fort.",
        f"/messages/{FAILED}/payload/tool_input": f"Eingabe des Werkzeugs von Nachricht {FAILED}",
        "/badge": "Nachrichten in der Warteschlange",
    }.items():
        assert words in read(client.get(path, headers=GERMAN)).text, path
    assert "In einem eigenen Fenster öffnen" in client.get("/embed/", headers=GERMAN).text


def test_problems_are_in_german_and_logged_in_english(client: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    for path, status, words in (
        ("/no/such", 404, "Eine solche Seite gibt es hier nicht."),
        (f"/messages/{UNKNOWN}", 404, f"Nachricht {UNKNOWN} ist nicht in der Warteschlange"),
        ("/?age=soon", 400, "Alter: „soon“ ist keine Zeitspanne: 90s, 5m, 2h oder 1d schreiben."),
        (
            "/?order=attempts",
            409,
            "Die Warteschlange lässt sich nicht nach „Versuche“ zeigen. Diese Datei hat keinen Index",
        ),
        ("/?search=foo:1", 400, "Es gibt keinen Filter „foo“"),
    ):
        answer = client.get(path, headers=GERMAN)
        assert answer.status_code == status
        assert words in read(answer).text
    assert "Age: “soon” is no length of time" in caplog.text
    assert "keine Zeitspanne" not in caplog.text


def test_who_is_not_let_in_is_told_in_german(client: Visitor) -> None:
    refused = client.get("/", headers={**GERMAN, "Host": "evil.example"})
    assert refused.text.startswith("Der Host-Header nennt evil.example")
    unsigned = client.post(f"/messages/{STUCK}/retry", headers={**GERMAN, "Origin": "http://localhost"})
    assert "Das CSRF-Token fehlt. Nichts wurde getan" in unsigned.text


def act(client: Visitor, path: str, fields: dict[str, object]) -> TestResponse:
    return client.act(path, {"at": "queue", **fields}, partial=True, headers=GERMAN)


def test_what_an_action_did_is_said_in_german(client: Visitor, store: PendingMessageStore) -> None:
    seen = browse.get_row(store, STUCK).seen
    done = act(client, f"/messages/{STUCK}/retry", {"seen": seen, "shown": str(STUCK)})
    assert f"Wiederholt: #{STUCK}." in done.text
    assert "Gerade wiederholt" in done.text
    late = act(client, f"/messages/{STUCK}/retry", {"seen": seen})
    assert f"Nachricht {STUCK} hat sich inzwischen geändert: sie wartet wieder. Nichts wurde getan." in late.text


def test_what_was_stored_in_english_is_shown_in_german(client: Visitor, store: PendingMessageStore) -> None:
    ticks = [f"{FAILED}:{browse.get_row(store, FAILED).seen}", f"{PENDING}:failed.1.1"]
    done = act(client, "/queue/abort", {"ticked": ticks})
    assert "Verworfen: 1 Nachricht" in done.text
    assert "übersprungen 1 (1 jetzt wartend)" in done.text
    assert "jetzt wartend" in read(client.get("/operations/1?part=skipped", headers=GERMAN)).text
    assert "pending now" in read(client.get("/operations/1?part=skipped")).text


def test_numbers_are_written_as_in_german(client: Visitor, raw: Raw) -> None:
    raw.fill(29_400, status="'pending'")
    number = int(client.get("/queue/count").text.replace(",", ""))
    assert number >= 29_400
    assert client.get("/queue/count", headers=GERMAN).text == f"{number:,}".replace(",", ".")
    assert "10.000+" in client.get("/", headers=GERMAN).text


def test_a_kept_sentence_is_known_again_with_what_is_in_it(app: Flask) -> None:
    problem = sentence("The disk of {place} is full{unchanged}. Make room and try again.", place="q.db", unchanged="")
    kept = str(sentence("{problem} A part is done, the rest is not.", problem=problem))
    with app.test_request_context("/", headers=GERMAN):
        part = "Ein Teil ist getan, der Rest nicht."
        german = f"Die Platte von q.db ist voll. Platz schaffen und noch einmal versuchen. {part}"
        assert texts.stored(kept) == german
        assert texts.stored("somebody's own reason") == "somebody's own reason"
        whole = problem.but(unchanged=UNCHANGED)
        assert texts.translated(Busy(whole)).startswith("Die Platte von q.db ist voll: nichts wurde geändert.")
    assert str(Busy(whole)).startswith("The disk of q.db is full: nothing was changed.")


def test_words_in_markup_are_escaped(app: Flask) -> None:
    with app.test_request_context("/"):
        assert texts.gettext("by {actor}", actor="<b>") == "by <b>"
        assert texts.gettext("{a} & {b}", a=Markup("<i>"), b="<b>") == "<i> &amp; &lt;b&gt;"
        assert not re.search("<b>", texts.gettext("{a} {b}", a=Markup("<i>"), b="<b>"))
