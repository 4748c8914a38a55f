"""Opening the library a job is for, with a sentence when it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workstation.workflows.errors import CallError, WorkflowError

if TYPE_CHECKING:
    from workstation.store.library import Library


@contextmanager
def reading(folder: Path) -> Iterator[Library]:
    """A library to look at only; works while another program writes to it."""
    from workstation.store.library import Library

    _is_library(folder)
    library = Library.open(folder, read_only=True)
    try:
        yield library
    finally:
        library.close()


@contextmanager
def seen(folder: Path, whose: str | None = None) -> Iterator[Library]:
    """A library to look at, as who asks may see it. whose: the readings asked for, of somebody or, None, of all."""
    with reading(folder) as library:
        yield as_seen(library, whose)


def as_seen(library: Library, whose: str | None = None, asks: str | None = None) -> Library:
    """The library as somebody may see it who reads it, or asks for one person's readings.

    Who reads blinded is told what they have read themselves, here as in the window. asks: who it is; the window's
    reader, else the account's, if not given. CallError where somebody blinded asks for another's readings.
    """
    from workstation.store.blinded import BlindLibrary
    from workstation.workflows.home import default_reader

    asks = asks or default_reader()
    for name in dict.fromkeys((asks, whose or asks)):
        queue = library.open_queue(name)
        if queue is None or not queue.blinded:
            continue
        if name == asks and whose not in (None, asks):
            raise CallError(f"{asks} reads blinded: until that queue is ended, only readings of {asks} can be seen.")
        return BlindLibrary(library, name)
    return library


def blind_to_others(library: Library) -> str | None:
    """Who sees this library blinded; None where it is seen whole."""
    from workstation.store.blinded import BlindLibrary

    return library.reader if isinstance(library, BlindLibrary) else None


@contextmanager
def writing(folder: Path, make: str | None = None) -> Iterator[Library]:
    """A library to write to. make: the kind ("research" or "clinical") made where there is none yet."""
    from workstation.store.library import DATABASE, Library

    if make is not None and not (folder / DATABASE).exists():
        library = Library.create(folder, make)
    else:
        _is_library(folder)
        library = Library.open(folder)
    try:
        if library.holder is not None:
            raise WorkflowError(
                f"The library {folder} is open in another program ({library.holder}). Close it there, then try again."
            )
        if library.read_only:
            raise WorkflowError(f"Nothing can be written in {folder}. Check its rights, and that its disk is writable.")
        yield library
    finally:
        library.close()


def _is_library(folder: Path) -> None:
    from workstation.store.library import DATABASE

    if not (folder / DATABASE).is_file():
        raise CallError(
            f"{folder} is no library: it holds no {DATABASE}. Name the folder of one, or make one with import."
        )
