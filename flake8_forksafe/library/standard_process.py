"""Models of what the process is: its environment, its arguments, its platform."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flake8_forksafe.interpreter.containers import Items, NamedItems, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import (
    FALSE,
    NONE,
    TRUE,
    UNKNOWN,
    Arguments,
    EnclosingScope,
    External,
    Item,
    Literal,
    ModuleValue,
    Value,
    join,
    text,
)
from flake8_forksafe.library.builtin_methods import mapping_method


class Noted(dict[object, Item]):
    """Entries of a mapping.

    :ivar assigned: the keys that were assigned so far, in order.
    """

    def __init__(self, entries: dict[object, Item]) -> None:
        super().__init__(entries)
        self.assigned: list[object] = []

    def __setitem__(self, key: object, item: Item) -> None:
        super().__setitem__(key, item)
        self.assigned.append(key)


class ProcessEnvironment(LibraryState):
    """``os.environ``: what is known of it; more may be set.

    :ivar table: the mapping that the program sees; what it sets is recorded.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.recorder = machine.recorder
        entries = Noted({name: Item(Literal(value)) for name, value in machine.process.environ})
        self.table = Table(entries, machine.journal.certain, complete=False)
        self.table.observer = self
        self.table.lacks = machine.process.unset

    def get(self, name: str) -> Item | None:
        """What is known of a variable, if anything is."""
        return self.table.entries.get(name)

    def reads(self, key: str) -> None:
        """The program reads a variable."""
        self.recorder.variables_read.add(key)
        if key not in self.table.entries and key not in self.table.lacks:
            self.machine.switches.count += 1

    @contextmanager
    def changing(self, frame: EnclosingScope) -> Iterator[None]:
        """Record which variables the current statement of ``frame`` sets."""
        entries = self.table.entries
        assert isinstance(entries, Noted)
        before = len(entries.assigned)
        yield
        for name in dict.fromkeys(entries.assigned[before:]):
            if name in entries and isinstance(name, str):
                self.recorder.setting(name, entries[name].value, frame)


def environ(machine: Machine) -> Value:
    """``os.environ``."""
    return machine.state(ProcessEnvironment).table


def getenv(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.getenv``."""
    return mapping_method(machine, External("builtins.dict.get", environ(machine)), arguments, frame)


def putenv(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``os.putenv``: native libraries see it, ``os.environ`` does not."""
    name, value = text(arguments.get(0, "name")), arguments.get(1, "value")
    if name is not None and value is not None:
        machine.recorder.setting(name, value, frame)
    return NONE


class ProcessArguments(LibraryState):
    """``sys.argv``: in each launch form, until the program sets or changes it.

    :ivar names: the value, under its name.
    """

    def __init__(self, machine: Machine) -> None:
        forms = ([Item(Literal(part)) for part in form] for form in machine.process.argv)
        self.names = {"argv": join(*(Items("list", form, machine.journal.certain) for form in forms))}


def argv(machine: Machine) -> Value:
    """``sys.argv``."""
    machine.argv_dependence.count += 1
    return machine.argv_dependence.mark(machine.state(ProcessArguments).names["argv"])


def set_in_interpreter(machine: Machine, value: External, name: str, given: Value, frame: Frame) -> None:
    """``sys.argv = [...]``."""
    names = machine.state(ProcessArguments).names
    if name in names:
        machine.write(names, name, given)


VERSION_INFO = ("major", "minor", "micro", "releaselevel", "serial")
"""Fields of ``sys.version_info``."""


def version_info(machine: Machine) -> Value:
    """``sys.version_info`` of the lowest and the highest Python the project may run on."""
    versions = machine.process.versions
    if not versions:
        return UNKNOWN
    rest = (99, "final", 0)
    tuples = [
        NamedItems(VERSION_INFO, [Literal(part) for part in (*version, *rest)], machine.journal.doubt)
        for version in versions
    ]
    return join(*tuples)


def process_name(machine: Machine) -> Value:
    """``multiprocessing.current_process().name``; those of pools have names of their own."""
    return UNKNOWN if machine.recorder.step_name in machine.process.in_children else Literal("MainProcess")


class StartMethod(LibraryState):
    """How ``multiprocessing`` starts processes, where that is surely chosen; else empty."""

    def __init__(self, machine: Machine) -> None:
        self.chosen = ""


def set_start_method(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``multiprocessing.set_start_method("spawn")``."""
    is_certain = machine.journal.doubt is machine.journal.certain
    machine.state(StartMethod).chosen = (text(arguments.get(0, "method")) or "") if is_certain else ""
    return NONE


def has_module(machine: Machine, name: Value) -> Value:
    """``name in sys.modules``."""
    known = text(name)
    if known is None:
        return UNKNOWN
    module = machine.imports.modules.get(known)
    if module is not None:
        return TRUE if module.state in ("loading", "loaded") else UNKNOWN
    if known in machine.recorder.externals:
        return TRUE
    steps = dict(machine.process.loaded)
    if known in steps:
        return FALSE if machine.recorder.step_name == steps[known] else TRUE
    if known.partition(".")[0] in machine.process.absent or machine.imports.layout.find(known) is not None:
        return FALSE
    return UNKNOWN


def get_module(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``sys.modules.get(name)``."""
    name = arguments.get(0, "key") or UNKNOWN
    answer = has_module(machine, name)
    if answer is FALSE:
        return arguments.get(1, "default") or NONE
    module = machine.imports.modules.get(text(name) or "") if answer is TRUE else None
    return ModuleValue(module) if module is not None else UNKNOWN


def interpreter_value(machine: Machine, value: External, name: str, frame: Frame) -> Value | None:
    """Attributes of ``sys`` that only other processes have: an interactive one, a frozen program, pytest's."""
    return machine.fail("AttributeError") if name in NOT_IN_SYS else None


NOT_IN_SYS = frozenset({"ps1", "ps2", "_called_from_test", "_pytest_running"})


def platform(machine: Machine) -> Value:
    return UNKNOWN if machine.process.platform is None else Literal(machine.process.platform)


def os_name(machine: Machine) -> Value:
    known = machine.process.platform
    return UNKNOWN if known is None else Literal("nt" if known == "win32" else "posix")


MODELS = Library(
    values={
        "os.environ": environ,
        "sys.argv": argv,
        "sys.version_info": version_info,
        "sys.platform": platform,
        "os.name": os_name,
        "multiprocessing.current_process().name": process_name,
        "multiprocessing.process.current_process().name": process_name,
        "billiard.current_process().name": process_name,
        "billiard.process.current_process().name": process_name,
        "typing.TYPE_CHECKING": lambda machine: FALSE,
        "typing_extensions.TYPE_CHECKING": lambda machine: FALSE,
    },
    attributes={"sys": interpreter_value},
    setters={"sys": set_in_interpreter},
    members={"sys.modules": has_module},
    switchboards=frozenset({"decouple", "dynaconf", "environ", "environs", "everett", "prettyconf"}),
    functions={
        "sys.modules.get": get_module,
        "os.getenv": getenv,
        "os.putenv": putenv,
        "multiprocessing.set_start_method": set_start_method,
    },
)
