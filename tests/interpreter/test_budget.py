"""What one walk may take."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.interpreter import budget
from flake8_forksafe.interpreter.budget import BudgetExceeded, StepBudget
from flake8_forksafe.interpreter.records import Node, Note


def test_steps_are_counted_until_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "STEP_LIMIT", 10)
    spent = StepBudget()
    spent.step()
    spent.step(9)
    assert spent.steps == 10
    with pytest.raises(BudgetExceeded):
        spent.step()


LONG = """
def f(n):
    try:
        for a in range(20):
            for b in range(20):
                if b < n:
                    raise KeyError(b)
    except KeyError:
        raise
"""
APP = "from celery import Celery\napp = Celery()\n"


def notes_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], limit: int) -> list[Note]:
    """What a boot that may take a few steps says."""
    for name, value in (("STEP_LIMIT", limit), ("STEPS_PER_MODULE", 0), ("STEPS_PER_STATEMENT", 0)):
        monkeypatch.setattr(budget, name, value)
    report = check(write(tmp_path, {"pyproject.toml": "", "proj/__init__.py": "", **files}))
    return [note for trace in report.traces for note in trace.notes]


def test_a_boot_that_is_stopped_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "EXTENSIONS", 1)
    monkeypatch.setattr(budget, "STEPS_PER_EXTENSION", 10)
    notes = notes_of(tmp_path, monkeypatch, {"proj/celery.py": APP + "x = 1\n" * 100}, 50)
    assert [(note.module, note.line) for note in notes] == [("proj.celery", 51), ("proj.celery", 62)]
    assert ["used up its steps" in note.text for note in notes] == [True, False]
    assert "the analysis was stopped here" in notes[1].text


def test_what_follows_a_statement_without_end_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind it is certain: no ``try`` around what was given up is left over."""
    source = APP + LONG
    notes = notes_of(tmp_path, monkeypatch, {"proj/celery.py": source + "y = f(1)\nimport torch\ny.z()\n"}, 100)
    assert [(note.code, note.line) for note in notes] == [("FS192", 12)]
    (found,) = [one for one in check(tmp_path).findings if one.code == "FS101"]
    assert (found.line, found.what[:10]) == (13, "'torch' is")


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
