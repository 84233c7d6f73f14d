"""What the walk knows of values: as text, and whether it admits what CPython made of them.

``list 1, 2?, ...;`` has 1, may have 2, and may have more; ``1 | 'a'`` is one of two; ``?`` is unknown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from fuzz_compare import KNOWN, Setting
from helpers import import_in, make_walk, write

from flake8_forksafe.interpreter.containers import Items, MappingView, Table
from flake8_forksafe.interpreter.identity import value_of
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Choice, External, FilePath, Instance, Literal, Unknown, Value
from flake8_forksafe.trace.graph import ExecutionGraph

DEEPEST = 4
"""How many containers inside each other are shown."""
KINDS = {"list": list, "tuple": tuple, "set": set}


def shown(value: Value | None, depth: int = 0) -> str:
    """What is known of a value, as text; what is no data by the kind of value that it is."""
    if value is None:
        return "unbound"
    if isinstance(value, Unknown):
        return "?"
    if isinstance(value, Literal):
        return repr(value.value)
    if isinstance(value, FilePath):
        return f"path {value.path!r}"
    if isinstance(value, Choice):
        return " | ".join(sorted({shown(option, depth) for option in value.options}))
    if depth < DEEPEST and isinstance(value, Items):
        parts = [shown(item.value, depth + 1) + "?" * (not item.sure) for item in value.items]
        return _container(value.kind, parts, value.complete)
    if depth < DEEPEST and isinstance(value, Table):
        parts = [
            f"{shown(value_of(key), depth + 1)}: {shown(item.value, depth + 1)}{'?' * (not item.sure)}"
            for key, item in value.entries.items()
        ]
        return _container("dict", parts, value.complete)
    return f"{value.cls.name}()" if isinstance(value, Instance) else type(value).__name__


def _container(kind: str, parts: list[str], complete: bool) -> str:
    return f"{kind} {', '.join([*parts, *['...'] * (not complete)])}".rstrip() + ";"


def known_after(root: Path, files: Mapping[str, str], setting: Setting) -> Iterator[str]:
    """The modules that a program loads, in order, with ``?`` after one that only may be; then names that hold data."""
    walk = make_walk(write(root, files), KNOWN, setting.argv, platform=setting.platform, versions=setting.versions)
    import_in(walk, "main")
    graph = ExecutionGraph(walk.recorder.executed(walk.memory.executions), Node("celery"))
    modules = walk.imports.modules
    order = [name for name in walk.recorder.order if name in modules and modules[name].found.path is not None]
    yield " ".join(name + "?" * (not graph.is_certain(Node(name))) for name in order)
    for name in order:
        for key, value in modules[name].names.items():
            if not key.startswith("__") and isinstance(value, (Literal, Choice, Items, Table, Unknown)):
                yield f"{name}.{key} {shown(value)}"


def admits(value: Value | None, real: object) -> bool:
    """Whether CPython may have made this of a value, after what is known of it."""
    if isinstance(value, Literal):
        return type(real) is type(value.value) and real == value.value
    if isinstance(value, Choice):
        return any(admits(option, real) for option in value.options)
    if isinstance(value, MappingView):
        return True
    if isinstance(value, Items):
        if value.kind not in KINDS or type(real) is not KINDS[value.kind]:
            return value.kind not in KINDS
        return _admits_elements(value, list(real))  # type: ignore[call-overload]
    if isinstance(value, Table):
        if not isinstance(real, dict):
            return False
        if any(isinstance(value_of(key), External) for key in value.entries):
            return True  # whatever that key is
        own = {shown(value_of(key)): item for key, item in value.entries.items()}
        found = {repr(key): one for key, one in real.items()}
        return (not value.complete or found.keys() <= own.keys()) and all(
            admits(item.value, found[key]) if key in found else not item.sure for key, item in own.items()
        )
    return value is not None


def _admits_elements(value: Items, elements: list[object]) -> bool:
    """Whether elements are those that are known: the sure ones at both ends in their places, the others anywhere."""
    items = value.items
    if value.kind != "set":
        front = list(itertools.takewhile(lambda item: item.sure, items))
        back = list(itertools.takewhile(lambda item: item.sure, reversed(items))) if value.complete else []
        if len(elements) < max(len(front), len(back)):
            return False
        pairs = [*zip(front, elements, strict=False), *zip(back, reversed(elements), strict=False)]
        if value.complete and not all(admits(item.value, one) for item, one in pairs):
            return False
        if value.complete and len(front) == len(items) != len(elements):
            return False
    there = all(any(admits(item.value, one) for one in elements) for item in items if item.sure)
    return there and (not value.complete or all(any(admits(item.value, one) for item in items) for one in elements))
