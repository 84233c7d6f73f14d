"""Models of ``importlib.metadata.entry_points`` and of its predecessors: plugins that are loaded by name.

What the project's own files declare is known; where the environment is found, so is what is installed in it.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Literal, Value, text
from flake8_forksafe.library.standard_import import import_path
from flake8_forksafe.project.entry_points import EntryPoint, entry_points

ALL = "importlib.metadata.EntryPoints()"
ONE = "importlib.metadata.EntryPoint()"
OLD = "pkg_resources.EntryPoint()"


class KnownEntryPoints(LibraryState):
    """The entry points of the project and of its environment.

    :ivar complete: whether there are no others: the environment is known.
    """

    def __init__(self, machine: Machine) -> None:
        layout = machine.imports.layout
        self.entries = entry_points(layout.disk, (*layout.roots, *layout.environment))
        self.complete = bool(layout.environment)


def _select(machine: Machine, group: str | None, name: str | None = None, kind: str = ONE) -> Value:
    """The entry points of a group, in the order of their files."""
    known = machine.state(KnownEntryPoints)
    found = [
        _value(entry, kind) for entry in known.entries
        if group in (None, entry.group) and name in (None, entry.name)
    ]  # fmt: skip
    return machine.items("tuple", found, complete=known.complete)


def _value(entry: EntryPoint, kind: str) -> Value:
    value = External(kind)
    module, _, attribute = entry.value.partition(":")
    parts = {**entry._asdict(), "module": module, "module_name": module, "attr": attribute}
    value.names.update({name: Literal(part) for name, part in parts.items()})
    return value


def _asked(arguments: Arguments, position: int, name: str) -> tuple[bool, str | None]:
    """An argument: whether it can be told, and its text; None if it is not given."""
    value = arguments.get(position, name)
    known = text(value) if value is not None else None
    return value is None or known is not None, known


def found_points(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``entry_points(group="x", name="y")``; ``entry_points().select(group="x")``; ``iter_entry_points("x", "y")``."""
    first = 0 if function.path.endswith("iter_entry_points") else -1
    group, name = _asked(arguments, first, "group"), _asked(arguments, first + 1 if first == 0 else -1, "name")
    if not (group[0] and name[0]):
        return machine.items("tuple", (), complete=False)
    if group[1] is None and name[1] is None:
        return External(ALL)
    return _select(machine, group[1], name[1], OLD if first == 0 else ONE)


def got_group(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``entry_points().get("x", ())``, before Python 3.12."""
    known, group = _asked(arguments, 0, "group")
    return _select(machine, group) if known and group is not None else machine.items("tuple", (), complete=False)


def group_at(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    """``entry_points()["x"]``."""
    group = text(index)
    return _select(machine, group) if group is not None else machine.items("tuple", (), complete=False)


def load(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``entry_point.load()``."""
    entry = function.receiver
    path = text(entry.names.get("value", UNKNOWN)) if isinstance(entry, External) else None
    return import_path(machine, path, frame) if path else UNKNOWN


def load_group(machine: Machine, group: str, frame: Frame) -> None:
    """Load all that a library does load of a group itself."""
    selected = _select(machine, group)
    for item in selected.items if isinstance(selected, Items) else ():
        path = text(item.value.names["value"]) if isinstance(item.value, External) else None
        if path:
            try:
                import_path(machine, path, frame)
            except Raised:  # what fails is left out, with a warning
                continue


MODELS = Library(
    aliases={
        "importlib_metadata.entry_points": "importlib.metadata.entry_points",
        "importlib_metadata.EntryPoint": "importlib.metadata.EntryPoint",
    },
    items={ALL: group_at},
    functions={
        "importlib.metadata.entry_points": found_points,
        f"{ALL}.select": found_points,
        f"{ALL}.get": got_group,
        "pkg_resources.iter_entry_points": found_points,
        f"{ONE}.load": load,
        f"{OLD}.load": load,
        f"{OLD}.resolve": load,
    },
)
