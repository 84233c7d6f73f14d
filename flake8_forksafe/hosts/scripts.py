"""Programs of the project that start a host themselves: what they execute until they hand over to it."""

from __future__ import annotations

from flake8_forksafe.hosts.django import fall_back, run_command
from flake8_forksafe.hosts.host import HostBoot, Launcher
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.importing import load_file
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import Arguments, External, Function, ModuleValue, Value
from flake8_forksafe.library.host_programs import StartedHost
from flake8_forksafe.project.layout import FIRST_PARTY, FoundModule


def run_script(boot: HostBoot) -> None:
    """What a program does before it hands over to the host: its module, its function, Django's command."""
    fall_back(boot)
    launcher, machine = boot.start.launcher, boot.machine
    if launcher is None:
        return
    try:
        if launcher.path:
            _run_file(machine, launcher, boot.frame)
            return
        module, _, function = launcher.entry.partition(":")
        value = machine.import_name(module, boot.frame) if module else None
        if isinstance(value, ModuleValue) and function:
            called = machine.attribute(value, function, boot.frame)
            if isinstance(called, (Function, External)):
                machine.call(called, Arguments(), boot.frame)
        run_command(boot, launcher.command)
    except Raised:  # the host runs
        for running in machine.state(StartedHost).running:
            running.state = "loaded"


def _run_file(machine: Machine, launcher: Launcher, frame: Frame) -> None:
    """``python file`` and ``python -m module``: the packages around the module are imported first (runpy.py)."""
    if launcher.package:
        machine.import_name(launcher.package, frame)
    load_file(machine, FoundModule("__main__", launcher.path, False, (), FIRST_PARTY, package=launcher.package), frame)


def started_by_script(boot: HostBoot, name: str) -> dict[str, Value] | None:
    """Run the project's own program, if there is one; what it says of the host, None if it does not start it."""
    run_script(boot)
    started = boot.machine.state(StartedHost)
    if started.name != name:
        return None
    boot.app_place = started.place
    return started.given
