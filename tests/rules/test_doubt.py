"""One policy for what is in doubt: certain is a finding, a switch of the project's own a remark, all else "may"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.report.remarks import remarks

MAY = re.compile(r"\bmay (be|bring|call) ")
APP = "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n"
HEAVY = {
    "proj/__init__.py": "",
    "proj/warm.py": "def warm():\n    import polars\n    import torch\n    torch.load('m.pt')\n",
}
SETTINGS = "import os\nINSTALLED_APPS = []\nPRELOAD = os.environ.get('PRELOAD') == '1'\n"
DJANGO = {
    "proj/settings.py": SETTINGS,
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'proj.settings')\n",
}
WARM = "from proj.warm import warm\n"


def found(root: Path, tasks: str, **options: object) -> tuple[set[tuple[str, bool]], list[str]]:
    """Codes of findings, each with whether it says "may"; and the remarks about what is not reported."""
    write(root, {**HEAVY, "proj/celery.py": APP, "proj/tasks.py": tasks})
    report = check(root, prelude="off", platform="linux", **options)
    codes = {(one.code, MAY.search(one.what) is not None) for one in report.findings}
    return codes, [one.text for one in remarks(report.context) if one.text.startswith("not reported")]


SWITCHES = {
    "environ": "import os\nif os.environ.get('PRELOAD'):\n    warm()\n",
    "compared": "import os\nif os.environ.get('PRELOAD', '').lower() in ('1', 'true'):\n    warm()\n",
    "is there": "import os\nif 'PRELOAD' in os.environ:\n    warm()\n",
    "getenv": "from os import getenv\nif int(getenv('PRELOAD', '0')):\n    warm()\n",
    "kept": "import os\nPRELOAD = bool(int(os.getenv('PRELOAD', '0')))\nif PRELOAD:\n    warm()\n",
    "in a function": "import os\ndef wanted():\n    return os.getenv('PRELOAD') == '1'\nif wanted():\n    warm()\n",
    "left early": "import os\ndef start():\n    if not os.getenv('PRELOAD'):\n        return\n    warm()\nstart()\n",
    "and": "import os\nos.getenv('PRELOAD') and warm()\n",
    "expression": "import os\nX = warm() if os.getenv('PRELOAD') else None\n",
    "decouple": "from decouple import config\nif config('PRELOAD', default=False, cast=bool):\n    warm()\n",
    "environs": "from environs import Env\nenv = Env()\nON = env.bool('PRELOAD', False)\nif ON:\n    warm()\n",
    "django": "from django.conf import settings\nif settings.PRELOAD:\n    warm()\n",
    "flask": "from flask import Flask\napp = Flask('proj')\nif app.debug:\n    warm()\n",
    "with a probe": "import os\nif os.getenv('PRELOAD') and os.path.exists('m.pt'):\n    warm()\n",
}


@pytest.mark.parametrize("name", SWITCHES)
def test_switch(tmp_path: Path, name: str) -> None:
    write(tmp_path, DJANGO if name == "django" else {})
    codes, said = found(tmp_path, WARM + SWITCHES[name])
    assert codes == set()
    names = ("torch.load", "polars", "torch")
    assert [any(f"not reported: '{one}' at" in text for text in said) for one in names] == [True, True, True]
    assert said[-1].endswith("decide: 3 calls and imports in all") and len(said) == 4


OTHERS = {
    "exists": "import os\nif os.path.exists('m.pt'):\n    warm()\n",
    "available": "import shutil\nif shutil.which('nvidia-smi'):\n    warm()\n",
    "kept": "import shutil\nON = shutil.which('nvidia-smi') is not None\nif ON:\n    warm()\n",
    "loop": "import os\nfor name in os.listdir('models'):\n    warm()\n",
    "left early": "import os\ndef start():\n    if not os.path.exists('m'):\n        return\n    warm()\nstart()\n",
    "client": "import redis\nr = redis.Redis()\nif r.exists('x'):\n    warm()\n",
    "error": "import json\ntry:\n    json.loads(open('x').read())\nexcept ValueError:\n    warm()\n",
    "in two ways": "import os\nif os.getenv('PRELOAD'):\n    warm()\nif os.path.exists('m.pt'):\n    warm()\n",
}


@pytest.mark.parametrize("name", OTHERS)
def test_anything_else(tmp_path: Path, name: str) -> None:
    codes, said = found(tmp_path, WARM + OTHERS[name])
    assert {("FS105", True), ("FS111", True)} <= codes and all(may for _, may in codes)
    assert not [text for text in said if "torch" in text or "polars" in text]


def test_a_switch_that_a_launch_sets(tmp_path: Path) -> None:
    write(tmp_path, {"Procfile": "worker: PRELOAD=1 celery -A proj worker\n"})
    codes, said = found(tmp_path, WARM + SWITCHES["compared"])
    assert codes == {("FS105", False), ("FS111", False)} and not said


def test_beside_what_happens_anyway(tmp_path: Path) -> None:
    codes, said = found(tmp_path, f"{WARM}{SWITCHES['environ']}warm()\n")
    assert codes == {("FS105", False), ("FS111", False)} and not said


def test_imports_at_the_top(tmp_path: Path) -> None:
    codes, said = found(tmp_path, "import os\nif os.getenv('HEAVY'):\n    import torch\n    from proj import more\n")
    assert codes == set() and len(said) == 1
    write(tmp_path, {"proj/more.py": "import litellm\n"})
    codes, said = found(tmp_path, "import os\nif os.getenv('HEAVY'):\n    import torch\n    from proj import more\n")
    assert codes == set() and len(said) == 3
    codes, said = found(tmp_path, "import sys\nif sys.flags.dev_mode:\n    from proj import more\n")
    assert codes == {("FS101", True), ("FS102", True)} and not said


IDIOMS = {
    "not yet": ("import ray\nif not ray.is_initialized():\n    ray.init()\n", {("FS113", False)}),
    "optional": (
        "try:\n    import ray\nexcept ImportError:\n    ray = None\nif ray is not None:\n    ray.init()\n",
        {("FS113", False)},
    ),
    "optional class": (
        "try:\n    from faster_whisper import WhisperModel\nexcept ImportError:\n    WhisperModel = None\n"
        "MODEL = WhisperModel('base') if WhisperModel else None\n",
        {("FS101", False), ("FS111", False)},
    ),
    "file": (
        "import os\nimport torch\nif os.path.exists('m.pt'):\n    MODEL = torch.load('m.pt')\n",
        {("FS101", False), ("FS111", True)},
    ),
    "cuda": (
        "import torch\nmodel = torch.nn.Linear(1, 1)\nif torch.cuda.is_available():\n    model.cuda()\n",
        {("FS101", False), ("FS111", False), ("FS111", True)},
    ),
}
"""None of these is a switch: what they decide on is there, or may be."""


@pytest.mark.parametrize("name", IDIOMS)
def test_idiom(tmp_path: Path, name: str) -> None:
    tasks, expected = IDIOMS[name]
    required = "celery\nray\ntorch\nfaster-whisper\n"
    write(tmp_path, {"requirements.txt": required})
    assert found(tmp_path, tasks)[0] == expected


@pytest.mark.parametrize("name", ["optional", "optional class"])
def test_optional_package_that_is_not_declared(tmp_path: Path, name: str) -> None:
    codes, _ = found(tmp_path, IDIOMS[name][0])
    assert {code for code, _ in codes} == {code for code, _ in IDIOMS[name][1]}
    assert all(may for code, may in codes if code != "FS101")
