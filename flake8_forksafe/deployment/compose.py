"""Compose files: the services of a project and what their containers run.

"Compose Specification": https://github.com/compose-spec/compose-spec (``05-services.md``, ``12-interpolation.md``,
``13-merge.md``), as docker compose 2 implements it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from flake8_forksafe.deployment.dockerfile import Image, choose_image, read_images
from flake8_forksafe.deployment.files import Files, FileSystemView, read_variables
from flake8_forksafe.deployment.model import Limit, Start, Unusable, Word
from flake8_forksafe.deployment.process_managers import split_command
from flake8_forksafe.deployment.sizes import docker_mebibytes
from flake8_forksafe.deployment.substitution import substitute
from flake8_forksafe.deployment.yaml_tree import (
    Node,
    YamlMapping,
    YamlScalar,
    YamlSequence,
    place_words,
    read_documents,
    text_of,
)

DEFAULT_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""The default files.  Compose reads the first that exists, and the one with ``.override`` beside it."""

DEEPEST = 12
BY_NAME = frozenset({"environment", "labels", "args"})
"""Attributes that may be written as ``NAME=value`` lists, and are merged by name."""

REPLACED = frozenset({"command", "entrypoint"})


def compose_starts(document: YamlMapping, path: str, files: Files) -> Iterator[tuple[Start, FileSystemView]]:
    """What the services of a compose file run."""
    project = _Project(path, files)
    overlaid = project.beneath(path)
    services = document.get("services")
    if not isinstance(services, YamlMapping):
        return
    base = overlaid.get("services") if overlaid is not None else None
    names = list(services.entries)
    if isinstance(base, YamlMapping) and _is_override(path):
        names = list(dict.fromkeys([*base.entries, *names]))
    project.images = _built_images([services, base])
    for name in names:
        own = services.entries.get(name)
        below = base.entries.get(name) if isinstance(base, YamlMapping) else None
        service = own if own is not None else below
        if isinstance(own, YamlMapping) and below is not None and (_is_override(path) or _is_partial(own)):
            service = merge(below, own)
        if isinstance(service, YamlMapping):
            yield from project.start(name, service)


MOST_VARIABLES = 200_000
"""Variables that the services of one file may take out of files, each counted for each service."""


def _is_override(path: str) -> bool:
    """Whether compose puts it over the default file by itself."""
    return ".override." in os.path.basename(path)


def _is_partial(service: YamlMapping) -> bool:
    """Whether a file is only an override: a service without ``image`` and ``build`` needs another file."""
    return not {"image", "build", "extends"} & service.entries.keys()


def _built_images(tables: list[Node | None]) -> dict[str, YamlMapping]:
    """Services that build an image, by the name that they give it: another service may just use it."""
    built = {}
    for table in tables:
        for service in table.entries.values() if isinstance(table, YamlMapping) else ():
            image = text_of(service.get("image")) if isinstance(service, YamlMapping) else None
            if isinstance(service, YamlMapping) and image and "build" in service.entries:
                built[image] = service
    return built


def merge(base: Node, override: Node, name: str = "", depth: int = 0) -> Node:
    """``override`` over ``base``, as for ``extends`` and for several files."""
    if override.tag == "!override" or depth > DEEPEST:
        return override
    if name in BY_NAME:
        base, override = _as_table(base), _as_table(override)
    if isinstance(base, YamlMapping) and isinstance(override, YamlMapping):
        entries, keys = dict(base.entries), dict(base.keys)
        for key, value in override.entries.items():
            if value.tag == "!reset":
                entries.pop(key, None)
            else:
                entries[key] = merge(entries[key], value, key, depth + 1) if key in entries else value
                keys[key] = override.keys[key]
        return YamlMapping(entries, keys, override.place)
    if isinstance(base, YamlSequence) and isinstance(override, YamlSequence) and name not in REPLACED:
        return YamlSequence(base.items + override.items, override.place)
    return override


def _as_table(node: Node) -> Node:
    """``- NAME=value`` as ``NAME: value``."""
    if not isinstance(node, YamlSequence):
        return node
    entries: dict[str, Node] = {}
    keys = {}
    for item in node.items:
        if isinstance(item, YamlScalar) and item.text is not None:
            name, equals, value = item.text.partition("=")
            entries[name] = item._replace(text=value if equals else None)
            keys[name] = item.place
    return YamlMapping(entries, keys, node.place)


class _Project:
    """One compose file with what it refers to.

    :ivar variables: the values that interpolation knows: those of ``.env`` beside the file.
    """

    def __init__(self, path: str, files: Files) -> None:
        self.path = path
        self.files = files
        self.images: Mapping[str, YamlMapping] = {}
        self.taken = 0
        """Variables that were taken out of files for services."""
        self._env_files: dict[str, dict[str, Word]] = {}
        beside = os.path.join(os.path.dirname(path), ".env")
        self.variables = read_variables(files.text(beside) or "", beside) if files.disk.is_file(beside) else {}

    def beneath(self, path: str) -> YamlMapping | None:
        """The default compose file that this one overrides."""
        for name in DEFAULT_NAMES:
            default = os.path.join(os.path.dirname(path), name)
            if default != path and self.files.disk.is_file(default):
                return self._load(default)
        return None

    def _load(self, path: str) -> YamlMapping | None:
        text = self.files.text(path)
        try:
            documents = read_documents(text, path) if text is not None else []
        except Unusable as error:
            self.files.report(path, error.line, error.reason)
            return None
        return documents[0] if documents and isinstance(documents[0], YamlMapping) else None

    def start(self, name: str, service: YamlMapping) -> Iterator[tuple[Start, FileSystemView]]:
        """What one service runs."""
        service = self._extended(service, ())
        image = self._image(service)
        place = service.keys.get("command") or service.keys.get("entrypoint")
        try:
            argv = self._argv(service, image)
        except Unusable as error:
            self.files.report(service.place.path, error.line, error.reason)
            return
        if not argv:
            return
        directory = self._text(service.get("working_dir")) or (image.directory if image is not None else "/")
        mounts = (*(image.mounts if image is not None else ()), *self._volumes(service, directory))
        written, home = (image.written, image.context) if image is not None else ({}, "")
        environ = {**(image.environ if image is not None else {}), **self._environ(service)}
        place = place or service.keys.get("build") or service.place
        yield (
            Start("compose", name, argv, environ, directory, place, self._memory(service)),
            FileSystemView(self.files, mounts, written, True, home),
        )

    def _extended(self, service: YamlMapping, seen: tuple[tuple[str, str], ...]) -> YamlMapping:
        """A service with what it takes over from another one by ``extends``."""
        extends = service.get("extends")
        if extends is None:
            return service
        name = text_of(extends) or (text_of(extends.get("service")) if isinstance(extends, YamlMapping) else None) or ""
        file = self._text(extends.get("file")) if isinstance(extends, YamlMapping) else None
        path = os.path.normpath(os.path.join(os.path.dirname(extends.place.path), file)) if file else extends.place.path
        own = YamlMapping(
            {key: value for key, value in service.entries.items() if key != "extends"}, service.keys, service.place
        )
        if (path, name) in seen or len(seen) > DEEPEST:
            self.files.report(extends.place.path, extends.place.line, f"{name!r} extends itself")
            return own
        document = self._load(path) if self.files.disk.is_file(path) else None
        other = document.get("services", name) if document is not None else None
        if not isinstance(other, YamlMapping):
            self.files.report(extends.place.path, extends.place.line, f"{name!r}, which is extended, does not exist")
            return own
        if path != extends.place.path:
            self.files.templates.add((path, name))
        merged = merge(self._extended(other, (*seen, (path, name))), own)
        return merged if isinstance(merged, YamlMapping) else own

    def word(self, node: Node | None) -> Word | None:
        """A scalar with its variables replaced."""
        if not isinstance(node, YamlScalar) or node.text is None:
            return None
        return substitute(Word(node.text, node.place), self.variables.get)

    def _text(self, node: Node | None) -> str | None:
        word = self.word(node)
        return word.text if word is not None else None

    def _image(self, service: YamlMapping) -> Image | None:
        """The image that the service's Dockerfile makes, or that of a service that makes an image of that name."""
        build = service.get("build")
        if build is None:
            other = self.images.get(text_of(service.get("image")) or "")
            build = other.get("build") if other is not None else None
        if build is None:
            return None
        context_node = build.get("context") if isinstance(build, YamlMapping) else build
        context_text = self._text(context_node) or "."
        if "://" in context_text or context_text.startswith("git@"):
            return None
        table = build if isinstance(build, YamlMapping) else YamlMapping({}, {}, build.place)
        context = os.path.normpath(os.path.join(os.path.dirname(build.place.path), context_text))
        arguments = _by_name(self, table.get("args"))
        target = self._text(table.get("target"))
        inline = table.get("dockerfile_inline")
        if isinstance(inline, YamlScalar) and inline.text is not None:
            images = read_images(inline.text, inline.place.path, context, self.files, arguments)
            return choose_image(images, target)
        path = os.path.normpath(os.path.join(context, self._text(table.get("dockerfile")) or "Dockerfile"))
        text = self.files.text(path) if self.files.disk.is_file(path) else None
        if text is None:
            return Image("", None, context=context)
        return choose_image(read_images(text, path, context, self.files, arguments), target)

    def _argv(self, service: YamlMapping, image: Image | None) -> tuple[Word, ...]:
        """``entrypoint`` and ``command``, by default those of the image.  An entrypoint resets the image's command."""
        entrypoint, command = self._words(service.get("entrypoint")), self._words(service.get("command"))
        if image is None or (entrypoint is not None and command is not None):
            return (entrypoint or ()) + (command or ())
        if entrypoint is not None:
            return entrypoint
        if command is None:
            return image.argv()
        return image._replace(command=None).argv() + command

    def _words(self, node: Node | None) -> tuple[Word, ...] | None:
        """A command as a list or as text, which is split without a shell."""
        if isinstance(node, YamlSequence):
            return tuple(word for item in node.items if (word := self.word(item)) is not None)
        word = self.word(node)
        if word is None or not isinstance(node, YamlScalar):
            return None
        words = [one._replace(unknown=_unknown_in(one.text, word)) for one in split_command(word.text, node.place)]
        text = self.files.text(node.place.path) or ""
        return tuple(place_words(words, node, text.split("\n")))

    def _environ(self, service: YamlMapping) -> dict[str, Word]:
        """``env_file`` and ``environment``."""
        environ: dict[str, Word] = {}
        node = service.get("env_file")
        paths: dict[str, None] = {}
        for item in node.items if isinstance(node, YamlSequence) else [node]:
            named = item.get("path") if isinstance(item, YamlMapping) else item
            name = self._text(named)
            if name is None or named is None:
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(named.place.path), name))
            paths.pop(path, None)  # the last one counts
            paths[path] = None
        for path in paths:
            values = self._env_file(path)
            self.taken += len(values)
            if self.taken > MOST_VARIABLES:
                self.files.report(
                    self.path, 1, f"its services take more than {MOST_VARIABLES:,} variables out of files"
                )
                break
            environ |= values
        return {**environ, **_by_name(self, service.get("environment"))}

    def _env_file(self, path: str) -> dict[str, Word]:
        """The variables of a file that ``env_file`` names; it is read once."""
        found = self._env_files.get(path)
        if found is None:
            is_there = self.files.disk.is_file(path)
            values = read_variables(self.files.text(path) or "", path) if is_there else {}
            known = {**self.variables, **values}
            found = {key: substitute(value, known.get) for key, value in values.items()}
            self._env_files[path] = found
        return found

    def _memory(self, service: YamlMapping) -> Limit | None:
        """``deploy.resources.limits.memory``, or ``mem_limit``."""
        node = service.get("deploy", "resources", "limits", "memory") or service.get("mem_limit")
        word = self.word(node)
        if word is None:
            return None
        amount = docker_mebibytes(word.text)
        if amount == 0:  # Docker's way to say that there is no limit
            return None
        if amount is None and not word.unknown:
            self.files.report(word.place.path, word.place.line, f"{word.text!r} is not an amount of memory")
        return Limit(amount, word.place, word.unknown)

    def _volumes(self, service: YamlMapping, directory: str) -> Iterator[tuple[str, str]]:
        """Directories and files of the repository that are mounted into the container."""
        node = service.get("volumes")
        for item in node.items if isinstance(node, YamlSequence) else ():
            if isinstance(item, YamlMapping):
                source, target = self._text(item.get("source")), self._text(item.get("target"))
            else:
                source, _, rest = (self._text(item) or "").partition(":")
                target = rest.partition(":")[0]
            if source and target and source.startswith(".") and "$" not in source:
                yield (
                    target.rstrip("/") or "/",
                    os.path.normpath(os.path.join(os.path.dirname(item.place.path), source)),
                )


def _by_name(project: _Project, node: Node | None) -> dict[str, Word]:
    """``NAME: value`` or ``- NAME=value``; a name alone takes its value from where compose is run."""
    table = _as_table(node) if node is not None else None
    found: dict[str, Word] = {}
    for name, value in table.entries.items() if isinstance(table, YamlMapping) else ():
        word = project.word(value)
        found[name] = word or project.variables.get(name) or Word(f"${{{name}}}", value.place, (name,))
    return found


def _unknown_in(text: str, word: Word) -> tuple[str, ...]:
    return tuple(name for name in word.unknown if f"${name}" in text or f"${{{name}" in text)
