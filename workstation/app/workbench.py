"""What the whole window shares: the open library, who reads, the settings, and the signal that something changed."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from workstation.app import actions
from workstation.app import settings as settings_file
from workstation.app.settings import Settings
from workstation.core.changes import Changes
from workstation.core.lesion import ReadingKey
from workstation.core.people import Role, Task, refusal
from workstation.workflows import home as places

if TYPE_CHECKING:
    from workstation.store.blinded import BlindLibrary
    from workstation.store.library import Library

log = logging.getLogger(__name__)

REMEMBERED_AFTER_MS = 2000  # a place that changes with every case costs one write then, not one a case


class Workbench(QObject):
    """Pages connect to `changed` and refresh what the flag names; nobody calls refresh.

    library: as the reader sees it. While they have a blinded queue that is not ended it holds nobody else's readings.
    """

    changed = Signal(object)  # Changes
    noted = Signal(str)  # a sentence for the foot of the window

    def __init__(self, home: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.home = home if home is not None else places.home()
        self.settings: Settings = settings_file.load(self.home)
        self.library: Library | None = None
        self.blind: BlindLibrary | None = None  # the same, where the reader is blinded
        self._whole: Library | None = None
        self._reader: str | None = None
        self._account = places.default_reader()
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(REMEMBERED_AFTER_MS)
        self._late.timeout.connect(self._keep_settings)

    @property
    def reader(self) -> str:
        """Who reads: the name given at the start, else the one in the settings, else the account's."""
        return self._reader or self.settings.reader or self._account

    @property
    def writable(self) -> bool:
        return self.library is not None and not self.library.read_only

    @property
    def read_only_words(self) -> str:
        """Why nothing can be changed in this library, and what to do, in a sentence or two."""
        holder = None if self.library is None else self.library.holder
        if holder is None:
            return self.tr("This library is open read-only here, so nothing can be changed.")
        words = self.tr(
            "This library is open read-only here, so nothing can be changed: it is being written to by {0}. "
            "When that is closed, open the library again (Ctrl+O)."
        )
        return words.format(holder)

    @property
    def blinded(self) -> bool:
        """Whether the reader must see nobody else's readings, and no Reference."""
        return self.blind is not None

    @property
    def role(self) -> Role | None:
        """What the reader does in this library; None where nobody has said."""
        return None if self.library is None else self.library.role(self.reader)

    def refusal(self, task: Task) -> str | None:
        """Why the reader may not, and the key by which somebody signs in who may; None where they may."""
        words = None if self.library is None else refusal(task, self.reader, self.library.people())
        if words is None:
            return None
        return self.tr("{0} Sign in as one: {1}.").format(words, actions.find("page.queue").key)

    def key(self, scan: str) -> ReadingKey:
        """The reader's own reading of a scan, in the round it is in now."""
        return ReadingKey(scan, self.reader) if self.library is None else self.library.key(scan, self.reader)

    def sign_in(self, reader: str) -> None:
        """Read as `reader` for this start only."""
        before, self._reader = self.reader, reader.strip() or None
        if self._whole is None or self.reader == before:
            self.changed.emit(Changes.READING)
        else:
            self.see_anew()

    def see_anew(self) -> None:
        """Show the library as the reader may see it: somebody signed in, or a queue was made or ended.

        What is on screen may be another's, so every page begins again.
        """
        self._blind()
        if self.library is not None:
            self.changed.emit(Changes.LIBRARY | Changes.SCANS | Changes.READING)

    def _blind(self) -> None:
        self.library, self.blind = self._whole, None
        if self._whole is None:
            return
        queue = self._whole.open_queue(self.reader)
        if queue is not None and queue.blinded:
            from workstation.store.blinded import BlindLibrary

            self.library = self.blind = BlindLibrary(self._whole, self.reader)

    def open_library(self, folder: Path, read_only: bool = False, kind: str = "research") -> bool:
        """Open a library, or make an empty one of that kind where the folder is empty.

        False where it cannot be opened: the reason is noted and the last library stays open.
        """
        from workstation.store.errors import LibraryError
        from workstation.store.library import Library

        here = self.library
        if here is not None and not (here.read_only or read_only) and here.folder.resolve() == folder.resolve():
            return True  # opened beside itself it would find its own writer's lock and open read-only
        try:
            fresh = is_empty(folder) and not read_only
            opened = Library.create(folder, kind) if fresh else Library.open(folder, read_only=read_only)
        except (LibraryError, OSError) as error:
            self.note(str(error))
            return False
        self.close_library()
        self._whole = opened
        self._blind()
        self.change_settings(last_library=str(folder))
        self.changed.emit(Changes.LIBRARY | Changes.SCANS | Changes.READING)
        return True

    def close_library(self) -> None:
        if self._late.isActive():
            self._keep_settings()
        if self.library is not None:
            self.library.close()
            self.library = self.blind = self._whole = None

    def change_settings(self, **values: Any) -> None:
        """Replace settings by name and keep them; a folder that cannot be written only warns."""
        changed = replace(self.settings, **values)
        if changed == self.settings:
            return
        self.settings = changed
        self._keep_settings()
        self.changed.emit(Changes.SETTINGS)

    def remember(self, **values: Any) -> None:
        """Note where the reader is, which no page shows: kept a little later, and when the library is closed."""
        changed = replace(self.settings, **values)
        if changed == self.settings:
            return
        self.settings = changed
        if QCoreApplication.instance() is None:
            self._keep_settings()  # no later comes
        elif not self._late.isActive():
            self._late.start()

    def _keep_settings(self) -> None:
        self._late.stop()
        try:
            settings_file.save(self.settings, self.home)
        except OSError as error:
            log.warning("settings could not be kept: %s", error)

    def note(self, text: str) -> None:
        """Tell the user something that needs no answer."""
        self.noted.emit(text)


def is_empty(folder: Path) -> bool:
    """Whether a library could be made there."""
    return not folder.exists() or not any(folder.iterdir())
