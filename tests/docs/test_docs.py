"""Every example in the documentation is run or parsed, and every generated part is current."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import examples
import generate
import pytest
import yaml

from flake8_forksafe.command_line import make_parser
from flake8_forksafe.settings import OPTIONS, make_settings

BLOCKS = [block for page in examples.pages() for block in examples.blocks(page)]
UNPARSED = {"lua", "text"}
"""Languages that nothing here can parse: they are shown in pages that say "untried", or are drawings."""
COMMAND = re.compile(r"^\s*(?:- )?(?:run: )?(forksafe [^\n>|#]+)", re.MULTILINE)


def name(block: examples.Block) -> str:
    """A block, for the name of a test."""
    return f"{block.page.name}:{block.line}:{block.language}"


def of(*languages: str) -> list[Any]:
    """Test parameters: the blocks in these languages."""
    return [pytest.param(block, id=name(block)) for block in BLOCKS if block.language in languages]


@pytest.mark.parametrize("page", examples.pages(), ids=lambda page: page.name)
def test_commands_print_what_is_shown(page: Path, tmp_path: Path) -> None:
    for block, command, printed in examples.run_page(page, tmp_path):
        assert examples.agree(command.shown, printed), (
            f"{name(block)}: {shlex.join(command.words)} prints\n{printed}\ninstead of\n{command.shown}\n"
            "If that is as it should be: python docs/generate.py"
        )


def test_some_commands_are_run() -> None:
    run = [command for block in BLOCKS if block.language == "console" for command in examples.commands(block)]
    assert len(run) >= 5


@pytest.mark.parametrize("block", of("python"))
def test_python(block: examples.Block) -> None:
    compile(block.text, name(block), "exec")


@pytest.mark.parametrize("block", of("toml"))
def test_toml(block: examples.Block, tmp_path: Path) -> None:
    document = tomllib.loads(block.text)
    (tmp_path / "pyproject.toml").write_text(block.text, encoding="utf-8")
    settings = make_settings(str(tmp_path), {})
    if "forksafe" in document.get("tool", {}):
        assert settings != make_settings(str(tmp_path / "elsewhere"), {})._replace(project=str(tmp_path))


@pytest.mark.parametrize("block", of("ini"))
def test_flake8_configuration(block: examples.Block) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(block.text)
    known = {"extend-ignore", *(f"forksafe-{option.name}" for option in OPTIONS)}
    assert set(parser["flake8"]) <= known


@pytest.mark.parametrize("block", of("yaml"))
def test_yaml(block: examples.Block) -> None:
    document = yaml.safe_load(block.text)
    assert isinstance(document, dict)
    for repository in document.get("repos", []):
        for hook in repository["hooks"]:
            if "flake8-forksafe" in repository["repo"]:
                hooks = yaml.safe_load((examples.ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
                assert hook["id"] in {known["id"] for known in hooks}


@pytest.mark.parametrize("block", of("json"))
def test_json(block: examples.Block) -> None:
    assert json.loads(block.text)


@pytest.mark.parametrize("block", of("sh"))
def test_shell(block: examples.Block) -> None:
    assert subprocess.run(["bash", "-n"], input=block.text, encoding="utf-8").returncode == 0


@pytest.mark.parametrize("block", of("sh", "yaml"))
def test_commands_that_are_not_run_have_the_options_they_use(block: examples.Block) -> None:
    for text in COMMAND.findall(block.text):
        words = shlex.split(text)
        ours = words[: words.index("--")] if "--" in words else words
        make_parser(words[1]).parse_args(ours[1:])


def test_every_block_is_looked_at() -> None:
    looked_at = {"console", "python", "toml", "ini", "yaml", "json", "sh"}
    assert {block.language for block in BLOCKS} <= looked_at | UNPARSED


def test_generated_parts_are_current() -> None:
    assert not generate.stale() and not generate.obsolete(), "run: python docs/generate.py"


def test_each_attack_that_was_tried_has_its_test() -> None:
    root = Path(__file__).parents[2]
    rows = [row for row in (root / "docs/untrusted.md").read_text(encoding="utf-8").split("\n") if "`tests/" in row]
    assert len(rows) > 30
    for row in rows:
        found = re.search(r"`(tests/\S+\.py)::(\S+)` \|$", row)
        assert found is not None, row
        text = (root / found[1]).read_text(encoding="utf-8")
        for name in found[2].split("::"):
            assert re.search(rf"^\s*(?:def|class) {name}\b", text, re.MULTILINE), row


def test_every_note_on_an_option_is_of_an_option() -> None:
    notes = tomllib.loads((examples.DOCS / "options.toml").read_text(encoding="utf-8"))
    assert set(notes) <= {option.name for option in OPTIONS}


# --- the comparison itself ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "printed", "agrees"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\nd\n", "a\nb\n", False),
        ("a.b\n", "axb\n", False),
    ],
)
def test_agreement(shown: str, printed: str, agrees: bool) -> None:
    assert examples.agree(shown, printed) is agrees


def test_an_outdated_output_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "A\n\n```console\n$ forksafe --version\nold\nlines\n$ forksafe explain\n...\n```\n\nB\n", encoding="utf-8"
    )
    text = examples.updated(page, list(examples.run_page(page, tmp_path)))
    assert re.fullmatch(
        r"A\n\n```console\n\$ forksafe --version\nforksafe [\d.]+\S*\n\$ forksafe explain\n\.\.\.\n```\n\nB\n", text
    )
