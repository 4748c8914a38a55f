"""The lesions of a patient before they meet a camera, and how one enters a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

import resources
from workstation.phantom import forms, rows
from workstation.phantom.laws import ROW, Level, Lognormal, Shape, contrast_law, draw_shape, kind, levels
from workstation.phantom.projection import Chords, Grid, capsules, ellipsoids, join
from workstation.phantom.sites import TABLE, TUMOURS, all_sites, anchor
from workstation.phantom.skeleton import Capsules, Ellipsoids, Floats, Skeleton
from workstation.phantom.world import World, age_group, weights

_TRIES, _FEW = 20, 14
RHO = 0.9  # of the Gaussian copula between a finding's contrast quantiles in two scans


@dataclass(frozen=True)
class Finding:
    """site: index into all_sites(). quantile: of its contrast among its like that can be seen; 0 to 1.

    stays: it is there in a scan whose course keeps more than this share (see `there`); benign ones always are.
    row: a member of a row of rib fractures. cold: takes uptake away; not counted. grain: seed of its jitter, the same
    in every scan. level: the patient's factor on the median contrast of its like.
    """

    malignant: bool
    site: int
    shape: Shape
    quantile: float
    stays: float
    row: bool
    cold: bool
    grain: int
    level: float = 1.0

    def there(self, kept: float) -> bool:
        """kept: chance that a malignant lesion of the patient is there at the time of the scan."""
        return self.stays < kept

    def kind(self, tumour: str) -> str:
        """One of laws.KINDS."""
        return tumour if self.malignant else ROW if self.row else "benign"


def draw(
    world: World,
    tumour: str,
    metastatic: bool,
    age: int,
    numbers: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[Finding, ...]:
    """The findings of a patient with the given numbers of malignant and benign lesions, and now and then a cold one."""
    sites = all_sites()
    malignant, benign = (each.copy() for each in weights(world.law))
    a, b = numbers
    row = _draw_row(b, rng)
    of_malignant, of_benign = malignant[TUMOURS.index(tumour)], benign[age_group(age)]
    of_malignant[list(row)] = of_benign[list(row)] = 0
    chosen = draw_sites(of_malignant, of_benign, (a, b - len(row)), rng)
    every = levels()
    level = every[int(rng.choice(len(every), p=[each.chance for each in every]))]
    found = [
        _finding(site, name, level, rng)
        for name, places in ((tumour, chosen[0]), (ROW, row), ("benign", chosen[1]))
        for site in places
    ]
    if metastatic and rng.uniform() < resources.table(TABLE)["cold"]["chance"][tumour]:
        site = int(rng.choice([index for index, each in enumerate(sites) if each.cold]))
        shape = Shape(_cold("diameter").draw(rng), 1.0, 1, "cold")
        found.append(Finding(True, site, shape, rng.uniform(), rng.uniform(), False, True, int(rng.integers(2**62))))
    return tuple(found)


def _finding(site: int, name: str, level: Level, rng: np.random.Generator) -> Finding:
    shape = draw_shape(kind(name), all_sites()[site], rng)
    malignant = name in TUMOURS
    quantile, stays = rng.uniform(), rng.uniform()
    return Finding(
        malignant,
        site,
        shape,
        quantile,
        stays if malignant else -1.0,
        name == ROW,
        False,
        int(rng.integers(2**62)),
        level.factor(name),
    )


def _draw_row(benign: int, rng: np.random.Generator) -> tuple[int, ...]:
    chances = rows.chances(benign)[:, benign]
    every = (rows.Row((), 0), *rows.all_rows())
    return every[int(rng.choice(len(every), p=[chances[row.type] for row in every]))].sites


def draw_sites(
    malignant: Floats, benign: Floats, numbers: tuple[int, int], rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Distinct sites for the given numbers of malignant and benign lesions.

    The law: independent draws, all thrown away unless they are distinct. A few tries of just that; then, for many
    lesions, exactly and site by site, from the coefficients of prod(1 + malignant_s x + benign_s y) over the sites
    still to come.
    """
    a, b = numbers
    below_a, below_b = np.cumsum(malignant), np.cumsum(benign)
    for _ in range(_TRIES if a + b <= _FEW else 0):
        one = np.searchsorted(below_a, rng.uniform(size=a) * below_a[-1], side="right").tolist()
        two = np.searchsorted(below_b, rng.uniform(size=b) * below_b[-1], side="right").tolist()
        if len({*one, *two}) == a + b:
            return sorted(one), sorted(two)
    return _draw_many(malignant, benign, a, b, rng)


def _draw_many(
    malignant: Floats, benign: Floats, a: int, b: int, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    n = len(benign)
    # to_come[s][i, j]: coefficient of x^i y^j over sites s, s+1, ...
    to_come = np.zeros((n + 1, a + 1, b + 1))
    to_come[n, 0, 0] = 1
    for site in range(n - 1, -1, -1):
        later, here = to_come[site + 1], to_come[site]
        here[:] = later
        here[1:] += malignant[site] * later[:-1]
        here[:, 1:] += benign[site] * later[:, :-1]
    chosen: tuple[list[int], list[int]] = ([], [])
    for site in range(n):
        if a == b == 0:
            break
        later = to_come[site + 1]
        none = later[a, b]
        one = malignant[site] * later[a - 1, b] if a else 0.0
        two = benign[site] * later[a, b - 1] if b else 0.0
        pick = rng.uniform() * (none + one + two) - none
        if pick < 0:
            continue
        if pick < one or two == 0:
            chosen[0].append(site)
            a -= 1
        else:
            chosen[1].append(site)
            b -= 1
    return chosen


def again(quantile: float, rng: np.random.Generator, rho: float = RHO) -> float:
    """The quantile in another scan of the same patient: uniform, correlated with this one by a Gaussian copula."""
    return float(ndtr(rho * ndtri(quantile) + np.sqrt(1 - rho * rho) * rng.normal()))


def contrast(
    finding: Finding, tumour: str, threshold: float, factor: float = 1.0, quantile: float | None = None
) -> float:
    """Concentration over the bone's around, in a scan where such a shape is seen from `threshold` on.

    factor: what the course made of the median of malignant ones. quantile: in this scan; the finding's own unless
    given.
    """
    rank = finding.quantile if quantile is None else quantile
    if finding.cold:
        return _cold("left").quantile(rank)
    scaled = factor if finding.malignant else 1.0
    return contrast_law(kind(finding.kind(tumour)), threshold, scaled * finding.level).quantile(rank)


def _cold(name: str) -> Lognormal:
    return Lognormal(**resources.table(TABLE)["cold"][name])


def chords(finding: Finding, skeleton: Skeleton, grid: Grid) -> Chords:
    """Where rays cross a finding in a posed skeleton; `bone` says whose uptake each chord scales.

    A hot lesion adds (contrast - 1) times the uptake of its site's bone; a cold one takes from every bone within it.
    """
    site = all_sites()[finding.site]
    rng = np.random.default_rng(finding.grain)
    if not finding.cold:
        return ellipsoids(forms.solids(finding.shape, site, skeleton, rng), grid)
    centre = anchor(skeleton, site)[0] + rng.normal(0, forms.JITTER_MM, 3)
    radius = finding.shape.size / 2
    ball = Ellipsoids(centre[None], radius * np.eye(3)[None], np.array([site.bone]), np.ones(1))
    return _within(ellipsoids(ball, grid), _bones_near(skeleton, centre, radius, grid), grid)


def _bones_near(skeleton: Skeleton, centre: Floats, radius: float, grid: Grid) -> Chords:
    solid, tube = skeleton.ellipsoids, skeleton.capsules
    is_bone = np.array([bone.kind == "bone" for bone in skeleton.bones])
    reach = np.linalg.norm(solid.axes, axis=(1, 2))
    near = is_bone[solid.bone] & (np.linalg.norm(solid.centre - centre, axis=1) < reach + radius)
    middle, half = (tube.start + tube.end) / 2, np.linalg.norm(tube.end - tube.start, axis=1) / 2 + tube.radius
    close = is_bone[tube.bone] & (np.linalg.norm(middle - centre, axis=1) < half + radius)
    close = np.isin(tube.bone, tube.bone[close])  # whole chains: their joints must cancel
    picked = Ellipsoids(solid.centre[near], solid.axes[near], solid.bone[near], solid.sign[near])
    tubes = Capsules(tube.start[close], tube.end[close], tube.radius[close], tube.bone[close], tube.joint[close])
    return join(ellipsoids(picked, grid), capsules(tubes, grid))


def _within(ball: Chords, bones: Chords, grid: Grid) -> Chords:
    """The parts of the bones' chords inside a convex solid, one chord of it a pixel."""
    back, front = np.full(grid.shape, np.inf), np.full(grid.shape, -np.inf)
    back[ball.row, ball.column], front[ball.row, ball.column] = ball.back, ball.front
    low = np.maximum(bones.back, back[bones.row, bones.column])
    high = np.minimum(bones.front, front[bones.row, bones.column])
    cut = Chords(bones.row, bones.column, bones.bone, low, high, bones.sign)
    return cut.where(high > low)
