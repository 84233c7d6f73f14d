"""Warm-ups that are taken out of ready() and of signal handlers: the text, and that the boot has no finding left."""

from __future__ import annotations

import importlib
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import check, importable, write

from flake8_forksafe.cli import main
from flake8_forksafe.fix.plan import Workshop
from flake8_forksafe.fix.text import Refused
from flake8_forksafe.fix.warm_up import plan_move, plan_removal

CELERY = 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"])\n'
HEAVY = "made = []\ndef load(*parts):\n    made.append(parts)\n    return [1]\n"


def removed(root: Path, text: str, signal: str = "") -> dict[str, str]:
    """The files after the warm-up in the line that says ``# here`` is taken out.

    :raises Refused: if it cannot be.
    """
    write(root, {"shop/__init__.py": "", "shop/celery.py": CELERY, "heavy.py": HEAVY, "shop/tasks.py": text})
    report = check(root, app="shop.celery")
    workshop = Workshop(report.context, report.disk, lambda path: True)
    path = str(root / "shop" / "tasks.py")
    line = next(number for number, one in enumerate(workshop.source(path).text.splitlines(), 1) if "# here" in one)
    removal = plan_move(workshop, path, line, signal) if signal else plan_removal(workshop, path, line)
    return {str(Path(place).relative_to(root)): workshop.source(place).edited(edits).decode()
            for place, edits in removal.edits.items()}  # fmt: skip


REMOVED = {
    "a call, and the import that only it needs": (
        """\
        class Config:
            def ready(self):
                from shop import signals
                from heavy import load

                # the first call is slow
                load()  # here

                signals.connect()
        """,
        """\
        class Config:
            def ready(self):
                from shop import signals

                signals.connect()
        """,
    ),
    "an import that something else needs": (
        "def ready():\n    import heavy\n    heavy.load()  # here\n    return heavy\n",
        "def ready():\n    import heavy\n    return heavy\n",
    ),
    "all there is": ("def ready():\n    import heavy\n    heavy.load()  # here\n", "def ready():\n    pass\n"),
    "a docstring stays": (
        'def ready():\n    """Get ready."""\n    import heavy\n\n    heavy.load()  # here\n',
        'def ready():\n    """Get ready."""\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), REMOVED.values(), ids=REMOVED)
def test_a_call_goes(tmp_path: Path, before: str, after: str) -> None:
    files = removed(tmp_path, textwrap.dedent(before))
    assert files == {"shop/tasks.py": textwrap.dedent(after)}
    compile(files["shop/tasks.py"], "tasks.py", "exec")


KEPT = """\
from celery.signals import worker_init

MODEL = None


@worker_init.connect
def load_model(**kwargs):
    global MODEL
    import heavy

    MODEL = heavy.load(1)  # here


def predict(x):
    return MODEL + [x]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    with importable(tmp_path, "shop", "heavy") as root:
        yield root


def test_a_global_is_made_on_first_use(shop: Path) -> None:
    files = removed(shop, KEPT)
    assert files == {"shop/tasks.py": textwrap.dedent('''\
        import functools
        import threading

        from celery.signals import worker_init

        _model_lock = threading.RLock()


        @functools.cache
        def _make_model():
            import heavy

            return heavy.load(1)


        def get_model():
            """Return what MODEL was: it is made on first use, which must not be before a fork."""
            with _model_lock:
                return _make_model()


        @worker_init.connect
        def load_model(**kwargs):
            pass


        def predict(x):
            return get_model() + [x]
        ''')}  # fmt: skip
    write(shop, files)
    tasks, heavy = importlib.import_module("shop.tasks"), importlib.import_module("heavy")
    tasks.load_model()
    assert heavy.made == []
    assert tasks.predict(2) == [1, 2] == tasks.predict(2)
    assert heavy.made == [(1,)]


MOVED = {
    "the only one": ("from celery.signals import worker_init\n@worker_init.connect\ndef f(**k):\n    load()  # here\n",
                     "from celery.signals import worker_process_init\n"
                     "@worker_process_init.connect\ndef f(**k):\n    load()  # here\n"),
    "one of two": ("from celery.signals import worker_init\n@worker_init.connect\ndef f(**k):\n    load()  # here\n"
                   "@worker_init.connect\ndef g(**k): pass\n",
                   "from celery.signals import worker_init, worker_process_init\n"
                   "@worker_process_init.connect\ndef f(**k):\n    load()  # here\n"
                   "@worker_init.connect\ndef g(**k): pass\n"),
    "called": ("from celery import signals\n@signals.worker_init.connect(weak=0)\ndef f(**k):\n    load()  # here\n",
               "from celery import signals\n"
               "@signals.worker_process_init.connect(weak=0)\ndef f(**k):\n    load()  # here\n"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), MOVED.values(), ids=MOVED)
def test_a_handler_is_moved_on_request(tmp_path: Path, before: str, after: str) -> None:
    assert removed(tmp_path, before, "worker_process_init") == {"shop/tasks.py": after}


REFUSED = {
    "an attribute": ("class C:\n    def ready(self):\n        self.m = load()  # here\n",
                     "its value is kept in something else than a global variable"),
    "a local name": ("def ready():\n    m = load()  # here\n    return m\n",
                     "its value is kept in something else than a global variable"),
    "a condition": ("def ready(x):\n    if x:\n        load()  # here\n", "it stands inside 'if'"),
    "made from an argument": ("M = None\ndef ready(**k):\n    global M\n    M = load(k)  # here\n",
                              "its value is made from 'k', which is a name of the function"),
    "another value before": ("M = 1\ndef ready(**k):\n    global M\n    M = load()  # here\n",
                             "'M' has another value before"),
    "no value before": ("def ready(**k):\n    global M\n    M = load()  # here\n",
                        "no statement binds 'M' to None before"),
    "set elsewhere": ("M = None\ndef ready(**k):\n    global M\n    M = load()  # here\n"
                      "def reset():\n    global M\n    M = None\n", "'M' is bound more than once"),
    "two globals": ("M = N = None\nM = None\ndef ready(**k):\n    global M, N\n    M = load()  # here\n",
                    "other names are declared global in one statement with it"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        removed(tmp_path, text)
    assert refused.value.reason == reason


HANDLER = """\
from celery import shared_task
from celery.signals import worker_init
from sentence_transformers import SentenceTransformer

MODEL = None


@worker_init.connect
def load_model(**kwargs):
    global MODEL
    MODEL = SentenceTransformer("m")


@shared_task
def predict(x):
    return MODEL.encode(x)
"""


def project(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(root, {"pyproject.toml": '[tool.forksafe]\napp = "shop.celery"\n', "shop/__init__.py": "",
                 "shop/celery.py": CELERY, "shop/tasks.py": HANDLER})  # fmt: skip
    monkeypatch.chdir(root)


def test_nothing_is_loaded_before_the_fork_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, monkeypatch)
    assert "FS124" in {finding.code for finding in check(tmp_path, app="shop.celery").findings}
    assert main(["fix", "--no-cache", "--unsafe", "--write"]) == 0
    out = capsys.readouterr().out
    assert "shop/tasks.py:11: take 'MODEL = SentenceTransformer(\"m\")' out of load_model(): make MODEL" in out
    assert check(tmp_path, app="shop.celery").findings == ()
    assert main(["fix", "--no-cache", "--unsafe", "--write"]) == 0
    assert capsys.readouterr().out == ""


def test_in_each_child_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, monkeypatch)
    main(["fix", "--no-cache", "--unsafe", "--worker-process-init"])
    out = capsys.readouterr().out
    assert "call load_model() in each child: worker_process_init instead of worker_init (unsafe: a child that" in out
    assert "+from celery.signals import worker_process_init" in out and "get_model" not in out
    assert main(["fix", "--no-cache", "--worker-process-init"]) == 2


def test_what_a_handler_asks_of_a_model_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {
        "pyproject.toml": '[tool.forksafe]\napp = "shop.celery"\n', "shop/__init__.py": "", "shop/celery.py": CELERY,
        "shop/ai.py": "import torch\n\nMODEL = torch.load('m')\n\n\ndef warm_up():\n    return MODEL(torch.ones(3))\n",
        "shop/tasks.py": """\
            from celery import shared_task
            from celery.signals import worker_init

            from shop.ai import MODEL, warm_up


            @worker_init.connect
            def prepare(**kwargs):
                warm_up()


            @shared_task
            def size():
                return MODEL.size
            """,
    })  # fmt: skip
    assert main(["fix", "--no-cache", "--unsafe", "--write"]) == 0
    out = capsys.readouterr().out
    assert "make MODEL on first use" in out and "take 'warm_up()' out of prepare()" in out
    assert check(tmp_path, app="shop.celery").findings == ()
    assert main(["fix", "--no-cache", "--unsafe", "--write"]) == 0
    assert capsys.readouterr().out == ""
