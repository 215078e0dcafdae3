"""A short proof under fault; the long one is `make soak`."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest

from tests.store.backends import Backend
from tests.store.kill.__main__ import main, run
from tests.store.kill.driver import Crew, Plan, Report, prove
from tests.store.kill.history import Call, Recorder, read
from tests.store.kill.processes import Load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "histories"
    folder.mkdir()
    return folder


def shown(report: Report) -> Report:
    print(report)
    return report


def test_nothing_is_lost_or_acknowledged_twice_while_workers_are_killed(backend: Backend, folder: Path) -> None:
    plan = Plan(workers=4, kills=10, messages=300, seed=random.getrandbits(32))
    report = shown(prove(backend.url, folder, plan))
    assert report.problems == []
    assert report.killed == 10
    assert len(report.rows) >= 290
    assert report.refused > 0


def test_it_finds_the_bug_when_the_claim_check_is_taken_out(backend: Backend, folder: Path) -> None:
    plan = Plan(workers=4, kills=0, messages=200, seed=random.getrandbits(32), late=0.5, fenced=False)
    report = shown(prove(backend.url, folder, plan))
    assert any(problem.startswith("a stale claim was accepted") for problem in report.problems)


def test_the_long_run_says_what_it_saw_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert main(["--on", "sqlite", "--workers", "2", "--kills", "2", "--messages", "40", "--seed", "7"]) == 0
    output = capsys.readouterr().out
    for figure in ("sqlite: 2 workers and a producer", "seed 7", "2 kills", "messages", "claims", "0 violations"):
        assert figure in output
    assert list(tmp_path.iterdir()) == []


def test_the_long_run_fails_and_keeps_the_histories_when_a_promise_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert run("sqlite", Plan(workers=4, kills=0, messages=200, seed=7, late=0.5, fenced=False)) == 1
    assert "a stale claim was accepted" in capsys.readouterr().out
    assert any(read(path) for path in tmp_path.glob("*/histories/work-*.jsonl"))


def test_a_worker_that_fails_is_a_problem(folder: Path) -> None:
    crew = Crew(Load(f"sqlite:///{folder}/none.db", (1,), str(folder), "", 0, 1), Plan(1, 0, 0, 0))
    while not crew.problems:
        crew.look_after()
    crew.end()
    assert "There is no database" in crew.problems[0]


def test_a_history_tells_what_was_answered_and_what_a_kill_cut_off(folder: Path) -> None:
    path = folder / "work-1.jsonl"
    recorder = Recorder(path)
    recorder.call("claim", None, lambda: [7], lambda ids: ids)
    recorder.call("ack", [7, 10, 0], lambda: None, bool)
    whole = read(path)
    assert [(call.who, call.name, call.given, call.answer, call.unknown) for call in whole] == [
        ("work-1", "claim", None, [7], False),
        ("work-1", "ack", [7, 10, 0], False, False),
    ]
    times = [time for call in whole for time in (call.began, call.ended or 0)]
    assert times == sorted(times)
    path.write_bytes(path.read_bytes()[:-3])
    ack = whole[1]
    assert read(path) == [whole[0], Call(ack.who, ack.name, ack.given, ack.began)]
