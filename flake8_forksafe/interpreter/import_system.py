"""The state of the import system: ``sys.path``, ``sys.modules``, and the source of facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from flake8_forksafe.hazards.third_parties import NO_EFFECTS, Effects
from flake8_forksafe.interpreter.values import Module
from flake8_forksafe.project.layout import Layout
from flake8_forksafe.source.cut import CutBody
from flake8_forksafe.source.facts import Block


class Sources(Protocol):
    """Where facts come from (:class:`flake8_forksafe.source.collected.Collected`)."""

    def module(self, path: str) -> Block:
        """Facts of a file; raises Unreadable or OSError."""

    def body(self, path: str, cut: CutBody) -> Block:
        """Facts of a function body that was cut out of it."""


class ImportSystem:
    """What imports need to know.

    :param hazards: dotted names that count as modules wherever they appear.
    :param presence: whether a top-level module outside the source roots is installed; None if that is not known.
    :param locked: whether a lock file has a top-level module, which may be installed then.
    :param effects: what an import of a module that is not walked is known to do, by its name or ``module:name``.
    :param is_at_least: whether a distribution is of a version or newer; None if that is not known.
    :ivar modules: every first-party (and walked third-party) module executed, in order.
    :ivar bodies: function bodies that were collected, by file and place.
    :ivar halted: modules whose import may fail, as ``sys.modules`` may have ``None`` for them.
    """

    __slots__ = (
        "bodies",
        "effects",
        "halted",
        "hazards",
        "is_at_least",
        "layout",
        "locked",
        "modules",
        "presence",
        "sources",
    )

    def __init__(
        self,
        layout: Layout,
        sources: Sources,
        hazards: frozenset[str],
        presence: Callable[[str], bool | None] = lambda name: None,
        effects: Callable[[str], Effects] = lambda name: NO_EFFECTS,
        locked: Callable[[str], bool] = lambda name: False,
        is_at_least: Callable[[str, str], bool | None] = lambda name, version: None,
    ) -> None:
        self.layout = layout
        self.sources = sources
        self.hazards = hazards
        self.presence = presence
        self.effects = effects
        self.locked = locked
        self.is_at_least = is_at_least
        self.modules: dict[str, Module] = {}
        self.bodies: dict[tuple[str, CutBody], Block] = {}
        self.halted: set[str] = set()

    def likely(self, module: str) -> bool:
        """Whether a top-level module is installed, or may be by a lock file."""
        installed = self.presence(module)
        return installed is True or (installed is None and self.locked(module))
