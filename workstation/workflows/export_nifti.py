"""Views and label masks as NIfTI: one slice each, with its spacing and its sides in the header."""

from __future__ import annotations

import gzip
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Reading
from workstation.core.scan import Frame, View
from workstation.workflows.label_map import label_map


def picture(frame: Frame) -> bytes:
    """The counts of one view, (columns, rows, 1) as NIfTI orders its axes."""
    return _volume(frame, frame.counts)


def mask(frame: Frame, reading: Reading) -> bytes:
    """The label mask of one view in the same grid."""
    assert frame.view is not None
    return _volume(frame, label_map(reading, frame.view, (frame.rows, frame.columns)))


def affine_of(frame: Frame, thickness: float = 1.0) -> NDArray[np.float64]:
    """From (column, row, slice) to mm in the world of NIfTI, whose axes point to the patient's right, front and head.

    The anterior view has the right at its first column. Without a known spacing a pixel counts as 1.
    """
    down, across = frame.spacing_mm or (1.0, 1.0)
    to_right = -across if frame.view is View.ANTERIOR else across
    return np.array([[to_right, 0, 0, 0], [0, 0, thickness, 0], [0, -down, 0, 0], [0, 0, 0, 1]], float)


def _volume(frame: Frame, values: NDArray[Any]) -> bytes:
    from nibabel.nifti1 import Nifti1Image

    image: Any = Nifti1Image(np.ascontiguousarray(values.T)[:, :, np.newaxis], affine_of(frame))  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm" if frame.spacing_mm else "unknown")
    image.header["descrip"] = f"{frame.view} view, axes: column, row".encode("ascii")
    return gzip.compress(image.to_bytes(), 6, mtime=0)
