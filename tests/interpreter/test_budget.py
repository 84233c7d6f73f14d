"""What one walk may take."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.interpreter import budget
from flake8_forksafe.interpreter.budget import BudgetExceeded, StepBudget
from flake8_forksafe.interpreter.records import Node


def test_steps_are_counted_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "STEP_LIMIT", 10)
    spent = StepBudget()
    spent.step()
    spent.step(9)
    assert spent.steps == 10
    with pytest.raises(BudgetExceeded):
        spent.step()


def test_a_boot_that_is_stopped_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "STEP_LIMIT", 50)
    monkeypatch.setattr(budget, "STEPS_PER_MODULE", 0)
    monkeypatch.setattr(budget, "STEPS_PER_STATEMENT", 0)
    source = "from celery import Celery\napp = Celery()\n" + "x = 1\n" * 100
    report = check(write(tmp_path, {"pyproject.toml": "", "proj/__init__.py": "", "proj/celery.py": source}))
    (stop,) = [note for trace in report.traces for note in trace.notes if "the analysis was stopped" in note.text]
    assert (stop.module, stop.line) == ("proj.celery", 50), "the line being executed"


def test_modules_add_to_what_may_be_taken() -> None:
    spent = StepBudget()
    spent.module(statements=100)
    assert spent.limit == budget.STEP_LIMIT + budget.STEPS_PER_MODULE + 100 * budget.STEPS_PER_STATEMENT


def test_the_rounds_of_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "ROUND_LIMIT", 2)
    spent = StepBudget()
    assert [spent.round((Node("m"), line)) for line in (1, 1, 2, 1, 1)] == [0, 0, 0, 1, 2]


def test_executions_that_stand_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "WIDENED_LIMIT", 1)
    spent = StepBudget()
    assert [spent.may_widen((Node("m"), line)) for line in (1, 1, 2)] == [True, False, True]
