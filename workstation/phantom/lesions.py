"""The probabilistic model of lesions: how many, where, how large, of what shape, how hot.

Everything a lesion is follows from laws that can be evaluated as well as drawn from, so that the chance of malignancy
can be computed exactly (see `posterior`). Given the patient's tumour and status the lesions of one scan are
independent, but for one rule: no two lie at the same site.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import gammaln, log_ndtr, ndtr, ndtri

import resources
from workstation.phantom.sites import TABLE, Site
from workstation.phantom.skeleton import Ellipsoids, Floats

JITTER_MM = 2.5
LOBES = 3


@dataclass(frozen=True)
class Lognormal:
    """A lognormal law cut to low..high and renormalised."""

    median: float
    sigma: float
    low: float = 0.0
    high: float = np.inf

    def _standard(self, value: float) -> float:
        if value <= 0:
            return -np.inf
        return float((np.log(value) - np.log(self.median)) / self.sigma)

    def draw(self, rng: np.random.Generator) -> float:
        """By inversion from the upper tail, exact however far out `low` lies."""
        first, last = float(ndtr(-self._standard(self.low))), float(ndtr(-self._standard(self.high)))
        quantile = max(last + (first - last) * rng.uniform(), 1e-300)
        value = self.median * np.exp(-self.sigma * float(ndtri(quantile)))
        return float(np.clip(value, self.low, self.high))

    def log_density(self, value: float) -> float:
        z = self._standard(value)
        return -0.5 * z * z - np.log(value * self.sigma * np.sqrt(2 * np.pi)) - self.log_mass

    @property
    def log_mass(self) -> float:
        """Logarithm of the share of the whole law that lies within low..high."""
        if np.isinf(self.high):
            return float(log_ndtr(-self._standard(self.low)))
        return float(np.log(ndtr(self._standard(self.high)) - ndtr(self._standard(self.low))))

    def above(self, low: float) -> Lognormal:
        return Lognormal(self.median, self.sigma, max(low, self.low), self.high)

    def below(self, high: float) -> Lognormal:
        return Lognormal(self.median, self.sigma, self.low, min(high, self.high))


@dataclass(frozen=True, eq=False)
class Kind:
    """The laws of one kind of lesion: benign, or malignant of one tumour."""

    diameter: Lognormal
    stretch_long: Lognormal
    stretch_round: Lognormal
    contrast: Lognormal
    lobes: tuple[float, ...]

    def size(self, site: Site) -> Lognormal:
        return self.diameter.below(site.largest)

    def stretch(self, site: Site) -> Lognormal:
        return self.stretch_long if site.long else self.stretch_round


@dataclass(frozen=True)
class Shape:
    """What a lesion looks like. diameter: of the ball of equal volume, mm; stretch: long over short axis."""

    diameter: float
    stretch: float
    lobes: int


@cache
def kind(tumour: str | None) -> Kind:
    """The laws of benign lesions (None) or of malignant ones of a tumour."""
    table = resources.table(TABLE)
    label = "benign" if tumour is None else "malignant"

    def law(name: str, key: str) -> Lognormal:
        entry: dict[str, Any] = table[name]
        return Lognormal(**entry[key], low=entry.get("low", 0.0), high=entry.get("high", np.inf))

    return Kind(
        law("diameter", tumour or "benign"),
        law("stretch_long", label),
        law("stretch_round", label),
        law("contrast", tumour or "benign"),
        tuple(table["lobes"][label]),
    )


def draw_shape(laws: Kind, site: Site, rng: np.random.Generator) -> Shape:
    lobes = 1 + int(rng.choice(LOBES, p=laws.lobes))
    return Shape(laws.size(site).draw(rng), laws.stretch(site).draw(rng), lobes)


def log_density(laws: Kind, site: Site, shape: Shape, contrast: float, threshold: float) -> float:
    """Of shape and contrast at a site. threshold: the contrast from which this shape is visible here."""
    return (
        laws.size(site).log_density(shape.diameter)
        + laws.stretch(site).log_density(shape.stretch)
        + float(np.log(laws.lobes[shape.lobes - 1]))
        + laws.contrast.above(threshold).log_density(contrast)
    )


def solids(shape: Shape, centre: Floats, direction: Floats, rng: np.random.Generator) -> Ellipsoids:
    """The lesion as overlapping ellipsoids along `direction`, placed with a little jitter; all of bone index 0."""
    centre = centre + rng.normal(0, JITTER_MM, 3)
    each = shape.diameter / shape.lobes ** (1 / 3) / 2
    long, short = each * shape.stretch ** (2 / 3), each * shape.stretch ** (-1 / 3)
    across = np.linalg.svd(direction[None])[2][1:]
    places = (np.arange(shape.lobes) - (shape.lobes - 1) / 2) * 1.2 * long
    drift = rng.normal(0, 0.45 * short, (shape.lobes, 2)) * (shape.lobes > 1)
    centres = centre + places[:, None] * direction + drift @ across
    axes = np.repeat(np.stack([direction * long, across[0] * short, across[1] * short])[None], shape.lobes, axis=0)
    bone = np.zeros(shape.lobes, np.int64)
    return Ellipsoids(centres, axes, bone, np.ones(shape.lobes))


# How many


def _binomial(mean: float, r: float, most: int, zero: bool) -> Floats:
    """Negative binomial chances of 0..most, renormalised; without zero if asked."""
    k = np.arange(most + 1)
    ways = gammaln(k + r) - gammaln(r) - gammaln(k + 1)
    chances: Floats = np.exp(ways + r * np.log(r / (r + mean)) + k * np.log(mean / (r + mean)))
    if not zero:
        chances[0] = 0
    return chances / chances.sum()


@cache
def _mean_before_zeros(wanted: float, r: float, most: int) -> float:
    """The mean parameter whose zero-truncated law has the wanted mean."""
    numbers = np.arange(most + 1)
    low, high = 1e-3, 60.0
    while high - low > 1e-10:
        middle = (low + high) / 2
        if _binomial(middle, r, most, False) @ numbers < wanted:
            low = middle
        else:
            high = middle
    return low


@cache
def counts(tumour: str, metastatic: bool) -> Floats:
    """Chances of (malignant, benign) lesions in a patient: (most_malignant + 1, most_benign + 1), summing to 1."""
    table = resources.table(TABLE)["counts"]
    most, few = int(table["most_malignant"]), int(table["most_benign"])
    out = np.zeros((most + 1, few + 1))
    if not metastatic:
        out[0] = _binomial(table["benign_only"]["mean"], table["benign_only"]["r"], few, False)
        return out
    r = float(table["malignant_r"])
    mean = _mean_before_zeros(float(table["malignant_mean"][tumour]), r, most)
    malignant = _binomial(mean, r, most, False)
    beside = _binomial(table["beside_malignant"]["mean"], table["beside_malignant"]["r"], few, True)
    return np.outer(malignant, beside)


def kept() -> float:
    """The chance that a malignant lesion of today was already there in a prior scan; benign ones all were."""
    return float(resources.table(TABLE)["counts"]["kept"])


# Where: distinct sites


def draw_sites(
    malignant: Floats, benign: Floats, numbers: tuple[int, int], rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Distinct sites for the given numbers of malignant and benign lesions.

    The law: independent draws, all thrown away unless they are distinct. Drawn exactly, site by site, from the
    coefficients of prod(1 + malignant_s x + benign_s y) over the sites still to come.
    """
    a, b = numbers
    n = len(benign)
    # to_come[s][i, j]: coefficient of x^i y^j over sites s, s+1, ...
    to_come = np.zeros((n + 1, a + 1, b + 1))
    to_come[n, 0, 0] = 1
    for site in range(n - 1, -1, -1):
        later = to_come[site + 1]
        here = later.copy()
        here[1:] += malignant[site] * later[:-1]
        here[:, 1:] += benign[site] * later[:, :-1]
        to_come[site] = here
    chosen: tuple[list[int], list[int]] = ([], [])
    for site in range(n):
        later = to_come[site + 1]
        options = (
            later[a, b],
            malignant[site] * later[a - 1, b] if a else 0.0,
            benign[site] * later[a, b - 1] if b else 0.0,
        )
        pick = int(np.searchsorted(np.cumsum(options), rng.uniform() * sum(options), side="right"))
        if pick == 1:
            chosen[0].append(site)
            a -= 1
        elif pick == 2:
            chosen[1].append(site)
            b -= 1
    return chosen


def distinct(malignant: Floats, benign: Floats, shape: tuple[int, int], without: list[int] | None = None) -> Floats:
    """Coefficients of x^i y^j, i < shape[0], j < shape[1], of prod(1 + malignant_s x + benign_s y).

    (i! j! times it is the chance that i + j independent draws are distinct.) `without`: one table per named site,
    that site left out of the product: (len(without), *shape).
    """
    left_out = [-1] if without is None else without
    out = np.zeros((len(left_out), *shape))
    out[:, 0, 0] = 1
    for site in range(len(benign)):
        step = np.zeros_like(out)
        step[:, 1:] += malignant[site] * out[:, :-1]
        step[:, :, 1:] += benign[site] * out[:, :, :-1]
        for number, other in enumerate(left_out):
            if other == site:
                step[number] = 0
        out += step
    return out[0] if without is None else out
