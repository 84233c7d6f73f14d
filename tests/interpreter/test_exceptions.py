"""``try``, ``raise`` and ``with``, against CPython."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "suppressed by one of several kinds": """\
        import contextlib
        A = 'before'
        try:
            with contextlib.suppress(ValueError, KeyError):
                {}['a']
        except KeyError:
            A = 'caught'
        """,
    "handlers in order": """\
        try:
            {}['a']
        except IndexError:
            A = 1
        except LookupError:
            A = 2
        except Exception:
            A = 3
        """,
    "else and finally": """\
        A = []
        try:
            A.append('body')
        except KeyError:
            A.append('handler')
        else:
            A.append('else')
        finally:
            A.append('finally')
        """,
    "raise and name": """\
        class Wrong(Exception): pass
        try:
            raise Wrong
        except Wrong as error:
            A = 'caught'
        """,
    "raise again": """\
        A = []
        try:
            try:
                [][0]
            except IndexError:
                A.append(1)
                raise
        except LookupError:
            A.append(2)
        """,
    "through a function": """\
        def f(): return {}['x']
        try:
            A = f()
        except KeyError:
            A = 'caught'
        """,
    "context manager": """\
        A = []
        class Manager:
            def __enter__(self):
                A.append('in')
                return 5
            def __exit__(self, *error): A.append('out')
        with Manager() as value:
            A.append(value)
        """,
    "exit is called": """\
        class Quiet:
            def __enter__(self): return self
            def __exit__(self, *error): return True
        A = 0
        with Quiet():
            A = 1
        """,
    "suppress": """\
        import contextlib
        A = 1
        with contextlib.suppress(KeyError):
            {}['x']
            A = 2
        """,
    "contextmanager": """\
        from contextlib import contextmanager
        @contextmanager
        def opened():
            yield 3
        with opened() as A:
            pass
        """,
    "a handler that raises another": """\
        A = []
        try:
            try:
                {}['x']
            except KeyError as error:
                A.append('one')
                raise IndexError
        except IndexError:
            A.append('another')
        """,
    "failed import": """\
        try:
            int('x')
        except ValueError:
            A = 'caught'
        """,
    "else that returns": """\
        def f():
            try:
                x = 1
            except KeyError:
                return 0
            else:
                return x
            return 2
        A = f()
        """,
    "return in finally": """\
        def f():
            try:
                return 1
            finally:
                x = 2
        A = f()
        """,
    "leaving the body of a contextmanager early": """\
        from contextlib import contextmanager
        @contextmanager
        def opened():
            yield 3
        def f():
            with opened() as x:
                return x
            return 0
        A = [f()]
        for n in range(3):
            with opened():
                if n == 1:
                    break
            A.append(n)
        """,
    "finally sees the last value": """\
        try:
            A = 1
            A = 2
        finally:
            B = A
        """,
    "a class that derives from a built-in exception": """\
        class Own(KeyError): pass
        try:
            raise Own
        except OSError:
            A = 'wrong'
        except LookupError:
            A = 'caught'
        """,
    "what follows a finally": """\
        try:
            A = 1
        finally:
            B = 2
        C = 3
        def f():
            for x in (0, 1):
                try:
                    if x:
                        return 'returned'
                finally:
                    D.append(x)
            return 'ended'
        D = []
        E = f()
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_a_handler_runs_where_a_library_may_raise(tmp_path: Path) -> None:
    program = "import library\nA = 1\ntry:\n    library.call()\n    A = 2\nexcept Exception:\n    A = 3\n"
    assert value_in(tmp_path, program) == {2, 3}


def test_an_import_that_may_fail_runs_its_handler_in_doubt(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "try:\n    import one\nexcept ImportError:\n    import two\n")
    sure = {str(edge.target): edge.sure for edge in walk.recorder.edges.values() if edge.kind == "import"}
    assert sure == {"one": True, "two": False}


def test_a_handler_that_raises_again_catches_nothing(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, "try:\n    import one\nexcept ImportError:\n    print()\n    raise\nimport two\n")
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "two"] == [True]


def test_after_an_exception_that_may_be_swallowed_both_ways_are_possible(tmp_path: Path) -> None:
    program = (
        "import library\nclass Quiet:\n    def __enter__(self): pass\n    def __exit__(self, *error): return True\n"
        "A = 1\nwith Quiet():\n    A = 2\n    if library.flag:\n        A = 3\n        raise OSError\n    A = 4\n"
    )
    assert value_in(tmp_path, program) == frozenset({2, 3, 4})  # asking the library may raise as well


def test_an_exception_that_nothing_further_out_catches_leaves_no_doubt(tmp_path: Path) -> None:
    """The worker would not start if it were raised."""
    program = """\
import os, library
def resolve(name):
    try:
        return library.zone(name)
    except (ValueError, OSError) as error:
        raise library.NotFound(name) from error
def zone():
    name = os.environ.get("TZ")
    if name:
        try:
            return resolve(name)
        except library.NotFound:
            pass
    return None
zone()
import two
"""
    walk = walk_program(tmp_path, program)
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "two"] == [True]


@pytest.mark.parametrize("name", ["Alpha", "Zulu"])
@pytest.mark.parametrize(("raised", "caught_by"), [
    ("{name}", "{name}"), ("{name}()", "{name}"), ("{name} from middle", "{name}"), ("OSError", "OSError"),
    ("middle", "ImportError"), ("", "ImportError"),
])  # fmt: skip
@pytest.mark.parametrize("caught", ["{name}", "OSError", "ImportError", "ValueError"])
def test_what_stands_behind_a_handler_that_raises(
    tmp_path: Path, name: str, raised: str, caught_by: str, caught: str
) -> None:
    """It runs for sure, unless what the handler raises is caught further out: else the worker would not start."""
    program = f"""\
import library
class {name}(Exception): pass
try:
    try:
        import other
    except ImportError as middle:
        raise {raised.format(name=name)}
    import two
except {caught.format(name=name)}:
    pass
"""
    walk = walk_program(tmp_path, program)
    sure = [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "two"]
    assert sure == [caught != caught_by]


@pytest.mark.parametrize(("returned", "swallows"), [
    ("return False", False), ("return None", False), ("return", False), ("pass", False),
    ("return True", True), ("return 1", True), ("return error", True),
])  # fmt: skip
def test_what_exit_returns_decides_whether_it_swallows(tmp_path: Path, returned: str, swallows: bool) -> None:
    program = (
        f"import library\nclass Own:\n    def __enter__(self): pass\n    def __exit__(self, *error): {returned}\n"
        "A = 1\nwith Own():\n    A = 2\n    if library.flag:\n        A = 3\n        raise OSError\n    A = 4\n"
    )
    assert value_in(tmp_path, program) == ({2, 3, 4} if swallows else 4)


@pytest.mark.parametrize(("handler", "orelse"), [("return 1", "pass"), ("pass", "return 1")])
def test_a_part_of_a_try_that_may_return(tmp_path: Path, handler: str, orelse: str) -> None:
    program = f"""\
import library
def f():
    try:
        library.call()
    except Exception:
        {handler}
    else:
        {orelse}
    import two
    return 2
A = f()
"""
    walk = walk_program(tmp_path, program)
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "two"] == [False]
    assert plain(names_of(walk)["A"]) == {1, 2}


def test_a_handler_that_may_leave_a_loop(tmp_path: Path) -> None:
    program = """\
import library
A = 5
for x in (0, 1):
    try:
        library.call()
    except Exception:
        break
    A = x
else:
    import two
"""
    walk = walk_program(tmp_path, program)
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "two"] == [False]
    assert plain(names_of(walk)["A"]) == {5, 0, 1}


@pytest.mark.parametrize(("kinds", "call", "swallows"), [
    ("KeyError", "library.call()", True), ("KeyError", "table['a']", True),
    ("OSError, LookupError", "table['a']", True),
    ("OSError", "table['a']", False), ("ValueError", "table['b']", False), ("KeyError", "pass", False),
])  # fmt: skip
def test_what_suppress_may_swallow(tmp_path: Path, kinds: str, call: str, swallows: bool) -> None:
    """What it does not swallow ends the program."""
    program = f"""\
import contextlib, library
table = {{"b": 1}}
if library.flag:
    table["a"] = 1
with contextlib.suppress({kinds}):
    A = 1
    {call}
    A = 2
"""
    found = plain(names_of(walk_program(tmp_path, program))["A"])
    values = found if isinstance(found, frozenset) else {found}
    assert (1 in values, 2 in values) == (swallows, True)


def test_behind_a_with_that_returns_the_body_was_left_early(tmp_path: Path) -> None:
    program = """\
import contextlib, library
@contextlib.contextmanager
def quiet():
    try:
        yield
    except Exception:
        pass
def f():
    with quiet():
        x = 1
        if library.flag:
            raise OSError
        x = 2
        return 0
    return x
A = f()
"""
    found = plain(names_of(walk_program(tmp_path, program))["A"])
    assert isinstance(found, frozenset) and {0, 1} <= found and 2 not in found


@pytest.mark.parametrize("manager", ["opened()", "contextlib.suppress(OSError)", "Own()", "library.manager()"])
@pytest.mark.parametrize("way", ["return 1", "break", "continue"])
def test_a_way_out_of_a_with_that_may_be_taken(tmp_path: Path, manager: str, way: str) -> None:
    program = f"""\
import contextlib, library
@contextlib.contextmanager
def opened():
    yield
class Own:
    def __enter__(self): pass
    def __exit__(self, *error): pass
def f():
    for x in (0,):
        if library.flag:
            with {manager}:
                {way}
        import two
f()
"""
    walk = walk_program(tmp_path, program)
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "two"] == [False]


def test_what_follows_a_call_that_may_fail_is_sure_in_a_try_as_well(tmp_path: Path) -> None:
    walk = walk_program(
        tmp_path, "import library\ntry:\n    library.call()\n    import two\nexcept OSError:\n    pass\n"
    )
    assert [edge.sure for edge in walk.recorder.edges.values() if str(edge.target) == "two"] == [True]


def test_a_finally_that_returns_loses_the_exception(tmp_path: Path) -> None:
    """Python does so, with a warning since 3.14."""
    function = "def f():\n    try:\n        {}['a']\n    finally:\n        return 1\n"
    program = f"{function}try:\n    A = f()\nexcept KeyError:\n    A = 2\n"
    assert value_in(tmp_path, program) == 1
