"""A name as it is typed, and the person it means: one spelling for each, however a computer composes its letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.core.people import spelt

if TYPE_CHECKING:
    from workstation.store.library import Library


def meant(library: Library, name: str, scan: str | None = None) -> str:
    """The name as this library writes it already, else with its letters composed.

    Known are people with a role, readers of queues and, with `scan`, the readers of that scan.
    """
    if name.isascii():
        return name
    known = [person.name for person in library.people()] + [queue.reader for queue in library.queues()]
    return spelt(name, known + ([] if scan is None else [key.reader for key in library.readings(scan)]))
