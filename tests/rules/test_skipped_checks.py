"""Django's system checks are a choice: what only they load is told, and who skips them loads less."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.report.remarks import remarks
from flake8_forksafe.report.why import render

SHOP = {
    "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "requirements.txt": "django\ncelery\n",
    "shop/__init__.py": "",
    "shop/settings.py": """
        SECRET_KEY = "x"
        ROOT_URLCONF = "shop.urls"
        INSTALLED_APPS = ["shop"]
        """,
    "shop/celery.py": """
        import os
        from celery import Celery
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        app = Celery("shop", broker="memory://")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
        """,
    "shop/urls.py": "import shop.views\nurlpatterns = []\n",
    "shop/views.py": "import torch\n",
    "shop/tasks.py": "import litellm\n",
    "Procfile": "worker: celery -A shop worker\n",
}
WITHOUT = "start the worker with --skip-checks"
ADVICE = f"{WITHOUT}, and run 'manage.py check' in CI"


def found(root: Path) -> dict[tuple[str, str], str]:
    """The advice of each import finding, by file and code."""
    return {
        (os.path.relpath(finding.path, root), finding.code): finding.instead
        for finding in check(root).findings if finding.code in ("FS101", "FS102")
    }  # fmt: skip


def test_what_only_the_checks_load_is_said_to_be_so(tmp_path: Path) -> None:
    write(tmp_path, SHOP)
    here = found(tmp_path)
    assert here["shop/views.py", "FS101"].endswith(f", or {WITHOUT}: only Django's system checks lead here")
    assert WITHOUT in here["shop/urls.py", "FS102"]
    assert WITHOUT not in here["shop/tasks.py", "FS101"]
    report = check(tmp_path)
    said = [remark.text for remark in remarks(report.context) if ADVICE in remark.text]
    assert len(said) == 1
    assert said[0].startswith("Django's system checks alone load 2 modules of the project, and 'torch' (")
    lines = list(render(report.traces[0], "torch", str(tmp_path), report.disk.read))
    assert lines[-1] == f"  only Django's system checks lead there: {ADVICE}"
    assert not [line for line in render(report.traces[0], "litellm", str(tmp_path), report.disk.read) if ADVICE in line]


def test_what_tasks_load_as_well_is_not(tmp_path: Path) -> None:
    write(tmp_path, {**SHOP, "shop/tasks.py": "import shop.views\n"})
    assert WITHOUT not in found(tmp_path)["shop/views.py", "FS101"]
    assert not [remark for remark in remarks(check(tmp_path).context) if ADVICE in remark.text]


@pytest.mark.parametrize(
    "launch",
    [
        {"Procfile": "worker: celery --skip-checks -A shop worker\n"},
        {"Procfile": "worker: python -m celery -A shop --skip-checks worker\n"},
        {"Procfile": "worker: SKIP_CHECKS=1 celery -A shop worker\n"},
        {"Procfile": "worker: CELERY_SKIP_CHECKS=no celery -A shop worker\n"},
        {"Procfile": "", "compose.yml": "services:\n  w:\n    command: celery -A shop worker\n    environment:\n"
                                        "      SKIP_CHECKS: 'true'\n"},
    ],
)  # fmt: skip
def test_a_launch_that_skips_the_checks(tmp_path: Path, launch: dict[str, str]) -> None:
    assert set(found(write(tmp_path, {**SHOP, **launch}))) == {("shop/tasks.py", "FS101")}


@pytest.mark.parametrize(
    "launch",
    [
        "worker: SKIP_CHECKS=0 celery -A shop worker\n",
        "worker: SKIP_CHECKS= celery -A shop worker\n",
        "worker: celery -A shop worker\nslow: celery --skip-checks -A shop worker -Q slow\n",
    ],
)
def test_a_launch_that_does_not(tmp_path: Path, launch: str) -> None:
    assert ("shop/views.py", "FS101") in found(write(tmp_path, {**SHOP, "Procfile": launch}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "environ", "checked"),
    [
        (["-A", "shop"], {}, True),
        (["--skip-checks", "-A", "shop"], {}, False),
        (["-A", "shop"], {"SKIP_CHECKS": "1"}, False),
        (["-A", "shop"], {"SKIP_CHECKS": "0"}, True),
        (["-A", "shop"], {"CELERY_SKIP_CHECKS": "no"}, False),
    ],
)
def test_a_real_worker(tmp_path: Path, arguments: list[str], environ: dict[str, str], checked: bool) -> None:
    pytest.importorskip("django")
    write(tmp_path, {**SHOP, "shop/views.py": "print('views', flush=True)\n", "shop/tasks.py": ""})
    end = "\nfrom celery.signals import worker_init\nworker_init.connect(lambda **_: os._exit(0), weak=False)\n"
    (tmp_path / "shop/celery.py").write_text((tmp_path / "shop/celery.py").read_text() + end)
    known = {name: value for name, value in os.environ.items() if name not in ("SKIP_CHECKS", "CELERY_SKIP_CHECKS")}
    done = subprocess.run(
        [sys.executable, "-m", "celery", *arguments, "worker"],
        cwd=tmp_path, env={**known, **environ}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ("views" in done.stdout) is checked
