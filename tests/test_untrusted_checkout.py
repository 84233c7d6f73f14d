"""What an untrusted checkout may hold: it is not believed, not quoted from elsewhere, and read in bounded memory."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import write

pytestmark = pytest.mark.costly

resource = pytest.importorskip("resource")  # which Windows lacks
SECRET = "hunter2-from-outside"
PROJECT = {
    "proj/__init__.py": "",
    "proj/celery.py": "from celery import Celery\napp = Celery('proj', include=['shop.tasks'])\n",
    "shop/__init__.py": "",
    "shop/tasks.py": "import torch\n",
}
LEAK = {
    "proj/celery.py": """
        import os
        from shop.leak import SECRET_KEY
        os.environ["OMP_NUM_THREADS"] = SECRET_KEY
        from celery import Celery
        app = Celery("proj", include=[SECRET_KEY])
        import torch
        """,
}
MEMORY = 1_500_000_000
"""Bytes of address space."""


def forksafe(root: Path, *arguments: str, environ: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the command in bounded memory; its status and all that it printed."""
    run = subprocess.run(
        [sys.executable, "-m", "flake8_forksafe", "check", *arguments],
        cwd=root, env={**os.environ, **(environ or {})}, capture_output=True, text=True, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip
    return run.returncode, run.stdout + run.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one finding, and a file beside it that is none of its business."""
    root = write(tmp_path / "repository", PROJECT | {"pyproject.toml": ""})
    (root / ".git").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "cred.env").write_text(f'SECRET_KEY = "{SECRET}"\n')
    return root


@pytest.mark.parametrize("kept", [False, True], ids=["parsed ahead", "kept"])
def test_a_link_out_is_not_quoted_whoever_parses_it(project: Path, kept: bool) -> None:
    write(project, LEAK)
    leak = project / "shop/leak.py"
    if kept:  # its facts are known from when it was no link
        leak.write_text(f'SECRET_KEY = "{SECRET}"\n')
        assert SECRET in forksafe(project)[1]
        leak.unlink()
    leak.symlink_to(project.parent / "outside/cred.env")
    status, printed = forksafe(project, *([] if kept else ["--no-cache"]))
    assert status == 1 and SECRET not in printed
    assert "'shop.leak' cannot be analysed: it is a link that leads out of the repository" in printed


@pytest.mark.parametrize("place", ["lib/python3.11/site-packages", "Lib/site-packages"])
def test_a_link_that_is_called_an_environment_opens_nothing(project: Path, place: str) -> None:
    write(project, LEAK | {"pyproject.toml": "[tool.forksafe]\nenvironment = 'envx'\n"})
    packages = project / "envx" / place
    packages.parent.mkdir(parents=True)
    packages.symlink_to(project.parent / "outside")
    (project / "shop/leak.py").symlink_to(project.parent / "outside/cred.env")
    assert SECRET not in forksafe(project, "--no-cache")[1]


@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_a_committed_cache_is_a_regular_file_or_nothing(project: Path, kind: str) -> None:
    (project / "pyproject.toml").write_text("[tool.forksafe]\ncache-dir = '.'\n")
    assert forksafe(project)[0] == 1
    names = [path.name for path in (project / ".forksafe").iterdir() if path.name.startswith(("facts", "outcome"))]
    assert len(names) == 2
    for name in names:
        (project / ".forksafe" / name).unlink()
        if kind == "device":
            (project / ".forksafe" / name).symlink_to("/dev/zero")
        else:
            os.mkfifo(project / ".forksafe" / name)
    status, printed = forksafe(project)
    assert status == 1 and "FS101" in printed


GROWING = {
    "a Dockerfile whose variable triples": {
        "Dockerfile": "FROM a\nENV A=aaaaaaaa\n" + "ENV A=${A}${A}${A}\n" * 40 + "CMD celery -A proj worker\n",
    },
    "a script whose variable doubles": {
        "start.sh": "#!/bin/sh\nA=aaaaaaaa\n" + "A=$A$A\n" * 60 + "B=$A\nB+=$A$A\ncelery -A proj worker -n $A$B\n",
    },
    "a script whose unknown variable doubles": {
        "start.sh": "#!/bin/sh\n" + 'A="$A$A"\n' * 60 + "celery -A proj worker -n $A\n",
    },
    "a script whose array doubles": {
        "start.sh": "#!/bin/bash\nA=(a b)\n"
        + 'A=("${A[@]}" "${A[@]}")\nset -- "$@" "$@" x\n' * 60
        + "celery -A proj worker\n",
    },
    "variables of a service that stand for each other": {
        ".env": "A=${B}\n" + "".join(f"V{number}=${{V{number}}}${{A}}\n" for number in range(20_000)),
        "compose.yaml": "services:\n  w:\n    env_file: .env\n    command: celery -A proj worker -n ${V1}\n",
    },
    "arguments that triple": {
        "Dockerfile": "FROM a\nARG A=aaaaaaaa\n" + "ARG A=${A}${A}${A}\n" * 40 + "CMD celery -A proj worker\n",
    },
    "a key of 30,000 parts": {
        "pyproject.toml": "[tool.poetry]\nname = 'x'\n[x]\n" + ".".join(["a"] * 30_000) + " = 1\n",
    },
    "an import of 30,000 parts": {"shop/more.py": "import " + ".".join(["a"] * 30_000) + "\n"},
    "an include of 80,000 parts": {
        "shop/more.py": "from celery import Celery\nq = Celery('q', include=['" + ".".join(["a"] * 80_000) + "'])\n",
    },
}


@pytest.mark.parametrize("name", GROWING)
def test_what_grows_by_more_than_its_size_is_bounded(project: Path, name: str) -> None:
    write(project, {"shop/tasks.py": "import torch\nfrom shop import more\n", "shop/more.py": ""})
    write(project, GROWING[name])
    status, printed = forksafe(project, "--no-cache", "--app", "proj.celery")
    assert status == 1 and "FS101  'torch'" in printed


def test_options_in_a_document_that_is_too_deep(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.forksafe]\n[x]\n" + ".".join(["a"] * 30_000) + " = 1\n")
    status, printed = forksafe(project)
    assert (status, printed.count("\n")) == (2, 1) and "is not valid TOML: it is nested too deeply" in printed


def test_a_new_environment_of_poetry_is_noticed(project: Path, tmp_path: Path) -> None:
    write(project, {"shop/tasks.py": "import bringer\n", "pyproject.toml": "[project]\nname = 'p'\n"})
    environ = {"POETRY_CACHE_DIR": str(tmp_path / "poetry"), "VIRTUAL_ENV": "", "CONDA_PREFIX": ""}
    before = forksafe(project, environ=environ)
    assert "FS10" not in before[1]
    real = os.path.normcase(os.path.realpath(project)).encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(real).digest()).decode()[:8]
    packages = tmp_path / f"poetry/virtualenvs/p-{digest}-py3.11/lib/python3.11/site-packages"
    write(packages, {
        "celery-5.4.dist-info/METADATA": "Name: celery\n",
        "torch-2.dist-info/METADATA": "Name: torch\n",
        "torch/__init__.py": "",
        "bringer-1.dist-info/METADATA": "Name: bringer\nRequires-Dist: torch\n",
        "bringer-1.dist-info/top_level.txt": "bringer\n",
        "bringer/__init__.py": "import torch\n",
    })  # fmt: skip
    assert forksafe(project, environ=environ)[1] == forksafe(project, "--no-cache", environ=environ)[1] != before[1]


def test_more_apps_than_are_followed_are_refused(project: Path) -> None:
    names = ", ".join(f"'a{number}'" for number in range(1_001))
    (project / "pyproject.toml").write_text(f"[tool.forksafe]\napp = [{names}]\n")
    status, printed = forksafe(project)
    assert (status, printed.count("\n")) == (2, 1)
    assert "the option app takes at most 1,000 apps, not 1,001" in printed


def test_a_script_of_too_many_statements_is_said(project: Path) -> None:
    (project / "start.sh").write_text("#!/bin/sh\n" + "x=1\n" * 20_001 + "celery -A proj worker\n")
    status, printed = forksafe(project, "--no-cache")
    assert status == 1 and printed.count("it runs more commands than are followed") == 1
