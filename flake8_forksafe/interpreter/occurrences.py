"""Decides whether an effect happens in every execution of its module or function."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from flake8_forksafe.interpreter.records import Node


class Occurrences:
    """What happened in which execution.

    A function may be called in several ways and do something else in each.  Something that it does is sure if it
    happened in every execution, or in one that certainly takes place.
    """

    def __init__(self) -> None:
        self._certain: set[Hashable] = set()
        self._counted: dict[Hashable, tuple[int, int]] = {}
        """In how many executions of a function each happened for sure, and the last of them."""

    def add(self, key: Hashable, execution: int, certain: bool, sure: bool) -> None:
        """Something happens.

        :param execution: which execution of its function this is, from 1; 0 for a module, which is executed once.
        :param certain: whether this happens in every boot; ``sure``: whenever this execution takes place.
        """
        if certain:
            self._certain.add(key)
        elif sure:
            count, last = self._counted.get(key, (0, -1))
            if last != execution:
                self._counted[key] = (count + 1, execution)

    def is_sure(self, key: Hashable, node: Node, executions: Mapping[Node, int]) -> bool:
        """Whether something that happened once happens in all executions of ``node``, or certainly."""
        if key in self._certain:
            return True
        count, last = self._counted.get(key, (0, 0))
        return bool(count) and (last == 0 or count >= executions.get(node, 0))
