"""Versions of names are what copies of them would be, and cost what changed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from flake8_forksafe.interpreter.namespace import Namespace, NamesVersion
from flake8_forksafe.interpreter.values import Literal, Value, join, options

NAMES = st.sampled_from("abcd")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("bind"), NAMES, st.integers(0, 2)),
        st.tuples(st.just("unbind"), NAMES),
        st.tuples(st.just("keep")),
        st.tuples(st.just("go"), st.integers(0, 9)),
        st.tuples(st.just("join"), st.lists(st.integers(0, 9), min_size=1, max_size=4)),
    ),
    max_size=40,
)
Plain = dict[str, frozenset[object]]


def plain(names: Namespace[Value]) -> Plain:
    """Names with the values they may have."""
    return {name: frozenset(o.value for o in options(value) if isinstance(o, Literal)) for name, value in names.items()}


@given(STEPS)
def test_they_are_what_copies_would_be(steps: list[tuple]) -> None:
    names: Namespace[Value] = Namespace()
    copy: Plain = {}
    kept: list[tuple[NamesVersion[Value], Plain]] = [(names.version(), {})]
    constants: list[Value] = [Literal(number) for number in range(3)]
    for kind, *given_ in steps:
        if kind == "bind":
            names[given_[0]] = constants[given_[1]]
            copy[given_[0]] = frozenset({given_[1]})
        elif kind == "unbind":
            names.unbind(given_[0])
            copy.pop(given_[0], None)
        elif kind == "keep":
            kept.append((names.version(), dict(copy)))
        elif kind == "go":
            version, copy = kept[given_[0] % len(kept)]
            copy = dict(copy)
            names.go_to(version)
        else:
            chosen = [kept[number % len(kept)] for number in given_[0]]
            names.join([version for version, _ in chosen], join)
            together = {name for _, other in chosen for name in other}
            copy = {name: frozenset().union(*(other.get(name, ()) for _, other in chosen)) for name in together}
        assert plain(names) == copy


@given(STEPS)
def test_what_was_written_since(steps: list[tuple]) -> None:
    names: Namespace[Value] = Namespace()
    names["a"] = Literal(0)
    version, before = names.version(), dict(names)
    for kind, *given_ in steps:
        if kind == "bind":
            names[given_[0]] = Literal(given_[1])
        elif kind == "unbind":
            names.unbind(given_[0])
        else:
            names.version()
    written = names.since(version)
    assert {name for name in {*names, *before} if names.get(name) is not before.get(name)} <= written.keys()
    assert all(before.get(name) is old for name, old in written.items())


def test_versions_hold_what_changed() -> None:
    names: Namespace[Value] = Namespace()
    for number in range(1000):
        names[f"name{number}"] = Literal(number)
    versions = [names.version()]
    for number in range(100):
        names["name0"] = Literal(number)
        versions.append(names.version())
    assert [len(version.changes) for version in versions] == [1000] + [1] * 100
    assert all(later.parent is earlier for earlier, later in pairwise(versions))
