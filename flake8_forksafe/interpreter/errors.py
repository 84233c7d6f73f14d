"""Exceptions of the analysed program: possible ones, raised ones, and the handlers that catch them."""

from __future__ import annotations

import builtins

from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.frames import Raised
from flake8_forksafe.interpreter.values import UNKNOWN, Class, External, Instance, Value

SOME_ERROR = External("some library's error")
"""What a call of a library may raise."""
KEY_ERROR, INDEX_ERROR = External("builtins.KeyError()"), External("builtins.IndexError()")
ATTRIBUTE_ERROR, VALUE_ERROR = External("builtins.AttributeError()"), External("builtins.ValueError()")
NAME_ERROR, UNBOUND_LOCAL = External("builtins.NameError()"), External("builtins.UnboundLocalError()")
RUNTIME_ERROR, STOP_ITERATION = External("builtins.RuntimeError()"), External("builtins.StopIteration()")
TYPE_ERROR = External("builtins.TypeError()")
IMPORT_ERROR, MODULE_NOT_FOUND = External("builtins.ImportError()"), External("builtins.ModuleNotFoundError()")
HALTED = External("builtins.ModuleNotFoundError()")
"""The error of importing a module that the program may have put ``None`` for into ``sys.modules``."""

NOT_BOUND = External("builtins.AttributeError()")
"""The error of an attribute that the program only may have set."""

GROUPS = ("builtins.ExceptionGroup", "builtins.BaseExceptionGroup")
IMPORT_ERRORS = ("builtins.ImportError", "builtins.ModuleNotFoundError")
ASSUMED_ABSENT = (MODULE_NOT_FOUND, SOME_ERROR, ATTRIBUTE_ERROR)
"""Errors that add no doubt to what follows: calls of libraries are assumed to succeed."""


class Errors:
    """The handlers around the current statement, and what may have been raised in them.

    :ivar catchers: for each ``try`` around the current statement, the exceptions that its handlers name.
    :ivar possible: exceptions that may have been raised in the innermost of them.
    :ivar raised: how often the program may have raised an exception itself that a handler further out catches.
    :ivar caught: the exception that the current handler handles.
    :ivar swallowed: the exceptions that context managers of libraries may swallow, which they are told.
    """

    __slots__ = ("catchers", "caught", "possible", "raised", "swallowed")

    def __init__(self) -> None:
        self.catchers: list[list[Value | None]] = []
        self.possible: list[Value] = []
        self.raised = 0
        self.caught: Value | None = None
        self.swallowed: dict[External, list[Value | None]] = {}

    def fail(self, name: str) -> Value:
        """Raise a builtin exception in the analysed program, if it catches it; else go on with an unknown value.

        An exception that nothing catches would keep the worker from starting, so it is taken for a gap in what is
        known, not for a fact.
        """
        error = External(f"builtins.{name}()")
        if self.catches(error):
            raise Raised(error)
        return UNKNOWN

    def may_fail(self, error: Value) -> None:
        """Record that the current statement may raise ``error``, so that a handler for it may run."""
        if not self.catchers:
            return
        if error not in self.possible:
            self.possible.append(error)
        if error not in ASSUMED_ABSENT and self.catches(error):
            self.raised += 1  # what follows only may run

    def catches(self, error: Value) -> bool:
        """Whether a handler around the current statement may catch ``error``."""
        return any(matches(error, handler) is not False for handlers in self.catchers for handler in handlers)


def matches(error: Value, kind: Value | None) -> bool | None:
    """Whether ``except kind`` catches ``error``; None if that is not known."""
    if kind is None:
        return True
    if isinstance(kind, Items):
        answers = [matches(error, item.value) for item in kind.items]
        return True if True in answers else (None if None in answers or not kind.complete else False)
    if isinstance(kind, External) and kind.path in ("builtins.Exception", "builtins.BaseException"):
        return True
    if error is SOME_ERROR and isinstance(kind, External) and kind.path in IMPORT_ERRORS:
        return False  # what a library's function raises is no failed import
    if isinstance(error, External):
        return _builtin_matches(error.path.removesuffix("()"), kind)
    cls = error.cls if isinstance(error, Instance) else error
    if not isinstance(cls, Class):
        return None
    if any(
        base is kind or (isinstance(base, External) and _builtin_matches(base.path, kind) is True) for base in cls.mro()
    ):
        return True
    return None if is_group(error) else False


def is_group(error: Value) -> bool:
    """Whether an exception is a group, of which ``except*`` clauses take parts."""
    cls = error.cls if isinstance(error, Instance) else error
    classes = cls.mro() if isinstance(cls, Class) else (cls,)
    return any(isinstance(base, External) and base.path.removesuffix("()") in GROUPS for base in classes)


def _builtin_matches(path: str, kind: Value) -> bool | None:
    """Whether an exception of a library class is caught by ``kind``."""
    if path == SOME_ERROR.path:
        return None
    if not isinstance(kind, External):
        return False if isinstance(kind, Class) else None
    if path == kind.path:
        return True
    error_class = getattr(builtins, path.removeprefix("builtins."), None) if path.startswith("builtins.") else None
    kind_class = getattr(builtins, kind.path.removeprefix("builtins."), None)
    if isinstance(error_class, type):
        if isinstance(kind_class, type) and issubclass(error_class, kind_class):
            return True
        return None if issubclass(error_class, BaseExceptionGroup) else False  # ``except*`` catches what is in it
    return False if kind.path.startswith("builtins.") else None
