"""Builtin functions and methods have models, and unknown ones are opaque."""

from __future__ import annotations

import builtins
from pathlib import Path

from programs import assert_like_python, names_of, walk_program

from flake8_forksafe.interpreter import strings
from flake8_forksafe.library.builtin import MODELS


def test_every_method_that_is_computed_is_one_of_str_or_bytes() -> None:
    assert all(hasattr(str, name) or hasattr(bytes, name) for name in strings.METHODS)
    assert all(f"builtins.str.{name}" in MODELS.functions for name in strings.METHODS)


def test_only_builtins_are_modelled_here() -> None:
    names = {path.split(".")[1].removesuffix("()") for path in MODELS.functions if path.startswith("builtins.")}
    assert {name for name in names if not hasattr(builtins, name)} == {"generator", "iterator", "view"}


def test_constants(tmp_path: Path) -> None:
    assert_like_python(tmp_path, "A = __debug__\nB = None, True, False\n")


def test_a_builtin_without_a_model_is_opaque(tmp_path: Path) -> None:
    assert repr(names_of(walk_program(tmp_path, "A = memoryview(b'')\n"))["A"]) == "<builtins.memoryview()>"
