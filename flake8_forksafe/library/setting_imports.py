"""Libraries that import what Django settings name: when one of their modules is imported, or Django starts.

All was seen in real processes, with Django 6.0 and a module of its own for each setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from flake8_forksafe.interpreter import iteration
from flake8_forksafe.interpreter.containers import Items, Table
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.machine import Library, LibraryState, Machine, Model
from flake8_forksafe.interpreter.values import Arguments, Class, External, Function, Value, options, text
from flake8_forksafe.library.django_settings import is_configured, setting
from flake8_forksafe.library.standard_import import import_all, import_dotted


class SettingImports(NamedTuple):
    """Class paths in a Django setting that a library imports.

    :ivar triggers: modules whose import does that; ``function()``, whose call does; ``app:setup()`` for
        ``django.setup()`` and ``app:checks()`` for the system checks of an installed app.
    :ivar sure: whether every version does that.
    :ivar since: the distribution and its version that does that first, if older ones are in use that do not.
    """

    triggers: tuple[str, ...]
    setting: str
    keys: tuple[str, ...]
    """Where dotted paths or lists of them stand in the setting: keys with dots in between, ``*`` for each; empty: the
    setting itself."""
    sure: bool = True
    until: tuple[str, ...] = ()
    """Classes: what stands behind one of them in the list, or behind a subclass, is not imported."""
    since: tuple[str, str] | None = None

    def happens(self, machine: Machine) -> bool | None:
        """Whether the version that the project has does that; None if it only may."""
        newer = machine.imports.is_at_least(*self.since) if self.since is not None else True
        return newer if self.sure or newer is False else None


ALLAUTH_FORMS = ("allauth.urls", "allauth.account.urls", "allauth.account.views", "allauth.account.forms")
DJ_REST_AUTH = ("dj_rest_auth.urls", "dj_rest_auth.views")
DJOSER = ("djoser.urls", "djoser.urls.base", "djoser.views")
HAYSTACK_VIEWS = ("haystack.urls", "haystack.views")
SCIM_VIEWS = ("django_scim.urls", "django_scim.views")
SPECTACULAR = ("drf_spectacular.views", "drf_spectacular.plumbing", "drf_spectacular.extensions",
               "drf_spectacular.openapi", "drf_spectacular.generators")  # fmt: skip

SETTING_IMPORTS = (
    # rest_framework/views.py and generics.py evaluate these in class bodies (3.14 to 3.18)
    SettingImports(
        tuple(f"rest_framework.{name}" for name in ("views", "generics", "viewsets", "decorators", "routers")),
        "REST_FRAMEWORK",
        ("DEFAULT_RENDERER_CLASSES", "DEFAULT_PARSER_CLASSES", "DEFAULT_AUTHENTICATION_CLASSES",
         "DEFAULT_THROTTLE_CLASSES", "DEFAULT_PERMISSION_CLASSES", "DEFAULT_CONTENT_NEGOTIATION_CLASS",
         "DEFAULT_METADATA_CLASS", "DEFAULT_VERSIONING_CLASS"),
    ),
    SettingImports(
        ("rest_framework.generics", "rest_framework.viewsets", "rest_framework.routers"),
        "REST_FRAMEWORK",
        ("DEFAULT_PAGINATION_CLASS", "DEFAULT_FILTER_BACKENDS"),
    ),
    # rest_framework/test.py, which drf_spectacular/plumbing.py imports
    SettingImports(("rest_framework.test", *SPECTACULAR), "REST_FRAMEWORK", ("TEST_REQUEST_RENDERER_CLASSES",)),
    # drf_spectacular/utils.py: extend_schema looks up the schema class of what it decorates, its own views too (0.30)
    SettingImports(("drf_spectacular.utils", "drf_spectacular.views"), "REST_FRAMEWORK", ("DEFAULT_SCHEMA_CLASS",)),
    SettingImports(
        ("drf_spectacular.views",),
        "SPECTACULAR_SETTINGS",
        ("DEFAULT_GENERATOR_CLASS", "SERVE_AUTHENTICATION", "SERVE_PERMISSIONS"),
    ),
    # drf_yasg/views.py (1.21)
    SettingImports(("drf_yasg.views.get_schema_view()",), "SWAGGER_SETTINGS", ("DEFAULT_GENERATOR_CLASS",)),
    # dj_rest_auth/views.py and registration/views.py evaluate these in class bodies (7.2)
    SettingImports(
        DJ_REST_AUTH,
        "REST_AUTH",
        ("LOGIN_SERIALIZER", "USER_DETAILS_SERIALIZER", "PASSWORD_RESET_SERIALIZER",
         "PASSWORD_RESET_CONFIRM_SERIALIZER", "PASSWORD_CHANGE_SERIALIZER"),
    ),
    SettingImports(
        ("dj_rest_auth.registration.urls", "dj_rest_auth.registration.views"),
        "REST_AUTH",
        ("REGISTER_SERIALIZER", "REGISTER_PERMISSION_CLASSES"),
    ),
    # djoser/views.py (2.3)
    SettingImports(
        DJOSER,
        "DJOSER",
        ("SERIALIZERS.user", "SERIALIZERS.token_create", "PERMISSIONS.user", "PERMISSIONS.token_create",
         "PERMISSIONS.token_destroy"),
    ),
    # django_scim/views.py (0.23)
    SettingImports(SCIM_VIEWS, "SCIM_SERVICE_PROVIDER", ("AUTH_CHECK_MIDDLEWARE",)),
    # mozilla_django_oidc/urls.py (5.0)
    SettingImports(("mozilla_django_oidc.urls",), "OIDC_CALLBACK_CLASS", ()),
    SettingImports(("mozilla_django_oidc.urls",), "OIDC_AUTHENTICATE_CLASS", ()),
    # allauth/account/forms.py and checks.py (65.22)
    SettingImports(ALLAUTH_FORMS, "ACCOUNT_SIGNUP_FORM_CLASS", ()),
    SettingImports(("allauth.account:checks()",), "ACCOUNT_ADAPTER", (), sure=False),
    # social_django/utils.py, imported by ready() of its app config (7.2)
    SettingImports(("social_django.utils",), "SOCIAL_AUTH_STRATEGY", ()),
    SettingImports(("social_django.utils",), "SOCIAL_AUTH_STORAGE", ()),
    # axes/checks.py (8.3)
    SettingImports(
        ("axes:checks()",),
        "AUTHENTICATION_BACKENDS",
        (),
        until=("axes.backends.AxesStandaloneBackend", "axes.backends.AxesBackend"),
    ),
    *(
        SettingImports(("axes:checks()",), f"AXES_{name}", ())
        for name in ("CLIENT_IP_CALLABLE", "CLIENT_STR_CALLABLE", "LOCKOUT_CALLABLE", "USERNAME_CALLABLE",
                     "WHITELIST_CALLABLE", "COOLOFF_TIME", "LOCKOUT_PARAMETERS")
    ),
    # haystack/apps.py; haystack/views.py, which makes a query in a class body (3.4)
    SettingImports(("haystack:setup()",), "HAYSTACK_SIGNAL_PROCESSOR", ()),
    SettingImports(HAYSTACK_VIEWS, "HAYSTACK_ROUTERS", ()),
    SettingImports(HAYSTACK_VIEWS, "HAYSTACK_CONNECTIONS", ("default.ENGINE",)),
    # django_elasticsearch_dsl/apps.py (9.0)
    SettingImports(("django_elasticsearch_dsl:setup()",), "ELASTICSEARCH_DSL_SIGNAL_PROCESSOR", ()),
    # constance/forms.py, which its admin imports (4.4)
    SettingImports(("constance:setup()",), "CONSTANCE_ADDITIONAL_FIELDS", ("*.0", "*.1.widget")),
    # debug_toolbar/apps.py (8.0), easy_thumbnails/templatetags (2.10), silk/models.py (5.6), post_office (3.12)
    SettingImports(("debug_toolbar:setup()",), "DEBUG_TOOLBAR_PANELS", ()),
    SettingImports(("easy_thumbnails:checks()",), "THUMBNAIL_PROCESSORS", ()),
    SettingImports(("silk:setup()",), "SILKY_STORAGE_CLASS", ()),
    SettingImports(("post_office",), "POST_OFFICE", ("CONTEXT_FIELD_CLASS",)),
    # django_redis/cache.py, when a cache is made (7.0)
    SettingImports(("django_redis.cache",), "CACHES", ("*.OPTIONS.CLIENT_CLASS",)),
    # ninja/pagination.py (1.7)
    SettingImports(("ninja.pagination.paginate()",), "NINJA_PAGINATION_CLASS", ()),
    # wagtail/api/v3/api.py, which ready() of these imports (8.0)
    SettingImports(
        ("wagtail.api.v3.api", "wagtail.api.v3.urls",
         *(f"wagtail.{app}:setup()" for app in ("contrib.redirects", "documents", "images", "locales", "snippets"))),
        "NINJA_PAGINATION_CLASS",
        (),
        since=("wagtail", "8.0"),
    ),
    # wagtail/embeds/apps.py; wagtail/images/models.py asks for the storage of renditions (8.0)
    SettingImports(("wagtail.embeds:setup()",), "WAGTAILEMBEDS_FINDERS", ("*.class",)),
    SettingImports(("wagtail.images:setup()",), "STORAGES", ("default.BACKEND",)),
)  # fmt: skip


class SettingsImported(LibraryState):
    """Which of :data:`SETTING_IMPORTS` happened."""

    def __init__(self, machine: Machine) -> None:
        self.entries: set[SettingImports] = set()


def import_named(machine: Machine, trigger: str, frame: Frame) -> None:
    """Import what the project's settings name, because of one of the triggers."""
    done = machine.state(SettingsImported).entries
    for entry in SETTING_IMPORTS:
        if trigger in entry.triggers and entry not in done and is_configured(machine):
            done.add(entry)
            happens = entry.happens(machine)
            if happens is False:
                continue
            for option in options(setting(machine, entry.setting, frame)):
                for path in entry.keys or ("",):
                    for value in _values_at(option, path.split(".") if path else []):
                        with machine.doubted(not happens):
                            if entry.until:
                                _import_until(machine, value, entry.until, frame)
                            else:
                                import_all(machine, value, frame)


def _import_until(machine: Machine, value: Value, sought: tuple[str, ...], frame: Frame) -> None:
    """Import the classes of a list one by one, until one of these, or a subclass of it, is found."""
    is_sure = True
    for item in iteration.iterate(machine, value, frame).items:
        path = text(item.value)
        with machine.doubted(not is_sure or not item.sure):
            found = is_subclass(path, import_dotted(machine, path, frame) if path else None, sought)
        if found and item.sure:
            return
        is_sure = is_sure and found is False


def is_subclass(path: str | None, value: Value | None, names: tuple[str, ...]) -> bool | None:
    """Whether a class that a setting names is one of these or a subclass; None if that cannot be told.

    :param names: dotted paths of classes of Django, or of a package that builds on it.
    """
    if path in names:
        return True
    if path is not None and path.startswith("django."):
        return False
    if isinstance(value, Function):
        return False
    if not isinstance(value, Class):
        return None
    known = [base.path if isinstance(base, External) else "" for base in value.mro() if not isinstance(base, Class)]
    if not set(names).isdisjoint(known):
        return True
    return False if all(base.startswith(("django.", "builtins.")) for base in known) else None


def _values_at(value: Value, keys: list[str]) -> Iterator[Value]:
    """What stands below keys in mappings and sequences."""
    if not keys:
        yield value
        return
    key, *rest = keys
    for option in options(value):
        if isinstance(option, Table):
            items = list(option.entries.values()) if key == "*" else [option.entries.get(key)]
        elif isinstance(option, Items) and (key == "*" or key.isdigit()):
            items = [*option.items] if key == "*" else [*option.items[int(key) : int(key) + 1]]
        else:
            continue
        for item in items:
            if item is not None:
                yield from _values_at(item.value, rest)


def call_named(path: str, machine: Machine, function: External, arguments: Arguments, frame: Frame) -> Value:
    """Call a function that imports what settings name."""
    import_named(machine, f"{path}()", frame)
    return External(f"{path}()", None, arguments)


TRIGGERS = tuple(dict.fromkeys(trigger for entry in SETTING_IMPORTS for trigger in entry.triggers))
FUNCTIONS: dict[str, Model] = {
    path: partial(call_named, path)
    for path in (trigger.removesuffix("()") for trigger in TRIGGERS if trigger.endswith("()"))
    if ":" not in path
}
MODELS = Library(
    imports={trigger: import_named for trigger in TRIGGERS if not trigger.endswith("()")}, functions=FUNCTIONS
)
