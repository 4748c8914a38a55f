"""A mistake in the window is told and logged, and the window goes on."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from workstation.app.ahead import Ahead
from workstation.app.lazy_pictures import LazyPictures
from workstation.app.mistakes import tell_mistakes

NAME = "Doe^Jane"  # not in the line that raises, which a traceback shows


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


def nowhere_named(home, caplog) -> None:
    logs = [file for file in home.rglob("*.log") if file.is_file()]
    assert logs and all("Doe" not in file.read_text() and "ValueError" in file.read_text() for file in logs)
    assert "Doe" not in caplog.text and "ValueError" in caplog.text


@pytest.mark.logs_errors
def test_a_mistake_over_a_picture_is_logged_without_its_text(qtbot, tmp_library_home, caplog):
    def read(*_):
        raise ValueError(NAME)

    pictures = LazyPictures(read, 4)
    pictures.show(object())
    with qtbot.waitSignal(pictures.arrived, timeout=10_000):
        pictures.get("S1")
    pictures.close()
    nowhere_named(tmp_library_home, caplog)


@pytest.mark.logs_errors
def test_a_mistake_over_candidates_is_logged_without_its_text(qapp, tmp_library_home, caplog):
    class Unlucky:
        @property
        def candidates(self):
            raise ValueError(NAME)

    reading = SimpleNamespace(opening=SimpleNamespace(connect=id), opened=SimpleNamespace(connect=id), case=None)
    ahead = Ahead(reading)
    ahead._wanted = ("S1",)
    ahead._find(object(), "S1", Unlucky())
    nowhere_named(tmp_library_home, caplog)
