"""The table of hosts by their names: how each is recognised before anything is parsed.

It is read on every run, and so it imports nothing; what a host does stands in :mod:`flake8_forksafe.hosts`.
"""

from __future__ import annotations

from typing import NamedTuple

CELERY = "Celery"
"""The default host."""


class HostName(NamedTuple):
    """One host.

    :ivar words: in deployment files that start it.
    :ivar takes_app: whether its command line names an app, as the option ``app`` may do.
    :ivar mark: what a Python file holds that may start it: a word, if any, and one of what stands behind it, such as
        methods and modules; blanks part them.  Empty if no program starts it.
    """

    name: str
    words: tuple[str, ...] = ()
    takes_app: bool = False
    mark: str = ""


HOST_NAMES = (
    HostName(CELERY, takes_app=True, mark=" worker_main( .Worker( celery.bin .start([ .start(argv"),
    HostName("gunicorn", ("gunicorn",), True, "gunicorn gunicorn.app"),
    HostName("uWSGI", ("uwsgi",), takes_app=True),
    HostName("rq worker", ("rq worker", '"rq"'), mark="rq .work( WorkerPool("),
    HostName("huey_consumer", ("huey_consumer",), True, "huey create_consumer( huey.bin huey.consumer"),
    HostName("manage.py rqworker", ("rqworker",)),
    HostName("manage.py rqworker-pool"),
    HostName("manage.py run_huey", ("run_huey",)),
    HostName("manage.py qcluster", ("qcluster",)),
    HostName("dramatiq", mark="dramatiq dramatiq.cli cli.main( dramatiq.__main__"),
)
HOST_WORDS = tuple(word for one in HOST_NAMES for word in one.words)
"""Words in deployment files that start a host other than Celery."""
MARKS = {one.name: one.mark for one in HOST_NAMES if one.mark}
