"""The examples in the documentation: found, put into projects, and run.

A page tells how its fenced blocks belong together, in comments that readers do not see:

- ``<!-- project: NAME -->``: from here on, blocks with a title are files of a new project, and commands run in it;
- ``<!-- in: DIRECTORY -->``: from here on, commands run in that directory of the repository;
- ``<!-- not run: REASON -->``: the next block is not run.

In a ``console`` block each line with ``$`` is a command, and what follows is all it prints; a line ``...`` stands for
any number of lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from flake8_forksafe.cli import main

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>```+)(?P<language>[\w+-]*)(?P<rest>.*)$")
TITLE = re.compile(r'title="([^"]+)"')
DIRECTIVE = re.compile(r"^<!-- (project|in|not run): (.+) -->$")
CACHELESS = ("check", "fix", "trace", "why", "memory")
"""Commands that would leave a cache in the repository."""
ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX", "FORCE_COLOR")
"""Variables of the person who runs the examples, which must not show in their output."""


class Block(NamedTuple):
    """A fenced block.

    :ivar line: of its first line of content, 1-based.
    :ivar title: the file it shows, or ``""``.
    :ivar project: the number and name of the project it belongs to, or the directory it is run in.
    :ivar run: whether it may be run.
    """

    page: Path
    line: int
    language: str
    title: str
    text: str
    project: str
    directory: str
    run: bool


class Command(NamedTuple):
    """A command in a console block, with the output that the page shows."""

    words: tuple[str, ...]
    shown: str


def pages() -> list[Path]:
    """Every page whose examples belong to it: those of the codes are data of the rules, and tested there."""
    return sorted((*DOCS.glob("*.md"), *DOCS.glob("hosts/*.md")))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    project, directory, run = "", "", True
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        directive = DIRECTIVE.match(line.strip())
        if directive is not None:
            kind, value = directive.groups()
            run = kind != "not run"
            if kind == "project":
                project, directory = f"{number}-{value}", ""
            elif kind == "in":
                project, directory = "", value
            continue
        fence = FENCE.match(line)
        if fence is None:
            continue
        content = []
        for _, inner in lines:
            if inner.strip() == fence["fence"]:
                break
            content.append(inner.removeprefix(fence["indent"]))
        title = TITLE.search(fence["rest"])
        text = "".join(f"{part}\n" for part in content)
        yield Block(page, number + 1, fence["language"], title[1] if title else "", text, project, directory, run)
        run = True


def commands(block: Block) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Command(tuple(shlex.split(line[2:])), ""))
        else:
            found[-1] = found[-1]._replace(shown=found[-1].shown + line)
    return found


def run_page(page: Path, scratch: Path) -> Iterator[tuple[Block, Command, str]]:
    """Run the examples of a page in order: each command with what it really prints."""
    for block in blocks(page):
        directory = scratch / block.project if block.project else ROOT / block.directory
        if block.title and block.project:
            write_file(directory, block.title, block.text)
        if block.language == "console" and block.run:
            for command in commands(block):
                yield block, command, run(command.words, directory)


def write_file(directory: Path, path: str, text: str) -> None:
    """Write a file of a project; the empty files that make its directories packages are not shown."""
    target = directory / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    (directory / "pyproject.toml").touch()
    if target.suffix == ".py":
        for parent in target.relative_to(directory).parents:
            if parent.name:
                (directory / parent / "__init__.py").touch()


def run(words: tuple[str, ...], directory: Path) -> str:
    """What a command prints, to both streams, on a terminal of 100 columns that shows no colours."""
    name, *arguments = words
    if name == "forksafe":
        cacheless = ["--no-cache"] if arguments[:1] and arguments[0] in CACHELESS else []
        printed = io.StringIO()
        with neutral(directory), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            try:
                main([*arguments, *cacheless])
            except SystemExit:  # argparse, after --help and --version
                pass
        return printed.getvalue()
    if name == "flake8":
        command = [sys.executable, "-m", "flake8", "-j1", "--forksafe-no-cache", *arguments]
        with neutral(directory):
            done = subprocess.run(command, capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"})
        return done.stdout + done.stderr
    raise ValueError(f"an example may run forksafe and flake8 only, not {name!r}")


@contextlib.contextmanager
def neutral(directory: Path) -> Iterator[None]:
    """A directory and an environment that are the same for everybody."""
    before, prefix, kept = os.getcwd(), sys.prefix, dict(os.environ)
    for variable in ENVIRONMENTS:
        os.environ.pop(variable, None)
    os.environ.update(COLUMNS="100", NO_COLOR="1")
    sys.prefix = str(directory / "nowhere")
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
        sys.prefix = prefix
        os.environ.clear()
        os.environ.update(kept)


def agree(shown: str, printed: str) -> bool:
    """Whether an output is what a page shows, where a line ``...`` stands for any number of lines."""
    parts = [re.escape(line) if line.strip() != "..." else None for line in shown.splitlines()]
    pattern = "".join("(?:.*\n)*?" if part is None else part + "\n" for part in parts)
    return re.fullmatch(pattern, printed) is not None


def updated(page: Path, results: Iterable[tuple[Block, Command, str]]) -> str:
    """The text of a page with what its commands really print; an output with ``...`` is left to its author."""
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    new: dict[int, list[str]] = {}
    sizes: dict[int, int] = {}
    for block, command, printed in results:
        kept = agree(command.shown, printed) or "\n...\n" in f"\n{command.shown}"
        output = command.shown if kept else printed
        new.setdefault(block.line, []).append(f"$ {shlex_line(block, command)}\n{output}")
        sizes[block.line] = len(block.text.splitlines())
    for line in sorted(new, reverse=True):
        lines[line - 1 : line - 1 + sizes[line]] = new[line]
    return "".join(lines)


def shlex_line(block: Block, command: Command) -> str:
    """A command as the page writes it."""
    written = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
    return next(line for line in written if tuple(shlex.split(line)) == command.words)
