"""Looking attributes up: instances, classes, modules, descriptors, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, imported_modules, names_of, value_in, walk_program

PROGRAMS = {
    "names of nested classes": """\
        class Outer:
            class Inner: pass
        A = Outer.Inner.__name__, Outer.Inner.__qualname__, Outer.__name__
        """,
    "bases": """\
        class First: pass
        class Second(First): pass
        A = len(Second.__bases__), len(First.__bases__), len(Second.__mro__), Second.__bases__[0] is First
        """,
    "instance before class": """\
        class Box:
            size = 1
        box = Box()
        A = box.size
        box.size = 2
        B = box.size, Box.size
        """,
    "order of classes": """\
        class Base:
            def name(self): return 'base'
        class Left(Base): pass
        class Right(Base):
            def name(self): return 'right'
        class Both(Left, Right): pass
        A = Both().name()
        """,
    "super": """\
        class Base:
            def name(self): return 'base'
        class Box(Base):
            def name(self): return 'box of ' + super().name()
        A = Box().name()
        """,
    "property": """\
        class Box:
            @property
            def size(self): return 4
        A = Box().size
        """,
    "classmethod and staticmethod": """\
        class Box:
            kind = 'box'
            @classmethod
            def of(cls): return cls.kind
            @staticmethod
            def twice(x): return 2 * x
        A = Box.of(), Box().of(), Box.twice(2), Box().twice(3)
        """,
    "__getattr__": """\
        class Box:
            def __getattr__(self, name): return 'no ' + name
        A = Box().size
        """,
    "own descriptor": """\
        class Always:
            def __get__(self, instance, owner): return 7
        class Box:
            size = Always()
        A = Box().size
        """,
    "names of classes and functions": """\
        class Box:
            def f(self): pass
        A = Box.__name__, Box.f.__name__, Box.f.__qualname__, Box.__module__
        """,
    "metaclass": """\
        class Meta(type):
            def hello(cls): return 'hello ' + cls.__name__
        class Box(metaclass=Meta): pass
        A = Box.hello()
        """,
    "bound method": """\
        class Box:
            def f(self): return 1
        box = Box()
        f = box.f
        A = f()
        B = f.__self__ is box
        """,
    "missing": """\
        def f(): pass
        f.mark = 1
        A = f.mark
        """,
    "__getattr__ of a metaclass": """\
        class Meta(type):
            def __getattr__(cls, name): return name + ' of ' + cls.__name__
        class Base(metaclass=Meta):
            own = 1
        class Box(Base): pass
        A = Box.size, Box.own, Base.size
        """,
    "attributes that a function does not have": """\
        def f(): pass
        A = []
        for name in ('size', 'Size', '_size'):
            try:
                A.append(getattr(f, name))
            except AttributeError:
                A.append('none')
        B = hasattr(f, 'size'), getattr(f, 'size', 0)
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_an_attribute_of_a_module_may_come_from_its_getattr(tmp_path: Path) -> None:
    files = {"main.py": "import lazy\nA = lazy.thing\n", "lazy.py": "def __getattr__(name):\n    return name.upper()\n"}
    assert value_in(tmp_path, files) == "THING"


def test_the_names_of_a_package(tmp_path: Path) -> None:
    files = {"main.py": "import package\nA = package.__dict__['SIZE']\n", "package/__init__.py": "SIZE = 3\n"}
    assert value_in(tmp_path, files) == 3


def test_a_class_may_have_names_that_its_body_does_not_bind(tmp_path: Path) -> None:
    assert value_in(tmp_path, "class Box: ...\nA = 1 if '__weakref__' in Box.__dict__ else 0\n") == {0, 1}


def test_a_missing_attribute_of_a_module_is_an_error(tmp_path: Path) -> None:
    files = {
        "main.py": "import other\ntry:\n    A = other.thing\nexcept AttributeError:\n    A = 'caught'\n",
        "other.py": "",
    }
    assert value_in(tmp_path, files) == "caught"


def test_a_hazard_that_is_named_by_attribute_is_imported(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "import google\nx = google.genai.Client\n", hazards=("google.genai",))
    assert "google.genai" in imported_modules(walk)


def test_a_deep_path_of_a_library_is_unknown(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "import library\nA = library" + ".a" * 12 + "\nB = library" + ".a" * 14 + "\n")
    assert repr(names_of(walk)["A"]) == "<library" + ".a" * 12 + ">"
    assert repr(names_of(walk)["B"]) == "?"
