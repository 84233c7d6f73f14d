"""Settings: what the user chose, from flake8's options, ``[tool.forksafe]`` in pyproject.toml, and defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from flake8_forksafe.aside import example_of, is_aside
from flake8_forksafe.digest import checksum
from flake8_forksafe.printable import shortened
from flake8_forksafe.reading import CONFIGURATION_LIMIT, parse_toml, read_file
from flake8_forksafe.user_directories import APPLICATION, user_cache

PROJECT_MARKERS = (".git", ".hg", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", ".flake8", "manage.py")
"""What lies in the top directory of a project."""
REPOSITORY_MARKERS = (".git", ".hg")
"""What lies in the top directory of a repository."""
CACHE_VARIABLE = "FORKSAFE_CACHE_DIR"
OWN_DIRECTORY = ".forksafe"
"""In a cache directory inside the project: hidden, so that nobody searches it for source."""
PLATFORMS = r"aix|android|cygwin|darwin|emscripten|ios|linux|wasi|win32|(dragonfly|freebsd|netbsd|openbsd|sunos)\d+"
"""The values of ``sys.platform``: https://docs.python.org/3/library/sys.html#sys.platform, and the BSDs and Solaris."""


class UsageError(Exception):
    """Something the user wrote that cannot be meant; the message is for them."""


class Option(NamedTuple):
    """One setting, as flake8 option ``--forksafe-NAME``, command flag ``--NAME`` and key in ``[tool.forksafe]``.

    :ivar kind: ``"text"``, ``"list"``, ``"number"`` or ``"flag"``.
    """

    name: str
    kind: str
    metavar: str
    help: str
    default: str

    @property
    def key(self) -> str:
        """The name as a Python identifier."""
        return self.name.replace("-", "_")


OPTIONS = (
    Option("app", "list", "APP[,APP...]", "Celery apps as given to celery -A", "found in the source"),
    Option("django-settings", "text", "MODULE", "Django settings module of the worker", "found in the source"),
    Option("source-roots", "list", "DIR[,DIR...]", "directories that modules are imported from", "from the packages"),
    Option("hazards", "list", "PACKAGE[,PACKAGE...]", "packages to report if imported, besides the catalogue", "none"),
    Option("accept", "list", "PACKAGE[: reason][,...]", "packages that are loaded before the fork on purpose", "none"),
    Option("baseline", "text", "FILE", "do not report the findings that forksafe check --write-baseline wrote", "none"),
    Option("environment", "text", "DIR", "environment of the worker, to read its packages", ".venv, venv or active"),
    Option("warm-ups", "list", "CALL[,CALL...]", "functions that load models or the like, as pkg.function", "none"),
    Option("check-process-init", "flag", "", "report slow loads in worker_process_init handlers (FS125)", "off"),
    Option("require-prelude", "flag", "", "thread variables must be set in the code, not by launches only", "off"),
    Option("trust-prelude", "flag", "", "do not report imports that the thread variables make safe", "off"),
    Option("worker-memory", "number", "MB", "memory of one child of the pool, in MiB", "estimated from its imports"),
    Option("container-memory", "number", "MB", "memory limit of the worker's container, in MiB", "from deployments"),
    Option("measurement", "text", "FILE", "what forksafe measure --save wrote, instead of an estimate", "none"),
    Option("python-version", "text", "X.Y", "lowest Python version of the worker", "from requires-python"),
    Option("platform", "text", "NAME", "sys.platform of the worker, such as linux or darwin", "any"),
    Option("cache-dir", "text", "DIR", "where what was read is kept between runs", "the user's cache directory"),
    Option("no-cache", "flag", "", "read every file anew, and keep nothing", "off"),
)


NAMING = ("app", "django-settings", "source-roots", "environment")
"""Options that name something of the project: FS193 if it does not exist, and an error if the user just named it."""


RELATIVE = ("app", "django_settings", "source_roots", "environment", "baseline", "measurement", "cache_dir")
"""Keys of options that mean something in one directory: the nearest project around where they are given."""


class Settings(NamedTuple):
    """What one analysis depends on besides the files.

    :ivar project: absolute path of the project's top directory; all relative paths are relative to it.
    :ivar source_roots: as given, relative to the project; one that does not exist is FS193.
    :ivar accept: accepted packages with the reasons given.
    :ivar baseline: file of findings that are not reported again, relative to the project.
    :ivar environment: directory of the worker's environment, or its interpreter, if given.
    :ivar warm_ups: calls that count as warm-ups, dotted.
    :ivar worker_memory: MiB that one child takes; ``container_memory``: MiB that all may take together.
    :ivar measurement: file of a recorded measurement, relative to the project.
    :ivar check_process_init: whether FS125 is reported.
    :ivar require_prelude: whether the environment of launches does not count as a prelude.
    :ivar trust_prelude: whether imports that a prelude makes safe are not reported.
    :ivar python_version: lowest version of the worker, if given.
    :ivar cache_dir: absolute path, or None for no cache.
    :ivar asked: paths among tests or examples that are to be checked, relative to the project.
    :ivar given: of the options that name something of the project, those that the user gave; see :data:`NAMING`.
    """

    project: str
    app: tuple[str, ...] = ()
    django_settings: str | None = None
    source_roots: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    accept: tuple[tuple[str, str], ...] = ()
    baseline: str | None = None
    environment: str | None = None
    warm_ups: tuple[str, ...] = ()
    worker_memory: int | None = None
    container_memory: int | None = None
    measurement: str | None = None
    check_process_init: bool = False
    require_prelude: bool = False
    trust_prelude: bool = False
    python_version: tuple[int, int] | None = None
    platform: str | None = None
    cache_dir: str | None = None
    given: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def digest(self) -> str:
        """A short name for everything that can change a finding."""
        return checksum(repr(self._replace(cache_dir=None)))


def nearest_project(start: str) -> str:
    """The nearest directory with a marker, ``start`` or one above it, else ``start``: what options are relative to."""
    start = os.path.abspath(start)
    return next(iter(_marked(start)), start)


def project_directory(start: str) -> str:
    """The top directory of the project that ``start`` lies in, so that a file gets the same findings from everywhere.

    That is the repository, in which launches and shared packages lie beside the services; without version control the
    nearest directory with a marker, and without any ``start`` itself.  A directory with options of its own, and a
    project among tests or examples, is a project of its own.
    """
    start = os.path.abspath(start)
    marked = list(_marked(start))
    top = next((path for path in marked if _holds(path, REPOSITORY_MARKERS)), None)
    if top is None:
        return marked[0] if marked else start
    for path in marked[: marked.index(top)]:
        if is_aside(path, top) or _has_options(path):
            return path
    return top


def asked_for(project: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The directories among tests or examples of a project whose apps are looked at since a path in them is given."""
    return tuple(sorted({example_of(path, project) for path in paths if is_aside(path, project)}))


def _marked(start: str) -> Iterator[str]:
    """Directories with a marker from ``start`` upwards; a home directory is the project of nothing that lies in it."""
    directory, home = start, os.path.expanduser("~")
    while directory != home or directory == start:
        if _holds(directory, PROJECT_MARKERS):
            yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def _holds(directory: str, markers: tuple[str, ...]) -> bool:
    return any(os.path.exists(os.path.join(directory, marker)) for marker in markers)


def _has_options(directory: str) -> bool:
    try:
        with open(os.path.join(directory, "pyproject.toml"), "rb") as stream:
            return b"tool.forksafe" in stream.read(CONFIGURATION_LIMIT)
    except OSError:
        return False


def checkout(project: str) -> str:
    """The top directory of the repository that a project lies in, by its ``.git`` or ``.hg``, else the project."""
    directory = project
    while True:
        if any(os.path.exists(os.path.join(directory, marker)) for marker in REPOSITORY_MARKERS):
            return directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return project
        directory = parent


def is_outside(path: str, project: str) -> bool:
    """Whether a path, as it is written, leads out of the repository that a project lies in."""
    return not _lies_in(os.path.normpath(os.path.join(project, path)), checkout(project))


def leads_outside(path: str, project: str) -> bool:
    """Whether a path, links followed, leads out of the repository that a project lies in."""
    return not _lies_in(os.path.realpath(os.path.join(project, path)), os.path.realpath(checkout(project)))


def refuse_target(path: str, project: str) -> None:
    """Refuse to write through a link that the project has laid, or to what waits for a reader.

    :raises UsageError: if a path that is written as one of the repository is such.
    """
    if is_outside(path, project):
        return
    if leads_outside(path, project):
        raise UsageError(f"{path} leads out of the repository through a link; it is not written to")
    if os.path.exists(path) and not os.path.isfile(path):
        raise UsageError(f"{path} is not a regular file; it is not written to")


def _lies_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)


def read_pyproject(project: str) -> dict[str, Any]:
    """The table ``[tool.forksafe]``.

    :raises UsageError: if the file mentions the table and is not TOML, or the table holds an unknown key.
    """
    path = os.path.join(project, "pyproject.toml")
    if leads_outside(path, project):
        raise UsageError(f"{path} is a link that leads out of the repository")
    try:
        content, _ = read_file(path, CONFIGURATION_LIMIT)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if b"forksafe" not in content:
        return {}
    try:
        document = parse_toml(content.decode())
    except ValueError as error:  # of TOML, of its encoding, or of a number longer than Python reads
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    table = document.get("tool", {}).get("forksafe", {}) if isinstance(document.get("tool", {}), dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{path}: [tool.forksafe] must be a table")
    known = {option.name for option in OPTIONS}
    for key in table:
        if key.replace("_", "-") not in known:
            raise UsageError(
                f"{path}: [tool.forksafe] has no option {key!r}; the options are {', '.join(sorted(known))}"
            )
    return {key.replace("-", "_"): value for key, value in table.items()}


def make_settings(project: str, given: Mapping[str, Any], by_user: bool = True) -> Settings:
    """Settings of a project; what is ``given`` (values other than None) wins over pyproject.toml.

    :param by_user: whether the user gave it, and not a file of the project.
    :raises UsageError: if a value cannot be used.
    """
    chosen = read_pyproject(project)
    chosen.update({key: value for key, value in given.items() if value is not None})
    values = {option.key: _checked(option, chosen[option.key]) for option in OPTIONS if option.key in chosen}
    settings = Settings(
        project,
        app=tuple(values.get("app", ())),
        django_settings=values.get("django_settings"),
        source_roots=tuple(values.get("source_roots", ())),
        hazards=tuple(values.get("hazards", ())),
        accept=_accepted(values.get("accept", ())),
        baseline=values.get("baseline"),
        environment=values.get("environment"),
        warm_ups=tuple(values.get("warm_ups", ())),
        worker_memory=values.get("worker_memory"),
        container_memory=values.get("container_memory"),
        measurement=values.get("measurement"),
        check_process_init=bool(values.get("check_process_init")),
        require_prelude=bool(values.get("require_prelude")),
        trust_prelude=bool(values.get("trust_prelude")),
        python_version=_version(values.get("python_version")),
        platform=_platform(values.get("platform")),
    )
    own = {key for key, value in given.items() if value is not None} if by_user else set()
    settings = settings._replace(given=tuple(name for name in NAMING if name.replace("-", "_") in own))
    for key, paths in (
        ("source_roots", settings.source_roots), ("baseline", (settings.baseline,)),
        ("measurement", (settings.measurement,)),
    ):  # fmt: skip
        for path in paths:
            if path is not None:
                _check_place(key.replace("_", "-"), path, project, key in own)
    if not values.get("no_cache"):
        directory = cache_directory(project, values.get("cache_dir"), "cache_dir" in own)
        settings = settings._replace(cache_dir=directory)
    for app in settings.app:
        root, colon, rest = app.partition(":")
        spec = rest if colon and "/" in root else app
        _check_name("app", spec.replace(":", ".", 1), "a module, or module:attribute", app)
    for call in settings.warm_ups:
        _check_name("warm-ups", call, "a dotted name of a function")
    for name in (settings.django_settings, *settings.hazards):
        if name is not None:
            _check_name("hazards" if name in settings.hazards else "django-settings", name, "a dotted module name")
    return settings


def cache_directory(project: str, chosen: str | None, by_user: bool) -> str | None:
    """The directory of a project in which this program alone keeps something; None if there is no place for it.

    :param chosen: the option, if it is set.
    :param by_user: whether the user gave it; else a file of the project did, which may name no directory of others.
    :raises UsageError: if it does.
    """
    given = chosen if by_user else os.environ.get(CACHE_VARIABLE) or None
    cache = user_cache()
    name = f"{os.path.basename(project)}-{checksum(os.path.realpath(project))}"
    if given is None and chosen is None:
        return os.path.join(cache, APPLICATION, name) if cache is not None else None
    directory = os.path.join(os.path.realpath(project), given or chosen or "")
    real = os.path.realpath(directory)
    if _lies_in(real, os.path.realpath(project)):
        return os.path.join(real, OWN_DIRECTORY)
    if given is None and (cache is None or not _lies_in(real, os.path.realpath(cache))):
        raise UsageError(
            f"the option cache-dir names {chosen!r}, which lies neither in the project nor in your cache directory; "
            f"only the command line of forksafe and {CACHE_VARIABLE} may name another place"
        )
    return os.path.join(real, name)


def _checked(option: Option, value: Any) -> Any:
    """A value in the form its option has."""
    if option.kind == "flag":
        if not isinstance(value, bool):
            raise UsageError(f"the option {option.name} is on or off, not {shown(value)}")
        return value
    if option.kind == "number":
        if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]{0,8}", _digits(value)):
            raise UsageError(f"the option {option.name} takes a whole number of {option.metavar}, not {shown(value)}")
        return int(value)
    if option.kind == "text":
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise UsageError(f"the option {option.name} takes {option.metavar}, not {shown(value)}")
        return value.strip()
    if isinstance(value, str):
        value = split_list(value) if option.name != "accept" else _split_accept(value)
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) and "\0" not in part for part in value):
        raise UsageError(f"the option {option.name} takes {option.metavar}, not {shown(value)}")
    return [part.strip() for part in value if part.strip()]


def _digits(value: object) -> str:
    """A number as text, if there is any use in writing it out."""
    return str(value).strip() if isinstance(value, str) or (isinstance(value, int) and value < 10**9) else ""


def split_list(value: str) -> list[str]:
    """The parts of a comma- or line-separated list."""
    return [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]


def shown(value: object) -> str:
    """A value as it is quoted in a message."""
    return shortened(repr(value), 80) if not isinstance(value, int) or abs(value) < 10**80 else "that number"


def _split_accept(value: str) -> list[str]:
    """The parts of an ``accept`` list; a comma inside a reason does not end it."""
    parts: list[str] = []
    for part in re.split(r"[,\n]", value):
        if re.match(r"\s*[A-Za-z_][\w.]*\s*(:|$)", part) or not parts:
            parts.append(part.strip())
        else:
            parts[-1] += "," + part.rstrip()
    return parts


def _accepted(values: Any) -> tuple[tuple[str, str], ...]:
    accepted = []
    for value in values:
        name, _, reason = value.partition(":")
        _check_name("accept", name.strip(), "a package, or package: reason")
        accepted.append((name.strip(), reason.strip()))
    return tuple(accepted)


def _check_name(option: str, name: str, wanted: str, given: str | None = None) -> None:
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"the option {option} takes {wanted}, not {shown(given or name)}")


def _check_place(option: str, path: str, project: str, by_user: bool) -> None:
    """Refuse a path that leads out of the repository, unless the user wrote it so: what it names is quoted."""
    if leads_outside(path, project) and not (by_user and is_outside(path, project)):
        raise UsageError(
            f"the option {option} names {shown(path)}, which leads out of the repository; "
            "only the command line of forksafe may name a place there, and not through a link"
        )


def _version(value: str | None) -> tuple[int, int] | None:
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]{1,4})\.([0-9]{1,4})", value)
    if match is None:
        raise UsageError(f"the option python-version takes a version such as 3.12, not {shown(value)}")
    return int(match[1]), int(match[2])


def _platform(value: str | None) -> str | None:
    """A value that ``sys.platform`` has somewhere: with any other, conditions would silently not hold."""
    if value is not None and re.fullmatch(PLATFORMS, value) is None:
        raise UsageError(
            f"the option platform takes a value of sys.platform such as linux, darwin or win32, not {shown(value)}"
        )
    return value
