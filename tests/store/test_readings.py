"""Edits, undo, redo and new starts: disk, memory and a plain model always agree."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from workstation.core import edits
from workstation.core.edits import Edit, EditError, Session, Step
from workstation.core.lesion import Label, Lesion, Progress, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import Frame, View
from workstation.store.library import Library, LibraryError, NewScan, ScanQuery

KEY = ReadingKey("S1", "anna")
LABELS = st.sampled_from([None, *Label])
PLACES = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 4), st.integers(1, 9))


def roi(place: tuple[int, int, int, int]) -> Roi:
    top, left, height, width = place
    mask = np.zeros((10, 15), bool)
    mask[top : top + height, left : left + width] = True
    made = Roi.from_mask(mask)
    assert made is not None
    return made


def empty_scan(scan: str) -> NewScan:
    return NewScan(scan, "P1", {View.ANTERIOR: Frame(np.zeros((10, 15), np.uint16), View.ANTERIOR, None)})


class ReadingMachine(RuleBasedStateMachine):
    """The model knows nothing of edits: it keeps every state there was and where among them the reader stands."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp()) / "library"
        self.library = Library.create(self.folder)
        self.library.add_scans([empty_scan("S1")])
        self.steps: list[Step] = []
        self.states: list[tuple[dict[str, tuple[Label | None, int, str]], int | None]] = [({}, None)]
        self.at = 0
        self.names = 0
        self.edited = True

    def teardown(self) -> None:
        assert self.library.verify() == self.library.verify(self.library.verify().head)
        self.library.close()
        shutil.rmtree(self.folder.parent)

    @property
    def session(self) -> Session:
        return self.library.session(KEY)

    def _do(self, edit: Edit, state: tuple[dict[str, tuple[Label | None, int, str]], int | None]) -> None:
        self._append(Step("edit", edit))
        self.states[self.at + 1 :] = [state]
        self.at += 1

    def _append(self, step: Step) -> None:
        self.library.append(KEY, step, "anna")
        self.steps.append(step)

    @rule(places=st.lists(PLACES, min_size=1, max_size=3), label=LABELS, both=st.booleans())
    def add(self, places, label, both):
        lesions, state = [], dict(self.states[self.at][0])
        for place in places:
            self.names += 1
            drawn = roi(place)
            rois = {View.ANTERIOR: drawn, View.POSTERIOR: drawn} if both else {View.POSTERIOR: drawn}
            lesions.append(Lesion(f"L{self.names}", rois, label))
            state[lesions[-1].id] = (label, place[2] * place[3] * len(rois), "")
        self._do(edits.add("Add lesion", *lesions), (state, self.states[self.at][1]))

    @precondition(lambda self: self.states[self.at][0])
    @rule(data=st.data(), label=LABELS, comment=st.text(max_size=5))
    def change(self, data, label, comment):
        state = dict(self.states[self.at][0])
        name = data.draw(st.sampled_from(sorted(state)))
        before = self.session.reading.lesions[name]
        state[name] = (label, state[name][1], comment)
        edit = edits.change("Label", before, label=label, comment=comment)
        self._do(edit, (state, self.states[self.at][1]))

    @precondition(lambda self: self.states[self.at][0])
    @rule(data=st.data())
    def delete(self, data):
        state = dict(self.states[self.at][0])
        names = data.draw(st.lists(st.sampled_from(sorted(state)), min_size=1, unique=True))
        for name in names:
            del state[name]
        lesions = [self.session.reading.lesions[name] for name in names]
        self._do(edits.delete("Delete", *lesions), (state, self.states[self.at][1]))

    @rule(grade=st.sampled_from([None, 0, 1, 2, 3]))
    def judge(self, grade):
        edit = edits.judge("Grade", self.session.reading.verdict, grade=grade)
        self._do(edit, (self.states[self.at][0], grade))

    @rule()
    def undo(self):
        if self.at:
            self._append(Step("undo", self.session.done[-1]))
            self.at -= 1
        else:
            with pytest.raises(EditError):
                self.library.append(KEY, Step("undo", edits.judge("x", Verdict(), grade=1)), "anna")

    @rule()
    def redo(self):
        if self.at + 1 < len(self.states):
            self._append(Step("redo", self.session.undone[-1]))
            self.at += 1
        else:
            with pytest.raises(EditError):
                self.library.append(KEY, Step("redo", edits.judge("x", Verdict(), grade=1)), "anna")

    @rule()
    def start_again(self):
        self.library.close()
        self.library = Library.open(self.folder)

    @invariant()
    def all_agree(self):
        session = self.session
        lesions, grade = self.states[self.at]
        held = {
            name: (lesion.label, sum(r.pixels for r in lesion.rois.values()), lesion.comment)
            for name, lesion in session.reading.lesions.items()
        }
        assert list(held.items()) == list(lesions.items()) and session.reading.verdict.grade == grade
        assert (len(session.done), len(session.undone)) == (self.at, len(self.states) - 1 - self.at)
        assert session == Session(Reading(KEY)).replay(self.steps)
        with self.library._connections.reading() as connection:
            listed = connection.execute("SELECT id FROM lesions ORDER BY position").fetchall()
        assert listed == [(name,) for name in lesions], "deleted and back by undo: at its place"
        (row,) = self.library.rows(["S1"])
        labels = [label for label, _, _ in lesions.values()]
        counted = sum(label is not Label.NOT_BONE for label in labels)
        assert (row.lesions, row.malignant, row.benign, row.uncertain, row.grade) == (
            counted, *(labels.count(label) for label in (Label.MALIGNANT, Label.BENIGN, Label.UNCERTAIN)), grade,
        )  # fmt: skip
        assert self.library.ids(ScanQuery(labelled=True)) == (["S1"] if counted else [])
        watched = Library.open(self.folder)
        assert watched.read_only and watched.session(KEY) == session
        assert list(watched.session(KEY).reading.lesions) == list(held)
        if len(self.steps) % 5 == 0:
            assert watched.verify().problems == ()
        watched.close()


TestReadings = ReadingMachine.TestCase
TestReadings.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_refused_step_changes_nothing(library):
    library.add_scans([empty_scan("S1")])
    lesion = Lesion("L1", {View.ANTERIOR: roi((1, 1, 2, 2))})
    library.append(KEY, Step("edit", edits.add("Add", lesion)), "anna")
    before, head = library.session(KEY), library.verify()
    for step in (
        Step("edit", edits.add("Add", lesion)),
        Step("edit", edits.change("Label", Lesion("L2", lesion.rois), label=Label.BENIGN)),
        Step("undo", edits.delete("Delete", lesion)),
        Step("redo", edits.add("Add", lesion)),
        Step("burn", edits.add("Add", lesion)),
    ):
        with pytest.raises(EditError):
            library.append(KEY, step, "anna")
    assert library.session(KEY) == before and library.verify() == head


def test_readings_of_other_people_and_rounds_are_apart(library):
    library.add_scans([empty_scan("S1")])
    lesion = Lesion("L1", {View.ANTERIOR: roi((1, 1, 2, 2))})
    keys = [KEY, ReadingKey("S1", "anna", 2), ReadingKey("S1", "ben")]
    for n, key in enumerate(keys):
        library.append(key, Step("edit", edits.add("Add", lesion)), key.reader)
        for _ in range(n):
            reading = library.session(key).reading
            edit = edits.change("Note", reading.lesions["L1"], comment=reading.lesions["L1"].comment + "!")
            library.append(key, Step("edit", edit), "a colleague")
    assert [library.session(key).reading.lesions["L1"].comment for key in keys] == ["", "!", "!!"]
    assert library.readings("S1") == keys and library.verify().ok


def test_a_reading_of_no_scan_or_no_reader_is_refused(library):
    step = Step("edit", edits.judge("Grade", Verdict(), grade=1))
    with pytest.raises(LibraryError, match="no scan S9"):
        library.append(ReadingKey("S9", "anna"), step, "anna")
    for key in (ReadingKey("S1", ""), ReadingKey("S1", "anna", 0)):
        with pytest.raises(ValueError):
            library.append(key, step, "anna")
    assert library.readings("S9") == [] and library.verify().rows == 0


def test_work_begun_counts_as_in_progress_until_it_is_taken_back(library):
    library.add_scans([empty_scan("S1")])

    def status() -> str:
        return library.rows(["S1"])[0].status

    assert status() == Progress.NEW
    library.append(KEY, Step("edit", edits.add("Add", Lesion("L1", {View.ANTERIOR: roi((1, 1, 2, 2))}))), "anna")
    assert status() == Progress.IN_PROGRESS
    excluded = edits.judge("Exclude", Verdict(), progress=Progress.EXCLUDED, reason="injection")
    library.append(KEY, Step("edit", excluded), "anna")
    assert status() == Progress.EXCLUDED and library.rows(["S1"])[0].reason == "injection"
    for _ in range(2):
        library.append(KEY, Step("undo", library.session(KEY).done[-1]), "anna")
    assert status() == Progress.NEW


def finish(library, scan: str, reader: str, *labels: Label | None, progress: Progress = Progress.DONE, round: int = 1):
    key = ReadingKey(scan, reader, round)
    lesions = [Lesion(f"{reader}{n}", {View.ANTERIOR: roi((1, 1, 2, 2))}, label) for n, label in enumerate(labels)]
    library.append(key, Step("edit", edits.add("Add", *lesions)), reader)
    library.append(key, Step("edit", edits.judge("Mark", Verdict(), progress=progress)), reader)


def test_the_adjudicated_reading_stands_for_the_scan_once_anything_is_decided(library):
    library.add_scans([empty_scan("S1")])
    finish(library, "S1", "ben", Label.BENIGN)
    finish(library, "S1", "anna", Label.MALIGNANT, Label.MALIGNANT)
    judged = ReadingKey("S1", "adjudicated")
    lesion = Lesion("J", {View.ANTERIOR: roi((1, 1, 3, 3))}, Label.UNCERTAIN)

    def listed(reader: str | None = None) -> tuple:
        row = library.rows(["S1"], reader)[0]
        return row.reader, row.malignant, row.benign, row.uncertain

    assert listed() == ("ben", 0, 1, 0)  # the first
    library.append(judged, Step("edit", edits.add("Take", lesion)), "carl")
    assert listed() == ("adjudicated", 0, 0, 1)
    assert listed("anna") == ("anna", 2, 0, 0) and listed("carl") == ("adjudicated", 0, 0, 1)
    assert library.verify().ok
    library.append(judged, Step("undo", library.session(judged).done[-1]), "carl")
    assert listed() == ("ben", 0, 1, 0) and library.verify().ok  # an adjudicated reading in which nothing stands


def test_scans_to_adjudicate_are_those_two_people_have_finished(library):
    library.add_scans([empty_scan(f"S{n}") for n in range(1, 8)])
    for scan in ("S1", "S2", "S3", "S4", "S6"):
        finish(library, scan, "anna", Label.MALIGNANT)
    finish(library, "S1", "ben", Label.BENIGN)
    finish(library, "S2", "ben", Label.BENIGN, progress=Progress.IN_PROGRESS)
    finish(library, "S3", "truth", Label.BENIGN)
    finish(library, "S4", "anna", Label.BENIGN, round=2)  # the same person again is nobody else
    finish(library, "S5", "ben", Label.BENIGN)
    finish(library, "S6", "ben", Label.BENIGN, progress=Progress.EXCLUDED)  # one reads it, the other leaves it out
    for reader in ("anna", "ben"):
        finish(library, "S7", reader, progress=Progress.EXCLUDED)  # both leave it out
    wanted = ScanQuery(to_adjudicate=True)
    assert library.ids(wanted) == ["S1", "S6"]
    finish(library, "S6", "adjudicated", progress=Progress.EXCLUDED)
    assert library.ids(wanted) == ["S1"]
    finish(library, "S1", "adjudicated", Label.BENIGN, progress=Progress.IN_PROGRESS)
    assert library.ids(wanted) == ["S1"]  # begun, not finished
    judged = ReadingKey("S1", "adjudicated")
    verdict = library.session(judged).reading.verdict
    library.append(judged, Step("edit", edits.judge("Mark", verdict, progress=Progress.REVIEWED)), "carl")
    assert library.ids(wanted) == []


def test_what_a_reader_does_afterwards_is_put_to_the_adjudicator_again(library):
    library.add_scans([empty_scan("S1")])
    for reader in ("anna", "ben"):
        finish(library, "S1", reader, Label.MALIGNANT)
    finish(library, "S1", "adjudicated", Label.MALIGNANT, progress=Progress.REVIEWED)
    wanted, anna, judged = ScanQuery(to_adjudicate=True), ReadingKey("S1", "anna"), ReadingKey("S1", "adjudicated")
    assert library.ids(wanted) == []
    finish(library, "S1", "truth", Label.BENIGN)
    finish(library, "S1", "carl", Label.BENIGN, progress=Progress.IN_PROGRESS)
    assert library.ids(wanted) == [], "only what the finished readings hold counts"
    (lesion,) = library.session(anna).reading.lesions.values()
    library.append(anna, Step("edit", edits.change("Label", lesion, label=Label.BENIGN)), "anna")
    assert library.ids(wanted) == ["S1"] and library.verify().ok
    library.append(judged, Step("edit", Edit("Nothing new to decide", decides="agreed")), "dora")
    assert library.ids(wanted) == [] and library.verify().ok
    library.append(anna, Step("undo", library.session(anna).done[-1]), "anna")
    assert library.ids(wanted) == ["S1"]


def test_who_excludes_a_scan_is_overruled_by_the_adjudicated_reading(library):
    library.add_scans([empty_scan("S1")])
    finish(library, "S1", "anna", Label.MALIGNANT)
    finish(library, "S1", "ben", progress=Progress.EXCLUDED)
    assert set(library.exclusions()) == {"S1"}
    finish(library, "S1", "adjudicated", Label.MALIGNANT, progress=Progress.REVIEWED)
    assert library.exclusions() == {}


def test_an_older_library_learns_which_scans_need_adjudication(library):
    """Every case there is: what the steps find is what is kept while one reads, which verify compares with."""
    library.add_scans([empty_scan(f"S{n}") for n in range(1, 8)])
    for scan in ("S1", "S4", "S5", "S6"):
        for reader in ("anna", "ben"):
            finish(library, scan, reader, Label.MALIGNANT)
    finish(library, "S3", "anna", Label.MALIGNANT)
    finish(library, "S3", "ben", progress=Progress.EXCLUDED)
    for scan in ("S4", "S5"):
        finish(library, scan, "adjudicated", Label.MALIGNANT, progress=Progress.REVIEWED)
    finish(library, "S6", "adjudicated", progress=Progress.EXCLUDED)
    late = ReadingKey("S5", "ben")
    library.append(late, Step("undo", library.session(late).done[-1]), "ben")
    library.append(late, Step("redo", library.session(late).undone[-1]), "ben")
    for reader in ("anna", "ben"):
        finish(library, "S7", reader, progress=Progress.EXCLUDED)
    known = library.ids(ScanQuery(to_adjudicate=True))
    assert known == ["S1", "S3", "S5"]
    library.close()
    with sqlite3.connect(library.folder / "library.db") as connection:  # as it was before the sixth step
        connection.execute("DROP INDEX scans_to_adjudicate")
        connection.execute("ALTER TABLE scans DROP COLUMN to_adjudicate")
        for table in ("sealed", "openings", "simulations"):  # of the eighth and ninth
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 5")
    connection.close()
    again = Library.open(library.folder)
    assert again.ids(ScanQuery(to_adjudicate=True)) == known and again.verify().ok
    again.close()
