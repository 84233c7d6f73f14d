"""The catalogue of hazards: hazards.toml as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple


class Hazard(NamedTuple):
    """A package that is unsafe or expensive in a MainProcess that forks.

    :ivar name: the dotted name it is imported by.
    :ivar outcome: what was measured, or reported, when it is inherited: ``hang``, ``crash``, ``dead-threads``,
        ``data-loss``, ``threads``, ``memory``, ``connection`` or ``none``.
    :ivar reported: whether importing it before the fork is reported by default.
    :ivar tamed_by: environment variables that make it safe, by measurement.
    :ivar rss_import_mb: resident memory that importing it adds, in MB, with what it requires and nothing else
        installed; None if not measured.
    :ivar pulls: other hazards that importing it imports.
    :ivar pulls_if_installed: those that it imports only where it finds them; no figure includes them.
    """

    name: str
    distribution: str
    kind: str
    outcome: str
    reported: bool
    why: str
    instead: str
    tamed_by: tuple[str, ...]
    rss_import_mb: int | None
    pulls: tuple[str, ...]
    sources: tuple[str, ...]
    pulls_if_installed: tuple[str, ...] = ()


class WarmUp(NamedTuple):
    """A call that must not happen in a MainProcess that forks.

    :ivar call: its dotted name; ``*`` as the first part stands for any object of the packages in ``of``, as the last
        for any function (not class) except those in ``exceptions``.  A part such as ``*Client`` is a pattern of
        :mod:`fnmatch`: from there on, names are compared from their end, in the package and in all below it.
    :ivar rule: the code it is reported as when it happens at import time: FS111, FS112 or FS113.
    :ivar evidence: ``measured``, ``sourced`` or ``judgement``.
    :ivar why: what it does, as the rest of a sentence that begins with the call.
    :ivar unless: with one of these arguments the call is harmless; see :func:`is_given`.
    :ivar only: it is meant only with one of these arguments.
    :ivar before: the first version of ``distribution`` with which it is harmless; empty if none is known.
    :ivar ends: methods of the object that undo the call, such as ``close``: of what a class or function returned, or of
        what a method was called on.  ``__exit__`` is the end of a ``with`` block.
    :ivar held_by: the call that made the object whose methods ``ends`` names, where what a method was called on was
        itself made from that: a session of a driver.
    :ivar ends_in_child: the same, called in each child; with ``keyword=value`` behind a space only if given that.
    """

    call: str
    rule: str
    evidence: str
    why: str
    instead: str
    of: tuple[str, ...]
    unless: tuple[str, ...]
    exceptions: tuple[str, ...]
    ends: tuple[str, ...] = ()
    ends_in_child: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    distribution: str = ""
    before: str = ""
    held_by: str = ""

    def matches(self, call: str) -> bool:
        """Whether a call of that dotted name is meant.

        A class may be imported from wherever its package re-exports it, which is above its own module, or written
        from below: so from the first part that looks like a class on, names are compared from their end.  A class of
        the same name in a module beside it is another one.
        """
        parts, called = self.call.split("."), call.split(".")
        pattern = next((index for index, part in enumerate(parts) if is_pattern(part)), 0)
        if pattern:
            tail = called[pattern - len(parts) :]
            inside = called[:pattern] == parts[:pattern] and len(called) >= len(parts)
            return inside and all(map(fnmatchcase, tail, parts[pattern:]))
        if parts[0] == "*":
            return called[-1] == parts[-1] and len(called) > 1 and any(_lies_in(call, package) for package in self.of)
        if parts[-1] == "*":
            is_function = called[-1].islower() and called[-1] not in self.exceptions
            return called[: len(parts) - 1] == parts[:-1] and len(called) == len(parts) and is_function
        if "*" in parts:
            return len(parts) == len(called) and all(a in ("*", b) for a, b in zip(parts, called, strict=True))
        first_class = next((index for index, part in enumerate(parts) if part[:1].isupper()), 0)
        if not first_class:
            return parts == called
        tail, module, asked = parts[first_class:], parts[:first_class], called[: first_class - len(parts)]
        common = min(len(module), len(asked))
        return called[-len(tail) :] == tail and bool(common) and module[:common] == asked[:common] and not any(
            part[:1].isupper() for part in asked
        )  # fmt: skip

    def is_meant(self, given: Mapping[str, object]) -> bool:
        """Whether a call with these arguments is meant."""
        return not self.only or any(is_given(argument, given) for argument in self.only)

    def is_harmless(self, given: Mapping[str, object]) -> bool:
        """Whether it is none with these arguments."""
        return any(is_given(argument, given) for argument in self.unless)


def is_given(argument: str, given: Mapping[str, object]) -> bool:
    """Whether a call has an argument.

    :param argument: ``keyword=value``; ``0=value`` for the first positional one; ``keyword`` or ``0`` for any value;
        ``()`` for no argument at all.
    :param given: the arguments of the call, by keyword or by number as text; ``...`` for one that is not known.
    """
    if argument == "()":
        return not given
    name, has_value, value = argument.partition("=")
    return name in given and (not has_value or str(given[name]) == value)


def is_pattern(part: str) -> bool:
    """Whether a part of a dotted name stands for several names by their spelling; ``*`` alone does not."""
    return "*" in part and part != "*"


def _lies_in(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


class Catalogue(NamedTuple):
    """All hazards, by import name, and all warm-ups, by :func:`_index`.

    :ivar tops: the top-level packages of the hazards.
    """

    hazards: dict[str, Hazard]
    warm_ups: dict[str, tuple[WarmUp, ...]]
    sources: dict[str, str]
    tops: frozenset[str]

    def entries_of(self, call: str) -> tuple[WarmUp, ...]:
        """The entries that a call may be, by its dotted name without argument lists, in the order of the catalogue."""
        last, top = call.rpartition(".")[2], call.partition(".")[0]
        entries = (*self.warm_ups.get(last, ()), *self.warm_ups.get(f"{top}.*", ()))
        return tuple(entry for entry in entries if entry.matches(call))

    def names(self) -> frozenset[str]:
        """The import names."""
        return frozenset(self.hazards)

    def find(self, module: str) -> Hazard | None:
        """The hazard that importing ``module`` loads: its own entry or that of a package it lies in."""
        if module.partition(".")[0] not in self.tops:
            return None
        while module:
            hazard = self.hazards.get(module)
            if hazard is not None:
                return hazard
            module = module.rpartition(".")[0]
        return None


USER_WHY = "it is in the project's list of hazards"
USER_INSTEAD = "import it inside the function that uses it"
USER_WARM_UP_INSTEAD = "do it on first use in a task, or in worker_process_init"


def load_catalogue(extra: Iterable[str] = (), calls: Iterable[tuple[str, str]] = ()) -> Catalogue:
    """The catalogue, extended by what a project names.

    :param extra: packages.
    :param calls: warm-ups: code and dotted name.
    """
    catalogue = _shipped()
    hazards = dict(catalogue.hazards)
    for name in extra:
        known = hazards.get(name)
        hazards[name] = known._replace(reported=True) if known is not None else Hazard(
            name, name, "project", "project", True, USER_WHY, USER_INSTEAD, (), None, (), ()
        )  # fmt: skip
    warm_ups = dict(catalogue.warm_ups)
    for code, call in calls:
        entry = WarmUp(call, code, "project", USER_WHY, USER_WARM_UP_INSTEAD, (), (), ())
        warm_ups[_index(call)] = (entry, *warm_ups.get(_index(call), ()))
    return Catalogue(hazards, warm_ups, catalogue.sources, _tops(hazards))


@cache
def _shipped() -> Catalogue:
    """hazards.toml, parsed once."""
    from importlib.resources import files

    return read_catalogue(files(__package__).joinpath("hazards.toml").read_text(encoding="utf-8"))


def read_catalogue(text: str) -> Catalogue:
    """A catalogue in the format of hazards.toml."""
    import tomllib

    document = tomllib.loads(text)
    hazards = {entry["import"]: _hazard(entry) for entry in document["package"]}
    warm_ups: dict[str, tuple[WarmUp, ...]] = {}
    for entry in document["warmup"]:
        for call in calls_of(entry):
            key = _index(call)
            warm_ups[key] = (*warm_ups.get(key, ()), _warm_up(entry, call))
    sources = {key: source["url"] for key, source in document["source"].items()}
    return Catalogue(hazards, warm_ups, sources, _tops(hazards))


def _tops(hazards: Iterable[str]) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in hazards)


def _index(call: str) -> str:
    """The key that a warm-up is found by: its last part, or its first if the last stands for several."""
    last = call.rpartition(".")[2]
    return last if "*" not in last else f"{call.partition('.')[0]}.*"


def calls_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The calls that an entry is for: its own, or those of the methods that it names."""
    return tuple(f"{entry['call']}.{method}" for method in entry.get("methods", ())) or (entry["call"],)


def _warm_up(entry: dict[str, Any], call: str) -> WarmUp:
    return WarmUp(
        call=call,
        rule=entry["rule"],
        evidence=entry["evidence"],
        why=entry["why"],
        instead=entry["instead"],
        of=tuple(entry.get("of", ())),
        unless=tuple(entry.get("unless", ())),
        exceptions=tuple(entry.get("but", ())),
        ends=tuple(entry.get("ends", ())),
        ends_in_child=tuple(entry.get("ends_in_child", ())),
        only=tuple(entry.get("only", ())),
        distribution=entry.get("distribution", ""),
        before=entry.get("before", ""),
        held_by=entry.get("held_by", ""),
    )


def _hazard(entry: dict[str, Any]) -> Hazard:
    return Hazard(
        name=entry["import"],
        distribution=entry["distribution"],
        kind=entry["kind"],
        outcome=entry["outcome"],
        reported=entry["default"],
        why=entry["why"],
        instead=entry["instead"],
        tamed_by=tuple(entry["tamed_by"]),
        rss_import_mb=entry.get("rss_import_mb"),
        pulls=tuple(entry["pulls"]),
        sources=tuple(entry["sources"]),
        pulls_if_installed=tuple(entry.get("pulls_if_installed", ())),
    )
