"""Amounts of memory."""

from __future__ import annotations

import pytest

from flake8_forksafe.deployment.sizes import docker_mebibytes, kubernetes_mebibytes, systemd_mebibytes

DOCKER = {"2g": 2048, "2G": 2048, "2gb": 2048, "2GiB": 2048, "1.5g": 1536, "512m": 512, "512 MB": 512, "1048576": 1,
          "1048576b": 1, "2048k": 2, ".5g": 512, "1t": 1048576, "lots": None, "2 gigs": None, "": None, "2e3": None,
          "-1": None, "${X}": None, "2ggg": None}  # fmt: skip
KUBERNETES = {"2Gi": 2048, "2G": 1907, "512Mi": 512, "512M": 488, "1048576": 1, "1048576Ki": 1024, "1.5Gi": 1536,
              "128974848000m": 123, "2e9": 1907, "2g": None, "2GB": None, "x": None}  # fmt: skip
SYSTEMD = {"2G": 2048, "512M": 512, "1048576": 1, "infinity": None, "50%": None}


@pytest.mark.parametrize("text", DOCKER)
def test_docker(text: str) -> None:
    assert docker_mebibytes(text) == DOCKER[text]


@pytest.mark.parametrize("text", KUBERNETES)
def test_kubernetes(text: str) -> None:
    assert kubernetes_mebibytes(text) == KUBERNETES[text]


@pytest.mark.parametrize("text", SYSTEMD)
def test_systemd(text: str) -> None:
    assert systemd_mebibytes(text) == SYSTEMD[text]
