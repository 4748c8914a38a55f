"""What one patient's soft tissue holds: fat under the skin, muscles, vessels, organs, bowel, and its unevenness.

All of it is drawn here, once per patient and again where a second scan differs; `soft` lays it out on a posed body.
Factors are relative to lean soft tissue. Which muscles and vessels there are, and how much they hold, stands in
`resources/phantom/flesh.csv`: places in the frame of the standard body, factors at the middle of a band seen from the
front and from the back, and `spread`, the standard deviation of their logarithm between patients. Places are general
anatomy; factors were chosen by eye beside one real scan, and were measured on nobody.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields, replace
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter

import resources
from workstation.phantom.pose import STANDARD_BMI, Body, Sex
from workstation.phantom.skeleton import ARM, HEAD, LEG, TRUNK, Floats, Ints

GRAIN = (256, 64)  # rows and columns of the unevenness over the whole frame
_PARTS = {"head": HEAD, "trunk": TRUNK, "arm": ARM, "leg": LEG}
_LEAN = (1.0, 0.95, 0.83, 0.68)  # of head, trunk, arms, legs
_FINE, _BROAD = 0.028, 0.055  # log standard deviations of the unevenness
_BOWEL_MM = 690.0  # middle height of the small bowel


@dataclass(frozen=True, eq=False)
class Bands:
    """Soft-edged bands in the frontal plane of the standard body, mm; n of them.

    start, end: (n, 2) x and y. bend: how far the middle lies off the straight line, positive away from the patient's
    middle. radius: the distance from the band's middle line at which its effect falls to 1/e. front, back: natural
    logarithm of the factor at the middle line. part, side: what the band moves with.
    """

    start: Floats
    end: Floats
    bend: Floats
    radius: Floats
    front: Floats
    back: Floats
    part: Ints
    side: Ints


def joined(one: Bands, two: Bands) -> Bands:
    return Bands(*(np.concatenate([getattr(one, each.name), getattr(two, each.name)]) for each in fields(Bands)))


@dataclass(frozen=True, eq=False)
class Flesh:
    """One patient's soft tissue at one scan.

    anatomy, bowel: bands. lean: level of head, trunk, arms and legs under the fat. fat_mm: thickness of fat under the
    skin of chest, belly, hips, arm, thigh and shin. fat, brain: their factors. Left and right: breasts, factors;
    renal_pelves, activity beside that of the kidney. grain: unevenness in front and at the back, logarithms
    (2, rows, columns).
    """

    anatomy: Bands
    bowel: Bands
    lean: tuple[float, float, float, float]
    fat_mm: tuple[float, float, float, float, float, float]
    fat: float
    brain: float
    breasts: tuple[float, float]
    renal_pelves: tuple[float, float]
    grain: Floats


@cache
def _table(sex: Sex) -> tuple[Bands, Floats]:
    """The bands everybody of this sex has, with both sides of pairs, and their spreads (n,)."""
    with resources.path("phantom", "flesh.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["sex"] in ("", sex)]
    sides = {"LR": (1, -1), "L": (1,), "R": (-1,), "M": (0,)}
    pairs = [(row, side) for row in rows for side in sides[row["side"]]]

    def column(name: str) -> Floats:
        return np.array([float(row[name]) for row, _ in pairs])

    side = np.array([side for _, side in pairs])
    mirror = np.where(side < 0, -1.0, 1.0)
    table = Bands(
        np.stack([mirror * column("x1"), column("y1")], axis=1),
        np.stack([mirror * column("x2"), column("y2")], axis=1),
        mirror * column("bend"),
        column("radius"),
        np.log(column("front")),
        np.log(column("back")),
        np.array([_PARTS[row["part"]] for row, _ in pairs]),
        side,
    )
    return table, column("spread")


def draw_flesh(body: Body, age: int, rng: np.random.Generator) -> Flesh:
    """The soft tissue of a patient of this build and age (years)."""
    table, spread = _table(body.sex)
    number = len(spread)
    each = rng.normal(0, 1, (3, number)) * spread
    shift = rng.normal(0, 1, (2, number, 2)) * (4, 9)
    anatomy = replace(
        table,
        start=table.start + shift[0],
        end=table.end + shift[1],
        bend=table.bend * rng.uniform(0.5, 1.5, number),
        radius=table.radius * np.exp(rng.normal(0, 0.12, number)),
        front=table.front + each[0] + 0.5 * each[1],
        back=table.back + each[0] + 0.5 * each[2],
    )
    young = np.clip((52 - age) / 20, -1, 1)  # glands give way to fat
    breast = np.log(0.95) + 0.15 * young + float(np.clip(rng.normal(0, 0.15), -0.3, 0.3))
    return Flesh(
        anatomy,
        _bowel(rng),
        _levels(rng),
        _fat(body, age, rng),
        float(np.clip(rng.normal(0.44, 0.05), 0.3, 0.6)),
        float(np.clip(rng.normal(0.46, 0.07), 0.3, 0.7)),
        (float(np.exp(breast + rng.normal(0, 0.05))), float(np.exp(breast + rng.normal(0, 0.05)))),
        _renal_pelves(rng),
        _grain(rng),
    )


def _levels(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Resting limbs get less blood than the trunk: the real scan's thigh and arm are paler than bones would have it."""
    head, trunk, arm, leg = np.array(_LEAN) * np.exp(rng.normal(0, 0.06, 4))
    return float(head), float(trunk), float(arm), float(leg)


def flesh_again(flesh: Flesh, rng: np.random.Generator) -> Flesh:
    """The same person another day: other contents of the bowel, another unevenness, the same muscles and fat."""
    number = len(flesh.anatomy.radius)
    front, back = flesh.anatomy.front, flesh.anatomy.back
    change = rng.normal(0, 0.03, (2, number))
    anatomy = replace(flesh.anatomy, front=front + change[0], back=back + change[1])
    return replace(flesh, anatomy=anatomy, bowel=_bowel(rng), renal_pelves=_renal_pelves(rng), grain=_grain(rng))


def _fat(body: Body, age: int, rng: np.random.Generator) -> tuple[float, float, float, float, float, float]:
    """Fat under the skin, mm: a slim man has some, women have more on limbs and hips, age moves it to the belly."""
    amount = np.clip((body.bmi - 14) / (STANDARD_BMI - 14), 0.2, 2.0) * np.exp(rng.normal(0, 0.18))
    if body.sex == "M":
        chest, belly, hips, arm, thigh, shin = 9.0, 15.0, 12.0, 5.0, 8.0, 4.5
    else:
        chest, belly, hips, arm, thigh, shin = 11.0, 17.0, 18.0, 8.0, 14.0, 6.5
    belly *= 1 + 0.004 * (age - 50)
    every = amount * np.exp(rng.normal(0, 0.1, 6)) * (chest, belly, hips, arm, thigh, shin)
    return tuple(float(each) for each in every)  # type: ignore[return-value]


def _renal_pelves(rng: np.random.Generator) -> tuple[float, float]:
    """How full of urine the pelves of the kidneys are: a third has just emptied, few are hotter than their kidney."""
    left, right = np.where(rng.uniform(size=2) < 0.35, 0.0, 0.13 * np.exp(rng.normal(0, 0.6, 2)))
    return float(left), float(right)


def _bowel(rng: np.random.Generator) -> Bands:
    """Loops of small bowel and a colon in pieces, some with contents that hold tracer, some with gas."""
    loops = int(rng.integers(9, 16))
    angle, away = rng.uniform(0, 2 * np.pi, loops), np.sqrt(rng.uniform(0, 1, loops))
    middle = np.stack([78 * away * np.cos(angle), _BOWEL_MM + 85 * away * np.sin(angle)], axis=1)
    along = rng.uniform(0, np.pi, loops)
    half = rng.uniform(8, 28, loops)[:, None] * np.stack([np.cos(along), np.sin(along)], axis=1)
    colon = np.array(
        [(-98, 750), (-104, 680), (-98, 610), (-60, 598), (0, 612), (60, 592), (98, 575), (106, 650), (102, 740)]
        + [(70, 785), (20, 775)],
        float,
    ) + rng.normal(0, 7, (11, 2))
    start, end = np.vstack([middle - half, colon[:-1]]), np.vstack([middle + half, colon[1:]])
    number = len(start)
    level, variety = rng.normal(-0.04, 0.08), rng.uniform(0.05, 0.16)
    front = np.clip(level + rng.normal(0, variety, number) + (rng.uniform(size=number) < 0.08) * 0.18, -0.3, 0.5)
    return Bands(
        start,
        end,
        np.concatenate([rng.choice([-1, 1], loops) * rng.uniform(8, 22, loops), rng.normal(0, 6, number - loops)]),
        rng.uniform(11, 18, number),
        front,
        front * rng.uniform(0.2, 0.6, number),
        np.full(number, TRUNK),
        np.zeros(number, int),
    )


def _grain(rng: np.random.Generator) -> Floats:
    """Smooth unevenness of both sides, partly shared: log factors (2, rows, columns) over the whole frame."""
    noise = rng.normal(size=(2, 3, GRAIN[0] // 2, GRAIN[1] // 2))
    fine, broad = gaussian_filter(noise[0], (0, 0.7, 0.7)), gaussian_filter(noise[1], (0, 2.6, 2.2))
    field = _FINE * fine / fine.std() + _BROAD * broad / broad.std()
    mixed = np.stack([0.7 * field[0] + 0.7 * field[1], 0.7 * field[0] + 0.7 * field[2]])
    return mixed.repeat(2, axis=1).repeat(2, axis=2).astype(np.float32)
