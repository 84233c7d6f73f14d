"""Boot a real worker up to the first fork of its pool, and write down what it did until there.

    python recorder.py [--timeout SECONDS] [--fork N] OUT.json -A proj worker -l info

This file is run inside the project's own interpreter: it depends on nothing but Python 3.9 or later, and what it does
not import itself it leaves for the project to import.  ``celery`` is started as its console script starts it, with the
same ``sys.argv``.  In Celery's worker the pool starts (``celery.worker.components.Pool``) before the consumer connects
to the broker, so no broker need be up and no task is consumed: the process ends in the call of ``os.fork``.

Read in Celery 5.3 to 5.7, billiard 4.1 to 4.3 (``popen_fork.Popen._launch``) and Django 4.2 to 6.1.
"""

from __future__ import annotations

import atexit
import faulthandler
import functools
import gc
import importlib.util
import json
import os
import runpy
import sys
import threading
import time

TYPE_CHECKING = False
"""As in ``typing``, which is not imported: the project may not need it."""
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType
    from typing import Any, NoReturn

SCHEMA = 1

CALLERS = 30
"""How many frames are kept of each import at most."""

CHILDREN_UP_S = 60.0
"""How long the children may take to come up, in seconds."""

VERSIONED = ("celery", "kombu", "billiard", "django")
"""Packages whose versions are recorded."""

STEPS: dict[str, dict[str, str | None]] = {
    "celery.app.utils": {"find_app": "find_app"},
    "celery.app.base": {
        "Celery._load_config": "configuration",
        "Celery._autodiscover_tasks": "autodiscover_tasks",
        "Celery.finalize": "finalize",
    },
    "celery.loaders.base": {"BaseLoader.import_default_modules": "import_modules"},
    "celery.utils.dispatch.signal": {"Signal.send": None},
    "celery.worker.worker": {"WorkController.__init__": "worker", "WorkController.setup_instance": "worker classes"},
    "celery.bootsteps": {"Blueprint.apply": "bootsteps", "Blueprint.start": "bootsteps start"},
    "django": {"setup": "django.setup"},
    "django.apps.registry": {"Apps.populate": "AppConfig.ready"},
    "django.apps.config": {"AppConfig.create": "INSTALLED_APPS", "AppConfig.import_models": "models"},
    "django.conf": {"Settings.__init__": "settings"},
    "django.core.checks.registry": {"run_checks": "run_checks"},
    "django.utils.module_loading": {"autodiscover_modules": "autodiscover_modules"},
}
"""Functions whose calls are boot steps: module, name in it, step.  A signal's step is the signal's name."""

LIBRARIES = (
    ("openblas", "OpenBLAS"), ("mkl_rt", "MKL"), ("mkl_core", "MKL"), ("libgomp", "OpenMP (GNU)"),
    ("libiomp", "OpenMP (Intel)"), ("libomp", "OpenMP (LLVM)"), ("libtbb", "TBB"), ("libtorch", "PyTorch"),
    ("tensorflow", "TensorFlow"), ("jaxlib", "JAX"), ("libarrow", "Arrow"), ("polars", "Polars (rayon)"),
    ("onnxruntime", "ONNX Runtime"), ("cygrpc", "gRPC"), ("libcuda", "CUDA"), ("libblis", "BLIS"),
    ("accelerate", "Accelerate"), ("jemalloc", "jemalloc"), ("numexpr", "numexpr"),
    ("tokenizers", "tokenizers (rayon)"), ("libnuma", "libnuma"), ("faiss", "FAISS"), ("librdkafka", "librdkafka"),
)  # fmt: skip
"""What part of a mapped file's name tells of a library that keeps threads of its own."""

IMPORT_SYSTEM = ("importlib", "importlib._bootstrap", "importlib._bootstrap_external")


class Recording:
    """What has been seen so far.

    :ivar imports: by module: the frames that import it, innermost first; boot step; seconds since the start.
    :ivar threads: by thread object: the stack that started it.
    :ivar steps: calls of boot steps, as (path of steps, seconds at start, seconds taken).
    :ivar error: the exception that a boot step raised last, and its description.
    :ivar document: what was known at the first fork, where children are forked too.
    :ivar forked_by: modules in whose calls another host than Celery's worker forks; empty for Celery.
    :ivar up: a pipe through which children tell that they are up; ``go`` is one through which they are let go on.
    """

    def __init__(self, out: str, forks: int) -> None:
        self.out = out
        self.forks = forks
        self.pid = os.getpid()
        self.began = time.monotonic()
        self.preloaded = frozenset(sys.modules)
        self.imports: dict[str, tuple[list[tuple[str, int, str]], str, float | None]] = {}
        self.threads: dict[int, list[dict[str, Any]]] = {}
        self.steps: list[tuple[list[str], float, float]] = []
        self.running: list[str] = []
        self.early_forks: list[list[dict[str, Any]]] = []
        self.children: list[int] = []
        self.up = self.go = (-1, -1)
        self.error: tuple[BaseException, dict[str, Any]] | None = None
        self.fork = os.fork
        self.pool: str | None = None
        self.forked_by: tuple[str, ...] = ()
        self.document: dict[str, Any] | None = None
        self.collects = gc.isenabled()

    def seconds(self) -> float:
        """Since the start."""
        return round(time.monotonic() - self.began, 4)


def frames_above(frame: FrameType | None, limit: int = 60) -> Iterator[FrameType]:
    """Frames from the innermost out, without the import system's and the recorder's own."""
    while frame is not None and limit:
        name = frame.f_globals.get("__name__", "")
        if name not in IMPORT_SYSTEM and frame.f_globals is not globals():
            limit -= 1
            yield frame
        frame = frame.f_back


def stack_of(frame: FrameType, limit: int = 60) -> list[dict[str, Any]]:
    """A stack as it is written down, innermost first."""
    return [
        {
            "module": above.f_globals.get("__name__", ""),
            "function": above.f_code.co_name,
            "path": above.f_code.co_filename,
            "line": above.f_lineno,
        }
        for above in frames_above(frame, limit)
    ]


def calling_frames(frame: FrameType) -> list[tuple[str, int, str]]:
    """Module, line and function of the frames above, up to the first module body."""
    calling = []
    for above in frames_above(frame, CALLERS):
        function = above.f_code.co_name
        calling.append((above.f_globals.get("__name__", ""), above.f_lineno, function))
        if function == "<module>":
            break
    return calling


class ImportWatcher:
    """The first finder on ``sys.meta_path``: finds nothing, but notes what is looked for and by whom.

    A search by ``importlib.util.find_spec`` is no import; imports are known by the function that searches.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.busy = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Note an import; for a module with boot steps, wrap them once it has been executed."""
        if self.busy or os.getpid() != self.recording.pid:
            return None
        caller = sys._getframe(1)
        if caller.f_back is None or caller.f_back.f_code.co_name != "_find_and_load_unlocked":
            return None
        recording = self.recording
        recording.imports.pop(name, None)
        step = recording.running[-1] if recording.running else ""
        recording.imports[name] = (calling_frames(caller), step, recording.seconds())
        return self.find_and_wrap(name, path, target) if name in STEPS or name in SAFEGUARDS else None

    def find_and_wrap(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        """The spec that the other finders find, with a loader that wraps what the module defines."""
        self.busy = True
        try:
            specs = (finder.find_spec(name, path, target) for finder in sys.meta_path if hasattr(finder, "find_spec"))
            spec = next((spec for spec in specs if spec is not None), None)
        finally:
            self.busy = False
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return spec
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            wrap_steps(self.recording, module)
            if name in SAFEGUARDS:
                SAFEGUARDS[name](self.recording, module)

        vars(spec.loader)["exec_module"] = exec_module
        return spec


def replace(module: ModuleType, dotted: str, make: Callable[[Any], Any]) -> None:
    """Put ``make(old)`` where a function or method is; what a version of Celery or Django lacks is left out."""
    owner: Any = module
    *path, last = dotted.split(".")
    for part in path:
        owner = getattr(owner, part, None)
    old = vars(owner).get(last) if owner is not None else None
    if old is None:
        return
    kind = type(old) if isinstance(old, (classmethod, staticmethod)) else None
    wrapper = make(old.__func__ if kind else old)
    setattr(owner, last, kind(wrapper) if kind else wrapper)


def wrap_steps(recording: Recording, module: ModuleType) -> None:
    """Let the boot steps of a module tell when they begin and end."""
    for dotted, step in STEPS.get(module.__name__, {}).items():
        replace(module, dotted, functools.partial(timed, recording, step))


def timed(recording: Recording, step: str | None, function: Any) -> Any:
    """A function that is a boot step."""

    def call(*args: Any, **kwargs: Any) -> Any:
        name = step or str(getattr(args[0], "name", None) or "signal")
        if step is None and not getattr(args[0], "receivers", None):
            return function(*args, **kwargs)
        if os.getpid() != recording.pid or threading.get_ident() != MAIN_THREAD or name in recording.running[-1:]:
            return function(*args, **kwargs)
        recording.running.append(name)
        path, began = list(recording.running), recording.seconds()
        try:
            return function(*args, **kwargs)
        except Exception as error:
            note_error(recording, error)
            raise
        finally:
            recording.running.pop()
            recording.steps.append((path, began, round(recording.seconds() - began, 4)))

    call.__name__ = getattr(function, "__name__", "call")
    call.__qualname__ = getattr(function, "__qualname__", "call")
    call.__module__ = str(getattr(function, "__module__", ""))
    call.__doc__ = function.__doc__
    vars(call)["__wrapped__"] = function
    return call


def note_error(recording: Recording, error: BaseException) -> None:
    """Keep what a boot step raised, where it came from first."""
    if recording.error is not None and recording.error[0] is error:
        return
    places, link = [], error.__traceback__
    while link is not None:
        frame = link.tb_frame
        if frame.f_globals.get("__name__", "") not in IMPORT_SYSTEM and frame.f_globals is not globals():
            places.append({"path": frame.f_code.co_filename, "line": link.tb_lineno, "function": frame.f_code.co_name})
        link = link.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        places.append({"path": error.filename, "line": error.lineno or 0, "function": ""})
    text = {
        "type": type(error).__name__,
        "message": str(error),
        "cause": root_cause(error),
        "step": list(recording.running),
        "places": places,
    }
    recording.error = (error, text)


def root_cause(error: BaseException) -> str:
    """The exception that an exception was raised from, and that one from; empty if there is none."""
    seen = [error]
    while seen[-1].__cause__ is not None and not any(seen[-1].__cause__ is one for one in seen):
        seen.append(seen[-1].__cause__)
    return f"{type(seen[-1]).__name__}: {seen[-1]}" if len(seen) > 1 else ""


def watch_threads(recording: Recording) -> None:
    """Keep the stack that starts each thread."""
    start = threading.Thread.start

    def recorded_start(self: threading.Thread, *args: Any, **kwargs: Any) -> None:
        if os.getpid() == recording.pid:
            recording.threads[id(self)] = stack_of(sys._getframe(1))
        return start(self, *args, **kwargs)

    threading.Thread.start = recorded_start  # type: ignore[method-assign]


def watch_forks(recording: Recording) -> None:
    """Stop at the pool's fork; let forks of the project's own through, and note them."""

    def fork() -> int:
        if os.getpid() != recording.pid:
            return recording.fork()
        names = [frame.f_globals.get("__name__", "") for frame in frames_above(sys._getframe(1), 200)]
        if recording.forked_by and not set(names).isdisjoint(recording.forked_by):
            finish(recording)
        if not names[:1] or not names[0].startswith("billiard.") or "celery.bootsteps" not in names:
            recording.early_forks.append(stack_of(sys._getframe(1)))
            return recording.fork()
        if not recording.forks:
            finish(recording)
        if not any(name.startswith("celery.concurrency") for name in names):
            return fork_nothing(recording)  # celery worker --beat: its scheduler would send tasks
        return fork_child(recording)

    os.fork = fork


def fork_nothing(recording: Recording) -> int:
    """A child that ends at once."""
    pid = recording.fork()
    if pid == 0:
        os._exit(0)
    return pid


def fork_child(recording: Recording) -> int:
    """A child of the pool; the call for the last one does not return."""
    if recording.document is None:
        recording.document = describe(recording)
        recording.up, recording.go = os.pipe(), os.pipe()
        gc.disable()  # a collection here, caused by the recording, would un-share pages
    pid = recording.fork()
    if pid == 0:
        if recording.collects:
            gc.enable()
        return 0
    recording.children.append(pid)
    if len(recording.children) == recording.forks:
        finish(recording)
    return pid


def guard_initializer(recording: Recording, module: ModuleType) -> None:
    """Let children tell when they are up, and end there: none reaches the loop that takes tasks."""

    def make(initializer: Any) -> Any:
        def process_initializer(*args: Any, **kwargs: Any) -> None:
            initializer(*args, **kwargs)
            if recording.document is not None:
                os.write(recording.up[1], b"u")
                os.read(recording.go[0], 1)
                gc.collect()
                os.write(recording.up[1], b"c")
                os.read(recording.go[0], 1)
                os._exit(0)

        return process_initializer

    replace(module, "process_initializer", make)


def guard_pool(recording: Recording, module: ModuleType) -> None:
    """End at the start of a pool that does not fork, and after one that forked fewer than was asked for."""

    def make(start: Any) -> Any:
        def guarded(self: Any) -> None:
            kinds = [base.__module__ for base in type(self).__mro__]
            recording.pool = type(self).__module__
            forks = "celery.concurrency.prefork" in kinds
            method = start_method(self) if forks else None
            if not forks or method != "fork":
                finish(recording, method or "none")
            start(self)
            finish(recording)

        return guarded

    replace(module, "BasePool.start", make)


def start_method(pool: Any) -> str:
    """How billiard will start the children."""
    if not getattr(pool, "forking_enable", True):
        return "spawn"
    billiard = sys.modules.get("billiard")
    return billiard.get_start_method() if billiard is not None else "fork"


def guard_purge(recording: Recording, module: ModuleType) -> None:
    """``--purge`` would delete the queued messages before the pool starts."""
    replace(module, "Worker.purge_messages", lambda old: lambda self: None)


def guard_consumer(recording: Recording, module: ModuleType) -> None:
    """Nothing may get as far as the broker."""
    replace(module, "Consumer.start", lambda old: lambda self: finish(recording, "none"))


def guard_jobs(recording: Recording, module: ModuleType) -> None:
    """RQ forks when it has taken a job, and so the boot is over before it takes any."""
    for name in ("BaseWorker.work", "Worker.work"):
        replace(module, name, lambda old: lambda self, *args, **kwargs: finish(recording))


SAFEGUARDS: dict[str, Callable[[Recording, ModuleType], None]] = {
    "celery.concurrency.prefork": guard_initializer,
    "celery.concurrency.base": guard_pool,
    "celery.apps.worker": guard_purge,
    "celery.worker.consumer.consumer": guard_consumer,
    "rq.worker": guard_jobs,
    "rq.worker.base": guard_jobs,
}


def memory(pid: int | None = None) -> dict[str, int | None]:
    """Bytes of a process; PSS counts a page that n processes share as one n-th, USS only pages of its own.

    Where there is no /proc (macOS) only RSS is known, from ``ps``.
    """
    pid = pid or os.getpid()
    figures: dict[str, int | None] = {"rss": None, "pss": None, "uss": None}
    try:
        with open(f"/proc/{pid}/smaps_rollup") as stream:
            rows = [line.split() for line in stream]
    except OSError:
        figures["rss"] = rss_by_ps(pid)
        return figures
    sizes = {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) == 3 and row[2] == "kB"}
    figures.update(rss=sizes.get("Rss"), pss=sizes.get("Pss"))
    figures["uss"] = sizes.get("Private_Clean", 0) + sizes.get("Private_Dirty", 0)
    return figures


def rss_by_ps(pid: int) -> int | None:
    """What ``ps`` tells in units of 1024 bytes."""
    import subprocess

    try:
        done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], stdout=subprocess.PIPE, timeout=10)
        return int(done.stdout) * 1024
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def thread_records(recording: Recording) -> list[dict[str, Any]]:
    """Threads that Python knows, with the stack that started each."""
    return [
        {
            "name": thread.name,
            "daemon": thread.daemon,
            "native_id": thread.native_id,
            "started_by": recording.threads.get(id(thread), []),
        }
        for thread in threading.enumerate()
        if thread is not threading.main_thread()
    ]


def native_threads(known: set[int]) -> list[dict[str, Any]] | None:
    """Threads that Python does not know, by the names the system has for them; None where there is no /proc."""
    found = []
    try:
        tasks = [int(task) for task in os.listdir("/proc/self/task")]
    except OSError:
        return None
    for task in sorted(tasks):
        if task not in known and task != os.getpid():  # the main thread has the number of the process
            try:
                with open(f"/proc/self/task/{task}/comm") as stream:
                    found.append({"native_id": task, "name": stream.read().strip()})
            except OSError:
                continue
    return found


def mapped_libraries() -> list[dict[str, str]]:
    """Libraries that keep threads of their own, by the files mapped into this process."""
    found: dict[str, str] = {}
    try:
        with open("/proc/self/maps") as stream:
            paths = {line.split(None, 5)[5].strip() for line in stream if "/" in line}
    except OSError:
        return []
    for path in sorted(paths):
        base = os.path.basename(path).lower()
        for part, name in LIBRARIES:
            if part in base:
                found.setdefault(name, path)
    return [{"name": name, "path": path} for name, path in sorted(found.items())]


def module_records(recording: Recording) -> list[dict[str, Any]]:
    """What is imported, in order, without what the recorder itself needed."""
    records = []
    order = list(recording.imports) + [name for name in list(sys.modules) if name not in recording.imports]
    for name in order:
        module = sys.modules.get(name)
        if module is None or name == "__main__":
            continue
        calling, step, seconds = recording.imports.get(name, ([], "", None))
        importer, line, function = calling[0] if calling else (None, 0, "")
        spec = getattr(module, "__spec__", None)
        path = getattr(module, "__file__", None) or getattr(spec, "origin", None)
        records.append(
            {
                "name": name,
                "path": path if isinstance(path, str) and os.path.isabs(path) else None,
                "importer": importer,
                "line": line,
                "function": function,
                "callers": [list(frame) for frame in calling[1:]],
                "step": step,
                "seconds": seconds,
                "preloaded": name in recording.preloaded,
            }
        )
    return records


def step_records(recording: Recording) -> list[dict[str, Any]]:
    """Seconds of each boot step, those under way included; calls of one step at one place are added up."""
    now = recording.seconds()
    total: dict[tuple[str, ...], list[Any]] = {}
    for names, began, taken in recording.steps:
        entry = total.setdefault(tuple(names), [began, 0.0, 0])
        entry[0] = min(entry[0], began)
        entry[1] += taken
        entry[2] += 1
    for depth in range(len(recording.running)):
        path = tuple(recording.running[: depth + 1])
        began = min((entry[0] for key, entry in total.items() if key[: depth + 1] == path), default=now)
        total.setdefault(path, [began, now - began, 1])
    return [
        {"step": path[-1], "within": list(path[:-1]), "began": began, "seconds": round(taken, 4), "calls": calls}
        for path, (began, taken, calls) in sorted(total.items(), key=lambda item: (item[1][0], len(item[0])))
    ]


def versions() -> dict[str, str]:
    """Of the interpreter, and of what boots the worker."""
    found = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    for name in VERSIONED:
        version = getattr(sys.modules.get(name), "__version__", None)
        if name == "django":
            version = getattr(sys.modules.get(name), "get_version", lambda: None)()
        if isinstance(version, str):
            found[name] = version
    return found


def describe(recording: Recording) -> dict[str, Any]:
    """Everything that is known at the fork."""
    faulthandler.cancel_dump_traceback_later()  # its thread is none of the project's
    seconds, figures = recording.seconds(), memory()
    threads = thread_records(recording)
    return {
        "schema": SCHEMA,
        "argv": list(sys.argv),
        "directory": os.getcwd(),
        "platform": sys.platform,
        "executable": sys.executable,
        "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix}),
        "versions": versions(),
        "pool": recording.pool,
        "start_method": "fork",
        "seconds": seconds,
        "memory": figures,
        "modules": module_records(recording),
        "steps": step_records(recording),
        "threads": threads,
        "native_threads": native_threads({thread["native_id"] for thread in threads}),
        "libraries": mapped_libraries(),
        "early_forks": recording.early_forks,
        "django_settings": os.environ.get("DJANGO_SETTINGS_MODULE"),
        "children": [],
        "error": None,
    }


def finish(recording: Recording, method: str = "fork") -> NoReturn:
    """Write the recording and end the process; never returns."""
    if os.getpid() != recording.pid:
        os._exit(0)
    document = recording.document or describe(recording)
    document["start_method"] = method
    if recording.children:
        document.update(measure_children(recording))
    write(recording, document)
    sys.stdout.flush()
    sys.stderr.flush()
    os.fork = recording.fork
    try:
        atexit._run_exitfuncs()  # what the project cleans up at its end, such as temporary files
    finally:
        os._exit(0)


def measure_children(recording: Recording) -> dict[str, Any]:
    """Memory of parent and children: once all are up, and once each has collected garbage."""
    ends = time.monotonic() + CHILDREN_UP_S
    count = len(recording.children)
    came_up = wait_for(recording, count, ends)
    children: list[dict[str, Any]] = [dict(memory(pid), child=index) for index, pid in enumerate(recording.children, 1)]
    parent = memory()
    os.write(recording.go[1], b"g" * count)
    if came_up == count:
        wait_for(recording, count, ends)
    for child, pid in zip(children, recording.children):  # noqa: B905 (Python 3.10 and later)
        after = memory(pid)
        child["pss_collected"], child["uss_collected"] = after["pss"], after["uss"]
    collected = memory()
    for pid in recording.children:
        try:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        except OSError:
            continue
    return {
        "children": children,
        "children_up": came_up,
        "parent_beside_children": {**parent, "pss_collected": collected["pss"], "uss_collected": collected["uss"]},
    }


def wait_for(recording: Recording, count: int, ends: float) -> int:
    """Read a byte from each child, until a time."""
    import select

    seen = 0
    while seen < count:
        left = ends - time.monotonic()
        ready = select.select([recording.up[0]], [], [], max(left, 0))[0]
        if not ready:
            break
        seen += len(os.read(recording.up[0], count - seen))
    return seen


def write(recording: Recording, document: dict[str, Any]) -> None:
    """Write the file in one step, so that it is whole or not there."""
    temporary = recording.out + ".part"
    with open(temporary, "w", encoding="utf-8", errors="backslashreplace") as stream:
        json.dump(document, stream, ensure_ascii=True)
    os.replace(temporary, recording.out)


def fail(recording: Recording, error: dict[str, Any]) -> None:
    """Write why there was no fork."""
    if os.getpid() == recording.pid:
        document = {"schema": SCHEMA, "versions": versions(), "seconds": recording.seconds(), "error": error}
        write(recording, document)


def start_program(words: list[str]) -> None:
    """Run what another host is started with: a file, ``-m`` and a module, or a console script."""
    if words[0].endswith(".py"):
        sys.argv = words
        sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
        runpy.run_path(words[0], run_name="__main__")
    elif words[0] == "-m":
        sys.argv = words[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        start_script(os.path.basename(words[0]), words[1:])


def start_script(name: str, arguments: list[str]) -> None:
    """Run a program as its console script does; as ``python -m`` where there is no such script."""
    script = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), name)
    sys.argv = [script, *arguments]
    if os.path.isfile(script) and is_python(script):
        sys.path[0] = os.path.dirname(script)
        runpy.run_path(script, run_name="__main__")
    else:
        sys.path[0] = os.getcwd()
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        runpy.run_module(name, run_name="__main__", alter_sys=True)


def is_python(script: str) -> bool:
    """Whether a console script is Python source, and not a shell's."""
    try:
        with open(script, "rb") as stream:
            compile(stream.read(), script, "exec")
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def parse(arguments: list[str]) -> tuple[dict[str, str], str, list[str]]:
    """Options, the output file, and celery's arguments, or with ``--forked-by`` the command of another host."""
    options = {"--timeout": "120", "--fork": "0", "--stack": "", "--forked-by": ""}
    arguments = list(arguments)
    while len(arguments) > 1 and arguments[0] in options:
        options[arguments[0]] = arguments[1]
        del arguments[:2]
    if not arguments:
        raise SystemExit("usage: recorder.py [--timeout SECONDS] [--fork N] OUT.json -A proj worker [...]")
    return options, arguments[0], arguments[1:]


def main(arguments: list[str]) -> NoReturn:
    """Boot, record, and end; the status is not 0 if the worker did not get as far as its pool."""
    options, out, words = parse(arguments)
    timeout, forks, stack = float(options["--timeout"]), int(options["--fork"]), options["--stack"]
    recording = Recording(os.path.abspath(out), forks)
    recording.forked_by = tuple(options["--forked-by"].split(",")) if options["--forked-by"] else ()
    stream = open(stack, "w") if stack else os.fdopen(os.dup(2), "w")  # noqa: SIM115 (open until the end)
    faulthandler.dump_traceback_later(timeout, exit=True, file=stream)
    watch_threads(recording)
    watch_forks(recording)
    sys.meta_path.insert(0, ImportWatcher(recording))
    status = 1
    try:
        if recording.forked_by:
            start_program(words)
        else:
            start_script("celery", words)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException as error:
        note_error(recording, error)
    text = recording.error[1] if recording.error is not None else None
    fail(recording, text or {"type": "", "message": "", "status": status, "places": []})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 1)


MAIN_THREAD = threading.get_ident()

if __name__ == "__main__":
    main(sys.argv[1:])
