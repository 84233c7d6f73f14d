"""Packages that the URLs of the broker and of the result backend import in MainProcess before the fork.

The transport is imported when the worker asks whether it is asynchronous (celery/worker/worker.py,
``should_use_eventloop``), the backend when the banner shows where results go (celery/apps/worker.py, ``on_start``).
Read in kombu 5.6 (kombu/transport/__init__.py and its modules) and Celery 5.7.0 (celery/app/backends.py,
celery/backends); seen with workers stopped at their first fork.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Machine
from flake8_forksafe.interpreter.values import Arguments, Value, options, text
from flake8_forksafe.library.celery_app import CeleryApp
from flake8_forksafe.library.standard_process import ProcessEnvironment

BROKERS = {
    "sqs": ("boto3",),
    "mongodb": ("pymongo",),
    "zookeeper": ("kazoo",),
    "confluentkafka": ("confluent_kafka",),
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


def load_transports(machine: Machine, app: CeleryApp, frame: Frame) -> None:
    """Import what the broker and the result backend of an app need, and note those that are unsafe to fork beside."""
    for names, variable, package, schemes in URLS:
        for option in _given(machine, app, names, variable, frame):
            scheme = (text(option) or "").partition(":")[0].partition("+")[0]
            machine.use(frame, f"{package}.{scheme}", Arguments())
            for module in schemes.get(scheme, ()):
                machine.import_name(module, frame, "dynamic")


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
