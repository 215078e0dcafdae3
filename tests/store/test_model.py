"""Long random sequences of every method, compared row by row with a plain model of the contract.

The clock mostly stands still, so that ties are the rule, and it also steps back and jumps.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.store.backends import BACKENDS, Clock
from tests.store.contract import Contract, Values, plain, with_project
from webui.store import Message, open_store

PAYLOADS: list[tuple[Any, str | None]] = [
    (None, None),
    ("", None),
    (0, None),
    ({}, "{}"),
    ([], "[]"),
    ({"a": [1.0, None]}, '{"a":[1,null]}'),
    ("é\ud800", '"é\\ud800"'),
]
TEXTS = [(None, None), ("", None), ("x", "x"), ("é 😀", "é 😀")]
SESSIONS = {1: ("alpha", "red"), 2: ("beta", "blue"), 3: ("gamma", "")}
NAMES = ["alpha", "beta", "gamma", "nobody"]
HUGE = 2**70

sessions = st.sampled_from([1, 1, 1, 2, 3, 99, HUGE])
thresholds = st.sampled_from([0, 0, 1, 2, 10, 60_000, -1, HUGE])
limits = st.sampled_from([0, 1, 2, 3, 10, -1])
ids = st.integers(min_value=1, max_value=12) | st.sampled_from([0, -1, 99, HUGE])
payloads = st.sampled_from(PAYLOADS)
texts = st.sampled_from(TEXTS)


class Conformance(RuleBasedStateMachine):
    backend: str
    max_retries = 3

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.places = ExitStack()
        self.clock = Clock()
        self.claims: list[tuple[Message, Values]] = []

    @initialize(max_retries=st.sampled_from([0, 1, 3]))
    def open(self, max_retries: int) -> None:
        place = self.places.enter_context(BACKENDS[self.backend](Path(self.folder.name)))
        self.store = open_store(place.url, max_retries=max_retries, clock=self.clock, create=True)
        self.raw = place.raw()
        self.model = Contract(self.clock, max_retries)
        for id, (name, project) in SESSIONS.items():
            assert self.store.ensure_session(name, project) == id
        self.model.sessions = dict(SESSIONS)

    def teardown(self) -> None:
        if hasattr(self, "raw"):
            self.raw.close()
            self.store.close()
        self.places.close()
        self.folder.cleanup()

    @invariant()
    def rows_are_equal(self) -> None:
        if hasattr(self, "raw"):
            assert self.raw.rows() == [self.model.rows[id] for id in sorted(self.model.rows)]

    def both(self, method: str, *arguments: Any) -> None:
        assert getattr(self.store, method)(*arguments) == getattr(self.model, method)(*arguments)

    @rule(step=st.sampled_from([1, 1, 1, 2, 10, 60_000, 1_800_000, -1, -2, -60_000]))
    def tick(self, step: int) -> None:
        self.clock.tick(step)

    @rule(
        session=st.sampled_from([1, 1, 2, 3]),
        name=st.sampled_from(NAMES),
        type=st.sampled_from(["observation", "summarize"]),
        payload=st.tuples(payloads, payloads),
        text=st.tuples(texts, texts, texts, texts),
        number=st.sampled_from([None, 0, 1, 7]),
    )
    def enqueue(self, session: int, name: str, type: str, payload: Any, text: Any, number: int | None) -> None:
        names = ("tool_input", "tool_response", "tool_name", "cwd", "last_user_message", "last_assistant_message")
        pairs = dict(zip(names, (*payload, *text), strict=True))
        given = {"type": type, "prompt_number": number, **{column: pair[0] for column, pair in pairs.items()}}
        stored = {"message_type": type, "prompt_number": number or None}
        stored |= {column: pair[1] for column, pair in pairs.items()}
        assert self.store.enqueue(session, name, given) == self.model.enqueue(session, name, stored)

    @rule(session=sessions)
    def claim_next_message(self, session: int) -> None:
        claimed, expected = self.store.claim_next_message(session), self.model.claim_next_message(session)
        assert plain(claimed) == expected
        if claimed is not None and expected is not None:
            self.claims.append((claimed, expected))

    @rule(
        mark=st.sampled_from(["mark_processed", "mark_failed"]),
        which=st.integers(min_value=0, max_value=20),
    )
    def mark_with_a_claim(self, mark: str, which: int) -> None:
        if self.claims:
            message, row = self.claims[-1 - which % len(self.claims)]
            done = getattr(self.store, mark)(message.id, claim=message)
            assert done is getattr(self.model, mark)(message.id, row)

    @rule(
        method=st.sampled_from(
            ["mark_processing", "mark_processed", "mark_failed", "mark_failed", "retry_message", "abort_message"]
        ),
        id=ids,
    )
    def act_on_one(self, method: str, id: int) -> None:
        self.both(method, id)

    @rule(method=st.sampled_from(["get_stuck_count", "retry_all_stuck", "reset_stuck_messages"]), threshold=thresholds)
    def stuck(self, method: str, threshold: int) -> None:
        self.both(method, threshold)

    @rule(session=sessions)
    def reset_session(self, session: int) -> None:
        self.both("reset_processing_to_pending", session)

    @rule(retention=limits)
    def cleanup(self, retention: int) -> None:
        self.both("cleanup_processed", retention)

    @rule(session=sessions, id=ids)
    def look(self, session: int, id: int) -> None:
        self.both("get_pending_count", session)
        self.both("has_any_pending_work")
        self.both("get_sessions_with_pending_messages")
        assert [plain(m) for m in self.store.get_all_pending(session)] == self.model.get_all_pending(session)
        assert plain(self.store.get_message(id)) == self.model.get_message(id)
        info = self.store.get_session_info_for_message(id)
        assert (info and (info.session_db_id, info.content_session_id)) == self.model.get_session_info_for_message(id)

    @rule(limit=limits, minutes=st.sampled_from([30, 1, 0, -1, 10_000]))
    def list(self, limit: int, minutes: int) -> None:
        queue = self.store.get_queue_messages()
        assert [with_project(message) for message in queue] == self.model.get_queue_messages()
        recent = self.store.get_recently_processed(limit, minutes)
        assert [with_project(message) for message in recent] == self.model.get_recently_processed(limit, minutes)


@pytest.mark.parametrize("backend", BACKENDS)
def test_any_sequence_of_calls_leaves_the_rows_of_the_contract(backend: str) -> None:
    machine = type("Machine", (Conformance,), {"backend": backend})
    limits = settings(
        max_examples=40,
        stateful_step_count=60,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=limits)
