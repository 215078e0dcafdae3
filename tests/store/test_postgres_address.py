"""Where a PostgreSQL database is said to be: what nobody answers at, what is no address. No password is shown."""

from __future__ import annotations

import traceback
from contextlib import closing

import pytest

from tests import postgres
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


@pytest.mark.parametrize("ours", ["prepare_threshold=none", "prepare_threshold=1", "prepare_threshold=%35"])
def test_options_of_the_driver_stay_as_they_are_written_beside_ours(ours: str) -> None:
    with postgres.schema() as url:
        options = f"{url}%20-c%20statement_timeout%3D5000&application_name=a%2Bb%20c+d&fallback_application_name="
        with closing(open_store(f"{options}&{ours}", create=True)) as store:
            shown = [store.database.rows(f"SHOW {name}")[0][0] for name in ("statement_timeout", "application_name")]
    assert shown == ["5s", "a+b c+d"]


@pytest.mark.parametrize("value", ["abc", "", "0", "-1", "%C2%B2", "9" * 5_000])
def test_an_option_of_ours_with_a_value_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(Unsupported, match="prepare_threshold is 1, more, or none"):
        open_store(f"postgresql://127.0.0.1:1/queue?prepare_threshold={value}")
