"""A real main window on a small library, closed and deleted after each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from tests.made_scans import make_library, new_scan
from workstation.app.workbench import Workbench
from workstation.store.library import Library
from workstation.ui import theme
from workstation.ui.main_window import MainWindow
from workstation.workflows import identity


@pytest.fixture(scope="session")
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_library(tmp_path_factory.mktemp("made") / "library")


@pytest.fixture
def small_library(tmp_path: Path, _made_once: Path) -> Path:
    """Four scans nobody has read, in a folder of this test."""
    return Path(shutil.copytree(_made_once, tmp_path / "library"))


@pytest.fixture
def window(qtbot, tmp_path: Path, small_library: Path) -> Iterator[MainWindow]:
    """The window as a user has it after opening the first scan."""
    made = open_window(tmp_path / "home", small_library)
    made.read("S000")
    qtbot.waitExposed(made)
    QApplication.processEvents()
    yield made
    close_window(made)


@pytest.fixture
def begun_window(qtbot, tmp_path: Path, tmp_library_home: Path) -> Iterator[MainWindow]:
    """The window on a library of six scans that was begun on this machine: its key is here."""
    folder = make_library(tmp_path / "library", 0)
    library = Library.open(folder)
    identity.for_import(library)
    library.add_scans([new_scan(number) for number in range(6)])
    library.close()
    made = open_window(tmp_path / "home", folder)
    qtbot.waitExposed(made)
    yield made
    close_window(made)


def open_window(home: Path, library: Path, scan: str | None = None) -> MainWindow:
    """scan: what was read last, on which the window starts."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    workbench = Workbench(home)
    workbench.sign_in("anna")
    if not application.styleSheet() or theme.current().id != workbench.settings.theme:
        theme.apply(application, workbench.settings.theme)  # takes a second, and the dress is on already
    made = MainWindow(workbench)
    made.resize(1400, 900)
    assert workbench.open_library(library)
    if scan is not None:
        made.read(scan)
    made.show()
    made.activateWindow()  # keys go to the active window only
    QApplication.processEvents()
    return made


def close_window(made: MainWindow) -> None:
    """Closed and gone: a window that only waits to be deleted is dressed and told of changes like any other."""
    if not isValid(made):
        return  # the test closed it itself
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
