"""Editor latency through python-lsp-server with flake8 enabled: from ``didChange`` to ``publishDiagnostics``."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0
CONFIGURATION = {
    "pylsp": {
        "plugins": {
            "flake8": {"enabled": True},
            "pycodestyle": {"enabled": False},
            "pyflakes": {"enabled": False},
            "mccabe": {"enabled": False},
        }
    }
}


class Server:
    """A language server, spoken to as an editor does: JSON messages with a header, over its standard streams."""

    def __init__(self, commands: Path, directory: Path) -> None:
        environment = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
        self.process = subprocess.Popen(
            [str(commands / "pylsp")], cwd=directory, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.messages: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while header := self.process.stdout.readline():
            size = int(header.partition(b":")[2]) if header.lower().startswith(b"content-length") else 0
            while self.process.stdout.readline().strip():
                pass
            content = self.process.stdout.read(size)
            self.messages.put((time.perf_counter(), json.loads(content)))

    def send(self, method: str, parameters: dict[str, Any], number: int | None = None) -> float:
        """Send a request, or a notification if it has no number; returns when."""
        message = {"jsonrpc": "2.0", "method": method, "params": parameters}
        body = json.dumps(message if number is None else {**message, "id": number}).encode()
        assert self.process.stdin is not None
        before = time.perf_counter()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()
        return before

    def receive(self, method: str) -> tuple[float, dict[str, Any]]:
        """The next message of a kind (``""``: a response), and when it came.

        :raises queue.Empty: if none comes within :data:`PATIENCE_S`.
        """
        while True:
            arrived, message = self.messages.get(timeout=PATIENCE_S)
            if message.get("method", "") == method:
                return arrived, message

    def close(self) -> None:
        """End the server."""
        self.process.kill()
        self.process.wait()


def latency(commands: Path, directory: Path, path: Path, edits: list[str]) -> list[float]:
    """Seconds from each edit of a file to its diagnostics; the first edit is made once more before, unmeasured.

    :param commands: the directory of the commands of the environment.
    :param edits: the whole text after each edit.
    """
    server = Server(commands, directory)
    try:
        server.send("initialize", {"processId": None, "rootUri": directory.as_uri(), "capabilities": {}}, 1)
        server.receive("")
        server.send("initialized", {})
        server.send("workspace/didChangeConfiguration", {"settings": CONFIGURATION})
        document = {"uri": path.as_uri(), "languageId": "python", "version": 0, "text": edits[0]}
        server.send("textDocument/didOpen", {"textDocument": document})
        server.receive("textDocument/publishDiagnostics")
        times = []
        for version, text in enumerate(edits, start=1):
            time.sleep(0.2)  # whatever the server still does
            identifier = {"uri": path.as_uri(), "version": version}
            changes = {"textDocument": identifier, "contentChanges": [{"text": text}]}
            before = server.send("textDocument/didChange", changes)
            arrived, _ = server.receive("textDocument/publishDiagnostics")
            times.append(arrived - before)
        return times
    finally:
        server.close()
