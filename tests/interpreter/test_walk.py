"""The machine put together: what it is told decides, and it forgets at the end."""

from __future__ import annotations

from pathlib import Path

from helpers import import_in, make_walk, write
from programs import UNSURE, names_of, plain

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.import_system import ImportSystem
from flake8_forksafe.interpreter.machine import NO_LIBRARY, Library, LibraryState, Machine
from flake8_forksafe.interpreter.process import Process
from flake8_forksafe.interpreter.values import Arguments, External, Literal, Value
from flake8_forksafe.interpreter.walk import Walk
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.layout import Layout
from flake8_forksafe.source.collected import Collected


class Counter(LibraryState):
    def __init__(self, machine: Machine) -> None:
        self.calls = 0
        self.argv = machine.process.argv


def count(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    machine.state(Counter).calls += 1
    return Literal(machine.state(Counter).calls)


def told(root: Path, library: Library, source: str) -> Walk:
    disk = Disk()
    system = ImportSystem(Layout(disk, (str(write(root, {"main.py": source})),)), Collected(disk.content), frozenset())
    walk = Walk(library, system, Process((("worker",),)))
    import_in(walk, "main")
    return walk


def test_it_knows_no_library_but_what_it_is_told(tmp_path: Path) -> None:
    source = "import counting\nA = counting.count(), counting.also()\nB = counting.ANSWER\n"
    assert repr(names_of(told(tmp_path, NO_LIBRARY, source))["B"]) == "<counting.ANSWER>"
    library = Library(
        functions={"counting.count": count},
        aliases={"counting.also": "counting.count"},
        values={"counting.ANSWER": lambda machine: Literal(42)},
    )
    walk = told(tmp_path, library, source)
    assert plain(names_of(walk)["A"]) == (1, 2)
    assert plain(names_of(walk)["B"]) == 42
    assert walk.state(Counter).argv == (("worker",),)


def test_what_importing_subclassing_and_setting_does_is_told(tmp_path: Path) -> None:
    seen: list[str] = []
    library = Library(
        imports={"plugin.auto": lambda machine, name, frame: seen.append(f"import {name}")},
        class_hooks={"plugin.Base": lambda machine, cls, frame: seen.append(f"subclass {cls.name}")},
        setters={"plugin.conf": lambda machine, holder, name, value, frame: seen.append(f"set {name}")},
        item_setters={"plugin.conf": lambda machine, holder, index, value: seen.append(f"set item {index}")},
        items={"plugin.conf": lambda machine, value, index, frame: Literal(f"item {index}")},
    )
    source = (
        "import plugin\nfrom plugin import auto\nclass Box(plugin.Base):\n    pass\n"
        "plugin.conf.x = 1\nplugin.conf['y'] = 2\nA = plugin.conf['z']\n"
    )
    walk = told(tmp_path, library, source)
    assert seen == ["import plugin.auto", "subclass Box", "set x", "set item 'y'"]
    assert plain(names_of(walk)["A"]) == "item 'z'"


def test_which_managers_swallow_and_which_classes_have_fields_is_told(tmp_path: Path) -> None:
    source = """\
        import calm, shapes
        A = 1
        with calm.quiet(KeyError):
            {}["x"]
            A = 2
        class Box(shapes.Model):
            size = shapes.field(default=3)
        B = Box().size
        """
    library = Library(
        suppressors=frozenset({"calm.quiet()"}),
        field_bases=frozenset({"shapes.Model"}),
        fields=frozenset({"shapes.field()"}),
    )
    names = names_of(told(tmp_path, library, source))
    assert (plain(names["A"]), plain(names["B"])) == (1, 3)
    unknown = names_of(told(tmp_path, NO_LIBRARY, source))
    assert plain(unknown["A"]) == 2
    assert plain(unknown["B"]) is UNSURE


def test_its_memory_is_given_back(tmp_path: Path) -> None:
    walk = make_walk(write(tmp_path, {"main.py": "import os\ndef f():\n    return os.environ.get('X')\nA = f()\n"}))
    import_in(walk, "main")
    walk.release()
    assert names_of(walk) == {}
    assert not walk.memory.results
    assert not walk.imports.bodies
    assert [str(edge.target) for edge in walk.recorder.edges.values()] == ["main", "os", "main:f"]
