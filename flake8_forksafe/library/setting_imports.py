"""Libraries that import what the project's settings name, as soon as they are imported themselves."""

from __future__ import annotations

from typing import NamedTuple


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
