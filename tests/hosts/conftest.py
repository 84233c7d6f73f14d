"""A Redis of a test's own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from helpers import PATIENCE_S
from served_apps import free_port


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Redis."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server")
    port, place = free_port(), tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        [program, "--port", str(port), "--save", "", "--dir", str(place)], stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE_S
        while not _listens(port):
            assert time.monotonic() < end and server.poll() is None
            time.sleep(0.05)
        yield port
    finally:
        server.kill()
        server.wait(PATIENCE_S)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
