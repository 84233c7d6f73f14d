"""The page of a trace: what it is made of, and what it is told.  How it behaves is tested in a browser, beside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import FIXTURES, check, write

from flake8_forksafe.hosts.celery import AFTER_FORK, BEFORE_FORK, IN_CHILDREN
from flake8_forksafe.hosts.table import HOSTS
from flake8_forksafe.options import UsageError
from flake8_forksafe.report import html
from flake8_forksafe.report.json import trace_hazards
from flake8_forksafe.report.result import Report
from flake8_forksafe.report.sarif import HELP
from flake8_forksafe.report.steps import SIGNAL, STEPS, step_text, step_title
from flake8_forksafe.rules.memory import heavy_packages

SHOP = FIXTURES / "bookshop"
SOURCE = Path(html.__file__).parents[1]


@pytest.fixture(scope="module")
def shop() -> Report:
    """The sample project."""
    return check(SHOP)


def data_of(page: str) -> Any:
    """What the page's script reads."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def launch_of(report: Report) -> Any:
    """The data of the only launch."""
    (launch,) = data_of(html.render(report, report.context.settings.project))["launches"]
    return launch


def rows(launch: Any, name: str, width: int) -> list[list[int]]:
    """A flat list of numbers in rows."""
    numbers = launch[name]
    return [numbers[start : start + width] for start in range(0, len(numbers), width)]


def test_the_page_is_one_file_that_asks_no_network(shop: Report) -> None:
    page = html.render(shop, str(SHOP))
    assert page.startswith("<!doctype html>")
    assert not re.findall(r"{{\w+}}", page)
    addresses = set(re.findall(r"https?://[^\"']*", page.replace("http://www.w3.org/2000/svg", "")))
    assert addresses == {HELP}  # the pages of the codes, which a click opens
    assert re.findall(r'(?:src|href)="(?!data:,")', page) == []
    assert "default-src 'none'" in page


def test_modules_are_in_the_order_of_the_trace(shop: Report) -> None:
    launch, trace = launch_of(shop), shop.traces[0]
    modules = rows(launch, "modules", 4)
    assert [launch["nodes"][node] for node, _, _, _ in modules] == [module.name for module in trace.modules]
    assert [launch["steps"][step]["name"] for _, step, _, _ in modules] == [module.step for module in trace.modules]
    assert [html.ORIGINS[origin] for _, _, origin, _ in modules] == [module.origin for module in trace.modules]
    assert [bool(certain) for *_, certain in modules] == [module.certain for module in trace.modules]


def test_edges_are_those_of_the_trace(shop: Report) -> None:
    launch, trace = launch_of(shop), shop.traces[0]
    nodes, labels = launch["nodes"], launch["labels"]
    shown = [
        (nodes[source], nodes[target], line, html.KINDS[kind], bool(sure), labels[label])
        for source, target, line, kind, sure, label in rows(launch, "edges", 6)
    ]
    assert shown == [(str(e.source), str(e.target), e.line, e.kind, e.sure, e.step) for e in trace.edges]
    assert nodes[0] == "celery worker"
    assert launch["files"][launch["fileOf"][nodes.index("shop.tasks")]] == "shop/tasks.py"
    assert launch["fileOf"][0] == -1


def test_packages_have_the_catalogues_figures_and_no_others(shop: Report) -> None:
    launch, trace = launch_of(shop), shop.traces[0]
    packages = {package["name"]: package for package in launch["packages"]}
    assert {name for name, package in packages.items() if package["hazard"]} == {
        hazard["package"] for hazard in trace_hazards(trace, shop.catalogue, str(SHOP))
    }
    for name, package in packages.items():
        assert package["megabytes"] == shop.catalogue.hazards[name].rss_import_mb
        assert package["nodes"]
    included = {name for package in packages.values() if package["megabytes"] for name in package["pulls"]}
    counted = {n: p["megabytes"] for n, p in packages.items() if p["megabytes"] and n not in included}
    assert counted == dict(heavy_packages(trace, shop.catalogue))


def test_the_cut_leaves_no_hazard_and_none_of_its_imports_is_in_vain(shop: Report) -> None:
    launch, trace = launch_of(shop), shop.traces[0]
    hazards = {node for package in launch["packages"] if package["hazard"] for node in package["nodes"]}
    assert launch["cut"]["kept"] == [] and len(launch["cut"]["statements"]) == 3

    def reached(cut: list[list[int]]) -> set[int]:
        found = {0}
        edges = [(s, t) for s, t, line, kind, _, _ in rows(launch, "edges", 6) if [s, line, kind] not in cut]
        while more := {target for source, target in edges if source in found} - found:
            found |= more
        return found

    cut = launch["cut"]["statements"]
    assert not reached(cut) & hazards
    assert all(reached([one for one in cut if one != left]) & hazards for left in cut)
    assert all(trace.origin(launch["nodes"][node]) == "first-party" for node, _, _ in cut)


def test_what_no_import_of_the_project_keeps_out_is_said_to_stay(tmp_path: Path) -> None:
    app = "from celery import Celery\napp = Celery('proj', include=['torch', 'proj.tasks'])\n"
    write(tmp_path, {"proj/__init__.py": "", "proj/celery.py": app, "proj/tasks.py": "import pandas\n"})
    report = check(tmp_path, app="proj")
    launch = launch_of(report)
    assert launch["cut"] == {"statements": [[launch["nodes"].index("proj.tasks"), 1, 1]], "kept": ["torch"]}


def test_the_system_checks_can_be_left_out(shop: Report) -> None:
    (omission,) = launch_of(shop)["omissions"]
    assert omission["without"] == "start the worker with --skip-checks"
    assert launch_of(shop)["labels"][omission["label"]] == omission["step"] == "system checks"


def test_findings_are_those_of_the_check(shop: Report) -> None:
    shown = [(one["code"], one["path"], one["line"], one["text"]) for one in launch_of(shop)["findings"]]
    assert len(shown) == 13
    assert shown == [
        (
            one.code,
            os.path.relpath(one.place[0] if one.place else one.path, SHOP),
            (one.place or (0, one.line))[1],
            one.what,
        )
        for one in shop.findings
    ]


def test_findings_of_other_workers_are_not_shown(tmp_path: Path) -> None:
    app = "from celery import Celery\napp = Celery('{0}', include=['{0}.tasks'])\n"
    files = {f"{name}/__init__.py": "" for name in ("a", "b")}
    files |= {f"{name}/celery.py": app.format(name) for name in ("a", "b")}
    files |= {"a/tasks.py": "import torch\n", "b/tasks.py": "import pandas\n"}
    files["Procfile"] = "a: celery -A a worker\nb: celery -A b worker\n"
    report = check(write(tmp_path, files))
    launches = data_of(html.render(report, str(tmp_path)))["launches"]
    paths = [{one["path"].partition("/")[0] for one in launch["findings"]} for launch in launches]
    assert [launch["app"][0] for launch in launches] == ["a", "b"] and paths == [{"a"}, {"b"}]


def test_accepted_hazards_are_shown_as_such(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "proj/__init__.py": "",
            "proj/celery.py": "from celery import Celery\nimport torch, pandas\napp = Celery('proj')\n",
        },
    )
    launch = launch_of(check(tmp_path, app="proj", accept=["torch: shared on purpose"]))
    packages = {package["name"]: package for package in launch["packages"]}
    assert (packages["torch"]["hazard"], packages["torch"]["accepted"]) == (False, "shared on purpose")
    assert (packages["pandas"]["hazard"], packages["pandas"]["accepted"]) == (True, None)


@pytest.mark.parametrize("nasty", ["</script><script>alert(1)</script>", "<!--<script>", "{{style}} {{data}}", "]]>"])
def test_data_stays_data(nasty: str) -> None:
    data = {"launches": [{"app": "a", "nodes": [nasty]}]}
    page = html.page(data)
    assert data_of(page) == data
    assert page.count("<script") == html.page({"launches": [{"app": "a", "nodes": []}]}).count("<script")


def test_what_does_not_show_itself_is_spelled_out() -> None:
    (launch,) = data_of(html.page({"launches": [{"app": "a", "nodes": ["\u202e \udcff \x1b"]}]}))["launches"]
    assert launch["nodes"] == ["\\u202e \\udcff \\x1b"]


def test_the_title_is_escaped() -> None:
    assert "<title>&lt;b&gt; before its first fork</title>" in html.page({"launches": [{"app": "<b>"}]})


def test_too_many_modules_are_one_clear_message(shop: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    count = len(shop.traces[0].modules)
    monkeypatch.setattr(html, "LIMIT", count)
    html.render(shop, str(SHOP))
    monkeypatch.setattr(html, "LIMIT", count - 1)
    with pytest.raises(UsageError, match=rf"{count} modules are more than the {count - 1} that a page can show"):
        html.render(shop, str(SHOP))


def test_every_step_of_the_boot_has_words() -> None:
    named = set()
    for path in SOURCE.rglob("*.py"):
        named |= set(re.findall(r'boot_step\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    assert len(named) > 8
    signals = {*BEFORE_FORK, *AFTER_FORK, *IN_CHILDREN}
    for host in HOSTS:
        named |= {step.name for step in (*host.before_fork, *host.after_fork, *host.in_children)} - signals
    assert sorted(named - set(STEPS)) == []
    assert (step_title("worker_init"), step_text("worker_init")) == ("worker_init", SIGNAL)


def test_the_command_writes_utf8_whatever_the_locale(shop: Report) -> None:
    def run(**environ: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-m", "flake8_forksafe", "trace", "--format", "html", "--no-cache", str(SHOP)],
            capture_output=True, check=True, env={**os.environ, **environ},
        ).stdout  # fmt: skip

    page = run()
    assert page.decode("utf-8") == html.render(shop, str(SHOP)) + "\n"
    assert run(PYTHONIOENCODING="ascii") == page


@pytest.mark.parametrize(("again", "certain"), [("import pandas\n", True), ("", False)])
def test_a_package_is_certain_if_any_import_of_it_is(tmp_path: Path, again: str, certain: bool) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "",
            "app.py": "import os\nfrom celery import Celery\n"
            f"if os.environ.get('FAST'):\n    import pandas\n{again}app = Celery('app')\n",
        },
    )
    report = check(tmp_path)
    (hazard,) = trace_hazards(report.traces[0], report.catalogue, str(tmp_path))
    assert (hazard["package"], hazard["line"], hazard["certain"]) == ("pandas", 4, certain)
