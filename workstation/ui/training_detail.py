"""The chosen training: how it fares, its curves, stop and resume; the curves of several over each other."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from workstation.app import training_words
from workstation.app.training import Trainings
from workstation.app.training_facts import differences, facts, last_epoch, percent
from workstation.ui.curves import Chart, Line
from workstation.ui.elided_label import ElidedLabel
from workstation.ui.training_list import LETTERS

_FACTS = 8


class TrainingDetail(QWidget):
    def __init__(self, trainings: Trainings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._trainings = trainings
        self.title = ElidedLabel()
        self.title.setObjectName("title")
        self.words, self.problem = QLabel(objectName="quiet"), QLabel(objectName="error")
        for label in (self.words, self.problem):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
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
        trainings.changed.connect(self.refresh)
        trainings.trouble_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.title, 1)
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
        layout.addWidget(self._grid)
        layout.addSpacing(4)
        layout.addLayout(charts, 1)

    def refresh(self) -> None:
        trainings = self._trainings
        runs = [run for path in trainings.chosen if (run := trainings.find(path)) is not None]
        one = trainings.one
        self.stop.setVisible(one is not None and one.state.at_work)
        self.resume.setVisible(one is not None and one.state.resumable)
        self.bar.setVisible(one is not None and one.state.at_work)
        self._grid.setVisible(one is not None)
        if one is not None:
            self.title.setText(one.name)
            self._say(training_words.sentence(one), one.state in ("failed", "damaged"))
            self.stop.setEnabled(one.state != "stopping")
            whole = one.crossval is not None
            self.stop.setText(self.tr("Stop the cross-validation") if whole else self.tr("Stop"))
            self.resume.setText(self.tr("Resume the cross-validation") if whole else self.tr("Resume"))
            self.stop.setToolTip(self.tr("Stops after the step it is at; nothing is lost, and it can be resumed."))
            self.resume.setEnabled(not trainings.starting)
            self.bar.setValue(round(1000 * percent(one)))
            told = facts(one, trainings.facts.get(one.folder))
            for number, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
                name.setText(told[number][0])
                value.setText(told[number][1])
        elif runs:
            self.title.setText(self.tr("{0} trainings compared").format(len(runs)))
            self._say(differences(runs))
        self._draw()

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
        run = self._trainings.one
        if run is not None:
            self._trainings.stop(run)

    def _resume(self) -> None:
        run = self._trainings.one
        if run is not None:
            self._trainings.resume(run)
