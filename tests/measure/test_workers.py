"""Real workers: every test here starts one."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from helpers import PATIENCE_S, write

from flake8_forksafe.measure.boot import TOKEN, Boot, BootFailed, record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc"),
]

NOBODY = "amqp://guest@127.0.0.1:1//"
"""A broker that is not up."""

PLAIN = {
    "proj/__init__.py": "",
    "proj/celery.py": f"""
        from celery import Celery

        app = Celery("proj", broker={NOBODY!r})
        app.autodiscover_tasks(["proj"])
    """,
    "proj/tasks.py": """
        import zipapp
        from proj.celery import app

        @app.task
        def add(x, y):
            from proj import late
            return x + y
    """,
    "proj/late.py": "",
}

DJANGO = {
    "site_of_books/__init__.py": "from site_of_books.celery import app\n",
    "site_of_books/celery.py": """
        import os
        from celery import Celery

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_books.settings")
        app = Celery("site_of_books")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
    """,
    "site_of_books/settings.py": f"""
        SECRET_KEY = "x"
        INSTALLED_APPS = ["books.apps.BooksConfig"]
        ROOT_URLCONF = "site_of_books.urls"
        CELERY_BROKER_URL = {NOBODY!r}
        USE_TZ = True
    """,
    "site_of_books/urls.py": """
        from django.urls import path
        from books.views import index

        urlpatterns = [path("", index)]
    """,
    "books/__init__.py": "",
    "books/apps.py": """
        from django.apps import AppConfig

        class BooksConfig(AppConfig):
            name = "books"

            def ready(self):
                from books import signals
    """,
    "books/models.py": "",
    "books/signals.py": "",
    "books/views.py": """
        def index(request):
            pass
    """,
    "books/tasks.py": """
        from celery import shared_task

        @shared_task
        def count():
            pass
    """,
}


def boot(
    root: Path, app: str = "proj", forks: int = 0, timeout: float = PATIENCE_S, arguments: tuple[str, ...] = ()
) -> Boot:
    return Boot(sys.executable, str(root), app, arguments, forks, timeout)


def modules_of(recording: Mapping[str, Any], root: Path) -> dict[str, Any]:
    inside = f"{root}{os.sep}"
    return {entry["name"]: entry for entry in recording["modules"] if str(entry["path"]).startswith(inside)}


def left_behind(root: Path) -> list[str]:
    """Command lines of processes that a measurement of this project started."""
    found = []
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        try:
            environment = Path("/proc", entry, "environ").read_bytes()
            directory = os.readlink(f"/proc/{entry}/cwd")
            state = Path("/proc", entry, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if f"{TOKEN}=".encode() in environment and directory == str(root) and state != "Z":
            found.append(Path("/proc", entry, "cmdline").read_bytes().decode())
    return found


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def fails(boot: Boot) -> str:
    with pytest.raises(BootFailed) as caught:
        record(boot)
    deadline = time.monotonic() + PATIENCE_S  # what was killed may take a while to go
    while left_behind(Path(boot.directory)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_behind(Path(boot.directory)) == []
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def test_plain(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    before = files(tmp_path)
    recording = record(boot(tmp_path))
    modules = modules_of(recording, tmp_path)
    assert list(modules) == ["proj", "proj.celery", "proj.tasks"]
    assert modules["proj.tasks"]["step"] == "autodiscover_tasks"
    order = [entry["name"] for entry in recording["modules"]]
    assert order.index("proj.celery") < order.index("proj.tasks") < order.index("zipapp")
    by_name = {entry["name"]: entry for entry in recording["modules"]}
    assert (by_name["zipapp"]["importer"], by_name["zipapp"]["line"]) == ("proj.tasks", 2)
    assert os.path.basename(recording["argv"][0]) == "celery"
    assert recording["argv"][1:] == ["-A", "proj", "worker"]
    assert recording["start_method"] == "fork"
    assert 0 < recording["memory"]["uss"] <= recording["memory"]["pss"] <= recording["memory"]["rss"]
    assert 0 < recording["seconds"] < 60
    assert {"find_app", "import_modules", "autodiscover_tasks"} <= {step["step"] for step in recording["steps"]}
    assert recording["threads"] == []
    assert recording["versions"]["celery"]
    assert files(tmp_path) == before
    assert left_behind(tmp_path) == []


def test_django(tmp_path: Path) -> None:
    write(tmp_path, DJANGO)
    modules = modules_of(record(boot(tmp_path, "site_of_books")), tmp_path)
    assert list(modules) == [
        "site_of_books", "site_of_books.celery", "site_of_books.settings", "books", "books.apps", "books.models",
        "books.signals", "site_of_books.urls", "books.views", "books.tasks",
    ]  # fmt: skip
    steps = {name: entry["step"] for name, entry in modules.items()}
    assert steps["books.apps"] == "INSTALLED_APPS"
    assert steps["books.models"] == "models"
    assert steps["books.signals"] == "AppConfig.ready"
    assert steps["books.views"] == "run_checks"
    assert (modules["books.signals"]["importer"], modules["books.signals"]["line"]) == ("books.apps", 8)


def test_threads_with_the_stack_that_started_them(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    write(tmp_path, {
        "proj/tasks.py": """
            import threading
            from proj.celery import app

            def start():
                threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()

            start()
        """
    })  # fmt: skip
    (thread,) = record(boot(tmp_path))["threads"]
    assert (thread["name"], thread["daemon"]) == ("poller", True)
    own = [(os.path.basename(frame["path"]), frame["line"], frame["function"]) for frame in thread["started_by"]]
    assert own[:2] == [("tasks.py", 6, "start"), ("tasks.py", 8, "<module>")]


def test_children(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    write(tmp_path, {
        "proj/tasks.py": """
            from celery.signals import worker_process_init
            from proj.celery import app

            @worker_process_init.connect
            def load(**kwargs):
                app.model = bytearray(64 * 2**20)
                for index in range(0, len(app.model), 4096):
                    app.model[index] = 1
        """
    })  # fmt: skip
    recording = record(boot(tmp_path, forks=3))
    assert recording["argv"][-2:] == ["-c", "3"]
    assert (len(recording["children"]), recording["children_up"]) == (3, 3)
    assert all(child["uss_collected"] > 64 * 2**20 for child in recording["children"])
    assert recording["memory"]["rss"] < 150 * 2**20
    assert "proj.late" not in modules_of(recording, tmp_path)
    assert left_behind(tmp_path) == []


def test_forks_of_the_project_itself_go_on(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    write(tmp_path, {
        "proj/tasks.py": """
            import os
            from proj.celery import app

            pid = os.fork()
            if pid == 0:
                os._exit(7)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            assert status == 7, status
        """
    })  # fmt: skip
    recording = record(boot(tmp_path))
    (fork,) = recording["early_forks"]
    assert (os.path.basename(fork[0]["path"]), fork[0]["line"]) == ("tasks.py", 5)
    assert "proj.tasks" in modules_of(recording, tmp_path)


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_pool_that_does_not_fork(tmp_path: Path, pool: str) -> None:
    write(tmp_path, PLAIN)
    recording = record(boot(tmp_path, forks=2, arguments=("-P", pool)))
    assert recording["start_method"] == "none"
    assert recording["children"] == []
    assert "proj.tasks" in modules_of(recording, tmp_path)


def test_spawned_children_are_not_started(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    write(tmp_path, {"proj/tasks.py": "import billiard\nbilliard.set_start_method('spawn', force=True)\n"})
    recording = record(boot(tmp_path, forks=2))
    assert (recording["start_method"], recording["children"]) == ("spawn", [])


def test_beat_is_the_first_fork_and_sends_nothing(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    before = files(tmp_path)
    recording = record(boot(tmp_path, forks=1, arguments=("-B",)))
    assert recording["children_up"] == 1
    assert files(tmp_path) == before


@pytest.mark.parametrize("module", ["proj/celery.py", "proj/tasks.py"])
def test_a_project_that_raises_at_import(tmp_path: Path, module: str) -> None:
    write(tmp_path, PLAIN)
    with open(tmp_path / module, "a", encoding="utf-8") as stream:
        stream.write("\nraise RuntimeError('no licence')\n")
    line = len((tmp_path / module).read_text(encoding="utf-8").splitlines())
    message = fails(boot(tmp_path))
    assert f"RuntimeError: no licence, at {module}:{line}" in message


def test_a_missing_dependency_a_syntax_error_and_no_app(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    write(tmp_path, {"proj/tasks.py": "import not_installed_anywhere\n"})
    assert "No module named 'not_installed_anywhere', at proj/tasks.py:1" in fails(boot(tmp_path))
    write(tmp_path, {"proj/tasks.py": "def f(:\n"})
    assert "SyntaxError" in (message := fails(boot(tmp_path)))
    assert "proj/tasks.py:1" in message
    assert "elsewhere" in fails(boot(tmp_path, "elsewhere"))
    handled = (
        "try:\n    import not_installed_anywhere\nexcept ImportError as e:\n    raise ValueError('no handler') from e\n"
    )
    write(tmp_path, {"proj/tasks.py": handled})
    message = fails(boot(tmp_path))
    assert "ValueError: no handler, at proj/tasks.py:4" in message
    assert message.endswith("caused by ModuleNotFoundError: No module named 'not_installed_anywhere'")


def test_a_project_that_exits(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    write(tmp_path, {"proj/tasks.py": "import os\nprint('licence server is down', flush=True)\nos._exit(3)\n"})
    message = fails(boot(tmp_path))
    assert "status 3" in message
    assert "licence server is down" in message


def test_arguments_that_celery_does_not_know(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    assert "--nonsense" in fails(boot(tmp_path, arguments=("--nonsense",)))


def test_an_interpreter_without_celery(tmp_path: Path) -> None:
    import venv

    venv.create(tmp_path / "bare", symlinks=True)
    write(tmp_path, PLAIN)
    message = fails(boot(tmp_path)._replace(python=str(tmp_path / "bare" / "bin" / "python")))
    assert "has no Celery" in message
    assert "--python" in message


def test_a_project_that_hangs_at_import(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    began = time.monotonic()
    record(boot(tmp_path))
    timeout = math.ceil(5 * (time.monotonic() - began))
    write(tmp_path, {
        "proj/tasks.py": """
            import subprocess
            import threading

            subprocess.Popen(["sleep", "3600"])
            subprocess.Popen(["sleep", "3600"], start_new_session=True)
            threading.Event().wait()
        """
    })  # fmt: skip
    message = fails(boot(tmp_path, timeout=timeout))
    assert f"had not started its pool after {timeout} s" in message
    assert "called from proj/tasks.py:7" in message


def test_children_that_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flake8_forksafe.measure import recorder

    write(tmp_path, PLAIN)
    source = Path(recorder.__file__).read_text(encoding="utf-8").replace("CHILDREN_UP_S = 60.0", "CHILDREN_UP_S = 3.0")
    quick = tmp_path / "recorder.py"
    quick.write_text(source, encoding="utf-8")
    monkeypatch.setattr(recorder, "__file__", str(quick))
    write(tmp_path, {
        "proj/tasks.py": """
            import time
            from celery.signals import worker_process_init

            @worker_process_init.connect(weak=False)
            def load(**kwargs):
                time.sleep(3600)
        """
    })  # fmt: skip
    recording = record(boot(tmp_path, forks=2))
    assert (len(recording["children"]), recording["children_up"]) == (2, 0)
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_measurement(tmp_path: Path, number: signal.Signals) -> None:
    write(tmp_path, PLAIN)
    write(tmp_path, {"proj/tasks.py": "import pathlib, time\npathlib.Path('up').touch()\ntime.sleep(3600)\n"})
    command = [sys.executable, "-m", "flake8_forksafe", "measure", "-A", "proj", str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    ends = time.monotonic() + PATIENCE_S
    while not (tmp_path / "up").exists() and time.monotonic() < ends:
        time.sleep(0.1)
    assert left_behind(tmp_path) != []
    process.send_signal(number)
    _, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "interrupted" in error
    assert "Traceback" not in error
    assert left_behind(tmp_path) == []


def test_the_command(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
    saved = str(tmp_path / "measured.json")
    command = [sys.executable, "-m", "flake8_forksafe", "measure", "-A", "proj", "--python", sys.executable]
    more = ["--memory", "2g", "--save", saved, str(tmp_path), "--", "-l", "info"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=True)
    assert "running the project's own code: celery -A proj worker -l info -c 2" in done.stderr
    assert "first-party modules: 3 agreed, 0 missed by the trace, 0 spurious" in done.stdout
    assert "2048.0 MB hold MainProcess and" in done.stdout
    write(tmp_path, {"proj/__init__.py": "import sqlite3\n"})
    after = str(tmp_path / "after.json")
    done = subprocess.run(
        [*command, "--save", after, "--format", "json", str(tmp_path)], capture_output=True, text=True, check=True
    )
    document = json.loads(done.stdout)
    assert document["comparison"]["agreed"] == ["proj", "proj.celery", "proj.tasks"]
    assert (document["comparison"]["recall"], document["comparison"]["precision"]) == (1.0, 1.0)
    difference = subprocess.run(
        [*command[:4], "--diff", saved, after], capture_output=True, text=True, check=True
    ).stdout
    assert "sqlite3" in difference.partition("newly imported")[2]
