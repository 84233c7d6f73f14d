"""Small programs, walked and really executed: what is known of them must be what CPython makes of them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from helpers import import_in, make_walk, write

from flake8_forksafe.hosts.celery import CELERY
from flake8_forksafe.hosts.host import HostStart, boot
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.identity import value_of
from flake8_forksafe.interpreter.values import Choice, FilePath, Literal, Value
from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.session import deep_recursion

Files = str | Mapping[str, str]


class Unsure:
    """A value that is not known, or only partly."""

    def __repr__(self) -> str:
        return "?"


UNSURE = Unsure()


def walk_program(
    root: Path,
    source: Files,
    environ: Mapping[str, str] | None = None,
    argv: tuple[tuple[str, ...], ...] = (),
    hazards: tuple[str, ...] = (),
) -> Walk:
    """A walk that has imported ``source`` as the module ``main``; or ``main`` of several files."""
    files = {"main.py": source} if isinstance(source, str) else source
    walk = make_walk(write(root, files), environ, argv, hazards)
    import_in(walk, "main")
    return walk


def names_of(walk: Walk, module: str = "main") -> dict[str, Value]:
    """The namespace of a module after the walk."""
    return walk.imports.modules[module].names


def value_in(root: Path, source: Files, name: str = "A") -> object:
    """What is known of one name after a program: :func:`plain`."""
    return plain(names_of(walk_program(root, source)).get(name))


def plain(value: Value | None) -> object:
    """A value as a Python object; several possible ones as a frozenset; else :data:`UNSURE`."""
    if isinstance(value, Literal):
        return value.value
    if isinstance(value, FilePath):
        return Path(value.path)
    if isinstance(value, Choice):
        parts = [plain(option) for option in value.options]
        return UNSURE if any(isinstance(part, (list, dict, set)) for part in parts) else frozenset(parts)
    if isinstance(value, Items) and value.complete and all(item.sure for item in value.items):
        parts = [plain(item.value) for item in value.items]
        kinds = {"tuple": tuple, "set": set}
        return UNSURE if UNSURE in parts else kinds.get(value.kind, list)(parts)
    if isinstance(value, Table) and value.complete and all(item.sure for item in value.entries.values()):
        return {plain(value_of(key)): plain(item.value) for key, item in value.entries.items()}
    return UNSURE


def assert_like_python(root: Path, source: str) -> None:
    """Every name in capital letters that CPython binds is known, and has CPython's value and type."""
    source = textwrap.dedent(source)
    real: dict[str, object] = {"__name__": "main"}
    exec(compile(source, "main.py", "exec"), real)
    expected = {name: value for name, value in real.items() if name.isupper()}
    ours = names_of(walk_program(root, source))
    found = {name: plain(ours.get(name)) for name in expected}
    assert expected, "a program without a name in capital letters compares nothing"
    assert found == expected
    assert {name: type(value) for name, value in found.items()} == {
        name: type(value) for name, value in expected.items()
    }


def imported_modules(walk: Walk) -> list[str]:
    """Every module that was loaded, in order, walked or not."""
    return list(walk.recorder.order)


def edges_of(walk: Walk) -> set[tuple[str, str, str]]:
    """What executed what: source, target and kind."""
    return {(str(edge.source), str(edge.target), edge.kind) for edge in walk.recorder.edges.values()}


def boot_program(
    root: Path, files: Mapping[str, str], environ: Mapping[str, str] | None = None, django_settings: str | None = None
) -> Walk:
    """A walk that has followed the boot of ``celery -A proj worker``."""
    walk = make_walk(write(root, {"proj/__init__.py": "", **files}), environ)
    with deep_recursion():
        boot(walk, CELERY, HostStart("proj", django_settings=django_settings))
    return walk
