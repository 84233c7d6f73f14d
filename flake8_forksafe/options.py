"""Options: their names on the command line, in flake8 and in pyproject.toml, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from flake8_forksafe.host_names import CELERY, HOST_NAMES
from flake8_forksafe.printable import shortened

PLATFORMS = r"aix|android|cygwin|darwin|emscripten|ios|linux|wasi|win32|(dragonfly|freebsd|netbsd|openbsd|sunos)\d+"
"""The values of ``sys.platform``: https://docs.python.org/3/library/sys.html#sys.platform, and the BSDs and Solaris."""


HOSTS = {one.name: one.takes_app for one in HOST_NAMES}
"""The hosts, and whether their command line names an app."""


CHILDREN, PARENT, OFF = "children", "parent", "off"
PRELUDES = (CHILDREN, PARENT, OFF)
"""Whose native threads a prelude is wanted for: the parent's and its children's, the parent's, nobody's."""


class UsageError(Exception):
    """An invalid option, argument or file of the user.  The message is shown to them."""


class Option(NamedTuple):
    """One setting, as flake8 option ``--forksafe-NAME``, command flag ``--NAME`` and key in ``[tool.forksafe]``.

    It is declared once, at its field of :class:`flake8_forksafe.settings.Settings`, which gives it its name.

    :ivar read: converts a written value to the value of the field.  It raises :class:`UsageError`.
    :ivar metavar: what the value is called in help texts; empty for a flag.
    :ivar default: describes the default, for help texts.
    :ivar names_project: it names something in the project.  If that does not exist: FS193, or an error if the option
        was given on the command line.
    :ivar is_path: it names files or directories.  Outside of the repository, only the command line may name any.
    :ivar is_relative: its value is relative to the nearest project around the directory in which it is given.
    :ivar is_table: it is a table, which only pyproject.toml can hold.
    """

    read: Callable[[Any, Option], Any]
    metavar: str
    help: str
    default: str
    names_project: bool = False
    is_path: bool = False
    is_relative: bool = False
    is_table: bool = False
    name: str = ""

    @property
    def key(self) -> str:
        """The name as a Python identifier."""
        return self.name.replace("-", "_")

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value on a command line."""
        return not self.metavar


def as_flag(value: Any, option: Option) -> bool:
    """On or off."""
    if not isinstance(value, bool):
        raise UsageError(f"the option {option.name} is on or off, not {shown(value)}")
    return value


def as_number(value: Any, option: Option) -> int:
    """A whole number above 0, of at most nine digits."""
    digits = str(value).strip() if isinstance(value, str) or (isinstance(value, int) and value < 10**9) else ""
    if isinstance(value, bool) or not re.fullmatch(r"[1-9][0-9]{0,8}", digits):
        raise UsageError(f"the option {option.name} takes a whole number of {option.metavar}, not {shown(value)}")
    return int(value)


def as_text(value: Any, option: Option) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise UsageError(f"the option {option.name} takes {option.metavar}, not {shown(value)}")
    return value.strip()


def as_list(value: Any, option: Option) -> tuple[str, ...]:
    """Texts: a list, or one text with commas or line ends between them."""
    return _texts(split_list(value) if isinstance(value, str) else value, option)


MOST_APPS = 1_000
"""Apps that the option may name: each is followed, and one that does not exist is a finding."""


def split_host(app: str) -> tuple[str, str]:
    """The host that a value of the option ``app`` names, Celery if it names none, and what it runs."""
    name, colon, rest = app.partition(":")
    host = _host_named(name.strip()) if colon else None
    return (host, rest.strip()) if host is not None else (CELERY, app)


def as_apps(value: Any, option: Option) -> tuple[str, ...]:
    """Apps: ``module``, ``module:attribute``, or either behind a root and a colon; a host and a colon before all that.

    What Celery runs is given back without it.
    """
    given, apps = as_list(value, option), []
    if len(given) > MOST_APPS:
        raise UsageError(f"the option {option.name} takes at most {MOST_APPS:,} apps, not {len(given):,}")
    for app in given:
        host, named = split_host(app)
        if not HOSTS[host]:
            able = ", ".join(name.lower() for name, takes in HOSTS.items() if takes)
            raise UsageError(
                f"the option {option.name} cannot name what {host} runs, which its command line does not; "
                f"it can for {able}"
            )
        root, colon, rest = named.partition(":")
        spec = rest if colon and "/" in root else named
        wanted = "a module, or module:attribute"
        if host != CELERY:
            spec, wanted = FACTORY.sub("", spec), f"{wanted}, behind {host}:"
        _check_name(option, spec.replace(":", ".", 1), wanted, app)
        apps.append(named if host == CELERY else f"{host}:{named}")
    return tuple(apps)


FACTORY = re.compile(r"(?<=\w)\(.*\)$")
"""The arguments of an app's factory, as servers take them behind its name."""


def _host_named(name: str) -> str | None:
    """A host by its name in upper or lower case."""
    return next((host for host in HOSTS if host.lower() == name.lower()), None)


def as_hosts(value: Any, option: Option) -> tuple[str, ...]:
    """Names of hosts, in upper or lower case."""
    hosts = []
    for name in as_list(value, option):
        host = _host_named(name)
        if host is None:
            known = ", ".join(map(str.lower, HOSTS))
            raise UsageError(f"the option {option.name} knows no host {shown(name)}; there are {known}")
        hosts.append(host)
    return tuple(dict.fromkeys(hosts))


def as_module(value: Any, option: Option) -> str:
    """A dotted module name."""
    name = as_text(value, option)
    _check_name(option, name, "a dotted module name")
    return name


def as_modules(value: Any, option: Option) -> tuple[str, ...]:
    """Dotted module names."""
    return _names(value, option, "a dotted module name")


def as_functions(value: Any, option: Option) -> tuple[str, ...]:
    """Dotted names of functions."""
    return _names(value, option, "a dotted name of a function")


def as_accepted(value: Any, option: Option) -> tuple[tuple[str, str], ...]:
    """Packages with reasons: ``package`` or ``package: reason``."""
    accepted = []
    for part in _texts(_split_accept(value) if isinstance(value, str) else value, option):
        name, _, reason = part.partition(":")
        _check_name(option, name.strip(), "a package, or package: reason")
        accepted.append((name.strip(), reason.strip()))
    return tuple(accepted)


def as_version(value: Any, option: Option) -> tuple[int, int]:
    """A Python version of two numbers."""
    match = re.fullmatch(r"([0-9]{1,4})\.([0-9]{1,4})", as_text(value, option))
    if match is None:
        raise UsageError(f"the option {option.name} takes a version such as 3.12, not {shown(value)}")
    return int(match[1]), int(match[2])


def as_platform(value: Any, option: Option) -> str:
    """A value that ``sys.platform`` can have; with another, every condition on it would be false."""
    platform = as_text(value, option)
    if re.fullmatch(PLATFORMS, platform) is None:
        raise UsageError(
            f"the option {option.name} takes a value of sys.platform such as linux, darwin or win32, not {shown(value)}"
        )
    return platform


def as_prelude(value: Any, option: Option) -> str:
    """Whose native threads a prelude is wanted for."""
    if value not in PRELUDES:
        raise UsageError(f"the option {option.name} takes {', '.join(PRELUDES)}, not {shown(value)}")
    return str(value)


def split_list(value: str) -> list[str]:
    """The parts of a comma- or line-separated list."""
    return [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]


def shown(value: object) -> str:
    """A value as it is quoted in a message."""
    return shortened(repr(value), 80) if not isinstance(value, int) or abs(value) < 10**80 else "that number"


def _texts(value: Any, option: Option) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) and "\0" not in part for part in value):
        raise UsageError(f"the option {option.name} takes {option.metavar}, not {shown(value)}")
    return tuple(part.strip() for part in value if part.strip())


def _names(value: Any, option: Option, wanted: str) -> tuple[str, ...]:
    names = as_list(value, option)
    for name in names:
        _check_name(option, name, wanted)
    return names


def _split_accept(value: str) -> list[str]:
    """The parts of an ``accept`` list; a comma inside a reason does not end it."""
    parts: list[str] = []
    for part in re.split(r"[,\n]", value):
        if re.match(r"\s*[A-Za-z_][\w.]*\s*(:|$)", part) or not parts:
            parts.append(part.strip())
        else:
            parts[-1] += "," + part.rstrip()
    return parts


def _check_name(option: Option, name: str, wanted: str, given: str | None = None) -> None:
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"the option {option.name} takes {wanted}, not {shown(given or name)}")
