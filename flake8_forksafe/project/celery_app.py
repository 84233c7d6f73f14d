"""Searches the source for Celery apps that no launch names, and what a ``celery -A`` would call them.

Found without running it: modules that bind a ``Celery(...)``, an object of a subclass, or the result of
a function that creates one, at module level.  Where another module re-exports the app under Celery's own conventional
names (``app``, ``celery``) and is named like a worker's entry, that module is what the worker is started with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from flake8_forksafe.examples import is_example, is_in_scope
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.questions import as_numbers, as_words
from flake8_forksafe.project.roots import Roots
from flake8_forksafe.project.search_result import AppFound, Foreign, Mention, Search, split_spec
from flake8_forksafe.source import facts
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block, Expression
from flake8_forksafe.source.text import Unreadable

CELERY_CLASSES = frozenset({"celery.Celery", "celery.app.Celery", "celery.app.base.Celery"})
ENTRY_NAME = re.compile(r"celery|worker")
OTHER_CLASS = re.compile(r"(?:^|\.)(?!\w*[cC]elery)[A-Z]\w*$")
"""A class by its name, such as ``fastapi.FastAPI``, of which no instance is an app of Celery."""
APP_NAMES = ("app", "celery", "celery_app")
"""What an app is called that is made elsewhere: Celery's own conventions, and those of Flask's documentation."""


def mentions(disk: Disk, project: str) -> Iterator[Mention]:
    """Source files that mention Celery, in the order of the tree."""
    for directory, _, files in disk.tree(project):
        for name in files:
            path = os.path.join(directory, name)
            if name.endswith(".py") and disk.holds(path, "elery"):
                line, creates, tasks, sends = as_numbers(disk.ask(path, "celery"))
                is_own = not is_example(path, project)
                yield Mention(path, bool(creates), line, bool(tasks) and is_own, bool(sends) and is_own)


def search(
    disk: Disk,
    project: str,
    module: Callable[[str], Block],
    body: Callable[[str, CutBody], Block],
    asked: tuple[str, ...] = (),
) -> Search:
    """Find the Celery apps below ``project``.

    :param asked: absolute paths among tests or examples whose apps count as well.
    :param module: gives the facts of a file, raising ``Unreadable`` or ``OSError``.
    :param body: gives the facts of a function body.
    """
    found = tuple(mentions(disk, project))
    imports = {mention.path: frozenset(as_words(disk.ask(mention.path, "imported"))) for mention in found}
    roots = Roots(disk, project, frozenset().union(*imports.values()))

    def read(path: str) -> _Reader:
        imported = imports.get(path) or frozenset(as_words(disk.ask(path, "imported")))
        return _Reader(disk, path, roots.locate(path, imported), module, body)

    readers = [read(mention.path) for mention in found if mention.line or mention.creates]
    classes = set(CELERY_CLASSES)
    factories: set[str] = set()
    for reader in readers:
        classes |= reader.subclasses(classes)
    for reader in readers:
        factories |= reader.factories(classes)
    makers = {path.rpartition(".")[2] for path in (classes - CELERY_CLASSES) | factories}
    for mention in found if makers else ():
        if not (mention.line or mention.creates) and disk.ask(mention.path, "holds", *sorted(makers)):
            readers.append(read(mention.path))
    created = [app for reader in readers for app in reader.created(classes, factories)]
    if makers and not created:
        readers = [read(path) for path in _holding(disk, project, sorted(makers), {mention.path for mention in found})]
        created = [app for reader in readers for app in reader.created(classes, factories)]
    entries = _re_exports(found, created, read)
    apps = [entries.get((app.root, app.spec), app) for app in created]
    unique = tuple({(app.root, app.spec): app for app in apps}.values())
    chosen = tuple(app for app in unique if is_in_scope(app.path, project, asked))
    in_scope = frozenset(chosen)
    in_examples = tuple(app for app in unique if app not in in_scope)
    foreign = () if chosen else tuple(one for mention in found for one in read(mention.path).foreign(roots))

    def other_names() -> tuple[AppFound, ...]:
        return tuple(_other_names([*found, *_taking(disk, project, found, chosen)], chosen, read, project))

    return Search(found, chosen, other_names, foreign, in_examples)


MOST_WITHOUT_MENTION = 50
"""Files that are read for apps though they mention no Celery."""


def _holding(disk: Disk, project: str, names: list[str], known: set[str]) -> list[str]:
    """Other source files that hold one of some names: of classes of apps, and of functions that create them."""
    paths = (os.path.join(directory, name) for directory, _, files in disk.tree(project) for name in files)
    others = (path for path in paths if path.endswith(".py") and path not in known and disk.holds(path, *names))
    return list(islice(others, MOST_WITHOUT_MENTION))


def _taking(disk: Disk, project: str, found: tuple[Mention, ...], apps: tuple[AppFound, ...]) -> Iterator[Mention]:
    """Source files that mention no Celery, and import the module of an app that no tasks lie beside."""
    modules = {split_spec(app.spec)[0] for app in apps if not any(one.tasks for one in found if one.path == app.path)}
    names = sorted({module.rpartition(".")[2] for module in modules})
    for path in _holding(disk, project, names, {one.path for one in found}) if names else ():
        if modules & {*as_words(disk.ask(path, "imported"))} or _imports_beside(disk, path, names):
            yield Mention(path, False, 0, bool(as_numbers(disk.ask(path, "celery"))[2]))


def _imports_beside(disk: Disk, path: str, names: list[str]) -> bool:
    """Whether a file may import one of some modules by a relative import."""
    return disk.holds(path, *(f"from .{name} import" for name in names))


MOST_NAMES = 8
"""Modules that are looked at for another name of an app."""


def _other_names(
    found: Iterable[Mention], apps: tuple[AppFound, ...], read: Callable[[str], _Reader], project: str
) -> Iterator[AppFound]:
    """What else a worker may be started with: modules that take an app over from another one or from a factory, and
    define no tasks themselves.
    """
    owners = {(app.root, ".".join(split_spec(app.spec))) for app in apps}
    known = {app.path for app in apps}
    count = 0
    for mention in found:
        if mention.tasks or mention.path in known or count >= MOST_NAMES or is_example(mention.path, project):
            continue
        reader = read(mention.path)
        taken = [name for name, origin in reader.names.items() if (reader.root, origin) in owners]
        made = list(reader.handed_on())
        count += bool(taken or made)
        yield from made or (AppFound(f"{reader.name}:{name}", mention.path, 1, reader.root) for name in taken[:1])


class _Reader:
    """The top level of one module, with names resolved through its imports."""

    def __init__(
        self, disk: Disk, path: str, place: tuple[str, str], module: Callable[[str], Block],
        body: Callable[[str, CutBody], Block],
    ) -> None:  # fmt: skip
        self.disk = disk
        self.path = path
        self.body = body
        self.root, self.name = place
        self.names: dict[str, str] = {}
        self.classes: list[facts.ClassDefinition] = []
        self.functions: list[facts.Define] = []
        self.assignments: list[tuple[str, Expression, int]] = []
        self.taken: list[Foreign] = []
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
                    if name in APP_NAMES and not statement.level:
                        self.taken.append(Foreign(self.path, statement.line, name, source))
            elif isinstance(statement, facts.ClassDefinition):
                self.classes.append(statement)
                self.functions += [part for part in statement.body if isinstance(part, facts.Define)]
            elif isinstance(statement, facts.Define):
                self.functions.append(statement)
            elif isinstance(statement, facts.Assign):
                for target in statement.targets:
                    if isinstance(target, facts.Name):
                        self._assign(target.id, statement.value, statement.line)
            elif isinstance(statement, (facts.If, facts.Try, facts.With)):
                for nested in (statement.body, getattr(statement, "orelse", ()), getattr(statement, "final", ())):
                    self._read(nested)
                for handler in getattr(statement, "handlers", ()):
                    self._read(handler.body)

    def _assign(self, name: str, value: Expression, line: int) -> None:
        """``name = value``; another name for something is looked through."""
        self.assignments.append((name, value, line))
        if isinstance(value, (facts.Name, facts.Attribute)) and (path := self.resolve(value)) in CELERY_CLASSES:
            self.names[name] = path

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
        names = sorted({name.rpartition(".")[2] for name in classes})
        for function in self._holding(names):
            try:
                block = self.body(self.path, function.body) if isinstance(function.body, CutBody) else function.body
            except (Unreadable, OSError):
                continue
            if any(self.resolve(call.function) in classes for call in _calls(block)):
                found |= {f"{self.name}.{function.name}", f".{function.name}"}
        return found

    def _holding(self, names: list[str]) -> list[facts.Define]:
        """The functions whose source holds one of some names."""
        cut = [function for function in self.functions if isinstance(function.body, CutBody)]
        ranges = [line for function in cut if isinstance(function.body, CutBody)
                  for line in (function.body.first, function.body.last)]  # fmt: skip
        held = as_numbers(self.disk.ask(self.path, "lines hold", len(names), *names, *ranges)) if cut else []
        passed = {id(function) for index, function in enumerate(cut) if index not in held}
        return [function for function in self.functions if id(function) not in passed]

    def handed_on(self) -> Iterator[AppFound]:
        """Names that an app is given by convention, bound at module level to what was made elsewhere.

        Whether that is a Celery app, the walk tells.
        """
        for name, value, line in self.assignments:
            is_other = isinstance(value, facts.Call) and OTHER_CLASS.search(self.resolve(value.function) or "")
            if name in APP_NAMES and isinstance(value, (facts.Subscript, facts.Attribute, facts.Call)) and not is_other:
                yield AppFound(f"{self.name}:{name}", self.path, line, self.root)

    def foreign(self, roots: Roots) -> Iterator[Foreign]:
        """What may be an app, imported from a package that is neither the project's nor Celery."""
        for one in self.taken:
            if not one.source.startswith("celery") and not roots.holds(one.source.partition(".")[0]):
                yield one

    def created(self, classes: set[str], factories: set[str]) -> Iterator[AppFound]:
        """Apps bound at module level."""
        for name, value, line in self.assignments:
            if not isinstance(value, facts.Call):
                continue
            path = self.resolve(value.function)
            method = f".{value.function.name}" if isinstance(value.function, facts.Attribute) else None
            if path in classes or path in factories or (path is None and method in {*factories, ".Celery"}):
                yield AppFound(f"{self.name}:{name}", self.path, line, self.root)


def _re_exports(
    found: tuple[Mention, ...], created: list[AppFound], read: Callable[[str], _Reader]
) -> dict[tuple[str, str], AppFound]:
    """For each app the module that workers are started with, where that is not the one that creates it."""
    owners = {(app.root, ".".join(split_spec(app.spec))): app for app in created}
    entries: dict[tuple[str, str], AppFound] = {}
    for mention in found:
        base = os.path.splitext(os.path.basename(mention.path))[0]
        if not ENTRY_NAME.search(base) or any(app.path == mention.path for app in created):
            continue
        reader = read(mention.path)
        bound = {name: reader.resolve(value) for name, value, _ in reader.assignments}
        for name in ("app", "celery", "celery_app"):
            origin = bound.get(name) or reader.names.get(name)
            owner = owners.get((reader.root, origin or ""))
            if owner is not None and not ENTRY_NAME.search(split_spec(owner.spec)[0].rpartition(".")[2]):
                made = (owner.path, split_spec(owner.spec)[1])
                entry = AppFound(f"{reader.name}:{name}", mention.path, 1, reader.root, made=made)
                entries.setdefault((owner.root, owner.spec), entry)
    return entries


def _calls(node: object) -> Iterator[facts.Call]:
    """All calls inside facts, nested functions included."""
    if isinstance(node, facts.Call):
        yield node
    if isinstance(node, facts.Fact):
        for name in node.__struct_fields__:
            yield from _calls(getattr(node, name))
    elif isinstance(node, tuple):
        for part in node:
            yield from _calls(part)
