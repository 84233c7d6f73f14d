"""Workers that do not fork because Python code says so; each was started with Celery 5.7.0 and billiard 4.3.2."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.report.remarks import remarks

APP = "from celery import Celery\napp = Celery('p', include=['p.tasks'])\n"
FORCED = "import os\nos.environ.setdefault('FORKED_BY_MULTIPROCESSING', '1')\nimport billiard.context\n"
SPAWNING = {
    "billiard's context": f"{FORCED}billiard.context._force_start_method('spawn')\n{APP}",
    "the function of the context": f"from billiard.context import _force_start_method as f\nf('spawn')\n{APP}",
    "billiard": f"import billiard\nbilliard.set_start_method('spawn', force=True)\n{APP}",
    "billiard by keyword": f"from billiard import set_start_method as choose\nchoose(method='spawn')\n{APP}",
    "in a handler before the pool": (
        f"import billiard\nfrom celery.signals import worker_init\n{APP}\n"
        "@worker_init.connect\ndef choose(**_): billiard.set_start_method('spawn', force=True)\n"
    ),
    "a setting of the app": f"{APP}app.conf.worker_pool = 'solo'\n",
    "an update of the app": f"{APP}app.conf.update(worker_pool='solo')\n",
}  # fmt: skip
FORKING = {
    "multiprocessing": f"import multiprocessing\nmultiprocessing.set_start_method('spawn', force=True)\n{APP}",
    "fork again": f"import billiard\nbilliard.set_start_method('spawn')\nbilliard.set_start_method('fork')\n{APP}",
    "fork": f"import billiard\nbilliard.set_start_method('fork')\n{APP}",
    "behind a condition": f"import os, billiard\nif os.environ.get('X'): billiard.set_start_method('spawn')\n{APP}",
    "in a child": (
        f"import billiard\nfrom celery.signals import worker_process_init\n{APP}\n"
        "@worker_process_init.connect\ndef choose(**_): billiard.set_start_method('spawn', force=True)\n"
    ),
    "never called": f"import billiard\ndef choose(): billiard.set_start_method('spawn')\n{APP}",
}  # fmt: skip


def codes(root: Path, body: str) -> set[str]:
    files = {"pyproject.toml": "", "p/__init__.py": "", "p/celery.py": body, "p/tasks.py": "import torch\n"}
    return {finding.code for finding in check(write(root, files)).findings}


@pytest.mark.parametrize("name", SPAWNING)
def test_nothing_is_inherited(tmp_path: Path, name: str) -> None:
    assert "FS101" not in codes(tmp_path, SPAWNING[name])


@pytest.mark.parametrize("name", FORKING)
def test_the_pool_forks(tmp_path: Path, name: str) -> None:
    assert "FS101" in codes(tmp_path, FORKING[name])


UNIT = "[Service]\nEnvironmentFile=/etc/default/celery\nExecStart=/opt/bin/celery -A p worker{}\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [(" $OPTS", "'$OPTS'"), (" -c 2 ${MORE} $OPTS", "'$MORE' and '$OPTS'"), (" -P prefork $OPTS", ""), ("", "")],
)
def test_options_from_outside_are_said(tmp_path: Path, options: str, said: str) -> None:
    app = "from celery import Celery\napp = Celery('p')\n"
    report = check(write(tmp_path, {"p.py": app, "deploy/w.service": UNIT.format(options)}))
    texts = [one.text for one in remarks(report.context) if one.text.startswith("not known")]
    assert len(texts) == bool(said) and all(f"what {said} of the worker" in text for text in texts)
