from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from webui import secret
from webui.options import SettingError
from webui.secret import secret_key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "unstick"


def test_it_is_made_once_and_nobody_else_can_read_it(folder: Path) -> None:
    key = secret_key(folder)
    assert len(key) == 32
    assert secret_key(folder) == key
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_each_folder_has_its_own(folder: Path, tmp_path: Path) -> None:
    assert secret_key(folder) != secret_key(tmp_path / "other")


def test_a_loose_umask_does_not_open_it(folder: Path) -> None:
    before = os.umask(0)
    try:
        secret_key(folder)
    finally:
        os.umask(before)
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_one_that_others_can_read_is_refused(folder: Path, mode: int) -> None:
    secret_key(folder)
    file = folder / "secret_key"
    file.chmod(mode)
    with pytest.raises(SettingError, match=f"rm {file}"):
        secret_key(folder)


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_one_is_refused(folder: Path, content: bytes) -> None:
    secret_key(folder)
    (folder / "secret_key").write_bytes(content)
    with pytest.raises(SettingError, match="damaged"):
        secret_key(folder)


def test_a_folder_that_cannot_be_one_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SettingError, match="UNSTICK_STATE_DIR"):
        secret_key(file / "state")


def test_many_that_start_at_once_have_one_key(folder: Path) -> None:
    keys: list[bytes] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        keys.append(secret_key(folder))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1
    assert [file.name for file in folder.iterdir()] == ["secret_key"]


def test_the_users_state_folder_is_where_the_system_keeps_such_things(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert secret.state_folder().name == "unstick"
