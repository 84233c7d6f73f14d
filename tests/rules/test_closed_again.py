"""What is closed again before the fork is no finding; what only looks so stays one."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

CLOSED = {
    "an executor in a stack of managers": """
        from concurrent.futures import ThreadPoolExecutor
        from contextlib import ExitStack
        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor())
            pool.submit(len, 'a')
        """,
    "psycopg2, closing, in a stack of managers": """
        import psycopg2
        from contextlib import ExitStack, closing
        with ExitStack() as stack:
            X = stack.enter_context(closing(psycopg2.connect(''))).cursor()
        """,
    "a manager of the project in a stack of managers": """
        import psycopg2
        from contextlib import ExitStack
        class Database:
            def __enter__(self):
                self.connection = psycopg2.connect('')
                return self.connection
            def __exit__(self, *error):
                self.connection.close()
        with ExitStack() as stack:
            stack.enter_context(Database()).cursor()
        """,
    "an executor in with": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(4) as pool:
            X = list(pool.map(len, ['a']))
        """,
    "an executor that is shut down": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor()
        pool.submit(len, 'a')
        pool.shutdown()
        """,
    "an executor that is waited for": """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor()
        pool.submit(len, 'a')
        pool.shutdown(True)
        other = ThreadPoolExecutor()
        other.submit(len, 'a')
        other.shutdown(wait=True, cancel_futures=False)
        """,
    "a thread that is joined": """
        import threading
        t = threading.Thread(target=print)
        t.start()
        t.join()
        """,
    "several threads": """
        import threading
        ts = [threading.Thread(target=print) for _ in range(3)]
        for t in ts:
            t.start()
        for t in ts:
            t.join()
        """,
    "a thread of a class of its own": """
        import threading
        class T(threading.Thread):
            def run(self): pass
        t = T()
        t.start()
        t.join()
        """,
    "psycopg 3 in with": """
        import psycopg
        with psycopg.connect('') as c:
            X = c.execute('').fetchall()
        """,
    "psycopg 3 in a helper": """
        import psycopg
        def f():
            with psycopg.connect('') as c:
                return c.execute('').fetchall()
        X = f()
        Y = f()
        """,
    "psycopg2, closing": """
        import contextlib, psycopg2
        with contextlib.closing(psycopg2.connect('')) as c:
            X = 1
        """,
    "psycopg2, closed": """
        import psycopg2
        c = psycopg2.connect('')
        try:
            X = c.cursor()
        finally:
            c.close()
        """,
    "MongoClient": """
        from pymongo import MongoClient
        c = MongoClient('')
        X = list(c.x.y.find())
        c.close()
        """,
    "an engine that is disposed": """
        from sqlalchemy import create_engine
        e = create_engine('')
        with e.connect() as c:
            X = c.execute('')
        e.dispose()
        """,
    "an engine that children dispose": """
        from celery.signals import worker_process_init
        from sqlalchemy import create_engine
        e = create_engine('')
        with e.connect() as c:
            X = 1
        @worker_process_init.connect
        def fresh(**k):
            e.dispose(close=False)
        """,
    "no pool": """
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool
        e = create_engine('', poolclass=NullPool)
        e.connect().close()
        """,
    "a session of an engine that is disposed": """
        from sqlalchemy import create_engine
        from sqlalchemy.orm import sessionmaker
        e = create_engine('')
        with sessionmaker(e)() as s:
            X = s.query(1).filter(2).all()
        e.dispose()
        """,
    "an engine that nothing uses": """
        from sqlalchemy import create_engine
        e = create_engine('')
        """,
}
OPEN = {
    "an inspector of an engine": """
        from sqlalchemy import create_engine, inspect
        engine = create_engine('postgresql://h/d')
        X = inspect(engine).get_table_names()
        """,
    "a table that is read from the database": """
        from sqlalchemy import MetaData, Table, create_engine
        engine = create_engine('postgresql://h/d')
        X = Table('books', MetaData(), autoload_with=engine)
        """,
    "classes that are read from the database": """
        from sqlalchemy import create_engine
        from sqlalchemy.ext.automap import automap_base
        engine = create_engine('postgresql://h/d')
        Base = automap_base()
        Base.prepare(autoload_with=engine)
        """,
    "a frame that is read from the database": """
        import pandas as pd
        from sqlalchemy import create_engine
        engine = create_engine('postgresql://h/d')
        X = pd.read_sql('SELECT 1', engine)
        """,
    "tables of SQLModel": """
        from sqlmodel import SQLModel, create_engine
        engine = create_engine('postgresql://h/d')
        SQLModel.metadata.create_all(engine)
        """,
    "psycopg2 in a stack of managers": """
        import psycopg2
        from contextlib import ExitStack
        with ExitStack() as stack:
            c = stack.enter_context(psycopg2.connect(''))
        """,
    "a stack of managers that stays": """
        import psycopg
        from contextlib import ExitStack
        stack = ExitStack()
        c = stack.enter_context(psycopg.connect(''))
        """,
    "one of two executors": """
        from concurrent.futures import ThreadPoolExecutor
        def f():
            return ThreadPoolExecutor()
        for i in range(2):
            p = f()
            p.submit(len)
            if i:
                p.shutdown()
        """,
    "one that is not waited for": """
        from concurrent.futures import ThreadPoolExecutor
        p = ThreadPoolExecutor()
        p.submit(len)
        p.shutdown(wait=False)
        """,
    "one that is not waited for, by position": """
        from concurrent.futures import ThreadPoolExecutor
        p = ThreadPoolExecutor()
        p.submit(len)
        p.shutdown(False)
        """,
    "a thread with a time limit": """
        import threading
        t = threading.Thread(target=print)
        t.start()
        t.join(1)
        """,
    "another thread is joined": """
        import threading
        t = threading.Thread(target=print)
        u = threading.Thread(target=print)
        t.start()
        u.join()
        """,
    "maybe": """
        import os, threading
        t = threading.Thread(target=print)
        t.start()
        if os.environ.get('X'):
            t.join()
        """,
    "psycopg2 in with": """
        import psycopg2
        with psycopg2.connect('') as c:
            X = 1
        """,
    "a function that is not called": """
        import psycopg
        c = psycopg.connect('')
        def f():
            c.close()
        """,
    "in a child": """
        import psycopg
        from celery.signals import worker_process_init
        c = psycopg.connect('')
        @worker_process_init.connect
        def f(**k):
            c.close()
        """,
    "a connection that goes back to its pool": """
        from sqlalchemy import create_engine
        e = create_engine('')
        with e.connect() as c:
            X = 1
        """,
    "begin": """
        from sqlalchemy import create_engine
        e = create_engine('')
        with e.begin() as c:
            X = 1
        """,
    "a session": """
        from sqlalchemy import create_engine
        from sqlalchemy.orm import Session
        s = Session(create_engine(''))
        X = s.execute('').all()
        """,
    "a scoped session": """
        from sqlalchemy import create_engine
        from sqlalchemy.orm import scoped_session, sessionmaker
        s = scoped_session(sessionmaker(bind=create_engine('')))
        X = s.query(1).first()
        """,
    "create_all": """
        from sqlalchemy import create_engine
        from sqlalchemy.orm import DeclarativeBase
        class Base(DeclarativeBase): pass
        Base.metadata.create_all(create_engine(''))
        """,
    "metadata": """
        from sqlalchemy import create_engine, MetaData
        m = MetaData()
        m.create_all(create_engine(''))
        """,
    "disposed in children with its connections": """
        from celery.signals import worker_process_init
        from sqlalchemy import create_engine
        e = create_engine('')
        e.connect()
        @worker_process_init.connect
        def fresh(**k):
            e.dispose()
        """,
    "ray": """
        import ray
        if not ray.is_initialized():
            ray.init()
        """,
}
FILES = {"p/__init__.py": "", "p/celery.py": 'from celery import Celery\napp = Celery("p", include=["p.tasks"])\n'}
CODES = {"FS112", "FS113"}


def codes(tmp_path: Path, text: str) -> set[str]:
    write(tmp_path, {**FILES, "p/tasks.py": text})
    return {finding.code for finding in check(tmp_path).findings} & CODES


@pytest.mark.parametrize("name", CLOSED)
def test_closed(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, CLOSED[name]) == set()


@pytest.mark.parametrize("name", OPEN)
def test_open(tmp_path: Path, name: str) -> None:
    assert codes(tmp_path, OPEN[name])
