"""FS141 to FS143: a pool that fits its container, and settings that Celery reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flake8_forksafe.deployment.model import WorkerLaunch
from flake8_forksafe.deployment.pool import CPU_COUNT, Pool, unread_variables
from flake8_forksafe.rules.memory import Estimate, estimate
from flake8_forksafe.rules.rule import Context, Finding, Rule, beside
from flake8_forksafe.trace.trace import Trace


class Sized(NamedTuple):
    """One launch with its pool and its memory.

    :ivar start: None for a worker that no deployment file starts.
    :ivar limit: memory of its container, in MiB, if known.
    """

    trace: Trace
    start: WorkerLaunch | None
    pool: Pool
    estimate: Estimate
    limit: int | None

    @property
    def processes(self) -> int | None:
        """How many children it has, if that is known."""
        count = self.pool.concurrency
        return count * (self.start.nodes if self.start is not None else 1) if count is not None else None


def launches(context: Context) -> Iterator[Sized]:
    """Every launch of every traced worker."""
    for trace in context.traces:
        for start in () if trace.clean else trace.starts or (None,):
            pool = trace.host.pool(start, trace.conf)
            limit = start.memory_mb if start is not None and start.memory_mb else context.settings.container_memory
            yield Sized(trace, start, pool, estimate(context, trace, pool), limit)


def is_forking(sized: Sized) -> bool:
    """Whether it starts child processes at all."""
    return sized.pool.forks or (sized.pool.start_method == "spawn" and sized.pool.kind not in ("solo", "threads"))


def crowded(context: Context) -> Iterator[Sized]:
    """The launches whose children do not fit into their container."""
    for sized in launches(context):
        if sized.processes is None or sized.limit is None or not is_forking(sized):
            continue
        if sized.processes > sized.estimate.safe_concurrency(sized.limit):
            yield sized


def check_container(context: Context) -> Iterator[Finding]:
    """FS141."""
    for sized in crowded(context):
        count, limit, memory = sized.processes, sized.limit, sized.estimate
        assert count is not None and limit is not None
        parent = f" + {memory.parent:.0f} MB for the parent" if memory.parent else ""
        what = (
            f"{count} children × {memory.child:.0f} MB{parent} = {memory.needed(count):.0f} MB do not fit into the "
            f"container's {limit} MB{_where(sized)} (figures from {memory.source})"
        )
        safe = memory.safe_concurrency(limit)
        instead = f"the largest concurrency that fits is {safe}" if safe else "give it more memory, or import less"
        yield from _at(sized, "FS141", what, instead, "concurrency")


def check_host_count(context: Context) -> Iterator[Finding]:
    """FS142."""
    for sized in launches(context):
        if sized.limit is None or sized.pool.concurrency_source != CPU_COUNT or not is_forking(sized):
            continue
        what = (
            f"the container's memory is limited to {sized.limit} MB{_where(sized)}, but the concurrency is "
            "left to the CPU count, which is the host's"
        )
        safe = sized.estimate.safe_concurrency(sized.limit)
        hint = f"; up to {safe} fit, by {sized.estimate.source}" if safe else ""
        yield from _at(sized, "FS142", what, f"set {sized.trace.host.words.concurrency}{hint}", "memory")


def check_unread(context: Context) -> Iterator[Finding]:
    """FS143."""
    for trace in context.traces:
        for start in trace.starts if trace.host.has_tasks else ():
            sized = Sized(trace, start, trace.host.pool(start, trace.conf), Estimate(0, 1, (), ""), None)
            for name, instead in unread_variables(dict(start.environ)):
                if name not in start.expanded and name not in trace.variables_read:
                    what = f"Celery does not read the environment variable {name}{_where(sized)}"
                    yield from _at(sized, "FS143", what, f"it reads {instead}", name)
        for setting in trace.unread_settings:
            path = trace.paths.get(setting.module)
            if path is not None:
                what = f"Celery does not read the setting {setting.name}"
                yield Finding(path, setting.line, 0, "FS143", what, setting.name, (), f"it reads {setting.instead}")


def _where(sized: Sized) -> str:
    """The launch, for a message."""
    if sized.start is None:
        return ""
    name = f" '{sized.start.name}'" if sized.start.name else ""
    app = sized.trace.app_location
    return f", started{name} by {beside(sized.start.path, app[0] if app else '')}:{sized.start.line}"


def _at(sized: Sized, code: str, what: str, instead: str, about: str) -> Iterator[Finding]:
    """A finding at the app, which ``forksafe check`` shows at the place in the deployment file."""
    location = sized.trace.app_location
    if location is None:
        return
    place = None
    if sized.start is not None:
        place = (sized.start.path, sized.start.line)
        if about == "concurrency" and sized.start.concurrency_path:
            place = (sized.start.concurrency_path, sized.start.concurrency_line)
        elif about in dict(sized.start.environ) and sized.start.environ_places:
            variable = sized.start.environ_places[[name for name, _ in sized.start.environ].index(about)]
            place = (variable.path, variable.line) if variable.line else place
        elif about == "memory" and sized.start.memory_path:
            place = (sized.start.memory_path, sized.start.memory_line)
    subject = f"{about}:{sized.start.path}:{sized.start.name}:{sized.start.line}" if sized.start is not None else about
    yield Finding(*location, 0, code, what, subject, (), instead, place)


POOL_RULES: tuple[Rule, ...] = (
    Rule("FS141", "concurrency × memory per worker exceeds the container", check_container, any_pool=True),
    Rule(
        "FS142",
        "concurrency left to the host's CPU count in a memory-limited container",
        check_host_count,
        any_pool=True,
        severity="warning",
    ),
    Rule("FS143", "a setting that Celery does not read", check_unread, any_pool=True, severity="warning"),
)
