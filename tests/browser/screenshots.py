"""The pictures in the README and in `docs/`, made anew by `make screenshots` from the demo's past at a fixed hour, so
that a picture changes only when a page does."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.chromium import INSTALL_IT, find_browser
from tests.project.places import ROOT
from webui import create_app, open_store
from webui.demo import history
from webui.serving import listen, make_server

NOW = 1_795_356_000_000
"""2026-11-22 14:00 UTC."""
FOLDER = ROOT / "docs" / "screenshots"
WIDE, NARROW = (1280, 800), (360, 740)


def _nothing(page: Page) -> None:
    pass


def _retry_one(page: Page) -> None:
    page.locator("#list tr.stuck").first.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("#list tr.acted")).to_be_visible()


def _tick_three(page: Page) -> None:
    for box in page.locator("#list tr.failed input[name=ticked]").all()[:3]:
        box.check()


def _ask(page: Page) -> None:
    page.locator("#retry-failed").click()
    expect(page.locator("#dialog dialog")).to_be_visible()


def _some_lines(page: Page) -> None:
    """A retry of all that failed, taken back, then an abort with a reason; and to the journal."""
    _ask(page)
    page.locator("#dialog").get_by_role("button", name=re.compile(r"Retry \d+ messages")).click()
    expect(page.locator("#outcome")).to_contain_text("Retried")
    page.locator("#outcome").get_by_role("button", name="Undo").click()
    expect(page.locator("#outcome")).to_contain_text("Taken back")
    page.locator("#list tr.stuck").first.get_by_role("button", name="Abort").click()
    expect(page.locator("#outcome")).to_contain_text("Aborted")
    page.goto("/journal")


@dataclass(frozen=True)
class Picture:
    """One picture: a page, and what is done there first."""

    name: str
    path: str
    first: Callable[[Page], None] = _nothing
    size: tuple[int, int] = WIDE
    theme: str = "light"


PICTURES = (
    Picture("queue-light", "/"),
    Picture("queue-dark", "/", theme="dark"),
    Picture("queue-360-light", "/", size=NARROW),
    Picture("stuck-light", "/stuck"),
    Picture("message-light", "/stuck", lambda page: page.locator("#list tr.stuck .what a").first.click()),
    Picture("retried-light", "/", _retry_one),
    Picture("selected-light", "/", _tick_three),
    Picture("question-light", "/", _ask),
    Picture("journal-light", "/", _some_lines),
)


def main() -> None:
    """Make them all, each on a queue of its own, and remove pictures that are no longer made."""
    path = find_browser()
    if not path:
        sys.exit(INSTALL_IT)
    os.environ["LOGNAME"] = "ada"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for picture in PICTURES:
            with _queue() as address:
                page = browser.new_page(
                    viewport={"width": picture.size[0], "height": picture.size[1]}, base_url=address,
                    color_scheme=picture.theme, reduced_motion="reduce", timezone_id="UTC",  # type: ignore[arg-type]
                )  # fmt: skip
                page.clock.set_fixed_time(NOW / 1000)
                page.goto(picture.path)
                picture.first(page)
                page.mouse.move(0, 0)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=FOLDER / f"{picture.name}.png")
                page.close()
                print(picture.name, flush=True)
        browser.close()
    made = {f"{picture.name}.png" for picture in PICTURES}
    for old in FOLDER.glob("*.png"):
        if old.name not in made:
            old.unlink()


@contextmanager
def _queue() -> Iterator[str]:
    """The address of a server on the demo's past."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "claude-mem.db")
        history.write(str(path), NOW)
        with closing(open_store(str(path), clock=lambda: NOW)) as store:
            listener = listen("127.0.0.1", 0)
            server = make_server(create_app({"SECRET_KEY": "a secret of sixteen characters"}, store=store), listener)
            Thread(target=server.run, daemon=True).start()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.close()


if __name__ == "__main__":
    main()
