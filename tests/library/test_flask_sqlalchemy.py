"""Flask-SQLAlchemy: what takes a connection of its engine, which the pool then keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, found_codes, write

WEB = """\
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.pool import NullPool
db = SQLAlchemy({made})
class Book(db.Model): ...
def create_app():
    app = Flask("p")
    app.config["SQLALCHEMY_DATABASE_URI"] = "{url}"
    db.init_app(app)
    with app.app_context():
        {use}
    return app
"""
CELERY = """\
from celery import Celery, signals
from p.web import create_app, db
flask_app = create_app()
app = Celery("p", include=["p.tasks"])
@signals.worker_process_init.connect(weak=False)
def begin(**options):
    with flask_app.app_context():
        {child}
"""
URL = "postgresql://h/books"
USES = ("db.create_all()", "db.reflect()", "db.session.execute(db.text('SELECT 1'))", "db.engine.connect()",
        "db.metadata.create_all(bind=db.engine)", "db.session.query(Book).all()", "Book.query.count()")  # fmt: skip


def found(root: Path, use: str, made: str = "", url: str = URL, child: str = "pass") -> set[str]:
    files = {"pyproject.toml": "", "p/__init__.py": "", "p/tasks.py": "", "p/celery.py": CELERY.format(child=child),
             "p/web.py": WEB.format(made=made, url=url, use=use)}  # fmt: skip
    return {code for _, _, code in found_codes(check(write(root, files)), root) if code != "FS190"}


@pytest.mark.parametrize("use", USES)
def test_a_connection_that_children_share(tmp_path: Path, use: str) -> None:
    assert found(tmp_path, use) == {"FS113"}


@pytest.mark.parametrize(
    ("use", "made", "url", "child"),
    [
        pytest.param("db.session", "", URL, "pass", id="nothing is asked"),
        pytest.param("db.create_all(); db.engine.dispose()", "", URL, "pass", id="disposed"),
        pytest.param("db.create_all()", "", URL, "db.engine.dispose(close=False)", id="disposed in the child"),
        pytest.param("db.create_all()", "engine_options={'poolclass': NullPool}", URL, "pass", id="no pool"),
        pytest.param("db.create_all()", "", "sqlite:///:memory:", "pass", id="in memory"),
    ],
)
def test_nothing_is_shared(tmp_path: Path, use: str, made: str, url: str, child: str) -> None:
    assert found(tmp_path, use, made, url, child) == set()
