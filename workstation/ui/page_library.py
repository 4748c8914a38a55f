"""The library: search, filters, the table of scans, import by drop or button, and what to do when it is empty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

import resources
from workstation.app import importing
from workstation.app.jobs import Jobs
from workstation.app.scan_table import COLUMNS, LESIONS, ROW, ScanTable
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.lesion import Progress
from workstation.ui.import_strip import ImportStrip
from workstation.ui.library_invitation import DropHint, Invitation, SidesQuestion
from workstation.ui.scan_delegates import LesionsDelegate, PictureDelegate
from workstation.ui.scan_detail import ScanDetail
from workstation.ui.text_field import TextField

TYPING_PAUSE_MS = 120
ROW_HEIGHT = 64
WIDTHS = (64, 150, 96, 48, 48, 88, 64, 150, 60, 100, 100)


class LibraryPage(QWidget):
    """Everything here is a view of `ScanTable`; the selection survives every refresh."""

    open_scan = Signal(str)

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._jobs = workbench, jobs
        self.table = ScanTable(workbench, self)
        self.detail = ScanDetail(workbench, self.table)
        self.strip = ImportStrip()
        self.sides = SidesQuestion()
        self.invitation = Invitation()
        self._selected: str | None = None
        self.view = self._make_view()
        self._stack = QStackedWidget()
        self._lay_out()
        self._drop_hint = DropHint(self)
        self.setAcceptDrops(True)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.timeout.connect(lambda: self.table.narrow(text=self.search.text().strip()))
        self.search.textChanged.connect(lambda: self._typing.start(TYPING_PAUSE_MS))
        self.table.modelAboutToBeReset.connect(self._remember)
        self.table.modelReset.connect(self._select_again)
        self.table.counted.connect(self._count)
        self.table.dataChanged.connect(lambda: self._show_detail())
        self.detail.open_scan.connect(self.open_scan)
        self.sides.answered.connect(self._import_pictures)
        self.strip.failed.connect(workbench.note)
        self.invitation.files_wanted.connect(self.choose_files)
        self.invitation.folder_wanted.connect(self.choose_folder)
        self.invitation.demo_wanted.connect(self._make_demo)
        workbench.changed.connect(self._changed)
        self._changed(Changes.LIBRARY)
        self._count()

    # Making

    def _make_view(self) -> QTableView:
        view = QTableView()
        view.setModel(self.table)
        view.setAccessibleName(self.tr("Scans"))
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.setTabKeyNavigation(False)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.verticalHeader().hide()
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        view.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = view.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate(WIDTHS):
            view.setColumnWidth(column, width)
        header.setStretchLastSection(True)
        view.setSortingEnabled(False)
        header.sectionClicked.connect(self._sort)
        view.setItemDelegateForColumn(0, PictureDelegate(view))
        view.setItemDelegateForColumn(LESIONS, LesionsDelegate(view))
        view.doubleClicked.connect(self._open_index)
        view.selectionModel().currentRowChanged.connect(lambda now, _before: self._chosen(now))
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._menu)
        return view

    def _lay_out(self) -> None:
        bar = QFrame(objectName="bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        self.search = TextField()
        self.search.setPlaceholderText(self.tr("Search patient, day, scan"))
        self.search.setAccessibleName(self.tr("Search the library"))
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(240)
        tumours = [(words["name"], key) for key, words in resources.table("vocab/tumours").items()]
        self.tumour = self._choice(self.tr("Tumour"), [*tumours, (self.tr("Unknown"), "none")], "tumour")
        self.status = self._choice(
            self.tr("Status"), [(str(status).capitalize(), status) for status in Progress], "status"
        )
        self.labelled = self._choice(
            self.tr("Lesions"), [(self.tr("With lesions"), True), (self.tr("Without lesions"), False)], "labelled"
        )
        self._counted = QLabel(objectName="quiet")
        add = QPushButton(self.tr("Import"))
        menu = QMenu(add)
        menu.addAction(self.tr("Files…"), self.choose_files)
        menu.addAction(self.tr("Folder…"), self.choose_folder)
        add.setMenu(menu)
        self.add = add
        row.addWidget(self.search, 1)
        for box in (self.tumour, self.status, self.labelled):
            row.addWidget(box)
        row.addSpacing(8)
        row.addWidget(self._counted)
        row.addStretch(1)
        row.addWidget(add)
        self._notice = QLabel(objectName="warning")
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        self._notice.setContentsMargins(12, 6, 12, 6)
        scans = QWidget()
        scans_row = QHBoxLayout(scans)
        scans_row.setContentsMargins(0, 0, 0, 0)
        scans_row.setSpacing(1)
        scans_row.addWidget(self.view, 1)
        scans_row.addWidget(self.detail)
        self._stack.addWidget(scans)
        self._stack.addWidget(self.invitation)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (bar, self._notice):
            layout.addWidget(part)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.sides)
        layout.addWidget(self.strip)

    def _choice(self, name: str, values: Sequence[tuple[str, object]], field: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.addItem(self.tr("{0}: all").format(name), None)
        for words, value in values:
            box.addItem(words, value)
        box.setMinimumWidth(128)
        box.activated.connect(lambda: self.table.narrow(**{field: box.currentData()}))
        return box

    # For the window

    def ids(self) -> list[str]:
        """The scans of the list in its order: the worklist of the reading page."""
        return self.table.ids

    def focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def select(self, scan: str) -> None:
        """Select a scan and bring it into sight."""
        self._selected = scan
        self._select_again()

    def choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Import files"))
        self.take_in([Path(name) for name in names])

    def choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Import a folder"))
        self.take_in([Path(name)] if name else [])

    def take_in(self, paths: Sequence[Path]) -> None:
        """Import files, folders or archives; pictures ask for their sides first."""
        if not paths or not self._may_import():
            return
        if importing.are_pictures(paths):
            self.sides.ask(paths)
        else:
            self.strip.follow(importing.start_import(self._workbench, self._jobs, paths))

    def _may_import(self) -> bool:
        if self._workbench.library is None:
            self._workbench.note(self.tr("Open a library first."))
        elif not self._workbench.writable:
            self._workbench.note(self.tr("This library is open read-only here: nothing can be imported into it."))
        elif self.strip.busy:
            self._workbench.note(self.tr("Wait for the import that is under way, or cancel it."))
        else:
            return True
        return False

    def _import_pictures(self, paths: Sequence[Path], sides: str) -> None:
        self.strip.follow(importing.start_import(self._workbench, self._jobs, paths, sides))

    def _make_demo(self) -> None:
        if self._may_import():
            self.strip.follow(importing.start_demo(self._workbench, self._jobs))

    # The list

    def _sort(self, column: int) -> None:
        """A click on a heading sorts by it; the second one turns the order round."""
        field = COLUMNS[column][1]
        header = self.view.horizontalHeader()
        query = self.table.query
        if field is None:
            shown = next((n for n, c in enumerate(COLUMNS) if c[1] == query.sort), -1)
            header.setSortIndicator(shown, header.sortIndicatorOrder())
            return
        descending = query.sort == field and not query.descending
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(column, order)
        self.table.sort(column, order)

    def _remember(self) -> None:
        row = self.view.currentIndex().data(ROW) if self.view.currentIndex().isValid() else None
        if row is not None:
            self._selected = row.scan

    def _select_again(self) -> None:
        if self._selected in self.table.ids:
            index = self.table.index(self.table.ids.index(self._selected), 1)
            self.view.selectionModel().setCurrentIndex(
                index, QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            )
            self.view.scrollTo(index)
        self._show_detail()

    def _chosen(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if row is not None:
            self._selected = row.scan
        self._show_detail()

    def _show_detail(self) -> None:
        index = self.view.currentIndex()
        self.detail.show_row(index.data(ROW) if index.isValid() else None)

    def _open_index(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if row is not None:
            self.open_scan.emit(row.scan)

    def _menu(self, at: object) -> None:
        index = self.view.indexAt(at)  # type: ignore[arg-type]
        row = index.data(ROW) if index.isValid() else None
        if row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open"), lambda: self.open_scan.emit(row.scan))
        swap = menu.addAction(self.tr("Swap anterior and posterior"), self.detail.swap.click)
        swap.setEnabled(self.detail.swap.isVisible() and self.detail.swap.isEnabled())
        menu.popup(self.view.viewport().mapToGlobal(at))  # type: ignore[call-overload]

    def _count(self) -> None:
        shown, there = len(self.table.ids), self.table.total
        words = self.tr("{0:,} scans").format(there) if shown == there else self.tr("{0:,} of {1:,} scans")
        self._counted.setText(words.format(shown, there))
        self._stack.setCurrentIndex(0 if there else 1)
        if there and not self.view.currentIndex().isValid() and shown:
            self.view.selectRow(0)

    def _changed(self, changes: Changes) -> None:
        if not changes & Changes.LIBRARY:
            return
        library = self._workbench.library
        for box in (self.tumour, self.status, self.labelled):
            box.setCurrentIndex(0)
        self.search.clear()
        self.view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.add.setEnabled(self._workbench.writable)
        self.invitation.show_for(library is not None, self._workbench.writable)
        self._notice.setVisible(library is not None and library.read_only)
        if library is not None and library.read_only:
            holder = library.holder
            self._notice.setText(
                self.tr("Open in another program ({0}): you can look, but nothing can be changed here.").format(holder)
                if holder
                else self.tr("Open read-only: you can look, but nothing can be changed here.")
            )

    # Keys and drops

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.view.currentIndex().isValid():
            self._open_index(self.view.currentIndex())
        elif event.text().isalnum() and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.search.setFocus()
            self.search.setText(event.text())
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.mimeData().hasUrls() and self._workbench.writable:
            event.acceptProposedAction()
            self._drop_hint.show_over()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self._drop_hint.hide()
        self.take_in([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()
