"""Gates that do not recognise the worker, replaced by one that does."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.cli import main
from flake8_forksafe.fix.gate import better_gate
from flake8_forksafe.fix.text import Refused, Source

GATE = '"worker" in sys.argv'

REPLACED = {
    "in": ('if "celery" in sys.argv:\n    pass\n', 'if "worker" in sys.argv:\n    pass\n'),
    "not in": ("if 'celery' not in sys.argv: pass\n", 'if "worker" not in sys.argv: pass\n'),
    "a method": ('if sys.argv[0].endswith("celery"):\n    pass\n', 'if "worker" in sys.argv:\n    pass\n'),
    "any": ("if any('celery' in a for a in sys.argv):\n    pass\n", 'if "worker" in sys.argv:\n    pass\n'),
    "not": ('if not sys.argv[0] == "celery":\n    pass\n', 'if not "worker" in sys.argv:\n    pass\n'),
    "unequal": ('if sys.argv[1] != "celery":\n    pass\n', 'if "worker" not in sys.argv:\n    pass\n'),
    "one of several": ('if x and "celery" in sys.argv and y:\n    pass\n',
                       'if x and "worker" in sys.argv and y:\n    pass\n'),
    "besides another": ('if "test" not in sys.argv and "celery" not in sys.argv: pass\n',
                        'if "test" not in sys.argv and "worker" not in sys.argv: pass\n'),
    "several lines": ('if (\n    "celery"\n    in sys.argv\n):\n    pass\n',
                      'if (\n    "worker" in sys.argv\n):\n    pass\n'),
    "return": ('x = "celery" in sys.argv and y\n', 'x = "worker" in sys.argv and y\n'),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), REPLACED.values(), ids=REPLACED)
def test_replaced(before: str, after: str) -> None:
    source = Source("apps.py", before.encode())
    assert source.edited([better_gate(source, 1, GATE).edit]).decode() == after


REFUSED = {
    "elsewhere": ("if IS_WORKER:\n    pass\n", "its condition on sys.argv stands elsewhere"),
    "in the body": ('if x:\n    print("celery" in sys.argv)\n', "its condition on sys.argv stands elsewhere"),
    "about something else": ('if "runserver" not in sys.argv: pass\n', "it is not one condition about the worker"),
    "two": ('if "celery" in sys.argv or "celery" in sys.argv[0]: pass\n', "it is not one condition about the worker"),
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        better_gate(Source("apps.py", text.encode()), 1, GATE)
    assert refused.value.reason == reason


PROJECT = {
    "pyproject.toml": '[tool.forksafe]\napp = "proj.celery"\n',
    "proj/__init__.py": "",
    "proj/settings.py": 'INSTALLED_APPS = ["shop.apps.ShopConfig"]\n',
    "proj/celery.py": """\
        import os
        from celery import Celery
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
        app = Celery("proj")
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.autodiscover_tasks()
        """,
    "shop/__init__.py": "",
    "shop/apps.py": """\
        import sys
        from django.apps import AppConfig
        class ShopConfig(AppConfig):
            name = "shop"
            def ready(self):
                if "celery" in sys.argv:
                    return
                import tiktoken
                tiktoken.get_encoding("cl100k_base")
        """,
}


def test_a_gate_that_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(write(tmp_path, PROJECT))
    assert "FS122" in {finding.code for finding in check(tmp_path, app="proj.celery").findings}
    main(["fix", "--no-cache", "--unsafe", "--select", "FS122", "--write"])
    out = capsys.readouterr().out
    assert "shop/apps.py:6: replace the gate '\"celery\" in sys.argv' by '\"worker\" in sys.argv' (unsafe: no" in out
    assert "FS122" not in {finding.code for finding in check(tmp_path, app="proj.celery").findings}
    assert 'if "worker" in sys.argv:\n' in (tmp_path / "shop" / "apps.py").read_text()


def test_none_holds_where_a_program_starts_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = 'from proj.celery import app\nif __name__ == "__main__":\n    app.worker_main(["worker"])\n'
    compose = "services:\n  w:\n    command: python run_worker.py\n"
    monkeypatch.chdir(write(tmp_path, {**PROJECT, "run_worker.py": program, "compose.yaml": compose}))
    main(["fix", "--no-cache", "--unsafe", "--select", "FS122"])
    captured = capsys.readouterr()
    assert "replace the gate" not in captured.out
    assert "shop/apps.py:6: FS122" in captured.err and "is not repaired" in captured.err
