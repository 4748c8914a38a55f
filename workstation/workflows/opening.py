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
