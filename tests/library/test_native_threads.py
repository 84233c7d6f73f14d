"""Functions that limit the threads of native libraries."""

from __future__ import annotations

from pathlib import Path

from programs import walk_program


def test_they_are_recorded_like_variables(tmp_path: Path) -> None:
    program = (
        "import library, torch\nfrom threadpoolctl import threadpool_limits\n"
        "torch.set_num_threads(1)\nthreadpool_limits(limits=2)\n"
        "torch.set_num_threads(library.n)\n"
    )
    made = walk_program(tmp_path, program).recorder.settings
    assert [(setting.name, setting.value, setting.line, setting.position) for setting in made] == [
        ("torch.set_num_threads", 1, 3, 4),
        ("threadpoolctl.threadpool_limits", 2, 4, 4),
        ("torch.set_num_threads", None, 5, 4),
    ]
