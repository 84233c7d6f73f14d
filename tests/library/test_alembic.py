"""Alembic: asking for a revision executes every migration."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import imported_modules, walk_program

MIGRATIONS = {
    "app/__init__.py": "",
    "app/migrations/versions/a1.py": "import one\n",
    "app/migrations/versions/b2.py": "",
    "app/migrations/versions/notes.txt": "",
}
PROGRAM = """\
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    config = Config()
    config.set_main_option("script_location", {location!r})
    scripts = ScriptDirectory.from_config(config)
    {asked}
    """


@pytest.mark.parametrize("asked", ["scripts.get_current_head()", "scripts.get_heads()", "scripts.walk_revisions()"])
def test_migrations_of_a_package(tmp_path: Path, asked: str) -> None:
    walk = walk_program(tmp_path, MIGRATIONS | {"main.py": PROGRAM.format(location="app:migrations", asked=asked)})
    assert imported_modules(walk)[-3:] == ["a1", "one", "b2"]


def test_migrations_of_a_directory(tmp_path: Path) -> None:
    location = str(tmp_path / "app" / "migrations")
    walk = walk_program(
        tmp_path, MIGRATIONS | {"main.py": PROGRAM.format(location=location, asked="scripts.get_heads()")}
    )
    assert "a1" in imported_modules(walk)


def test_nothing_happens_before_a_revision_is_asked_for(tmp_path: Path) -> None:
    walk = walk_program(tmp_path, MIGRATIONS | {"main.py": PROGRAM.format(location="app:migrations", asked="")})
    assert "a1" not in imported_modules(walk)
