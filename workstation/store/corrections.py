"""Corrections of a scan: what is known of it is changed, with a row of its history, within the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from workstation.store import history, readings, scan_state
from workstation.store.errors import LibraryError
from workstation.store.scan_state import State


def known(connection: sqlite3.Connection, scan: str) -> State:
    state = scan_state.read(connection, scan)
    if state is None:
        raise LibraryError(f"There is no scan {scan} in this library.")
    return state


def correct_within(
    connection: sqlite3.Connection, scan: str, who: str, values: Mapping[str, Any], of: int | None = None
) -> State | None:
    """Change what is known of a scan; the scan as corrected, None where it was so already.

    of: the row of what was told of the patient, where that is why the scan is corrected.
    """
    state = known(connection, scan)
    changed = {name: value for name, value in values.items() if state.get(name) != value}
    if not changed:
        return None
    edit = {"before": {name: state.get(name) for name in changed}, "after": changed}
    corrected = scan_state.after(state, "correct", edit)
    scan_state.replace(connection, scan, corrected)
    history.append(connection, who, scan, "correct", history.canonical(edit), of=of)
    if "excluded" in changed:
        readings.keep_shown(connection, scan)
    return corrected
