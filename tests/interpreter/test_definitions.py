"""Definitions of functions and classes, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, imported_modules, value_in, walk_program

PROGRAMS = {
    "decorators, innermost first": """\
        A = []
        def mark(name):
            def decorate(f):
                A.append(name)
                return f
            return decorate
        @mark('outer')
        @mark('inner')
        def f(): pass
        """,
    "class decorator": """\
        def named(cls):
            cls.label = cls.__name__.lower()
            return cls
        @named
        class Box: pass
        A = Box.label
        """,
    "a function in a function in a function": """\
        def outer(a):
            def middle(b):
                def inner(c): return a, b, c
                return inner('c')
            return middle('b')
        A = outer('a')
        """,
    "__init_subclass__": """\
        A = []
        class Base:
            def __init_subclass__(cls, tag=None): A.append((cls.__name__, tag))
        class Box(Base, tag=1): pass
        """,
    "super() of a function in a method": """\
        class Base:
            def size(self): return 1
        class Box(Base):
            def size(self):
                def inner(box): return super().size() + 1
                return inner(self)
        A = Box().size()
        """,
    "an attribute that __slots__ do not have": """\
        class Box:
            __slots__ = ('size',)
        box = Box()
        box.size = 1
        try:
            box.other = 2
        except AttributeError:
            A = box.size
        """,
    "metaclasses of which none derives from the other": """\
        class One(type): pass
        class Other(type): pass
        class Box(metaclass=One): pass
        try:
            class Both(Box, metaclass=Other): pass
        except TypeError:
            A = 'refused'
        """,
    "__set_name__": """\
        A = []
        class Field:
            def __set_name__(self, owner, name): A.append((owner.__name__, name))
        class Box:
            size = Field()
        """,
    "metaclass": """\
        A = []
        class Meta(type):
            def __new__(meta, name, bases, names, **more):
                A.append(name)
                return super().__new__(meta, name, bases, names)
        class Box(metaclass=Meta): pass
        class Small(Box): pass
        """,
    "class body": """\
        class Box:
            a = 1
            b = [a + 1]
            c = b[0] + a
        A = Box.a, Box.b, Box.c
        """,
    "names in a class body are not seen in methods": """\
        x = 'module'
        class Box:
            x = 'class'
            def f(self): return x
        A = Box().f()
        """,
    "subclasses": """\
        class Base: pass
        class One(Base): pass
        class Two(Base): pass
        A = [cls.__name__ for cls in Base.__subclasses__()]
        """,
    "objects in a class": """\
        class Field:
            size = 3
        class Box:
            field = Field()
        A = Box.field.size, Box().field.size
        """,
    "bases that have no order": """\
        class Base: pass
        class Derived(Base): pass
        A = []
        for bases in ((Base, Derived), (Derived, Base), (Base, Base)):
            try:
                class Both(*bases): pass
                A.append('made')
            except TypeError:
                A.append('caught')
        """,
    "no error without __set_name__": """\
        class Field: pass
        try:
            class Box:
                field = Field()
            A = 'made'
        except AttributeError:
            A = 'caught'
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_decorator_of_a_library_is_taken_to_return_what_it_decorates(tmp_path: Path) -> None:
    assert value_in(tmp_path, "import library\n@library.register\ndef f():\n    return 3\nA = f()\n") == 3


def test_defaults_are_evaluated_when_the_function_is_defined(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "def load():\n    import one\ndef f(x=load()):\n    import two\n")
    assert imported_modules(walk) == ["main", "one"]


def test_a_decorator_whose_result_is_not_known_is_taken_to_return_what_it_decorates(tmp_path: Path) -> None:
    program = "import library\ndef own(f):\n    return library.flag - 1\n@own\ndef f():\n    import one\nf()\n"
    assert imported_modules(walk_program(tmp_path, program)) == ["main", "library", "one"]
