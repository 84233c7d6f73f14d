"""Imports generated programs for real: a server that forks a child for each program and each process it plays.

It is started as a script, reads one JSON object a line (``root``, ``argv``, ``environ``, ``platform``, ``version``),
and answers each with a line: ``started`` (the modules whose code ran, in order), ``loaded`` (those that are in
``sys.modules`` at the end), ``values`` (plain values of each module's names), or null if ``main`` cannot be imported.
Only modules below ``root`` count.
"""

from __future__ import annotations

import collections
import io
import json
import os
import signal
import sys
from importlib.machinery import SourceFileLoader
from typing import Any

PREIMPORTED = (
    "abc", "asyncio", "collections", "contextlib", "dataclasses", "enum", "functools", "importlib", "itertools",
    "operator", "os", "pkgutil", "random", "re", "sys", "time", "typing",
)  # fmt: skip
"""What generated programs use of the standard library: imported once, before the first fork."""
SECONDS = 5
"""What one program may take."""
VersionInfo = collections.namedtuple("VersionInfo", ("major", "minor", "micro", "releaselevel", "serial"))
PLAIN = (str, bytes, int, float, bool, type(None))


def encode(value: object, depth: int = 0) -> object | None:
    """A plain value as JSON that tells types apart; None if it is not plain."""
    if depth > 6:
        return None
    if type(value) in PLAIN:
        return [type(value).__name__, repr(value)]
    if type(value) in (list, tuple, set, frozenset):
        parts = [encode(part, depth + 1) for part in value]  # type: ignore[attr-defined]
        if None in parts:
            return None
        kind = "set" if isinstance(value, frozenset) else type(value).__name__
        return [kind, sorted(parts, key=repr) if kind == "set" else parts]
    if type(value) is dict:
        pairs = [[encode(key, depth + 1), encode(part, depth + 1)] for key, part in value.items()]
        return None if any(None in pair for pair in pairs) else ["dict", pairs]
    return None


def play(request: dict[str, Any]) -> dict[str, Any]:
    """Import ``main`` as the process that a request describes."""
    root = request["root"]
    started: list[str] = []
    execute = SourceFileLoader.exec_module

    def noted(loader: SourceFileLoader, module: Any) -> None:
        if (module.__file__ or "").startswith(root):
            started.append(module.__name__)
        execute(loader, module)

    SourceFileLoader.exec_module = noted  # type: ignore[method-assign]
    sys.path.insert(0, root)
    sys.argv[:] = request["argv"]
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.platform = request["platform"]
    sys.version_info = VersionInfo(*request["version"], 9, "final", 0)  # type: ignore[assignment]
    sys.stderr = io.StringIO()
    sys.dont_write_bytecode = True
    try:
        __import__("main")
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}
    values = {
        name: {key: found for key, value in vars(sys.modules[name]).items()
               if key[:2] != "__" and (found := encode(value)) is not None}
        for name in dict.fromkeys(started) if name in sys.modules
    }  # fmt: skip
    loaded = [name for name in dict.fromkeys(started) if name in sys.modules]
    return {"started": list(dict.fromkeys(started)), "loaded": loaded, "values": values}


def serve() -> None:
    """Answer requests until the input ends."""
    for name in PREIMPORTED:
        __import__(name)
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            signal.alarm(SECONDS)
            answer = json.dumps(play(json.loads(line))).encode()
            with os.fdopen(writer, "wb") as stream:
                stream.write(answer)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            answer = stream.read()
        os.waitpid(child, 0)
        sys.stdout.write((answer.decode() or '{"error": "killed"}') + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
