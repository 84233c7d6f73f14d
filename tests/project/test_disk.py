"""What cannot be read is never taken for absent, and nothing that is looked for makes the analysis wait."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import analyse_deep, check, write

from flake8_forksafe.analysis import Report
from flake8_forksafe.file_reading import SOURCE_LIMIT, CannotAnalyse, OutOfResources, read_file
from flake8_forksafe.project import disk as disk_module
from flake8_forksafe.project.disk import Disk, disk_of
from flake8_forksafe.settings import make_settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="named pipes, links and permissions of Unix")

SHOP = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/celery.py": 'from celery import Celery\napp = Celery("shop", include=["shop.tasks", "shop.ai.jobs"])\n',
    "shop/tasks.py": "import shop.ai.search\nimport torch\n",
    "shop/ai/__init__.py": "",
    "shop/ai/search.py": "",
    "shop/ai/jobs.py": "",
}
TORCH = ("shop/tasks.py", 2, "FS101")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project with one finding."""
    return write(tmp_path / "repo", SHOP)


def found(report: Report, root: Path) -> dict[tuple[str, int, str], str]:
    """Findings by place."""
    return {
        (os.path.relpath(finding.path, root), finding.line, finding.code): finding.text
        for finding in report.findings
        if finding.code != "FS131"
    }


def remarks(report: Report) -> list[str]:
    """What is said besides."""
    from flake8_forksafe.report.remarks import remarks

    return [remark.text.replace("{place}", str(remark.path)) for remark in remarks(report.context)]


def in_child(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code that may hang, in time, as somebody for whom permissions count."""
    code = "from flake8_forksafe.cli import main\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=drop_privileges,
    )  # fmt: skip


def drop_privileges() -> None:
    """Have permissions count for root as well, from the next program on (capabilities(7))."""
    if sys.platform == "linux" and os.geteuid() == 0:
        for capability in (DAC_OVERRIDE, DAC_READ_SEARCH):
            LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


LIBC = ctypes.CDLL(None)
PR_CAPBSET_DROP, DAC_OVERRIDE, DAC_READ_SEARCH = 24, 1, 2
permissions = pytest.mark.skipif(
    sys.platform != "linux" and os.name != "nt" and os.geteuid() == 0, reason="root reads everything"
)


REPLACEMENTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "named pipe": (os.mkfifo, "it is a named pipe, not a regular file"),
    "endless device": (lambda path: path.symlink_to("/dev/zero"), "it is a link that leads out of the repository"),
    "link to itself": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "link out": (lambda path: path.symlink_to("/etc/passwd"), "it is a link that leads out of the repository"),
    "too large": (lambda path: path.write_bytes(b"#" * (SOURCE_LIMIT + 1)), "it is larger than 16 MiB"),
}


@pytest.mark.parametrize("kind", REPLACEMENTS)
def test_what_is_no_readable_module_is_reported_where_it_is_imported(shop: Path, kind: str) -> None:
    replace, reason = REPLACEMENTS[kind]
    (shop / "shop/ai/search.py").unlink()
    replace(shop / "shop/ai/search.py")
    report = found(check(shop), shop)
    assert report.keys() == {TORCH, ("shop/tasks.py", 1, "FS191")}
    assert f"'shop.ai.search' cannot be analysed: {reason}" in report["shop/tasks.py", 1, "FS191"]


@pytest.mark.parametrize("name", ["requirements.txt", "setup.cfg"])
@pytest.mark.parametrize("kind", ["named pipe", "endless device", "too large"])
def test_what_is_no_readable_file_of_requirements_is_reported_at_the_app(shop: Path, name: str, kind: str) -> None:
    replace, reason = REPLACEMENTS[kind]
    replace(shop / name)
    report = found(check(shop), shop)
    assert report.keys() == {TORCH, ("shop/celery.py", 2, "FS191")}
    assert f"'{name}' cannot be read: {reason}" in report["shop/celery.py", 2, "FS191"]


@pytest.mark.parametrize("name", ["compose.yml", "Dockerfile", "worker.sh", "worker.service", "Procfile", "sup.conf"])
@pytest.mark.parametrize("kind", ["named pipe", "endless device", "too large"])
def test_what_is_no_readable_deployment_file_is_reported_at_the_app(shop: Path, name: str, kind: str) -> None:
    write(shop, {"deploy.sh": "#!/bin/sh\ncelery -A shop worker\n"})
    replace, reason = REPLACEMENTS[kind]
    replace(shop / name)
    if kind == "too large":
        (shop / name).write_bytes(b"[program:celery]\n" * 200_000)
        reason = "it is larger than 1024 KiB"
    report = found(check(shop), shop)
    assert report.keys() == {TORCH, ("shop/celery.py", 2, "FS192")}
    assert f"{name}:1 cannot be used, nor its launches: {reason}" in report["shop/celery.py", 2, "FS192"]


@pytest.mark.parametrize("kind", ["named pipe", "endless device"])
def test_files_without_a_meaning_are_passed_over(shop: Path, kind: str) -> None:
    write(shop, {"deploy.sh": "#!/bin/sh\ncelery -A shop worker\n"})
    REPLACEMENTS[kind][0](shop / "control")
    assert found(check(shop), shop).keys() == {TORCH}


@pytest.mark.parametrize("kind", ["named pipe", "endless device", "too large"])
@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["check"], "pyproject.toml"),
        (["check", "shop"], "shop/pyproject.toml"),
        (["check", "--baseline", "known.json"], "known.json"),
        (["check", "--measurement", "worker.json"], "worker.json"),
        (["check", "--app", "shop.celery"], "shop/celery.py"),
    ],
)
def test_nothing_waits(shop: Path, kind: str, arguments: list[str], name: str) -> None:
    path = shop / name
    path.unlink(missing_ok=True)
    (shop / ".git").mkdir()
    if kind == "endless device":
        path.symlink_to("/dev/zero")
    else:
        REPLACEMENTS[kind][0](path)
    done = in_child("import os, sys\nos.chdir(sys.argv[1])\nsys.exit(main(sys.argv[2:]))", str(shop), *arguments)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert os.path.basename(name) in done.stdout + done.stderr


def test_a_child_that_parses_ahead_does_not_wait_either(shop: Path) -> None:
    (shop / "shop/models.py").symlink_to("/dev/zero")
    done = in_child("import os, sys\nos.chdir(sys.argv[1])\nsys.exit(main(['check']))", str(shop))
    assert done.returncode == 1 and "FS101" in done.stdout


CHECK = """
import os, sys
from flake8_forksafe.analysis import analyse
from flake8_forksafe.settings import make_settings
from flake8_forksafe.report.remarks import remarks
report = analyse(make_settings(sys.argv[1], {"no_cache": True}))
for finding in report.findings:
    print(os.path.relpath(finding.path, sys.argv[1]), finding.line, finding.code, finding.text)
for remark in remarks(report.context):
    print(remark.path, remark.text)
"""


@permissions
def test_a_package_that_may_not_be_listed(shop: Path) -> None:
    (shop / "shop/ai").chmod(0)
    try:
        done = in_child(CHECK, str(shop))
    finally:
        (shop / "shop/ai").chmod(0o755)
    assert "shop/tasks.py 1 FS191 'shop.ai' cannot be analysed: Permission denied (shop/ai)" in done.stdout, done
    assert "shop/tasks.py 2 FS101" in done.stdout
    assert "shop/celery.py 2 FS191" in done.stdout  # include names a module in it


@permissions
def test_a_directory_that_is_only_come_across(shop: Path) -> None:
    (shop / "data").mkdir(0)
    try:
        done = in_child(CHECK, str(shop))
    finally:
        (shop / "data").chmod(0o755)
    assert "FS191" not in done.stdout and "FS101" in done.stdout, done
    assert f"{shop}/data not searched: {{place}}: Permission denied" in done.stdout


@permissions
def test_without_an_app_nothing_can_be_said(shop: Path) -> None:
    (shop / "shop").chmod(0)
    try:
        done = in_child("import os, sys\nos.chdir(sys.argv[1])\nsys.exit(main(['check', '--no-cache']))", str(shop))
    finally:
        (shop / "shop").chmod(0o755)
    assert done.returncode == 2
    assert f"no Celery app was found, but {shop}/shop could not be read: Permission denied" in done.stderr


@permissions
def test_a_project_below_a_directory_that_may_be_entered_but_not_listed(shop: Path) -> None:
    shop.parent.chmod(0o711)
    done = in_child(CHECK, str(shop))
    assert "FS101" in done.stdout and "FS191" not in done.stdout, done


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENAMETOOLONG, errno.ELOOP, errno.ESTALE])
def test_any_error_but_absence_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(path: str) -> Any:
        raise OSError(number, os.strerror(number), path)

    disk = Disk()
    monkeypatch.setattr(disk_module.os, "scandir", refuse)
    assert disk.listing(str(tmp_path)) == {}
    assert disk.why_unread(str(tmp_path)) == os.strerror(number)


@pytest.mark.parametrize("name", ["missing", "file/below"])
def test_absence_is_none_of_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    disk = Disk()
    assert disk.listing(str(tmp_path / name)) == {}
    with pytest.raises(OSError, match=r"No such file|Not a directory"):
        disk.read(str(tmp_path / name))
    assert disk.unread() == ()


@pytest.mark.parametrize("spare", range(0, 24, 3))
def test_too_few_descriptors(shop: Path, spare: int) -> None:
    code = """
        import os, resource, sys
        os.chdir(sys.argv[1])
        used = max(map(int, os.listdir("/proc/self/fd" if os.path.isdir("/proc") else "/dev/fd")))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + int(sys.argv[2]), used + int(sys.argv[2])))
        status = main(["check", "--no-cache"])
        sys.exit(status)
    """
    done = in_child(code, str(shop), str(spare))
    assert "Traceback" not in done.stderr
    assert (done.returncode == 2 and "forksafe: " in done.stderr) or (done.returncode == 1 and "FS101" in done.stdout)


def test_running_out_is_no_property_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(OutOfResources, match="Too many open files"):
            read_file(str(tmp_path / "file"))
        with pytest.raises(OutOfResources, match="Too many open files"):
            Disk().listing(str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_file_that_says_it_is_empty_is_read(tmp_path: Path) -> None:
    if not os.path.exists("/proc/self/status"):
        pytest.skip("needs /proc")
    content, status = read_file("/proc/self/status")
    assert status.st_size == 0 and content.startswith(b"Name:")


def test_a_file_that_grows_is_read_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    assert read_file(str(tmp_path / "file"), 100)[0] == b"x" * 100
    assert read_file(str(tmp_path / "file"), 10, whole=False)[0] == b"x" * 10
    with pytest.raises(OSError, match="larger than 0 KiB"):
        read_file(str(tmp_path / "file"), 99)


def test_links_within_the_repository_are_followed(shop: Path) -> None:
    write(shop, {"libs/common/__init__.py": "", "libs/common/heavy.py": "import numpy\n"})
    (shop / ".git").mkdir()
    (shop / "shop/common").symlink_to("../libs/common", target_is_directory=True)
    (shop / "shop/ai/search.py").write_text("import shop.common.heavy\n")
    assert ("shop/common/heavy.py", 1, "FS101") in found(check(shop), shop)


def test_links_to_a_source_root_that_the_user_names_are_followed(shop: Path) -> None:
    write(shop.parent, {"libs/common/__init__.py": "", "libs/common/heavy.py": "import numpy\n"})
    (shop / "shop/common").symlink_to(shop.parent / "libs/common", target_is_directory=True)
    (shop / "shop/ai/search.py").write_text("import shop.common.heavy\n")
    assert ("shop/ai/search.py", 1, "FS191") in found(check(shop), shop)
    settings = make_settings(str(shop), {"no_cache": True, "source_roots": [".", "../libs"]})
    report = found(analyse_deep(settings), shop)
    assert ("shop/common/heavy.py", 1, "FS101") in report


def test_nothing_outside_is_listed_or_read(shop: Path) -> None:
    secret = write(shop.parent / "secret", {"key_of_the_bank.py": "KEY = 'hunter2'\n"})
    (shop / "shop/plugins").symlink_to(secret, target_is_directory=True)
    (shop / "shop/settings.py").symlink_to(secret / "key_of_the_bank.py")
    write(shop, {
        "shop/ai/search.py": """\
            import importlib, os
            from shop.settings import KEY
            importlib.import_module(KEY)
            for name in os.listdir(os.path.join(os.path.dirname(__file__), "..", "plugins")):
                importlib.import_module(name)
            """,
    })  # fmt: skip
    report = check(shop)
    text = repr(report.findings) + repr(remarks(report)) + repr([trace.modules for trace in report.traces])
    assert "FS191" in text and "hunter2" not in text and "key_of_the_bank'" not in text


def test_a_project_that_may_not_be_listed(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    settings = make_settings(str(shop), {"no_cache": True})
    monkeypatch.setattr(disk_module.os, "scandir", refuse)
    with pytest.raises(CannotAnalyse, match="repo cannot be read: Permission denied"):
        disk_of(settings)
