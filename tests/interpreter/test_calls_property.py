"""The walk calls the functions that CPython calls, no other and no fewer, for generated packages.

Each generated module defines callables without arguments, built from those of the modules before it in the many ways
Python knows; ``main`` imports the package and calls some.  A subprocess imports the same files under
:func:`sys.setprofile` and lists the functions that really ran.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from helpers import import_in, make_walk, write
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.costly

RUN = """
import inspect, json, os, sys
root = sys.argv[1]
sys.path.insert(0, root)
ran = set()

def profile(frame, event, argument):
    code = frame.f_code
    if event == "call" and code.co_filename.startswith(root) and code.co_flags & inspect.CO_OPTIMIZED:
        if not code.co_name.endswith(("comp>", "genexpr>")):
            module = os.path.relpath(code.co_filename, root)[:-3].replace(os.sep, ".").removesuffix(".__init__")
            ran.add(module + ":" + code.co_qualname.replace(".<locals>", ""))

sys.setprofile(profile)
import main
sys.setprofile(None)
print(json.dumps(sorted(ran)))
"""

HEAD = """\
import asyncio, contextlib, dataclasses, functools, importlib, sys, typing
"""
BASE = """\
class K0:
    count = 0
    def __init__(self, value=0):
        self.own = value
    def run(self):
        return self.hook()
    def hook(self):
        return 1
    @classmethod
    def make(cls):
        return cls()
    @staticmethod
    def aid():
        return 2
    @property
    def value(self):
        return self.hook()
def c0():
    return 0
def silent():
    return None
def loud():
    return True
"""

MODULES = ("app.base", "app.tools", "app.sub.leaf", "app.top")
"""Each may use those before it."""
IMPORTS = (
    ("from {module} import {name}", "{name}"),
    ("from {module} import {name} as {name}_here", "{name}_here"),
    ("import {module}", "{module}.{name}"),
    ("import {module} as {last}_module", "{last}_module.{name}"),
    ("from {package} import {last}", "{last}.{name}"),
    ("from app import {name}", "{name}"),
    ("from app import {name} as {name}_exported", "{name}_exported"),
)


def _forms() -> dict[str, list[str]]:
    """Templates of ``call_forms.txt`` by heading: ``n`` numbers them, ``a`` and ``b`` are callables, ``k`` a class."""
    sections = (Path(__file__).parent / "call_forms.txt").read_text(encoding="utf-8").split("==== ")[1:]
    return {heading: body.split("----\n") for heading, _, body in (section.partition("\n") for section in sections)}


FORMS = _forms()


@st.composite
def packages(draw: st.DrawFn) -> dict[str, str]:
    """Files of a project."""
    functions = ["c0"]  # name of each zero-argument callable, and where it is defined
    classes = ["K0"]
    homes = {"c0": "app.base", "K0": "app.base"}
    files: dict[str, str] = {}
    number = 0
    for module in (*MODULES, "main"):
        lines = [BASE] if module == "app.base" else ["from app.base import loud, silent\n"]

        def reach(name: str) -> str:
            """An expression for a name of this module or of one before it."""
            if homes[name] == module:
                return name
            package, _, last = homes[name].rpartition(".")
            via_package = (5, 6) if module == "main" else ()  # the package is complete then
            statement, expression = IMPORTS[draw(st.sampled_from((0, 1, 2, 3, 4, *via_package)))]
            names = {"module": homes[name], "package": package, "last": last, "name": name}
            lines.insert(len(lines) - 1, statement.format(**names) + "\n")
            return expression.format(**names)

        for _ in range(draw(st.integers(1, 4))):
            number += 1
            a, b = (reach(draw(st.sampled_from(functions))) for _ in range(2))
            forms = [draw(st.sampled_from(FORMS["functions"]))]
            if draw(st.booleans()):
                forms = [draw(st.sampled_from(FORMS["classes"])), draw(st.sampled_from(FORMS["uses"]))]
            k = reach(draw(st.sampled_from(classes)))
            lines += [form.format(n=number, a=a, b=b, k=k) for form in forms]
            functions.append(f"c{number}")
            homes[f"c{number}"] = module
            if len(forms) > 1:
                classes.append(f"K{number}")
                homes[f"K{number}"] = module
        called = draw(st.lists(st.sampled_from(functions), min_size=1, max_size=3))
        lines += [f"{reach(name)}()\n" for name in called if module == "main" or homes[name] == module]
        files[module.replace(".", "/") + ".py"] = HEAD + "".join(lines)
    exported = [f"from {home} import {name}\n" for name, home in homes.items() if home in MODULES]
    files["app/__init__.py"] = "".join(exported)
    files["app/sub/__init__.py"] = ""
    return files


def really_called(root: Path) -> set[str]:
    """The functions that run when CPython imports ``main``."""
    done = subprocess.run([sys.executable, "-I", "-c", RUN, str(root)], capture_output=True, text=True)
    assume(done.returncode == 0)  # a worker whose import fails does not boot
    return set(json.loads(done.stdout))


def test_the_functions_that_cpython_calls() -> None:
    """None is missed, none is called certain that does not run, and hardly one is uncertain."""
    counts: Counter[str] = Counter()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(packages())
    def compare(files: dict[str, str]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            root = write(Path(directory).resolve(), files)
            real = really_called(root)
            walk = make_walk(root)
            import_in(walk, "main")
        edges = [edge for edge in walk.recorder.edges.values() if edge.target.function]
        found = {str(edge.target) for edge in edges}
        certain = {str(edge.target) for edge in edges if edge.sure}
        assert certain <= real <= found
        counts.update(real=len(real), certain=len(certain), spurious=len(found - real))

    compare()
    assert counts["certain"] >= 0.98 * counts["real"]
    assert counts["spurious"] <= 0.02 * counts["real"]
