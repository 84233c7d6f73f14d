"""A project whose findings can all be repaired, for several tests."""

from __future__ import annotations

import textwrap

SHOP = {
    "pyproject.toml": '[tool.forksafe]\napp = "shop.celery"\n',
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
