"""What a search of the project for Celery found."""

from __future__ import annotations

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
    """

    spec: str
    path: str
    line: int
    root: str


class Mention(NamedTuple):
    """A source file that mentions Celery.

    :ivar line: of the first import of Celery, 0 if it imports nothing of it.
    :ivar tasks: whether it defines tasks, and does not lie aside (in tests, examples and the like).
    """

    path: str
    creates: bool
    line: int
    tasks: bool = False


class Search(NamedTuple):
    """What a search of the tree for Celery found."""

    mentions: tuple[Mention, ...]
    apps: tuple[AppFound, ...]
