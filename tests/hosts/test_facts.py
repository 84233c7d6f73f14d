"""What a trace keeps of its host is plain data, which rules and reports ask."""

from __future__ import annotations

import subprocess
import sys

from helpers import FIXTURES, check

from flake8_forksafe.hosts.celery import CELERY


def test_a_trace_keeps_the_facts_of_its_host() -> None:
    (trace,) = check(FIXTURES / "bookshop").traces
    assert trace.host == CELERY.facts(trace.launch.app)
    assert trace.graph.root == trace.host.root


def test_rules_need_neither_the_plan_nor_the_interpreter() -> None:
    program = (
        "import sys, flake8_forksafe.rules\n"
        "heavy = ('flake8_forksafe.hosts.celery', 'flake8_forksafe.library', 'flake8_forksafe.interpreter.walk')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
