"""What a source file is asked for, compared with what libcst's own providers say of whole files."""

from __future__ import annotations

from pathlib import Path

import pytest
from libcst import metadata

import flake8_forksafe
from flake8_forksafe.fix.text import Source

pytestmark = pytest.mark.costly

FILES = sorted(Path(flake8_forksafe.__file__).parent.glob("[a-s]*.py"))
TEXTS = {
    "comments and blank lines": b"# first\n\n# second\nimport a\n\n\n# above\nx = a  # behind\n\n# last\n",
    "line ends": b"import a\r\n\r\nclass K:\r\n\tdef f(self): return a\r\n",
    "a byte order mark": b"\xef\xbb\xbf# coding: utf-8\nimport a\ndef f(): return a",
    "continued lines": b"import a, \\\n    b\nif a \\\n  :\n    x = '''\n\n'''; y = b\n\n\\\n\nz = a\n",
    "sub-modules": b"import a.b\nimport a.c\nfrom d import a as e\ndef f(a=a): return a.b, e\nX: 'a.c' = 1\n",
    "a form feed": b"import a\n\x0c\ndef f():\n    return a\n",
    "globals": b"import a\ndef f():\n    global a\n    a = 1\nclass K:\n    a = 2\n    b = [a for a in a]\n",
}


@pytest.mark.parametrize("content", [*TEXTS.values(), *(path.read_bytes() for path in FILES)],
                         ids=[*TEXTS, *(path.name for path in FILES)])  # fmt: skip
def test_places_parents_and_bindings_are_those_of_libcst(content: bytes) -> None:
    source = Source("a.py", content)
    wrapper = metadata.MetadataWrapper(source.module, unsafe_skip_copy=True)
    places = wrapper.resolve(metadata.PositionProvider)
    parents = wrapper.resolve(metadata.ParentNodeProvider)
    scopes = wrapper.resolve(metadata.ScopeProvider)
    every = [source.module, *source.nodes]
    assert {id(node) for node in every} == {id(source.module), *map(id, parents)}
    for node in source.nodes:
        assert source.parent(node) is parents[node]
    for statement in source.module.body:
        pending = [statement]
        for node in pending:
            pending += node.children  # type: ignore[arg-type]
            assert source.place(node) == places[node]
    scope = next(scope for scope in scopes.values() if isinstance(scope, metadata.GlobalScope))
    for name in {assignment.name.partition(".")[0] for assignment in scope.assignments} | {"no_such_name"}:
        expected = [one for one in scope.assignments if one.name.partition(".")[0] == name]
        assert uses(source.bindings(name)) == uses(expected)


def uses(assignments: list[metadata.BaseAssignment]) -> list[tuple[int, list[int]]]:
    """What binds a name, and where it is used, by identity."""
    return sorted((id(getattr(one, "node", None)), sorted(id(use.node) for use in one.references))
                  for one in assignments)  # fmt: skip
