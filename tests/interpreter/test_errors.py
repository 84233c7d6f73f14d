"""Which handler catches which exception, against CPython."""

from __future__ import annotations

import builtins

import pytest

from flake8_forksafe.interpreter.containers import Items
from flake8_forksafe.interpreter.errors import MODULE_NOT_FOUND, SOME_ERROR, Errors, matches
from flake8_forksafe.interpreter.frames import Raised
from flake8_forksafe.interpreter.values import UNKNOWN, Doubt, External, Item

NAMES = ("KeyError", "LookupError", "IndexError", "ImportError", "ModuleNotFoundError", "OSError", "ValueError",
         "UnicodeDecodeError", "Exception", "BaseException", "ArithmeticError", "ZeroDivisionError")  # fmt: skip


def kind(name: str) -> External:
    return External(f"builtins.{name}")


@pytest.mark.parametrize("error", NAMES)
def test_builtin_exceptions_are_caught_as_in_python(error: str) -> None:
    real = {name: issubclass(getattr(builtins, error), getattr(builtins, name)) for name in NAMES}
    real |= {"Exception": True, "BaseException": True}
    assert {name: matches(External(f"builtins.{error}()"), kind(name)) for name in NAMES} == real


def test_one_of_several() -> None:
    handlers = Items("tuple", [Item(kind("KeyError")), Item(kind("IndexError"))], Doubt())
    assert matches(External("builtins.IndexError()"), handlers) is True
    assert matches(External("builtins.TypeError()"), handlers) is False
    handlers.complete = False
    assert matches(External("builtins.TypeError()"), handlers) is None


def test_what_a_library_raises_may_be_anything_but_a_failed_import() -> None:
    assert matches(SOME_ERROR, kind("ValueError")) is None
    assert matches(SOME_ERROR, kind("ImportError")) is False
    assert matches(SOME_ERROR, None) is True
    assert matches(External("library.Error()"), External("library.Base")) is None
    assert matches(External("builtins.KeyError()"), External("library.Error")) is False


def test_an_error_that_nothing_catches_is_a_gap_in_what_is_known() -> None:
    errors = Errors()
    assert errors.fail("KeyError") is UNKNOWN
    errors.catchers.append([kind("LookupError")])
    with pytest.raises(Raised):
        errors.fail("KeyError")
    assert errors.fail("TypeError") is UNKNOWN


def test_a_possible_error_is_noted_once_and_only_where_something_catches() -> None:
    errors = Errors()
    errors.may_fail(MODULE_NOT_FOUND)
    assert errors.possible == []
    errors.catchers.append([None])
    errors.may_fail(MODULE_NOT_FOUND)
    errors.may_fail(MODULE_NOT_FOUND)
    assert errors.possible == [MODULE_NOT_FOUND]
