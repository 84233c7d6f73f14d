"""Reading what ``forksafe measure --save`` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flake8_forksafe.options import UsageError
from flake8_forksafe.project.measurement import load_measurement

MEBIBYTE = 2**20

DOCUMENT: dict[str, Any] = {
    "schema": 1,
    "app": "proj",
    "modules": [],
    "memory": {"rss": 120 * MEBIBYTE, "pss": 110 * MEBIBYTE, "uss": 100 * MEBIBYTE},
    "parent_beside_children": {
        "rss": 120 * MEBIBYTE, "pss": 40 * MEBIBYTE, "uss": 5 * MEBIBYTE,
        "pss_collected": 60 * MEBIBYTE, "uss_collected": 10 * MEBIBYTE,
    },
    "children": [
        {"rss": 100 * MEBIBYTE, "pss": 50 * MEBIBYTE, "uss": 10 * MEBIBYTE,
         "pss_collected": 70 * MEBIBYTE, "uss_collected": 30 * MEBIBYTE},
        {"rss": 100 * MEBIBYTE, "pss": 50 * MEBIBYTE, "uss": 10 * MEBIBYTE,
         "pss_collected": 70 * MEBIBYTE, "uss_collected": 50 * MEBIBYTE},
    ],
}  # fmt: skip


def saved(directory: Path, **changes: Any) -> str:
    path = directory / "measured.json"
    path.write_text(json.dumps({**DOCUMENT, **changes}), encoding="utf-8")
    return str(path)


def test_figures(tmp_path: Path) -> None:
    measured = load_measurement(saved(tmp_path))
    assert measured.app == "proj"
    assert measured.parent.pss == 110 * MEBIBYTE
    assert measured.per_child == 40 * MEBIBYTE  # the mean of what the two have after a collection
    assert measured.shared == (60 + 70 + 70 - 2 * 40) * MEBIBYTE


@pytest.mark.parametrize(("memory", "count"), [(119, 0), (120, 0), (159, 0), (160, 1), (200, 2), (2048, 48)])
def test_concurrency_is_what_is_left_over_the_share_of_a_child(tmp_path: Path, memory: int, count: int) -> None:
    assert load_measurement(saved(tmp_path)).concurrency(memory * MEBIBYTE) == count


def test_concurrency_needs_children(tmp_path: Path) -> None:
    measured = load_measurement(saved(tmp_path, children=[], parent_beside_children=None))
    assert measured.per_child is None
    assert measured.concurrency(2**31) is None


def test_concurrency_needs_pss(tmp_path: Path) -> None:
    alone = {"rss": MEBIBYTE, "pss": None, "uss": None}
    measured = load_measurement(saved(tmp_path, memory=alone, children=[alone], parent_beside_children=alone))
    assert measured.children[0].rss == MEBIBYTE
    assert measured.concurrency(2**31) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not JSON"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="nothing in it"),
        pytest.param(json.dumps({**DOCUMENT, "schema": 2}), id="another schema"),
        pytest.param(json.dumps({**DOCUMENT, "memory": 5}), id="memory is a number"),
        pytest.param(json.dumps({**DOCUMENT, "memory": {"rss": "5"}}), id="memory is text"),
        pytest.param(json.dumps({**DOCUMENT, "memory": {"rss": -5}}), id="memory is negative"),
        pytest.param(json.dumps({**DOCUMENT, "children": 5}), id="children are a number"),
        pytest.param(json.dumps({**DOCUMENT, "children": [5]}), id="a child is a number"),
        pytest.param("\ud800", id="not UTF-8"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "measured.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UsageError, match=r"measured\.json"):
        load_measurement(str(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_measurement(str(tmp_path / "nowhere.json"))
