"""Syntax newer than the running interpreter: libcst makes of it what CPython makes of its older form."""

from __future__ import annotations

import pytest

from flake8_forksafe.source import facts
from flake8_forksafe.source.collector import collect, collect_body
from flake8_forksafe.source.cut import Cut
from flake8_forksafe.source.facts import Fact
from flake8_forksafe.source.text import Unreadable
from flake8_forksafe.source.visitor import visit

OLDER = """\
import json
from os import path as p, sep
@one(1)
@two
def f(a, /, b: int = 2, *c, d=3, **e) -> str:
    '''Says it.'''
    import csv
    return csv
class C(B, metaclass=M):
    def g(self):
        return self
    @property
    async def h(self): return 1
try:
    x = [*a, f"{b!r:>{c}} {d=}", b"1" b"2", "3" "4"][1:2, ::3] if not -y else (lambda z, *, w=1: z)
except ValueError:
    x: int = {**a, 'b': {1, 2}}
for i in range(3):
    x += i @ 2 < 3 < 4 or i and i
else:
    del x, y[0]
with open(a) as b, c:
    pass
match x:
    case 1 | 2:
        pass
    case {"a": b, **rest} if rest:
        pass
while (n := next(it)):
    if n: break
    elif m: continue
    else: raise E from None
µ.ſ = ﬁ(ﬀ=1)
assert all(i async for i in x if i), {k: v for k in x for v in k}
"""


FUNCTION = "def f():\n    # so\n\n    return 1\nx = 1"


def collected(block: object, text: str) -> object:
    """Facts with every body that was cut out."""
    if isinstance(block, Cut):
        return collected(collect_body(text, block), text)
    if isinstance(block, Fact):
        return type(block)(*(collected(getattr(block, name), text) for name in block.__struct_fields__))
    return tuple(collected(part, text) for part in block) if isinstance(block, tuple) else block


def test_both_parsers_make_the_same_facts() -> None:
    assert visit(OLDER, 0) == collected(collect(OLDER), OLDER)


@pytest.mark.parametrize(("newer", "older"), [
    ("lazy import json", "import json"),
    ("try:\n    pass\nexcept A, B:\n    x = 1", "try:\n    pass\nexcept (A, B):\n    x = 1"),
    (f"lazy from a import b\n{FUNCTION}", f"from a import b\n{FUNCTION}"),
])  # fmt: skip
def test_newer_syntax(newer: str, older: str) -> None:
    expected = collected(collect(older), older)
    found = collected(collect(newer), newer)
    assert str(found).replace("lazy=True", "lazy=False") == str(expected)


def test_a_lazy_import_is_one() -> None:
    (statement,) = collect("lazy import json\n")
    assert isinstance(statement, facts.Import) and statement.lazy


def test_bodies_are_cut_out_of_newer_syntax_too() -> None:
    _, function = collect("lazy import json\ndef f():\n    x = = 1\n", 10)
    assert isinstance(function, facts.Define) and function.body == Cut(13, 13)


def test_the_reason_is_that_of_the_running_interpreter() -> None:
    with pytest.raises(Unreadable, match="invalid syntax") as caught:
        collect("x = 1\nlazy import json\ny = = 2\n")
    assert caught.value.line in (2, 3)
