"""Where a PostgreSQL database is said to be: what nobody answers at, what is no address. No password is shown."""

from __future__ import annotations

import traceback

import pytest

from webui.store import Missing, Unsupported, open_store


def keeps_the_password(url: str, sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Missing, match=sentence) as caught:
        open_store(url)
    assert "sekret" not in "".join(traceback.format_exception(caught.value)) + caplog.text


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("127.0.0.1:1", "Connection refused"), ("nowhere.invalid", "resolve"), ("%2Fnowhere", "No such file")],
)
def test_a_server_that_is_not_there_says_what_was_tried(
    place: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    keeps_the_password(f"postgresql://me:sekret@{place}/queue", f"No PostgreSQL server answers .*{sentence}", caplog)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:se%zzkret@h/db", "postgresql://u:se/kret@h/db", "postgresql://u:se kret@h/db",
     "postgresql://u:sekret@[::1/db", "postgresql://u:sekret@h:port/db", "postgresql://u:sekret@h/db?no=such"],
)  # fmt: skip
def test_an_address_that_is_none_is_not_quoted(url: str) -> None:
    with pytest.raises(Unsupported, match="no address of a PostgreSQL database") as caught:
        open_store(url)
    assert "kret" not in "".join(traceback.format_exception(caught.value))
