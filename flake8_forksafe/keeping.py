"""What an analysis knew, kept beside its outcome, so that a small edit does not need another analysis."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flake8_forksafe.rules.rule import Context

CLASSES = frozenset({
    "flake8_forksafe.trace.graph.ExecutionGraph", "flake8_forksafe.trace.trace.Growth",
    "flake8_forksafe.trace.trace.Trace", "flake8_forksafe.project.disk.Disk",
    "flake8_forksafe.project.presence.Presence",
})  # fmt: skip
"""What is kept besides named tuples."""


def dump(context: Context, key: str) -> bytes:
    """A context as it is kept; ``key`` tells which outcome it belongs to."""
    for trace in context.traces:
        _ = trace.graph  # explored once for all
    return key.encode("utf-8", "surrogateescape") + b"\n" + pickle.dumps(context, pickle.HIGHEST_PROTOCOL)


def load(data: bytes, key: str) -> Context | None:
    """The context that was kept, if it belongs to that outcome.

    :raises Exception: whatever damaged data raises.
    """
    header, _, rest = data.partition(b"\n")
    if header != key.encode("utf-8", "surrogateescape"):
        return None
    from flake8_forksafe.rules.rule import Context

    loaded = _OwnData(io.BytesIO(rest)).load()
    return loaded if isinstance(loaded, Context) else None


class _OwnData(pickle.Unpickler):
    """Makes nothing but this package's plain data, so that a file can run no code."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("flake8_forksafe.") and name.isidentifier():
            found = super().find_class(module, name)
            own = isinstance(found, type) and found.__module__ == module
            if own and (issubclass(found, tuple) or f"{module}.{name}" in CLASSES):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not kept")
