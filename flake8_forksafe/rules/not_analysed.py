"""FS190 to FS193: what could not be analysed.  An incomplete analysis must not look clean."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from flake8_forksafe.deployment.model import TEMPLATE
from flake8_forksafe.interpreter.records import Edge, Note
from flake8_forksafe.rules.rule import Context, Finding, Rule, beside
from flake8_forksafe.trace.trace import Trace

SEEN_SHARE = 0.1
"""Share of the task modules of a project below which a trace must not look clean."""


def check_celery_without_app(context: Context) -> Iterator[Finding]:
    """FS190."""
    if context.search is None:
        return
    imports = [mention for mention in context.search.mentions if mention.line]
    with_tasks = [trace for trace in context.traces if trace.host.has_tasks]
    if context.search.foreign and not with_tasks:
        for one in context.search.foreign:
            text = (
                f"{one.name!r} may be the worker's Celery app, but it is created by {one.source!r}, which is not part "
                "of the project, so nothing is checked; name an app of the project with the option app"
            )
            yield Finding(one.path, one.line, 0, "FS190", text, one.source)
    elif imports and not with_tasks and context.search.apps and context.left_out:
        yield from _left_out(context)
    elif imports and not with_tasks and not (context.search.in_examples and not _defines_tasks(context)):
        text = (
            "Celery is imported here, but no Celery app was found in the project, so nothing is checked; "
            "name it with the option app (as for celery -A)"
        )
        yield Finding(imports[0].path, imports[0].line, 0, "FS190", text)
    for trace in with_tasks:
        place = trace.app_location
        if place is not None and not _has_tasks(trace) and not only_sends(context, trace):
            text = (
                f"no task module was found for the Celery app {trace.launch.app!r}: neither autodiscover_tasks() nor "
                "include leads to a module, so what its tasks import is not checked"
            )
            yield Finding(*place, 0, "FS190", text, trace.launch.app)
    yield from _unreached(context)


def _left_out(context: Context) -> Iterator[Finding]:
    """The apps that are followed by no worker, if there are tasks and nothing else runs them."""
    for app in context.left_out if _defines_tasks(context) else ():
        text = f"nothing is checked: {app.spec!r} {app.why}"
        yield Finding(app.path, app.line, 0, "FS190", text, app.spec)


def _defines_tasks(context: Context) -> bool:
    return context.search is not None and any(mention.tasks for mention in context.search.mentions)


def _unreached(context: Context) -> Iterator[Finding]:
    """Task modules that no worker loads, if that is nearly all of them."""
    defining = [mention.path for mention in context.search.mentions if mention.tasks] if context.search else []
    loaded = {trace.paths.get(module.name) for trace in context.traces for module in trace.modules}
    missed = [path for path in defining if path not in loaded]
    with_tasks = [trace for trace in context.traces if trace.host.has_tasks]
    place = next((place for trace in with_tasks if (place := trace.app_location) is not None), None)
    if place is None or len(defining) - len(missed) >= SEEN_SHARE * len(defining):
        return
    text = (
        f"the analysis finds {len(defining) - len(missed)} of {len(defining)} modules that define tasks, and not "
        f"{beside(missed[0], place[0])}: if the worker loads it, say from where with the options app, django-settings "
        "and source-roots"
    )
    yield Finding(*place, 0, "FS190", text, with_tasks[0].launch.app)


def only_sends(context: Context, trace: Trace) -> bool:
    """Whether an app is a client of workers that lie elsewhere: no launch starts it, and no file defines a task."""
    search = context.search
    sends = search is not None and any(mention.sends for mention in search.mentions)
    return sends and not trace.starts and not _defines_tasks(context)


def _has_tasks(trace: Trace) -> bool:
    """Whether tasks may be loaded: the app's module may import them, if nothing else does."""
    imported = (edge.loads for edge in trace.edges if edge.kind == "import")
    return trace.reaches_tasks or any(name in trace.paths for name in imported)


def check_unreadable(context: Context) -> Iterator[Finding]:
    """FS191, at the import of the module, since flake8 runs no plugin on a file that does not compile."""
    noted: set[str] = set()
    for trace in context.traces:
        first: dict[str, Edge] = {}
        for edge in trace.edges:
            if edge.kind != "call":
                first.setdefault(edge.loads, edge)
        for note in trace.notes:
            if note.code != "FS191":
                continue
            path = trace.paths.get(note.module)
            if path is None:
                continue
            edge_ = first.get(note.module)
            importer = trace.paths.get(edge_.source.module) if edge_ is not None else None
            place = os.path.relpath(path, context.settings.project)
            is_file = path.endswith(".py")
            subject, shown = (note.module, f"{place}:{note.line}") if is_file else (path, place)
            noted.add(path)
            text = f"{note.module!r} cannot be analysed: {note.text} ({shown}); what it runs is not checked"
            if edge_ is not None and importer is not None:
                yield Finding(importer, edge_.line, edge_.column, "FS191", text, subject)
            else:
                yield Finding(path, note.line, 0, "FS191", text, subject)
    yield from _unread(context, noted)


def _unread(context: Context, noted: set[str]) -> Iterator[Finding]:
    """Other files and directories that were asked for and could not be read, at the app."""
    location = next((trace.app_location for trace in context.traces if trace.app_location is not None), None)
    if location is None:
        return
    for path, reason, searched in context.unread:
        if not searched and path not in noted:
            what = f"{beside(path, location[0])!r} cannot be read: {reason}; what depends on it is not checked"
            yield Finding(*location, 0, "FS191", what, path, place=(path, 1))


def check_unresolved(context: Context) -> Iterator[Finding]:
    """FS192."""
    for trace in context.traces:
        calls = Counter(note.text for note in trace.notes if note.text.startswith(CALLS_CUT_OFF))
        for note in trace.notes:
            count = calls.pop(note.text, 0) if note.text.startswith(CALLS_CUT_OFF) else 1
            if note.code == "FS192" and count:
                path = trace.paths.get(note.module)
                place = (path, note.line) if path is not None else trace.app_location
                if place is not None:
                    yield Finding(*place, note.column, "FS192", _unresolved_text(note, count), note.text)
    yield from _troubles(context)
    yield from _passed_over(context)


def _passed_over(context: Context) -> Iterator[Finding]:
    """Workers that are not followed, at the app of one that is."""
    if context.passed_over:
        first, *others = context.passed_over
        locations = (trace.app_location for trace in context.traces if trace.app_location is not None)
        location = next(locations, (first.path or context.settings.project, first.line or 1))
        more = f" and {len(others)} more workers are" if others else " is"
        what = (
            f"{first.spec!r}{more} not followed, since those before took too many steps; "
            "name the apps that matter with the option app"
        )
        yield Finding(*location, 0, "FS192", what, first.spec, place=(first.path, first.line) if first.path else None)


def _troubles(context: Context) -> Iterator[Finding]:
    """Deployment files that could not be read, at the app."""
    location = next((trace.app_location for trace in context.traces if trace.app_location is not None), None)
    if location is None:
        return
    for trouble in context.troubles:
        if trouble.text == TEMPLATE:
            continue  # one remark is enough for them
        shown = beside(trouble.path, location[0])
        what = f"the deployment file {shown}:{trouble.line} cannot be used, nor its launches: {trouble.text}"
        yield Finding(*location, 0, "FS192", what, trouble.path, place=(trouble.path, trouble.line))


CALLS_CUT_OFF = "not all calls of "
"""How a note begins that says of a function, at a place that calls it, that it is called too often to be followed."""


def _unresolved_text(note: Note, count: int) -> str:
    how = " statically" if note.text.endswith("cannot be resolved") else ""
    others = f", from here and {count - 1} other place{'s' * (count > 2)}" if count > 1 else ""
    return f"{note.text}{how}{others}; what depends on it is not checked"


def check_missing_option(context: Context) -> Iterator[Finding]:
    """FS193, at the app, or where Celery is imported first."""
    place = next((place for trace in context.traces if (place := trace.app_location) is not None), None)
    if place is None and context.search is not None:
        place = next(((mention.path, mention.line or 1) for mention in context.search.mentions), None)
    if place is None:  # which flake8 does not look at, but neither is there anything else to look at
        place = (os.path.join(context.settings.project, "pyproject.toml"), 1)
    for problem in context.problems:
        missing = "nothing in the project starts" if problem.option == "hosts" else "does not exist in the project"
        text = f"the option {problem.option} names {problem.value!r}, which {missing}"
        yield Finding(*place, 0, "FS193", text, problem.option + problem.value)


CELERY_WITHOUT_APP = Rule(
    "FS190",
    "Celery is used, but no app or no task module was found",
    check_celery_without_app,
    any_pool=True,
    severity="warning",
)

UNREADABLE = Rule(
    "FS191",
    "a module on the boot path cannot be read or parsed",
    check_unreadable,
    any_pool=True,
    severity="warning",
)

UNRESOLVED = Rule(
    "FS192",
    "a value the boot depends on cannot be resolved statically",
    check_unresolved,
    any_pool=True,
    severity="warning",
)

MISSING_OPTION = Rule(
    "FS193",
    "a forksafe option names something that does not exist",
    check_missing_option,
    any_pool=True,
    severity="warning",
)
