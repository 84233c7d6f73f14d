"""Models of Huey: consumers that a program of the project starts.

Read in huey 3.5 (huey/api.py: ``create_consumer``; huey/consumer.py; huey/bin/huey_consumer.py) and run.
"""

from __future__ import annotations

from flake8_forksafe.deployment.job_worker_commands import huey_command
from flake8_forksafe.deployment.model import Word
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Literal, Value
from flake8_forksafe.library.host_programs import known_words, leave, made_with
from flake8_forksafe.library.standard_import import import_path

NAME = "huey_consumer"
CLASSES = (
    "Huey", "BlackHoleHuey", "FileHuey", "MemoryHuey", "PriorityRedisExpireHuey", "PriorityRedisHuey",
    "RedisExpireHuey", "RedisHuey", "SqliteHuey",
)  # fmt: skip
CONSUMER = "huey.consumer.Consumer"
WORKER_TYPE, WORKERS = "worker type", "workers"


def create(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``huey.create_consumer(worker_type="process")``."""
    return External(f"{CONSUMER}()", function.receiver, arguments)


def run(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``huey.create_consumer(...).run()``; what is not given is Huey's default."""
    made = made_with(function)
    given = {name: made.get(-1, key) for name, key in ((WORKER_TYPE, "worker_type"), (WORKERS, "workers"))}
    found = {name: value for name, value in given.items() if value is not None}
    leave(machine, NAME, frame, found if made.complete else {WORKER_TYPE: UNKNOWN, WORKERS: UNKNOWN, **found})


def main(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``consumer_main()``: the instance that ``sys.argv`` names is imported first."""
    command = huey_command([Word(word) for word in known_words(machine, frame)], {})
    options = command.options if command is not None else {}
    if not options:
        leave(machine, "", frame, {})
    import_path(machine, options["instance"].text, frame)
    names = {WORKER_TYPE: WORKER_TYPE, "concurrency": WORKERS}
    leave(machine, NAME, frame, {name: Literal(options[key].text) for key, name in names.items() if key in options})


MODELS = Library(
    functions={
        **{f"{module}.{name}().create_consumer": create for module in ("huey", "huey.api") for name in CLASSES},
        "huey.contrib.djhuey.HUEY.create_consumer": create,
        f"{CONSUMER}().run": run,
        f"{CONSUMER}().start": run,
        "huey.bin.huey_consumer.consumer_main": main,
    },
)
