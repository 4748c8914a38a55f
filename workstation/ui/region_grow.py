"""The region-grow tool: hover shows all that is joined to the cursor's pixel and nearly as hot; the wheel sets how."""

from __future__ import annotations

from workstation.app.case import Case
from workstation.core.delineate import Contour
from workstation.core.scan import View
from workstation.ui.isocontour import Isocontour


class RegionGrow(Isocontour):
    """The isocontour's hand over another region: its share counts between the bone around and the clicked pixel."""

    name = "flood"

    def change_mode(self) -> None:
        """There is one way only."""

    def _contour_at(self, case: Case, view: View, at: tuple[float, float]) -> Contour | None:
        return case.region_grown(view, at, self.spec.fraction)

    def _contour_words(self) -> str:
        words = self.tools.tr("Region grow: from {0:.0f} % between background and the pixel clicked").format(
            self.spec.fraction * 100
        )
        return words + self.tools.tr("  threshold {0:.0f}").format(self._contour.threshold) if self._contour else words
