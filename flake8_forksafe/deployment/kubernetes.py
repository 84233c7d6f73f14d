"""Kubernetes manifests: the containers of workloads.

Any object with a pod template counts: Deployment, StatefulSet, DaemonSet, Job, CronJob, Pod, and those of extensions.
"Define a Command and Arguments for a Container", "Define Environment Variables for a Container" and "Resource
Management for Pods and Containers" of the Kubernetes documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from flake8_forksafe.deployment.built_images import BuiltImages
from flake8_forksafe.deployment.dockerfile import Image
from flake8_forksafe.deployment.files import Files, FileSystemView
from flake8_forksafe.deployment.model import Limit, Start, Word
from flake8_forksafe.deployment.sizes import kubernetes_mebibytes
from flake8_forksafe.deployment.templates import UNKNOWN_VARIABLE
from flake8_forksafe.deployment.yaml_tree import Node, YamlMapping, YamlSequence, text_of, word_of

REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][\w.-]*)\)")
DEEPEST = 12


def is_manifest(document: Node) -> bool:
    """Whether it is an object of Kubernetes."""
    return isinstance(document, YamlMapping) and "kind" in document.entries and "apiVersion" in document.entries


def config_maps(documents: Iterable[Node]) -> dict[str, YamlMapping]:
    """The data of the ConfigMaps, by name."""
    found = {}
    for document in objects(documents):
        name, data = text_of(document.get("metadata", "name")), document.get("data")
        if text_of(document.get("kind")) == "ConfigMap" and name is not None and isinstance(data, YamlMapping):
            found[name] = data
    return found


def objects(documents: Iterable[Node]) -> Iterator[YamlMapping]:
    """The objects of manifests; a ``List`` holds several."""
    for document in documents:
        items = document.get("items") if isinstance(document, YamlMapping) else None
        if isinstance(items, YamlSequence):
            yield from (item for item in items.items if isinstance(item, YamlMapping))
        elif isinstance(document, YamlMapping):
            yield document


def kubernetes_starts(
    documents: Iterable[Node], maps: Mapping[str, YamlMapping], files: Files, images: BuiltImages
) -> Iterator[tuple[Start, FileSystemView]]:
    """What the containers of manifests run.

    :param images: of the repository, one of which a container may run.
    """
    for document in objects(documents):
        name = text_of(document.get("metadata", "name")) or ""
        for container in _containers(document, 0):
            start = _start(container, name, maps, files)
            if start is not None:
                directory = text_of(container.get("workingDir")) or ""
                image = images.of_container(text_of(container.get("image")) or "", directory)
                if image is None:
                    yield start, FileSystemView(files, (), {}, True)
                else:
                    yield _inside(start, image, "command" in container.entries, directory), image.view(files)


def _inside(start: Start, image: Image, is_whole: bool, directory: str) -> Start:
    """A start in an image, which gives its variables, its ``WORKDIR``, and to arguments alone its ``ENTRYPOINT``."""
    entry = () if is_whole else image._replace(command=None).argv()
    environ = {**image.environ, **start.environ}
    return start._replace(argv=(*entry, *start.argv), environ=environ, directory=directory or image.directory)


def _containers(node: Node, depth: int) -> Iterator[YamlMapping]:
    """The containers of the pod template in an object: in ``spec``, ``template`` and ``jobTemplate``."""
    if not isinstance(node, YamlMapping) or depth > DEEPEST:
        return
    containers = node.get("containers")
    if isinstance(containers, YamlSequence):
        yield from (item for item in containers.items if isinstance(item, YamlMapping))
    for key in ("spec", "template", "jobTemplate"):
        inner = node.get(key)
        if inner is not None:
            yield from _containers(inner, depth + 1)


def _start(container: YamlMapping, workload: str, maps: Mapping[str, YamlMapping], files: Files) -> Start | None:
    environ = _environ(container, maps)
    words = [word for key in ("command", "args") for word in _words(container.get(key))]
    if not words:
        return None
    argv = tuple(_expand(word, environ) for word in words)
    place = container.keys["command" if "command" in container.entries else "args"]
    name = text_of(container.get("name")) or ""
    directory = text_of(container.get("workingDir")) or "/"
    title = f"{workload}/{name}" if workload and name and workload != name else workload or name
    return Start("kubernetes", title, argv, environ, directory, place, _memory(container, files))


def _words(node: Node | None) -> Iterator[Word]:
    for item in node.items if isinstance(node, YamlSequence) else ():
        word = word_of(item)
        if word is not None:
            yield word


def _environ(container: YamlMapping, maps: Mapping[str, YamlMapping]) -> dict[str, Word]:
    """``envFrom`` and ``env``; a secret is set to something that no manifest tells."""
    environ: dict[str, Word] = {}
    sources, entries = container.get("envFrom"), container.get("env")
    for source in sources.items if isinstance(sources, YamlSequence) else ():
        name = text_of(source.get("configMapRef", "name")) if isinstance(source, YamlMapping) else None
        prefix = (text_of(source.get("prefix")) if isinstance(source, YamlMapping) else None) or ""
        table = maps.get(name or "")
        for key, value in table.entries.items() if table is not None else ():
            word = word_of(value)
            if word is not None:
                environ[prefix + key] = _expand(word, {})
    for entry in entries.items if isinstance(entries, YamlSequence) else ():
        name = text_of(entry.get("name")) if isinstance(entry, YamlMapping) else None
        if name is not None and isinstance(entry, YamlMapping):
            environ[name] = _expand(_value(entry, name, maps), environ)
    return environ


def _value(entry: YamlMapping, name: str, maps: Mapping[str, YamlMapping]) -> Word:
    """The value of one variable: given, or a key of a ConfigMap."""
    if "valueFrom" not in entry.entries:
        return word_of(entry.get("value")) or Word("", entry.place)
    table = maps.get(text_of(entry.get("valueFrom", "configMapKeyRef", "name")) or "")
    key = text_of(entry.get("valueFrom", "configMapKeyRef", "key"))
    known = word_of(table.get(key)) if table is not None and key is not None else None
    return known or Word(f"$({name})", entry.place, (name,))


def _expand(word: Word, environ: Mapping[str, Word]) -> Word:
    """``$(NAME)`` of variables that the container defines; others stay as they are."""
    unknown = [*word.unknown, *UNKNOWN_VARIABLE.findall(word.text)]

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        found = environ.get(match[1])
        unknown.extend(found.unknown if found is not None else (match[1],))
        return found.text if found is not None else match[0]

    return Word(REFERENCE.sub(value, word.text), word.place, tuple(dict.fromkeys(unknown)))


def _memory(container: YamlMapping, files: Files) -> Limit | None:
    word = word_of(container.get("resources", "limits", "memory"))
    if word is None:
        return None
    amount = kubernetes_mebibytes(word.text)
    if amount is None:
        files.report(word.place.path, word.place.line, f"{word.text!r} is not an amount of memory")
    return Limit(amount, word.place)
