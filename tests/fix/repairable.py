"""A project whose findings can all be repaired, and edits of editors, for several tests."""

from __future__ import annotations

import textwrap
from typing import Any

SHOP = {
    "pyproject.toml": '[tool.forksafe]\napp = "shop.celery"\nprelude = "parent"\n',
    "shop/__init__.py": "",
    "shop/celery.py": 'from celery import Celery\napp = Celery("shop", include=["shop.tasks"])\n',
    "shop/tasks.py": """\
        from celery import shared_task

        from shop import ai, prices


        @shared_task
        def describe(x):
            return ai.describe(x)


        @shared_task
        def price(x):
            return prices.price(x)
        """,
    "shop/ai.py": """\
        import torch

        SIZE = 3


        def describe(x):
            return torch.tensor(x)


        def more(x):
            return torch.tensor(x)
        """,
    "shop/prices.py": """\
        import pandas


        class Prices(pandas.Series):
            pass


        def price(x):
            return Prices(x)
        """,
}

SHOP = {name: textwrap.dedent(text) for name, text in SHOP.items()}


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after the edits of a code action, as the protocol has them; characters are those of UTF-16."""
    lines = text.splitlines(keepends=True) or [""]
    for edit in sorted(edits, key=lambda edit: list(edit["range"]["start"].values()), reverse=True):
        start, end = (
            len("".join(lines[: place["line"]]))
            + len("".join(lines[place["line"] : place["line"] + 1]).encode("utf-16-le")[: 2 * place["character"]]
                  .decode("utf-16-le"))
            for place in (edit["range"]["start"], edit["range"]["end"])
        )  # fmt: skip
        text = text[:start] + edit["newText"] + text[end:]
    return text
