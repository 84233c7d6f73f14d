"""Import the modules of one distribution, each in a process of its own, and print what each loads, as JSON.

Run by ``third_parties.py`` with the interpreter of an environment that holds the distribution and what it requires:

    python -I third_parties_probe.py DISTRIBUTION CATALOGUE...

``CATALOGUE`` are the dotted names of the packages that are looked for.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import signal
import sys
import threading
import time

MOST_MODULES = 40
"""Modules of one distribution that are imported: those nearest to its top first."""
MOST_NAMES = 60
"""Names of a package with a ``__getattr__`` of its own (PEP 562) that are asked for."""
SECONDS = 60
"""For one module."""
MOST_SECONDS = 120
"""For all modules of a distribution: what is not reached is not in the table."""
SKIPPED = {"tests", "test", "testing", "conftest", "vendor", "_vendor", "migrations", "examples", "docs", "benchmarks"}


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
        INSTALLED_APPS=[*(f"django.contrib.{app}" for app in apps), *own], SECRET_KEY="x", DATABASES={}, USE_TZ=True,
        STATIC_URL="/static/", ROOT_URLCONF="none", DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )  # fmt: skip
    import django

    django.setup()


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


def apart(function, *arguments):
    """What a function returns in a child process; None if that does not end."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
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


def main():
    """Print the record of one distribution."""
    distribution, catalogue = sys.argv[1], sys.argv[2:]
    modules = modules_of(distribution)
    apps = [module for module in modules if is_app(module)]
    records = []
    end = time.monotonic() + MOST_SECONDS
    for module in modules:
        if time.monotonic() > end:
            break
        record = apart(measured, module, "", catalogue) or {"module": module, "name": "", "error": "it did not end"}
        if apps and record["error"].startswith(("RuntimeError", "ImproperlyConfigured", "AppRegistryNotReady")):
            record = apart(measured, module, "", catalogue, apps) or record
        records.append(record)
        for name in record.pop("names", ()):
            records.append(
                apart(measured, module, name, catalogue) or {"module": module, "name": name, "error": "ended"}
            )
            records[-1].pop("names", None)
    installed = {one.metadata["Name"]: one.version for one in importlib.metadata.distributions()}
    print(json.dumps({
        "distribution": distribution, "version": importlib.metadata.version(distribution),
        "python": ".".join(map(str, sys.version_info[:2])), "installed": installed, "modules": records,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
