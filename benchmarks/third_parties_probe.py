"""Import the modules of one distribution, each in a process of its own, and print what each loads, as JSON.

Run by ``third_parties.py`` with the interpreter of an environment that holds the distribution and what it requires:

    python -I third_parties_probe.py [--setups] DISTRIBUTION CATALOGUE...
    python -I third_parties_probe.py --module MODULE CATALOGUE...
    python -I third_parties_probe.py --one DISTRIBUTION MODULE CATALOGUE...

``CATALOGUE`` are the dotted names of the packages that are looked for.  ``--setups`` measures only what the Django apps
of the distribution do at ``django.setup()``; ``--one`` imports one module in the way that all of them are imported.
"""

import importlib
import importlib.metadata
import importlib.util
import itertools
import json
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import time

MOST_MODULES = 40
"""Modules of one distribution that are imported: those nearest to its top first."""
MOST_NAMES = 60
"""Names of a package with a ``__getattr__`` of its own (PEP 562) that are asked for."""
SECONDS, WAITS = 120, 4
"""Processor time for one module, and how many times as long it may take on a busy machine."""
MOST_CPU_SECONDS, MOST_SECONDS = 120, 600
"""For all modules of a distribution: what is not reached is not in the table. A busy machine changes little."""
SKIPPED = {
    "tests",
    "test",
    "testing",
    "conftest",
    "vendor",
    "_vendor",
    "migrations",
    "examples",
    "docs",
    "benchmarks",
} | {"project_template", "example", "demo", "sandbox"}


class Watcher:
    """Notes who imports each module first, and which modules are looked for in vain.

    :ivar importers: by module.
    :ivar missing: modules of the catalogue that are not installed, and were to be imported.
    """

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.importers = {}
        self.missing = {}

    def find_spec(self, name, path=None, target=None):
        """Find nothing, and note who asks (the first frame that is not the import system's own)."""
        frame, asked = sys._getframe(1), False
        while frame is not None and "importlib" in frame.f_globals.get("__name__", ""):
            asked = asked or (frame.f_code.co_name == "find_spec" and frame.f_globals["__name__"] == "importlib.util")
            frame = frame.f_back
        importer = frame.f_globals.get("__name__", "") if frame is not None else ""
        if name in self.catalogue and not asked:
            self.missing.setdefault(name, importer)
        self.importers.setdefault(name, importer)
        return


def modules_of(name):
    """The modules that a distribution brings, those nearest to its top first."""
    found = set()
    for file in importlib.metadata.files(name) or ():
        parts = file.parts
        if parts[0] in ("..", "__pycache__") or parts[0].endswith((".dist-info", ".data", ".libs")) or len(parts) > 5:
            continue
        if parts[-1] == "__init__.py":
            dotted = parts[:-1]
        elif parts[-1].endswith((".so", ".py")):
            dotted = (*parts[:-1], parts[-1].partition(".")[0])
        else:
            continue
        if dotted and not any(not part.isidentifier() or part.startswith("_") or part in SKIPPED for part in dotted):
            found.add(".".join(dotted))
    depth = {module: module.count(".") for module in found}
    tops = [module for module in found if not any(module.startswith(f"{other}.") for other in found)]
    limit = {top: depth[top] + 1 for top in tops}
    near = [
        module
        for module in found
        if any((module == top or module.startswith(f"{top}.")) and depth[module] <= limit[top] for top in tops)
    ]
    return sorted(near, key=lambda module: (depth[module], module))[:MOST_MODULES]


NEEDED_SETTINGS = {
    "CMS_CONFIRM_VERSION4": True,
    "ELASTICSEARCH_DSL": {"default": {"hosts": "localhost:9200"}},
    "HAYSTACK_CONNECTIONS": {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
    "LANGUAGES": [("en", "English")],
    "OPENSEARCH_DSL": {"default": {"hosts": "localhost:9200"}},
    "WAGTAIL_SITE_NAME": "x",
}
"""Settings without which apps are not set up."""


def settle_django(own=()):
    """Configure Django, where it is there, so that models can be imported.

    :param own: further apps.
    """
    try:
        from django.conf import settings
    except ImportError:
        return
    apps = ["contenttypes", "auth", "sessions", "messages", "staticfiles"]
    settings.configure(
        INSTALLED_APPS=list(dict.fromkeys([*(f"django.contrib.{app}" for app in apps), *own])), SECRET_KEY="x",
        DATABASES={}, USE_TZ=True, STATIC_URL="/static/", ROOT_URLCONF="none", SITE_ID=1,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField", **NEEDED_SETTINGS,
    )  # fmt: skip
    import django

    django.setup()


PROJECT_APP = "forksafe_project_app"
"""An app that stands for those of a project: what is looked for in it, other apps look for in every app."""
OWN_MODULES = {"admin", "apps", "management", "migrations", "models", "templatetags"}
"""What Django itself looks for in every app."""


class Asked:
    """Notes which modules of :data:`PROJECT_APP` are looked for, and in whose ``AppConfig.ready()``.

    :ivar found: pairs of app and module; the app is empty outside of ``ready()``.
    """

    def __init__(self):
        self.found = []

    def find_spec(self, name, path=None, target=None):
        """Find nothing, and note who asks: the app whose ``ready()`` is the innermost one that runs."""
        package, _, module = name.partition(".")
        if package == PROJECT_APP and module and module.partition(".")[0] not in OWN_MODULES:
            app, frame = "", sys._getframe(1)
            while frame is not None and not app:
                ready = frame.f_code.co_name == "ready" and "self" in frame.f_locals
                app = getattr(frame.f_locals["self"], "name", "") if ready else ""
                frame = frame.f_back
            if (app, module) not in self.found:
                self.found.append((app, module))
        return


def apps_of(names):
    """The Django apps that distributions bring: packages with a file ``apps.py``; nothing is imported."""
    found = []
    for name in names:
        for file in importlib.metadata.files(name) or ():
            package = file.parts[:-1]
            usable = all(part.isidentifier() and part not in SKIPPED and "test" not in part for part in package)
            if file.parts[-1] == "apps.py" and 0 < len(package) <= 3 and usable and package[0] != "django":
                found.append(".".join(package))
    return sorted(set(found))


def set_up(apps, module, catalogue):
    """What ``django.setup()`` with further apps does; and without ``ready()``, what importing a module does then."""
    folder = tempfile.mkdtemp()
    os.mkdir(os.path.join(folder, PROJECT_APP))
    with open(os.path.join(folder, PROJECT_APP, "__init__.py"), "w"):
        pass
    sys.path.insert(0, folder)
    asked, watcher = Asked(), Watcher(catalogue)
    sys.meta_path[:0] = [asked, watcher]
    error = ""
    try:
        if module:
            from django.apps import AppConfig

            create = AppConfig.create

            def quiet(entry):
                made = create(entry)
                made.ready = lambda: None
                return made

            AppConfig.create = staticmethod(quiet)
        settle_django([*apps, PROJECT_APP])
        if module:
            asked.found.clear()
            importlib.import_module(module)
    except BaseException as problem:
        error = f"{type(problem).__name__}: {problem}"[:200]
    return {
        "error": error,
        "asked": asked.found,
        "loads": {known: chain(watcher.importers, known, "") for known in catalogue if known in sys.modules},
        "python_threads": [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()],
    }


def setups(apps, others, catalogue):
    """What each app of a distribution does with the project when Django is set up, or when its URLs are imported.

    :param others: apps that the distribution's requirements bring.
    :returns: that by app, or by module of URLs; and by app, why it could not be set up.
    """
    found, failed = {}, {}
    together = apart(set_up, [*others, *apps], "", catalogue)
    runs = [(apps, together)] if together and not together["error"] else [
        ([app], apart(set_up, dict.fromkeys([*others, *(one for one in apps if app.startswith(f"{one}.")), app]), "",
                      catalogue)) for app in apps
    ]  # fmt: skip
    plain = apart(set_up, others, "", catalogue) or {"loads": {}, "python_threads": []}
    for own, record in runs:
        if record is None or record["error"]:
            failed[own[0]] = record["error"] if record else "it did not end"
            continue
        for app in own:
            names = sorted({module for asker, module in record["asked"] if asker == app})
            loads = {
                known: way for known, way in record["loads"].items()
                if known not in plain["loads"] and _owner(way, own) == app
            }  # fmt: skip
            starts = sorted(set(record["python_threads"]) - set(plain["python_threads"])) if len(own) == 1 else []
            found[app] = {"discovers": names, "loads": loads, "starts": starts}
        if len(own) > 1 and record["python_threads"]:
            for app in own:
                alone = apart(set_up, [*others, app], "", catalogue)
                if alone and not alone["error"]:
                    found[app]["starts"] = sorted(set(alone["python_threads"]) - set(plain["python_threads"]))
        for app in own:
            if importlib.util.find_spec(app) and is_module(f"{app}.urls"):
                urls = apart(set_up, [*others, *own], f"{app}.urls", catalogue)
                if urls and urls["asked"]:
                    found[f"{app}.urls"] = {"discovers": sorted({module for _, module in urls["asked"]})}
    return {
        name: {key: value for key, value in one.items() if value} for name, one in found.items() if any(one.values())
    }, failed


def _owner(way, apps):
    """The app whose module is the first of a chain."""
    for module in way:
        owners = [app for app in apps if module == app or module.startswith(f"{app}.")]
        if owners:
            return max(owners, key=len)
    return ""


def is_module(dotted):
    """Whether there is a file for a module; nothing is imported."""
    base = os.path.join(*dotted.split("."))
    return any(os.path.isfile(os.path.join(path, f"{base}.py")) or os.path.isdir(os.path.join(path, base))
               for path in sys.path)  # fmt: skip


def state():
    """Resident MB, and native threads."""
    with open("/proc/self/status") as stream:
        lines = dict(line.split(":", 1) for line in stream)
    return int(lines["VmRSS"].split()[0]) / 1024, int(lines["Threads"])


def measured(module, name, catalogue, apps=()):
    """What importing a module does, and asking it for a name, if one is given.

    :param apps: of Django, that are set up with it; otherwise Django's own are set up before.
    """
    if not apps:
        settle_django()
    watcher = Watcher(catalogue)
    sys.meta_path.insert(0, watcher)
    before, loaded = state(), set(sys.modules)
    error = ""
    try:
        if apps:
            settle_django(apps)
        value = importlib.import_module(module)
        if name:
            before, loaded = state(), set(sys.modules)
            getattr(value, name)
    except BaseException as problem:
        error = f"{type(problem).__name__}: {problem}"[:200]
    after = state()
    new = set(sys.modules) - loaded
    pulled = [known for known in catalogue if known in new and known != module]
    lazy = not name and not error and "__getattr__" in vars(value) and hasattr(value, "__path__")
    names = sorted(set(getattr(value, "__all__", None) or dir(value)) - set(vars(value))) if lazy else []
    return {
        "module": module,
        "name": name,
        "error": error,
        "loads": {known: chain(watcher.importers, known, module) for known in pulled},
        "optional": {
            known: [importer] for known, importer in watcher.missing.items() if known not in sys.modules and not error
        },
        "mb": round(after[0] - before[0], 1),
        "threads": after[1] - before[1],
        "python_threads": [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()],
        "names": [public for public in names if not public.startswith("_")][:MOST_NAMES],
    }


def chain(importers, known, module):
    """The modules between a module and what it loads, the outermost first."""
    way = []
    current = importers.get(known, "")
    while current and current != module and current not in way and len(way) < 50:
        way.append(current)
        current = importers.get(current, "")
    return way[::-1]


def apart(function, *arguments, seconds=SECONDS):
    """What a function returns in a child process; None if that does not end in time."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        signal.alarm(WAITS * seconds)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(reader)
        data = json.dumps(function(*arguments)).encode()
        while data:
            data = data[os.write(writer, data) :]
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        data = stream.read()
    os.waitpid(child, 0)
    return json.loads(data) if data else None


def is_app(module):
    """Whether a package is a Django app, by a file next to its ``__init__``; nothing is imported."""
    base = os.path.join(*module.split("."))
    return any(os.path.isfile(os.path.join(path, base, "apps.py")) for path in sys.path)


def required_apps(distribution):
    """The Django apps that the requirements of a distribution bring, and those of Django that others need."""
    others = [one.metadata["Name"] for one in importlib.metadata.distributions()]
    own = set(apps_of([distribution]))
    brought = [app for app in apps_of(others) if app not in own and "." not in app]
    return ["django.contrib.admin", "django.contrib.sites", "django.contrib.humanize", *brought]


def module_measured(module, apps, catalogue, seconds=SECONDS):
    """What importing a module does; one of a Django app that needs that is imported when the app is set up.

    :param apps: of the module's distribution.
    """
    record = apart(measured, module, "", catalogue, seconds=seconds) or {
        "module": module, "name": "", "error": "it did not end"
    }  # fmt: skip
    if apps and record["error"].startswith(("RuntimeError", "ImproperlyConfigured", "AppRegistryNotReady")):
        record = apart(measured, module, "", catalogue, apps, seconds=seconds) or record
    return record


def modules_measured(distribution, catalogue):
    """What importing each module of a distribution does, then asking lazy ones for their names, by turns."""
    modules = modules_of(distribution)
    apps = [module for module in modules if is_app(module)]
    records, asked = [], []
    end = time.monotonic() + MOST_SECONDS

    def is_late():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.monotonic() > end or used.ru_utime + used.ru_stime > MOST_CPU_SECONDS

    for module in modules:
        if is_late():
            break
        records.append(module_measured(module, apps, catalogue))
        asked.append([(module, name) for name in records[-1].pop("names", ())])
    for module, name in (pair for turn in itertools.zip_longest(*asked) for pair in turn if pair is not None):
        if is_late():
            break
        records.append(apart(measured, module, name, catalogue) or {"module": module, "name": name, "error": "ended"})
        records[-1].pop("names", None)
    return records


def extras_of(distribution):
    """The names of what each extra of a distribution requires."""
    found = {}
    for requirement in importlib.metadata.requires(distribution) or ():
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", requirement)
        if extra:
            found.setdefault(extra[1], []).append(re.match(r"[A-Za-z0-9._-]+", requirement)[0])
    return found


def main():
    """Print the record of one distribution."""
    arguments = sys.argv[1:]
    if arguments[0] == "--module":
        _, module, *catalogue = arguments
        print(json.dumps(measured(module, "", catalogue)))
        return
    if arguments[0] == "--one":
        _, distribution, module, *catalogue = arguments
        apps = [one for one in modules_of(distribution) if is_app(one)]
        print(json.dumps(module_measured(module, apps, catalogue, 5 * SECONDS)))
        return
    only_setups = arguments[0] == "--setups"
    distribution, *catalogue = arguments[only_setups:]
    apps = apps_of([distribution]) if importlib.util.find_spec("django") is not None else []
    found, failed = setups(apps, required_apps(distribution), catalogue) if apps else ({}, {})
    print(json.dumps({
        "distribution": distribution, "version": importlib.metadata.version(distribution),
        "python": ".".join(map(str, sys.version_info[:2])),
        "setups": found, "not set up": failed, "apps": apps,
        "extras": extras_of(distribution),
        "modules": [] if only_setups else modules_measured(distribution, catalogue),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
