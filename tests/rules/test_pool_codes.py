"""FS141 to FS143, and pools that do not fork."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, found_codes, write

PROJECT = {
    "pyproject.toml": "",
    "proj/__init__.py": "",
    "proj/celery.py": """\
        from celery import Celery
        app = Celery('proj', include=['proj.tasks'])
        app.config_from_object('proj.conf', namespace='CELERY')
        """,
    "proj/conf.py": "",
    "proj/tasks.py": "import numpy\n",
}


def compose(command: str = "celery -A proj worker", memory: str = "2g", **environment: str) -> str:
    """A compose file with one worker."""
    limit = f"    mem_limit: {memory}\n" if memory else ""
    variables = "".join(f"      {name}: '{value}'\n" for name, value in environment.items())
    return f"services:\n  worker:\n    command: {command}\n{limit}" + (
        f"    environment:\n{variables}" if variables else ""
    )


def codes(root: Path, start: str = "FS14", **options: object) -> set[tuple[str, int, str]]:
    return {place for place in found_codes(check(root, **options), root) if place[2].startswith(start)}


@pytest.mark.parametrize("command", ["celery -A proj worker --concurrency 20", "celery multi start 2 -A proj -c 10"])
def test_the_incident_in_numbers(tmp_path: Path, command: str) -> None:
    write(tmp_path, PROJECT | {"compose.yaml": compose(command)})
    (finding,) = [f for f in check(tmp_path, worker_memory=120).findings if f.code == "FS141"]
    assert "20 children × 120 MB = 2400 MB" in finding.text and "2048 MB" in finding.text
    assert "the largest concurrency that fits is 17" in finding.text
    assert "started 'worker' by compose.yaml:3" in finding.text
    assert finding.place == (str(tmp_path / "compose.yaml"), 3)


@pytest.mark.parametrize("concurrency", [17, 4])
def test_what_fits_is_silent(tmp_path: Path, concurrency: int) -> None:
    write(tmp_path, PROJECT | {"compose.yaml": compose(f"celery -A proj worker -c {concurrency}")})
    assert codes(tmp_path, worker_memory=120) == set()


@pytest.mark.parametrize("pool", ["solo", "threads", "gevent"])
def test_pools_that_do_not_fork_are_silent(tmp_path: Path, pool: str) -> None:
    write(tmp_path, PROJECT | {"compose.yaml": compose(f"celery -A proj worker -c 20 -P {pool}")})
    assert codes(tmp_path, "FS1", worker_memory=120) == set()


def test_pool_from_settings_and_environment(tmp_path: Path) -> None:
    write(tmp_path, PROJECT | {"proj/conf.py": "CELERY_WORKER_POOL = 'solo'\n"})
    assert codes(tmp_path, "FS1") == set()
    write(tmp_path, {"proj/conf.py": "", "compose.yaml": compose(CELERY_WORKER_POOL="solo")})
    assert codes(tmp_path, "FS1") == set()
    write(tmp_path, {"compose.yaml": compose(CELERY_POOL="solo", memory="")})
    assert codes(tmp_path, "FS14") == {("proj/celery.py", 2, "FS143")}
    assert ("proj/tasks.py", 1, "FS101") in codes(tmp_path, "FS101")


def test_spawn_shares_nothing(tmp_path: Path) -> None:
    write(tmp_path, PROJECT | {"compose.yaml": compose("celery -A proj worker -c 20", memory="1g")})
    assert codes(tmp_path) == set()
    write(tmp_path, {"proj/conf.py": "CELERY_WORKER_POOL_START_METHOD = 'spawn'\n"})
    assert codes(tmp_path) == {("proj/celery.py", 2, "FS141")}
    assert codes(tmp_path, "FS101") == set()


def test_one_of_two_launches_forks(tmp_path: Path) -> None:
    two = compose("celery -A proj worker -P solo") + "  heavy:\n    command: celery -A proj worker -c 2\n"
    write(tmp_path, PROJECT | {"compose.yaml": two})
    assert codes(tmp_path, "FS101") == {("proj/tasks.py", 1, "FS101")}


def test_each_launch_has_its_own_limit(tmp_path: Path) -> None:
    small = "  small:\n    command: celery -A proj worker -c 20\n    mem_limit: 1g\n"
    write(tmp_path, PROJECT | {"compose.yaml": compose("celery -A proj worker -c 20", memory="") + small})
    (finding,) = [f for f in check(tmp_path, worker_memory=120).findings if f.code == "FS141"]
    assert finding.place == (str(tmp_path / "compose.yaml"), 5)


def test_concurrency_left_to_the_host(tmp_path: Path) -> None:
    write(tmp_path, PROJECT | {"compose.yaml": compose()})
    assert codes(tmp_path) == {("proj/celery.py", 2, "FS142")}
    write(tmp_path, {"proj/conf.py": "CELERY_WORKER_CONCURRENCY = 2\n"})
    assert codes(tmp_path) == set()
    write(tmp_path, {"proj/conf.py": "", "compose.yaml": compose(memory="")})
    assert codes(tmp_path) == set()
    assert codes(tmp_path, container_memory=512) == {("proj/celery.py", 2, "FS142")}


def test_settings_that_celery_does_not_read(tmp_path: Path) -> None:
    write(tmp_path, PROJECT | {"proj/conf.py": "CELERY_WORKER_POOL = 'prefork'\nCELERY_CONCURRENCY = 2\n"})
    assert codes(tmp_path) == {("proj/conf.py", 2, "FS143")}


def test_variable_that_the_project_reads_itself(tmp_path: Path) -> None:
    own = "import os\nCELERY_WORKER_CONCURRENCY = int(os.environ.get('CELERY_CONCURRENCY', '2'))\n"
    write(tmp_path, PROJECT | {"proj/conf.py": own, "compose.yaml": compose(CELERY_CONCURRENCY="3", memory="")})
    assert codes(tmp_path) == set()


def test_broken_deployment_file_is_said(tmp_path: Path) -> None:
    write(tmp_path, PROJECT | {"compose.yaml": "services:\n\tworker: celery -A proj worker\n"})
    found = codes(tmp_path, "FS1")
    assert ("proj/celery.py", 2, "FS192") in found and ("proj/tasks.py", 1, "FS101") in found


def test_measurement_replaces_the_estimate(tmp_path: Path) -> None:
    memory = {"rss": 100 << 20, "pss": 60 << 20, "uss": 50 << 20}
    document = {
        "schema": 1,
        "modules": [],
        "memory": memory,
        "parent_beside_children": memory,
        "children": [memory] * 2,
    }
    import json

    write(tmp_path, PROJECT | {"m.json": json.dumps(document), "compose.yaml": compose("celery -A proj worker -c 50")})
    (finding,) = [f for f in check(tmp_path, measurement="m.json").findings if f.code == "FS141"]
    assert "50 children × 50 MB" in finding.text and "m.json" in finding.text


def test_each_finding_has_the_line_that_it_is_about(tmp_path: Path) -> None:
    command = "celery -A proj worker -c 20"
    write(tmp_path, PROJECT | {"compose.yaml": compose(command, CELERY_POOL="solo", OTHER="1")})
    found = {finding.code: finding for finding in check(tmp_path, worker_memory=120).findings}
    assert [found[code][1:3] for code in ("FS141", "FS143")] == [(2, 0), (2, 0)], "line and column of the app"
    assert found["FS141"].place == (str(tmp_path / "compose.yaml"), 3), "the command"
    assert found["FS143"].place == (str(tmp_path / "compose.yaml"), 6), "the variable"
    write(tmp_path, {"compose.yaml": compose(OTHER="1")})
    (finding,) = [finding for finding in check(tmp_path).findings if finding.code == "FS142"]
    assert finding.place == (str(tmp_path / "compose.yaml"), 4), "the limit"
