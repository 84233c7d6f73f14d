"""FS103: hazards behind somebody else's package, with an environment and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import check, found_codes, write

from flake8_forksafe.interpreter import budget
from flake8_forksafe.report.result import Report

PROJECT = {
    "pyproject.toml": "[project]\nname = 'p'\ndependencies = ['celery', 'charts', 'nltk', 'numpy']\n",
    "proj/__init__.py": "",
    "proj/celery.py": "from celery import Celery\napp = Celery('proj', include=['proj.tasks'])\n",
    "proj/tasks.py": "import charts\n",
}
SITE = "lib/python3.12/site-packages"


def distribution(name: str, requires: tuple[str, ...] = (), **modules: str) -> dict[str, str]:
    """Files of an installed distribution."""
    metadata = "".join(f"Requires-Dist: {needed}\n" for needed in requires)
    files = {f"{SITE}/{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\n{metadata}\n"}
    record = [f"{path.replace('__', '/')}.py,," for path in modules]
    files[f"{SITE}/{name}-1.0.dist-info/RECORD"] = "\n".join(record)
    return files | {f"{SITE}/{path.replace('__', '/', 1)}.py": text for path, text in modules.items()}


ENVIRONMENT = {
    **distribution("celery", celery="raise SystemExit\n"),
    **distribution("numpy", numpy=""),
    **distribution("nltk", nltk=""),
    **distribution("plain", plain="import numpy\n"),
    **distribution("charts", ("canvas>=2",), charts="from canvas import draw\n"),
    **distribution("canvas", ("numpy>=1; python_version > '3'",), canvas="def draw():\n    pass\nimport numpy as np\n"),
}


def report(tmp_path: Path, name: str = ".venv", **options: object) -> Report:
    write(tmp_path / name, ENVIRONMENT)
    write(tmp_path / name, {"pyvenv.cfg": ""})
    return check(write(tmp_path, PROJECT), **options)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("sys.prefix", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_chain_goes_on_inside_the_environment(tmp_path: Path, name: str) -> None:
    found = [finding for finding in report(tmp_path, name).findings if finding.code == "FS103"]
    assert [(Path(f.path).name, f.line) for f in found] == [("tasks.py", 1)]
    assert [hop.node for hop in found[0].chain][-3:] == ["charts", "canvas", "numpy"]
    assert found[0].chain[-1].path is not None and found[0].chain[-1].path.endswith("canvas.py")
    assert found[0].chain[-1].line == 3


def test_environment_by_option(tmp_path: Path) -> None:
    done = report(tmp_path, "elsewhere", environment="elsewhere")
    assert {f.code for f in done.findings} == {"FS103", "FS131"}
    assert done.traces[0].environment == "the option"


def test_environment_that_does_not_exist(tmp_path: Path) -> None:
    done = check(write(tmp_path, PROJECT), environment="nowhere")
    assert [f.code for f in done.findings] == ["FS193"]


def test_environment_of_something_else_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path / ".venv", {**distribution("celery", celery=""), **distribution("numpy", numpy="")})
    done = check(write(tmp_path, PROJECT))
    assert done.traces[0].environment.startswith("none")
    assert done.findings == ()


def test_first_party_import_that_leads_there(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    write(tmp_path / ".venv", ENVIRONMENT)
    write(tmp_path, {"proj/tasks.py": "from proj import figures\n", "proj/figures.py": "import charts\n"})
    found = found_codes(check(tmp_path), tmp_path)
    assert {("proj/tasks.py", 1, "FS102"), ("proj/figures.py", 1, "FS103")} <= found


def test_only_what_can_reach_a_hazard_is_read(tmp_path: Path) -> None:
    done = report(tmp_path)
    read = {module.name for module in done.traces[0].modules if module.path is not None}
    assert {"charts", "canvas"} <= read
    assert not {"celery", "nltk", "plain"} & read


def test_without_an_environment_measurements_stand_in(tmp_path: Path) -> None:
    write(tmp_path, PROJECT)
    done = check(write(tmp_path, {"proj/tasks.py": "import nltk\n"}))
    (finding,) = [f for f in done.findings if f.code == "FS103"]
    assert "'numpy'" in finding.text and "pyarrow" not in finding.text  # which the project does not require
    assert "measured with nltk" in finding.text
    assert finding.text.startswith("importing 'nltk' brings 'numpy' before")  # which the project requires


def test_what_another_optional_package_loads_needs_that_one(tmp_path: Path) -> None:
    """Seen with elasticsearch 7.17 to 9.5: it asks for pyarrow, which loads numpy, and not for numpy itself."""
    requirements = PROJECT["pyproject.toml"].replace("nltk", "elasticsearch")
    files = {**PROJECT, "proj/tasks.py": "import elasticsearch\n", "pyproject.toml": requirements}
    assert not [found for found in check(write(tmp_path, files)).findings if found.code == "FS103"]
    with_pyarrow = requirements.replace("'numpy'", "'numpy', 'pyarrow'")
    (finding,) = [
        one for one in check(write(tmp_path, {"pyproject.toml": with_pyarrow})).findings if one.code == "FS103"
    ]
    assert "brings 'pyarrow'" in finding.text or "may bring 'pyarrow'" in finding.text


def test_accepted(tmp_path: Path) -> None:
    assert {f.code for f in report(tmp_path, accept=["numpy: on purpose"]).findings} == {"FS131"}
    assert {f.code for f in report(tmp_path, accept=["charts"]).findings} == {"FS131"}


def test_a_doubtful_environment_proves_no_absence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "running", distribution("celery", celery=""))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "running"))
    guarded = "try:\n    import lxml\n    import torch\nexcept ImportError:\n    pass\n"
    project = write(tmp_path / "project", PROJECT | {"pyproject.toml": "", "proj/tasks.py": guarded})
    done = check(project)
    assert done.traces[0].environment == "the running interpreter's"
    assert ("proj/tasks.py", 3, "FS101") in found_codes(done, project)


def test_a_package_that_takes_all_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said at the project's own statement, also inside a function, and what follows is followed."""
    for name, value in {"STEP_LIMIT": 60, "STEPS_PER_MODULE": 0, "STEPS_PER_STATEMENT": 0}.items():
        monkeypatch.setattr(budget, name, value)
    loops = "def draw(n):\n    for a in range(20):\n        for b in range(20):\n            n += b\nimport numpy\n"
    canvas, torch = distribution("canvas", ("numpy>=1",), canvas=loops), distribution("torch", torch="")
    write(tmp_path / ".venv", ENVIRONMENT | canvas | torch | {"pyvenv.cfg": ""})
    tasks = "from canvas import draw\ndef make():\n    draw(1)\n    import torch\nmake()\n"
    found = check(write(tmp_path, PROJECT | {"proj/tasks.py": tasks})).findings
    assert [(one.line, one.subject) for one in found if one.code == "FS105"] == [(4, "torch")]
    (said,) = [one for one in found if "steps" in one.text]
    assert (Path(said.path).name, said.line, said.code) == ("tasks.py", 3, "FS192")


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ("from UnleashClient import UnleashClient\nX = UnleashClient('u')\n", [2]),
        ("import UnleashClient as u\nX = u.UnleashClient('u')\n", [2]),
        ("from clickhouse_connect import get_client\nX = get_client()\n", [2]),
        ("import clickhouse_connect\nX = clickhouse_connect.get_client()\n", [2]),
        ("import clickhouse_connect\nwith clickhouse_connect.get_client() as client:\n    pass\n", []),
        ("import clickhouse_connect\nX = clickhouse_connect.get_client()\nX.close()\n", []),
        ("from kazoo.client import KazooClient\nX = KazooClient('h')\nX.start()\n", [3]),
        ("from kazoo.client import KazooClient\nX = KazooClient('h')\nX.start()\nX.stop()\n", []),
    ],
)
def test_what_a_package_defines_elsewhere(tmp_path: Path, tasks: str, expected: list[int]) -> None:
    """The catalogue names a call as the project does, also where the source of the package is read."""
    client = "class Client:\n    def __init__(self, host=''):\n        self.host = host\n    def start(self): pass\n"
    client += "    def stop(self): pass\n    def close(self): pass\n    def __enter__(self): return self\n"
    client += "    def __exit__(self, *error): self.close()\nimport numpy\n"
    packages = {
        "UnleashClient/__init__.py": "from UnleashClient.clients import UnleashClient\n",
        "UnleashClient/clients.py": client.replace("Client:", "UnleashClient:"),
        "clickhouse_connect/__init__.py": "from clickhouse_connect.driver import create\nget_client = create\n",
        "clickhouse_connect/driver.py": f"{client}def create(): return Client()\n",
        "kazoo/__init__.py": "",
        "kazoo/client.py": "def __getattr__(name):\n    from kazoo.core import Client\n    return Client\n",
        "kazoo/core.py": client,
    }
    for name in ("UnleashClient", "clickhouse_connect", "kazoo"):
        write(tmp_path / ".venv", distribution(name, ("numpy>=1",)))
    write(tmp_path / ".venv", ENVIRONMENT | {f"{SITE}/{path}": text for path, text in packages.items()})
    write(tmp_path / ".venv", {"pyvenv.cfg": ""})
    found = check(write(tmp_path, PROJECT | {"proj/tasks.py": tasks})).findings
    assert [one.line for one in found if one.code in ("FS112", "FS113")] == expected
