"""The commands that are part of the shell: POSIX built-ins, and those of bash that start scripts use."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from flake8_forksafe.deployment.model import Place, Word
from flake8_forksafe.deployment.shell_test import evaluate_test
from flake8_forksafe.deployment.shell_values import State
from flake8_forksafe.deployment.sizes import whole_number


class Ending(NamedTuple):
    """How a statement ended.

    :ivar status: whether it succeeded; None if that is not known.
    :ivar ended: ``exit``, ``return``, ``break`` or ``continue`` if what follows is not run.
    """

    status: bool | None = None
    ended: str = ""


SUCCESS, FAILURE, UNKNOWN = Ending(True), Ending(False), Ending(None)


class Shell(Protocol):
    """The interface of the shell that built-ins use (:class:`flake8_forksafe.deployment.shell.ShellInterpreter`).

    :ivar path: the file that the current statement stands in.
    """

    path: str

    def source(self, name: str, directory: str) -> tuple[str, str] | None:
        """The path and the text of a file that ``source`` names, as seen from a directory."""

    def program(self, words: Sequence[Word], state: State) -> Ending:
        """Run an external program."""

    def nested(self, text: str, path: str, line: int, state: State) -> Ending:
        """Run another script in this shell."""


def run_exec(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``exec``: the program takes the shell's place; without one, only its files are redirected."""
    arguments = list(words[1:])
    while arguments and arguments[0].text.startswith("-") and arguments[0].text != "-":
        del arguments[: 2 if arguments[0].text == "-a" else 1]
    if not arguments:
        return SUCCESS
    shell.program(arguments, state)
    return Ending(None, "exit")


def run_nothing(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """A command without an effect on variables or programs."""
    return SUCCESS


def run_fail(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``false``."""
    return FAILURE


def run_leave(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``exit``, ``return``, ``break`` and ``continue``."""
    return Ending(None, words[0].text)


def run_source(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``source`` and ``.``."""
    found = shell.source(words[1].text, state.directory) if len(words) > 1 else None
    if found is None:
        return UNKNOWN
    path, text = found
    outcome = shell.nested(text, path, 1, state)
    return outcome._replace(ended="") if outcome.ended == "return" else outcome


def run_eval(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``eval``."""
    return shell.nested(" ".join(word.text for word in words[1:]), shell.path, words[0].place.line, state)


def run_declare(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``export``, ``readonly``, ``local``, ``declare``, ``typeset``."""
    exports = words[0].text == "export"
    for word in words[1:]:
        if word.text.startswith("-"):
            exports = exports or "x" in word.text
            continue
        name, equals, value = word.text.partition("=")
        if equals:
            state.assign(name, (word._replace(text=value),))
        if exports:
            state.exported.add(name)
    return SUCCESS


def run_unset(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``unset``."""
    for word in words[1:]:
        state.variables.pop(word.text, None)
    return SUCCESS


def run_set(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``set``: new arguments, or ``-a``, which exports whatever is set."""
    texts = [word.text for word in words]
    if "--" in texts:
        state.arguments = tuple(words[texts.index("--") + 1 :])
    elif len(words) > 1 and texts[1][:1] not in ("-", "+"):
        state.arguments = tuple(words[1:])
    elif any(text[:1] == "-" and text[1:2] != "-" and "a" in text for text in texts) or "allexport" in texts:
        state.exports_all = not any(text.startswith("+") for text in texts)
    elif any(text[:1] == "+" and "a" in text for text in texts):
        state.exports_all = False
    return SUCCESS


def run_shift(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``shift``."""
    count = whole_number(words[1].text if len(words) > 1 else "1")
    if state.arguments is not None and count is not None:
        state.arguments = state.arguments[count:]
    return SUCCESS


def run_cd(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``cd`` and ``pushd``."""
    targets = [word for word in words[1:] if not word.text.startswith("-")]
    if targets and not targets[0].unknown:
        state.directory = posixpath.normpath(posixpath.join(state.directory, targets[0].text))
    return SUCCESS


def run_read(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``read``."""
    for word in words[1:]:
        if not word.text.startswith("-"):
            state.forget(word.text, Place(shell.path, word.place.line))
    return UNKNOWN


def run_print(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``echo``, ``printf``, ``pwd``, ``dirname``, ``basename``, ``readlink`` and ``realpath``."""
    if state.output is None:
        return SUCCESS
    values = [word for word in words[1:] if not word.text.startswith("-")]
    if any(word.unknown for word in values):
        state.output.append(None)
        return SUCCESS
    texts = [word.text for word in values]
    path = texts[0] if texts else ""
    state.output.append({
        "pwd": state.directory,
        "dirname": posixpath.dirname(path) or ".",
        "basename": posixpath.basename(path),
        "readlink": posixpath.normpath(posixpath.join(state.directory, path)),
        "realpath": posixpath.normpath(posixpath.join(state.directory, path)),
    }.get(words[0].text, " ".join(texts)))  # fmt: skip
    return SUCCESS


def run_test(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``test``, ``[`` and ``[[``."""
    return Ending(evaluate_test(words))


def run_command(shell: Shell, words: Sequence[Word], state: State) -> Ending:
    """``command`` and ``builtin``: the rest is a command, unless it is only asked for (``command -v celery``)."""
    if len(words) > 1 and not words[1].text.startswith("-"):
        return shell.program(words[1:], state)
    return UNKNOWN


Builtin = Callable[[Shell, Sequence[Word], State], Ending]

BUILTINS: Mapping[str, Builtin] = {
    "exec": run_exec,
    ":": run_nothing, "true": run_nothing, "trap": run_nothing,
    "wait": run_nothing, "umask": run_nothing, "ulimit": run_nothing,
    "shopt": run_nothing, "hash": run_nothing, "alias": run_nothing,
    "false": run_fail,
    "exit": run_leave, "return": run_leave,
    "break": run_leave, "continue": run_leave,
    ".": run_source, "source": run_source, "eval": run_eval,
    "export": run_declare, "readonly": run_declare, "local": run_declare,
    "declare": run_declare, "typeset": run_declare,
    "unset": run_unset, "set": run_set, "shift": run_shift,
    "cd": run_cd, "pushd": run_cd, "read": run_read,
    "echo": run_print, "printf": run_print, "pwd": run_print,
    "dirname": run_print, "basename": run_print,
    "readlink": run_print, "realpath": run_print,
    "[": run_test, "[[": run_test, "test": run_test,
    "command": run_command, "builtin": run_command,
}  # fmt: skip
