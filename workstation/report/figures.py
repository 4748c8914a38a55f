"""ROC curves, confusion matrices and reliability curves, as SVG that takes the page's ink and as PNG for slides.

matplotlib is loaded when the first figure is drawn, and never opens a window.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workstation.report.cells import row_name
from workstation.report.evaluation import Chart
from workstation.stats.calibration import reliability
from workstation.stats.measures import both
from workstation.stats.predictions import Predictions
from workstation.stats.printing import rounded
from workstation.stats.roc import auc, roc_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

INK = "#010203"
"""Stands for the colour of text; a page puts its own in its place."""
PAPER_INK = "#1d2125"
# Okabe and Ito's, without black and yellow: told apart by the colour-blind, and legible on white and on near black.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (3, 1.2, 1, 1.2)), (0, (1.2, 1.2)))
_STYLE: Any = {
    "font.family": "sans-serif", "font.size": 9.0, "svg.fonttype": "none", "svg.hashsalt": "osteoscope",
    "text.parse_math": False, "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
    "legend.frameon": False, "axes.titlesize": 9.0, "axes.titleweight": "bold",
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """name: of its files. inline: SVG for a page. svg, png: for files. caption: what it shows, in words."""

    name: str
    inline: str
    svg: bytes
    png: bytes
    caption: str


def figures(chart: Chart, stem: str) -> tuple[Figure, ...]:
    """What can be drawn of a target; with one class only there is no ROC curve."""
    ours = chart.networks[0]
    found = []
    if any(both(each.truth) for each in chart.networks):
        found.append(_figure(f"{stem}-roc", lambda: _roc(chart), _roc_caption(chart)))
    found.append(_figure(
        f"{stem}-confusion", lambda: _confusion(ours),
        f"Confusion matrix of {row_name(ours.model)} over all folds ({chart.target}); threshold {ours.threshold_from}. "
        "Shares are of each row: sensitivity at the lower right, specificity at the upper left.",
    ))  # fmt: skip
    if chart.calibrated:
        found.append(_figure(
            f"{stem}-reliability", lambda: _reliability(chart),
            f"Reliability of {row_name(ours.model)} ({chart.target}): of cases said to be positive with some "
            "probability, how many were. On the diagonal what is said is what is seen; bars are 95 % Wilson intervals "
            "as if cases were independent. The temperature was fitted on inner validation patients.",
        ))  # fmt: skip
    return tuple(found)


def _roc_caption(chart: Chart) -> str:
    lines = "; thin grey lines are bounds no network can reach" if chart.bounds else ""
    return f"ROC curves ({chart.target}), all folds pooled; AUC in the legend{lines}."


def _figure(name: str, draw: Callable[[], Drawing], caption: str) -> Figure:
    svg = _saved(draw, INK, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None})
    png = _saved(draw, PAPER_INK, format="png", dpi=200, facecolor="white", metadata={"Software": None})
    text = svg.decode()
    return Figure(name, _inline(text, name), text.replace(INK, PAPER_INK).encode(), png, caption)


def _saved(draw: Callable[[], Drawing], ink: str, **how: Any) -> bytes:
    import matplotlib

    inked: Any = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink)
    with matplotlib.rc_context(_STYLE | inked):
        out = io.BytesIO()
        draw().savefig(out, **how)
    return out.getvalue()


def _inline(svg: str, name: str) -> str:
    """An SVG to stand in a page: without its header and its metadata, in the page's ink, its parts named for itself."""
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", body)
    for at, colour in enumerate(COLOURS):  # the page has a brighter set for its dark ground
        body = body.replace(f": {colour}", f": var(--series-{at})")
    return body.replace(INK, "currentColor").replace("<svg ", '<svg role="img" ', 1)


def _axes(width: float, height: float) -> tuple[Drawing, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as New

    drawing = New(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawing)
    return drawing, drawing.add_subplot()


def _roc(chart: Chart) -> Drawing:
    drawing, axes = _axes(4.4, 4.6)
    _diagonal(axes)
    for at, each in enumerate(chart.bounds):
        _curve(axes, each, color="#808890", linewidth=1.0, linestyle="-" if at == 0 else (0, (2, 1.5)))
    for at, each in reversed(list(enumerate(chart.networks))):
        dash, colour = DASHES[at // len(COLOURS) % len(DASHES)], COLOURS[at % len(COLOURS)]
        _curve(axes, each, color=colour, linewidth=2.0 if at == 0 else 1.3, linestyle=dash, zorder=4 - at / 100)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set(xlabel="1 \u2212 specificity", ylabel="Sensitivity")
    lines, labels = axes.get_legend_handles_labels()
    order = [*range(len(lines) - 1, len(chart.bounds) - 1, -1), *range(len(chart.bounds))]
    shown = [at for at in order if at < len(lines)]
    axes.legend([lines[at] for at in shown], [labels[at] for at in shown], loc="lower right", fontsize=7.5)
    return drawing


def _curve(axes: Axes, given: Predictions, **style: Any) -> None:
    if not both(given.truth):
        return
    curve, area = roc_curve(given.truth, given.score), auc(given.truth, given.score)
    label = f"{row_name(given.model)}  {rounded(area.value, 3)}"
    axes.plot(curve.false_positive_rate, curve.true_positive_rate, label=label, solid_joinstyle="round", **style)


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=axes.xaxis.label.get_color(), alpha=0.25, linewidth=0.8)


def _confusion(given: Predictions) -> Drawing:
    drawing, axes = _axes(4.4, 4.6)
    matrix = given.confusion()
    counts = np.array([[matrix.tn, matrix.fp], [matrix.fn, matrix.tp]], float)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for row in range(2):
        for column in range(2):
            right = row == column
            colour = COLOURS[0] if right else COLOURS[1]
            axes.add_patch(_square(column, row, colour, 0.08 + 0.55 * float(share[row, column])))
            axes.text(column, row - 0.08, f"{int(counts[row, column]):,}", ha="center", va="center", fontsize=16)
            part = "" if not counts[row].sum() else f"{rounded(100 * float(share[row, column]), 1)} %"
            axes.text(column, row + 0.2, part, ha="center", va="center", fontsize=9)
    axes.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), aspect="equal")
    axes.set_xticks([0, 1], ["called negative", "called positive"])
    axes.set_yticks([0, 1], ["negative", "positive"], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return drawing


def _square(column: int, row: int, colour: str, alpha: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.48, row - 0.48), 0.96, 0.96, facecolor=colour, alpha=alpha, edgecolor="none")


def _reliability(chart: Chart) -> Drawing:
    drawing, axes = _axes(4.4, 4.6)
    _diagonal(axes)
    ours = chart.networks[0]
    told: Sequence[tuple[str, Any, str, str]] = (
        ("as it comes", ours.score, COLOURS[1], "o"),
        ("after its temperature", chart.calibrated[0], COLOURS[0], "s"),
    )
    for label, score, colour, marker in told:
        bins = [each for each in reliability(ours.truth, score) if each.seen.total]
        said, seen = [each.said for each in bins], [each.seen.value for each in bins]
        low = [max(each.seen.value - each.seen.low, 0.0) for each in bins]
        high = [max(each.seen.high - each.seen.value, 0.0) for each in bins]
        axes.errorbar(said, seen, yerr=(low, high), color=colour, marker=marker, markersize=4, linewidth=1.3,
                      elinewidth=0.8, label=label)  # fmt: skip
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.set(xlabel="Probability said", ylabel="Share of positives seen")
    axes.legend(loc="upper left", fontsize=8)
    return drawing
