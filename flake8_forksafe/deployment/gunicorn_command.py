"""gunicorn's command line: the app, the configuration file, whether the app is preloaded, how many workers there are.

Read in gunicorn 27.0 and compared with runs: ``gunicorn/app/base.py`` (``load_config``), ``gunicorn/config.py``
(``KNOWN_SETTINGS``, ``get_default_config_file``), ``gunicorn/app/wsgiapp.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flake8_forksafe.deployment.celery_command import WorkerCommand
from flake8_forksafe.deployment.model import Word
from flake8_forksafe.source.command_words import split_like_shlex

PROGRAMS = frozenset({"gunicorn", "gunicorn.exe", "gunicorn_django"})
ARGUMENTS = "GUNICORN_CMD_ARGS"
"""A variable with more arguments, which those of the command line override."""

DEFAULT_CONFIG = "gunicorn.conf.py"
"""The configuration file that is read where no option names one, if the working directory has it."""

READ = {
    "-c": "config", "--config": "config", "-w": "concurrency", "--workers": "concurrency", "--chdir": "chdir",
    "--pythonpath": "pythonpath", "-k": "worker_class", "--worker-class": "worker_class",
}  # fmt: skip
"""Options with a value that say something about the boot."""
PRELOAD = "--preload"
FLAGS = frozenset({
    PRELOAD, "--reload", "--spew", "--check-config", "--print-config", "--no-sendfile", "--reuse-port", "-D",
    "--daemon", "--initgroups", "--disable-redirect-access-to-syslog", "--capture-output", "--log-syslog", "-R",
    "--enable-stdio-inheritance", "--enable-backlog-metric", "--suppress-ragged-eofs", "--do-handshake-on-connect",
    "--permit-obsolete-folding", "--strip-header-spaces", "--permit-unconventional-http-method",
    "--permit-unconventional-http-version", "--casefold-http-method", "--no-control-socket",
})  # fmt: skip
"""Options without a value; any other takes one."""
NO_SERVER = frozenset({"--check-config", "--print-config", "--help", "-h", "--version", "-v"})


def gunicorn_command(arguments: Sequence[Word], environ: Mapping[str, Word]) -> WorkerCommand | None:
    """The server that ``gunicorn`` is with these arguments; None if it is none."""
    if any(word.text in NO_SERVER for word in arguments):
        return None
    options: dict[str, Word] = {}
    opened: list[str] = []
    more = environ.get(ARGUMENTS)
    if more is not None:
        opened += more.unknown
        _read([more._replace(text=text) for text in _split(more.text)], options, [])
    rest = _read(arguments, options, opened)
    if rest:
        options["app"] = rest[0]
    return WorkerCommand(options, open_options=tuple(opened))


def _split(text: str) -> list[str]:
    try:
        return split_like_shlex(text)
    except ValueError:  # gunicorn does not start
        return []


def _read(arguments: Sequence[Word], options: dict[str, Word], opened: list[str]) -> list[Word]:
    """Read options, and give back what is none."""
    rest: list[Word] = []
    position = 0
    while position < len(arguments):
        word = arguments[position]
        text, position = word.text, position + 1
        if not text.startswith("-"):
            if word.unknown and text.startswith("$"):
                opened += word.unknown
            else:
                rest.append(word)
            continue
        name, equals, value = text.partition("=")
        if not text.startswith("--") and len(text) > 2:
            name, equals, value = text[:2], "=", text[2:].removeprefix("=")
        if name in FLAGS:
            if name == PRELOAD:
                options["preload"] = word
        elif equals:
            _set(options, name, word._replace(text=value))
        elif position < len(arguments):
            _set(options, name, arguments[position])
            position += 1
    return rest


def _set(options: dict[str, Word], name: str, value: Word) -> None:
    if name in READ:
        options[READ[name]] = value
