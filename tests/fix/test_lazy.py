"""Imports that become lazy (PEP 810), in projects that require Python 3.15.

No Python 3.15 executes them here: that the text is of PEP 810's grammar is held by taking the keyword away, which
leaves an import statement of today's Python in a place where the keyword is allowed, and by libcst, which parses it as
lazy.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import libcst
import pytest
from helpers import check, write
from repairable import SHOP

from flake8_forksafe.cli import main

PYPROJECT = '[project]\nname = "shop"\nrequires-python = "{}"\n[tool.forksafe]\napp = "shop.celery"\n'
NEW = SHOP | {"pyproject.toml": PYPROJECT.format(">=3.15")}
AI = "shop/ai.py"
SIMPLE = NEW | {"shop/tasks.py": "from celery import shared_task\nimport shop.ai\nX = shop.ai.SIZE\n"}
LAZY = re.compile(r"^lazy (?=import |from )", re.MULTILINE)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fixed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """What is told of the repairs that are written, and of what is left."""
    main(["fix", "--no-cache", "--write", "--allow-dirty", *arguments])
    captured = capsys.readouterr()
    return captured.out, captured.err


def assert_grammatical(text: str) -> int:
    """Hold a text to the grammar of PEP 810, and return how many lazy imports it has.

    ``import_stmt: "lazy"? import_name | "lazy"? import_from``, at the top level of the module, without ``*``.
    """
    lines = [text.count("\n", 0, match.start()) + 1 for match in LAZY.finditer(text)]
    plain = {node.lineno: node for node in ast.parse(LAZY.sub("", text)).body}
    for line in lines:
        node = plain[line]
        assert isinstance(node, ast.Import | ast.ImportFrom)
        assert not any(alias.name == "*" for alias in node.names)
        assert getattr(node, "module", "") != "__future__"
    kinds = (libcst.LazyImport, libcst.LazyImportFrom)
    module = libcst.parse_module(text)
    found = [node for one in module.body if isinstance(one, libcst.SimpleStatementLine) for node in one.body]
    assert sum(isinstance(node, kinds) for node in found) == len(lines)
    return len(lines)


def test_an_import_becomes_lazy_where_it_stands(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, NEW)
    out, _ = fixed(capsys)
    assert "shop/tasks.py:3: write 'lazy from shop import ai, prices' (safe)" in out.splitlines()
    text = (shop / "shop/tasks.py").read_text()
    assert text == SHOP["shop/tasks.py"].replace("from shop import", "lazy from shop import")
    assert assert_grammatical(text) == 1
    assert not check(shop).findings
    assert fixed(capsys)[1].startswith("forksafe fix repaired nothing")


@pytest.mark.parametrize("bound", [">=3.12", ">=3.14,<4", "~=3.14", "!=3.15"])
def test_an_older_python_gets_none(shop: Path, capsys: pytest.CaptureFixture[str], bound: str) -> None:
    write(shop, SHOP | {"pyproject.toml": PYPROJECT.format(bound)})
    out, _ = fixed(capsys)
    assert "move 'from shop import ai, prices' into" in out
    assert "lazy" not in (shop / "shop/tasks.py").read_text()


def test_the_python_of_the_worker_alone_is_no_reason(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, SHOP | {"pyproject.toml": PYPROJECT.format(">=3.12") + 'python-version = "3.15"\n'})
    assert "move 'from shop import ai, prices' into" in fixed(capsys)[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import torch, os  # both\n", "import os\nlazy import torch  # both\n"),
        ("# heavy\nimport torch as t\n", "# heavy\nlazy import torch as t\n"),
        ("from torch import (\n    nn,  # layers\n    cuda,\n)\n",
         "lazy from torch import (\n    nn,  # layers\n    cuda,\n)\n"),
        ("from torch.nn import functional\r\n", "lazy from torch.nn import functional\r\n"),
    ],
    ids=["one of two", "as", "several lines", "CRLF"],
)  # fmt: skip
def test_the_text(shop: Path, capsys: pytest.CaptureFixture[str], before: str, after: str) -> None:
    newline = "\r\n" if "\r" in before else "\n"
    uses = ["t", "os"] if " as t" in before else ["nn", "cuda"] if "nn," in before else ["functional"]
    uses = ["torch", "os"] if ", os" in before else uses
    rest = f"SIZE = 3\n\n\ndef describe(x):\n    return {', '.join(uses)}\n".replace("\n", newline)
    write(shop, SIMPLE | {AI: ""})
    (shop / AI).write_bytes((before + ("import os\n" if " as t" in before else "") + rest).encode())
    fixed(capsys, AI)
    text = (shop / AI).read_bytes().decode()
    assert text == after + ("import os\n" if " as t" in before else "") + rest
    assert assert_grammatical(text.replace("\r\n", "\n")) == 1


@pytest.mark.parametrize(
    "files",
    [
        {"tests/test_ai.py": "from unittest import mock\n@mock.patch('shop.ai.torch')\ndef test(t): pass\n"},
        {"shop/other.py": "def late():\n    from shop.ai import torch\n    return torch\n"},
        {AI: NEW[AI] + "\n__all__ = ['torch', 'describe']\n"},
        {AI: "from __future__ import annotations\n" + NEW[AI] + "\n@print\ndef size(x: torch.Tensor) -> int: ...\n"},
        {AI: "import torch\nSIZE = 3\n", "shop/other.py": "from shop import ai\ndef f():\n    return ai.torch\n"},
    ],
    ids=["mock", "taken in a function", "__all__", "annotation", "only taken"],
)  # fmt: skip
def test_what_moving_an_import_would_break(
    shop: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    write(shop, SIMPLE | files)
    out, err = fixed(capsys, AI)
    assert re.match(r"shop/ai.py:[12]: write 'lazy import torch' \(safe\)\n", out), err
    assert assert_grammatical((shop / AI).read_text()) == 1


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import torch\nSIZE = torch.x\n", "'torch' is used when the module is imported, in line 2"),
        ("import torch\nSIZE = 3\n", "'torch' is not used in the file: it is imported for its effects"),
        ("import torch\nSIZE = 3\ndef f():\n    return torch, globals()\n",
         "globals() in line 4 would find 'torch' not loaded yet"),
        ("import torch\nSIZE = 3\ndef f():\n    return torch\nf()\n",
         "f(), which uses 'torch', runs before the fork too"),
        ("import torch\nimport torch.nn\nSIZE = 3\ndef f():\n    return torch\n", "'torch' is also bound in line"),
        ("import torch\nimport numba\nSIZE = 3\n@numba.njit\ndef f():\n    return torch.x\n",
         "'torch' is used in f(), which @njit compiles"),
        ("import torch\nimport pydantic\nSIZE = 3\ndef f(x: torch.Tensor):\n    return torch\n",
         "'torch' is used in the annotation in line 4, which pydantic evaluates"),
        ("lazy from pydantic import BaseModel\nimport torch\nSIZE = 3\ndef f(x: torch.Tensor):\n    return torch\n",
         "'torch' is used in the annotation in line 4, which pydantic evaluates"),
        ("import torch\nSIZE = 3\ndef f():\n    global torch\n    torch = None\n", "'torch' is also bound in line"),
        ("import torch\nSIZE = 3\n@print\ndef f(x: torch.Tensor):\n    return torch\n",
         "'torch' is used in an annotation in line 4, which a decorator may evaluate"),
        ("import torch\nSIZE = 3\nclass A(Exception):\n    x: torch.Tensor\n",
         "'torch' is used in an annotation in line 4, which a base class may evaluate"),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None\nSIZE = 3\n", "it stands inside 'try'"),
        ("from torch import *\nSIZE = 3\n", "it is a star import"),
    ],
    ids=["used", "unused", "globals", "runs", "bound twice", "compiled", "pydantic", "lazy pydantic",
         "global", "decorator", "base class", "try", "star"],
)  # fmt: skip
def test_what_is_refused(shop: Path, capsys: pytest.CaptureFixture[str], source: str, reason: str) -> None:
    write(shop, SIMPLE | {AI: source})
    out, err = fixed(capsys, AI)
    assert "write 'lazy" not in out and (shop / AI).read_text() == source
    assert f"FS101 'torch' is not repaired: {reason}" in err


def test_an_annotation_that_something_may_evaluate_is_not_safe(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, SIMPLE | {AI: NEW[AI] + "\ndef size(x: torch.Tensor) -> int:\n    return len(x)\n"})
    assert "write 'lazy" not in fixed(capsys, AI)[0]
    out, _ = fixed(capsys, AI, "--unsafe")
    assert "write 'lazy import torch' (unsafe: annotations name it, which something may evaluate)" in out


def test_a_lazy_name_that_is_taken_while_modules_are_imported_is_no_repair(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(shop, SIMPLE | {"shop/tasks.py": "import shop.ai\nfrom shop.ai import torch\nX = shop.ai.SIZE, torch.x\n"})
    assert "write 'lazy import torch'" not in fixed(capsys, AI)[0]
    assert "lazy" not in (shop / AI).read_text()
