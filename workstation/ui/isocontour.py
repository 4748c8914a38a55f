"""The isocontour tool: hover shows the contour, click takes it, the wheel sets its fraction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from workstation.app.case import Case
from workstation.core.delineate import Contour, ContourSpec
from workstation.core.lesion import Origin
from workstation.core.scan import View
from workstation.ui.hand import Hand, Modifiers

if TYPE_CHECKING:
    from workstation.ui.canvas import Canvas
    from workstation.ui.tools import Tools

FRACTION_STEP = 0.02


class Isocontour(Hand):
    name = "isocontour"
    adds = True
    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self.spec = ContourSpec()
        self._contour: Contour | None = None
        self._chosen: str | None = None  # the lesion that the last click selected

    def hover(self, canvas: Canvas, row: float, column: float) -> None:
        """Show what a click takes: nothing over a lesion, which it selects."""
        if self._to_select(canvas.panel.view, row, column) is None:
            self._preview(canvas, row, column)
        else:
            self.drop()
            self.tools.changed.emit()

    def _to_select(self, view: View, row: float, column: float) -> str | None:
        """The lesion that a click at a place selects; None where it takes a contour."""
        lesion = None if self.tools.new_next else self.viewer.lesion_at(view, row, column)
        return None if lesion == self.viewer.selected else lesion

    def press(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        """A click inside a lesion selects it; elsewhere it takes the contour. Shift gives it to the selected lesion.

        A click inside the selected lesion outlines it again; after `Tools.start_new_lesion` any click is a new one.
        """
        view = canvas.panel.view
        to_selected = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        lesion = self._to_select(view, row, column)
        if lesion is not None and not to_selected:
            self.viewer.select(lesion)
            self._chosen = lesion
            self.tools.changed.emit()
            return
        self._chosen = None
        again = not self.tools.new_next and self.viewer.lesion_at(view, row, column) is not None
        self._preview(canvas, row, column)
        if self._contour is None:
            return
        self.tools.keep(view, self._contour.roi, Origin.ISOCONTOUR, to_selected or again)
        self._contour = None
        self.viewer.preview = {}
        self.viewer.marked.emit()

    def double_click(self, canvas: Canvas, row: float, column: float, modifiers: Modifiers) -> None:
        """As one click: a second one on the lesion just taken or selected would outline it again."""

    def wheel(self, canvas: Canvas, steps: float) -> bool:
        self.change_fraction(steps * FRACTION_STEP)
        return True

    def change_fraction(self, by: float) -> None:
        self._chosen = None  # its threshold is what counts now
        fraction = min(max(self.spec.fraction + by, 0.1), 0.95)
        self.spec = replace(self.spec, fraction=round(fraction, 3))
        self._again()

    def change_mode(self) -> None:
        self.spec = replace(self.spec, mode="maximum" if self.spec.mode == "background" else "background")
        self._again()

    def leave(self) -> None:
        self.drop()

    def drop(self) -> bool:
        had, self._contour = self._contour is not None, None
        if self.viewer.selected != self._chosen:
            self._chosen = None
        self.viewer.preview = {}
        self.viewer.marked.emit()
        return had

    def _again(self) -> None:
        """Same place, other threshold."""
        view, at = self.viewer.hover_view, self.viewer.hover_at
        if view is not None and at is not None and self.viewer.preview:
            self._show(view, *at)
        self.tools.changed.emit()

    def _preview(self, canvas: Canvas, row: float, column: float) -> None:
        self._show(canvas.panel.view, row, column)

    def _show(self, view: View, row: float, column: float) -> None:
        case = self.viewer.case
        self._contour = None if case is None else self._contour_at(case, view, (row, column))
        self.viewer.preview = {} if self._contour is None else {view: self._contour.roi}
        self.viewer.marked.emit()
        self.tools.changed.emit()

    def _contour_at(self, case: Case, view: View, at: tuple[float, float]) -> Contour | None:
        """The isocontour; in the bladder or the injection site, where no bone is, their outline."""
        return case.contour(view, at, self.spec) or case.organ_at(view, at)

    def words(self) -> str:
        view, at = self.viewer.hover_view, self.viewer.hover_at
        lesion = None if view is None or at is None else self._to_select(view, *at)
        if lesion is not None:
            return self.tools.tr("Click selects {0}. N first draws a new lesion here").format(self.tools.called(lesion))
        selected = self.viewer.selected
        if selected is not None and selected == self._chosen and not self.tools.new_next:
            words = self.tools.tr("{0} is selected: a digit labels it, a click outlines it again")
            return words.format(self.tools.called(selected))
        return self._contour_words()

    def _contour_words(self) -> str:
        if self._contour is not None and self._contour.mode == "organ":
            return self.tools.tr("Bladder or injection site: click takes it, 4 calls it not bone")
        percent = f"{self.spec.fraction * 100:.0f} %"
        if self.spec.mode == "background":
            words = self.tools.tr("Isocontour: {0} from background to peak").format(percent)
        else:
            words = self.tools.tr("Isocontour: {0} of maximum").format(percent)
        if self._contour is not None:
            words += self.tools.tr("  threshold {0:.0f}, peak {1:.0f}, background {2:.0f}").format(
                self._contour.threshold, self._contour.peak, self._contour.background
            )
        return words
