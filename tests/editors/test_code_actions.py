"""Code actions for editors: what they hold, that they fit the buffers, and that a request does not wait long."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers import PATIENCE_S, check, write
from repairable import SHOP, applied

from flake8_forksafe.editors.code_actions import Buffer, CodeActions, Question, workspace_edit

pytestmark = pytest.mark.costly


def diagnostic(code: str, line: int) -> dict[str, Any]:
    """A finding as flake8's plugin of a server tells it, in a 1-based line."""
    return {"code": code, "range": {"start": {"line": line - 1, "character": 0}}}


def nothing_open(path: str) -> None:
    """No other file is open."""


@pytest.fixture
def actions() -> Iterator[CodeActions]:
    made = CodeActions(wait_s=PATIENCE_S)
    yield made
    made.stop()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return write(tmp_path / "work", SHOP)


def buffer_of(path: Path, text: str | None = None, version: int = 3) -> Buffer:
    return Buffer(str(path), path.read_text() if text is None else text, path.as_uri(), version)


def test_the_edits_fit_the_text_of_the_buffer(shop: Path, actions: CodeActions) -> None:
    path = shop / "shop/tasks.py"
    text = "# 🐍 not saved\n" + SHOP["shop/tasks.py"].removesuffix("\n")
    context = {"diagnostics": [diagnostic("FS102", 4), diagnostic("E501", 4)]}
    (action,) = actions.offered(buffer_of(path, text), str(shop), context, nothing_open)
    assert action["title"] == "forksafe: move 'from shop import ai, prices' into describe(), price() (shop/tasks.py:4)"
    assert (action["kind"], action["isPreferred"]) == ("quickfix", True)
    assert action["diagnostics"] == [diagnostic("FS102", 4)]
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": path.as_uri(), "version": 3}
    path.write_text(applied(text, change["edits"]))
    assert not check(shop, app="shop.celery").findings


def test_other_files_are_edited_unless_they_are_open_and_differ(shop: Path, actions: CodeActions) -> None:
    buffer = buffer_of(shop / "shop/ai.py")
    context = {"diagnostics": [diagnostic("FS101", 1)]}
    tasks = shop / "shop/tasks.py"
    (action,) = actions.offered(buffer, str(shop), context, nothing_open)
    (change,) = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": tasks.as_uri(), "version": None}
    (action,) = actions.offered(buffer, str(shop), context, lambda path: buffer_of(tasks, version=9))
    assert action["edit"]["documentChanges"][0]["textDocument"] == {"uri": tasks.as_uri(), "version": 9}
    assert actions.offered(buffer, str(shop), context, lambda path: buffer_of(tasks, "other\n")) == []


def test_what_is_known_is_not_computed_again_until_something_changes(
    shop: Path, actions: CodeActions, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **options: started.append(1) or popen(*args, **options))
    buffer = buffer_of(shop / "shop/ai.py")
    context = {"diagnostics": [diagnostic("FS101", 1)]}
    first = actions.offered(buffer, str(shop), context, nothing_open)
    assert first and first == actions.offered(buffer, str(shop), context, nothing_open) and len(started) == 1
    text = SHOP["shop/tasks.py"].replace("x)", "x, *more)")
    (shop / "shop/tasks.py").write_text(text)
    assert actions.offered(buffer, str(shop), context, nothing_open) and len(started) == 2
    assert actions.offered(buffer._replace(text=buffer.text + "\n"), str(shop), context, nothing_open)
    assert len(started) == 3


@pytest.mark.parametrize(
    "context",
    [
        {"diagnostics": []}, {}, {"diagnostics": [diagnostic("F401", 1)]}, {"diagnostics": [{"message": "x"}]},
        {"diagnostics": [diagnostic("FS101", 1)], "only": ["refactor", "source.fixAll"]},
    ],
)  # fmt: skip
def test_nothing_is_computed_for_what_is_not_ours(context: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert (
        CodeActions().offered(Buffer("/x/a.py", "import torch\n", "file:///x/a.py"), "/x", context, nothing_open) == []
    )


def test_a_request_does_not_wait_for_what_takes_long(shop: Path, actions: CodeActions) -> None:
    buffer = buffer_of(shop / "shop/ai.py")
    context = {"diagnostics": [diagnostic("FS101", 1)], "only": ["quickfix"]}
    actions.wait_s = 0.0
    assert actions.offered(buffer, str(shop), context, nothing_open) == []
    actions.wait_s = PATIENCE_S
    assert actions.offered(buffer, str(shop), context, nothing_open)


def test_a_computation_that_fails_offers_nothing(shop: Path, actions: CodeActions) -> None:
    (shop / "pyproject.toml").write_text("[tool.forksafe]\napp = 3\n")
    context = {"diagnostics": [diagnostic("FS101", 1)]}
    assert actions.offered(buffer_of(shop / "shop/ai.py"), str(shop), context, nothing_open) == []
    assert actions.findings(Question(str(shop / "shop/ai.py"), "import torch\n", str(shop / "gone"))) is None


def test_a_checkout_cannot_put_itself_in_the_place_of_the_program(shop: Path, actions: CodeActions) -> None:
    trap = f"open({str(shop / 'sprung')!r}, 'w')\n"
    write(shop, {"flake8_forksafe/__init__.py": trap, "flake8_forksafe/__main__.py": trap, "argparse.py": trap})
    context = {"diagnostics": [diagnostic("FS101", 1)]}
    assert actions.offered(buffer_of(shop / "shop/ai.py"), str(shop), context, nothing_open)
    assert not (shop / "sprung").exists()


def test_positions_count_what_clients_count() -> None:
    edits = [{"path": "a.py", "location": {"row": 2, "column": 1}, "end_location": {"row": 2, "column": 4},
              "content": "x"}]  # fmt: skip
    base = os.path.abspath(os.sep)
    buffer = Buffer(os.path.join(base, "a.py"), "\r\n🐍🐍b", "file:///a.py", 1)
    (change,) = (workspace_edit(edits, base, lambda path: buffer) or {})["documentChanges"]
    assert change["edits"][0]["range"]["end"] == {"line": 1, "character": 5}
    assert workspace_edit(edits, base, lambda path: buffer._replace(text="\n🐍")) is None
    assert workspace_edit(edits, base, lambda path: None) is None


def test_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, types; stub = types.ModuleType('pylsp'); stub.hookimpl = lambda f: f; sys.modules['pylsp'] = stub;"
        "from flake8_forksafe.editors.pylsp_plugin import PLUGIN; PLUGIN.pylsp_shutdown();"
        "print(PLUGIN.pylsp_settings(), *{'libcst', 'networkx', 'yaml', 'flake8', 'packaging'} & set(sys.modules),"
        "*(name for name in sys.modules if name.startswith(('flake8_forksafe.fix', 'flake8_forksafe.analysis'))))"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "{'plugins': {'forksafe': {'enabled': True}}}\n"
    assert time.monotonic() - began < PATIENCE_S
