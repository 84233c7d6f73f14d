"""Packages that the URLs of the broker and of the result backend import in MainProcess before the fork.

The transport is imported when the worker asks whether it is asynchronous (celery/worker/worker.py,
``should_use_eventloop``), the backend when the banner shows where results go (celery/apps/worker.py, ``on_start``).
Read in kombu 5.6 (kombu/transport/__init__.py and its modules) and Celery 5.7.0 (celery/app/backends.py,
celery/backends); seen with workers stopped at their first fork.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, Arguments, External, Literal, Value, options, text
from flake8_forksafe.library.celery_app import CeleryApp
from flake8_forksafe.library.celery_boot import make_named
from flake8_forksafe.library.standard_process import ProcessEnvironment

BROKERS = {
    "sqs": ("boto3",),
    "mongodb": ("pymongo",),
    "zookeeper": ("kazoo",),
    "confluentkafka": ("confluent_kafka",),
    "kafka": ("confluent_kafka",),
    "azurestoragequeues": ("azure.storage.queue",),
    "azureservicebus": ("azure.servicebus",),
    "sqla": ("sqlalchemy",),
    "sqlalchemy": ("sqlalchemy",),
    "gcpubsub": ("grpc", "google.cloud.pubsub_v1"),
    "redis": ("redis",),
    "rediss": ("redis",),
    "sentinel": ("redis",),
    "valkey": ("valkey",),
}
"""Schemes of ``broker_url``, with the packages that the transport's module imports."""
BACKENDS = {
    "db": ("sqlalchemy",),
    "database": ("sqlalchemy",),
    "mongodb": ("pymongo",),
    "elasticsearch": ("elasticsearch",),
    "redis": ("redis",),
    "rediss": ("redis",),
    "sentinel": ("redis",),
    "cassandra": ("cassandra",),
    "couchbase": ("couchbase",),
    "dynamodb": ("boto3",),
    "s3": ("boto3",),
    "gs": ("google.cloud.storage",),
    "gcs": ("google.cloud.firestore", "google.cloud.storage"),
    "azureblockblob": ("azure.storage.blob",),
    "arangodb": ("pyArango",),
    "cosmosdbsql": ("pydocumentdb",),
}
"""Schemes of ``result_backend``, with the packages that the backend's module imports."""
URLS = (
    (("broker_url", "broker", "broker_write_url"), "CELERY_BROKER_URL", "kombu.transport", BROKERS),
    (("result_backend", "backend"), "CELERY_RESULT_BACKEND", "celery.backends", BACKENDS),
)
"""Settings and arguments, the variable that goes over them (celery/app/base.py, ``Settings``), and the packages."""


TABLES = (
    "kombu.transport.TRANSPORT_ALIASES",
    "celery.app.backends.BACKEND_ALIASES",
)
"""Tables of names to which projects add."""
ALIASES = {"kombu.transport": "broker_transport", "celery.backends": "result_backend"}
"""What a class is named for that a project puts into a table of names (kombu/transport/__init__.py,
``TRANSPORT_ALIASES``; celery/app/backends.py, ``BACKEND_ALIASES``)."""


class Aliases(LibraryState):
    """Names of transports and of backends that the project gives, by the package that has the table."""

    def __init__(self, machine: Machine) -> None:
        self.known: dict[str, dict[str, Value]] = {package: {} for package in ALIASES}


def _package_of(table: External) -> str:
    return "kombu.transport" if "TRANSPORT" in table.path else "celery.backends"


def set_alias(machine: Machine, table: External, index: Value, value: Value) -> None:
    """``TRANSPORT_ALIASES["mine"] = "proj.transport:Transport"``."""
    if (name := text(index)) is not None:
        machine.state(Aliases).known[_package_of(table)][name] = value


def get_alias(machine: Machine, table: External, index: Value, frame: Frame) -> Value:
    """What a name stands for; kombu's own stand for a module of that name."""
    package, name = _package_of(table), text(index)
    found = machine.state(Aliases).known[package].get(name or "")
    return found or (UNKNOWN if name is None else Literal(f"{package}.{name}:"))


def update_aliases(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``TRANSPORT_ALIASES.update({...})``."""
    given = [*arguments.keywords.items()]
    for option in (option for value in arguments.positional for option in options(value)):
        if isinstance(option, Table):
            given += [(str(key), item.value) for key, item in option.entries.items()]
    for name, value in given:
        set_alias(machine, External(function.path.removesuffix(".update")), Literal(name), value)
    return NONE


def load_transports(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """Import what the broker and the result backend of an app need, and note those that are unsafe to fork beside."""
    for names, variable, package, schemes in URLS:
        for option in _given(machine, app, names, variable, frame):
            name = (text(option) or "").partition("://")[0].partition("+")[0]
            for value in options(machine.state(Aliases).known[package].get(name, Literal(f"{package}.{name}:"))):
                named = text(value) or ""
                if not named.startswith(f"{package}."):
                    make_named(machine, app, ALIASES[package], value, frame)
                    continue
                module = named.removeprefix(f"{package}.").partition(":")[0].partition(".")[0].lower()
                machine.use(frame, f"{package}.{module}", Arguments())
                for brought in schemes.get(module, ()):
                    machine.import_name(brought, frame, "dynamic")


MODELS = Library(
    items=dict.fromkeys(TABLES, get_alias),
    item_setters=dict.fromkeys(TABLES, set_alias),
    functions={f"{table}.update": update_aliases for table in TABLES},
)


def _given(machine: Machine, app: CeleryApp, names: tuple[str, ...], variable: str, frame: Frame) -> tuple[Value, ...]:
    """The possible values of a URL, where something is known of it."""
    item = machine.state(ProcessEnvironment).get(variable)
    if item is not None:
        return tuple(options(item.value))
    for name in names:
        value = app.setting(name, frame, machine) or app.arguments.get(-1, name)
        if value is not None:
            return tuple(options(value))
    return ()
