"""A reading's lesions in one view as one picture of whole numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workstation.core.lesion import Reading
from workstation.core.scan import View


def label_map(reading: Reading, view: View, shape: tuple[int, int]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """0 where there is no lesion, else the lesion's place in the reading (1, 2, ...); where two overlap, the later's.

    (rows, columns); uint8 while that is enough.
    """
    values = np.zeros(shape, np.uint16)
    for value, lesion in enumerate(reading.lesions.values(), start=1):
        if view in lesion.rois:
            values[lesion.rois[view].mask(shape)] = value
    return values if len(reading.lesions) > 255 else values.astype(np.uint8)
