"""The steps of a boot in words, for someone who has never read the host's source."""

from __future__ import annotations

HOOK = "A function of the configuration that the master calls."
PLUGINS = "What packages register under this name is imported."
NAMED = "The command imports what the option names."
STEPS = {
    "find_app": ("Find the app", "celery -A imports the module that holds the app, its parent packages first."),
    "console script": (
        "Console script",
        "The project's own command is run, and what it imports stands before all else.",
    ),
    "load_config": ("Read the configuration", "The first access of app.conf loads what config_from_object() names."),
    "settings": ("Settings", "The settings module is imported, with everything that it imports."),
    "on_configure": ("on_configure", "Receivers run before the configuration is read."),
    "on_after_configure": ("on_after_configure", "Receivers run as soon as the configuration is read."),
    "import_modules": ("import_modules", "Celery asks every part of the worker to import its modules."),
    "django.setup: LOGGING": ("django.setup(): logging", "Classes that LOGGING names are imported."),
    "django.setup: app configs": (
        "django.setup(): apps",
        "Each entry of INSTALLED_APPS is imported, with its apps module.",
    ),
    "django.setup: models": ("django.setup(): models", "The models module of each app is imported."),
    "django.setup: ready()": ("django.setup(): ready()", "ready() of each app runs; the admin imports every admin.py."),
    "system checks": ("System checks", "Django checks the URLs, and so imports them, and every view."),
    "autodiscover_tasks": ("Autodiscovery", "The tasks module of each app is imported."),
    "imports": ("imports", "What the setting imports names is imported."),
    "include": ("include", "What Celery(include=...) names is imported."),
    "on_worker_init": ("The loader's on_worker_init", "A loader of the project's own is told that the worker begins."),
    "task classes": ("Task classes", "Each task is created once, in the parent: __init__ of its base class runs."),
    "on_after_finalize": ("on_after_finalize", "Receivers run once all tasks are known."),
    "worker classes": ("Worker classes", "Classes of the worker that settings name are imported."),
    "worker_before_create_process": ("worker_before_create_process", "Receivers run in the parent before each fork."),
    "bootsteps": ("Bootsteps", "The worker's own boot steps are created and started."),
    "user_options": ("Options of the app's own", "Their defaults and callbacks run when the command line is read."),
    "user_preload_options": ("user_preload_options", "Receivers run once the command line is read."),
    "bootstep start": ("Bootsteps behind the pool", "Those that require the pool, and the consumer's, are started."),
    "gunicorn.conf.py": ("The configuration file", "gunicorn's master executes it, with everything that it imports."),
    "preload_app": ("Preload the app", "The master imports the app's module, and calls its factory."),
    "middleware": ("Middleware", "get_wsgi_application() imports and creates each class of MIDDLEWARE."),
    "manage.py": ("manage.py", "The script is run, which names the settings."),
    "django.setup": ("django.setup()", "Django is set up."),
    "management command": ("The command", "The module of the management command is imported."),
    "run_checks": ("System checks", "Django checks the URLs, and so imports them, and every view."),
    "autodiscover_modules": ("Autodiscovery", "The tasks module of each app is imported."),
    "nworkers_changed": ("nworkers_changed", HOOK),
    "on_starting": ("on_starting", HOOK),
    "when_ready": ("when_ready", HOOK),
    "pre_fork": ("pre_fork", HOOK),
    "post_fork": ("post_fork", "A function of the configuration that each child calls."),
    "post_worker_init": ("post_worker_init", "A function of the configuration that each child calls."),
    "transports": (
        "Broker and result backend",
        "Celery imports what the URLs of the broker and the backend stand for.",
    ),
    "--include": ("--include", "What the option --include names is imported."),
    "pool": ("The pool", "The class of the pool is imported and created."),
    "on_worker_process_init": (
        "The loader's on_worker_process_init",
        "A loader of the project's own runs in each child.",
    ),
    "shared-import": ("shared-import", "The master imports what these options name, before anything else."),
    "import": ("import", "The modules that the option import names are imported."),
    "apps": ("The app", "The master imports the app, which all children then share."),
    "postfork": ("@postfork", "Functions that are registered with @postfork run in each child."),
    "worker class": ("The worker class", NAMED),
    "job class": ("The job class", NAMED),
    "queue class": ("The queue class", NAMED),
    "connection class": ("The connection class", NAMED),
    "config": ("The configuration", "The module that --config names is imported."),
    "exception handler": ("Exception handlers", NAMED),
    "program": ("The project's own program", "It is run up to the call that starts the workers."),
    "kombu.serializers": ("Entry points of kombu", PLUGINS),
    "kombu.matchers": ("Entry points of kombu", PLUGINS),
    "celery.commands": ("Entry points of Celery's command", PLUGINS),
    "instance": ("The Huey instance", "huey_consumer imports the module that holds it."),
}
"""Title and explanation by the name that the walk gives a step; the facts are in ``hosts/``."""
SIGNAL = "Receivers of this signal run in the parent."


def step_title(name: str) -> str:
    """A step for a heading; signals go by their own names."""
    return STEPS[name][0] if name in STEPS else name


def step_text(name: str) -> str:
    """What happens in a step, in one sentence."""
    return STEPS[name][1] if name in STEPS else SIGNAL
