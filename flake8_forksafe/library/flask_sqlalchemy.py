"""Models of Flask-SQLAlchemy: its engine, its session, and what connects them.

Read in Flask-SQLAlchemy 3.1 (flask_sqlalchemy/extension.py) and run: the engine keeps its connection for the children.
"""

from __future__ import annotations

from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import NONE, UNKNOWN, Arguments, External, Value
from flake8_forksafe.library.flask import flask_config
from flake8_forksafe.library.sqlalchemy import (
    ENGINE,
    METADATA_METHODS,
    QUERY_METHODS,
    SESSION,
    UNPOOLED,
    connect,
    is_unpooled,
)

DB = "flask_sqlalchemy.SQLAlchemy()"
QUERIES = f"{DB}.Model.query"
APP, ENGINE_NAME = "forksafe app", "forksafe engine"
"""Names under which an extension remembers its app and its engine."""


class Databases(LibraryState):
    """The extensions that something was asked of; models do not tell whose they are."""

    def __init__(self, machine: Machine) -> None:
        self.known: list[External] = []


def init_app(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``db.init_app(app)``."""
    if isinstance(function.receiver, External):
        function.receiver.names[APP] = arguments.get(0, "app") or UNKNOWN
    return NONE


def engine_of(machine: Machine, db: Value | None) -> Value:
    """The engine of an extension: one for all that ask."""
    if not isinstance(db, External) or db.path != DB:
        return UNKNOWN
    if ENGINE_NAME not in db.names:
        made = db.arguments or Arguments()
        app = db.names.get(APP) or made.get(0, "app")
        config = flask_config(machine, app) if app is not None else UNKNOWN
        chosen = (made.get(2, "engine_options"), _entry(config, "SQLALCHEMY_ENGINE_OPTIONS"))
        pool = next((pool for options in chosen if (pool := _entry(options, "poolclass")) is not None), None)
        unpooled = is_unpooled(_entry(config, "SQLALCHEMY_DATABASE_URI"), pool)
        db.names[ENGINE_NAME] = External(UNPOOLED if unpooled else ENGINE)
    return db.names[ENGINE_NAME]


def _entry(table: Value | None, key: str) -> Value | None:
    item = table.entries.get(key) if isinstance(table, Table) else None
    return item.value if item is not None else None


def attribute(machine: Machine, db: External, name: str, frame: Frame) -> Value | None:
    """``db.engine``, ``db.session`` and ``db.metadata``."""
    known = machine.state(Databases).known
    if db not in known:
        known.append(db)
    if name == "metadata":
        return External("sqlalchemy.MetaData()")
    if name == "engine":
        return engine_of(machine, db)
    if name == "session":
        return External(SESSION, db, Arguments((engine_of(machine, db),)))
    return None


def create_all(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``db.create_all()``, ``db.reflect()``."""
    connect(machine, engine_of(machine, function.receiver), frame)
    return NONE


def query(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Book.query.all()``."""
    for db in machine.state(Databases).known:
        with machine.doubted(len(machine.state(Databases).known) > 1):
            connect(machine, engine_of(machine, db), frame)
    return UNKNOWN


MODELS = Library(
    attributes={DB: attribute},
    functions={
        f"{DB}.init_app": init_app,
        **{f"{DB}.{name}": create_all for name in METADATA_METHODS},
        **{f"{QUERIES}.{name}": query for name in QUERY_METHODS},
    },
)
