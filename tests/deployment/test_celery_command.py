"""Celery's command line against Celery's own parsers."""

from __future__ import annotations

import click
import pytest
from celery.apps.multi import MultiParser, NamespacedOptionParser
from celery.bin.celery import celery
from hypothesis import given, settings
from hypothesis import strategies as st

from flake8_forksafe.deployment import celery_command as table
from flake8_forksafe.deployment.celery_command import worker_commands
from flake8_forksafe.deployment.model import Word

WORKER = celery.commands["worker"]


def words(arguments: list[str]) -> list[Word]:
    return [Word(argument) for argument in arguments]


def test_tables_are_those_of_celery() -> None:
    commands = ((celery, table.GLOBAL_VALUES, table.GLOBAL_FLAGS), (WORKER, table.WORKER_VALUES, table.WORKER_FLAGS))
    for command, values, flags in commands:
        for option in command.params:
            assert isinstance(option, click.Option)
            for name in option.opts:
                assert (name in flags) if option.is_flag else (values[name] == option.name)
    assert set(celery.commands) <= table.SUBCOMMANDS


OPTIONS = st.one_of(
    st.tuples(st.sampled_from(["-c", "-P", "-l", "-n", "-Q", "--pool", "--concurrency", "--autoscale", "--time-limit"]),
              st.sampled_from(["4", "solo", "x,y"])),
    st.sampled_from(["-c4", "-Psolo", "-Ec4", "--pool=solo", "--concurrency=", "-E", "-B", "--events", "--purge", "x=1",
                     "--max-tasks-per-child=9", "-EBPthreads", "--without-gossip", "word"]).map(lambda one: (one,)),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(OPTIONS, max_size=8), st.booleans(), st.lists(st.sampled_from(["-c", "y=2", "z"]), max_size=2))
def test_options_are_read_as_click_reads_them(options: list[tuple[str, ...]], ended: bool, rest: list[str]) -> None:
    arguments = [word for option in options for word in option] + (["--", *rest] if ended else [])
    context = click.Context(WORKER, ignore_unknown_options=False, allow_extra_args=True)
    expected, extra, _ = WORKER.make_parser(context).parse_args(list(arguments))
    (command,) = worker_commands(words(["-A", "proj", "worker", *arguments]))
    values = {name: value for name, value in expected.items() if isinstance(value, str)}
    flags = {option.name for option in WORKER.params if isinstance(option, click.Option) and option.is_flag}
    assert ("beat" in command.options) is bool(expected.get("beat"))
    assert {name: word.text for name, word in command.options.items() if name != "beat"} == {
        "app": "proj", **{name: value for name, value in values.items() if name not in flags},
    }  # fmt: skip
    assert [word.text for word in command.settings] == [word for word in extra if "=" in word]


MULTI = (
    "3 -c 5", "image video -c 2 -c:video 8", "4 -c 3 -c:1-2 10 -c:4 9", "w1 -P solo", "a b c -c 2 -c:a,c 7",
    "a b --concurrency=2 --concurrency:2=9", "2 -E -c 3", "5 -c 3 -c:2,4 1", "1", "x -c:x 4",
)  # fmt: skip


@pytest.mark.parametrize("arguments", MULTI)
def test_multi(arguments: str) -> None:
    files = ["--pidfile=pid", "--logfile=log", "-A", "proj"]
    parser = NamespacedOptionParser([*arguments.split(), *files])
    parser.parse()
    nodes = list(MultiParser(cmd="celery worker").parse(parser))
    expected = sorted(str(node.options.get("-c", node.options.get("--concurrency"))) for node in nodes)
    commands = worker_commands(words(["multi", "start", *arguments.split(), *files]))
    found = [
        command.options["concurrency"].text if "concurrency" in command.options else "None"
        for command in commands
        for _ in range(command.nodes)
    ]
    assert sorted(found) == expected
    assert {command.options["app"].text for command in commands} == {"proj"}


@pytest.mark.parametrize(
    "arguments", ["multi stop w1", "multi show 3", "beat", "worker --help", "", "-A x", "-A worker"]
)
def test_no_workers(arguments: str) -> None:
    assert worker_commands(words(arguments.split())) == ()
