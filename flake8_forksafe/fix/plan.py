"""Chooses the imports to defer: the cheapest set without which no hazard is reached before the fork."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from flake8_forksafe.finding import Finding
from flake8_forksafe.fix import defer, lazy
from flake8_forksafe.fix.effects import effects
from flake8_forksafe.fix.references import Mentioned, Mentions, ModuleNames, NameReference
from flake8_forksafe.fix.text import Refused, Source
from flake8_forksafe.fix.uses import Habits, find_habits
from flake8_forksafe.hazards.catalogue import Catalogue
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.rules.imports import Lead, leads
from flake8_forksafe.rules.rule import Context
from flake8_forksafe.settings import checkout, is_outside
from flake8_forksafe.trace.graph import Cut, Statement
from flake8_forksafe.trace.trace import Trace

UNSAFE_COST = 5
"""How many functions with safe edits are as good as one whose edit is not safe."""

MOST_STATEMENTS = 1000
"""How many imports are looked into for one set of repairs; each takes the scopes of a file, some 10 ms."""

TAKEN = ("imports it", "uses it")
"""What another file does with a name that it could as well import from where it comes from."""


class Repair(NamedTuple):
    """Something that is changed.

    :ivar what: the change, as people read it.
    :ivar doubts: why it is not safe; none if it is.
    :ivar hazards: the packages that it keeps out of the parent, with the others.
    :ivar deferral: the import that it defers, if that is what it does.
    :ivar kind: a word for it, for the summary.
    """

    path: str
    line: int
    what: str
    doubts: tuple[str, ...]
    hazards: tuple[str, ...]
    deferral: defer.Deferral | None = None
    kind: str = "import"

    @property
    def is_safe(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.doubts


class Parsed:
    """What files hold, by path and content: one that no repair edits is parsed once, however many there are."""

    def __init__(self) -> None:
        self.sources: dict[tuple[str, bytes], Source | str] = {}
        self.habits: dict[Source, Habits] = {}
        self.effects: dict[Source, str] = {}
        self.mentioned: dict[tuple[str, bytes], Mentioned | None] = {}


class Workshop:
    """The source files of one project, and the possible deferrals in them.

    :ivar refused: why a statement cannot be deferred, by path and line.
    """

    def __init__(
        self,
        context: Context,
        disk: Disk,
        may_edit: Callable[[str], bool],
        parsed: Parsed | None = None,
        *,
        suppressed: Iterable[Finding] = (),
    ) -> None:
        """Prepare repairs.

        :param may_edit: tells whether a file may be edited.
        :param parsed: what another workshop of the same project has parsed.
        :param suppressed: findings that are not wanted, so that what stands there is to stay.
        """
        self._suppressed = {(finding.path, finding.line): finding.code for finding in suppressed}
        self.parsed = parsed if parsed is not None else Parsed()
        self.context = context
        self.disk = disk
        self.may_edit = may_edit
        self.refused: dict[tuple[str, int], str] = {}
        self._sources: dict[str, Source | str] = {}
        self._reached: dict[Trace, set[Node]] = {}
        self._mentions = Mentions(disk, context.settings.project, self.parsed.mentioned)
        self._plans: dict[tuple[str, int], defer.Deferral | None] = {}
        self.names: dict[str, list[str]] = {}
        for trace in context.traces:
            for name, path in trace.paths.items():
                if path is not None:
                    self.names.setdefault(path, []).append(name)

    def source(self, path: str) -> Source:
        """A file.

        :raises Refused: if it cannot be edited.
        """
        found = self._sources.get(path)
        if found is None:
            content = self.content(path)
            found = self.parsed.sources.get((path, content))
            if found is None:
                try:
                    found = Source(path, content)
                except Refused as error:
                    found = error.reason
                self.parsed.sources[path, content] = found
            self._sources[path] = found
        if isinstance(found, str):
            raise Refused(found)
        return found

    def content(self, path: str) -> bytes:
        """The bytes of a file, whatever it is.

        :raises Refused: if it cannot be edited.
        """
        if is_outside(path, checkout(self.context.settings.project)):
            raise Refused("the file is outside the repository")
        try:
            return self.disk.content(path)
        except OSError as error:
            raise Refused(f"the file cannot be read: {error.strerror}") from None

    def habits(self, path: str) -> Habits:
        """What a file does that concerns all of its names.

        :raises Refused: if it cannot be edited.
        """
        source = self.source(path)
        habits = self.parsed.habits.get(source)
        if habits is None:
            habits = self.parsed.habits[source] = find_habits(source)
        return habits

    def module_names(self, path: str) -> tuple[str, ...]:
        """The names that a file's module has before the fork, or else one by its place in the project."""
        stem = os.path.splitext(os.path.relpath(path, self.context.settings.project))[0]
        return tuple(self.names.get(path, ())) or (stem.replace(os.sep, ".").removesuffix(".__init__"),)

    def refuse_unnamed(self, path: str) -> None:
        """Refuse to edit a file that is not among those that the user named.

        :raises Refused: if it is not.
        """
        if not self.may_edit(path):
            raise Refused("its file is not among the given paths")

    def references(self, path: str, modules: tuple[str, ...], bound: Iterable[str]) -> Iterator[NameReference]:
        """The places in other files that rely on names of a module."""
        return self._mentions.references(ModuleNames(path, modules), bound)

    def deferral(self, trace: Trace, statement: Statement, targets: tuple[str, ...]) -> defer.Deferral | None:
        """How a statement can be deferred; None, and an entry in ``refused``, if it cannot."""
        path = trace.paths.get(statement.node.module)
        if path is None or trace.origin(statement.node.module) != FIRST_PARTY:
            return None
        place = path, statement.line
        if place not in self._plans:
            try:
                if statement.node.function:
                    raise Refused("it stands in a function that runs before the fork")
                if statement.kind != "import":
                    raise Refused("it is imported by a name that is computed, or lazily")
                self.refuse_unnamed(path)
                if place in self._suppressed:
                    raise Refused(f"{self._suppressed[place]} is suppressed there")
                if len(self._plans) >= MOST_STATEMENTS:
                    raise Refused(f"{MOST_STATEMENTS} imports were looked into before, which is the most for one step")
                self._plans[place] = self._deferral(trace, statement, path, targets)
            except Refused as error:
                self.refused[place] = error.reason
                self._plans[place] = None
        return self._plans[place]

    def _deferral(self, trace: Trace, statement: Statement, path: str, targets: tuple[str, ...]) -> defer.Deferral:
        source = self.source(path)
        habits = self.habits(path)
        names = self.module_names(path)
        what = defer.import_at(source, statement.line, lambda name: any(_is_of(target, name) for target in targets))
        runs = {node.function for one in self.context.traces for pair in one.graph.edges for node in pair
                if node.module in names and node.function}  # fmt: skip
        if (trace.requires_python or (3,)) >= lazy.SINCE:
            found = lazy.plan_lazy(
                source,
                what,
                habits,
                runs.__contains__,
                lambda bound: any(True for _ in self.references(path, names, [bound])),
            )
        else:
            found = defer.plan(source, what, habits, runs.__contains__)
            self._refuse_relied_on(what, source, [*self.references(path, names, what.bound)])
        doubts = (*found.doubts, *self._relied_on(path, targets), *self._lost(trace, statement))
        return found._replace(doubts=doubts)

    def _relied_on(self, path: str, loaded: Iterable[str]) -> Iterator[str]:
        """Doubts about files that use sub-modules which this one loads for them."""
        for dotted in loaded:
            for reference in self._mentions.unimported(path, dotted) if "." in dotted else ():
                where = os.path.relpath(reference.path, self.context.settings.project)
                yield f"{where}:{reference.line} {reference.how}"
                break

    def _refuse_relied_on(
        self, what: defer.ImportStatement, source: Source, references: Sequence[NameReference]
    ) -> None:
        """Refuse to move an import whose names other files take from here, and say what makes it movable.

        :raises Refused: if there are such files.
        """
        if not references:
            return
        first = references[0]
        where = f"{os.path.relpath(first.path, self.context.settings.project)}:{first.line}"
        more = f", and {len(references) - 1} more" if references[1:] else ""
        text = " ".join(source.text_of(what.node).split())
        is_taken = all(reference.how in TAKEN for reference in references)
        if is_taken and len(what.every) == 1 and not text.startswith("from ."):
            raise Refused(f"{where} {first.how}{more}; with {text!r} there instead, this one can be deferred")
        raise Refused(f"{where} {first.how}{more}")

    def _lost(self, trace: Trace, statement: Statement) -> list[str]:
        """Doubts about what the project's modules that are no longer loaded do when they are imported.

        :raises Refused: if they define tasks.
        """
        if trace not in self._reached:
            self._reached[trace] = trace.graph.reached_from([trace.graph.root])
        before, after = self._reached[trace], trace.graph.reached_from([trace.graph.root], {statement})
        doubts = []
        for node in before - after:
            if node.function or trace.origin(node.module) != FIRST_PARTY:
                continue
            if node.module in trace.task_modules:
                raise Refused(f"{node.module} defines tasks, which the worker would not register")
            path = trace.paths.get(node.module)
            if path is None:
                continue
            told = self._effects(path)
            if told:
                doubts.append(f"{node.module}, which is then imported later, {told}")
        return sorted(doubts)[:3]

    def _effects(self, path: str) -> str:
        """What a file registers when it is imported, as a clause for a message; ``""`` if nothing is seen."""
        try:
            source = self.source(path)
        except Refused:
            return "cannot be read for what it registers"
        if source not in self.parsed.effects:
            self.parsed.effects[source] = effects(source)
        return self.parsed.effects[source]


def _is_of(target: str, name: str) -> bool:
    """Whether the import of a name loads a module: that one, or one in or around it."""
    return target == name or target.startswith(f"{name}.") or name.startswith(f"{target}.")


def plan(workshop: Workshop, with_unsafe: bool, withdrawn: Mapping[tuple[str, int], str]) -> tuple[Repair, ...]:
    """The repairs that keep as many hazards as possible out of the parent, for the least cost.

    :param withdrawn: statements that must stay, by path and line.
    """
    found: dict[tuple[str, int], Repair] = {}
    for trace in workshop.context.traces:
        if trace.forks:
            for repair in _plan_of_trace(workshop, trace, with_unsafe, withdrawn):
                found.setdefault((repair.path, repair.line), repair)
    return tuple(found[place] for place in sorted(found))


def _plan_of_trace(
    workshop: Workshop, trace: Trace, with_unsafe: bool, withdrawn: Mapping[tuple[str, int], str]
) -> list[Repair]:
    targets: dict[Node, list[Lead]] = {}
    for lead in leads(workshop.context, trace):
        targets.setdefault(lead.edge.target, []).append(lead)
    if not targets:
        return []
    loaded: dict[Statement, list[str]] = {}
    for edge in trace.graph.edges.values():
        loaded.setdefault(Statement(edge.source, edge.line, edge.kind), []).append(edge.loads)
    dangerous = {edge.target for edge in trace.graph.leading_to(tuple(targets))}

    def cost(statement: Statement) -> int | None:
        path = trace.paths.get(statement.node.module)
        if (path, statement.line) in withdrawn:
            return None
        hot = tuple(name for name in loaded[statement] if Node(name) in dangerous)
        deferral = workshop.deferral(trace, statement, hot)
        if deferral is None or (deferral.doubts and not with_unsafe):
            return None
        return max(1, deferral.cost) * (UNSAFE_COST if deferral.doubts else 1)

    cut = _cheapest(workshop, trace, targets, cost)
    reached = trace.graph.reached_from([trace.graph.root], cut.statements)
    stays = {name for node, found in targets.items() if node in reached for lead in found for name in lead.names}
    loads = {*stays, *_brought(workshop.context.catalogue, stays)}
    _tell_needless(workshop, trace, targets, reached, stays)
    freed = {name for found in targets.values() for lead in found for name in lead.names} - loads
    repairs = []
    for statement in cut.statements:
        deferral = workshop.deferral(trace, statement, ())
        path = trace.paths[statement.node.module]
        assert deferral is not None and path is not None
        behind = _hazards_behind(trace, targets, statement)
        names = tuple(name for name in behind if name in freed)
        repairs.append(
            Repair(path, statement.line, _told(workshop.source(path), deferral), deferral.doubts, names, deferral)
        )
    return repairs


def _cheapest(
    workshop: Workshop, trace: Trace, targets: Mapping[Node, list[Lead]], cost: Callable[[Statement], int | None]
) -> Cut:
    """The cheapest cut, for which only the statements that come into question are looked into.

    A package is left alone that is loaded whatever is cut, by another import of it or by a package that brings it: to
    defer one of several imports of it frees nothing.

    Until it is looked into, an import costs the least that one can: so a cut whose statements are all known is the
    cheapest one.
    """
    known: dict[Statement, int | None] = {}

    def assumed(statement: Statement) -> int | None:
        path = trace.paths.get(statement.node.module)
        is_open = statement.kind == "import" and not statement.node.function and path is not None
        if statement not in known and not (is_open and workshop.may_edit(path or "")):
            known[statement] = cost(statement)
        return known.get(statement, 1)

    wanted = dict(targets)
    while True:
        cut = trace.graph.cheapest_cut(wanted, assumed)
        new = [statement for statement in cut.statements if statement not in known]
        known.update({statement: cost(statement) for statement in new})
        stays = {name for node in cut.kept for lead in targets[node] for name in lead.names}
        stays.update(_brought(workshop.context.catalogue, stays))
        left = {node: found for node, found in wanted.items()
                if any(name not in stays for lead in found for name in lead.names)}  # fmt: skip
        if not new and len(left) == len(wanted):
            return cut
        wanted = left


def _brought(catalogue: Catalogue, names: Iterable[str]) -> dict[str, str]:
    """The hazards that some load with them, and by which of these."""
    found: dict[str, str] = {}
    pending = sorted(names)
    for name in pending:
        hazard = catalogue.find(name)
        new = [one for one in (hazard.pulls if hazard is not None else ()) if one not in found]
        found.update(dict.fromkeys(new, name))
        pending += new
    return found


def _tell_needless(
    workshop: Workshop,
    trace: Trace,
    targets: Mapping[Node, list[Lead]],
    reached: Collection[Node],
    stays: Iterable[str],
) -> None:
    """Say of the imports of packages that others load all the same why they are left alone."""
    brought = _brought(workshop.context.catalogue, stays)
    for node in targets.keys() & set(reached):
        for lead in targets[node]:
            path = trace.paths.get(lead.edge.source.module)
            by = {name: brought[name] for name in lead.names if name in brought}
            if path is not None and len(by) == len(lead.names):
                name, other = next(iter(by.items()))
                reason = f"{name!r} would be loaded all the same, by {other!r}, which is not repaired"
                workshop.refused.setdefault((path, lead.edge.line), reason)


def _hazards_behind(trace: Trace, targets: Mapping[Node, list[Lead]], statement: Statement) -> list[str]:
    """The hazards that a statement leads to."""
    starts = [edge.target for edge in trace.graph.edges.values()
              if Statement(edge.source, edge.line, edge.kind) == statement]  # fmt: skip
    behind = trace.graph.reached_from(starts)
    return list(dict.fromkeys(name for node, found in targets.items() if node in behind for lead in found
                              for name in lead.names))  # fmt: skip


def _told(source: Source, deferral: defer.Deferral) -> str:
    """A deferral in words."""
    if deferral.is_lazy:
        return f"write '{defer.lazy_text(source, deferral.what)}'"
    text = " ".join(source.text_of(deferral.what.node).split())
    names = [f"{defer.qualified_name(source, function)}()" for function in deferral.functions]
    if not names:
        return f"import {', '.join(deferral.what.bound)} for type checkers only: {text}"
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"move '{text}' into {shown}"
