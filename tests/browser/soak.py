"""The long run beside a busy worker, part of `make soak`: in a page that stays up to date, a hand aims at a button and
presses it a moment later, again and again, while rows come, change and go. No press may reach another row, or the same
row in another state, than the one that was aimed at; and in a second tab no tick may be lost.

Prints what it saw, and exits with 1 when something of that happened.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs

from playwright.sync_api import Page, Request, sync_playwright

from tests.browser.chromium import INSTALL_IT, find_browser
from webui import create_app, open_store
from webui.serving import listen, make_server
from webui.store import PendingMessageStore

TICKED = 3
AIM = """random => {
  const buttons = [...document.querySelectorAll('#list tr:not(.left, .stale) .btn[formaction$="/retry"]')]
    .filter(button => { const box = button.getBoundingClientRect(); return box.top > 60 && box.bottom < innerHeight; });
  if (!buttons.length) return null;
  const button = buttons[Math.floor(random * buttons.length)], box = button.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""
UNDER = """([x, y]) => {
  const button = document.elementFromPoint(x, y)?.closest('tr:not(.left, .stale) .btn[formaction$="/retry"]');
  return button ? [button.getAttribute('formaction'), button.value] : null;
}"""
"""What is under the pointer once it is there: from then on it may not become anything else."""


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.getrandbits(32), help="of everything random")
    asked = parser.parse_args(arguments)
    path = find_browser()
    if not path:
        sys.exit(INSTALL_IT)
    with (
        tempfile.TemporaryDirectory(prefix="unstick-soak-") as folder,
        _busy(Path(folder), asked.seed) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
        seen = _press(context.new_page(), _tick(context.new_page()), asked.minutes * 60, random.Random(asked.seed))
        browser.close()
    print(f"seed {asked.seed}: {dict(seen)}", flush=True)
    return 1 if seen["another row"] or seen["another state"] or seen["ticks lost"] or not seen["right"] else 0


def _tick(page: Page) -> Page:
    page.goto("/")
    for box in page.locator("input[name=ticked]").all()[:TICKED]:
        box.check()
    return page


def _press(page: Page, ticked: Page, seconds: float, dice: random.Random) -> Counter[str]:
    seen: Counter[str] = Counter()
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    page.on("response", lambda answer: seen.update([f"looks answered {answer.status}"] if "/?v=" in answer.url else []))
    page.on("dialog", lambda dialog: dialog.accept())  # a message that may still be worked on: are you sure?
    page.goto("/")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        aimed = page.evaluate(AIM, dice.random())
        if aimed is None or dice.random() < 0.2:
            page.mouse.move(5, 5)
            if page.locator("#newer").is_visible():
                page.locator("#newer").click()
            page.wait_for_timeout(500)
            continue
        x, y = aimed
        page.mouse.move(x, y, steps=dice.randint(1, 8))
        under = page.evaluate(UNDER, aimed)
        if under is None:
            continue
        action, state = under
        page.wait_for_timeout(dice.uniform(0, 2_500))
        page.mouse.click(x, y, delay=dice.uniform(0, 120))
        page.wait_for_timeout(150)
        for request in sent:
            posted = parse_qs(request.post_data or "").get("seen", [""])[0]
            right = "right" if posted == state else "another state"
            seen[right if request.url.endswith(action) else "another row"] += 1
        seen["presses that were held back"] += not sent
        sent.clear()
        number = ticked.locator("#selection [data-number]").inner_text()
        boxes = ticked.locator("input[name=ticked]:checked").count()
        seen["ticks lost"] += number != str(TICKED) or boxes != TICKED
    return seen


@contextmanager
def _busy(folder: Path, seed: int) -> Iterator[str]:
    """The address of a server whose queue a producer and a worker keep changing."""
    path, stop = str(folder / "queue.db"), Event()
    with closing(open_store(path, create=True)) as store:
        session = store.ensure_session("soak", "soak")
        for number in range(80):
            _produce(store, session, number)
    listener = listen("127.0.0.1", 0)
    server = make_server(create_app({"DATABASE": path, "SECRET_KEY": "a secret of sixteen characters"}), listener)
    Thread(target=server.run, daemon=True).start()
    worker = Thread(target=_work, args=(path, session, stop, random.Random(seed)))
    worker.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    worker.join()


def _produce(store: PendingMessageStore, session: int, number: int) -> None:
    tool = {"tool_name": "Bash", "tool_input": {"command": f"make {number}"}}
    store.enqueue(session, "soak", {"type": "observation", **tool})


def _work(path: str, session: int, stop: Event, dice: random.Random) -> None:
    with closing(open_store(path)) as store:
        number, claims = 80, []
        while not stop.wait(dice.uniform(0.05, 0.4)):
            if dice.random() < 0.5 and store.get_pending_count(session) < 120:
                number += 1
                _produce(store, session, number)
            if dice.random() < 0.6 and (claim := store.claim_next_message(session)):
                claims.append(claim)
            if claims and dice.random() < 0.5:
                claim = claims.pop(dice.randrange(len(claims)))
                if dice.random() < 0.5:
                    store.mark_processed(claim.id, claim)
                else:
                    store.mark_failed(claim.id, error="it happens", claim=claim)


if __name__ == "__main__":
    sys.exit(main())
