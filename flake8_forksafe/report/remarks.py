"""What ``forksafe check`` says besides its findings: deliberate gates, what was not looked into, stale accepts, and
where to cut.
"""

from __future__ import annotations

from collections.abc import Iterator

from flake8_forksafe.deployment.model import TEMPLATE
from flake8_forksafe.finding import Remark
from flake8_forksafe.rules import accepts
from flake8_forksafe.rules.best_cut import best_cut
from flake8_forksafe.rules.rule import Context, listed
from flake8_forksafe.rules.warm_ups import is_first_party, possible_runs


def remarks(context: Context) -> Iterator[Remark]:
    """What stands between the findings and the summary."""
    traces = [trace for trace in context.traces if trace.forks]
    for run in possible_runs(traces):
        node, line, _, _ = run.anchor()
        path = run.trace.paths.get(node.module)
        if path is not None and is_first_party(run.trace, run):
            why = "stands behind a condition that only the project can tell"
            yield Remark(f"not reported: {run.use.shown!r} at {{place}} {why}", path, line)
    for path, reason, searched in context.unread:
        if searched:
            yield Remark(f"not looked into: {{place}}: {reason}", path)
    for trace in context.traces:
        choice = trace.settings_choice
        if choice is not None and choice.others and trace.settings == (choice.taken.module,):
            also = ", ".join(f"{one.module!r}" for one in choice.others[:3])
            text = f"Django settings: {choice.taken.module!r} is taken, which {{place}} names; there is {also} as well"
            yield Remark(text, choice.taken.path, choice.taken.line)
    templates = [trouble for trouble in context.troubles if trouble.text == TEMPLATE]
    if templates and context.traces:
        count = f"{len(templates)} deployment files are templates, such as" if len(templates) > 1 else "a template:"
        yield Remark(f"not read: {count} {{place}}; launches in them are not known", templates[0].path)
    for app in context.left_out:
        yield Remark(f"left out: {app.spec!r} ({{place}}) {app.why}", app.path, app.line)
    for name in accepts.stale(context):
        yield Remark(f"stale accept: {name!r} is accepted, but nothing before the fork would be reported for it")
    for trace in traces:
        best = best_cut(context, trace)
        if best is not None and len(best.hazards) > 1:
            size = f", {best.megabytes} MB by the catalogue's measurement" if best.megabytes else ""
            text = (
                f"where to cut: deferring {{place}} alone keeps {listed(list(best.hazards))} out of the parent "
                f"({len(best.hazards)} of {best.total} hazards{size})"
            )
            yield Remark(text, best.path, best.line)
