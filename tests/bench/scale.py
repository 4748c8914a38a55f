"""A library of 100,000 scans and 500,000 lesions: lists, queues, opening, undo; memory over many cases and edits."""

from __future__ import annotations

import gc
import itertools
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.bench import large
from tests.bench.interaction import PaintWatch, lesions
from tests.bench.rows import Row, p95
from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Progress, ReadingKey
from workstation.core.repeats import with_repeats
from workstation.store.blinded import BlindLibrary
from workstation.store.library import Library
from workstation.store.values import SORTS, ScanQuery
from workstation.ui import theme
from workstation.ui.main_window import MainWindow

CASES, EDITS_EACH, SETTLED = 1_000, 10, 200


def measure(scratch: Path) -> list[Row]:
    """BENCH_LIBRARY names a library made by `large.make` before; else one is made."""
    kept = os.environ.get("BENCH_LIBRARY")
    folder = Path(kept) if kept else large.make(scratch / "large")
    library = Library.open(folder)
    rows = [*_lists(library), *_queues(library)]
    library.close()
    return [*rows, *_window(folder, scratch / "scale-home")]


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _row(name: str, seconds: list[float], bar: float | None = None) -> Row:
    return Row(f"{name}, p95 of {len(seconds)}", p95(seconds) * 1e3, "ms", bar)


def _lists(library: Library) -> list[Row]:
    """Every question follows an edit, so that nothing is answered that was not up to date."""
    draw = random.Random(1)
    number = itertools.count()

    def edit() -> None:
        key = ReadingKey(f"S{draw.randrange(2_000):04d}{draw.randrange(50):02d}", "ben")
        verdict = library.session(key).reading.verdict
        comment = f"bench {next(number)} {time.time()}"
        library.append(key, Step("edit", edits.judge("Comment", verdict, comment=comment)), "ben")

    first = _seconds(lambda: library.ids(ScanQuery(sort="patient", reader="ben")))
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
        looked.append(_seconds(lambda at=at: library.rows(ids[at : at + 256], "ben")))  # type: ignore[misc]
    return [*rows, _row("100,000 scans: 256 rows anywhere in the list", looked, 50)]


def _asked(name: str, library: Library, queries: list[ScanQuery], edit: Callable[[], None]) -> Row:
    seconds = []
    for query in queries:
        library.ids(query)  # the columns it needs are there from the first time on
    for _ in range(max(60 // len(queries), 2)):
        for query in queries:
            edit()
            seconds.append(_seconds(lambda query=query: library.ids(query)))  # type: ignore[misc]
    return _row(f"100,000 scans: {name} after an edit", seconds, 50)


def _queues(library: Library) -> list[Row]:
    for queue in library.queues("cleo"):
        library.end_queue(queue.id, "bench")
    queue = library.make_queue("cleo", with_repeats(library.ids()), True, "bench", {})
    library.pace(queue)
    seconds = []
    for item in library.queue_items(queue.id, 0, 100):
        verdict = library.session(item.key).reading.verdict
        library.append(item.key, Step("edit", edits.judge("Done", verdict, progress=Progress.DONE)), "cleo")

        def refresh() -> None:
            library.pace(queue)
            library.first_left(queue.id)
            library.place_in(queue)
            library.queue_scans(queue.id, 0, 256)

        seconds.append(_seconds(refresh))
    library.end_queue(queue.id, "bench")
    return [_row("a queue of 100,000 refreshed after an edit", seconds, 50)]


def _window(folder: Path, home: Path) -> list[Row]:
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    watch = PaintWatch()
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
    opened = [watch.seconds(lambda: page.open(draw.choice(ids)), window) for _ in range(200)]

    page.open(ids[50_000])
    shape = page.viewer.shape(page.viewer.panels()[0])
    for lesion in lesions(20, shape):
        page.editor.push(edits.add("Add lesion", lesion))
    for number in range(100):
        first = next(iter(page.editor.lesions))
        page.editor.label(first, list(Label)[number % 3])
    control = Qt.KeyboardModifier.ControlModifier
    undone = [
        watch.seconds(lambda: QTest.keyClick(page, Qt.Key.Key_Z, control), window, all_canvases=False)
        for _ in range(120)
    ]
    rows = [
        _row("100,000 scans: any of them opened and painted", opened, 50),
        _row("undo of any step, durable and painted", undone, 20),
        _memory(window, ids, shape),
    ]
    window.close()
    window.deleteLater()
    return rows


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
