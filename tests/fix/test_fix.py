"""``forksafe fix`` from end to end: what it shows, writes and leaves; and that a proof can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import FIXTURES, check, write
from repairable import SHOP

from flake8_forksafe.cli import main
from flake8_forksafe.fix.text import Source

pytestmark = pytest.mark.costly


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(write(tmp_path, SHOP))
    return tmp_path


def fix(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["fix", "--no-cache", *arguments])
    output = capsys.readouterr()
    return status, output.out, output.err


def test_a_diff_is_shown_and_nothing_is_written(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in shop.rglob("*.py")}
    status, out, err = fix(capsys)
    assert status == 1
    assert "# shop/tasks.py:3: move 'from shop import ai, prices' into describe(), price() (safe)" in out.splitlines()
    assert "#   keeps out of the parent: pandas, torch" in out.replace("torch, pandas", "pandas, torch").splitlines()
    assert "# proof, by following the boot again: 4 findings before, 0 after" in out
    assert re.search(r"the parent takes some \d+ MB before, \d+ MB after", out)
    assert "+    from shop import ai\n" in out and "+    from shop import prices\n" in out
    assert err.startswith("forksafe fix would repair 1 import in 1 file; 4 findings before, 0 after")
    assert {path: path.read_bytes() for path in shop.rglob("*.py")} == before


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_the_diff_can_be_applied(shop: Path, capfd: pytest.CaptureFixture[str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "fix", "--no-cache"], stdout=(shop / "d").open("wb"), check=False
    )
    subprocess.run(["git", "apply", "d"], cwd=shop, check=True)
    assert not check(shop, app="shop.celery").findings
    capfd.readouterr()


def test_written_and_then_nothing_is_left_to_do(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = fix(capsys, "--write")
    assert status == 0 and "shop/tasks.py:3: move" in out
    assert err.startswith("forksafe fix repaired 1 import in 1 file")
    assert not check(shop, app="shop.celery").findings
    after = {path: path.read_bytes() for path in shop.rglob("*.py")}
    status, out, err = fix(capsys, "--write")
    assert (status, out) == (0, "") and err.startswith("forksafe fix repaired nothing")
    assert {path: path.read_bytes() for path in shop.rglob("*.py")} == after


def test_only_what_is_asked_for_is_edited(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = fix(capsys, "shop/ai.py")
    assert status == 1
    assert "# shop/ai.py:1: move 'import torch' into describe(), more() (safe)" in out
    assert "+++ b/shop/tasks.py" not in out
    assert "shop/prices.py:1: FS101 'pandas' is not repaired: its file is not among the given paths" in err


def test_what_cannot_be_repaired_is_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {"shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nSIZE = ai.SIZE, prices.Prices\n"})
    status, out, err = fix(capsys)
    assert status == 1 and "shop/ai.py:1: move 'import torch'" in out
    assert (
        "shop/prices.py:1: FS101 'pandas' is not repaired: 'pandas' is used when the module is imported, in line 4"
        in err
    )
    assert "is used when the module is imported, in line 16" in err


def test_a_name_that_others_use_stays(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {
        "shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nSIZE = ai.SIZE, prices.Prices\n",
        "tests/test_ai.py": "from unittest import mock\n@mock.patch('shop.ai.torch')\ndef test(t): pass\n",
    })  # fmt: skip
    _, out, err = fix(capsys)
    assert "move" not in out
    assert "shop/ai.py:1: FS101 'torch' is not repaired: tests/test_ai.py:2 names it in a string" in err


@pytest.mark.parametrize(("text", "told"), [
    ("from shop.ai import torch\nx = torch\n",
     "tests/user.py:1 imports it; with 'import torch' there instead, this one can be deferred"),
    ("from shop import ai\nx = ai.torch\ny = ai.torch\n",
     "tests/user.py:2 uses it, and 1 more; with 'import torch' there instead, this one can be deferred"),
])  # fmt: skip
def test_what_makes_an_import_movable_is_told_and_holds(
    shop: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    tasks = SHOP["shop/tasks.py"] + "\n\nSIZE = ai.SIZE, prices.Prices\n"
    write(shop, {"shop/tasks.py": tasks, "tests/user.py": text})
    _, out, err = fix(capsys)
    assert "shop/ai.py:1: move" not in out
    assert f"shop/ai.py:1: FS101 'torch' is not repaired: {told}\n" in err
    write(shop, {"tests/user.py": "import torch\nx = torch\n"})
    _, out, _ = fix(capsys)
    assert "shop/ai.py:1: move 'import torch'" in out


def test_a_submodule_that_others_use_without_importing_it_makes_it_unsafe(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(shop, {
        "shop/ai.py": "import torch.utils.data\n\n\ndef describe(x):\n    return torch.utils.data\n",
        "shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nTYPE = ai.describe\n",
        "shop/prices.py": "",
        "scripts/user.py": "import torch\n\nx = torch.utils.data\n",
    })  # fmt: skip
    _, out, err = fix(capsys)
    assert "move" not in out and err.rstrip().endswith("; 1 more with --unsafe")
    _, out, _ = fix(capsys, "--unsafe")
    assert "(unsafe: scripts/user.py:3 uses torch.utils.data without importing it)" in out


def test_tasks_are_not_lost(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        shop,
        {"shop/ai.py": SHOP["shop/ai.py"] + "\n\nfrom celery import shared_task\n\n@shared_task\ndef other(): pass\n"},
    )
    status, out, _ = fix(capsys)
    assert status == 1 and "shop/ai.py:1: move 'import torch'" in out and "shop/tasks.py" not in out


def test_what_a_module_registers_makes_it_unsafe(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uses = "from shop.registry import register\nTYPE = torch.Size\nregister(TYPE)\n"
    write(shop, {
        "shop/ai.py": SHOP["shop/ai.py"] + uses,
        "shop/registry.py": "def register(x): pass\n",
        "shop/prices.py": "",
    })  # fmt: skip
    _, out, err = fix(capsys)
    assert "move" not in out and err.rstrip().endswith("; 1 more with --unsafe")
    status, out, _ = fix(capsys, "--unsafe")
    assert status == 1 and "(unsafe: shop.ai, which is then imported later, calls register() in line" in out


def test_a_function_that_the_boot_calls_is_no_place_for_an_import(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(shop, {
        "shop/tasks.py": "from shop import ai\nai.describe(1)\n",
        "shop/prices.py": "",
    })  # fmt: skip
    _, out, err = fix(capsys)
    assert "move" not in out
    assert "FS101 'torch' is not repaired: describe(), which uses 'torch', runs before the fork too" in err


@pytest.mark.parametrize("arguments", [("--allow-dirty",), ("nowhere.py",), ("--un",)])
def test_what_cannot_be_meant(shop: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    status, out, err = fix(capsys, *arguments)
    assert (status, out) == (2, "") and len(err.splitlines()) == 1


@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_files_that_are_not_committed_are_not_written(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "-q"], cwd=shop, check=True)
    before = (shop / "shop" / "tasks.py").read_bytes()
    status, _, err = fix(capsys, "--write")
    assert status == 2 and "shop/tasks.py differ from the last commit; commit first, or use --allow-dirty" in err
    assert (shop / "shop" / "tasks.py").read_bytes() == before
    assert fix(capsys, "--write", "--allow-dirty")[0] == 0


def test_the_bookshop(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(FIXTURES / "bookshop", tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    status, out, err = fix(capsys, "--write", "--allow-dirty")
    assert status == 1  # the warm-up in ready(), and what it needs, are left
    assert "keeps out of the parent: pandas" in out and "keeps out of the parent: litellm" in out
    assert "shop/ai_provider.py:3: FS101 'torch' is not repaired: 'torch' is used when the module is imported" in err
    left = check(tmp_path / "shop").findings
    assert not [finding for finding in left if finding.subject in ("pandas", "litellm")]
    codes = {finding.code for finding in left}
    assert codes - {"FS141"} == {"FS101", "FS102", "FS111", "FS112", "FS121", "FS132"}  # FS141: a sum of estimates


def test_the_bookshop_with_all_repairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(FIXTURES / "bookshop", tmp_path / "shop")
    monkeypatch.chdir(tmp_path / "shop")
    status, out, _ = fix(capsys, "--unsafe", "--write", "--allow-dirty")
    assert status == 0 and check(tmp_path / "shop").findings == ()
    assert "take 'warm_up()' out of ShopConfig.ready(): what it warms up is made on first use (unsafe" in out
    assert "make PLACEHOLDER on first use, in get_placeholder(); 1 use in 1 file (unsafe" in out
    for path in (tmp_path / "shop").rglob("*.py"):
        compile(path.read_bytes(), str(path), "exec")
    assert fix(capsys, "--unsafe", "--write", "--allow-dirty")[:2] == (0, "")


def test_a_project_without_a_worker(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                    monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.chdir(write(tmp_path, {"pyproject.toml": "", "x.py": "import torch\n"}))
    status, out, err = fix(capsys, "--write")
    assert (status, out) == (0, "") and "nothing to repair: no worker was found in" in err


def test_a_package_that_stays_is_left_alone(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {
        "shop/prices.py": "import pandas\nimport pandas.api.types as t\nX = pandas.Series()\ndef f(): return t\n",
    })  # fmt: skip
    write(shop, {"shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nSIZE = ai.SIZE, prices.X\n"})
    _, out, _ = fix(capsys)
    assert "shop/ai.py:1: move 'import torch'" in out and "pandas" not in out.partition("# proof")[0]


def test_a_value_is_made_on_first_use(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {
        "shop/ai.py": "import torch\n\nDEVICE = torch.device('cpu')\nMODEL = torch.load('m', DEVICE)\n",
        "shop/tasks.py": "from celery import shared_task\n\nfrom shop.ai import DEVICE, MODEL\n\n\n"
                         "@shared_task\ndef run(x):\n    return MODEL(x, DEVICE)\n",
        "shop/prices.py": "",
        "shop/api.py": "from shop.ai import MODEL\n",
        "shop/celery.py": SHOP["shop/celery.py"].replace("tasks", 'tasks", "shop.api'),
    })  # fmt: skip
    _, out, err = fix(capsys)
    assert "on first use" not in out and "more with --unsafe" in err
    status, out, err = fix(capsys, "--unsafe", "--write")
    assert (status, check(shop, app="shop.celery").findings) == (0, ())
    assert "shop/ai.py:4: make MODEL on first use, in get_model(); 1 use in 3 files (unsafe: it is no longer" in out
    assert "shop/ai.py:3: make DEVICE on first use, in get_device(); 2 uses in 2 files (unsafe" in out
    assert "shop/ai.py:1: move 'import torch' into _make_device(), _make_model() (safe)" in out
    assert err.startswith("forksafe fix repaired 2 values and 1 import in 3 files")
    assert fix(capsys, "--unsafe", "--write")[:2] == (0, "")


@pytest.mark.parametrize(("use", "reason"), [
    ("MODEL.config", "it would cause FS111"),
    ("MODEL(1)", "the boot, followed again, reaches the same hazards"),
])  # fmt: skip
def test_a_value_that_the_boot_needs_stays(
    shop: Path, capsys: pytest.CaptureFixture[str], use: str, reason: str
) -> None:
    write(shop, {
        "shop/ai.py": f"import torch\n\nMODEL = torch.load('m')\n\n\ndef first():\n    return {use}\n",
        "shop/tasks.py": "from shop import ai\n\nai.first()\n",
        "shop/prices.py": "",
    })  # fmt: skip
    _, out, err = fix(capsys, "--unsafe")
    assert "on first use" not in out
    assert f"shop/ai.py:3: FS111 'torch.load' is not repaired: {reason}" in err


def test_a_package_that_another_one_brings_is_left_alone(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {
        "shop/ai.py": "import numpy\n\n\ndef describe(x):\n    return numpy.zeros(x)\n",
        "shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nTYPE = prices.Prices\n",
    })  # fmt: skip
    _, out, err = fix(capsys)
    assert "move" not in out
    assert (
        "shop/ai.py:1: FS101 'numpy' is not repaired: 'numpy' would be loaded all the same, by 'pandas', which is not "
        "repaired\n"
    ) in err
    write(shop, {"shop/prices.py": "import pandas\n\n\nclass Prices:\n    x = pandas.NA\n"})
    write(shop, {"shop/tasks.py": SHOP["shop/tasks.py"]})
    _, out, _ = fix(capsys)
    assert "#   keeps out of the parent: numpy, pandas" in out.replace("pandas, numpy", "numpy, pandas")


@pytest.mark.parametrize("where", ["comment", "configuration"])
def test_what_is_suppressed_is_not_repaired(shop: Path, capsys: pytest.CaptureFixture[str], where: str) -> None:
    """As ruff does: a finding that nobody is told of is no reason to edit a file."""
    ignored = "[flake8]\nextend-ignore = FS13\n"
    write(shop, {"setup.cfg": ignored})
    if where == "comment":
        write(shop, {
            "shop/tasks.py": SHOP["shop/tasks.py"].replace("ai, prices", "ai, prices  # noqa: FS102"),
            "shop/ai.py": SHOP["shop/ai.py"].replace("import torch", "import torch  # noqa: FS101"),
            "shop/prices.py": SHOP["shop/prices.py"].replace("import pandas", "import pandas  # noqa"),
        })  # fmt: skip
    else:
        write(shop, {"setup.cfg": f"{ignored}per-file-ignores =\n    shop/*.py: FS101, FS102\n"})
    assert main(["check", "--no-cache", "-q"]) == 0
    capsys.readouterr()
    status, out, err = fix(capsys, "--unsafe")
    assert (status, out) == (0, "") and err.startswith("forksafe fix would repair nothing; 0 findings before, 0 after")
    write(shop, {"setup.cfg": ignored, "shop/ai.py": SHOP["shop/ai.py"]})
    _, out, _ = fix(capsys, "shop/ai.py")
    assert "shop/ai.py:1: move 'import torch' into describe(), more() (safe)" in out
    if where == "comment":
        _, out, err = fix(capsys, "shop/prices.py")
        assert out == "" and "shop/prices.py" not in err


def test_two_imports_of_one_module(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(shop, {
        "shop/tasks.py": "from celery import shared_task\n\nfrom shop import ai\nfrom shop.ai import more\n\n\n"
                         "@shared_task\ndef run(x):\n    return ai.describe(x), more(x)\n\n\nTYPE = None\n",
        "shop/ai.py": SHOP["shop/ai.py"] + "\n\nEMPTY = torch.empty\n\n\nclass E(torch.Tensor):\n    pass\n",
    })  # fmt: skip
    status, out, err = fix(capsys, "--write")
    assert status == 0 and "repaired 2 imports in 1 file" in err
    assert "from shop import ai'" in out and "from shop.ai import more'" in out
    assert fix(capsys, "--write")[:2] == (0, "")


def test_an_import_of_a_module_is_one_of_its_package_too(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The module itself loads nothing: the package that it lies in does, in a function as well."""
    write(shop, {
        "shop/tasks.py": "from celery import shared_task\n\nfrom shop.heavy import small\n\n\n"
                         "@shared_task\ndef run(x):\n    return small.double(x)\n",
        "shop/heavy/__init__.py": "import torch\n\nZERO = torch\n",
        "shop/heavy/small.py": "def double(x):\n    return 2 * x\n",
    })  # fmt: skip
    status, out, _ = fix(capsys, "--write")
    assert status == 0 and "move 'from shop.heavy import small' into run() (safe)" in out
    program = (
        "import sys; from shop import tasks; a = 'torch' in sys.modules; print(a, tasks.run(2), 'torch' in sys.modules)"
    )
    write(shop, {"torch.py": ""})
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.split() == ["False", "4", "True"]


def test_one_run_follows_the_boot_a_limited_number_of_times(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    models = "".join(f"M{number} = torch.load('{number}')\n" for number in range(8))
    uses = ", ".join(f"M{number}" for number in range(8))
    write(shop, {
        "shop/ai.py": f"import torch\n\n{models}\n\ndef describe(x):\n    return {uses}\n",
        "shop/prices.py": "",
        "shop/tasks.py": SHOP["shop/tasks.py"] + "\n\nTYPE = ai.describe\n",
    })  # fmt: skip
    monkeypatch.setattr("flake8_forksafe.fix.proof.Tries.__init__.__defaults__", (5,))
    _, out, err = fix(capsys, "--unsafe")
    assert 0 < out.count("on first use, in get_m") < 8
    assert "not all was tried: one run follows the boot 30 times; run forksafe fix again after --write\n" in err
    monkeypatch.undo()
    monkeypatch.chdir(shop)
    _, out, err = fix(capsys, "--unsafe")
    assert out.count("on first use, in get_m") == 8 and "not all was tried" not in err


def test_what_no_repair_edits_is_parsed_once(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[tuple[str, bytes]] = []
    make = Source.__init__

    def noted(self: Source, path: str, content: bytes) -> None:
        parsed.append((path, content))
        make(self, path, content)

    monkeypatch.setattr(Source, "__init__", noted)
    write(shop, {"shop/ai.py": "import torch\nDEVICE = torch.device('cpu')\nMODEL = torch.load('m')\n"
                               "def describe(x):\n    return MODEL, DEVICE\n"})  # fmt: skip
    fix(capsys)
    assert len(parsed) == len(set(parsed)) > 2
