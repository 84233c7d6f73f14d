"""uWSGI's configuration files: ini and YAML as uWSGI reads them, line by line, and JSON.

Read in uWSGI 2.0.31 (core/ini.c, core/yaml.c, core/config.c: ``add_exported_option``, ``uwsgi_manage_placeholder``) and
compared with runs of 2.0.30.  What only the environment or the machine tells (``$(NAME)``, ``@(file)``) stays as it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from flake8_forksafe.deployment.files import FileSystemView
from flake8_forksafe.deployment.model import Place, Unusable, Word
from flake8_forksafe.deployment.uwsgi_command import FILES, Option, kind_of, option_of

SECTION = re.compile(r"\[([^\]]*)\]")
HEAD = re.compile(r"([\w-]+)\s*:\s*")
MAGIC = re.compile(r"%\(([^()]*)\)|%([a-zA-Z%])")
ENVIRONMENT = re.compile(r"\$\(([^()]*)\)")
DEEPEST = 12
MOST_OPTIONS = 10_000
MOST_FILES = 100
"""Files that are read for one server: one that includes itself twice is read again and again."""
LONGEST = 10_000
"""Characters of a value."""


class Line(NamedTuple):
    """An option as a file has it.

    :ivar sure: whether every build of uWSGI reads it.
    """

    name: str
    value: str
    number: int
    sure: bool = True


Lines = Iterable[Line]


class Reader:
    """Puts the contents of files in the place of the options that name them.

    :ivar missing: files that are not in the repository.
    """

    def __init__(self, view: FileSystemView, directory: str, environ: Mapping[str, Word]) -> None:
        self.view = view
        self.directory = directory
        self.environ = environ
        self.missing: list[str] = []
        self._values: dict[str, str] = {}
        self._left = MOST_OPTIONS
        self._files_left = MOST_FILES

    def expand(self, options: Iterable[Option], depth: int = 0) -> Iterator[Option]:
        """Options, those of files at their place; files that stand alone come last."""
        late = []
        for option in options:
            if option.name not in FILES:
                self._values.setdefault(option.name, option.value.text)
                yield option
            elif option.late:
                late.append(option)
            else:
                yield from self._read(option, depth)
        for option in late:
            yield from self._read(option, depth)

    def _read(self, option: Option, depth: int) -> Iterator[Option]:
        named, _, section = option.value.text.partition(":")
        path = self.view.file(named, self.directory) if named and not re.search(r"[$%@]\(", named) else None
        text = self.view.files.text(path) if path is not None else None
        self._files_left -= 1
        if path is None or text is None or depth >= DEEPEST or self._files_left < 0:
            self.missing.append(option.value.text)
            return
        self.view.files.started.add(path)
        kind = kind_of(named) if option.name == "include" else option.name
        inside = posixpath.normpath(posixpath.join(self.directory, named))
        section = section or "uwsgi"
        try:
            lines = LINES.get(kind, ini_lines)(text, section, path)
        except Unusable as error:
            self.view.files.report(path, error.line, error.reason)
            return
        for one in self.expand(self._options(lines, path, inside, section), depth + 1):
            yield one if option.sure else one._replace(sure=False)

    def _options(self, lines: Lines, path: str, inside: str, section: str) -> Iterator[Option]:
        """The options of a file, with its loops and conditions followed."""
        conditions: list[bool | None] = []
        loop: list[Line] | None = None
        items: list[str] = []
        for line in lines:
            if self._left < 0:
                return
            name, value = line.name, line.value
            if loop is not None and name in ("endfor", "end-for"):
                looped, loop = loop, None
                for item in items:
                    for each in looped if self._left >= 0 else ():
                        filled = self._filled(each.value.replace("%(_)", item), inside, section)
                        yield from self._option(each._replace(value=filled), path, conditions)
            elif loop is not None:
                loop.append(line)
            elif name == "for":
                loop, items = [], self._filled(value, inside, section).split()
            elif name in ("endif", "end-if"):
                conditions = conditions[:-1]
            elif name.startswith("if-"):
                conditions = [*conditions, self._holds(name, value)]
            else:
                filled = self._filled(value, inside, section)
                yield from self._option(line._replace(value=filled), path, conditions)

    def _option(self, line: Line, path: str, conditions: list[bool | None]) -> Iterator[Option]:
        self._left -= 1
        if False in conditions or self._left < 0:
            return
        name, value = line.name, line.value
        if name in ("set", "set-ph", "set-placeholder"):
            name, _, value = value.partition("=")
        self._values.setdefault(name, value)
        yield option_of(name, Word(value, Place(path, line.number)), line.sure and None not in conditions)

    def _holds(self, name: str, value: str) -> bool | None:
        """Whether a condition holds; None if only the machine or the environment tells."""
        if name in ("if-env", "if-not-env") and value in self.environ:
            return name == "if-env"
        return None

    def _filled(self, text: str, inside: str, section: str) -> str:
        """A value with placeholders, magic variables and what is known of the environment put in."""
        directory = posixpath.dirname(inside)
        name = posixpath.basename(inside)
        magic = {"d": directory.rstrip("/") + "/", "p": inside, "s": name, "n": name.rpartition(".")[0] or name,
                 "c": posixpath.basename(directory), "x": section, "%": "%"}  # fmt: skip

        def put(match: re.Match[str]) -> str:
            if match[2] is not None:
                return magic.get(match[2], match[0])
            return self._values.get(match[1], match[0])

        def variable(match: re.Match[str]) -> str:
            known = self.environ.get(match[1])
            return known.text if known is not None and not known.unknown else match[0]

        return MAGIC.sub(put, ENVIRONMENT.sub(variable, text))[:LONGEST]


def ini_lines(text: str, section: str, path: str) -> Lines:
    """The lines of a section of an ini file; a backslash at the end of a line continues it."""
    current, pending, first = "", "", 0
    for number, line in enumerate(text.split("\n"), 1):
        line = pending + line.strip()
        first = first if pending else number
        pending = ""
        if line.endswith("\\"):
            pending = line[:-1]
            continue
        header = SECTION.match(line)
        if header is not None:
            current = header[1].strip()
        elif line and line[0] not in ";#" and current == section:
            name, _, value = line.partition("=")
            yield Line(name.strip(), value.strip(), first)


def yaml_lines(text: str, section: str, path: str) -> Lines:
    """The lines of a section of a YAML file: scalars, and lists, which only a build with libyaml reads."""
    current, name = "", ""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(("#", "---")):
            continue
        match = HEAD.match(stripped)
        if line[0] not in " \t-":
            current = match[1] if match is not None else ""
        elif current == section and stripped.startswith("- ") and name:
            yield Line(name, _unquoted(stripped[2:]), number, sure=False)
        elif current == section and match is not None:
            value = _unquoted(stripped[match.end() :])
            name = match[1]
            if value:
                yield Line(name, value, number)


def _unquoted(text: str) -> str:
    """A YAML scalar without quotes, or without the comment behind it."""
    text = text.strip()
    if text[:1] in ("'", '"'):
        return text[1:].partition(text[0])[0]
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].rstrip()


def json_lines(text: str, section: str, path: str) -> Lines:
    """The entries of a section of a JSON document, which is YAML as well.

    :raises Unusable: if it is none.
    """
    from flake8_forksafe.deployment.yaml_tree import YamlMapping, YamlScalar, YamlSequence, read_documents

    documents = read_documents(text, path)
    top = documents[0] if documents else None
    table = top.get(section) if isinstance(top, YamlMapping) else None
    found = []
    for name, node in table.entries.items() if isinstance(table, YamlMapping) else ():
        for one in node.items if isinstance(node, YamlSequence) else (node,):
            if isinstance(one, YamlScalar):
                found.append(Line(name, one.text or "", one.place.line))
    return found


LINES: Mapping[str, Callable[[str, str, str], Lines]] = {"ini": ini_lines, "yaml": yaml_lines, "json": json_lines}
