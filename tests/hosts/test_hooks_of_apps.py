"""What Celery calls of classes of the project's own before the fork, besides bootsteps and signals.

Each program was run with Celery 5.7.0: the hook is called in MainProcess, before the pool forks.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from helpers import PATIENCE_S, check, found_codes, write

HOOKS = {
    "Celery.on_init": """\
        class App(Celery):
            def on_init(self):
                hook()
        app = App("p", broker="memory://")
        """,
    "loader_cls of a subclass": """\
        class Own(AppLoader):
            def on_worker_init(self):
                hook()
        class App(Celery):
            loader_cls = Own
        app = App("p", broker="memory://")
        """,
    "read_configuration of a loader": """\
        class Own(AppLoader):
            def read_configuration(self, *given, **named):
                hook()
                return {}
        app = Celery("p", broker="memory://", loader=Own)
        """,
    "annotate of a task": """\
        class Base(Task):
            @classmethod
            def annotate(cls):
                hook()
        app = Celery("p", broker="memory://", task_cls=Base)
        @app.task
        def f(): ...
        """,
    "user_preload_options": """\
        app = Celery("p", broker="memory://")
        app.user_options["preload"].add(click.Option(["--tenant"]))  # without one, the signal is not sent
        @signals.user_preload_options.connect
        def handler(**given):
            hook()
        """,
    "the callback of an option": """\
        app = Celery("p", broker="memory://")
        app.user_options["worker"].add(click.Option(["--model"], callback=lambda context, option, value: hook()))
        """,
    "the callback of an option of all commands": """\
        app = Celery("p", broker="memory://")
        app.user_options["preload"].update({click.Option(["--model"], callback=lambda context, option, value: hook())})
        """,
    "the default of an option": """\
        app = Celery("p", broker="memory://")
        app.user_options["worker"].add(click.Option(["--model"], default=hook))
        """,
    "a pool": """\
        class Pool(prefork.TaskPool):
            def on_start(self):
                hook()
                super().on_start()
        app = Celery("p", broker="memory://")
        app.conf.worker_pool = "p:Pool"
        """,
}
CHOSEN = {
    "a custom pool": ("", "own", "Pool", "prefork.TaskPool", "-A p worker -P custom",
                      "CELERY_CUSTOM_WORKER_POOL=own:Pool"),
    "a result backend": ("backend='own.Backend'", "own", "Backend", "BaseBackend", "-A p worker", ""),
    "a result backend in a URL": ("backend='own.Backend+cache://'", "own", "Backend", "BaseBackend", "-A p worker", ""),
    "a result backend by an option": ("", "own", "Backend", "BaseBackend", "-A p --result-backend own.Backend worker",
                                      ""),
    "a result backend by a variable": ("", "own", "Backend", "BaseBackend", "-A p worker",
                                       "CELERY_RESULT_BACKEND=own.Backend"),
    "a result backend by an alias": ("backend='mine://', loader='own:Loader'", "own", "Backend", "BaseBackend",
                                     "-A p worker", ""),
    "a transport": ("broker_transport='own.Transport'", "own", "Transport", "MemoryTransport", "-A p worker", ""),
    "a transport by an alias": ("broker='mine://'", "own", "Transport", "MemoryTransport", "-A p worker", "",
                                "from kombu.transport import TRANSPORT_ALIASES\n"
                                "TRANSPORT_ALIASES['mine'] = 'own:Transport'\n"),
    "a transport by the alias of another": ("broker='memory://'", "own", "Transport", "MemoryTransport", "-A p worker",
                                            "", "from kombu import transport\n"
                                            "transport.TRANSPORT_ALIASES.update(memory='own:Transport')\n"),
    "a result backend by a global alias": ("backend='mine://'", "own", "Backend", "BaseBackend", "-A p worker", "",
                                           "from celery.app import backends\n"
                                           "backends.BACKEND_ALIASES['mine'] = 'own:Backend'\n"),
    "a loader": ("", "own", "Loader", "AppLoader", "-A p --loader own:Loader worker", ""),
    "a configuration": ("", "own", "Config", "object", "-A p --config own worker", ""),
}  # fmt: skip
"""Arguments of the app, the module and the class that are loaded, its base, the command, its environment, and the lines
in front of the app."""
OWN = """\
{imports}
from celery.backends.base import BaseBackend
from celery.concurrency import prefork
from celery.loaders.app import AppLoader
from kombu.transport.memory import Transport as MemoryTransport
def hook():
{body}
hook()
class {name}({base}):
    pass
if "{name}" == "Backend":
    class Loader(AppLoader):
        override_backends = {{"mine": Backend}}
"""
ANNOTATED = """\
from celery import Celery
class First:
    def annotate(self, task): return {answer}
    def annotate_any(self): return {answer}
app = Celery("p", broker="memory://", include=["p"])
app.conf.task_annotations = (First(), "own.Second")
"""
SECOND = """\
{imports}
class Second:
    def annotate(self, task):
{body}
    def annotate_any(self): ...
"""
HEAD = """\
{imports}
import click
from celery import Celery, Task, signals
from celery.concurrency import prefork
from celery.loaders.app import AppLoader
def hook():
{body}
"""
REPORT = "    os.write(1, b'after ' if forked else b'before ')"
STOP = "signals.worker_ready.connect(lambda **given: os.killpg(0, 9), weak=False)\n"
FORKED = "import os\nforked = []\nos.register_at_fork(before=lambda: forked.append(True))"


def program(hook: str, imports: str, body: str) -> str:
    lines = HOOKS[hook].splitlines(keepends=True)
    return HEAD.format(imports=imports, body=body) + "".join(line[8:] for line in lines)


@pytest.mark.parametrize("hook", HOOKS)
def test_it_is_followed(tmp_path: Path, hook: str) -> None:
    source = program(hook, "", "    import torch")
    report = check(write(tmp_path, {"pyproject.toml": "", "p.py": source}), app="p")
    line = source.splitlines().index("    import torch") + 1
    assert ("p.py", line, "FS105") in found_codes(report, tmp_path)


def chosen(name: str, imports: str, body: str) -> tuple[dict[str, str], list[str], dict[str, str]]:
    """The files of a project whose launch chooses a class, the words of the command, and its environment."""
    given, module, cls, base, command, variable, *first = CHOSEN[name]
    app = "".join(["from celery import Celery, signals\nimport os\n", *first])
    broker = "" if "broker" in given else "broker='memory://', "
    app += f"app = Celery('p', {broker}{given})\n@app.task\ndef f(): ...\n"
    files = {
        "p.py": app,
        f"{module}.py": OWN.format(imports=imports, body=textwrap.indent(body, "    "), name=cls, base=base),
    }
    return files, command.split(), dict([variable.split("=")] if variable else [])


@pytest.mark.parametrize("name", CHOSEN)
def test_what_a_launch_chooses_is_followed(tmp_path: Path, name: str) -> None:
    files, command, environ = chosen(name, "", "import torch")
    words = " ".join([*(f"{key}={value}" for key, value in environ.items()), "celery", *command])
    write(tmp_path, {"pyproject.toml": "", "Procfile": f"worker: {words}\n", **files})
    assert ("own.py", 7, "FS105") in found_codes(check(tmp_path), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_a_real_worker_loads_what_its_launch_chooses(tmp_path: Path, name: str) -> None:
    files, command, environ = chosen(name, FORKED, REPORT.strip())
    write(tmp_path, {**files, "p.py": files["p.py"] + STOP})
    assert "before " in said(tmp_path, command, environ)


@pytest.mark.parametrize(("answer", "asked"), [("None", True), ("{}", False), ("{'rate_limit': '1/s'}", False)])
def test_the_first_annotation_that_answers(tmp_path: Path, answer: str, asked: bool) -> None:
    second = SECOND.format(imports="", body="        import torch")
    write(tmp_path, {"pyproject.toml": "", "p.py": ANNOTATED.format(answer=answer), "own.py": second})
    assert (("own.py", 4, "FS105") in found_codes(check(tmp_path, app="p"), tmp_path)) == asked


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "asked"), [("None", True), ("{}", False)])
def test_a_real_worker_asks_annotations(tmp_path: Path, answer: str, asked: bool) -> None:
    second = SECOND.format(imports=FORKED, body="    " + REPORT)
    app = ANNOTATED.format(answer=answer) + "import os\nfrom celery import signals\n" + STOP
    write(tmp_path, {"p.py": app, "own.py": second})
    assert ("before " in said(tmp_path, ["-A", "p", "worker"], {})) == asked


def said(root: Path, command: list[str], environ: dict[str, str]) -> str:
    """What a real worker writes."""
    run = subprocess.run(
        [sys.executable, "-m", "celery", *command, "-c", "1", "-l", "error"], cwd=root,
        env={**os.environ, **environ}, capture_output=True, timeout=PATIENCE_S, text=True, start_new_session=True,
    )  # fmt: skip
    return run.stdout + run.stderr


@pytest.mark.slow
@pytest.mark.parametrize("hook", HOOKS)
def test_a_real_worker_calls_it_before_the_fork(tmp_path: Path, hook: str) -> None:
    write(tmp_path, {"p.py": program(hook, FORKED, REPORT) + STOP})
    assert "before " in said(tmp_path, ["-A", "p", "worker"], {})
