"""Colours, hyperlinks and widths."""

from __future__ import annotations

import io
import re

import pytest
from findings import AI, FOUND

from flake8_forksafe.report.terminal import PLAIN, Terminal, printable, terminal
from flake8_forksafe.report.text import render
from flake8_forksafe.rules import Finding

SEQUENCE = re.compile(r"\033\[[\d;]*m|\033\]8;;.*?\033\\")


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("is_terminal", "environ", "colours", "links"),
    [
        pytest.param(True, {"TERM": "xterm-256color"}, True, True, id="terminal"),
        pytest.param(False, {"TERM": "xterm-256color"}, False, False, id="pipe"),
        pytest.param(True, {"TERM": "xterm", "NO_COLOR": "1"}, False, False, id="NO_COLOR"),
        pytest.param(True, {"TERM": "xterm", "NO_COLOR": ""}, True, True, id="empty NO_COLOR"),
        pytest.param(False, {"FORCE_COLOR": "1"}, True, False, id="FORCE_COLOR into a pipe"),
        pytest.param(False, {"FORCE_COLOR": ""}, False, False, id="empty FORCE_COLOR"),
        pytest.param(True, {"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False, id="both"),
        pytest.param(True, {"TERM": "dumb"}, False, False, id="dumb"),
        pytest.param(True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True, False, id="dumb, but forced"),
        pytest.param(True, {"TERM": "linux"}, True, False, id="console of Linux"),
    ],
)
def test_what_a_stream_can_show(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, environ: dict[str, str], colours: bool, links: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setattr("os.name", "posix")
    shown = terminal(FakeTerminal() if is_terminal else io.StringIO(), environ)
    assert shown == Terminal(colours, links, 72 if is_terminal else None)


def test_plain_is_unchanged() -> None:
    assert list(render(FOUND, "/work", PLAIN)) == list(render(FOUND, "/work"))
    assert "\033" not in "".join(render(FOUND, "/work", PLAIN))


def test_colours_and_links_only_decorate() -> None:
    decorated = "\n".join(render(FOUND, "/work", Terminal(colours=True, links=True)))
    assert SEQUENCE.sub("", decorated) == "\n".join(render(FOUND, "/work"))
    assert "\033[1;31mFS101\033[0m" in decorated and "\033[1;33mFS192\033[0m" in decorated
    assert "\033]8;;file:///work/proj/ai.py\033\\" in decorated


@pytest.mark.parametrize("width", [1, 40, 60, 80, 200])
def test_lines_fit(width: int) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    long = [finding._replace(what=words, instead=words) for finding in FOUND]
    lines = list(render(long, "/work", Terminal(True, True, width)))
    assert max(len(SEQUENCE.sub("", line)) for line in lines) <= max(width, 40)
    plain = re.sub(r"\s+", " ", SEQUENCE.sub("", " ".join(lines)))
    assert plain.count(words) == 6


def test_a_hop_that_does_not_fit_takes_two_lines() -> None:
    deep = FOUND[0]._replace(chain=(FOUND[0].chain[1]._replace(node="a" * 30),))
    lines = list(render([deep], "/work", Terminal(width=50)))
    assert "         proj/celery.py:4" in lines
    assert f"           →  {'a' * 30}  (include)" in lines


def test_nothing_can_steer_the_terminal() -> None:
    nasty = Finding(f"{AI}\033]0;owned\a", 1, 0, "FS101", "red \033[31m\nnext \udcff line")
    text = "\n".join(render([nasty], "/work"))
    assert "\033" not in text and "\\x1b]0;owned\\x07" in text and "\\udcff" in text
    assert printable("torch → ä") == "torch → ä"
