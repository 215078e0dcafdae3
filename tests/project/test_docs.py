"""What can be set, filtered or done is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.places import ROOT
from webui import config
from webui.actions import ACTIONS
from webui.store.filters import FIELDS, Filters
from webui.store.search import canonical
from webui.store.tune import INDEXES, Index

OPERATORS = (ROOT / "docs" / "operators.md").read_text("utf-8")
EMBEDDING = (ROOT / "docs" / "embedding.md").read_text("utf-8")


@pytest.mark.parametrize("name", list(config.table()))
def test_a_setting_is_documented_with_its_sentence(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|.*\| {re.escape(config.table()[name].sentence)} \|$", EMBEDDING, re.MULTILINE)


def test_the_table_of_filters_is_the_one_of_the_code() -> None:
    typed = {field.name: canonical(Filters.parse({field.name: field.example})) for field in FIELDS}
    lines = [f"| `{typed[field.name]}` | `{field.name}` | {field.hint} |" for field in FIELDS]
    assert "\n".join(["| in the box | in the address | what |", "|---|---|---|", *lines, ""]) in OPERATORS


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: index.name)
def test_an_index_is_documented(index: Index) -> None:
    assert f"`{re.sub('attempts_.*', 'attempts_…', index.name)}`" in OPERATORS


@pytest.mark.parametrize("action", list(ACTIONS))
def test_an_action_is_documented_for_operators_and_for_may(action: str) -> None:
    assert f"**{ACTIONS[action].label}**" in OPERATORS
    assert f"`{action}`" in EMBEDDING


@pytest.mark.parametrize("path", [*sorted(ROOT.glob("docs/*.md")), ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        assert target.startswith("https://") or (path.parent / target).is_file(), target
