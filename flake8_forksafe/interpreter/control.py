"""Executes branches and loops: ``if``, ``while``, ``for``, and ``match`` with its patterns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flake8_forksafe.interpreter import comparison, iteration, special_methods
from flake8_forksafe.interpreter.assignments import assign
from flake8_forksafe.interpreter.blocks import NOWHERE, attempt, branches
from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.frames import Flow, Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.namespace import NamesVersion
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import UNKNOWN, Item, Value, join
from flake8_forksafe.interpreter.widening import forget_all, has_rounds, place_of, rebound_in
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Block

WHILE_LIMIT = 50
"""Rounds of one ``while``."""


def run_if(machine: Machine, node: facts.If, frame: Frame) -> Flow:
    reads_before, outside = machine.argv_dependence.count, frame.gates
    switches_before = machine.switches.count
    holds = special_methods.holds(machine, machine.evaluate(node.test, frame), frame)
    if machine.argv_dependence.count != reads_before:
        frame.gates = (*outside, machine.recorder.gate(frame, "if", holds))
    if holds is None:
        switch = machine.switches.count != switches_before
        runs = (lambda: machine.execute(node.body, frame), lambda: machine.execute(node.orelse, frame))
        flow = branches(machine, frame, runs, switch)
        machine.journal.left_by_switch = switch
    else:
        flow = machine.execute(node.body if holds else node.orelse, frame)
    if not (_leaves(node.body) or _leaves(node.orelse)):
        frame.gates = outside  # else what follows stands behind the gate as well
    return _assume_no_abort(flow)


def _leaves(block: Block) -> bool:
    """Whether a block ends the function or loop it stands in."""
    return bool(block) and isinstance(block[-1], (facts.Return, facts.Raise, facts.Continue, facts.Break))


def _assume_no_abort(flow: Flow) -> Flow:
    """After a branch that ends in an uncaught exception: the condition was not what it seemed."""
    return Flow.NEXT if flow == Flow.ABORT else flow & ~Flow.ABORT


class Loop:
    """The rounds of a loop.

    :ivar flow: how rounds may have left the loop otherwise than by its end: ``RETURN`` or ``ABORT``.
    :ivar broken: the names after each possible ``break``.
    """

    def __init__(self, machine: Machine, frame: Frame) -> None:
        self.machine = machine
        self.frame = frame
        self.flow = NOWHERE
        self.broken: list[NamesVersion[Value]] = []
        self.doubtful = False

    def round(
        self,
        run: Callable[[], Flow],
        may_be_skipped: bool,
        repeats: bool = False,
        between: Callable[[], object] | None = None,
    ) -> bool:
        """Execute a round; returns whether there may be another.

        :param repeats: whether this round stands for any number of rounds.
        :param between: what is executed before the next of them.
        """
        frame, outer, place = self.frame, self.frame.left, self.frame.place
        frame.left = []
        frame.place = place_of(frame)
        raised = self.machine.errors.raised

        def once() -> Flow:
            flow = run()
            continued = [names for kind, names in frame.left if kind is Flow.CONTINUE]
            if continued:
                frame.left = [exit for exit in frame.left if exit[0] is not Flow.CONTINUE]
                frame.names.join([*([frame.names.version()] if flow & Flow.NEXT else []), *continued], join)
                flow |= Flow.NEXT
            if between is not None and flow & Flow.NEXT:
                between()
            return flow

        def whole() -> Flow:
            if not repeats:
                return once()
            journal = self.machine.journal
            before, mark, changes = frame.names.version(), len(journal.entries), journal.changes
            is_outermost = not journal.may_repeat(journal.certain)
            journal.grown = journal.grown if not is_outermost else []
            with journal.repeated():
                flow = once()
                after_one = [frame.names.version()] if flow & Flow.NEXT else []
                changed = forget_all(self.machine, frame, before, mark)
                if changed or (is_outermost and (journal.changes != changes or rebound_in(frame, before))):
                    journal.grown = [] if is_outermost else journal.grown
                    flow |= once()  # once more, with what the first time left behind
                    if is_outermost and journal.grown:
                        for container in journal.grown:
                            container.complete = False
                        flow |= once()
                    frame.names.join([*after_one, frame.names.version()], join)  # or the first was the last
            return flow

        try:
            with self.machine.doubted(self.doubtful):
                if may_be_skipped:
                    ending = branches(self.machine, frame, (whole, lambda: Flow.NEXT))
                else:
                    ending = attempt(self.machine, frame, whole) if self.doubtful else whole()
            self.broken += [names for kind, names in frame.left if kind is Flow.BREAK]
        finally:
            outer += [exit for exit in frame.left if exit[0] is Flow.ABORT]
            frame.left, frame.place = outer, place
        self.flow |= ending & (Flow.RETURN | Flow.ABORT)
        self.doubtful |= bool(ending & (Flow.BREAK | Flow.RETURN | Flow.ABORT)) or self.machine.errors.raised != raised
        return bool(ending & Flow.NEXT)

    def asks(self, sizes: iteration.Sizes) -> None:
        """Ask for the next element, which may be an error."""
        if sizes.check(self.machine, not self.doubtful):
            self.frame.left.append((Flow.ABORT, self.frame.names.version()))
            self.doubtful = True

    def rest(self, run: Callable[[], Flow], spent: bool) -> None:
        """Execute a round that stands for any number of further ones.

        :param spent: whether the loop's place has no rounds left.
        """
        spent = spent or not has_rounds(self.machine, self.frame)
        if not spent or self.machine.budget.may_widen((self.frame.node, self.frame.line)):
            self.round(run, may_be_skipped=True, repeats=True)

    def end(self, orelse: Block, exhausted: bool) -> Flow:
        """Execute ``else`` if the rounds may have been exhausted, and join what the ways out lead to."""
        ending = NOWHERE
        if exhausted:
            with self.machine.doubted(self.doubtful):
                run = partial(self.machine.execute, orelse, self.frame)
                ending = attempt(self.machine, self.frame, run) if self.doubtful else run()
        if self.broken:
            self.frame.names.join([*([self.frame.names.version()] if ending & Flow.NEXT else []), *self.broken], join)
            ending |= Flow.NEXT
        return self.flow | ending


def run_while(machine: Machine, node: facts.While, frame: Frame) -> Flow:
    loop = Loop(machine, frame)
    for number in range(WHILE_LIMIT):
        frame.line, frame.column = node.line, node.column
        if not has_rounds(machine, frame):
            loop.rest(partial(machine.execute, node.body, frame), True)
            break
        holds = special_methods.holds(machine, machine.evaluate(node.test, frame), frame)
        if holds is False:
            break
        last = holds is None or number == WHILE_LIMIT - 1  # how often it really runs is not known
        again = partial(_ask_again, machine, node, frame) if last else None
        if not loop.round(partial(machine.execute, node.body, frame), holds is None, last, again):
            return loop.end((), False)
        if last:
            break
    return loop.end(node.orelse, True)


def _ask_again(machine: Machine, node: facts.While, frame: Frame) -> None:
    """Evaluate the condition of a ``while`` after a round."""
    frame.line, frame.column = node.line, node.column
    special_methods.holds(machine, machine.evaluate(node.test, frame), frame)


def run_for(machine: Machine, node: facts.For, frame: Frame) -> Flow:
    iterable = machine.evaluate(node.iterable, frame)
    loop = Loop(machine, frame)
    sizes = iteration.Sizes(iterable)
    spent = False

    def run(value: Value) -> Flow:
        assign(machine, node.target, value, frame)
        return machine.execute(node.body, frame)

    def take(item: Item) -> bool:
        nonlocal spent
        frame.line, frame.column = node.line, node.column
        spent = not has_rounds(machine, frame)
        if spent:
            raise iteration.Enough
        loop.asks(sizes)
        if not loop.round(partial(run, item.value), not item.sure):
            raise iteration.Enough
        return loop.doubtful

    try:
        complete = iteration.consume(machine, iterable, frame, take)
    except iteration.Enough:
        if not spent:
            return loop.end((), False)
        complete = False
    if not complete:
        frame.line, frame.column = node.line, node.column
        loop.rest(partial(run, UNKNOWN), spent)
    loop.asks(sizes)
    _forget_which_was_last(machine, node, iterable, frame)
    return loop.end(node.orelse, True)


def _forget_which_was_last(machine: Machine, node: facts.For, iterable: Value, frame: Frame) -> None:
    """After the elements of a set the variable of a loop is any of them: each process has its own order."""
    if isinstance(iterable, Items) and iterable.kind == "set" and len(iterable.items) > 1:
        assign(machine, node.target, join(*(item.value for item in iterable.items)), frame)


def run_match(machine: Machine, node: facts.Match, frame: Frame) -> Flow:
    subject = machine.evaluate(node.subject, frame)
    runs: list[Callable[[], Flow]] = []
    for case in node.cases:
        holds = _case_matches(machine, case, subject, frame)
        if holds is False:
            continue

        def run(case: facts.Case = case) -> Flow:
            for name in case.captures:
                whole = len(case.captures) == 1 and not isinstance(case.pattern, facts.Opaque)
                frame.names[name] = subject if whole else UNKNOWN
            if case.guard is not None and truth(machine.evaluate(case.guard, frame)) is False:
                return Flow.NEXT
            return machine.execute(case.body, frame)

        if holds and case.guard is None:
            if not runs:
                return run()
            runs.append(run)
            break
        runs.append(run)
    else:
        runs.append(lambda: Flow.NEXT)
    return _assume_no_abort(branches(machine, frame, runs))


def _case_matches(machine: Machine, case: facts.Case, subject: Value, frame: Frame) -> bool | None:
    if case.pattern is None:
        return True
    if isinstance(case.pattern, facts.Opaque):
        return None
    plain = case.pattern.items if isinstance(case.pattern, facts.Display) else (case.pattern,)
    answers = [
        truth(comparison.compare(machine, _operator(item), subject, machine.evaluate(item, frame))) for item in plain
    ]
    return True if True in answers else (None if None in answers else False)


def _operator(pattern: facts.Expression) -> str:
    """How a subject is compared with a pattern: ``True``, ``False`` and ``None`` by identity, all else by equality.

    Source: https://docs.python.org/3/reference/compound_stmts.html#literal-patterns
    """
    is_singleton = isinstance(pattern, facts.Constant) and (pattern.value is None or isinstance(pattern.value, bool))
    return "is" if is_singleton else "=="
