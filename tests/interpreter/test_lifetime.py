"""Objects that nothing refers to any more: what they opened is closed, as CPython does it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from helpers import check, found_codes, write

USES = {
    "a local name": """
        def f():
            c = opened()
            return c.getresponse().read()
        A = f()
        """,
    "returned": """
        def f():
            c = opened()
            return c
        A = f()
        """,
    "returned to a function that drops it": """
        def f():
            c = opened()
            return c
        def g():
            f()
        A = g()
        """,
    "a global": """
        def f():
            global A
            A = opened()
        f()
        """,
    "an attribute": """
        class Client:
            def __init__(self):
                self.c = opened()
        A = Client()
        """,
    "an attribute of an object that is dropped": """
        class Client:
            def __init__(self):
                self.c = opened()
        def f():
            client = Client()
        A = f()
        """,
    "a global that is deleted": """
        def f():
            global B
            B = opened()
            return B.getresponse().read()
        A = f()
        del B
        """,
    "a global that is deleted, and held by another": """
        B = opened()
        A = [B]
        del B
        """,
    "a global that may be deleted": """
        B = opened()
        A = 1
        if len(A.__doc__) > 10 ** 6:
            del B
        """,
    "an object in a deleted one": """
        class Holder:
            def __init__(self):
                self.c = opened()
        B = Holder()
        A = 1
        del B
        """,
    "a generator that is kept": """
        def f():
            c = opened()
            return (c for _ in (1, 2))
        A = f()
        """,
    "a list outside": """
        ALL = []
        def f():
            c = opened()
            ALL.append(c)
        f()
        """,
    "a name further out": """
        def f():
            c = None
            def g():
                nonlocal c
                c = opened()
            g()
            return lambda: c
        A = f()
        """,
    "a cached result": """
        from functools import cache
        @cache
        def f():
            c = opened()
            return c
        def g():
            f()
        g()
        """,
    "a method that is kept": """
        import atexit
        def f():
            c = opened()
            atexit.register(c.close)
        f()
        """,
    "a default": """
        def f():
            c = opened()
            def g(c=c): pass
            return g
        A = f()
        """,
}
OPENED = """
from http.client import HTTPConnection
def opened():
    connection = HTTPConnection('127.0.0.1', PORT)
    connection.request('GET', '/')
    return connection
"""
SCRIPT = """
import gc, socket, threading, weakref
gc.disable()
server = socket.create_server(('127.0.0.1', 0))
PORT = server.getsockname()[1]
ANSWER = b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'
def serve():
    connection, _ = server.accept()
    connection.recv(999)
    connection.sendall(ANSWER)
    threading.Event().wait()
threading.Thread(target=serve, daemon=True).start()
made = []
connect = socket.create_connection
def remembered(*arguments, **options):
    made.append(weakref.ref(client := connect(*arguments, **options)))
    return client
socket.create_connection = remembered
"""
END = """
import os
[client] = made
print(client() is None or client().fileno() < 0, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("name", USES)
def test_a_connection_is_open_if_it_is_open_really(tmp_path: Path, name: str) -> None:
    body = OPENED + textwrap.dedent(USES[name])
    done = subprocess.run([sys.executable, "-c", SCRIPT + body + END], capture_output=True, text=True, check=True)
    is_closed = {"True": True, "False": False}[done.stdout.strip()]
    files = {"pyproject.toml": "", "p/__init__.py": "", "p/tasks.py": body,
             "p/celery.py": "from celery import Celery\napp = Celery('p', include=['p.tasks'])\n"}  # fmt: skip
    found = found_codes(check(write(tmp_path, files)), tmp_path)
    assert any(code == "FS113" for _, _, code in found) is not is_closed
