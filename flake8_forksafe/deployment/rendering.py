"""Templates of deployment files, with the values that lie beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from flake8_forksafe.deployment.files import Files
from flake8_forksafe.deployment.model import TEMPLATE, VALUES, Unusable, without_ending
from flake8_forksafe.deployment.templates import MARK, render_helm, render_jinja
from flake8_forksafe.deployment.yaml_tree import Node, YamlScalar, YamlSequence, read_documents

CHART = "Chart.yaml"
DEEPEST = 50


def rendered_text(files: Files, path: str) -> str | None:
    """What a template of Jinja becomes, with what is known of its variables; each line stays where it is."""
    text = files.text(path)
    if text is None:
        return None
    try:
        return render_jinja(text, _variables(files, path))
    except Unusable as error:
        files.report(path, error.line, error.reason)
        return None


def rendered_documents(files: Files, path: str) -> list[Node]:
    """The documents of a YAML file, or of what a template becomes.

    :raises Unusable: if it is neither.
    """
    text = files.text(path)
    if text is None:
        return []
    chart, mark = _chart_of(files, path), MARK.search(text)
    first = text.count("\n", 0, mark.start()) + 1 if mark is not None else 1
    if chart is None and without_ending(path) == path:
        try:
            return read_documents(text, path)
        except Unusable as error:
            if error.reason != TEMPLATE:
                raise
    try:
        return _rendered(files, text, path, chart)
    except Unusable as error:
        raise Unusable(
            TEMPLATE if mark is not None else error.reason, first if mark is not None else error.line
        ) from None


def _rendered(files: Files, text: str, path: str, chart: str | None) -> list[Node]:
    """The documents of what a template becomes."""
    if chart is None:
        return read_documents(render_jinja(text, _variables(files, path)), path)
    values, name = _mapping(files, os.path.join(chart, VALUES)), _mapping(files, os.path.join(chart, CHART))
    rendered = render_helm(text, values, str(name.get("name", "")))
    return read_documents(rendered.text, path, rendered.lines)


def _chart_of(files: Files, path: str) -> str | None:
    """The directory of the Helm chart that a file is a template of."""
    directory = os.path.dirname(path)
    while directory.startswith(files.project + os.sep):
        parent, name = os.path.split(directory)
        if name == "templates" and files.disk.is_file(os.path.join(parent, CHART)):
            return parent
        directory = parent
    return None


def _variables(files: Files, path: str) -> dict[str, Any]:
    """The variables of a template: of the Ansible role it lies in, of groups above it, and of a file beside it."""
    directory = os.path.dirname(path)
    found: dict[str, Any] = {}
    for candidate in _variable_files(files, directory):
        if files.disk.is_file(candidate):
            found |= _mapping(files, candidate)
    return found


def _variable_files(files: Files, directory: str) -> Iterator[str]:
    endings = (".yml", ".yaml")
    role = os.path.dirname(directory)
    yield from (os.path.join(role, "defaults", f"main{ending}") for ending in endings)
    above = [directory]
    while above[-1] != files.project and above[-1].startswith(files.project + os.sep):
        above.append(os.path.dirname(above[-1]))
    for one in reversed(above):
        yield from (os.path.join(one, "group_vars", f"all{ending}") for ending in endings)
        inside = os.path.join(one, "group_vars", "all")
        if files.disk.is_directory(inside):
            yield from (
                os.path.join(inside, name) for name in sorted(files.disk.listing(inside)) if name.endswith(endings)
            )
    yield from (os.path.join(role, "vars", f"main{ending}") for ending in endings)
    yield from (os.path.join(directory, f"{name}{ending}") for name in ("vars", "variables") for ending in endings)


def _mapping(files: Files, path: str) -> dict[str, Any]:
    """The mapping that a YAML file holds; empty if it holds none."""
    if not files.disk.is_file(path):
        return {}
    try:
        documents = read_documents(files.text(path) or "", path)
    except Unusable:
        return {}
    plain = _plain(documents[0], 0) if documents else None
    return plain if isinstance(plain, dict) else {}


def _plain(node: Node, depth: int) -> Any:
    if isinstance(node, YamlScalar) or depth > DEEPEST:
        return node.text if isinstance(node, YamlScalar) else None
    if isinstance(node, YamlSequence):
        return [_plain(item, depth + 1) for item in node.items]
    return {key: _plain(value, depth + 1) for key, value in node.entries.items()}
