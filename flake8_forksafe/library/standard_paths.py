"""Models of ``os.path``, ``pathlib`` and ``glob``, within the project."""

from __future__ import annotations

import fnmatch
import os
import os.path
from collections.abc import Callable

from flake8_forksafe.interpreter import arithmetic, file_paths
from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine, Model
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, FilePath, Literal, Value


def path_function(compute: Callable[..., object]) -> Model:
    """A model of a pure function of ``os.path``."""

    def model(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
        parts = [file_paths.path_text(value) for value in arguments.positional]
        if None in parts or not parts or not arguments.complete:
            return UNKNOWN
        try:
            result = compute(*parts)
        except (TypeError, ValueError) as error:  # too many arguments, or paths that have nothing in common
            return machine.fail(type(error).__name__)
        if isinstance(result, tuple):
            return machine.items("tuple", [Literal(part) for part in result])
        return Literal(result) if isinstance(result, (str, bool)) else UNKNOWN

    return model


def _absolute(path: str) -> str | None:
    return os.path.normpath(path) if os.path.isabs(path) else None


def exists(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.path.exists``, ``isfile``, ``isdir`` and the methods of ``Path``: known inside the project only."""
    path = file_paths.path_text(function.receiver) or file_paths.path_text(arguments.get(0, "path"))
    if path is None or not inside(machine, path):
        return UNKNOWN
    disk, kind = machine.imports.layout.disk, function.path.rpartition(".")[2]
    path = os.path.normpath(path)
    is_file, is_directory = disk.is_file(path), disk.is_directory(path)
    answer = {"isfile": is_file, "is_file": is_file, "isdir": is_directory, "is_dir": is_directory}
    if not (is_file or is_directory):
        return UNKNOWN  # a file may be missing here (local settings, secrets) and exist where the worker runs
    return Literal(answer.get(kind, True))


def inside(machine: Machine, path: str) -> bool:
    """Whether a path lies in the project or the environment."""
    return os.path.isabs(path) and any(
        path == root or path.startswith(root + os.sep)
        for root in (*machine.imports.layout.roots, *machine.imports.layout.environment)
    )


def list_directory(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.listdir``, ``Path.iterdir``, ``glob.glob``, ``Path.glob`` and ``rglob`` inside the project."""
    receiver = file_paths.path_text(function.receiver)
    argument = file_paths.path_text(arguments.get(0, "pathname"))
    name = function.path.rpartition(".")[2]
    pattern: str | None = "*"
    directory = receiver or argument
    if name in ("glob", "iglob", "rglob") and receiver is not None:
        pattern = argument
    elif name in ("glob", "iglob"):
        directory, _, pattern = (argument or "").rpartition("/")
    deep = name == "rglob" or "**" in (pattern or "")
    if not directory or not pattern or not inside(machine, directory):
        return Items("list", (), machine.journal.doubt, complete=False)
    found = _matching(machine, os.path.normpath(directory), pattern, deep)
    if name == "listdir":
        return machine.items("list", [Literal(os.path.basename(path)) for path in found])
    wrap: Callable[[str], Value] = FilePath if receiver is not None or name in ("iterdir",) else Literal
    return machine.items("list", [wrap(path) for path in found])


def _matching(machine: Machine, directory: str, pattern: str, deep: bool) -> list[str]:
    """Paths below a directory that match a pattern, sorted, at most some thousand."""
    disk = machine.imports.layout.disk
    prefix, _, last = pattern.replace("**/", "").rpartition("/")
    if prefix:
        return [
            found
            for base in _matching(machine, directory, prefix, False)
            for found in _matching(machine, base, last, deep)
        ]
    found: list[str] = []
    folders = [folder for folder, _, _ in disk.tree(directory)] if deep else [directory]
    for folder in folders[:2000]:
        found += [
            os.path.join(folder, name) for name in sorted(disk.listing(folder)) if fnmatch.fnmatchcase(name, last)
        ]
    return found[:10_000]


def path_class(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Path(a, b)``."""
    parts = [file_paths.path_text(value) for value in arguments.positional]
    if not parts or None in parts:
        return UNKNOWN
    return FilePath(os.path.normpath(os.path.join(*(part for part in parts if part is not None))))


def path_attribute(machine: Machine, value: Value, name: str, frame: Frame) -> Value | None:
    """Attributes of a ``Path``."""
    if not isinstance(value, FilePath):
        return None
    path = value.path
    stem, suffix = os.path.splitext(os.path.basename(path))
    if name == "parent":
        return FilePath(os.path.dirname(path))
    if name == "name":
        return Literal(os.path.basename(path))
    if name == "stem":
        return Literal(stem)
    if name == "suffix":
        return Literal(suffix)
    if name == "parts":
        return UNKNOWN
    return None


def same_path(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    return function.receiver or UNKNOWN


def path_joined(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    receiver = function.receiver
    for value in arguments.positional:
        receiver = arithmetic.binary(machine, "/", receiver or UNKNOWN, value)
    return receiver or UNKNOWN


def path_as_text(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    path = file_paths.path_text(function.receiver) or file_paths.path_text(arguments.get(0, ""))
    return UNKNOWN if path is None else Literal(path)


def path_parents(machine: Machine, value: External, index: Value, frame: Frame) -> Value:
    """``path.parents[n]``."""
    path = file_paths.path_text(value.receiver)
    if path is None or not isinstance(index, Literal) or not isinstance(index.value, int):
        return UNKNOWN
    for _ in range(min(index.value, 50) + 1):
        path = os.path.dirname(path)
    return FilePath(path)


SAME = ("resolve", "absolute", "expanduser")

MODELS = Library(
    values={"os.sep": lambda machine: Literal("/")},
    attributes={"pathlib.Path()": path_attribute},
    items={"pathlib.Path().parents": path_parents},
    functions={
        "os.path.join": path_function(os.path.join),
        "os.path.dirname": path_function(os.path.dirname),
        "os.path.basename": path_function(os.path.basename),
        "os.path.abspath": path_function(_absolute),
        "os.path.realpath": path_function(_absolute),
        "os.path.normpath": path_function(os.path.normpath),
        "os.path.split": path_function(os.path.split),
        "os.path.splitext": path_function(os.path.splitext),
        "os.path.exists": exists,
        "os.path.isfile": exists,
        "os.path.isdir": exists,
        "os.listdir": list_directory,
        "os.scandir": list_directory,
        "os.fspath": path_as_text,
        "glob.glob": list_directory,
        "glob.iglob": list_directory,
        "pathlib.Path": path_class,
        "pathlib.PurePath": path_class,
        "pathlib.PosixPath": path_class,
        "pathlib.Path().exists": exists,
        "pathlib.Path().is_file": exists,
        "pathlib.Path().is_dir": exists,
        "pathlib.Path().iterdir": list_directory,
        "pathlib.Path().glob": list_directory,
        "pathlib.Path().rglob": list_directory,
        "pathlib.Path().joinpath": path_joined,
        "pathlib.Path().as_posix": path_as_text,
        "pathlib.Path().__str__": path_as_text,
        **{f"pathlib.Path().{name}": same_path for name in SAME},
    },
)
