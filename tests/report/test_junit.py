"""JUnit XML, read back with a parser."""

from __future__ import annotations

from xml.etree import ElementTree

from findings import AI, FOUND

from flake8_forksafe.report.junit import render
from flake8_forksafe.rules import Finding


def test_one_suite_a_file_and_one_failure_a_finding() -> None:
    root = ElementTree.fromstring(render(FOUND, "/work"))
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "3", "3")
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [("proj/ai.py", "2"), ("proj/tasks.py", "1")]
    case = root[0][0]
    assert (case.get("name"), case.get("classname"), case.get("line")) == ("FS101 at 3:1", "proj/ai.py", "3")
    failure = case[0]
    assert (failure.get("type"), failure.get("message")) == ("FS101", FOUND[0].what)
    assert failure.text is not None
    assert failure.text.splitlines()[0] == f"proj/ai.py:3:1: FS101 {FOUND[0].what}"
    assert "proj/tasks.py:2  →  proj.ai" in failure.text.splitlines()
    assert failure.text.splitlines()[-1] == "instead: import it late"


def test_without_findings_one_test_passed() -> None:
    root = ElementTree.fromstring(render([], "/work"))
    assert (root.get("tests"), root.get("failures")) == ("1", "0")
    assert [case.get("name") for case in root.iter("testcase")] == ["no findings"]
    assert not list(root.iter("failure"))


def test_what_xml_cannot_hold_is_spelled_out() -> None:
    nasty = Finding(AI + "\udcff", 1, 0, "FS101", "a <b> & \"c\" \x00\x1b[31m ]]> 'd' \ufffe")
    root = ElementTree.fromstring(render([nasty], "/work"))
    assert next(root.iter("failure")).get("message") == "a <b> & \"c\" \\x00\\x1b[31m ]]> 'd' \\ufffe"
    assert root[0].get("name") == "proj/ai.py\\udcff"
