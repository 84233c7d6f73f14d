"""Remarks of ``forksafe check``: deliberate gates, unreadable files, stale accepts, and the best import to defer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flake8_forksafe.deployment.model import TEMPLATE
from flake8_forksafe.finding import NOTHING_STARTED, Remark
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.project.layout import FIRST_PARTY
from flake8_forksafe.project.settings_modules import SettingsChoice
from flake8_forksafe.rules import stale_accepts
from flake8_forksafe.rules.best_cut import best_cut
from flake8_forksafe.rules.imports import hazard_sites
from flake8_forksafe.rules.not_analysed import only_sends
from flake8_forksafe.rules.rule import Context, listed
from flake8_forksafe.rules.third_party import pulls
from flake8_forksafe.rules.warm_ups import is_first_party, possible_runs
from flake8_forksafe.trace.trace import Trace

MUCH_MB = 50
"""Memory of the parent, in megabytes, that is worth a word."""


def remarks(context: Context) -> Iterator[Remark]:
    """What stands between the findings and the summary."""
    traces = [trace for trace in context.traces if trace.forks]
    yield from switched(context, traces)
    for path, reason, searched in context.unread:
        if searched:
            yield Remark(f"not searched: {{place}}: {reason}", path)
    for trace in context.traces:
        choice = trace.settings_choice
        if choice is not None and trace.settings == (choice.taken.module,) and (choice.others or choice.is_guess):
            yield Remark(_settings_text(choice), choice.taken.path, choice.taken.line)
    templates = [trouble for trouble in context.troubles if trouble.text == TEMPLATE]
    if templates and context.traces:
        count = f"{len(templates)} deployment files are templates, such as" if len(templates) > 1 else "a template:"
        yield Remark(f"not read: {count} {{place}}; launches in them are not known", templates[0].path)
    yield from open_options(traces)
    yield from dropped_receivers(traces)
    if not (context.traces or context.left_out or context.clean or _is_said(context)):
        yield NOTHING_STARTED
    for app in context.left_out:
        yield Remark(f"left out: {app.spec!r} ({{place}}) {app.why}", app.path, app.line)
    for trace in context.traces:
        if trace.host.has_tasks and trace.app_location is not None and only_sends(context, trace):
            why = "no launch starts a worker of it, and no file defines a task"
            yield Remark(f"{trace.launch.app!r} ({{place}}) only sends tasks: {why}", *trace.app_location)
    for name in stale_accepts.stale(context):
        yield Remark(f"stale accept: {name!r} is accepted, but nothing before the fork would be reported for it")
    for trace in traces:
        yield from omissions(context, trace)
    for trace in traces:
        best = best_cut(context, trace)
        if best is not None and len(best.hazards) > 1:
            size = f", {best.megabytes} MB by the catalogue's measurement" if best.megabytes else ""
            text = (
                f"where to cut: deferring {{place}} alone keeps {listed(list(best.hazards))} out of the parent "
                f"({len(best.hazards)} of {best.total} hazards{size})"
            )
            yield Remark(text, best.path, best.line)


def _is_said(context: Context) -> bool:
    """Whether a finding or another remark tells why nothing is followed."""
    search = context.search
    searched = search is not None and (search.foreign or any(mention.line for mention in search.mentions))
    return bool(searched) or bool(context.problems or context.troubles or context.unread)


def switched(context: Context, traces: Sequence[Trace]) -> Iterator[Remark]:
    """What happens only if a condition holds that is the project's own choice, and how much there is of it."""
    places: dict[tuple[str, str, int], None] = {}
    for run in possible_runs(traces):
        node, line, _, _ = run.anchor()
        path = run.trace.paths.get(node.module)
        if path is not None and is_first_party(run.trace, run):
            places[run.use.shown, path, line] = None
    for trace in traces:
        edges = [(site.edge, site.hazard.name) for site in hazard_sites(context, trace, switched=True)]
        edges += [(pull.edge, pull.edge.loads) for pull in pulls(context, trace, switched=True)]
        places.update({(name, path, edge.line): None for edge, name in edges
                       if (path := trace.paths.get(edge.source.module)) is not None})  # fmt: skip
    for name, path, line in places:
        why = "depends on a condition that the analysis cannot evaluate"
        yield Remark(f"not reported: {name!r} at {{place}} {why}", path, line)
    if len(places) > 1:
        yield Remark(f"not reported, as only the project's own switches decide: {len(places)} calls and imports in all")


def _settings_text(choice: SettingsChoice) -> str:
    """Which settings module is taken, and why."""
    text = f"Django settings: {choice.taken.module!r} is used, named in {{place}}"
    if choice.is_guess:
        text += ", since the worker's code and launches name none, nor does manage.py"
    also = ", ".join(f"{one.module!r}" for one in choice.others[:3])
    verb = "is" if len(choice.others) == 1 else "are"
    return f"{text}; {also} {verb} named as well" if also else text


def open_options(traces: Sequence[Trace]) -> Iterator[Remark]:
    """Options that a launch takes from outside of the repository: they may choose a pool that does not fork."""
    for trace in traces:
        for start in trace.starts:
            if start.open_options and start.pool is None:
                names = listed([f"${name.strip('${}')}" for name in start.open_options])
                verb = "is" if len(start.open_options) == 1 else "are"
                text = (
                    f"not known: what {names} of the worker at {{place}} {verb}, as nothing in the repository says it: "
                    "the worker is taken to fork, unless a pool is chosen there"
                )
                yield Remark(text, start.path, start.line)


def dropped_receivers(traces: Sequence[Trace]) -> Iterator[Remark]:
    """Receivers that are gone before their signal is sent."""
    for trace in traces:
        for one in trace.dropped:
            path = trace.paths.get(one.module)
            if path is not None and trace.origin(one.module) == FIRST_PARTY:
                name = f" {one.receiver.rpartition('.')[2]!r}" if one.receiver else ""
                text = (
                    f"never called: the receiver{name} that {{place}} connects to {one.signal}, which keeps a weak "
                    "reference only: define it at the top of a module, or connect it with weak=False"
                )
                yield Remark(text, path, one.line)


def omissions(context: Context, trace: Trace) -> Iterator[Remark]:
    """What a launch need not load: hazards, or much memory, that one step of the boot alone brings."""
    for omission in trace.host.omissions:
        nodes = [node for node, step in trace.omissible.items() if step == omission and not node.function]
        known = {hazard.name: hazard for node in nodes
                 if node.module not in trace.paths and (hazard := context.catalogue.find(node.module)) is not None
                 and Node(hazard.name) in trace.omissible}  # fmt: skip
        names = [name for name, hazard in known.items() if hazard.reported]
        megabytes = sum(hazard.rss_import_mb or 0 for hazard in known.values())
        if names or megabytes >= MUCH_MB:
            count = sum(trace.origin(node.module) == FIRST_PARTY for node in nodes)
            also = f", and {listed(names)}" if names else ""
            size = f" ({megabytes} MB by the catalogue's measurement)" if megabytes else ""
            what = f"{omission.what} alone load {count} modules of the project{also}{size}"
            yield Remark(f"{what[0].upper()}{what[1:]}: {omission.without}, and {omission.instead}")
