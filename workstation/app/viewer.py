"""What the reading page shows: the case, its prior, where the reader looks, what is selected, previewed, proposed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QPointF, QSizeF, Signal
from PySide6.QtGui import QColor, QImage

from workstation.app import pictures, viewport
from workstation.app.case import Case
from workstation.app.editor import Editor
from workstation.app.viewport import Orientation, Viewport
from workstation.core import not_bone
from workstation.core.display import (
    DisplayState,
    PictureFacts,
    Preset,
    Snapshot,
    Window,
    preset_window,
    resolve,
    scale_bar_mm,
    to_index,
)
from workstation.core.geometry import side_letters
from workstation.core.lesion import Lesion, Roi
from workstation.core.scan import VIEWS, Frame, How, View


@dataclass(frozen=True)
class Panel:
    """One picture on the page: a view of the current or the prior scan, at the first or second intensity."""

    view: View
    prior: bool = False
    intense: bool = False


@dataclass(frozen=True)
class Proposal:
    """An ROI proposed on the lesion's other view; Enter takes it."""

    lesion: str
    view: View
    roi: Roi


@dataclass(frozen=True)
class Compared:
    """A reader's outline of a lesion on which readers differ. asked: it is in question now; here: on screen for it."""

    reader: int
    letter: str
    lesion: Lesion
    asked: bool
    here: bool


_UPRIGHT: dict[str, Any] = {"flipped_horizontally": False, "flipped_vertically": False, "quarter_turns": 0}


def _aspect(frame: Frame) -> float:
    return frame.spacing_mm[1] / frame.spacing_mm[0] if frame.spacing_mm else 1.0


class Viewer(QObject):
    """Every change emits one signal: `case_changed`, `looked` (pictures), `marked` (overlay), `selection_changed`,
    `hovered` (the cursor)."""

    case_changed = Signal()
    looked = Signal()
    marked = Signal()
    selection_changed = Signal()
    hovered = Signal()

    def __init__(self, editor: Editor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.editor = editor
        self.case: Case | None = None
        self.prior: Case | None = None
        self.state = DisplayState()
        self.viewport = Viewport()
        self.selected: str | None = None
        self.also: tuple[str, ...] = ()  # selected beside it, in the order they were
        self.moving: dict[str, dict[View, Roi]] = {}
        self.drawn: dict[View, Roi] = {}  # a new lesion's ROI under the hand
        self.draft: dict[View, Roi] = {}  # what the next digit keeps: it stays while the hand does something else
        self.preview: dict[View, Roi] = {}
        self.proposal: Proposal | None = None
        self.compared: tuple[Compared, ...] = ()  # readers' outlines while they are adjudicated
        self.hover_view: View | None = None
        self.hover_at: tuple[float, float] | None = None  # (row, column) in frame coordinates
        self.prior_lesions: Mapping[str, Lesion] = {}
        self.prior_hover: tuple[View, float, float] | None = None  # the cursor on a picture of the prior
        self._images: dict[Hashable, QImage] = {}
        self._marks: dict[View, tuple[Roi, ...]] = {}  # what the reader called no bone
        # Layers are kept by these numbers and never by id(): the address of what is gone is soon another's.
        self._showing = 0  # which case and prior
        self._edition = 0  # which state of the reading
        editor.edited.connect(self._lesions_changed)

    # The case

    def show(self, case: Case | None, prior: Case | None = None) -> None:
        """Show another case: the bone window fits it, nothing is selected, flips are undone."""
        self.case, self.prior = case, prior
        self._showing += 1
        self.viewport = Viewport(row=0.5 if case is None else case.middle_row)
        self.state = replace(self.state, window=None, preset=Preset.BONE, **_UPRIGHT)
        self._images.clear()
        self._clear_marks()
        self.draft = {}
        self.selected = self.hover_view = self.hover_at = None
        self.also = ()
        self.prior_lesions, self.prior_hover = {}, None
        self.case_changed.emit()
        self.selection_changed.emit()

    def show_prior(self, prior: Case | None, lesions: Mapping[str, Lesion] | None = None) -> None:
        """Show the prior beside, with the lesions that were read there; None takes it away."""
        self.prior = prior
        self.prior_lesions, self.prior_hover = lesions or {}, None
        self._showing += 1
        self._images.clear()
        self.case_changed.emit()

    def panels(self) -> tuple[Panel, ...]:
        """The pictures from left to right: the prior first, because it came first."""
        if self.case is None:
            return ()
        now = [Panel(picture.view, intense=picture.intense) for picture in self.snapshot.pictures]
        before = [Panel(view, prior=True) for view in self.prior.scan.views] if self.prior else []
        return (*before, *now)

    def frame(self, panel: Panel) -> Frame:
        case = self.prior if panel.prior else self.case
        assert case is not None
        return case.scan.frames[panel.view]

    def shape(self, panel: Panel) -> tuple[int, int]:
        frame = self.frame(panel)
        return frame.rows, frame.columns

    # Looking

    def fitting_scale(self, size: QSizeF) -> float:
        assert self.case is not None
        rows, columns = self.case.extent
        columns *= max(_aspect(frame) for frame in self.case.scan.frames.values())
        return viewport.fitting_scale(QSizeF(size.width(), size.height() - 8), rows, columns, self.orientation)

    def aspect(self, panel: Panel) -> float:
        """How many rows a column of this panel is wide."""
        return _aspect(self.frame(panel))

    def middle(self, panel: Panel) -> QPointF:
        """The frame point in the middle of a panel; the prior is laid head to head with the current scan."""
        looking = self.viewport
        if panel.prior and self.case is not None and self.prior is not None:
            view = panel.view if panel.view in self.case.scan.frames else panel.view.other
            here = self.case.scan.frames[view]
            ratio = self.prior_ratio(panel)
            row = viewport.middle(looking, view, (here.rows, here.columns)).y()
            from_head = row - self.case.bodies[view].first
            point = viewport.middle(replace(looking, across=looking.across * ratio), panel.view, self.shape(panel))
            point.setY(self.prior.bodies[panel.view].first + from_head * ratio)
            return point
        return viewport.middle(looking, panel.view, self.shape(panel))

    def prior_ratio(self, panel: Panel) -> float:
        """Pixels of this panel per pixel of the current scan, over the same millimetres; 1 for the scan itself."""
        if not panel.prior or self.case is None:
            return 1.0
        mine, other = self.case.scan.frames[self.case.scan.views[0]].spacing_mm, self.frame(panel).spacing_mm
        return mine[0] / other[0] if mine and other else 1.0

    def scale(self, panel: Panel, size: QSizeF) -> float:
        """Screen pixels per frame pixel of this panel; the prior is drawn at the same millimetres."""
        return (self.viewport.scale or self.fitting_scale(size)) / self.prior_ratio(panel)

    def set_viewport(self, value: Viewport) -> None:
        if value != self.viewport:
            self.viewport = value
            self.looked.emit()

    def look_at(self, view: View, at: tuple[float, float]) -> None:
        """Bring a (row, column) place of a view of the case into the middle; the zoom stays."""
        if self.case is None:
            return
        frame = self.case.scan.frames[view]
        across = viewport.towards_left(view) * (at[1] - (frame.columns - 1) / 2)
        self.set_viewport(replace(self.viewport, row=(at[0] + 0.5) / frame.rows, across=across))

    @property
    def facts(self) -> PictureFacts:
        """What presets need to know; pixels under marks "not bone" have no say."""
        assert self.case is not None
        return self.case.facts_without(self._marks)

    def refer_to(self, lesion: Lesion, percent: float) -> None:
        """Full ink at `percent` % of the mean counts of a lesion's ROIs; the window stays when the lesion changes."""
        if self.case is not None:
            facts = self.case.facts_with_reference(lesion)
            window = preset_window(Preset.REFERENCE, facts, percent)
            self.set_state(window=window, preset=Preset.REFERENCE, percent=percent)

    @property
    def snapshot(self) -> Snapshot:
        return resolve(self.state, self.facts)

    @property
    def orientation(self) -> Orientation:
        state = self.state
        return Orientation(state.flipped_horizontally, state.flipped_vertically, state.quarter_turns)

    @property
    def window(self) -> Window:
        """The counts of the first intensity."""
        return Window(0.0, 1.0) if self.case is None else self.snapshot.pictures[0].window

    def set_state(self, **fields: Any) -> None:
        """Another window, colour map, number of frames or turn."""
        state = replace(self.state, **fields)
        if state == self.state:
            return
        frames_changed = state.four_frames != self.state.four_frames
        self.state = state
        self._images.clear()
        if frames_changed:
            self.case_changed.emit()
        else:
            self.looked.emit()

    def window_of(self, panel: Panel) -> Window:
        if self.case is None:
            return self.window
        return next(picture.window for picture in self.snapshot.pictures if picture.intense == panel.intense)

    def place_key(self) -> tuple[Hashable, ...]:
        """What the place of a picture on its panel follows from, the panel's size apart."""
        return self._showing, self.viewport, self.orientation

    def picture_key(self, panel: Panel) -> Hashable:
        state = self.state
        return panel, self._showing, self.window_of(panel), state.gamma, state.colormap, state.inverted

    def image(self, panel: Panel) -> QImage | None:
        key = self.picture_key(panel)
        if key not in self._images:
            table = pictures.colour_table(self.state.colormap, self.state.inverted)
            index = to_index(self.frame(panel).counts, self.window_of(panel), self.state.gamma)
            self._images[key] = pictures.picture(index, table)
        return self._images[key]

    def ground(self, panel: Panel) -> QColor:
        """The colour of no counts, on which side letters must be readable."""
        return QColor(pictures.colour_table(self.state.colormap, self.state.inverted)[0])

    # What stands on a panel's edge

    def panel_title(self, panel: Panel) -> str:
        name = self.tr("Anterior") if panel.view is View.ANTERIOR else self.tr("Posterior")
        if panel.prior and self.prior is not None:
            return self.tr("Prior {0}, {1}").format(self.prior.scan.day or "", name)
        return name

    def how(self, panel: Panel) -> How | None:
        return self.frame(panel).how

    def window_text(self, panel: Panel) -> str:
        window = self.window_of(panel)
        return f"{window.low:.0f}\u2013{window.high:.0f}"

    def edge_letters(self, panel: Panel) -> Mapping[str, str]:
        """Which letter stands at which edge of the picture as it is turned now: {"left": "R", "right": "L"}."""
        turned = self.orientation
        return side_letters(
            panel.view, turned.flipped_horizontally, turned.flipped_vertically, turned.quarter_turns
        )

    def scale_bar(self, panel: Panel, scale: float) -> tuple[float, str] | None:
        """Length in screen pixels and words, or None without pixel spacing."""
        spacing = self.frame(panel).spacing_mm
        if spacing is None:
            return None
        millimetres = scale_bar_mm(spacing[0], scale)  # rows: columns are drawn at the same millimetres
        words = f"{millimetres / 10:g} cm" if millimetres >= 10 else f"{millimetres:g} mm"
        return millimetres / spacing[0] * scale, words

    # Lesions

    def numbered(self, panel: Panel) -> Sequence[tuple[int, Lesion]]:
        """The lesions with the number the list shows, in order."""
        return list(enumerate((self.prior_lesions if panel.prior else self.editor.lesions).values(), 1))

    def resting_key(self, panel: Panel) -> tuple[Hashable, ...]:
        if panel.prior:
            return ("prior", self._showing, self.state.overlays)
        return (self._showing, self._edition, self.selection, tuple(self.moving), self.state.overlays)

    def new_rois(self, view: View) -> Sequence[Roi]:
        return [rois[view] for rois in (self.draft, self.drawn) if view in rois]

    def select(self, lesion: str | None) -> None:
        self.select_all(() if lesion is None else (lesion,))

    @property
    def selection(self) -> tuple[str, ...]:
        """The selected lesions; the first is the one the panel shows, whose label is kept when they merge."""
        return () if self.selected is None else (self.selected, *self.also)

    def select_all(self, lesions: Sequence[str]) -> None:
        """Select these lesions and no others."""
        if tuple(lesions) == self.selection:
            return
        self.selected, self.also = (lesions[0], tuple(lesions[1:])) if lesions else (None, ())
        self.selection_changed.emit()
        self.marked.emit()

    def toggle(self, lesion: str) -> None:
        """Add a lesion to the selection, or take it out again."""
        chosen = self.selection
        self.select_all(tuple(one for one in chosen if one != lesion) if lesion in chosen else (*chosen, lesion))

    def prior_lesion(self) -> str | None:
        """The lesion of the prior under the cursor."""
        return None if self.prior_hover is None else self.lesion_at(*self.prior_hover, self.prior_lesions)

    def lesion_at(
        self, view: View, row: float, column: float, lesions: Mapping[str, Lesion] | None = None
    ) -> str | None:
        """The smallest lesion whose ROI on this view holds the point; of these lesions, else of the reading."""
        hits = []
        for lesion in (self.editor.lesions if lesions is None else lesions).values():
            roi = lesion.rois.get(view)
            if roi is None:
                continue
            r, c = round(row) - roi.top, round(column) - roi.left
            if 0 <= r < roi.height and 0 <= c < roi.width and roi.box[r, c]:
                hits.append((roi.pixels, lesion.id))
        return min(hits)[1] if hits else None

    def step_selection(self, by: int) -> None:
        """Select the next or previous lesion, around the end."""
        ids = list(self.editor.lesions)
        if not ids:
            return
        at = ids.index(self.selected) + by if self.selected in ids else (0 if by > 0 else -1)
        self.select(ids[at % len(ids)])

    def hover(self, view: View | None, at: tuple[float, float] | None) -> None:
        self.hover_view, self.hover_at = view, at
        self.hovered.emit()

    def linked_cursor(self, panel: Panel) -> tuple[float, float] | None:
        """Where the cursor's point lies on another panel: mirrored between the views about the fitted midline."""
        if self.hover_at is None or self.hover_view is None or (panel.view is self.hover_view and not panel.prior):
            return None
        if panel.prior or self.case is None:
            return None
        row, column = self.hover_at
        return self.case.partner_point(self.hover_view, row, column)

    def _clear_marks(self) -> None:
        self.moving, self.drawn, self.preview, self.proposal = {}, {}, {}, None

    def clear_marks(self) -> None:
        """Forget preview, proposal and stroke."""
        self._clear_marks()
        self.marked.emit()

    def _lesions_changed(self) -> None:
        self._edition += 1
        marks = {view: not_bone.marks(self.editor.lesions.values(), view) for view in VIEWS}
        if marks != self._marks:
            self._marks = marks
            self._images.clear()  # the window may be another one now
            self.looked.emit()
        left = tuple(lesion for lesion in self.selection if lesion in self.editor.lesions)
        if left != self.selection:
            self.selected, self.also = (left[0], left[1:]) if left else (None, ())
            self.selection_changed.emit()
        if self.proposal is not None and self.proposal.lesion not in self.editor.lesions:
            self.proposal = None
        self.marked.emit()

