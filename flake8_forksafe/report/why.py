"""``forksafe why``: how a module comes to be loaded before the fork, or why it is not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from flake8_forksafe.finding import WORKER, Hop
from flake8_forksafe.interpreter.records import Edge, Node
from flake8_forksafe.printable import shortened
from flake8_forksafe.project.layout import THIRD_PARTY
from flake8_forksafe.source import facts
from flake8_forksafe.source.collector import imports
from flake8_forksafe.source.text import Unreadable, decode
from flake8_forksafe.trace.trace import Trace

LONGEST_LINE = 200
"""Characters of a line that is quoted."""


def render(trace: Trace, name: str, base: str, read: Callable[[str], bytes]) -> Iterator[str]:
    """The lines for one launch.

    :param read: reads a file of which lines may be quoted, and raises OSError for any other.
    """
    yield trace.host.command
    modules = [module for module in trace.loaded if module == name or module.startswith(name + ".")]
    before = [module for module in modules if not trace.after_fork(module) and trace.graph.is_reached(Node(module))]
    if not before:
        yield from _not_loaded(trace, name, modules, base, read)
        return
    node = Node(before[0])
    omission = trace.omissible.get(node)
    certain = "" if trace.graph.is_certain(node) else ", if at all: it stands behind a condition that is not known"
    yield f"  {node} is loaded before the fork{certain}"
    first = list(first_chain(trace, node))
    shortest = trace.chain(node)
    if [(hop.node, hop.line) for hop in first] != [(hop.node, hop.line) for hop in shortest]:
        yield "  as it is executed first:"
        yield from _hops(first, base, read)
        yield "  by the shortest chain:"
    yield from _hops(shortest, base, read)
    if omission is not None:
        yield f"  only {omission.what} lead there: {omission.without}, and {omission.instead}"


def first_chain(trace: Trace, node: Node) -> Iterator[Hop]:
    """The chain by which a node is executed first: each hop's own first execution before it."""
    first: dict[Node, Edge] = {}
    for edge in trace.edges:
        first.setdefault(edge.target, edge)
    hops: list[Hop] = []
    seen: set[Node] = set()
    while node in first and node not in seen:
        seen.add(node)
        edge = first[node]
        hops.append(trace.hop(edge))
        node = edge.source
    return reversed(hops)


def _hops(chain: Iterable[Hop], base: str, read: Callable[[str], bytes]) -> Iterator[str]:
    for hop in chain:
        step = f"  [{hop.step}]" if hop.step else ""
        if hop.path is None:
            yield f"    {hop.source or WORKER} → {hop.node}{step}"
            continue
        yield f"    {os.path.relpath(hop.path, base)}:{hop.line} → {hop.node}{step}"
        quoted = source_line(hop.path, hop.line, read)
        if quoted:
            yield f"        {quoted}"


def source_line(path: str, line: int, read: Callable[[str], bytes]) -> str:
    """One line of a file, stripped; empty if there is none."""
    try:
        lines = read(path).split(b"\n", line)
    except OSError:
        return ""
    return shortened(lines[line - 1].decode("utf-8", "replace").strip(), LONGEST_LINE) if line <= len(lines) else ""


class UnexecutedImport(NamedTuple):
    """An import of the module that was not executed before the fork.

    :ivar function: the function it stands in, or ``""``.
    """

    module: str
    path: str
    line: int
    function: str


def _not_loaded(trace: Trace, name: str, late: list[str], base: str, read: Callable[[str], bytes]) -> Iterator[str]:
    yield f"  {name} is not loaded before the fork"
    if late:
        hop = next((trace.hop(edge) for edge in trace.late_edges if edge.loads == late[0]), None)
        if hop is not None and hop.path is not None:
            yield f"  it is loaded after it: {os.path.relpath(hop.path, base)}:{hop.line}"
        return
    mentions = list(_mentions(trace, name, read))
    condition = f"behind a condition that is false in {trace.host.words.forker}"
    for mention in mentions[:5]:
        place = f"{os.path.relpath(mention.path, base)}:{mention.line}"
        node = Node(mention.module, mention.function)
        if mention.function and not trace.graph.is_reached(node):
            yield f"  {place} imports it in {mention.function}(), which nothing calls before the fork"
        elif mention.function:
            yield f"  {place} imports it in {mention.function}(), {condition}"
        else:
            yield f"  {place} imports it {condition}"
    absent = list(_would_load(trace, name))
    yield from absent[:5]
    if not mentions and not absent:
        yield "  no module that is loaded before the fork imports it"


def _would_load(trace: Trace, name: str) -> Iterator[str]:
    """What third parties are known to load only where it is installed, which nothing tells."""
    for module in trace.modules:
        if module.origin == THIRD_PARTY and module.path is None:
            for package, extras in trace.effects(module.name).absent:
                if package == name:
                    asked = f", nor ask for {' or '.join(extras)}" if extras else ""
                    yield f"  {module.name} loads it only where it is installed: the project does not declare it{asked}"


def _mentions(trace: Trace, name: str, read: Callable[[str], bytes]) -> Iterator[UnexecutedImport]:
    """Imports of a module in the source of modules that are loaded, by a plain look at their syntax."""
    last = name.rpartition(".")[2].encode()
    for module in trace.modules:
        if module.path is None or not module.path.endswith(".py") or module.origin != "first-party":
            continue
        try:
            content = read(module.path)
            found = list(imports(decode(content))) if last in content else []
        except (OSError, Unreadable):
            continue
        for statement, function in found:
            if name in _named(statement, module.name, module.path.endswith("__init__.py")):
                yield UnexecutedImport(module.name, module.path, statement.line, function)


def _named(statement: facts.Import | facts.ImportFrom, module: str, is_package: bool) -> set[str]:
    """The modules, and their parents, that an import statement names."""
    if isinstance(statement, facts.Import):
        names = {name for name, _ in statement.names}
    else:
        around = module.split(".")
        around = around[: len(around) - statement.level + is_package] if statement.level else []
        source = ".".join([*around, *([statement.module] if statement.module else [])])
        names = {source, *(f"{source}.{name}" for name, _ in statement.names)}
    return {".".join(name.split(".")[:count]) for name in names for count in range(1, name.count(".") + 2)}


__all__ = ["first_chain", "render", "source_line"]
