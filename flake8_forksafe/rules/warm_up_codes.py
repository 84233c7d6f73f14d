"""FS111 to FS113 and FS121 to FS125: warm-ups, threads and connections before the fork, and the gates around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from flake8_forksafe.hosts.facts import AS_TYPED, ELSEWHERE, TASK_CLASSES
from flake8_forksafe.interpreter.records import Gate
from flake8_forksafe.rules.rule import Context, Finding, Rule, is_accepted
from flake8_forksafe.rules.warm_ups import READY, WarmUpRun, is_first_party, is_reported, led_from, warm_up_runs
from flake8_forksafe.trace.trace import Trace


class Verdict(NamedTuple):
    """What a warm-up is reported as.

    :ivar form: how the worker must be launched for it to happen, or ``""`` if it happens always.
    :ivar gate: the gate that is reported (FS122, FS123).
    """

    code: str
    run: WarmUpRun
    form: str
    gate: Gate | None


def verdicts(context: Context) -> Iterator[Verdict]:
    """Every warm-up that is to be reported, once for each place."""
    accepted = {name for name, _ in context.settings.accept}
    for trace in context.traces:
        if not trace.uses:
            continue
        forms = {form: trace.variants[form] for form in trace.host.launch_forms if form in trace.variants}
        found: dict[tuple[object, ...], list[Verdict]] = {}
        for form, variant in (forms or {"": trace}).items():
            for found_run in warm_up_runs(variant):
                run = _of_the_project(variant, found_run) if is_reported(found_run) else None
                if run is not None and not _is_accepted(run, accepted):
                    verdict = judge(trace, run, form)
                    if run.led is not None and verdict.code != "FS112":
                        continue
                    key = (verdict.code, verdict.gate, run.anchor(), run.use.call)
                    found.setdefault(key, []).append(verdict)
        for same in found.values():
            yield same[0]._replace(form="") if len(same) >= len(forms) else same[0]


def _of_the_project(trace: Trace, run: WarmUpRun) -> WarmUpRun | None:
    """A run as it is reported in the project's own source: what packages start themselves, where they are led to.

    What else packages do in their own code is theirs: they know of their models and connections, but a thread is lost
    in every child.
    """
    if is_first_party(trace, run):
        return run
    return led_from(run) if run.sure and run.use.warm_up.rule == "FS112" and not run.gates else None


def _is_accepted(run: WarmUpRun, accepted: set[str]) -> bool:
    """Whether what is called, or the function that calls it, is accepted."""
    names = [run.use.call, *(edge.target.dotted for edge in run.path)]
    if run.led is not None:
        names += [run.led.target.dotted, run.use.node.module]
    return any(is_accepted(name, accepted) for name in names)


def judge(trace: Trace, run: WarmUpRun, form: str) -> Verdict:
    """The code that a warm-up is reported as."""
    for gate in run.gates:
        code = gate_code(trace, gate)
        if code:
            return Verdict(code, run, form, gate)
    if run.step in run.trace.host.in_children:
        code = "FS125"
    elif run.step in run.trace.host.after_fork:
        is_wanted = run.step in run.trace.host.services and run.use.warm_up.rule != "FS111"
        code = "FS124" if not is_wanted else ""
    elif run.use.warm_up.rule != "FS111":
        code = run.use.warm_up.rule
    elif run.step in run.trace.host.handlers:
        code = "FS124"
    else:
        code = "FS121" if run.step == READY else "FS111"
    return Verdict(code, run, form, None)


def gate_code(trace: Trace, gate: Gate) -> str:
    """FS122 for a gate that does not recognise the worker, FS123 for one that selects it, else ``""``.

    The same boot was followed with ``sys.argv`` as it was typed, and with that of other processes.
    """
    if not {AS_TYPED, ELSEWHERE} <= trace.variants.keys():  # a host that is not gated
        return ""
    as_typed, elsewhere = trace.variants[AS_TYPED].gates, trace.variants[ELSEWHERE].gates
    if as_typed.get(gate.key, gate.holds) is not gate.holds:
        return "FS122"
    if elsewhere.get(gate.key) is (not gate.holds):
        return "FS123"
    return ""


def check(code: str, context: Context) -> Iterator[Finding]:
    """The findings of one of these codes."""
    if code == "FS125" and not context.settings.check_process_init:
        return
    for verdict in verdicts(context):
        if verdict.code == code and not (code == "FS125" and _has_time(verdict.run.trace)):
            yield finding(verdict)


def _has_time(trace: Trace) -> bool:
    """Whether children are given more time to start than the host's default, or as much as they take."""
    limit = trace.host.child_timeout
    if limit is None:
        return True
    timeout = trace.conf.get(limit.setting)
    return isinstance(timeout, (int, float)) and timeout > limit.seconds


def finding(verdict: Verdict) -> Finding:
    """A verdict as a finding."""
    run, gate = verdict.run, verdict.gate
    node, line, column, _ = run.anchor()
    if gate is not None:
        node, line, column = gate.node, gate.line, gate.column
    path = run.trace.paths[node.module]
    assert path is not None
    what = _broken_gate(run, verdict.form) if verdict.code == "FS122" else WHAT[verdict.code](run)
    if verdict.form:
        what += f", when it is started as '{verdict.form}'"
    return Finding(path, line, column, verdict.code, what, run.use.call, run.chain(), _instead(verdict))


def _instead(verdict: Verdict) -> str:
    """The way out that fits the place."""
    words = verdict.run.trace.host.words
    if verdict.run.led is not None:
        return LED.get(verdict.run.led.kind, words.fill("call what leads there in {hook}, or in the {work}"))
    if verdict.code == "FS122":
        if verdict.run.trace.program:
            return f"no gate on sys.argv holds there: call it on first use, or in {words.hook}"
        return f"do it on first use in a {words.work}; where it must stay, a gate that holds is {words.gate}"
    if verdict.gate is None and verdict.run.step == TASK_CLASSES:
        return LAZY_PROPERTY
    if verdict.code == "FS125" and verdict.run.trace.host.child_timeout is not None:
        return f"raise {verdict.run.trace.host.child_timeout.setting}, or load it on first use in a {words.work}"
    return words.fill(INSTEAD.get(verdict.code) or verdict.run.use.warm_up.instead)


def _forker(run: WarmUpRun) -> str:
    return run.trace.host.words.forker


def _does(run: WarmUpRun) -> str:
    """``calls 'x'``, or ``imports 'x'``; ``may call 'x'`` where that is not certain."""
    verb = VERBS.get(run.use.verb, run.use.verb) if run.sure else f"may {MAY.get(run.use.verb, run.use.verb)}"
    return f"{verb} {run.use.shown!r}"


def _is(run: WarmUpRun) -> str:
    return "is" if run.sure else "may be"


NAMED_BY_SETTINGS = ("worker classes", "transports")
"""Steps in which Celery imports classes that settings name, and makes objects of them."""


def _import_time(run: WarmUpRun) -> str:
    if run.step == TASK_CLASSES:
        return _task_class(run)
    when = "when what a setting names is loaded" if run.step in NAMED_BY_SETTINGS else "at import time"
    return f"{run.use.shown!r} {_is(run)} called {when}, before {_forker(run)} forks: it {run.use.warm_up.why}"


def _task_class(run: WarmUpRun) -> str:
    host = run.trace.host
    return (
        f"a task class {_does(run)} when it is created: {host.name} creates each task once, in {host.words.main}, "
        f"before the fork: it {run.use.warm_up.why}"
    )


def _resource(run: WarmUpRun) -> str:
    if run.step == TASK_CLASSES:
        return _task_class(run)
    if run.led is not None:
        where = f"{run.use.node.module!r} {_does(run)}" + (" in ready()" if run.step == READY else "")
        return f"{where}, before {_forker(run)} forks: it {run.use.warm_up.why}"
    where = f" in {run.step}" if run.step in run.trace.host.handlers else " in ready()" if run.step == READY else ""
    return f"{run.use.shown!r} {_is(run)} {run.use.verb}{where} before {_forker(run)} forks: it {run.use.warm_up.why}"


def _ready(run: WarmUpRun) -> str:
    thread = " in a thread" if any(edge.kind == "thread" for edge in run.path) else ""
    return f"ready() {_does(run)}{thread} in {_forker(run)} too, before it forks: it {run.use.warm_up.why}"


def _handler(run: WarmUpRun) -> str:
    main = run.trace.host.words.main
    if run.step in run.trace.host.after_fork:
        hangs = ", and hangs" if run.use.warm_up.rule == "FS111" else ""
        return (
            f"the {run.step} handler {_does(run)} in {main}: the first children exist by then, but "
            f"every child that replaces one inherits it{hangs}: it {run.use.warm_up.why}"
        )
    article = "an" if run.step.startswith(("i", "o")) else "a"
    return f"{article} {run.step} handler {_does(run)} in {main}, before it forks: it {run.use.warm_up.why}"


def _broken_gate(run: WarmUpRun, form: str) -> str:
    forms = run.trace.host.launch_forms
    if run.trace.program:
        return (
            f"this gate does not recognise {_forker(run)} that '{run.trace.program}' starts, so {run.use.shown!r} is "
            f"called there before it forks: it {run.use.warm_up.why}"
        )
    example = forms.get(form) or next(iter(forms.values()))
    return (
        f"this gate does not recognise {_forker(run)}, whose sys.argv is {[*example]}, so {run.use.shown!r} is "
        f"{run.use.verb} there before it forks: it {run.use.warm_up.why}"
    )


def _selecting_gate(run: WarmUpRun) -> str:
    return (
        f"this gate selects {_forker(run)}: {run.use.shown!r} is {run.use.verb} there, before it forks, and nowhere "
        f"else: it {run.use.warm_up.why}"
    )


def _process_init(run: WarmUpRun) -> str:
    limit = run.trace.host.child_timeout
    assert limit is not None
    return (
        f"the {run.trace.host.words.hook} handler {_does(run)}: if that takes longer than {limit.setting} "
        f"({limit.seconds:g} s), children that replace others are killed in a loop"
    )


VERBS = {"called": "calls", "imported": "imports", "set up": "sets up"}
MAY = {"called": "call", "imported": "import"}
WHAT: dict[str, Callable[[WarmUpRun], str]] = {
    "FS111": _import_time,
    "FS112": _resource,
    "FS113": _resource,
    "FS121": _ready,
    "FS123": _selecting_gate,
    "FS124": _handler,
    "FS125": _process_init,
}
LED = {"import": "import it inside the function that uses it"}
"""What to do about a thread that a package's code starts, by how the project leads there."""
LAZY_PROPERTY = "make it a property of the task that is computed on first use, which is in a child"
INSTEAD = {"FS123": "load it on first use in a {work}, behind a lock, or in {hook} if it is quick"}

SUMMARIES = {
    "FS111": "model load or other warm-up call at import time",
    "FS112": "thread, executor or scheduler started before the fork",
    "FS113": "connection or client opened before the fork",
    "FS121": "ungated warm-up in AppConfig.ready()",
    "FS122": "a gate that does not recognise the process that forks",
    "FS123": "a gate that selects the process that forks",
    "FS124": "warm-up in a handler that the parent calls",
    "FS125": "slow load in a handler that each child calls",
}

WARM_UP_RULES: tuple[Rule, ...] = tuple(
    Rule(code, summary, partial(check, code)) for code, summary in SUMMARIES.items()
)
