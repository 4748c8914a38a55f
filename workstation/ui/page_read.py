"""The reading page: case list, banner, pictures, lesions. It wires parts together and holds no rules of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QSplitter, QVBoxLayout, QWidget

from workstation.app import pictures
from workstation.app.adjudication import Adjudication
from workstation.app.ahead import Ahead
from workstation.app.carrying import Carrying
from workstation.app.editor import Editor
from workstation.app.one_hand import OneHand
from workstation.app.queue import WorkQueue
from workstation.app.reading import Reading
from workstation.app.reshaping import Reshaping
from workstation.app.viewer import Viewer
from workstation.app.viewport import Viewport
from workstation.app.workbench import Workbench
from workstation.core.display import Preset, Window
from workstation.core.exclusion import REASONS
from workstation.core.lesion import Label, Progress
from workstation.ui.adjudication_panel import AdjudicationPanel
from workstation.ui.ai_panel import AiPanel
from workstation.ui.banner import Banner
from workstation.ui.canvas import Canvas
from workstation.ui.case_list import CaseList
from workstation.ui.clinical_panel import ClinicalPanel
from workstation.ui.drawing import Brush
from workstation.ui.foot import Foot
from workstation.ui.hand import Ruler
from workstation.ui.isocontour import FRACTION_STEP, Isocontour
from workstation.ui.lesion_panel import LesionPanel
from workstation.ui.tool_bar import ToolBar
from workstation.ui.tools import HIGHEST, ZOOM_STEP, Tools
from workstation.ui.verdict_panel import VerdictPanel

PAN_STEP = 60.0  # screen pixels
REFERENCE_PERCENTS = (100.0, 150.0, 200.0, 300.0)


class ReadPage(QWidget):
    """Built once; showing another case only swaps what the viewer holds."""

    header_wanted = Signal(str)  # scan id
    library_wanted = Signal()

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workbench = workbench
        self.editor = Editor(workbench, self)
        self.viewer = Viewer(self.editor, self)
        self.tools = Tools(self.viewer, self.editor, self)
        self.reading = Reading(workbench, self.viewer, self.editor, self)
        self.queue = WorkQueue(workbench, self.reading, self.viewer, self)
        self.reshaping = Reshaping(self.viewer, self.editor, self)
        self.ahead = Ahead(self.reading, self)
        self.one_hand = OneHand(self.viewer, self.editor, self.tools.drafting, self.ahead, self)
        self.carrying = Carrying(workbench, self.viewer, self.editor, self)
        self.canvases: list[Canvas] = []
        self.banner = Banner(self.reading, self.queue)
        self.bar = ToolBar(self.tools)
        self.foot = Foot(self.viewer, self.tools, self.one_hand)
        self.cases = CaseList(self.reading)
        self.lesions = LesionPanel(self.viewer, self.editor)
        self.verdict = VerdictPanel(self.viewer, self.editor)
        self.clinical = ClinicalPanel(self.editor, workbench)
        self.adjudication = Adjudication(workbench, self.viewer, self.editor, self.reading, self)
        self.judging = AdjudicationPanel(self.adjudication)
        self._frames = QWidget()
        self._frames_layout = QHBoxLayout(self._frames)
        self._frames_layout.setContentsMargins(0, 0, 0, 0)
        self._frames_layout.setSpacing(2)
        self._lay_out()
        self.handlers: dict[str, Callable[[], object]] = self._handlers()
        self.viewer.case_changed.connect(self._rebuild_frames)
        for signal in (self.viewer.looked, self.viewer.marked, self.viewer.hovered):
            signal.connect(self._repaint)
        drafts = (self.tools.drafting.told, self.one_hand.told, self.adjudication.told)
        for words in (self.editor.refused, self.reshaping.told, self.carrying.told, *drafts):
            words.connect(workbench.note)
        self.adjudication.changed.connect(self._judging)
        self.reading.opened.connect(self.tools.forget)
        self.tools.menu_wanted.connect(self._lesion_menu)
        self.tools.touched.connect(self.give_keys)  # canvases come and go; the keys stay with the page
        self.lesions.finished.connect(self.give_keys)
        self.lesions.label_wanted.connect(self._label)
        self.one_hand.changed.connect(self._proposed)
        self.viewer.selection_changed.connect(self._proposed)
        self.verdict.finished.connect(self.give_keys)
        self.clinical.finished.connect(self.give_keys)
        self._take_settings()
        self.tools.changed.connect(self._keep_settings)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _take_settings(self) -> None:
        settings = self.workbench.settings
        if settings.isocontour_mode != self._isocontour.spec.mode:
            self._isocontour.change_mode()
        for brush in self._brushes():
            brush.change_radius(settings.brush_radius / brush.radius)

    def _keep_settings(self) -> None:
        """Tool sizes and modes are found again at the next start."""
        self.workbench.change_settings(
            isocontour_mode=self._isocontour.spec.mode, brush_radius=self._brushes()[0].radius
        )

    def _lay_out(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.bar)
        column.addWidget(self._frames, 1)
        column.addWidget(self.foot)
        right = QFrame(objectName="panel")
        right_column = QVBoxLayout(right)
        right_column.setContentsMargins(0, 0, 0, 0)
        right_column.setSpacing(0)
        right_column.addWidget(self.judging)
        right_column.addWidget(self.lesions, 1)
        right_column.addWidget(_line())
        right_column.addWidget(self.verdict)
        right_column.addWidget(_line())
        self._beside = QWidget()
        beside = QVBoxLayout(self._beside)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(0)
        beside.addWidget(self.clinical)
        beside.addWidget(_line())
        beside.addWidget(AiPanel())
        right_column.addWidget(self._beside)
        column_area = QScrollArea(objectName="panel")  # on a low screen the column scrolls, and nothing is crushed
        column_area.setWidgetResizable(True)
        column_area.setFrameShape(QFrame.Shape.NoFrame)
        column_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column_area.setWidget(right)
        column_area.setMinimumWidth(304)
        column_area.setMaximumWidth(420)
        self.clinical.unfolded.connect(
            lambda: QTimer.singleShot(0, self.clinical, lambda: column_area.ensureWidgetVisible(self.clinical, 0, 0))
        )
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        for part in (self.cases, middle, column_area):
            splitter.addWidget(part)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([220, 1000, 300])
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    # What is shown

    def open(self, scan: str) -> None:
        self.reading.open(scan)
        self.give_keys()

    def give_keys(self) -> None:
        """Let the keys go to the pictures again."""
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _rebuild_frames(self) -> None:
        panels = self.viewer.panels()
        if [canvas.panel for canvas in self.canvases] != list(panels):
            for canvas in self.canvases:
                self._frames_layout.removeWidget(canvas)
                canvas.hide()  # it goes when events come round again; until then it paints nothing
                canvas.setEnabled(False)  # and hears nothing: the mouse may still be held on it
                canvas.deleteLater()
            self.canvases = [Canvas(self.viewer, self.tools, panel) for panel in panels]
            for canvas in self.canvases:
                self._frames_layout.addWidget(canvas, 1)
        self._repaint()

    def _repaint(self) -> None:
        panels = self.viewer.panels()  # another case may be there before its canvases are
        for canvas in self.canvases:
            if canvas.panel in panels:
                canvas.refresh()

    def canvas_under_cursor(self) -> Canvas | None:
        """The canvas the cursor is over, else the first of the current scan."""
        for canvas in self.canvases:
            if canvas.panel.view is self.viewer.hover_view and not canvas.panel.prior:
                return canvas
        return next((canvas for canvas in self.canvases if not canvas.panel.prior), None)

    # What the keys do

    def _handlers(self) -> dict[str, Callable[[], object]]:
        reading, viewer, tools = self.reading, self.viewer, self.tools
        table: dict[str, Callable[[], object]] = {
            "page.header": self._want_header,
            "case.next": lambda: reading.step(1),
            "case.previous": lambda: reading.step(-1),
            "case.prior": reading.toggle_prior,
            "case.done": self._toggle_done,
            "case.diffuse": lambda: self.verdict.diffuse.click(),
            "case.sides": reading.confirm_sides,
            "case.swap": reading.swap_views,
            "case.turn": reading.turn,
            "case.comment": self.verdict.write_comment,
            "case.whose": self.editor.show_next_reading,
            "tool.smaller": lambda: self._resize_brush(1 / 1.25),
            "tool.larger": lambda: self._resize_brush(1.25),
            "tool.less": lambda: self._threshold(-FRACTION_STEP),
            "tool.more": lambda: self._threshold(FRACTION_STEP),
            "tool.mode": self._isocontour.change_mode,
            "tool.brush_threshold": self._brush_threshold,
            "tool.new_lesion": tools.start_new_lesion,
            "lesion.malignant": lambda: self._label(Label.MALIGNANT),
            "lesion.benign": lambda: self._label(Label.BENIGN),
            "lesion.uncertain": lambda: self._label(Label.UNCERTAIN),
            "lesion.not_bone": lambda: self._label(Label.NOT_BONE),
            "lesion.unlabelled": lambda: self.lesions.label(None),
            "lesion.accept": lambda: tools.hand.finish() or tools.drafting.accept(),
            "lesion.dismiss": self._dismiss,
            "lesion.delete": self._delete,
            "lesion.delete_roi": self._delete_roi,
            "lesion.next_lesion": lambda: self._step_selection(1),
            "lesion.previous_lesion": lambda: self._step_selection(-1),
            "lesion.criterion": self.lesions.next_criterion,
            "lesion.region": self.lesions.choose_region,
            "lesion.side": self.lesions.next_side,
            "lesion.comment": self.lesions.write_comment,
            "lesion.undo": self.editor.undo,
            "lesion.redo": self.editor.redo,
            "shape.grow": self.reshaping.grow,
            "shape.grow_more": lambda: self.reshaping.grow(3),
            "shape.shrink": self.reshaping.shrink,
            "shape.shrink_more": lambda: self.reshaping.shrink(3),
            "shape.split": self.reshaping.split,
            "shape.split_neighbours": self.reshaping.split_neighbours,
            "shape.merge": self.reshaping.merge,
            "shape.smooth": self.reshaping.smooth,
            "shape.fill": self.reshaping.fill,
            "prior.all": self.carrying.all,
            "prior.one": self.carrying.one,
            "hand.next": self.one_hand.next,
            "hand.skip": self.one_hand.skip,
            "look.fit": lambda: viewer.set_viewport(
                Viewport(row=viewer.case.middle_row if viewer.case else 0.5)
            ),
            "look.zoom_in": lambda: self._zoom(ZOOM_STEP),
            "look.zoom_out": lambda: self._zoom(1 / ZOOM_STEP),
            "look.up": lambda: self._pan(0, PAN_STEP),
            "look.down": lambda: self._pan(0, -PAN_STEP),
            "look.left": lambda: self._pan(PAN_STEP, 0),
            "look.right": lambda: self._pan(-PAN_STEP, 0),
            "look.four": lambda: self._look(four_frames=not viewer.state.four_frames),
            "look.invert": lambda: self._look(inverted=not viewer.state.inverted),
            "look.colormap": self._next_colormap,
            "look.flip_horizontal": lambda: viewer.set_state(
                flipped_horizontally=not viewer.state.flipped_horizontally
            ),
            "look.flip_vertical": lambda: viewer.set_state(flipped_vertically=not viewer.state.flipped_vertically),
            "look.rotate": lambda: viewer.set_state(quarter_turns=(viewer.state.quarter_turns + 1) % 4),
            "look.outlines": lambda: viewer.set_state(overlays=not viewer.state.overlays),
            "look.window_bone": lambda: viewer.set_state(window=None, preset=Preset.BONE),
            "look.window_soft": lambda: viewer.set_state(window=None, preset=Preset.SOFT),
            "look.window_full": lambda: viewer.set_state(window=None, preset=Preset.FULL),
            "look.window_reference": self._refer,
            "look.brighter": lambda: self._scale_window(1 / 1.1),
            "look.fainter": lambda: self._scale_window(1.1),
        }
        table |= {
            f"case.exclude_{key}": partial(self.editor.exclude, reason)
            for key, reason in zip(("injection", "quality", "tumour", "follow_up"), REASONS[:4], strict=True)
        }
        table |= {"case.clinical": self.clinical.toggle, "case.clinical_undo": self.clinical.undo}
        table |= {f"case.grade_{grade}": partial(self.verdict.grade, grade) for grade in range(4)}
        table |= {f"lesion.confidence_{value}": partial(self._confidence, value) for value in (1, 2, 3)}
        table |= {f"tool.{name}": partial(self._take, name) for name in tools.hands}
        table |= self.judging.handlers(table["hand.next"], table["hand.skip"])
        return table

    def _proposed(self) -> None:
        """The labels' buttons answer where their digits do."""
        asked = self.adjudication.current
        asking = asked is not None and asked.group is not None and self.viewer.selected is None
        self.lesions.propose(self.one_hand.draft is not None or asking)

    def _judging(self) -> None:
        """One thing at a time: candidates, and what is not asked, rest while readers are adjudicated."""
        if self.adjudication.active:
            self.one_hand.leave()
        self._beside.setVisible(not self.adjudication.active)
        asked = self.adjudication.current
        self.verdict.setVisible(not self.adjudication.active or asked is None or asked.group is None)
        self._proposed()

    def _want_header(self) -> None:
        if self.reading.scan is not None:
            self.header_wanted.emit(self.reading.scan)

    @property
    def _isocontour(self) -> Isocontour:
        hand = self.tools.hands["isocontour"]
        assert isinstance(hand, Isocontour)
        return hand

    def _take(self, name: str) -> None:
        self.tools.take(name)
        for canvas in self.canvases:
            if not canvas.panel.prior:
                canvas.setCursor(self.tools.hand.cursor)

    def _label(self, label: Label) -> None:
        if not (self.adjudication.call(label) or self.one_hand.keep(label)):
            self.lesions.label(label)

    def _confidence(self, value: int) -> None:
        if not self.one_hand.confidence(value):
            self.lesions.confidence(value)

    def _step_selection(self, by: int) -> None:
        """Select the next lesion; where no picture shows its middle, look there, as near as before."""
        self.viewer.step_selection(by)
        lesion = self.editor.lesions.get(self.viewer.selected or "")
        if lesion is None:
            return
        places = {
            canvas: lesion.rois[canvas.panel.view].centre
            for canvas in self.canvases
            if not canvas.panel.prior and canvas.panel.view in lesion.rois
        }
        seen = (
            canvas.rect().contains(canvas.transform.map(QPointF(column, row)).toPoint())
            for canvas, (row, column) in places.items()
        )
        if places and not any(seen):
            canvas, place = next(iter(places.items()))
            self.viewer.look_at(canvas.panel.view, place)

    def _dismiss(self) -> None:
        """One thing a press: the one-hand loop, the stroke, the proposal, "new lesion next", then the selection."""
        if self.one_hand.leave():
            return
        if self.tools.hand.drop() and not isinstance(self.tools.hand, Isocontour | Ruler):
            return
        if not self.tools.drafting.dismiss() and not self.tools.end_new_lesion():
            self.viewer.select(None)

    def _delete(self) -> None:
        if self.viewer.selection:
            self.editor.delete(*self.viewer.selection)

    def _delete_roi(self) -> None:
        """Only where the cursor says which view is meant."""
        view, selected = self.viewer.hover_view, self.viewer.selected
        if selected is not None and view is not None:
            self.editor.set_roi(selected, view, None, self.tr("Delete ROI"))

    def _toggle_done(self) -> None:
        reading = self.editor.reading
        if reading is not None:
            done = reading.verdict.progress is Progress.DONE
            if self.editor.progress(Progress.IN_PROGRESS if done else Progress.DONE) and not done:
                self.reading.step(1)

    def _brushes(self) -> list[Brush]:
        return [hand for hand in self.tools.hands.values() if isinstance(hand, Brush)]

    def _resize_brush(self, factor: float) -> None:
        for brush in self._brushes():
            brush.change_radius(factor)

    def _brush_threshold(self) -> None:
        """Take the count threshold from the cursor: paint only what is at least as hot; again to paint all."""
        brushes = self._brushes()
        at, view = self.viewer.hover_at, self.viewer.hover_view
        counts = None
        if brushes[0].above is None and self.viewer.case is not None and at is not None and view is not None:
            counts = self.viewer.case.smoothed_at(view, *at)
        for brush in brushes:
            brush.change_threshold(counts)

    def _threshold(self, by: float) -> None:
        hand = self.tools.hand
        (hand if isinstance(hand, Isocontour) else self._isocontour).change_fraction(by)

    def _zoom(self, factor: float) -> None:
        canvas = self.canvas_under_cursor()
        if canvas is not None:
            self.tools.zoom(canvas, factor)

    def _pan(self, x: float, y: float) -> None:
        canvas = self.canvas_under_cursor()
        if canvas is not None:
            self.tools.pan(canvas, QPointF(x, y))

    def _look(self, **fields: Any) -> None:
        """Change how pictures look, and keep it for the next start."""
        self.viewer.set_state(**fields)
        self.workbench.change_settings(**fields)

    def _refer(self) -> None:
        """Window by the selected lesion's ROI; again for the next percentage."""
        lesion = self.editor.lesions.get(self.viewer.selected or "")
        if lesion is None:
            self.workbench.note(self.tr("Select a lesion first: its ROI is the reference region."))
            return
        state = self.viewer.state
        again = state.preset is Preset.REFERENCE and state.percent in REFERENCE_PERCENTS
        at = REFERENCE_PERCENTS.index(state.percent) + 1 if again else 0
        percent = REFERENCE_PERCENTS[at % len(REFERENCE_PERCENTS)]
        self.viewer.refer_to(lesion, percent)
        self.workbench.note(self.tr("Full ink at {0:.0f} % of the mean of the selected lesion.").format(percent))

    def _next_colormap(self) -> None:
        names = pictures.colormaps()
        self._look(colormap=names[(names.index(self.viewer.state.colormap) + 1) % len(names)])

    def _scale_window(self, factor: float) -> None:
        window = self.viewer.window
        self.viewer.set_state(window=Window(window.low, min(max(window.high * factor, window.low + 1.0), HIGHEST)))

    def _lesion_menu(self, lesion: str, at: QPoint) -> None:
        menu = QMenu(self)
        for label in Label:
            action = QAction(str(label).capitalize(), menu)
            action.triggered.connect(lambda _=False, chosen=label: self.lesions.label(chosen))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction(self.tr("Delete ROI on this view"), self._delete_roi)
        menu.addAction(self.tr("Delete lesion"), self._delete)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)


def _line() -> QFrame:
    line = QFrame(objectName="separator")
    line.setFixedHeight(1)
    return line
