"""A library of 100,000 scans and 500,000 lesions: lists, queues, opening, undo; memory over many cases and edits.

`python -m tests.bench.scale` measures and writes its table into docs/benchmarks.md. BENCH_LIBRARY names a library that
`large.make` made before; where there is none in that folder yet it is made there.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.bench import large
from tests.bench.interaction import PaintWatch, lesions
from tests.bench.rows import Row, load, machine, p95, put_between
from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Progress, ReadingKey
from workstation.core.repeats import with_repeats
from workstation.store.blinded import BlindLibrary
from workstation.store.library import Library
from workstation.store.values import SORTS, ScanQuery
from workstation.ui import theme
from workstation.ui.contact_sheet import ContactSheet
from workstation.ui.main_window import MainWindow

CASES, EDITS_EACH, SETTLED = 1_000, 10, 200


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and of this process's threads on a core."""

    wall: float
    processor: float


def measure(scratch: Path) -> list[Row]:
    """BENCH_LIBRARY names the folder of the library; else it is made in `scratch`, and gone afterwards."""
    folder = Path(os.environ.get("BENCH_LIBRARY") or scratch / "large")
    if not (folder / "library.db").exists():
        large.make(folder)
    library = Library.open(folder)
    rows = [*_lists(library), *_queues(library)]
    library.close()
    return [*rows, *_window(folder, scratch / "scale-home")]


def _taken(act: Callable[[], object]) -> Taken:
    clock, processor = time.perf_counter(), time.process_time()
    act()
    return Taken(time.perf_counter() - clock, time.process_time() - processor)


def _row(name: str, taken: list[Taken], bar: float | None = None) -> Row:
    processor = p95([one.processor for one in taken]) * 1e3
    wall = p95([one.wall for one in taken]) * 1e3
    return Row(f"{name}, p95 of {len(taken)}", wall, "ms", bar, note=f"{processor:.3g} ms of processor time")


def _lists(library: Library) -> list[Row]:
    """Every question follows an edit, so that nothing is answered that was not up to date."""
    draw = random.Random(1)
    number = itertools.count()

    def edit() -> None:
        key = ReadingKey(f"S{draw.randrange(2_000):04d}{draw.randrange(50):02d}", "ben")
        verdict = library.session(key).reading.verdict
        comment = f"bench {next(number)} {time.time()}"
        library.append(key, Step("edit", edits.judge("Comment", verdict, comment=comment)), "ben")

    first = _taken(lambda: library.ids(ScanQuery(sort="patient", reader="ben"))).wall
    texts = ("s", "p", "l", "1", "s0", "lung", "prostate 20", "p0012", "2013-05", "nothing at all")
    filters = (
        {"status": Progress.DONE}, {"labelled": True}, {"to_adjudicate": True}, {"tumour": "lung"}, {"tumour": "none"},
        {"status": Progress.IN_PROGRESS, "tumour": "breast", "labelled": True},
    )  # fmt: skip
    kinds: dict[str, list[ScanQuery]] = {
        "search": [ScanQuery(text=text, sort="patient", reader="ben") for text in texts],
        "sort": [ScanQuery(sort=sort, descending=turned, reader="ben") for sort in SORTS for turned in (False, True)],
        "filter": [ScanQuery(**asked, sort="patient", reader="ben") for asked in filters],  # type: ignore[arg-type]
    }
    rows = [Row("100,000 scans: the list for the first time", first * 1e3, "ms")]
    for name, queries in kinds.items():
        rows.append(_asked(name, library, queries, edit))
    blind = BlindLibrary(library, "ben")
    rows.append(_asked("list of a blinded reader", blind, [query for asked in kinds.values() for query in asked], edit))
    ids, looked = library.ids(), []
    for _ in range(60):
        at = draw.randrange(len(ids) - 256)
        looked.append(_taken(lambda at=at: library.rows(ids[at : at + 256], "ben")))  # type: ignore[misc]
    return [*rows, _row("100,000 scans: 256 rows anywhere in the list", looked, 50)]


def _asked(name: str, library: Library, queries: list[ScanQuery], edit: Callable[[], None]) -> Row:
    taken = []
    for query in queries:
        library.ids(query)  # the columns it needs are there from the first time on
    for _ in range(max(60 // len(queries), 2)):
        for query in queries:
            edit()
            taken.append(_taken(lambda query=query: library.ids(query)))  # type: ignore[misc]
    return _row(f"100,000 scans: {name} after an edit", taken, 50)


def _queues(library: Library) -> list[Row]:
    for queue in library.queues("cleo"):
        library.end_queue(queue.id, "bench")
    queue = library.make_queue("cleo", with_repeats(library.ids()), True, "bench", {})
    library.pace(queue)
    taken = []
    for item in library.queue_items(queue.id, 0, 100):
        verdict = library.session(item.key).reading.verdict
        library.append(item.key, Step("edit", edits.judge("Done", verdict, progress=Progress.DONE)), "cleo")

        def refresh() -> None:
            library.pace(queue)
            library.first_left(queue.id)
            library.place_in(queue)
            library.queue_scans(queue.id, 0, 256)

        taken.append(_taken(refresh))
    library.end_queue(queue.id, "bench")
    return [_row("a queue of 100,000 refreshed after an edit", taken, 50)]


def _window(folder: Path, home: Path) -> list[Row]:
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    watch, sheets = PaintWatch(), _painted_sheets()
    workbench = Workbench(home)
    workbench.sign_in("dora")
    theme.apply(application, "dark")
    window = MainWindow(workbench)
    window.resize(1920, 1200)
    assert workbench.open_library(folder)
    library = workbench.library
    assert library is not None
    window.show()
    ids, draw, page = library.ids(ScanQuery(sort="patient")), random.Random(3), window.read_page
    window.read(ids[0])
    page.reading.set_worklist(ids)
    QTest.qWaitForWindowExposed(window)
    window.activateWindow()  # keys go to the active window only
    QTest.qWaitForWindowActive(window)
    QTest.qWait(300)
    opened = [_taken(lambda: watch.seconds(lambda: page.open(draw.choice(ids)), window)) for _ in range(200)]

    page.open(next(scan for scan in ids[len(ids) // 2 :] if ReadingKey(scan, "dora") not in library.readings(scan)))
    shape = page.viewer.shape(page.viewer.panels()[0])
    for lesion in lesions(20, shape):
        page.editor.push(edits.add("Add lesion", lesion))
    for number in range(100):
        first = next(iter(page.editor.lesions))
        page.editor.label(first, list(Label)[(number + 1) % 3])  # never the one it has
    control = Qt.KeyboardModifier.ControlModifier

    def undo() -> None:
        watch.seconds(lambda: QTest.keyClick(page, Qt.Key.Key_Z, control), window, all_canvases=False)

    undone = [_taken(undo) for _ in range(120)]
    rows = [
        _row("100,000 scans: any of them opened and painted", opened, 50),
        _row("undo of any step, durable and painted", undone, 20),
        _jumps(window, sheets),
        _memory(window, ids, shape),
    ]
    window.close()
    window.deleteLater()
    return rows


def _painted_sheets() -> list[ContactSheet]:
    """A list to which every contact sheet is added that has been painted."""
    painted: list[ContactSheet] = []
    inner = ContactSheet.paintEvent

    def paint(sheet: ContactSheet, event: object) -> None:
        inner(sheet, event)  # type: ignore[arg-type]
        painted.append(sheet)

    ContactSheet.paintEvent = paint  # type: ignore[method-assign,assignment]
    return painted


def _jumps(window: MainWindow, painted: list[ContactSheet]) -> Row:
    """To any place of the contact sheet of all malignant lesions, until it is painted; crops come after that."""
    window.show_page(3)
    sheet, draw = window.quality_page.sheet, random.Random(5)
    while not sheet.verticalScrollBar().maximum():
        QTest.qWait(50)
    taken = []
    for _ in range(100):
        QTest.qWait(30)
        painted.clear()

        def jump() -> None:
            sheet.verticalScrollBar().setValue(draw.randrange(sheet.verticalScrollBar().maximum()))
            while not painted:
                QApplication.sendPostedEvents()
                QApplication.processEvents()

        taken.append(_taken(jump))
    window.show_page(1)
    return _row(f"a jump in the contact sheet of {window.quality_page.quality.sheet.count:,} lesions", taken, 50)


def _memory(window: MainWindow, ids: list[str], shape: tuple[int, int]) -> Row:
    """Resident memory after 1,000 cases with 10 edits each, over that after the first 200."""
    page, drawn, settled = window.read_page, lesions(EDITS_EACH, shape), 0
    for number in range(CASES):
        page.open(ids[number * 97 % len(ids)])
        for lesion in drawn[: EDITS_EACH // 2]:
            page.editor.push(edits.add("Add lesion", lesion))
        for lesion in drawn[: EDITS_EACH // 2]:
            page.editor.delete(lesion.id)
        QApplication.processEvents()
        if number == SETTLED:
            gc.collect()
            settled = resident()
    gc.collect()
    edited = CASES * EDITS_EACH
    return Row(f"memory after {CASES} cases and {edited} edits over after {SETTLED}", resident() / settled, "x", 1.1)


def resident() -> int:
    """Bytes of memory this process holds (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        before = load()
        measured = measure(Path(name))
    words = f"{date.today().isoformat()}, {machine()}; load {before} before and {load()} after."
    put_between("scale", words, measured)
    return 0 if all(row.ok is not False for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
