"""FS111 to FS113 and FS121 to FS125: each way into a warm-up, each gate, and what must stay silent."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from helpers import check, expected_codes, found_codes, write

CELERY = """
    import os
    from celery import Celery

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    app = Celery("proj")
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.autodiscover_tasks()
    """
BASE = {
    "manage.py": "",
    "proj/__init__.py": "",
    "proj/settings.py": "DEBUG = False\nINSTALLED_APPS = ['shop']\n",
    "proj/celery.py": CELERY,
    "shop/__init__.py": "",
    "shop/tasks.py": "",
    "shop/models_ai.py": """
        def preload():
            from sentence_transformers import SentenceTransformer  # FS105 where it is reached
            return SentenceTransformer("small")
        """,
}


def codes(root: Path, **options: object) -> list[tuple[str, int, str]]:
    """Findings of warm-ups and gates."""
    return sorted(
        place for place in found_codes(check(root, **options), root) if place[2] > "FS105" and place[2] < "FS13"
    )


def in_tasks(tmp_path: Path, body: str, **options: object) -> list[tuple[int, str]]:
    """Findings in shop/tasks.py, by line."""
    root = write(tmp_path, BASE | {"shop/tasks.py": body})
    return [(line, code) for path, line, code in codes(root, **options) if path == "shop/tasks.py"]


IMPORT_TIME = {
    "assignment": "import spacy\nNLP = spacy.load('en')\n",
    "alias": "from transformers import pipeline as build\nBUILT = build('ner')\n",
    "class attribute": "import whisper\nclass Speech: model = whisper.load_model('base')\n",
    "default": "import joblib\ndef predict(model=joblib.load('m.pkl')): ...\n",
    "function": "def load():\n    import torch\n    return torch.hub.load('a', 'b')\n\n\nMODEL = load()\n",
    "classmethod": "from transformers import AutoModel\nMODEL = AutoModel.from_pretrained('x')\n",
    "re-export": "from sentence_transformers.models import SentenceTransformer\nMODEL = SentenceTransformer('x')\n",
    "blas": "import numpy as np\nX = np.dot([1], [2])\n",
    "wildcard": "import numpy as np\nX = np.linalg.norm([1, 2])\n",
    "forward pass": "import torch\nWARM = torch.nn.Linear(2, 2)(torch.ones(1, 2))\n",
    "forward pass of its own class": "import torch\nclass N(torch.nn.Module): ...\nW = N()(torch.ones(1))\n",
}


@pytest.mark.parametrize("name", IMPORT_TIME)
def test_import_time(tmp_path: Path, name: str) -> None:
    last = len(IMPORT_TIME[name].splitlines())
    assert in_tasks(tmp_path, IMPORT_TIME[name]) == [(last, "FS111")]


def test_decorator(tmp_path: Path) -> None:
    body = """\
    import spacy
    def with_model(function):
        model = spacy.load("en")
        return lambda text: function(model, text)
    @with_model
    def tag(model, text): ...
    """
    assert in_tasks(tmp_path, body) == [(5, "FS111")]


def test_method_of_a_hazardous_object(tmp_path: Path) -> None:
    body = "import sentence_transformers as st\nM = st.SentenceTransformer('x')\nV = M.encode('warm up')\n"
    assert in_tasks(tmp_path, body) == [(2, "FS111"), (3, "FS111")]


SILENT = {
    "fit of something else": "class Suit:\n    def fit(self): ...\nSuit().fit()\n",
    "to of an unknown": "from somewhere import thing\nthing.to('x')\nthing.fit()\nthing.encode('utf-8')\n",
    "str.encode": "'text'.encode()\n",
    "in a task": "import spacy\ndef task():\n    return spacy.load('en')\n",
    "thread not started": "import threading\nT = threading.Thread(target=print)\n",
    "executor not used": "from concurrent.futures import ThreadPoolExecutor\nE = ThreadPoolExecutor()\n",
    "lazy client": "import redis, sqlalchemy\nR = redis.Redis()\nE = sqlalchemy.create_engine('sqlite://')\n",
    "mongo unconnected": "from pymongo import MongoClient\nC = MongoClient('h', connect=False)\n",
    "pool unopened": "from psycopg_pool import ConnectionPool\nP = ConnectionPool('', open=False)\n",
    "error class": "import numpy as np\ntry: ...\nexcept np.linalg.LinAlgError: ...\n",
    "remedy": "import torch\ntorch.set_num_threads(1)\n",
    "model that is only built": "import torch\nM = torch.nn.Sequential(torch.nn.Linear(2, 2)).eval()\n",
    "decorator": "import torch\n@torch.inference_mode()\ndef embed(): ...\n",
    "type checking": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import spacy\n    N = spacy.load('x')\n",
}


@pytest.mark.parametrize("name", SILENT)
def test_silent(tmp_path: Path, name: str) -> None:
    assert in_tasks(tmp_path, SILENT[name]) == []


RESOURCES = {
    "thread": ("import threading\nthreading.Thread(target=print).start()\n", "FS112"),
    "thread subclass": ("import threading\nclass Poller(threading.Thread): ...\nPoller().start()\n", "FS112"),
    "executor": ("from concurrent.futures import ThreadPoolExecutor as E\nF = E(2).submit(print)\n", "FS112"),
    "scheduler": (
        "from apscheduler.schedulers.background import BackgroundScheduler\nS = BackgroundScheduler()\nS.start()\n",
        "FS112",
    ),
    "span processor": (
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor\nP = BatchSpanProcessor(None)\n",
        "FS112",
    ),
    "channel": ("import grpc\nC = grpc.insecure_channel('h:1')\n", "FS113"),
    "kafka": ("from confluent_kafka import Producer\nP = Producer({})\n", "FS113"),
    "mongo": ("import pymongo\nC = pymongo.MongoClient('h')\n", "FS113"),
    "pool": ("from psycopg_pool import ConnectionPool\nP = ConnectionPool('')\n", "FS113"),
    "pool opened": (
        "from psycopg_pool import ConnectionPool\nP = ConnectionPool('', open=False)\nP.open()\n",
        "FS113",
    ),
}


@pytest.mark.parametrize("name", RESOURCES)
def test_resources(tmp_path: Path, name: str) -> None:
    body, code = RESOURCES[name]
    assert in_tasks(tmp_path, body) == [(len(body.splitlines()), code)]


def test_own_additions(tmp_path: Path) -> None:
    body = "import inhouse\nX = inhouse.gpu.Engine('a')\ndef mine(): ...\nmine()\n"
    assert in_tasks(tmp_path, body) == []
    found = in_tasks(tmp_path, body, warm_ups=["inhouse.gpu.Engine", "shop.tasks.mine"])
    assert found == [(2, "FS111"), (4, "FS111")]


APPS = """\
import os
import sys
from functools import cached_property
from threading import Thread

from django.apps import AppConfig
from django.conf import settings

from shop.models_ai import preload


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self):
"""
READY = {
    "plain": "preload()  # FS121",
    "thread": "Thread(target=preload, daemon=True).start()  # FS112, FS121",
    "thread not started": "self.thread = Thread(target=preload)",
    "broken gate": """\
        is_worker = "celery" in sys.argv and "worker" in sys.argv
        if not is_worker:  # FS122
            preload()
        """,
    "broken early return": """\
        if "celery" in sys.argv:  # FS122
            return
        preload()
        """,
    "broken slice": """\
        if sys.argv[1:2] == ["worker"]:  # FS122
            return
        preload()
        """,
    "broken index": """\
        try:
            worker = sys.argv[1] == "worker"
        except IndexError:
            worker = False
        if not worker:  # FS122
            preload()
        """,
    "broken expression": 'if not sys.argv[0] == "celery": preload()  # FS122',
    "broken short circuit": '"celery" not in sys.argv and preload()  # FS122',
    "one form only": """\
        if os.path.basename(sys.argv[0]) == "celery":
            return
        preload()
        """,
    "holds: path": 'if "celery" not in sys.argv[0]: preload()',
    "holds: worker": 'if "worker" not in sys.argv: preload()',
    "holds: any": 'if not any("celery" in argument for argument in sys.argv): preload()',
    "holds: runserver": 'if "runserver" in sys.argv: preload()',
    "selects": 'if "worker" in sys.argv: preload()  # FS123',
    "other command": """\
        if "migrate" in sys.argv:
            return
        preload()  # FS121
        """,
    "environment": 'if os.environ.get("PRELOAD"): preload()',
    "run main": 'if os.environ.get("RUN_MAIN") == "true": preload()',
    "setting false": "if settings.DEBUG: preload()",
    "setting true": "if not settings.DEBUG: preload()  # FS121",
    "nested helper": """\
        def outer():
            def inner():
                return preload()
            return inner()
        outer()  # FS121
        """,
}


@pytest.mark.parametrize("name", READY)
def test_ready(tmp_path: Path, name: str) -> None:
    body = APPS + textwrap.indent(textwrap.dedent(READY[name]), " " * 8)
    root = write(tmp_path, BASE | {"shop/apps.py": ""})
    (root / "shop/apps.py").write_text(body)
    found = [place for place in codes(root) if place[0] == "shop/apps.py"]
    expected = sorted(place for place in expected_codes(root) if place[0] == "shop/apps.py")
    if name == "one form only":
        (finding,) = [f for f in check(root).findings if f.code == "FS122"]
        assert "started as 'python -m celery -A proj.celery:app worker'" in finding.text
    else:
        assert found == expected


def test_gate_message_shows_argv_and_a_gate_that_holds(tmp_path: Path) -> None:
    root = write(tmp_path, BASE | {"shop/apps.py": ""})
    (root / "shop/apps.py").write_text(APPS + "        if 'celery' not in sys.argv:\n            preload()\n")
    (finding,) = [f for f in check(root).findings if f.code == "FS122"]
    assert "'/venv/bin/celery', '-A'" in finding.text
    assert '"worker" in sys.argv' in finding.text


def test_super_and_mixins(tmp_path: Path) -> None:
    body = """\
        from django.apps import AppConfig
        from shop.models_ai import preload

        class Warm:
            def ready(self):
                super().ready()
                self.warm_up()  # FS121

            def warm_up(self):
                preload()

        class ShopConfig(Warm, AppConfig):
            name = "shop"

            def ready(self):
                super().ready()
        """
    root = write(tmp_path, BASE | {"shop/apps.py": body})
    assert codes(root) == sorted(place for place in expected_codes(root) if place[2] == "FS121")


@pytest.mark.parametrize("signal", ["celeryd_init", "worker_init", "celeryd_after_setup", "worker_ready"])
def test_handlers_in_main_process(tmp_path: Path, signal: str) -> None:
    body = f"""\
        from celery.signals import {signal}
        from shop.models_ai import preload

        @{signal}.connect
        def warm(**kwargs):
            preload()
        """
    root = write(tmp_path, BASE | {"shop/tasks.py": body})
    assert codes(root) == [("shop/tasks.py", 6, "FS124")]
    (finding,) = [f for f in check(root).findings if f.code == "FS124"]
    assert ("replaces" in finding.text) == (signal == "worker_ready")


@pytest.mark.parametrize("made", [
    "import torch\nMODEL = torch.load('m.pt', weights_only=False)", "import torch\nMODEL = torch.jit.load('m.pt')",
    "from transformers import pipeline\nMODEL = pipeline('ner')",
])  # fmt: skip
@pytest.mark.parametrize("use", ["MODEL('text')", "ask('text')"])
def test_a_model_that_a_handler_calls(tmp_path: Path, made: str, use: str) -> None:
    ask = "def ask(text): return MODEL(text)\n"
    tail = f"from celery.signals import worker_init\n@worker_init.connect\ndef warm(**kwargs):\n    {use}\n"
    root = write(tmp_path, BASE | {"shop/tasks.py": f"{made}\n{ask}{tail}"})
    (finding,) = [finding for finding in check(root).findings if finding.code == "FS124"]
    assert finding.line == 7 and ".__call__' in MainProcess" in finding.text


def test_what_is_loaded_and_is_no_model(tmp_path: Path) -> None:
    body = """\
        import torch
        from celery.signals import worker_init
        from transformers import AutoTokenizer

        STATE = torch.load("state.pt")
        TOKENIZER = AutoTokenizer.from_pretrained("x")

        @worker_init.connect
        def warm(**kwargs):
            len(STATE), STATE.keys(), TOKENIZER("text")
        """
    root = write(tmp_path, BASE | {"shop/tasks.py": body})
    assert "FS124" not in {code for _, _, code in codes(root)}


def test_on_after_configure(tmp_path: Path) -> None:
    root = write(tmp_path, BASE)
    with open(root / "proj/celery.py", "a") as stream:
        stream.write(
            textwrap.dedent("""
            @app.on_after_configure.connect
            def warm(sender, **kwargs):
                from shop.models_ai import preload
                preload()
            """)
        )
    assert [code for _, _, code in codes(root)] == ["FS124"]


INIT = """\
from celery.signals import worker_process_init
from shop.models_ai import preload

@worker_process_init.connect
def warm(**kwargs):
    preload()
"""


def test_process_init_is_the_right_place(tmp_path: Path) -> None:
    root = write(tmp_path, BASE | {"shop/tasks.py": INIT})
    assert found_codes(check(root, prelude="parent"), root) == set()


def test_process_init_is_checked_on_request(tmp_path: Path) -> None:
    root = write(tmp_path, BASE | {"shop/tasks.py": INIT})
    assert codes(root, check_process_init=True) == [("shop/tasks.py", 6, "FS125")]
    with open(root / "proj/settings.py", "a") as stream:
        stream.write("CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60\n")
    assert codes(root, check_process_init=True) == []


def test_accepted(tmp_path: Path) -> None:
    body = "import spacy\nNLP = spacy.load('en')\n"
    assert in_tasks(tmp_path, body, accept=["spacy: on purpose"]) == []
    assert in_tasks(tmp_path, body, accept=["numpy"]) == [(2, "FS111")]
