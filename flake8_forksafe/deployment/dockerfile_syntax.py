"""Dockerfiles: text to instructions.

"Dockerfile reference" of the Docker documentation: parser directives, continued lines with comments between them,
here-documents, the forms of ``ENV`` and of commands.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from flake8_forksafe.deployment.files import Text
from flake8_forksafe.deployment.model import Place, Word
from flake8_forksafe.deployment.substitution import Lookup, substitute

HERE_DOCUMENT = re.compile(r"<<(-?)\s*([\"']?)([A-Za-z_][\w.]*)\2")
TAKES_DOCUMENTS = frozenset({"RUN", "COPY", "ADD"})
QUOTED = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+""", re.DOTALL)


class Instruction(NamedTuple):
    """One instruction.

    :ivar name: in upper case.
    :ivar text: what follows the name; a continued line ends with a backslash and a newline, as in a shell, and what is
        no part of it is blank, so that lines can be counted.
    :ivar flags: ``--from=build`` as ``{"from": "build"}``.
    :ivar documents: its here-documents, by name.
    """

    name: str
    text: str
    place: Place
    flags: dict[str, str]
    documents: dict[str, Text]


def read_instructions(text: str, path: str) -> list[Instruction]:
    """The instructions of a Dockerfile."""
    lines = text.split("\n")
    escape = "`" if re.match(r"(?:#[^\n]*\n)*?#\s*escape\s*=\s*`", text, re.IGNORECASE) else "\\"
    instructions, number = [], 0
    while number < len(lines):
        first = number
        if not lines[number].strip() or lines[number].lstrip().startswith("#"):
            number += 1
            continue
        parts, number = _whole(lines, number, escape)
        name, _, rest = "\\\n".join(parts).lstrip().partition(" ")
        name = name.strip("\\\n\t").upper()
        documents: dict[str, Text] = {}
        if name in TAKES_DOCUMENTS:
            for match in HERE_DOCUMENT.finditer(rest):
                documents[match[3]], number = _document(lines, number, match[3], bool(match[1]), path)
        flags = {}
        while (flag := re.match(r"((?:\s|\\\n)*)--([a-z-]+)(?:=(\S*))?(?=\s|$)", rest)) is not None:
            flags[flag[2]] = flag[3] or ""
            rest = flag[1] + rest[flag.end() :]
        instructions.append(Instruction(name, rest, Place(path, first + 1), flags, documents))
    return instructions


def _whole(lines: list[str], number: int, escape: str) -> tuple[list[str], int]:
    """The lines of one instruction, and the number of the line behind it."""
    parts: list[str] = []
    while number < len(lines):
        line = lines[number].rstrip()
        number += 1
        if parts and (not line or line.lstrip().startswith("#")):
            parts.append("")  # comments and empty lines do not end a continued line
            continue
        if not line.endswith(escape):
            parts.append(line)
            break
        parts.append(line[: -len(escape)])
    return parts, number


def _document(lines: list[str], number: int, name: str, is_indented: bool, path: str) -> tuple[Text, int]:
    first, content = number, []
    while number < len(lines):
        line = lines[number].lstrip("\t") if is_indented else lines[number]
        number += 1
        if line == name:
            break
        content.append(line)
    return Text("\n".join(content) + "\n", Place(path, first + 1)), number


def line_of(instruction: Instruction, offset: int) -> Place:
    """Where a character of the text stands."""
    return instruction.place._replace(line=instruction.place.line + instruction.text.count("\n", 0, offset))


def exec_form(instruction: Instruction) -> tuple[Word, ...] | None:
    """The words of ``["celery", "worker"]``; None if it is in shell form."""
    text = instruction.text.replace("\\\n", "  ").strip()
    if not text.startswith("[") or re.match(r"\[\s*[\[{]", text):  # json would follow any depth
        return None
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return None
    words, offset = [], 0
    for value in values:
        found = instruction.text.find(json.dumps(value, ensure_ascii=False), offset)
        offset = found if found >= 0 else offset
        words.append(Word(value, line_of(instruction, offset)))
        offset += found >= 0
    return tuple(words)


def split_words(instruction: Instruction, lookup: Lookup) -> list[Word]:
    """The blank-separated words of an instruction, variables replaced and quotes removed."""
    words = []
    for match in QUOTED.finditer(instruction.text.replace("\\\n", "  ")):
        words.append(unquote_word(Word(match[0], line_of(instruction, match.start())), lookup))
    return words


def unquote_word(word: Word, lookup: Lookup) -> Word:
    """A word as ``ENV`` takes it: variables are replaced except in single quotes, quotes and escapes removed."""
    pieces = []
    unknown: tuple[str, ...] = ()
    for match in re.finditer(r"'([^']*)'|\"((?:\\.|[^\"\\])*)\"|(\\.|[^'\"\\]+|.)", word.text, re.DOTALL):
        if match[1] is not None:
            pieces.append(match[1])
            continue
        value = substitute(Word(match[2] if match[2] is not None else match[3], word.place), lookup, escape="\\")
        pieces.append(re.sub(r"\\(.)", r"\1", value.text))
        unknown += value.unknown
    return Word("".join(pieces), word.place, unknown)


def assignments(instruction: Instruction, lookup: Lookup) -> dict[str, Word]:
    """``ENV NAME=value OTHER="x y"`` and ``ENV NAME the rest``."""
    text = instruction.text.replace("\\\n", "  ").strip()
    first = QUOTED.match(text)
    if first is None:
        return {}
    if "=" not in first[0]:
        value = Word(text[first.end() :].strip(), instruction.place)
        return {first[0]: unquote_word(value, lookup)}
    found = {}
    for word in split_words(instruction, lookup):
        name, equals, value_text = word.text.partition("=")
        if equals:
            found[name] = word._replace(text=value_text)
    return found
