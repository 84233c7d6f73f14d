"""Which workers a repository starts, each with its own root, compared with what a real app loads there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import check, write

from flake8_forksafe.analysis import Report
from flake8_forksafe.cli import main
from flake8_forksafe.report.remarks import remarks

pytestmark = pytest.mark.costly

CELERY = "from celery import Celery\n"
TASK = "from celery import shared_task\n@shared_task\ndef f(): pass\n"
HEAVY = "import torch\n" + TASK

BOOT = """\
import json, os, sys
from celery.app.utils import find_app
app = find_app(sys.argv[1])
app.loader.import_default_modules()
files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
print(json.dumps(sorted(name for name, path in files.items() if path and path.startswith(sys.argv[2] + os.sep))))
"""


def really_loaded(project: Path, root: str, app: str, stubs: Path) -> set[str]:
    """The modules of a project that Celery loads for an app, when it is started in a directory."""
    write(stubs, {"torch/__init__.py": "", "polars/__init__.py": "", "framework.py": ""})
    command = [sys.executable, "-c", BOOT, app, str(project)]
    environ = {**os.environ, "PYTHONPATH": f"{project / root}{os.pathsep}{stubs}", "PYTHONSAFEPATH": "1"}
    done = subprocess.run(command, cwd=project / root, env=environ, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


class Case(NamedTuple):
    """A repository, and the workers that it starts: root and app.

    :ivar forks: the apps of those that fork.
    """

    files: dict[str, str]
    workers: set[tuple[str, str]]
    forks: set[tuple[str, str]]


def service(name: str, package: str) -> dict[str, str]:
    """A service of a monorepo, named alike in each."""
    return {
        f"services/{name}/app/__init__.py": "",
        f"services/{name}/app/celery.py": f"{CELERY}app = Celery('x', include=['jobs.tasks'])\n",
        f"services/{name}/jobs/__init__.py": "",
        f"services/{name}/jobs/tasks.py": f"import {package}\n{TASK}",
    }


def compose(**services: str) -> dict[str, str]:
    """A compose file: name of a service to the directory it is built from, and its command."""
    lines = ["services:"]
    for name, text in services.items():
        build, _, command = text.partition(": ")
        lines += [f"  {name}:", f"    build: {build}", f"    command: {command}"]
    return {"compose.yaml": "\n".join(lines) + "\n"}


def manifest(name: str, container: str) -> dict[str, str]:
    """A Deployment of Kubernetes with one container."""
    spec = f"spec:\n  template:\n    spec:\n      containers:\n      - {container}\n"
    return {f"deploy/{name}.yaml": f"apiVersion: apps/v1\nkind: Deployment\n{spec}"}


TWO = {**service("a", "torch"), **service("b", "polars")}
BOTH = {("services/a", "app.celery:app"), ("services/b", "app.celery:app")}
INIT_APP = {
    "pkg/__init__.py": "",
    "pkg/celery_init.py": f"{CELERY}celery = Celery('x')\n",
    "pkg/app.py": "from pkg.celery_init import celery\nimport pkg.tasks\n",
    "pkg/tasks.py": "import torch\nfrom pkg.celery_init import celery\n@celery.task\ndef f(): pass\n",
}
FACTORY = {
    "pkg/__init__.py": "from pkg.extensions import app\ndef create_app():\n    import pkg.tasks\n    return app\n",
    "pkg/extensions.py": f"{CELERY}app = Celery('x')\n",
    "pkg/_auto.py": "import celery\nfrom pkg import create_app\napp = create_app()\n",
    "pkg/tasks.py": "import torch\nfrom pkg.extensions import app\n@app.task\ndef f(): pass\n",
}
DEEP = {
    "backend/proj/__init__.py": "",
    "backend/proj/background/celery/apps/primary.py": f"{CELERY}from proj.background.celery.util import x\n"
    "celery_app = Celery('x', include=['proj.background.celery.tasks'])\n",
    "backend/proj/background/celery/util.py": "x = 1\n",
    "backend/proj/background/celery/tasks.py": HEAVY,
}
PRIMARY = ("backend", "proj.background.celery.apps.primary:celery_app")
PLAIN = {"proj/__init__.py": "", "proj/celery.py": f"{CELERY}app = Celery('x', include=['proj.tasks'])\n",
         "proj/tasks.py": HEAVY}  # fmt: skip
TOP = {"__init__.py": "", "main/__init__.py": "",
       "main/celery.py": f"{CELERY}app = Celery('x', include=['main.tasks'])\n",
       "main/tasks.py": "from main.celery import app\nimport torch\n@app.task\ndef f(): pass\n"}  # fmt: skip

BEAT = {"jobs.py": HEAVY, "clock.py": f"{CELERY}app = Celery('x', include=['jobs'])\n",
        **compose(b=".: celery -A clock beat")}  # fmt: skip

CASES = {
    "two services": Case(
        {**TWO, **compose(a="services/a: celery -A app.celery worker",
                          b="services/b: celery -A app.celery worker -Psolo")},
        BOTH, {("services/a", "app.celery:app")}),
    "two services, by Dockerfiles": Case(
        {**TWO, "services/a/Dockerfile": "FROM python\nWORKDIR /srv\nCOPY . .\nCMD celery -A app worker -P solo\n",
         "docker/b.Dockerfile": "FROM python\nCOPY services/b /code\nWORKDIR /code\nCMD celery -A app.celery worker\n"},
        BOTH, {("services/b", "app.celery:app")}),
    "two services, by the place of scripts": Case(
        {**TWO, "services/a/run.sh": "celery -A app.celery worker -P solo\n",
         "services/b/Procfile": "worker: celery -A app worker\n"}, BOTH, {("services/b", "app.celery:app")}),
    "two services, by PYTHONPATH": Case(
        {**TWO, "a.sh": "PYTHONPATH=services/a celery -A app.celery worker -P solo\n",
         "b.sh": "cd services/b && celery -A app.celery worker\n"}, BOTH, {("services/b", "app.celery:app")}),
    "two services, by the directories of manifests": Case(
        {**TWO, "docker/a.Dockerfile": "FROM python\nCOPY services/a /srv/one\n",
         "docker/b.Dockerfile": "FROM python\nCOPY services/b /srv/two\n",
         **manifest("a", "{image: x, workingDir: /srv/one, command: [celery, -A, app, worker, -P, solo]}"),
         **manifest("b", "{image: y, workingDir: /srv/two, args: [celery, -A, app.celery, worker]}")},
        BOTH, {("services/b", "app.celery:app")}),
    "two services, by the images of manifests": Case(
        {**TWO, "services/a/Dockerfile": "FROM python\nCOPY . /srv\nWORKDIR /srv\nCMD true\n",
         "services/b/Dockerfile": "FROM python\nCOPY . /srv\nWORKDIR /srv\nENTRYPOINT [\"celery\"]\n",
         **manifest("a", "{image: 'example.org/x/a:1', command: [celery, -A, app, worker]}"),
         **manifest("b", "{image: 'b@sha256:0', args: [-A, app.celery, worker, -P, solo]}")},
        BOTH, {("services/a", "app.celery:app")}),
    "two services, without launches": Case(TWO, BOTH, BOTH),
    "launched by another name": Case({**INIT_APP, **compose(w=".: celery -A pkg.app.celery worker")},
                                     {(".", "pkg.app:celery")}, {(".", "pkg.app:celery")}),
    "launched by another name, with a colon": Case({**INIT_APP, **compose(w=".: celery -A pkg.app:celery worker")},
                                                   {(".", "pkg.app:celery")}, {(".", "pkg.app:celery")}),
    "launched by any name": Case(
        {**INIT_APP, "start.py": "from pkg.app import celery as queue\n", "run.sh": "celery -A start:queue worker\n"},
        {(".", "start:queue")}, {(".", "start:queue")}),
    "launched twice": Case(
        {**INIT_APP, "one.sh": "celery -A pkg.app worker\n", "two.sh": "celery -A pkg.app worker -P solo\n"},
        {(".", "pkg.app")}, {(".", "pkg.app")}),
    "several names, none launched": Case(INIT_APP, {(".", "pkg.app:celery")}, {(".", "pkg.app:celery")}),
    "a name that calls the factory": Case(FACTORY, {(".", "pkg._auto:app")}, {(".", "pkg._auto:app")}),
    "a name in a file that mentions no Celery": Case(
        {**FACTORY, "pkg/_auto.py": "from pkg import create_app\nfrom pkg.extensions import app\nweb = create_app()\n"},
        {(".", "pkg._auto:app")}, {(".", "pkg._auto:app")}),
    "a name of the web application": Case(
        {"worker/__init__.py": "", "worker/queue.py": f"{CELERY}queue = Celery('x')\n",
         "main.py": "from worker.queue import queue\nclass Web: pass\napp = Web()\n"},
        {(".", "main:queue")}, {(".", "main:queue")}),
    "a package named like a worker, and a view that uses its app": Case(
        {"ops/__init__.py": "", "ops/celery/__init__.py": f"{CELERY}app = Celery('x', include=['ops.tasks'])\n",
         "ops/api/__init__.py": "", "ops/api/celery.py": "from ops.celery import app\n", "ops/tasks.py": HEAVY},
        {(".", "ops.celery:app")}, {(".", "ops.celery:app")}),
    "a root with an __init__, started from elsewhere": Case(
        {"src/back/__init__.py": "", "src/back/shop/__init__.py": "", "src/back/shop/tasks.py": HEAVY,
         "src/back/shop/queue.py": f"{CELERY}app = Celery('x', include=['shop.tasks'])\n",
         **manifest("w", "{image: x, command: [celery, -A, shop.queue, worker, -P, solo]}")},
        {("src/back", "shop.queue:app")}, set()),
    "no __init__ on the way": Case(DEEP, {PRIMARY}, {PRIMARY}),
    "no __init__ on the way, launched": Case(
        {**DEEP, **compose(w="backend: celery -A proj.background.celery.apps.primary worker --pool solo")},
        {PRIMARY}, set()),
    "__init__ in the top directory": Case({**TOP, **compose(w=".: celery -A main worker --pool threads")},
                                          {(".", "main.celery:app")}, set()),
    "__init__ in the top directory, not launched": Case(TOP, {(".", "main.celery:app")}, {(".", "main.celery:app")}),
    "a part of a namespace package": Case(
        {"acme/flow/__init__.py": "", "acme/flow/app.py": f"{CELERY}app = Celery('x', include=['acme.flow.tasks'])\n",
         "acme/flow/tasks.py": HEAVY}, {(".", "acme.flow.app:app")}, {(".", "acme.flow.app:app")}),
    "manage.py": Case(
        {"web/manage.py": "", "web/conf/worker/queue.py": f"{CELERY}app = Celery('x')\n@app.task\ndef f(): pass\n"},
        {("web", "conf.worker.queue:app")}, {("web", "conf.worker.queue:app")}),
    "packages in build metadata": Case(
        {"lib/pyproject.toml": "[tool.setuptools]\npackages = ['acme']\n",
         "lib/acme/worker/queue.py": f"{CELERY}app = Celery('x')\n@app.task\ndef f(): pass\n"},
        {("lib", "acme.worker.queue:app")}, {("lib", "acme.worker.queue:app")}),
    "a folder named like a required package": Case({**PLAIN, "requirements.txt": "torch\n", "torch/h.py": ""},
                                                   {(".", "proj.celery:app")}, {(".", "proj.celery:app")}),
    "a folder named like a catalogued package": Case({**PLAIN, "lib/pyproject.toml": "", "lib/torch/h.py": ""},
                                                     {(".", "proj.celery:app")}, {(".", "proj.celery:app")}),
    "a project file in a package": Case({**PLAIN, "proj/setup.py": ""}, {(".", "proj.celery:app")},
                                        {(".", "proj.celery:app")}),
    "beat only": Case(
        {"jobs.py": HEAVY, "clock.py": f"{CELERY}app = Celery('x', include=['jobs'])\n",
         "w.py": f"{CELERY}app = Celery('x', include=['jobs'])\n",
         **compose(w=".: celery -A w worker -P threads", b=".: celery -A clock beat")}, {(".", "w:app")}, set()),
    "beat only, and nothing else": Case(BEAT, set(), set()),
    "flower only, by another name": Case(
        {"jobs.py": HEAVY, "pkg/__init__.py": "", "pkg/ext.py": f"{CELERY}app = Celery('x', include=['jobs'])\n",
         "pkg/view.py": "from pkg.ext import app\n", **compose(f=".: celery -A pkg.view flower --port=5555")},
        set(), set()),
    "beat only, by another name": Case(
        {"jobs.py": HEAVY, "pkg/__init__.py": "from pkg.ext import app\n",
         "pkg/ext.py": f"{CELERY}app = Celery('x', include=['jobs'])\n", **compose(b=".: celery -A pkg beat")},
        set(), set()),
    "a worker with beat in it": Case({**BEAT, **compose(b=".: celery -A clock worker -B")},
                                     {(".", "clock:app")}, {(".", "clock:app")}),
    "a client without tasks": Case(
        {**TWO, "api/__init__.py": "", "api/client.py": f"{CELERY}queue = Celery('x')\n",
         **compose(a="services/a: celery -A app.celery worker")}, BOTH, BOTH),
    "another name of the class": Case(
        {"jobs.py": HEAVY, "w.py": "import celery\nCelery = celery.Celery\nx = Celery('x', include=['jobs'])\n"},
        {(".", "w:x")}, {(".", "w:x")}),
    "a module that a function returns": Case(
        {"jobs.py": HEAVY, "w.py": "import celery\ndef patched():\n    return celery\n"
         "app = patched().Celery('p', include=['jobs'])\n"}, {(".", "w:app")}, {(".", "w:app")}),
    "a subclass in another module, in a file that mentions no Celery": Case(
        {"p/__init__.py": "", "p/base.py": "import celery\nclass Base(celery.Celery): pass\nclass Mine(Base): pass\n",
         "p/main.py": "from p import base\nworker = base.Mine('p', include=['p.jobs'])\n", "p/jobs.py": HEAVY},
        {(".", "p.main:worker")}, {(".", "p.main:worker")}),
    "a factory in another module, in a file that mentions no Celery": Case(
        {"p/__init__.py": "", "p/jobs.py": HEAVY, "p/main.py": "from .base import build\nworker = build()\n",
         "p/base.py": "import celery\ndef build():\n    return celery.Celery('p', include=['p.jobs'])\n"},
        {(".", "p.main:worker")}, {(".", "p.main:worker")}),
    "extensions of an application": Case(
        {"jobs.py": HEAVY, "web.py": "from celery import Celery\nclass App:\n    extensions = {}\ndef create_app():\n"
         "    app = App()\n    app.extensions['celery'] = Celery('x', include=['jobs'])\n    return app\n",
         "make_celery.py": "from web import create_app\ncelery_app = create_app().extensions['celery']\n"},
        {(".", "make_celery:celery_app")}, {(".", "make_celery:celery_app")}),
}  # fmt: skip


def relative(root: Path, path: str) -> str:
    return Path(path).relative_to(root).as_posix()


def said(report: Report) -> list[str]:
    return [remark.text for remark in remarks(report.context)]


@pytest.mark.parametrize("name", CASES)
def test_workers(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    project = write(tmp_path / "project", {"pyproject.toml": "", **case.files})
    traces = check(project).traces
    found = {(relative(project, trace.launch.root), trace.launch.app): trace for trace in traces}
    assert found.keys() == case.workers
    assert {key for key, trace in found.items() if trace.forks} == case.forks
    for (root, app), trace in found.items():
        ours = {module.name for module in trace.modules if (module.path or "").startswith(str(project))}
        assert ours == really_loaded(project, root, app, tmp_path / "stubs")


def test_findings_of_two_services(tmp_path: Path) -> None:
    root = write(tmp_path, {"pyproject.toml": "", **CASES["two services"].files})
    text = (
        (root / "compose.yaml")
        .read_text()
        .replace("    build: services/a", "    mem_limit: 256m\n    build: services/a")
    )
    (root / "compose.yaml").write_text(text)
    found = {(relative(root, finding.path), finding.code) for finding in check(root).findings}
    assert {("services/a/jobs/tasks.py", "FS101"), ("services/a/app/celery.py", "FS142")} <= found
    assert not any(path.startswith("services/b") for path, _ in found)


def test_findings_name_their_workers(tmp_path: Path) -> None:
    """A finding that several workers have is told once, with all of them; one of a single worker names that one."""
    shared = {"shared/pyproject.toml": "", "shared/common.py": "import torch\n"}
    uses = "import common\n" + TASK
    files = {**TWO, **shared, "services/a/jobs/tasks.py": uses, "services/b/jobs/tasks.py": f"import polars\n{uses}"}
    root = write(tmp_path, {"pyproject.toml": "", **files})
    workers = {
        (relative(root, one.path), one.subject): one.workers for one in check(root).findings if one.code == "FS101"
    }
    assert workers == {
        ("shared/common.py", "torch"): ("services/a:app.celery:app", "services/b:app.celery:app"),
        ("services/b/jobs/tasks.py", "polars"): ("services/b:app.celery:app",),
    }
    (polars,) = [one for one in check(root).findings if one.subject == "polars"]
    assert polars.text.partition(": ")[0].endswith("[of 'services/b:app.celery:app']")


def test_a_single_worker_is_not_named(tmp_path: Path) -> None:
    """What does not fork has no findings to be told apart from."""
    root = write(tmp_path, {"pyproject.toml": "", **CASES["two services"].files})
    assert all(one.workers == () for one in check(root).findings)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    beat = write(tmp_path / "beat", {"pyproject.toml": "", **CASES["beat only"].files})
    assert said(check(beat)) == ["left out: 'clock:app' ({place}) is started as beat only, by compose.yaml:7"]
    alone = write(tmp_path / "alone", {"pyproject.toml": "", **BEAT})
    (finding,) = check(alone).findings
    assert (relative(alone, finding.path), finding.line, finding.code) == ("clock.py", 2, "FS190")
    assert finding.text == (
        "nothing is checked: 'clock:app' is started as beat only, by compose.yaml:4; if a worker runs it as well, name "
        "it with --app"
    )
    (alone / "jobs.py").write_text("")
    assert not check(alone).findings
    client = write(tmp_path / "client", {"pyproject.toml": "", **CASES["a client without tasks"].files})
    assert "left out: 'api.client:queue' ({place}) is started by no launch, and no tasks are seen" in said(
        check(client)
    )
    both = compose(w=".: celery -A pkg.app worker", b=".: celery -A pkg.app beat")
    assert said(check(write(tmp_path / "both", {"pyproject.toml": "", **INIT_APP, **both}))) == []
    names = write(tmp_path / "names", {"pyproject.toml": "", **INIT_APP})
    (remark,) = said(check(names))
    assert "'pkg.celery_init:celery' ({place}) names the same app as 'pkg.app:celery'" in remark
    gone = write(tmp_path / "gone", {"pyproject.toml": "", **PLAIN, "run.sh": "celery -A old.celery worker\n"})
    assert "left out: 'old.celery' ({place}) is started here, but was not found" in said(check(gone))


def test_an_app_that_a_package_makes(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"pyproject.toml": "", "w.py": "import os\nfrom framework import celery_app\n", "jobs.py": TASK}
    )
    (finding,) = check(root).findings
    assert (relative(root, finding.path), finding.line, finding.code) == ("w.py", 2, "FS190")
    assert "created by 'framework', which is not part of the project" in finding.text


@pytest.mark.parametrize(
    ("made", "cls"),
    [("Queue('x', include=['jobs'])", "framework.Queue"), ("make_queue()", "framework.make_queue")],
)
def test_a_launched_app_of_a_class_that_is_not_read(tmp_path: Path, made: str, cls: str) -> None:
    """What its configuration imports is not known, which is said; all else that its worker runs is followed."""
    name = cls.rpartition(".")[2]
    root = write(tmp_path, {
        "pyproject.toml": "[project]\nname = 'x'\ndependencies = ['framework']\n", "jobs.py": HEAVY,
        "w.py": f"from framework import {name}\nfrom celery.signals import worker_init\nqueue = {made}\n"
        "@worker_init.connect\ndef warm(**kwargs):\n    import polars\n",
        "run.py": "from w import queue\n", "run.sh": "celery -A run:queue worker\n"})  # fmt: skip
    found = {(relative(root, one.path), one.line, one.code): one.text for one in check(root).findings}
    assert ("w.py", 6, "FS105") in found
    assert (("jobs.py", 1, "FS101") in found) == ("include" in made)
    assert found["w.py", 3, "FS192"] == (
        f"the configuration of the Celery app that {cls!r} makes cannot be resolved statically; what depends on it is "
        "not checked"
    )


PROGRAM = {
    "p/__init__.py": "", "p/jobs.py": TASK, "p/worker_routes.py": "import torch\nfrom p.tasks import celery_app\n",
    "p/tasks.py": "import os\nfrom celery import Celery\ndef make():\n    app = Celery('p', include=['p.jobs'])\n"
                  "    if os.environ.get('CLUSTER'):\n        app.is_cluster = True\n    return app\n"
                  "celery_app = make()\n",
    "p/worker/__init__.py": "from p.tasks import celery_app\ndef start():\n"
                            "    celery_app.worker_main(['worker', '-c', '2'])\nif __name__ == '__main__': start()\n",
}  # fmt: skip


def test_a_program_starts_the_app_that_it_imports(tmp_path: Path) -> None:
    """No other module is loaded that is named like a worker's entry; the app is one, whatever it was made under."""
    report = check(write(tmp_path, {"pyproject.toml": "", **PROGRAM}))
    (trace,) = report.traces
    assert (trace.launch.app, trace.starts[0].concurrency) == ("p.worker", "2")
    assert [module.name for module in trace.modules if (module.path or "").startswith(str(tmp_path))] == [
        "__main__", "p", "p.tasks", "p.jobs"]  # fmt: skip
    assert (report.findings, said(report)) == ((), [])
    (given,) = check(tmp_path, app="p.tasks").traces
    assert given.launch.app == "p.tasks"


def test_an_app_given_with_its_root(tmp_path: Path) -> None:
    root = write(tmp_path, {"pyproject.toml": "", **TWO})
    (trace,) = check(root, app="services/b:app.celery").traces
    assert (relative(root, trace.launch.root), trace.launch.app) == ("services/b", "app.celery")
    assert {relative(root, trace.launch.root) for trace in check(root, app="app.celery").traces} == {
        "services/a", "services/b"}  # fmt: skip


def test_a_table_of_the_workers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"pyproject.toml": "", **CASES["two services"].files})
    assert main(["trace", "--list", "--no-cache", str(root)]) == 0
    *listed, clean = capsys.readouterr().out.splitlines()
    assert clean.startswith("clean: app.celery:app (compose.yaml:7): its pool is ")
    assert [line.split() for line in listed] == [
        ["app", "root", "settings", "pool", "files", "known", "from", "launches"],
        ["app.celery:app", "services/a", "-", "prefork", "4", "services/a/app/celery.py:2", "compose.yaml:4"],
        ["app.celery:app", "services/b", "-", "solo", "4", "services/b/app/celery.py:2", "compose.yaml:7"],
    ]
    assert main(["check", "-v", "--no-cache", str(root)]) == 1
    assert capsys.readouterr().out.splitlines()[-4:] == [*listed, clean]


def test_many_launches_of_a_worker_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "".join(f"w{number}: celery -A proj worker -P solo\n" for number in range(1, 8))
    root = write(tmp_path, {"pyproject.toml": "", **PLAIN, "Procfile": lines})
    assert main(["trace", "--list", str(root)]) == 0
    _, row, clean = capsys.readouterr().out.splitlines()
    places = "Procfile:1, Procfile:2, Procfile:3, Procfile:4, Procfile:5 and 2 more"
    assert row.endswith(places) and clean == f"clean: proj.celery:app ({places}): its pool is 'solo': nothing is forked"


def test_names_of_apps_that_are_alike_have_their_roots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"pyproject.toml": "", **TWO})
    assert main(["check", str(root), "--app", "services/c:app.celery"]) == 2
    assert "services/a:app.celery:app" in capsys.readouterr().err


def test_a_worker_without_any_app_is_said(tmp_path: Path) -> None:
    """Airflow's image, for one: ``celery worker`` is a command of its entry point, and the app lies in a package."""
    files = {"compose.yaml": "services:\n  worker:\n    image: apache/airflow\n    command: celery worker\n"}
    assert said(check(write(tmp_path, {"pyproject.toml": "", **files}))) == [
        "left out: 'celery worker' ({place}) starts a worker and names no app, and the project has none: "
        "name it with --app"
    ]


def test_that_nothing_is_started_is_said(tmp_path: Path) -> None:
    files = {"pyproject.toml": "", "Procfile": "web: uvicorn a:app\nrq: rq info\n", "a.py": ""}
    (text,) = said(check(write(tmp_path, files)))
    assert text.startswith("nothing was checked: no file of the repository is seen to start a process that loads")
    foreign = "from framework import celery_app\n@celery_app.task\ndef f(): ...\n"
    report = check(write(tmp_path / "foreign", {"pyproject.toml": "", "p.py": foreign}))
    assert [finding.code for finding in report.findings] == ["FS190"] and said(report) == []


OTHER = {
    "services/mail/pyproject.toml": "[project]\nname = 'mail'\ndependencies = ['celery', 'torch', 'acme-shared']\n",
    "services/mail/mail/__init__.py": "",
    "services/mail/mail/app.py": "from celery import Celery\nimport torch\nimport shared\napp = Celery('mail')\n"
                                "@app.task\ndef f(): ...\n",
    "infra/torch.py": "import pandas\n",
    "libs/shared/shared/__init__.py": "import polars\n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("infra", "library", "found"),
    [
        ("[project]\nname = 'infra'\n", "[project]\nname = 'Acme_Shared'\n", {"torch", "polars"}),
        ("[tool.ruff]\nline-length = 80\n", "[project]\nname = 'acme-shared'\n", {"torch", "polars"}),
        ("[project]\nname = 'torch'\n", "[build-system]\nrequires = []\n", {"pandas", "polars"}),
        ("[tool.poetry]\nname = 'infra'\n", "[project]\nname = 'another'\n", {"torch", "polars"}),
    ],
)
def test_a_module_of_another_project_hides_no_required_package(
    tmp_path: Path, infra: str, library: str, found: set[str]
) -> None:
    """``infra/torch.py`` is not what the service imports; a shared library is, whether its name is required or not."""
    files = {**OTHER, "infra/pyproject.toml": infra, "libs/shared/pyproject.toml": library}
    report = check(write(tmp_path, {"pyproject.toml": "", **files}))
    assert {finding.subject for finding in report.findings if finding.code == "FS101"} == found


def test_a_root_that_the_program_adds_is_its_own(tmp_path: Path) -> None:
    files = {**OTHER, "infra/pyproject.toml": "[project]\nname = 'infra'\n", "services/mail/mail/app.py":
             "import sys, os\nsys.path.insert(0, os.path.abspath(__file__ + '/../../../../infra'))\nimport torch\n"
             "from celery import Celery\napp = Celery('mail')\n@app.task\ndef f(): ...\n"}  # fmt: skip
    report = check(write(tmp_path, {"pyproject.toml": "", **files}))
    assert [finding.subject for finding in report.findings if finding.code == "FS101"] == ["pandas"]


def test_what_setuptools_has_built_is_no_source(tmp_path: Path) -> None:
    app = "from celery import Celery\nimport torch\napp = Celery('mail')\n@app.task\ndef f(): ...\n"
    files = {"mail/__init__.py": "", "mail/app.py": app, "build/lib/mail/__init__.py": "", "build/lib/mail/app.py": app}
    root = write(tmp_path, {"pyproject.toml": "", **files, "build/bdist.linux-x86_64/x": ""})
    assert {Path(finding.path) for finding in check(root).findings} == {root / "mail/app.py"}
