"""Claims under a clock that mostly stands still: several workers hold claims and use them whenever they like, while
operators and the contract release messages. The model knows which claim is the live one; the store must answer True to
that one and to no other."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.store.backends import BACKENDS, Clock, Raw
from tests.store.operating import changed, retry_stuck, take_back
from webui.store import (
    Message,
    PendingMessageStore,
    WrongState,
    act,
    browse,
    claims,
    open_store,
    statements,
)

TABLE = "SELECT id, status, started_processing_at_epoch, retry_count FROM pending_messages ORDER BY id"
MAX_RETRIES = 1


@dataclass(frozen=True)
class Row:
    """A row of the table, and the number of the claim that holds it."""

    status: str = "pending"
    started: int | None = None
    retry_count: int = 0
    claim: int | None = None


@dataclass(frozen=True)
class Held:
    """What a worker has of the claim with this number."""

    claim: int
    message: Message


class Claims(RuleBasedStateMachine):
    """With `steps_back` the clock goes both ways; then a claim passes for another with its very start and retries."""

    store: PendingMessageStore
    raw: Raw
    clock: Clock
    steps_back: bool

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.raw.run("DELETE FROM pending_messages")
        self.session = self.store.ensure_session("alpha", "red")
        self.rows: dict[int, Row] = {}
        self.actions: list[tuple[int | None, dict[int, Row]]] = []
        self.claims = 0
        self.enqueue()

    def stands(self, held: Held) -> bool:
        """What the store must say of a claim."""
        row, message = self.rows[held.message.id], held.message
        known = (message.started_processing_at_epoch, message.retry_count) == (row.started, row.retry_count)
        return row.status == "processing" and known and (row.claim == held.claim or self.steps_back)

    @invariant()
    def rows_are_equal(self) -> None:
        rows = [(id, row.status, row.started, row.retry_count) for id, row in sorted(self.rows.items())]
        assert [tuple(row.values()) for row in self.raw.run(TABLE)] == rows

    @precondition(lambda self: sum(row.status in ("pending", "processing") for row in self.rows.values()) < 2)
    @rule()
    def enqueue(self) -> None:
        self.rows[self.store.enqueue(self.session, "alpha", {"type": "observation"})] = Row()

    @rule(step=st.sampled_from([1, 1, 2, 5]), back=st.booleans())
    def tick(self, step: int, back: bool) -> None:
        self.clock.tick(-step if back and self.steps_back else step)

    @rule(target=held, batch=st.sampled_from([None, 1, 2, 3]))
    def claim(self, batch: int | None) -> Any:
        if batch is None:
            message = self.store.claim_next_message(self.session)
            messages = [message] if message else []
        else:
            messages = claims.claim_messages(self.store, limit=batch)
        pending = [id for id, row in sorted(self.rows.items()) if row.status == "pending"]
        assert [message.id for message in messages] == pending[: batch or 1]
        return multiple(*map(self._claimed, messages))

    def _claimed(self, message: Message) -> Held:
        self.claims += 1
        row = self.rows[message.id]
        self.rows[message.id] = replace(row, status="processing", started=self.clock(), claim=self.claims)
        return Held(self.claims, message)

    @rule(held=held)
    def acknowledge(self, held: Held) -> None:
        stands, id = self.stands(held), held.message.id
        assert self.store.mark_processed(id, claim=held.message) is stands, held
        if stands:
            self.rows[id] = replace(self.rows[id], status="processed", claim=None)

    @rule(held=held)
    def fail(self, held: Held) -> None:
        stands, id = self.stands(held), held.message.id
        assert self.store.mark_failed(id, claim=held.message) is stands, held
        row = self.rows[id]
        if stands and row.retry_count < MAX_RETRIES:
            self.rows[id] = Row(retry_count=row.retry_count + 1)
        elif stands:
            self.rows[id] = replace(row, status="failed", claim=None)

    @rule(target=held, held=held)
    def renew(self, held: Held) -> Any:
        stands, id = self.stands(held), held.message.id
        renewed = claims.renew_claim(self.store, held.message)
        assert (renewed is not None) is stands, held
        if renewed is None:
            return multiple()
        self.rows[id] = replace(self.rows[id], started=self.clock())
        return Held(held.claim, renewed)

    @rule(threshold=st.sampled_from([0, 0, 1, 3]), operator=st.booleans())
    def release_what_is_stuck(self, threshold: int, operator: bool) -> None:
        cutoff = self.clock() - threshold
        held = [(id, row.started) for id, row in sorted(self.rows.items()) if row.status == "processing"]
        stuck = [id for id, started in held if started is not None and started < cutoff]
        if operator:
            done = retry_stuck(self.store, cutoff)
            assert changed(self.store, done) == stuck
            self.actions.append((done.id, self._released(stuck)))
        else:
            assert self.store.retry_all_stuck(threshold) == len(stuck)
            self._released(stuck)

    @rule()
    def reset_a_session(self) -> None:
        """Not what was claimed in this very millisecond: that is tested below."""
        self.clock.tick()
        self.store.reset_processing_to_pending(self.session)
        self._released([id for id, row in self.rows.items() if row.status == "processing"])

    @rule(held=held)
    def retry_one(self, held: Held) -> None:
        id = held.message.id
        try:
            outcome = act.retry(self.store, id, browse.get_row(self.store, id).seen, actor="operator")
        except WrongState:
            return
        self.actions.append((outcome.journal_id, self._released(outcome.done)))

    @rule()
    def undo(self) -> None:
        line, before = self.actions.pop() if self.actions else (None, {})
        if line is not None:
            with suppress(WrongState):
                self.rows |= {id: before[id] for id in take_back(self.store, line)}

    def _released(self, ids: Any) -> dict[int, Row]:
        """Make the rows pending; returns what they were."""
        before = {id: self.rows[id] for id in ids}
        self.rows |= {id: Row(retry_count=row.retry_count) for id, row in before.items()}
        return before


def explore(backend: str, folder: Path, *, steps_back: bool = False, examples: int = 60) -> None:
    """Look for a sequence of calls after which a claim stands that should not, or does not stand that should."""
    limits = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    clock = Clock()
    with BACKENDS[backend](folder) as place:
        store = open_store(place.url, max_retries=MAX_RETRIES, clock=clock, create=True)
        raw = place.raw()
        machine = type("Machine", (Claims,), {"store": store, "raw": raw, "clock": clock, "steps_back": steps_back})
        try:
            run_state_machine_as_test(machine, settings=limits)
        finally:
            raw.close()
            store.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_claim_stands_exactly_while_it_is_the_live_one(backend: str, tmp_path: Path) -> None:
    explore(backend, tmp_path)


@pytest.mark.parametrize("backend", BACKENDS)
def test_when_the_clock_steps_back_only_a_claim_with_the_same_start_and_retries_passes(
    backend: str, tmp_path: Path
) -> None:
    explore(backend, tmp_path, steps_back=True)


BY_START = re.compile(r"\[AND started_processing_at_epoch.*?\]", re.DOTALL)
BY_RETRIES = re.compile(r"\[AND retry_count.*?\]")
THIS_MILLISECOND = re.compile(r"\[AND \(status <> 'processing'.*?\]")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("module", "name", "guard"),
    [
        (statements, "STANDS", re.compile(".+", re.DOTALL)),
        (statements, "STANDS", BY_START),
        (statements, "STANDS", BY_RETRIES),
        (act, "SEEN", THIS_MILLISECOND),
    ],
    ids=["the-claim-check", "its-start", "its-retries", "this-very-millisecond"],
)
def test_the_model_finds_the_bug_when_a_guard_is_taken_out(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, guard: re.Pattern[str]
) -> None:
    without, times = guard.subn("", getattr(module, name))
    assert times == 1
    monkeypatch.setattr(module, name, without)
    with pytest.raises(AssertionError, match="Held"):
        explore(backend, tmp_path, examples=2_000)
