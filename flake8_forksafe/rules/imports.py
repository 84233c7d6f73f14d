"""FS101, FS102, FS104 and FS105: hazardous packages imported before the fork, and the imports that lead to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from flake8_forksafe.finding import Hop
from flake8_forksafe.hazards.catalogue import Hazard
from flake8_forksafe.interpreter.records import Edge, Node
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.rules.prelude import is_tamed
from flake8_forksafe.rules.rule import Context, Finding, Rule, brought, is_accepted, listed, way_out
from flake8_forksafe.rules.third_party import pulls
from flake8_forksafe.trace.trace import Trace

DEFER = "import it inside the function that uses it"


class Site(NamedTuple):
    """A first-party statement that imports a hazard before the fork."""

    trace: Trace
    edge: Edge
    hazard: Hazard


def hazard_sites(context: Context, trace: Trace, switched: bool = False) -> Iterator[Site]:
    """Every first-party import of a hazard that a trace reaches before the fork, accepted ones left out.

    :param switched: whether those are meant that happen only if a switch of the project's own is set, or all others.
    """
    accepted = {name for name, _ in context.settings.accept}
    seen: set[tuple[Node, int, str]] = set()
    for edge in trace.outward:
        if edge.loads in trace.paths:
            continue
        hazard = context.catalogue.find(edge.loads)
        if hazard is None or not hazard.reported or is_accepted(hazard.name, accepted):
            continue
        if context.settings.trust_prelude and is_tamed(trace, context.catalogue, hazard):
            continue
        key = (edge.source, edge.line, hazard.name)
        if key not in seen and trace.graph.is_reached(edge.source) and not trace.after_fork(edge.source.module):
            if (edge.switched or trace.is_switched(edge.source)) is not switched:
                continue
            seen.add(key)
            yield Site(trace, edge, hazard)


def check_hazard(code: str, context: Context) -> Iterator[Finding]:
    """FS101, FS104 or FS105."""
    for trace in context.traces:
        for site in hazard_sites(context, trace):
            edge, hazard = site.edge, site.hazard
            if _code_of(edge) != code:
                continue
            certain = edge.sure and trace.graph.is_certain(edge.source)
            verb = "is" if certain else "may be"
            words = trace.host.words
            what = f"{hazard.name!r} {verb} {HOW[code]} before {words.forker} forks ({hazard.why})"
            path = trace.paths[edge.source.module]
            assert path is not None
            hops = (*trace.chain(edge.source), trace.hop(edge))
            instead = way_out(trace, edge.source, words.fill(INSTEAD.get(code, hazard.instead)))
            yield Finding(path, edge.line, edge.column, code, what, hazard.name, hops, instead)


def _code_of(edge: Edge) -> str:
    """What an import of a hazard is reported as."""
    if edge.kind == "lazy":
        return "FS104"
    return "FS105" if edge.source.function else "FS101"


HOW = {
    "FS101": "imported",
    "FS104": "imported lazily, but used at import time,",
    "FS105": "imported in a function that runs",
}
INSTEAD = {
    "FS104": "use it only inside functions that {work}s call",
    "FS105": "call that function in the {work}, or in {hook} if it is quick",
}


class Lead(NamedTuple):
    """A place where hazards are loaded, and the hops from there.

    :ivar hazards: whether each is loaded whenever that place is executed, by name.
    """

    edge: Edge
    hazards: Mapping[str, bool]
    hops: tuple[Hop, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the hazards."""
        return tuple(self.hazards)


def leads(context: Context, trace: Trace) -> Iterator[Lead]:
    """Where hazards are loaded: by first-party imports of them, or of what pulls them in."""
    for site in hazard_sites(context, trace):
        yield Lead(site.edge, {site.hazard.name: True}, (trace.hop(site.edge),))
    for pull in pulls(context, trace):
        hazards = {pulled.hazard.name: pulled.sure for pulled in pull.hazards}
        yield Lead(pull.edge, hazards, (trace.hop(pull.edge), *pull.hazards[0].hops))


def check_first_party_import(context: Context) -> Iterator[Finding]:
    """FS102."""
    for trace in context.traces:
        through: dict[tuple[Node, int], tuple[Edge, list[Lead]]] = {}
        for lead in leads(context, trace):
            for edge in _since_boot(trace.way(lead.edge.source)):
                if edge.kind == "import" and trace.origin(edge.source.module) == FIRST_PARTY:
                    through.setdefault((edge.source, edge.line), (edge, []))[1].append(lead)
        for edge, behind in through.values():
            path = trace.paths[edge.source.module]
            assert path is not None
            packages: dict[str, bool] = {}
            for lead in behind:
                certain = lead.edge.sure and trace.graph.is_certain(lead.edge.source)
                for name, sure in lead.hazards.items():
                    packages[name] = packages.get(name, False) or (certain and sure)
            what = f"importing {edge.target.module!r} {brought(packages)} before {trace.host.words.forker} forks"
            hops = (*trace.chain(behind[0].edge.source), *behind[0].hops)
            instead = way_out(trace, edge.source, _deferral(edge, behind, packages))
            yield Finding(path, edge.line, edge.column, "FS102", what, edge.target.module, hops, instead)


def _deferral(edge: Edge, behind: list[Lead], packages: Mapping[str, bool]) -> str:
    """What to write instead of an import through which hazards are reached.

    One in a function that runs before the fork, such as ``ready()``, is deferred already, and often needed there.
    """
    if not edge.source.function:
        return DEFER
    holders = listed(list(dict.fromkeys(lead.edge.source.module for lead in behind)))
    return f"in {holders}, import {listed([*packages])} inside functions only"


def _since_boot(chain: list[Edge]) -> list[Edge]:
    """The part of a chain behind its last string-made edge.

    An import in front of that edge is not what brings the hazard: not the import of the module that autodiscovers is
    to be deferred, but what the discovered module imports.
    """
    last = max((index for index, edge in enumerate(chain) if edge.kind == "boot"), default=-1)
    return chain[last + 1 :]


HAZARD_IMPORT = Rule(
    "FS101",
    "hazardous package imported before the fork",
    partial(check_hazard, "FS101"),
)

FIRST_PARTY_IMPORT = Rule(
    "FS102",
    "first-party import through which a hazard is reached",
    check_first_party_import,
)

LAZY_USE = Rule(
    "FS104",
    "lazy import of a hazard that is used at import time",
    partial(check_hazard, "FS104"),
)

FUNCTION_IMPORT = Rule(
    "FS105",
    "hazardous import inside a function that runs before the fork",
    partial(check_hazard, "FS105"),
)
