"""Damaged deployment files: whatever they hold, the search ends with launches and troubles."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_deployment import FORMATS

from flake8_forksafe.deployment.repository import find_launches
from flake8_forksafe.project.disk import Disk

TREES = [files for files, _ in FORMATS.values()]
SCRAPS = st.sampled_from([
    "\n", "\t", "  ", '"', "'", "{", "}", "[", "]", "$", "${", "$(", "`", "\\", "\\\n", ":", "- ", "&a ", "*a",
    "<<: *a", "!reset ", "|", ">", "#", "<<EOF", "\0", "é", "%", "%(", "=", ",", "{{", "celery ", "extends: worker",
    "FROM x\n", "COPY --from=0 / /\n", "[program:x]\n", "ExecStart=", "---\n",
])  # fmt: skip
DAMAGES = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), SCRAPS, st.integers(0, 12))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(TREES),
    st.lists(DAMAGES, min_size=1, max_size=4),
)
def test_damaged_files(tmp_path: Path, files: dict[str, str], damages: list[tuple[int, int, str, int]]) -> None:
    contents = dict(files)
    for chosen, position, scrap, removed in damages:
        name = sorted(contents)[chosen % len(contents)]
        text = contents[name]
        offset = position % (len(text) + 1)
        contents[name] = text[:offset] + scrap + text[offset + removed :]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.unlink()
    for name, text in contents.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    found = find_launches(Disk(), str(tmp_path))
    for place in [*found.launches, *found.troubles]:
        assert Path(place.path).is_file() and place.line >= 1
    for launch in found.launches:
        assert launch.argv and Path(launch.directory).is_dir()
        assert launch.command_line >= 1 and len(launch.environ) == len(launch.environ_places)
