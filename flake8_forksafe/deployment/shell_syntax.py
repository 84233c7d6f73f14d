"""Parses shell scripts into a tree.

POSIX shell (IEEE Std 1003.1, "Shell Command Language") with the parts of bash that start scripts use: ``[[ ]]``,
arrays, ``function``, ``&>``.  What a start script never needs to start a worker, such as arithmetic, is kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flake8_forksafe.deployment.shell_tree import (
    Assignment,
    Chain,
    Group,
    Not,
    Parts,
    Pipe,
    Script,
    ShellCase,
    ShellFunction,
    ShellIf,
    ShellLiteral,
    ShellLoop,
    Simple,
    Statement,
)
from flake8_forksafe.deployment.shell_words import DEEPEST, SPECIAL, WordReader

SEPARATORS = (";;&", ";;", ";&", ";", "&&", "||", "|&", "|", "&", "(", ")", "\n")
SEPARATING = frozenset(separator[0] for separator in SEPARATORS)
RESERVED = re.compile(r"[A-Za-z]+|\[\[|[{}!](?=[\s;]|$)|\(\(")
REDIRECTION = re.compile(r"&>>?|[0-9]*(?:<<<|<<-?|<>|<&|>>|>&|>\||<|>)")
CLOSING = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
FIRST = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")


def parse_script(text: str, line: int = 1) -> Script:
    """The statements of a script.

    :param line: the number of its first line.
    :raises Unusable: if it is no shell script.
    """
    parser = _Parser(text, line)
    script = parser.script(())
    if parser.position < len(text):
        raise parser.error(f"unexpected {parser.peek()!r}")
    return script


class _Parser(WordReader):
    """Recursive descent over the statements of a script."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text, line)
        self.documents: list[tuple[str, bool]] = []

    def peek(self) -> str:
        """The separator at the current position; empty for a word and at the end."""
        self.skip_blanks()
        if self.text[self.position : self.position + 1] not in SEPARATING:
            return ""
        for separator in SEPARATORS:
            if self.text.startswith(separator, self.position):
                return separator
        return ""

    def _take(self, token: str) -> None:
        self.position += len(token)
        if token == "\n" and self.documents:
            self._skip_documents()

    def _skip_documents(self) -> None:
        """Pass over the here-documents whose operators stood in the line that ended."""
        for delimiter, is_indented in self.documents:
            while self.position < len(self.text):
                end = self.text.find("\n", self.position)
                end = len(self.text) if end < 0 else end
                content = self.text[self.position : end]
                self.position = min(end + 1, len(self.text))
                if (content.lstrip("\t") if is_indented else content) == delimiter:
                    break
        self.documents = []

    def _skip_newlines(self) -> None:
        while self.peek() == "\n":
            self._take("\n")

    def reserved(self) -> str:
        """The unquoted word at the current position, without taking it."""
        self.skip_blanks()
        match = RESERVED.match(self.text, self.position)
        if match is None:
            return ""
        following = self.text[match.end() : match.end() + 1]
        return match[0] if match[0] == "((" or following == "" or following in SPECIAL or following == "#" else ""

    def expect(self, word: str) -> None:
        self._skip_newlines()
        if self.reserved() != word:
            raise self.error(f"{word!r} is missing")
        self.skip_blanks()
        self.position += len(word)

    def script(self, ends: tuple[str, ...]) -> Script:
        """Statements up to one of the reserved words or separators ``ends``, or to the end of the text."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error("it is nested too deeply")
        statements: list[Statement] = []
        while True:
            token = self.peek()
            if token in ("\n", ";", "&"):
                self._take(token)
            elif self.position >= len(self.text) or token in ends or (not token and self.reserved() in ends):
                break
            elif token and token != "(":
                raise self.error(f"unexpected {token!r}")
            else:
                statements.append(self.chain())
        self.depth -= 1
        return tuple(statements)

    def chain(self) -> Statement:
        first, rest = self.pipe(), []
        while (token := self.peek()) in ("&&", "||"):
            self._take(token)
            self._skip_newlines()
            rest.append((token, self.pipe()))
        return Chain(first, tuple(rest)) if rest else first

    def pipe(self) -> Statement:
        if self.reserved() == "!":
            self.expect("!")
            return Not(self.pipe())
        statements = [self.command()]
        while (token := self.peek()) in ("|", "|&"):
            self._take(token)
            self._skip_newlines()
            statements.append(self.command())
        return Pipe(tuple(statements)) if len(statements) > 1 else statements[0]

    def command(self) -> Statement:
        word = self.reserved()
        if self.peek() == "(" and word != "((":
            self._take("(")
            statement: Statement = Group(self._until(")"), True)
        elif word in COMPOUND:
            statement = COMPOUND[word](self)
        elif word in CLOSING:
            raise self.error(f"unexpected {word!r}")
        else:
            return self._definition() or self.simple()
        self._redirections()
        return statement

    def _until(self, separator: str) -> Script:
        body = self.script((separator,))
        if self.peek() != separator:
            raise self.error(f"{separator!r} is missing")
        self._take(separator)
        return body

    def group(self) -> Group:
        self.expect("{")
        body = self.script(("}",))
        self.expect("}")
        return Group(body, False)

    def arithmetic(self) -> Simple:
        """``(( ... ))``: nothing that starts anything."""
        line = self.line()
        end = self.text.find("))", self.position)
        if end < 0:
            raise self.error("'))' is missing")
        self.position = end + 2
        return Simple((), (Parts((ShellLiteral("((", True),), line),), line)

    def if_statement(self) -> ShellIf:
        self.expect("if")
        branches = []
        while True:
            condition = self.script(("then",))
            self.expect("then")
            branches.append((condition, self.script(("elif", "else", "fi"))))
            if self.reserved() != "elif":
                break
            self.expect("elif")
        otherwise: Script = ()
        if self.reserved() == "else":
            self.expect("else")
            otherwise = self.script(("fi",))
        self.expect("fi")
        return ShellIf(tuple(branches), otherwise)

    def for_statement(self) -> ShellLoop:
        self.position += len(self.reserved())
        words: tuple[Parts, ...] | None = None
        if self.reserved() == "((":
            self.arithmetic()
            variable = ""
        else:
            variable = self.word().bare or ""
            self._skip_newlines()
            if self.reserved() == "in":
                self.expect("in")
                words = tuple(self._words())
        if self.peek() == ";":
            self._take(";")
        return self._body(variable, words, ())

    def while_statement(self) -> ShellLoop:
        word = self.reserved()
        self.position += len(word)
        condition = self.script(("do",))
        return self._body("", (), (Not(Group(condition, False)),) if word == "until" else condition)

    def _body(self, variable: str, words: tuple[Parts, ...] | None, condition: Script) -> ShellLoop:
        self._skip_newlines()
        opening, closing = ("{", "}") if self.reserved() == "{" else ("do", "done")
        self.expect(opening)
        body = self.script((closing,))
        self.expect(closing)
        return ShellLoop(variable, words, condition, body)

    def case_statement(self) -> ShellCase:
        self.expect("case")
        subject = self.word()
        self.expect("in")
        branches = []
        while True:
            self._skip_newlines()
            if self.reserved() == "esac":
                break
            if self.peek() == "(":
                self._take("(")
            patterns = [self.word()]
            while self.peek() == "|":
                self._take("|")
                patterns.append(self.word())
            if self.peek() != ")":
                raise self.error("')' is missing")
            self._take(")")
            branches.append((tuple(patterns), self.script((";;", ";;&", ";&", "esac"))))
            if (token := self.peek()) in (";;", ";;&", ";&"):
                self._take(token)
        self.expect("esac")
        return ShellCase(subject, tuple(branches))

    def function_statement(self) -> ShellFunction:
        self.expect("function")
        self.skip_blanks()
        match = re.compile(r"[^\s(){};&|<>]+").match(self.text, self.position)
        if match is None:
            raise self.error("a function has no name")
        self.position = match.end()
        if self.peek() == "(":
            self._take("(")
            self._take(self.peek())
        return self._function(match[0])

    def _definition(self) -> ShellFunction | None:
        """``name() { ...; }``, if that is what begins here."""
        match = re.compile(r"([A-Za-z_][\w.:-]*)[ \t]*\([ \t]*\)").match(self.text, self.position)
        if match is None:
            return None
        self.position = match.end()
        return self._function(match[1])

    def _function(self, name: str) -> ShellFunction:
        self._skip_newlines()
        return ShellFunction(name, (self.command(),))

    def test(self) -> Simple:
        """``[[ ... ]]``: its words, with the operators ``&&`` and ``||`` among them."""
        line, words = self.line(), []
        while True:
            if self.peek() in ("\n", "&&", "||", "(", ")"):
                token = self.peek()
                self._take(token)
                if token != "\n":
                    words.append(Parts((ShellLiteral(token, False),), line))
            elif self.position >= len(self.text):
                raise self.error("']]' is missing")
            elif self.text[self.position] in "<>;|":
                self.position += 1
            else:
                words.append(self.word())
                if words[-1].bare == "]]":
                    return Simple((), tuple(words), line)

    def simple(self) -> Simple:
        self.skip_blanks()
        line = self.line()
        assignments: list[Assignment] = []
        while (match := FIRST.match(self.text, self.position)) is not None:
            assignments.append(self._assignment(match))
            self._redirections()
        words = tuple(self._words())
        if not assignments and not words and self.line() == line and self.peek() in ("(", ")", ""):
            raise self.error(f"unexpected {self.text[self.position : self.position + 1]!r}")
        return Simple(tuple(assignments), words, line)

    def _assignment(self, match: re.Match[str]) -> Assignment:
        self.position = match.end()
        line = self.line()
        if self.text[self.position : self.position + 1] != "(":
            following = self.text[self.position : self.position + 1]
            value = Parts((), line) if not following or following in SPECIAL else self.word()
            return Assignment(match[1], (value,), False, bool(match[2]))
        self._take("(")
        values: list[Parts] = []
        while (token := self.peek()) != ")":
            if self.position >= len(self.text) or token not in ("\n", ""):
                raise self.error("')' is missing")
            if token:
                self._take(token)
            else:
                values.append(self.word())
        self._take(")")
        return Assignment(match[1], tuple(values), True, bool(match[2]))

    def _words(self) -> list[Parts]:
        """Words up to a separator; redirections among them are passed over."""
        words: list[Parts] = []
        while True:
            self._redirections()
            if self.peek() or self.position >= len(self.text):
                return words
            array = re.compile(r"[A-Za-z_]\w*\+?=\(").match(self.text, self.position)
            if array is not None:  # declare -a NAME=(...)
                self._assignment_word(words)
            else:
                words.append(self.word())

    def _assignment_word(self, words: list[Parts]) -> None:
        match = FIRST.match(self.text, self.position)
        assert match is not None
        line = self.line()
        self._assignment(match)
        words.append(Parts((ShellLiteral(match[1], True),), line))

    def _redirections(self) -> None:
        while True:
            self.skip_blanks()
            match = REDIRECTION.match(self.text, self.position)
            if match is None or self.text.startswith(("<(", ">("), self.position):
                return
            self.position = match.end()
            operator = match[0].lstrip("0123456789")
            target = self.word()
            if operator in ("<<", "<<-"):
                delimiter = "".join(part.text for part in target.parts if isinstance(part, ShellLiteral))
                self.documents.append((delimiter, operator == "<<-"))


COMPOUND: Mapping[str, Callable[[_Parser], Statement]] = {
    "{": _Parser.group,
    "((": _Parser.arithmetic,
    "[[": _Parser.test,
    "if": _Parser.if_statement,
    "for": _Parser.for_statement,
    "select": _Parser.for_statement,
    "while": _Parser.while_statement,
    "until": _Parser.while_statement,
    "case": _Parser.case_statement,
    "function": _Parser.function_statement,
}
