"""The typed table of libraries."""

from __future__ import annotations

import inspect

import pytest

from flake8_forksafe.interpreter.machine import NO_LIBRARY, Library, Machine, merged
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value
from flake8_forksafe.interpreter.walk import Walk


def model(machine: Machine, function: External, arguments: Arguments, frame: object) -> Value:
    return UNKNOWN


def test_a_misspelt_table_is_an_error() -> None:
    with pytest.raises(TypeError, match="funktions"):
        Library(funktions={"library.f": model})  # type: ignore[call-arg]


def test_libraries_are_merged() -> None:
    one = Library(functions={"one.f": model}, suppressors=frozenset({"one.quiet()"}))
    two = Library(functions={"two.f": model}, aliases={"two.g": "two.f"}, suppressors=frozenset({"two.quiet()"}))
    found = merged((one, two))
    assert found.functions == {"one.f": model, "two.f": model}
    assert found.aliases == {"two.g": "two.f"}
    assert found.suppressors == {"one.quiet()", "two.quiet()"}
    assert merged(()) == NO_LIBRARY


def test_two_models_of_one_function_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"functions of one\.f"):
        merged((Library(functions={"one.f": model}), Library(functions={"one.f": model})))


def test_the_walk_has_every_part_and_operation_of_the_machine() -> None:
    operations = {name for name, value in vars(Machine).items() if inspect.isfunction(value) and name[0] != "_"}
    assert operations == {name for name in vars(Walk) if name[0] != "_"} - {"release"}
    for name in operations:
        assert inspect.signature(getattr(Machine, name)) == inspect.signature(getattr(Walk, name)), name
