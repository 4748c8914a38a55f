"""Where the reader is gets onto the disk soon, not once a case; a setting that was chosen at once."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtTest import QTest

from tests.made_scans import make_library
from workstation.app import settings
from workstation.app.workbench import REMEMBERED_AFTER_MS, Workbench


def test_many_places_are_one_write_and_the_last_one_is_kept(qtbot, tmp_path: Path, monkeypatch) -> None:
    home, replaced = tmp_path / "home", []
    rename = os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: (replaced.append(target), rename(source, target)))
    bench = Workbench(home)
    assert REMEMBERED_AFTER_MS <= 5000  # this much of the place a kill may cost
    bench._late.setInterval(100)
    for number in range(50):
        bench.remember(last_scan=f"S{number:03d}")
    assert bench.settings.last_scan == "S049" and not replaced
    qtbot.waitUntil(lambda: len(replaced) == 1)
    assert settings.load(home).last_scan == "S049"
    bench.remember(last_scan="S049")  # nothing new
    QTest.qWait(300)
    assert len(replaced) == 1


def test_what_waits_is_kept_with_a_choice_and_when_the_library_closes(qtbot, tmp_path: Path) -> None:
    home = tmp_path / "home"
    bench = Workbench(home)
    bench.remember(last_scan="S001")
    bench.change_settings(theme="light")
    assert settings.load(home) == bench.settings and bench.settings.last_scan == "S001"
    assert bench.open_library(make_library(tmp_path / "library", 1))
    bench.remember(last_scan="S000", queue_place="{}")
    bench.close_library()
    assert settings.load(home) == bench.settings and bench.settings.last_scan == "S000"
