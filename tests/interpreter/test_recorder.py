"""What is recorded of an execution."""

from __future__ import annotations

import pytest

from flake8_forksafe.hazards.catalogue import load_catalogue
from flake8_forksafe.interpreter.frames import Frame
from flake8_forksafe.interpreter.journal import Journal
from flake8_forksafe.interpreter.recorder import Recorder
from flake8_forksafe.interpreter.records import Node
from flake8_forksafe.interpreter.values import UNKNOWN, Arguments, Literal, Module
from flake8_forksafe.project.layout import FoundModule


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def recorder(journal: Journal) -> Recorder:
    catalogue = load_catalogue()
    return Recorder(journal, lambda call, arguments: next(iter(catalogue.entries_of(call)), None))


@pytest.fixture
def frame(journal: Journal) -> Frame:
    frame = Frame(Module(FoundModule("main", None, False, (), "first-party")), Node("main"), "module", journal.doubt)
    frame.line, frame.column = 7, 4
    return frame


def test_an_edge_becomes_sure_when_it_happens_for_sure(recorder: Recorder, journal: Journal, frame: Frame) -> None:
    with journal.doubted():
        recorder.record(frame, Node("one"), "import")
    assert [edge.sure for edge in recorder.edges.values()] == [False]
    recorder.record(frame, Node("one"), "import")
    recorder.record(frame, Node("main"), "import")
    assert [(str(edge.target), edge.line, edge.sure) for edge in recorder.edges.values()] == [("one", 7, True)]


@pytest.mark.parametrize("doubts", [(True, False), (False, True)])
def test_threads_that_an_import_starts_are_sure_once_they_are(
    recorder: Recorder, journal: Journal, frame: Frame, doubts: tuple[bool, bool]
) -> None:
    for doubt in doubts:
        with journal.doubted(doubt):
            recorder.starts(frame, "agent", ("sender",), "measured: agent 1.0")
    assert [(use.call, use.line, use.sure) for use in recorder.uses.values()] == [("agent", 7, True)]


def test_what_the_host_does_because_of_a_line_is_a_boot_edge_with_its_step(recorder: Recorder, frame: Frame) -> None:
    frame.boot = True
    with recorder.boot_step("import_modules"):
        recorder.record(frame, Node("one"), "import")
        recorder.loads("one")
    ((edge,),) = (recorder.edges.values(),)
    assert (edge.kind, edge.step, recorder.steps_of) == ("boot", "import_modules", {"one": "import_modules"})


def test_a_gate_counts_only_where_an_edge_always_stands_behind_it(recorder: Recorder, frame: Frame) -> None:
    frame.gates = (recorder.gate(frame, "if", True),)
    recorder.record(frame, Node("one"), "import")
    recorder.record(frame, Node("two"), "import")
    assert len(recorder.gated) == 2
    frame.gates = ()
    recorder.record(frame, Node("one"), "import")
    assert [str(target) for _, target, _, _ in recorder.gated] == ["two"]


def test_a_gate_that_came_out_differently_is_undecided(recorder: Recorder, frame: Frame) -> None:
    gate = recorder.gate(frame, "if", True)
    assert recorder.gates[gate.key] is True
    recorder.gate(frame, "if", False)
    assert recorder.gates[gate.key] is None


def test_a_note_is_made_once_per_place(recorder: Recorder, frame: Frame) -> None:
    recorder.note("FS192", frame, "something")
    recorder.note("FS192", frame, "something")
    frame.line = 8
    recorder.note("FS192", frame, "something")
    assert [note.line for note in recorder.notes] == [7, 8]


def test_only_warm_ups_are_uses(recorder: Recorder, journal: Journal, frame: Frame) -> None:
    recorder.use(frame, "library.make", Arguments())
    with journal.doubted():
        recorder.use(frame, "threading.Thread().start", Arguments())
    recorder.use(frame, "threading.Thread().start", Arguments())
    ((use,),) = (recorder.uses.values(),)
    assert (use.call, use.shown, use.sure) == ("threading.Thread.start", "threading.Thread().start", True)


def test_a_setting_knows_how_much_was_loaded_before(recorder: Recorder, frame: Frame) -> None:
    recorder.loads("one")
    recorder.setting("OMP_NUM_THREADS", Literal("1"), frame)
    recorder.setting("OTHER", UNKNOWN, frame)
    assert [(made.name, made.value, made.position) for made in recorder.settings] == [
        ("OMP_NUM_THREADS", "1", 1), ("OTHER", None, 1)
    ]  # fmt: skip


def test_an_edge_has_the_place_where_it_first_happened(recorder: Recorder, frame: Frame) -> None:
    """One line may execute a function several times."""
    recorder.record(frame, Node("one"), "call")
    frame.column = 12
    recorder.record(frame, Node("one"), "call")
    assert [(edge.line, edge.column) for edge in recorder.edges.values()] == [(7, 4)]


SURE, SWITCHED, DOUBTFUL = "sure", "switched", "doubtful"


@pytest.mark.parametrize(
    ("times", "sure", "switched", "column"),
    [
        ([DOUBTFUL], False, False, 1),
        ([SWITCHED], False, True, 1),
        ([SURE, DOUBTFUL], True, False, 1),
        ([SURE, SWITCHED], True, False, 1),
        ([DOUBTFUL, SURE], True, False, 2),
        ([SWITCHED, SURE], True, False, 2),
        ([SWITCHED, DOUBTFUL], False, False, 1),
        ([DOUBTFUL, SWITCHED], False, False, 1),
        ([SWITCHED, SWITCHED], False, True, 1),
        ([SURE, SURE], True, False, 1),
    ],
)
def test_an_edge_that_is_recorded_again(
    recorder: Recorder, journal: Journal, frame: Frame, times: list[str], sure: bool, switched: bool, column: int
) -> None:
    """It is sure once it was, and depends on a switch as long as nothing else leads there."""
    for frame.column, how in enumerate(times, 1):
        with journal.doubted(how != SURE, how == SWITCHED):
            recorder.record(frame, Node("one"), "import")
    ((edge,),) = (recorder.edges.values(),)
    assert (edge.sure, edge.switched, edge.column) == (sure, switched, column)


@pytest.mark.parametrize(
    ("times", "sure", "switched"),
    [
        ([SWITCHED], False, True),
        ([SWITCHED, DOUBTFUL], False, False),
        ([DOUBTFUL, SWITCHED], False, False),
        ([DOUBTFUL, SURE], True, False),
        ([SURE, SWITCHED], True, False),
    ],
)
def test_a_use_that_is_recorded_again(
    recorder: Recorder, journal: Journal, frame: Frame, times: list[str], sure: bool, switched: bool
) -> None:
    for how in times:
        with journal.doubted(how != SURE, how == SWITCHED):
            recorder.use(frame, "threading.Thread().start", Arguments())
    assert [(use.sure, use.switched) for use in recorder.uses.values()] == [(sure, switched)]
