"""Adjudicating through the window's models: what the library holds then, what undo and a new start leave."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication

from tests.app.adjudicating import Bench, content, library_read_twice, right
from tests.made_scans import new_scan
from workstation.core import decision, edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Origin, Progress, ReadingKey
from workstation.core.overlap import dice
from workstation.core.people import Person, Role
from workstation.store.errors import LibraryError
from workstation.store.library import Library
from workstation.store.values import ScanQuery

ROOT = Path(__file__).resolve().parents[2]
TO_ADJUDICATE = ScanQuery(to_adjudicate=True)


@pytest.fixture
def benches(qapp, tmp_path):
    """Makes benches on one library; closes the last of them."""
    spoilt = library_read_twice(tmp_path / "library")
    made: list[Bench] = []

    def bench(**asked) -> Bench:
        if made:
            made.pop().close()
        made.append(Bench(tmp_path / "home", tmp_path / "library", **asked))
        return made[-1]

    bench.spoilt = spoilt
    bench.folder = tmp_path / "library"
    yield bench
    if made:
        made.pop().close()


def test_a_judge_who_knows_the_truth_gives_every_scan_its_truth(benches):
    bench = benches()
    library, adjudication = bench.workbench.library, bench.adjudication
    assert len(library.ids(TO_ADJUDICATE)) == 2
    assert adjudication.begin()
    for scan, spoilt in benches.spoilt.items():
        assert bench.reading.scan == scan and adjudication.active  # Space goes on to the next scan
        asked = {one.group.present[0].id[:-1] for one in adjudication.questions if one.group}
        assert asked == set(spoilt.faults) and asked
        while adjudication.left:
            assert adjudication.decided is None
            adjudication.take(right(adjudication, spoilt))
            assert adjudication.decided is not None
            if adjudication.left:
                adjudication.next()
        assert adjudication.finished
        judged = library.session(ReadingKey(scan, "adjudicated"))
        assert content(judged.reading) == content(library.session(ReadingKey(scan, "truth")).reading)
        assert len(judged.done) == len(adjudication.questions)  # one step each
        assert library.rows([scan])[0].status is Progress.REVIEWED
        adjudication.next()
    assert library.ids(TO_ADJUDICATE) == [] and library.verify().ok
    assert adjudication.scans_left == 0 and "No scan is left" in bench.notes[-1]
    with library._connections.reading() as connection:
        who = connection.execute("SELECT DISTINCT who FROM history WHERE reader = 'adjudicated'").fetchall()
    assert who == [("judge",)]

    scan = bench.reading.scan
    while bench.editor.undo():
        pass
    empty = library.session(ReadingKey(scan, "adjudicated")).reading
    assert not empty.lesions and empty.verdict.progress is Progress.NEW
    assert len(adjudication.left) == len(adjudication.questions)
    assert library.ids(TO_ADJUDICATE) == [scan] and library.rows([scan])[0].reader != "adjudicated"
    while bench.editor.redo():
        pass
    assert content(bench.editor.reading) == content(library.session(ReadingKey(scan, "truth")).reading)


def test_looking_writes_nothing_and_a_new_start_shows_the_first_open_question(benches):
    bench = benches()
    rows = bench.workbench.library.verify().rows
    bench.adjudication.begin()
    bench.adjudication.next()
    bench.adjudication.previous()
    assert bench.workbench.library.verify().rows == rows
    bench.adjudication.take()  # neither: nothing stands there, and yet it is decided
    second = bench.adjudication.questions[1].key
    bench = benches()
    assert bench.adjudication.begin() and bench.adjudication.current.key == second
    bench.adjudication.toggle()
    assert not bench.adjudication.active and bench.editor.reading.key.reader == "judge"
    assert not bench.viewer.compared


def test_undo_shows_the_question_it_opens_again(benches):
    bench = benches()
    bench.adjudication.begin()
    bench.adjudication.take(0)
    bench.adjudication.next()
    bench.adjudication.next()
    assert bench.adjudication.at == 2
    bench.editor.undo()
    assert bench.adjudication.at == 0 and bench.adjudication.decided is None
    bench.editor.redo()
    assert bench.adjudication.decided == "Take reader A"


def test_a_label_and_an_outline_of_ones_own_decide_and_the_tools_go_on_changing_it(benches):
    bench = benches()
    adjudication, editor = bench.adjudication, bench.editor
    adjudication.begin()
    assert adjudication.call(Label.UNCERTAIN)
    (lesion,) = decision.standing(adjudication.comparison, editor.session, adjudication.current)
    assert lesion.label is Label.UNCERTAIN and bench.viewer.selection == (lesion.id,)
    assert not adjudication.call(Label.BENIGN)  # decided: an ordinary label of the selected lesion from now on
    adjudication.next()
    key = adjudication.current.key
    there = adjudication.current.group.present[0]
    steps = len(editor.session.done)
    mine = editor.add_lesion(there.rois, Origin.HAND, "rib", "left")
    assert len(editor.session.done) == steps + 1 and key in decision.settled(editor.session)
    adjudication.take()
    assert mine not in editor.lesions
    away = {view: type(roi)(roi.top, 2, roi.height, roi.width, roi.bits) for view, roi in there.rois.items()}
    adjudication.next()
    elsewhere = editor.add_lesion(away, Origin.HAND, None, None)
    assert elsewhere in editor.lesions and adjudication.current.key not in decision.settled(editor.session)


def test_a_grade_of_ones_own_decides_the_grade_wherever_one_is(benches):
    bench = benches()
    bench.reading.open(
        next(s for s, made in benches.spoilt.items() if len({r.verdict.grade for r in made.readings}) > 1)
    )
    bench.adjudication.begin()
    grade = next(one for one in bench.adjudication.questions if one.group is None)
    bench.editor.grade(1)
    assert bench.adjudication.current == grade and bench.adjudication.decided is not None
    bench.adjudication.take_all()
    assert "Take one reader's verdict" in bench.notes[-1] and bench.editor.reading.verdict.grade == 1


@pytest.mark.parametrize("reader", ["reader 1", "reader 2"])
def test_who_read_a_scan_does_not_adjudicate_it_unless_the_settings_say_so(benches, reader):
    bench = benches(reader=reader)
    assert not bench.adjudication.begin() and f"{reader} has read this scan" in bench.notes[-1]
    bench.workbench.change_settings(adjudicate_own=True)
    assert bench.adjudication.begin()


def test_an_adjudicator_decides_and_nobody_else_once_people_have_roles(benches):
    bench = benches()
    library = bench.workbench.library
    library.tell_role(Person("judge", Role.PHYSICIAN), "judge")
    assert not bench.adjudication.begin() and library.session(ReadingKey("S000", "adjudicated")).done == ()
    assert "Only an adjudicator decides" in bench.notes[-1] and "judge is a physician here" in bench.notes[-1]
    library.tell_role(Person("judge", Role.ADJUDICATOR), "judge")
    assert bench.adjudication.begin()
    bench = benches(reader="somebody")
    assert not bench.adjudication.begin() and "somebody has no role here" in bench.notes[-1]


def judge_all(bench, spoilt) -> None:
    while bench.adjudication.left:
        bench.adjudication.take(right(bench.adjudication, spoilt))
        if bench.adjudication.left:
            bench.adjudication.next()


def test_what_a_reader_changes_later_is_asked_again_and_said_to_be(benches):
    bench = benches()
    library, adjudication = bench.workbench.library, bench.adjudication
    adjudication.begin()
    judge_all(bench, benches.spoilt["S000"])
    assert library.ids(TO_ADJUDICATE) == ["S001"]
    questions = len(adjudication.questions)
    about = next(one for one in adjudication.questions if one.group and len(one.group.present) == 2)
    reader, lesion = next((n, one) for n, one in enumerate(about.group.lesions) if one is not None)
    key = adjudication.comparison.readings[reader].key
    adjudication.toggle()
    library.append(key, Step("edit", edits.change("Label", lesion, label=Label.UNCERTAIN)), key.reader)
    assert library.ids(TO_ADJUDICATE) == ["S000", "S001"]
    assert adjudication.begin()
    (again,) = adjudication.left
    assert adjudication.current == again
    assert adjudication.reopened and adjudication.decided is None and len(adjudication.questions) == questions
    adjudication.take(reader)
    assert adjudication.finished and not adjudication.reopened and library.ids(TO_ADJUDICATE) == ["S001"]
    bench.editor.undo()
    assert adjudication.current == again and adjudication.reopened
    assert library.verify().ok


@pytest.mark.parametrize("keep", [True, False])
def test_what_all_readers_take_away_later_is_kept_or_taken_away(benches, keep):
    bench = benches()
    library, adjudication = bench.workbench.library, bench.adjudication
    adjudication.begin()
    judge_all(bench, benches.spoilt["S000"])
    adjudication.toggle()
    about = next(one for one in bench.workbench.library.session(ReadingKey("S000", "adjudicated")).reading.lesions)
    gone = library.session(ReadingKey("S000", "adjudicated")).reading.lesions[about]
    for spoilt in benches.spoilt["S000"].readings:
        there = library.session(spoilt.key).reading.lesions.values()
        for lesion in [one for one in there if dice(one, gone) > 0]:
            library.append(spoilt.key, Step("edit", edits.delete("Delete", lesion)), spoilt.key.reader)
    assert "S000" in library.ids(TO_ADJUDICATE) and adjudication.begin()
    (asked,) = adjudication.left
    assert asked.abandoned == gone and adjudication.current == asked and bench.viewer.selection == (gone.id,)
    adjudication.take(0)
    assert "No reader has it any more" in bench.notes[-1] and adjudication.decided is None
    adjudication.take(*(adjudication.everybody if keep else ()))
    assert adjudication.finished and adjudication.decided == adjudication.keeping(keep)
    assert (gone.id in library.session(ReadingKey("S000", "adjudicated")).reading.lesions) == keep
    assert "S000" not in library.ids(TO_ADJUDICATE) and library.verify().ok
    bench.editor.undo()
    assert adjudication.left == (asked,)
    adjudication.toggle()
    adjudication.begin()
    assert adjudication.left == (asked,), "and after a new start"


def test_a_change_that_is_in_nobodys_question_is_looked_at_once(benches):
    bench = benches()
    library, adjudication = bench.workbench.library, bench.adjudication
    adjudication.begin()
    judge_all(bench, benches.spoilt["S000"])
    before = content(bench.editor.reading)
    key = adjudication.comparison.readings[0].key
    adjudication.toggle()
    said = edits.judge("Comment", library.session(key).reading.verdict, comment="looked again")
    library.append(key, Step("edit", said), key.reader)
    assert library.ids(TO_ADJUDICATE) == ["S000", "S001"]
    adjudication.begin()
    assert not adjudication.left
    adjudication.next()
    assert bench.reading.scan == "S001" and library.ids(TO_ADJUDICATE) == ["S001"]
    assert content(library.session(ReadingKey("S000", "adjudicated")).reading) == before


def test_a_scan_that_one_excludes_and_another_has_read(benches):
    bench = benches()
    library, adjudication = bench.workbench.library, bench.adjudication
    out, kept = (spoilt.key for spoilt in benches.spoilt["S000"].readings)
    verdict = library.session(out).reading.verdict
    excluded = edits.judge("Exclude", verdict, progress=Progress.EXCLUDED, reason="quality")
    library.append(out, Step("edit", excluded), out.reader)
    assert library.ids(TO_ADJUDICATE) == ["S000", "S001"]
    adjudication.begin()
    (about,) = adjudication.questions
    at = next(n for n, one in enumerate(adjudication.comparison.readings) if one.key == out)
    adjudication.take(0, 1)
    assert "Take one" in bench.notes[-1] and adjudication.decided is None
    adjudication.take(at)
    assert library.rows(["S000"])[0].status is Progress.EXCLUDED and library.rows(["S000"])[0].reason == "quality"
    assert adjudication.finished and library.ids(TO_ADJUDICATE) == ["S001"]
    adjudication.take(1 - at)
    judged = library.session(ReadingKey("S000", "adjudicated")).reading
    assert content(judged) == content(library.session(kept).reading) and judged.verdict.progress is Progress.REVIEWED
    assert library.exclusions() == {}
    while bench.editor.undo():
        pass
    assert adjudication.decided is None
    bench.editor.exclude("injection")
    assert adjudication.decided == "Exclude: injection" and library.rows(["S000"])[0].reason == "injection"
    assert library.verify().ok


def test_names_are_hidden_and_letters_tell_nothing(benches):
    bench = benches()
    bench.adjudication.begin()
    assert [bench.adjudication.name(n) for n in (0, 1)] == ["A", "B"]
    bench.workbench.change_settings(adjudicate_names=True)
    bench.adjudication.toggle()
    bench.adjudication.toggle()
    assert [bench.adjudication.name(n) for n in (0, 1)] == ["A: reader 1", "B: reader 2"]


def test_scans_all_agree_on_are_taken_over_on_the_way(qapp, tmp_path):
    library_read_twice(tmp_path / "library", scans=3, share=0.0)
    bench = Bench(tmp_path / "home", tmp_path / "library")
    library = bench.workbench.library
    assert bench.adjudication.begin() and not bench.adjudication.questions and not bench.adjudication.finished
    bench.adjudication.next()
    left = library.ids(TO_ADJUDICATE)
    assert len(left) == 2 and bench.adjudication.passing  # one scan a turn of the event loop
    while bench.adjudication.passing:
        QCoreApplication.processEvents()
        left, before = library.ids(TO_ADJUDICATE), left
        assert len(left) == len(before) - 1
    assert library.ids(TO_ADJUDICATE) == [] and library.verify().ok
    for scan in library.ids():
        session = library.session(ReadingKey(scan, "adjudicated"))
        assert content(session.reading) == content(library.session(ReadingKey(scan, "truth")).reading)
        assert len(session.done) == 1
    assert any("agreed on 2 scans" in note for note in bench.notes)
    bench.close()


@pytest.mark.parametrize("how", ["toggle", "open"])
def test_who_leaves_on_the_way_takes_nothing_more_over(qapp, tmp_path, how):
    library_read_twice(tmp_path / "library", scans=4, share=0.0)
    bench = Bench(tmp_path / "home", tmp_path / "library")
    library, adjudication = bench.workbench.library, bench.adjudication
    assert adjudication.begin()
    adjudication.next()
    adjudication.next()  # it goes on by itself: pressed once more it does nothing
    assert adjudication.passing and len(library.ids(TO_ADJUDICATE)) == 3
    if how == "toggle":
        adjudication.toggle()
    else:
        bench.reading.open(bench.reading.worklist[0])
    for _ in range(5):
        QCoreApplication.processEvents()
    assert not adjudication.passing and len(library.ids(TO_ADJUDICATE)) == 3
    assert adjudication.active == (how == "open") and library.verify().ok
    bench.close()


def test_where_nothing_can_be_kept_it_stays_and_says_why(qapp, tmp_path, monkeypatch):
    library_read_twice(tmp_path / "library", scans=3, share=0.0)
    bench = Bench(tmp_path / "home", tmp_path / "library")
    library, first = bench.workbench.library, bench.reading.scan
    assert bench.adjudication.begin()

    def full(*_):
        raise LibraryError("The disk is full.")

    with monkeypatch.context() as disk:
        disk.setattr(library, "append", full)
        bench.adjudication.next()
    assert bench.reading.scan == first and bench.notes[-1] == "The disk is full."
    assert len(library.ids(TO_ADJUDICATE)) == 3
    bench.close()


def test_one_reading_is_nothing_to_adjudicate(tmp_path):
    library_read_twice(tmp_path / "library", scans=1)
    bench = Bench(tmp_path / "home", tmp_path / "library")
    bench.workbench.library.add_scans([new_scan(7)])
    bench.reading.open("S007")
    assert not bench.adjudication.begin() and "no reading" in bench.notes[-1]
    bench.close()


def test_a_second_window_is_told_who_writes_and_loses_nothing(benches):
    """Two people on one case: the second process may look; what the first one does is not touched."""
    first = benches()
    first.adjudication.begin()
    first.adjudication.take(0)
    program = (
        "import sys\nfrom pathlib import Path\nfrom PySide6.QtCore import QCoreApplication\n"
        "from tests.app.adjudicating import Bench\nfrom workstation.core.lesion import Progress\n"
        "application = QCoreApplication([])\nbench = Bench(Path(sys.argv[2]), Path(sys.argv[1]), 'other')\n"
        "assert not bench.adjudication.begin()\nassert not bench.editor.progress(Progress.DONE)\n"
        "print(*bench.notes, sep='\\n')"
    )
    command = [sys.executable, "-c", program, str(benches.folder), str(benches.folder.parent / "other")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) == 2 and all("read-only" in line and "process" in line for line in told)
    first.adjudication.next()
    first.adjudication.take(1)
    assert first.workbench.library.verify().ok and len(first.editor.session.done) == 2


KILLED = """
import random, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from tests.app.adjudicating import Bench
from workstation.core import decision
application = QCoreApplication([])
bench = Bench(Path(sys.argv[2]), Path(sys.argv[1]))
draw = random.Random(int(sys.argv[3]))
bench.adjudication.begin()
while True:
    if draw.random() < 0.3:
        bench.editor.undo()
    else:
        bench.adjudication.take(*draw.sample([0, 1], draw.randint(0, 1) or 1))
        bench.adjudication.at = draw.randrange(len(bench.adjudication.questions))
    print(len(bench.editor.session.done), *sorted(decision.settled(bench.editor.session)), sep="\\t", flush=True)
"""


@pytest.mark.parametrize("times", [2, pytest.param(25, marks=pytest.mark.soak)])
def test_killed_midway_it_goes_on_where_it_was(benches, times):
    for seed in range(times):
        command = [sys.executable, "-c", KILLED, str(benches.folder), str(benches.folder.parent / "h"), str(seed)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        first = process.stdout.readline()
        time.sleep(0.1 + 0.07 * seed)
        process.kill()
        lines = [line for line in (first + process.stdout.read()).split("\n")[:-1] if line]
        process.wait()
        process.stdout.close()
        library = Library.open(benches.folder)
        found = library.verify()
        session = library.session(ReadingKey(library.ids()[0], "adjudicated"))
        library.close()
        assert found.ok, found.problems
        steps, *settled = lines[-1].split("\t")
        assert abs(len(session.done) - int(steps)) <= 1  # what was answered, and at most one step that was not
        now = decision.settled(session)
        assert len(now ^ set(settled)) <= 1
        bench = benches()
        bench.adjudication.begin()
        left = [one.key for one in bench.adjudication.questions if one.key not in now]
        assert bench.adjudication.current.key == (left[0] if left else bench.adjudication.questions[0].key)
        while bench.editor.undo():
            pass
        assert not bench.editor.lesions
        bench.close()
