"""All libraries together: one entry a path, and paths that exist where the library is installed."""

from __future__ import annotations

import collections
import contextlib
import functools
import importlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import import_in, make_walk, write

import flake8_forksafe.library as library
from flake8_forksafe.interpreter.frames import Frame, Raised
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Literal, Value
from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.library import LIBRARIES, LIBRARY

INSTALLED = (
    "builtins",
    "asyncio",
    "collections",
    "contextlib",
    "copy",
    "functools",
    "glob",
    "importlib",
    "inspect",
    "itertools",
    "os",
    "pathlib",
    "pkgutil",
    "pydoc",
    "threading",
    "typing",
    "sys",
    "celery",
    "django",
    "kombu",
)
GONE = {
    "importlib.find_loader": "Python 3.12",
    "pkgutil.find_loader": "Python 3.14",
    "django.utils.decorators.classproperty": "Django 3.1",
    "django.utils.module_loading.import_by_path": "Django 1.9",
    "celery.utils.symbol_by_name": "Celery 5",
    "kombu.utils.symbol_by_name": "kombu 5",
    "celery.signals.subtask_sent.connect": "Celery 5",
    "celery.app.current_app": "Celery 4",
    "importlib.metadata.EntryPoints().get": "Python 3.11",
    "celery.bin.worker.worker().run": "Celery 5",
    "celery.bin.worker.worker().execute_from_commandline": "Celery 5",
}
"""Paths of old versions, which projects still use."""
OF_OBJECTS = (
    "conf",
    "steps",
    "user_options",
    "loader",
    "on_after_configure",
    "on_after_finalize",
    "on_configure",
    "on_after_fork",
    "parents",
    "tasks",
    "task",
    "connect",
    "send",
    "send_robust",
)
"""Attributes that only objects have, or those of a class that stands behind a function."""


NAMELESS = ("builtins.iterator.", "builtins.view.", "builtins.generator.")
"""Iterators, views of a mapping, and generators: their types have no name in ``builtins``."""


def resolve(path: str) -> object:
    """What a dotted path names in the installed library; ``X()`` stands for the class."""
    parts = path.replace("()", "").split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            found = getattr(found, part)
        return found
    raise ImportError(path)


def paths() -> Iterator[str]:
    for path in (*LIBRARY.functions, *LIBRARY.values, *LIBRARY.attributes, *LIBRARY.items):
        if path.partition(".")[0] in INSTALLED and path not in GONE:
            yield path


@pytest.mark.parametrize("path", sorted(set(paths())))
def test_what_is_modelled_exists(path: str) -> None:
    if any(part in path.split(".") for part in OF_OBJECTS) or path == "sys.path.insert()":
        path = path.partition("().")[0]
    if path.startswith(NAMELESS) or path.endswith((".move_to_end", "type().__new__")):
        return  # an OrderedDict is a dict here, and a deque a list
    if path.startswith("functools.dispatcher"):
        assert path == "functools.dispatcher" or hasattr(functools.singledispatch(print), path.rpartition(".")[2])
        return  # what functools.singledispatch() returns
    for kinds in ((list, set, tuple, collections.deque), (str, bytes)):
        if path.startswith(tuple(f"builtins.{kind.__name__}." for kind in kinds)):
            assert any(hasattr(kind, path.rpartition(".")[2]) for kind in kinds)
            return
    if path.startswith("asyncio.") and "loop()" in path:
        path = f"asyncio.AbstractEventLoop.{path.rpartition('.')[2]}"
    resolve(path)


@pytest.mark.parametrize(("alias", "path"), sorted(LIBRARY.aliases.items()))
def test_an_alias_is_the_same_thing(alias: str, path: str) -> None:
    if alias.partition(".")[0] not in INSTALLED or alias in GONE:
        pytest.skip("not installed")
    assert resolve(alias) is resolve(path)


def test_every_file_that_has_models_is_listed() -> None:
    files = {
        path for path in Path(library.__path__[0]).glob("*.py") if "\nMODELS = " in path.read_text(encoding="utf-8")
    }
    assert len(files) == len(LIBRARIES)
    modules = [importlib.import_module(f"flake8_forksafe.library.{path.stem}") for path in files]
    assert {id(module.MODELS) for module in modules} == {id(models) for models in LIBRARIES}


VALUES: dict[str, Callable[[Walk], Value]] = {
    "unknown": lambda walk: UNKNOWN,
    "number": lambda walk: Literal(1),
    "text": lambda walk: Literal("a"),
    "list": lambda walk: walk.items("list", [Literal(1)]),
    "dict": lambda walk: walk.table({"a": Literal(1)}),
    "object": lambda walk: External("library.thing()"),
}


@pytest.mark.parametrize("kind", VALUES)
def test_no_model_depends_on_what_it_is_given(tmp_path: Path, kind: str) -> None:
    """A call that Python would refuse may stand in any file, and ends no analysis."""
    walk = make_walk(write(tmp_path, {"main.py": ""}))
    import_in(walk, "main")
    frame = Frame(walk.imports.modules["main"], Node("main"), "module", walk.journal.certain)
    for (path, model), count in itertools.product(LIBRARY.functions.items(), (0, 1, 2, 3, 4, 6)):
        passed = Arguments(tuple(VALUES[kind](walk) for _ in range(count)))
        for receiver, made_with in ((None, None), (VALUES[kind](walk), passed), (External("library.thing()"), None)):
            with contextlib.suppress(Raised):
                model(walk, External(path, receiver, made_with), passed, frame)


@pytest.mark.parametrize("call", ["in_context()", "go_on(1)", "call_plainly()", "dispatcher(1)", "property.setter()"])
@pytest.mark.parametrize("name", ["forksafe", "<forksafe>"])
def test_what_models_make_cannot_be_imported(tmp_path: Path, call: str, name: str) -> None:
    program = f"import importlib\nimportlib.import_module({name!r}).{call}\nimport after\n"
    walk = make_walk(write(tmp_path, {"main.py": program, "after.py": ""}))
    import_in(walk, "main")
    assert "after" in walk.imports.modules


def test_a_stack_is_closed_with_too_many_arguments(tmp_path: Path) -> None:
    program = (
        "import contextlib\n@contextlib.contextmanager\ndef manager():\n    yield\n"
        "stack = contextlib.ExitStack()\nstack.enter_context(manager())\nstack.close(1)\nimport after\n"
    )
    walk = make_walk(write(tmp_path, {"main.py": program, "after.py": ""}))
    import_in(walk, "main")
    assert "after" in walk.imports.modules
