"""What templates of deployment files say: Helm's with the values of their chart, Jinja's with variables beside them.

Only what is written out is computed: look-ups, defaults, conditions on them, ``toYaml`` with an indentation.
What is not known stands in the text as a variable (``${template_...}``), and a condition that is not known holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flake8_forksafe.deployment.model import TEMPLATE, Unusable

MARK = re.compile(r"\{\{|\{%")
UNKNOWN_VARIABLE = re.compile(r"\$\{(template_\w+)\}")
LONGEST = 512 * 1024
"""Characters that a template may become."""
MOST_STEPS = 50_000
DEEPEST = 50


class _Unknown:
    """A value that the repository does not tell."""


UNKNOWN = _Unknown()


class _Yaml(NamedTuple):
    """Data that is to be written as YAML."""

    value: Any


class Rendered(NamedTuple):
    """What a template says.

    :ivar lines: for each line the line of the template it comes from, from 1.
    """

    text: str
    lines: tuple[int, ...]


class _Tag(NamedTuple):
    """``{{ ... }}`` or ``{% ... %}``."""

    code: str
    line: int
    is_statement: bool


class _Literal(NamedTuple):
    text: str
    line: int


HELM = re.compile(r"\{\{-?((?:\"(?:[^\"\\]|\\.)*+\"|`[^`]*+`|[^\"`}]++|\}(?!\}))*+)\}\}", re.DOTALL)
HELM_COMMENT = re.compile(r"\{\{-?\s*+/\*")
HELM_COMMENT_END = re.compile(r"\*/(\s*+-?)\}\}")
JINJA = re.compile(r"\{[#{%]")
CLOSING = {"{#": "#}", "{{": "}}", "{%": "%}"}


class _Places:
    """The lines of places in a text, asked for in order."""

    def __init__(self, text: str) -> None:
        self.text, self.offset, self.line = text, 0, 1

    def line_of(self, offset: int) -> int:
        """The line of a place, which does not lie before the one asked for last."""
        self.line += self.text.count("\n", self.offset, offset)
        self.offset = offset
        return self.line


def _helm_pieces(text: str) -> Iterator[_Literal | _Tag]:
    """Text and tags, with the white space trimmed that ``{{-`` and ``-}}`` eat."""
    places, position, eat = _Places(text), 0, False
    while (start := text.find("{{", position)) >= 0:
        comment = HELM_COMMENT.match(text, start)
        match = HELM.match(text, start) if comment is None else _comment_end(text, comment.end())
        if match is None:  # Helm refuses the template, and nothing behind is looked at: time grows with the text
            break
        yield _trimmed(places, position, start, eat, text.startswith("-", start + 2))
        code = match[1].strip()
        eat = code.endswith("-")
        if comment is None:
            yield _Tag(code.removesuffix("-").strip(), places.line_of(start), False)
        position = match.end()
    yield _trimmed(places, position, len(text), eat, False)


def _comment_end(text: str, position: int) -> re.Match[str] | None:
    """The end of the comment that a place is in."""
    end = text.find("*/", position)
    return HELM_COMMENT_END.match(text, end) if end >= 0 else None


def _trimmed(places: _Places, start: int, end: int, left: bool, right: bool) -> _Literal:
    part = places.text[start:end]
    kept = part.lstrip() if left else part
    start += len(part) - len(kept)
    return _Literal(kept.rstrip() if right else kept, places.line_of(start))


def _jinja_pieces(text: str) -> Iterator[_Literal | _Tag]:
    """Text and tags; the newlines inside of comments and tags are kept, so that lines stay what they are."""
    places, position, unclosed = _Places(text), 0, set()
    for match in JINJA.finditer(text):
        start, mark = match.start(), match[0]
        if start < position or mark in unclosed:
            continue
        end = text.find(CLOSING[mark], match.end())
        if end < 0:
            unclosed.add(mark)
            continue
        literal = text[position:start]
        yield _Literal(literal.rstrip(" \t") if mark == "{%" else literal, places.line_of(position))
        line, code = places.line_of(start), text[match.end() : end]
        if mark != "{#":
            code = code[code.startswith(("-", "+")) :]
            yield _Tag(code[: len(code) - code.endswith(("-", "+"))].strip(), line, mark == "{%")
        position = end + len(CLOSING[mark])
        yield _Literal("\n" * text.count("\n", start, position), line)
    yield _Literal(text[position:], places.line_of(position))


class _Output:
    """Text with the line that each of its lines comes from."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.lines: list[int] = [1]
        self.size = 0
        self.begins = True
        self.is_blank = True
        """Whether only white space stands in the line that is written."""

    def add(self, text: str, line: int, generated: bool = False) -> None:
        """Add a text that begins in a line of the template; what is generated comes from that line altogether."""
        if not text:
            return
        self.size += len(text)
        if self.size > LONGEST:
            raise Unusable(TEMPLATE, line)
        if self.begins:
            self.lines[-1] = line
        self.parts.append(text)
        _, newline, last = text.rpartition("\n")
        self.is_blank = not last.strip() and (bool(newline) or self.is_blank)
        self.begins = text.endswith("\n")
        for number in range(1, text.count("\n") + 1):
            self.lines.append(line if generated else line + number)


class _Renderer:
    """Renders a sequence of pieces.

    :ivar variables: of templates (``$name`` in Helm's).
    """

    def __init__(self, pieces: Sequence[_Literal | _Tag], is_helm: bool, values: Mapping[str, Any]) -> None:
        self.pieces = pieces
        self.is_helm = is_helm
        self.values = values
        self.variables: dict[str, Any] = {}
        self.output = _Output()
        self.steps = 0

    def render(self) -> Rendered:
        position = 0
        while position < len(self.pieces):  # an "end" of nothing ends nothing
            position = self.block(position, self.values, True, 0)[0] + 1
        return Rendered("".join(self.output.parts), tuple(self.output.lines))

    def block(self, position: int, dot: Any, runs: bool, depth: int) -> tuple[int, str]:
        """Render up to the tag that ends the block or begins another branch; its position, and its code."""
        while position < len(self.pieces):
            self.steps += 1
            piece = self.pieces[position]
            if self.steps > MOST_STEPS or depth > DEEPEST:
                raise Unusable(TEMPLATE, piece.line)
            if isinstance(piece, _Literal):
                if runs or not self.is_helm:
                    self.output.add(piece.text if runs else "\n" * piece.text.count("\n"), piece.line)
                position += 1
                continue
            word, _, rest = piece.code.partition(" ")
            if word in ("end", "else", "elif") or (piece.is_statement and word.startswith("end")):
                return position, piece.code
            is_block = (word in HELM_BLOCKS) if self.is_helm else (piece.is_statement and word in JINJA_BLOCKS)
            if is_block:
                position = self.branches(position, word, rest.strip(), dot, runs, depth)
                continue
            if runs:
                self.tag(piece, dot)
            position += 1
        return position, ""

    def branches(self, position: int, word: str, rest: str, dot: Any, runs: bool, depth: int) -> int:
        """An ``if``, ``with``, ``range`` or ``for`` with its branches; the position behind it."""
        done = not runs
        while True:
            dots = [] if done else self.choice(word, rest.strip(), dot)
            for item in dots[:-1]:
                self.block(position + 1, item, True, depth + 1)
            position, code = self.block(position + 1, dots[-1] if dots else dot, bool(dots), depth + 1)
            done = done or bool(dots)
            name, _, rest = code.partition(" ")
            if name not in ("else", "elif"):
                return position + 1
            second, _, third = rest.strip().partition(" ")
            if second in ("if", "with"):
                word, rest = second, third
            else:
                word = "if" if name == "elif" else "else"

    def choice(self, word: str, rest: str, dot: Any) -> list[Any]:
        """What ``.`` is each time that a branch is rendered; empty if it is not."""
        if word in ("range", "for"):
            return self.items(rest, dot)
        if word in ("else", "raw", "filter"):
            return [dot]
        if word not in ("if", "with"):
            return []
        value = self.value(rest.rpartition(":=")[2] if self.is_helm else rest, dot)
        if value is UNKNOWN:
            return [dot] if word == "if" else []
        return [value if word == "with" else dot] if _is_true(value) else []

    def items(self, text: str, dot: Any) -> list[Any]:
        """What is gone over.  Names given to items are not known; and the lines of Jinja's bodies stay, so they are
        rendered once.
        """
        names, separator, expression = text.partition(":=" if self.is_helm else " in ")
        value = self.value(expression if separator else text, dot)
        value = value.value if isinstance(value, _Yaml) else value
        found = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
        if separator:
            self.variables.update((name, UNKNOWN) for name in names.replace(",", " ").split())
            if len(found) == 1 and isinstance(value, list):
                self.variables[names.replace(",", " ").split()[-1]] = found[0]
        return found[:MOST_STEPS] if self.is_helm else found[:1]

    def tag(self, tag: _Tag, dot: Any) -> None:
        """A tag that is no block: an assignment, or something that is written."""
        code = tag.code
        assignment = re.match(r"(\$\w*)\s*:?=\s*(.*)", code, re.DOTALL) if self.is_helm else None
        if tag.is_statement:
            assignment = re.match(r"set\s+(\w+)\s*=\s*(.*)", code, re.DOTALL)
            if assignment is None:
                return
        if assignment is not None:
            self.variables[assignment[1]] = self.value(assignment[2], dot)
            return
        value = self.value(code, dot)
        if value is UNKNOWN:
            if self.is_alone(code):
                return  # labels, annotations and the like, which a helper writes
            name = re.sub(r"\W+", "_", code)[:60].strip("_")
            self.output.add(f"${{template_{name}}}", tag.line, generated=True)
            return
        self.output.add(_text(value), tag.line, generated=True)

    def is_alone(self, code: str) -> bool:
        """Whether what is written would be lines of their own."""
        return self.is_helm and (self.output.is_blank or "indent" in code)

    def value(self, text: str, dot: Any) -> Any:
        """The value of an expression."""
        try:
            return _Expression(self, dot).pipeline(text, 0)
        except (ValueError, TypeError, IndexError, AttributeError, RecursionError):
            return UNKNOWN  # an expression that is written otherwise


HELM_BLOCKS = frozenset({"if", "with", "range", "define", "block"})
JINJA_BLOCKS = frozenset({"if", "for", "macro", "block", "raw", "call", "filter"})
WORD = re.compile(
    r"\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`|\(|\)|\||==|!=|,|\$?[\w]*(?:\.[\w-]+)+|\$\w*|\.|[\w-]+|.)",
    re.DOTALL,
)


class _Expression:
    """Helm's pipelines, and the part of Jinja's expressions that is like them."""

    def __init__(self, renderer: _Renderer, dot: Any) -> None:
        self.renderer = renderer
        self.dot = dot

    def pipeline(self, text: str, depth: int) -> Any:
        words = [match[1] for match in WORD.finditer(text) if match[1].strip()]
        value, position = self.stages(words, 0, depth)
        if position < len(words):
            raise ValueError(text)
        return value

    def stages(self, words: Sequence[str], position: int, depth: int) -> tuple[Any, int]:
        """``a | f x | g``, up to its end or a closing parenthesis."""
        if depth > DEEPEST:
            raise ValueError("too deep")
        piped: list[Any] = []
        while True:
            arguments: list[Any] = []
            function = ""
            if (
                position < len(words)
                and re.fullmatch(r"[A-Za-z_]\w*", words[position])
                and (self.renderer.is_helm or piped or words[position] in ("not",))
            ):
                function = words[position]
                position += 1
                if function in ("true", "false", "nil"):
                    arguments, function = [function if function != "nil" else None], ""
            while position < len(words) and words[position] not in (")", "|"):
                if words[position] == "(":
                    value, position = self.stages(words, position + 1, depth + 1)
                    if position >= len(words):
                        raise ValueError("not closed")
                    position += 1
                    arguments.append(value)
                elif words[position] == ",":
                    position += 1
                elif words[position] in ("==", "!=", "is", "and", "or"):
                    left = arguments.pop()
                    operator = words[position]
                    right, position = self.stages(words, position + 1, depth + 1)
                    if operator == "is":
                        arguments.append(UNKNOWN if left is UNKNOWN else "true" if left is not None else "")
                    else:
                        arguments.append(_call({"==": "eq", "!=": "ne"}.get(operator, operator), [left, right]))
                else:
                    arguments.append(self.atom(words[position]))
                    position += 1
            if function in ("default", "d") and not self.renderer.is_helm and piped == [UNKNOWN] and arguments:
                value = arguments[0]  # what nothing in the repository sets is taken to be unset
            elif function:
                value = _call(function, [*arguments, *piped])
            elif len(arguments) == 1 and not piped:
                value = arguments[0]
            else:
                raise ValueError("no expression")
            if position < len(words) and words[position] == "|":
                piped, position = [value], position + 1
                continue
            return value, position

    def atom(self, word: str) -> Any:
        """A literal or a look-up."""
        if word[0] in "\"'`":
            return word[1:-1] if word[0] != '"' else str(json.loads(word)) if "\\" in word else word[1:-1]
        if re.fullmatch(r"-?\d+(?:\.\d+)?", word):
            return word
        if word == ".":
            return self.dot
        variables = self.renderer.variables
        head, *names = word.split(".")
        if self.renderer.is_helm:
            value = self.renderer.values if head == "$" else variables.get(head, UNKNOWN) if head else self.dot
        elif head in variables:
            value = variables[head]
        else:
            value, names = self.renderer.values, [head, *names]
        for name in names:
            if value is UNKNOWN or not isinstance(value, dict):
                return UNKNOWN if value is UNKNOWN or value is not None else None
            missing = UNKNOWN if value is self.renderer.values or not self.renderer.is_helm else None
            value = value.get(name, missing)
        return value


def _call(name: str, arguments: list[Any]) -> Any:
    """What a function of Helm or a filter of Jinja gives; unknown if it is another one."""
    last = arguments[-1] if arguments else UNKNOWN
    if name in ("and", "or"):
        return _decided(name, arguments)
    if name in ("default", "d"):
        first, value = (arguments[0], last) if name == "default" and len(arguments) > 1 else (last, UNKNOWN)
        return value if value is UNKNOWN or _is_true(value) else first
    if name == "coalesce":
        return _decided("or", arguments)
    if name == "printf":
        return _printed(arguments)
    if any(value is UNKNOWN for value in arguments):
        return UNKNOWN
    if name in ("toYaml", "toJson", "to_json", "tojson", "to_yaml", "to_nice_yaml"):
        return last if isinstance(last, _Yaml) else _Yaml(last)
    if name in ("nindent", "indent"):
        return _indented(last, int(arguments[0]), name == "nindent")
    if name in PLAIN:
        return last
    if name in COMPARED:
        return "true" if COMPARED[name](_text(arguments[0]), _text(last)) else ""
    if name in ("not", "empty"):
        return "" if _is_true(last) else "true"
    if name == "join" and isinstance(last, list):
        return _text(arguments[0]).join(map(_text, last))
    if name == "list":
        return arguments
    if name == "ternary":
        return arguments[0] if _is_true(last) else arguments[1]
    if name == "tpl":
        return arguments[0] if isinstance(arguments[0], str) and "{{" not in arguments[0] else UNKNOWN
    return UNKNOWN


PLAIN = frozenset({
    "quote", "squote", "toString", "int", "int64", "float64", "trim", "string", "required", "bool", "deepCopy",
})  # fmt: skip
"""What hands on its last argument."""
COMPARED: dict[str, Callable[[str, str], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: float(left or 0) > float(right or 0),
    "ge": lambda left, right: float(left or 0) >= float(right or 0),
    "lt": lambda left, right: float(left or 0) < float(right or 0),
    "le": lambda left, right: float(left or 0) <= float(right or 0),
}


def _decided(name: str, arguments: Sequence[Any]) -> Any:
    """``and`` and ``or``, which give one of their arguments."""
    unknown = False
    for value in arguments:
        if value is UNKNOWN:
            unknown = True
        elif _is_true(value) is (name == "or"):
            return UNKNOWN if unknown and name == "or" else value
    return UNKNOWN if unknown else arguments[-1]


def _printed(arguments: Sequence[Any]) -> Any:
    """``printf``: what is not known of it stays a variable."""
    if not arguments or not isinstance(arguments[0], str):
        return UNKNOWN
    given = iter(arguments[1:])

    def value(match: re.Match[str]) -> str:
        found = next(given, UNKNOWN)
        return "${template_printf}" if found is UNKNOWN else _text(found)

    return re.sub(r"%[sdvq]", value, arguments[0])


def _is_true(value: Any) -> bool:
    value = value.value if isinstance(value, _Yaml) else value
    return value not in (None, "", "false", "False", "0", [], {})


def _text(value: Any) -> str:
    """A value as a template writes it."""
    if isinstance(value, _Yaml):
        return value.value if isinstance(value.value, str) else json.dumps(value.value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _indented(value: Any, width: int, on_new_line: bool) -> str:
    """Text, or data as YAML in block style, behind an indentation."""
    data = value.value if isinstance(value, _Yaml) else value
    if isinstance(data, dict) and data:
        lines = [f"{json.dumps(key)}: {json.dumps(item)}" for key, item in data.items()]
    elif isinstance(data, list) and data:
        lines = [f"- {json.dumps(item)}" for item in data]
    else:
        lines = _text(value).split("\n")
    space = " " * min(width, 200)
    return ("\n" if on_new_line else "") + "\n".join(space + line for line in lines)


def render_helm(text: str, values: Mapping[str, Any], chart: str) -> Rendered:
    """What a template of a chart says with its own values.

    Read in https://helm.sh/docs/chart_template_guide/.

    :raises Unusable: if that is more than a deployment file can be.
    """
    context = {"Values": dict(values), "Chart": {"Name": chart} if chart else UNKNOWN}
    return _Renderer(list(_helm_pieces(text)), True, context).render()


def render_jinja(text: str, variables: Mapping[str, Any]) -> str:
    """What a template of Jinja says; each line stays where it is.

    :raises Unusable: if that is more than a deployment file can be.
    """
    return _Renderer(list(_jinja_pieces(text)), False, dict(variables)).render().text
