"""What every test stands on: no screen, no home folder of the person who runs it, and no error that nobody saw.

Qt warnings fail a test through pytest-qt's log capture (qt_log_level_fail in pyproject.toml); error records of the
logging module and windows left open fail it here.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# `make test` tries the same examples every time, so that it says the same of the same tree; `make soak` wanders.
# No deadline for an example: a machine that is busy with other things says nothing about the code.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("wandering", derandomize=False, deadline=None)
settings.load_profile("wandering" if "soak" in sys.argv else "steady")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(autouse=True, scope="session")
def _home_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings and keys of all tests lie in a folder of this run, never in the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OSTEOSCOPE_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("OSTEOSCOPE_LIBRARY", raising=False)
        yield


@pytest.fixture
def tmp_library_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test alone: settings and the keys of research libraries go into it."""
    home = tmp_path / "osteoscope-home"
    home.mkdir()
    monkeypatch.setenv("OSTEOSCOPE_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def real_scan_path() -> Path:
    """The one real whole-body scan there is: GE, 1024 x 256, anterior only, 3,596,452 counts, maximum 278."""
    import data_store

    return Path(next(iter(data_store.__path__))) / "data" / "JPEG-LL.dcm"


@pytest.fixture(autouse=True)
def _no_error_logged(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An error record fails the test unless it is marked `logs_errors`."""
    yield
    if request.node.get_closest_marker("logs_errors"):
        return
    records = [r for phase in ("setup", "call") for r in caplog.get_records(phase)]
    errors = [f"{r.name}: {r.getMessage()}" for r in records if r.levelno >= logging.ERROR]
    if errors:
        pytest.fail("logged as an error: " + "; ".join(errors))


@pytest.fixture(autouse=True)
def _no_window_left() -> Iterator[None]:
    """Top-level widgets that outlive their test fail it: they would take part in the next one."""
    yield
    left = windows_left()
    if left:
        names = [f"{type(widget).__name__} {widget.objectName()!r}" for widget in left]
        for widget in left:
            widget.deleteLater()
        windows_left()
        pytest.fail("windows left open: " + ", ".join(names))


def windows_left() -> list:
    """The top-level widgets still there once what was asked to be deleted is deleted; Qt's own tooltip is not ours."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return []
    from PySide6.QtCore import QCoreApplication, QEvent

    def left() -> list:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return [w for w in widgets.QApplication.topLevelWidgets() if w.metaObject().className() != "QTipLabel"]

    if left():
        gc.collect()
    return left()
