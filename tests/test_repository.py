"""What runs the tools of this repository names only what exists: environments, commands, files and versions."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from flake8_forksafe.command_line import make_parser

ROOT = Path(__file__).parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = [path for path in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) if path.name != "config.yml"]

REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")
ACTION = re.compile(r"[\w-]+/[\w-]+@(v\d+|release/v\d+)")


def document(path: Path) -> dict[Any, Any]:
    """A YAML file; ``on:`` is read as True, as YAML 1.1 has it."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def tox() -> configparser.ConfigParser:
    """The file ``tox.ini``."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    return parser


def project() -> dict[str, Any]:
    """The table ``[project]``."""
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def supported_pythons() -> list[str]:
    """The versions of the classifiers."""
    found = [re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in project()["classifiers"]]
    return [match[1] for match in found if match]


def environments() -> set[str]:
    """What ``tox -e`` takes; ``py`` is the Python that runs tox."""
    named = {section.partition(":")[2] for section in tox().sections() if section.startswith("testenv:")}
    return named | {"py"} | {f"py{version.replace('.', '')}" for version in supported_pythons()}


def expanded(steps: str, matrix: dict[str, Any]) -> list[str]:
    """A command with ``${{ matrix.NAME }}`` replaced by each value."""
    match = re.search(r"\$\{\{ matrix\.(\w+) \}\}", steps)
    if match is None:
        return [steps]
    values = [*matrix.get(match[1], ()), *(entry[match[1]] for entry in matrix.get("include", ()) if match[1] in entry)]
    assert values, steps
    return [one for value in values for one in expanded(steps.replace(match[0], str(value)), matrix)]


REDIS = "sudo apt-get update && sudo apt-get install --yes redis-server"
"""What the tests that start RQ and Dramatiq need."""


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_what_exists(path: Path) -> None:
    workflow = document(path)
    assert workflow["permissions"] == {"contents": "read"}
    commands, names = [], set(workflow["jobs"])
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60 and job.get("needs", next(iter(names))) in names
        matrix = job.get("strategy", {}).get("matrix", {})
        for step in job["steps"]:
            assert "uses" not in step or ACTION.fullmatch(step["uses"]), step
            commands += expanded(step.get("run", ""), matrix)
    for command in filter(None, commands):
        match = re.fullmatch(r"python -m (tox run -e (?P<environment>\w+)|pip install (tox|build)|build)", command)
        assert match or command.startswith("test -f ") or command == REDIS, command
        assert match is None or match["environment"] in {None, *environments()}, command


def test_every_environment_is_run_by_a_workflow() -> None:
    run = {
        command.rpartition(" ")[2]
        for path in WORKFLOWS
        for job in document(path)["jobs"].values()
        for step in job["steps"]
        for command in expanded(step.get("run", ""), job.get("strategy", {}).get("matrix", {}))
    }
    default = {name.strip() for name in tox()["tox"]["env_list"].split(",")}
    assert {name for name in default if not name.startswith("py")} | {"py", "latest"} <= run
    assert "latest" not in default, "the default run does not depend on what is released tomorrow"


def test_every_supported_python_is_tested_on_every_system() -> None:
    matrix = document(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["fast"]["strategy"]["matrix"]
    assert matrix["python"] == supported_pythons()
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]
    default = {name.strip() for name in tox()["tox"]["env_list"].split(",")}
    default.add(tox()["testenv:earliest"]["base_python"])  # the earliest Python, with the earliest of everything
    assert {f"py{version.replace('.', '')}" for version in supported_pythons()} <= default


def test_a_release_needs_no_secret() -> None:
    path = ROOT / ".github" / "workflows" / "release.yml"
    jobs = document(path)["jobs"]
    assert document(path)[True] == {"push": {"tags": ["v*"]}}
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["publish"]
    assert jobs["publish"]["needs"] == "build" and jobs["publish"]["environment"] == "pypi"
    assert "secrets." not in path.read_text(encoding="utf-8")


def test_hooks_run_what_exists() -> None:
    (local,) = document(ROOT / ".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    scripts = {**project()["scripts"], "ruff": "", "mypy": ""}
    for hook in local["hooks"]:
        program, *arguments = shlex.split(hook["entry"])
        assert hook["language"] == "system"
        assert program in scripts or (program == "python" and (ROOT / arguments[0]).is_file()), hook["entry"]
    used = [shlex.split(hook["entry"])[0] for hook in local["hooks"]]
    assert {"ruff", "mypy", "forksafe"} <= set(used)


def test_the_hooks_for_others_are_commands_of_this_package() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == ["forksafe", "forksafe-fix"]
    for hook in hooks:
        program, command, *options = hook["entry"].split()
        assert program in project()["scripts"]
        assert shutil.which(program, path=sysconfig.get_path("scripts")) or sys.platform == "win32"
        make_parser(command).parse_args([command, *options])


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_ask_for_what_is_needed(path: Path) -> None:
    form = document(path)
    fields = {field["id"]: field for field in form["body"]}
    assert len(fields) == len(form["body"]) and form["name"] and form["description"]
    assert {field["type"] for field in form["body"]} <= {"textarea", "dropdown", "input", "markdown", "checkboxes"}
    assert "forksafe trace --format json" in fields["trace"]["attributes"]["description"]
    assert "forksafe --version" in fields["versions"]["attributes"]["description"]
    assert fields["versions"]["validations"]["required"] is True


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-earliest.txt"])
def test_the_lock_has_what_tox_installs(name: str) -> None:
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "tests" / name).read_text(encoding="utf-8"), re.MULTILINE))
    parser = tox()
    lines = [line for section in parser.sections() for line in parser[section].get("deps", "").splitlines()]
    wanted = [line for line in [*lines, *project()["dependencies"]] if line and not line.startswith(("{", "uv"))]
    for line in wanted:
        match = REQUIREMENT.match(line)
        assert match and match[0].lower() in locked, f"{line} is not locked: tox -e lock"
    for section in ("testenv", "testenv:earliest"):
        assert f"tests/constraints{section[7:].replace(':', '-')}.txt" in parser[section]["install_command"]


def test_the_earliest_versions_are_those_of_the_lower_bounds() -> None:
    lock = (ROOT / "tests" / "constraints-earliest.txt").read_text(encoding="utf-8")
    for line in project()["dependencies"]:
        name, _, bound = line.partition(">=")
        assert re.search(rf"^{name}=={re.escape(bound)}(\.0)*\s", lock, re.MULTILINE), line
