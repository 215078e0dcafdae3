from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import BaseConverter

from tests.store.backends import Raw
from tests.web.conftest import PENDING, STUCK, Visitor, addresses, visitor

OURS = {"Origin": "http://localhost"}
Mount = Callable[..., Flask]


def test_the_prefix_alone_leads_to_the_queue(mount: Mount) -> None:
    answer = visitor(mount()).get("/queue?status=failed")
    assert answer.status_code == 308
    assert answer.location.endswith("/queue/?status=failed")


@pytest.mark.parametrize(
    "path",
    ["/no/such/page", "/stuck/", "/messages/", "/messages/7/explode", "/%0a", "/a%0ab", "/%c0%af", "/" + "x" * 5000],
)
def test_what_is_not_there_is_404_in_our_own_style(mount: Mount, path: str) -> None:
    app = mount()
    app.register_error_handler(404, lambda error: ("the host's own 404", 404))
    client = visitor(app)
    answer = client.get(f"/queue{path}")
    assert answer.status_code == 404
    assert '<section class="problem">' in answer.text
    assert 'href="/queue/"' in answer.text
    assert client.get("/no/such/page").text == "the host's own 404"


@pytest.mark.parametrize("id", ["1", str(2**63 - 1), str(-(2**63)), "-5", "0"])
def test_an_id_has_one_spelling(client: Visitor, raw: Raw, id: str) -> None:
    if id != str(STUCK):
        raw.run("UPDATE pending_messages SET id = :new WHERE id = :old", new=int(id), old=PENDING)
    assert client.get(f"/messages/{id}").status_code == 200
    sign, digits = ("-", id[1:]) if id.startswith("-") else ("", id)
    for alias in (f"{sign}0{digits}", f"+{digits}", f"{id}%20", f"%20{id}", f"{id}%0a", f"{id}.0", f"--{digits}"):
        assert client.get(f"/messages/{alias}").status_code == 404, alias


@pytest.mark.parametrize("id", [str(2**63), str(-(2**63) - 1), "9" * 19, "9" * 30, "-0", "٣", "１", "1e3", "0x1", "-"])
def test_what_is_no_id_is_404_in_our_own_style(client: Visitor, id: str) -> None:
    answer = client.get(f"/messages/{id}")
    assert answer.status_code == 404
    assert '<section class="problem">' in answer.text


def test_ids_are_exact_at_every_digit(app: Flask) -> None:
    adapter = app.url_map.bind("localhost")
    largest = 2**63 - 1
    near = {largest + step * 10**digit for digit in range(19) for step in (-9, -1, 0, 1, 9)}
    for number in sorted(near | {-number for number in near} | {10**digit for digit in range(20)}):
        matched = adapter.match(f"/messages/{number}")
        fits = -(2**63) <= number < 2**63
        assert matched == (
            ("webui.message", {"id": number}) if fits else ("webui.nowhere", {"rest": f"messages/{number}"})
        )


def test_a_hosts_converters_are_its_own(mount: Mount) -> None:
    class Theirs(BaseConverter):
        regex = "their-[0-9]+"

    def earlier(app: Flask) -> None:
        app.url_map.converters["message_id"] = Theirs
        app.add_url_rule("/theirs/<message_id:id>", "theirs", lambda id: id)

    assert visitor(mount(earlier=earlier)).get("/theirs/their-7").text == "their-7"


def test_each_address_says_what_it_answers_to(client: Visitor) -> None:
    looks, posts = "GET, HEAD, OPTIONS", "POST, OPTIONS"
    cases = {
        "/": looks,
        "/stuck": looks,
        f"/messages/{STUCK}": looks,
        "/stuck/retry-all": posts,
        "/journal/1/undo": posts,
    }
    cases |= {f"/messages/{STUCK}/retry": posts, "/static/app.css": looks}
    for path, allowed in cases.items():
        options = client.options(path)
        assert (options.status_code, options.headers["Allow"], options.data) == (204, allowed, b""), path
        wrong = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - set(allowed.split(", "))
        for method in wrong:
            answer = client.open(path, method=method, headers=OURS)
            assert (answer.status_code, answer.headers["Allow"]) == (405, allowed), (method, path)
            assert method == "HEAD" or '<section class="problem">' in answer.text
    assert client.options("/no/such/page").status_code == 404


def test_head_is_a_get_without_a_body(client: Visitor) -> None:
    for path in ("/", "/no/such/page", "/static/app.css"):
        head, get = client.head(path), client.get(path)
        assert head.data == b""
        assert (head.status_code, head.content_type) == (get.status_code, get.content_type)


def test_looking_changes_nothing(app: Flask, raw: Raw) -> None:
    client, before = visitor(app), (raw.exact(), raw.schema(ours=True))
    for _ in range(2):
        for method, path in addresses(app):
            if method in ("GET", "HEAD", "OPTIONS"):
                client.open(path, method=method)
                client.open(path, method=method, query_string={"_method": "POST", "action": "abort"})
    assert (raw.exact(), raw.schema(ours=True)) == before
