from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import chromium


def test_a_named_browser_that_does_not_run_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(chromium.VARIABLE, "/no/such/browser")
    assert chromium.main() == 1
    assert capsys.readouterr().err == (
        "UNSTICK_TEST_BROWSER=/no/such/browser is not a browser that runs without a window. Name another, or none.\n"
    )


def test_a_stub_that_only_says_what_to_install_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stub = tmp_path / "chromium"
    stub.write_text("#!/bin/sh\necho 'snap install chromium'\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.find_browser() != str(stub)
