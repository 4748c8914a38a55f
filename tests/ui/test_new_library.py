"""An empty folder becomes the kind of library that was asked for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox


@pytest.mark.parametrize("answer", ["Research", "Clinical", None])
def test_a_new_library_is_of_the_kind_that_was_chosen(window, tmp_path, monkeypatch, answer):
    folder = tmp_path / "new"
    folder.mkdir()
    before = window.workbench.library
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))

    def choose() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        button = next((b for b in box.buttons() if b.text() == answer), None)
        (button or box.button(QMessageBox.StandardButton.Cancel)).click()

    QTimer.singleShot(100, choose)
    window.actions_by_id["page.open_library"].trigger()
    if answer is None:
        assert window.workbench.library is before and not list(folder.iterdir())
    else:
        assert window.workbench.library.kind == answer.lower()
        assert answer.lower() in window._library_name.text()
