"""Whether a value is true."""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.values import Choice, Class, Coroutine, External, Instance, Literal, Unknown, Value

MEMBERS = "__members__"
"""The name of a class under which its members are known, if it is an enumeration."""
BARE = frozenset({"builtins.object", "typing.Generic", "typing.Protocol", "abc.ABC", "enum.Enum"})
"""Library classes that give their subclasses no attributes of interest."""


def truth(value: Value) -> bool | None:
    """Whether a value is true; None if that is not known."""
    if isinstance(value, Literal):
        return bool(value.value)
    if isinstance(value, Items):
        return (
            True if any(item.sure for item in value.items) else (None if value.items or not value.complete else False)
        )
    if isinstance(value, Table):
        entries = value.entries.values()
        return True if any(item.sure for item in entries) else (None if entries or not value.complete else False)
    if isinstance(value, Choice):
        answers = {truth(option) for option in value.options}
        return answers.pop() if len(answers) == 1 else None
    if isinstance(value, Unknown):
        return value.holds
    if isinstance(value, Instance):
        return True if _is_always_true(value.cls) else None
    if isinstance(value, External):
        return True if is_builtin(value) or is_definition(value) else None
    return None if isinstance(value, Coroutine) else True


def is_builtin(value: Value) -> bool:
    """Whether a value is a builtin function or class itself, not what a call of one returned, or a part of that."""
    return isinstance(value, External) and value.path.startswith("builtins.") and "()" not in value.path


def is_definition(value: Value) -> bool:
    """Whether a value is a library's top-level module, or is called like a class of one: it is true, and not None.

    ``import ray`` either fails or binds a module, so ``if ray is not None`` behind it asks whether it failed.
    """
    if not isinstance(value, External) or value.receiver is not None or value.path.endswith("()"):
        return False
    _, dot, last = value.path.rpartition(".")
    return not dot or (last[:1].isupper() and not last.isupper())


def _is_always_true(cls: Class) -> bool:
    """Whether an object of a class has neither ``__bool__`` nor ``__len__``."""
    return all(
        not {"__bool__", "__len__"} & base.names.keys() if isinstance(base, Class) else base.path in BARE
        for base in cls.mro()
    ) and not any(isinstance(base, Unknown) for base in cls.bases)
