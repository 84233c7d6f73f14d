"""The result of a search of the project for Celery apps."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


def split_spec(spec: str) -> tuple[str, str]:
    """The module and the attribute of what is given to ``celery -A``; ``""`` for an attribute that is not named.

    The last colon parts them (kombu 5.6, ``kombu.utils.imports.symbol_by_name``).
    """
    module, colon, attribute = spec.rpartition(":")
    return (module, attribute) if colon else (spec, "")


class AppFound(NamedTuple):
    """A Celery app in the source.

    :ivar spec: what to give to ``celery -A``: ``module:attribute``.
    :ivar root: the source root its module is imported from.
    :ivar started: file and line of the launch that names it, where the source does not show an app there.
    :ivar host: the name of the host that runs it (:data:`flake8_forksafe.hosts.table.HOSTS`).
    :ivar made: file and name of where it is made, if that is another module.
    """

    spec: str
    path: str
    line: int
    root: str
    started: str = ""
    host: str = "Celery"
    made: tuple[str, str] | None = None


class LeftOut(NamedTuple):
    """An app that is not followed.

    :ivar path: absolute path of what names it; ``line`` in it.
    :ivar why: the end of a sentence that begins with its name.
    """

    spec: str
    path: str
    line: int
    why: str


class Mention(NamedTuple):
    """A source file that mentions Celery.

    :ivar line: of the first import of Celery, 0 if it imports nothing of it.
    :ivar tasks: whether it defines tasks, and is not in tests, examples or the like.
    :ivar sends: whether it sends tasks by their names, likewise.
    """

    path: str
    creates: bool
    line: int
    tasks: bool = False
    sends: bool = False


class Foreign(NamedTuple):
    """A name that an app has by convention, imported from a package that is not the project's."""

    path: str
    line: int
    name: str
    source: str


class Search(NamedTuple):
    """What a search of the tree for Celery found.

    :ivar other_names: finds what else a worker may be started with.
    :ivar in_examples: apps in tests, examples and the like, which are left out.
    :ivar foreign: imports of what may be an app that an installed package makes.
    """

    mentions: tuple[Mention, ...]
    apps: tuple[AppFound, ...]
    other_names: Callable[[], tuple[AppFound, ...]] = tuple
    foreign: tuple[Foreign, ...] = ()
    in_examples: tuple[AppFound, ...] = ()
