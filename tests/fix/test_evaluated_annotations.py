"""What pydantic, FastAPI and Celery make of an annotation whose import was moved, and that it is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from deferring import FUTURE, deferred, run

from flake8_forksafe.fix.text import Refused

pytest.importorskip("pydantic")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("heavy")]

ITEM = "\nimport pydantic\n\n\nclass Item(pydantic.BaseModel):\n    size: int\n"
IMPORT = "from heavy import Item\n"
NAIVE = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from heavy import Item\n"


@pytest.fixture
def items(tmp_path: Path, heavy: None) -> None:
    """The package ``heavy`` with a model that a request or a task receives."""
    with (tmp_path / "heavy" / "__init__.py").open("a") as stream:
        stream.write(ITEM)


def assert_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        deferred(f"{FUTURE}{text}")


@pytest.mark.usefixtures("items")
def test_a_field_of_a_model_is_not_fully_defined() -> None:
    import pydantic

    text = (
        f"{IMPORT}import pydantic\nclass Order(pydantic.BaseModel):\n    item: Item\n"
        "def check():\n    return Order(item={'size': 2}).item.size\n"
    )
    assert run(f"{FUTURE}{text}") == (True, 2)
    with pytest.raises(pydantic.errors.PydanticUserError, match="is not fully defined"):
        run(f"{FUTURE}{text.replace(IMPORT, NAIVE)}")
    assert_refused(text, "which pydantic evaluates")


@pytest.mark.usefixtures("items")
def test_the_body_of_a_request_becomes_a_query_parameter() -> None:
    pytest.importorskip("fastapi")
    text = (
        f"{IMPORT}from fastapi import FastAPI\napp = FastAPI()\n@app.post('/')\ndef order(item: Item):\n"
        "    return item.size\ndef check():\n    return app\n"
    )
    told = [status_of(run(f"{FUTURE}{one}")[1]) for one in (text, text.replace(IMPORT, NAIVE))]
    assert told == [200, 422]
    assert_refused(text, "which fastapi evaluates")


def status_of(app: Any) -> int:
    """What an ASGI app answers to a request that has an item in its body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'{"size": 2}', "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "", "client": ("a", 1), "server": ("a", 80),
        "headers": [(b"content-type", b"application/json")],
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.usefixtures("items")
def test_a_task_silently_receives_a_dictionary() -> None:
    text = (
        f"{IMPORT}from celery import Celery\napp = Celery('ai')\n@app.task(pydantic=True)\n"
        "def order(item: Item):\n    return type(item).__name__\ndef check():\n    return order({'size': 2})\n"
    )
    assert [run(f"{FUTURE}{one}")[1] for one in (text, text.replace(IMPORT, NAIVE))] == ["Item", "dict"]
    assert_refused(text, "which pydantic=True evaluates")


@pytest.mark.usefixtures("items")
def test_a_task_without_the_option_works_after_a_move() -> None:
    text = (
        f"{FUTURE}{IMPORT}from celery import Celery\napp = Celery('ai')\n@app.task\n"
        "def order(item: Item):\n    return item\ndef check():\n    return order(3)\n"
    )
    assert run(text) == (True, 3)
    assert run(deferred(text)) == (False, 3)
