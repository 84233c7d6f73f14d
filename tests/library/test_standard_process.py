"""What a worker's process surely is not: decided as a really started worker decides it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import import_in, loaded, make_walk, write

HOLDS = {
    "RUN_MAIN": 'os.environ.get("RUN_MAIN") != "true"',
    "RUN_MAIN, with a default": 'not os.getenv("RUN_MAIN", "")',
    "RUN_MAIN in": '"RUN_MAIN" not in os.environ',
    "werkzeug": 'os.environ.get("WERKZEUG_RUN_MAIN") is None',
    "pytest's variable": '"PYTEST_CURRENT_TEST" not in os.environ',
    "pytest": '"pytest" not in sys.modules',
    "pytest by get": 'sys.modules.get("pytest") is None',
    "gunicorn's variable": 'not os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")',
    "gunicorn": 'not sys.argv[0].endswith("gunicorn")',
    "runserver": '"runserver" not in sys.argv',
    "an interactive interpreter": 'not hasattr(sys, "ps1")',
    "by getattr": 'getattr(sys, "ps1", None) is None',
    "conftest's mark": 'not hasattr(sys, "_called_from_test")',
    "the process's name": 'multiprocessing.current_process().name == "MainProcess"',
    "celery": '"celery" in sys.modules',
    "celery.apps.worker, while the app is found": '"celery.apps.worker" not in sys.modules',
    "a module of the project that is not loaded": '"other" not in sys.modules',
    "a module of the project that is": '"main" in sys.modules',
    "what was imported": '"json" in sys.modules',
}
MODULE = "import json, multiprocessing, os, sys\nif {}:\n    import yes\nelse:\n    import no\n"
FILES = {"yes.py": "", "no.py": "", "other.py": ""}


@pytest.mark.parametrize("name", HOLDS)
def test_decided(tmp_path: Path, name: str) -> None:
    write(tmp_path, {**FILES, "main.py": MODULE.format(HOLDS[name])})
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    assert loaded(walk) == ["main", "yes"]
    assert all(edge.sure for edge in walk.recorder.edges.values())


def test_what_a_launch_sets_counts(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "main.py": MODULE.format('os.environ.get("RUN_MAIN") == "true"')})
    walk = make_walk(tmp_path, {"RUN_MAIN": "true"})
    import_in(walk, "main")
    assert loaded(walk) == ["main", "yes"]


def test_what_the_program_sets_counts(tmp_path: Path) -> None:
    text = 'import os\nos.environ["RUN_MAIN"] = "true"\n' + MODULE.format('os.environ["RUN_MAIN"] == "true"')
    write(tmp_path, {**FILES, "main.py": text})
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    assert loaded(walk) == ["main", "yes"]


def test_each_variable_that_is_set_is_noted_once(tmp_path: Path) -> None:
    text = 'import os\nos.environ["A"] = "1"\nos.environ.update(B="2", A="3")\nos.environ.setdefault("A", "4")\n'
    walk = make_walk(write(tmp_path, {"main.py": text}))
    import_in(walk, "main")
    found = [(setting.name, setting.line) for setting in walk.recorder.settings]
    assert found == [("A", 2), ("B", 3), ("A", 3)]


def test_other_variables_and_modules_stay_unknown(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "main.py": MODULE.format('os.environ.get("X") or "somewhere" in sys.modules')})
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    assert loaded(walk) == ["main", "yes", "no"]


STOP = "\nfrom celery.signals import celeryd_init\n@celeryd_init.connect\ndef stop(**k):\n    os._exit(0)\n"
SCRIPT = "import main\nmain.app.worker_main(['worker', '-P', 'solo'])\n"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["command", "module", "script"])
def test_a_real_worker_decides_alike(tmp_path: Path, form: str) -> None:
    lines = [f"print({name!r}, bool({condition}), flush=True)\n" for name, condition in HOLDS.items()]
    app = "from celery import Celery\napp = Celery('main', broker='memory://')\n"
    main = ["import json, multiprocessing, os, sys\n", app, *lines, STOP]
    write(tmp_path, {"main.py": "".join(main), "other.py": "", "run.py": SCRIPT})
    commands = {
        "command": ["-c", "from celery.__main__ import main; main()", "-A", "main", "worker"],
        "module": ["-m", "celery", "-A", "main", "worker"],
        "script": ["run.py"],
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run([sys.executable, *commands[form]], cwd=tmp_path, capture_output=True, text=True, timeout=600,
                          env=environ)  # fmt: skip
    assert [line for line in done.stdout.splitlines() if line.endswith("False")] == []
    assert done.stdout.count(" True\n") == len(HOLDS)


def test_a_comprehension_over_the_environment_knows_what_is_set(tmp_path: Path) -> None:
    made = "{k[3:]: v == '1' for k, v in os.environ.items() if k[:3] == 'MY_'}"
    flags = f"FLAGS = {{'a': True, 'b': False}}\nFLAGS.update({made})\n"
    write(tmp_path, {**FILES, "main.py": f"import os\n{flags}" + MODULE.format("FLAGS['a'] and not FLAGS['b']")})
    for environ, expected in (({}, "yes"), ({"MY_b": "1"}, "no"), ({"MY_b": "0", "OTHER": "1"}, "yes")):
        walk = make_walk(tmp_path, environ)
        import_in(walk, "main")
        assert loaded(walk) == ["main", expected]


def test_a_loop_over_the_environment_stays_open(tmp_path: Path) -> None:
    text = "import os\nfor k in os.environ:\n    if k.startswith('PLUGIN_'):\n        import yes\n"
    write(tmp_path, {**FILES, "main.py": text})
    walk = make_walk(tmp_path)
    import_in(walk, "main")
    assert loaded(walk) == ["main", "yes"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("sys.argv = ['run', 'jobs']", "yes"),
        ("sys.argv.append('jobs')", "yes"),
        ("from sys import argv; argv.insert(1, 'jobs')", "yes"),
        ("copy = list(sys.argv); copy.append('jobs')", "no"),
        ("sys.argv = sys.argv[:1]", "no"),
    ],
)
def test_what_a_program_does_to_its_arguments(tmp_path: Path, change: str, expected: str) -> None:
    """The list is that of the process: other modules see what one of them does to it."""
    write(tmp_path, {**FILES, "main.py": f"import sys\n{change}\nimport inner\n",
                     "inner.py": "import sys\n" + MODULE.format("'jobs' in sys.argv")})  # fmt: skip
    walk = make_walk(tmp_path, argv=(("run",),))
    import_in(walk, "main")
    assert loaded(walk) == ["main", "inner", expected]
    program = f"import sys; sys.path[0] = {str(tmp_path)!r}; import main; print({expected!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_arguments_that_only_may_be_changed(tmp_path: Path) -> None:
    text = "import sys, unknown\nif unknown.x:\n    sys.argv = ['run', 'jobs']\n"
    write(tmp_path, {**FILES, "main.py": text + MODULE.format("'jobs' in sys.argv")})
    walk = make_walk(tmp_path, argv=(("run",),))
    import_in(walk, "main")
    assert loaded(walk) == ["main", "yes", "no"]
