"""Libraries whose modules, when imported, import what Django settings name."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.interpreter.containers import Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine
from flake8_forksafe.interpreter.values import options
from flake8_forksafe.library.django_settings import is_configured, setting
from flake8_forksafe.library.standard_import import import_all


class SettingImports(NamedTuple):
    """Class paths in a Django setting that a library imports when one of its modules is imported."""

    triggers: tuple[str, ...]
    setting: str
    keys: tuple[str, ...]
    """Keys of the setting, a mapping, whose values are dotted paths or lists of them; empty: the setting itself."""


SETTING_IMPORTS = (
    # rest_framework/views.py and generics.py evaluate these in class bodies (3.14 to 3.16)
    SettingImports(
        tuple(f"rest_framework.{name}" for name in ("views", "generics", "viewsets", "decorators", "routers")),
        "REST_FRAMEWORK",
        ("DEFAULT_RENDERER_CLASSES", "DEFAULT_PARSER_CLASSES", "DEFAULT_AUTHENTICATION_CLASSES",
         "DEFAULT_THROTTLE_CLASSES", "DEFAULT_PERMISSION_CLASSES", "DEFAULT_CONTENT_NEGOTIATION_CLASS",
         "DEFAULT_METADATA_CLASS", "DEFAULT_VERSIONING_CLASS"),
    ),
    # drf_spectacular/utils.py: extend_schema looks up the schema class of what it decorates
    SettingImports(("drf_spectacular.utils",), "REST_FRAMEWORK", ("DEFAULT_SCHEMA_CLASS",)),
    SettingImports(("drf_spectacular.views",), "SPECTACULAR_SETTINGS", ("DEFAULT_GENERATOR_CLASS",)),
    # social_django/utils.py, imported by ready() of its app config
    SettingImports(("social_django.utils",), "SOCIAL_AUTH_STRATEGY", ()),
    SettingImports(
        ("rest_framework.generics", "rest_framework.viewsets", "rest_framework.routers"),
        "REST_FRAMEWORK",
        ("DEFAULT_PAGINATION_CLASS", "DEFAULT_FILTER_BACKENDS"),
    ),
)  # fmt: skip


class SettingsImported(LibraryState):
    """Which of :data:`SETTING_IMPORTS` happened."""

    def __init__(self, machine: Machine) -> None:
        self.entries: set[SettingImports] = set()


def import_named(machine: Machine, name: str, frame: Frame) -> None:
    """Import what the project's settings name, because a library's module is imported."""
    done = machine.state(SettingsImported).entries
    for entry in SETTING_IMPORTS:
        if name in entry.triggers and entry not in done and is_configured(machine):
            done.add(entry)
            for option in options(setting(machine, entry.setting, frame)):
                if not entry.keys:
                    import_all(machine, option, frame)
                elif isinstance(option, Table):
                    for key in entry.keys:
                        item = option.entries.get(key)
                        if item is not None:
                            import_all(machine, item.value, frame)


MODELS = Library(imports={trigger: import_named for entry in SETTING_IMPORTS for trigger in entry.triggers})
