"""Process managers: Procfiles, supervisor's programs, systemd's services."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from flake8_forksafe.deployment.files import Files, FileSystemView, read_variables
from flake8_forksafe.deployment.model import Limit, Place, Start, Unusable, Word
from flake8_forksafe.deployment.sizes import systemd_mebibytes
from flake8_forksafe.deployment.substitution import substitute
from flake8_forksafe.source.command_words import split_like_shlex

NOTHING: Mapping[str, Word] = MappingProxyType({})

PROCESS = re.compile(r"([A-Za-z0-9_-]+):\s*(.+)")


def procfile_starts(text: str, path: str, files: Files, outer: Mapping[str, Word] = NOTHING) -> Iterator[Start]:
    """The processes of a Procfile, which a shell runs, in the environment of the ``.env`` file beside it.

    :param outer: the environment of what runs them.
    """
    directory = os.path.dirname(path)
    environ: dict[str, Word] = {}
    beside = os.path.join(directory, ".env")
    if files.disk.is_file(beside):
        environ = read_variables(files.text(beside) or "", beside)
    for number, line in enumerate(text.split("\n"), 1):
        match = PROCESS.fullmatch(line.strip())
        if match is not None:
            place = Place(path, number)
            argv = shell_command(match[2], place)
            yield Start("procfile", match[1], argv, {**outer, **environ}, directory, place)


def shell_command(text: str, place: Place) -> tuple[Word, ...]:
    """A command that a shell interprets."""
    return (Word("/bin/sh", place), Word("-c", place), Word(text, place))


def split_command(text: str, place: Place) -> tuple[Word, ...]:
    """A command whose words are separated as ``shlex`` does it, without a shell.

    :raises Unusable: if a quote is not closed.
    """
    try:
        return tuple(Word(word, place) for word in split_like_shlex(text))
    except ValueError as error:
        raise Unusable(f"its command cannot be split into words: {error}", place.line) from None


class SectionEntry(NamedTuple):
    """``key = value`` in a section."""

    section: str
    key: str
    value: str
    line: int


def supervisor_starts(text: str, path: str, files: Files, outer: Mapping[str, Word] = NOTHING) -> Iterator[Start]:
    """The programs of a supervisor configuration.

    Read in supervisor 4.2, ``supervisor/options.py``: ``command`` is split by ``shlex`` and run without a shell,
    ``%(ENV_NAME)s`` and ``%(here)s`` are expanded, ``environment`` holds ``KEY="value",KEY2="value2"``.

    :param outer: the environment of supervisord.
    """
    import configparser

    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or 1
        files.report(path, line, f"it is not a configuration of supervisor: {str(error).splitlines()[0]}")
        return
    lines = _key_lines(text)
    common = dict(outer)
    if parser.has_section("supervisord"):
        common |= _supervisor_environ(parser["supervisord"], "supervisord", path, lines, outer)
    for section in parser.sections():
        kind, _, name = section.partition(":")
        values = parser[section]
        if kind != "program" or "command" not in values:
            continue
        place = Place(path, lines.get((section, "command"), 1))
        environ = {**common, **_supervisor_environ(values, section, path, lines, outer)}
        try:
            words = split_command(_supervisor_expand(values["command"], name, path), place)
            argv = tuple(substitute(word, common.get, bare=False) for word in words)
        except Unusable as error:
            files.report(path, error.line, error.reason)
            continue
        directory = _supervisor_expand(values.get("directory", ""), name, path)
        yield Start("supervisor", name, argv, environ, directory, place)


def _key_lines(text: str) -> dict[tuple[str, str], int]:
    """The line of each key of each section, which ``configparser`` does not tell."""
    lines, section = {}, ""
    for number, line in enumerate(text.split("\n"), 1):
        header = re.match(r"\[([^\]]+)\]", line)
        key = re.match(r"([\w.-]+)\s*[=:]", line)
        if header is not None:
            section = header[1]
        elif key is not None:
            lines[section, key[1].lower()] = number
    return lines


def _supervisor_expand(text: str, name: str, path: str) -> str:
    """Supervisor's expansions, variables of the environment as those of a shell."""
    expanded = text.replace("%(here)s", os.path.dirname(path)).replace("%(program_name)s", name)
    return re.sub(r"%\(ENV_(\w+)\)s", r"${\1}", expanded).replace("%%", "%")


def _supervisor_environ(
    values: Mapping[str, str], section: str, path: str, lines: Mapping[tuple[str, str], int], outer: Mapping[str, Word]
) -> dict[str, Word]:
    """``environment = KEY="value",KEY2=value2``."""
    place = Place(path, lines.get((section, "environment"), 1))
    environ = {}
    for match in re.finditer(r"([A-Za-z_]\w*)\s*=\s*(\"[^\"]*\"|'[^']*'|[^,\n]*)", values.get("environment", "")):
        text = _supervisor_expand(match[2].strip(), section.partition(":")[2], path)
        value = text[1:-1] if text[:1] in ("'", '"') else text
        environ[match[1]] = substitute(Word(value, place), outer.get, bare=False)
    return environ


def systemd_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The commands of a systemd service.

    ``systemd.service(5)`` (``ExecStart=`` and its prefixes, no shell, variables), ``systemd.exec(5)``
    (``Environment=``, ``EnvironmentFile=``, ``WorkingDirectory=``), ``systemd.resource-control(5)`` (``MemoryMax=``).
    Drop-ins beside the unit (``name.service.d/*.conf``) are read after it.
    """
    entries = [(path, entry) for entry in unit_entries(text)]
    beside = f"{path}.d"
    for name in sorted(files.disk.listing(beside)):
        if name.endswith(".conf"):
            drop_in = os.path.join(beside, name)
            entries += [(drop_in, entry) for entry in unit_entries(files.text(drop_in) or "")]
    entries = [(origin, entry) for origin, entry in entries if entry.section == "Service"]
    settings = {entry.key: (origin, entry) for origin, entry in entries}
    environ = _unit_environ(entries, files)
    directory = settings["WorkingDirectory"][1].value if "WorkingDirectory" in settings else ""
    memory = None
    for key in ("MemoryLimit", "MemoryMax"):
        if key in settings and settings[key][1].value not in ("", "infinity"):
            origin, entry = settings[key]
            memory = Limit(systemd_mebibytes(entry.value), Place(origin, entry.line))
    commands: list[tuple[str, SectionEntry]] = []
    for origin, entry in entries:
        if entry.key == "ExecStart":
            commands = [*commands, (origin, entry)] if entry.value else []
    unit = os.path.basename(path).removesuffix(".service")
    for origin, entry in commands:
        place = Place(origin, entry.line)
        try:
            argv = _unit_command(entry.value, place, environ)
        except Unusable as error:
            files.report(origin, error.line, error.reason)
            continue
        yield Start("systemd", unit, argv, environ, directory.lstrip("-").replace("~", ""), place, memory)


def unit_entries(text: str) -> Iterator[SectionEntry]:
    """The assignments of a unit file; a key may occur several times."""
    section, pending, first = "", "", 0
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped[:1] in ("#", ";") or (not stripped and not pending):
            continue
        first = first if pending else number
        if stripped.endswith("\\"):
            pending += stripped[:-1] + " "
            continue
        whole, pending = pending + stripped, ""
        if whole.startswith("[") and whole.endswith("]"):
            section = whole[1:-1]
        else:
            key, _, value = whole.partition("=")
            yield SectionEntry(section, key.strip(), value.strip(), first)


def _unit_environ(entries: list[tuple[str, SectionEntry]], files: Files) -> dict[str, Word]:
    """``Environment=``, over which the files of ``EnvironmentFile=`` go."""
    environ: dict[str, Word] = {}
    loaded: dict[str, Word] = {}
    for origin, entry in entries:
        if entry.key == "Environment":
            try:
                assignments = split_like_shlex(entry.value)
            except ValueError as error:
                files.report(origin, entry.line, f"its environment cannot be split into words: {error}")
                continue
            if not assignments:
                environ = {}
            for assignment in assignments:
                name, equals, value = assignment.partition("=")
                if equals:
                    environ[name] = Word(value, Place(origin, entry.line))
        elif entry.key == "EnvironmentFile":
            found = FileSystemView(files).file(entry.value.lstrip("-"), os.path.dirname(origin))
            if found is not None:
                loaded |= read_variables(files.text(found) or "", found)
    return environ | loaded


def _unit_command(value: str, place: Place, environ: Mapping[str, Word]) -> tuple[Word, ...]:
    """``$NAME`` alone becomes several words, ``${NAME}`` is replaced within a word."""
    words = []
    for word in split_command(value.lstrip("-@:+!"), place):
        lone = re.fullmatch(r"\$([A-Za-z_]\w*)", word.text)
        if lone is not None and lone[1] in environ:
            words += [environ[lone[1]]._replace(text=text) for text in environ[lone[1]].text.split()]
        else:
            words.append(substitute(word, environ.get, bare=lone is not None))
    return tuple(words)


def uwsgi_starts(text: str, path: str, files: Files) -> Iterator[Start]:
    """The server that a configuration of uWSGI is for, as the emperor or a unit of the system starts it."""
    place = Place(path, next((number for number, line in enumerate(text.split("\n"), 1) if "[uwsgi]" in line), 1))
    words = (Word("uwsgi", place), Word("--ini", place), Word(path, place))
    yield Start("uwsgi", "", words, {}, files.project, place)
