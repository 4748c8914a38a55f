"""What the library page says when it is empty, when something is dragged over it, and what it asks."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from workstation.ui import theme


class Invitation(QWidget):
    """The empty library: what to do next."""

    library_wanted = Signal()
    files_wanted = Signal()
    folder_wanted = Signal()
    demo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(objectName="title")
        self._words = QLabel(objectName="quiet")
        self._words.setWordWrap(True)
        for label in (self._title, self._words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setSpacing(8)
        for words, signal, name in (
            (self.tr("Import files…"), self.files_wanted, "primary"),
            (self.tr("Import a folder…"), self.folder_wanted, ""),
            (self.tr("Make simulated scans"), self.demo_wanted, ""),
        ):
            button = QPushButton(words)
            button.setObjectName(name)
            button.clicked.connect(signal)
            row.addWidget(button)
        self._choose = QPushButton(self.tr("Open or make a library…"), objectName="primary")
        self._choose.clicked.connect(self.library_wanted)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch(2)
        layout.addWidget(self._title)
        layout.addLayout(_narrow(self._words))
        layout.addWidget(self._buttons, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._choose, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The place to drop on."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.current()["line"], 1.5, Qt.PenStyle.DashLine))
        last = self._choose if self._choose.isVisible() else self._buttons if self._buttons.isVisible() else self._words
        around = self._title.geometry() | last.geometry()
        middle = self.rect().center().x()
        painter.drawRoundedRect(QRect(middle - 320, around.top() - 40, 640, around.height() + 80), 12, 12)

    def show_for(self, kind: str | None, writable: bool) -> None:
        """kind: of the library, None while none is open. writable: it can be filled here."""
        library = kind is not None
        kept = self.tr("taken in and de-identified") if kind == "research" else self.tr("taken in with their identity")
        self._title.setText(self.tr("This library is empty") if library else self.tr("No library is open"))
        self._words.setText(
            self.tr(
                "Drop DICOM files, folders or zip archives here. Whole-body bone scans are {0}; everything else is "
                "listed with the reason. Or make simulated scans to try things out."
            ).format(kept)
            if library
            else self.tr("A library is a folder. Choose one, or an empty folder to begin a new library in it (Ctrl+O).")
        )
        self._buttons.setVisible(library and writable)
        self._choose.setVisible(not library)


def _narrow(label: QLabel) -> QHBoxLayout:
    """The label in the middle, as wide as a text is comfortable to read and as high as that makes it."""
    label.setMaximumWidth(520)
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(label, 100)
    row.addStretch(1)
    return row


class NothingFound(QWidget):
    """Search and filters leave no scan."""

    clear_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self.tr("No scan matches"), objectName="title")
        words = QLabel(self.tr("Every word of the search must be found, and every filter must hold."))
        words.setObjectName("quiet")
        clear = QPushButton(self.tr("Clear search and filters"))
        clear.clicked.connect(self.clear_wanted)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch(2)
        for part in (title, words, clear):
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)


class Question(QFrame):
    """Asks something in a line over the list: nothing waits for the answer.

    choices: (words, value). leave: the words for doing nothing. narrow: the buttons stand under the words, for a
    column. The answer is what was asked about (the paths of files, say) and the value.
    """

    answered = Signal(object, object)  # what was asked about, value

    def __init__(
        self,
        words: str,
        choices: Sequence[tuple[str, object]],
        leave: str = "",
        parent: QWidget | None = None,
        narrow: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.about: object = None
        self.buttons: dict[object, QPushButton] = {}
        self.words = QLabel(words)
        self.words.setWordWrap(True)
        direction = QBoxLayout.Direction
        whole = QBoxLayout(direction.TopToBottom if narrow else direction.LeftToRight, self)
        whole.setContentsMargins(12, 8, 12, 8)
        whole.setSpacing(8)
        row = QHBoxLayout()
        row.setSpacing(8)
        whole.addWidget(self.words, 1)
        whole.addLayout(row)
        for text, value in choices:
            button = QPushButton(text)
            button.clicked.connect(lambda _=False, chosen=value: self._answer(chosen))
            self.buttons[value] = button
            row.addWidget(button)
        self.leave = QPushButton(leave or self.tr("Leave them out"))
        self.leave.clicked.connect(self.hide)
        row.addWidget(self.leave)
        self.hide()

    def ask(self, about: object) -> None:
        self.about = about
        self.show()

    def _answer(self, value: object) -> None:
        self.hide()
        self.answered.emit(self.about, value)


class DropHint(QWidget):
    """Shown over the page while files hang above it."""

    def __init__(self, page: QWidget) -> None:
        super().__init__(page)
        self._words = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_over(self, writable: bool) -> None:
        """writable: the drop will be taken."""
        self._words = self.tr("Drop to import") if writable else self.tr("Nothing can be imported here")
        parent = self.parentWidget()
        assert parent is not None
        self.setGeometry(QRect(0, 0, parent.width(), parent.height()))
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = theme.current()["window"]
        veil.setAlpha(225)
        painter.fillRect(self.rect(), veil)
        painter.setPen(QPen(theme.current()["accent"], 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(24, 24, -24, -24), 12, 12)
        font = painter.font()
        font.setPixelSize(18)
        painter.setFont(font)
        painter.setPen(theme.current()["text_strong"])
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words)
