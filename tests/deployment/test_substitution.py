"""Variables in compose files, Dockerfiles and units."""

from __future__ import annotations

import pytest

from flake8_forksafe.deployment.model import Place, Word
from flake8_forksafe.deployment.substitution import substitute

VARIABLES = {
    "A": Word("1"),
    "EMPTY": Word(""),
    "LONG": Word("two words"),
    "SECRET": Word("${SECRET}", unknown=("SECRET",)),
}

CASES = {
    "x$A-${A}y": ("x1-1y", ()),
    "${NO:-4}": ("4", ()),
    "${NO-4}": ("4", ()),
    "${EMPTY:-4}${EMPTY-5}": ("4", ()),
    "${NO:-${ALSO:-{x}}}": ("{x}", ()),
    "${NO:-$A}": ("1", ()),
    "${A:+yes}${NO:+no}${EMPTY+set}": ("yesset", ()),
    "${A:?needed}": ("1", ()),
    "${NO:?needed}": ("${NO:?needed}", ("NO",)),
    "$NO ${NO}": ("$NO ${NO}", ("NO",)),
    "$SECRET": ("${SECRET}", ("SECRET",)),
    "$$A $${A}": ("$A ${A}", ()),
    "$": ("$", ()),
    "${": ("${", ()),
    "${1}": ("${1}", ()),
    "$(A)": ("$(A)", ()),
    "100$": ("100$", ()),
    "$LONG": ("two words", ()),
}


@pytest.mark.parametrize("text", CASES)
def test_substitution(text: str) -> None:
    word = substitute(Word(text), VARIABLES.get)
    assert (word.text, word.unknown) == CASES[text]


def test_forms() -> None:
    assert substitute(Word("$A ${A}"), VARIABLES.get, bare=False).text == "$A 1"
    assert substitute(Word("\\$A $$A"), VARIABLES.get, escape="\\").text == "$A $1"


def test_place() -> None:
    """A word that is one variable stands where the variable is set."""
    known = {"A": Word("1", Place("env", 7))}
    assert substitute(Word("$A", Place("compose", 1)), known.get).place == Place("env", 7)
    assert substitute(Word("x$A", Place("compose", 1)), known.get).place == Place("compose", 1)


@pytest.mark.parametrize("text", ["${A:-" * 5000, "${" * 5000, "${A:-" * 3000 + "}" * 3000, "$A" * 50_000])
def test_bounds(text: str) -> None:
    assert len(substitute(Word(text), VARIABLES.get).text) <= len(text)
