"""A mistake in the window is told and logged, and the window goes on."""

from __future__ import annotations

import sys

import pytest

from workstation.app.mistakes import tell_mistakes


@pytest.fixture
def told(monkeypatch, tmp_library_home):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    words: list[str] = []
    tell_mistakes(words.append)
    return words


@pytest.mark.logs_errors
def test_a_mistake_is_told_with_the_log_and_without_its_text(told, tmp_library_home, caplog):
    error = KeyError("Doe^Jane")
    sys.excepthook(KeyError, error, None)
    assert "KeyError" in told[0] and "report" in told[0]
    assert "Doe" not in told[0] and "Doe" not in caplog.text
    logs = [file for file in tmp_library_home.rglob("*") if file.is_file()]
    assert logs and all("Doe^Jane" not in file.read_text() for file in logs)


def test_an_error_of_the_world_is_told_in_words(told):
    sys.excepthook(OSError, OSError(28, "No space left on device", "library.db"), None)
    assert "No space left" in told[0]
