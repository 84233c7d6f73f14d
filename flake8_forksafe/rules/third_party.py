"""FS103: third-party imports that pull a hazard in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from flake8_forksafe.finding import Hop
from flake8_forksafe.hazards.catalogue import Hazard
from flake8_forksafe.hazards.third_parties import OWN, told_by
from flake8_forksafe.interpreter.records import Edge, Node
from flake8_forksafe.project.layout import THIRD_PARTY
from flake8_forksafe.rules.prelude import is_tamed
from flake8_forksafe.rules.rule import Context, Finding, Rule, brought, is_accepted, way_out
from flake8_forksafe.trace.trace import Trace

INSTEAD = {"dynamic": "call what imports it in {hook}, or in the {work}, or have it import less"}
"""What to do about an import that a call makes, by the kind of its edge."""
IN_FUNCTION = "import it in {hook}, or in the {work}"


class Pulled(NamedTuple):
    """A hazard that an import loads.

    :ivar hops: the modules that lead there; none if that is known from the catalogue only.
    :ivar sure: whether it is loaded whenever the import takes place.
    """

    hazard: Hazard
    hops: tuple[Hop, ...]
    sure: bool


class Pull(NamedTuple):
    """A first-party import of a package that loads hazards.

    :ivar hazards: those first that are surely loaded.
    """

    trace: Trace
    edge: Edge
    hazards: tuple[Pulled, ...]


def pulls(context: Context, trace: Trace, switched: bool = False) -> Iterator[Pull]:
    """Every first-party import through which a third-party package loads a hazard.

    :param switched: whether those are meant that happen only if a switch of the project's own is set, or all others.
    """
    accepted = {name for name, _ in context.settings.accept}
    outgoing: dict[Node, list[Edge]] = {}
    for edge in trace.outside:
        outgoing.setdefault(edge.source, []).append(edge)
    seen: set[tuple[Node, int]] = set()
    for edge in trace.outward:
        if edge.kind in ("thread", "boot") or (edge.switched or trace.is_switched(edge.source)) is not switched:
            continue
        if trace.origin(edge.loads) != THIRD_PARTY or (edge.source, edge.line) in seen:
            continue
        own = context.catalogue.find(edge.loads)
        if is_accepted(edge.loads, accepted) or (own is not None and own.reported):
            continue
        is_known = edge.loads in trace.paths or edge.target in outgoing
        found = _walked(context, trace, edge, outgoing) if is_known else _measured(context, trace, own)
        kept = tuple(
            pulled for pulled in found
            if not is_accepted(pulled.hazard.name, accepted)
            and not (context.settings.trust_prelude and is_tamed(trace, context.catalogue, pulled.hazard))
        )  # fmt: skip
        if kept and trace.graph.is_reached(edge.source):
            seen.add((edge.source, edge.line))
            yield Pull(trace, edge, tuple(sorted(kept, key=lambda pulled: not pulled.sure)))


def _walked(context: Context, trace: Trace, edge: Edge, outgoing: dict[Node, list[Edge]]) -> list[Pulled]:
    """The hazards that lie behind an import, by the source of the packages in between, or by what was measured."""
    found: dict[str, Pulled] = {}
    for sure in (True, False):  # a longer chain that is sure counts more than a shorter one that is not
        paths: dict[Node, tuple[Edge, ...]] = {edge.target: ()}
        queue = deque([edge.target])
        while queue:
            node = queue.popleft()
            for step in outgoing.get(node, ()):
                if step.target in paths or (sure and not step.sure):
                    continue
                way = paths[step.target] = (*paths[node], step)
                hazard = context.catalogue.find(step.loads) if step.loads not in trace.paths else None
                if hazard is not None and hazard.reported:
                    found.setdefault(hazard.name, Pulled(hazard, tuple(map(trace.hop, way)), sure))
                else:
                    queue.append(step.target)
    return list(found.values())


def _measured(context: Context, trace: Trace, own: Hazard | None) -> list[Pulled]:
    """The hazards that an import loads by the catalogue's measurement, as far as they are surely installed."""
    names = (
        {**dict.fromkeys(own.pulls, True), **dict.fromkeys(own.pulls_if_installed, False)} if own is not None else {}
    )
    hazards = [context.catalogue.hazards[name] for name in names if name in context.catalogue.hazards]
    return [Pulled(hazard, (), names[hazard.name]) for hazard in hazards
            if hazard.reported and trace.presence(hazard.name.partition(".")[0]) is True]  # fmt: skip


def check_pulls(context: Context) -> Iterator[Finding]:
    """FS103."""
    for trace in context.traces:
        for pull in pulls(context, trace):
            edge = pull.edge
            path = trace.paths[edge.source.module]
            assert path is not None
            first = pull.hazards[0]
            certain = edge.sure and trace.graph.is_certain(edge.source)
            brings = brought({pulled.hazard.name: certain and pulled.sure for pulled in pull.hazards})
            what = f"importing {str(edge.target)!r} {brings} before {trace.host.words.forker} forks"
            what += f" ({first.hazard.why}{_known_from(context, trace, pull)})"
            chain = (*trace.chain(edge.source), trace.hop(edge), *first.hops)
            yield Finding(
                path,
                edge.line,
                edge.column,
                "FS103",
                what,
                str(edge.target),
                chain,
                way_out(trace, edge.source, trace.host.words.fill(_instead(edge, first.hazard))),
            )


def _instead(edge: Edge, hazard: Hazard) -> str:
    """The advice that fits the place: what stands in a function that runs before the fork is deferred already."""
    deferred = IN_FUNCTION if edge.source.function else hazard.instead
    return INSTEAD.get(edge.kind, deferred)


def _known_from(context: Context, trace: Trace, pull: Pull) -> str:
    """How it is known what an import loads, where its source was not read."""
    hops = pull.hazards[0].hops
    if not hops:
        return "; by measurement, its source was not read"
    measured = next(filter(None, map(trace.measured.get, (pull.edge.loads, *(hop.source for hop in hops)))), None)
    if measured is None:
        return ""
    if measured == OWN:
        return f"; {told_by(measured)}"
    is_there = trace.has_environment and trace.presence(pull.edge.loads.partition(".")[0])
    certain = "" if is_there else ": another version may differ, the option environment makes it certain"
    return f"; {told_by(measured)}{certain}{_not_asked_for(context, trace, pull)}"


def _not_asked_for(context: Context, trace: Trace, pull: Pull) -> str:
    """What the import would bring besides with an extra that nothing asks for."""
    for package, extras in trace.effects(pull.edge.loads).absent:
        hazard = context.catalogue.find(package)
        if extras and hazard is not None and hazard.reported:
            return f"; with {' or '.join(extras)}, which nothing asks for, {package!r} as well"
    return ""


THIRD_PARTY_PULL = Rule(
    "FS103",
    "third-party import that pulls a hazard in",
    check_pulls,
)
