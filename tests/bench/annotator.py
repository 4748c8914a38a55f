"""A scripted annotator through the real window: what one click and one digit give, and the one-hand loop.

It never sees a mask and never turns the wheel. Clicking: at the centroid of each visible lesion's truth, up to 3 pixels
off, in the view where the lesion stands out most from the counts around it, then the digit. With one hand: Space, and
for each place proposed a digit where it touches a lesion that is not stored yet, else Space again. Dice is over the
pixels of both views. `python -m tests.bench.annotator --scans 200 --seed 202`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.bench import rows
from tests.bench.rows import Row
from workstation.app.workbench import Workbench
from workstation.core.click import delineate
from workstation.core.lesion import Lesion, Roi
from workstation.core.scan import VIEWS, Frame, How, View
from workstation.phantom.cohorts import COHORTS
from workstation.phantom.patient import simulate
from workstation.store.library import Library
from workstation.store.values import NewScan
from workstation.ui import theme
from workstation.ui.main_window import MainWindow
from workstation.workflows.click_squares import clearest
from workstation.workflows.click_weights import estimator

COHORT = "lesions-3352"
OFF = 3.0  # how far from the centroid a click may be, pixels
ENOUGH = 400  # inputs in one scan after which the loop is taken to go round for ever

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Truth:
    """One visible lesion; masks (2, rows, columns), each view as it is seen. best: the view it is clearest in."""

    malignant: bool
    masks: Mask
    best: View


@dataclass
class Tally:
    """inputs: clicks and keys. seconds: of the program, from an input until all it caused is done."""

    inputs: int = 0
    seconds: float = 0.0
    dice: list[float] = field(default_factory=list)
    malignant: list[bool] = field(default_factory=list)
    found: int = 0
    lesions: int = 0
    false: int = 0

    def add(self, truth: Truth, dice: float) -> None:
        self.dice.append(dice)
        self.malignant.append(truth.malignant)


def off_centre(mask: Mask, random: np.random.Generator) -> tuple[float, float]:
    """The centroid of a mask, moved to a random place of the disc about it."""
    rows_, columns = np.nonzero(mask)
    away, way = OFF * np.sqrt(random.uniform()), random.uniform(0, 2 * np.pi)
    return float(rows_.mean()) + away * np.sin(way), float(columns.mean()) + away * np.cos(way)


def overlap(rois: dict[View, Roi], masks: Mask) -> float:
    """Dice over the pixels of both views."""
    shape = (masks.shape[1], masks.shape[2])
    own = np.stack([rois[view].mask(shape) if view in rois else np.zeros(shape, bool) for view in VIEWS])
    return 2.0 * np.count_nonzero(own & masks) / (np.count_nonzero(own) + np.count_nonzero(masks))


def scans(number: int, seed: int) -> Iterator[tuple[NewScan, list[Truth]]]:
    """Simulated scans, one a patient, and their visible lesions."""
    for patient in range(number):
        made = simulate(COHORTS[COHORT], seed, patient)[-1]
        spacing = made.acquisition.grid.spacing_mm
        frames = {
            view: Frame(made.counts[k], view, How.VIEW_CODE, k + 1, (spacing, spacing)) for k, view in enumerate(VIEWS)
        }
        truths = [
            Truth(lesion.malignant, lesion.masks, clearest(made.counts, lesion.masks))
            for lesion in made.lesions
            if lesion.visible
        ]
        yield NewScan(f"A{patient:04d}", f"B{patient:04d}", frames, day="2024-01-10", facts={"simulated": True}), truths


class Annotator:
    """Drives one window by events, and counts them."""

    def __init__(self, window: MainWindow, seed: int) -> None:
        self.window, self.page = window, window.read_page
        self.random = np.random.default_rng([seed, 4])
        self.clicking, self.one_hand = Tally(), Tally()
        self.said = ""
        self.page.one_hand.told.connect(self._hear)

    def _hear(self, words: str) -> None:
        self.said = words

    def _act(
        self, tally: Tally, key: Qt.Key | None = None, click: tuple[View, tuple[float, float]] | None = None
    ) -> None:
        began = time.perf_counter()
        if click is not None:
            view, (row, column) = click
            canvas = next(c for c in self.page.canvases if c.panel.view is view)
            at = canvas.transform.map(QPointF(column, row)).toPoint()
            QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
        if key is not None:
            QTest.keyClick(self.page, key)
        QApplication.sendPostedEvents()
        QApplication.processEvents()
        while self.page.one_hand.waiting:
            QApplication.processEvents()
        tally.seconds += time.perf_counter() - began
        tally.inputs += 1

    def click_all(self, truths: list[Truth]) -> None:
        """One click and one digit a lesion."""
        self.page.tools.take("isocontour")
        for truth in truths:
            before = set(self.page.editor.lesions)
            place = off_centre(truth.masks[VIEWS.index(truth.best)], self.random)
            self._act(self.clicking, click=(truth.best, place))
            self._act(self.clicking, key=Qt.Key.Key_1 if truth.malignant else Qt.Key.Key_2)
            new = [lesion for key, lesion in self.page.editor.lesions.items() if key not in before]
            self.clicking.add(truth, overlap(dict(new[0].rois), truth.masks) if new else 0.0)
            self.clicking.lesions += 1

    def go_round(self, truths: list[Truth]) -> None:
        """Space to the end of what is proposed."""
        loop, tally, left, self.said = self.page.one_hand, self.one_hand, list(truths), ""
        key = Qt.Key.Key_Space
        for _ in range(ENOUGH):
            self._act(tally, key=key)
            if self.said or loop.draft is None:
                break
            rois = dict(loop.draft.rois)
            score, best = max(((overlap(rois, truth.masks), n) for n, truth in enumerate(left)), default=(0.0, -1))
            if score > 0.0:
                truth = left.pop(best)
                tally.add(truth, score)
                tally.found += 1
                key = Qt.Key.Key_1 if truth.malignant else Qt.Key.Key_2
            else:
                tally.false += 1
                key = Qt.Key.Key_Space
        loop.leave()
        tally.lesions += len(truths)

    def clear(self) -> None:
        """Nothing drawn any more, so that the next way of working begins anew."""
        lesions: list[Lesion] = list(self.page.editor.lesions.values())
        if lesions:
            self.page.editor.delete(*(lesion.id for lesion in lesions))


def every_view(
    scan: NewScan, truths: list[Truth], window: MainWindow, random: np.random.Generator
) -> Iterator[tuple[bool, float]]:
    """What a click gives in whichever view the lesion is in at all, Dice over both views."""
    case = window.read_page.viewer.case
    assert case is not None
    for truth in truths:
        for k, view in enumerate(VIEWS):
            if truth.masks[k].any():
                found = delineate(scan.frames, case.bodies, view, off_centre(truth.masks[k], random), estimator())
                rois = {v: contour.roi for v, contour in found.items() if contour is not None}
                yield truth.malignant, overlap(rois, truth.masks) if rois else 0.0


def measure(scratch: Path, number: int = 40, seed: int = 202) -> list[Row]:
    """number: scans. The bars are meant for 200."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    library = Library.create(scratch / "annotator")
    all_truths: list[list[Truth]] = []
    kept: list[NewScan] = []
    for scan, truths in scans(number, seed):
        library.add_scans([scan])
        kept.append(scan)
        all_truths.append(truths)
    library.close()
    workbench = Workbench(scratch / "annotator-home")
    workbench.sign_in("script")
    theme.apply(application, "dark")
    window = MainWindow(workbench)
    window.resize(1920, 1200)
    assert workbench.open_library(scratch / "annotator")
    window.show()
    window.activateWindow()
    script = Annotator(window, seed)
    random = np.random.default_rng([seed, 5])
    anywhere: list[tuple[bool, float]] = []
    for scan, truths in zip(kept, all_truths, strict=True):
        window.read(scan.id)
        QApplication.processEvents()
        anywhere += every_view(scan, truths, window, random)
        script.click_all(truths)
        script.clear()
        script.go_round(truths)
    window.close()
    window.deleteLater()
    return _told(script, anywhere, number, seed)


def _told(script: Annotator, anywhere: list[tuple[bool, float]], number: int, seed: int) -> list[Row]:
    click, loop = script.clicking, script.one_hand
    dice, malignant = np.array(click.dice), np.array(click.malignant)
    every, which = np.array([d for _, d in anywhere]), np.array([m for m, _ in anywhere])
    what = f"{number} scans, seed {seed}"
    kept, kinds = np.array(loop.dice), np.array(loop.malignant)
    return [
        Row(f"click and digit: median Dice malignant, {what}", _median(dice[malignant]), "", 0.85, True),
        Row("click and digit: median Dice benign", _median(dice[~malignant]), "", 0.75, True),
        Row("click and digit: share under 0.5", 100 * float(np.mean(dice < 0.5)), "%", 15),
        Row("click and digit: inputs a lesion", click.inputs / max(click.lesions, 1), "", 2),
        Row("click and digit: program time a lesion", 1e3 * click.seconds / max(click.lesions, 1), "ms"),
        Row("a click in every view: median Dice malignant", _median(every[which]), ""),
        Row("a click in every view: median Dice benign", _median(every[~which]), ""),
        Row("a click in every view: share under 0.5", 100 * float(np.mean(every < 0.5)), "%"),
        Row("one hand: visible lesions proposed", 100 * loop.found / max(loop.lesions, 1), "%"),
        Row("one hand: false proposals a scan", loop.false / number, ""),
        Row("one hand: inputs a lesion kept", loop.inputs / max(loop.found, 1), ""),
        Row("one hand: program time a lesion kept", loop.seconds / max(loop.found, 1), "s"),
        Row("one hand: median Dice malignant", _median(kept[kinds]), ""),
        Row("one hand: median Dice benign", _median(kept[~kinds]), ""),
        Row("one hand: share under 0.5", 100 * float(np.mean(kept < 0.5)), "%"),
    ]


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if values.size else float("nan")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--scans", type=int, default=200)
    ask.add_argument("--seed", type=int, default=202)
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OSTEOSCOPE_HOME"] = str(Path(folder) / "home")
        print(rows.table(measure(Path(folder), asked.scans, asked.seed)))


if __name__ == "__main__":
    main()
