"""Finds every way in which a repository starts a Celery worker, or another host.

Files are chosen by their names.  If none of them mentions Celery or another host, none is parsed, and no parser is
imported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_forksafe.deployment.files import LARGEST, SHEBANG, Files, FileSystemView, decode
from flake8_forksafe.deployment.gunicorn_command import DEFAULT_CONFIG
from flake8_forksafe.deployment.model import (
    PYTHON,
    VALUES,
    Launches,
    Place,
    Start,
    Trouble,
    Unusable,
    WorkerLaunch,
    without_ending,
)
from flake8_forksafe.deployment.process_formats import PROCESS_FORMATS, ProcessFormat
from flake8_forksafe.deployment.programs import as_program, find_starters
from flake8_forksafe.deployment.script_tables import workflow_starts
from flake8_forksafe.examples import EXAMPLE_DIRECTORIES
from flake8_forksafe.host_names import CELERY, HOST_WORDS
from flake8_forksafe.project.disk import Disk

__all__ = ["Launches", "Trouble", "WorkerLaunch", "find_launches"]


def mention_of(words: Iterable[str]) -> re.Pattern[bytes]:
    """What a file holds that names Celery, or one of some programs."""
    return re.compile("|".join(["elery", "CELERY", *map(re.escape, words)]).encode())


MENTION = mention_of(HOST_WORDS)
COMPOSE = re.compile(rb"^[\"']?services[\"']?[ \t]*:[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]+[^\s#-]", re.MULTILINE)
MANIFEST = re.compile(rb"^[\"']?(?:kind|items)[\"']?[ \t]*:", re.MULTILINE)
WORKLOAD = re.compile(rb"\bcontainers[\"']?[ \t]*:|^kind[ \t]*:[ \t]*ConfigMap\b", re.MULTILINE)
SCRIPT_HEAD = 128
GUNICORN = "gunicorn"
RUNNERS = re.compile("|".join(word for word in HOST_WORDS if word != GUNICORN).encode())
"""Hosts whose parent always executes something of the project."""
PRELOADS = re.compile(rb"--preload|GUNICORN_CMD_ARGS|(?:-c|--config)\b")


HIDDEN = (".devcontainer", ".vscode", os.path.join(".github", "workflows"))
"""Hidden directories whose files start something: for those who develop the project, and for its tests."""
JOBS = re.compile(rb"^jobs[ \t]*:", re.MULTILINE)


class Candidate(NamedTuple):
    """A file that may start workers.

    :ivar mentions: whether it mentions a host itself; one that does not may run one that does.
    """

    path: str
    kind: str
    mentions: bool


def find_launches(disk: Disk, project: str) -> Launches:
    """The ways in which the repository starts Celery workers, and the deployment files that could not be read.

    What a compose file, a manifest, a Dockerfile or a process manager starts through another file is a launch of the
    former.  Files below directories such as ``tests`` and ``examples`` count only if no other file starts a worker.

    :param project: absolute path of its top directory.
    """
    files = Files(disk, project)
    candidates = list(_candidates(files))
    files.starters = find_starters(files)
    if not any(candidate.mentions for candidate in candidates) and not files.starters.files:
        return Launches((), ())
    found: dict[WorkerLaunch, None] = {}
    commands: set[tuple[str, str, int]] = set()
    for rank in RANKS:
        launches = [launch for launch in rank(candidates, files) if _command(launch) not in commands]
        found |= dict.fromkeys(launches)
        commands |= {_command(launch) for launch in launches}
    workers, others = (
        [launch for launch in found if launch.host == CELERY],
        [one for one in found if one.host != CELERY],
    )
    central = [launch for launch in workers if not _is_example(launch.path, project)]
    ordered = sorted(central or workers, key=_place)
    troubles = [
        trouble
        for trouble in sorted(files.troubles.values())
        if not _is_example(trouble.path, project) or (workers and not central)
    ]
    clean = tuple(one for one in files.clean if not _is_example(one.path, project))
    kept = [launch for launch in others if not _is_example(launch.path, project)] or others
    return Launches(tuple(ordered), tuple(troubles), tuple(files.bystanders), tuple(sorted(kept, key=_place)), clean)


def _place(launch: WorkerLaunch) -> tuple[str, int]:
    return launch.path, launch.line


def _command(launch: WorkerLaunch) -> tuple[str, str, int]:
    """What is started, and where its command is written."""
    return launch.host, launch.command_path, launch.command_line


def _is_example(path: str, project: str) -> bool:
    directory = os.path.dirname(os.path.relpath(path, project))
    return directory in HIDDEN or any(part in EXAMPLE_DIRECTORIES for part in directory.split(os.sep))


def _candidates(files: Files) -> Iterator[Candidate]:
    """The files whose name and beginning say that they may start something."""
    for directory, names in _directories(files):
        for name in names:
            kind = _kind(name)
            if kind is None:
                continue
            path = os.path.join(directory, name)
            if kind == "program":
                if not SHEBANG.match(files.read(path, SCRIPT_HEAD) or b""):
                    continue
                kind = "script"
            content = files.read(path, LARGEST + 1)
            if content is None:
                if path in files.unread:
                    files.report(path, 1, files.unread[path])
                continue
            mentions = MENTION.search(content) is not None or (len(content) > LARGEST and files.mentions(path, MENTION))
            kind = _kind_inside(kind, name, content, mentions)
            if kind is not None:
                yield Candidate(path, kind, mentions)


def _directories(files: Files) -> Iterator[tuple[str, list[str]]]:
    """The directories that deployment files lie in, with the names of their files."""
    for directory, _, names in files.disk.tree(files.project):
        yield directory, names
    for hidden in HIDDEN:
        directory = os.path.join(files.project, hidden)
        if files.disk.is_directory(directory):
            listing = files.disk.listing(directory)
            yield directory, sorted(name for name in listing if listing[name] == "f")


def _may_fork(files: Files, content: bytes) -> bool:
    """Whether a file that mentions a host may start one whose parent executes something of the project: gunicorn's does
    if it preloads, or has a configuration file.
    """
    if PRELOADS.search(content) or RUNNERS.search(content):
        return True
    return any(DEFAULT_CONFIG in names for _, _, names in files.disk.tree(files.project))


def forks_something(disk: Disk, project: str, paths: Iterable[str]) -> bool:
    """Whether one of some files may start a host besides Celery whose parent executes something of the project."""
    files = Files(disk, project)
    return any(content is not None and _may_fork(files, content) for content in map(files.read, paths))


def _kind_inside(kind: str, name: str, content: bytes, mentions: bool) -> str | None:
    """The format that a file really has; None if it cannot start a worker."""
    if not mentions and not _is_readable(content):
        return None
    if kind == "values":
        return kind if mentions else None
    if kind == "process":
        return next((one.kind for one in PROCESS_FORMATS if _is_of(one, name, content)), None)
    if kind != "yaml":
        return kind
    if COMPOSE.search(content) or "compose" in name:
        return "compose"
    if JOBS.search(content):
        return "workflow"
    return "manifest" if MANIFEST.search(content) and WORKLOAD.search(content) else None


def _is_of(form: ProcessFormat, name: str, content: bytes) -> bool:
    return bool(form.is_named(without_ending(name))) and (form.mark is None or form.mark.search(content) is not None)


def _is_readable(content: bytes) -> bool:
    try:
        decode(content)
    except Unusable:
        return False
    return len(content) <= LARGEST


def _kind(name: str) -> str | None:
    """The format that a file's name promises, or that of what a template becomes."""
    name = without_ending(name)
    stem, extension = os.path.splitext(name)
    if name.startswith("."):
        return None
    if any(form.is_named(name) for form in PROCESS_FORMATS):
        return "process"
    if name == VALUES:
        return "values"
    if extension in (".yml", ".yaml"):
        return "yaml"
    if extension in (".sh", ".bash"):
        return "script"
    if stem in ("Dockerfile", "Containerfile") or extension.lower() == ".dockerfile" or name.startswith("Dockerfile."):
        return None if extension == ".dockerignore" else "dockerfile"
    return "program" if not extension else None


def _text(files: Files, path: str) -> str | None:
    """A file's text, or what a template becomes; None if it cannot be read."""
    if without_ending(path) == path:
        return files.text(path)
    from flake8_forksafe.deployment.rendering import rendered_text

    return rendered_text(files, path)


def _yaml_launches(candidates: Iterable[Candidate], files: Files) -> Iterator[WorkerLaunch]:
    """What compose files and manifests start."""
    chosen = [candidate for candidate in candidates if candidate.kind in ("compose", "manifest")]
    if not chosen:
        return
    from flake8_forksafe.deployment.built_images import BuiltImages
    from flake8_forksafe.deployment.commands import launches_of
    from flake8_forksafe.deployment.compose import compose_starts
    from flake8_forksafe.deployment.kubernetes import config_maps, is_manifest, kubernetes_starts
    from flake8_forksafe.deployment.rendering import rendered_documents
    from flake8_forksafe.deployment.yaml_tree import Node, YamlMapping

    manifests: list[Node] = []
    services: list[tuple[str, Start, FileSystemView]] = []
    for candidate in chosen:
        try:
            documents = rendered_documents(files, candidate.path)
        except Unusable as error:
            if candidate.mentions:
                files.report(candidate.path, error.line, error.reason)
            continue
        manifests += [document for document in documents if is_manifest(document)]
        for document in documents:
            if isinstance(document, YamlMapping) and not is_manifest(document):
                services += [(candidate.path, *found) for found in compose_starts(document, candidate.path, files)]
    for path, start, view in services:
        if (path, start.name) not in files.templates:
            yield from launches_of(start, view)
    images = BuiltImages((one.path for one in candidates if one.kind == "dockerfile"), files)
    for start, view in kubernetes_starts(manifests, config_maps(manifests), files, images):
        yield from launches_of(start, view)


def _image_launches(candidates: Iterable[Candidate], files: Files) -> Iterator[WorkerLaunch]:
    """What Dockerfiles start by themselves."""
    for candidate in candidates:
        text = _text(files, candidate.path) if candidate.kind == "dockerfile" else None
        if text is not None:
            from flake8_forksafe.deployment.commands import launches_of
            from flake8_forksafe.deployment.dockerfile import image_starts

            for start, view in image_starts(text, candidate.path, files):
                yield from launches_of(start, view)


def _process_launches(candidates: Iterable[Candidate], files: Files) -> Iterator[WorkerLaunch]:
    """What Procfiles, units and supervisor's programs start."""
    return _formatted_launches([one for one in candidates if one.kind != "uwsgi"], files)


def _configured_launches(candidates: Iterable[Candidate], files: Files) -> Iterator[WorkerLaunch]:
    """What configurations of uWSGI start that nothing else is seen to name."""
    for candidate in candidates:
        if candidate.kind == "uwsgi" and candidate.path not in files.started:
            yield from _formatted_launches([candidate], files)


def _formatted_launches(candidates: Iterable[Candidate], files: Files) -> Iterator[WorkerLaunch]:
    """What files of process managers start."""
    formats = {form.kind: form.starts for form in PROCESS_FORMATS} | {"workflow": workflow_starts}
    for candidate in candidates:
        text = _text(files, candidate.path) if candidate.kind in formats else None
        if text is not None:
            from flake8_forksafe.deployment.commands import launches_of

            for start in formats[candidate.kind](text, candidate.path, files):
                yield from launches_of(start, FileSystemView(files))


def _script_launches(candidates: Iterable[Candidate], files: Files) -> Iterator[WorkerLaunch]:
    """What shell scripts start that are not run by anything else; a script that runs another one goes first."""
    scripts = [candidate for candidate in candidates if candidate.kind == "script"]
    names = [*(os.path.basename(candidate.path) for candidate in scripts if candidate.mentions), *files.starters.words]
    own: list[WorkerLaunch] = []
    outer: list[WorkerLaunch] = []
    for candidate in scripts:
        text = _text(files, candidate.path)
        if text is None or not (candidate.mentions or any(name in text for name in names)):
            continue
        from flake8_forksafe.deployment.commands import launches_of_script

        start = Start("shell", "", (), {}, files.project, Place(candidate.path, 1))
        for launch in launches_of_script(start, text, FileSystemView(files)):
            (own if launch.command_path == candidate.path else outer).append(launch)
    reached = {_command(launch) for launch in outer}
    yield from outer
    yield from (launch for launch in own if _command(launch) not in reached)


def _program_launches(candidates: Iterable[Candidate], files: Files) -> Iterator[WorkerLaunch]:
    """Python programs that may start a worker, and that nothing is seen to run."""
    for path in files.starters.files:
        if path in files.started:
            continue
        if path in files.starters.spawned:
            from flake8_forksafe.deployment.commands import launches_of_program

            yield from launches_of_program(path, FileSystemView(files))
        program = as_program(path, files)
        directory = files.project if program.command or program.entry else os.path.dirname(path)
        launch = WorkerLaunch(None, program.argv, path, 1, directory, PYTHON, program=program, command_path=path)
        for host in files.starters.hosts.get(path, ()):
            yield launch._replace(host=host)


RANKS = (
    _yaml_launches,
    _image_launches,
    _process_launches,
    _script_launches,
    _configured_launches,
    _program_launches,
)
"""What starts something, the outermost first: what one of them starts through a file of another is its own."""
