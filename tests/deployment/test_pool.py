"""What launches amount to, by the rules of Celery's source; test_pool_real.py compares with real workers."""

from __future__ import annotations

import pytest

from flake8_forksafe.deployment.pool import (
    AUTO,
    CPU_COUNT,
    READ_ELSEWHERE,
    WORKER_PARAMETERS,
    UnreadVariable,
    resolve,
    unread_variables,
)
from flake8_forksafe.deployment.repository import WorkerLaunch


def launch(environ: dict[str, str] | None = None, unresolved: tuple[str, ...] = (), **options: object) -> WorkerLaunch:
    base = WorkerLaunch("proj", ("celery", "worker"), "compose.yaml", 1, "/proj", unresolved=unresolved)
    return base._replace(environ=tuple((environ or {}).items()), **options)


POOLS = {
    "nothing is said": (launch(), {}, ("prefork", True)),
    "only settings": (None, {"worker_pool": "solo"}, ("solo", False)),
    "the alias of prefork": (launch(pool="processes"), {"worker_pool": "solo"}, ("prefork", True)),
    "the setting goes over prefork": (launch(pool="prefork"), {"worker_pool": "threads"}, ("threads", False)),
    "an option goes over the setting": (launch(pool="gevent"), {"worker_pool": "solo"}, ("gevent", False)),
    "the environment": (launch({"CELERY_WORKER_POOL": "eventlet"}), {"worker_pool": "solo"}, ("eventlet", False)),
    "an option goes over a variable": (launch({"CELERY_WORKER_POOL": "solo"}, pool="threads"), {}, ("threads", False)),
    "an empty variable": (launch({"CELERY_WORKER_POOL": ""}), {"worker_pool": "solo"}, ("solo", False)),
    "a variable that is not read": (launch({"CELERY_POOL": "solo", "CELERYD_POOL": "solo"}), {}, ("prefork", True)),
    "Celery's class": (launch(), {"worker_pool": "celery.concurrency.thread:TaskPool"}, ("threads", False)),
    "Celery's class with a dot": (launch(), {"worker_pool": "celery.concurrency.prefork.TaskPool"}, ("prefork", True)),
    "a class": (launch(), {"worker_pool": "proj.pool:Pool"}, ("custom", True)),
    "a custom class": (launch({"CELERY_CUSTOM_WORKER_POOL": "proj.pool:Pool"}, pool="custom"), {}, ("custom", True)),
    "a custom class of Celery's": (
        launch({"CELERY_CUSTOM_WORKER_POOL": "celery.concurrency.solo:TaskPool"}, pool="custom"), {}, ("solo", False)),
    "a variable of the host": (launch(pool="$POOL"), {}, ("unknown", True)),
    "a variable that is passed through": (launch(unresolved=("CELERY_WORKER_POOL",)), {}, ("unknown", True)),
    "an unknown setting": (launch(), {"worker_pool": object()}, ("unknown", True)),
    "an unset setting": (launch(), {"worker_pool": None}, ("prefork", True)),
    "spawn": (launch(start_method="spawn"), {}, ("prefork", False)),
    "spawn by the environment": (launch({"CELERY_WORKER_POOL_START_METHOD": "spawn"}), {}, ("prefork", False)),
    "spawn by the setting": (launch(), {"worker_pool_start_method": "spawn"}, ("prefork", False)),
    "fork over the setting": (launch(start_method="fork"), {"worker_pool_start_method": "spawn"}, ("prefork", True)),
    "spawn as an argument": (launch(settings=((".pool_start_method", "spawn"),)), {}, ("prefork", False)),
}  # fmt: skip


@pytest.mark.parametrize("name", POOLS)
def test_pool(name: str) -> None:
    given, conf, expected = POOLS[name]
    pool = resolve(given, conf)
    assert (pool.kind, pool.forks) == expected


NINE = {"CELERY_WORKER_CONCURRENCY": "9"}

CONCURRENCY = {
    "nothing is said": (launch(), {}, (None, CPU_COUNT)),
    "an option": (launch(NINE, concurrency="4"), {"worker_concurrency": 5}, (4, "--concurrency")),
    "the environment": (launch(NINE), {"worker_concurrency": 5}, (9, "CELERY_WORKER_CONCURRENCY")),
    "the setting": (launch({"CELERY_CONCURRENCY": "9"}), {"worker_concurrency": 5}, (5, "worker_concurrency")),
    "the setting as text": (None, {"worker_concurrency": "5"}, (5, "worker_concurrency")),
    "zero": (launch(NINE, concurrency="0"), {"worker_concurrency": 5}, (5, "worker_concurrency")),
    "zero everywhere": (launch(concurrency="0"), {"worker_concurrency": 0}, (None, CPU_COUNT)),
    "autoscale": (launch(autoscale="3,10", concurrency="4"), {}, (10, "--autoscale")),
    "autoscale by the environment": (launch({"CELERY_WORKER_AUTOSCALE": "8"}), {}, (8, "CELERY_WORKER_AUTOSCALE")),
    "auto": (launch(concurrency="Auto"), {}, (None, AUTO)),
    "nproc": (launch(concurrency="$(nproc)"), {}, (None, CPU_COUNT)),
    "a variable of the host": (launch(concurrency="$N"), {"worker_concurrency": 5}, (None, "--concurrency")),
    "an unknown setting": (launch(), {"worker_concurrency": object()}, (None, "worker_concurrency")),
    "options of the host": (launch(open_options=("$OPTIONS",)), {}, (None, "$OPTIONS")),
    "one option, others of the host": (launch(open_options=("$OPTIONS",), concurrency="4"), {}, (4, "--concurrency")),
    "as an argument": (launch(settings=(("worker.concurrency", "3"),)), {}, (3, "worker_concurrency")),
    "an argument comes after the setting": (launch(settings=(("worker.concurrency", "3"),)), {"worker_concurrency": 5},
                                            (5, "worker_concurrency")),
}  # fmt: skip


@pytest.mark.parametrize("name", CONCURRENCY)
def test_concurrency(name: str) -> None:
    given, conf, expected = CONCURRENCY[name]
    pool = resolve(given, conf)
    assert (pool.concurrency, pool.concurrency_source) == expected


def test_where_a_pool_comes_from() -> None:
    assert resolve(launch(pool="solo"), {}).kind == "solo"
    assert resolve(launch({"CELERY_WORKER_POOL": "solo"}), {}).kind == "solo"
    assert resolve(launch(), {"worker_pool": "a.b:C"}).implementation == "a.b:C"


def test_variables_that_celery_does_not_read() -> None:
    environ = dict.fromkeys(
        ["CELERY_POOL", "CELERY_CONCURRENCY", "CELERYD_CONCURRENCY", "CELERYD_LOG_LEVEL", "CELERY_LOG_LEVEL", "POOL",
         "CELERY_WORKER_POOL", "CELERY_BROKER_URL", "CELERY_TASK_TIME_LIMIT", "CELERY_APP", "CELERYD_OPTS"], "x"
    )  # fmt: skip
    assert unread_variables(environ) == (
        UnreadVariable("CELERYD_CONCURRENCY", "CELERY_WORKER_CONCURRENCY"),
        UnreadVariable("CELERYD_LOG_LEVEL", "CELERY_WORKER_LOGLEVEL"),
        UnreadVariable("CELERY_CONCURRENCY", "CELERY_WORKER_CONCURRENCY"),
        UnreadVariable("CELERY_POOL", "CELERY_WORKER_POOL"),
    )


def test_what_celery_reads_is_what_its_commands_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery's own click commands: each parameter of the worker is read from ``CELERY_WORKER_<NAME>`` only, and no
    variable that is called unread is one of ``celery`` itself.
    """
    import click
    from celery.bin.celery import celery

    worker = celery.commands["worker"]
    outer = click.Context(celery, info_name="celery", auto_envvar_prefix="CELERY")
    inner = click.Context(worker, info_name="worker", parent=outer)
    own = {option.name for option in worker.params}
    assert own <= set(WORKER_PARAMETERS)
    for option in worker.params:
        assert isinstance(option, click.Option) and option.name is not None
        unread, read = f"CELERY_{option.name.upper()}", f"CELERY_WORKER_{option.name.upper()}"
        monkeypatch.setenv(unread, "wrong")
        assert option.resolve_envvar_value(inner) is None
        monkeypatch.setenv(read, "right")
        assert option.resolve_envvar_value(inner) == "right"
        monkeypatch.delenv(unread)
        assert unread in READ_ELSEWHERE or unread_variables({unread: ""}) == ((unread, read),)
    for option in celery.params:
        assert unread_variables({f"CELERY_{str(option.name).upper()}": ""}) == ()
