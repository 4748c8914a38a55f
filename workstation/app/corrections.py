"""What a person knows better than the file: which view is which, where the head is, that the sides were checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.scan import View

if TYPE_CHECKING:
    from workstation.store.library import Library


def confirm_sides(workbench: Workbench, scan: str) -> bool:
    """A person has checked right and left. False, and a note, where it could not be written."""
    return _correct(workbench, lambda library: library.correct(scan, workbench.reader, sides="confirmed"))


def swap_views(workbench: Workbench, scan: str, views: tuple[View, ...]) -> bool:
    """Anterior is posterior and the other way; recognised by "user" from then on."""
    swapped = {view: view.other for view in views}
    return _correct(workbench, lambda library: library.assign_views(scan, swapped, workbench.reader))


def confirm_views(workbench: Workbench, scan: str, views: tuple[View, ...]) -> bool:
    """The views are as assumed; recognised by "user" from then on."""
    same = {view: view for view in views}
    return _correct(workbench, lambda library: library.assign_views(scan, same, workbench.reader))


def turn(workbench: Workbench, scan: str) -> bool:
    """The head is where the feet were; turning again undoes it."""
    return _correct(workbench, lambda library: library.turn(scan, workbench.reader))


def _correct(workbench: Workbench, operation: Callable[[Library], None]) -> bool:
    from workstation.store.errors import LibraryError

    library = workbench.library
    if library is None:
        return False
    if library.read_only:
        workbench.note(
            QCoreApplication.translate(
                "corrections", "This library is open read-only here, so nothing can be changed."
            )
        )
        return False
    try:
        operation(library)
    except LibraryError as error:
        workbench.note(str(error))
        return False
    workbench.changed.emit(Changes.SCANS)
    return True
