"""Projects are edited at random, and what a warm run says is held against a cold one, byte for byte."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import FIXTURES, some, write

from flake8_forksafe.file_reading import CannotAnalyse
from flake8_forksafe.finding import Outcome
from flake8_forksafe.incremental.outcome_cache import outcome_of
from flake8_forksafe.options import UsageError
from flake8_forksafe.project import stamps
from flake8_forksafe.report.json import findings_document
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import make_settings

pytestmark = pytest.mark.costly

SMALL = {
    "pyproject.toml": "[project]\nname = 'shop'\ndependencies = ['celery', 'torch']\n",
    "shop/__init__.py": "",
    "shop/celery.py": "from celery import Celery\napp = Celery('shop', include=['shop.tasks'])\n",
    "shop/tasks.py": "import shop.models\nfrom shop.tools import warm\n\n\ndef run():\n    import jax\n\n\nwarm()\n",
    "shop/models.py": "import json\nfrom shop import tools\n",
    "shop/tools.py": "import os\n\n\ndef warm():\n    return os.getcwd()\n\n\ndef cold():\n    import polars\n",
    "scripts/other.py": "x = 1\n",
}
STATEMENTS = (
    "import torch", "import json", "import polars as pl", "from shop import tools", "import shop.extra", "import numpy",
    "from shop.models import *", "from . import tools", "raise ImportError('x')", "raise SystemExit", "x = 1",
    "try:\n    import torch\nexcept ImportError:\n    import litellm",
    "try:\n    import shop.gone\nfinally:\n    y = 2",
    "def f():\n    import torch\nf()", "def g():\n    import torch", "class C:\n    import jax",
    "# a comment", "", "\n\n",
    "import os\nos.environ['OMP_NUM_THREADS'] = '1'", "if __name__ == '__main__':\n    import torch",
    "from celery import Celery\nsecond = Celery('second')", "import threading\nthreading.Thread(target=print).start()",
    "x = (", "return", "import torch; torch.hub.load('x')", "'elery'",
    "import importlib\nimportlib.import_module('torch')",
    "from celery.signals import worker_init\n@worker_init.connect\ndef h(**k):\n    import torch",
)  # fmt: skip
OTHER_FILES = {
    "Procfile": ("worker: celery -A shop worker -P solo\n", "worker: celery -A shop worker -c 4\n"),
    "compose.yaml": ("services:\n  w:\n    image: x\n    command: celery -A shop worker\n",),
    "pyproject.toml": (
        SMALL["pyproject.toml"], SMALL["pyproject.toml"] + "[tool.forksafe]\naccept = ['torch']\n",
        SMALL["pyproject.toml"].replace(", 'torch'", ""), "[tool.forksafe]\nhazards = ['json']\n",
    ),
    "requirements.txt": ("numpy\n", "torch\n"),
    "celery/__init__.py": ("", "x = 1\n"),
}  # fmt: skip


class Editor:
    """Edits one project; ``buffers`` are its unsaved files."""

    def __init__(self, root: Path, choose: random.Random) -> None:
        self.root = root
        self.choose = choose
        self.original = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        self.buffers: dict[str, bytes] = {}

    def files(self) -> list[Path]:
        """The Python files there are."""
        found = [path for path in sorted(self.root.rglob("*.py")) if path.is_file()]
        return found or [self.root / "shop/__init__.py"]

    def any_file(self) -> Path:
        """One of them, rather one that a worker loads."""
        return self.choose.choice(self.files())

    def step(self) -> str:
        """One edit; its name."""
        self.buffers = {}
        edit = self.choose.choice(EDITS)
        try:
            edit(self)
        except OSError:  # what there is stands in the way
            pass
        return edit.__name__

    def start_anew(self) -> None:
        """Make the project what it was."""
        for path in self.root.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        restore(self)


def edited(editor: Editor, text: str) -> str:
    """A text with a statement inserted, removed or replaced at a line."""
    lines = text.split("\n")
    at = editor.choose.randrange(len(lines) + 1)
    kind = editor.choose.random()
    if kind < 0.6:
        lines.insert(at, editor.choose.choice(STATEMENTS))
    elif kind < 0.85 and len(lines) > 1:
        del lines[at - 1]
    else:
        lines[at - 1 if at else 0 : at] = [editor.choose.choice(STATEMENTS)]
    return "\n".join(lines)


def edit(editor: Editor) -> None:
    path = editor.any_file()
    path.write_text(edited(editor, path.read_text(encoding="utf-8", errors="replace")), encoding="utf-8")


def insert_above(editor: Editor) -> None:
    path = editor.any_file()
    path.write_bytes(editor.choose.choice([b"\n", b"# above\n", b"import json\n"]) + path.read_bytes())


def append_comment(editor: Editor) -> None:
    path = editor.any_file()
    path.write_bytes(path.read_bytes() + b"\n# at the end\n")


def restore(editor: Editor) -> None:
    for path, content in editor.original.items():
        if not path.is_file() or editor.choose.random() < 0.5:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink():
                path.unlink()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def break_syntax(editor: Editor) -> None:
    path = editor.any_file()
    path.write_bytes(path.read_bytes() + b"x = (\n")


def mend_syntax(editor: Editor) -> None:
    for path in editor.files():
        path.write_bytes(path.read_bytes().replace(b"x = (", b"import torch"))


def same_size_and_time(editor: Editor) -> None:
    path = editor.any_file()
    status = path.stat()
    content = path.read_bytes()
    swapped = content.replace(b"json", b"TEMP").replace(b"torch", b"numpy").replace(b"TEMP", b"json")
    path.write_bytes(swapped if swapped != content else content[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touch(editor: Editor) -> None:
    os.utime(editor.any_file())


def add_file(editor: Editor) -> None:
    name = editor.choose.choice(
        ["shop/extra.py", "shop/gone.py", "torch.py", "json.py", "shop/tools/__init__.py", "a.py"]
    )
    path = editor.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(editor.choose.choice(STATEMENTS) + "\n")


def remove_file(editor: Editor) -> None:
    editor.any_file().unlink()


def rename_file(editor: Editor) -> None:
    editor.any_file().rename(editor.root / "shop" / editor.choose.choice(["extra.py", "gone.py", "models.py"]))


def toggle_package(editor: Editor) -> None:
    path = editor.root / editor.choose.choice(["shop", "scripts", "shop/extra"])
    init = path / "__init__.py"
    if init.exists():
        init.unlink()
    else:
        path.mkdir(exist_ok=True)
        init.write_text("import polars\n")


def file_to_directory(editor: Editor) -> None:
    path = editor.any_file()
    path.unlink()
    path.mkdir()


def remove_directory(editor: Editor) -> None:
    directories = [path for path in sorted(editor.root.rglob("*")) if path.is_dir() and not path.is_symlink()]
    if directories:
        shutil.rmtree(editor.choose.choice(directories))


def link(editor: Editor) -> None:
    path = editor.root / "shop" / editor.choose.choice(["extra.py", "extra", "tools.py"])
    if path.is_symlink() or path.is_file():
        path.unlink()
    targets = ["models.py", "tools.py", "../scripts", "nowhere.py", "../scripts/other.py"]
    path.symlink_to(editor.choose.choice(targets))


def other_file(editor: Editor) -> None:
    name = editor.choose.choice(sorted(OTHER_FILES))
    path = editor.root / name
    if path.exists() and editor.choose.random() < 0.4:
        path.unlink()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(editor.choose.choice(OTHER_FILES[name]))


def buffer(editor: Editor) -> None:
    path = editor.any_file()
    text = edited(editor, path.read_text(encoding="utf-8", errors="replace"))
    editor.buffers = {str(path): text.encode()}


def buffer_comment(editor: Editor) -> None:
    path = editor.any_file()
    editor.buffers = {str(path): path.read_bytes() + b"\n# typed\n"}


def nothing(editor: Editor) -> None:
    pass


EDITS: tuple[Callable[[Editor], None], ...] = (
    edit, edit, edit, edit, insert_above, append_comment, restore, break_syntax, mend_syntax, same_size_and_time, touch,
    add_file, remove_file, rename_file, toggle_package, file_to_directory, remove_directory, link, other_file, buffer,
    buffer, buffer_comment, nothing,
)  # fmt: skip


def said(root: Path, buffers: dict[str, bytes], **options: object) -> str:
    """What a run says, as JSON."""
    try:
        settings = make_settings(str(root), options)
        with deep_recursion():
            outcome: Outcome = outcome_of(settings, buffers)
    except (UsageError, CannotAnalyse) as error:
        return str(error)
    return findings_document(outcome.findings, str(root)) + repr(outcome)


def differences(root: Path, steps: int, seed: int) -> Iterator[tuple[int, str]]:
    """The steps after which a warm run says something else than a cold one."""
    editor = Editor(root, random.Random(seed))
    silent = 0
    for number in range(steps):
        name = editor.step()
        cold = said(root, editor.buffers, no_cache=True)
        if said(root, editor.buffers) != cold:
            yield number, name
        silent = 0 if cold.count("FS1") > 1 else silent + 1
        if silent == 3:  # little can change what such a project says
            editor.start_anew()
            silent = 0


@pytest.fixture(autouse=True)
def trusted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stamps are trusted a hundredth of a second after they were made: else nearly every file would be read again."""
    monkeypatch.setattr(stamps, "RACY_NS", 10_000_000)


@pytest.mark.parametrize("seed", range(3))
def test_warm_equals_cold(tmp_path: Path, seed: int) -> None:
    assert list(differences(write(tmp_path, SMALL), 70, seed)) == []


def test_warm_equals_cold_in_a_larger_project(tmp_path: Path) -> None:
    root = Path(shutil.copytree(FIXTURES / "bookshop", tmp_path / "bookshop"))
    assert list(differences(root, 90, 7)) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", some(range(100, 125), 4))
def test_warm_equals_cold_for_long(tmp_path: Path, seed: int) -> None:
    assert list(differences(write(tmp_path, SMALL), 400, seed)) == []
