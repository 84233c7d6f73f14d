"""``contextlib``, against the real one."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import assert_like_python, walk_program

HEAD = """\
        import contextlib
        A = []
        class Own:
            def __init__(self, name, swallows=False): self.name, self.swallows = name, swallows
            def __enter__(self): A.append('in ' + self.name)
            def __exit__(self, kind, error, trace):
                A.append(('out', self.name, kind is None))
                return self.swallows
"""
PROGRAMS = {
    "callbacks": """\
        with contextlib.ExitStack() as stack:
            stack.callback(A.append, 1)
            stack.callback(A.append, 2)
            A.append(0)
        """,
    "entered and pushed": """\
        with contextlib.ExitStack() as stack:
            stack.enter_context(Own('one'))
            stack.push(Own('two'))
            A.append(0)
        """,
    "given away": """\
        with contextlib.ExitStack() as stack:
            stack.callback(A.append, 1)
            other = stack.pop_all()
        A.append(2)
        other.close()
        """,
    "left by an exception": """\
        try:
            with contextlib.ExitStack() as stack:
                stack.push(Own('two'))
                stack.callback(A.append, 1)
                raise ValueError
            A.append(0)
        except ValueError:
            A.append(2)
        """,
    "closing": """\
        class Thing:
            def close(self): A.append(1)
        with contextlib.closing(Thing()):
            A.append(0)
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, HEAD + program)


@pytest.mark.parametrize(("returned", "follows"), [("True", True), ("False", False), ("kind is KeyError", True)])
def test_what_a_stack_calls_may_swallow(tmp_path: Path, returned: str, follows: bool) -> None:
    program = f"""\
import contextlib
with contextlib.ExitStack() as stack:
    stack.push(lambda kind, error, trace: {returned})
    raise KeyError
import two
"""
    walk = walk_program(tmp_path, program)
    assert [str(edge.target) for edge in walk.recorder.edges.values() if edge.kind == "import"].count("two") == follows


def test_the_end_of_a_generator_that_a_stack_enters_may_see_an_exception(tmp_path: Path) -> None:
    program = """\
import contextlib
@contextlib.contextmanager
def opened():
    import one
    try:
        yield 1
    except ValueError:
        import two
with contextlib.ExitStack() as stack:
    if stack.enter_context(opened()) == 1:
        import three
"""
    walk = walk_program(tmp_path, program)
    sure = {str(edge.target): edge.sure for edge in walk.recorder.edges.values() if edge.kind == "import"}
    assert sure == {"contextlib": True, "one": True, "two": False, "three": True}
