"""Closed or killed inside a queue, the window goes on in it: the case, the lesion, the zoom, and blinded at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made_scans import make_library
from tests.ui.conftest import close_window, open_window
from tests.ui.test_queue import SECRETS, read
from workstation.app import actions, settings
from workstation.core.lesion import ReadingKey
from workstation.core.people import LONGEST, Person, Role
from workstation.store.library import Library

CHILD = """
import json, os, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from tests.ui.test_queue import everything_told, secrets_in
from workstation.core.lesion import Origin
from workstation.core.scan import View
from workstation.core.lesion import Roi
from workstation.ui import main_window

part, folder, home = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])

def begin(window):
    "Sign in, make a queue, answer two cases; draw in the third and look closer."
    page, person = window.queue_page, window.queue_page.person
    window.show_page(2)
    person.name.setEditText("anna")
    person.go.click()
    page.maker.blinded.setChecked(True)
    page.maker.share.setValue(0)
    page.maker.make.click()
    page.progress.resume.click()
    for _ in range(2):
        window.actions_by_id["case.done"].trigger()
    shape = {View.ANTERIOR: Roi(400, 120, 8, 8, b"\\xff" * 8)}
    first = window.read_page.editor.add_lesion(shape, Origin.HAND, None, None)
    window.read_page.editor.add_lesion(shape, Origin.HAND, None, None)
    window.read_page.viewer.select(first)
    window.read_page.viewer.set_viewport(window.read_page.viewer.viewport.zoomed(3.0, 1.0))

def stands(window):
    page = window.read_page
    looked = page.viewer.viewport
    return {"walking": page.queue.walking, "at": page.reading.at, "scan": page.reading.scan,
            "lesion": page.viewer.selected, "viewport": [looked.scale, looked.row, looked.across],
            "line": page.banner._along.text() if page.banner._along.isVisible() else "", "note": window._note.text(),
            "blinded": window.workbench.blinded}

seen = []  # whose readings and what words were there at any moment since the window was made
inner, built = main_window.MainWindow.show, main_window.MainWindow.__init__
def init(self, workbench):
    built(self, workbench)
    page = self.read_page
    def look(*_):
        if page.editor.reading is not None:
            seen.append(page.editor.reading.key.reader)
            seen.extend(page.editor.readers)
        seen.extend(secrets_in(everything_told(self)))
    if part == "again":
        for signal in (page.reading.opening, page.reading.opened, page.editor.edited, page.viewer.marked,
                       workbench.changed):
            signal.connect(look)
def show(self):
    inner(self)
    QTimer.singleShot(0, lambda: act(self))
def act(window):
    if part == "again":
        QApplication.processEvents()
        told = {**stands(window), "seen": sorted(set(seen))}
        window.show_page(1)  # the page's own key changes nothing
        window.actions_by_id["case.done"].trigger()
        told["stepped"] = stands(window)
        window.show_page(0)
        window.read(window.library_page.ids()[0])
        told["left"] = stands(window)
        print(json.dumps(told), flush=True)
        window.close()
        return
    begin(window)
    told = stands(window)
    if part == "close":
        print(json.dumps(told), flush=True)
        window.close()
        return
    QTimer.singleShot(4500, lambda: print(json.dumps(told), flush=True))  # places are kept by now; it is killed here
main_window.MainWindow.show, main_window.MainWindow.__init__ = show, init
sys.exit(main_window.run(folder, None, False))
"""


def start(part: str, folder: Path, home: Path) -> dict[str, object]:
    environment = {**os.environ, "OSTEOSCOPE_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", CHILD, part, str(folder), str(home)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        if part == "kill":
            child.kill()
        assert child.wait(60) == (-signal.SIGKILL if part == "kill" else 0)
    told = json.loads(line)
    assert isinstance(told, dict)
    return told


@pytest.mark.parametrize("how", ["close", "kill"])
def test_after_a_restart_the_window_goes_on_in_the_queue(tmp_path: Path, how: str) -> None:
    folder, home = make_library(tmp_path / "library", 6), tmp_path / "home"
    with_others = Library.open(folder)
    for scan in with_others.ids():
        read(with_others, ReadingKey(scan, "benedict"), 13, 3, SECRETS[-3])
    with_others.tell_role(Person("anna", Role.ANNOTATOR), "x")
    with_others.close()
    before = start(how, folder, home)
    assert before["walking"] and before["at"] == 2 and before["lesion"] and before["blinded"]
    again = start("again", folder, home)
    for name in ("walking", "at", "scan", "lesion", "viewport", "blinded"):
        assert again[name] == before[name], name
    assert again["line"] == "Queue of anna: 4 of 6 left"
    assert again["seen"] == ["anna"]  # at no moment another's reading, or a word of it
    stepped, left = again["stepped"], again["left"]
    assert isinstance(stepped, dict) and isinstance(left, dict)
    assert stepped["walking"] and stepped["at"] == 3 and stepped["line"] == "Queue of anna: 3 of 6 left"
    assert not left["walking"] and not left["line"]
    assert "You have left it for the library's list" in left["note"] and actions.key("page.queue") in left["note"]
    assert settings.load(home).queue_walked == ""


def test_a_long_name_does_not_widen_the_window(qtbot, tmp_path: Path) -> None:
    window = open_window(tmp_path / "home", make_library(tmp_path / "library", 2))
    name = "W" * LONGEST
    window.read_page.queue.sign_in(name)
    window.show_page(2)
    window.queue_page.maker.make.click()
    window.show_page(1)
    wide = window.read_page.banner.minimumSizeHint().width()
    window.resume()
    banner = window.read_page.banner
    assert banner._along.text().endswith("2 of 2 left") and name in banner._along.toolTip()
    assert banner.minimumSizeHint().width() < wide + 300
    close_window(window)
