"""The user's directories for caches and for data."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flake8_forksafe.user_directories import user_cache, user_data


@pytest.mark.parametrize(
    ("platform", "cache", "data"),
    [
        ("linux", ".cache", ".local/share"),
        ("freebsd14", ".cache", ".local/share"),
        ("darwin", "Library/Caches", "Library/Application Support"),
    ],
)
def test_by_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, cache: str, data: str) -> None:
    if sys.platform == "win32":
        pytest.skip("a home directory has another name there")
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (user_cache(), user_data()) == (str(tmp_path / cache), str(tmp_path / data))


def test_a_variable_goes_over_the_default_if_it_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    monkeypatch.setenv(variable, str(tmp_path / "own"))
    assert user_cache() == str(tmp_path / "own")
    monkeypatch.setenv(variable, "relative")
    found = user_cache()
    assert found is not None and Path(found).is_absolute() and not found.endswith("relative")
