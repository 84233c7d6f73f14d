"""Forks child processes, where that is safe, and ends them.

This package warns of unsafe forks, so it forks only where that is safe: on Linux, in a process without other threads
that is not itself a worker.  A child always ends before the context that needs it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

THREADS = "/proc/self/task"
STOPPING = (signal.SIGINT, signal.SIGTERM)


def may_fork() -> bool:
    """Whether forking is safe in this process.

    :raises OSError: if that cannot be determined.
    """
    if sys.platform != "linux" or not hasattr(os, "memfd_create"):
        return False
    multiprocessing = sys.modules.get("multiprocessing.process")
    in_worker = multiprocessing is not None and multiprocessing.parent_process() is not None
    return not in_worker and len(os.listdir(THREADS)) == 1


@contextmanager
def child(work: Callable[[], object]) -> Iterator[int]:
    """Fork a child that does some work, and end it when the context ends.  Yields its process id.

    The child ignores errors of the work, and writes nothing to the terminal.

    :raises OSError: if the child cannot be forked.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # signals wait until both processes can handle them
    try:
        number = os.fork()
        if not number:
            _run(work, blocked)
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        raise
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        yield number
    finally:
        _end(number)


def _run(work: Callable[[], object], blocked: set[int]) -> NoReturn:
    try:
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        work()
    finally:
        os._exit(0)


def _end(number: int) -> None:
    """Kill a child that has not exited yet."""
    with suppress(OSError):  # it was waited for elsewhere: the process id may be reused
        if os.waitpid(number, os.WNOHANG) == (0, 0):
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)


def output_of_child(work: Callable[[], bytes]) -> bytes:
    """Run some work in a child and return its output, so that the memory of this process does not change.

    Returns nothing if the child cannot be forked or fails.  Then the caller does the work, and gets the same error.
    """
    try:
        if not may_fork():
            return b""
        file = os.memfd_create("forksafe")
    except OSError:
        return b""
    with open(file, "w+b", buffering=0) as stream:
        with suppress(OSError), child(lambda: stream.write(work())) as number:
            os.waitpid(number, 0)
        stream.seek(0)
        return stream.read()
