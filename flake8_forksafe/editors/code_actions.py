"""Repairs as code actions of the Language Server Protocol.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#textDocument_codeAction

They are computed by ``forksafe check --fixes`` in another process, from the text of the buffer: the server imports
nothing heavy, does not fork, and waits a short time only.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from flake8_forksafe.file_reading import read_file
from flake8_forksafe.settings import projects_of

WAIT_S = 4.0
"""Seconds that one request waits; what takes longer goes on meanwhile, and a later request has it."""
FRESH_S = 60.0
"""Seconds for which repairs are offered again, as long as the buffer and the files that they edit stay the same."""
LONGEST_S = 180.0
"""Seconds after which a computation is given up."""
KIND = "quickfix"
NEWLINE = re.compile(r"\r\n?|\n")

Json = dict[str, Any]
OpenText = Callable[[str], "Buffer | None"]
"""What an editor has open of a file; None if it is not open."""


class Buffer(NamedTuple):
    """The text of a file; ``uri`` and ``version`` are an editor's, if it has the file open."""

    path: str
    text: str
    uri: str
    version: int | None = None


class Question(NamedTuple):
    """What is computed, and since when.

    :ivar directory: the directory that it is asked in, which decides about flake8's configuration.
    """

    path: str
    text: str
    directory: str


class CodeActions:
    """The repairs of the buffer that was asked about last."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self.wait_s = wait_s
        self._question: Question | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._since = 0.0
        self._findings: list[Json] | None = None
        self._stamps: dict[str, tuple[int, int] | None] = {}

    def offered(self, buffer: Buffer, directory: str, context: Mapping[str, Any], open_text: OpenText) -> list[Json]:
        """The code actions for the diagnostics of a request; none if they are not known in time.

        :param directory: the server's workspace.
        :param context: that of the request.
        """
        if not any(kind == KIND or KIND.startswith(f"{kind}.") or not kind for kind in context.get("only") or [KIND]):
            return []
        wanted = [one for one in context.get("diagnostics") or () if str(one.get("code")).startswith("FS")]
        if not wanted or not os.path.isabs(buffer.path):
            return []
        findings = self.findings(Question(buffer.path, buffer.text, directory))
        base = os.path.commonpath(projects_of([buffer.path]))

        def current(path: str) -> Buffer | None:
            return buffer if path == buffer.path else _saved(path, open_text(path))

        return [*_actions(findings or (), wanted, base, current)]

    def findings(self, question: Question) -> list[Json] | None:
        """The findings of a buffer with their repairs; None if they are not known yet, or cannot be."""
        if not self._holds(question):
            self._start(question)
        if self._process is None:
            return self._findings
        try:
            output, _ = self._process.communicate(timeout=self.wait_s)
        except subprocess.TimeoutExpired:  # another call goes on reading
            return None
        self._process, self._since = None, time.monotonic()
        with suppress(ValueError, KeyError, TypeError):  # it failed; forksafe check says why
            findings = json.loads(output)["findings"]
            base = os.path.commonpath(projects_of([question.path]))
            paths = {os.path.join(base, edit["path"]) for one in findings for edit in one["fix"]["edits"]}
            self._findings, self._stamps = findings, _stamps(paths - {question.path})
        return self._findings

    def _holds(self, question: Question) -> bool:
        """Whether what is computed, or was, is the answer."""
        age = time.monotonic() - self._since
        if question != self._question or age > (FRESH_S if self._process is None else LONGEST_S):
            return False
        return self._stamps == _stamps(self._stamps)

    def _start(self, question: Question) -> None:
        """Compute repairs in another process, instead of what is computed now."""
        self.stop()
        command = [sys.executable, "-P", "-m", "flake8_forksafe", "check", "--format", "json", "--fixes", "-q",
                   "--stdin-filename", question.path]  # fmt: skip
        self._question, self._findings, self._stamps, self._since = question, None, {}, time.monotonic()
        with suppress(OSError), tempfile.TemporaryFile() as text:  # a pipe may be full before anybody reads it
            text.write(_encoded(question.text))
            text.seek(0)
            self._process = subprocess.Popen(
                command, cwd=question.directory if os.path.isdir(question.directory) else None,
                stdin=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def stop(self) -> None:
        """End what is computed."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _encoded(text: str) -> bytes:
    """The bytes that an editor would write for a text."""
    with suppress(SyntaxError, LookupError, UnicodeError):
        return text.encode(tokenize.detect_encoding(io.BytesIO(text.encode()).readline)[0])
    return text.encode("utf-8", "surrogatepass")


def _stamps(paths: Iterable[str]) -> dict[str, tuple[int, int] | None]:
    """What changes when a file is written."""
    found: dict[str, tuple[int, int] | None] = {}
    for path in paths:
        found[path] = None
        with suppress(OSError):
            status = os.stat(path)
            found[path] = status.st_mtime_ns, status.st_size
    return found


def _actions(findings: Sequence[Json], wanted: Sequence[Json], base: str, current: OpenText) -> Iterator[Json]:
    """One action for each repair of what is wanted, with the diagnostics that it removes."""
    alike: dict[str, tuple[Json, list[Json]]] = {}
    for diagnostic in wanted:
        line = diagnostic["range"]["start"]["line"] + 1
        for finding in findings:
            if (finding["code"], finding["line"]) == (diagnostic["code"], line) and finding["fix"]["edits"]:
                key = json.dumps(finding["fix"]["edits"])
                diagnostics = alike.setdefault(key, (finding["fix"], []))[1]
                if diagnostic not in diagnostics:
                    diagnostics.append(diagnostic)
    for fix, diagnostics in alike.values():
        edit = workspace_edit(fix["edits"], base, current)
        if edit is not None:
            level = f" (unsafe: {fix['reason']})" if fix["applicability"] == "unsafe" else ""
            yield {
                "title": f"forksafe: {fix['message']}{level}", "kind": KIND, "diagnostics": diagnostics,
                "isPreferred": fix["applicability"] == "safe", "edit": edit,
            }  # fmt: skip


def workspace_edit(edits: Sequence[Json], base: str, current: OpenText) -> Json | None:
    """Edits as the protocol has them; None if they do not fit the text of a file.

    :param base: what their paths are relative to.
    :param current: the text of a file that was analysed; None if there is another one.
    """
    changes: dict[Buffer, list[Json]] = {}
    for edit in edits:
        buffer = current(os.path.normpath(os.path.join(base, edit["path"])))
        if buffer is None:
            return None
        lines = NEWLINE.split(buffer.text)
        start, end = (_position(lines, edit[key]) for key in ("location", "end_location"))
        if start is None or end is None:
            return None
        changes.setdefault(buffer, []).append({"range": {"start": start, "end": end}, "newText": edit["content"]})
    return {
        "documentChanges": [
            {"textDocument": {"uri": buffer.uri, "version": buffer.version}, "edits": found}
            for buffer, found in changes.items()
        ]
    }


def _saved(path: str, opened: Buffer | None) -> Buffer | None:
    """The text of a file that was read from the disk; None if it cannot be told, or is open and differs."""
    try:
        content, _ = read_file(path)
        text = content.decode(tokenize.detect_encoding(io.BytesIO(content).readline)[0])
    except (OSError, SyntaxError, UnicodeError, LookupError):
        return None
    if opened is None:
        return Buffer(path, text, Path(path).as_uri())
    return opened if opened.text == text else None


def _position(lines: Sequence[str], place: Json) -> Json | None:
    """A place in a text, in units of UTF-16, which all clients know; None if the text has no such place."""
    row, column = place["row"] - 1, place["column"] - 1
    if row >= len(lines) or column > len(lines[row]):
        return None
    return {"line": row, "character": len(lines[row][:column].encode("utf-16-le", "surrogatepass")) // 2}
