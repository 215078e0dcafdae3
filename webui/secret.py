"""The key that signs sessions and tokens: made once and kept, so that a restart breaks no open page."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from platformdirs import user_state_path

from webui.options import SettingError

BYTES = 32
FILE = "secret_key"


def state_folder() -> Path:
    """Where this user's programs keep what they have to remember, for us."""
    return user_state_path("unstick")


def secret_key(folder: Path) -> bytes:
    """The key in `folder`; made, with the folder, if there is none. Raises SettingError when it cannot be kept there,
    or when other users of this machine can read it."""
    path = folder / FILE
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise SettingError(
            f"The secret key cannot be kept in {folder} ({error.strerror or error}). Name a folder that you can write "
            "to in UNSTICK_STATE_DIR, or put a long random value into UNSTICK_SECRET_KEY."
        ) from None


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{FILE}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(BYTES))
        # A link appears whole or not at all: of two that start at once, both read the key of the first.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        key = file.read(BYTES + 1)
    if os.name == "posix" and mode & 0o077:
        raise SettingError(
            f"{path} may be read by other users of this machine (its mode is {mode:o}), so it is no secret. "
            f"Delete it, and a new one is made: rm {path}"
        )
    if len(key) != BYTES:
        raise SettingError(f"{path} is damaged. Delete it, and a new one is made: rm {path}")
    return key
