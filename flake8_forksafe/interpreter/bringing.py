"""What libraries are known to do that are not walked: packages they load, modules they look for, threads they start."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import Arguments, External, Literal, Module
from flake8_forksafe.project.layout import THIRD_PARTY, FoundModule, outside_origin

AUTODISCOVER = "django.utils.module_loading.autodiscover_modules"


def note_external(machine: Machine, name: str) -> None:
    """Record that a module is loaded that is not walked."""
    if name not in machine.recorder.externals:
        machine.recorder.externals[name] = outside_origin(name)
        machine.recorder.loads(name)


def bring(machine: Machine, name: str, asked: str, frame: Frame) -> None:
    """Record what a module that is not walked is known to do, and do what that does with the project.

    :param asked: the module, or ``module:name`` of a name that it does something for.
    :param frame: what causes it.
    """
    known = machine.imports.effects(asked)
    for brought in known.brought:
        machine.recorder.measured[name] = brought.source
        holder = name
        for target in (*brought.way, brought.package):
            if target == holder:
                continue
            inside = inside_outside(machine, holder)
            with machine.journal.doubted(not brought.sure):
                machine.record(inside, Node(target), "import")
            note_external(machine, target)
            holder = target
    with machine.journal.doubted(not known.sure):
        if known.starts:
            machine.recorder.starts(frame, asked, known.starts, known.source)
        for module in known.discovers:
            note_external(machine, name)
            machine.record(frame, Node(name), "dynamic")
            machine.call(External(AUTODISCOVER), Arguments((Literal(module),)), inside_outside(machine, name))


def bring_compiled(machine: Machine, module: Module) -> None:
    """Record the packages that an extension module is known to load, or one of the packages around it."""
    inside = Frame(module, Node(module.name), "module", machine.journal.doubt)
    for brought in machine.imports.effects(module.name).brought:
        machine.recorder.measured[module.name] = brought.source
        with machine.journal.doubted(not brought.sure):
            machine.record(inside, Node(brought.package), "import")
        note_external(machine, brought.package)


def load_outside(machine: Machine, name: str, frame: Frame, kind: str = "import") -> None:
    """Load a module that is not walked, with what that is known to do."""
    machine.record(frame, Node(name), kind)
    if name not in machine.recorder.externals:
        note_external(machine, name)
        bring(machine, name, name, frame)


def inside_outside(machine: Machine, name: str) -> Frame:
    """A frame of a module that is not walked."""
    return Frame(Module(FoundModule(name, None, False, (), THIRD_PARTY)), Node(name), "module", machine.journal.doubt)
