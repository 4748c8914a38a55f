"""The lesions of the reading: the list, what is said of the selected one, and the verdict on the scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

import resources
from workstation.app.editor import Editor
from workstation.app.viewer import Viewer
from workstation.core.lesion import Label, Lesion
from workstation.ui import theme
from workstation.ui.choice import Choice
from workstation.ui.evidence_row import EvidenceRow
from workstation.ui.text_field import TextField

SIDES = (None, "right", "left", "midline")


@dataclass(frozen=True)
class _Row:
    """What the list says of one lesion. same: the tip for one that was carried over; whole: where it is, in full."""

    lesion: str
    words: str
    same: str
    colour: str
    place: str
    whole: str
    side: str
    views: str

    def write(self, item: QTreeWidgetItem) -> None:
        item.setText(0, self.words)
        item.setToolTip(0, self.same)
        item.setForeground(0, QColor(self.colour))
        for column, words in enumerate((self.place, self.side, self.views), 1):
            item.setText(column, words)
        item.setToolTip(1, self.whole)
        item.setData(0, Qt.ItemDataRole.UserRole, self.lesion)


class LesionPanel(QFrame):
    """Everything said with the mouse here can be said with a key; nothing opens a window."""

    finished = Signal()  # a text field was left by Enter: give the keys back to the pictures
    label_wanted = Signal(object)  # a label's button was clicked: the same as its digit

    def __init__(self, viewer: Viewer, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._viewer = viewer
        self._editor = editor
        self._list = self._make_list()
        self._rows: list[_Row] = []  # as the list shows them
        self._proposed = False
        self._labels = self._make_labels()
        self._criterion, self._region, self._side = Choice(), Choice(), Choice()
        self._confidence = Choice()
        self._comment = TextField()
        self._commented: str | None = None  # the lesion whose comment the field shows
        self.evidence = EvidenceRow(editor, editor.workbench)
        self.evidence.finished.connect(self.finished)
        self._details = self._make_details()
        self._uptake = QLabel(objectName="quiet")
        self._uptake.setTextFormat(Qt.TextFormat.PlainText)
        self._uptake.setWordWrap(True)
        self._uptake.setAlignment(Qt.AlignmentFlag.AlignTop)
        # One line a view: nothing above moves when the partner on the other view comes.
        self._uptake.setMinimumHeight(2 * self._uptake.fontMetrics().lineSpacing())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 12)
        layout.setSpacing(8)
        self._count = QLabel(objectName="heading")
        self._whose = Choice()
        self._whose.setAccessibleName(self.tr("Whose reading"))
        self._whose.setToolTip(self.tr("Whose reading is shown; only your own can be changed"))
        self._whose.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._whose.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._whose.activated.connect(lambda: self._editor.show_reading_of(self._whose.currentData()))
        head = QHBoxLayout()
        head.addWidget(self._count, 1)
        head.addWidget(self._whose)
        layout.addLayout(head)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._labels)
        layout.addWidget(self._details)
        layout.addWidget(self._uptake)
        editor.leaving.connect(self._comment_written)
        editor.edited.connect(self.refresh)
        viewer.selection_changed.connect(self.refresh)
        viewer.case_changed.connect(self.refresh)
        self.refresh()

    # Making

    def _make_list(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setObjectName("lesions")
        tree.setAccessibleName(self.tr("Lesions"))
        tree.setColumnCount(4)
        tree.setHeaderLabels([self.tr("No."), self.tr("Region"), self.tr("Side"), self.tr("Views")])
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setMinimumHeight(120)
        tree.header().setStretchLastSection(False)
        for column in (0, 2, 3):  # the side is never cut; a region is, and its tip tells it in full
            tree.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        tree.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        tree.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        tree.itemSelectionChanged.connect(self._list_chosen)
        return tree

    def _make_labels(self) -> QWidget:
        row = QWidget()
        layout = QGridLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        group = QButtonGroup(row)
        group.setExclusive(False)  # none may be checked; what is checked follows the reading
        self._label_buttons: dict[Label, QToolButton] = {}
        for label in Label:
            words = resources.table("vocab/labels")[str(label)]
            button = QToolButton(objectName="label")
            button.setProperty("label", str(label))
            button.setText(f"{words['name']}  {words['key']}")
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            words_of_use = self.tr("Label the selected lesion, or keep what is proposed (key {0})")
            button.setToolTip(words_of_use.format(words["key"]))
            button.clicked.connect(lambda _=False, chosen=label: self._label_clicked(chosen))
            group.addButton(button)
            layout.addWidget(button, *divmod(len(self._label_buttons), 2))
            self._label_buttons[label] = button
        return row

    def _make_details(self) -> QWidget:
        form_widget = QWidget()
        form = QFormLayout(form_widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(6)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignRight)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._region.addItem(self.tr("not given"), None)
        for key, words in resources.table("vocab/regions").items():
            self._region.addItem(words["name"], key)
        for side in SIDES:
            self._side.addItem(self.tr("not given") if side is None else side, side)
        for value, words in ((None, self.tr("not given")), (1, "low"), (2, "middle"), (3, "high")):
            self._confidence.addItem(words, value)
        for box, change in (
            (self._criterion, self._criterion_chosen),
            (self._region, self._region_chosen),
            (self._side, self._side_chosen),
            (self._confidence, self._confidence_chosen),
        ):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(8)
            box.activated.connect(change)
        self._comment.setPlaceholderText(self.tr("Comment"))
        self._comment.setMaxLength(2000)
        self._comment.editingFinished.connect(self._comment_written)
        self._comment.returnPressed.connect(self.finished)
        for words, field in (
            (self.tr("Criterion"), self._criterion),
            (self.tr("Region"), self._region),
            (self.tr("Side"), self._side),
            (self.tr("Confidence"), self._confidence),
            (self.tr("Comment"), self._comment),
        ):
            field.setAccessibleName(words)
            form.addRow(QLabel(words, objectName="quiet"), field)
            if field is self._criterion:
                form.addRow("", self.evidence)
        return form_widget

    # Showing

    @property
    def _lesion(self) -> Lesion | None:
        return self._editor.lesions.get(self._viewer.selected or "")

    def refresh(self) -> None:
        if self._commented != self._viewer.selected:
            self._comment_written()  # typed, and then another lesion clicked
        lesions = list(self._editor.lesions.values())
        self._count.setText(self.tr("LESIONS  {0}").format(sum(lesion.counted for lesion in lesions)))
        self._fill_whose()
        with QSignalBlocker(self._list):
            self._fill_list(lesions)
        lesion = self._lesion
        self._show_label()
        self._details.setEnabled(lesion is not None)
        self._fill_details(lesion)
        self._uptake.setText(self._uptake_words(lesion))

    def propose(self, proposed: bool) -> None:
        """Whether something waits for a digit without being a lesion yet: then the labels' buttons answer, too."""
        if proposed != self._proposed:
            self._proposed = proposed
            self._show_label()

    def _show_label(self) -> None:
        lesion = self._lesion
        for label, button in self._label_buttons.items():
            with QSignalBlocker(button):
                button.setChecked(lesion is not None and lesion.label is label)
            button.setEnabled(lesion is not None or self._proposed)

    def _fill_whose(self) -> None:
        """Own reading first, then the others' there are."""
        readers = self._editor.readers
        self._whose.clear()
        for reader in readers:
            self._whose.addItem(self.tr("{0} (you)").format(reader) if reader == readers[0] else reader, reader)
        self._whose.setVisible(len(readers) > 1)
        if self._editor.reading is not None:
            self._whose.setCurrentIndex(max(self._whose.findData(self._editor.reading.key.reader), 0))

    def _fill_list(self, lesions: list[Lesion]) -> None:
        """Write the rows that are other ones now: each costs the list a new layout."""
        tree, rows = self._list, [self._row(number, lesion) for number, lesion in enumerate(lesions, 1)]
        while tree.topLevelItemCount() > len(rows):
            tree.takeTopLevelItem(tree.topLevelItemCount() - 1)
        while tree.topLevelItemCount() < len(rows):
            tree.addTopLevelItem(QTreeWidgetItem())
        before = [*self._rows[: len(rows)], *[None] * (len(rows) - len(self._rows))]
        self._rows = rows
        current = None
        for number, row in enumerate(rows):
            item = tree.topLevelItem(number)
            assert item is not None
            if row != before[number]:
                row.write(item)
            if row.lesion == self._viewer.selected:
                current = item
        if current is None:
            tree.setCurrentIndex(QModelIndex())
        else:
            tree.setCurrentItem(current)
        for number, row in enumerate(rows):
            item = tree.topLevelItem(number)
            if item is not None and item.isSelected() != (row.lesion in self._viewer.selection):
                item.setSelected(row.lesion in self._viewer.selection)

    def _row(self, number: int, lesion: Lesion) -> _Row:
        letter = resources.table("vocab/labels")[str(lesion.label)]["letter"] if lesion.label else "\u00b7"
        same = self.tr("same as before: carried over, not touched since") if lesion.same_as_before else ""
        colour = theme.current().colour[str(lesion.label) if lesion.label else "unlabelled"]
        words = f"{'=' if lesion.same_as_before else ''}{letter}{number}"
        side = lesion.side if lesion.counted and lesion.side and lesion.side != "midline" else ""
        place = self._place(lesion, "short")
        whole = ", ".join(part for part in (self._place(lesion, "name"), side) if part)
        return _Row(lesion.id, words, same, colour, place, whole, side, " ".join(v[0].upper() for v in lesion.rois))

    def _place(self, lesion: Lesion, name: str) -> str:
        """Where a lesion is, or what a mark "not bone" is. name: "short", where there is one, or "name"."""
        if not lesion.counted:
            return str(self._kinds().get(lesion.criterion or "", {}).get("name", self.tr("not bone")))
        words = resources.table("vocab/regions").get(lesion.region or "", {})
        return words.get(name) or words.get("name") or lesion.region or self.tr("no region")

    @staticmethod
    def _kinds() -> Mapping[str, Any]:
        """What a mark "not bone" may be."""
        return resources.table("vocab/not_bone")

    def _fill_details(self, lesion: Lesion | None) -> None:
        criteria = resources.table("vocab/criteria")
        self._criterion.clear()
        if lesion is not None and not lesion.counted:
            for key, words in self._kinds().items():
                self._criterion.addItem(words["name"], key)
            criteria = {}
        if self._criterion.count() == 0:
            self._criterion.addItem(self.tr("not given"), None)
        for key, words in criteria.items():
            if lesion is not None and lesion.label is not None and words["label"] == str(lesion.label):
                self._criterion.addItem(f"{key}  {words['name']}", key)
                self._criterion.setItemData(self._criterion.count() - 1, words["name"], Qt.ItemDataRole.ToolTipRole)
        for box, value in (
            (self._criterion, lesion.criterion if lesion else None),
            (self._region, lesion.region if lesion else None),
            (self._side, lesion.side if lesion else None),
            (self._confidence, lesion.confidence if lesion else None),
        ):
            box.setCurrentIndex(max(box.findData(value), 0))
            box.setToolTip(box.currentText() if value else "")
        self.evidence.show_lesion(lesion)
        typing = self._comment.hasFocus() and self._comment.isModified() and lesion and lesion.id == self._commented
        if not typing:
            with QSignalBlocker(self._comment):
                self._comment.setText(lesion.comment if lesion else "")
        self._commented = lesion.id if lesion else None

    def _uptake_words(self, lesion: Lesion | None) -> str:
        if lesion is None:
            if not self._editor.lesions:
                return self.tr("Point at hot uptake: the isocontour shows. Click takes it, a digit labels it.")
            return self.tr("Tab selects the next lesion.")
        case = self._viewer.case
        return "" if case is None else "\n".join(case.uptake_words(view, roi) for view, roi in lesion.rois.items())

    # Saying

    def label(self, label: Label | None) -> None:
        """Label all selected lesions; a mark "not bone" gets the kind of what was found there."""
        case, chosen = self._viewer.case, self._viewer.selection
        if chosen and case is not None:
            kinds = {}
            if label is Label.NOT_BONE:
                kinds = {lesion: case.not_bone_kind(self._editor.lesions[lesion]) for lesion in chosen}
            self._editor.label_all(chosen, label, kinds)

    def _label_clicked(self, label: Label) -> None:
        self.label_wanted.emit(label)
        self._show_label()  # where nothing came of it the button must not stay down

    def next_criterion(self) -> None:
        """Step through the criteria of the label."""
        if self._criterion.count() > 1:
            self._criterion.setCurrentIndex((self._criterion.currentIndex() + 1) % self._criterion.count())
            self._criterion_chosen()

    def next_side(self) -> None:
        self._side.setCurrentIndex(self._side.currentIndex() % (self._side.count() - 1) + 1)
        self._side_chosen()

    def choose_region(self) -> None:
        if self._lesion is not None:
            self._region.setFocus()
            self._region.showPopup()

    def write_comment(self) -> None:
        if self._lesion is not None:
            self._comment.setFocus()

    def confidence(self, value: int) -> None:
        if self._lesion is not None:
            self._editor.describe(self._lesion.id, self.tr("Confidence"), confidence=value)

    def _list_chosen(self) -> None:
        """What is selected in the list, the one selected first still first."""
        listed = [item.data(0, Qt.ItemDataRole.UserRole) for item in self._list.selectedItems()]
        before = [lesion for lesion in self._viewer.selection if lesion in listed]
        chosen = (*before, *(lesion for lesion in listed if lesion not in before))
        if chosen:
            self._viewer.select_all(chosen)

    def _describe(self, what: str, field: str, box: QComboBox) -> None:
        if self._lesion is not None:
            self._editor.describe(self._lesion.id, what, **{field: box.currentData()})

    def _criterion_chosen(self) -> None:
        self._describe(self.tr("Criterion"), "criterion", self._criterion)

    def _region_chosen(self) -> None:
        self._describe(self.tr("Region"), "region", self._region)
        self.finished.emit()

    def _side_chosen(self) -> None:
        self._describe(self.tr("Side"), "side", self._side)

    def _confidence_chosen(self) -> None:
        self._describe(self.tr("Confidence"), "confidence", self._confidence)

    def _comment_written(self) -> None:
        """Keep what was typed with the lesion it was typed for, also when another one was selected meanwhile."""
        lesion = self._editor.lesions.get(self._commented or "")
        if lesion is not None and self._comment.isModified() and self._comment.text() != lesion.comment:
            self._comment.setModified(False)
            self._editor.describe(lesion.id, self.tr("Comment"), comment=self._comment.text())
