"""``python -m flake8_forksafe`` is the ``forksafe`` command."""

from flake8_forksafe.cli import run

run()
