"""The guards of conftest.py do catch what they guard against: each is run in a small suite of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
HERE = Path(__file__).resolve().parent


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    shutil.copy(HERE / "conftest.py", pytester.path / "conftest.py")
    shutil.copy(HERE.parent / "pyproject.toml", pytester.path / "pyproject.toml")
    return pytester


def test_guards_catch(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import logging, warnings
        import pytest
        from PySide6.QtCore import qWarning
        from PySide6.QtWidgets import QLabel

        kept = []

        def test_error_logged():
            logging.getLogger("somewhere").error("lost a row")

        @pytest.mark.logs_errors
        def test_error_expected():
            logging.getLogger("somewhere").error("lost a row, as asked")

        def test_window_left(qapp):
            kept.append(QLabel("still here"))

        def test_window_closed(qtbot):
            qtbot.addWidget(QLabel("gone"))

        def test_qt_warns(qapp):
            qWarning("painter not active")

        def test_python_warns():
            warnings.warn("old")
        """
    )
    result = suite.runpytest_subprocess(".", "-v", "-p", "no:cacheprovider")
    for word, test in (
        ("ERROR", "test_error_logged"),
        ("ERROR", "test_window_left"),
        ("FAILED", "test_qt_warns"),
        ("FAILED", "test_python_warns"),
    ):
        result.stdout.fnmatch_lines_random([f"{word} *::{test}*"])
    result.assert_outcomes(passed=4, errors=2, failed=2)
