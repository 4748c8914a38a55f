"""What to learn from, what to learn, and how long that takes: the left side of the Train page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workstation.app import training_words
from workstation.app.actions import key
from workstation.app.training import Trainings
from workstation.app.workbench import Workbench
from workstation.ui.choice import Choice
from workstation.ui.elided_label import ElidedLabel

if TYPE_CHECKING:
    from workstation.app.training import Crossval

MOST_EPOCHS = 10_000
ALL_FOLDS = -1  # what the box holds for all of them, one after the other
ALL = ""  # of the networks
DEVICES = (("auto", "the best there is"), ("cuda", "GPU (CUDA)"), ("mps", "GPU (Apple)"), ("cpu", "processor"))


class TrainingForm(QFrame):
    """Asks for a training; what cannot be asked for is said under the button."""

    def __init__(self, workbench: Workbench, trainings: Trainings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._trainings = workbench, trainings
        self._presets = {preset.name: preset for preset in trainings.presets()}
        self._name = ElidedLabel()
        self._name.setObjectName("strong")
        self.choose = QPushButton(self.tr("Choose a snapshot…"))
        self._simulated = QLabel(self.tr("SIMULATED"), objectName="badge")
        self.freeze = QPushButton(self.tr("Freeze this library…"))
        self.freeze.setToolTip(self.tr("On the Library page ({0})").format(key("page.snapshot")))
        self._holds, self._problem = _words("quiet"), _words("error")
        self.preset, self.network, self.fold, self.device = Choice(), Choice(), Choice(), Choice()
        self.beside = Choice()
        self._runs_on = _words("quiet")
        self._sentence, self._size = _words(""), _words("quiet")
        self.epochs, self.seed = QSpinBox(), QSpinBox()
        self.epochs.setRange(1, MOST_EPOCHS)
        self.seed.setRange(0, 999_999)
        self._estimate = _words("quiet")
        self.start = QPushButton(self.tr("Start"), objectName="primary")
        self.trouble = _words("error")
        for name, preset in self._presets.items():
            self.preset.addItem(training_words.preset_name(preset), name)
        for box in (self.preset, self.network, self.fold, self.device, self.beside):
            box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)  # the column is as wide as it is; a long name ends with dots
        for name, words in DEVICES:
            self.device.addItem(self.tr(words), name)
        self._lay_out()
        self._connect()
        self._show_preset()
        self.refresh()

    def _lay_out(self) -> None:
        self.seed.setToolTip(self.tr("The same seed, snapshot and settings give the same training."))
        self.beside.setToolTip(
            self.tr("Kept with that cross-validation and learnt with its settings, so that one table compares them.")
        )
        self.fold.setToolTip(self.tr("Patients of the test fold are not learnt from; it is read once, at the end."))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(QLabel(self.tr("LEARN FROM"), objectName="heading"))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._name, 1)
        row.addWidget(self._simulated, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.choose)
        layout.addLayout(row)
        for words in (self._holds, self._problem):
            layout.addWidget(words)
        layout.addWidget(self.freeze, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addSpacing(10)
        layout.addWidget(QLabel(self.tr("NEW TRAINING"), objectName="heading"))
        form = self._form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, box in (
            (self.tr("Preset"), self.preset),
            (self.tr("Network"), self.network),
            (self.tr("Test fold"), self.fold),
            (self.tr("Compare"), self.beside),
            (self.tr("Epochs"), self.epochs),
            (self.tr("Seed"), self.seed),
            (self.tr("Device"), self.device),
        ):
            form.addRow(QLabel(name, objectName="quiet"), box)
            box.setAccessibleName(name)
            if box is self.preset:
                form.addRow(self._sentence)
                form.addRow(self._size)
            if box is self.device:
                form.addRow(self._runs_on)
        for box in (self.epochs, self.seed):
            line = box.findChild(QLineEdit)
            assert line is not None
            line.setTextMargins(6, 0, 6, 0)  # as far from the frame as the other fields' text
        layout.addLayout(form)
        layout.addWidget(self._estimate)
        layout.addWidget(self.start)
        layout.addWidget(self.trouble)

    def _connect(self) -> None:
        self.choose.clicked.connect(self._choose)
        self.preset.currentIndexChanged.connect(self._show_preset)
        for box in (self.network, self.fold, self.beside, self.device):
            box.currentIndexChanged.connect(self.refresh)
        self._trainings.place_known.connect(self.refresh)
        self.epochs.valueChanged.connect(self.refresh)
        self.start.clicked.connect(self._start)
        self._trainings.snapshot_changed.connect(self._show_snapshot)
        self._trainings.trouble_changed.connect(self.refresh)
        self._trainings.changed.connect(self.refresh)
        self._show_snapshot()

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("The folder of a snapshot"))
        if folder:
            self._trainings.choose_snapshot(Path(folder))

    def _show_preset(self) -> None:
        preset = self._presets[self.preset.currentData()]
        with QSignalBlocker(self.network), QSignalBlocker(self.epochs), QSignalBlocker(self.seed):
            self.network.clear()
            for network in preset.networks:
                self.network.addItem(training_words.network_name(network), network)
            if len(preset.networks) > 1:
                self.network.addItem(self.tr("All {0}, to be compared").format(len(preset.networks)), ALL)
            self.epochs.setValue(preset.epochs)
            self.seed.setValue(preset.seed)
        self._sentence.setText(training_words.task(preset))
        self._size.setText(f"{training_words.size(preset)}. {training_words.beginning(preset)}")
        self.refresh()

    def _show_snapshot(self) -> None:
        trainings = self._trainings
        seen, problem = trainings.snapshot, trainings.snapshot_problem
        kept = self._workbench.settings.training_snapshot
        chosen = seen is not None or bool(problem) or trainings.reading_snapshot
        self._name.setText(Path(kept).name if chosen else self.tr("No snapshot"))
        if trainings.reading_snapshot:
            words = self.tr("Reading what it holds.")
        elif seen is not None:
            words = training_words.snapshot(seen)
        elif problem:
            words = ""
        else:
            words = self.tr(
                "A training learns from a snapshot: a library frozen into a folder, its patients dealt into folds."
            )
        _say(self._holds, words)
        _say(self._problem, problem)
        self._simulated.setVisible(seen is not None and seen.simulated)
        folds = len(seen.folds) if seen is not None else 0
        before = self.fold.currentData()
        with QSignalBlocker(self.fold):
            self.fold.clear()
            if not folds:
                self.fold.addItem(self.tr("choose a snapshot first"), None)
            else:
                self.fold.addItem(self.tr("All {0}, one after the other").format(folds), ALL_FOLDS)
            for fold in range(folds):
                self.fold.addItem(self.tr("Fold {0} only").format(fold), fold)
            self.fold.setCurrentIndex(max(self.fold.findData(before), 0))
        self.refresh()

    @property
    def _wanted_fold(self) -> int | None:
        fold = self.fold.currentData()
        return None if fold == ALL_FOLDS else fold

    @property
    def _wanted_networks(self) -> tuple[str, ...]:
        network = self.network.currentData()
        return self._presets[self.preset.currentData()].networks if network == ALL else (network or "",)

    def _show_beside(self) -> None:
        """The cross-validations this one can join, where it is one itself."""
        seen, before = self._trainings.snapshot, self.beside.currentData()
        whole = self.fold.currentData() == ALL_FOLDS or self.network.currentData() == ALL
        preset = self._presets[self.preset.currentData()]
        found = self._trainings.joinable(preset, self._wanted_networks) if whole and seen is not None else ()
        folders = [*(each.folder for each in found), None]
        if folders != [self.beside.itemData(at) for at in range(self.beside.count())]:
            with QSignalBlocker(self.beside):
                known = self.beside.count() > 1
                self.beside.clear()
                for each in found:
                    self.beside.addItem(self.tr("with {0}").format(each.name), each.folder)
                self.beside.addItem(self.tr("with nothing yet"), None)
                at = self.beside.findData(before)
                self.beside.setCurrentIndex(at if known and at >= 0 else 0)
        self._form.setRowVisible(self.beside, bool(found))

    def refresh(self) -> None:
        trainings = self._trainings
        seen, preset = trainings.snapshot, self._presets[self.preset.currentData()]
        ready = seen is not None and bool(seen.folds) and trainings.folder is not None
        self.fold.setEnabled(seen is not None and bool(seen.folds))
        self.freeze.setVisible(seen is None and self._workbench.library is not None)
        self._show_beside()
        joined = self._joined
        for box, name in ((self.epochs, "epochs"), (self.seed, "seed")):
            box.setEnabled(joined is None and self._wanted_networks != ("tree",))
            value = None if joined is None else joined.one.settings.get(name)
            if joined is not None and joined.one.preset == preset.name and isinstance(value, int):
                with QSignalBlocker(box):
                    box.setValue(value)
        device = self.device.currentData()
        if ready:
            trainings.ask_place(preset.name, device)
        _say(self._runs_on, training_words.runs_on(trainings.places.get(device)) if ready else "")
        words = training_words.estimate(
            trainings.runs, preset, self._wanted_networks, seen, self._wanted_fold, self.epochs.value()
        )
        at_work = next((run for run in trainings.runs if run.state.at_work), None)
        if at_work is not None:
            whole = trainings.whole(at_work.crossval) if at_work.crossval else None
            busy = at_work.name if whole is None else whole.name
            words += " " + self.tr("{0} is at work: both will be slower.").format(busy)
        if seen is None:
            words = self.tr("Choose a snapshot first: it is what is learnt from.")
        self._estimate.setText(words)
        self.start.setEnabled(ready and not trainings.starting)
        self.start.setText(self.tr("Starting…") if trainings.starting else self.tr("Start"))
        trouble = trainings.trouble
        if not trouble and seen is not None and not seen.folds:
            trouble = self.tr("This snapshot has no folds: nobody could be tested. Make one with folds.")
        if not trouble and seen is not None and trainings.folder is None:
            trouble = self.tr("Open a library ({0}), or choose at the right where trainings are kept.").format(
                key("page.open_library")
            )
        _say(self.trouble, trouble)

    @property
    def _joined(self) -> Crossval | None:
        folder = self.beside.currentData()
        return None if folder is None else self._trainings.whole(folder)

    def _start(self) -> None:
        from workstation.app.training import wanted

        seen, joined = self._trainings.snapshot, self._joined
        if seen is None:
            return
        self._trainings.start(
            wanted(
                self.preset.currentData(), self.network.currentData(), seen.folder, self._wanted_fold,
                self.epochs.value(), self.seed.value(), self.device.currentData(),
                None if joined is None else joined.one,
            )
        )  # fmt: skip


def _words(name: str) -> QLabel:
    label = QLabel(objectName=name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def _say(label: QLabel, words: str) -> None:
    label.setText(words)
    label.setVisible(bool(words))
