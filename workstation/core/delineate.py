"""The ways an ROI comes to be, in one place: by counts, by hand, and from the other view."""

from workstation.core.drawn import brush_mask, freehand_mask, polygon_mask, polygon_roi
from workstation.core.isocontour import Contour, ContourSpec, isocontour
from workstation.core.partner import Partner, find_partner, mirror, propose_partner

__all__ = [
    "Contour",
    "ContourSpec",
    "Partner",
    "brush_mask",
    "find_partner",
    "freehand_mask",
    "isocontour",
    "mirror",
    "polygon_mask",
    "polygon_roi",
    "propose_partner",
]
