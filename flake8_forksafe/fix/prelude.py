"""Insert or complete the environment-variable prelude, where it comes before everything that it is about."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix.defer import head_length, is_import
from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.rules.prelude import THREADS, read_prelude
from flake8_forksafe.rules.rule import Context

if TYPE_CHECKING:
    import libcst as cst
    from libcst import metadata

CODES = ("FS131", "FS132", "FS133")
"""What a prelude repairs, the strongest last."""
NOQA = re.compile(r"# noqa(?P<colon>:\s?(?=[A-Z]+[0-9]))?", re.IGNORECASE)
LINTERS = ("ruff.toml", ".ruff.toml")
CONFIGURATIONS = {
    ".flake8": "[flake8]",
    "setup.cfg": "[flake8]",
    "tox.ini": "[flake8]",
    "pyproject.toml": "[tool.flake8",
}
"""Files that configure flake8, and the section that shows it."""
HOOKS = ".pre-commit-config.yaml"
"""A file that names the linters which a project runs, also those that it does not configure."""


class PreludeEdit(NamedTuple):
    """Variables to be set.

    :ivar path: the file; ``line`` is that of the statement behind which they are set, 0 for the top.
    :ivar app: the app whose worker they are for.
    """

    path: str
    line: int
    names: tuple[str, ...]
    app: str = ""

    @property
    def what(self) -> str:
        """The change, as people read it."""
        where = "beside the others" if self.line else "before anything else"
        return f'set {", ".join(self.names)} to "1" {where}'


def wanted_preludes(context: Context, findings: tuple[Finding, ...]) -> Iterator[PreludeEdit]:
    """What FS131, FS132 and FS133 ask for: of one that comes too late, all variables are set anew."""
    apps = {finding.subject: finding for code in CODES for finding in findings if finding.code == code}
    for trace in context.traces:
        finding = apps.get(trace.launch.app)
        if finding is None:
            continue
        prelude = read_prelude(trace, context.catalogue, context.settings.require_prelude)
        late = finding.code == "FS133"
        names = tuple(name for name in THREADS if name not in prelude.provided) if late else prelude.missing(THREADS)
        if not names:
            continue
        if finding.code == "FS132":
            yield PreludeEdit(finding.path, finding.line, tuple(names), finding.subject)
            continue
        first = min(prelude.needy.values(), default=len(trace.modules))
        own = [module for module in trace.modules if module.origin == FIRST_PARTY and module.path is not None]
        place = trace.app_location
        app = next((module for module in own if place is not None and module.path == place[0]), None)
        early = app is not None and (trace.position(app.name) or 0) < first
        path = app.path if app is not None and early else own[0].path if own else None
        if path is not None:
            yield PreludeEdit(path, 0, tuple(names), finding.subject)


def edits_of(source: Source, prelude: PreludeEdit, marks: bool) -> list[Edit]:
    """The edits that set the variables.

    :param marks: whether imports below are marked for pycodestyle, which wants them at the top (E402).
    :raises Refused: if there is no place for them.
    """
    lines = [f'os.environ["{name}"] = "1"' for name in prelude.names]
    if prelude.line:
        return [_beside(source, prelude.line, lines)]
    body = list(source.module.body)
    others = [one for one in source.bindings("os") if one.name == "os" and not _is_import_of_os(source, one)]
    if others:
        raise Refused("'os' is another thing in the file")
    head = head_length(body)
    at = source.place(body[head - 1]).end.line + 1 if head else 1 + len(source.module.header)
    if head < len(body) and not head:
        at = source.first_line(body[0]) - len(getattr(body[0], "leading_lines", ()))
    imported = ["import os", ""]
    if head < len(body) and _is_import_of_os_alone(source, body[head]):
        at, head, imported = source.place(body[head]).end.line + 1, head + 1, []
    parts = [source.newline] if head else []
    parts += [line + source.newline for line in (*imported, *lines)]
    parted = not source.line(at).strip()
    edits = [Edit(source.line_start(at), source.line_start(at), "".join(parts) + ("" if parted else source.newline))]
    for statement in body[head:]:
        if not is_import(statement):
            continue
        place = source.place(statement)
        if _is_import_of_os_alone(source, statement):
            alone = not source.line(place.start.line - 1).strip() and not source.line(place.end.line + 1).strip()
            end = place.end.line + (2 if alone else 1)
            edits.append(Edit(source.line_start(place.start.line), source.line_start(end), ""))
        elif marks:
            edits += _marked(source, place.start.line)
    return edits


def _marked(source: Source, line: int) -> Iterator[Edit]:
    """Mark an import, in its first line: flake8 reports it there, and looks there for the comment.

    :raises Refused: if that line goes on behind a backslash.
    """
    text = source.line(line)
    noqa = NOQA.search(text)
    if noqa is None:
        if text.endswith("\\"):
            raise Refused(f"line {line} has no place for '# noqa: E402'")
        at = source.line_start(line) + len(text)
        yield Edit(at, at, "  # noqa: E402")
    elif noqa["colon"] is not None and "E402" not in text:
        at = source.line_start(line) + noqa.end()
        yield Edit(at, at, "E402,")


def _is_import_of_os(source: Source, assignment: metadata.BaseAssignment) -> bool:
    """Whether a name is bound by ``import os``, or with others by ``import os, sys``."""
    import libcst as cst

    node = getattr(assignment, "node", None)
    return isinstance(node, cst.Import) and any(
        alias.asname is None and source.text_of(alias.name) == "os" for alias in node.names
    )


def _is_import_of_os_alone(source: Source, statement: cst.CSTNode) -> bool:
    """Whether a statement is ``import os`` and nothing else on its line."""
    line = source.line(source.place(statement).start.line)
    return source.text_of(statement).strip() == "import os" and line.strip() == "import os"


def _beside(source: Source, line: int, lines: list[str]) -> Edit:
    """The lines behind the statement that begins the prelude that there is.

    :raises Refused: if that is no plain assignment at the top level.
    """
    for statement in source.module.body:
        place = source.place(statement)
        if place.start.line == line and source.text_of(statement).startswith("os.environ"):
            at = source.line_start(place.end.line + 1)
            return Edit(at, at, "".join(text + source.newline for text in lines))
    raise Refused("the prelude is not made of plain assignments to os.environ")


def wants_marks(path: str, top: str) -> bool:
    """Whether imports below a prelude are marked: unless only ruff checks the file, which allows them there.

    The nearest directory with a configuration decides, as it does for ruff.

    :param top: the directory to look in last.
    """
    directory = os.path.dirname(path)
    while True:
        if any(_mentions(os.path.join(directory, name), section) for name, section in CONFIGURATIONS.items()):
            return True
        if any(os.path.isfile(os.path.join(directory, name)) for name in LINTERS):
            return False
        if _mentions(os.path.join(directory, "pyproject.toml"), "[tool.ruff"):
            return False
        linters = set(re.findall(rb"\b(?:flake8|ruff)\b", _content(os.path.join(directory, HOOKS))))
        if linters:
            return b"flake8" in linters
        if directory in (top, os.path.dirname(directory)):
            return True
        directory = os.path.dirname(directory)


def _mentions(path: str, text: str) -> bool:
    return text.encode() in _content(path)


def _content(path: str) -> bytes:
    """The content of a configuration file, empty where it cannot be read."""
    from flake8_forksafe.file_reading import CONFIGURATION_LIMIT, read_file

    try:
        return read_file(path, CONFIGURATION_LIMIT)[0]
    except OSError:
        return b""
