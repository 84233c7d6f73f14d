"""Models of Dramatiq: its command, run by a program of the project.  Read in dramatiq 2.2 (dramatiq/cli.py) and run."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import TRUE, Arguments, External, Literal, Value
from flake8_forksafe.library.host_programs import known_words, leave, words_of

NAME = "dramatiq"
PARSED = "dramatiq.cli.make_argument_parser().parse_args()"


def main(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``dramatiq.cli.main(args)``: without arguments, those of ``sys.argv``."""
    parsed = arguments.get(0, "args")
    given = None
    if isinstance(parsed, External) and parsed.path == PARSED and parsed.arguments is not None:
        given = parsed.arguments.get(0, "args")
    words = words_of(machine, given, frame) if given is not None else known_words(machine, frame)
    found: dict[str, Value] = {"spawn": TRUE} if "--use-spawn" in words else {}
    for position, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in ("-p", "--processes") and (equals or position + 1 < len(words)):
            found["workers"] = Literal(value if equals else words[position + 1])
    leave(machine, NAME, frame, found)


MODELS = Library(functions={"dramatiq.cli.main": main, "dramatiq.__main__.main": main})
