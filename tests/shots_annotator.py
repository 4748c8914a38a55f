"""Pictures of the annotator's pages: a queue half done, one hand, agreement, adjudication, clinical facts, quality.

python -m tests.shots_annotator OUT LIBRARY [SUFFIX]: LIBRARY is one that `prepare` made.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from workstation.app.adjudication import Adjudication
from workstation.app.queue import Plan
from workstation.core.disagreement import Difference
from workstation.core.people import Person, Role
from workstation.core.repeats import shuffled, with_repeats
from workstation.store import history
from workstation.store.library import Library
from workstation.store.values import ScanQuery
from workstation.ui import shots
from workstation.ui.main_window import MainWindow
from workstation.ui.shots import Save
from workstation.workflows import simulated_readers

FIRST, SECOND, JUDGE = "anna", "ben", "clara"
CASES = 10
READ = 6  # by the first reader
STEP_S = 9  # between two edits, for a pace that a person could have


def prepare(source: Path, target: Path) -> None:
    """A copy of a library where two readers, who err on purpose, have read the first cases of a queue of ten."""
    shutil.copytree(source, target)
    library = Library.open(target)
    with _clock():
        for name, role in ((FIRST, Role.ANNOTATOR), (SECOND, Role.ANNOTATOR), (JUDGE, Role.ADJUDICATOR)):
            library.tell_role(Person(name, role), name)
        chosen = shuffled(library.ids(ScanQuery(text="prior")) or library.ids(), seed=1)[:CASES]
        plan = Plan(order="random", share=0.0)
        settings = {"order": plan.order, "share": plan.share, "gap": plan.gap, "seed": 1}
        library.make_queue(FIRST, with_repeats(chosen, plan.share, plan.gap, 1), True, FIRST, settings)
        for number, scan in enumerate(chosen[:READ]):
            simulated_readers.write(library, scan, seed=number, readers=(FIRST, SECOND))
    library.close()


def pages(window: MainWindow, save: Save) -> None:
    """Nothing is written: what is proposed is not kept, and nothing is decided."""
    act = window.actions_by_id
    window.show_page(2)
    save("queue", window)
    window.resume()
    hand = window.read_page.one_hand
    for _ in range(5):
        act["hand.next"].trigger()
        _wait(lambda: hand.draft is not None)
        if hand.draft is not None and len(hand.draft.rois) == 2:
            break
    save("one-hand", window)
    act["lesion.dismiss"].trigger()
    window.workbench.sign_in(JUDGE)
    window.show_page(2)
    _wait(lambda: window.queue_page.agreement.table.rowCount() > 0)
    save("agreement", window)
    window.show_page(0)
    library = window.workbench.library
    assert library is not None
    for scan in library.ids(ScanQuery(to_adjudicate=True)):
        window.read(scan)
        act["adjudicate.begin"].trigger()
        if _go_to_outlines(window.read_page.adjudication):
            break
        act["adjudicate.begin"].trigger()
    save("adjudication", window)
    act["adjudicate.begin"].trigger()
    act["case.clinical"].trigger()
    shots.settle()
    save("clinical", window)
    act["case.clinical"].trigger()
    _quality(window, save)


def _go_to_outlines(adjudication: Adjudication) -> bool:
    """A question about two outlines; False where this scan has none."""
    for _ in adjudication.questions:
        if adjudication.current is not None and Difference.OUTLINE in adjudication.current.differences:
            return True
        adjudication.next()
    return False


def _quality(window: MainWindow, save: Save) -> None:
    window.show_page(3)
    page = window.quality_page
    _wait(lambda: page.quality.found is not None and page.quality.job is None)
    _wait(lambda: not page.thumbnails.source._asked)
    save("quality", window)
    for part in ("outliers", "checks"):
        item = next(i for i in page._items if (w := i.data(0, 0x100)) is not None and w.part == part)
        page.parts.setCurrentItem(item)
        _wait(lambda: not page.thumbnails.source._asked)
        save(f"quality-{part}", window)


def _wait(there: Callable[[], bool], tries: int = 120) -> None:
    """Let jobs and pictures arrive; what does not come in a minute is pictured as missing."""
    for _ in range(tries):
        shots.settle(500)
        if there():
            return


@contextmanager
def _clock() -> Iterator[None]:
    """While it lasts, edits are made some seconds apart."""
    real, begin, ticks = history.now, datetime.now(UTC) - timedelta(hours=2), count()
    history.now = lambda: (begin + timedelta(seconds=STEP_S * next(ticks))).isoformat(timespec="milliseconds")
    try:
        yield
    finally:
        history.now = real


if __name__ == "__main__":
    for file in shots.write(
        Path(sys.argv[1]), Path(sys.argv[2]), suffix="".join(sys.argv[3:]), reader=FIRST, pages=pages
    ):
        print(file)
