"""What is measured on an anterior picture, in the same way whether it is the real one or simulated.

Every function takes a Subject whose counts were brought to the real scan's total, so that means can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter, label

from tests.simulator.places import REGIONS
from tests.simulator.subject import REAL_COUNTS, Subject

Floats = NDArray[np.float64]
PERCENTILES = (5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9)
IN_BODY = 1.5  # smoothed counts per pixel above which a pixel is the patient
NOISE_BINS = ((0.1, 0.5), (0.5, 2), (2, 5), (5, 10), (10, 20), (20, 40), (40, 70), (70, 120))


def measure(subject: Subject) -> dict[str, float]:
    """Every figure of one picture; nan where it cannot be measured (outside the field, arms in the way)."""
    factor = REAL_COUNTS / subject.counts.sum()
    found: dict[str, float] = {}
    for part in (regions, contrasts, percentiles, body_and_air, widths, blur, texture, symmetry):
        for name, value, is_counts in part(subject):
            found[name] = value * factor if is_counts else value
    return found


Figures = Iterator[tuple[str, float, bool]]  # name, value, whether it grows with the scan's counts


def _ellipse(subject: Subject, place: tuple[float, float], radius: tuple[float, float]) -> NDArray[np.bool_] | None:
    row, column = place
    wide, high = radius
    top, bottom, left, right = subject.field
    half = (high / subject.spacing_mm, wide / subject.spacing_mm)
    if row - half[0] < top or row + half[0] >= bottom or column - half[1] < left or column + half[1] >= right:
        return None
    rows, columns = np.ogrid[: subject.counts.shape[0], : subject.counts.shape[1]]
    return np.asarray(((rows - row) / half[0]) ** 2 + ((columns - column) / half[1]) ** 2 <= 1)


def regions(subject: Subject) -> Figures:
    for name, place in REGIONS.items():
        assert place.radius is not None
        inside = _ellipse(subject, subject.places[name], place.radius)
        yield f"mean {name}", float(subject.counts[inside].mean()) if inside is not None else np.nan, True


CONTRASTS = (
    ("femur shaft", "thigh soft"),
    ("tibia", "calf soft"),
    ("ankle", "tibia"),
    ("humerus shaft", "upper arm soft"),
    ("skull rim", "brain"),
    ("maxilla", "brain"),
    ("L2-L3", "abdomen"),
    ("L4", "L2-L3"),
    ("iliac crest", "iliac wing"),
    ("iliac wing", "abdomen"),
    ("manubrium", "rib field"),
    ("clavicle", "shoulder"),
)


def contrasts(subject: Subject) -> Figures:
    """Ratios of neighbouring regions, sides pooled: what no scaling of the counts can mend."""
    means = {name: value for name, value, _ in regions(subject)}

    def pooled(name: str) -> float:
        return float(np.mean([value for key, value in means.items() if key[5:] in (name, f"{name} R", f"{name} L")]))

    for one, other in CONTRASTS:
        yield f"{one} over {other}", pooled(one) / pooled(other), False


def body_mask(subject: Subject) -> NDArray[np.bool_]:
    """The patient: what is hotter than air once smoothed, in one piece."""
    parts, number = label(gaussian_filter(subject.counts, 1.5) > IN_BODY)
    if number == 0:
        return np.zeros(subject.counts.shape, bool)
    return np.asarray(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))


def percentiles(subject: Subject) -> Figures:
    inside = subject.counts[body_mask(subject)]
    # Counts are whole numbers and scans are scaled: spread each over its unit, or low percentiles come in steps.
    inside = inside + np.random.default_rng(0).uniform(-0.5, 0.5, inside.shape)
    for each, value in zip(PERCENTILES, np.percentile(inside, PERCENTILES), strict=True):
        yield f"in-body percentile {each:g}", float(value), True


def body_and_air(subject: Subject) -> Figures:
    body = body_mask(subject)
    rows = np.flatnonzero(body.any(axis=1))
    yield "body area, cm2", float(body.sum()) * (subject.spacing_mm / 10) ** 2, False
    yield "vertex to toes, mm", (rows[-1] - rows[0]) * subject.spacing_mm, False
    yield "body mean", float(subject.counts[body].mean()), True
    top, bottom, left, right = subject.field
    air = ~binary_dilation(body, iterations=round(30 / subject.spacing_mm))
    outside = subject.counts[top:bottom, left:right][air[top:bottom, left:right]]
    yield "air mean", float(outside.mean()), True
    yield "air variance over mean", float(outside.var() / outside.mean()), False


def _run(line: Floats, column: int) -> tuple[float, float] | None:
    """Where a row's profile falls to half of the flesh's level, left and right of `column`; None at a field edge."""
    flesh = line[line > 3]
    if flesh.size == 0 or not 0 <= column < line.size:
        return None
    half = 0.5 * float(np.percentile(flesh, 40))
    if line[column] <= half:
        return None
    ends = []
    for step in (-1, 1):
        here = column
        while 0 <= here < line.size and line[here] > half:
            here += step
        if not 2 <= here < line.size - 2:
            return None
        inner, outer = line[here - step], line[here]
        ends.append(here - step + step * (inner - half) / (inner - outer))
    return ends[0], ends[1]


WIDTHS = {
    "skull": ("skull", 0.0),
    "face": ("face", 0.0),
    "hips": ("hips", 12.0),
    "thigh R": ("femur shaft R", -45.0),
    "thigh L": ("femur shaft L", -45.0),
    "knee R": ("knee R", 0.0),
    "knee L": ("knee L", 0.0),
    "calf R": ("tibia R", -60.0),
    "calf L": ("tibia L", -60.0),
    "ankle R": ("ankle R", 0.0),
    "ankle L": ("ankle L", 0.0),
}


def widths(subject: Subject) -> Figures:
    left, right = subject.field[2:]
    smooth = gaussian_filter(subject.counts, (3, 1))
    for name, (place, down) in WIDTHS.items():
        row, column = subject.places[place]
        at = round(row + down / subject.spacing_mm)
        found = None
        if 0 <= at < len(smooth):
            found = _run(smooth[at, left:right], round(column) - left)
        yield f"width {name}, mm", (found[1] - found[0]) * subject.spacing_mm if found else np.nan, False
    # Shoulders reach the arms: their width is that of the bones, tip to tip.
    right_tip, left_tip = (subject.places[f"shoulder {side}"] for side in "RL")
    yield "shoulder centres apart, mm", float(np.hypot(*np.subtract(left_tip, right_tip))) * subject.spacing_mm, False


def _profile(subject: Subject, place: str, half_rows: int = 20, half_columns: int = 24) -> Floats | None:
    """Mean profile across an upright bone, each row shifted to the bone's own line."""
    row, column = (round(value) for value in subject.places[place])
    rows = np.arange(row - half_rows, row + half_rows + 1)
    if column - half_columns - 8 < subject.field[2] or column + half_columns + 8 >= subject.field[3]:
        return None
    if rows[-1] + 1 >= subject.field[1]:
        return None
    smooth = gaussian_filter(subject.counts, (4, 1.5))
    near = smooth[rows, column - 8 : column + 9]
    peaks = column - 8 + near.argmax(axis=1)
    slope, start = np.polyfit(rows, peaks, 1)
    lines = [
        subject.counts[at, middle - half_columns : middle + half_columns + 1]
        for at, middle in zip(rows, np.round(start + slope * rows).astype(int), strict=True)
    ]
    if any(line.size != 2 * half_columns + 1 for line in lines):
        return None
    return np.asarray(np.mean(lines, axis=0))


def blur(subject: Subject) -> Figures:
    """Full width at half maximum of the shafts of the legs over the flesh beside them."""
    for bone in ("femur shaft R", "femur shaft L", "tibia R", "tibia L"):
        line = _profile(subject, bone)
        width = np.nan
        if line is not None:
            middle = line.size // 2
            base = (line[middle - 14 : middle - 10].mean() + line[middle + 11 : middle + 15].mean()) / 2
            over = line - base
            top = middle - 5 + int(over[middle - 5 : middle + 6].argmax())
            half = over[top] / 2
            ends = []
            for step in (-1, 1):
                here = top
                while 0 < here < line.size - 1 and over[here] > half:
                    here += step
                inner, outer = over[here - step], over[here]
                ends.append(here - step + step * (inner - half) / (inner - outer) if inner > outer else np.nan)
            width = (ends[1] - ends[0]) * subject.spacing_mm
        yield f"{bone} full width at half maximum, mm", float(width), False


TEXTURE = {"abdomen R": (14, 12), "abdomen L": (12, 12), "thigh soft R": (9, 14), "brain": (14, 8)}


def texture(subject: Subject) -> Figures:
    """Unevenness of flesh beyond noise and a slope, percent of its mean: blocks of 3 x 3 pixels."""
    for name, (half_columns, half_rows) in TEXTURE.items():
        row, column = (round(value) for value in subject.places[name])
        patch = subject.counts[row - half_rows : row + half_rows, column - half_columns : column + half_columns]
        high, wide = (size // 3 for size in patch.shape)
        if high < 3 or wide < 3:
            continue
        blocks = patch[: high * 3, : wide * 3].reshape(high, 3, wide, 3).sum(axis=(1, 3))
        rows, columns = np.mgrid[:high, :wide]
        plane = np.stack([np.ones(blocks.size), rows.ravel(), columns.ravel()], axis=1)
        rest = blocks.ravel() - plane @ np.linalg.lstsq(plane, blocks.ravel(), rcond=None)[0]
        variance = float(rest @ rest) / (blocks.size - 3) - blocks.mean()
        yield f"unevenness {name}, %", 100 * float(np.sign(variance) * np.sqrt(abs(variance)) / blocks.mean()), False


def symmetry(subject: Subject) -> Figures:
    """How far left and right differ in position and in counts."""
    logs = []
    for name, place in REGIONS.items():
        if not name.endswith(" R") or place.radius is None:
            continue
        both = [_ellipse(subject, subject.places[f"{name[:-2]} {side}"], place.radius) for side in "RL"]
        if both[0] is not None and both[1] is not None:
            means = [float(subject.counts[mask].mean()) for mask in both if mask is not None]
            if min(means) > 0.5:
                logs.append(np.log(means[0] / means[1]))
    yield "left-right difference of paired regions, median %", 100 * float(np.median(np.abs(logs))), False


def noise(counts: Floats) -> Iterator[tuple[float, float, float, int]]:
    """Variance over mean of the noise: low and high end of the bin of mean counts, the ratio, how many pixels.

    Fourth differences along the rows take away any cubic anatomy; their variance is 70 times a pixel's. A pixel's mean
    is taken from the two rows on either side of its own, so that it shares no noise with the difference.
    """
    difference = counts[:, :-4] - 4 * counts[:, 1:-3] + 6 * counts[:, 2:-2] - 4 * counts[:, 3:-1] + counts[:, 4:]
    weights = np.array([1, 4, 6, 4, 1]) / 16
    across = sum(weight * counts[:, shift : counts.shape[1] - 4 + shift] for shift, weight in enumerate(weights))
    mean = (4 * (across[1:-3] + across[3:-1]) - (across[:-4] + across[4:])) / 6
    square = difference[2:-2] ** 2 / 70
    # What its variance follows where the picture slopes: the counts under it, weighted by its squared weights.
    shares = np.array([1, 16, 36, 16, 1]) / 70
    under = sum(share * counts[2:-2, shift : counts.shape[1] - 4 + shift] for shift, share in enumerate(shares))
    for low, high in NOISE_BINS:
        chosen = (mean >= low) & (mean < high)
        if chosen.sum() >= 500:
            yield low, high, float(square[chosen].mean() / under[chosen].mean()), int(chosen.sum())
