"""Insert or complete the environment-variable prelude, where it comes before everything that it is about."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix.defer import is_docstring, is_import
from flake8_forksafe.fix.text import Edit, Refused, Source
from flake8_forksafe.fix.uses import imported_packages
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.rules.prelude import THREADS, read_prelude
from flake8_forksafe.rules.rule import Context

if TYPE_CHECKING:
    import libcst as cst

LINTERS = ("ruff.toml", ".ruff.toml")
CONFIGURATIONS = {
    ".flake8": "[flake8]",
    "setup.cfg": "[flake8]",
    "tox.ini": "[flake8]",
    "pyproject.toml": "[tool.flake8",
}
"""Files that configure flake8, and the section that shows it."""


class Prelude(NamedTuple):
    """Variables to be set.

    :ivar path: the file; ``line`` is that of the statement behind which they are set, 0 for the top.
    """

    path: str
    line: int
    names: tuple[str, ...]

    @property
    def what(self) -> str:
        """The change, as people read it."""
        where = "beside the others" if self.line else "before anything else"
        return f'set {", ".join(self.names)} to "1" {where}'


def wanted_preludes(context: Context, findings: tuple[Finding, ...]) -> Iterator[Prelude]:
    """What FS131 and FS132 ask for."""
    apps = {finding.subject: finding for finding in findings if finding.code in ("FS131", "FS132")}
    for trace in context.traces:
        finding = apps.get(trace.launch.app)
        if finding is None:
            continue
        prelude = read_prelude(trace, context.catalogue, context.settings.require_prelude)
        names = tuple(prelude.missing(THREADS))
        if not names:
            continue
        if finding.code == "FS132":
            yield Prelude(finding.path, finding.line, names)
            continue
        first = min(prelude.needy.values())
        own = [module for module in trace.modules if module.origin == FIRST_PARTY and module.path is not None]
        place = trace.app_location
        app = next((module for module in own if place is not None and module.path == place[0]), None)
        early = app is not None and (trace.position(app.name) or 0) < first
        path = app.path if app is not None and early else own[0].path if own else None
        if path is not None:
            yield Prelude(path, 0, names)


def edits_of(source: Source, prelude: Prelude, marks: bool) -> list[Edit]:
    """The edits that set the variables.

    :param marks: whether imports below are marked for pycodestyle, which wants them at the top (E402).
    :raises Refused: if there is no place for them.
    """
    lines = [f'os.environ["{name}"] = "1"' for name in prelude.names]
    if prelude.line:
        return [_beside(source, prelude.line, lines)]
    body = list(source.module.body)
    head = _head(body)
    at = source.place(body[head - 1]).end.line + 1 if head else 1 + len(source.module.header)
    if head < len(body) and not head:
        at = source.first_line(body[0]) - len(getattr(body[0], "leading_lines", ()))
    parts = [source.newline] if head else []
    parts += [line + source.newline for line in ("import os", "", *lines)]
    parted = not source.line(at).strip()
    edits = [Edit(source.line_start(at), source.line_start(at), "".join(parts) + ("" if parted else source.newline))]
    for statement in body[head:]:
        if not is_import(statement):
            continue
        place = source.place(statement)
        if source.text_of(statement).strip() == "import os" and not parted:
            edits.append(Edit(source.line_start(place.start.line), source.line_start(place.end.line + 1), ""))
        elif marks and "noqa" not in source.line(place.end.line):
            end = source.line_start(place.end.line) + len(source.line(place.end.line))
            edits.append(Edit(end, end, "  # noqa: E402"))
    return edits


def _head(body: Sequence[cst.CSTNode]) -> int:
    """How many statements have to stay in front: the docstring, and imports from ``__future__``."""
    import libcst as cst

    count = int(bool(body) and is_docstring(body[0]))
    while count < len(body):
        statement = body[count]
        if not is_import(statement) or not isinstance(statement, cst.SimpleStatementLine):
            break
        node = statement.body[0]
        if not isinstance(node, cst.ImportFrom) or [*imported_packages(node)] != ["__future__"]:
            break
        count += 1
    return count


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


def wants_marks(project: str) -> bool:
    """Whether imports below a prelude are marked: unless only ruff checks the project, which allows them there."""
    has_flake8 = any(_mentions(os.path.join(project, name), section) for name, section in CONFIGURATIONS.items())
    has_ruff = any(os.path.isfile(os.path.join(project, name)) for name in LINTERS)
    return has_flake8 or not (has_ruff or _mentions(os.path.join(project, "pyproject.toml"), "[tool.ruff"))


def _mentions(path: str, text: str) -> bool:
    from flake8_forksafe.reading import CONFIGURATION_LIMIT, read_file

    try:
        return text.encode() in read_file(path, CONFIGURATION_LIMIT)[0]
    except OSError:
        return False
