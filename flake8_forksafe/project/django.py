"""Facts about Django, as data.  Read in Django 4.2, 5.2 and 6.0."""

from __future__ import annotations

SETTINGS_VARIABLE = "DJANGO_SETTINGS_MODULE"
DJANGO_TEMPLATES = "django.template.backends.django.DjangoTemplates"

AUTH_APPS = frozenset({"django.contrib.auth", "django.contrib.auth.apps.AuthConfig"})
ADMIN_APPS = frozenset(
    {
        "django.contrib.admin",
        "django.contrib.admin.apps.AdminConfig",
        "django.contrib.admin.apps.SimpleAdminConfig",
    }
)
STATICFILES_APPS = frozenset({"django.contrib.staticfiles", "django.contrib.staticfiles.apps.StaticFilesConfig"})

APP_OF_CONFIG = {
    "django.contrib.admin.apps.AdminConfig": "django.contrib.admin",
    "django.contrib.admin.apps.SimpleAdminConfig": "django.contrib.admin.simple",
}
"""App config paths that behave like another entry."""

AUTODISCOVERED: dict[str, tuple[str, ...]] = {
    # django/contrib/admin/apps.py AdminConfig.ready: autodiscover(); SimpleAdminConfig does not
    "django.contrib.admin": ("admin",),
    "django.contrib.admin.apps.AdminConfig": ("admin",),
    # cms/utils/setup.py and app_registration.py (5.1)
    "cms": ("cms_config", "cms_plugins"),
    "cms.apps.CMSConfig": ("cms_config", "cms_plugins"),
    # dynamic_preferences/apps.py (1.17)
    "dynamic_preferences": ("dynamic_preferences_registry",),
    "dynamic_preferences.apps.DynamicPreferencesConfig": ("dynamic_preferences_registry",),
    # ajax_select/registry.py (3.0)
    "ajax_select": ("lookups",),
    "ajax_select.apps.AjaxSelectConfig": ("lookups",),
    # algoliasearch_django/__init__.py (4.0)
    "algoliasearch_django": ("index",),
    "algoliasearch_django.apps.AlgoliaConfig": ("index",),
    # rules/apps.py (3.5); RulesConfig, which the name of the app means, does not
    "rules.apps.AutodiscoverRulesConfig": ("rules",),
}
"""Modules that ``ready()`` of a library's app imports from every installed app, by app name or config class."""

READY_IMPORTS: dict[str, tuple[str, ...]] = {
    # social_django/apps.py
    "social_django": ("social_django.utils",),
}
"""Library modules that ``ready()`` of a library's app imports and that do something with the project's settings."""

LISTED_CHECKS: dict[str, tuple[str, tuple[str, ...]]] = {
    # dockerflow/django/checks.py (2022.8, 2026.3): the other default only connects to the database
    "dockerflow.django": ("DOCKERFLOW_CHECKS", ("dockerflow.django.checks.check_migrations_applied",)),
}
"""The setting that lists the checks which a library's app registers, and what it is by default, by app."""

DEFAULTS: dict[str, object] = {
    "DEBUG": False,
    "INSTALLED_APPS": [],
    "MIDDLEWARE": [],
    "ROOT_URLCONF": None,
    "DATABASE_ROUTERS": [],
    "AUTHENTICATION_BACKENDS": ["django.contrib.auth.backends.ModelBackend"],
    "CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure",
    "LOGGING_CONFIG": "logging.config.dictConfig",
    "STATICFILES_FINDERS": [
        "django.contrib.staticfiles.finders.FileSystemFinder",
        "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    ],
    "TEMPLATES": [],
    "FIXTURE_DIRS": [],
    "LOCALE_PATHS": [],
    "AUTH_USER_MODEL": "auth.User",
    "LANGUAGE_CODE": "en-us",
    "USE_TZ": True,
    "USE_I18N": True,
    "TIME_ZONE": "America/Chicago",
    "SECRET_KEY": "",
    "STATIC_URL": None,
    "MEDIA_URL": "",
    "MEDIA_ROOT": "",
    "STATIC_ROOT": None,
    "SITE_ID": None,
    "CACHES": {},
    "DATABASES": {},
    "LOGGING": {},
    "MIGRATION_MODULES": {},
    "TEST_RUNNER": "django.test.runner.DiscoverRunner",
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "FORM_RENDERER": "django.forms.renderers.DjangoTemplates",
    "SESSION_ENGINE": "django.contrib.sessions.backends.db",
    "WSGI_APPLICATION": None,
    "APPEND_SLASH": True,
    "ALLOWED_HOSTS": [],
    "INTERNAL_IPS": [],
}
"""Defaults of django/conf/global_settings.py that decide what is imported."""
