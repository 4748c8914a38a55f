"""The window: a row of pages, the actions and their keys, the note at the foot. Pages do the work."""

from __future__ import annotations

import base64
import logging
import sys
from pathlib import Path

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workstation.app import actions
from workstation.app.interrupts import Interrupts
from workstation.app.jobs import Jobs
from workstation.app.mistakes import tell_mistakes
from workstation.app.workbench import Workbench, is_empty
from workstation.core.changes import Changes
from workstation.ui import theme
from workstation.ui.elided_label import ElidedLabel
from workstation.ui.icons import icon
from workstation.ui.page_library import LibraryPage
from workstation.ui.page_quality import QualityPage
from workstation.ui.page_queue import QueuePage
from workstation.ui.page_read import ReadPage
from workstation.ui.page_train import TrainPage
from workstation.ui.tooltip import plain

log = logging.getLogger(__name__)

NOTE_SHOWN_MS = 8000
PAGES = ("page.library", "page.read", "page.queue", "page.quality", "page.train")
# After how long a thread that computes lets the window on, where Python's own 5 ms would be a third of a frame. [s]
TURN = 1e-4


class MainWindow(QMainWindow):
    """Pages are made once. Single-letter keys belong to the reading page and rest while text is typed."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        sys.setswitchinterval(TURN)
        self.workbench = workbench
        self.setWindowTitle("Osteoscope")
        self.resize(1440, 900)
        self.setMinimumSize(QSize(1120, 640))
        self.jobs = Jobs(self)
        self.library_page = LibraryPage(workbench, self.jobs)
        self.read_page = ReadPage(workbench)
        self.queue_page = QueuePage(workbench, self.jobs, self.read_page.queue, self.library_page.table)
        self.quality_page = QualityPage(workbench, self.jobs)
        self.train_page = TrainPage(workbench, self.jobs)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.library_page)
        self._stack.addWidget(self.read_page)
        self._stack.addWidget(self.queue_page)
        self._stack.addWidget(self.quality_page)
        self._stack.addWidget(self.train_page)
        self.actions_by_id = self._make_actions()
        self._note = ElidedLabel()
        self._note.setObjectName("quiet")
        self._note_timer = QTimer(self)
        self._note_timer.setSingleShot(True)
        self._note_timer.timeout.connect(lambda: self._note.setText(""))
        self.setCentralWidget(self._lay_out())
        self.read_page.bar.fill(self.actions_by_id)
        workbench.noted.connect(self.show_note)
        workbench.changed.connect(self._changed)
        self.library_page.open_scan.connect(self.read)
        self.quality_page.open_lesion.connect(self.read_lesion)
        self.library_page.frozen.connect(self.train_page.trainings.choose_snapshot)
        self.library_page.freezing.train_wanted.connect(lambda: self.show_page(4))
        self.train_page.freeze_wanted.connect(self._snapshot)
        self.queue_page.resume_wanted.connect(self.resume)
        self.queue_page.library_wanted.connect(lambda: self.show_page(0))
        self.read_page.header_wanted.connect(self.show_header)
        self.read_page.editor.edited.connect(self._name_undo)
        if workbench.settings.window:
            self.restoreGeometry(QByteArray(base64.b64decode(workbench.settings.window, validate=False)))
        self._changed(Changes.LIBRARY)

    def _lay_out(self) -> QWidget:
        bar = QFrame(objectName="bar")
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(0)
        self._pages = QButtonGroup(self)
        for number, action_id in enumerate(PAGES):
            button = QToolButton(objectName="page")
            button.setText(actions.find(action_id).name)
            button.setToolTip(self.actions_by_id[action_id].toolTip())
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, page=number: self.show_page(page))
            self._pages.addButton(button, number)
            row.addWidget(button)
        row.addSpacing(16)
        row.addWidget(self._note, 1)
        self._library_name = QLabel(objectName="quiet")
        self._library_name.setTextFormat(Qt.TextFormat.PlainText)
        row.addWidget(self._library_name)
        row.addSpacing(16)
        row.addWidget(QLabel(self.tr("For research only"), objectName="quiet"))
        row.addSpacing(8)
        for action_id in ("page.open_library", "page.keys", "page.theme"):
            button = QToolButton(objectName="tool")
            button.setDefaultAction(self.actions_by_id[action_id])
            button.setIconSize(QSize(20, 20))
            row.addWidget(button)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addWidget(self._stack, 1)
        self._pages.button(0).setChecked(True)
        return whole

    # Actions

    def _make_actions(self) -> dict[str, QAction]:
        handlers = {
            "page.library": lambda: self.show_page(0),
            "page.read": lambda: self.show_page(1),
            "page.queue": lambda: self.show_page(2),
            "page.quality": lambda: self.show_page(3),
            "page.train": lambda: self.show_page(4),
            "page.search": self._search,
            "page.import": self._import,
            "page.import_folder": self._import_folder,
            "page.snapshot": self._snapshot,
            "page.keys": self.show_keys,
            "page.theme": self.change_theme,
            "page.tables": self.show_tables,
            "page.open_library": self._choose_library,
            "page.quit": self.close,
            **self.read_page.handlers,
            **self.quality_page.handlers,
            **self.train_page.handlers,
        }
        made: dict[str, QAction] = {}
        for row in actions.table():
            action = QAction(row.name, self)
            keys = [QKeySequence(row.key)]
            if row.key == "Return":
                keys.append(QKeySequence("Enter"))  # the one of the number pad
            action.setShortcuts(keys)
            action.setToolTip(f"{row.name} ({QKeySequence(row.key).toString(QKeySequence.SequenceFormat.NativeText)})")
            if row.icon:
                action.setIcon(icon(row.icon))
            action.triggered.connect(lambda _=False, handle=handlers[row.id]: handle())
            everywhere = row.id.startswith("page.")
            owner: QWidget = self if everywhere else self.read_page
            if row.id.startswith("sheet."):
                owner = self.quality_page
            if row.id.startswith("learn."):
                owner = self.train_page
            action.setShortcutContext(
                Qt.ShortcutContext.WindowShortcut if everywhere else Qt.ShortcutContext.WidgetWithChildrenShortcut
            )
            owner.addAction(action)
            made[row.id] = action
        return made

    def _name_undo(self) -> None:
        editor = self.read_page.editor
        for action_id, text in (("lesion.undo", editor.undo_text), ("lesion.redo", editor.redo_text)):
            action, row = self.actions_by_id[action_id], actions.find(action_id)
            action.setEnabled(text is not None)
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(plain(f"{row.name}: {text} ({key})") if text else f"{row.name} ({key})")

    # Pages

    def show_page(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        self._pages.button(number).setChecked(True)
        if number == 1:
            if not self.read_page.queue.walking:
                self.read_page.reading.set_worklist(self.library_page.ids())
            self.read_page.give_keys()
            if self.read_page.reading.scan is None:
                self.read_page.reading.step(1)

    def read(self, scan: str) -> None:
        """Open a scan on the reading page, with the library page's list as the worklist."""
        self.read_page.queue.leave()
        self.read_page.open(scan)
        self.show_page(1)
        if self.library_page.table.query.to_adjudicate and not self.read_page.adjudication.active:
            self.read_page.adjudication.begin()  # who asks for those scans means to adjudicate them

    def read_lesion(self, scan: str, reader: str, lesion: str) -> None:
        """Open a scan with one lesion of a reader's reading selected."""
        self.read(scan)
        self.read_page.editor.show_reading_of(reader)
        if lesion in self.read_page.editor.lesions:
            self.read_page.viewer.select(lesion)

    def resume(self) -> bool:
        """Go on with the reader's queue where they were. False where nothing is left."""
        there = self.read_page.queue.resume()
        if there:
            self.show_page(1)
        return there

    def go_on(self) -> None:
        """Where the last start ended: in the reader's queue, else at the last scan, in the library's list."""
        library, last = self.workbench.library, self.workbench.settings.last_scan
        if self.read_page.queue.interrupted and self.resume():
            return
        if last and library is not None and library.rows([last]):
            self.read(last)

    def _search(self) -> None:
        self.show_page(0)
        self.library_page.focus_search()

    def _import(self) -> None:
        self.show_page(0)
        self.library_page.choose_files()

    def _import_folder(self) -> None:
        self.show_page(0)
        self.library_page.choose_folder()

    def _snapshot(self) -> None:
        self.show_page(0)
        self.library_page.ask_snapshot()

    def _choose_library(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Open a library, or an empty folder for a new one"))
        if not folder:
            return
        kind: str | None = "research"
        try:
            if is_empty(Path(folder)):
                kind = self._ask_kind()
        except OSError:
            pass  # opening it says why it cannot be read
        if kind is not None:
            self.workbench.open_library(Path(folder), kind=kind)

    def _ask_kind(self) -> str | None:
        """What the new library is for; it stays so. None where the user thinks better of it."""
        box = QMessageBox(self)
        box.setWindowTitle(self.tr("New library"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(self.tr("This folder is empty: a new library will be made. What is it for?"))
        box.setInformativeText(
            self.tr(
                "Research: every scan is de-identified as it comes in. Clinical: names and identifiers are kept. "
                "This cannot be changed later."
            )
        )
        research = box.addButton(self.tr("Research"), QMessageBox.ButtonRole.AcceptRole)
        clinical = box.addButton(self.tr("Clinical"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(research)
        box.exec()
        chosen = box.clickedButton()
        box.deleteLater()
        return "research" if chosen is research else "clinical" if chosen is clinical else None

    def show_keys(self) -> None:
        from workstation.ui.key_sheet import KeySheet

        if not hasattr(self, "_keys"):
            self._keys = KeySheet(self)
        self._keys.show()
        self._keys.raise_()
        self._keys.search.setFocus()

    def show_header(self, scan: str) -> None:
        from workstation.app.headers import headers
        from workstation.ui.header_viewer import HeaderViewer

        assert self.workbench.library is not None
        HeaderViewer(self.tr("Header of {0}").format(scan), headers(self.workbench.library, scan), self).show()

    def show_tables(self) -> None:
        """Who is in the library, counted now; stays open beside the work."""
        from workstation.ui.tables_view import TablesView

        if self.workbench.library is None:
            self.workbench.note(self.tr("Open a library first."))
        else:
            TablesView(self.workbench, self).show()

    def change_theme(self) -> None:
        name = "light" if theme.current().dark else "dark"
        self.workbench.change_settings(theme=name)

    def show_note(self, text: str) -> None:
        self._note.setText(text)
        self._note.setToolTip(plain(text))
        self._note_timer.start(NOTE_SHOWN_MS)

    def _changed(self, changes: Changes) -> None:
        if changes & Changes.SETTINGS:
            application = QApplication.instance()
            if isinstance(application, QApplication) and theme.current().id != self.workbench.settings.theme:
                theme.apply(application, self.workbench.settings.theme)
                self.read_page.viewer.marked.emit()
                self.read_page.lesions.refresh()  # its letters have the theme's colours
        if changes & Changes.LIBRARY:
            library = self.workbench.library
            if library is None:
                self._library_name.setText(self.tr("no library open"))
            else:
                words = self.tr("{0} ({1})").format(library.folder.name, library.kind)
                if library.read_only:
                    words += self.tr(", read-only")
                self._library_name.setText(self.tr("{0}   reader {1}").format(words, self.workbench.reader))
                self._library_name.setToolTip(plain(str(library.folder)))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.jobs.stop()
        self.library_page.stop()
        self.quality_page.stop()
        self.train_page.stop()
        self.read_page.ahead.close()
        self.read_page.queue.keep_place()
        self.read_page.reading.close()  # keeps what is being typed
        geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        self.workbench.change_settings(window=geometry)
        self.workbench.close_library()
        super().closeEvent(event)


def run(library: Path | None, reader: str | None, read_only: bool) -> int:
    """Open the window and stay until it closes. The exit code is Qt's."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Osteoscope")
    workbench = Workbench()
    if reader:
        workbench.sign_in(reader)
    theme.apply(application, workbench.settings.theme)
    window = MainWindow(workbench)
    tell_mistakes(window.show_note)
    folder = library or (Path(workbench.settings.last_library) if workbench.settings.last_library else None)
    if library is not None and is_empty(library):
        # A mistyped path makes no library: that takes a click, or an import.
        window.show_note(window.tr("There is no library at {0}. Make one with Ctrl+O.").format(library))
    elif folder is not None and workbench.open_library(folder, read_only):
        window.go_on()
    window.show()
    Interrupts(application.closeAllWindows, application)
    return application.exec()
