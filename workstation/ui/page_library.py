"""The library: search, filters, the table of scans, import by drop or button, and what to do when it is empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QPoint, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from workstation.app import freezing, importing, many_scans
from workstation.app.freezing import Wanted
from workstation.app.importing import Asks, ImportOptions
from workstation.app.jobs import Job, Jobs
from workstation.app.lazy_pictures import preview, thumbnail
from workstation.app.scan_table import ScanTable
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.ui.import_strip import ImportStrip
from workstation.ui.library_bar import LibraryBar
from workstation.ui.library_invitation import DropHint, Invitation, NothingFound, Question
from workstation.ui.scan_detail import ScanDetail
from workstation.ui.scan_menu import ScanMenu
from workstation.ui.scan_view import ScanView
from workstation.ui.sides_question import SidesQuestion
from workstation.ui.snapshot_strip import SnapshotStrip
from workstation.ui.thumbnails import Thumbnails

THUMBNAILS_KEPT = 800
PREVIEWS_KEPT = 24
SEEN_EVERY_MS = 2000  # the list shows what an import has brought so far


class LibraryPage(QWidget):
    """Wires the parts together: everything here is a view of `ScanTable`."""

    open_scan = Signal(str)
    frozen = Signal(object)  # Path: a data set was made there

    def __init__(self, workbench: Workbench, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._jobs = workbench, jobs
        self.table = ScanTable(workbench, self)
        self.thumbnails = Thumbnails(thumbnail, THUMBNAILS_KEPT, self)
        self.previews = Thumbnails(preview, PREVIEWS_KEPT, self)
        self.bar = LibraryBar(self.table)
        self.search = self.bar.search
        self.view = ScanView(self.table, self.thumbnails)
        self.detail = ScanDetail(workbench, self.previews, self.thumbnails)
        self.strip = ImportStrip()
        self.freezing = SnapshotStrip()
        self.sides = {asks: SidesQuestion(asks) for asks in Asks}
        self.key = Question(
            self.tr(
                "The key of this research library is on another machine: patients and files that are here already "
                "cannot be recognised, and known patients come in under new names."
            ),
            ((self.tr("Import with a new key"), True),),
        )
        self.identity = Question(
            self.tr("This library is clinical: what leaves it carries the patients' own ids and dates."),
            ((self.tr("Export with identity"), True),),
            self.tr("Do not export"),
        )
        self.invitation = Invitation()
        self.nothing = NothingFound()
        self._notice = QLabel(objectName="warning")
        self._stack, self._lists = QStackedWidget(), QStackedWidget()
        self._seen = QElapsedTimer()
        self._options = ImportOptions()  # of the import that waits for the answer about the key
        self._lay_out()
        self._drop_hint = DropHint(self)
        self.setAcceptDrops(True)
        self._connect()
        self._changed(Changes.LIBRARY)
        self._counted()

    def _lay_out(self) -> None:
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        self._notice.setContentsMargins(12, 7, 12, 7)
        self._lists.addWidget(self.view)
        self._lists.addWidget(self.nothing)
        scans = QSplitter(Qt.Orientation.Horizontal)
        scans.setHandleWidth(1)
        scans.setChildrenCollapsible(False)
        scans.addWidget(self._lists)
        scans.addWidget(self.detail)
        scans.setStretchFactor(0, 1)
        scans.setStretchFactor(1, 0)
        self._stack.addWidget(scans)
        self._stack.addWidget(self.invitation)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.bar, self._notice, *self.sides.values(), self.key, self.identity, self.freezing, self.strip):
            layout.addWidget(part)
        layout.addWidget(self._stack, 1)
        self.bar.menu.addAction(self.tr("Files…"), self.choose_files)
        self.bar.menu.addAction(self.tr("Folder…"), self.choose_folder)

    def _connect(self) -> None:
        self.table.counted.connect(self._counted)
        self.table.modelReset.connect(self._show_detail)
        self.table.dataChanged.connect(self._show_detail)
        self.view.selectionModel().currentRowChanged.connect(self._show_detail)
        self.view.opened.connect(self.open_scan)
        self.view.typed.connect(self._search_for)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu_at)
        self.bar.left.connect(self.view.setFocus)
        self.bar.freeze.clicked.connect(self.ask_snapshot)
        self.freezing.wanted.connect(self._freeze)
        self.detail.open_scan.connect(self.open_scan)
        for asks, question in self.sides.items():
            question.answered.connect(partial(self._take_answer, asks))
        self.key.answered.connect(self._take_key)
        self.identity.answered.connect(lambda asked, _yes: self._export(*asked))
        self.strip.failed.connect(self._workbench.note)
        self.strip.asked.connect(self._ask)
        self.nothing.clear_wanted.connect(self.bar.clear)
        self.invitation.files_wanted.connect(self.choose_files)
        self.invitation.folder_wanted.connect(self.choose_folder)
        self.invitation.demo_wanted.connect(self._make_demo)
        self.invitation.library_wanted.connect(self._choose_library)
        self._workbench.changed.connect(self._changed)

    # For the window

    def ids(self) -> list[str]:
        """The scans of the list in its order: the worklist of the reading page."""
        return self.table.ids

    def focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def select(self, scan: str) -> None:
        """Select a scan and bring it into sight."""
        self.view.go_to(scan)

    def stop(self) -> None:
        """The window closes: no picture is read any more."""
        for pictures in (self.thumbnails, self.previews):
            pictures.source.close()

    # Import and export

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
            self._ask({Asks.PICTURE: paths})
        else:
            self._import(paths, ImportOptions())

    def export(self, scans: Sequence[str], form: str) -> None:
        """Export the readings of scans; out of a clinical library nothing goes without a question."""
        library = self._workbench.library
        if library is not None and library.kind == "clinical":
            self.identity.ask((scans, form))
        else:
            self._export(scans, form)

    def _export(self, scans: Sequence[str], form: str) -> None:
        """Export into a folder that the user chooses."""
        if self.strip.busy:
            self._workbench.note(self.tr("Wait for what is under way, or cancel it."))
            return
        name = QFileDialog.getExistingDirectory(self, self.tr("Export into a folder"))
        if name:
            self.strip.follow(importing.start_export(self._workbench, self._jobs, Path(name), form, scans))

    def ask_snapshot(self) -> None:
        """Show what can be chosen of a data set to learn from."""
        if self._workbench.library is None:
            self._workbench.note(self.tr("Open a library first."))
        else:
            self.freezing.ask(freezing.choices(self._workbench))

    def _freeze(self, wanted: Wanted) -> None:
        if self.strip.busy:
            self._workbench.note(self.tr("Wait for what is under way, or cancel it."))
            return
        # Of a dialog for folders only one that is there can be chosen; of this one a new name, which is what is wanted.
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Freeze into a new folder"), "data-set",
            options=QFileDialog.Option.DontConfirmOverwrite,  # nothing is written over: that is refused in words
        )  # fmt: skip
        if name:
            job = freezing.start(self._workbench, self._jobs, Path(name), wanted)
            job.finished.connect(lambda result: self._frozen(Path(name), freezing.told(result)))
            self.freezing.show_result("")
            self.strip.follow(job, self.tr("Cancelled. Nothing was kept, and nobody was sealed."))

    def _frozen(self, folder: Path, words: str) -> None:
        self.freezing.show_result(words, made=True)
        self.frozen.emit(folder)

    def _write(self, make: many_scans.Make, scans: int, changes: Changes) -> None:
        if self.strip.busy:
            self._workbench.note(self.tr("Wait for what is under way, or cancel it."))
            return
        job = many_scans.run(self._workbench, self._jobs, make, scans, changes)
        if job is not None:
            self.strip.follow(job)

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

    def _import(self, paths: Sequence[Path], options: ImportOptions) -> None:
        if not options.new_key and importing.key_is_missing(self._workbench):
            self._options = options
            self.key.ask(paths)
        else:
            self._follow(importing.start_import(self._workbench, self._jobs, paths, options))

    def _ask(self, files: Mapping[Asks, Sequence[Path]]) -> None:
        for asks, paths in files.items():
            self.sides[asks].ask_also(paths)

    def _take_answer(self, asks: Asks, paths: Sequence[Path], sides: str) -> None:
        """What was said of pictures says nothing of objects that came along with them."""
        if self._may_import():
            self._import(paths, ImportOptions(sides=sides, pictures_only=asks is Asks.PICTURE))
        else:
            self.sides[asks].show()

    def _take_key(self, paths: Sequence[Path]) -> None:
        if self._may_import():
            self._import(paths, replace(self._options, new_key=True))
        else:
            self.key.show()

    def _make_demo(self) -> None:
        if self._may_import():
            self._follow(importing.start_demo(self._workbench, self._jobs))

    def _follow(self, job: Job) -> None:
        self._seen.start()
        job.progressed.connect(self._show_what_came)
        self.strip.follow(job)

    def _show_what_came(self) -> None:
        """The list fills while the import goes on."""
        if self._seen.hasExpired(SEEN_EVERY_MS):
            self._seen.start()
            self.table.count()
            self.table.ask()

    def _choose_library(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Open a library, or an empty folder for a new one"))
        if folder:
            self._workbench.open_library(Path(folder))

    # The list

    def _search_for(self, text: str) -> None:
        self.search.setFocus()
        self.search.setText(text)

    def _show_detail(self) -> None:
        self.detail.show_row(self.view.current())

    def _menu_at(self, at: QPoint) -> None:
        menu = self.menu()
        if menu is not None:
            menu.popup(self.view.viewport().mapToGlobal(at))

    def menu(self) -> ScanMenu | None:
        """The menu of the selected scans; None where there are none."""
        row, scans = self.view.current(), self.view.selected()
        if row is None or not scans:
            return None
        menu = ScanMenu(self._workbench, row, scans, self)
        menu.open_wanted.connect(self.open_scan)
        menu.export_wanted.connect(self.export)
        menu.write_wanted.connect(self._write)
        if self.strip.has_result:
            menu.addSeparator()
            menu.addAction(self.tr("Show the last import"), self.strip.show_again)
        return menu

    def _counted(self) -> None:
        self._stack.setCurrentIndex(0 if self.table.total else 1)
        self._lists.setCurrentIndex(0 if self.table.ids or not self.table.total else 1)
        self.detail.setVisible(bool(self.table.ids))

    def _changed(self, changes: Changes) -> None:
        library = self._workbench.library
        if changes & Changes.SETTINGS:
            for pictures in (self.thumbnails, self.previews):
                pictures.inverted = self._workbench.settings.inverted
        if changes & (Changes.SCANS | Changes.LIBRARY):
            for pictures in (self.thumbnails, self.previews):
                pictures.refresh(self._workbench)
        if changes & Changes.LIBRARY:
            self.strip.leave()
            for question in (*self.sides.values(), self.key, self.identity, self.freezing):
                question.hide()
            self.bar.freeze.setEnabled(library is not None)
            self.bar.reset(self._workbench.writable)
            self.invitation.show_for(None if library is None else library.kind, self._workbench.writable)
            self._notice.setText(self._read_only_words())
            self._notice.setVisible(bool(self._notice.text()))

    def _read_only_words(self) -> str:
        library = self._workbench.library
        if library is None or not library.read_only:
            return ""
        if library.holder:
            return self.tr("Open in another program ({0}): you can look, but nothing can be changed here.").format(
                library.holder
            )
        return self.tr("Open read-only: you can look, but nothing can be changed here.")

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        self.table.look(True)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        self.table.look(False)
        super().hideEvent(event)

    # Drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._drop_hint.show_over(self._workbench.writable)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self._drop_hint.hide()
        self.take_in([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()
