"""A real main window on a small library, closed and deleted after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.made_scans import make_library, new_scan
from workstation.app.workbench import Workbench
from workstation.store.library import Library
from workstation.ui import theme
from workstation.ui.main_window import MainWindow
from workstation.workflows import identity


@pytest.fixture
def small_library(tmp_path: Path) -> Path:
    return make_library(tmp_path / "library")


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


def open_window(home: Path, library: Path) -> MainWindow:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    workbench = Workbench(home)
    workbench.sign_in("anna")
    theme.apply(application, workbench.settings.theme)
    made = MainWindow(workbench)
    made.resize(1400, 900)
    assert workbench.open_library(library)
    made.show()
    made.activateWindow()  # keys go to the active window only
    QApplication.processEvents()
    return made


def close_window(made: MainWindow) -> None:
    made.close()
    made.deleteLater()
    QApplication.processEvents()
