"""The Train page: choose what to learn from and what to learn, begin it, and follow all trainings of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workstation.app.actions import key
from workstation.app.evaluating import Evaluating
from workstation.app.jobs import Jobs
from workstation.app.modelling import Models
from workstation.app.training import Trainings
from workstation.app.workbench import Workbench
from workstation.ui.elided_label import ElidedLabel
from workstation.ui.models_view import ModelsView
from workstation.ui.training_detail import TrainingDetail
from workstation.ui.training_form import TrainingForm
from workstation.ui.training_list import TrainingList

WIDTH = 400


class TrainPage(QWidget):
    """Wires the parts together; they are made when it is first shown, for the window has a second to open in.

    While it is not on screen nothing is read and no timer runs. freeze_wanted: a data set of the open library.
    """

    freeze_wanted = Signal()

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._jobs = workbench, jobs
        self.trainings = Trainings(workbench, jobs, self)
        self.evaluating = Evaluating(workbench, jobs, self)
        self._made = False

    def _make(self) -> None:
        self._made = True
        self.form = TrainingForm(self._workbench, self.trainings)
        self.list = TrainingList(self.trainings)
        self.detail = TrainingDetail(self.trainings, self.evaluating)
        self.models = Models(self._workbench, self._jobs, self)
        self.models_view = ModelsView(self.models, self.trainings)
        self.models_button = QPushButton(self.tr("Models"))
        self.models_button.setCheckable(True)
        self.models_button.setToolTip(self.tr("The registry: which models there are, and which are in use"))
        self.folder = QPushButton(self.tr("Choose a folder…"))
        self.folder.setToolTip(self.tr("Where trainings are kept and looked for"))
        self._where = ElidedLabel()
        self._where.setObjectName("quiet")
        self._empty = QLabel(objectName="quiet")
        self._lay_out()
        self.folder.clicked.connect(self._choose_folder)
        self.models_button.toggled.connect(self._show_models)
        self.detail.keep.clicked.connect(self._keep)
        self.form.freeze.clicked.connect(self.freeze_wanted)
        self.trainings.changed.connect(self._show)
        self.detail.tables.noted.connect(self._workbench.note)
        self._show()

    def _lay_out(self) -> None:
        inside = QWidget(objectName="panel")
        column = QVBoxLayout(inside)
        column.setContentsMargins(16, 16, 16, 16)
        column.addWidget(self.form)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        area.setFixedWidth(WIDTH)
        bar = QFrame(objectName="bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(12)
        self._title = QLabel(self.tr("Trainings"), objectName="title")
        row.addWidget(self._title)
        row.addWidget(self._where, 1)
        row.addStretch(0)
        row.addWidget(self.folder)
        row.addWidget(self.models_button)
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setWordWrap(True)
        self._empty.setFixedWidth(460)
        empty = QWidget()
        QHBoxLayout(empty).addWidget(self._empty, 0, Qt.AlignmentFlag.AlignCenter)
        self._chosen = QStackedWidget()
        self._none = QLabel(self.tr("Choose a training to see its curves; with Ctrl a second one, to compare them."))
        self._none.setObjectName("quiet")
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._chosen.addWidget(self._none)
        self._chosen.addWidget(self.detail)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        top = QFrame(objectName="panel")
        inset = QVBoxLayout(top)
        inset.setContentsMargins(12, 0, 12, 0)  # its words under the title
        inset.addWidget(self.list)
        split.addWidget(top)
        split.addWidget(self._chosen)
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 3)
        split.setSizes([230, 560])
        self._body = QStackedWidget()
        self._body.addWidget(empty)
        self._body.addWidget(split)
        self._body.addWidget(self.models_view)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(bar)
        right.addWidget(self._body, 1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(1)
        whole.addWidget(area)
        whole.addLayout(right, 1)

    def _show(self) -> None:
        trainings = self.trainings
        folder = trainings.folder
        self._where.setText("" if folder is None else str(folder))
        self._empty.setText(self._empty_words())
        models = self.models_button.isChecked()
        self._title.setText(self.tr("Models") if models else self.tr("Trainings"))
        self._where.setVisible(not models)
        self.folder.setVisible(not models)
        self.models_button.setText(self.tr("Trainings") if models else self.tr("Models"))
        self._body.setCurrentIndex(2 if models else 1 if trainings.runs else 0)
        self._chosen.setCurrentIndex(1 if trainings.chosen else 0)

    def _empty_words(self) -> str:
        trainings = self.trainings
        if trainings.folder is None:
            return self.tr(
                "Trainings are kept with a library, or in any folder.\nOpen a library ({0}), or choose a folder."
            ).format(key("page.open_library"))
        if not trainings.known:
            return ""
        return self.tr(
            "No training here yet.\n\n1  Choose a snapshot at the left, or freeze this library into one.\n"
            "2  Choose what to learn: small-a is a good beginning on a processor.\n3  Press Start.\n\nIts curves come "
            "here, and it goes on when the window closes. Tables… then makes the paper's tables."
        )

    @property
    def handlers(self) -> dict[str, Callable[[], None]]:
        """What the keys of [learn] do: press their button, where it can be pressed."""
        names = ("start", "stop", "resume", "tables", "report", "keep", "models")
        return {f"learn.{name}": lambda name=name: self._press(name) for name in names}  # type: ignore[misc]

    def _press(self, name: str) -> None:
        if not self._made:
            return
        button = self._buttons()[name]
        if button.isVisible() and button.isEnabled():
            button.click()

    def _buttons(self) -> dict[str, QPushButton]:
        detail = self.detail
        return {
            "start": self.form.start, "stop": detail.stop, "resume": detail.resume, "keep": detail.keep,
            "tables": detail.tables_button, "report": detail.tables.report, "models": self.models_button,
        }  # fmt: skip

    def _show_models(self, on: bool) -> None:
        if on:
            self.models.look()
        self._show()

    def _keep(self) -> None:
        """The chosen training, as a model."""
        run = self.trainings.one
        if run is not None:
            self.models_button.setChecked(True)
            self.models.bring_in(run.folder)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Where trainings are kept"))
        if folder:
            self.trainings.choose_folder(Path(folder))

    def stop(self) -> None:
        """The window closes; what was begun goes on."""
        self.trainings.close()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        if not self._made:
            self._make()
        self.trainings.look(True)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        self.trainings.look(False)
        super().hideEvent(event)
