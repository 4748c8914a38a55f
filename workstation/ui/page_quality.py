"""The quality page: all lesions of a class on a contact sheet, outliers, and what does not fit together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

import resources
from workstation.app import actions
from workstation.app.crops import Crops
from workstation.app.importing import Progress
from workstation.app.jobs import Job, Jobs
from workstation.app.quality import LABELS, Quality, Wanted
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.checks import Kind
from workstation.core.lesion import Label
from workstation.ui import theme
from workstation.ui.contact_sheet import ContactSheet
from workstation.ui.elided_label import ElidedLabel
from workstation.ui.thumbnails import Thumbnails

_CROPS_KEPT = 600
_LEFT = 280
_LINE = 24  # height of a line at the left
_WANTED = Qt.ItemDataRole.UserRole


class QualityPage(QWidget):
    """At the left what to look at, with its numbers; at the right the lesions."""

    open_lesion = Signal(str, str, str)  # scan, reader, lesion id or ""

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self.quality = Quality(workbench, jobs, self)
        self._read = Crops()
        self.thumbnails = Thumbnails(self._read, _CROPS_KEPT, self)
        self.thumbnails.inverted = workbench.settings.inverted
        self.sheet = ContactSheet(self.quality.sheet, self.thumbnails)
        self.parts = self._make_parts()
        self.region, self.whose = QComboBox(), QComboBox()
        self.title, self.words = QLabel(objectName="title"), QLabel(objectName="quiet")
        self.bar, self.cancel = QProgressBar(), QPushButton(self.tr("Cancel"))
        self.check = QPushButton(self.tr("Check all lesions"))
        self.blind = QLabel(self.tr("You read blinded: only your own lesions are shown."), objectName="warning")
        self._lay_out()
        self._connect()
        self._show_numbers()

    def _make_parts(self) -> QTreeWidget:
        tree = QTreeWidget()
        self._items: list[QTreeWidgetItem] = []
        tree.setAccessibleName(self.tr("What to look at"))
        tree.setHeaderHidden(True)
        tree.setColumnCount(2)
        tree.setIndentation(14)
        tree.setRootIsDecorated(False)
        tree.setItemsExpandable(False)
        tree.setUniformRowHeights(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        sheet = self._part(tree, self.tr("Contact sheet"), None)
        for label in LABELS:
            name = self.tr("Unlabelled") if label is None else resources.table("vocab/labels")[str(label)]["name"]
            self._part(sheet, name, Wanted(label=label))
        self._part(tree, self.tr("Outliers"), Wanted("outliers"))
        checks = self._part(tree, self.tr("Checks"), Wanted("checks"))
        for kind in Kind:
            self._part(checks, kind.capitalize(), Wanted("checks", kind=kind))
        tree.expandAll()
        tree.setCurrentItem(self._items[1])  # the first class of the contact sheet
        return tree

    def _part(self, parent: QTreeWidget | QTreeWidgetItem, name: str, wanted: Wanted | None) -> QTreeWidgetItem:
        item = QTreeWidgetItem(parent, [name, ""])
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setData(0, _WANTED, wanted)
        item.setSizeHint(0, QSize(0, _LINE))
        self._items.append(item)
        if wanted is None:
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        return item

    def _lay_out(self) -> None:
        left = QFrame(objectName="panel")
        left.setFixedWidth(_LEFT)
        column = QVBoxLayout(left)
        column.setContentsMargins(8, 12, 8, 12)
        column.setSpacing(6)
        for words, box in ((self.tr("Lesions of"), self.whose), (self.tr("Region"), self.region)):
            label = QLabel(words, objectName="quiet")
            label.setContentsMargins(4, 0, 0, 0)
            label.setBuddy(box)
            box.setAccessibleName(words)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            column.addWidget(label)
            column.addWidget(box)
        column.addSpacing(8)
        column.addWidget(self.parts, 1)
        self.region.addItem(self.tr("All regions"), None)
        for key, region in resources.table("vocab/regions").items():
            self.region.addItem(region["name"], key)
        self.region.addItem(self.tr("Without a region"), "")
        top = QFrame(objectName="bar")
        row = QHBoxLayout(top)
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(12)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.bar.setAccessibleName(self.tr("Progress"))
        for part in (self.title, self.words, self.blind, self.bar, self.cancel, self.check):
            row.addWidget(part, 1 if part is self.words else 0)
        self.check.setToolTip(self.tr("Look through all readings for outliers and for what does not fit together"))
        labels = " ".join(actions.key(f"sheet.{name}") for name in ("malignant", "benign", "uncertain", "not_bone"))
        words = self.tr("{0} label   {1} no label   Enter opens the scan   {2} outlines   {3} undo")
        others = (actions.key(f"sheet.{name}") for name in ("unlabelled", "outlines", "undo"))
        keys = QLabel(words.format(labels, *others))
        views = ElidedLabel()
        views.setText(self.tr("Anterior at the left, posterior at the right, in the window of the whole scan"))
        views.setAlignment(Qt.AlignmentFlag.AlignRight)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 6, 16, 6)
        for hint in (keys, views):
            hint.setObjectName("quiet")
            foot.addWidget(hint, 1 if hint is views else 0)
        foot.setSpacing(24)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(top)
        right.addWidget(self.sheet, 1)
        right.addLayout(foot)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(1)
        whole.addWidget(left)
        whole.addLayout(right, 1)
        for hidden in (self.bar, self.cancel, self.blind):
            hidden.hide()

    def _connect(self) -> None:
        self.parts.currentItemChanged.connect(self._choose)
        self.region.activated.connect(self._choose)
        self.whose.activated.connect(self._choose)
        self.check.clicked.connect(self.quality.check)
        self.cancel.clicked.connect(self.quality.cancel)
        self.quality.started.connect(self._follow)
        self.quality.counted.connect(self._show_numbers)
        self.quality.checked.connect(self._show_numbers)
        self.quality.sheet.listed.connect(self._show_numbers)
        self.sheet.opened.connect(self._open)
        self._workbench.changed.connect(self._changed)

    # For the window

    @property
    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions of this page do."""
        labels: dict[str, Label | None] = {
            "malignant": Label.MALIGNANT,
            "benign": Label.BENIGN,
            "uncertain": Label.UNCERTAIN,
            "not_bone": Label.NOT_BONE,
            "unlabelled": None,
        }

        def label(chosen: Label | None) -> Callable[[], object]:
            return lambda: self.label(chosen)

        return {
            **{f"sheet.{name}": label(chosen) for name, chosen in labels.items()},
            "sheet.outlines": self.toggle_outlines,
            "sheet.undo": self.quality.undo,
        }

    def label(self, label: Label | None) -> None:
        """Label the chosen lesion and go on to the next."""
        number = self.sheet.current
        if number >= 0 and self.quality.relabel(number, label) and not self.sheet.listing:
            self.sheet.choose(number + 1)

    def toggle_outlines(self) -> None:
        self.sheet.outlines = not self.sheet.outlines
        self.sheet.viewport().update()

    def stop(self) -> None:
        """The window closes: no crop is read any more."""
        self.thumbnails.source.close()

    # What to look at

    def _choose(self) -> None:
        item = self.parts.currentItem()
        wanted = None if item is None else item.data(0, _WANTED)
        if wanted is None:
            return
        wanted = replace(wanted, region=self.region.currentData(), reader=self.whose.currentData())
        self.sheet.listing = wanted.part != "sheet"
        self.quality.want(wanted)

    def _open(self, number: int) -> None:
        entry = self.quality.sheet.entry(number)
        if entry.key is not None:
            self.open_lesion.emit(entry.key.scan, entry.key.reader, "" if entry.row is None else entry.row.lesion.id)

    def _follow(self, job: Job) -> None:
        job.progressed.connect(self._show_progress)
        self.bar.setRange(0, 0)
        self._show_numbers()

    def _show_progress(self, progress: Progress, seconds: float | None) -> None:
        self.bar.setRange(0, progress.total or 0)
        self.bar.setValue(progress.done)
        words = self.tr("{0} of {1} readings").format(f"{progress.done:,}", f"{progress.total or 0:,}")
        if seconds is not None and seconds >= 1:
            words += self.tr(", {0} s left").format(round(seconds))
        self.words.setText(words)

    def _show_numbers(self) -> None:
        quality, busy = self.quality, self.quality.job is not None
        wanted = quality.wanted
        for item in self._items:
            self._show_item(item)
        self._show_readers()
        self.blind.setVisible(self._workbench.blinded)
        self.bar.setVisible(busy)
        self.cancel.setVisible(busy)
        self.check.setVisible(not busy)
        self.check.setEnabled(self._workbench.library is not None)
        self.region.setEnabled(wanted.part == "sheet")
        current = self.parts.currentItem()
        self.title.setText("" if current is None else current.text(0))
        self.sheet.empty_words = self._empty_words()
        self.sheet.viewport().update()
        if not busy:
            self.words.setText(self._summary())

    def _summary(self) -> str:
        quality = self.quality
        count = f"{quality.sheet.count:,}"
        if quality.wanted.part == "sheet":
            return self.tr("{0} lesions").format(count)
        if quality.found is None:
            return ""
        words = self.tr("{0} in {1} readings").format(count, f"{quality.found.readings:,}")
        if quality.found.skipped:
            words += self.tr(", {0} could not be read").format(f"{len(quality.found.skipped):,}")
        return words + self.tr(" - changed since: check again") if quality.outdated else words

    def _empty_words(self) -> str:
        part, found = self.quality.wanted.part, self.quality.found
        if self._workbench.library is None:
            return self.tr("Open a library first ({0}).").format(actions.key("page.open_library"))
        if part == "sheet":
            return self.tr("No such lesions here. Other classes and regions are at the left.")
        if self.quality.job is not None:
            return self.tr("Looking through all readings.")
        if found is None:
            return self.tr("Nothing has been checked yet: press Check all lesions.")
        if part == "outliers":
            return self.tr("No lesion stands out from its like. At least 8 of a label are needed to tell.")
        return self.tr("Everything fits together.")

    def _show_item(self, item: QTreeWidgetItem) -> None:
        wanted: Wanted | None = item.data(0, _WANTED)
        colours, found = theme.current(), self.quality.found
        item.setForeground(1, colours["text_quiet"])
        if wanted is None:
            item.setForeground(0, colours["text_quiet"])
            return
        if wanted.part == "sheet":
            item.setForeground(0, colours["unlabelled" if wanted.label is None else str(wanted.label)])
            number = self.quality.number(wanted.label)
        elif found is None:
            item.setText(1, "")
            item.setHidden(wanted.kind is not None)
            return
        elif wanted.part == "outliers":
            number = len(found.outliers)
        else:
            number = len(found.findings) if wanted.kind is None else self.quality.numbers_by_kind()[wanted.kind]
            item.setHidden(wanted.kind is not None and number == 0)
        item.setText(1, f"{number:,}")

    def _show_readers(self) -> None:
        blinded, own = self._workbench.blinded, self._workbench.reader
        with QSignalBlocker(self.whose):
            self.whose.clear()
            if not blinded:
                self.whose.addItem(self.tr("The reading that stands"), None)
            names = [own, *(name for name in self.quality.readers if name != own and not blinded)]
            for name in names:
                self.whose.addItem(self.tr("{0} (you)").format(name) if name == own else name, name)
            self.whose.setCurrentIndex(max(self.whose.findData(self.quality.wanted.reader), 0))
        self.whose.setEnabled(not blinded)

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.SETTINGS:
            self.thumbnails.inverted = self._workbench.settings.inverted
            self._show_numbers()
        if changes & (Changes.SCANS | Changes.LIBRARY):
            self._read.forget()
            self.thumbnails.refresh(self._workbench)
        if changes & Changes.LIBRARY:
            self.sheet.listing = False
            with QSignalBlocker(self.parts), QSignalBlocker(self.region):
                self.parts.setCurrentItem(self._items[1])
                self.region.setCurrentIndex(0)
            self._show_numbers()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        self.quality.look(True)
        self.sheet.setFocus()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        self.quality.look(False)
        super().hideEvent(event)
