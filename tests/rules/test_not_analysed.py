"""FS190 to FS193: never look clean when blind, and never cry blind when all is seen."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe import tracing
from flake8_forksafe.interpreter.records import Note
from flake8_forksafe.interpreter.values import Class
from flake8_forksafe.report.remarks import remarks
from flake8_forksafe.rules.not_analysed import check_unresolved

CELERY = """\
    from celery import Celery
    app = Celery("proj", include=["proj.tasks"])
    """
PROJECT = {"pyproject.toml": "", "proj/__init__.py": "", "proj/celery.py": CELERY, "proj/tasks.py": "import json\n"}


def messages(root: Path, files: dict[str, str], code: str, **options: object) -> dict[tuple[str, int], str]:
    """The findings of one code in a project: (file, line) to text."""
    write(root, {**PROJECT, **files})
    return {
        (Path(finding.path).relative_to(root).as_posix(), finding.line): finding.text
        for finding in check(root, **options).findings
        if finding.code == code
    }


# --- FS190 ------------------------------------------------------------------------------------------------------


def test_celery_without_an_app(tmp_path: Path) -> None:
    found = messages(
        tmp_path, {"proj/celery.py": "", "proj/tasks.py": "import os\nfrom celery import shared_task\n"}, "FS190"
    )
    assert list(found) == [("proj/tasks.py", 2)]
    assert "no Celery app was found in the project, so nothing is checked" in found["proj/tasks.py", 2]


def test_an_app_that_only_sends_tasks(tmp_path: Path) -> None:
    """A client of workers of another repository is no worker that lacks its tasks, and the summary says so."""
    sends = 'from celery import Celery\napp = Celery("proj")\ndef f():\n    app.send_task("other.add")\n'
    files = {"proj/celery.py": sends}
    assert messages(tmp_path, files, "FS190") == {}
    (remark,) = remarks(check(tmp_path).context)
    assert remark.text.startswith("'proj.celery:app' ({place}) only sends tasks")
    started = messages(tmp_path / "started", {**files, "Procfile": "w: celery -A proj worker\n"}, "FS190")
    assert list(started) == [("proj/celery.py", 2)]
    tasks = "from celery import shared_task\n@shared_task\ndef f(): pass\n"
    assert messages(tmp_path / "tasks", {**files, "proj/tasks.py": tasks}, "FS190")


def test_tasks_of_other_programs_are_no_tasks_of_celery(tmp_path: Path) -> None:
    """``tasks.py`` of Invoke starts the worker, and is not loaded by it."""
    text = "from invoke import Collection, task\n@task\ndef work(c):\n    c.run('celery -A proj worker')\n"
    assert messages(tmp_path, {"tasks.py": text}, "FS190") == {}
    dotted = "import invoke\n@invoke.task\ndef work(c):\n    c.run('celery -A proj worker')\n"
    assert messages(tmp_path / "dotted", {"tasks.py": dotted}, "FS190") == {}
    own = "from proj.celery import app\n@app.task\ndef work(c): pass\n"
    assert messages(
        tmp_path / "own", {"tasks.py": own, "proj/celery.py": "import celery\napp = celery.Celery()"}, "FS190"
    )


def test_a_project_without_celery_is_quiet(tmp_path: Path) -> None:
    files = {"proj/celery.py": "# celery is not used here\n", "proj/tasks.py": "import torch\n"}
    assert messages(tmp_path, files, "FS190") == {}


def test_an_app_that_leads_to_no_tasks(tmp_path: Path) -> None:
    found = messages(tmp_path, {"proj/celery.py": 'from celery import Celery\n\napp = Celery("proj")\n'}, "FS190")
    assert list(found) == [("proj/celery.py", 3)]
    assert "no task module was found for the Celery app 'proj.celery:app'" in found["proj/celery.py", 3]


@pytest.mark.parametrize(
    "celery",
    [
        CELERY,
        "from celery import Celery\napp = Celery('proj')\napp.autodiscover_tasks(['proj'])\n",
        "from celery import Celery\napp = Celery('proj')\nimport proj.tasks\n",
        "from celery import Celery\napp = Celery('proj')\napp.conf.imports = ('proj.tasks',)\n",
    ],
    ids=["include", "autodiscover", "import", "imports"],
)
def test_an_app_with_tasks(tmp_path: Path, celery: str) -> None:
    assert messages(tmp_path, {"proj/celery.py": celery}, "FS190") == {}


@pytest.mark.parametrize(
    "celery",
    [
        "from celery import Celery\napp = Celery('proj')\n@app.task\ndef add(x, y):\n    return x + y\n",
        "import celery\napp = celery.Celery('proj')\n@celery.shared_task(bind=True)\ndef add(self):\n    pass\n",
        "import celery\nclass App(celery.Celery):\n    pass\napp = App('proj')\n@app.task()\ndef add():\n    pass\n",
    ],
    ids=["app.task", "shared_task", "subclass"],
)
def test_tasks_in_the_module_of_the_app(tmp_path: Path, celery: str) -> None:
    assert messages(tmp_path, {"proj/celery.py": celery, "proj/tasks.py": ""}, "FS190") == {}


def test_tasks_that_no_worker_loads(tmp_path: Path) -> None:
    files = {
        "proj/celery.py": "from celery import Celery\n\napp = Celery('proj')\nimport proj.tasks\n",
        "shop/tasks.py": "from celery import shared_task\n@shared_task\ndef f(): pass\n",
        "tests/tasks.py": "from celery import shared_task\n@shared_task\ndef f(): pass\n",
    }
    found = messages(tmp_path, files, "FS190")
    assert list(found) == [("proj/celery.py", 3)]
    assert "finds 0 of 1 modules that define tasks, and not shop/tasks.py" in found["proj/celery.py", 3]
    (tmp_path / "proj/tasks.py").write_text("import shop.tasks\n")
    assert [finding.code for finding in check(tmp_path).findings] == []


@pytest.mark.parametrize(("reached", "silent"), [(0, False), (1, True)])
def test_a_tenth_of_the_task_modules(tmp_path: Path, reached: int, silent: bool) -> None:
    task = "from celery import shared_task\n@shared_task\ndef f(): pass\n"
    files = {f"shop/jobs{number}.py": task for number in range(10)}
    files["proj/tasks.py"] = f"import shop.jobs{reached - 1}\n" if reached else "import json\n"
    assert (messages(tmp_path, files, "FS190") == {}) == silent


# --- FS191 ------------------------------------------------------------------------------------------------------


def test_a_broken_module_is_told_at_its_import(tmp_path: Path) -> None:
    files = {"proj/tasks.py": "import json\nfrom proj import broken\n", "proj/broken.py": "x = 1\ndef f(:\n"}
    found = messages(tmp_path, files, "FS191")
    assert found == {
        ("proj/tasks.py", 2): "'proj.broken' cannot be analysed: '(' was never closed (proj/broken.py:2); "
        "what it runs is not checked"
    }


def test_a_broken_app_module_is_told_in_itself(tmp_path: Path) -> None:
    found = messages(tmp_path, {"proj/celery.py": "\nx = = 1\n"}, "FS191", app="proj.celery")
    assert list(found) == [("proj/celery.py", 2)]


def test_a_broken_function_body_is_told_once(tmp_path: Path) -> None:
    files = {
        "proj/tasks.py": "import proj.a\nimport proj.b\n",
        "proj/a.py": "import proj.c",
        "proj/b.py": "import proj.c",
        "proj/c.py": "def f():\n    return = 1\nf()\n",
    }
    assert list(messages(tmp_path, files, "FS191")) == [("proj/a.py", 1)]


def test_a_broken_module_that_no_worker_loads(tmp_path: Path) -> None:
    assert messages(tmp_path, {"proj/broken.py": "def f(:\n"}, "FS191") == {}


# --- FS192 ------------------------------------------------------------------------------------------------------

UNKNOWN_VALUES = {
    "autodiscover": ("app.autodiscover_tasks(requests.get('x').json())", "the packages given to autodiscover_tasks()"),
    "callable": ("app.autodiscover_tasks(lambda: open('x').readlines())", "the packages given to autodiscover_tasks()"),
    "include": ("app.conf.include = requests.get('x').json()", "the modules in the setting 'include'"),
    "update": ("app.conf.update(requests.get('x').json())", "the configuration that the app is given here"),
    "variable": ("app.config_from_envvar('CONF')", "the configuration given to config_from_object()"),
}


@pytest.mark.parametrize("kind", UNKNOWN_VALUES)
def test_a_value_that_only_running_tells(tmp_path: Path, kind: str) -> None:
    line, message = UNKNOWN_VALUES[kind]
    celery = f"import requests\nfrom celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n{line}\n"
    found = messages(tmp_path, {"proj/celery.py": celery}, "FS192")
    ((place, text),) = found.items()
    assert place[0] == "proj/celery.py"
    assert message in text and text.endswith("cannot be resolved statically; what depends on it is not checked")


@pytest.mark.parametrize(
    ("name", "said"),
    [("elsewhere.jobs", True), ("proj.missing", True), ("json.tool", False), ("kombu.jobs", False), ("proj", False)],
)
def test_a_module_that_celery_would_not_find(tmp_path: Path, name: str, said: bool) -> None:
    files = {
        "requirements.txt": "kombu\n",
        "proj/celery.py": f"from celery import Celery\napp = Celery('proj', include=['proj.tasks', {name!r}])\n",
    }
    found = messages(tmp_path, files, "FS192")
    assert (list(found) == [("proj/celery.py", 2)]) == said
    assert all(f"the module {name!r} in the setting 'include' was not found" in text for text in found.values())


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("app.config_from_object('proj.confg')", "the module 'proj.confg' given to config_from_object()"),
        ("app.config_from_object('proj.conf.Config')", None),
        ("app.config_from_object('proj.conf:Config')", None),
        ("app.config_from_object('kombu.conf')", None),
        ("app.autodiscover_tasks(['nowhere'])", "the package 'nowhere' given to autodiscover_tasks()"),
        ("app.autodiscover_tasks(['proj.gone.jobs'])", "the package 'proj.gone.jobs' given to autodiscover_tasks()"),
        ("app.autodiscover_tasks(['proj.gone', 'kombu', 'json'])", None),
    ],
)
def test_a_module_that_the_worker_would_die_of(tmp_path: Path, line: str, message: str | None) -> None:
    """Celery goes one level up from a package that is missing, and raises where that one is missing as well."""
    files = {
        "requirements.txt": "kombu\n", "proj/conf.py": "class Config:\n    timezone = 'UTC'\n",
        "proj/celery.py": f"from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n{line}\n",
    }  # fmt: skip
    found = messages(tmp_path, files, "FS192")
    assert len(found) == (message is not None)
    assert all(f"{message} was not found" in text for text in found.values())


def test_a_configuration_that_a_variable_names(tmp_path: Path) -> None:
    celery = (
        "import os\nos.environ['C'] = 'proj.conf'\nimport celery\napp = celery.Celery()\napp.config_from_envvar('C')"
    )
    files = {"proj/celery.py": celery, "proj/conf.py": "imports = ['proj.jobs']\n", "proj/jobs.py": "import torch\n"}
    assert messages(tmp_path, files, "FS192") == {}
    assert ("proj/jobs.py", 1) in messages(tmp_path, files, "FS101")


LOADS = {
    "__import__": "__import__(os.environ['P'])",
    "a loop": "for name in os.environ['P'].split(): __import__(name)",
    "import_string": "werkzeug.utils.import_string(os.environ['P'])",
    "spec": "importlib.util.module_from_spec(importlib.util.spec_from_file_location('x', os.environ['P']))",
    "loader": "importlib.machinery.SourceFileLoader('x', os.environ['P']).load_module()",
    "run_path": "for path in pathlib.Path(os.environ['P']).glob('*.py'): runpy.run_path(str(path))",
    "run_module": "runpy.run_module(os.environ['P'])",
    "exec": "exec(open(os.environ['P']).read())",
}
LOADER = "import importlib.machinery, importlib.util, os, pathlib, runpy\nimport werkzeug.utils\n"


@pytest.mark.parametrize("kind", LOADS)
def test_what_is_loaded_in_other_ways(tmp_path: Path, kind: str) -> None:
    found = messages(tmp_path, {"proj/tasks.py": f"{LOADER}{LOADS[kind]}\n"}, "FS192")
    assert list(found) == [("proj/tasks.py", 3)]
    assert "that is " in found["proj/tasks.py", 3] and "here cannot be resolved" in found["proj/tasks.py", 3]


BESIDE = "os.path.join(os.path.dirname(__file__), 'more.py')"


@pytest.mark.parametrize(
    "line",
    [
        "__import__('proj.more')",
        "werkzeug.utils.import_string('proj.more')",
        f"importlib.util.module_from_spec(importlib.util.spec_from_file_location('x', {BESIDE}))",
        f"importlib.machinery.SourceFileLoader('x', {BESIDE}).load_module()",
        f"runpy.run_path({BESIDE})",
        "runpy.run_module('proj.more')",
    ],
)
def test_what_is_known_of_it_is_followed(tmp_path: Path, line: str) -> None:
    files = {"proj/tasks.py": f"{LOADER}{line}\n", "proj/more.py": "import torch\n"}
    assert messages(tmp_path, files, "FS192") == {}
    assert ("proj/more.py", 1) in messages(tmp_path, files, "FS101")


COMPUTED_IMPORTS = {
    "variable": "importlib.import_module(os.environ['PLUGIN'])",
    "package": "for info in pkgutil.walk_packages([os.environ['X']]): importlib.import_module(info.name)",
    "directory": "for name in os.listdir(os.environ['X']): importlib.import_module('plugins.' + name)",
}


@pytest.mark.parametrize("kind", COMPUTED_IMPORTS)
def test_an_import_of_what_only_running_tells(tmp_path: Path, kind: str) -> None:
    celery = (
        "import importlib, os, pkgutil\nfrom celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n"
        f"{COMPUTED_IMPORTS[kind]}\n"
    )
    found = messages(tmp_path, {"proj/celery.py": celery}, "FS192")
    assert list(found) == [("proj/celery.py", 4)]
    assert found["proj/celery.py", 4].startswith("the name of the module that is imported here cannot be resolved")


def test_an_import_of_what_is_known(tmp_path: Path) -> None:
    celery = """\
        import importlib, os, pkgutil
        import proj
        from celery import Celery
        app = Celery("proj", include=["proj.tasks"])
        for info in pkgutil.iter_modules(proj.__path__, "proj."):
            importlib.import_module(info.name)
        importlib.import_module(os.environ.get("PLUGIN", "proj.tasks"))
        """
    assert messages(tmp_path, {"proj/celery.py": celery}, "FS192") == {}


DJANGO = """\
    import os
    from celery import Celery
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    app = Celery("proj", include=["proj.tasks"])
    app.config_from_object("django.conf:settings", namespace="CELERY")
    """


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("DEBUG = True\n", "name the settings module that the worker uses with the option django-settings"),
        ("import sys, yaml\nfor k, v in yaml.safe_load('x').items():\n    setattr(sys.modules[__name__], k, v)\n",
         "it is given names that are computed, and those are not known"),
        ("import yaml\nfor k, v in yaml.safe_load('x').items():\n    globals()[k] = v\n",
         "it is given names that are computed, and those are not known"),
        ("INSTALLED_APPS = []\n", None),
    ],
    ids=["absent", "setattr", "globals", "empty"],
)  # fmt: skip
def test_a_worker_without_installed_apps(tmp_path: Path, settings: str, said: str | None) -> None:
    found = messages(tmp_path, {"proj/celery.py": DJANGO, "proj/settings.py": settings}, "FS192")
    line = {"setattr": 3, "globals": 3}.get(next((w for w in ("setattr", "globals") if w in settings), ""), 0)
    written = found.pop(("proj/settings.py", line), "") if line else ""
    assert ("the names that are put into the module 'proj.settings' here cannot be resolved" in written) == bool(line)
    assert list(found) == ([("proj/settings.py", 1)] if said else [])
    assert all(said is not None and said in text for text in found.values())


UNKNOWN_NAMES = {
    "setattr": "import sys, yaml\nfor k, v in yaml.safe_load('x').items():\n    setattr(sys.modules[__name__], k, v)\n",
    "globals": "import os\nfor k, v in os.environ.items():\n    globals()[k] = v\n",
    "update": "import json\n\nglobals().update(json.load(open('x')))\n",
    "a function": "import json, sys\ndef put(m, k, v):\n    setattr(m, k, v)\n"
    "for k in json.load(open('x')): put(sys.modules[__name__], k, 1)\n",
}
KNOWN_NAMES = {
    "setattr": "import sys\nfor k, v in {'A': 1}.items():\n    setattr(sys.modules[__name__], k, v)\n",
    "globals": "for k in ('A', 'B'):\n    globals()[k] = open('x').read()\n",
    "update": "import proj.other\nglobals().update(vars(proj.other))\nglobals().update({'A': open('x').read()}, B=1)\n",
    "enum": "import enum\nclass Color(enum.Enum):\n    RED = 1\nglobals().update(Color.__members__)\n",
    "an object": "import json\nclass A: pass\na = A()\nfor k in json.load(open('x')):\n    setattr(a, k, 1)\n"
    "    vars(a)[k] = 1\n",
    "a table": "import json\ndef f():\n    d = locals()\n    d.update(json.load(open('x')))\nf()\n",
}


@pytest.mark.parametrize("kind", UNKNOWN_NAMES)
def test_names_that_only_running_tells(tmp_path: Path, kind: str) -> None:
    files = {"proj/tasks.py": "import proj.conf\n", "proj/conf.py": UNKNOWN_NAMES[kind]}
    found = messages(tmp_path, files, "FS192")
    assert list(found) == [("proj/conf.py", 3)]
    assert "the names that are put into the module 'proj.conf' here cannot be resolved" in found["proj/conf.py", 3]


@pytest.mark.parametrize("kind", KNOWN_NAMES)
def test_names_that_are_known(tmp_path: Path, kind: str) -> None:
    files = {"proj/tasks.py": "import proj.conf\n", "proj/conf.py": KNOWN_NAMES[kind], "proj/other.py": "A = 1\n"}
    assert messages(tmp_path, files, "FS192") == {}


def test_a_django_settings_module_that_is_not_known(tmp_path: Path) -> None:
    celery = """\
        import os
        from celery import Celery
        os.environ["DJANGO_SETTINGS_MODULE"] = open("which").read()
        app = Celery("proj", include=["proj.tasks"])
        app.config_from_object("django.conf:settings")
        """
    found = messages(tmp_path, {"proj/celery.py": celery}, "FS192")
    assert any("the name of the Django settings module cannot be resolved" in text for text in found.values())


@pytest.mark.parametrize(
    "line",
    [
        "app.autodiscover_tasks(['proj'])",
        "app.autodiscover_tasks(lambda: ['pro' + 'j'])",
        "app.autodiscover_tasks([name for name in ('proj',) if name])",
        "app.conf.include = ['proj.' + name for name in ('tasks',)]",
    ],
)
def test_a_value_that_can_be_computed(tmp_path: Path, line: str) -> None:
    celery = f"from celery import Celery\napp = Celery('proj')\n{line}\n"
    assert messages(tmp_path, {"proj/celery.py": celery}, "FS192") == {}


def test_settings_that_are_not_in_the_project_name_the_option(tmp_path: Path) -> None:
    celery = """\
        import os
        from celery import Celery
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
        app = Celery("proj")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
        """
    (text,) = messages(tmp_path, {"proj/celery.py": celery}, "FS192").values()
    assert text == (
        "the Django settings module 'proj.settings' is not in the project: name the one that the worker uses with the "
        "option django-settings; what depends on it is not checked"
    )


# --- FS193 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"app": "proj.elsewhere"}, "the option app names 'proj.elsewhere'"),
        ({"django_settings": "proj.settings"}, "the option django-settings names 'proj.settings'"),
        ({"source_roots": ".,src"}, "the option source-roots names 'src'"),
    ],
)
def test_an_option_that_names_nothing(tmp_path: Path, options: dict[str, str], name: str) -> None:
    found = messages(tmp_path, {}, "FS193", **options)
    ((place, text),) = found.items()
    assert place[0] == "proj/celery.py"
    assert text == f"{name}, which does not exist in the project"


def test_a_project_without_celery_has_the_place_of_its_options(tmp_path: Path) -> None:
    files = {"proj/celery.py": "", "proj/tasks.py": ""}
    assert list(messages(tmp_path, files, "FS193", app="proj.elsewhere")) == [("pyproject.toml", 1)]


@pytest.mark.parametrize(
    "options",
    [
        {"app": "proj"},
        {"app": "proj.celery"},
        {"app": "proj.celery:app"},
        {"app": "proj.celery.app"},
        {"source_roots": "."},
        {"django_settings": "proj.settings"},
    ],
)
def test_an_option_that_names_something(tmp_path: Path, options: dict[str, str]) -> None:
    files = {"proj/settings.py": "INSTALLED_APPS = []\n"} if "django_settings" in options else {}
    assert messages(tmp_path, files, "FS193", **options) == {}


def test_templates_are_one_remark_and_no_finding(tmp_path: Path) -> None:
    manifest = "kind: Pod\nspec:\n  containers:\n{{ range .Values.all }}\n  - command: [celery, {{ . }}]\n{{ end }}\n"
    files = {f"chart/templates/{name}.yaml": manifest for name in ("one", "two")}
    assert messages(tmp_path, files, "FS192") == {}
    said = [remark.text for remark in remarks(check(tmp_path).context)]
    assert said == ["not read: 2 deployment files are templates, such as {place}; launches in them are not known"]


def test_launches_that_multiply_what_the_code_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "MOST_STEPS", 3 * tracing.STEPS_PER_WORKER)
    apps = "".join(f"a{n} = Celery('proj', include=['proj.tasks'])\n" for n in range(9))
    found = messages(
        tmp_path,
        {
            "proj/celery.py": f"from celery import Celery\n{apps}",
            "Procfile": "".join(f"w{n}: celery -A proj.celery:a{n} worker\n" for n in range(9)),
        },
        "FS192",
    )
    assert list(found.values()) == [
        "'proj.celery:a3' and 5 more workers are not followed, since those before took too many steps; "
        "name the apps that matter with the option app"
    ]


def test_a_walk_that_has_ended_is_forgotten(tmp_path: Path) -> None:
    write(tmp_path, {**PROJECT, "proj/tasks.py": "class Task:\n    name = 'task'\n"})

    def classes() -> list[Class]:
        return [one for one in gc.get_objects() if type(one) is Class and one.module.name == "proj.tasks"]

    gc.disable()
    try:
        before = classes()  # of other tests
        report = check(tmp_path)
        left = [one for one in classes() if not any(one is other for other in before)]
    finally:
        gc.enable()
    assert report.traces and not left


def test_calls_of_one_function_that_are_cut_off_are_one_finding(tmp_path: Path) -> None:
    report = check(write(tmp_path, PROJECT))
    trace = report.traces[0]
    texts = ("not all calls of f() can be followed", "the name of a module cannot be resolved")
    places = [(texts[0], 3), (texts[0], 5), (texts[1], 6), (texts[1], 7), (texts[0], 9), ("not all calls of g()", 9)]
    trace.notes = tuple(Note("FS192", "proj.tasks", line, 0, text) for text, line in places)
    found = [(finding.line, finding.text) for finding in check_unresolved(report.context)]
    assert [line for line, _ in found] == [3, 6, 7, 9]
    assert "not all calls of f() can be followed, from here and 2 other places; what" in found[0][1]
    assert "not all calls of g(); what" in found[3][1]


def test_a_deployment_file_that_cannot_be_used_where_there_is_no_app(tmp_path: Path) -> None:
    """There is no line of an app at which it could stand."""
    compose = "services:\n  worker:\n    command: celery -A shop worker\n    ports: [\n"
    report = check(write(tmp_path, {"pyproject.toml": "", "a.py": "import torch\n", "compose.yaml": compose}))
    assert report.context.troubles and not any("cannot be used" in one.text for one in report.findings)
