"""Models of click and Typer: which command of a program its command line names, and what that command is called with.

Read in click 8.5 (click/core.py: ``Command.main``, ``Group.resolve_command``; click/decorators.py), and run with it
and with typer 0.29.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine, Model
from flake8_forksafe.interpreter.truth_testing import truth
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, Arguments, External, Function, Literal, Value, text
from flake8_forksafe.library.host_programs import StartedHost, command_line

COMMAND, GROUP, TYPER = "click.core.Command.made", "click.core.Group.made", "typer.main.Typer()"
"""What stands for a command and a group, whose receiver is the function, and for a Typer app."""
SUFFIXES = ("-command", "-cmd", "-group", "-grp")
"""What click 8.2 and newer take off the name that they make of a function's."""
GIVES_CONTEXT = ("pass_context", "pass_obj")
NOTHING = ("argument()", "version_option()", "help_option()", "confirmation_option()", "password_option()")
"""Decorators that leave a function as it is; what they pass to it is not known."""
PLAIN = frozenset({"default", "type", "help", "show_default", "is_flag", "required", "metavar", "hidden"})
"""Arguments of an option that leave its value what the command line says; with others it is not computed here."""


class Command:
    """A command, group, or Typer app.

    :ivar callback: what it calls; None for nothing.
    :ivar children: commands by their names; None where it is no group.
    :ivar alone: whether a group is called without a command below it.
    :ivar chained: whether a line may name several commands of a group.
    """

    def __init__(self, callback: Value | None, is_group: bool, given: Arguments) -> None:
        self.callback = callback
        self.children: dict[str, Command] | None = {} if is_group else None
        self.alone = truth(given.get(-1, "invoke_without_command") or NONE) is not False
        self.chained = truth(given.get(-1, "chain") or NONE) is not False


class Commands(LibraryState):
    """The commands that were made.

    :ivar made: by the identity of the function, or of the Typer app, which is kept.
    :ivar options: those that a function is decorated with, by its identity, with the function.
    :ivar context: how many arguments a function is passed in front of those of the command line, likewise.
    """

    def __init__(self, machine: Machine) -> None:
        self.made: dict[int, tuple[Value, Command]] = {}
        self.options: dict[int, tuple[Value, list[Arguments]]] = {}
        self.context: dict[int, tuple[Value, int]] = {}

    def of(self, value: Value | None) -> Command | None:
        """The command that a value stands for, or that is made of it."""
        if isinstance(value, External) and value.path == TYPER and id(value) not in self.made:
            self.made[id(value)] = (value, Command(None, True, value.arguments or Arguments()))
        holder = value.receiver if isinstance(value, External) and value.path in (COMMAND, GROUP) else value
        found = self.made.get(id(holder))
        return found[1] if found is not None else None


def decorator(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@click.command("name")``, ``@cli.command``: makes a command of a function, at once or when that is given."""
    waiting = External(f"{function.path}()", function.receiver, arguments)
    if isinstance(arguments.get(0, ""), Function):
        return make(machine, External(waiting.path, function.receiver, Arguments()), arguments, frame)
    return waiting


def make(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """A function becomes a command, of the group whose decorator that is; Typer gives the function back."""
    callback, given = arguments.get(0, "f"), function.arguments or Arguments()
    state, kind = machine.state(Commands), function.path.removesuffix("()").rpartition(".")[2]
    parent = state.of(function.receiver)
    if kind == "callback" and parent is not None:
        parent.callback = callback
        parent.alone = parent.alone or Command(callback, True, given).alone
        return callback or UNKNOWN
    command = Command(callback, kind == "group", given)
    if parent is not None and parent.children is not None:
        named = given.get(0, "name")
        for name in _names(callback) if named is None else filter(None, [text(named)]):
            parent.children[name] = command
    if function.path.startswith(TYPER):
        return callback or UNKNOWN
    if callback is None:
        return UNKNOWN
    state.made[id(callback)] = (callback, command)
    return External(GROUP if kind == "group" else COMMAND, callback)


def _names(callback: Value | None) -> list[str]:
    """What a command is called by the name of its function, in older and newer versions."""
    if not isinstance(callback, Function):
        return []
    name = callback.qualname.rpartition(".")[2].lower().replace("_", "-")
    return [name, *(name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix))]


def add(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``cli.add_command(command, name)``, ``app.add_typer(other, name=...)``."""
    state = machine.state(Commands)
    parent, command = state.of(function.receiver), state.of(arguments.get(0, "cmd"))
    if parent is not None and parent.children is not None and command is not None:
        position = 1 if function.path.endswith("add_command") else -1
        named = arguments.get(position, "name")
        names = _names(command.callback) if named is None else filter(None, [text(named)])
        parent.children.update(dict.fromkeys(names, command))
    return NONE


def option(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@click.option(...)`` on a function."""
    decorated = arguments.get(0, "f") or UNKNOWN
    _, declared = machine.state(Commands).options.setdefault(id(decorated), (decorated, []))
    declared.append(function.arguments or Arguments())
    return decorated


def context(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``@click.pass_context`` on a function."""
    decorated, known = arguments.get(0, "f") or UNKNOWN, machine.state(Commands).context
    known[id(decorated)] = (decorated, known.get(id(decorated), (decorated, 0))[1] + 1)
    return decorated


def same(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """A decorator that gives back the function."""
    return arguments.get(0, "f") or UNKNOWN


def main(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``cli()``: the command line decides what is called."""
    called = function.receiver if function.path.endswith(".main") else function
    command = machine.state(Commands).of(called)
    given = arguments.get(0, "args")
    if command is not None and (given is None or given is NONE):
        alone = isinstance(called, External) and called.path == TYPER and command.callback is None
        children = list((command.children or {}).values())
        if alone and len(children) == 1:
            command = children[0]
        unresolved = machine.recorder.unresolved
        is_known = _invoke(machine, command, [*command_line(machine, frame)], frame)
        started = machine.state(StartedHost)
        if is_known and not started.name and machine.is_sure(frame) and machine.recorder.unresolved == unresolved:
            started.does_other = True
    return UNKNOWN


def _invoke(machine: Machine, command: Command, words: list[str | None], frame: Frame) -> bool:
    """Call a command, and the one below it that the words name; all of them in doubt where they name no known one.

    Returns whether a command without others below it was called.
    """
    _, declared = machine.state(Commands).options.get(id(command.callback), (command.callback, []))
    values = _options(declared, words)
    if command.children is not None and not words and not command.alone:
        return False
    _call(machine, command, values, frame)
    if command.children is None or not words:
        return command.children is None
    child = command.children.get(words[0] or "")
    if child is not None:
        return _invoke(machine, child, words[1:], frame) and not command.chained
    with machine.doubted():
        for other in _below(command):
            _call(machine, other, {}, frame)
    return False


def _call(machine: Machine, command: Command, values: dict[str, Value], frame: Frame) -> None:
    if command.callback is not None:
        _, front = machine.state(Commands).context.get(id(command.callback), (command.callback, 0))
        machine.call(command.callback, Arguments((UNKNOWN,) * front, values, complete=False), frame)


def _below(command: Command) -> list[Command]:
    """All commands below one, each once."""
    found: dict[Command, None] = {}
    waiting = [command]
    while waiting:
        for child in (waiting.pop().children or {}).values():
            if child not in found:
                found[child] = None
                waiting.append(child)
    return list(found)


def _options(declared: Sequence[Arguments], words: list[str | None]) -> dict[str, Value]:
    """The values of a command's options; takes them from the front of the words."""
    by_name = {name: (one, is_on) for one in declared for name, is_on in _switches(one)}
    found: dict[str, Value] = {}
    while words and (words[0] or "").startswith("-"):
        name, equals, value = (words.pop(0) or "").partition("=")
        if name == "--":
            break
        one, is_on = by_name.get(name, (None, False))
        if one is None:
            continue
        if _is_flag(one):
            found[_parameter(one)] = Literal(is_on) if set(one.keywords) <= PLAIN else UNKNOWN
            continue
        word = words.pop(0) if not equals and words else value
        found[_parameter(one)] = _converted(one, word) if word is not None else UNKNOWN
    for one in declared:
        default = one.get(-1, "default")
        if isinstance(default, Literal) and set(one.keywords) <= PLAIN:
            found.setdefault(_parameter(one), default)
    return found


def _switches(option: Arguments) -> Iterator[tuple[str, bool]]:
    """The names of an option on the command line; that behind a slash switches it off."""
    for value in option.positional:
        on, _, off = (text(value) or "").partition("/")
        yield from ((name.strip(), name is on) for name in (on, off) if name.strip().startswith("-"))


def _is_flag(option: Arguments) -> bool:
    """Whether an option takes no value."""
    named = any(not is_on for _, is_on in _switches(option))
    return (
        named
        or truth(option.get(-1, "is_flag") or NONE) is True
        or {"count", "flag_value"} & set(option.keywords) != set()
    )


def _converted(option: Arguments, word: str) -> Value:
    """The value that an option makes of a word."""
    kind, default = option.get(-1, "type"), option.get(-1, "default")
    is_number = (isinstance(kind, External) and kind.path in ("builtins.int", "click.INT")) or (
        kind is None and isinstance(default, Literal) and type(default.value) is int
    )
    if is_number:
        return Literal(int(word)) if word.isascii() and word.isdigit() and len(word) < 10 else UNKNOWN
    return Literal(word) if kind is None and set(option.keywords) <= PLAIN else UNKNOWN


def _parameter(option: Arguments) -> str:
    """The parameter that an option is passed as: the name without dashes, else the first of those with most."""
    bare = [name for value in option.positional if (name := text(value)) and not name.startswith("-")]
    names = bare or [name for name, is_on in _switches(option) if is_on]
    chosen = max(names, key=lambda name: len(name) - len(name.lstrip("-")), default="")
    return chosen.lstrip("-").replace("-", "_").lower()


HOLDERS = {"click": ("command", "group"), GROUP: ("command", "group"), TYPER: ("command", "callback")}
DECORATORS: dict[str, Model] = {
    f"{holder}.{name}{call}": model
    for holder, names in HOLDERS.items()
    for name in names
    for call, model in (("", decorator), ("()", make))
}

MODELS = Library(
    aliases={
        **{f"click.decorators.{name}": f"click.{name}" for name in ("command", "group", "option", *GIVES_CONTEXT)},
        "typer.Typer": "typer.main.Typer",
    },
    functions={
        **DECORATORS,
        "click.option()": option,
        **{f"click.{name}": context for name in GIVES_CONTEXT},
        **{f"click.{name}": same for name in NOTHING},
        f"{GROUP}.add_command": add,
        f"{TYPER}.add_typer": add,
        **{f"{path}{end}": main for path in (COMMAND, GROUP, TYPER) for end in ("", ".main")},
    },
)
