"""Command lines of click and Typer: the walk calls what click calls, with the same arguments."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from helpers import check, write
from programs import names_of, plain, walk_program

CLICK = """
import click
CALLED = []

@click.group()
@click.option("--debug/--no-debug", default=False)
@click.option("-e", "--env-file", default="none")
def cli(debug, env_file):
    CALLED.append(("cli", debug, env_file))

@cli.command()
@click.option("--port", default=8000)
def web(port):
    CALLED.append(("web", port))

@cli.command("work")
@click.pass_context
@click.option("-n", "number", type=int, default=2)
@click.option("-v", "--verbose", is_flag=True, default=False)
def worker(ctx, number, verbose):
    CALLED.append(("worker", number, verbose))

@cli.group()
def jobs():
    CALLED.append(("jobs",))

@jobs.command
def run_command():
    CALLED.append(("run",))

@click.command()
def added():
    CALLED.append(("added",))

cli.add_command(added, "more")
cli()
"""
LINES = [
    "web", "web --port 9", "web --port=9", "work", "work -n 7", "--debug work -v", "-e file web", "--env-file=x work",
    "jobs run", "jobs", "more", "", "--no-debug more", "-- web",
]  # fmt: skip


def really_called(source: str, argv: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """What click calls."""
    monkeypatch.setattr(sys, "argv", argv)
    names: dict[str, Any] = {"__name__": "main"}
    with pytest.raises(SystemExit):
        exec(compile(source, "main.py", "exec"), names)
    return names["CALLED"]


@pytest.mark.parametrize("line", LINES)
def test_like_click(tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    argv = ["prog", *line.split()]
    walk = walk_program(tmp_path, CLICK, argv=(tuple(argv),))
    assert plain(names_of(walk)["CALLED"]) == really_called(CLICK, argv, monkeypatch)


@pytest.mark.parametrize("line", ["none", "none --of them"])
def test_a_command_that_is_not_known_may_be_any(tmp_path: Path, line: str) -> None:
    walk = walk_program(tmp_path, CLICK.replace("CALLED.append", "print"), argv=(("prog", *line.split()),))
    called = {edge.target.function: edge.sure for edge in walk.recorder.edges.values() if edge.kind == "call"}
    assert called == {"cli": True, **dict.fromkeys(("web", "worker", "jobs", "run_command", "added"), False)}


PROGRAMS = {
    "click": """
        import click
        @click.group()
        def cli(): pass
        @cli.command()
        def web():
            import uvicorn
            uvicorn.run("shop.web:app")
        @cli.command()
        def worker():
            from shop.celery import app
            app.worker_main(["worker", "-c", "4"])
        """,
    "typer": """
        import typer
        cli = typer.Typer()
        @cli.command()
        def web(port: int = 8000):
            import uvicorn
            uvicorn.run("shop.web:app")
        @cli.command("worker")
        def work(queue: str = "a"):
            from shop.celery import app
            app.worker_main(["worker", "-c", "4"])
        """,
    "typer in typer": """
        import typer
        cli, jobs = typer.Typer(), typer.Typer()
        cli.add_typer(jobs, name="worker")
        @cli.command()
        def web():
            pass
        @jobs.callback(invoke_without_command=True)
        def work():
            from shop.celery import app
            app.worker_main(["worker", "-c", "4"])
        """,
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_only_the_command_that_starts_the_worker_is_one(tmp_path: Path, program: str) -> None:
    service = "  {0}:\n    image: shop\n    command: shop {0}\n    mem_limit: 100m\n"
    files = {
        "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["celery", "torch"]\n'
        '[project.scripts]\nshop = "shop.cli:cli"\n',
        "shop/__init__.py": "",
        "shop/cli.py": textwrap.dedent(PROGRAMS[program]),
        "shop/celery.py": "from celery import Celery\napp = Celery('shop', include=['shop.tasks'])\n",
        "shop/tasks.py": "import torch\n",
        "compose.yaml": "services:\n" + "".join(map(service.format, ("web", "worker"))),
    }
    report = check(write(tmp_path, files))
    (trace,) = report.traces
    assert [start.name for start in trace.starts] == ["worker"] and not report.context.left_out
    assert {found.code for found in report.findings} == {"FS101", "FS131", "FS141"}
    (memory,) = [found.text for found in report.findings if found.code == "FS141"]
    assert memory.startswith("4 children")


def test_a_line_of_several_commands_is_not_taken_for_the_first(tmp_path: Path) -> None:
    chained = PROGRAMS["click"].replace("click.group()", "click.group(chain=True)")
    files = {
        "pyproject.toml": '[project]\nname = "shop"\n[project.scripts]\nshop = "shop.cli:cli"\n',
        "shop/__init__.py": "",
        "shop/cli.py": textwrap.dedent(chained),
        "shop/celery.py": "from celery import Celery\napp = Celery('shop')\n",
        "Procfile": "worker: shop web worker\n",
    }
    (trace,) = check(write(tmp_path, files)).traces
    assert [start.name for start in trace.starts] == ["worker"]


def test_a_program_that_starts_no_worker_leaves_its_app_as_it_is(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "shop"\n[project.scripts]\nshop = "shop.cli:cli"\n',
        "shop/__init__.py": "",
        "shop/cli.py": textwrap.dedent(PROGRAMS["click"]),
        "shop/celery.py": "from celery import Celery\napp = Celery('shop', include=['shop.tasks'])\n",
        "shop/tasks.py": "import torch\n",
        "Procfile": "web: shop web\n",
    }
    (trace,) = check(write(tmp_path, files)).traces
    assert trace.launch.app == "shop.celery:app" and not trace.starts
