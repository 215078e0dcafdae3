"""The browser of the tests: the one that is named, else one that is found, else one that can be installed.

`python -m tests.browser.chromium` finds or installs it and says which; `make test` does that first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VARIABLE = "UNSTICK_TEST_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
INSTALL_IT = (
    "The browser tests need Chromium, and it could be neither found nor installed. Install it (on Debian: "
    f"apt install chromium), or name a Chromium, Chrome or Edge that you have: {VARIABLE}=/path/to/browser make test"
)

ASK = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def find_browser() -> str | None:
    """The path of a browser that runs, or None. Raises ValueError when the one that is named does not run."""
    named = os.environ.get(VARIABLE)
    if named:
        if not _runs(named):
            raise ValueError(f"{VARIABLE}={named} is not a browser that runs without a window. Name another, or none.")
        return named
    found = (path for name in NAMES if (path := shutil.which(name)))
    return next(filter(_runs, found), None) or _playwrights_own()


def install_browser() -> str | None:
    """Installs a browser, with apt if we may, else the one that Playwright downloads; its path, or None."""
    as_root = _as_root()
    if as_root is not None and shutil.which("apt-get"):
        apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
        _try([*apt, "update"])
        _try([*apt, "install", "-y", "--no-install-recommends", "chromium"])
        if found := find_browser():
            return found
    libraries = ["--with-deps"] if as_root is not None else []
    _try([sys.executable, "-m", "playwright", "install", *libraries, "chromium"])
    return find_browser()


def _as_root() -> list[str] | None:
    """What goes before a command to run it as root, without a question; None if that cannot be."""
    if os.name != "posix":
        return None
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    return sudo if shutil.which("sudo") and _try([*sudo, "true"]) else None


def _try(command: list[str]) -> bool:
    print("$", *command, flush=True)
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


def _playwrights_own() -> str | None:
    # In a process of its own: Playwright cannot be started twice in one, and a test may have it running.
    path = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False).stdout.strip()
    return path if path and Path(path).is_file() and _runs(path) else None


def _runs(path: str) -> bool:
    """Whether it shows an empty page: a name on the path may be a stub that only says what to install."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--dump-dom"]
        try:
            shown = subprocess.run([path, *options, "about:blank"], capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return shown.returncode == 0 and b"<html" in shown.stdout


def main() -> int:
    """Says which browser the tests use; 1 when there is none."""
    try:
        browser = find_browser() or install_browser()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Browser tests use {browser}" if browser else INSTALL_IT, file=sys.stdout if browser else sys.stderr)
    return 0 if browser else 1


if __name__ == "__main__":
    sys.exit(main())
