"""The Train page on run folders made by hand: what it shows, what it leaves alone, what it asks for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from ml.config import make
from tests.app.run_folders_made import make_run, row, write
from tests.ml import learnable
from tests.ui.conftest import close_window, open_window
from workstation.ui import curves, theme
from workstation.ui.curves import COLOURS, DASHES, Chart, Line
from workstation.ui.main_window import MainWindow

WAIT_MS = 20_000


@pytest.fixture
def made(tmp_path: Path, small_library: Path) -> Iterator[MainWindow]:
    window = open_window(tmp_path / "home", small_library)
    yield window
    close_window(window)


def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def show(qtbot, window: MainWindow, runs: int) -> None:
    QTest.keyClick(window, Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.train_page.trainings.known, timeout=WAIT_MS)
    assert len(window.train_page.trainings.runs) == runs


def choose(qtbot, window: MainWindow, *names: str) -> None:
    page = window.train_page
    page.list.clearSelection()
    for item in page.list._items.values():
        if any(item.text(0).endswith(name) for name in names):
            item.setSelected(True)
    qtbot.waitUntil(lambda: len(page.trainings.curves) == len(names), timeout=WAIT_MS)


def pixels(chart: Chart, colour: QColor) -> int:
    """How many pixels of a picture of the chart have just this colour."""
    picture = chart.grab().toImage().convertToFormat(chart.grab().toImage().Format.Format_RGB32)
    bits = np.frombuffer(picture.constBits(), np.uint32).reshape(picture.height(), -1)
    return int((bits == (colour.rgb() & 0xFFFFFFFF)).sum())


def test_an_empty_page_says_what_to_do_and_costs_nothing_elsewhere(qtbot, made: MainWindow) -> None:
    page = made.train_page
    assert not page.trainings.looking and not page.children()[2:]  # not even made before it is shown
    show(qtbot, made, 0)
    assert "Choose a snapshot" in page._empty.text() and not page.form.start.isEnabled()
    assert page.trainings.looking
    made.show_page(0)
    qtbot.waitUntil(lambda: not page.trainings.busy, timeout=WAIT_MS)
    assert not page.trainings.looking
    made.workbench.change_settings(theme="dark")
    assert not page.trainings.busy


def test_runs_are_listed_and_the_chosen_one_is_followed_only_while_it_is_looked_at(
    qtbot, made: MainWindow, small_library: Path
) -> None:
    runs = small_library / "runs"
    make_run(runs / "going")
    make_run(runs / "killed", pid=dead())
    make_run(runs / "over", "done", epochs=12)
    make_run(runs / "bad")
    make_run(runs / "tree", "done", network="tree")
    write(runs / "bad" / "status.json", {"state": "failed", "message": "<img src=x> The loss is not a number."})
    show(qtbot, made, 5)
    page = made.train_page
    items, all_ = [page.list.topLevelItem(number) for number in range(5)], make("small-a").epochs
    assert {item.text(0): (item.text(1), item.text(2)) for item in items} == {
        "going": ("Running", f"epoch 4 of {all_}"), "killed": ("Stopped", f"epoch 4 of {all_}"),
        "over": ("Finished", "13 epochs"), "bad": ("Failed", f"epoch 0 of {all_}"), "tree": ("Finished", "fitted"),
    }  # fmt: skip
    for name, words in (("tree", "no weights"), ("over", "Into the registry")):
        choose(qtbot, made, name)
        assert page.detail.keep.isVisible() and words in page.detail.keep.toolTip()
    choose(qtbot, made, "going")
    detail = page.detail
    shown = [label.text() for label in detail._values]
    assert "24.0 samples a second" in shown and "about 4 min" in shown and "random initialisation" in shown
    assert detail.stop.isVisible() and not detail.resume.isVisible()
    loss, _, score = detail.charts
    assert score.title == "Inner AUC" and "train 0.3333" in loss.accessibleDescription()
    assert pixels(loss, theme.current()[COLOURS[0]]) > 100
    made.show_page(1)
    qtbot.waitUntil(lambda: not page.trainings.busy, timeout=WAIT_MS)
    with (runs / "going" / "metrics.jsonl").open("a") as file:
        file.write(row(4))
    qtbot.wait(1300)  # more than a look would take
    assert len(score.lines[0].x) == 3
    made.show_page(4)
    qtbot.waitUntil(lambda: len(score.lines[0].x) == 4, timeout=WAIT_MS)
    choose(qtbot, made, "bad")
    assert detail.problem.text() == "Failed: <img src=x> The loss is not a number."
    assert detail.problem.textFormat() is Qt.TextFormat.PlainText and detail.resume.isVisible()


def test_stop_and_resume_do_what_the_folder_needs(qtbot, made: MainWindow, small_library: Path) -> None:
    runs = small_library / "runs"
    make_run(runs / "cv" / "small-a-resnet50" / "fold-0")
    make_run(runs / "killed", pid=dead())
    (runs / "cv" / "crossval.json").write_text("{}")
    show(qtbot, made, 2)
    page = made.train_page
    choose(qtbot, made, "fold 0")
    assert page.detail.stop.text() == "Stop the cross-validation"
    page.detail.stop.click()
    assert (runs / "cv" / "stop").exists() and (runs / "cv" / "small-a-resnet50" / "fold-0" / "stop").exists()
    qtbot.waitUntil(lambda: page.trainings.one is not None and page.trainings.one.state == "stopping", timeout=WAIT_MS)
    assert not page.detail.stop.isEnabled()
    choose(qtbot, made, "killed")
    page.detail.resume.click()
    qtbot.waitUntil(lambda: "is not where it was" in page.form.trouble.text(), timeout=WAIT_MS)
    assert page.form.trouble.isVisible()


def test_several_runs_lie_over_each_other_and_differ_without_colour(
    qtbot, made: MainWindow, small_library: Path
) -> None:
    runs = small_library / "runs"
    make_run(runs / "one", fold=0)
    make_run(runs / "two", fold=1)
    show(qtbot, made, 2)
    choose(qtbot, made, "one", "two")
    page = made.train_page
    assert [chart.title for chart in page.detail.charts] == ["Train loss", "Inner loss", "Inner AUC"]
    assert all([line.name for line in chart.lines] == ["A", "B"] for chart in page.detail.charts)
    styles = [line.style for line in page.detail.charts[0].lines]
    assert len({DASHES[style] for style in styles}) == 2
    assert "different folds" in page.detail.words.text()
    assert {page.list.topLevelItem(number).text(0)[0] for number in range(2)} == {"A", "B"}
    assert len(set(DASHES)) == len(DASHES) == len(set(COLOURS))


def test_the_form_says_what_a_snapshot_holds_and_what_a_preset_learns(qtbot, made: MainWindow, tmp_path: Path) -> None:
    learnable.make(tmp_path / "data", patients=20)
    show(qtbot, made, 0)
    form, trainings = made.train_page.form, made.train_page.trainings
    trainings.choose_snapshot(tmp_path / "data")
    qtbot.waitUntil(lambda: trainings.snapshot is not None, timeout=WAIT_MS)
    assert "20 scans of 20 patients" in form._holds.text() and form.start.isEnabled()
    assert [form.fold.itemText(number) for number in range(3)] == [
        "All 2, one after the other", "Fold 0 only", "Fold 1 only",
    ]  # fmt: skip
    form.preset.setCurrentIndex(form.preset.findData("small-c-bladder"))
    assert "bladder" in form._sentence.text() and form.epochs.value() == make("small-c-bladder").epochs
    assert [form.network.itemText(number) for number in range(3)] == ["Residual U-Net", "Plain U-Net", "DynUNet"]
    (tmp_path / "data" / "manifest.json").write_text('{"format": 1, "scans": "<b>"}')
    trainings.choose_snapshot(tmp_path / "data")
    qtbot.waitUntil(lambda: form._problem.isVisible(), timeout=WAIT_MS)
    assert not form.start.isEnabled() and "manifest" in form._problem.text()
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in (form._problem, form._holds, form.trouble))
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in form.findChildren(QLabel) if label.text()[:1]
               in "<&")  # fmt: skip


# The chart


@pytest.fixture
def chart(qapp: QApplication) -> Iterator[Chart]:
    made = Chart("Loss", "Epoch")
    made.resize(500, 240)
    yield made
    made.deleteLater()


def test_very_many_epochs_are_drawn_with_every_extreme(chart: Chart) -> None:
    x = np.arange(1.0, 40_001)
    y = np.sin(x / 300)
    y[[12_345, 30_000]] = 5, -5
    plot = QRectF(40, 30, 400, 180)
    (piece,) = curves._points(x, y, plot, (1, 40_000), (-5, 5))
    assert piece.size() <= 2 * 401
    heights = [point.y() for point in piece]
    assert min(heights) == pytest.approx(30) and max(heights) == pytest.approx(210)
    assert all(a.x() <= b.x() for a, b in pairwise(piece))
    chart.show_lines("Loss", [Line("train", x, y, 0)], 40_000)
    assert pixels(chart, theme.current()[COLOURS[0]]) > 100


def test_gaps_single_points_and_nothing_at_all(chart: Chart) -> None:
    nan = np.nan
    plot = QRectF(0, 0, 100, 100)
    y = np.array([1, nan, nan, 2, 3, nan])
    pieces = curves._points(np.arange(1.0, 7), y, plot, (1, 6), (0, 4))
    assert [piece.size() for piece in pieces] == [1, 2]
    colour = theme.current()[COLOURS[0]]
    for values in ([], [nan, nan], [0.5], [7.0, 7.0], [1e9, -1e9]):
        chart.show_lines("Loss", [Line("a", np.arange(1.0, len(values) + 1), np.array(values), 0)], 1)
        assert bool(pixels(chart, colour)) is bool(np.isfinite(values).any())


def test_the_values_under_the_cursor_are_told(qtbot, chart: Chart) -> None:
    chart.show_lines("Loss", [Line("train", np.arange(1.0, 11), np.linspace(1, 0, 10), 0)], 10)
    chart.show()
    before = pixels(chart, theme.current()["text"])
    QTest.mouseMove(chart, chart._plot.center().toPoint())
    assert chart._at in (5, 6) and pixels(chart, theme.current()["text"]) > before
    chart.close()
