"""Who else relies on a name of a module: what is seen, and what is not taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.fix.references import Mentions, ModuleNames
from flake8_forksafe.project.disk import Disk

RELY = {
    "from mod import name": "from shop.ai import torch\n",
    "relative": "from .ai import load, torch\n",
    "in parentheses": "from shop.ai import (\n    load,\n    torch,\n)\n",
    "a star": "from shop.ai import *\nprint(torch)\n",
    "an attribute": "import shop.ai\nprint(shop.ai.torch.load)\n",
    "under another name": "import shop.ai as thing\nprint(thing.torch)\n",
    "from the package": "from shop import ai\nai.torch.load()\n",
    "from the package, under another name": "from . import ai as other\nother.torch.load()\n",
    "mock.patch": "from unittest import mock\n@mock.patch('shop.ai.torch')\ndef test(): pass\n",
    "mock.patch of something in it": "from unittest import mock\nmock.patch('shop.ai.torch.load')\n",
    "monkeypatch": "from shop import ai\ndef test(monkeypatch):\n    monkeypatch.setattr(ai, 'torch', None)\n",
    "patch.multiple": "from unittest import mock\nmock.patch.multiple('shop.ai', torch=mock.DEFAULT)\n",
    "patch.multiple of the module": "from mock import patch\nfrom shop import ai\npatch.multiple(ai, torch=1)\n",
    "a dictionary": "from shop import ai\nvars(ai).update({'torch': 1})\n",
    "a broken file": "from shop.ai import torch\nx = (\n",
    "another root": "from proj.shop.ai import torch\n",
}
DO_NOT = {
    "another name": "from shop.ai import load\nimport torch\n",
    "another module of that name": "from other.ai_tools import torch\n",
    "its own import": "import torch\nfrom shop import ai\nai.load()\n",
    "a relative import from elsewhere": "from ..ai import torch\n",
    "an attribute of something else": "import shop.ai\nclass ai: torch = 1\nself = ai\nself.torch\n",
    "a string that is no path": "from shop.ai import load\nx = 'about torch and shop'\n",
    "another patch of several": "import mock\nmock.patch.multiple('shop.other', torch=mock.DEFAULT)\n",
    "patch.dict of the modules": "from unittest import mock\nfrom shop import ai\n"
    "with mock.patch.dict('sys.modules', {'torch': None}): ai.load()\n",
    "patch.dict of sys.modules": "import sys\nfrom unittest import mock\nfrom shop import ai\n"
    "with mock.patch.dict(sys.modules, {'torch': None}): ai.load()\n",
    "setitem": "import sys\nfrom shop import ai\ndef test(m): m.setitem(sys.modules, 'torch', None)\n",
    "an entry of sys.modules": "import sys\nfrom shop import ai\nsys.modules['torch'] = ai\n",
    "importorskip": "import pytest\nfrom shop import ai\npytest.importorskip('torch')\n",
    "a longer path": "from unittest import mock\nmock.patch('shop.ai.torch_helper')\n",
}


def found(tmp_path: Path, text: str) -> list[str]:
    write(tmp_path, {"shop/__init__.py": "", "shop/ai.py": "import torch\n", "shop/user.py": text})
    module = ModuleNames(str(tmp_path / "shop" / "ai.py"), ("shop.ai",))
    return [
        f"{Path(one.path).name}:{one.line}" for one in Mentions(Disk(), str(tmp_path)).references(module, ["torch"])
    ]


@pytest.mark.parametrize("name", RELY)
def test_relies(tmp_path: Path, name: str) -> None:
    assert {place.partition(":")[0] for place in found(tmp_path, RELY[name])} == {"user.py"}


@pytest.mark.parametrize("name", DO_NOT)
def test_does_not_rely(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, DO_NOT[name]) == []


def test_names_of_a_package(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "shop/__init__.py": "import torch\n",
            "shop/user.py": "from . import torch\n",
            "t.py": "import shop\nshop.torch\n",
        },
    )
    module = ModuleNames(str(tmp_path / "shop" / "__init__.py"), ("shop",))
    places = {Path(one.path).name for one in Mentions(Disk(), str(tmp_path)).references(module, ["torch"])}
    assert places == {"user.py", "t.py"}


def test_a_star_hands_names_on(tmp_path: Path) -> None:
    write(tmp_path, {
        "shop/ai.py": "import torch\n",
        "shop/__init__.py": "from .ai import *\n",
        "api/__init__.py": "from shop import *\n",
        "tests/test_a.py": "import shop\nfrom api import torch\nshop.torch\n",
        "tests/test_b.py": "import torch\nfrom shop import load\n",
    })  # fmt: skip
    module = ModuleNames(str(tmp_path / "shop/ai.py"), ("shop.ai",))
    references = [*Mentions(Disk(), str(tmp_path)).references(module, ("torch",))]
    told = {(Path(reference.path).name, reference.line, reference.how) for reference in references}
    assert told == {
        ("test_a.py", 3, "uses it, by way of shop"),
        ("test_a.py", 2, "imports it, by way of api"),
    }


SUBMODULES = {
    "of the package": ("import pk\ndef f(): return pk.sub.load()\n", True),
    "beside another": ("import pk.other\ndef f(): return pk.sub\n", True),
    "under another name": ("import pk as p\ndef f(): return p.sub.load()\n", True),
    "its own import": ("import pk.sub\ndef f(): return pk.sub.load()\n", False),
    "its own import of what is in it": ("import pk\nfrom pk.sub import load\ndef f(): return pk.sub.load()\n", False),
    "its own import from the package": ("import pk\nfrom pk import sub\ndef f(): return pk.sub.load()\n", False),
    "another package": ("import pq as pk\ndef f(): return pk.sub.load()\n", False),
    "something else": ("import pk\ndef f(): return pk.subject\n", False),
}


@pytest.mark.parametrize(("text", "expected"), SUBMODULES.values(), ids=SUBMODULES)
def test_submodules_that_others_use_without_importing_them(tmp_path: Path, text: str, expected: bool) -> None:
    write(tmp_path, {"ai.py": "import pk.sub\ndef f(): return pk.sub\n", "user.py": text})
    mentions = Mentions(Disk(), str(tmp_path))
    found = [one.how for one in mentions.unimported(str(tmp_path / "ai.py"), "pk.sub")]
    assert found == (["uses pk.sub without importing it"] if expected else [])
