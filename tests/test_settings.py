"""Settings: where they come from, what wins, and what every unusable value is answered with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import write

from flake8_forksafe.options import UsageError, split_list
from flake8_forksafe.settings import (
    OPTIONS,
    Settings,
    inner_settings,
    make_settings,
    project_directory,
    read_pyproject,
)


def from_toml(root: Path, toml: str, **given: object) -> Settings:
    """Settings of a project with this table in its pyproject.toml."""
    write(root, {"pyproject.toml": "[tool.forksafe]\n" + toml})
    return make_settings(str(root), given)


# --- where they come from ---------------------------------------------------------------------------------------


def test_nothing_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    settings = make_settings(str(tmp_path), {})
    assert settings == Settings(str(tmp_path), cache_dir=settings.cache_dir)
    directory, name = os.path.split(settings.cache_dir or "")
    assert directory == str(tmp_path / "own/flake8-forksafe") and name.startswith(f"{tmp_path.name}-")
    assert make_settings(str(tmp_path.parent), {}).cache_dir != settings.cache_dir


def test_every_option_from_pyproject(tmp_path: Path) -> None:
    settings = from_toml(
        tmp_path,
        """\
app = ["proj.celery:app", "proj.other"]
django-settings = "proj.settings"
source_roots = ["src", "lib"]
hazards = ["our_models"]
accept = ["torch", "numpy: pages are shared, on purpose"]
python-version = "3.12"
platform = "linux"
cache-dir = "build/cache"
""",
    )
    assert settings == Settings(
        str(tmp_path),
        app=("proj.celery:app", "proj.other"),
        django_settings="proj.settings",
        source_roots=("src", "lib"),
        hazards=("our_models",),
        accept=(("torch", ""), ("numpy", "pages are shared, on purpose")),
        python_version=(3, 12),
        platform="linux",
        cache_dir=os.path.join(str(tmp_path), "build/cache/.forksafe"),
    )


def test_no_cache(tmp_path: Path) -> None:
    assert from_toml(tmp_path, "no-cache = true").cache_dir is None
    assert from_toml(tmp_path, "no-cache = false").cache_dir is not None


@pytest.mark.parametrize(
    ("key", "toml", "given", "expected"),
    [
        ("app", "app = ['theirs']", "ours", ("ours",)),
        ("django_settings", "django-settings = 'theirs'", "ours", "ours"),
        ("source_roots", "source-roots = ['theirs']", "ours, too", ("ours", "too")),
        ("hazards", "hazards = ['theirs']", "ours", ("ours",)),
        ("accept", "accept = ['theirs']", "ours: because", (("ours", "because"),)),
        ("python_version", "python-version = '3.9'", "3.13", (3, 13)),
        ("platform", "platform = 'win32'", "darwin", "darwin"),
    ],
)
def test_what_flake8_or_the_command_line_gives_wins(
    tmp_path: Path, key: str, toml: str, given: str, expected: object
) -> None:
    assert getattr(from_toml(tmp_path, toml, **{key: given}), key) == expected
    assert getattr(from_toml(tmp_path, toml, **{key: None}), key) != expected


def test_cache_options_that_are_given_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parent(**given: object) -> str:
        return os.path.dirname(from_toml(tmp_path, "cache-dir = 'theirs'", **given).cache_dir or "")

    assert parent(cache_dir="/ours") == "/ours"
    monkeypatch.setenv("FORKSAFE_CACHE_DIR", "/environment")
    assert parent() == "/environment" and parent(cache_dir="/ours") == "/ours"
    assert from_toml(tmp_path, "cache-dir = 'theirs'", no_cache=True).cache_dir is None


@pytest.mark.parametrize("where", ["toml", "flake8"])
def test_a_file_of_the_project_names_no_directory_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")

    def chosen(directory: str) -> str:
        if where == "toml":
            return from_toml(root, f"cache-dir = {directory!r}").cache_dir or ""
        return make_settings(str(root), {"cache_dir": directory}, by_user=False).cache_dir or ""

    for directory in ("..", "../elsewhere", str(tmp_path), "/", "link", "link/deeper", "a/../../b"):
        with pytest.raises(UsageError, match="is neither in the project nor in your cache directory"):
            chosen(directory)
    assert chosen("a/b") == str(root / "a/b/.forksafe") and chosen(".") == str(root / ".forksafe")
    assert os.path.dirname(chosen(str(tmp_path / "own/here"))) == str(tmp_path / "own/here")


def test_a_tilde_is_the_home_directory_and_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "own"))
    root = tmp_path / "project"
    root.mkdir()
    assert os.path.dirname(from_toml(root, "cache-dir = '~/own/here'").cache_dir or "") == str(home / "own/here")
    with pytest.raises(UsageError, match="is neither in the project nor in your cache directory"):
        from_toml(root, "cache-dir = '~/elsewhere'")
    assert os.path.dirname(from_toml(root, "", cache_dir="~/any").cache_dir or "") == str(home / "any")
    monkeypatch.setenv("FORKSAFE_CACHE_DIR", "~/any")
    assert os.path.dirname(from_toml(root, "").cache_dir or "") == str(home / "any")
    inner = inner_settings(str(root), from_toml(root, ""), {"cache_dir": "~/any"})
    assert os.path.dirname(inner.cache_dir or "") == str(home / "any")


@pytest.mark.parametrize("by", ["command line", "environment"])
@pytest.mark.parametrize("name", ["link", "link/deeper"])
def test_nothing_is_kept_where_a_link_of_the_checkout_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str, name: str
) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setenv("FORKSAFE_CACHE_DIR", name if by == "environment" else "")
    with pytest.raises(UsageError, match="leads out of the repository through a link; nothing is kept there"):
        make_settings(str(root), {"cache_dir": name} if by == "command line" else {})
    (tmp_path / "elsewhere/real").mkdir(parents=True)
    assert make_settings(str(root), {"cache_dir": str(tmp_path / "elsewhere/real")}).cache_dir is not None


def test_an_empty_list_overrules_one_of_pyproject(tmp_path: Path) -> None:
    assert from_toml(tmp_path, "accept = ['torch']", accept="").accept == ()


def test_a_bad_value_that_is_overruled_is_not_complained_of(tmp_path: Path) -> None:
    assert from_toml(tmp_path, "app = 3", app="proj").app == ("proj",)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("torch", [("torch", "")]),
        ("torch, numpy", [("torch", ""), ("numpy", "")]),
        ("torch: loaded once, shared by all,numpy", [("torch", "loaded once, shared by all"), ("numpy", "")]),
        ("torch: a\nnumpy: b", [("torch", "a"), ("numpy", "b")]),
        ("google.cloud.storage: lazy: connects late", [("google.cloud.storage", "lazy: connects late")]),
    ],
)
def test_accept_on_a_command_line(tmp_path: Path, written: str, parts: list[tuple[str, str]]) -> None:
    assert list(make_settings(str(tmp_path), {"accept": written}).accept) == parts


def test_lists_are_split_at_commas_and_lines() -> None:
    assert split_list(" a, b\n\n c ,") == ["a", "b", "c"]


# --- what cannot be meant ---------------------------------------------------------------------------------------

BAD_VALUES = [
    ("app = 3", "the option app takes APP[,APP...], not 3"),
    ("app = [1]", "the option app takes APP[,APP...], not [1]"),
    ("app = {a = 1}", "the option app takes APP[,APP...], not {'a': 1}"),
    ("app = 'no app'", "the option app takes a module, or module:attribute, not 'no app'"),
    ("app = 'a:b:c'", "the option app takes a module, or module:attribute, not 'a:b:c'"),
    ("hosts = 1", "the option hosts takes HOST[,HOST...], not 1"),
    ("app = ':app'", "the option app takes a module, or module:attribute, not ':app'"),
    ("app = 'proj..celery'", "the option app takes a module, or module:attribute, not 'proj..celery'"),
    ("app = 'proj/celery.py'", "the option app takes a module, or module:attribute, not 'proj/celery.py'"),
    ("django-settings = ''", "the option django-settings takes MODULE, not ''"),
    ("django-settings = ['a']", "the option django-settings takes MODULE, not ['a']"),
    ("django-settings = 'a-b'", "the option django-settings takes a dotted module name, not 'a-b'"),
    ("source-roots = 1.5", "the option source-roots takes DIR[,DIR...], not 1.5"),
    ("source-roots = [[]]", "the option source-roots takes DIR[,DIR...], not [[]]"),
    ("hazards = true", "the option hazards takes PACKAGE[,PACKAGE...], not True"),
    ("hazards = ['scikit-learn']", "the option hazards takes a dotted module name, not 'scikit-learn'"),
    ("accept = 1", "the option accept takes PACKAGE[: reason][,...], not 1"),
    ("accept = ['two words']", "the option accept takes a package, or package: reason, not 'two words'"),
    ("accept = [': reason']", "the option accept takes a package, or package: reason, not ''"),
    ("python-version = 3.12", "the option python-version takes X.Y, not 3.12"),
    ("python-version = '3'", "the option python-version takes a version such as 3.12, not '3'"),
    (
        "platform = 'macOS'",
        "the option platform takes a value of sys.platform such as linux, darwin or win32, not 'macOS'",
    ),
    ("python-version = '>=3.9'", "the option python-version takes a version such as 3.12, not '>=3.9'"),
    ("platform = 5", "the option platform takes NAME, not 5"),
    ("platform = '  '", "the option platform takes NAME, not '  '"),
    ("prelude = true", "the option prelude takes children, parent, off, not True"),
    ("cache-dir = false", "the option cache-dir takes DIR, not False"),
    ('cache-dir = "a\\u0000b"', "the option cache-dir takes DIR, not 'a\\x00b'"),
    ('source-roots = ["a\\u0000b"]', "the option source-roots takes DIR[,DIR...], not ['a\\x00b']"),
    ("third-parties = 3", "the option third-parties takes a table of modules, not 3"),
    ("third-parties = ['acme']", "the option third-parties takes a table of modules, not ['acme']"),
    (
        "third-parties = {'acme-ml' = {}}",
        "the option third-parties takes dotted names of modules, not 'acme-ml'",
    ),
    (
        "third-parties = {acme = 'torch'}",
        "the option third-parties: acme takes a table with discovers, loads, mb, optional, starts, not 'torch'",
    ),
    (
        "third-parties = {acme = {load = ['torch']}}",
        "the option third-parties: acme has no key 'load'; the keys are discovers, loads, mb, optional, starts",
    ),
    (
        "third-parties = {acme = {loads = 'torch'}}",
        "the option third-parties: acme.loads takes a list of dotted names of modules, not 'torch'",
    ),
    (
        "third-parties = {acme = {optional = ['no name']}}",
        "the option third-parties: acme.optional takes dotted names of modules, not 'no name'",
    ),
    (
        "third-parties = {acme = {loads = {torch = 'acme.core'}}}",
        "the option third-parties: acme.loads.torch takes a list of dotted names of modules, not 'acme.core'",
    ),
    (
        "third-parties = {acme = {starts = ['']}}",
        "the option third-parties: acme.starts takes a list of names of threads, not ['']",
    ),
    (
        "third-parties = {acme = {discovers = ['a b']}}",
        "the option third-parties: acme.discovers takes dotted names of modules, not 'a b'",
    ),
    ("third-parties = {acme = {mb = -1}}", "the option third-parties: acme.mb takes a whole number of MB, not -1"),
    ("third-parties = {acme = {mb = true}}", "the option third-parties: acme.mb takes a whole number of MB, not True"),
    ("warm-ups = ['two words']", "the option warm-ups takes a dotted name of a function, not 'two words'"),
    ("check-process-init = 1", "the option check-process-init is on or off, not 1"),
    ("environment = 1", "the option environment takes DIR, not 1"),
    ("worker-memory = 0", "the option worker-memory takes a whole number of MB, not 0"),
    ("container-memory = '2g'", "the option container-memory takes a whole number of MB, not '2g'"),
    ("measurement = ''", "the option measurement takes FILE, not ''"),
    ("baseline = []", "the option baseline takes FILE, not []"),
    ("require-prelude = 1", "the option require-prelude is on or off, not 1"),
    ("trust-prelude = 1", "the option trust-prelude is on or off, not 1"),
    ("no-cache = 'yes'", "the option no-cache is on or off, not 'yes'"),
    ("no-cache = 1", "the option no-cache is on or off, not 1"),
]


@pytest.mark.parametrize(("toml", "message"), BAD_VALUES)
def test_bad_value(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_toml(tmp_path, toml)
    assert str(caught.value) == message


def test_every_option_has_a_bad_value() -> None:
    assert {toml.partition(" ")[0] for toml, _ in BAD_VALUES} == {option.name for option in OPTIONS}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[tool.forksafe\n", "is not valid TOML: Expected ']'"),
        (b"forksafe = '\xff'", "is not valid TOML: 'utf-8' codec"),
        (b"forksafe = " + b"[" * 100_000, "is not valid TOML: it is nested too deeply"),
        (b"[tool]\nforksafe = 1", "[tool.forksafe] must be a table"),
        (b"[tool.forksafe]\nap = 'x'", "[tool.forksafe] has no option 'ap'; the options are accept, app, "),
    ],
)
def test_bad_pyproject(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_pyproject(str(tmp_path))
    assert message in str(caught.value) and "pyproject.toml" in str(caught.value)


def test_a_pyproject_that_is_silent_about_forksafe_is_not_parsed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("broken [")
    assert read_pyproject(str(tmp_path)) == {}


def test_pyproject_that_is_a_directory(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(UsageError, match=r"pyproject\.toml cannot be read: "):
        read_pyproject(str(tmp_path))


@pytest.mark.parametrize("content", ["", "tool = 1\n", "[tool.other]\napp = 'x'\n"])
def test_pyproject_without_our_table(tmp_path: Path, content: str) -> None:
    (tmp_path / "pyproject.toml").write_text(content)
    assert read_pyproject(str(tmp_path)) == {}


# --- the project ------------------------------------------------------------------------------------------------


def test_the_project_is_the_nearest_directory_with_a_marker(tmp_path: Path) -> None:
    write(tmp_path, {"setup.cfg": "", "service/pyproject.toml": "", "service/pkg/mod.py": "", "other/mod.py": ""})
    assert project_directory(str(tmp_path / "service/pkg")) == str(tmp_path / "service")
    assert project_directory(str(tmp_path / "other")) == str(tmp_path)


# --- the digest -------------------------------------------------------------------------------------------------


def test_the_digest_depends_on_everything_but_the_cache() -> None:
    base = Settings("/project")
    changed = [
        base._replace(project="/other"), base._replace(app=("a",)), base._replace(django_settings="a"),
        base._replace(source_roots=("a",)), base._replace(hazards=("a",)), base._replace(accept=(("a", ""),)),
        base._replace(accept=(("a", "b"),)), base._replace(python_version=(3, 9)), base._replace(platform="linux"),
    ]  # fmt: skip
    digests = {settings.digest() for settings in (base, *changed)}
    assert len(digests) == len(changed) + 1
    assert base._replace(cache_dir="/somewhere").digest() == base.digest() == Settings("/project").digest()
