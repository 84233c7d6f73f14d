"""The syntax tree of a shell script."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class ShellLiteral(NamedTuple):
    """Characters that stand for themselves."""

    text: str
    quoted: bool


class Variable(NamedTuple):
    """``$NAME`` or ``${NAME:-argument}``; ``written`` is how it stands in the source."""

    name: str
    operator: str
    argument: Parts
    quoted: bool
    written: str


class Command(NamedTuple):
    """``$(script)`` or `````script`````."""

    script: str
    quoted: bool
    written: str


class Parts(NamedTuple):
    """A word: pieces that stand next to each other."""

    parts: tuple[ShellLiteral | Variable | Command, ...]
    line: int

    @property
    def bare(self) -> str | None:
        """Its text if it is one unquoted literal."""
        part = self.parts[0] if len(self.parts) == 1 else None
        return part.text if isinstance(part, ShellLiteral) and not part.quoted else None


class Assignment(NamedTuple):
    """``NAME=value``, ``NAME+=value`` or ``NAME=(several values)``."""

    name: str
    values: tuple[Parts, ...]
    is_array: bool
    is_added: bool


class Simple(NamedTuple):
    """A command with its arguments; only assignments if there are no words."""

    assignments: tuple[Assignment, ...]
    words: tuple[Parts, ...]
    line: int


class Chain(NamedTuple):
    """``first && second || third``."""

    first: Statement
    rest: tuple[tuple[str, Statement], ...]


class Pipe(NamedTuple):
    """``one | two``."""

    statements: tuple[Statement, ...]


class Not(NamedTuple):
    """``! command``."""

    statement: Statement


class Group(NamedTuple):
    """``{ ...; }`` or ``( ... )``."""

    body: Script
    is_subshell: bool


class ShellIf(NamedTuple):
    """``if``, ``elif`` and ``else``."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script


class ShellLoop(NamedTuple):
    """``for``, ``while``, ``until`` and ``select``.

    :ivar words: what ``for`` goes through; None for the script's own arguments.
    """

    variable: str
    words: tuple[Parts, ...] | None
    condition: Script
    body: Script


class ShellCase(NamedTuple):
    """``case``: each branch has its patterns."""

    subject: Parts
    branches: tuple[tuple[tuple[Parts, ...], Script], ...]


class ShellFunction(NamedTuple):
    """The definition of a function."""

    name: str
    body: Script


Statement: TypeAlias = Simple | Chain | Pipe | Not | Group | ShellIf | ShellLoop | ShellCase | ShellFunction
Script: TypeAlias = tuple[Statement, ...]
Piece: TypeAlias = ShellLiteral | Variable | Command
