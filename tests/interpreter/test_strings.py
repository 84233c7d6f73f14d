"""Methods of real strings, within bounds."""

from __future__ import annotations

import pytest

from flake8_forksafe.interpreter.strings import TEXT_LIMIT, TooLarge, call_method, format_fields, percent, result_size


@pytest.mark.parametrize(
    ("receiver", "name", "arguments", "keywords"),
    [
        ("a,b", "split", [","], {}), ("-", "join", [["a", "b"]], {}), ("{}-{x}", "format", [1], {"x": "y"}),
        ("aXa", "replace", ["X", "--"], {}), ("7", "zfill", [4], {}), ("x", "center", [5, "*"], {}),
        ("é", "encode", [], {}), (b"\xc3\xa9", "decode", ["utf-8"], {}), ("Ab", "swapcase", [], {}),
        ("x" * 14 + "{}", "format", ["y" * 16], {}),
        ("a.b.c", "rpartition", ["."], {}), ("pre_x", "removeprefix", ["pre_"], {}),
    ],
)  # fmt: skip
def test_the_result_is_pythons_and_no_longer_than_foreseen(
    receiver: str | bytes, name: str, arguments: list[object], keywords: dict[str, object]
) -> None:
    result = call_method(receiver, name, arguments, keywords)
    assert result == getattr(receiver, name)(*arguments, **keywords)
    if isinstance(result, str):
        assert len(result) <= result_size(receiver, name, arguments, keywords)


@pytest.mark.parametrize(
    ("receiver", "name", "arguments"),
    [
        ("x", "zfill", [10**9]), ("x", "ljust", [10**9]), ("x" * 1000, "replace", ["x", "y" * 1000]),
        ("{:>1000000000}", "format", [1]), ("{0.a}", "format", ["x"]), ("{:{}}", "format", ["x", 10**9]),
        ("x" * 1000, "join", [["a"] * 1000]), ("x", "encode", ["idna"]), ("{}", "format", [["aaaa"] * 20_000]),
    ],
)  # fmt: skip
def test_what_would_be_too_large_or_take_too_long_is_refused(receiver: str, name: str, arguments: list[object]) -> None:
    with pytest.raises(TooLarge):
        call_method(receiver, name, arguments, {})


def test_the_fields_of_a_template() -> None:
    assert format_fields("{} and {:>12}") == (2, 12)
    with pytest.raises(ValueError):
        format_fields("{")


@pytest.mark.parametrize(
    ("template", "values"),
    [("%s", "x"), ("%05.1f|%s", (1.25, "a")), ("%d%%", (3,)), pytest.param("%900d" + "x" * 900, 1, id="wide")],
)
def test_percent(template: str, values: object) -> None:
    assert percent(template, values) == template % values


@pytest.mark.parametrize(("template", "values"), [("%*d", (10, 1)), ("%999999d", (1,)), ("%s", "x" * (TEXT_LIMIT + 1))])
def test_percent_within_bounds(template: str, values: object) -> None:
    with pytest.raises(TooLarge):
        percent(template, values)
