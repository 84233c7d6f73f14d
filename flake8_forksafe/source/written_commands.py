"""Commands that Python source runs: ``subprocess``, ``os.system`` and its kin, ``os.exec*``, ``c.run`` of task runners.

Nothing is executed and no branch is decided: every call of a file counts, with what is written of its arguments.
What is computed stands in a command as a variable whose value is not known.
"""

from __future__ import annotations

import json
import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flake8_forksafe.source import facts
from flake8_forksafe.source.collected import Collected
from flake8_forksafe.source.command_words import split_like_shlex
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block, Expression
from flake8_forksafe.source.text import Unreadable

NAME = "-"
"""What the text is asked for by."""
MOST_COMMANDS = 100
"""Commands of one file."""
MOST_WORDS = 1000
DEEPEST = 12
"""Names that are looked through."""
MOST_STEPS = 20_000
"""Expressions of one file that are computed; a long text counts as several."""
LONGEST = 100_000
"""Characters of a text; a longer one is no command."""

WHOLE = frozenset({
    "subprocess.run", "subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output",
    "subprocess.getoutput", "os.system", "os.popen", "asyncio.create_subprocess_shell", "pty.spawn", "pexpect.spawn",
})  # fmt: skip
"""What runs its first argument: words, or what a shell interprets."""
ARGUMENT_LISTS = re.compile(r"os\.(?:exec|spawn|posix_spawn)(?:vpe|vp|ve|v|p)?")
"""What runs the sequence among its arguments."""
SEPARATE = re.compile(r"os\.(?:exec|spawn)l(?:pe|p|e)?|asyncio\.create_subprocess_exec")
"""What runs its arguments, each a word."""
ADDING = frozenset({"append", "extend", "insert"})
RUNNERS = frozenset({"run", "sudo", "local"})
"""Methods of task runners that run a text (Invoke, Fabric) or their arguments, each a word (nox)."""


class Piece(NamedTuple):
    """A text of which some may be computed.

    :ivar unknown: what is, as the variables that stand in it.
    """

    text: str
    unknown: tuple[str, ...] = ()


class WrittenCommand(NamedTuple):
    """A command that a Python program runs in another process, or in its place.

    :ivar directory: that it is given, as it is written; empty if it is given none.
    :ivar environ: the variables that it is given, as far as they are written out.
    """

    line: int
    argv: tuple[Piece, ...]
    directory: str = ""
    environ: tuple[tuple[str, Piece], ...] = ()

    def packed(self) -> str:
        """As text, for who keeps plain data."""
        return json.dumps(self)

    @classmethod
    def unpacked(cls, text: str) -> WrittenCommand:
        """What :meth:`packed` made."""
        line, argv, directory, environ = json.loads(text)
        variables = tuple((name, Piece(value, tuple(unknown))) for name, (value, unknown) in environ)
        return cls(line, tuple(Piece(word, tuple(unknown)) for word, unknown in argv), directory, variables)


def written_commands(content: bytes) -> list[str]:
    """The commands that a Python text runs and that name Celery, packed."""
    found: dict[WrittenCommand, None] = {}
    source = Collected(lambda path: content)
    try:
        block = source.module(NAME)
        imports, names, steps = _imports(block), _names(block), _Steps()
        readers = [
            (body, _Reader(ChainMap(_imports(body), imports), ChainMap(_names(body), names), steps))
            for body in _bodies(source, block, 0)
        ]
        for body, reader in readers:
            for line, call in _calls(body, 0):
                found |= dict.fromkeys(reader.commands(call, line))
                if len(found) > MOST_COMMANDS:
                    return [one.packed() for one in found][:MOST_COMMANDS]
        if not found:
            found = dict.fromkeys(one for body, reader in readers for one in reader.lists(body))
    except (Unreadable, RecursionError):
        pass  # who imports the file tells that it cannot be read
    return [one.packed() for one in found][:MOST_COMMANDS]


def _bodies(source: Collected, block: Block, depth: int) -> Iterator[Block]:
    """A block, and the bodies of the functions in it."""
    yield block
    for define in _defines(block) if depth < DEEPEST else ():
        body = source.body(NAME, define.body) if isinstance(define.body, CutBody) else define.body
        yield from _bodies(source, body, depth + 1)


def _defines(node: object) -> Iterator[facts.Define]:
    if isinstance(node, facts.Define):
        yield node
    elif isinstance(node, tuple):
        for part in node:
            yield from _defines(part)
    elif isinstance(
        node, (facts.If, facts.Try, facts.With, facts.For, facts.While, facts.ClassDefinition, facts.Handler)
    ):
        for name in node.__struct_fields__:
            yield from _defines(getattr(node, name))


def _statements(node: object) -> Iterator[facts.Statement]:
    """The statements of a block, nested ones included, those of functions left out."""
    if isinstance(node, tuple):
        for part in node:
            yield from _statements(part)
    elif isinstance(node, facts.Statement):
        yield node
    if isinstance(node, facts.Fact) and not isinstance(node, facts.Define | facts.Expression):
        for name in node.__struct_fields__:
            yield from _statements(getattr(node, name))


def _imports(block: Block) -> dict[str, str]:
    """What the names that imports bind stand for."""
    names: dict[str, str] = {}
    for statement in _statements(block):
        if isinstance(statement, facts.Import):
            names.update((alias, dotted) for dotted, alias in statement.names if alias)
        elif isinstance(statement, facts.ImportFrom) and not statement.level:
            names.update((alias or name, f"{statement.module}.{name}") for name, alias in statement.names)
    return names


def _names(block: Block) -> dict[str, tuple[Expression, ...]]:
    """What names are bound to; one that is added to has :class:`~flake8_forksafe.source.facts.Opaque` at its end."""
    found: dict[str, tuple[Expression, ...]] = {}
    for statement in _statements(block):
        if isinstance(statement, facts.Assign):
            for target in statement.targets:
                if isinstance(target, facts.Name):
                    found[target.id] = (*found.get(target.id, ()), statement.value)
        elif isinstance(statement, facts.Augment) and isinstance(statement.target, facts.Name):
            found[statement.target.id] = (*found.get(statement.target.id, ()), facts.Opaque())
        elif isinstance(statement, facts.Evaluate) and isinstance(statement.value, facts.Call):
            method = statement.value.function
            owner = method.value if isinstance(method, facts.Attribute) and method.name in ADDING else None
            if isinstance(owner, facts.Name):
                found[owner.id] = (*found.get(owner.id, ()), facts.Opaque())
    return found


def _calls(node: object, line: int) -> Iterator[tuple[int, facts.Call]]:
    """The calls of a block with the lines of their statements, those of functions left out."""
    if isinstance(node, facts.Call):
        yield line, node
    if isinstance(node, tuple):
        for part in node:
            yield from _calls(part, line)
    elif isinstance(node, facts.Fact) and not isinstance(node, facts.Define):
        line = getattr(node, "line", line)
        for name in node.__struct_fields__:
            yield from _calls(getattr(node, name), line)


class _Steps:
    """What may still be computed for one file: names that stand for each other take exponential time otherwise."""

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def take(self, count: int = 1) -> bool:
        """Take some; false if there are none left."""
        self.left -= count
        return self.left >= 0


class _Reader:
    """The expressions of one function body, as far as they are written out."""

    def __init__(self, imports: Mapping[str, str], names: Mapping[str, tuple[Expression, ...]], steps: _Steps) -> None:
        self.imports = imports
        self.names = names
        self.steps = steps

    def commands(self, call: facts.Call, line: int) -> Iterator[WrittenCommand]:
        """What a call runs, if that names Celery."""
        path = self.dotted(call.function)
        plain = [one.value for one in call.arguments if one.keyword is None and not one.star]
        given = {one.keyword: one.value for one in call.arguments if one.keyword is not None}
        if SEPARATE.fullmatch(path):
            items = tuple(facts.Starred(one.value) if one.star == "*" else one.value
                          for one in call.arguments if one.keyword is None and one.star != "**")  # fmt: skip
            candidates: list[Expression] = [facts.Display("list", items)]
        elif ARGUMENT_LISTS.fullmatch(path):
            candidates = plain[1:]
        elif path in WHOLE:
            candidates = plain[:1] or [given[name] for name in ("args", "cmd") if name in given]
        else:
            is_runner = isinstance(call.function, facts.Attribute) and call.function.name in RUNNERS
            is_one = len(plain) == 1 or not plain or " " in self.text(plain[0], 0).text
            candidates = [] if not is_runner else plain[:1] if is_one else [facts.Display("list", tuple(plain))]
        for candidate in candidates:
            for argv in self.command(candidate):
                if any("celery" in word.text for word in argv):
                    directory = self.text(given["cwd"], 0).text if "cwd" in given else ""
                    environ = self.environ(given["env"]) if "env" in given else {}
                    yield WrittenCommand(line, argv, "" if "$" in directory else directory, tuple(environ.items()))

    def lists(self, body: Block) -> Iterator[WrittenCommand]:
        """Lists of words that start a worker, whoever runs them: a method may return them to what does."""
        places: list[tuple[int, Expression, tuple[Expression, ...]]] = []
        for statement in _statements(body):
            if isinstance(statement, facts.Assign | facts.Return) and statement.value is not None:
                targets = statement.targets if isinstance(statement, facts.Assign) else ()
                places.append((statement.line, statement.value, targets))
        places += [(line, argument.value, ()) for line, call in _calls(body, 0) for argument in call.arguments]
        for line, value, targets in places:
            words = self.words(value, 0) if isinstance(value, facts.Display | facts.Binary) else None
            if words and _starts_worker([word.text for word in words]):
                names = (name for name in targets if isinstance(name, facts.Name))
                more = [_unknown(name) for name in names if any(map(_is_opaque, self.names.get(name.id, ())))]
                yield WrittenCommand(line, (*words, *more)[:MOST_WORDS])

    def dotted(self, node: Expression) -> str:
        """The dotted path that an expression names; empty if it is none."""
        if isinstance(node, facts.Name):
            return self.imports.get(node.id, node.id)
        if isinstance(node, facts.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.name}" if base else ""
        return ""

    def command(self, node: Expression) -> Iterator[tuple[Piece, ...]]:
        """The commands that an argument may be: a name that is bound several times is any of those."""
        values = self.names.get(node.id, ()) if isinstance(node, facts.Name) else ()
        known: list[Expression] = [one for one in values if not isinstance(one, facts.Opaque)]
        for value in known or [node]:
            pieces = self.words(value, 0)
            if pieces is None:
                piece = self.text(value, 0)
                shell = (Piece("/bin/sh"), Piece("-c"), piece) if piece.text.strip() else ()
                pieces = list(shell)
            if isinstance(node, facts.Name) and any(map(_is_opaque, values)):
                pieces = [*pieces, _unknown(node)]
            if pieces:
                yield tuple(pieces[:MOST_WORDS])

    def words(self, node: Expression, depth: int) -> list[Piece] | None:
        """The words of a sequence; None if it is none that is written out."""
        if not self.steps.take() or depth > DEEPEST:
            return None
        if isinstance(node, facts.Display):
            found: list[Piece] = []
            for item in node.items:
                if len(found) > MOST_WORDS or self.steps.left < 0:
                    break
                if isinstance(item, facts.Starred):
                    found += self.words(item.value, depth + 1) or [_unknown(item.value)]
                else:
                    found.append(self.text(item, depth + 1))
            return found
        if isinstance(node, facts.Binary) and node.operator == "+":
            left, right = self.words(node.left, depth + 1), self.words(node.right, depth + 1)
            if left is None and right is None:
                return None
            return [*(left or [_unknown(node.left)]), *(right or [_unknown(node.right)])]
        if isinstance(node, facts.Name) and len(self.names.get(node.id, ())) == 1:
            return self.words(self.names[node.id][0], depth + 1)
        if isinstance(node, facts.Call):
            path = self.dotted(node.function)
            first = node.arguments[0].value if node.arguments else None
            if path in ("list", "tuple") and first is not None:
                return self.words(first, depth + 1)
            if path == "shlex.split" and first is not None:
                return self.split(self.text(first, depth + 1), quoted=True)
            if isinstance(node.function, facts.Attribute) and node.function.name == "split":
                return self.split(self.text(node.function.value, depth + 1), quoted=False)
        return None

    def split(self, piece: Piece, quoted: bool) -> list[Piece] | None:
        """The words of a text."""
        if not self.steps.take(len(piece.text) // 100):
            return None
        try:
            words = split_like_shlex(piece.text) if quoted else piece.text.split()
        except ValueError:
            return None
        return [Piece(word, tuple(name for name in piece.unknown if f"${{{name}}}" in word)) for word in words]

    def text(self, node: Expression, depth: int) -> Piece:
        """A text; what is computed of it stands there as a variable."""
        if not self.steps.take() or depth > DEEPEST:
            return _unknown(node)
        if isinstance(node, facts.Constant) and isinstance(node.value, str | int):
            return Piece(str(node.value))
        if isinstance(node, facts.Format):
            return _joined([self.text(part, depth + 1) for part in node.parts if self.steps.left >= 0])
        if isinstance(node, facts.Binary) and node.operator == "+":
            return _joined([self.text(node.left, depth + 1), self.text(node.right, depth + 1)])
        if isinstance(node, facts.Binary) and node.operator == "%":
            return _filled(self.text(node.left, depth + 1), r"%(?:\(\w+\))?[sdr]")
        if isinstance(node, facts.Name) and len(self.names.get(node.id, ())) == 1:
            return self.text(self.names[node.id][0], depth + 1)
        if isinstance(node, facts.Call) and self.dotted(node.function) == "str" and node.arguments:
            return self.text(node.arguments[0].value, depth + 1)
        if isinstance(node, facts.Call) and isinstance(node.function, facts.Attribute):
            if node.function.name == "format":
                return _filled(self.text(node.function.value, depth + 1), r"\{[^{}]*\}")
            joined = self.words(node.arguments[0].value, depth + 1) if node.arguments else None
            if node.function.name == "join" and joined is not None:
                separator = self.text(node.function.value, depth + 1)
                parts = [one for piece in joined for one in (separator, piece)]
                return _joined(parts[1:])
        if self.dotted(node) == "sys.executable":
            return Piece("python")
        return _unknown(node)

    def environ(self, node: Expression) -> dict[str, Piece]:
        """The variables that a mapping spells out: ``{**os.environ, "A": "1"}``, ``dict(os.environ, A="1")``."""
        found: dict[str, Piece] = {}
        values = self.names.get(node.id, ()) if isinstance(node, facts.Name) else ()
        for value in values or (node,):
            pairs: list[tuple[Expression | None, Expression]] = []
            if isinstance(value, facts.Dictionary):
                pairs = list(value.items)
            elif isinstance(value, facts.Call) and self.dotted(value.function) == "dict":
                pairs = [(facts.Constant(one.keyword), one.value) for one in value.arguments if one.keyword]
            for key, item in pairs:
                if isinstance(key, facts.Constant) and isinstance(key.value, str):
                    found[key.value] = self.text(item, 0)
        return found


def _starts_worker(words: list[str]) -> bool:
    """Whether words are a command line of ``celery worker``, and not what one is compared with."""
    program = next((word for word in words if word not in ("python", "-m")), "")
    return program.rpartition("/")[2] == "celery" and "worker" in words and any(word[:1] == "-" for word in words)


def _is_opaque(node: Expression) -> bool:
    return isinstance(node, facts.Opaque)


def _unknown(node: Expression) -> Piece:
    """A variable for what is computed, named like it."""
    name = node.id if isinstance(node, facts.Name) else node.name if isinstance(node, facts.Attribute) else "computed"
    return Piece(f"${{{name}}}", (name,)) if name.isascii() else Piece("${computed}", ("computed",))


def _joined(pieces: list[Piece]) -> Piece:
    if sum(len(piece.text) for piece in pieces) > LONGEST:
        return Piece("${computed}", ("computed",))
    unknown = dict.fromkeys(name for piece in pieces for name in piece.unknown)
    return Piece("".join(piece.text for piece in pieces), tuple(unknown))


def _filled(piece: Piece, pattern: str) -> Piece:
    """A text whose placeholders are replaced by what is computed."""
    text, count = re.subn(pattern, "${computed}", piece.text)
    return Piece(text, (*piece.unknown, "computed")) if count else piece
