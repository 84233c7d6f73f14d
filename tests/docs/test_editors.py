"""What docs/editors.md says of python-lsp-server: with these settings it shows the codes, for unsaved text too."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import examples
import pytest
from helpers import PATIENCE_S, write
from repairable import applied

SAVED = "from proj.celery import app\n\n\ndef load():\n    return 1\n"
UNSAVED = "import polars\n" + SAVED.replace("return 1", "return polars.DataFrame()")
PROJECT = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": 'from celery import Celery\napp = Celery("proj", include=["proj.tasks"])\n',
    "proj/tasks.py": SAVED,
}


class Server:
    """A language server, spoken to as an editor does: JSON messages with a header, over its standard streams."""

    def __init__(self, directory: Path) -> None:
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pylsp"], cwd=directory, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while header := self.process.stdout.readline():
            size = int(header.partition(b":")[2]) if header.lower().startswith(b"content-length") else 0
            while self.process.stdout.readline().strip():
                pass
            self.messages.put(json.loads(self.process.stdout.read(size)))
        self.messages.put({"method": "exit"})

    def send(self, method: str, parameters: dict[str, Any], number: int | None = None) -> None:
        """Send a request, or a notification if it has no number."""
        message = {"jsonrpc": "2.0", "method": method, "params": parameters}
        body = json.dumps(message if number is None else {**message, "id": number}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def answer(self, number: int) -> Any:
        """The result of a request."""
        while True:
            message = self.messages.get(timeout=PATIENCE_S)
            assert message.get("method") != "exit", "the server has ended"
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def diagnostics(self) -> list[dict[str, Any]]:
        """The next diagnostics that come from flake8."""
        while True:
            message = self.messages.get(timeout=PATIENCE_S)
            assert message.get("method") != "exit", "the server has ended"
            if message.get("method") == "textDocument/publishDiagnostics":
                found: list[dict[str, Any]] = message["params"]["diagnostics"]
                return found


def repairs(server: Server, path: Path, diagnostics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The code actions for diagnostics, asked for until they are computed, as a user does."""
    for number in range(2, int(PATIENCE_S)):
        server.send(
            "textDocument/codeAction",
            {"textDocument": {"uri": path.as_uri()}, "range": diagnostics[0]["range"],
             "context": {"diagnostics": diagnostics}},
            number,
        )  # fmt: skip
        found: list[dict[str, Any]] = server.answer(number)
        if found:
            return found
    raise AssertionError("no code action")


@pytest.mark.slow
def test_python_lsp_server_shows_the_codes(tmp_path: Path) -> None:
    page = examples.blocks(examples.DOCS / "editors.md")
    settings = next(json.loads(block.text) for block in page if block.language == "json" and '"pylsp"' in block.text)
    path = write(tmp_path, PROJECT) / "proj" / "tasks.py"
    server = Server(tmp_path)
    try:
        server.send("initialize", {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}}, 1)
        assert server.messages.get(timeout=PATIENCE_S).get("id") == 1, "the server has ended"
        server.send("initialized", {})
        server.send("workspace/didChangeConfiguration", {"settings": settings})
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": UNSAVED}
        server.send("textDocument/didOpen", {"textDocument": document})
        found = [entry for entry in server.diagnostics() if str(entry.get("code")).startswith("FS")]
        assert [(entry["code"], entry["range"]["start"]["line"]) for entry in found] == [("FS101", 0)]
        assert "'polars' is imported before the worker forks" in found[0]["message"]
        assert [entry["code"] for entry in found] == ["FS101"]  # and not told twice, by the plugin of our own
        (action,) = repairs(server, path, found)
        (change,) = action["edit"]["documentChanges"]
        assert action["title"] == "forksafe: move 'import polars' into load() (proj/tasks.py:1)"
        assert change["textDocument"] == {"uri": path.as_uri(), "version": 1}
        repaired = applied(UNSAVED, change["edits"])
        assert repaired == SAVED.replace("    return 1", "    import polars\n\n    return polars.DataFrame()")
        version = {"uri": path.as_uri(), "version": 2}
        server.send("textDocument/didChange", {"textDocument": version, "contentChanges": [{"text": repaired}]})
        assert not [entry for entry in server.diagnostics() if str(entry.get("code")).startswith("FS")]
    finally:
        server.process.kill()
        server.process.wait()
