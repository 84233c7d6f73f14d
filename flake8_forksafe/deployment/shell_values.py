"""The variables of a script, and the expansion of its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from flake8_forksafe.deployment.model import NOWHERE, Place, Word
from flake8_forksafe.deployment.shell_tree import Command, Parts, Piece, Script, ShellLiteral, Variable
from flake8_forksafe.deployment.sizes import whole_number

SCRIPT_NAMES = frozenset({"0", "BASH_SOURCE"})
MOST_FIELDS = 1000
LONGEST = 100_000
"""Characters of a word; what is longer is no option of a worker.  A variable that has more is not known."""
EMPTY = ShellLiteral("", True)


class Budget:
    """How many more statements may be run; shared by all scripts that one command runs."""

    def __init__(self, left: int) -> None:
        self.left = left


class Variables(dict[str, tuple[Word, ...]]):
    """Variables of a shell.

    :ivar written: the names of those that were set since the shell was copied from another.
    """

    __slots__ = ("written",)

    def __init__(self, values: Mapping[str, tuple[Word, ...]]) -> None:
        super().__init__(values)
        self.written: set[str] = set()

    def __setitem__(self, name: str, values: tuple[Word, ...]) -> None:
        self.written.add(name)
        super().__setitem__(name, values)


@dataclass
class State:
    """What a shell knows while it runs a script.

    :ivar variables: each with one value, or with those of an array.
    :ivar arguments: ``$1`` and following; None if they are not known.
    :ivar functions: the file and the body of each.
    :ivar output: what was printed, None for what is not known, while a command substitution runs.
    """

    variables: Variables
    exported: set[str]
    arguments: tuple[Word, ...] | None
    directory: str
    name: str = "sh"
    exports_all: bool = False
    functions: dict[str, tuple[str, Script]] = field(default_factory=dict)
    output: list[str | None] | None = None

    @classmethod
    def begin(cls, environ: Mapping[str, Word], arguments: tuple[Word, ...] | None, directory: str, name: str) -> State:
        """A shell that starts in an environment."""
        variables = Variables({key: (value,) for key, value in environ.items()})
        return cls(variables, set(environ), arguments, directory, name)

    def copy(self) -> State:
        """A shell of its own that knows the same."""
        return State(
            Variables(self.variables), set(self.exported), self.arguments, self.directory, self.name, self.exports_all,
            dict(self.functions), self.output,
        )  # fmt: skip

    def environ(self) -> dict[str, Word]:
        """The environment of the programs it starts."""
        return {name: self.variables[name][0] for name in self.exported if self.variables.get(name)}

    def assign(self, name: str, values: tuple[Word, ...]) -> None:
        """Set a variable."""
        if sum(len(word.text) for word in values) > LONGEST or len(values) > LONGEST:
            self.forget(name, values[0].place)
        else:
            self.variables[name] = values
        if self.exports_all:
            self.exported.add(name)

    def forget(self, name: str, place: Place = NOWHERE) -> None:
        """A variable whose value is not known any more."""
        self.variables[name] = (Word(f"${name}", place, (name,)),)

    def merge(self, paths: Sequence[State]) -> None:
        """Merge the branches of a condition, copies of this one: keep values on which those that know one agree."""
        for name in sorted({name for path in paths for name in path.variables.written}):
            known = [path.variables[name] for path in paths if name in path.variables]
            known = [values for values in known if not any(word.unknown for word in values)]
            texts = {tuple(word.text for word in values) for values in known}
            if len(texts) > 1:
                self.forget(name, known[0][0].place if known[0] else NOWHERE)
            elif known:
                self.variables[name] = known[0]
        for path in paths:
            self.exported |= path.exported
            self.functions.update(path.functions)


class Expander:
    """Parameter expansion, command substitution and field splitting.

    :param capture: the output of a command substitution: its text, the state, its line; None if not known.
    :ivar read: the names of the variables that were read.
    """

    def __init__(self, capture: Callable[[str, State, int], str | None]) -> None:
        self.capture = capture
        self.read: set[str] = set()

    def fields(self, parts: Parts, state: State, path: str) -> list[Word]:
        """The words that a word becomes."""
        place = Place(path, parts.line)
        pieces = [part for part in parts.parts if part != EMPTY]
        is_lone = len(pieces) == 1 and not isinstance(pieces[0], ShellLiteral)
        all_arguments = any(
            isinstance(part, Variable) and part.quoted and part.name.rstrip("]").endswith("@") for part in pieces
        )
        fields: list[Word] = []
        current = Word("", place) if EMPTY in parts.parts and not all_arguments else None
        for part in pieces:
            for index, word in enumerate(self._separate(part, state, place)):
                if index and current is not None:
                    fields.append(current)
                    current = None
                word = word if is_lone else word._replace(place=place)
                current = word if current is None else _join(current, word)
            if len(fields) > LONGEST or (current is not None and len(current.text) > LONGEST):
                break  # text that consists of itself several times grows with the power of the number of lines
        return fields if current is None else [*fields, current]

    def _separate(self, part: Piece, state: State, place: Place) -> list[Word]:
        """The values of a part; the results of unquoted expansions are divided at blanks."""
        words = self._values(part, state, place)[:MOST_FIELDS]
        if isinstance(part, Variable) and part.quoted and part.name.rstrip("]").endswith("*"):
            return [_together(words, place)]
        if isinstance(part, ShellLiteral) or part.quoted:
            return words
        return [field for word in words for field in _divide(word)]

    def single(self, parts: Parts, state: State, path: str) -> Word:
        """The value of an assignment, which is not split."""
        place = Place(path, parts.line)
        values: list[Word] = []
        length = 0
        for part in parts.parts:
            if part != EMPTY and length <= LONGEST:
                values.append(_together(self._values(part, state, place), place))
                length += len(values[-1].text)
        unknown = dict.fromkeys(name for value in values for name in value.unknown)
        where = values[0].place if len(values) == 1 else place
        return Word("".join(value.text for value in values), where, tuple(unknown))

    def _values(self, part: Piece, state: State, place: Place) -> list[Word]:
        if isinstance(part, ShellLiteral):
            return [Word(part.text, place)]
        if isinstance(part, Command):
            output = self.capture(part.script, state, place.line)
            return [Word(output, place) if output is not None else Word(part.written, place, (part.written,))]
        if part.operator:
            return self._apply(part, state, place)
        found = self._lookup(part.name, state, place)
        return [_unknown(part, place)] if found is None else list(found)

    def _lookup(self, name: str, state: State, place: Place) -> tuple[Word, ...] | None:
        """The values of a variable or parameter; None if it is not set or not known."""
        if name in ("@", "*"):
            return state.arguments
        if name == "#":
            return None if state.arguments is None else (Word(str(len(state.arguments)), place),)
        base, _, index = name.partition("[")
        if base in SCRIPT_NAMES and base not in state.variables:
            return (Word(state.name, place),)
        if name.isdigit():
            if state.arguments is None:
                return None
            return state.arguments[int(name) - 1 : int(name)] or (Word("", place),)
        self.read.add(base)
        values = state.variables.get(base)
        if values is None or index.startswith(("@", "*")):
            return values
        number = index.rstrip("]")
        position = whole_number(number or "0")
        if position is None:
            return None
        return values[position:][:1] or (Word("", place),)

    def _apply(self, part: Variable, state: State, place: Place) -> list[Word]:
        found = self._lookup(part.name, state, place)
        operator = part.operator
        is_set = bool(found) and (bool(found[0].text) or not operator.startswith(":")) if found else False
        if operator in (":-", "-", ":=", "="):
            if is_set and found:
                return list(found)
            value = self.single(part.argument, state, place.path)._replace(place=place)
            if operator.endswith("="):
                state.assign(part.name, (value,))
            return [value]
        if operator in (":+", "+"):
            return [self.single(part.argument, state, place.path)._replace(place=place)] if is_set else []
        if operator in (":?", "?") or not found or found[0].unknown:
            return list(found) if is_set and found else [_unknown(part, place)]
        trimmed = _trim(found[0].text, operator)
        return [_unknown(part, place) if trimmed is None else Word(trimmed, place)]


FIELD = re.compile(r"(?:\$\{(?:[^{}]|\{[^{}]*\})*\}|\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`|\S)+")
"""What stands between blanks; expansions whose values are not known stand in it as they are written."""


def _divide(word: Word) -> list[Word]:
    """The fields of a value, each with what is not known in it; a value in which that is not found again is one."""
    texts: list[str] = FIELD.findall(word.text)
    unknown = [tuple(name for name in word.unknown if _stands_in(name, text)) for text in texts]
    if {name for names in unknown for name in names} != set(word.unknown):
        return [word]
    return [word._replace(text=text, unknown=names) for text, names in zip(texts, unknown, strict=True)]


def _stands_in(name: str, text: str) -> bool:
    """Whether a variable, or a command as it is written, is expanded in a text."""
    if name.startswith(("$", "`")):
        return name in text
    return re.search(rf"\$(?:\{{[!#]?)?{re.escape(name)}(?!\w)", text) is not None


def _unknown(part: Variable, place: Place) -> Word:
    return Word(part.written, place, (part.name,))


def _together(words: Sequence[Word], place: Place) -> Word:
    """Several values as one, such as ``"$*"``."""
    if len(words) == 1:
        return words[0]
    return Word(" ".join(word.text for word in words), place, tuple(name for word in words for name in word.unknown))


def _join(left: Word, right: Word) -> Word:
    place = right.place if not left.text else left.place
    return Word(left.text + right.text, place, left.unknown + right.unknown)


def _trim(text: str, operator: str) -> str | None:
    """``${name%pattern}``, ``%%``, ``#`` and ``##``; None for any other operator."""
    match = re.fullmatch(r"(%%?|##?)(.*)", operator, re.DOTALL)
    if match is None or "$" in match[2] or len(text) > 1000:
        return None
    kind, pattern = match[1], match[2]
    lengths = range(len(text) + 1) if len(kind) == 1 else range(len(text), -1, -1)
    for length in lengths:
        end = text[len(text) - length :] if kind[0] == "%" else text[:length]
        if fnmatchcase(end, pattern):
            return text[: len(text) - length] if kind[0] == "%" else text[length:]
    return text
