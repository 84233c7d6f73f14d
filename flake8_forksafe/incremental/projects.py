"""The outcome of a run over several projects: those that the given paths lie in, and those inside with options of their
own.  Each file has the findings of the innermost project that it lies in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from flake8_forksafe.finding import Outcome, Remark
from flake8_forksafe.incremental.outcome_cache import outcome_of
from flake8_forksafe.settings import Settings, lies_in

MOST_PROJECTS = 50
"""Projects of one run; the files of more have the findings of the project around them, and the outcome says so."""

MakeSettings = Callable[[str], Settings]
"""The settings of a project inside another one.

Raises ``UsageError`` if its options cannot be used.
"""


def outcome_of_projects(
    chosen: Sequence[Settings],
    make: MakeSettings | None = None,
    overlay: Mapping[str, bytes] = MappingProxyType({}),
    with_remarks: bool = True,
    in_child: bool = False,
) -> Outcome:
    """The outcome of all projects, cached or new.

    :param make: makes the settings of projects inside; None if those are not to be looked at by themselves.
    :raises UsageError: as :func:`~flake8_forksafe.incremental.outcome_cache.outcome_of`, and as ``make``.
    """
    waiting, outcomes = list(chosen), dict[str, Outcome]()
    baselines = [settings for settings in chosen if settings.baseline is not None]
    while waiting and len(outcomes) < max(MOST_PROJECTS, len(chosen)):
        settings = waiting.pop(0)
        if settings.project in outcomes:
            continue
        outcome = outcome_of(settings, overlay, with_remarks, in_child)
        outcomes[settings.project] = outcome
        waiting += [make(inner) for inner in outcome.inside if inner not in outcomes] if make is not None else []
    merged = _merged(outcomes)
    left = list(dict.fromkeys(one.project for one in waiting if one.project not in outcomes))
    if left:
        more = len(left) - 1
        others = f" and of {more} other{'s' if more > 1 else ''}" if more else ""
        text = f"not used: the options of the project in {{place}}{others}: give the path of a project to use its own"
        merged = merged._replace(remarks=(*merged.remarks, Remark(text, left[0])))
    if len(outcomes) > len(chosen) and baselines:
        from flake8_forksafe.baseline import baseline_path, known_in, read_baseline

        for settings in baselines:
            known = known_in(merged, read_baseline(baseline_path(settings)), settings)
            merged = merged._replace(findings=tuple(one for one in merged.findings if one not in known))
    return merged


def _merged(outcomes: Mapping[str, Outcome]) -> Outcome:
    """One outcome; an app that an outer project and an inner one both follow is counted once."""
    if len(outcomes) == 1:
        return next(iter(outcomes.values()))
    outer = [one for project, one in outcomes.items()
             if not any(project != other and lies_in(project, other) for other in outcomes)]  # fmt: skip
    every = list(outcomes.values())
    findings = [finding for project, outcome in outcomes.items() for finding in outcome.findings
                if _owner(finding.path, outcomes) == project]  # fmt: skip
    return Outcome(
        tuple(sorted(findings, key=lambda finding: finding[:4])),
        tuple(dict.fromkeys(remark for outcome in every for remark in outcome.remarks)),
        max(sum(one.apps for one in outer), max(one.apps for one in every)),
        max(sum(one.files for one in outer), max(one.files for one in every)),
        tuple(other for outcome in outer for other in outcome.others),
    )


def _owner(path: str, projects: Mapping[str, object]) -> str:
    """The innermost project that a file lies in; the outermost for one that lies in none."""
    around = [project for project in projects if lies_in(path, project)]
    return max(around, key=lambda project: project.count(os.sep), default=next(iter(projects)))
