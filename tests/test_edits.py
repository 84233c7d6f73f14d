"""After an edit, what is kept gives what a new analysis finds, wherever it is used."""

from __future__ import annotations

import ast
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_outcome import PROJECT, Runs, runs, write

from flake8_forksafe.edits import moved
from flake8_forksafe.finding import Finding, Hop, Outcome
from flake8_forksafe.outcome import outcome_of
from flake8_forksafe.session import deep_recursion
from flake8_forksafe.settings import make_settings
from flake8_forksafe.source.changes import Edit

__all__ = ["runs"]

FIXTURES = Path(__file__).parent / "fixtures"


def outcome(root: Path, path: Path, text: str, **options: object) -> Outcome:
    """The outcome with one unsaved buffer."""
    with deep_recursion():
        return outcome_of(make_settings(str(root), options), {str(path): text.encode()}, with_remarks=False)


@pytest.fixture(scope="module")
def bookshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("edits") / "bookshop"
    shutil.copytree(FIXTURES / "bookshop", root)
    with deep_recursion():
        outcome_of(make_settings(str(root), {}))
    return root


def shifted(text: str, line: int) -> str:
    """A text with a blank line, a comment and another blank line above a line."""
    lines = text.split("\n")
    return "\n".join([*lines[:line], "", "# a comment", "", *lines[line:]])


def shifts(root: Path) -> Iterator[tuple[Path, str]]:
    """Edits of some files that move lines and do nothing else."""
    choose = random.Random(7)
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for line in choose.sample(range(text.count("\n") + 1), min(2, text.count("\n") + 1)):
            edited = shifted(text, line)
            if ast.dump(ast.parse(edited)) == ast.dump(ast.parse(text)):
                yield path, edited


def test_lines_that_move_are_followed(bookshop: Path, runs: Runs) -> None:
    edits = list(shifts(bookshop))
    assert len(edits) > 30
    for path, edited in edits:
        assert outcome(bookshop, path, edited) == outcome(bookshop, path, edited, no_cache=True), path
    assert len(edits) <= runs.analysed <= 1.2 * len(edits)  # that without a cache, and where a sentence names a line


IMPORTS = (
    "import polars", "import torch", "import torch.nn.functional as functional_", "from numpy import ndarray",
    "from google import genai", "from google.cloud import storage as storage_", "import json, sqlite3",
    "import pandas as frames_; import os.path", "import shop", "import shop.models as models_",
    "from shop import services as services_", "from shop.models import (\n    # several\n    Book as Book_,\n)",
    "from . import tasks as tasks_", "from .models import Genre", "from catalog.models import Cover as Cover_",
    "import shop.training.train", "from shop.ai_provider import client as client_", "from reports import frames",
    "import boto3", "import numpy as numpy_", "from bookshop.celery import app as app_", "import no_such_module",
)  # fmt: skip


def additions(root: Path) -> Iterator[tuple[Path, str]]:
    """Edits of some files that add imports."""
    choose = random.Random(11)
    for path in sorted(root.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").split("\n")
        places = [node.lineno - 1 for node in ast.parse("\n".join(lines)).body if not is_first(node)]
        places = [place for place in places if not lines[place - 1].startswith("@")] + [len(lines)]
        for _ in range(6):
            edited = lines.copy()
            for place in sorted(choose.choices(places, k=choose.choice((1, 1, 2))), reverse=True):
                edited[place:place] = choose.choice(IMPORTS).split("\n")
            yield path, "\n".join(edited) + "\n"


def is_first(node: ast.stmt) -> bool:
    """Whether nothing may stand in front of a statement."""
    return isinstance(node, ast.Expr) or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def test_imports_that_are_added_are_grafted_on(bookshop: Path, runs: Runs) -> None:
    edits = list(additions(bookshop))
    for path, edited in edits:
        found, expected = outcome(bookshop, path, edited), outcome(bookshop, path, edited, no_cache=True)
        assert found == expected, (path, edited)
    assert runs.analysed < 1.6 * len(edits)


@pytest.mark.parametrize("package", ["boto3", "polars", "requests", "json"])
@pytest.mark.parametrize("first", ["", "import unheard_of\n"])
def test_what_may_be_missing_where_that_is_caught(tmp_path: Path, runs: Runs, package: str, first: str) -> None:
    root = write(tmp_path, {
        **PROJECT,
        "pyproject.toml": "[project]\nname='p'\ndependencies=['requests']\noptional-dependencies.s3=['boto3']\n",
        "proj/tasks.py": "try:\n    import proj.inner\nexcept ImportError:\n    import litellm\n",
        "proj/inner.py": f"{first}import proj.more\nimport torch\n",
        "proj/more.py": "",
    })  # fmt: skip
    runs.codes(root)
    path = root / "proj/inner.py"
    edited = path.read_text().replace("import torch", f"import {package}\nimport torch")
    assert outcome(root, path, edited) == outcome(root, path, edited, no_cache=True)


def test_a_saved_edit_counts_like_an_unsaved_one(tmp_path: Path, runs: Runs) -> None:
    root = write(tmp_path, PROJECT)
    before = runs.codes(root)
    (root / "proj/tasks.py").write_text("\n\n" + PROJECT["proj/tasks.py"])
    (root / "proj/celery.py").write_text("# the app\n" + PROJECT["proj/celery.py"])
    assert runs.codes(root) == [(path, line + 2, code) for path, line, code in before]
    assert runs.analysed == 1


@pytest.mark.parametrize(("old", "new"), [
    ("import litellm\n", "import numpy\n"),  # another statement
    ("import litellm\n", ""),  # one less
    ("def warm():\n    pass\n", "def warm():\n    import torch\n"),  # a body that the boot executes
    ("def warm():\n    pass\n", "def warm():\n    pass\n    # x\n    import torch\n"),
    ("warm()\n", "warm()\nif True:\n    import torch\n"),  # more than an import
    ("warm()\n", "warm()\nfrom os import *\n"),
    ("warm()\n", "warm(\n"),  # broken
])  # fmt: skip
def test_other_edits_are_analysed(tmp_path: Path, runs: Runs, old: str, new: str) -> None:
    root = write(tmp_path, PROJECT)
    runs.codes(root)
    (path,) = (root / name for name in PROJECT if old in PROJECT[name])
    edited = path.read_text().replace(old, new)
    assert outcome(root, path, edited) == outcome(root, path, edited, no_cache=True)
    assert runs.analysed == 3


def test_a_name_that_a_star_import_brought(tmp_path: Path, runs: Runs) -> None:
    root = write(tmp_path, {
        **PROJECT,
        "proj/tasks.py": "from proj.inner import *\nimport proj.last\n",
        "proj/inner.py": "class polars:\n    def warm():\n        import torch\n",
        "proj/last.py": "from proj.tasks import polars\npolars.warm()\n",
    })  # fmt: skip
    assert ("proj/inner.py", 3, "FS105") in runs.codes(root)
    path = root / "proj/tasks.py"
    edited = path.read_text().replace("import proj.last", "import polars\nimport proj.last")
    assert outcome(root, path, edited) == outcome(root, path, edited, no_cache=True)


def test_a_sentence_that_names_a_line_is_written_anew() -> None:
    place = Finding(
        "/p/a.py", 3, 0, "FS191", "'b' cannot be analysed (b.py:7)", chain=(Hop("b", "/p/b.py", 9, "import"),)
    )
    known = Outcome((place,), (), 1, 2)
    assert moved(known, {"/p/b.py": Edit({7: 8, 9: 10})}) is None
    after = moved(known, {"/p/a.py": Edit({3: 5}), "/p/ab.py": Edit({7: 8})})
    assert after is not None and after.findings[0].line == 5 and after.findings[0].chain == place.chain


DJANGO = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n",
    "proj/settings.py": (
        "INSTALLED_APPS = ['proj.shop']\nREST_FRAMEWORK = {'DEFAULT_PARSER_CLASSES': ['proj.parsers.Own']}\n"
    ),
    "proj/celery.py": (
        "import os\nfrom celery import Celery\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n"
        "app = Celery('p', include=['proj.tasks'])\napp.config_from_object('django.conf:settings')\n"
    ),
    "proj/parsers.py": "import torch\nclass Own:\n    pass\n",
    "proj/shop/__init__.py": "",
    "proj/shop/models.py": "",
}
TEMPTING = {
    "the name is used": (
        {"proj/tasks.py": "from proj.inner import polars\npolars.warm()\n",
         "proj/inner.py": "class polars:\n    def warm():\n        import torch\n"},
        "proj/tasks.py", "polars.warm()", "import polars\npolars.warm()",
    ),
    "the name hides a module": (
        {"proj/tasks.py": "import proj.tools\nimport proj.user\nimport litellm\n",
         "proj/tools/__init__.py": "import proj.tools.other\nx = 1\n",
         "proj/tools/other.py": "import proj.tools.polars\n",
         "proj/tools/polars.py": "def warm():\n    import torch\n",
         "proj/user.py": "from proj.tools import polars\npolars.warm()\n"},
        "proj/tools/__init__.py", "x = 1", "x = 1\nimport polars",
    ),
    "the library reads settings": (
        DJANGO, "proj/tasks.py", "import litellm", "import rest_framework.views\nimport litellm"
    ),
    "the library's module reads settings": (
        DJANGO, "proj/tasks.py", "import litellm", "from rest_framework import views\nimport litellm"
    ),
    "the module answers for itself": (
        {"proj/tasks.py": "import proj.lazy\nx = 1\n",
         "proj/lazy.py": "def __getattr__(name):\n    import torch\n    return 1\n"},
        "proj/tasks.py", "x = 1", "from proj.lazy import model\nx = 1",
    ),
    "the module may not have come to its end": (
        {"pyproject.toml": "[project]\nname = 'p'\ndependencies = ['polars', 'torch']\n",
         "proj/tasks.py": "try:\n    import proj.inner\nexcept ImportError:\n    pass\n",
         "proj/inner.py": "import os\nif os.getpid():\n    raise ImportError\nimport torch\n"},
        "proj/inner.py", "import torch", "import torch\nimport polars",
    ),
    "the module is loaded later": (
        {"proj/tasks.py": "import proj.deep\nimport proj.prelude\n", "proj/deep.py": "import proj.deeper\n",
         "proj/deeper.py": "x = 1\nimport torch\n",
         "proj/prelude.py": "import os\nos.environ['OMP_NUM_THREADS'] = '1'\n"},
        "proj/deeper.py", "x = 1", "x = 1\nimport proj.prelude",
    ),
    "the variable is set after it": (
        {"proj/tasks.py": "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport torch\n"},
        "proj/tasks.py", "import os\n", "import os\nimport numpy\n",
    ),
    "the variable is set before it": (
        {"proj/tasks.py": "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport torch\n"},
        "proj/tasks.py", "import torch\n", "import numpy\nimport torch\n",
    ),
    "the statement moved on its line": (
        {"proj/tasks.py": "import os; import torch\n"}, "proj/tasks.py", "os; ", "os;    ",
    ),
    "another app in a function that nobody calls": (
        {"proj/tasks.py": "import litellm\nfrom celery import Celery\ndef made():\n    return 1\n",
         "proj/more.py": "import torch\n",
         "proj/worker.py": "from proj.tasks import made  # celery's\napp = made()\n"},
        "proj/tasks.py", "    return 1",
        "    return Celery('q', include=['proj.more'])",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "edited", "old", "new"), TEMPTING.values(), ids=TEMPTING.keys())
def test_what_only_looks_harmless(
    tmp_path: Path, runs: Runs, files: dict[str, str], edited: str, old: str, new: str
) -> None:
    root = write(tmp_path, {**PROJECT, **files})
    runs.codes(root)
    path = root / edited
    text = path.read_text().replace(old, new, 1)
    assert text != path.read_text()
    expected = outcome(root, path, text, no_cache=True)
    assert outcome(root, path, text) == expected
    assert expected.findings
