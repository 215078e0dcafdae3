"""Every test has time: how long a page may count, look or wait for an operation is for a story that says so itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
BUDGETS = (
    "webui.store.counting.BUDGET", "webui.store.diagnosis.BUDGET", "webui.store.preview.BUDGET",
    "webui.store.scan.BUDGET", "webui.store.scan.SEARCH_BUDGET", "webui.store.trash.BUDGET",
)  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def no_hurry() -> Iterator[None]:
    """A busy machine is slow, not wrong."""
    with pytest.MonkeyPatch.context() as patch:
        for budget in BUDGETS:
            patch.setattr(budget, 30_000)
        patch.setattr("webui.views.operations.PATIENCE", 8.0)  # a browser waits for ten
        patch.setattr("webui.store.gentle.AT_ONCE", 30.0)
        yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an operation has not done at once, it goes on with in the background."""
    monkeypatch.setattr("webui.views.operations.PATIENCE", 0.1)
