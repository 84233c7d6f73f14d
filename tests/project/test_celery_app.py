"""Which apps a project has, found without running it."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.project.celery_app import search
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.source.collected import Collected

CASES = {
    "plain": ({"proj/__init__.py": "", "proj/celery.py": "from celery import Celery\napp = Celery('proj')\n"},
              ["proj.celery:app"]),
    "namespace package": ({"proj/celery.py": "from celery import Celery\napp = Celery('proj')\n"}, ["proj.celery:app"]),
    "module import": ({"worker.py": "import celery\nqueue = celery.Celery()\n"}, ["worker:queue"]),
    "generic alias": ({"w.py": "from celery import Celery\napp = Celery[int]('x')\n"}, ["w:app"]),
    "subclass": ({"base.py": "from celery import Celery as C\nclass Mine(C):\n    pass\n",
                  "w.py": "from base import Mine\nimport celery\napp = Mine('x')\n"}, ["w:app"]),
    "factory": ({"make.py": "from celery import Celery\ndef make_celery():\n    app = Celery('x')\n    return app\n",
                 "w.py": "from make import make_celery\ncelery = make_celery()\n"}, ["w:celery"]),
    "factory method": ({"make.py": "from celery import Celery\nclass App:\n    def make_celery(self):\n"
                        "        return Celery('x')\ndef create_app():\n    return App()\n",
                        "w.py": "from make import create_app\ncelery = create_app().make_celery()\n"}, ["w:celery"]),
    "re-exported": ({"proj/__init__.py": "", "proj/extensions.py": "import celery\nqueue = celery.Celery()\n",
                     "proj/tasks/__init__.py": "",
                     "proj/tasks/celery_app.py": "from proj.extensions import queue\nimport celery\napp = queue\n"},
                    ["proj.tasks.celery_app:app"]),
    "a package that is named as entries are": (
        {"ops/__init__.py": "", "ops/celery/__init__.py": "from celery import Celery\napp = Celery()\n",
         "ops/api/__init__.py": "", "ops/api/celery.py": "from ops.celery import app\nVIEWS = [app]\n"},
        ["ops.celery:app"]),
    "a package that is not": (
        {"proj/__init__.py": "from celery import Celery\napp = Celery()\n",
         "proj/celery.py": "import celery\nfrom proj import app\n"}, ["proj.celery:app"]),
    "two apps": ({"a/__init__.py": "", "a/celery.py": "from celery import Celery\napp = Celery('a')\n",
                  "b/__init__.py": "", "b/celery.py": "from celery import Celery\napp = Celery('b')\n"},
                 ["a.celery:app", "b.celery:app"]),
    "src layout": ({"src/proj/__init__.py": "", "src/proj/celery.py": "from celery import Celery\napp = Celery()\n"},
                   ["proj.celery:app"]),
    "tests left out": ({"proj/__init__.py": "", "proj/celery.py": "from celery import Celery\napp = Celery()\n",
                     "tests/conftest.py": "from celery import Celery\napp = Celery()\n"}, ["proj.celery:app"]),
    "under a condition": ({"w.py": "try:\n    from celery import Celery\n    app = Celery()\nexcept ImportError:\n"
                           "    app = None\n"}, ["w:app"]),
    "no app": ({"tasks.py": "from celery import shared_task\n@shared_task\ndef f(): pass\n"}, []),
    "in a comment": ({"x.py": "# from celery import Celery\n# app = Celery()\n"}, []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_apps(tmp_path: Path, case: str) -> None:
    files, expected = CASES[case]
    root = write(tmp_path, files)
    disk = Disk()
    store = Collected(disk.content)
    found = search(disk, str(root), store.module, store.body)
    assert [app.spec for app in found.apps] == expected
