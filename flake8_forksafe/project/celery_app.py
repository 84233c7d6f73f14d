"""Which Celery apps a project has: what would be given to ``celery -A``.

Found in the source without running it: modules that bind a ``Celery(...)``, an object of a subclass, or the result of
a function that creates one, at module level.  Where another module re-exports the app under Celery's own conventional
names (``app``, ``celery``) and is named like a worker's entry, that module is what the worker is started with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.found import AppFound, Mention, Search, split_spec
from flake8_forksafe.project.layout import module_name
from flake8_forksafe.source import facts
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Block, Expression
from flake8_forksafe.source.text import Unreadable

CELERY_CLASSES = frozenset({"celery.Celery", "celery.app.Celery", "celery.app.base.Celery"})
CREATION = re.compile(rb"\bCelery\s*[\[(]")
TASK = re.compile(rb"^[ \t]*@(?:[\w.]+\.)?(?:shared_task|periodic_task|task)\b", re.MULTILINE)
"""A decorator that makes a function a task."""
ENTRY_NAME = re.compile(r"celery|worker")
ASIDE = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "example", "samples", "conftest", "benchmarks"}
)
"""Directories and modules whose apps count only if there are no others."""


APP_NAMES = ("celery", "celery_app")
"""What Flask's documentation and its followers call the app that ``app.extensions["celery"]`` holds."""
IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+celery\b", re.MULTILINE)


def mentions(disk: Disk, project: str) -> Iterator[Mention]:
    """Source files that mention Celery, in the order of the tree."""
    for directory, _, files in disk.tree(project):
        for name in files:
            path = os.path.join(directory, name)
            if name.endswith(".py") and disk.holds(path, b"elery"):
                content = disk.read(path)
                match = IMPORT.search(content)
                line = content.count(b"\n", 0, match.end()) + 1 if match else 0
                tasks = TASK.search(content) is not None and not _is_aside(path, project)
                yield Mention(path, CREATION.search(content) is not None, line, tasks)


def search(disk: Disk, project: str, module: Callable[[str], Block], body: Callable[[str, Cut], Block]) -> Search:
    """Find the Celery apps below ``project``.

    :param module: gives the facts of a file, raising ``Unreadable`` or ``OSError``.
    :param body: gives the facts of a function body.
    """
    found = tuple(mentions(disk, project))
    readers = [_Reader(disk, mention.path, module, body) for mention in found if mention.line or mention.creates]
    classes = set(CELERY_CLASSES)
    factories: set[str] = set()
    for reader in readers:
        classes |= reader.subclasses(classes)
    for reader in readers:
        factories |= reader.factories(classes)
    makers = {path.rpartition(".")[2].encode() for path in (classes - CELERY_CLASSES) | factories}
    for mention in found if makers else ():
        if not (mention.line or mention.creates) and any(maker in disk.read(mention.path) for maker in makers):
            readers.append(_Reader(disk, mention.path, module, body))
    created = [app for reader in readers for app in reader.created(classes, factories)]
    if not created and factories:
        created = [app for mention in found for app in _Reader(disk, mention.path, module, body).handed_on()]
    entries = _re_exports(disk, found, created, module, body)
    apps = [entries.get(app.spec, app) for app in created]
    unique = tuple({app.spec: app for app in apps}.values())
    central = tuple(app for app in unique if not _is_aside(app.path, project))
    return Search(found, central or unique)


def _is_aside(path: str, project: str) -> bool:
    parts = os.path.splitext(os.path.relpath(path, project))[0].split(os.sep)
    return any(part in ASIDE or part.startswith("test_") for part in parts)


class _Reader:
    """The top level of one module, with names resolved through its imports."""

    def __init__(
        self, disk: Disk, path: str, module: Callable[[str], Block], body: Callable[[str, Cut], Block]
    ) -> None:
        self.disk = disk
        self.path = path
        self.body = body
        self.root, self.name = module_name(disk, path)
        if self.name == "celery":  # a namespace package: as a top-level module it would hide the library
            self.root, self.name = os.path.dirname(self.root), f"{os.path.basename(self.root)}.celery"
        self.lines: list[bytes] | None = None
        self.names: dict[str, str] = {}
        self.classes: list[facts.ClassDefinition] = []
        self.functions: list[facts.Define] = []
        self.assignments: list[tuple[str, Expression, int]] = []
        try:
            self._read(module(path))
        except (Unreadable, OSError):
            pass

    def _read(self, block: Block) -> None:
        for statement in block:
            if isinstance(statement, facts.Import):
                for dotted, alias in statement.names:
                    self.names[alias or dotted.partition(".")[0]] = dotted if alias else dotted.partition(".")[0]
            elif isinstance(statement, facts.ImportFrom):
                source = self._absolute(statement)
                for name, alias in statement.names:
                    self.names[alias or name] = f"{source}.{name}"
            elif isinstance(statement, facts.ClassDefinition):
                self.classes.append(statement)
                self.functions += [part for part in statement.body if isinstance(part, facts.Define)]
            elif isinstance(statement, facts.Define):
                self.functions.append(statement)
            elif isinstance(statement, facts.Assign):
                for target in statement.targets:
                    if isinstance(target, facts.Name):
                        self.assignments.append((target.id, statement.value, statement.line))
            elif isinstance(statement, (facts.If, facts.Try, facts.With)):
                for nested in (statement.body, getattr(statement, "orelse", ()), getattr(statement, "final", ())):
                    self._read(nested)
                for handler in getattr(statement, "handlers", ()):
                    self._read(handler.body)

    def _absolute(self, statement: facts.ImportFrom) -> str:
        if not statement.level:
            return statement.module
        is_package = os.path.basename(self.path) == "__init__.py"
        parts = self.name.split(".")
        base = parts[: len(parts) - statement.level + is_package]
        return ".".join([*base, statement.module] if statement.module else base)

    def resolve(self, node: Expression) -> str | None:
        """The dotted path that an expression names."""
        if isinstance(node, facts.Name):
            return self.names.get(node.id, f"{self.name}.{node.id}")
        if isinstance(node, facts.Attribute):
            base = self.resolve(node.value)
            return f"{base}.{node.name}" if base is not None else None
        return self.resolve(node.value) if isinstance(node, facts.Subscript) else None

    def subclasses(self, classes: set[str]) -> set[str]:
        """Classes of this module that derive from one of ``classes``, by dotted path."""
        found: set[str] = set()
        for definition in self.classes:
            bases = (self.resolve(argument.value) for argument in definition.arguments if argument.keyword is None)
            if any(base in classes or base in found for base in bases):
                found.add(f"{self.name}.{definition.name}")
        return found

    def factories(self, classes: set[str]) -> set[str]:
        """Functions and methods of this module that create an app: dotted paths, and ``.name`` for a method."""
        found = set()
        names = [name.rpartition(".")[2].encode() for name in classes]
        for function in self.functions:
            if not any(name in self.text(function) for name in names):
                continue
            try:
                block = self.body(self.path, function.body) if isinstance(function.body, Cut) else function.body
            except (Unreadable, OSError):
                continue
            if any(self.resolve(call.function) in classes for call in _calls(block)):
                found |= {f"{self.name}.{function.name}", f".{function.name}"}
        return found

    def text(self, function: facts.Define) -> bytes:
        """The source of a function's body, undecoded."""
        if not isinstance(function.body, Cut):
            return b"Celery"  # not cut out, so there is nothing to save
        if self.lines is None:
            self.lines = self.disk.read(self.path).splitlines()
        return b"\n".join(self.lines[function.body.first - 1 : function.body.last])

    def handed_on(self) -> Iterator[AppFound]:
        """Names that an app is given by convention, bound at module level to what a factory made elsewhere."""
        for name, value, line in self.assignments:
            if name in APP_NAMES and isinstance(value, (facts.Subscript, facts.Attribute)):
                yield AppFound(f"{self.name}:{name}", self.path, line, self.root)

    def created(self, classes: set[str], factories: set[str]) -> Iterator[AppFound]:
        """Apps bound at module level."""
        for name, value, line in self.assignments:
            if not isinstance(value, facts.Call):
                continue
            path = self.resolve(value.function)
            method = f".{value.function.name}" if isinstance(value.function, facts.Attribute) else None
            if path in classes or path in factories or (path is None and method in factories):
                yield AppFound(f"{self.name}:{name}", self.path, line, self.root)


def _re_exports(
    disk: Disk,
    found: tuple[Mention, ...],
    created: list[AppFound],
    module: Callable[[str], Block],
    body: Callable[[str, Cut], Block],
) -> dict[str, AppFound]:
    """For each app the module that workers are started with, where that is not the one that creates it."""
    owners = {".".join(split_spec(app.spec)): app for app in created}
    entries: dict[str, AppFound] = {}
    for mention in found:
        base = os.path.splitext(os.path.basename(mention.path))[0]
        if not ENTRY_NAME.search(base) or any(app.path == mention.path for app in created):
            continue
        reader = _Reader(disk, mention.path, module, body)
        bound = {name: reader.resolve(value) for name, value, _ in reader.assignments}
        for name in ("app", "celery", "celery_app"):
            origin = bound.get(name) or reader.names.get(name)
            owner = owners.get(origin or "")
            if owner is not None and not ENTRY_NAME.search(os.path.splitext(os.path.basename(owner.path))[0]):
                entries.setdefault(owner.spec, AppFound(f"{reader.name}:{name}", mention.path, 1, reader.root))
    return entries


def _calls(node: object) -> Iterator[facts.Call]:
    """All calls inside facts, nested functions included."""
    if isinstance(node, facts.Call):
        yield node
    if isinstance(node, tuple):
        for part in node:
            yield from _calls(part)


SETTINGS_NAME = re.compile(rb"""DJANGO_SETTINGS_MODULE["']?\s*[\],:=]\s*=?\s*["']([A-Za-z_][\w.]*)["']""")


def settings_module(disk: Disk, project: str) -> str | None:
    """The Django settings module that ``manage.py``, ``wsgi.py`` or ``asgi.py`` sets by default."""
    candidates: list[tuple[int, str]] = []
    for directory, _, files in disk.tree(project):
        depth = directory.count(os.sep)
        for name in ("manage.py", "wsgi.py", "asgi.py"):
            if name in files:
                candidates.append((depth + 10 * (name != "manage.py"), os.path.join(directory, name)))
    for _, path in sorted(candidates):
        try:
            match = SETTINGS_NAME.search(disk.read(path))
        except OSError:
            continue
        if match:
            return match[1].decode()
    return None
