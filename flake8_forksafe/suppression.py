"""Suppressed findings: ``# noqa``, ``# flake8: noqa``, per-file-ignores, ``--select``, ``--ignore``.

In flake8, flake8 itself removes them.  The command calls flake8's own code where there is something to decide, so that
both report the same.  What a project selects for flake8 (``select = E,F``) does not apply to the command.  Of what it
ignores, entries that name codes of this plugin apply.
"""

from __future__ import annotations

import configparser
import io
import os
import re
import tokenize
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from flake8_forksafe.file_reading import CONFIGURATION_LIMIT, read_file
from flake8_forksafe.finding import Finding
from flake8_forksafe.options import UsageError, shown
from flake8_forksafe.settings import checkout, leads_outside

if TYPE_CHECKING:
    from flake8.processor import FileProcessor
    from flake8.style_guide import StyleGuideManager

CONFIGURATIONS = ("setup.cfg", "tox.ini", ".flake8")
"""Where flake8 looks for its configuration in a directory, in this order (flake8/options/config.py)."""
SECTION = "flake8"
OWN = "FS"
"""What codes of this plugin begin with."""
OF_OTHERS = re.compile(rb"(?i)# noqa:[ \t]?(?:(?!FS)[A-Z]+[0-9]+[,\s]*+)++(?!FS)")
"""A comment that names codes of other plugins only: ``NOQA_INLINE_REGEXP`` of flake8/defaults.py, without ours."""
UNUSED = {"hang_closing": False, "indent_size": 4, "max_doc_length": None, "max_line_length": 79, "verbose": 0}
"""Options that flake8's reader of files wants to have, and that decide nothing here."""


class CodeSelection(NamedTuple):
    """The codes that are asked for, by what they begin with.

    :ivar select: None for all.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()

    def takes(self, code: str) -> bool:
        """Whether a code is asked for."""
        return (self.select is None or code.startswith(self.select)) and not code.startswith(self.ignore)


class Configuration(NamedTuple):
    """What the configuration of flake8 says of findings.

    :ivar directory: of its file.
    :ivar per_file: the option ``per-file-ignores`` as it is written.
    """

    directory: str
    ignore: tuple[str, ...] = ()
    per_file: str = ""
    disable_noqa: bool = False


def wanted(
    findings: Iterable[Finding],
    project: str,
    choice: CodeSelection,
    overlay: Mapping[str, bytes] = MappingProxyType({}),
) -> list[Finding]:
    """The findings that are neither suppressed nor left out.

    :param overlay: contents that replace those of files, by absolute path.
    :raises UsageError: if flake8's configuration cannot be used.
    """
    findings = list(findings)
    if not findings:
        return []
    configuration = read_configuration(project)
    files = {path: _with_noqa(path, overlay) for path in {finding.path for finding in findings}}
    nothing = Configuration(configuration.directory)
    if choice == CodeSelection() and configuration == nothing and not any(files.values()):
        return findings
    guide = _style_guide(configuration, choice)
    processors = {path: _processor(path, content, configuration) for path, content in files.items() if content}
    whole = {path for path, processor in processors.items() if processor.should_ignore_file()}
    kept = [finding for finding in findings if finding.path not in whole]
    return [finding for finding in kept if _is_reported(finding, guide, processors.get(finding.path))]


def _is_reported(finding: Finding, guide: StyleGuideManager, processor: FileProcessor | None) -> bool:
    line = processor.noqa_line_for(finding.line) if processor is not None else ""
    return bool(guide.handle_error(finding.code, finding.path, finding.line, finding.column, finding.text, line))


class _Silent:
    """A formatter of flake8 that shows nothing."""

    def handle(self, error: object) -> None:
        """Take a violation that is reported."""


def _style_guide(configuration: Configuration, choice: CodeSelection) -> StyleGuideManager:
    """flake8's own :class:`~flake8.style_guide.StyleGuideManager`, which decides."""
    from flake8.exceptions import ExecutionError
    from flake8.style_guide import StyleGuideManager
    from flake8.utils import normalize_path, parse_files_to_codes_mapping

    options = Namespace(
        select=list(choice.select) if choice.select is not None else None, extend_select=None,
        ignore=None, extend_ignore=[*choice.ignore, *configuration.ignore],
        extended_default_select=[OWN], extended_default_ignore=[],
        per_file_ignores="", disable_noqa=configuration.disable_noqa,
    )  # fmt: skip
    try:
        mapping = parse_files_to_codes_mapping(configuration.per_file)
    except ExecutionError:
        raise UsageError(
            f"per-file-ignores of flake8 in {configuration.directory} is not a mapping from files to codes"
        ) from None
    manager = StyleGuideManager(options, _Silent())
    for pattern, codes in mapping:  # relative to the file that names them, from wherever the command is run
        path = normalize_path(pattern, configuration.directory)
        manager.style_guides.append(manager.default_style_guide.copy(path, codes))
    return manager


def _with_noqa(path: str, overlay: Mapping[str, bytes]) -> bytes:
    """What a file holds, if a comment in it may suppress a finding of this plugin; flake8 would read every token."""
    try:
        content = overlay[path] if path in overlay else read_file(path)[0]
    except OSError:
        return b""
    mentions = content.lower().count(b"noqa")
    return content if mentions and mentions > len(OF_OTHERS.findall(content)) else b""


def _processor(path: str, content: bytes, configuration: Configuration) -> FileProcessor:
    """flake8's reader of a file (``FileProcessor.read_lines_from_filename``)."""
    from flake8.processor import FileProcessor

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        lines = io.TextIOWrapper(io.BytesIO(content), encoding, line_buffering=True).readlines()
    except (SyntaxError, UnicodeError):
        lines = io.TextIOWrapper(io.BytesIO(content), "latin-1").readlines()
    return FileProcessor(path, Namespace(disable_noqa=configuration.disable_noqa, **UNUSED), lines)


def read_configuration(project: str) -> Configuration:
    """The configuration that flake8 would read: the nearest from here upwards, inside the checkout.

    :raises UsageError: if there is one that cannot be read.
    """
    top, here = checkout(project), os.getcwd()
    directory = here if os.path.commonpath([top, here]) == top else project
    while True:
        for name in CONFIGURATIONS:
            section = _section(os.path.join(directory, name), top)
            if section is not None:
                return _configuration(section, directory)
        if directory == top:
            return Configuration(top)
        directory = os.path.dirname(directory)


def _section(path: str, top: str) -> dict[str, str] | None:
    """The section of flake8 in a file."""
    if leads_outside(path, top):
        return None
    try:
        content, _ = read_file(path, CONFIGURATION_LIMIT)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if b"flake8" not in content:
        return None
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(content.decode())
    except (UnicodeDecodeError, configparser.ParsingError):  # flake8 ignores it too
        return None
    except configparser.Error as error:
        raise UsageError(f"{path} cannot be used: {error}") from None
    return dict(parser[SECTION]) if parser.has_section(SECTION) else None


def _configuration(section: dict[str, str], directory: str) -> Configuration:
    from flake8.utils import parse_comma_separated_list

    values = {name.replace("_", "-"): value or "" for name, value in section.items()}
    ignored = [
        code for name in ("ignore", "extend-ignore") for code in parse_comma_separated_list(values.get(name, ""))
    ]
    disable = values.get("disable-noqa", "").lower() in ("1", "yes", "true", "on")
    own = tuple(code for code in ignored if code.startswith(OWN))
    return Configuration(directory, own, values.get("per-file-ignores", ""), disable)


def choice_of(select: Sequence[str] | None, ignore: Sequence[str] | None) -> CodeSelection:
    """What options ask for.

    :raises UsageError: if one of them names no code.
    """
    if select is None and ignore is None:
        return CodeSelection()
    from flake8_forksafe.rules import RULES

    codes = [rule.code for rule in RULES]
    return CodeSelection(_codes(select, "select", codes), _codes(ignore, "ignore", codes) or ())


def _codes(values: Sequence[str] | None, option: str, codes: Sequence[str]) -> tuple[str, ...] | None:
    """Codes or beginnings of codes, from lists with commas or spaces."""
    if values is None:
        return None
    prefixes = tuple(part for value in values for part in value.upper().replace(",", " ").split())
    wrong = next((prefix for prefix in prefixes or ("",) if not any(c.startswith(prefix or "?") for c in codes)), None)
    if wrong is not None:
        raise UsageError(f"the option {option} takes codes such as FS101 or FS11, not {shown(wrong)}")
    return prefixes
