"""What the arguments of ``forksafe`` mean: files, projects and settings."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from flake8_forksafe.options import UsageError
from flake8_forksafe.settings import (
    OPTIONS,
    Settings,
    asked_for,
    inner_settings,
    make_settings,
    nearest_project,
    project_directory,
    projects_of,
)

if TYPE_CHECKING:
    from flake8_forksafe.incremental.projects import MakeSettings


def settings_from(options: argparse.Namespace, start: str) -> Settings:
    """Settings for the project around ``start``.

    :raises UsageError: if it is not a directory, or an option cannot be used.
    """
    if not os.path.isdir(start):
        raise UsageError(f"{start!r} is not a directory")
    given = given_options(options)
    named = any(given[option.key] is not None for option in OPTIONS if option.is_relative)
    return make_settings(nearest_project(start) if named else project_directory(start), given)


def given_options(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line has, None for others.

    :raises UsageError: if two of them contradict each other.
    """
    if options.no_cache:
        refuse_together(options, "no_cache", {"cache_dir": "--cache-dir"})
    return {option.key: getattr(options, option.key, None) for option in OPTIONS}


def settings_of_all(options: argparse.Namespace, paths: list[str]) -> tuple[list[Settings], MakeSettings | None]:
    """Settings of the projects that some paths lie in, and what makes those of projects inside them.

    :raises UsageError: if an option cannot be used.
    """
    given = given_options(options)
    named = any(given[option.key] is not None for option in OPTIONS if option.is_relative)
    if named:
        chosen = [settings_from(options, common_directory(paths))]
    else:
        chosen = [make_settings(project, given) for project in projects_of(paths)]
    chosen = [settings._replace(asked=asked_for(settings.project, paths)) for settings in chosen]
    by_name = any(given[option.key] is not None for option in OPTIONS if option.names_project)
    return chosen, None if by_name else partial(inner_settings, outer=chosen[0], given=given)


def buffer_of(options: argparse.Namespace) -> dict[str, bytes]:
    """The text that standard input has of a file, by its absolute path.

    :raises UsageError: if it cannot be read.
    """
    if options.stdin_filename is None:
        return {}
    try:
        return {os.path.abspath(options.stdin_filename): sys.stdin.buffer.read()}
    except (OSError, AttributeError) as error:  # standard input may be closed
        raise UsageError(
            f"standard input cannot be read: {getattr(error, 'strerror', None) or 'it is closed'}"
        ) from None


def existing(paths: Sequence[str]) -> list[str]:
    """Absolute paths.

    :raises UsageError: for one that does not exist.
    """
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"there is no {os.path.relpath(path)!r}")
    return [os.path.abspath(path) for path in paths]


def common_directory(paths: list[str]) -> str:
    """The directory that holds all paths; the current one if there are none."""
    start = os.path.commonpath(paths) if paths else os.getcwd()
    return start if os.path.isdir(start) else os.path.dirname(start)


def refuse_together(options: argparse.Namespace, first: str, others: Mapping[str, str]) -> None:
    """Refuse options that would have no effect.

    :param others: attributes of ``options``, with what each is called.
    :raises UsageError: if one of them was given.
    """
    for attribute, name in others.items():
        if getattr(options, attribute):
            raise UsageError(f"--{first.replace('_', '-')} and {name} cannot be used together")


def place_of(text: str | None) -> tuple[list[str], int]:
    """The absolute path of ``PATH`` or ``PATH:LINE``, and the line; 0 for all of them.

    :raises UsageError: if it does not exist.
    """
    if text is None:
        return [], 0
    path, colon, line = text.rpartition(":")
    if colon and line.isascii() and line.isdigit() and len(line) < 10:
        return existing([path]), int(line)
    return existing([text]), 0
