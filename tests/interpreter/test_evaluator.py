"""What the walk knows of a value is what CPython computes, for generated expressions over the modelled process."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from collections import Counter, namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest
from helpers import import_in, make_walk, write
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from flake8_forksafe.hosts.celery import CELERY
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.identity import value_of
from flake8_forksafe.interpreter.values import UNKNOWN, Choice, FilePath, Literal, Value
from flake8_forksafe.interpreter.walk import Walk

ARGV = CELERY.default_argv("proj")
ENVIRON = {"KNOWN": "celery", "EMPTY": "", "FLAG": "1", "DJANGO_SETTINGS_MODULE": "proj.settings"}
VersionInfo = namedtuple("VersionInfo", ("major", "minor", "micro", "releaselevel", "serial"))
VERSION = VersionInfo(3, 11, 99, "final", 0)
HEAD = "import os\nimport os.path\nimport sys\nimport typing\nfrom os import path\nfrom typing import TYPE_CHECKING\n"


# --- generated expressions --------------------------------------------------------------------------------------

LEAVES = {
    "text": ["'celery'", "'worker'", "'manage.py'", "'-A'", "''", "'a/b.txt'", "'/venv/bin/celery'", "' x '", "'é'",
             "'1'", "sys.argv[0]", "sys.argv[-1]", "sys.platform", "__name__", "os.environ['KNOWN']",
             "os.environ['EMPTY']", "os.environ.get('FLAG', 'd')", "os.getenv('KNOWN')",
             "os.environ['DJANGO_SETTINGS_MODULE']"],
    "number": ["0", "1", "2", "7", "-3", "len(sys.argv)", "sys.version_info[0]", "sys.version_info.minor"],
    "texts": ["sys.argv", "sys.argv[1:]", "['a','worker']", "('celery','b')", "[]", "list('ab')"],
    "table": ["{}", "{'a': 'x', 'worker': 'y'}", "dict(a='b')"],
    "truth": ["TYPE_CHECKING", "typing.TYPE_CHECKING", "sys.version_info >= (3, 9)", "sys.version_info < (3, 12)",
              "sys.version_info[:2] == (3, 11)", "'worker' in sys.argv", "'celery' in sys.argv", "True", "False",
              "'KNOWN' in os.environ", "sys.platform == 'linux'", "__name__ == '__main__'"],
}  # fmt: skip
"""Expressions of each kind; ``texts`` are lists and tuples of strings, ``table`` dictionaries of strings."""

INNER = {
    "text": """\
        (<text> + <text>)
        (<text> * <number>)
        <text>[0]
        <text>[-1]
        <text>[:2]
        <text>[1:]
        <text>[::-1]
        <text>[-3:-1]
        <text>.upper()
        <text>.title()
        <text>.strip()
        <text>.strip(<text>)
        <text>.replace(<text>, <text>)
        <text>.removeprefix(<text>)
        <text>.join(<texts>)
        <text>.partition('/')[2]
        <text>.ljust(<number>, '.')
        <texts>[0]
        <texts>[-1]
        <texts>[<number>]
        <table>[<text>]
        <table>.get(<text>, <text>)
        os.path.basename(<text>)
        path.dirname(<text>)
        os.path.join(<text>, <text>)
        os.path.splitext(<text>)[0]
        os.path.split(<text>)[1]
        os.path.normpath(<text>)
        ('%s-%s' % (<text>, <number>))
        '{}:{}'.format(<text>, <number>)
        f"a{<plain>}b{<plain>!s}"
        str(<any>)
        (<text> if <truth> else <text>)
        (<text> or <text>)
        (<text> and <text>)
        next((x for x in <texts> if <truth:x>), <text>)
        max(<text>, <text>)
        os.environ.setdefault('KNOWN', <text>)""",
    "number": """\
        (<number> + <number>)
        (<number> - <number>)
        (<number> * <number>)
        (<number> // <number>)
        (<number> % <number>)
        (<number> & <number>)
        (-<number>)
        len(<text>)
        len(<texts>)
        len(<table>)
        len({<text>, <text>, <text>})
        len(set(<texts>))
        <text>.find(<text>)
        <text>.count(<text>)
        <texts>.index(<text>)
        <texts>.count(<text>)
        int(<text>)
        int(<truth>)
        sum([<number>, <number>])
        (<number> if <truth> else <number>)""",
    "texts": """\
        [<text>, <text>]
        (<text>, <text>)
        [*<texts>, <text>]
        (list(<texts>) + list(<texts>))
        (tuple(<texts>) + (<text>,))
        (list(<texts>) * <number>)
        <texts>[:1]
        <texts>[1:]
        <texts>[::-1]
        <texts>[-2:]
        <text>.split()
        <text>.split('/')
        <text>.split('e', 1)
        sorted(<texts>)
        sorted(<texts>, reverse=<truth>)
        sorted(<texts>, key=len)
        list(reversed(<texts>))
        list(<table>)
        list(<table>.values())
        [v for k, v in <table>.items()]
        [<text:x> for x in <texts> if <truth:x>]
        [<text:x> for y in <texts> for x in <texts:y>]
        [x + y for x, y in zip(<texts>, <texts>)]
        [str(i) + x for i, x in enumerate(<texts>)]
        list(map(str.upper, <texts>))
        list(filter(None, <texts>))
        list(filter(lambda x: <truth:x>, <texts>))
        (<texts> if <truth> else <texts>)
        (<texts> or <texts>)""",
    "table": """\
        {<text>: <text>, <text>: <text>}
        dict(a=<text>, b=<text>)
        {x: <text:x> for x in <texts>}
        {**<table>, <text>: <text>}
        dict(zip(<texts>, <texts>))
        (<table> | <table>)""",
    "truth": """\
        (<truth> and <truth>)
        (<truth> or <truth>)
        (not <truth>)
        (<text> == <text>)
        (<text> < <text>)
        (<number> <= <number>)
        (<number> != <number>)
        (<text> <= <text> != <text>)
        (<texts> == <texts>)
        (<texts> < <texts>)
        ({<text>, <text>} == set(<texts>))
        (<table> == <table>)
        (<text> in <text>)
        (<text> not in <text>)
        (<text> in <texts>)
        (<text> not in <texts>)
        (<text> in <table>)
        (<text> in {<text>, <text>})
        (<any> is None)
        (<any> is not None)
        <text>.startswith(<text>)
        <text>.endswith((<text>, <text>))
        <text>.isidentifier()
        any(<truth:x> for x in <texts>)
        all(<truth:x> for x in <texts>)
        any([<truth>, <truth>])
        bool(<any>)
        bool(<texts>)
        isinstance(<any>, str)
        isinstance(<any>, (bool, list))
        (<truth> if <truth> else <truth>)
        (len(<texts>) > 1 and <texts>[1] == <text>)""",
}
"""Expressions of each kind with others in them; ``<truth:x>`` is a condition in which ``x`` is a string."""

FULL = {kind: (*LEAVES[kind], *map(str.strip, INNER[kind].splitlines())) for kind in LEAVES}
SLOT = re.compile(r"<(\w+)(?::(\w+))?>")
PLAIN = ("sys.argv[0]", "__name__", "len(sys.argv)", "sys.platform", "1", "True", "None", "os.environ['KNOWN']")
"""What stands in an f-string."""
ANY = ("text", "number", "truth", "none")


@st.composite
def expressions(draw: st.DrawFn, kind: str, depth: int) -> str:
    """An expression of a kind."""

    def grown(kind: str, depth: int, scope: tuple[str, ...]) -> str:
        if kind == "any":
            kind = draw(st.sampled_from(ANY))
        if kind in ("none", "plain"):
            return "None" if kind == "none" else draw(st.sampled_from(PLAIN))
        names = scope * 3 if kind == "text" else ()
        form = draw(st.sampled_from((*(FULL if depth > 0 else LEAVES)[kind], *names)))

        def filled(slot: re.Match[str]) -> str:
            return grown(slot[1], depth - 1, (*scope, slot[2]) if slot[2] else scope)

        return SLOT.sub(filled, form)

    return grown(kind, depth, ())


# --- the two that are compared ----------------------------------------------------------------------------------


@contextmanager
def process(argv: tuple[str, ...]) -> Iterator[None]:
    """The running process, disguised as a worker."""
    with (
        mock.patch.object(sys, "argv", list(argv)),
        mock.patch.object(sys, "platform", "linux"),
        mock.patch.object(sys, "version_info", VERSION),
        mock.patch.dict(os.environ, ENVIRON),
    ):
        yield


def real_names(source: str, argv: tuple[str, ...]) -> dict[str, object]:
    """The names of a module that CPython executed; none if it raises, since then no worker would start."""
    names: dict[str, object] = {"__name__": "main"}
    with warnings.catch_warnings(), process(argv):
        warnings.simplefilter("ignore")  # "is" with a literal
        code = compile(source, "main.py", "exec")
        try:
            exec(code, names)
        except Exception:
            return {}
    return names


class Known(NamedTuple):
    """A value that the walk knows, as a Python object."""

    value: object


NESTED_LIMIT = 30
"""Values in each other that are compared: a list may hold itself."""


def known(value: Value | None, depth: int = 0) -> tuple[Known, ...] | None:
    """What a value may be; None if the walk does not know."""
    if depth > NESTED_LIMIT:
        return None
    if isinstance(value, Choice):
        parts = [known(option, depth + 1) for option in value.options]
        return None if None in parts else tuple(found for part in parts if part is not None for found in part)
    if isinstance(value, Literal):
        return (Known(value.value),)
    if isinstance(value, FilePath):
        return (Known(Path(value.path)),)
    if isinstance(value, Items):
        return _known_items(value, depth + 1)
    if isinstance(value, Table) and value.complete and all(item.sure for item in value.entries.values()):
        entries = {}
        for key, item in value.entries.items():
            inner, name = known(item.value, depth + 1), _known_key(key)
            if inner is None or len(inner) != 1 or name is None:
                return None
            entries[name[0]] = inner[0].value
        return (Known(entries),)
    return None


def _known_key(key: object) -> tuple[object] | None:
    """The key of a mapping that another stands for, in a tuple; None if it is not known."""
    if isinstance(key, tuple) and key != ("", None) and key[:1] not in (("external",), ("module",)):
        parts = [_known_key(part) for part in key]
        return None if None in parts else (tuple(part[0] for part in parts if part is not None),)
    found = known(value_of(key))
    return None if found is None else (found[0].value,)


def _known_items(value: Items, depth: int) -> tuple[Known, ...] | None:
    if not value.complete or not all(item.sure for item in value.items):
        return None
    inner = [known(item.value, depth) for item in value.items]
    if any(part is None or len(part) != 1 for part in inner):
        return None
    kinds: dict[str, Callable[[list[object]], object]] = {"list": list, "tuple": tuple, "set": set}
    plain = [part[0].value for part in inner if part is not None]
    return (Known(kinds[value.kind](plain)),) if value.kind in kinds else None


def agrees(found: tuple[Known, ...], real: object) -> bool:
    """Whether a real value is among those the walk holds possible, type and all."""
    return any(type(item.value) is type(real) and _same(item.value, real) for item in found)


def _same(left: object, right: object) -> bool:
    return left == right if isinstance(left, set) else repr(left) == repr(right)


def walked(source: str, argv: tuple[tuple[str, ...], ...]) -> Walk:
    """A walk that has imported ``source`` as the module ``main``."""
    with tempfile.TemporaryDirectory() as directory:
        walk = make_walk(write(Path(directory).resolve(), {"main.py": source}), ENVIRON, argv)
        import_in(walk, "main")
    return walk


# --- properties -------------------------------------------------------------------------------------------------

FORMS = (
    "{name} = <value>\n",
    "if <truth>:\n    {name} = <value>\nelse:\n    {name} = <value>\n",
    "try:\n    {name} = <value>\nexcept Exception:\n    {name} = <value>\n",
    "try:\n    {name} = <value>\nexcept (IndexError, KeyError):\n    {name} = 'looked up'\n"
    "except ValueError:\n    {name} = <value>\nexcept (TypeError, ArithmeticError):\n    {name} = 'computed'\n",
    "def f_{name}():\n    if <truth>:\n        return <value>\n    return <value>\n{name} = f_{name}()\n",
    "{name} = <value>\nif <truth>:\n    {name} = <value>\n",
    "{name} = []\nfor item in <texts>:\n    if <truth>:\n        {name}.append(item)\n    else:\n        break\n",
    "{name} = <value>\nwhile <truth>:\n    {name} = <value>\n    break\n",
    "{name} = [*<texts>]\n{name} += <texts>\n{name}.sort()\n",
    "first, *{name} = <texts>\n",
    "match <value>:\n    case 'celery' | '':\n        {name} = <value>\n    case _:\n        {name} = <texts>\n",
)


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module that binds some names."""
    parts = [HEAD]
    kinds = st.sampled_from(("text", "number", "texts", "truth", "table"))

    def filled(slot: re.Match[str]) -> str:
        return draw(expressions(draw(kinds) if slot[1] == "value" else slot[1], 2))

    for index in range(draw(st.integers(1, 4))):
        parts.append(SLOT.sub(filled, draw(st.sampled_from(FORMS)).replace("{name}", f"R{index}")))
    return "".join(parts)


QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@settings(max_examples=300, **QUIET)
@given(modules(), st.sampled_from(ARGV))
def test_a_known_value_is_cpythons(source: str, argv: tuple[str, ...]) -> None:
    walk = walked(source, (argv,))
    ours = walk.imports.modules["main"].names
    for name, value in real_names(source, argv).items():
        found = known(ours.get(name)) if name.startswith("R") else None
        assert found is None or agrees(found, value), (name, found, value)


@settings(max_examples=200, **QUIET)
@given(modules())
@example("import sys\nfirst, *R0 = sorted([sys.argv[0], 'celery'], key=len)\n")
@example("import sys\nR0 = [sys.argv[0], 'celery']\nR0.sort(key=len)\nfirst, *R1 = R0\n")
def test_the_value_in_either_launch_form_is_a_possible_one(source: str) -> None:
    walk = walked(source, ARGV)
    ours = walk.imports.modules["main"].names
    for argv in ARGV:
        for name, value in real_names(source, argv).items():
            found = known(ours.get(name)) if name.startswith("R") else None
            assert found is None or agrees(found, value), (name, found, value)


def test_little_is_unknown() -> None:
    counts: Counter[str] = Counter()
    unknown: list[str] = []

    @settings(max_examples=500, derandomize=True, database=None, **QUIET)
    @given(st.sampled_from(tuple(LEAVES)).flatmap(lambda kind: expressions(kind, 3)))
    def count(expression: str) -> None:
        source = f"{HEAD}R = {expression}\n"
        real = real_names(source, ARGV[0])
        if "R" in real:
            found = known(walked(source, (ARGV[0],)).imports.modules["main"].names["R"])
            counts["expressions"] += 1
            if found is None:
                unknown.append(expression)

    count()
    assert counts["expressions"] > 400
    assert len(unknown) <= 0.01 * counts["expressions"], "\n".join(sorted(unknown, key=len)[:40])


@pytest.mark.parametrize("value", [UNKNOWN, None])
def test_an_unknown_value_is_not_taken_for_known(value: Value | None) -> None:
    assert known(value) is None
