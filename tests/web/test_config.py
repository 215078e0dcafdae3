from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import webui
from tests.web.conftest import SECRET
from webui import config, create_app
from webui.options import SettingError
from webui.store import Missing, NotAQueue, PendingMessageStore

EXAMPLES: tuple[tuple[str, str, object], ...] = (
    ("DATABASE", "queue.db", "queue.db"),
    ("HOST", "::1", "::1"),
    ("PORT", " 9000 ", 9000),
    ("READ_ONLY", "yes", True),
    ("READ_ONLY", "0", False),
    ("STUCK_AFTER", "90s", 90_000),
    ("TRASH_DAYS", "7", 7),
    ("JOURNAL_DAYS", " 0 ", 0),
    ("WORKER_URL", "http://127.0.0.1:37777", "http://127.0.0.1:37777"),
    ("ENVIRONMENT", "production", "production"),
    ("HOSTS", "box:8377, queue.lan,", ("box:8377", "queue.lan")),
    ("EMBED_ORIGINS", "http://localhost:37777, https://A.example", ("http://localhost:37777", "https://a.example")),
    ("LANGUAGE", "de", "de"),
    ("STATE_DIR", "/var/lib/unstick", Path("/var/lib/unstick")),
    ("SECRET_KEY", SECRET, SECRET),
)
WRONG: tuple[tuple[str, object, str], ...] = (
    ("HOST", "0.0.0.0", "this machine only"),
    ("HOST", "example.com", "this machine only"),
    ("PORT", "70000", "65535"),
    ("PORT", "٣", "65535"),
    ("PORT", "-1", "65535"),
    ("READ_ONLY", "perhaps", "yes or no"),
    ("LANGUAGE", "tlh", "write one of en, de"),
    ("STUCK_AFTER", "soon", "5m"),
    ("TRASH_DAYS", "a week", "or 0 for ever"),
    ("JOURNAL_DAYS", "-1", "number of days"),
    ("SECRET_KEY", "short", "16 characters"),
)


def test_without_anything_they_are_the_defaults() -> None:
    settings = config.read({}, {})
    assert settings == config.Settings()
    assert (settings.host, settings.port, settings.stuck_after) == ("127.0.0.1", 8377, 300_000)


@pytest.mark.parametrize(("name", "text", "value"), EXAMPLES)
def test_each_is_read_from_the_environment_and_from_code(name: str, text: str, value: object) -> None:
    for settings in (
        config.read({}, {f"UNSTICK_{name}": text}),
        config.read({name: text}, {}),
        config.read({name: value}, {}),
    ):
        assert getattr(settings, name.lower()) == value


def test_there_is_an_example_of_each() -> None:
    assert {name for name, _, _ in EXAMPLES} == set(config.table()) == {f.name.upper() for f in fields(config.Settings)}


def test_each_says_what_it_means() -> None:
    for setting in config.table().values():
        assert setting.kind
        assert setting.sentence.endswith(".")


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_what_cannot_be_used_is_a_sentence_with_the_name(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingError, match=rf"^UNSTICK_{name}: .*{said}"):
        config.read({}, {f"UNSTICK_{name}": text})
    with pytest.raises(SettingError, match=rf"^{name}: .*{said}"):
        config.read({name: text}, {})


def test_code_comes_before_the_environment_and_an_empty_variable_is_none() -> None:
    environment = {"UNSTICK_PORT": "9000", "UNSTICK_ENVIRONMENT": "", "UNSTICK_WORKER_URL": "http://127.0.0.1:1"}
    settings = config.read({"PORT": 9001, "WORKER_URL": None}, environment)
    assert (settings.port, settings.environment, settings.worker_url) == (9001, None, None)


def test_a_misspelled_name_is_refused() -> None:
    with pytest.raises(SettingError, match=r"no setting DATABSE\. The settings are DATABASE, HOST"):
        config.read({"DATABSE": "queue.db"}, {})


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(config.read({"SECRET_KEY": SECRET}, {}))


def test_the_app_opens_the_database_that_the_environment_names(
    store: PendingMessageStore, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNSTICK_DATABASE", str(file))
    monkeypatch.setenv("UNSTICK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("UNSTICK_ENVIRONMENT", "production")
    monkeypatch.setenv("UNSTICK_HOSTS", "box:8377")
    app = create_app()
    page = app.test_client().get("/", headers={"Host": "box:8377"})
    assert page.status_code == 200
    assert "queue.db" in page.text
    assert "production" in page.text
    app.extensions["webui"]["webui"].store.close()


def test_without_a_database_there_is_a_sentence() -> None:
    with pytest.raises(SettingError, match="UNSTICK_DATABASE"):
        create_app({"SECRET_KEY": SECRET})


@pytest.mark.parametrize(("content", "error"), [(None, Missing), (b"no database" * 1000, NotAQueue)])
def test_a_database_that_is_none_is_not_made(tmp_path: Path, content: bytes | None, error: type[Exception]) -> None:
    path = tmp_path / "none.db"
    if content:
        path.write_bytes(content)
    with pytest.raises(error):
        create_app({"DATABASE": path, "SECRET_KEY": SECRET})
    assert path.exists() is bool(content)


def test_options_reach_the_pages(store: PendingMessageStore) -> None:
    given: dict[str, Any] = {"READ_ONLY": True, "STUCK_AFTER": 60_000, "WORKER_URL": "http://localhost:37777"}
    given |= {"TRASH_DAYS": 7, "JOURNAL_DAYS": 0}
    app = create_app({"SECRET_KEY": SECRET, **given}, store=store)
    options = app.extensions["webui"]["webui"]
    assert (options.read_only, options.stuck_after, options.worker_url) == (True, 60_000, "http://localhost:37777")
    assert (options.trash_days, options.journal_days) == (7, 0)
    assert options.actor()
    assert not options.mounted


def test_templates_are_escaped_whatever_they_are_called() -> None:
    templates = [path for path in Path(config.__file__).parents[1].glob("templates/webui/**/*") if path.is_file()]
    assert templates
    assert {path.suffix for path in templates} == {".html"}


def test_importing_the_store_does_not_load_flask() -> None:
    code = "import sys, webui, webui.store; sys.exit('flask' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=Path(config.__file__).parents[1], check=False).returncode == 0
    )


def test_the_public_names() -> None:
    assert all(callable(getattr(webui, name)) for name in webui.__all__)
    assert not hasattr(webui, "nonsense")


def test_a_standalone_page_opens(store: PendingMessageStore) -> None:
    app = create_app({"SECRET_KEY": SECRET}, store=store)
    assert app.test_client().get("/").status_code == 200
    assert app.name == "webui"
