"""What the repair of the fixture ``bookshop`` frees: its real worker, measured before and after.

    python benchmarks/bookshop_memory.py --python ENVIRONMENT [--memory 2g] [--write docs/measure.md]

ENVIRONMENT has the shop's dependencies: celery, django, torch, pandas and litellm.  Both shops are copied into a
temporary directory, with a model made on the spot in place of the one that the shop would load from /srv/models.
Prints each measurement, and the table of the difference; ``--write`` puts the table between the markers of a page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"
MODELS = "/srv/models"
BEGIN, END = "<!-- measured by benchmarks/bookshop_memory.py -->\n", "<!-- end of what was measured -->\n"
ENVIRONMENT = {
    "DJANGO_SECRET_KEY": "x",
    "BROKER_URL": "redis://127.0.0.1:1/0",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}
"""What the shop reads; litellm asks no server for its list of prices."""

HUBCONF = '''\
"""A model as large as a small embedder: 22 million weights, 88 MB."""

dependencies = ["torch"]

import torch


class Embedder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.EmbeddingBag(57_000, 384)
        self.mix = torch.nn.Linear(384, 384)

    def encode(self, texts):
        rows = [[hash(word) % 57_000 for word in text.split()] for text in texts]
        return torch.stack([self.mix(self.words(torch.tensor([row])))[0] for row in rows])


def embedder():
    torch.manual_seed(0)
    return Embedder().eval()
'''


def copy(name: str, directory: Path) -> Path:
    """A copy of a fixture that loads its model from this directory."""
    target = directory / name
    shutil.copytree(FIXTURES / name, target)
    for path in target.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(MODELS, str(directory / "models")), encoding="utf-8")
    return target


def warm_up(python: str) -> None:
    """Read the libraries once, so that neither measurement waits for the disk."""
    (interpreter,) = [path for path in (Path(python), Path(python, "bin", "python")) if path.is_file()][:1]
    command = [interpreter, "-c", "import celery, django, litellm, pandas, torch"]
    subprocess.run(command, check=True, env={**os.environ, **ENVIRONMENT})


def measure(project: Path, python: str, memory: str, saved: Path) -> None:
    """Measure one shop with four children."""
    command = [sys.executable, "-m", "flake8_forksafe", "measure", "-A", "bookshop", "--python", python]
    options = ["--fork", "4", "--memory", memory, "--save", str(saved), str(project)]
    subprocess.run([*command, *options], check=True, env={**os.environ, **ENVIRONMENT})


def versions(python: str) -> str:
    """What the measured environment has."""
    (interpreter,) = [path for path in (Path(python), Path(python, "bin", "python")) if path.is_file()][:1]
    code = """if True:
        import platform
        from importlib.metadata import version
        names = ("celery", "django", "torch", "pandas", "litellm")
        print(f"CPython {platform.python_version()},", ", ".join(f"{name} {version(name)}" for name in names))"""
    return subprocess.run([interpreter, "-c", code], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def write(page: Path, text: str) -> None:
    """Put a text between the markers of a page."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        raise SystemExit(f"{page} has no {BEGIN.strip()} and {END.strip()}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Measure both shops and show the difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="interpreter or environment with the shop's dependencies")
    parser.add_argument("--memory", default="2g", help="memory of the container (default: 2g)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table between the markers of this page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        hub = directory / "models" / "embedder"
        hub.mkdir(parents=True)
        (hub / "hubconf.py").write_text(HUBCONF, encoding="utf-8")
        warm_up(options.python)
        saved = [directory / f"{project}.json" for project in ("bookshop", "bookshop_fixed")]
        for path in saved:
            measure(copy(path.stem, directory), options.python, options.memory, path)
            print(flush=True)
        command = [sys.executable, "-m", "flake8_forksafe", "measure", "--diff", *map(str, saved)]
        command += ["--memory", options.memory, "--format", "markdown"]
        table = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    print(table)
    if options.write:
        write(options.write, f"{versions(options.python)}; four children, {options.memory} of memory.\n\n{table}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
