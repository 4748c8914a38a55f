"""The laws of one lesion: how large, how long, of what form, how hot, for each kind of lesion.

Every law can be evaluated as well as drawn from, and by quantile too, so that the chance of malignancy can be computed
exactly (see `posterior`) and a lesion can keep its rank among its like from scan to scan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import erfc, exp, inf, log, pi, sqrt
from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtri

import resources
from workstation.phantom.sites import TABLE, TUMOURS, Site

ROW = "row"
KINDS: tuple[str, ...] = ("benign", *TUMOURS, ROW)
FILLING = ("whole", "band", "h")  # forms that fill a bone: their size is the share of it they take
THIN = ("along", "line", "cuff")
SMALLEST_RIM = 20.0  # mm; below, no camera shows the centre


def _upper(z: float) -> float:
    """Standard normal mass above z."""
    return 0.5 * erfc(z / sqrt(2))


def _log_upper(z: float) -> float:
    return log(_upper(z)) if z < 30 else float(log_ndtr(-z))


@dataclass(frozen=True)
class Lognormal:
    """A lognormal law cut to low..high and renormalised."""

    median: float
    sigma: float
    low: float = 0.0
    high: float = inf

    def _standard(self, value: float) -> float:
        return (log(value) - log(self.median)) / self.sigma if value > 0 else -inf

    def quantile(self, share: float) -> float:
        """The value with `share` of the law below it; by inversion from the upper tail, exact however far out."""
        first, last = _upper(self._standard(self.low)), (0.0 if self.high == inf else _upper(self._standard(self.high)))
        above = max(last + (first - last) * (1 - share), 1e-300)
        value = self.median * exp(-self.sigma * float(ndtri(above)))
        return min(max(value, self.low), self.high)

    def draw(self, rng: np.random.Generator) -> float:
        return self.quantile(rng.uniform())

    def log_density(self, value: float) -> float:
        if not self.low <= value <= self.high:
            return -inf
        z = self._standard(value)
        return -0.5 * z * z - log(value * self.sigma * sqrt(2 * pi)) - self.log_mass

    @property
    def log_mass(self) -> float:
        """Logarithm of the share of the whole law that lies within low..high."""
        if self.high == inf:
            return _log_upper(self._standard(self.low))
        return log(_upper(self._standard(self.low)) - _upper(self._standard(self.high)))

    def above(self, low: float) -> Lognormal:
        return replace(self, low=max(low, self.low))

    def below(self, high: float) -> Lognormal:
        return replace(self, high=min(high, self.high))

    def scaled(self, factor: float) -> Lognormal:
        """The law of `factor` times the value, before it is cut."""
        return self if factor == 1 else replace(self, median=self.median * factor)


@dataclass(frozen=True)
class Shape:
    """What a lesion looks like. size: diameter of the ball of equal volume, mm; of forms that fill a bone the share of
    it they take. stretch: long over short axis. lobes: of a blob. form: see resources/phantom/lesions.toml."""

    size: float
    stretch: float
    lobes: int
    form: str = "blob"


@dataclass(frozen=True, eq=False)
class Kind:
    """The laws of one kind of lesion: benign, malignant of one tumour, or a member of a row of rib fractures."""

    name: str
    diameter: Lognormal
    fill: Lognormal
    stretch_long: Lognormal
    stretch_round: Lognormal
    stretch_thin: Lognormal
    contrast: Lognormal
    lobes: tuple[float, ...]

    def forms(self, site: Site) -> tuple[tuple[str, float], ...]:
        """The forms a lesion of this kind can have there and their chances."""
        if self.name == ROW:
            return (("blob", 1.0),)
        column = 2 if self.name == "benign" else 1
        return tuple((str(each[0]), float(each[column])) for each in site.forms)

    def size(self, site: Site, form: str) -> Lognormal:
        if form in FILLING:
            return self.fill
        law = self.diameter.below(site.largest)
        return law.above(SMALLEST_RIM) if form == "rim" else law

    def stretch(self, site: Site, form: str) -> Lognormal | None:
        """None: the form has none."""
        if form in FILLING:
            return None
        if form in THIN:
            return self.stretch_thin
        return self.stretch_long if site.long and form == "blob" else self.stretch_round


@cache
def kind(name: str | None) -> Kind:
    """The laws of one of KINDS (None: benign)."""
    table = resources.table(TABLE)
    name = name or "benign"
    label = name if name in ("benign", ROW) else "malignant"

    def law(key: str, *names: str) -> Lognormal:
        entry: dict[str, Any] = table[key]
        own = next(entry[each] for each in (*names, "any") if each in entry)
        return Lognormal(**{"low": entry.get("low", 0.0), "high": entry.get("high", inf)} | own)

    return Kind(
        name,
        law("diameter", name),
        law("fill"),
        law("stretch_long", label),
        law("stretch_round", label),
        law("stretch_thin", label),
        law("contrast", name),
        tuple(table["lobes"][label]),
    )


@dataclass(frozen=True)
class Level:
    """How strongly one patient's bone answers, drawn once per patient: a factor on the median contrast of lesions."""

    chance: float
    contrast: float

    def factor(self, name: str) -> float:
        """For one of KINDS; rows of fractures are all alike."""
        return 1.0 if name == ROW else self.contrast


@cache
def levels() -> tuple[Level, ...]:
    table = resources.table(TABLE)["levels"]
    return tuple(Level(*each) for each in zip(table["chance"], table["contrast"], strict=True))


def draw_shape(laws: Kind, site: Site, rng: np.random.Generator) -> Shape:
    forms = laws.forms(site)
    form = forms[int(rng.choice(len(forms), p=[chance for _, chance in forms]))][0]
    lobes = 1 + int(rng.choice(len(laws.lobes), p=laws.lobes)) if form == "blob" else 1
    stretch = laws.stretch(site, form)
    return Shape(laws.size(site, form).draw(rng), 1.0 if stretch is None else stretch.draw(rng), lobes, form)


def log_density_of_shape(laws: Kind, site: Site, shape: Shape) -> float:
    """-inf where such a lesion cannot be of this kind."""
    chance = dict(laws.forms(site)).get(shape.form, 0.0)
    if shape.form == "blob":
        chance *= laws.lobes[shape.lobes - 1]
    if chance == 0:
        return -inf
    stretch = laws.stretch(site, shape.form)
    along = 0.0 if stretch is None else stretch.log_density(shape.stretch)
    return log(chance) + laws.size(site, shape.form).log_density(shape.size) + along


def contrast_law(laws: Kind, threshold: float, factor: float = 1.0) -> Lognormal:
    """Of visible lesions. threshold: from which this shape is seen; factor: what a treatment made of the median."""
    return laws.contrast.scaled(factor).above(threshold)


def log_density(laws: Kind, site: Site, shape: Shape, contrast: float, threshold: float, factor: float = 1.0) -> float:
    """Of shape and contrast at a site. factor: on the median contrast."""
    return log_density_of_shape(laws, site, shape) + contrast_law(laws, threshold, factor).log_density(contrast)
