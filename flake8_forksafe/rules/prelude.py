"""FS131 to FS134: the environment variables that must be set before anything heavy is imported.

Which variables those are stands in the catalogue, with each package (``tamed_by``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_forksafe.hazards.catalogue import Catalogue, Hazard
from flake8_forksafe.interpreter.records import Node, Setting
from flake8_forksafe.options import CHILDREN, OFF
from flake8_forksafe.rules.rule import Context, Finding, Rule, beside, listed
from flake8_forksafe.trace.trace import Trace

THREADS = (
    "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
"""Variables that must be ``1``: OpenBLAS, OpenMP, Intel MKL, numexpr, Apple's Accelerate."""
OBJECTIVE_C = "OBJC_DISABLE_INITIALIZE_FORK_SAFETY"
"""Read once, when a process on macOS starts (objc4, ``environ_init``), so it only helps from the launch environment."""
GRPC = "GRPC_ENABLE_FORK_SUPPORT"
"""``0`` is worse than unset: even a new channel in the child hangs (measured)."""
LIMITS = {"threadpoolctl.threadpool_limits": "", "torch.set_num_threads": "torch"}
"""Calls that act like the thread variables, and the only package they act on."""
LIMITING = (*THREADS, "set_num_threads", "threadpool_limits")
"""What stands in a file that limits native threads itself, before or after it imports what has them."""
NEEDY_KINDS = ("openmp", "blas")


class Prelude(NamedTuple):
    """What one launch's worker sets, and when.

    :ivar settings: of :data:`THREADS` and :data:`OBJECTIVE_C`, the first sure one of each name in the code.
    :ivar provided: names that every launch of this worker has in its environment.
    :ivar needy: packages loaded before the fork that start native threads, by name, with their position in the trace.
    :ivar later: those that only the children load, by name, with the file and line of the import.
    """

    settings: dict[str, Setting]
    provided: frozenset[str]
    needy: dict[str, int]
    later: dict[str, tuple[str, int]] = {}

    @property
    def first(self) -> Setting | None:
        """Where the prelude begins."""
        return min(self.settings.values(), key=lambda setting: setting.position, default=None)

    def missing(self, wanted: Iterable[str]) -> list[str]:
        """The wanted names that are set nowhere."""
        return [name for name in wanted if name not in self.settings and name not in self.provided]


def read_prelude(trace: Trace, catalogue: Catalogue, in_code: bool = False) -> Prelude:
    """The prelude of a trace.

    :param in_code: whether what launches provide does not count.
    """
    needy = dict(_needy(trace, catalogue))
    settings: dict[str, Setting] = {}
    for setting in trace.settings_made:
        in_time = not needy or trace.graph.is_certain(setting.node)  # the children may be told by a handler of theirs
        if setting.name in (*THREADS, OBJECTIVE_C) and setting.sure and in_time:
            settings.setdefault(setting.name, setting)
    environments = [dict(launch.environ) for launch in trace.starts]
    shared = set.intersection(*(set(environment) for environment in environments)) if environments else set()
    provided = frozenset() if in_code else frozenset(shared)
    later = _later(trace, catalogue) if trace.host.has_tasks and not needy else {}
    return Prelude(settings, provided, needy, later)


def _needy(trace: Trace, catalogue: Catalogue) -> Iterator[tuple[str, int]]:
    """Packages that start native threads and are loaded before the fork."""
    seen: set[str] = set()
    for module in trace.modules:
        hazard = catalogue.find(module.name) if module.origin != "first-party" else None
        if hazard is not None and hazard.name not in seen and is_needy(hazard):
            if trace.is_switched(Node(module.name)):
                continue
            seen.add(hazard.name)
            yield hazard.name, trace.position(module.name) or 0


def _later(trace: Trace, catalogue: Catalogue) -> dict[str, tuple[str, int]]:
    """Packages that start native threads and are loaded by children only: by their handlers, or by what they call."""
    found: dict[str, tuple[str, int]] = {}
    for edge in trace.late_edges:
        hazard, path = catalogue.find(edge.loads), trace.paths.get(edge.source.module)
        if hazard is not None and path is not None and edge.loads not in trace.paths and is_needy(hazard):
            found.setdefault(hazard.name, (path, edge.line))
    for one in trace.deferred:
        found.setdefault(one.package, (one.path, one.line))
    return found


def is_needy(hazard: Hazard) -> bool:
    """Whether the thread variables matter to a package."""
    return hazard.reported and (hazard.kind in NEEDY_KINDS or bool(hazard.tamed_by))


def wanted(context: Context, prelude: Prelude) -> list[str]:
    """The names a prelude has to set.  What macOS refuses at a fork is what the parent has begun."""
    other_platform = context.settings.platform not in (None, "darwin")
    return [*THREADS] if other_platform or not prelude.needy else [*THREADS, OBJECTIVE_C]


def is_tamed(trace: Trace, catalogue: Catalogue, hazard: Hazard) -> bool:
    """Whether a complete prelude, set before a package is imported, makes it safe by measurement."""
    prelude = read_prelude(trace, catalogue)
    position = prelude.needy.get(hazard.name)
    in_time = all(
        name in prelude.provided or (name in prelude.settings and prelude.settings[name].position <= (position or 0))
        for name in THREADS
    )
    accepted = all(not refused(setting) for setting in prelude.settings.values())
    return bool(hazard.tamed_by) and in_time and accepted


def _limits_all(trace: Trace, prelude: Prelude) -> bool:
    """Whether calls limit the threads of all that needs it."""
    limited = {LIMITS[s.name] for s in trace.settings_made if s.name in LIMITS and s.value == 1 and s.sure}
    needy = {*prelude.needy, *prelude.later}
    return "" in limited or (bool(needy) and needy <= limited | {"numpy"} and "torch" in limited)


def _preludes(context: Context) -> Iterator[tuple[Trace, Prelude]]:
    """The preludes that the project is asked for, by the option."""
    chosen = context.settings.prelude
    for trace in context.traces:
        prelude = read_prelude(trace, context.catalogue, context.settings.require_prelude)
        asked = chosen != OFF and (prelude.needy or (chosen == CHILDREN and prelude.later))
        if asked and not _limits_all(trace, prelude):
            yield trace, prelude


def check_missing(context: Context) -> Iterator[Finding]:
    """FS131."""
    for trace, prelude in _preludes(context):
        names = wanted(context, prelude)
        place = trace.app_location
        if place is not None and len(prelude.missing(names)) == len(names):
            what = f"nothing limits native threads{_reason(trace, prelude)}"
            instead = f'set {", ".join(THREADS)} to "1" at the top of the module of the app{_objective_c(trace, names)}'
            yield Finding(*place, 0, "FS131", what, trace.launch.app, (), instead)


def _reason(trace: Trace, prelude: Prelude) -> str:
    """What native threads do where nothing limits them: in children that inherit them, else in each child."""
    words = trace.host.words
    if not prelude.needy:
        (package, (path, line)), *more = prelude.later.items()
        place = f"{beside(path, (trace.app_location or ('', 0))[0])}:{line}"
        others = f" (and {len(more)} more packages)" if len(more) > 1 else f" (and {more[0][0]!r})" if more else ""
        return (
            f": {_children(trace)} that imports {package!r}, as {place} may{others}, starts as many as the host has "
            "cores, and the next such import that slips into the parent can hang them all"
        )
    sure = [name for name in prelude.needy if name not in trace.optional]
    packages = sure or list(prelude.needy)
    are = ("is" if len(packages) == 1 else "are") if sure else "may be"
    return f" before {listed(packages)} {are} imported in {words.forker}'s parent, whose children can hang"


def _children(trace: Trace) -> str:
    """Each child, and how many there are where every launch says so."""
    counts = {trace.host.pool(start, trace.conf).concurrency for start in trace.starts or (None,)}
    count = counts.pop() if len(counts) == 1 else None
    return f"each of the {count} children" if count is not None and count > 1 else "each child"


def _objective_c(trace: Trace, names: list[str]) -> str:
    """The advice for macOS, if that is wanted: no code can set this variable in time for its own process."""
    return (
        f"; on macOS, set {OBJECTIVE_C}=YES in the environment that starts {trace.host.words.forker}"
        if OBJECTIVE_C in names
        else ""
    )


def check_incomplete(context: Context) -> Iterator[Finding]:
    """FS132."""
    for trace, prelude in _preludes(context):
        names = wanted(context, prelude)
        missing = prelude.missing(names)
        if not missing or len(missing) == len(names):
            continue
        place = _place(trace, prelude.first)
        if place is not None:
            what = f"the prelude does not set {', '.join(missing)}"
            threads = [name for name in missing if name != OBJECTIVE_C]
            instead = f'set {", ".join(threads)} to "1" beside the others' if threads else "set what is missing"
            instead += _objective_c(trace, missing)
            yield Finding(*place, "FS132", what, trace.launch.app, (), instead)


def _place(trace: Trace, setting: Setting | None) -> tuple[str, int, int] | None:
    """File, line and column of a statement, or those of the app."""
    path = trace.paths.get(setting.node.module) if setting is not None else None
    if setting is not None and path is not None:
        return path, setting.line, setting.column
    return (*trace.app_location, 0) if trace.app_location is not None else None


def check_late(context: Context) -> Iterator[Finding]:
    """FS133."""
    for trace in context.traces:
        prelude = read_prelude(trace, context.catalogue, context.settings.require_prelude)
        if not prelude.needy or _limits_all(trace, prelude):
            continue
        late = [s for name, s in prelude.settings.items() if name in THREADS and name not in prelude.provided]
        first = min(late, key=lambda setting: setting.position, default=None)
        before = [name for name, position in prelude.needy.items() if first and position < first.position]
        place = _place(trace, first)
        if first is not None and before and place is not None:
            before.sort(key=lambda name: name in trace.optional)
            sure = [name for name in before if name not in trace.optional]
            were = ("was" if len(sure) == 1 else "were") if sure else "may be"
            what = f"the prelude comes too late: {listed(sure or before)} {were} imported before it"
            hazard = context.catalogue.hazards[before[0]]
            leaf = next(edge for edge in trace.edges if context.catalogue.find(edge.loads) == hazard)
            chain = (*trace.chain(leaf.source), trace.hop(leaf))
            instead = f"set it at the top of the package that {trace.host.words.forker} imports first"
            yield Finding(*place, "FS133", what, trace.launch.app, chain, instead)


def refused(setting: Setting) -> str:
    """Why a value does not do what it is there for; ``""`` if it does, or is not known."""
    value = setting.value
    if value is None or setting.name not in (*THREADS, OBJECTIVE_C, GRPC):
        return ""
    if not isinstance(value, str):
        return f"{value!r} is not a string, and os.environ accepts only strings"
    if setting.name in THREADS and value != "1":
        return f"{value!r} still allows threads" if value.isdigit() and value != "0" else f"{value!r} is not accepted"
    if setting.name == OBJECTIVE_C and value != "YES":
        return f"{value!r} is not accepted everywhere, only 'YES' is"
    if setting.name == GRPC and value.lower() in ("0", "false", "no"):
        return f"with {value!r} even a channel that is opened in the child hangs"
    return ""


def check_value(context: Context) -> Iterator[Finding]:
    """FS134."""
    for trace in context.traces:
        for setting in trace.settings_made:
            reason = refused(setting) if trace.origin(setting.node.module) == "first-party" else ""
            place = _place(trace, setting)
            if reason and place is not None:
                good = {OBJECTIVE_C: '"YES"', GRPC: '"1", or leave it unset'}.get(setting.name, '"1"')
                what = f"{setting.name} has a value that does not help: {reason}"
                yield Finding(*place, "FS134", what, setting.name, (), f"set it to {good}")


PRELUDE_RULES: tuple[Rule, ...] = (
    Rule("FS131", "no env-var prelude in the module that is imported first", check_missing),
    Rule("FS132", "env-var prelude incomplete", check_incomplete),
    Rule("FS133", "env-var prelude too late", check_late),
    Rule("FS134", "a prelude value that still allows threads, or is not accepted", check_value),
)
__all__ = ["PRELUDE_RULES", "is_tamed", "read_prelude"]
