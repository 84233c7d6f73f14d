"""What importing the modules of popular packages loads: third_parties.jsonl as data.

The table is measured by ``benchmarks/third_parties.py`` in clean environments. It stands in where the project's own
environment is not found: a linter in pre-commit or in a slim CI job sees no dependency.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

OWN = "the option third-parties"
"""The source of what the user tells."""


LIKELY = "likely"
"""Of a module that may be installed, as a lock file has it."""
Presence = Callable[[str], "bool | str | None"]
"""Tells whether a top-level module is installed: True, False, LIKELY, or None if nothing is known."""
Admits = Callable[[str, str], bool]
"""Tells whether a specifier (PEP 440) admits a version."""


def admits_any(specifier: str, version: str) -> bool:
    """What specifiers admit where nothing reads them."""
    return True


class MeasuredVersion(NamedTuple):
    """One measured version of a distribution.

    :ivar extras: catalogued packages that each extra requires, by its normalised name.
    :ivar modules: for each importable module, or ``module:name`` of a name that is loaded when it is asked for, what is
        loaded: ``loads``, and ``optional`` where that is guarded and was not installed; ``discovers``, the modules that
        are looked for in every Django app; ``starts``, the names of threads; ``mb``.  ``app:setup()`` is what
        ``django.setup()`` does with a Django app besides importing its package.
    """

    distribution: str
    version: str
    modules: Mapping[str, Mapping[str, Any]]
    extras: Mapping[str, Sequence[str]] = MappingProxyType({})

    def absent(self, module: str, presence: Presence) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Packages that importing a module would load if they were installed, each with the extras that install it."""
        for brought in _brought(self, module):
            if brought.optional and presence(brought.package.partition(".")[0]) in (None, False):
                extras = (extra for extra, packages in self.extras.items() if brought.package in packages)
                yield brought.package, tuple(f"{self.distribution}[{extra}]" for extra in extras)

    def shown(self, wanted: str | None, admits: Admits) -> str:
        """As people write it, with the version that the project asks for if it is another one."""
        if not self.distribution:
            return OWN
        if wanted is None:
            other = False
        elif is_version(wanted):
            other = _key(wanted)[:2] != _key(self.version)[:2]
        else:
            other = not admits(wanted, self.version)
        return f"{self.distribution} {self.version}" + (f" (the project asks for {wanted})" if other else "")


class Brought(NamedTuple):
    """A catalogued package that an import loads.

    :ivar way: the modules in between, the outermost first.
    :ivar sure: whether that happens whenever the import does.
    :ivar source: the version that it was measured with, and the other one that the project asks for.
    :ivar optional: whether it is loaded only where it is installed, though the import does not require it.
    """

    package: str
    way: tuple[str, ...]
    sure: bool
    source: str = ""
    optional: bool = False


class Effects(NamedTuple):
    """What an import does besides executing a module's own code.

    :ivar discovers: names of the modules that it imports from every Django app that has them.
    :ivar starts: names of the Python threads that it starts.
    :ivar mb: resident memory that it adds, all that it loads included, in MB; 0 if that is not known, or little.
    :ivar within: catalogued packages that ``mb`` includes.
    :ivar source: what was measured.
    :ivar sure: whether all versions that may be meant start and discover the same.
    :ivar absent: catalogued packages that it would load if they were installed, each with the extras that install it.
    """

    brought: tuple[Brought, ...] = ()
    discovers: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    mb: int = 0
    within: tuple[str, ...] = ()
    source: str = ""
    sure: bool = True
    absent: tuple[tuple[str, tuple[str, ...]], ...] = ()


def told_by(source: str) -> str:
    """How it is known what an import does, as part of a sentence."""
    return f"as {source} tells" if source == OWN else f"measured with {source}"


NO_EFFECTS = Effects()


class ThirdParties(NamedTuple):
    """The table, of which only what is asked for is parsed.

    :ivar tops: numbers of lines, by the first part of the dotted names of modules.
    :ivar lines: one for each distribution.
    :ivar own: what the user tells of modules; it comes before what was measured.
    :ivar required: normalised names of what the project requires, by which distributions with modules of one name are
        told apart.
    :ivar admits: tells whether a specifier of the project admits a version.
    """

    tops: Mapping[str, Sequence[int]]
    lines: Sequence[str]
    own: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    required: Collection[str] = ()
    admits: Admits = admits_any

    def distributions(self, top: str) -> Iterator[tuple[MeasuredVersion, ...]]:
        """The distributions that have modules below a name, each with its versions, the oldest first.

        What the project requires comes first; where that holds a distribution which the name tells to have the module,
        no other one does: ``haystack`` is ``django-haystack``'s there, not ``haystack-ai``'s.
        """
        own = {name: entry for name, entry in self.own.items() if name.partition(":")[0].partition(".")[0] == top}
        if own:
            yield (MeasuredVersion("", "", own),)
        measured = [_versions(self.lines[number]) for number in self.tops.get(top, ())]
        needed = [versions for versions in measured if versions[0].distribution in self.required]
        yield from needed
        if not any(name in self.required for name in _likely_distributions(top)):
            yield from (versions for versions in measured if versions not in needed)

    def installs(
        self, distribution: str, wanted: Callable[[str], str | None], extras: Collection[str] = ()
    ) -> frozenset[str]:
        """Catalogued packages that are installed with a distribution: some module of it surely loads them, or an extra.

        :param distribution: normalised.
        :param extras: normalised names of those that are asked for.
        """
        begin = json.dumps({"distribution": distribution}, separators=(",", ":"))[:-1]
        number = bisect_left(self.lines, f"{begin},")
        if number == len(self.lines) or not self.lines[number].startswith(f"{begin},"):
            return frozenset()
        found = []
        for version in _standing_for(_versions(self.lines[number]), wanted(distribution), self.admits):
            loaded = {package for entry in version.modules.values() for package in entry.get("loads", ())}
            found.append(frozenset(loaded.union(*(version.extras.get(extra, ()) for extra in extras))))
        return frozenset.intersection(*found)

    def versions_of(self, module: str, wanted: Callable[[str], str | None]) -> tuple[MeasuredVersion, ...]:
        """The measured versions that stand for those that the project may have, the newest first; none if none was.

        A measured version stands for those from it up to the next one, the oldest also for those before.

        :param module: dotted.
        :param wanted: the version of a distribution that the project asks for, or a specifier (PEP 440), if one is
            known.
        """
        for versions in self.distributions(module.partition(".")[0]):
            if any(_covers(one, module) for one in versions):
                return _standing_for(versions, wanted(versions[0].distribution), self.admits)
        return ()

    def effects(self, module: str, wanted: Callable[[str], str | None], presence: Presence) -> Effects:
        """What importing a module, and the packages around it, does.

        :param module: dotted, or ``module:name``.
        """
        found = self.versions_of(module.partition(":")[0], wanted)
        if not found:
            return NO_EFFECTS
        version = found[0]
        each = [[one.modules[key] for key in _keys(module) if key in one.modules] for one in found]
        discovers, starts = (
            [tuple(dict.fromkeys(one for entry in entries for one in entry.get(key, ()))) for entries in each]
            for key in ("discovers", "starts")
        )
        return Effects(
            tuple(self.brought(module, wanted, presence)),
            tuple(dict.fromkeys(one for several in discovers for one in several)),
            tuple(dict.fromkeys(one for several in starts for one in several)),
            next((entry["mb"] for entry in each[0] if "mb" in entry), 0),
            tuple(package for entry in each[0] for package in entry.get("loads", ())),
            version.shown(wanted(version.distribution), self.admits),
            len(set(discovers)) == len(set(starts)) == 1,
            tuple(version.absent(module, presence)),
        )

    def brought(self, module: str, wanted: Callable[[str], str | None], presence: Presence) -> Iterator[Brought]:
        """What importing a module, and the packages around it, loads.

        :param module: dotted, or ``module:name``.
        """
        versions = self.versions_of(module.partition(":")[0], wanted)
        each = [{brought.package: brought for brought in _brought(version, module)} for version in versions]
        for package in dict.fromkeys(package for found in each for package in found):
            version, brought = next(
                (version, found[package]) for version, found in zip(versions, each, strict=True) if package in found
            )
            installed = presence(package.partition(".")[0])
            if installed is not False and (brought.sure or installed):
                sure = all(package in found and (found[package].sure or installed is True) for found in each)
                yield brought._replace(sure=sure, source=version.shown(wanted(version.distribution), self.admits))


def _likely_distributions(top: str) -> Iterator[str]:
    """Normalised names of the distributions that usually have a top-level module."""
    name = re.sub(r"[-_.]+", "-", top).lower()
    yield name
    yield from (form.format(name) for form in ("django-{}", "flask-{}", "python-{}", "py{}", "{}-python", "{}-py"))


def _nearest(versions: Sequence[MeasuredVersion], wanted: str) -> MeasuredVersion:
    """The newest version that is not after the wanted one, else the oldest."""
    earlier = [one for one in versions if _key(one.version) <= _key(wanted)]
    return earlier[-1] if earlier else versions[0]


def _standing_for(
    versions: Sequence[MeasuredVersion], wanted: str | None, admits: Admits
) -> tuple[MeasuredVersion, ...]:
    """The versions that stand for those that are wanted, the newest first."""
    if len(versions) == 1 or wanted is None:
        return tuple(reversed(versions))
    if is_version(wanted):
        return (_nearest(versions, wanted),)
    named = re.findall(r"\d[\w.]*", wanted)
    points = ["0", *(one.version for one in versions), *named, *(f"{version}.1" for version in named)]
    meant = {_nearest(versions, point).version for point in points if admits(wanted, point)}
    found = tuple(one for one in reversed(versions) if one.version in meant)
    return found or tuple(reversed(versions))


def is_version(text: str) -> bool:
    """Whether a text is a version, not a specifier."""
    return text[:1].isdigit() and "," not in text


def _covers(version: MeasuredVersion, module: str) -> bool:
    """Whether a module, a package around it, or a name in one of these is in the table."""
    around = _around(module)
    if any(name in version.modules for name in around):
        return True
    return not version.distribution and any(key.partition(":")[0] in around for key in version.modules)


def _around(module: str) -> list[str]:
    """A module and the packages around it, the outermost first."""
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _keys(module: str) -> list[str]:
    """The entries of a version that are about a module, or about ``module:name``."""
    return [module] if ":" in module else _around(module)


def _brought(version: MeasuredVersion, module: str) -> list[Brought]:
    found = []
    for key in _keys(module):
        for kind, optional in (("loads", False), ("optional", True)):
            ways = version.modules.get(key, {}).get(kind, {})
            found += [Brought(name, tuple(way), not optional, optional=optional) for name, way in ways.items()]
    return found


def _key(version: str) -> tuple[int, ...]:
    """A version to compare by: its numbers, up to the first part that has none."""
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits[:9]))
    return tuple(numbers)


@cache
def load_third_parties() -> ThirdParties:
    """third_parties.jsonl, read once."""
    from importlib.resources import files

    return read_third_parties(files(__package__).joinpath("third_parties.jsonl").read_text(encoding="utf-8"))


def read_third_parties(text: str) -> ThirdParties:
    """A table in the format of third_parties.jsonl: a line that tells what the others are about, and one for each."""
    head, *lines = text.splitlines()
    return ThirdParties(json.loads(head)["tops"], lines)


def table_of(distributions: Mapping[str, list[dict[str, Any]]]) -> str:
    """The text of a table of distributions, each with its versions."""
    tops: dict[str, list[int]] = {}
    names = sorted(distributions)
    for number, name in enumerate(names):
        modules = [module for one in distributions[name] for module in (*one["light"].split(), *one["modules"])]
        for top in dict.fromkeys(module.partition(":")[0].partition(".")[0] for module in modules):
            tops.setdefault(top, []).append(number)
    entries = [{"distribution": name, "versions": distributions[name]} for name in names]
    return "".join(f"{json.dumps(one, separators=(',', ':'))}\n" for one in ({"schema": 2, "tops": tops}, *entries))


@cache
def _versions(line: str) -> tuple[MeasuredVersion, ...]:
    """One line of the table, parsed once."""
    entry = json.loads(line)
    return tuple(
        MeasuredVersion(
            entry["distribution"],
            one["version"],
            {**{name: {} for name in one["light"].split()}, **one["modules"]},
            one.get("extras", {}),
        )
        for one in sorted(entry["versions"], key=lambda one: _key(one["version"]))
    )
