"""The walk's modules and their order equal CPython's own, for generated package trees."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from helpers import import_in, loaded, make_walk, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PACKAGES = ("alpha", "alpha.inner", "beta", "space")  # "space" has no __init__.py: a namespace package
MODULES = ("alpha.one", "alpha.two", "alpha.inner.three", "beta.four", "beta.five", "space.six", "seven")
EVERYTHING = (*PACKAGES, *MODULES, "alpha.missing")

RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
sys.started = []
try:
    __import__("main")
except ImportError:
    print("null")
else:
    print(json.dumps([name for name in dict.fromkeys(sys.started) if name in sys.modules]))
"""


@st.composite
def statements(draw: st.DrawFn, name: str, is_package: bool) -> str:
    """An import statement as it may stand in a module."""
    target = draw(st.sampled_from(EVERYTHING))
    parent, _, last = target.rpartition(".")
    package = name if is_package else name.rpartition(".")[0]
    forms = [
        f"import {target}",
        f"import {target} as renamed",
        f"import importlib; importlib.import_module({target!r})",
    ]
    forms.append(f"__import__({target!r})")
    if parent:
        forms += [f"from {parent} import {last}", f"from {parent} import {last} as renamed"]
    forms.append(f"from {target} import *")
    if package:
        forms += ["from . import *", f"from . import {draw(st.sampled_from(('one', 'two', 'four', 'inner', 'VALUE')))}"]
        if package.count("."):
            forms.append("from .. import one")
    statement = draw(st.sampled_from(forms))
    wrapped = draw(st.sampled_from(("plain", "plain", "try", "type checking", "function", "called", "class", "main")))
    return {
        "plain": statement,
        "try": f"try:\n    {statement}\nexcept ImportError:\n    import alpha.two",
        "type checking": f"import typing\nif typing.TYPE_CHECKING:\n    {statement}\nelse:\n    import seven",
        "function": f"def later():\n    {statement}" if "*" not in statement else "pass",
        "called": f"def now():\n    {statement}\nnow()" if "*" not in statement else "pass",
        "class": f"class Body:\n    {statement}" if "*" not in statement else "pass",
        "main": f"if __name__ == '__main__':\n    {statement}",
    }[wrapped]


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    """Files of a project whose entry is ``main``."""
    files = {}
    for name in (*PACKAGES, *MODULES, "main"):
        is_package = name in PACKAGES
        if name == "space":
            continue
        body = draw(st.lists(statements(name, is_package), max_size=4, min_size=2 if name == "main" else 0))
        position = draw(st.integers(0, len(body)))
        body.insert(position, "VALUE = 1")
        path = name.replace(".", "/") + ("/__init__.py" if is_package else ".py")
        files[path] = "\n".join(["__import__('sys').started.append(__name__)", *body]) + "\n"
    return files


@pytest.mark.costly
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(trees())
def test_same_modules_in_the_same_order_as_cpython(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = write(Path(directory).resolve(), files)
        done = subprocess.run([sys.executable, "-I", "-c", RUN, str(root)], capture_output=True, text=True, check=True)
        real = json.loads(done.stdout)
        if real is None:
            return  # CPython could not import it: there is nothing to compare with
        walk = make_walk(root)
        import_in(walk, "main")
        ours = [name for name in loaded(walk) if walk.imports.modules[name].found.path is not None]
        assert ours == real
