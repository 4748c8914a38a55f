"""How far two delineations lie on each other: Dice, over both views at once."""

from __future__ import annotations

from workstation.core.lesion import Lesion, Roi
from workstation.core.scan import VIEWS


def common_pixels(one: Roi | None, other: Roi | None) -> int:
    """Pixels that belong to both ROIs of one view."""
    if one is None or other is None:
        return 0
    top, left = max(one.top, other.top), max(one.left, other.left)
    bottom = min(one.top + one.height, other.top + other.height)
    right = min(one.left + one.width, other.left + other.width)
    if bottom <= top or right <= left:
        return 0
    a = one.box[top - one.top : bottom - one.top, left - one.left : right - one.left]
    b = other.box[top - other.top : bottom - other.top, left - other.left : right - other.left]
    return int((a & b).sum())


def dice(one: Lesion | None, other: Lesion | None) -> float:
    """Dice of two lesions, the pixels of both views taken together: 2 |A and B| / (|A| + |B|).

    None is a lesion without pixels; nothing against nothing is 1, something against nothing 0.
    """
    mine, theirs = _pixels(one), _pixels(other)
    if mine + theirs == 0:
        return 1.0
    if one is None or other is None:
        return 0.0
    both = sum(common_pixels(one.rois.get(view), other.rois.get(view)) for view in VIEWS)
    return 2.0 * both / (mine + theirs)


def _pixels(lesion: Lesion | None) -> int:
    return 0 if lesion is None else sum(roi.pixels for roi in lesion.rois.values())
