"""What the strict Content-Security-Policy would block, and what would slip past autoescaping, is in no template."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from tests.project.places import ROOT

HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.is_file())
OWN_STATIC = sorted(path for path in (ROOT / "static").glob("*.*") if path.suffix in (".css", ".js", ".svg"))

FORBIDDEN = {
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an inline style": r"<style\b|\sstyle\s*=",
    "an inline event handler": r"\son[a-z]+\s*=",
    "code in a URL": r"javascript:",
    "htmx code in an attribute": r"\bhx-on\b|\bjs:",
    "another origin": r"""(?:src|href|action|hx-\w+)\s*=\s*["']?(?:https?:)?//""",
    "markup that is not escaped": r"\|\s*safe\b|autoescape\s+false|Markup\(",
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.parametrize("wrong", FORBIDDEN)
def test_a_template_holds_only_markup(template: Path, wrong: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text("utf-8"), flags=re.DOTALL)
    assert re.findall(FORBIDDEN[wrong], text, re.IGNORECASE) == []


def test_templates_are_there_and_all_are_autoescaped() -> None:
    assert TEMPLATES
    assert {path.suffix for path in TEMPLATES} == {".html"}


@pytest.mark.parametrize("path", OWN_STATIC, ids=lambda path: path.name)
def test_static_files_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]+|@import|url\(\s*['\"]?(?!data:)", text) == []


def test_htmx_is_the_released_file() -> None:
    script = ROOT / "static" / "vendor" / "htmx-4.0.1.min.js"
    assert hashlib.sha256(script.read_bytes()).hexdigest() == HTMX
