"""Marks of what is hot and no bone: contamination, injection site, bladder. They are no lesions.

They are left out of the window's reference, of counts, and of the tumour burden, where they are the bladder's mask.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from workstation.core.body import BodyFacts
from workstation.core.lesion import Label, Lesion, Mask, Roi
from workstation.core.scan import View

CONTAMINATION, INJECTION, BLADDER = "contamination", "injection", "bladder"
KINDS = (CONTAMINATION, INJECTION, BLADDER)


def marks(lesions: Iterable[Lesion], view: View) -> tuple[Roi, ...]:
    """The ROIs of the marks on a view."""
    return tuple(lesion.rois[view] for lesion in lesions if lesion.label is Label.NOT_BONE and view in lesion.rois)


def marked(lesions: Iterable[Lesion], view: View, shape: tuple[int, int]) -> Mask:
    """All pixels of a view under such a mark, (rows, columns) of `shape`; the `bladder` of `core.burden`."""
    mask = np.zeros(shape, bool)
    for roi in marks(lesions, view):
        mask |= roi.mask(shape)
    return mask


def guess_kind(roi: Roi, body: BodyFacts) -> str:
    """The kind proposed for a mark: that of the organ found where it lies, else contamination."""
    mask = roi.mask(body.shape)
    for kind, organ in ((BLADDER, body.bladder), (INJECTION, body.injection)):
        if organ is not None and (organ.mask(body.shape) & mask).any():
            return kind
    return CONTAMINATION


def organ_at(body: BodyFacts, at: tuple[float, float]) -> Roi | None:
    """The bladder or injection site found at a (row, column) place; None where there is none."""
    row, column = round(at[0]), round(at[1])
    if not (0 <= row < body.shape[0] and 0 <= column < body.shape[1]):
        return None
    organs = (organ for organ in (body.bladder, body.injection) if organ is not None)
    return next((organ for organ in organs if organ.mask(body.shape)[row, column]), None)
