"""What one walk may take."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.interpreter import budget
from flake8_forksafe.interpreter.budget import BudgetExceeded, StepBudget


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
    source = "from celery import Celery\napp = Celery()\n" + "x = 1\n" * 100
    report = check(write(tmp_path, {"pyproject.toml": "", "proj/__init__.py": "", "proj/celery.py": source}))
    assert any("the analysis was stopped" in note.text for trace in report.traces for note in trace.notes)
