"""The flake8 plugin: declares the options, starts a session, and yields its findings.

This module is imported in every flake8 run, so it imports nothing heavy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from flake8_forksafe import __version__
from flake8_forksafe.internal_errors import describe
from flake8_forksafe.options import UsageError
from flake8_forksafe.session import Session, start_directory, start_is_here
from flake8_forksafe.settings import (
    OPTIONS,
    asked_for,
    inner_settings,
    make_settings,
    nearest_project,
    projects_of,
)

if TYPE_CHECKING:
    import argparse

    from flake8.options.manager import OptionManager


class ForkSafePlugin:
    """The flake8 plugin.  ``parse_options`` analyses the project; ``run`` looks up the findings of a file."""

    name = "flake8-forksafe"
    version = __version__
    session: ClassVar[Session] = Session()

    def __init__(self, tree: object, filename: str) -> None:
        self.filename = filename

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Declare ``--forksafe-*``."""
        for option in OPTIONS:
            if option.is_table:
                continue
            common: dict[str, Any] = {
                "parse_from_config": True,
                "default": None,
                "help": f"{option.help} (Default: {option.default})",
            }
            if option.is_flag:
                manager.add_option(f"--forksafe-{option.name}", action="store_true", **common)
            else:
                manager.add_option(f"--forksafe-{option.name}", metavar=option.metavar, **common)

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Begin a run."""
        from flake8.exceptions import ExecutionError

        filenames = list(options.filenames) or ["."]
        display = options.stdin_display_name
        is_stdin = filenames == ["-"]
        buffer_path = display if is_stdin and display != "stdin" else None
        start = start_directory([buffer_path] if buffer_path else [] if is_stdin else filenames)
        given = {option.key: getattr(options, f"forksafe_{option.key}", None) for option in OPTIONS}
        named = any(given[option.key] is not None for option in OPTIONS if option.is_relative)
        paths = [os.path.abspath(path) for path in ([buffer_path] if buffer_path else [] if is_stdin else filenames)]
        projects = [nearest_project(os.getcwd())] if named and start_is_here(start) else projects_of(paths)
        try:
            made = [make_settings(project, given, by_user=False) for project in projects]
            first, *others = (one._replace(asked=asked_for(one.project, paths)) for one in made)
            overlay = {os.path.abspath(buffer_path): _stdin()} if buffer_path else {}
            by_name = any(given[option.key] is not None for option in OPTIONS if option.names_project)
            inner = None if by_name else partial(inner_settings, outer=first, given=given, by_user=False)
            cls.session.start(first, overlay, others, inner)
        except UsageError as error:
            raise ExecutionError(f"flake8-forksafe: {describe(error)}") from None
        except Exception as error:  # flake8 goes on with its other plugins
            cls.session.fail(projects[0], error)

    def run(self) -> Iterator[tuple[int, int, str, type[ForkSafePlugin]]]:
        """The findings of this file."""
        for line, column, text in self.session.findings.get(os.path.realpath(self.filename), ()):
            yield line, column, text, type(self)


def _stdin() -> bytes:
    """The unsaved buffer on standard input.  flake8 caches what it reads, so both get the same text."""
    from flake8.utils import stdin_get_value

    text: str = stdin_get_value()
    return text.encode()
