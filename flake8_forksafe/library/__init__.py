"""What the walk knows of code it does not execute: builtins, the standard library, Celery, Django and others.

A library's function is known by its dotted path (see :class:`~flake8_forksafe.interpreter.values.External`).  A model
is called instead of it.  Whatever has no model is opaque: it returns something unknown and calls nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from flake8_forksafe.interpreter.values import Arguments, Class, External, Value
from flake8_forksafe.library import builtin, celery, configuration, django, frameworks, pyramid, standard

if TYPE_CHECKING:
    from flake8_forksafe.interpreter.frames import Frame
    from flake8_forksafe.interpreter.machine import Machine

Model = Callable[["Machine", External, Arguments, "Frame"], Value]

_MODULES: tuple[Any, ...] = (builtin, standard, celery, django, configuration, frameworks, pyramid)


class Library(NamedTuple):
    """All models, by dotted path.

    :ivar aliases: other paths of the same thing.
    :ivar values: things that have a known value.
    :ivar attributes: how attributes of a thing are looked up; None falls back to a longer path.
    :ivar items: how ``thing[index]`` is looked up.
    :ivar setters: what ``thing.name = value`` does besides.
    :ivar item_setters: what ``thing[index] = value`` does.
    :ivar functions: models of functions and methods.
    :ivar class_hooks: what creating a subclass of a library's class does.
    """

    aliases: dict[str, str]
    values: dict[str, Callable[[Machine], Value]]
    attributes: dict[str, Callable[[Machine, Any, str, Frame], Value | None]]
    items: dict[str, Callable[[Machine, External, Value, Frame], Value]]
    setters: dict[str, Callable[[Machine, External, str, Value, Frame], None]]
    item_setters: dict[str, Callable[[Machine, External, Value, Value], None]]
    functions: dict[str, Model]
    class_hooks: dict[str, Callable[[Machine, Class, Frame], None]]


def _merged(table: str) -> dict[str, Any]:
    """One table of all model modules."""
    return {path: entry for module in _MODULES for path, entry in getattr(module, table, {}).items()}


LIBRARY = Library(*(_merged(field.upper()) for field in Library._fields))
