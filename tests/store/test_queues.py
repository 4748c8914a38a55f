"""People and queues: kept through history and restart, never half made, told apart when tampered with."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workstation.core import edits
from workstation.core.clinical import Clinical
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi
from workstation.core.pace import Pace
from workstation.core.people import Person, Role
from workstation.core.repeats import Item, with_repeats
from workstation.core.scan import View
from workstation.store import history
from workstation.store.blinded import BlindLibrary
from workstation.store.errors import LibraryError
from workstation.store.library import Library
from workstation.store.queues import Asked, Place

SCANS = [f"S{number}" for number in range(6)]


@pytest.fixture
def filled(library: Library, make_scan) -> Library:
    library.add_scans([make_scan(scan) for scan in SCANS])
    return library


class Clock:
    """The history's clock, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = datetime(2026, 1, 5, 8, tzinfo=UTC)
        monkeypatch.setattr(history, "now", lambda: self.at.isoformat(timespec="milliseconds"))

    def go(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    return Clock(monkeypatch)


def draw(library: Library, key: ReadingKey, name: str = "L1") -> None:
    lesion = Lesion(name, {View.ANTERIOR: Roi(3, 4, 2, 2, b"\xf0")}, Label.BENIGN)
    library.append(key, Step("edit", edits.add("Add lesion", lesion)), key.reader)


def judge(library: Library, key: ReadingKey, progress: Progress = Progress.DONE) -> None:
    verdict = library.session(key).reading.verdict
    library.append(key, Step("edit", edits.judge("Mark", verdict, progress=progress)), key.reader)


def make(library: Library, scans: list[str], reader: str = "anna", blinded: bool = False):
    return library.make_queue(reader, [Item(scan) for scan in scans], blinded, "rita", {"order": "by import"})


def test_people_keep_their_roles(library: Library) -> None:
    assert library.people() == ()
    assert library.tell_role(Person("anna", Role.ANNOTATOR), "rita")
    assert not library.tell_role(Person("anna", Role.ANNOTATOR), "rita")
    assert library.tell_role(Person("anna", Role.ADJUDICATOR), "rita")
    again = Library.open(library.folder, read_only=True)
    assert again.people() == (Person("anna", Role.ADJUDICATOR),)
    assert again.role("anna") is Role.ADJUDICATOR and again.role("ben") is None
    again.close()
    assert library.verify().ok
    with pytest.raises(LibraryError, match="name"):
        library.tell_role(Person(" ", Role.ANNOTATOR), "rita")


@pytest.mark.parametrize("wrong", [{"items": [Item("S77")]}, {"items": []}, {"reader": "cora"}, {"reader": " "}])
def test_queues_are_made_all_or_none(filled: Library, wrong: dict) -> None:
    make(filled, ["S0"], "cora")
    rows = filled.verify().rows
    asked = [
        Asked(reader, [Item(scan) for scan in SCANS], False, {}, role)
        for reader, role in (("anna", Role.PHYSICIAN), ("ben", Role.ANNOTATOR))
    ]
    with pytest.raises(LibraryError):
        filled.make_queues([asked[0], replace(asked[1], **wrong)], "rita")
    assert filled.open_queue("anna") is None and filled.people() == () and filled.verify().rows == rows
    made = filled.make_queues(asked, "rita")
    assert [queue.reader for queue in made] == ["anna", "ben"] and filled.role("anna") is Role.PHYSICIAN
    assert filled.verify().ok


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(SCANS), blinded=st.booleans())
def test_a_queue_comes_back_as_it_was_frozen(filled: Library, order: list[str], blinded: bool) -> None:
    made = make(filled, order, blinded=blinded)
    again = Library.open(filled.folder, read_only=True)
    assert again.open_queue("anna") == made
    assert [item.key.scan for item in again.queue_items(made.id)] == order
    again.close()
    filled.end_queue(made.id, "rita")
    filled.end_queue(made.id, "rita")
    assert filled.open_queue("anna") is None
    assert filled.queues("anna")[0].ended
    assert filled.verify().ok


def test_progress_follows_the_readings(filled: Library) -> None:
    judge(filled, ReadingKey("S5", "anna"))  # read before there was a queue
    queue = make(filled, SCANS)
    assert filled.pace(queue) == Pace(1, 6, 0, 0)
    draw(filled, ReadingKey("S0", "anna"))
    judge(filled, ReadingKey("S0", "anna"))
    judge(filled, ReadingKey("S1", "anna"), Progress.EXCLUDED)
    draw(filled, ReadingKey("S2", "ben"))
    judge(filled, ReadingKey("S2", "ben"))  # somebody else's
    pace = filled.pace(queue)
    assert (pace.done, pace.lesions) == (3, 1)
    assert filled.first_left(queue.id) == 2
    done = filled.session(ReadingKey("S0", "anna")).done[-1]
    filled.append(ReadingKey("S0", "anna"), Step("undo", done), "anna")
    assert filled.pace(queue).done == 2
    assert filled.first_left(queue.id) == 0
    assert filled.verify().ok


@pytest.mark.parametrize("blinded", [False, True])
def test_what_the_clinic_excludes_is_not_left_until_it_takes_that_back(filled: Library, blinded: bool) -> None:
    """Of S0 to S5: S0 done, then S0, S1, S2 and S5 excluded."""
    queue = make(filled, SCANS, blinded=blinded)
    judge(filled, ReadingKey("S0", "anna"))
    assert filled.pace(queue) == Pace(1, 6, 0, 0) and filled.place_in(queue).position == 1
    patients = {row.scan: row.patient for row in filled.rows(SCANS)}
    out = ("S0", "S1", "S2", "S5")
    for scan in out:
        filled.tell_clinical(patients[scan], Clinical(excluded="no informed consent"), "Exclude", "rita")
    seen = BlindLibrary(filled, "anna") if blinded else filled
    pace = seen.pace(queue)
    assert (pace.done, pace.total, pace.excluded) == (1, 3, 3), "what was done before stays done"
    assert seen.first_left(queue.id) == 3 and seen.place_in(queue).position == 3
    assert [item.position for item in seen.queue_items(queue.id) if item.left] == [3, 4]
    after = [seen.queue_beside(queue.id, at, 1) for at in range(-1, 6)]
    assert [item and item.position for item in after] == [3, 3, 3, 3, 4, None, None]
    assert seen.queue_beside(queue.id, 3, -1) is None
    judge(filled, ReadingKey("S3", "anna"))
    judge(filled, ReadingKey("S4", "anna"))
    assert filled.first_left(queue.id) is None and filled.place_in(queue) is None
    assert filled.pace(queue).hours_left == 0 and filled.verify().ok
    for scan in ("S0", "S1"):
        filled.undo_clinical(patients[scan], "rita")
    assert (filled.pace(queue).total, filled.pace(queue).excluded) == (4, 2)
    assert filled.first_left(queue.id) == 1 and filled.place_in(queue).position == 1
    filled.end_queue(queue.id, "rita")


def test_the_pace_leaves_pauses_out(filled: Library, clock: Clock) -> None:
    """Two cases, 6 lesions, 20 s a lesion and 10 s to finish; then lunch; then another case the same way."""
    queue = make(filled, SCANS)
    clock.go(3600)  # nobody has begun
    for scan, pause in (("S0", 0), ("S1", 10), ("S2", 2700)):
        clock.go(pause)
        for number in range(3):
            draw(filled, ReadingKey(scan, "anna"), f"L{number}")
            clock.go(20)
        clock.go(-10)
        judge(filled, ReadingKey(scan, "anna"))
    seconds = 3 * 50 + 10
    fresh = Library.open(filled.folder, read_only=True)
    for library in (filled, fresh):
        pace = library.pace(queue)
        assert pace.seconds == pytest.approx(seconds)
        assert pace.lesions_per_hour == pytest.approx(9 * 3600 / seconds)
        assert pace.hours_left == pytest.approx(seconds / 3600)
    fresh.close()
    clock.go(5)
    draw(filled, ReadingKey("S3", "anna"))
    draw(filled, ReadingKey("S3", "ben"))
    assert filled.pace(queue).seconds == pytest.approx(seconds + 5)


def test_what_is_read_elsewhere_does_not_lose_the_place(filled: Library) -> None:
    queue = make(filled, ["S3", "S1", "S4"])
    draw(filled, ReadingKey("S1", "anna"), "L1")
    draw(filled, ReadingKey("S0", "anna"), "L9")  # in no queue
    draw(filled, ReadingKey("S4", "ben"), "L8")
    assert filled.place_in(queue) == Place(1, "L1")


def test_a_clock_put_right_does_not_stop_the_pace(filled: Library, clock: Clock) -> None:
    """A machine was a year ahead for one edit; 20 s a lesion before and after."""
    queue = make(filled, SCANS)
    year = 365 * 86400
    for number, jump in enumerate((0, 20, year, 20 - year, 20, 20)):
        clock.go(jump)
        draw(filled, ReadingKey("S0", "anna"), f"L{number}")
        filled.pace(queue)  # asked in between or not, it is the same
    fresh = Library.open(filled.folder, read_only=True)
    assert [library.pace(queue).seconds for library in (filled, fresh)] == [60, 60]
    fresh.close()


def test_work_is_taken_up_where_it_was_left(filled: Library) -> None:
    queue = make(filled, ["S3", "S1", "S4", "S0"])
    assert filled.place_in(queue) == Place(0)
    judge(filled, ReadingKey("S3", "anna"))
    assert filled.place_in(queue) == Place(1)
    draw(filled, ReadingKey("S4", "anna"), "L1")
    draw(filled, ReadingKey("S4", "anna"), "L2")
    assert filled.place_in(queue) == Place(2, "L2")
    filled.append(ReadingKey("S4", "anna"), Step("undo", filled.session(ReadingKey("S4", "anna")).done[-1]), "anna")
    assert filled.place_in(queue) == Place(2, "L2")  # no longer there: the page then selects nothing
    judge(filled, ReadingKey("S4", "anna"))
    assert filled.place_in(queue) == Place(3)
    judge(filled, ReadingKey("S0", "anna"))
    assert filled.place_in(queue) == Place(1)
    judge(filled, ReadingKey("S1", "anna"))
    assert filled.place_in(queue) is None


def test_what_comes_back_is_a_new_round(filled: Library) -> None:
    items = with_repeats(SCANS, share=0.5, gap=2, seed=1)
    queue = filled.make_queue("anna", items, True, "rita", {})
    rounds = [item.key.round for item in filled.queue_items(queue.id)]
    assert rounds == [2 if item.again else 1 for item in items]
    back = next(at for at, item in enumerate(items) if item.again)
    assert filled.come_back(queue.id) == {}
    for item in filled.queue_items(queue.id, 0, back):
        judge(filled, item.key)
    assert filled.come_back(queue.id) == {items[back].scan: 2}
    filled.end_queue(queue.id, "anna")
    third = filled.make_queue(
        "anna", [Item("S0"), Item("S1"), *(Item(scan, True) for scan in SCANS[:2])], True, "r", {}
    )
    twice = {item.scan for item in items if item.again}
    expected = {(scan, 3 if scan in twice else 2) for scan in SCANS[:2]}
    assert {(item.key.scan, item.key.round) for item in filled.queue_items(third.id, 2)} == expected


def test_nothing_is_half_made(filled: Library) -> None:
    with pytest.raises(LibraryError, match="no scan S9"):
        make(filled, ["S0", "S9"])
    with pytest.raises(LibraryError, match="no scan to put"):
        make(filled, [])
    with pytest.raises(ValueError, match="blinded"):
        filled.make_queue("anna", [Item("S0"), Item("S0", again=True)], False, "rita", {})
    with pytest.raises(LibraryError, match="no queue"):
        filled.end_queue("Q0", "rita")
    make(filled, SCANS)
    with pytest.raises(LibraryError, match="not ended"):
        make(filled, SCANS)
    make(filled, SCANS, reader="ben")
    assert len(filled.queues()) == 2
    assert filled.verify().ok


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE people SET role = 'adjudicator'",
        "UPDATE queues SET blinded = 0",
        "UPDATE queues SET ended = 1",
        "UPDATE queue_items SET round = 2 WHERE position = 3",
        "DELETE FROM queue_items WHERE position = 3",
        "UPDATE queue_items SET done = 1 WHERE position = 3",
        "DROP TRIGGER readings_advance_queues",
    ],
)
def test_what_was_tampered_with_is_told(filled: Library, change: str) -> None:
    filled.tell_role(Person("anna", Role.ANNOTATOR), "rita")
    make(filled, SCANS, blinded=True)
    assert filled.verify().ok
    filled.close()
    with closing(sqlite3.connect(filled.folder / "library.db")) as connection, connection:
        connection.execute(change)
    again = Library.open(filled.folder)
    problems = again.verify().problems
    assert problems and all(problem.endswith(".") and not problem.endswith("..") for problem in problems)
    again.close()


_WORK = """
import sys
from pathlib import Path
from workstation.core.people import Person, Role
from workstation.core.repeats import Item
from workstation.store.library import Library
library = Library.open(Path(sys.argv[1]))
for number in range(1000):
    queue = library.make_queue("anna", [Item(f"S{n}") for n in range(6)], True, "rita", {"n": number})
    print("made", queue.id, flush=True)
    library.tell_role(Person("anna", list(Role)[number % 4]), "rita")
    print("role", list(Role)[number % 4], flush=True)
    library.end_queue(queue.id, "rita")
    print("ended", queue.id, flush=True)
"""


@pytest.mark.parametrize("after", [4, 17])
def test_what_was_answered_survives_a_kill(filled: Library, after: int) -> None:
    filled.close()
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", _WORK, str(filled.folder)], stdout=subprocess.PIPE, text=True, cwd=root
    ) as working:
        assert working.stdout is not None
        said = [working.stdout.readline().split() for _ in range(after)]
        os.kill(working.pid, signal.SIGKILL)
        said += [line.split() for line in working.stdout]
    library = Library.open(filled.folder)
    queues = {queue.id: queue for queue in library.queues()}
    assert all(value in queues for what, value in said if what == "made")
    assert all(queues[value].ended for what, value in said if what == "ended")
    assert library.verify().ok
    library.close()
