"""SARIF, against its schema and against what it must say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from findings import AI, FOUND
from helpers import FIXTURES, check

from flake8_forksafe.report.sarif import fingerprint, render
from flake8_forksafe.report.severity import severity
from flake8_forksafe.rules import RULES, Finding

SCHEMA = Path(__file__).parent / "sarif-2.1.0-rtm.5.json"


def errors(log: Any) -> list[str]:
    """What the schema has against a log."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return [f"{list(error.path)}: {error.message}" for error in jsonschema.Draft4Validator(schema).iter_errors(log)]


def run_of(*findings: Finding) -> Any:
    """The only run of a log."""
    (run,) = json.loads(render(findings, "/work"))["runs"]
    return run


def test_the_bookshop_is_valid() -> None:
    report = check(FIXTURES / "bookshop")
    log = json.loads(render(report.findings, str(FIXTURES / "bookshop")))
    assert len(log["runs"][0]["results"]) == len(report.findings) > 10
    assert errors(log) == []


def test_the_validation_can_fail() -> None:
    log = json.loads(render(FOUND, "/work"))
    assert errors(log) == []
    log["runs"][0]["results"][0]["level"] = "catastrophe"
    assert len(errors(log)) == 1


def test_no_findings_are_a_valid_log_with_all_rules() -> None:
    log = json.loads(render([], "/work"))
    assert errors(log) == []
    assert log["runs"][0]["results"] == []
    assert [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]] == [rule.code for rule in RULES]


def test_every_rule_has_help() -> None:
    for rule in run_of()["tool"]["driver"]["rules"]:
        assert rule["help"]["text"].startswith(f"{rule['id']}: ")
        assert "## Use instead" in rule["help"]["markdown"]
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["defaultConfiguration"]["level"] == severity(rule["id"])


def test_a_result_is_at_its_place_relative_to_the_project() -> None:
    run = run_of(*FOUND)
    first, second, _ = run["results"]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "FS101"
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "proj/ai.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3, "startColumn": 1},
            }
        }
    ]
    assert run["originalUriBaseIds"]["%SRCROOT%"]["uri"] == "file:///work/"
    assert (first["level"], second["level"]) == ("error", "warning")
    assert first["message"]["text"].endswith("(100 %); instead: import it late.")


def test_braces_do_not_begin_a_placeholder() -> None:
    assert run_of(FOUND[1])["results"][0]["message"]["text"] == "a value such as {{name}} cannot be resolved."


def test_the_chain_is_a_code_flow() -> None:
    flows = run_of(FOUND[0])["results"][0]["codeFlows"]
    steps = flows[0]["threadFlows"][0]["locations"]
    assert [
        (
            step["location"]["physicalLocation"]["artifactLocation"]["uri"],
            step["location"]["physicalLocation"]["region"]["startLine"],
            step["location"]["message"]["text"],
        )
        for step in steps
    ] == [
        ("proj/celery.py", 4, "proj.celery, include: executes proj.tasks"),
        ("proj/tasks.py", 2, "proj.tasks imports proj.ai"),
        ("proj/ai.py", 3, "proj.ai imports torch"),
    ]
    assert [step["executionOrder"] for step in steps] == [1, 2, 3]
    assert "codeFlows" not in run_of(FOUND[1])["results"][0]


def test_addresses_are_quoted_and_files_elsewhere_absolute() -> None:
    inside = Finding("/work/my proj/ä%#?.py", 1, 0, "FS101", "x")
    outside = Finding("/env/lib/torch/__init__.py", 1, 0, "FS101", "x")
    locations = [
        result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run_of(inside, outside)["results"]
    ]
    assert locations == [
        {"uri": "my%20proj/%C3%A4%25%23%3F.py", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///env/lib/torch/__init__.py"},
    ]


def test_fingerprints_outlive_edits_and_other_checkouts() -> None:
    finding = FOUND[0]
    moved = finding._replace(line=99, column=4, what="other words")
    elsewhere = finding._replace(path=AI.replace("/work", "/home/me"))
    other = finding._replace(subject="polars")
    known = fingerprint(finding, "/work")
    assert fingerprint(moved, "/work") == fingerprint(elsewhere, "/home/me") == known
    assert fingerprint(other, "/work") != known
    assert run_of(finding)["results"][0]["partialFingerprints"] == {"codeAndSubject/v1": known}


def test_the_log_is_ascii_so_that_no_encoding_spoils_it() -> None:
    nasty = Finding(AI, 1, 0, "FS101", "→ \udcff \x00")
    assert render([nasty], "/work").isascii()


def test_equal_findings_of_a_file_have_fingerprints_of_their_own() -> None:
    first = FOUND[0]
    run = run_of(first, first._replace(line=first.line + 4), first._replace(path=first.path + "x"))
    prints = [result["partialFingerprints"]["codeAndSubject/v1"] for result in run["results"]]
    assert len(set(prints)) == 3 and prints[0] == fingerprint(first, "/work")


def test_every_rule_has_a_page_that_exists() -> None:
    for rule in run_of()["tool"]["driver"]["rules"]:
        assert (Path(__file__).parents[2] / "docs" / rule["helpUri"].partition("/docs/")[2]).is_file()
