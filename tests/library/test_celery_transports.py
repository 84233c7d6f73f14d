"""What the broker and the result backend bring into MainProcess, as a worker stopped at its first fork had it."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.library.celery_transports import BACKENDS, BROKERS

TASKS = {"p/__init__.py": "", "p/tasks.py": ""}


def loaded(tmp_path: Path, app: str, files: dict[str, str] | None = None) -> tuple[list[str], set[str]]:
    """What the trace loads, and the codes of the findings."""
    write(tmp_path, {**TASKS, "p/celery.py": f"from celery import Celery\n{app}\n", **(files or {})})
    report = check(tmp_path)
    names = [module.name for module in report.traces[0].modules if module.name.partition(".")[0] not in ("p", "celery")]
    return names, {finding.code for finding in report.findings}


@pytest.mark.parametrize("scheme", BROKERS)
def test_brokers(tmp_path: Path, scheme: str) -> None:
    names, _ = loaded(tmp_path, f"app = Celery('p', broker='{scheme}://x', include=['p.tasks'])")
    assert set(BROKERS[scheme]) <= set(names)


@pytest.mark.parametrize("scheme", BACKENDS)
def test_backends(tmp_path: Path, scheme: str) -> None:
    names, _ = loaded(tmp_path, f"app = Celery('p', backend='{scheme}+x://x', include=['p.tasks'])")
    assert set(BACKENDS[scheme]) <= set(names)


PLACES = {
    "a setting": ("app = Celery('p', include=['p.tasks'])\napp.conf.broker_url = 'mongodb://x'", {}),
    "a configuration": ("app = Celery('p', include=['p.tasks'])\napp.config_from_object('p.conf')",
                        {"p/conf.py": "broker_url = 'mongodb://x'\n"}),
    "the environment": ("app = Celery('p', broker='memory://', include=['p.tasks'])",
                        {"Procfile": "worker: CELERY_BROKER_URL=mongodb://x celery -A p worker\n"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_where_it_is_given(tmp_path: Path, name: str) -> None:
    assert "pymongo" in loaded(tmp_path, *PLACES[name])[0]


def test_others_bring_nothing(tmp_path: Path) -> None:
    names, codes = loaded(tmp_path, "app = Celery('p', broker='amqp://x', backend='rpc://', include=['p.tasks'])")
    assert (names, codes) == ([], set())
    names, codes = loaded(tmp_path, "import os\napp = Celery('p', broker=os.environ['X'], include=['p.tasks'])")
    assert (names, codes) == (["os"], set())


def test_a_broker_whose_channels_children_inherit(tmp_path: Path) -> None:
    _, codes = loaded(tmp_path, "app = Celery('p', broker='gcpubsub://projects/p', include=['p.tasks'])")
    assert "FS113" in codes
