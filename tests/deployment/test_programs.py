"""Workers that Python programs start: what they load, the argv that they have, and their options."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from flake8_forksafe import workers
from flake8_forksafe.analysis import analyse
from flake8_forksafe.report.result import Report
from flake8_forksafe.settings import Settings

APP = {
    "proj/__init__.py": "",
    "proj/celery.py": 'from celery import Celery\napp = Celery("proj", include=["proj.tasks"])\n',
    "proj/tasks.py": 'import sys\nfrom proj.celery import app\nif "worker" not in sys.argv:\n    import torch\n',
}
SCRIPT = 'import pandas\nfrom proj.celery import app\nif __name__ == "__main__":\n    {}\n    import polars\n'
MAIN = SCRIPT.format('app.worker_main(["worker", "-c", "4"])')
RELATIVE = MAIN.replace("from proj.", "from .")


def compose(command: str) -> str:
    return f"services:\n  w:\n    build: .\n    command: {command}\n"


def report_of(tmp_path: Path, files: dict[str, str]) -> Report:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return analyse(Settings(str(tmp_path)))


def hazards(report: Report, tmp_path: Path) -> list[tuple[str, str]]:
    found = [one for one in report.findings if one.code == "FS101"]
    return sorted((str(Path(one.path).relative_to(tmp_path)), one.subject) for one in found)


@pytest.mark.parametrize(
    ("place", "text", "start"),
    [
        pytest.param("run.py", MAIN, {"compose.yaml": compose("python run.py")}, id="script"),
        pytest.param("run.py", MAIN, {"Procfile": "worker: python run.py\n"}, id="script in a Procfile"),
        pytest.param("run.py", MAIN, {"Makefile": "worker:\n\tpython run.py\n"}, id="script in a Makefile"),
        pytest.param("run.py", MAIN, {"up.sh": "#!/bin/sh\nexec python run.py\n"}, id="script in a shell script"),
        pytest.param("run.py", MAIN, {"compose.yaml": compose('sh -c "sleep 1 && python run.py"')}, id="sh -c"),
        pytest.param("run.py", MAIN, {}, id="script that nothing runs"),
        pytest.param("bin/start", f"#!/usr/bin/env python3\n{MAIN}", {}, id="script without an ending"),
        pytest.param("proj/run.py", RELATIVE, {"Procfile": "w: python -m proj.run"}, id="-m"),
        pytest.param("proj/__main__.py", MAIN, {"Procfile": "w: python -m proj"}, id="-m package"),
        pytest.param("run.py", SCRIPT.format('app.start(["worker"])'), {"Procfile": "w: python run.py"}, id="start"),
        pytest.param("run.py", SCRIPT.format("app.Worker(concurrency=2).start()"), {}, id="Worker"),
        pytest.param(
            "run.py", SCRIPT.format("from celery.bin import worker; worker.worker(app=app).run()"), {}, id="celery.bin"
        ),
    ],
)  # fmt: skip
def test_program(tmp_path: Path, place: str, text: str, start: dict[str, str]) -> None:
    """What the program imports counts, the gate does not hold in it, and what follows the worker is no part of it."""
    report = report_of(tmp_path, {**APP, place: text, **start})
    assert hazards(report, tmp_path) == sorted([("proj/tasks.py", "torch"), (place, "pandas")])


def test_a_function_that_starts_the_worker_keeps_its_receivers(tmp_path: Path) -> None:
    """Seen with a real worker, Celery 5.7.0: ``warm`` is called, since ``main`` has not returned; ``gone`` is not."""
    program = """\
        from celery.signals import worker_init
        from proj.celery import app
        def set_up():
            @worker_init.connect
            def gone(**kwargs):
                import pandas
        def main():
            @worker_init.connect
            def warm(**kwargs):
                import polars
            set_up()
            app.worker_main(["worker"])
        main()
        """
    report = report_of(tmp_path, {**APP, "proj/tasks.py": "", "run.py": textwrap.dedent(program)})
    assert [(one.code, one.subject) for one in report.findings] == [("FS105", "polars")]


def test_console_script(tmp_path: Path) -> None:
    script = '[project]\nname = "proj"\nversion = "1"\n[project.scripts]\nproj-worker = "proj.cli:main"\n'
    main = 'import pandas\nfrom proj.celery import app\ndef main():\n    app.worker_main(["worker"])\n'
    files = {**APP, "pyproject.toml": script, "proj/cli.py": main, "compose.yaml": compose("proj-worker")}
    assert hazards(report_of(tmp_path, files), tmp_path) == [("proj/cli.py", "pandas"), ("proj/tasks.py", "torch")]


def test_management_command(tmp_path: Path) -> None:
    """``ready()`` runs before the command, and no gate on ``sys.argv`` recognises its worker."""
    command = (
        "import pandas\nfrom django.core.management.base import BaseCommand\nfrom proj.celery import app\n"
        'class Command(BaseCommand):\n    def handle(self, *args, **options):\n        app.worker_main(["worker"])\n'
    )
    ready = (
        "import sys, tiktoken\nfrom django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n"
        '    def ready(self):\n        if "worker" not in sys.argv:\n            tiktoken.get_encoding("cl100k_base")\n'
    )
    files = {
        **APP, "proj/settings.py": 'INSTALLED_APPS = ["shop"]\n', "shop/__init__.py": "", "shop/apps.py": ready,
        "shop/management/__init__.py": "", "shop/management/commands/__init__.py": "",
        "shop/management/commands/start_worker.py": command, "compose.yaml": compose("python manage.py start_worker"),
        "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")\n',
    }  # fmt: skip
    report = report_of(tmp_path, files)
    assert ("shop/management/commands/start_worker.py", "pandas") in hazards(report, tmp_path)
    (gate,) = [one for one in report.findings if one.code == "FS122"]
    assert "'manage.py start_worker'" in gate.what
    assert "no gate on sys.argv holds" in gate.instead


def test_pool_that_does_not_fork(tmp_path: Path) -> None:
    """The options that the program gives are those of its worker."""
    program = SCRIPT.format('app.worker_main(["worker", "--pool=solo"])')
    assert not hazards(report_of(tmp_path, {**APP, "run.py": program}), tmp_path)


def test_launch_goes_over_a_program_that_nothing_runs(tmp_path: Path) -> None:
    files = {**APP, "run.py": MAIN, "compose.yaml": compose("celery -A proj worker")}
    assert not hazards(report_of(tmp_path, files), tmp_path)


def test_a_comment_starts_nothing(tmp_path: Path) -> None:
    """What is commented out is no program that may start a host."""
    report = report_of(
        tmp_path, {**APP, "old.py": "# import gunicorn.app.base\n  # app.worker_main(['worker'])\nx = 1\n"}
    )
    assert [trace.program for trace in report.traces] == [""]
    assert not report.context.left_out


def test_a_program_is_shown_without_directories_of_this_machine(tmp_path: Path) -> None:
    files = {
        **APP,
        "run.py": MAIN,
        "proj/work.py": MAIN,
        "pyproject.toml": "[project.scripts]\nwork = 'proj.work:main'\n",
    }
    lines = "a: python -m proj.work -x\nb: work -y\nc: python run.py -z\n"
    report = report_of(tmp_path, {**files, "Procfile": lines})
    assert {trace.program for trace in report.traces} == {"proj/work.py -x", "work -y", "run.py -z"}


def test_other_command(tmp_path: Path) -> None:
    """``app.start(["beat"])`` starts no worker."""
    report = report_of(tmp_path, {**APP, "run.py": SCRIPT.format('app.start(["beat"])')})
    assert report.traces[0].arguments is None


SOLO = "import os, subprocess, shlex, sys\n{}\n"
POOL = "'celery', '-A', 'proj', 'worker', '--pool', 'solo'"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(f"subprocess.Popen([{POOL}])", id="words"),
        pytest.param("def main():\n    subprocess.run('celery -A proj worker --pool=solo', shell=True)", id="shell"),
        pytest.param("n = 4\nline = f'celery -A proj worker -c {n} -n {os.uname()} -P solo'\n"
                     "subprocess.call(line.split(' '))", id="split"),
        pytest.param("subprocess.check_call(shlex.split('celery -A proj worker {} -Psolo'.format(sys.argv[1])))",
                     id="format"),
        pytest.param("def f(app='proj'):\n    subprocess.run(['celery', f'-A{app}', 'worker'] + ['-P', 'solo'])",
                     id="computed app"),
        pytest.param(f"os.execvp('celery', [{POOL}])", id="execvp"),
        pytest.param(f"os.execlp('celery', {POOL})", id="execlp"),
        pytest.param("os.system('celery -A proj worker --pool solo')", id="system"),
        pytest.param("args = [sys.executable, '-m', 'celery', '-A', 'proj', 'worker', '-Psolo']\n"
                     "os.execv(sys.executable, args)", id="python -m celery"),
        pytest.param("env = {**os.environ, 'OPTIONS': '-P solo'}\n"
                     "subprocess.run('celery -A proj worker $OPTIONS', shell=True, env=env)", id="env"),
        pytest.param("class Start:\n    def run(self, c):\n        c.run('celery -A proj worker -P solo')",
                     id="task runner"),
        pytest.param(f"def work(session):\n    session.run({POOL})", id="task runner, by words"),
        pytest.param(f"class Start:\n    @property\n    def cmd(self):\n        words = [{POOL}]\n        return words",
                     id="words that another function runs"),
        pytest.param(f"def main(launch):\n    launch([{POOL}], restart=True)", id="words that are passed on"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", [{"compose.yaml": compose("python run.py")}, {}], ids=["run", "not run"])
def test_command_of_a_program(tmp_path: Path, code: str, start: dict[str, str]) -> None:
    """A worker that Python source starts as another process has the options that are written there."""
    report = report_of(tmp_path, {**APP, "run.py": SOLO.format(code), **start})
    (trace,) = report.traces
    assert [Path(one.path).name for one in trace.starts] == [*start, *([] if start else ["run.py"])]
    assert not trace.forks


def test_command_with_directory_and_memory(tmp_path: Path) -> None:
    """What runs the program gives the command its limit; ``cwd`` is where its app is found."""
    files = {f"services/a/{name}": text for name, text in APP.items()}
    program = SOLO.format("subprocess.run(['celery', '-A', 'proj', 'worker', '-c', '8'], cwd='services/a')")
    limit = compose("python run.py") + "    mem_limit: 256m\n"
    report = report_of(tmp_path, {**files, "run.py": program, "compose.yaml": limit})
    (trace,) = report.traces
    assert trace.launch.root == str(tmp_path / "services/a")
    assert [(start.memory_mb, start.concurrency) for start in trace.starts] == [(256, "8")]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("subprocess.run(['celery', '-A', 'proj', 'status'])", id="no worker"),
        pytest.param("subprocess.run(['pkill', '-f', 'celery worker'])", id="a name"),
        pytest.param("print('celery -A proj worker --pool solo')", id="no process"),
        pytest.param(f"if sys.argv == [{POOL}]:\n    x = ['celery', 'worker']", id="words that are compared"),
    ],
)
def test_command_that_starts_no_worker(tmp_path: Path, code: str) -> None:
    (trace,) = report_of(tmp_path, {**APP, "run.py": SOLO.format(code)}).traces
    assert not trace.starts


def test_options_that_are_added_are_not_known(tmp_path: Path) -> None:
    """A command that is completed elsewhere may have any pool, and is followed."""
    code = "line = ['celery', '-A', 'proj', 'worker']\nline += sys.argv[1:]\nsubprocess.run(line)"
    (trace,) = report_of(tmp_path, {**APP, "run.py": SOLO.format(code)}).traces
    assert trace.forks
    assert [start.open_options for start in trace.starts] == [("${line}",)]


def test_deployment_goes_over_a_command_that_nothing_runs(tmp_path: Path) -> None:
    program = SOLO.format(f"subprocess.run([{POOL}])")
    files = {**APP, "run.py": program, "compose.yaml": compose("celery -A proj worker")}
    (trace,) = report_of(tmp_path, files).traces
    assert [Path(one.path).name for one in trace.starts] == ["compose.yaml"]
    assert trace.forks


JOBS = {"jobs.py": "import torch\nfrom celery import shared_task\n@shared_task\ndef f(): pass\n"}
LOCAL = """\
from celery import Celery
{before}
def main():
    app = {app}
    app.worker_main(["worker", *{options}])
if __name__ == "__main__":
    main()
"""
MADE = 'Celery("x", include=["jobs"])'
OWN = f"from celery import Celery\napp = {MADE}\n"
EXTENSION = f"from celery import Celery\ndef create():\n    return {{'celery': {MADE}}}\n"


def local(app: str = MADE, options: str = "[]", before: str = "") -> str:
    """A program whose app is a local variable of a function."""
    return LOCAL.format(app=app, options=options, before=before)


@pytest.mark.parametrize(
    ("files", "workers"),
    [
        pytest.param({"run.py": local()}, {"run": (True, "run.py")}, id="alone"),
        pytest.param(
            {"run.py": local(), "run2.py": local(options='["-P", "solo"]'),
             "run3.py": f"{OWN}if __name__ == '__main__':\n    app.worker_main()\n"},
            {"run": (True, "run.py"), "run2": (False, "run2.py"), "run3:app": (True, "run3.py")}, id="several"),
        pytest.param({"begin.py": local(), "w.py": OWN},
                     {"begin": (True, "begin.py")}, id="beside another app"),
        pytest.param({"run.py": local(before="import w"), "w.py": OWN},
                     {"run": (True, "run.py")}, id="beside an app that it imports"),
        pytest.param({"run.py": local("create()['celery']", before="from web import create"), "web.py": EXTENSION},
                     {"run": (True, "run.py")}, id="made elsewhere"),
    ],
)  # fmt: skip
def test_an_app_of_a_function(tmp_path: Path, files: dict[str, str], workers: dict[str, tuple[bool, str]]) -> None:
    """It is named by the file of the program, and no other app is said to be what the program starts."""
    report = report_of(tmp_path, {**JOBS, **files})
    found = {trace.launch.app: trace for trace in report.traces}
    assert found.keys() == workers.keys()
    for name, (forks, path) in workers.items():
        trace = found[name]
        assert (trace.forks, [start.path for start in trace.starts]) == (forks, [str(tmp_path / path)] if path else [])
        assert "jobs" in {module.name for module in trace.modules}


def test_a_program_that_starts_no_worker(tmp_path: Path) -> None:
    files = {
        "run.py": "import server\nserver.Server().start(['a'])\n",
        "w.py": OWN,
    }
    report = report_of(tmp_path, {**JOBS, **files, "x/w.py": files["w.py"], "x/jobs.py": JOBS["jobs.py"]})
    assert {(Path(trace.launch.root).name, trace.starts) for trace in report.traces} == {(tmp_path.name, ()), ("x", ())}
    assert [one.why for one in report.context.left_out] == ["may start a worker, and names no app that was found"]


INCLUDED = {
    "w.py": OWN,
    "more.py": "import polars\n",
    "deep/jobs.py": "import deep.other\n",
    "deep/other.py": "",
    **JOBS,
}
REAL = """\
import json, sys
from w import app
app.conf.update(broker_url="memory://")
app.Worker(include=sys.argv[1].split(","), pool="solo")
print(json.dumps(sorted({"more", "deep.jobs", "deep.other", "jobs"} & set(sys.modules))))
"""


@pytest.mark.parametrize("given", ["more", "more,deep.jobs", "deep.jobs"])
@pytest.mark.parametrize("form", ["-I {}", "-I{}", "--include={}", "--include {}", "-I nothing --include {}"])
def test_modules_of_the_command_line(tmp_path: Path, given: str, form: str) -> None:
    """``--include`` loads what a real worker loads; the value given last counts."""
    report = report_of(tmp_path, {**INCLUDED, "compose.yaml": compose(f"celery -A w worker {form.format(given)}")})
    (trace,) = report.traces
    stubs = tmp_path / "stubs"
    for name in ("torch", "polars"):
        (stubs / name).mkdir(parents=True)
        (stubs / name / "__init__.py").write_text("")
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{stubs}"}
    done = subprocess.run([sys.executable, "-c", REAL, given], env=environ, capture_output=True, text=True, check=True)
    ours = {module.name for module in trace.modules if (module.path or "").startswith(str(tmp_path))}
    assert ours - {"w", "deep"} == set(json.loads(done.stdout))
    assert ("more.py", "polars") in hazards(report, tmp_path) or "more" not in given
    assert not [one for one in report.findings if one.code == "FS192"]


@pytest.mark.parametrize(
    "files",
    [{"compose.yaml": compose("celery -A w worker -I jobs,gone.x")},
     {"run.py": "from w import app\napp.worker_main(['worker', '--include', 'gone.x'])\n"},
     {"Procfile": "a: celery -A w worker --include=gone.x\nb: celery -A w worker\n"}],
)  # fmt: skip
def test_a_module_of_the_command_line_that_is_not_there(tmp_path: Path, files: dict[str, str]) -> None:
    report = report_of(tmp_path, {**INCLUDED, **files})
    (finding,) = [one for one in report.findings if one.code == "FS192"]
    assert (finding.path, finding.line) == (str(tmp_path / "w.py"), 2)
    where = {"compose.yaml": " (compose.yaml:4)", "Procfile": " (Procfile:1)"}.get(next(iter(files)), "")
    assert f"the module 'gone.x' in the option --include{where} was not found" in finding.text


def test_a_module_of_one_of_two_command_lines(tmp_path: Path) -> None:
    report = report_of(tmp_path, {**INCLUDED, "Procfile": "a: celery -A w worker -I more\nb: celery -A w worker\n"})
    (found,) = [one for one in report.findings if one.subject == "polars" and one.code == "FS101"]
    assert "may be imported before the worker forks" in found.text


def test_more_apps_than_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MOST_CANDIDATES", 2)
    files = {f"s{number}/app.py": "from celery import Celery\napp = Celery()\nimport torch\n" for number in range(5)}
    report = report_of(tmp_path, files)
    assert len(report.traces) == 2
    (left_out,) = report.context.left_out
    assert left_out.why == "and 2 others not followed: only 2 apps that no launch names are"
