"""Deployment files and programs that are made to take long: without bounds each takes minutes, or hundreds of MB."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.deployment import compose
from flake8_forksafe.deployment.commented_json import parse_commented
from flake8_forksafe.deployment.model import Place, Unusable
from flake8_forksafe.deployment.process_managers import split_command
from flake8_forksafe.deployment.programs import commands_in
from flake8_forksafe.deployment.repository import find_launches
from flake8_forksafe.deployment.templates import render_helm, render_jinja
from flake8_forksafe.project.disk import Disk
from flake8_forksafe.source.written_commands import MOST_COMMANDS

pytestmark = pytest.mark.costly

SIZE = 300_000
UNCLOSED = ("{{ ", '{{ "', "{{ ` ", "{{/* x }}", "{{/* a */ x }}", "{{ a } ", "   {% ", "{# ", "{{- ")


@pytest.mark.parametrize("text", UNCLOSED)
def test_tags_that_are_not_closed(text: str) -> None:
    whole = (text * SIZE)[:SIZE]
    if "}}" not in text:
        assert len(render_jinja(whole, {})) <= SIZE
    if "{{" in text:
        assert render_helm(whole, {}, "chart").text == whole


@pytest.mark.parametrize("text", ["{{ .Values.a }}\n", "{{ if .Values.a }}", "{{ range .Values.b }}{{ . }}{{ end }}"])
def test_templates_that_become_too_much(text: str) -> None:
    with pytest.raises(Unusable):
        render_helm((text * SIZE)[: SIZE - SIZE % len(text)], {"a": "x" * 100, "b": ["y"] * 1000}, "chart")


@pytest.mark.parametrize("text", ["/*", '"\\"', '"\\\n', "//", ",  ", ', "', "[", '{"a":'])
def test_commented_json_that_is_not_closed(text: str) -> None:
    with pytest.raises(ValueError):
        parse_commented((text * SIZE)[:SIZE])


def names_of_names(form: str, last: str) -> str:
    """A program whose commands stand for each other, so often that all of them are too many."""
    definitions = [f"N{number} = {form.replace('NEXT', f'N{number + 1}')}\n" for number in range(9)]
    return f"import subprocess\n{''.join(definitions)}N9 = {last}\nsubprocess.run(N0)\nsubprocess.run(['celery', N0])\n"


PROGRAMS = {
    "formatted texts": names_of_names('f"' + "{NEXT}" * 200 + '"', "'celery -A shop worker'"),
    "sums": names_of_names("NEXT" + " + NEXT" * 40, "'celery -A shop worker'"),
    "lists": names_of_names("[" + "*NEXT, " * 500 + "]", "['celery', '-A', 'shop', 'worker']"),
    "functions": "import subprocess\n"
    + "".join(f"def f{n}():\n    import os\n    x = 1\n    subprocess.run('celery worker')\n" for n in range(3000)),
    "a long text": f"import subprocess, shlex\nT = 'celery {'a ' * 100_000}'\n"
    + "subprocess.run(shlex.split(T))\n" * 3000,
}


@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_that_run_commands(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.py").write_text(text, encoding="utf-8")
    found = commands_in(Disk(), str(tmp_path / "run.py"))
    assert len(found) <= MOST_COMMANDS
    assert sum(len(word.text) for command in found for word in command.argv) < 10_000_000


HEAD = "[uwsgi]\nmodule = shop.celery:app\nmaster = true\n"
FILES = {
    "a loop": HEAD + f"for = {'a ' * 4500}\n" + "set = x%(_)=1\n" * 20_000 + "endfor =\n",
    "itself": HEAD + "ini = uwsgi.ini\n" * 30_000,
    "values": HEAD + f"a = {'x' * 5000}\n" + "".join(f"b{number} = %(a)%(a)\n" for number in range(9000)),
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_configurations_of_uwsgi(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"uwsgi.ini": text, "Procfile": "web: uwsgi --ini uwsgi.ini\n", "shop/celery.py": "app = 1\n"})
    found = find_launches(Disk(), str(tmp_path))
    assert [launch.app for launch in found.others] == ["shop.celery:app"]


@pytest.mark.parametrize("line", ["ENV A<n>=1", "FROM s<p> AS s<n>"])
def test_a_dockerfile_of_very_many_instructions(tmp_path: Path, line: str) -> None:
    lines = [line.replace("<n>", str(number)).replace("<p>", str(number - 1)) for number in range(1, 30_000)]
    write(tmp_path, {"Dockerfile": "\n".join(["FROM a AS s0", *lines, "CMD celery -A shop worker", ""])})
    found = find_launches(Disk(), str(tmp_path))
    assert not found.launches
    assert [trouble.text for trouble in found.troubles] == ["it holds more than a deployment file can hold"]


def test_a_table_of_scripts(tmp_path: Path) -> None:
    scripts = {f"s{number}": f"celery -A shop{number} worker" for number in range(20_000)}
    write(tmp_path, {"package.json": json.dumps({"scripts": scripts})})
    assert 0 < len(find_launches(Disk(), str(tmp_path)).launches) <= 1000


def test_services_that_take_too_many_variables_out_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "MOST_VARIABLES", 5)
    service = "  s{0}:\n    image: a\n    command: celery -A proj worker\n    env_file: [e.env, e.env]\n"
    write(tmp_path, {"compose.yaml": "services:\n" + "".join(map(service.format, range(4))), "e.env": "A=1\nB=2\n"})
    found = find_launches(Disk(), str(tmp_path))
    assert [trouble.text for trouble in found.troubles] == ["its services take more than 5 variables out of files"]
    assert [dict(launch.environ) for launch in found.launches] == [{"A": "1", "B": "2"}] * 2 + [{}] * 2


def test_a_command_longer_than_a_system_starts_is_not_split() -> None:
    with pytest.raises(Unusable, match="cannot be split into words: longer than 131072 characters"):
        split_command("celery -A proj worker -c " + "9" * 131_072, Place("compose.yaml", 1))
