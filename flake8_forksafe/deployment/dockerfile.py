"""Interprets Dockerfiles: what each stage runs, its environment, and which files of the repository it holds."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from flake8_forksafe.deployment.dockerfile_syntax import (
    Instruction,
    assignments,
    exec_form,
    read_instructions,
    split_words,
    unquote_word,
)
from flake8_forksafe.deployment.files import Files, FileSystemView, Text
from flake8_forksafe.deployment.model import Place, Start, Word

NO_WORDS: Mapping[str, Word] = MappingProxyType({})


class Run(NamedTuple):
    """``CMD`` or ``ENTRYPOINT``.

    :ivar is_shell: whether it is in shell form.  Arguments cannot be appended to that.
    """

    argv: tuple[Word, ...]
    place: Place
    is_shell: bool


class Image(NamedTuple):
    """A stage, with what it has from the stages it is built on.

    :ivar base: the index of the stage it is built on, None for an image from elsewhere.
    :ivar runs: whether the stage itself has ``CMD`` or ``ENTRYPOINT``.
    :ivar context: the directory that it is built from.
    """

    name: str
    base: int | None
    environ: Mapping[str, Word] = NO_WORDS
    directory: str = "/"
    entrypoint: Run | None = None
    command: Run | None = None
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    mounts: tuple[tuple[str, str], ...] = ()
    written: Mapping[str, Text] = MappingProxyType({})
    runs: bool = False
    context: str = ""

    def view(self, files: Files) -> FileSystemView:
        """The file system that its processes see."""
        return FileSystemView(files, self.mounts, self.written, True, self.context)

    def argv(self) -> tuple[Word, ...]:
        """The command that it runs by default."""
        entry = self.entrypoint.argv if self.entrypoint is not None else ()
        if self.entrypoint is not None and self.entrypoint.is_shell:
            return entry
        return entry + (self.command.argv if self.command is not None else ())

    def place(self) -> Place | None:
        """Where it says what it runs."""
        run = self.command or self.entrypoint
        return run.place if run is not None else None


MOST_INSTRUCTIONS = 2_000
"""Instructions of one Dockerfile that are followed: each makes a copy of what the stage is so far."""


def read_images(
    text: str, path: str, context: str, files: Files, arguments: Mapping[str, Word] = NO_WORDS
) -> list[Image]:
    """The stages of a Dockerfile; none, and a trouble, if it holds too much.

    :param context: the directory that is sent to the builder.
    :param arguments: ``--build-arg`` values.
    """
    instructions = read_instructions(text, path)
    if len(instructions) > MOST_INSTRUCTIONS:
        files.report(path, instructions[MOST_INSTRUCTIONS].place.line, "it holds more than a deployment file can hold")
        return []
    builder = _Builder(context, files, arguments)
    for instruction in instructions:
        builder.add(instruction)
    return builder.images


def choose_image(images: list[Image], target: str | None) -> Image | None:
    """The stage of that name or number, the last one by default."""
    if target is None:
        return images[-1] if images else None
    for number, image in enumerate(images):
        if target.lower() == image.name.lower() or target == str(number):
            return image
    return None


def image_starts(text: str, path: str, files: Files) -> Iterator[tuple[Start, FileSystemView]]:
    """The default commands of a Dockerfile's images: of the last stage, and of named stages that no other stage is
    built on.
    """
    images = read_images(text, path, guess_context(text, path, files), files)
    bases = {image.base for image in images}
    for number, image in enumerate(images):
        place = image.place()
        if place is not None and (number == len(images) - 1 or (image.runs and image.name and number not in bases)):
            name = image.name if len(images) > 1 else ""
            start = Start("dockerfile", name, image.argv(), image.environ, image.directory, place)
            yield start, image.view(files)


def guess_context(text: str, path: str, files: Files) -> str:
    """The likely build context: the nearest directory above the Dockerfile that holds everything it copies."""
    sources = []
    for instruction in read_instructions(text, path):
        if instruction.name in ("COPY", "ADD") and "from" not in instruction.flags and not instruction.documents:
            words = exec_form(instruction) or split_words(instruction, lambda name: None)
            sources += [word.text for word in words[:-1] if not word.unknown and "://" not in word.text]
    directory = os.path.dirname(path)
    while directory.startswith(files.project):
        if all(_sources(source, directory, files) for source in sources):
            return directory
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    return files.project


def _sources(pattern: str, context: str, files: Files) -> list[str]:
    """The files and directories that a source of ``COPY`` means."""
    path = os.path.normpath(os.path.join(context, pattern.lstrip("/")))
    directory, name = os.path.split(path)
    if any(character in name for character in "*?["):
        return [os.path.join(directory, one) for one in sorted(files.disk.listing(directory)) if fnmatchcase(one, name)]
    return [path] if files.disk.is_file(path) or files.disk.is_directory(path) else []


class _Builder:
    """Applies instructions one after the other."""

    def __init__(self, context: str, files: Files, arguments: Mapping[str, Word]) -> None:
        self.context = context
        self.files = files
        self.given = arguments
        self.images: list[Image] = []
        self.global_arguments: dict[str, Word] = {}
        self.arguments: dict[str, Word] = {}

    def add(self, instruction: Instruction) -> None:
        if instruction.name == "FROM":
            self._from(instruction)
        elif instruction.name == "ARG":
            self._arg(instruction)
        elif self.images and instruction.name in STEPS:
            self.images[-1] = STEPS[instruction.name](self, self.images[-1], instruction)

    def lookup(self, name: str) -> Word | None:
        """A variable as instructions see it: ``ENV`` goes over ``ARG``."""
        environ = self.images[-1].environ if self.images else NO_WORDS
        return environ.get(name) or self.arguments.get(name)

    def _arg(self, instruction: Instruction) -> None:
        for word in split_words(instruction, self.lookup if self.images else self.global_arguments.get):
            name, equals, default = word.text.partition("=")
            value = self.given.get(name) or (word._replace(text=default) if equals else None)
            if not self.images:
                if value is not None:
                    self.global_arguments[name] = value
            elif (value := value or self.global_arguments.get(name)) is not None:
                self.arguments[name] = value

    def _from(self, instruction: Instruction) -> None:
        words = [word.text for word in split_words(instruction, self.global_arguments.get)]
        name = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
        base = next(
            (number for number, image in enumerate(self.images) if words and image.name.lower() == words[0].lower()),
            None,
        )
        self.arguments = {}
        if base is None:
            self.images.append(Image(name, None, context=self.context))
        else:
            self.images.append(self.images[base]._replace(name=name, base=base, runs=False))

    def env(self, image: Image, instruction: Instruction) -> Image:
        return image._replace(environ={**image.environ, **assignments(instruction, self.lookup)})

    def workdir(self, image: Image, instruction: Instruction) -> Image:
        word = unquote_word(Word(instruction.text.strip(), instruction.place), self.lookup)
        return image._replace(directory=posixpath.normpath(posixpath.join(image.directory, word.text)))

    def set_shell(self, image: Image, instruction: Instruction) -> Image:
        words = exec_form(instruction)
        return image._replace(shell=tuple(word.text for word in words)) if words else image

    def command(self, image: Image, instruction: Instruction) -> Image:
        return image._replace(command=self._run(image, instruction), runs=True)

    def entrypoint(self, image: Image, instruction: Instruction) -> Image:
        """``ENTRYPOINT``, which resets a ``CMD`` that comes from the base image."""
        return image._replace(
            entrypoint=self._run(image, instruction), command=image.command if image.runs else None, runs=True
        )

    def _run(self, image: Image, instruction: Instruction) -> Run:
        argv = exec_form(instruction)
        if argv is not None:
            return Run(argv, instruction.place, False)
        script = Word(instruction.text.strip(" \t"), instruction.place)
        shell = tuple(Word(word, instruction.place) for word in image.shell)
        return Run((*shell, script), instruction.place, True)

    def copy(self, image: Image, instruction: Instruction) -> Image:
        """``COPY`` and ``ADD``."""
        words = [word.text for word in exec_form(instruction) or split_words(instruction, self.lookup)]
        if len(words) < 2 or any("\0" in word for word in words):
            return image
        target = posixpath.normpath(posixpath.join(image.directory, words[-1]))
        into_directory = words[-1].endswith(("/", ".")) or len(words) > 2
        mounts, written = list(image.mounts), dict(image.written)
        for source in words[:-1]:
            name = source[2:].lstrip("-").strip("\"'") if source.startswith("<<") else None
            if name is not None and name in instruction.documents:
                written[posixpath.join(target, name) if into_directory else target] = instruction.documents[name]
            elif "from" in instruction.flags:
                mounts += self._from_stage(instruction.flags["from"], source, target, into_directory)
            elif "://" not in source:
                for path in _sources(source, self.context, self.files):
                    is_file = self.files.disk.is_file(path)
                    inside = posixpath.join(target, os.path.basename(path)) if is_file and into_directory else target
                    mounts.append((inside, path))
        return image._replace(mounts=tuple(mounts), written=written)

    def _from_stage(self, stage: str, source: str, target: str, into_directory: bool) -> list[tuple[str, str]]:
        """What ``COPY --from=stage`` brings of the repository."""
        image = choose_image(self.images[:-1], stage)
        if image is None:
            return []
        path = posixpath.normpath(posixpath.join("/", source))
        found = []
        for outside in image.view(self.files).paths(path)[:1]:
            is_file = self.files.disk.is_file(outside)
            found.append((posixpath.join(target, posixpath.basename(path)) if is_file and into_directory else target,
                          outside))  # fmt: skip
        below = path.rstrip("/") + "/"
        return found + [
            (posixpath.join(target, inside[len(below) :]), outside)
            for inside, outside in image.mounts if inside.startswith(below)
        ]  # fmt: skip


STEPS = {
    "ENV": _Builder.env,
    "WORKDIR": _Builder.workdir,
    "SHELL": _Builder.set_shell,
    "CMD": _Builder.command,
    "ENTRYPOINT": _Builder.entrypoint,
    "COPY": _Builder.copy,
    "ADD": _Builder.copy,
}
