"""The inputs of an outcome: each question that the analysis asked about a file or directory, with its answer.

The outcome is valid as long as each question has the same answer.  An unchanged stamp saves asking it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from flake8_forksafe.digest import digest
from flake8_forksafe.file_reading import read_file
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.questions import ABOUT_FACTS, CONTENT, UNREAD, Answer, Question, Recall, answer_of
from flake8_forksafe.project.stamps import Stamp, is_settled, stamp_at

Answers = Mapping[Question, Answer]
Plain = dict[str, Any]


def gathered(disk: Disk, facts: Mapping[str, Answers], seen: Mapping[str, tuple[Stamp, str]], looked_ns: int) -> Plain:
    """What an analysis depended on, as plain data; files with the same answers stand together.

    :param facts: what was asked about the facts of files.
    :param seen: the stamps of those files, and digests of their contents, which save asking as well.
    :param looked_ns: when the first look was taken, or earlier.
    """
    groups: dict[str, tuple[list[Any], dict[str, tuple[Stamp | None, str]]]] = {}
    for path in {**disk.answers, **facts}:
        asked = {**disk.answers.get(path, {}), **facts.get(path, {})}
        known = [[*question, answer] for question, answer in sorted(asked.items(), key=_in_order)]
        stamp, content = seen.get(path, (None, ""))
        groups.setdefault(repr(known), (known, {}))[1][path] = (disk.stamps.get(path) or stamp, content)
    directories = []
    for path in disk.directories():
        names = disk.names_asked(path)
        stamp = None if disk.links(path) else disk.stamps.get(path)
        directories.append([path, names, stamp, listing_digest(disk, path, names)])
    files = list(groups.values())
    return {"looked_ns": looked_ns, "opened": disk.opened(), "files": files, "directories": directories}


def _in_order(asked: tuple[Question, Answer]) -> tuple[bool, str]:
    """Facts of a module stand before those of function bodies, which are only looked at if the former are the same."""
    return asked[0][0] == "body", repr(asked)


def listing_digest(disk: Disk, directory: str, names: Sequence[str] | None) -> str:
    """A digest of what some names in a directory stand for, links followed to where they lead; of all if None.

    Python's own byte code does not count, which comes and goes.
    """
    listing = disk.listing(directory) if names is None else {}
    kinds = {name: disk.kind(os.path.join(directory, name)) for name in names} if names is not None else listing
    links = disk.links(directory)
    entries = [
        (name, kind, os.path.realpath(os.path.join(directory, name)) if name in links else "")
        for name, kind in sorted(kinds.items())
        if name != "__pycache__"
    ]
    return digest(repr((entries, disk.why_unread(directory))).encode("utf-8", "surrogateescape"))


def asked_again(evidence: Plain, disk: Disk, now_ns: int) -> Plain | None:
    """The evidence, if every question has the same answer now; with new stamps where those save asking next time.

    :param disk: one that has not looked at anything yet.
    :param now_ns: a time before that.
    """
    looked_ns = int(evidence["looked_ns"])
    for directory in evidence["opened"]:
        disk.allow(directory)
    stale = [
        (paths, path, known)
        for known, paths in evidence["files"]
        for path, (stamp, _) in paths.items()
        if path in disk.overlay or not _is_unchanged(path, stamp, looked_ns)
    ]
    for directory, names, stamp, known in evidence["directories"]:
        if not _is_unchanged(directory, stamp, looked_ns) and listing_digest(disk, directory, names) != known:
            return None
    if not all(_answers_stay(path, paths[path][1], known, disk) for paths, path, known in stale):
        return None
    fresh = [(paths, path) for paths, path, _ in stale if path in disk.stamps and is_settled(disk.stamps[path], now_ns)]
    for paths, path in fresh:
        content = paths[path][1] and digest(disk.content(path))
        paths[path] = (disk.stamps[path], content)
    return {**evidence, "looked_ns": now_ns} if fresh else evidence


def recall_from(evidence: Plain) -> Recall:
    """What the inputs of an outcome tell of files that are unchanged since."""
    looked_ns = int(evidence["looked_ns"])
    groups = [{tuple(question): answer for *question, answer in known} for known, _ in evidence["files"]]
    known_of = {
        path: (stamp, group)
        for (_, paths), group in zip(evidence["files"], groups, strict=True)
        for path, (stamp, _) in paths.items()
    }

    def recall(path: str, stamp: Stamp) -> Mapping[Question, Answer]:
        known, answers = known_of.get(path, (None, {}))
        return answers if known == [*stamp] and is_settled(stamp, looked_ns) else {}

    return recall


def _is_unchanged(path: str, known: list[int] | None, looked_ns: int) -> bool:
    stamp = stamp_at(path) if known is not None else None
    return stamp is not None and known == [*stamp] and is_settled(stamp, looked_ns)


def _answers_stay(path: str, before: str, known: list[Any], disk: Disk) -> bool:
    """Whether each question about a file has the same answer now."""
    try:
        content = disk.content(path)
    except OSError:
        return known == [[*CONTENT, UNREAD]]
    if before and digest(content) == before:
        return True
    plain = [line for line in known if line[0] not in ABOUT_FACTS]
    if any(answer_of(content, tuple(question)) != answer for *question, answer in plain):
        return False
    if len(plain) == len(known) or (path in disk.overlay and _reads_as_saved(path, before, content, known)):
        return True
    from flake8_forksafe.incremental.fact_store import answers_about_facts

    return answers_about_facts(content, known) == [line for line in known if line[0] in ABOUT_FACTS]


def _reads_as_saved(path: str, before: str, content: bytes, known: list[Any]) -> bool:
    """Whether a buffer has the same statements at the same places as the file, which is still what was analysed.

    Facts are made of these and nothing else, so they are the same too, and libcst need not be imported.
    """
    from flake8_forksafe.source.scanner import same_statements
    from flake8_forksafe.source.text import Unreadable, decode

    try:
        saved, _ = read_file(path)
        bodies = [(first, last) for kind, *place in known if kind == "body" for first, last, _ in (place,)]
        return digest(saved) == before and same_statements(decode(saved), decode(content), bodies)
    except (OSError, Unreadable):
        return False
