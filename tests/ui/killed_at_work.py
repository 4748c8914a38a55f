"""The process that is killed: a window at which the acts it is told are done, one a line.

python -m tests.ui.killed_at_work HOME LIBRARY, acts on standard input as JSON. Whenever the window says that something
was done, what now shows goes to standard output, before anything else is begun.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from tests.ui import at_work
from workstation.app.workbench import Workbench
from workstation.core.edits import Session
from workstation.core.lesion import ReadingKey
from workstation.store.library import Library
from workstation.store.values import ADJUDICATED
from workstation.ui import theme
from workstation.ui.main_window import MainWindow

Stands = dict[str, Any]  # name of a thing -> JSON of how it stands


def of_session(session: Session) -> list[Any]:
    """Lesions, verdict and what adjudication decided; then how many steps can be taken back and done again."""
    lesions = [lesion.to_json() for lesion in session.reading.lesions.values()]
    decided = [edit.decides for edit in session.done]
    return [[lesions, session.reading.verdict.to_json(), decided], len(session.done), len(session.undone)]


def of_library(library: Library, shown: Session | None = None) -> Stands:
    """Everything acts can change. shown: the session on screen, told instead of what the store says of it."""
    stands: Stands = {}
    for scan in at_work.SCANS:
        for reader in (at_work.READER, at_work.JUDGE, ADJUDICATED):
            for of_round in (1, 2):
                key = ReadingKey(scan, reader, of_round)
                same = shown is not None and shown.reading.key == key
                session = shown if same and shown is not None else library.session(key)
                if session.done or session.undone:
                    stands[f"reading {scan} {reader} {of_round}"] = of_session(session)
    for patient in sorted({row.patient for row in library.rows(list(at_work.SCANS))}):
        told = library.clinical_told(patient)
        stands[f"clinical {patient}"] = [told.facts.to_json(), len(told.done), len(told.undone)]
    for reader in (at_work.READER, at_work.JUDGE):
        queues = [[queue.id, queue.blinded, queue.ended] for queue in library.queues(reader)]
        now = library.open_queue(reader)
        done = [] if now is None else [[item.key.scan, item.done] for item in library.queue_items(now.id)]
        stands[f"queue {reader}"] = [queues, done]
    stands["people"] = [[person.name, str(person.role)] for person in library.people()]
    return stands


class Teller:
    def __init__(self, window: MainWindow) -> None:
        self._window, self._last = window, dict[str, str]()

    def tell(self, *_: object) -> None:
        library = self._window.workbench._whole  # a blinded reader's library tells only what they may see
        assert library is not None
        stands = of_library(library, self._window.read_page.editor.session)
        new = {name: text for name, of in stands.items() if self._last.get(name) != (text := json.dumps(of))}
        self._last |= new
        with library._connections.reading() as connection:
            row = connection.execute("SELECT seq, hash FROM history ORDER BY seq DESC LIMIT 1").fetchone()
        self._write({"rows": row[0], "head": row[1], "stands": {name: json.loads(text) for name, text in new.items()}})

    def _write(self, told: object) -> None:
        os.write(1, json.dumps(told).encode() + b"\n")

    def answered(self, act: str) -> None:
        self.tell()
        self._write({"answered": act})


def main(home: Path, folder: Path) -> None:
    application = QApplication([])
    workbench = Workbench(home)
    workbench.sign_in(at_work.READER)
    theme.apply(application, "dark")
    window = MainWindow(workbench)
    assert workbench.open_library(folder)
    window.show()
    window.activateWindow()
    window.read(at_work.SCANS[0])
    teller = Teller(window)
    workbench.changed.connect(teller.tell)
    teller.answered("open")
    for line in sys.stdin:
        act, seed = json.loads(line)
        window.activateWindow()
        at_work.do(window, act, seed)
        teller.answered(act)
    window.close()
    QCoreApplication.processEvents()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
