"""Capabilities of the terminal: colours, hyperlinks, width.

Colours follow https://no-color.org and https://force-color.org; hyperlinks are the escape sequence OSC 8, which
terminals that do not know it pass over.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TextIO

from flake8_forksafe.printable import printable

MINIMUM_WIDTH = 40
WITHOUT_SEQUENCES = ("dumb", "unknown")
"""Values of ``TERM`` of terminals that show escape sequences instead of obeying them."""
WITHOUT_LINKS = ("linux",)
"""The console of Linux, which has no pointer and shows parts of the sequence."""
STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}


class Terminal(NamedTuple):
    """What may be written to a stream.

    :ivar width: columns, or None where lines are not to be broken.
    """

    colours: bool = False
    links: bool = False
    width: int | None = None

    def paint(self, text: str, *styles: str) -> str:
        """Text in the colours and weights of :data:`STYLES`."""
        if not self.colours or not text:
            return text
        return f"\033[{';'.join(str(STYLES[style]) for style in styles)}m{text}\033[0m"

    def link(self, text: str, address: str) -> str:
        """Text that leads to an address."""
        return f"\033]8;;{address}\033\\{text}\033]8;;\033\\" if self.links else text

    def path(self, text: str, path: str) -> str:
        """Text that leads to a file."""
        if not self.links or not os.path.isabs(path):
            return text
        from pathlib import Path

        return self.link(text, Path(path).as_uri())

    def wrap(self, text: str, indent: int) -> list[str]:
        """Text in lines that fit beside an indentation; it is not part of them."""
        if self.width is None:
            return [text]
        import textwrap

        room = max(self.width, MINIMUM_WIDTH) - indent
        return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]

    def fits(self, text: str) -> bool:
        """Whether a line need not be broken."""
        return self.width is None or len(text) <= max(self.width, MINIMUM_WIDTH)


PLAIN = Terminal()


def terminal(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """What may be written to a stream: all on a terminal, plain text to a file or pipe."""
    width = None
    is_terminal = stream.isatty()
    if is_terminal:
        import shutil

        width = shutil.get_terminal_size().columns
    term = environ.get("TERM", "")
    obeys = is_terminal and term not in WITHOUT_SEQUENCES and (os.name != "nt" or "WT_SESSION" in environ)
    colours = not environ.get("NO_COLOR") and (obeys or bool(environ.get("FORCE_COLOR")))
    links = colours and obeys and term not in WITHOUT_LINKS
    return Terminal(colours, links, width)


def write_lines(lines: Iterable[str]) -> None:
    """Write lines that hold no sequences of ours to standard output, without whatever else they hold."""
    for line in lines:
        print(printable(line))


def write_document(document: str) -> None:
    """Write a document for a machine to standard output: in UTF-8, whatever the locale."""
    data = (document + "\n").encode("utf-8", "backslashreplace")
    stream = getattr(sys.stdout, "buffer", None)
    sys.stdout.flush()
    if stream is None:  # something that only takes text stands in for standard output
        sys.stdout.write(data.decode())
    else:
        stream.write(data)
        stream.flush()
