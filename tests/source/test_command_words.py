"""Commands as words."""

from __future__ import annotations

import shlex

import pytest

from flake8_forksafe.source.command_words import LONGEST_COMMAND, split_like_shlex


@pytest.mark.parametrize("text", ["", "a b", "a 'b c' \"d\"", r"a\ b", "a#b c", "a\nb", "9" * LONGEST_COMMAND])
def test_words_are_those_of_shlex(text: str) -> None:
    assert split_like_shlex(text) == shlex.split(text)


@pytest.mark.parametrize("text", ["'a", "a " + "9" * LONGEST_COMMAND])
def test_what_cannot_be_split(text: str) -> None:
    with pytest.raises(ValueError, match=r"No closing quotation|longer than 131072 characters"):
        split_like_shlex(text)
