"""What a workflow cannot do because of the world, in words for the user; mistakes of ours raise as they are."""

from __future__ import annotations


class WorkflowError(Exception):
    """A job cannot be done; the message says what, why and what to do."""


class CallError(WorkflowError):
    """The job was asked for wrongly (no such library, no such scan): asking again will not help, asking right will."""


def in_words(error: BaseException) -> str | None:
    """The sentence to show for an error of the world, of any package; None for a mistake of ours."""
    if isinstance(error, WorkflowError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this. Close other programs and try again."
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        why = error.strerror or "not all of it; perhaps the disk is full"  # numpy's own, which has no number
        return f"A file or folder could not be read or written: {why}{where}."
    # Last, for simulating must not need what a library needs.
    from workstation.dicom.errors import DicomError
    from workstation.store.errors import LibraryError

    return str(error) if isinstance(error, LibraryError | DicomError) else None
