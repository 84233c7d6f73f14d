"""Models of code that is not walked: builtins, the standard library, Celery, Django and others.

A library's function is known by its dotted path (see :class:`~flake8_forksafe.interpreter.values.External`).  A model
is called instead of it.  Whatever has no model is opaque: it returns something unknown and calls nothing.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.machine import merged
from flake8_forksafe.library import (
    alembic,
    appconf,
    asgiref,
    billiard,
    blinker,
    builtin,
    celery,
    celery_programs,
    celery_tasks,
    compilers,
    configuration,
    django,
    django_migrations,
    dramatiq,
    entry_points,
    fields,
    flask,
    flask_sqlalchemy,
    huey,
    kombu,
    native_threads,
    once,
    pyramid,
    rq,
    sentry,
    setting_imports,
    sqlalchemy,
    standard_enum,
    standard_functions,
    standard_import,
    standard_inspect,
    standard_logging,
    standard_paths,
    standard_process,
    standard_tasks,
    uwsgi,
)

LIBRARIES = (
    builtin.MODELS,
    standard_enum.MODELS,
    standard_functions.MODELS,
    standard_import.MODELS,
    standard_inspect.MODELS,
    standard_logging.MODELS,
    standard_paths.MODELS,
    standard_process.MODELS,
    standard_tasks.MODELS,
    entry_points.MODELS,
    native_threads.MODELS,
    fields.MODELS,
    celery.MODELS,
    celery_programs.MODELS,
    celery_tasks.MODELS,
    kombu.MODELS,
    billiard.MODELS,
    django.MODELS,
    django_migrations.MODELS,
    configuration.MODELS,
    appconf.MODELS,
    setting_imports.MODELS,
    flask.MODELS,
    flask_sqlalchemy.MODELS,
    asgiref.MODELS,
    blinker.MODELS,
    alembic.MODELS,
    pyramid.MODELS,
    sentry.MODELS,
    sqlalchemy.MODELS,
    compilers.MODELS,
    once.MODELS,
    uwsgi.MODELS,
    rq.MODELS,
    huey.MODELS,
    dramatiq.MODELS,
)
"""The table of libraries, one file each (builtins and the standard library: one file for each subject)."""

LIBRARY = merged(LIBRARIES)
