"""Write a Django and Celery project of any size, the same one each time: ``python benchmarks/generate.py DIR MODULES``.

Every module of it is loaded before the worker forks.  An app has twenty modules: an ``AppConfig``, models, tasks, and
services that import one another and those of earlier apps, each with the usual share of functions that nobody calls
at import and of decorators and registrations that run there.  One module in a hundred imports a catalogued package.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

SERVICES = 16
"""Modules of an app besides ``__init__``, ``apps``, ``models`` and ``tasks``."""
AROUND = 4
"""Modules of the project itself: ``__init__``, ``settings``, ``celery`` and ``registry``."""

PROJECT = {
    "pyproject.toml": '[project]\nname = "generated"\nversion = "1"\n',
    "proj/__init__.py": "from proj.celery import app\n\n__all__ = ['app']\n",
    "proj/celery.py": """\
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")

app = Celery("proj")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
""",
    "proj/registry.py": """\
REGISTERED = {}


def register(name, weight=1):
    def decorate(function):
        REGISTERED[name] = (weight, function)
        return function

    return decorate
""",
}

SERVICE = '''\
"""Service {index} of app {app}: prices, stock and shipping of one kind of article."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from decimal import Decimal
{hazard}
from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from proj.registry import register
{imports}

logger = logging.getLogger(__name__)
TIMEOUT_S = int(os.environ.get("{upper}_TIMEOUT", "30"))
LABELS = {{
    "open": _("Open"),
    "paid": _("Paid"),
    "sent": _("Sent"),
    "back": _("Returned"),
}}
RATES = tuple(Decimal(rate) / 100 for rate in ({rates}))


@dataclass
class Quote{index}:
    """A price with its parts."""

    article: str
    net: Decimal
    rate: Decimal = RATES[0]
    notes: list[str] = field(default_factory=list)

    def gross(self):
        """The price with tax."""
        total = self.net * (1 + self.rate)
        for note in self.notes:
            logger.debug("%s: %s", self.article, note)
        return total.quantize(Decimal("0.01"))

    def as_row(self):
        """The cells of a table."""
        return [self.article, str(self.net), str(self.rate), str(self.gross()), "; ".join(self.notes)]


@register("{name}.quote", weight={index})
def quote(article, amount, *, currency="EUR", strict=False):
    """The price of ``amount`` pieces."""
    if amount <= 0:
        raise ValueError(f"{{amount}} pieces of {{article}}")
    net = Decimal(amount) * Decimal(settings.PRICES.get(article, "1"))
    rate = RATES[hash(currency) % len(RATES)]
    notes = [LABELS["open"]] if strict else []
    return Quote{index}(article, net, rate, notes)


def reserve(order, pieces):
    """Take pieces out of stock, or none of them."""
    with transaction.atomic():
        for article, amount in sorted(pieces.items()):
            known = order.stock.select_for_update().filter(article=article).first()
            if known is None or known.amount < amount:
                logger.warning("%s is sold out", article)
                transaction.set_rollback(True)
                return False
            known.amount = models.F("amount") - amount
            known.save(update_fields=["amount"])
    return True


def export(orders):
    """Rows for the accountants."""
    rows = []
    for order in orders:
        try:
            total = sum(line.gross() for line in order.lines)
            rows.append({{"id": order.pk, "total": total, "label": LABELS[order.state]}})
        except KeyError as error:
            logger.error("order %s has the state %s", order.pk, error)
    return rows
'''

MODELS = '''\
"""Models of app {app}."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from {name}.service_00 import LABELS, quote
{imports}


class Order(models.Model):
    """What a customer wants."""

    number = models.CharField(_("number"), max_length=40, unique=True)
    state = models.CharField(_("state"), max_length=8, choices=list(LABELS.items()), default="open")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "{name}"
        ordering = ["-created"]
        indexes = [models.Index(fields=["state", "created"])]

    def __str__(self):
        return self.number

    def total(self):
        """The price of all lines."""
        return sum(quote(line.article, line.amount).gross() for line in self.lines.all())


class Line(models.Model):
    """An article of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    article = models.CharField(max_length=40)
    amount = models.PositiveIntegerField(default=1)
'''

TASKS = '''\
"""Tasks of app {app}."""

from celery import shared_task
from celery.utils.log import get_task_logger

from {name}.models import Line, Order
{imports}

logger = get_task_logger(__name__)


@shared_task(bind=True, max_retries=3)
def settle(self, number):
    """Send an order that is paid."""
    order = Order.objects.get(number=number)
    if order.state != "paid":
        raise self.retry(countdown=60)
    order.state = "sent"
    order.save()


@shared_task
def forget(days=30):
    """Delete what is long done."""
    deleted, _ = Line.objects.filter(order__state="back").delete()
    logger.info("%s lines", deleted)
'''

APPS = """\
from django.apps import AppConfig


class Config(AppConfig):
    name = "{name}"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from {name} import service_00

        service_00.logger.debug("ready")
"""


def app_name(index: int) -> str:
    """The package of an app."""
    return f"app_{index:04}"


def files(modules: int) -> Iterator[tuple[str, str]]:
    """The files of a project, as path and text.

    :param modules: how many Python modules to write, at least; the last app is complete.
    """
    apps = max(1, -(-(modules - AROUND) // (SERVICES + 4)))
    installed = "".join(f'    "{app_name(app)}.apps.Config",\n' for app in range(apps))
    yield from PROJECT.items()
    yield "proj/settings.py", f'SECRET_KEY = "x"\nPRICES = {{}}\nINSTALLED_APPS = [\n{installed}]\n'
    for app in range(apps):
        yield from app_files(app, random.Random(app))


def app_files(app: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """The files of one app, which imports services of earlier apps only."""
    name = app_name(app)
    others = sorted({chance.randrange(app) for _ in range(3)}) if app else []
    imports = "\n".join(
        f"from {app_name(other)}.service_{chance.randrange(SERVICES):02} import quote as quote_{other}"
        for other in others
    )
    every = "\n".join(f"from {name}.service_{index:02} import reserve as reserve_{index}" for index in range(SERVICES))
    values = {"app": app, "name": name, "upper": name.upper()}
    yield f"{name}/__init__.py", ""
    yield f"{name}/apps.py", APPS.format(**values)
    yield f"{name}/models.py", MODELS.format(**values, imports=imports)
    yield f"{name}/tasks.py", TASKS.format(**values, imports=every)
    for index in range(SERVICES):
        siblings = "\n".join(f"from {name}.service_{other:02} import export as export_{other}"
                             for other in sorted(chance.sample(range(index), min(index, 2))))  # fmt: skip
        rates = ", ".join(str(chance.randrange(25)) for _ in range(4))
        hazard = "import pandas\n" if (app * SERVICES + index) % 100 == 99 else ""
        text = SERVICE.format(**values, index=index, imports=siblings, rates=rates, hazard=hazard)
        yield f"{name}/service_{index:02}.py", text


def generate(directory: Path, modules: int, celery: bool = True) -> None:
    """Write a project.

    :param celery: False for the same amount of code without Celery.
    """
    for path, text in files(modules):
        if not celery:
            text = text.replace("from celery import shared_task", "from proj.registry import register as shared_task")
            text = text.replace("celery.utils.log", "logging").replace("get_task_logger", "getLogger")
            text = "" if path in ("proj/celery.py", "proj/__init__.py") else text
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Write a Django and Celery project of a given size.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("modules", type=int)
    options = parser.parse_args()
    generate(options.directory, options.modules)


if __name__ == "__main__":
    main()
