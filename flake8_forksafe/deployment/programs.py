"""Finds Python programs that start workers: scripts, modules, console scripts, management commands.

A search of its text finds a program.  Whether it starts a worker, and of which app and with which options, the walk of
its boot decides (:mod:`flake8_forksafe.library.celery_programs`).
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence

from flake8_forksafe.deployment.files import Files, FileSystemView
from flake8_forksafe.deployment.model import Place, Program, SpawnedCommand, Starters, Word
from flake8_forksafe.examples import is_example
from flake8_forksafe.host_names import CELERY, MARKS
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.questions import as_words

PYTHON_SHEBANG = re.compile(rb"#!\s*\S*?(?:/env\s+(?:-S\s+)?)?(?:/|\b)(?:python|pypy)[\d.]*\b")
INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*(?:\.exe)?|coverage|debugpy")
COMMANDS = os.path.join("management", "commands")
HEAD = 128


def find_starters(files: Files) -> Starters:
    """The programs of the repository that may start workers."""
    hosts: dict[str, tuple[str, ...]] = {}
    spawning = []
    for path in _sources(files):
        itself, by_command = files.disk.starts(path, MARKS)
        if len(itself) > 1 and not files.disk.holds(path, "elery"):
            itself = tuple(host for host in itself if host != CELERY)  # whose marks need no word beside them
        if itself:
            hosts[path] = itself
        if by_command:
            spawning.append(path)
    spawned = {path: found for path in spawning if (found := commands_in(files.disk, path))}
    both = tuple(dict.fromkeys((*hosts, *spawned)))
    if not both:
        return Starters()
    from flake8_forksafe.project.requirements import console_scripts

    commands = {_stem(path): path for path in both if os.path.dirname(path).endswith(COMMANDS)}
    entries = console_scripts(files.disk, files.project, ())
    scripts = {
        name: entry for name, entry in entries.items()
        if any(_is_module(path, entry.partition(":")[0]) for path in both)
    }  # fmt: skip
    return Starters(hosts, commands, scripts, spawned)


def commands_in(disk: Disk, path: str) -> tuple[SpawnedCommand, ...]:
    """The commands that a Python file runs and that name Celery."""
    from flake8_forksafe.source.written_commands import WrittenCommand

    try:
        found = map(WrittenCommand.unpacked, as_words(disk.ask(path, "written commands")))
    except OSError:
        return ()  # who imports the file tells that it cannot be read
    return tuple(
        SpawnedCommand(
            tuple(Word(piece.text, Place(path, one.line), piece.unknown) for piece in one.argv),
            one.directory,
            tuple((name, Word(piece.text, Place(path, one.line), piece.unknown)) for name, piece in one.environ),
        )
        for one in found
    )


def _sources(files: Files) -> Iterator[str]:
    """Python's files of the repository, those without an ending as well."""
    for directory, _, names in files.disk.tree(files.project):
        for name in names:
            path = os.path.join(directory, name)
            if is_example(path, files.project):
                continue
            is_script = "." not in name and PYTHON_SHEBANG.match(files.read(path, HEAD) or b"")
            if name.endswith(".py") or is_script:
                yield path


def _stem(path: str) -> str:
    return os.path.splitext(os.path.basename(path))[0]


def _is_module(path: str, module: str) -> bool:
    """Whether a file may be a module, by the end of its path."""
    ending = os.sep + module.replace(".", os.sep)
    return path.endswith((f"{ending}.py", os.path.join(ending, "__init__.py")))


def program_at(argv: Sequence[Word], position: int, directory: str, view: FileSystemView) -> Program | None:
    """The program that starts at one word of a command, if it is one that may start workers."""
    starters = view.files.starters
    if not starters.files:
        return None
    word = argv[position].text
    name, rest = posixpath.basename(word), tuple(one.text for one in argv[position + 1 :])
    if word == "-m":
        is_python = any(INTERPRETER.fullmatch(posixpath.basename(one.text)) for one in argv[:position])
        return _module(rest, view) if is_python and rest else None
    if name in starters.scripts and not word.endswith(".py"):
        return _script(name, rest, view.files)
    if not word.endswith(".py") and ("/" not in word or view.files.similar(word) is None):
        return None
    command = next((one for one in rest if not one.startswith("-")), "")
    if command in starters.commands and word.endswith("manage.py"):
        return Program(starters.commands[command], "", "", (word, *rest), command)
    path = view.file(word, directory)
    return Program(path, "", "", (word, *rest)) if path in starters.files else None


def _module(rest: tuple[str, ...], view: FileSystemView) -> Program | None:
    """``python -m module``."""
    module = rest[0]
    for path in view.files.starters.files:
        if _is_module(path, module) or _is_module(path, f"{module}.__main__"):
            name = f"{module}.__main__" if path.endswith(f"{os.sep}__main__.py") else module
            return Program(path, name, "", (path, *rest[1:]))
    return None


def _script(name: str, rest: tuple[str, ...], files: Files) -> Program:
    """A console script of the project."""
    entry = files.starters.scripts[name]
    path = next(path for path in files.starters.files if _is_module(path, entry.partition(":")[0]))
    return Program(path, "", entry, (f"/venv/bin/{name}", *rest))


def as_program(path: str, files: Files) -> Program:
    """A file that nothing is seen to run, as it will be run."""
    command = next((name for name, place in files.starters.commands.items() if place == path), "")
    if command:
        return Program(path, "", "", ("manage.py", command), command)
    for name, entry in files.starters.scripts.items():
        if _is_module(path, entry.partition(":")[0]):
            return _script(name, (), files)
    return Program(path, "", "", (os.path.relpath(path, files.project),))
