"""The chosen training: how it fares, its curves, stop and resume, its tables; the curves of several over each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workstation.app import training_words
from workstation.app.evaluating import Evaluating
from workstation.app.training import Trainings
from workstation.app.training_facts import differences, facts, last_epoch, percent
from workstation.ui.crossval_grid import CrossvalGrid
from workstation.ui.curves import Chart, Line
from workstation.ui.elided_label import ElidedLabel
from workstation.ui.training_list import LETTERS
from workstation.ui.training_tables import TrainingTables

if TYPE_CHECKING:
    from workstation.app.training import Crossval, Training

_FACTS = 8


class TrainingDetail(QWidget):
    """Curves of one or several; of a cross-validation as a whole its folds and its tables."""

    def __init__(self, trainings: Trainings, evaluating: Evaluating, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trainings, self._evaluating = trainings, evaluating
        self._tables_of: Path | None = None  # a single training whose tables are looked at instead of its curves
        self.title = ElidedLabel()
        self.title.setObjectName("title")
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)  # the badge beside it
        self._simulated = QLabel(self.tr("SIMULATED"), objectName="badge")
        self._simulated.setToolTip(self.tr("Learns from simulated scans: what comes out holds for those."))
        self.words, self.problem = QLabel(objectName="quiet"), QLabel(objectName="error")
        for label in (self.words, self.problem):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.tables_button = QPushButton(self.tr("Tables…"))
        self.keep = QPushButton(self.tr("Keep as a model"))
        self.grid = CrossvalGrid()
        self.tables = TrainingTables(evaluating)
        self.stop = QPushButton(self.tr("Stop"))
        self.resume = QPushButton(self.tr("Resume"))
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Steps done"))
        self.bar.setRange(0, 1000)
        self._names = [QLabel(objectName="quiet") for _ in range(_FACTS)]
        self._values = [ElidedLabel() for _ in range(_FACTS)]
        epoch = self.tr("Epoch")
        self.charts = [Chart("", epoch) for _ in range(3)]
        self._lay_out()
        self.stop.clicked.connect(self._stop)
        self.resume.clicked.connect(self._resume)
        self.tables_button.clicked.connect(self._press_tables)
        self.grid.run_wanted.connect(lambda run: trainings.choose((run,)))
        self.tables.final_wanted.connect(lambda: self._make_tables(final=True))
        evaluating.changed.connect(self.refresh)
        trainings.changed.connect(self.refresh)
        trainings.trouble_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.title)
        top.addWidget(self._simulated, 0, Qt.AlignmentFlag.AlignVCenter)
        top.addStretch(1)
        top.addWidget(self.keep)
        top.addWidget(self.tables_button)
        top.addWidget(self.stop)
        top.addWidget(self.resume)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        half = _FACTS // 2
        for number, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            row, column = number % half, number // half * 2
            grid.addWidget(name, row, column)
            grid.addWidget(value, row, column + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 2)
        self._grid = QWidget()
        self._grid.setLayout(grid)
        grid.setContentsMargins(0, 0, 0, 0)
        charts = QHBoxLayout()
        charts.setSpacing(20)
        for chart in self.charts:
            charts.addWidget(chart, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 8)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.words)
        layout.addWidget(self.problem)
        layout.addWidget(self.bar)
        curves, tables = QWidget(), QWidget()
        inside = QVBoxLayout(curves)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        inside.addWidget(self._grid)
        inside.addSpacing(4)
        inside.addLayout(charts, 1)
        beside = QVBoxLayout(tables)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(12)
        beside.addWidget(self.grid)
        beside.addWidget(self.tables, 1)
        self._body = QStackedWidget()
        self._body.addWidget(curves)
        self._body.addWidget(tables)
        layout.addWidget(self._body, 1)

    def refresh(self) -> None:
        trainings = self._trainings
        runs = [run for path in trainings.chosen if (run := trainings.find(path)) is not None]
        one, whole = trainings.one, trainings.crossval
        judged = whole or one
        self.stop.setVisible(judged is not None and judged.state.at_work)
        self.resume.setVisible(judged is not None and judged.state.resumable)
        self.bar.setVisible(judged is not None and judged.state.at_work)
        self._grid.setVisible(one is not None)
        self.grid.setVisible(whole is not None)
        if judged is not None:
            self._show_buttons(judged, whole is not None or one is not None and one.crossval is not None)
        if whole is not None:
            self.title.setText(whole.name)
            self._say(training_words.whole_sentence(whole))
            self.bar.setValue(round(1000 * sum(map(percent, whole.runs.values())) / max(whole.total, 1)))
            self.grid.show_whole(whole)
        elif one is not None:
            self.title.setText(training_words.name(one, trainings.whole(one.crossval) if one.crossval else None))
            self._say(training_words.sentence(one), one.state in ("failed", "damaged"))
            self.bar.setValue(round(1000 * percent(one)))
            told = facts(one, trainings.facts.get(one.folder))
            for number, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
                name.setText(told[number][0])
                value.setText(told[number][1])
        elif runs:
            self.title.setText(self.tr("{0} trainings compared").format(len(runs)))
            self._say(differences(runs))
        self.keep.setVisible(one is not None and one.state == "finished")
        tree = one is not None and one.network == "tree"
        self.keep.setEnabled(not tree)
        self.keep.setToolTip(
            self.tr("A tree has no weights to keep: it is a measure for networks.")
            if tree
            else self.tr("Into the registry, with its card; it is used only once it has been compared.")
        )
        self._show_tables()
        self._simulated.setVisible(trainings.simulated)
        if self._body.currentIndex() == 0:
            self._draw()

    def _show_buttons(self, judged: Training | Crossval, of_whole: bool) -> None:
        self.stop.setEnabled(judged.state != "stopping")
        self.stop.setText(self.tr("Stop the cross-validation") if of_whole else self.tr("Stop"))
        self.resume.setText(self.tr("Resume the cross-validation") if of_whole else self.tr("Resume"))
        self.stop.setToolTip(self.tr("Stops after the step it is at; nothing is lost, and it can be resumed."))
        self.resume.setEnabled(not self._trainings.starting)

    # Tables

    def _show_tables(self) -> None:
        trainings, evaluating = self._trainings, self._evaluating
        one, about = trainings.one, trainings.judged
        open_ = about is not None and (trainings.crossval is not None or self._tables_of == about.folder)
        self._body.setCurrentIndex(1 if open_ else 0)
        self.tables_button.setVisible(about is not None)
        if about is None:
            return
        if open_:
            self.tables.show_folder(about.folder, about.finished, about.total)
        reason = ""
        if not about.finished:
            reason = self.tr("There are no tables before a first fold is done.")
        elif about.run.fold < 0:
            reason = self.tr("Trained on all patients: nobody was left to test it on.")
        elif evaluating.at is not None:
            reason = self.tr("Tables are being made.")
        done = evaluating.state(about.folder)
        to_do = not reason and done.finished < about.finished and about.finished == about.total
        name = "primary" if to_do else ""
        if self.tables_button.objectName() != name:  # what to do next
            self.tables_button.setObjectName(name)
            self.tables_button.style().unpolish(self.tables_button)
            self.tables_button.style().polish(self.tables_button)
        back = open_ and one is not None
        self.tables_button.setText(self.tr("Curves") if back else self.tr("Tables…"))
        self.tables_button.setEnabled(back or not reason)
        self.tables_button.setToolTip("" if back else reason or self.tr("The paper's tables, from the folds tested"))

    def _press_tables(self) -> None:
        about = self._trainings.judged
        if about is None:
            return
        if self._tables_of == about.folder and self._trainings.one is not None:
            self._tables_of = None
            self.refresh()
            return
        if about.run.crossval is not None:
            self._trainings.choose((about.folder,))
        else:
            self._tables_of = about.folder
        self._make_tables()

    def _make_tables(self, final: bool = False) -> None:
        trainings, about = self._trainings, self._trainings.judged
        if about is None:
            return
        otherwise = None if trainings.snapshot is None else trainings.snapshot.folder
        self._evaluating.start(about.run, about.finished, otherwise, final)

    def _say(self, words: str, problem: bool = False) -> None:
        for label, shown in ((self.words, not problem), (self.problem, problem)):
            label.setText(words if shown else "")
            label.setVisible(shown and bool(words))

    def _draw(self) -> None:
        trainings = self._trainings
        runs = [(run, trainings.curves[path]) for path in trainings.chosen
                if (run := trainings.find(path)) is not None and path in trainings.curves]  # fmt: skip
        last = last_epoch(runs)
        names = {curve.score_name for _, curve in runs} - {""}
        score = self.tr("Inner {0}").format(" / ".join(sorted(names)) or "AUC")
        skipped = sum(curve.skipped for _, curve in runs)
        empty = self.tr("No epoch is done yet.")
        if skipped:
            empty = self.tr("Nothing in metrics.jsonl can be read.")
        for chart in self.charts:
            chart.empty_words = empty
        if len(runs) == 1:
            _, curve = runs[0]
            train = Line(self.tr("train"), curve.epoch, curve.train_loss, 0)
            inner = Line(self.tr("inner"), curve.epoch, curve.inner_loss, 1, curve.best)
            self.charts[0].show_lines(self.tr("Loss"), (train, inner), last)
            self.charts[1].hide()
            value = Line(self.tr("inner"), curve.epoch, curve.score, 1, curve.best)
            self.charts[2].show_lines(score, (value,), last, share=True)
            return
        letters = list(zip(LETTERS, runs, strict=False))
        for chart, title, column in (
            (self.charts[0], self.tr("Train loss"), "train_loss"),
            (self.charts[1], self.tr("Inner loss"), "inner_loss"),
            (self.charts[2], score, "score"),
        ):
            lines = [
                Line(letter, curve.epoch, getattr(curve, column), number, -1 if column == "train_loss" else curve.best)
                for number, (letter, (_, curve)) in enumerate(letters)
            ]
            chart.show_lines(title, lines, last, share=column == "score")
            chart.show()

    def _stop(self) -> None:
        whole, run = self._trainings.crossval, self._trainings.one
        if whole is not None and whole.at_work:
            run = whole.at_work[0]
        if run is not None:
            self._trainings.stop(run)

    def _resume(self) -> None:
        whole, run = self._trainings.crossval, self._trainings.one
        run = run if whole is None else whole.one
        if run is not None:
            self._trainings.resume(run)
