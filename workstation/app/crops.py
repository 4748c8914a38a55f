"""Both views cut out around a lesion, in the window its whole scan has, so that crops can be compared."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from workstation.core.lesion import Lesion
from workstation.core.scan import VIEWS, View

if TYPE_CHECKING:
    from workstation.store.library import Library

LEAST = 56  # pixels of a crop's side at least: a lesion is told by the bone around it
_AROUND = 1.8  # sides of a crop in sides of the lesion
_SCANS = 4  # lesions of one scan follow each other

Corner = tuple[int, int]


def side(lesion: Lesion) -> int:
    """How many frame pixels the crops of a lesion are wide and high."""
    largest = max(max(roi.height, roi.width) for roi in lesion.rois.values())
    return max(LEAST, round(largest * _AROUND))


def corners(lesion: Lesion) -> dict[View, Corner]:
    """(row, column) of the first pixel of the crop of each view it is drawn on."""
    half = side(lesion) / 2
    return {
        view: (round(roi.top + roi.height / 2 - half), round(roi.left + roi.width / 2 - half))
        for view, roi in lesion.rois.items()
    }


def name(scan: str, lesion: Lesion) -> str:
    """What `Crops` is asked for; the same crop has the same name, whatever is said of the lesion."""
    return json.dumps([scan, side(lesion), {str(view): corner for view, corner in corners(lesion).items()}])


class Crops:
    """Reads crops, for `LazyPictures`, in its thread. Scans read last stay in memory."""

    def __init__(self) -> None:
        self._scans: OrderedDict[tuple[int, str], Mapping[View, NDArray[np.uint8]]] = OrderedDict()

    def forget(self) -> None:
        self._scans.clear()

    def __call__(self, library: Library, wanted: str) -> QImage:
        """Anterior at the left, posterior at the right, two squares; dark uptake on white, white beyond the frames.

        A view the lesion is not drawn on is cut out at the mirrored place.
        """
        scan, size, given = json.loads(wanted)
        frames = self._frames(library, scan)
        picture = np.full((size, 2 * size), 255, np.uint8)
        for number, view in enumerate(VIEWS):
            if view not in frames:
                continue
            columns = frames[view].shape[1]
            if str(view) in given:
                top, left = given[str(view)]
            else:
                top, left = given[str(view.other)]
                left = columns - left - size
            _cut(frames[view], top, left, picture[:, number * size : (number + 1) * size])
        return QImage(picture.data, 2 * size, size, 2 * size, QImage.Format.Format_Grayscale8).copy()

    def _frames(self, library: Library, scan: str) -> Mapping[View, NDArray[np.uint8]]:
        from workstation.core import body
        from workstation.core.display import bone_window, to_index

        key = (id(library), scan)
        found = self._scans.get(key)
        if found is None:
            frames = library.load(scan).frames
            counts = {view: frame.counts for view, frame in frames.items()}
            bodies = body.bodies(frames)
            masks = {view: facts.body_mask for view, facts in bodies.items()}
            window = bone_window(counts, masks, {view: facts.excluded_mask for view, facts in bodies.items()})
            found = {view: 255 - to_index(pixels, window) for view, pixels in counts.items()}
            self._scans[key] = found
            while len(self._scans) > _SCANS:
                self._scans.popitem(last=False)
        return found


def _cut(frame: NDArray[np.uint8], top: int, left: int, into: NDArray[np.uint8]) -> None:
    """Copy what lies inside the frame."""
    rows, columns = into.shape
    first_row, first_column = max(top, 0), max(left, 0)
    part = frame[first_row : max(top + rows, 0), first_column : max(left + columns, 0)]
    into[first_row - top : first_row - top + part.shape[0], first_column - left :][:, : part.shape[1]] = part
