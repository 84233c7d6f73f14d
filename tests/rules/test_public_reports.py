"""Reports from public trackers, rebuilt as small projects: what they should have been told, and their repaired twins.

What happens in the child was measured or read in the package's source: the entry of the catalogue says which.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, found_codes, write

pytestmark = pytest.mark.costly

APP = "from celery import Celery\napp = Celery('p', broker='memory://', include=['p.tasks'])\n"
TASKS = "from p.celery import app\n"
TASK = "@app.task\ndef work(): ...\n"
LOOP = """\
import asyncio, os, threading
class Bridge:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()
"""
LAZY = """\
made = {}
def bridge():
    if os.getpid() not in made:
        made[os.getpid()] = Bridge()
    return made[os.getpid()]
"""
SHIP = """\
import logging, queue, threading
class Ship(logging.Handler):
    def __init__(self):
        super().__init__()
        self.queue = queue.Queue()
        self.thread = threading.Thread(target=self.queue.get, daemon=True)
        {start}
"""
LOGGED = """\
import logging.config
from celery import Celery
logging.config.dictConfig({'version': 1, 'handlers': {'ship': {'class': 'p.ship.Ship'}}})
app = Celery('p', broker='memory://', include=['p.tasks'])
"""
REPORTER = """\
import threading
class Reporter:
    def __init__(self):
        self.thread = threading.Thread(target=print, daemon=True)
    def start(self):
        self.thread.start()
reporter = Reporter()
def app(environ, start_response): return []
"""
OTEL = """\
import os
def configure():
    if os.environ.get('OTEL_ENABLED') != '1':
        return
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    OTLPSpanExporter()
"""
SESSION = """\
import requests
class Client:
    session = requests.Session()
    def __init__(self, url):
        self.url = url
        {first}
    def get(self, path):
        return self.session.get(self.url + path)
CLIENT = Client('http://h')
"""
ENGINE = """\
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine
engine = create_async_engine('postgresql+asyncpg://h/books')
async def begin():
    async with engine.begin() as connection:
        await connection.run_sync(print)
    {end}
asyncio.run(begin())
"""
COMPOSE = """\
services:
  w:
    image: w
    command: celery -A p worker -c 2
    environment:
      OTEL_ENABLED: '{on}'
"""
USE = "@app.task\ndef work():\n    "


def tasks(body: str) -> dict[str, str]:
    return {"p/tasks.py": TASKS + body}


def module(body: str) -> dict[str, str]:
    """A module that the tasks import."""
    return {"p/own.py": body, "p/tasks.py": TASKS + "from p import own\n" + TASK}


MAIN = "import psycopg\nfrom celery import Celery\napp = Celery('main')\n"
WEB = {"Procfile": "web: gunicorn --preload --workers 2 web:app\n"}
UWSGI = "[uwsgi]\nmodule = web:app\nmaster = true\nprocesses = 2\n"
KAFKA = "from kafka import KafkaProducer\nPRODUCER = KafkaProducer()\ndef app(environ, start_response): return []\n"
PULSAR = (
    "import pulsar\nCLIENT = pulsar.Client('pulsar://h')\nPRODUCER = CLIENT.create_producer('t')\ndef app(e, s): ...\n"
)
REPORTS = {
    "itamarst/crochet#71: what waits for the reactor times out": ("FS112",
        tasks("from crochet import setup\nsetup()\n" + TASK),
        tasks("from celery.signals import worker_process_init\n@worker_process_init.connect\ndef begin(**given):\n"
              "    from crochet import setup\n    setup()\n" + TASK)),
    "ActiveCampaign/postmark-python#8: a loop whose thread no child has": ("FS112",
        module(LOOP + "bridge = Bridge()\n"), module(LOOP + LAZY)),
    "tintoy/seqlog#26: a handler of dictConfig() that starts a thread": ("FS112",
        {"p/celery.py": LOGGED, "p/ship.py": SHIP.format(start="self.thread.start()"), "p/tasks.py": ""},
        {"p/celery.py": LOGGED, "p/ship.py": SHIP.format(start="pass"), "p/tasks.py": ""}),
    "jpype-project/jpype#720: Java code hangs": ("FS112",
        module("import jpype\nif not jpype.isJVMStarted():\n    jpype.startJVM()\n"),
        tasks("import jpype\n" + USE + "jpype.isJVMStarted() or jpype.startJVM()\n")),
    "celery/celery#3447: frida hangs once it is imported": ("FS101",
        tasks("import frida\n" + TASK), tasks(USE + "import frida\n")),
    "pulumi/pulumi#21937: a channel of grpc.aio": ("FS113",
        tasks("import grpc\nchannel = grpc.aio.insecure_channel('h:1')\n" + TASK),
        tasks("import grpc\n" + USE + "grpc.aio.insecure_channel('h:1')\n")),
    "makeplane/plane#9419: OTLP over gRPC, switched on by the launch": ("FS113",
        {"p/celery.py": "from p.otel import configure\nconfigure()\n" + APP, "p/otel.py": OTEL, "p/tasks.py": "",
         "compose.yml": COMPOSE.format(on=1)},
        {"p/celery.py": "from p.otel import configure\nconfigure()\n" + APP, "p/otel.py": OTEL, "p/tasks.py": "",
         "compose.yml": COMPOSE.format(on=0)}),
    "django/asgiref#194: the thread of sync_to_async()": ("FS112",
        module("import asyncio\nfrom asgiref.sync import sync_to_async\nasync def f(): await sync_to_async(print)()\n"
               "asyncio.run(f())\n"),
        module("from asgiref.sync import async_to_sync, sync_to_async\nasync def f(): await sync_to_async(print)()\n"
               "async_to_sync(f)()\n")),
    "mishrasanjeev/agentic-org#993: an asynchronous engine that has connected": ("FS113",
        module(ENGINE.format(end="pass")), module(ENGINE.format(end="await engine.dispose()"))),
    "r4fek/django-cassandra-engine#31: a session of Cassandra": ("FS113",
        module("from cassandra.cqlengine import connection\nconnection.setup(['h'], 'k')\n"),
        module("from cassandra.cqlengine import connection\nconnection.setup(['h'], 'k', lazy_connect=True)\n")),
    "neo4j/neo4j-python-driver#236: a session before the fork": ("FS113",
        module("from neo4j import GraphDatabase\ndriver = GraphDatabase.driver('bolt://h')\n"
               "with driver.session() as s:\n    s.run('RETURN 1')\n"),
        module("from neo4j import GraphDatabase\nwith GraphDatabase.driver('bolt://h') as driver:\n"
               "    driver.verify_connectivity()\n")),
    "jax-ml/jax#7655: a compiled function at import": ("FS111",
        tasks("import jax\n@jax.jit\ndef step(x): return x + 1\nW = step(1.0)\n" + TASK),
        tasks(USE + "import jax\n    jax.jit(abs)(1.0)\n")),
    "psf/requests#4323: a session of a class that is used when one is made": ("FS113",
        module(SESSION.format(first="self.version = self.get('/version')")), module(SESSION.format(first="pass"))),
    "neondatabase/neon#1826: a connection beside the app": ("FS113",
        {"main.py": MAIN + "connection = psycopg.connect('')\n" + TASK},
        {"main.py": MAIN + USE + "psycopg.connect('')\n"}),
    "fluent/fluent-logger-python#132: an event before the fork": ("FS113",
        module("from fluent import sender\nlogger = sender.FluentSender('app')\nlogger.emit('start', {})\n"),
        module("from fluent import sender\nlogger = sender.FluentSender('app')\n")),
    "apache/pulsar-client-python#52: gunicorn preloads a producer": ("FS112",
        {**WEB, "web.py": PULSAR}, {"Procfile": "web: gunicorn --workers 2 web:app\n", "web.py": PULSAR}),
    "benoitc/gunicorn#1666: gunicorn preloads a thread": ("FS112",
        {**WEB, "web.py": REPORTER + "reporter.start()\n"},
        {"Procfile": "web: gunicorn -c conf.py web:app\n", "web.py": REPORTER, "conf.py":
         "preload_app = True\ndef post_fork(server, worker):\n    from web import reporter\n    reporter.start()\n"}),
    "dpkp/kafka-python#721: uWSGI's master loads a producer": ("FS113",
        {"uwsgi.ini": UWSGI, "web.py": KAFKA}, {"uwsgi.ini": UWSGI + "lazy-apps = true\n", "web.py": KAFKA}),
    "explosion/spaCy#8678: a model beside the tasks": ("FS111",
        tasks("import spacy\nNLP = spacy.load('en_core_web_trf')\n" + TASK),
        tasks(USE + "import spacy\n    spacy.load('en_core_web_trf')\n")),
}  # fmt: skip
"""The code, the project of the report, and its twin."""


def codes(root: Path, files: dict[str, str]) -> set[str]:
    """What is found, but for preludes."""
    package = {"p/__init__.py": "", "p/celery.py": APP} if any(path.startswith("p/") for path in files) else {}
    report = check(write(root, {"pyproject.toml": "", **package, **files}))
    return {code for _, _, code in found_codes(report, root) if not code.startswith(("FS13", "FS14", "FS190"))}


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_is_answered(name: str, tmp_path: Path) -> None:
    code, files, _ = REPORTS[name]
    assert code in codes(tmp_path, files)


@pytest.mark.parametrize("name", REPORTS)
def test_the_twin_is_silent(name: str, tmp_path: Path) -> None:
    assert codes(tmp_path, REPORTS[name][2]) == set()
