"""Models of SQLAlchemy: what makes an engine, and what connects it, which its pool then keeps.

Read in SQLAlchemy 2.0 (sqlalchemy/engine/base.py, sqlalchemy/orm/session.py, sqlalchemy/pool/impl.py).
"""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine, Model
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, External, Value, text

ENGINE = "sqlalchemy.engine.Engine()"
UNPOOLED = "sqlalchemy.engine.UnpooledEngine()"
"""An engine whose connections are closed when they are given back (``NullPool``)."""
ASYNC_ENGINE = "sqlalchemy.ext.asyncio.AsyncEngine()"
ENGINES = (ENGINE, ASYNC_ENGINE)
SESSION = "sqlalchemy.orm.Session()"
QUERY = "sqlalchemy.orm.Query()"
SESSION_METHODS = ("execute", "scalars", "scalar", "get", "connection", "flush", "commit", "refresh")
"""Methods of a session that take a connection (``Session._connection_for_bind``)."""
QUERY_METHODS = ("all", "first", "one", "one_or_none", "scalar", "scalars", "count", "get", "update", "delete")
REFINING_METHODS = (
    "filter", "filter_by", "order_by", "join", "outerjoin", "options", "limit", "offset", "group_by", "distinct",
    "select_from", "with_entities", "yield_per", "having", "execution_options",
)  # fmt: skip
METADATA_METHODS = ("create_all", "drop_all", "reflect")


def create_engine(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``create_engine(url, poolclass=NullPool)``: connects when it is first used, not here."""
    pooled = ASYNC_ENGINE if function.path.endswith("create_async_engine") else ENGINE
    unpooled = is_unpooled(arguments.get(0, "url"), arguments.keywords.get("poolclass"))
    return External(UNPOOLED if unpooled else pooled, None, arguments)


def is_unpooled(url: Value | None, pool: Value | None) -> bool:
    """Whether nothing of an engine is shared: it keeps no connection, or has a database in memory."""
    address = (text(url) if url is not None else None) or ""
    in_memory = address.startswith("sqlite") and (":memory:" in address or not address.partition("://")[2])
    return in_memory or (isinstance(pool, External) and pool.path.endswith(".NullPool"))


def connect(machine: Machine, engine: Value | None, frame: Frame) -> None:
    """An engine takes a connection; one that is not known is none."""
    if isinstance(engine, External) and engine.path in ENGINES:
        machine.call(External(f"{engine.path}.connect", engine), Arguments(), frame)


def sync_engine(machine: Machine, engine: External, name: str, frame: Frame) -> Value | None:
    """``async_engine.sync_engine`` and ``.pool``: what has the same connections."""
    return engine if name == "sync_engine" else None


def begin(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``engine.begin()``, ``engine.raw_connection()``."""
    connect(machine, function.receiver, frame)
    return External(f"{function.path}()", function.receiver, arguments)


def make_session(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Session(engine)``, and what ``sessionmaker(engine)`` makes."""
    bind = arguments.get(0, "bind") or bind_of(function)
    return External(SESSION, None, Arguments((bind or UNKNOWN,)))


def bind_of(holder: Value | None) -> Value | None:
    """The engine of a session, a query, a ``sessionmaker(engine)`` or a ``scoped_session(sessionmaker(engine))``."""
    bind = holder
    while isinstance(bind, External) and bind.path not in (*ENGINES, UNPOOLED):
        bind = bind.arguments.get(0, "bind") if bind.arguments is not None else None
    return bind


def use_session(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """A method of a session, or of a query, that takes a connection."""
    connect(machine, bind_of(function.receiver), frame)
    return UNKNOWN


def query(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``session.query(...)`` and ``query.filter(...)``: nothing is sent yet."""
    return External(QUERY, None, Arguments((bind_of(function.receiver) or UNKNOWN,)))


def use_metadata(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Base.metadata.create_all(engine)``."""
    connect(machine, arguments.get(0, "bind"), frame)
    return UNKNOWN


def inspect(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``inspect(engine)``: an inspector connects when it is made (sqlalchemy/engine/reflection.py)."""
    connect(machine, arguments.get(0, "subject"), frame)
    return External(f"{function.path}()", None, arguments)


def reflect(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``Table(..., autoload_with=engine)``, and ``Base.prepare(autoload_with=engine)`` of automap."""
    connect(machine, arguments.keywords.get("autoload_with"), frame)
    return External(f"{function.path}()", function.receiver, arguments)


def read_sql(machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """``pandas.read_sql(query, engine)``: the engine connects (pandas/io/sql.py)."""
    connect(machine, arguments.get(1, "con"), frame)
    return External(f"{function.path}()", None, arguments)


ENGINE_MAKERS = (
    "create_engine", "engine.create_engine", "engine.create.create_engine", "engine_from_config",
    "ext.asyncio.create_async_engine", "ext.asyncio.engine.create_async_engine",
)  # fmt: skip
SESSION_MAKERS = (
    "orm.Session", "orm.session.Session", "orm.sessionmaker()", "orm.scoped_session()", "ext.asyncio.AsyncSession",
    "ext.asyncio.async_sessionmaker()", "ext.asyncio.async_scoped_session()",
)  # fmt: skip
METADATA = (
    "sqlalchemy.MetaData()", "sqlalchemy.orm.declarative_base().metadata",
    "sqlalchemy.ext.declarative.declarative_base().metadata", "sqlalchemy.orm.DeclarativeBase.metadata",
    "sqlmodel.SQLModel.metadata",
)  # fmt: skip

SESSIONS = (SESSION, "sqlalchemy.orm.scoped_session()")

FUNCTIONS: dict[str, Model] = {
    **{f"sqlalchemy.{name}": create_engine for name in ENGINE_MAKERS},
    "sqlmodel.create_engine": create_engine,
    **{f"{engine}.{name}": begin for engine in ENGINES for name in ("begin", "raw_connection")},
    **{f"sqlalchemy.{name}": make_session for name in SESSION_MAKERS},
    "sqlmodel.Session": make_session,
    **{f"{session}.{name}": use_session for session in SESSIONS for name in SESSION_METHODS},
    **{f"{session}.query": query for session in SESSIONS},
    **{f"{QUERY}.{name}": query for name in REFINING_METHODS},
    **{f"{QUERY}.{name}": use_session for name in QUERY_METHODS},
    **{f"sqlalchemy.{name}": inspect for name in ("inspect", "inspection.inspect")},
    **{f"sqlalchemy.{name}": reflect for name in ("Table", "schema.Table", "ext.automap.automap_base().prepare")},
    **{f"pandas.{name}": read_sql for name in ("read_sql", "read_sql_query", "read_sql_table")},
    **{f"{holder}.{name}": use_metadata for holder in METADATA for name in METADATA_METHODS},
}
MODELS = Library(functions=FUNCTIONS, attributes={ASYNC_ENGINE: sync_engine})
