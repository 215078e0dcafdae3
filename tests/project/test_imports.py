"""Imports point one way. A new module takes its place in a table below."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.places import ROOT

LAYERS = (
    {"__main__"},
    {"cli"},
    {"app", "demo", "serving"},
    {"config", "secret", "extension"},
    {"views", "blueprint"},
    {"rendering"},
    {"bulk", "kept", "live", "progress", "templating"},
    {"forms", "actions", "timeline", "health"},
    {"places"},
    {"columns"},
    {"wording", "target", "payload", "routing", "csrf", "headers", "logbook", "assets"},
    {"texts"},
    {"json_text", "options", "compression"},
    {"guard", "origins", "worker"},
    {"loopback", "version", "store"},
)
"""The parts of `webui` from the top down: each imports from the layers below its own only. (`webui/__init__.py` is the
way in from outside: it hands on three names, and nobody inside asks it.)"""

STORE = (
    {"consume", "copy", "counting", "export", "runner"},
    {"delivery", "preview", "working"},
    {"operations", "retention"},
    {"gentle"},
    {"selection", "history", "undo"},
    {"act", "browse", "claims", "diagnosis", "postgres", "search", "sqlite", "trash", "tune", "views"},
    {"journal", "scan", "postgres_watch"},
    {"postgres_driver", "sqlite_transaction", "store"},
    {
        "migrate",
        "rows",
        "statements",
        "postgres_errors",
        "postgres_statements",
        "postgres_shape",
        "sqlite_errors",
        "sqlite_shape",
    },
    {"pace", "sqlite_watch"},
    {"database", "orders"},
    {"filters"},
    {"narrowing"},
    {"schema"},
    {"dialect", "encoding"},
    {"errors", "keyset"},
    {"model", "sqlite_fork", "stopping"},
    {"sentence"},
)
"""The same inside `webui.store`, whose `__init__.py` is above them all."""

DRIVERS = {
    "sqlite3": {"webui.store.sqlite", "webui.store.sqlite_transaction"},
    "psycopg": {"webui.store.postgres_driver", "webui.store.postgres_statements"},
    "psycopg_pool": {"webui.store.postgres_driver"},
}
"""Who may import a database's driver."""

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted((ROOT / "webui").rglob("*.py"))
}


def layer(part: str, layers: tuple[set[str], ...]) -> int:
    found = [number for number, parts in enumerate(layers) if part in parts]
    assert found, f"{part} has no place in the table of layers"
    return found[0]


def imported(path: Path) -> Iterator[str]:
    """Every module that the file imports, wherever in it; `from webui import x` counts as webui.x."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            package = node.module in ("webui", "webui.store")
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if package else [str(node.module)]


@pytest.mark.parametrize("module", [module for module in FILES if module != "webui.__init__"])
def test_a_module_imports_from_below_only(module: str) -> None:
    part = module.split(".")[1]
    for target in imported(FILES[module]):
        names = target.split(".")
        if names[0] == "webui" and names[1] != part:
            assert layer(names[1], LAYERS) > layer(part, LAYERS), f"{module} may not import {target}"


@pytest.mark.parametrize("module", [module for module in FILES if module.startswith("webui.store.")])
def test_the_store_knows_itself_and_the_standard_library(module: str) -> None:
    part = module.split(".")[2]
    for target in imported(FILES[module]):
        names = target.split(".")
        known = names[:2] == ["webui", "store"] or names[0] in {*sys.stdlib_module_names, *DRIVERS}
        assert known, f"{module} imports {target}"
        if part != "__init__" and names[0] == "webui":
            assert layer(names[2], STORE) > layer(part, STORE), f"{module} may not import {target}"


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_is_known_to_one_file(driver: str) -> None:
    knowing = {module for module, path in FILES.items() if driver in {name.split(".")[0] for name in imported(path)}}
    assert knowing == DRIVERS[driver]


def test_the_tables_name_nothing_that_is_gone() -> None:
    parts = {module.split(".")[1] for module in FILES} - {"__init__"}
    assert set().union(*LAYERS) == parts
    assert set().union(*STORE) == {m.split(".")[2] for m in FILES if m.startswith("webui.store.")} - {"__init__"}
