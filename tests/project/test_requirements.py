"""What distributions a project declares."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, write

from flake8_forksafe.project.disk import Disk
from flake8_forksafe.project.markers import Target
from flake8_forksafe.project.requirement_lines import MOST_FILES, MOST_LINES
from flake8_forksafe.project.requirements import console_scripts, packages_named, read_requirements

CASES = {
    "pep 621": ("pyproject.toml", '[project]\nrequires-python = ">=3.12"\ndependencies = ["celery>=5", "Torch[gpu]"]\n'
                '[project.optional-dependencies]\nml = ["fastmcp<4"]\n', {"celery", "torch"}, {"fastmcp"}),
    "groups": ("pyproject.toml", '[dependency-groups]\ndev = ["pytest", {include-group = "x"}]\n', set(), {"pytest"}),
    "poetry": ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\ncelery = "*"\n'
               'torch = {version = "*", optional = true}\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n'
               '[tool.poetry.dev-dependencies]\nruff = "*"\n', {"celery"}, {"torch", "pytest", "ruff"}),
    "poetry markers": ("pyproject.toml", '[tool.poetry.dependencies]\n'
                       'a = {version = "*", markers = "os_name == \'ce\'"}\n'
                       'b = {version = "*", platform = "linux"}\nc = {version = "*", python = "^3.12"}\n'
                       'd = [{version = "1", python = "<3.0"}, {version = "2", python = ">=3.0"}]\n'
                       'e = {path = "../e"}\n', {"d", "e"}, {"a"}),
    "pdm and uv": ("pyproject.toml", '[tool.pdm.dev-dependencies]\nt = ["pytest", "-e file:///x#egg=y"]\n'
                   '[tool.uv]\ndev-dependencies = ["ruff", 3]\n', set(), {"pytest", "ruff"}),
    "pipfile": ("Pipfile", '[packages]\ncelery = "*"\nTorch_x = {version = "*", sys_platform = "== \'os2\'"}\n'
                'git = {git = "https://x", ref = "y"}\n[dev-packages]\npytest = "*"\n', {"celery", "git"},
                {"pytest", "torch-x"}),
    "pylock": ("pylock.prod.toml", '[[packages]]\nname = "celery"\n[[packages]]\nname = "torch"\n'
               'marker = "\'ml\' in extras"\n[[packages]]\nname = "numpy"\nmarker = "python_version < \'3\'"\n'
               '[[packages]]\nversion = "1"\n', {"celery"}, {"torch", "numpy"}),
    "wrong types": ("pyproject.toml", 'project = 3\ndependency-groups = ["x"]\n[tool]\npoetry = ["y"]\n', set(), set()),
    "setup.cfg": ("setup.cfg", "[options]\ninstall_requires =\n  celery\n  my_pkg>=1\n"
                  "[options.extras_require]\nml =\n  torch\n", {"celery", "my-pkg"}, {"torch"}),
    "requirements": ("requirements.txt", "# comment\n-r other.txt\ncelery==5.3  # why\ntorch ; python_version>'3'\n",
                     {"celery", "torch"}, set()),
    "names": ("requirements.txt", "Zope_Interface.x==5\nold>=1.0.*\nTorch [gpu] >= 2\n",
                 {"zope-interface-x", "old", "torch"},
              set()),
    "broken lines": ("requirements.txt", "celery\n== 3\n)(\na b c\n<html>\nflask>=\ndjango\n",
                 {"celery", "django", "flask"},
                     set()),
    "options": ("requirements.txt", "--index-url https://x\n-c constraints.txt\n--no-binary :all:\ncelery==5 \\\n"
                "    --hash=sha256:0a \\\n    --hash=sha256:1b\nflask --config-settings x=y\n",
                 {"celery", "flask"}, set()),
    "places": ("requirements.txt", "a @ https://x/y.zip ; python_version > '3'\nhttps://x/B_c-1.0-py3-none-any.whl\n"
               "./dist/d-2.tar.gz\n-e git+https://x/e.git@main#egg=E_f\n--editable=./here\n-e .\n../there\n"
               "git+ssh://git@x/g.git#egg=g&subdirectory=s\n", {"a", "b-c", "d", "e-f", "g"}, set()),
    "markers": ("requirements.txt", "torch; sys_platform == 'vms'\ncelery; python_version >= '3'\n"
                "numpy; sys_platform == 'win32'\nboth; os_name == 'nt' or platform_system != 'Windows'\n"
                "none; sys_platform == 'linux' and platform_system == 'Windows'\nodd; sys_platform ==\n"
                "new; 'x' in extras\n", {"celery", "both"}, {"torch", "none"}),
    "utf-16": ("requirements.txt", "\ufeffcelery==5\r\ntorch\r\n".encode("utf-16-le"), {"celery", "torch"}, set()),
    "directory": ("requirements/base.in", "celery\n", {"celery"}, set()),
    "metadata": ("proj-1.dist-info/METADATA", "Name: proj\nRequires-Dist: celery (>=5)\n"
                 'Requires-Dist: torch; extra == "ml"\n\nRequires-Dist: not-this\n', {"celery"}, {"torch"}),
    "nested markers": ("requirements.txt", f"celery\ntorch; {'(' * 3000}os_name == 'x'{')' * 3000}\n",
                 {"celery"}, set()),
    "a long line": ("requirements.txt", f"celery\ntorch{'[x]' * 5000}\n", {"celery"}, set()),
    "many lines": ("requirements.txt", "celery\n" * MOST_LINES + "torch\n", {"celery"}, set()),
    "broken toml": ("pyproject.toml", "[project\n", set(), set()),
    "broken cfg": ("setup.cfg", "options]\n=\n", set(), set()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_declarations(tmp_path: Path, case: str) -> None:
    name, content, required, optional = CASES[case]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_requirements(Disk(), str(tmp_path), ())
    assert (found.required, found.optional) == (required, optional)


@pytest.mark.parametrize(
    ("platform", "python", "required", "optional"),
    [
        (None, None, set(), set()),
        ("linux", None, {"on-linux"}, {"torch"}),
        ("win32", None, {"torch"}, {"on-linux"}),
        ("linux", (3, 12), {"on-linux", "newer"}, {"torch", "older"}),
        ("freebsd", (3, 11), set(), {"torch", "on-linux"}),
    ],
)
def test_markers_are_decided_by_what_is_known(
    tmp_path: Path, platform: str | None, python: tuple[int, int] | None, required: set[str], optional: set[str]
) -> None:
    write(tmp_path, {"requirements.txt": """
        torch; sys_platform == 'win32'
        on-linux; platform_system == 'Linux'
        newer; python_version >= '3.12'
        older; python_full_version < '3.12'
        arm; platform_machine == 'arm64'
        pypy; implementation_name == 'pypy'
    """})  # fmt: skip
    found = read_requirements(Disk(), str(tmp_path), (), Target(platform, python))
    assert (found.required, found.optional) == (required, optional)


def test_the_declared_python_decides_markers(tmp_path: Path) -> None:
    for text in ('[project]\nrequires-python = ">=3.12"\n', '[tool.poetry.dependencies]\npython = "^3.12"\n'):
        write(tmp_path, {"pyproject.toml": text, "requirements.txt": "tomli; python_version < '3.11'\n"})
        found = read_requirements(Disk(), str(tmp_path), ())
        assert (found.optional, found.python) == ({"tomli"}, (3, 12))


def test_included_files_are_followed_once_and_not_out_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, {
        "outside.txt": "outside\n",
        "shop/requirements.txt": "-r deps/base.txt\n--requirement=../outside.txt\n-r /etc/hosts\n-c limits.txt\n",
        "shop/deps/base.txt": "celery\n-r more.txt  # why\n-r missing.txt\n",
        "shop/deps/more.txt": "torch\n-r base.txt\n-r ../requirements.txt\n",
        "shop/limits.txt": "numpy<2\n",
    })  # fmt: skip
    assert read_requirements(Disk(), str(tmp_path / "shop"), ()).required == {"celery", "torch"}


def test_many_included_files_are_bounded(tmp_path: Path) -> None:
    files = {f"deps/{number}.txt": f"p{number}\n-r {number + 1}.txt\n" for number in range(300)}
    write(tmp_path, {"requirements.txt": "-r deps/0.txt\n", **files})
    assert len(read_requirements(Disk(), str(tmp_path), ()).required) == MOST_FILES - 1


def test_what_only_another_platform_installs_pulls_nothing_in(tmp_path: Path) -> None:
    write(tmp_path, {
        "requirements.txt": "celery\nelasticsearch\npyarrow; sys_platform == 'win32'\n",
        "proj/__init__.py": "",
        "proj/celery.py": """
            import elasticsearch
            from celery import Celery

            app = Celery("proj")
        """,
    })  # fmt: skip
    for platform, expected in (("linux", []), ("win32", ["FS103"])):
        report = check(tmp_path, app=["proj"], platform=platform)
        assert [finding.code for finding in report.findings if finding.code == "FS103"] == expected


def test_lowest_python(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[project]\nrequires-python = ">=3.12,<4"\n'})
    assert read_requirements(Disk(), str(tmp_path), ()).python == (3, 12)


def test_console_scripts(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": "[project.scripts]\nshop = 'shop.cli:main'\n[tool.poetry.scripts]\nother = 'o:m'\n",
        "setup.cfg": "[options.entry_points]\nconsole_scripts =\n    legacy = old.cli : run\n",
        "shop-1.dist-info/entry_points.txt": "[console_scripts]\nServer = shop.server:main\n",
    })  # fmt: skip
    assert console_scripts(Disk(), str(tmp_path), ()) == {
        "shop": "shop.cli:main", "other": "o:m", "legacy": "old.cli:run", "Server": "shop.server:main",
    }  # fmt: skip


def test_the_packages_that_build_metadata_names(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": """
        [tool.poetry]
        packages = [{ include = "shop" }]
        [tool.setuptools]
        packages = ["desk.inner"]
        [tool.hatch.build.targets.wheel]
        packages = ["src/flow"]
        """, "setup.cfg": "[options]\npackages =\n    old\n    old.inner\n"})  # fmt: skip
    assert packages_named(Disk(), str(tmp_path)) == {"shop", "desk", "flow", "old"}
