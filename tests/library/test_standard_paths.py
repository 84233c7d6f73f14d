"""``os.path`` and ``pathlib``, against the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import UNSURE, assert_like_python, names_of, plain, value_in, walk_program

PROGRAMS = {
    "os.path": """\
        import os.path
        A = (
            os.path.join('/srv', 'app', 'x.py'), os.path.dirname('/a/b'),
            os.path.basename('/a/b.py'), os.path.splitext('x.tar.gz'), os.path.split('/a/b'),
            os.path.normpath('/a/../b')
        )
        """,
    "pathlib": """\
        from pathlib import Path
        p = Path('/srv') / 'app' / 'x.tar.gz'
        A = str(p), p.name, p.stem, p.suffix, str(p.parent), str(p.parents[1]), p.joinpath('y').as_posix()
        """,
    "absolute": """\
        import os
        A = os.path.abspath('/srv/./app'), os.sep, os.fspath('x')
        """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_like_python(tmp_path: Path, program: str) -> None:
    assert_like_python(tmp_path, program)


def test_files_of_the_project_are_looked_at(tmp_path: Path) -> None:
    source = """\
        import glob, os
        from pathlib import Path
        HERE = os.path.dirname(os.path.abspath(__file__))
        A = os.path.exists(os.path.join(HERE, "data", "one.txt")), os.path.isdir(os.path.join(HERE, "data"))
        B = sorted(os.listdir(os.path.join(HERE, "data")))
        C = [path.name for path in sorted(Path(HERE, "data").glob("*.txt"), key=str)]
        D = [os.path.basename(path) for path in glob.glob(os.path.join(HERE, "data", "t*"))]
        E = [path.stem for path in Path(__file__).parent.rglob("deep.py")]
        """
    files = {"main.py": source, "data/one.txt": "", "data/two.txt": "", "data/x.py": "", "data/sub/deep.py": ""}
    names = names_of(walk_program(tmp_path, files))
    assert {name: plain(names[name]) for name in "ABCDE"} == {
        "A": (True, True),
        "B": ["one.txt", "sub", "two.txt", "x.py"],
        "C": ["one.txt", "two.txt"],
        "D": ["two.txt"],
        "E": ["deep"],
    }


def test_nothing_outside_the_project_is_looked_at(tmp_path: Path) -> None:
    program = (
        "import os\nfrom pathlib import Path\n"
        "A = os.path.exists('/etc/passwd'), Path('/etc').is_dir()\nB = os.listdir('/etc')\n"
    )
    names = names_of(walk_program(tmp_path, program))
    assert plain(names["A"]) is UNSURE
    assert plain(names["B"]) is UNSURE


def test_a_file_that_is_missing_here_may_exist_where_the_worker_runs(tmp_path: Path) -> None:
    assert (
        value_in(tmp_path, "import os\nA = os.path.exists(os.path.join(os.path.dirname(__file__), 'local.py'))\n")
        is UNSURE
    )
