"""Which receivers a signal still calls when it is sent: held against Celery, Django and blinker themselves."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from programs import walk_program, write

PARTS = {
    "at the top": """
        def one(*a, **k):
            import m_one
        {signal}.connect(one)
        """,
    "defined in a function": """
        def set_up():
            def one(*a, **k):
                import m_one
            {signal}.connect(one)
        set_up()
        """,
    "decorated in a function": """
        def set_up():
            @{signal}.connect
            def one(*a, **k):
                import m_one
            def two(*a, **k):
                import m_two
        set_up()
        """,
    "held strongly": """
        def set_up():
            def one(*a, **k):
                import m_one
            {signal}.connect(one, weak=False)
        set_up()
        """,
    "a lambda": """
        {signal}.connect(lambda *a, **k: __import__("m_one"))
        """,
    "a lambda with a name": """
        one = lambda *a, **k: __import__("m_one")
        {signal}.connect(one)
        """,
    "given back": """
        def set_up():
            def one(*a, **k):
                import m_one
            {signal}.connect(one)
            return one
        KEPT = set_up()
        """,
    "kept by another function": """
        def set_up():
            def one(*a, **k):
                import m_one
            {signal}.connect(one)
            def two():
                return one
            return two
        KEPT = set_up()
        """,
    "kept in a list": """
        KEPT = []
        def set_up():
            def one(*a, **k):
                import m_one
            KEPT.append(one)
            {signal}.connect(one)
        set_up()
        """,
    "sent from inside": """
        def set_up():
            def one(*a, **k):
                import m_one
            {signal}.connect(one)
            {send}
        set_up()
        """,
    "of a class": """
        class Shop:
            @staticmethod
            def one(*a, **k):
                import m_one
            def two(self, *a, **k):
                import m_two
        {signal}.connect(Shop.one)
        SHOP = Shop()
        {signal}.connect(SHOP.two)
        {signal}.connect(Shop().two)
        """,
}
LIBRARIES = {
    "celery, of the app": (
        "from celery import Celery\napp = Celery()\n",
        "app.on_configure",
        "app.conf.broker_url",
    ),
    "django": ("from django.dispatch import Signal\nsignal = Signal()\n", "signal", "signal.send(None)"),
    "blinker": ("import blinker\nsignal = blinker.signal('shop')\n", "signal", "signal.send()"),
    "blinker, a namespace": (
        "from blinker import Namespace\nsignals = Namespace()\nsignals.signal('shop')\n",
        "signals.signal('shop')",
        "signals.signal('shop').send(3)",
    ),
}
MODULES = {f"m_{name}.py": "" for name in ("one", "two")}


def program(library: str, part: str) -> str:
    """A program that connects receivers and sends the signal."""
    head, signal, send = LIBRARIES[library]
    return head + textwrap.dedent(PARTS[part]).format(signal=signal, send=send) + send + "\n"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_what_is_called_is_what_is_called_really(tmp_path: Path, library: str, part: str) -> None:
    root = write(tmp_path, {"main.py": program(library, part), **MODULES})
    script = (
        f"import sys, json; sys.path.insert(0, {str(root)!r}); import main; "
        "print(json.dumps(sorted(name for name in sys.modules if name.startswith('m_'))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    real = set(json.loads(done.stdout))
    walk = walk_program(tmp_path, (root / "main.py").read_text(encoding="utf-8"))
    possible = {name for name in walk.recorder.order if name.startswith("m_")}
    assert real <= possible, "a receiver that is called is missed"
    if part not in ("given back", "kept by another function", "kept in a list", "of a class"):
        assert possible == real
