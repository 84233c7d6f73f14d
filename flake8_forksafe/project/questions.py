"""Questions about the content of a file, besides its facts.  They are pure functions, so the cache can ask them again.

An answer is plain data.  As long as all answers stay the same, an analysis that asked nothing else stays the same.
Patterns are compiled when they are needed: a run on which nothing changed needs none.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import cache

from flake8_forksafe.digest import digest
from flake8_forksafe.project.stamps import Stamp

Argument = str | int
Answer = str | int | bool | list[int] | list[str]
Question = tuple[Argument, ...]
"""A name in :data:`QUESTIONS`, and its arguments."""

Recall = Callable[[str, Stamp], Mapping[Question, Answer]]
"""What is known of the file at a path, as long as it has some stamp."""

CONTENT: Question = ("content",)
ABOUT_FACTS = ("facts", "body")
"""Questions that whoever makes facts of a file answers himself: about its statements, and about a function body."""
UNREAD = ""
"""The answer to every question about a file that cannot be read."""
CREATION = rb"\bCelery\s*[\[(]"
IMPORT = rb"(?m)^[ \t]*(?:from|import)[ \t]+celery\b"

TASK = rb"(?m)^[ \t]*@([\w.]+\.)?(?:shared_task|periodic_task|task)\b"
"""A decorator that makes a function a task."""
OTHER_TASKS = rb"airflow|django\.tasks|django_tasks|fabric|huey|invoke|locust|prefect|procrastinate"
"""Packages whose decorator ``task`` makes no task of Celery."""
TAKEN_TASK = rb"(?m)^[ \t]*from[ \t]+(?:%b)[\w.]*[ \t]+import\b[^\n#()]*(?:\([^()]{0,500})?\btask\b" % OTHER_TASKS

SPAWNS = (
    rb"\bsubprocess\b|\bos\.(?:system|popen|exec|spawn|posix_spawn)|\bcreate_subprocess_|\.(?:run|sudo|local|spawn)\("
    rb"""|[\[(]\s*["'](?:[\w./-]*/)?(?:celery|python)["']\s*,"""
)
"""What runs a command, or is the words of one."""

ANY_IMPORT = rb"(?m)^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][\w., \t]*))"
LIBRARIES = frozenset({"celery", "kombu", "django", "flask"})
"""What a file that holds a Celery app imports, though a file of the project may have the same name."""
DOTTED = rb"""["']([A-Za-z_]\w*(?:\.\w+)+)["']"""
"""A string that may name a module, as ``include`` does."""


def head(content: bytes, size: int) -> str:
    """A digest of the beginning, and the size of the whole."""
    return head_of(content, size, len(content))


def head_of(content: bytes, size: int, whole: int) -> str:
    """The answer to :func:`head` where only the beginning was read of a file of some size."""
    return f"{digest(content[:size])} {whole}"


def holds(content: bytes, *words: str) -> bool:
    """Whether one of some words occurs."""
    return any(map(content.__contains__, encoded(words)))


@cache
def encoded(words: tuple[str, ...]) -> tuple[bytes, ...]:
    """Words as files hold them; most questions are asked about every file."""
    return tuple(word.encode() for word in words)


def starts(content: bytes, *marks: str) -> list[int]:
    """Whether a Python file may start a worker by a command; and for each host whether it may itself.

    :param marks: for each host a word that the file must hold, in any case, or none, and what stands in it, with blanks
        between them.
    """
    spawns = b"celery" in content and b"worker" in content and re.search(SPAWNS, content) is not None
    return [int(spawns), *_marked(content, marks)]


COMMENT = rb"(?m)^[ \t]*#.*$"


def _marked(content: bytes, marks: tuple[str, ...]) -> list[int]:
    """Whether a text has each of some marks outside of lines that are comments."""
    found = _held(content, marks)
    return _held(re.sub(COMMENT, b"", content), marks) if any(found) and b"#" in content else found


def _held(content: bytes, marks: tuple[str, ...]) -> list[int]:
    found = []
    for mark in marks:
        word, *calls = mark.split(" ")
        is_there = holds(content, *calls) and (not word or re.search(WORD % word.encode(), content) is not None)
        found.append(int(is_there))
    return found


WORD = rb"(?i)(?:\b|_)%b\b"
"""A word, or the end of a name."""


def lines_hold(content: bytes, count: int, *arguments: Argument) -> list[int]:
    """Which of some ranges of lines hold one of some words, by their index.

    :param count: of the words, which come first; then the first and last line of each range, from 1.
    """
    words = [str(word).encode() for word in arguments[:count]]
    numbers = [int(number) for number in arguments[count:]]
    lines = content.splitlines()
    ranges = enumerate(zip(numbers[::2], numbers[1::2], strict=True))
    texts = ((index, b"\n".join(lines[first - 1 : last])) for index, (first, last) in ranges)
    return [index for index, text in texts if any(word in text for word in words)]


def celery(content: bytes) -> list[int]:
    """The line of the first import of Celery, 0 for none; whether an app may be made, tasks are, and some are sent."""
    match = re.search(IMPORT, content)
    line = content.count(b"\n", 0, match.end()) + 1 if match else 0
    return [
        line,
        int(re.search(CREATION, content) is not None),
        int(makes_tasks(content)),
        int(b".send_task(" in content),
    ]


def makes_tasks(content: bytes) -> bool:
    """Whether a text holds a decorator that makes a task of Celery."""
    owners = {owner for owner in re.findall(TASK, content) if not re.match(OTHER_TASKS, owner)}
    return bool(owners - {b""}) or (b"" in owners and re.search(TAKEN_TASK, content) is None)


def imported(content: bytes) -> list[str]:
    """The modules that absolute imports of a source text name, wherever in it they stand, and strings like them."""
    found: set[str] = set()
    for source, plain in re.findall(ANY_IMPORT, content):
        names = [source] if source else [part.split()[0] for part in plain.split(b",") if part.split()]
        found.update(name.decode("ascii", "replace") for name in names)
    found.update(name.decode("ascii", "replace") for name in re.findall(DOTTED, content))
    return sorted(name for name in found if name.partition(".")[0] not in sys.stdlib_module_names | LIBRARIES)


def guessed_imports(content: bytes) -> list[str]:
    """What looks like an import, wherever it stands: see :mod:`flake8_forksafe.source.written_imports`."""
    from flake8_forksafe.source import written_imports as reader

    return reader.guessed_imports(content)


def written_imports(content: bytes) -> list[str]:
    """Every import, in functions too: see :mod:`flake8_forksafe.source.written_imports`."""
    from flake8_forksafe.source import written_imports as reader

    return reader.written_imports(content)


def written_commands(content: bytes) -> list[str]:
    """The commands of Celery that it runs: see :mod:`flake8_forksafe.source.written_commands`."""
    from flake8_forksafe.source import written_commands as reader

    return reader.written_commands(content)


QUESTIONS: Mapping[str, Callable[..., Answer]] = {
    "content": digest, "head": head, "holds": holds, "lines hold": lines_hold, "celery": celery,
    "imported": imported, "starts": starts, "guessed imports": guessed_imports, "written imports": written_imports,
    "written commands": written_commands,
}  # fmt: skip


def recall_nothing(path: str, stamp: Stamp) -> Mapping[Question, Answer]:
    """What is known of a file without an earlier analysis."""
    return {}


def answer_of(content: bytes, question: Question) -> Answer:
    """The answer to a question."""
    return QUESTIONS[str(question[0])](content, *question[1:])


def as_numbers(answer: Answer) -> list[int]:
    """An answer that is a list of numbers."""
    assert isinstance(answer, list)
    return [number for number in answer if isinstance(number, int)]


def as_words(answer: Answer) -> list[str]:
    """An answer that is a list of words."""
    assert isinstance(answer, list)
    return [word for word in answer if isinstance(word, str)]
