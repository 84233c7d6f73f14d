"""What is known of a host besides its plan: plain data that a trace keeps, so that rules need nothing else of it."""

from __future__ import annotations

from typing import NamedTuple

from flake8_forksafe.interpreter.records import Node

Argv = tuple[tuple[str, ...], ...]
"""Possible values of ``sys.argv``."""

ELSEWHERE = "elsewhere"
"""A process of the project that is no worker: what a gate that selects the worker keeps out."""
IMAGINED = "imagined"
"""The worker as its gates often imagine it: ``sys.argv`` as it was typed, with a bare program name in front."""
TASK_CLASSES = "task classes"
"""The step of a boot in which task classes are instantiated."""


class HostFacts(NamedTuple):
    """What a trace knows of the host whose boot it is.

    :ivar name: what people call it; ``parent`` and ``child`` are its processes.
    :ivar root: the node of the graph that stands for it, from which everything is reached.
    :ivar launch_forms: ``sys.argv`` of the parent by how it is launched.
    :ivar handlers: steps in which handlers of the project run in the parent.
    :ivar after_fork: steps of the parent after the first children exist, which their replacements inherit.
    :ivar in_children: steps of each child.
    :ivar safe_hook: the hook that runs in each child, where warm-ups belong.
    """

    name: str
    parent: str
    child: str
    root: Node
    launch_forms: dict[str, tuple[str, ...]]
    handlers: tuple[str, ...]
    after_fork: tuple[str, ...]
    in_children: tuple[str, ...]
    safe_hook: str


class UnreadSetting(NamedTuple):
    """A setting that the host does not read: where it is made, and what it reads instead."""

    name: str
    instead: str
    module: str
    line: int
