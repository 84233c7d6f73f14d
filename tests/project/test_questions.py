"""Questions about the content of files: what they take for a task, and that no file makes them slow."""

from __future__ import annotations

import pytest

from flake8_forksafe.project.questions import QUESTIONS, celery, makes_tasks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@app.task\ndef f(): ...\n", True),
        ("from celery import shared_task\n@shared_task\ndef f(): ...\n", True),
        ("from shop.celery import task\n@task(bind=True)\ndef f(): ...\n", True),
        ("from invoke import task\n@task\ndef f(c): ...\n", False),
        ("from prefect import (\n    flow,\n    task,\n)\n@task\ndef f(): ...\n", False),
        ("from prefect import flow  # task\n@task\ndef f(): ...\n", True),
        ("import huey\n@huey.task()\ndef f(): ...\n", False),
        ("from invoke import task\n@task\ndef f(c): ...\n@app.task\ndef g(): ...\n", True),
        ("# @app.task\n", False),
    ],
)
def test_a_task_of_celery(text: str, expected: bool) -> None:
    assert makes_tasks(text.encode()) is expected
    assert celery(text.encode())[2] == expected


ARGUMENTS = {"head": (100,), "holds": ("celery",), "starts": ("gunicorn gunicorn.app",), "lines hold": (1, "a", 1, 2)}


@pytest.mark.parametrize("question", sorted(QUESTIONS))
@pytest.mark.parametrize(
    "piece",
    [
        "from huey import (\n",
        "from huey import a ",
        "(",
        '["a/',
        "@a.",
        "[ ",
        "# @task\n",
        "os.system('",
        "celery worker [",
    ],
)
def test_a_large_file_of_what_begins_something(question: str, piece: str) -> None:
    """Were a piece compared with all that follow it, this would take minutes."""
    QUESTIONS[question](("@task\n" + piece * (300_000 // len(piece))).encode(), *ARGUMENTS.get(question, ()))
