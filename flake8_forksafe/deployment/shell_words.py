"""The words of shell scripts: quotes, variables, command substitutions."""

from __future__ import annotations

import re

from flake8_forksafe.deployment.model import Unusable
from flake8_forksafe.deployment.shell_tree import Command, Parts, Piece, ShellLiteral, Variable
from flake8_forksafe.deployment.substitution import closing_brace

DEEPEST = 60

SPECIAL = frozenset(" \t\n;&|()<>")
BLANKS = frozenset(" \t\\#")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#?$!-]")
BRACED = re.compile(r"([!#]?)([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(\[[^\]]*\])?")
OPERATOR = re.compile(r":?[-+?=]|[%#/^,@:].*|", re.DOTALL)
NESTING = re.compile(r"\\.|['\"()]", re.DOTALL)
"""What stands in parentheses and matters for where they close."""


class WordReader:
    """Reads words at a position of a script."""

    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.first_line = line
        self.position = 0
        self.depth = 0
        self._counted = (0, line)

    def line(self) -> int:
        """The line of the current position."""
        position, line = self._counted
        if self.position < position:
            position, line = 0, self.first_line
        self._counted = (self.position, line + self.text.count("\n", position, self.position))
        return self._counted[1]

    def error(self, reason: str) -> Unusable:
        """What is wrong at the current position."""
        return Unusable(f"it is not a shell script that can be read: {reason}", self.line())

    def skip_blanks(self) -> None:
        """Pass over blanks, continued lines and comments."""
        while (character := self.text[self.position : self.position + 1]) in BLANKS:
            if character == "\\":
                if not self.text.startswith("\\\n", self.position):
                    return
                self.position += 2
            elif character in " \t":
                self.position += 1
            else:
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end

    def word(self) -> Parts:
        """The next word."""
        self.skip_blanks()
        line = self.line()
        parts: list[Piece] = []
        start = self.position
        while self.position < len(self.text):
            character = self.text[self.position]
            if character in SPECIAL and not self.text.startswith(("<(", ">("), self.position):
                break
            if self.text.startswith("\\\n", self.position):
                self.position += 2
            elif character in "<>":
                self.position += 1
                parts.append(self._parenthesised(self.position - 1, False))
            else:
                parts += self._piece(character)
        if self.position == start:
            raise self.error("a word is missing")
        return Parts(_joined(parts), line)

    def _piece(self, character: str) -> list[Piece]:
        if character == "'":
            return [self._single_quoted(self.position + 1)]
        if character == '"':
            return self._double_quoted()
        if character == "\\":
            self.position += 2
            return [ShellLiteral(self.text[self.position - 1 : self.position], True)]
        if character == "$" and self.text.startswith("$'", self.position):
            return [self._single_quoted(self.position + 2)]
        if character in "$`":
            return [self._expansion(False)]
        end = self.position + 1
        while end < len(self.text) and self.text[end] not in SPECIAL and self.text[end] not in "'\"\\$`":
            end += 1
        text, self.position = self.text[self.position : end], end
        return [ShellLiteral(text, False)]

    def _single_quoted(self, start: int) -> ShellLiteral:
        end = self.text.find("'", start)
        if end < 0:
            raise self.error("a quote is not closed")
        self.position = end + 1
        return ShellLiteral(self.text[start:end], True)

    def _double_quoted(self) -> list[Piece]:
        parts: list[Piece] = [ShellLiteral("", True)]
        opening = self.line()
        self.position += 1
        while True:
            match = re.compile(r'[^"\\$`]+').match(self.text, self.position)
            if match is not None:
                parts.append(ShellLiteral(match[0], True))
                self.position = match.end()
            character = self.text[self.position : self.position + 1]
            if character == '"':
                self.position += 1
                return parts
            if character == "\\":
                escaped = self.text[self.position + 1 : self.position + 2]
                parts.append(
                    ShellLiteral(escaped if escaped in '"\\$`' else "" if escaped == "\n" else f"\\{escaped}", True)
                )
                self.position += 2
            elif character:
                parts.append(self._expansion(True))
            else:
                raise Unusable("it is not a shell script that can be read: a quote is not closed", opening)

    def _expansion(self, quoted: bool) -> Piece:
        """What ``$`` or a backquote begins."""
        start, text = self.position, self.text
        if text[start] == "`":
            end = text.find("`", start + 1)
            if end < 0:
                raise self.error("a backquote is not closed")
            self.position = end + 1
            return Command(text[start + 1 : end], quoted, text[start : end + 1])
        if text.startswith("$(", start):
            self.position += 1
            return self._parenthesised(start, quoted)
        if text.startswith("${", start):
            return self._braced(start, quoted)
        match = PARAMETER.match(text, start + 1)
        if match is None:
            self.position += 1
            return ShellLiteral("$", quoted)
        self.position = match.end()
        return Variable(match[0], "", Parts((), 0), quoted, match.string[start : match.end()])

    def _parenthesised(self, start: int, quoted: bool) -> Command:
        """A command substitution whose parenthesis is at the current position."""
        depth, index, text = 0, self.position, self.text
        while (found := NESTING.search(text, index)) is not None:
            character, index = found[0], found.end()
            if character in "'\"":
                index = _closing_quote(text, found.start()) + 1
            elif character in "()":
                depth += 1 if character == "(" else -1
                if not depth:
                    break
        if found is None:
            raise self.error("a parenthesis is not closed")
        script = text[self.position + 1 : found.start()]
        self.position = index
        return Command(script, quoted, text[start:index])

    def _braced(self, start: int, quoted: bool) -> ShellLiteral | Variable:
        text = self.text
        end = closing_brace(text, start + 2)
        match = BRACED.match(text, start + 2)
        if end is None:
            raise self.error("a brace is not closed")
        self.position = end + 1
        if match is None or match.end() > end:
            return ShellLiteral(text[start : end + 1], quoted)
        operator = OPERATOR.match(text, match.end(), end)
        name = match[2] + (match[3] or "")
        written = text[start : end + 1]
        if operator is None or match[1]:
            return Variable(name, f"?{match[1]}", Parts((), 0), quoted, written)
        if operator[0] and operator[0] not in (":-", "-", ":=", "=", ":+", "+", ":?", "?"):
            return Variable(name, operator[0], Parts((), 0), quoted, written)
        return Variable(name, operator[0], self._argument(text[operator.end() : end]), quoted, written)

    def _argument(self, text: str) -> Parts:
        """The word behind an operator, in which blanks do not separate."""
        inner = WordReader(text, self.line())
        inner.depth = self.depth + 1
        if inner.depth > DEEPEST:
            raise self.error("it is nested too deeply")
        parts: list[Piece] = []
        while inner.position < len(text):
            character = text[inner.position]
            if character in SPECIAL:
                parts.append(ShellLiteral(character, False))
                inner.position += 1
            else:
                parts += inner._piece(character)
        return Parts(_joined(parts), self.line())


def _joined(parts: list[Piece]) -> tuple[Piece, ...]:
    """Parts with neighbouring literals of one kind made one."""
    joined: list[Piece] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, ShellLiteral) and isinstance(last, ShellLiteral) and last.quoted == part.quoted:
            joined[-1] = ShellLiteral(last.text + part.text, part.quoted)
        else:
            joined.append(part)
    return tuple(joined)


def _closing_quote(text: str, start: int) -> int:
    """The index of the quote that closes the one at ``start``; the end of the text if there is none."""
    index = start + 1
    while index < len(text) and text[index] != text[start]:
        index += 2 if text[index] == "\\" and text[start] == '"' else 1
    return index
