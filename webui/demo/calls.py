"""Believable messages: tool calls and summaries, encoded as claude-mem's hooks encode them."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from webui.store import PendingMessage


class Project(NamedTuple):
    """Where a session works: the project's name, and files that it touches."""

    name: str
    files: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The project's folder."""
        return f"/home/ada/code/{self.name}"


PROJECTS = (
    Project("atlas-api", ("src/routes/orders.py", "src/routes/invoices.py", "src/db/pool.py", "tests/test_orders.py")),
    Project("storefront", ("app/cart/Checkout.tsx", "app/cart/useCart.ts", "app/lib/money.ts", "app/layout.tsx")),
    Project("ledger", ("ledger/entry.go", "ledger/posting.go", "ledger/posting_test.go", "cmd/ledgerd/main.go")),
    Project("handbook", ("docs/on-call.md", "docs/releases.md", "mkdocs.yml")),
)

COMMANDS = (
    ("pytest -q tests/test_orders.py", "Run the order tests", "34 passed in 2.18s"),
    ("git diff --stat main", "See what changed", " src/routes/orders.py | 14 +++++++-------\n 1 file changed"),
    ("npm run build 2>&1 | tail -20", "Build the shop", "✓ 412 modules transformed.\n✓ built in 3.91s"),
    ("go test ./ledger/...", "Run the ledger tests", "ok  \tledger\t0.412s"),
    ("rg -n 'deprecated' --glob '!vendor/**'", "Find what is deprecated", "docs/releases.md:88:deprecated since 4.2"),
)
PATTERNS = ("def create_order", "TODO|FIXME", r"useCart\(", "ErrUnbalanced", "<script>")
PAGES = (
    ("https://docs.sqlite.org/wal.html", "When does a checkpoint block a writer?"),
    ("https://flask.palletsprojects.com/en/stable/blueprints/", "How does a blueprint find its templates?"),
)
TASKS = ("Find every caller of post_entry", "Check the rounding in the cart", "Compare both retry policies")
REQUESTS = (
    "The checkout rounds 10.005 down. Find out why and fix it, with a test.",
    "Why is the nightly posting run slower since Tuesday?",
    "Bring the on-call page up to date with the new alerts.",
)
ANSWERS = (
    "The amount was rounded twice: once per line and once in the total. It is rounded once now, and a test holds it.",
    "The index on posting (day) was lost in a migration; with it the run takes 40 s again.",
    "The page lists the six alerts, whom they wake, and the first thing to look at for each.",
)
REASONS = (
    "The model did not answer within 120 s.",
    "429 Too Many Requests: the plan's limit is reached; it is lifted at the full hour.",
    "The agent ended with exit code 1 before it stored an observation.",
    "The answer held no observation: expected <observation>, found plain text.",
)
"""Why an attempt failed."""


class AgentError(Exception):
    """An attempt that came to nothing, with one of `REASONS`."""


Call = tuple[dict[str, Any], Any]


def _read(project: Project, dice: Random) -> Call:
    path = f"{project.folder}/{dice.choice(project.files)}"
    lines = dice.randint(20, 120)
    return {"file_path": path}, _whole(path, lines)


def _edit(project: Project, dice: Random) -> Call:
    path = f"{project.folder}/{dice.choice(project.files)}"
    change = {"file_path": path, "old_string": "total = round(total, 2)", "new_string": "total = to_cents(total)"}
    return change, {"filePath": path, "success": True}


def _bash(project: Project, dice: Random) -> Call:
    command, description, output = dice.choice(COMMANDS)
    return {"command": command, "description": description}, {"stdout": output, "stderr": "", "interrupted": False}


def _grep(project: Project, dice: Random) -> Call:
    asked = {"pattern": dice.choice(PATTERNS), "path": project.folder, "output_mode": "files_with_matches"}
    return asked, {"filenames": [f"{project.folder}/{name}" for name in project.files[:2]], "numFiles": 2}


def _glob(project: Project, dice: Random) -> Call:
    return {"pattern": "**/*.md"}, {"filenames": list(project.files), "truncated": False}


def _fetch(project: Project, dice: Random) -> Call:
    address, question = dice.choice(PAGES)
    return {"url": address, "prompt": question}, {"code": 200, "result": "A checkpoint waits for readers, not writers."}


def _task(project: Project, dice: Random) -> Call:
    asked = {"description": dice.choice(TASKS), "prompt": "Look, and report.", "subagent_type": "general-purpose"}
    return asked, {"content": [{"type": "text", "text": "Nine callers, all in two packages."}]}


def _todos(project: Project, dice: Random) -> Call:
    todos = [{"content": text, "status": "pending"} for text in TASKS[: dice.randint(1, 3)]]
    return {"todos": todos}, {"newTodos": len(todos)}


TOOLS: dict[str, tuple[int, Callable[[Project, Random], Call]]] = {
    "Read": (30, _read),
    "Edit": (24, _edit),
    "Bash": (22, _bash),
    "Grep": (10, _grep),
    "Glob": (4, _glob),
    "WebFetch": (3, _fetch),
    "Task": (3, _task),
    "TodoWrite": (4, _todos),
}
"""Each tool: how often it is used, out of a hundred, and what makes a call of it."""


def observation(project: Project, dice: Random) -> PendingMessage:
    """One tool call; most are encoded twice, as claude-mem does it."""
    weights = [weight for weight, _ in TOOLS.values()]
    tool = dice.choices(list(TOOLS), weights)[0]
    asked, answered = TOOLS[tool][1](project, dice)
    twice = dice.random() < 0.8
    return PendingMessage(
        type="observation",
        tool_name=tool,
        tool_input=json.dumps(asked) if twice else asked,
        tool_response=json.dumps(answered) if twice else answered,
        cwd=project.folder,
        prompt_number=dice.randint(1, 9),
    )


def summary(dice: Random) -> PendingMessage:
    """The request for a summary that ends a session."""
    chosen = dice.randrange(len(REQUESTS))
    return PendingMessage("summarize", last_user_message=REQUESTS[chosen], last_assistant_message=ANSWERS[chosen])


def failure(dice: Random) -> AgentError:
    """What a handler raises."""
    return AgentError(dice.choice(REASONS))


def large(project: Project) -> PendingMessage:
    """A file of some 300 KB, read as a whole."""
    path = f"{project.folder}/fixtures/orders.sql"
    asked, answered = json.dumps({"file_path": path}), json.dumps(_whole(path, 7000))
    return PendingMessage("observation", "Read", asked, answered, cwd=project.folder, prompt_number=4)


def _whole(path: str, lines: int) -> dict[str, Any]:
    content = "\n".join(f"{number:5}\tentry_{number} = post(account={number % 97})" for number in range(1, lines + 1))
    return {"type": "text", "file": {"filePath": path, "content": content, "numLines": lines}}
