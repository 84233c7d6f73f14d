"""Executing statements."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from flake8_forksafe.prefork import operators, sequences
from flake8_forksafe.prefork.frames import Flow, Frame, Raised
from flake8_forksafe.prefork.values import (
    NONE,
    UNKNOWN,
    Arguments,
    Class,
    Coroutine,
    Descriptor,
    External,
    Function,
    Instance,
    Items,
    LazyImport,
    Literal,
    ModuleValue,
    Table,
    Value,
    join,
    options,
    same,
    text,
    truth,
)
from flake8_forksafe.project.layout import absolute
from flake8_forksafe.source import facts
from flake8_forksafe.source.facts import Block, Expression

if TYPE_CHECKING:
    from flake8_forksafe.prefork.walk import Walk

LOOP_LIMIT = 5_000
"""Rounds of one loop over known items."""
WHILE_LIMIT = 50
"""Rounds of one ``while``."""

SOME_ERROR = External("some library's error")
"""What a call of a library may raise."""
IMPORT_ERRORS = ("builtins.ImportError", "builtins.ModuleNotFoundError")

NOWHERE = Flow(0)
LEAVING = Flow.RETURN | Flow.BREAK | Flow.CONTINUE


def execute(walk: Walk, block: Block, frame: Frame) -> Flow:
    """Execute statements in order; what follows a possible ``return`` or ``raise`` is only possible."""
    outer, mark = walk.doubt, len(walk.journal)
    leaving = NOWHERE
    try:
        for statement in block:
            walk.step()
            frame.line, frame.column = statement.line, statement.column
            raised, possible = walk.raised, len(walk.possible_errors)
            flow = TABLE[type(statement)](walk, statement, frame)
            if walk.raised != raised or len(walk.possible_errors) > possible:
                frame.left.append((Flow.ABORT, dict(frame.names)))
            elif flow is Flow.NEXT:
                continue
            if flow is not Flow.NEXT:
                leaving |= flow & ~Flow.NEXT
                if not flow & Flow.NEXT:
                    return leaving
            if (flow & LEAVING or walk.raised != raised) and walk.doubt is outer:
                walk.doubt, mark = type(outer)(outer), len(walk.journal)
        return leaving | Flow.NEXT
    except Raised as error:
        if walk.doubt is outer:
            raise
        raised_in(walk, frame, error)
        return leaving | Flow.ABORT
    finally:
        if walk.doubt is not outer:
            walk.doubt = outer
            walk.weaken(mark)


def raised_in(walk: Walk, frame: Frame, error: Raised) -> None:
    """Record that an exception only may have been raised."""
    walk.may_fail(error.value)
    walk.raised += 1
    frame.left.append((Flow.ABORT, dict(frame.names)))


def attempt(walk: Walk, frame: Frame, run: Callable[[], Flow]) -> Flow:
    """Execute something that only may happen, and so may raise at most."""
    try:
        return run()
    except Raised as error:
        raised_in(walk, frame, error)
        return Flow.ABORT


def branches(walk: Walk, frame: Frame, runs: Sequence[Callable[[], Flow]]) -> Flow:
    """Execute alternatives of which one will happen, each in doubt, from the same names; then join the names."""
    before = dict(frame.names)
    flow = NOWHERE
    endings: list[dict[str, Value]] = []
    for run in runs:
        frame.names.clear()
        frame.names.update(before)
        with walk.doubted():
            ending = attempt(walk, frame, run)
        flow |= ending
        if ending & Flow.NEXT:
            endings.append(dict(frame.names))
    rebind(frame, endings or [before])
    return flow


def rebind(frame: Frame, endings: list[dict[str, Value]]) -> None:
    """Give a frame the names of one of several endings."""
    names = _joined(endings)
    frame.names.clear()
    frame.names.update(names)


def bind(walk: Walk, frame: Frame, name: str, value: Value) -> None:
    """Bind a name where a statement of ``frame`` binds it."""
    names = frame.scope_of(name)
    if names is frame.names:
        names[name] = value
    else:
        walk.write(names, name, value)


def _joined(endings: list[dict[str, Value]]) -> dict[str, Value]:
    """Names after one of several endings."""
    names = dict(endings[0])
    for ending in endings[1:]:
        for name, value in ending.items():
            known = names.get(name)
            if known is None:
                names[name] = value
            elif known is not value:
                names[name] = join(known, value)
    return names


# --- imports ----------------------------------------------------------------------------------------------------


def run_import(walk: Walk, node: facts.Import, frame: Frame) -> Flow:
    for name, alias in node.names:
        if frame.kind == "module" and (node.lazy or _declared_lazy(frame, name)):
            frame.names[alias or name.partition(".")[0]] = LazyImport(name, None, node.line)
            continue
        value = walk.import_name(name, frame, "import")
        if value is None:
            value = walk.fail("ModuleNotFoundError")
        top, dotted, _ = name.partition(".")
        if alias is None and dotted:
            module = walk.modules.get(top)
            value = ModuleValue(module) if module is not None else walk.external(top)
        bind(walk, frame, alias or top, value)
    return Flow.NEXT


def _declared_lazy(frame: Frame, name: str) -> bool:
    """Whether ``__lazy_modules__`` of the module names it (PEP 810)."""
    declared = frame.names.get("__lazy_modules__")
    return isinstance(declared, Items) and any(text(item.value) == name for item in declared.items)


def run_import_from(walk: Walk, node: facts.ImportFrom, frame: Frame) -> Flow:
    source = absolute(frame.module.package, node.level, node.module)
    if frame.kind == "module" and (node.lazy or _declared_lazy(frame, source)):
        for name, alias in node.names:
            frame.names[alias or name] = LazyImport(source, name, node.line)
        return Flow.NEXT
    value = walk.import_name(source, frame, "import") if source else None
    if value is None:
        value = walk.fail("ModuleNotFoundError")
    for name, alias in node.names:
        if name == "*":
            import_star(walk, value, frame)
        else:
            bind(walk, frame, alias or name, import_member(walk, value, name, frame, node.level > 0))
    return Flow.NEXT


def import_member(walk: Walk, module: Value, name: str, frame: Frame, local: bool = False) -> Value:
    """``from module import name``: an attribute, else a submodule (CPython's ``_handle_fromlist``).

    :param local: whether the import is relative, so that the module cannot be a library's.
    """
    if isinstance(module, External):
        path = f"{module.path}.{name}"
        walk.outside_member(path, frame)
        if path in walk.hazards:
            walk.import_name(path, frame, "import")
        return walk.external(path)
    if not isinstance(module, ModuleValue):
        return UNKNOWN
    names = module.module.names
    if name in names:
        found = names[name]
        if isinstance(found, ModuleValue):
            walk.record(frame, found.module.name, "import")
        return reified(walk, found, frame, module)
    module.module.inspected = True
    child = f"{module.module.name}.{name}"
    if module.module.found.is_package and walk.layout.find(child) is not None:
        submodule = walk.import_name(child, frame, "import")
        return walk.fail("ImportError") if submodule is None else submodule
    hook = names.get("__getattr__")
    if hook is not None:
        return walk.call(hook, Arguments((Literal(name),)), frame)
    if module.module.found.path is None and not local:  # a folder of the project that has a library's name
        return walk.import_name(child, frame, "import") or UNKNOWN
    if module.module.open or name.startswith("__"):
        return UNKNOWN
    return walk.fail("ImportError")


def reified(walk: Walk, value: Value, frame: Frame, holder: Value) -> Value:
    """The value behind a name of another module, which may be a lazy import there."""
    if not isinstance(value, LazyImport) or not isinstance(holder, ModuleValue):
        return value
    return reify(walk, value, frame, holder.module.names)


def reify(walk: Walk, lazy: LazyImport, frame: Frame, names: dict[str, Value]) -> Value:
    """Do a lazy import because its name is used, and rebind what it bound."""
    value = walk.import_name(lazy.module, frame, "lazy")
    if value is None:
        value = walk.fail("ImportError")
    elif lazy.attribute is not None:
        value = import_member(walk, value, lazy.attribute, frame)
    else:
        top = walk.modules.get(lazy.module.partition(".")[0])
        value = value if lazy.module in names else (ModuleValue(top) if top is not None else value)
    for name, bound in list(names.items()):
        if bound is lazy:
            names[name] = value
    return value


def import_star(walk: Walk, module: Value, frame: Frame) -> None:
    """``from module import *``."""
    frame.module.inspected = True  # another name may hide one of those
    if not isinstance(module, ModuleValue):
        frame.module.open = True
        return
    names = module.module.contents
    exported = names.get("__all__")
    if isinstance(exported, Items):
        for item in exported.items:
            name = text(item.value)
            if name is not None:
                frame.names[name] = import_member(walk, module, name, frame)
    else:
        frame.names.update({name: value for name, value in names.items() if not name.startswith("_")})
    frame.module.open |= module.module.open


# --- assignments ------------------------------------------------------------------------------------------------


def run_assign(walk: Walk, node: facts.Assign, frame: Frame) -> Flow:
    sensed = walk.sensed
    value = walk.evaluate(node.value, frame)
    if walk.sensed != sensed:
        value = walk.sense(value)
    for target in node.targets:
        assign(walk, target, value, frame)
    return Flow.NEXT


def assign(walk: Walk, target: Expression, value: Value, frame: Frame) -> None:
    """Bind a value to a target."""
    if isinstance(target, facts.Name):
        bind(walk, frame, target.id, value)
    elif isinstance(target, facts.Attribute):
        set_attribute(walk, walk.evaluate(target.value, frame), target.name, value, frame)
    elif isinstance(target, facts.Subscript):
        container = walk.evaluate(target.value, frame)
        with walk.watching_environment(frame) if container is walk.environ else nullcontext():
            key = walk.evaluate(target.key, frame)
            if operators.special(walk, container, "__setitem__", (key, value), frame) is None:
                sequences.set_item(walk, container, key, value)
    elif isinstance(target, facts.Display):
        for inner, part in zip(target.items, sequences.unpack(walk, value, target.items), strict=True):
            assign(walk, inner.value if isinstance(inner, facts.Starred) else inner, part, frame)


def set_attribute(walk: Walk, holder: Value, name: str, value: Value, frame: Frame) -> None:
    """``holder.name = value``."""
    for option in options(holder):
        if isinstance(option, ModuleValue):
            names = option.module.contents
        elif isinstance(option, (Instance, Class, External, Function)):
            names = option.names
        else:
            continue
        stored: Value | None = value
        if isinstance(option, Instance):
            stored = operators.assign_attribute(walk, option, name, value, frame)
        if stored is None:
            continue
        if isinstance(option, External):
            setter = walk.library.setters.get(option.path)
            if setter is not None:
                setter(walk, option, name, value, frame)
        known = names.get(name)
        walk.write(names, name, stored if known is None or option is holder else join(known, stored))


def run_augment(walk: Walk, node: facts.Augment, frame: Frame) -> Flow:
    left = walk.evaluate(node.target, frame)
    right = walk.evaluate(node.value, frame)
    for option in options(left):
        if node.operator == "+" and isinstance(option, Items) and option.kind == "list":
            sequences.extend(walk, option, right)
            return Flow.NEXT
        if node.operator == "|" and isinstance(option, (Items, Table)) and not isinstance(left, Literal):
            with walk.watching_environment(frame) if option is walk.environ else nullcontext():
                sequences.update(walk, option, right)
            return Flow.NEXT
    assign(walk, node.target, operators.augmented(walk, node.operator, left, right, frame), frame)
    return Flow.NEXT


def run_delete(walk: Walk, node: facts.Delete, frame: Frame) -> Flow:
    for target in node.targets:
        if isinstance(target, facts.Name):
            names = frame.scope_of(target.id)
            if names is frame.names or walk.is_sure(frame):
                names.pop(target.id, None)
        elif isinstance(target, facts.Subscript):
            container = walk.evaluate(target.value, frame)
            key = walk.evaluate(target.key, frame)
            if operators.special(walk, container, "__delitem__", (key,), frame) is None:
                sequences.delete_item(walk, container, key)
    return Flow.NEXT


def run_evaluate(walk: Walk, node: facts.Evaluate, frame: Frame) -> Flow:
    walk.evaluate(node.value, frame)
    return Flow.NEXT


# --- branches and loops -----------------------------------------------------------------------------------------


def run_if(walk: Walk, node: facts.If, frame: Frame) -> Flow:
    sensed, outside = walk.sensed, frame.gates
    holds = operators.holds(walk, walk.evaluate(node.test, frame), frame)
    if walk.sensed != sensed:
        frame.gates = (*outside, walk.gate(frame, "if", holds))
    if holds is None:
        flow = branches(walk, frame, (lambda: walk.execute(node.body, frame), lambda: walk.execute(node.orelse, frame)))
    else:
        flow = walk.execute(node.body if holds else node.orelse, frame)
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

    def __init__(self, walk: Walk, frame: Frame) -> None:
        self.walk = walk
        self.frame = frame
        self.flow = NOWHERE
        self.broken: list[dict[str, Value]] = []
        self.doubtful = False

    def round(self, run: Callable[[], Flow], may_be_skipped: bool, repeats: bool = False) -> bool:
        """Execute a round; returns whether there may be another.

        :param repeats: whether this round stands for any number of rounds.
        """
        self.walk.step()
        frame, outer = self.frame, self.frame.left
        frame.left = []

        def whole() -> Flow:
            before, mark = dict(frame.names), len(self.walk.journal)
            flow = run()
            if repeats and _widened(self.walk, frame, before, mark):
                flow |= run()  # once more, with what the first time left behind
            continued = [names for kind, names in frame.left if kind is Flow.CONTINUE]
            if continued:
                rebind(frame, [*([dict(frame.names)] if flow & Flow.NEXT else []), *continued])
            return flow | Flow.NEXT if continued else flow

        try:
            with self.walk.doubted(self.doubtful):
                if may_be_skipped:
                    ending = branches(self.walk, frame, (whole, lambda: Flow.NEXT))
                else:
                    ending = attempt(self.walk, frame, whole) if self.doubtful else whole()
            self.broken += [names for kind, names in frame.left if kind is Flow.BREAK]
        finally:
            outer += [exit for exit in frame.left if exit[0] is Flow.ABORT]
            frame.left = outer
        self.flow |= ending & (Flow.RETURN | Flow.ABORT)
        self.doubtful |= bool(ending & (Flow.BREAK | Flow.RETURN | Flow.ABORT))
        return bool(ending & Flow.NEXT)

    def end(self, orelse: Block, exhausted: bool) -> Flow:
        """Execute ``else`` if the rounds may have been exhausted, and join what the ways out lead to."""
        ending = NOWHERE
        if exhausted:
            with self.walk.doubted(self.doubtful):
                run = partial(self.walk.execute, orelse, self.frame)
                ending = attempt(self.walk, self.frame, run) if self.doubtful else run()
        if self.broken:
            rebind(self.frame, [*([dict(self.frame.names)] if ending & Flow.NEXT else []), *self.broken])
            ending |= Flow.NEXT
        return self.flow | ending


def run_while(walk: Walk, node: facts.While, frame: Frame) -> Flow:
    loop = Loop(walk, frame)
    for number in range(WHILE_LIMIT):
        holds = operators.holds(walk, walk.evaluate(node.test, frame), frame)
        if holds is False:
            break
        last = holds is None or number == WHILE_LIMIT - 1  # how often it really runs is not known
        if not loop.round(partial(walk.execute, node.body, frame), holds is None, last):
            return loop.end((), False)
        if last:
            break
    return loop.end(node.orelse, True)


def run_for(walk: Walk, node: facts.For, frame: Frame) -> Flow:
    iterable = sequences.iterate(walk, walk.evaluate(node.iterable, frame), frame)
    loop = Loop(walk, frame)

    def run(value: Value) -> Flow:
        assign(walk, node.target, value, frame)
        return walk.execute(node.body, frame)

    for item in iterable.items[:LOOP_LIMIT]:
        if not loop.round(partial(run, item.value), not item.sure):
            return loop.end((), False)
    if not iterable.complete or len(iterable.items) > LOOP_LIMIT:
        loop.round(partial(run, UNKNOWN), True, True)
    return loop.end(node.orelse, True)


def _widened(walk: Walk, frame: Frame, before: dict[str, Value], mark: int) -> bool:
    """Forget what a round computed anew, since another may compute it once more; returns whether there was any."""
    written = [(names, name, old) for names, name, old in walk.journal[mark:] if old is not None]
    changed = [
        (names, name, value)
        for names, name, old in [*((frame.names, name, old) for name, old in before.items()), *written]
        if (value := names.get(name, old)) is not old and _is_computed(value, options(old))
    ]
    for names, name, value in changed:
        names[name] = join(value, UNKNOWN)
    return bool(changed)


def _is_computed(value: Value, before: tuple[Value, ...]) -> bool:
    """Whether a value is new and of a kind that is computed from others: a number, a string, a container."""
    return any(
        (isinstance(option, (Items, Table)) or (isinstance(option, Literal) and not isinstance(option.value, bool)))
        and not any(same(option, other) for other in before)
        for option in options(value)
    )


def run_match(walk: Walk, node: facts.Match, frame: Frame) -> Flow:
    subject = walk.evaluate(node.subject, frame)
    runs: list[Callable[[], Flow]] = []
    for case in node.cases:
        holds = _case_matches(walk, case, subject, frame)
        if holds is False:
            continue

        def run(case: facts.Case = case) -> Flow:
            for name in case.captures:
                whole = len(case.captures) == 1 and not isinstance(case.pattern, facts.Opaque)
                frame.names[name] = subject if whole else UNKNOWN
            if case.guard is not None and truth(walk.evaluate(case.guard, frame)) is False:
                return Flow.NEXT
            return walk.execute(case.body, frame)

        if holds and case.guard is None:
            if not runs:
                return run()
            runs.append(run)
            break
        runs.append(run)
    else:
        runs.append(lambda: Flow.NEXT)
    return _assume_no_abort(branches(walk, frame, runs))


def _case_matches(walk: Walk, case: facts.Case, subject: Value, frame: Frame) -> bool | None:
    if case.pattern is None:
        return True
    if isinstance(case.pattern, facts.Opaque):
        return None
    plain = case.pattern.items if isinstance(case.pattern, facts.Display) else (case.pattern,)
    answers = [truth(sequences.compare(walk, "==", subject, walk.evaluate(item, frame))) for item in plain]
    return True if True in answers else (None if None in answers else False)


# --- exceptions and contexts ------------------------------------------------------------------------------------


def run_try(walk: Walk, node: facts.Try, frame: Frame) -> Flow:
    flow = _guarded(walk, node, frame) if node.handlers else walk.execute(node.body, frame)
    if node.orelse and not node.handlers:
        flow = flow & ~Flow.NEXT | walk.execute(node.orelse, frame)
    if node.final:
        final = walk.execute(node.final, frame)
        if not final & Flow.NEXT:
            return final
        flow |= final & ~Flow.NEXT
    return flow


def _guarded(walk: Walk, node: facts.Try, frame: Frame) -> Flow:
    """``try`` with handlers."""
    handlers = [None if handler.type is None else walk.evaluate(handler.type, frame) for handler in node.handlers]
    doubt, before = walk.doubt, walk.possible_errors
    names_before, mark, already, left = dict(frame.names), len(walk.journal), walk.raised, len(frame.left)
    swallowing = [kind for handler, kind in zip(node.handlers, handlers, strict=True) if not _raises_again(handler)]
    walk.catchers.append(swallowing)
    walk.possible_errors = []
    raised: Value | None = None
    flow = NOWHERE
    try:
        flow = walk.execute(node.body, frame)
    except Raised as error:
        raised, walk.doubt = error.value, doubt
    finally:
        possible, walk.possible_errors = walk.possible_errors, before
        walk.catchers.pop()
    if raised is not None:
        return _handle(walk, node, handlers, raised, frame)
    names = dict(frame.names)
    if flow & Flow.NEXT:
        flow = flow & ~Flow.NEXT | walk.execute(node.orelse, frame)
    chosen = [
        handler for handler, kind in zip(node.handlers, handlers, strict=True)
        if not _raises_again(handler) and any(matches(error, kind) is not False for error in possible)
    ]  # fmt: skip
    _pass_on(walk, possible, handlers, already)
    if chosen:
        after = dict(frame.names)
        rebind(frame, [names, names_before, *(early for kind, early in frame.left[left:] if kind is Flow.ABORT)])
        walk.weaken(mark)
        runs = [partial(_run_handler, walk, handler, UNKNOWN, frame) for handler in chosen]
        handled = branches(walk, frame, runs)
        if flow & Flow.NEXT:
            rebind(frame, [after, dict(frame.names)] if handled & Flow.NEXT else [after])
        flow |= handled & ~Flow.ABORT
    return flow


def _raises_again(handler: facts.Handler) -> bool:
    """Whether a handler ends in ``raise``: it catches nothing, the worker would not start."""
    return bool(handler.body) and isinstance(handler.body[-1], facts.Raise)


def _handle(walk: Walk, node: facts.Try, handlers: list[Value | None], error: Value, frame: Frame) -> Flow:
    """Run the handler that catches an exception that was raised for sure."""
    for handler, kind in zip(node.handlers, handlers, strict=True):
        answer = matches(error, kind)
        if answer is None:
            return branches(walk, frame, (partial(_run_handler, walk, handler, error, frame), lambda: Flow.NEXT))
        if answer:
            return _run_handler(walk, handler, error, frame)
    raise Raised(error)


def _run_handler(walk: Walk, handler: facts.Handler, error: Value, frame: Frame) -> Flow:
    if handler.name is not None:
        frame.names[handler.name] = error
    outer = walk.caught
    walk.caught = error
    try:
        return walk.execute(handler.body, frame)
    finally:
        walk.caught = outer


def matches(error: Value, kind: Value | None) -> bool | None:
    """Whether ``except kind`` catches ``error``; None if that is not known."""
    if kind is None:
        return True
    if isinstance(kind, Items):
        answers = [matches(error, item.value) for item in kind.items]
        return True if True in answers else (None if None in answers or not kind.complete else False)
    if isinstance(kind, External) and kind.path in ("builtins.Exception", "builtins.BaseException"):
        return True
    if error is SOME_ERROR and isinstance(kind, External) and kind.path in IMPORT_ERRORS:
        return False  # what a library's function raises is no failed import
    if isinstance(error, External):
        return _builtin_matches(error.path.removesuffix("()"), kind)
    cls = error.cls if isinstance(error, Instance) else error
    if isinstance(cls, Class):
        return any(
            base is kind or (isinstance(base, External) and _builtin_matches(base.path, kind) is True)
            for base in cls.mro()
        )
    return None


def _builtin_matches(path: str, kind: Value) -> bool | None:
    """Whether an exception of a library class is caught by ``kind``."""
    if path == SOME_ERROR.path:
        return None
    if not isinstance(kind, External):
        return False if isinstance(kind, Class) else None
    if path == kind.path:
        return True
    error_class = getattr(builtins, path.removeprefix("builtins."), None) if path.startswith("builtins.") else None
    kind_class = getattr(builtins, kind.path.removeprefix("builtins."), None)
    if isinstance(error_class, type):
        return isinstance(kind_class, type) and issubclass(error_class, kind_class)
    return False if kind.path.startswith("builtins.") else None


def run_raise(walk: Walk, node: facts.Raise, frame: Frame) -> Flow:
    error = walk.caught if node.value is None else walk.evaluate(node.value, frame)
    if error is None:
        error = UNKNOWN
    if walk.catches(error):
        raise Raised(error)
    return Flow.ABORT


def run_assert(walk: Walk, node: facts.Assert, frame: Frame) -> Flow:
    walk.evaluate(node.test, frame)
    return Flow.NEXT


def run_with(walk: Walk, node: facts.With, frame: Frame) -> Flow:
    suppressed: list[Value | None] = []
    managers: list[Value] = []
    for context, target in node.items:
        manager = walk.evaluate(context, frame)
        if isinstance(manager, External) and manager.path == "contextlib.suppress()" and manager.arguments:
            suppressed.extend(manager.arguments.positional)
        managers.insert(0, manager)
        entered = _enter(walk, manager, frame)
        if target is not None:
            assign(walk, target, entered, frame)
    try:
        flow = _suppressing(walk, node.body, suppressed, frame) if suppressed else walk.execute(node.body, frame)
    except Raised as error:
        answers = [truth(_exit(walk, manager, error.value, frame)) for manager in managers]
        if True not in answers:
            raise
        return Flow.NEXT
    frame.line, frame.column = node.line, node.column
    for manager in managers:
        _exit(walk, manager, NONE, frame)
    return flow


def _suppressing(walk: Walk, body: Block, kinds: list[Value | None], frame: Frame) -> Flow:
    """``with contextlib.suppress(*kinds)``."""
    doubt, before = walk.doubt, walk.possible_errors
    names_before, mark, already, left = dict(frame.names), len(walk.journal), walk.raised, len(frame.left)
    walk.catchers.append(kinds)
    walk.possible_errors = []
    try:
        flow = walk.execute(body, frame)
    except Raised as error:
        walk.doubt = doubt
        if all(matches(error.value, kind) is False for kind in kinds):
            raise
        return Flow.NEXT
    finally:
        possible, walk.possible_errors = walk.possible_errors, before
        walk.catchers.pop()
    _pass_on(walk, possible, kinds, already)
    if any(matches(error, kind) is not False for error in possible for kind in kinds):
        early = [names for kind, names in frame.left[left:] if kind is Flow.ABORT]
        rebind(frame, [*([dict(frame.names)] if flow & Flow.NEXT else []), names_before, *early])
        walk.weaken(mark)
        flow |= Flow.NEXT
    return flow & ~Flow.ABORT


def _pass_on(walk: Walk, errors: list[Value], kinds: list[Value | None], already: int) -> None:
    """Leave to the handlers further out what ``kinds`` do not surely catch.

    :param already: :attr:`Walk.raised` before the guarded statements.
    """
    missed = [error for error in errors if not any(matches(error, kind) for kind in kinds)]
    for error in missed:
        walk.may_fail(error)
    if not missed:
        walk.raised = already


def _enter(walk: Walk, manager: Value, frame: Frame) -> Value:
    """The value that ``with manager as target`` binds."""
    if isinstance(manager, Instance):
        return _special(walk, manager, ("__enter__", "__aenter__"), (), frame)
    if isinstance(manager, Items) and manager.kind == "iterator":  # a @contextmanager function, already run
        return manager.items[0].value if manager.items else UNKNOWN
    return manager if isinstance(manager, External) else UNKNOWN


def _exit(walk: Walk, manager: Value, error: Value, frame: Frame) -> Value:
    """What leaving a ``with`` calls; true if it swallows the exception."""
    if not isinstance(manager, Instance):
        return NONE
    kind = NONE if error is NONE else UNKNOWN
    return _special(walk, manager, ("__exit__", "__aexit__"), (kind, error, kind), frame)


def _special(
    walk: Walk, instance: Instance, names: tuple[str, ...], arguments: tuple[Value, ...], frame: Frame
) -> Value:
    """Call the first of some methods that a first-party class has."""
    from flake8_forksafe.prefork.library.standard import run_coroutine

    for name in names:
        if any(isinstance(base, Class) and name in base.names for base in instance.cls.mro()):
            result = walk.call(walk.attribute(instance, name, frame), Arguments(arguments), frame)
            return run_coroutine(walk, result, frame) if isinstance(result, Coroutine) else result
    return UNKNOWN


# --- definitions ------------------------------------------------------------------------------------------------


def run_define(walk: Walk, node: facts.Define, frame: Frame) -> Flow:
    decorators = []
    for line, expression in node.decorators:
        frame.line = line
        decorators.append(walk.evaluate(expression, frame))
    frame.line = node.line
    defaults = default_values(walk, node.parameters, frame)
    qualname = f"{frame.qualname}.{node.name}" if frame.qualname else node.name
    function = Function(node, frame.module, _closure(frame), qualname, defaults, node.line)
    value: Value = function
    for (line, _), decorator in zip(reversed(node.decorators), reversed(decorators), strict=True):
        frame.line = line
        value = decorate(walk, decorator, value, frame)
    frame.line = node.line
    bind(walk, frame, node.name, value)
    return Flow.NEXT


def _closure(frame: Frame) -> Frame | None:
    """The frame a function defined here sees: class bodies are not seen from inside."""
    while frame.kind == "class" and frame.closure is not None:
        frame = frame.closure
    return frame if frame.kind in ("function", "comprehension") else None


def default_values(walk: Walk, parameters: tuple[facts.Parameter, ...], frame: Frame) -> dict[str, Value]:
    """Evaluate the defaults of a function, which happens when it is defined."""
    return {
        parameter.name: walk.evaluate(parameter.default, frame)
        for parameter in parameters
        if parameter.default is not None
    }


def decorate(walk: Walk, decorator: Value, target: Value, frame: Frame) -> Value:
    """Apply a decorator; one of a library that is not known is taken to return what it decorates."""
    if isinstance(decorator, (External, type(UNKNOWN))):
        result = walk.call(decorator, Arguments((target,)), frame)
        opaque = isinstance(result, type(UNKNOWN)) or (isinstance(result, External) and result.path.endswith("()"))
        return target if opaque else result
    result = walk.call(decorator, Arguments((target,)), frame)
    return target if isinstance(result, type(UNKNOWN)) or result is NONE else result


def run_class(walk: Walk, node: facts.ClassDefinition, frame: Frame) -> Flow:
    decorators = []
    for line, expression in node.decorators:
        frame.line = line
        decorators.append(walk.evaluate(expression, frame))
    frame.line = node.line
    bases: list[Value] = []
    keywords: dict[str, Value] = {}
    for argument in node.arguments:
        value = walk.evaluate(argument.value, frame)
        if argument.keyword is not None:
            keywords[argument.keyword] = value
        elif argument.star == "*":
            bases.extend(item.value for item in sequences.iterate(walk, value, frame).items)
        elif not argument.star:
            bases.append(value)
    qualname = f"{frame.qualname}.{node.name}" if frame.qualname else node.name
    inner = Frame(frame.module, frame.node, "class", frame.base, frame)
    inner.qualname = qualname
    inner.names["__module__"] = Literal(frame.module.name)
    inner.names["__qualname__"] = Literal(qualname)
    walk.execute(node.body, inner)
    frame.line = node.line
    cls = Class(qualname, frame.module, tuple(bases), inner.names, node.line)
    for name, member in inner.names.items():
        _own(member, cls)
        if name in ("__init_subclass__", "__class_getitem__") and isinstance(member, Function):
            inner.names[name] = Descriptor("classmethod", member)  # as CPython's type_new does
    bind(walk, frame, node.name, cls)
    value = _finish_class(walk, cls, keywords, frame)
    for (line, _), decorator in zip(reversed(node.decorators), reversed(decorators), strict=True):
        frame.line = line
        value = decorate(walk, decorator, value, frame)
    bind(walk, frame, node.name, value)
    return Flow.NEXT


def _own(member: Value, cls: Class) -> None:
    """Tell functions of a class body whose they are, for ``super()``."""
    if isinstance(member, Descriptor):
        member = member.function
    if isinstance(member, Function) and member.owner is None:
        member.owner = cls


def _finish_class(walk: Walk, cls: Class, keywords: dict[str, Value], frame: Frame) -> Value:
    """What creating a class calls: the metaclass, ``__init_subclass__``, ``__set_name__`` (CPython's ``type_new``)."""
    ancestors = list(cls.mro())[1:]
    for ancestor in ancestors:
        if isinstance(ancestor, Class):
            ancestor.subclasses.append(sequences.new_item(walk, cls, frame))
        else:
            hook = walk.library.class_hooks.get(ancestor.path)
            if hook is not None:
                hook(walk, cls, frame)
    metaclass = keywords.pop("metaclass", None)
    if metaclass is None:
        inherited = [base.metaclass for base in ancestors if isinstance(base, Class) and base.metaclass is not None]
        metaclass = inherited[0] if inherited else None
    cls.metaclass = metaclass
    if isinstance(metaclass, Class):
        namespace = walk.table(cls.names)
        arguments = (Literal(cls.name), walk.items("tuple", cls.bases), namespace)
        for name, receiver in (("__new__", metaclass), ("__init__", cls)):
            method = next((base.names[name] for base in metaclass.mro()
                           if isinstance(base, Class) and name in base.names), None)  # fmt: skip
            if isinstance(method, Function):
                walk.created = cls
                walk.call(method, Arguments((receiver, *arguments), keywords), frame)
    for ancestor in ancestors:
        if isinstance(ancestor, Class) and "__init_subclass__" in ancestor.names:
            method = ancestor.names["__init_subclass__"]
            method = method.function if isinstance(method, Descriptor) else method
            walk.call(method, Arguments((cls,), keywords), frame)
            break
    for name, member in list(cls.names.items()):
        if isinstance(member, Instance) and any(
            isinstance(base, Class) and "__set_name__" in base.names for base in member.cls.mro()
        ):
            walk.call(walk.attribute(member, "__set_name__", frame), Arguments((cls, Literal(name))), frame)
    return cls


# --- leaving ----------------------------------------------------------------------------------------------------


def run_return(walk: Walk, node: facts.Return, frame: Frame) -> Flow:
    frame.results.append(NONE if node.value is None else walk.evaluate(node.value, frame))
    return Flow.RETURN


def run_leave(walk: Walk, node: facts.Break | facts.Continue, frame: Frame) -> Flow:
    flow = Flow.BREAK if isinstance(node, facts.Break) else Flow.CONTINUE
    frame.left.append((flow, dict(frame.names)))
    return flow


def run_scope(walk: Walk, node: facts.Scope, frame: Frame) -> Flow:
    for name in node.names:
        frame.outer_names[name] = node.keyword
    return Flow.NEXT


TABLE: dict[type, Callable[[Walk, Any, Frame], Flow]] = {
    facts.Import: run_import,
    facts.ImportFrom: run_import_from,
    facts.Evaluate: run_evaluate,
    facts.Assign: run_assign,
    facts.Augment: run_augment,
    facts.Delete: run_delete,
    facts.If: run_if,
    facts.While: run_while,
    facts.For: run_for,
    facts.Try: run_try,
    facts.With: run_with,
    facts.Match: run_match,
    facts.Define: run_define,
    facts.ClassDefinition: run_class,
    facts.Return: run_return,
    facts.Raise: run_raise,
    facts.Assert: run_assert,
    facts.Break: run_leave,
    facts.Continue: run_leave,
    facts.Scope: run_scope,
}
