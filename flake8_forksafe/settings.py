"""Settings: what the user chose, from flake8's options, ``[tool.forksafe]`` in pyproject.toml, and defaults."""

# No postponed annotations: the options are read from those of Settings.

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from flake8_forksafe.digest import checksum
from flake8_forksafe.examples import example_of, is_example
from flake8_forksafe.file_reading import ABSENT, CONFIGURATION_LIMIT, parse_toml, read_file
from flake8_forksafe.options import (
    CHILDREN,
    Option,
    UsageError,
    as_accepted,
    as_apps,
    as_flag,
    as_functions,
    as_hosts,
    as_list,
    as_module,
    as_modules,
    as_number,
    as_platform,
    as_prelude,
    as_text,
    as_version,
    shown,
    split_host,
)
from flake8_forksafe.own_packages import OwnPackage, as_own_packages
from flake8_forksafe.user_directories import APPLICATION, user_cache

PROJECT_MARKERS = (".git", ".hg", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", ".flake8", "manage.py")
"""What lies in the top directory of a project."""
REPOSITORY_MARKERS = (".git", ".hg")
"""What lies in the top directory of a repository."""
CACHE_VARIABLE = "FORKSAFE_CACHE_DIR"
OWN_DIRECTORY = ".forksafe"
"""Name of the cache inside the project: hidden, so that no search for source finds it."""


class Settings(NamedTuple):
    """The settings of one analysis.  A field with an :class:`Option` is one that users can set.

    :ivar project: absolute path of the project's top directory; all relative paths are relative to it.
    :ivar accept: accepted packages with the reasons given.
    :ivar environment: directory of the worker's environment, or its interpreter, if given.
    :ivar cache_dir: absolute path, or None for no cache.
    :ivar given: of the options that name something of the project, those that the user gave.
    :ivar asked: paths among tests or examples that are to be checked, relative to the project.
    """

    project: str
    app: Annotated[
        tuple[str, ...],
        Option(
            as_apps, "APP[,APP...]", "apps as given to celery -A, or to another host, as in gunicorn:proj.wsgi",
            "found in the source and in deployment files",
            names_project=True, is_relative=True,
        ),
    ] = ()  # fmt: skip
    hosts: Annotated[
        tuple[str, ...],
        Option(
            as_hosts, "HOST[,HOST...]", "hosts to follow, such as celery or gunicorn", "all that the repository starts",
            names_project=True,
        ),
    ] = ()  # fmt: skip
    django_settings: Annotated[
        str | None,
        Option(
            as_module, "MODULE", "Django settings module of the worker", "found in the source",
            names_project=True, is_relative=True,
        ),
    ] = None  # fmt: skip
    source_roots: Annotated[
        tuple[str, ...],
        Option(
            as_list, "DIR[,DIR...]", "directories that modules are imported from", "from the packages",
            names_project=True, is_path=True, is_relative=True,
        ),
    ] = ()  # fmt: skip
    hazards: Annotated[
        tuple[str, ...],
        Option(as_modules, "PACKAGE[,PACKAGE...]", "packages to report if imported, besides the catalogue", "none"),
    ] = ()
    accept: Annotated[
        tuple[tuple[str, str], ...],
        Option(as_accepted, "PACKAGE[: reason][,...]", "packages that are loaded before the fork on purpose", "none"),
    ] = ()
    baseline: Annotated[
        str | None,
        Option(
            as_text, "FILE", "do not report findings in this file, which forksafe check --write-baseline wrote", "none",
            is_path=True, is_relative=True,
        ),
    ] = None  # fmt: skip
    environment: Annotated[
        str | None,
        Option(
            as_text, "DIR", "environment of the worker, to read its packages", ".venv, venv or active",
            names_project=True, is_relative=True,
        ),
    ] = None  # fmt: skip
    third_parties: Annotated[
        tuple[OwnPackage, ...],
        Option(as_own_packages, "TABLE", "what imports of private packages do", "none", is_table=True),
    ] = ()
    warm_ups: Annotated[
        tuple[str, ...],
        Option(as_functions, "CALL[,CALL...]", "functions that load models or the like, as pkg.function", "none"),
    ] = ()
    check_process_init: Annotated[
        bool, Option(as_flag, "", "report slow loads in worker_process_init handlers (FS125)", "off")
    ] = False
    prelude: Annotated[
        str,
        Option(as_prelude, "children|parent|off", "whose native threads a prelude has to limit", CHILDREN),
    ] = CHILDREN
    require_prelude: Annotated[
        bool, Option(as_flag, "", "thread variables must be set in the code, not by launches only", "off")
    ] = False
    trust_prelude: Annotated[
        bool, Option(as_flag, "", "do not report imports that the thread variables make safe", "off")
    ] = False
    worker_memory: Annotated[
        int | None,
        Option(as_number, "MB", "memory of one child of the pool, in MiB", "estimated from its imports"),
    ] = None
    container_memory: Annotated[
        int | None, Option(as_number, "MB", "memory limit of the worker's container, in MiB", "from deployments")
    ] = None
    measurement: Annotated[
        str | None,
        Option(
            as_text, "FILE", "measurement by forksafe measure --save, used instead of an estimate", "none",
            is_path=True, is_relative=True,
        ),
    ] = None  # fmt: skip
    python_version: Annotated[
        tuple[int, int] | None,
        Option(as_version, "X.Y", "lowest Python version of the worker", "from requires-python"),
    ] = None
    platform: Annotated[
        str | None, Option(as_platform, "NAME", "sys.platform of the worker, such as linux or darwin", "any")
    ] = None
    cache_dir: Annotated[
        str | None,
        Option(
            as_text, "DIR", "directory of the cache between runs", "the user's cache directory",
            is_relative=True,
        ),
    ] = None  # fmt: skip
    given: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def apps_of(self, host: str) -> tuple[str, ...]:
        """What the option ``app`` names for a host."""
        named = map(split_host, self.app)
        return tuple(app for one, app in named if one == host)

    def follows(self, host: str) -> bool:
        """Whether a host is followed: one that the option ``hosts`` names; without it, one of the option ``app``."""
        if self.hosts:
            return host in self.hosts
        return not self.app or bool(self.apps_of(host))

    def digest(self) -> str:
        """A digest of all settings that can change a finding."""
        return checksum(repr(self._replace(cache_dir=None)))


NO_CACHE = Option(as_flag, "", "do not read or write the cache", "off", name="no-cache")
"""The only option that is not a field: it sets ``cache_dir`` to None."""


def _declared() -> Iterator[Option]:
    for field, annotation in Settings.__annotations__.items():
        for option in getattr(annotation, "__metadata__", ()):
            yield option._replace(name=field.replace("_", "-"))


OPTIONS = (*_declared(), NO_CACHE)


def nearest_project(start: str) -> str:
    """The nearest directory with a marker from ``start`` upwards, else ``start``.  Options are relative to it."""
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
        if is_example(path, top) or _has_options(path):
            return path
    return top


def projects_of(paths: Iterable[str]) -> list[str]:
    """The projects that some files and directories lie in; of the current directory if there are none.

    What lies in no marked directory is taken together.
    """
    directories = dict.fromkeys(
        path if os.path.isdir(path) else os.path.dirname(path) for path in map(os.path.abspath, paths)
    )
    found: dict[str, None] = {}
    loose = []
    known: dict[str, str | None] = {}
    for directory in sorted(directories) or [os.getcwd()]:
        above = os.path.dirname(directory)
        if above in known and not _holds(directory, PROJECT_MARKERS):
            known[directory] = known[above]
        else:
            known[directory] = project_directory(directory) if is_marked(directory) else None
        project = known[directory]
        if project is not None:
            found[project] = None
        else:
            loose.append(directory)
    if loose:
        found[os.path.commonpath(loose)] = None
    return list(found)


def is_marked(directory: str) -> bool:
    """Whether a directory lies in a project or a repository."""
    return next(_marked(directory), None) is not None


def inner_settings(project: str, outer: Settings, given: Mapping[str, Any], by_user: bool = True) -> Settings:
    """Settings of a project inside another one: what is given counts, except files of the outer one.

    :raises UsageError: if an option cannot be used.
    """
    own = {option.key: given.get(option.key) for option in OPTIONS if not option.is_relative}
    if own.get(NO_CACHE.key) is None and given.get("cache_dir") is not None and by_user:
        own["cache_dir"] = os.path.abspath(os.path.join(outer.project, os.path.expanduser(given["cache_dir"])))
    return make_settings(project, own, by_user)


def asked_for(project: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Directories of tests or examples that are analysed because a given path lies in them."""
    inside = (path for path in paths if lies_in(path, project))
    return tuple(sorted({example_of(path, project) for path in inside if is_example(path, project)}))


def _marked(start: str) -> Iterator[str]:
    """Directories with a marker from ``start`` upwards, without the user's home directory."""
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


OPTIONS_MARK = "tool.forksafe"
"""What the ``pyproject.toml`` of a project with options of its own holds."""


def _has_options(directory: str) -> bool:
    """Whether a directory has options of its own; a file that cannot be read may hold some."""
    try:
        content, _ = read_file(os.path.join(directory, "pyproject.toml"), CONFIGURATION_LIMIT)
    except OSError as error:
        return error.errno not in ABSENT
    return OPTIONS_MARK.encode() in content


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
    return not lies_in(os.path.normpath(os.path.join(project, path)), checkout(project))


def leads_outside(path: str, project: str) -> bool:
    """Whether a path, links followed, leads out of the repository that a project lies in."""
    return not lies_in(os.path.realpath(os.path.join(project, path)), os.path.realpath(checkout(project)))


def refuse_target(path: str, project: str) -> None:
    """Refuse to write through a symbolic link of the project, or to a file that is not regular.

    :raises UsageError: if a path that is written as one of the repository is such.
    """
    if is_outside(path, project):
        return
    if leads_outside(path, project):
        raise UsageError(f"{path} leads out of the repository through a link; it is not written to")
    if os.path.exists(path) and not os.path.isfile(path):
        raise UsageError(f"{path} is not a regular file; it is not written to")


def lies_in(path: str, directory: str) -> bool:
    """Whether a path is a directory, or lies below it."""
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
    own = {key: value for key, value in given.items() if value is not None}
    chosen = {**read_pyproject(project), **own}
    values = {option.key: option.read(chosen[option.key], option) for option in OPTIONS if option.key in chosen}
    by_hand = own if by_user else {}
    for option in OPTIONS:
        if option.is_path and option.key in values:
            for path in _paths(values[option.key]):
                _check_place(option, path, project, option.key in by_hand)
    if values.pop(NO_CACHE.key, False):
        values["cache_dir"] = None
    else:
        values["cache_dir"] = cache_directory(project, values.get("cache_dir"), "cache_dir" in by_hand)
    named = tuple(option.name for option in OPTIONS if option.names_project and option.key in by_hand)
    return Settings(project, given=named, **values)


def _paths(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def cache_directory(project: str, chosen: str | None, by_user: bool) -> str | None:
    """The cache directory of a project; None if there is no place for one.

    :param chosen: the option, if it is set.
    :param by_user: whether the user gave it.  A file of the project may name only a directory inside the project or
        the user's cache directory.
    :raises UsageError: if it does, or if a link of the checkout leads somewhere else.
    """
    given = chosen if by_user else os.environ.get(CACHE_VARIABLE) or None
    cache = user_cache()
    name = f"{os.path.basename(project)}-{checksum(os.path.realpath(project))}"
    if given is None and chosen is None:
        return os.path.join(cache, APPLICATION, name) if cache is not None else None
    directory = os.path.join(os.path.realpath(project), os.path.expanduser(given or chosen or ""))
    real = os.path.realpath(directory)
    if lies_in(real, os.path.realpath(project)):
        return os.path.join(real, OWN_DIRECTORY)
    if given is None and (cache is None or not lies_in(real, os.path.realpath(cache))):
        raise UsageError(
            f"the option cache-dir names {chosen!r}, which is neither in the project nor in your cache directory; "
            f"only the command line of forksafe and {CACHE_VARIABLE} may name another place"
        )
    if leads_outside(directory, project) and not is_outside(directory, project):
        raise UsageError(f"{shown(directory)} leads out of the repository through a link; nothing is kept there")
    return os.path.join(real, name)


def _check_place(option: Option, path: str, project: str, by_user: bool) -> None:
    """Refuse a path outside of the repository, unless the user gave it: findings may quote the file."""
    if leads_outside(path, project) and not (by_user and is_outside(path, project)):
        raise UsageError(
            f"the option {option.name} names {shown(path)}, which leads out of the repository; "
            "only the command line of forksafe may name a place there, and not through a link"
        )
