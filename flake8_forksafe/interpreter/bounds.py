"""Limits on the size of values: the analysed program may build very large lists.

A single sequence holds at most :data:`~flake8_forksafe.interpreter.values.ITEM_LIMIT` elements and a string at most
:data:`~flake8_forksafe.interpreter.strings.TEXT_LIMIT` characters.  Many large ones are bounded by the steps they cost
(:func:`weight`), and whatever looks at nested values looks at :func:`small ones <is_small>` only, since nested values
may share parts: ``x = [x, x]`` thirty times over has a billion elements.
"""

from __future__ import annotations

from collections.abc import Collection

from flake8_forksafe.interpreter.containers import ITEM_LIMIT, Items, Table
from flake8_forksafe.interpreter.values import Item, Literal, Value

FREE = 1_000
"""Elements of a value beyond which each costs a step, for its memory; characters that cost none."""
CHARACTERS_PER_STEP = 16
ELEMENTS_PER_STEP = 8
"""Elements that are looked at, or copied without making anything, for the time of a step."""
PATH_LIMIT = 12
"""Attributes and calls in one external path; deeper, nothing is known about a library's object."""


def is_long(path: str) -> bool:
    """Whether the path of something of a library has more than ``PATH_LIMIT`` attributes and calls."""
    return path.count(".") + path.count("(") > PATH_LIMIT


def is_small(value: Value) -> bool:
    """Whether a value has at most ``ITEM_LIMIT`` elements, nested ones counted each time they are met."""
    return isinstance(value, Literal) or _nested(value) <= ITEM_LIMIT


def looking_at(value: Value) -> int:
    """The steps that looking at a value and the values in it costs."""
    return 0 if isinstance(value, Literal) else _nested(value) // ELEMENTS_PER_STEP


def _nested(value: Value) -> int:
    """The elements of a value and of the values in it, counted up to ``ITEM_LIMIT``, and one more."""
    count = 0
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Items):
            held: Collection[Item] = top.items
        elif isinstance(top, Table):
            held = top.entries.values()
        else:
            continue
        count += len(held)
        if count > ITEM_LIMIT:
            return ITEM_LIMIT + 1
        stack += [inner for inner, _ in held if isinstance(inner, (Items, Table))]
    return count


def weight(value: Value) -> int:
    """The steps that computing a value costs."""
    if isinstance(value, Items):
        return share(len(value.items))
    if isinstance(value, Literal) and isinstance(value.value, (str, bytes)):
        size = len(value.value)
        return size // CHARACTERS_PER_STEP if size > FREE else 0
    if isinstance(value, Table):
        return share(len(value.entries))
    return 0


def share(size: int) -> int:
    """The steps that a copy of so many elements costs."""
    return size if size > FREE else size // ELEMENTS_PER_STEP
