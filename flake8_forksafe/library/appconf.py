"""Models of django-appconf."""

from __future__ import annotations

from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, Machine
from flake8_forksafe.interpreter.values import UNKNOWN, Class, text
from flake8_forksafe.library.django_settings import DjangoSettings


def app_conf(machine: Machine, cls: Class, frame: Frame) -> None:
    """django-appconf: the attributes of the class become settings that are not set yet (appconf/base.py)."""
    meta = cls.names.get("Meta")
    prefix = text(meta.names.get("prefix", UNKNOWN)) if isinstance(meta, Class) else None
    if prefix is None:
        prefix = cls.module.name.rpartition(".")[0].rpartition(".")[2]
    for name, value in cls.names.items():
        if name.isupper():
            machine.state(DjangoSettings).extra.setdefault(f"{prefix.upper()}_{name}" if prefix else name, value)


MODELS = Library(class_hooks={"appconf.AppConf": app_conf, "appconf.base.AppConf": app_conf})
