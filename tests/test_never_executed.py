"""The analysed project is never imported, and nothing in it is run."""

from __future__ import annotations

from pathlib import Path

from helpers import check, found_codes, write


def test_modules_that_raise_and_modules_that_delete(tmp_path: Path) -> None:
    victim = tmp_path / "precious.txt"
    victim.write_text("still here")
    root = write(
        tmp_path / "project",
        {
            "pyproject.toml": "",
            "sitecustomize.py": "raise SystemExit('executed')\n",
            "conftest.py": "raise RuntimeError('executed')\n",
            "setup.py": f"import os\nos.remove({str(victim)!r})\n",
            "proj/__init__.py": f"""\
                import os
                os.remove({str(victim)!r})
                open({str(tmp_path / "written.txt")!r}, "w").write("executed")
                """,
            "proj/celery.py": """\
                from celery import Celery
                app = Celery("proj", include=["proj.tasks"])
                if app:
                    raise RuntimeError("executed")
                """,
            "proj/tasks.py": "import torch\nraise RuntimeError('executed')\n",
            "proj/helper.py": "raise RuntimeError('executed')\n",
        },
    )
    report = check(root)
    assert ("proj/tasks.py", 1, "FS101") in found_codes(report, root)
    assert victim.read_text() == "still here"
    assert not (tmp_path / "written.txt").exists()
