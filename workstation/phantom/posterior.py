"""The chance that a lesion is malignant, computed exactly from the model that drew it.

Two figures per lesion, both with the patient's status, tumour type and age group summed out (sex has no influence on
lesions): `p_ceiling` from what a perfect eye could see of all lesions of the scan without noise, and `p_alone` from
this lesion only. They bound what any reader can reach on these scans; nobody reaches them.

Hypotheses: one for "no row of fractures" and one for each row the seen lesions could hold, times the courses, levels,
tumours and age groups. Within each, a lesion is malignant or benign by the ratio r of its two likelihoods, and a
labelling with k malignant ones weighs w_k times the product of their ratios, w_k being a law of counts over the
coefficient that makes sites distinct (see `world`). Sums over labellings run forwards and backwards over the lesions,
as in a hidden chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import resources
from workstation.phantom import rows
from workstation.phantom.counts import numbers
from workstation.phantom.laws import KINDS, Shape, contrast_law, kind, levels, log_density_of_shape
from workstation.phantom.sites import TABLE, TUMOURS, all_sites
from workstation.phantom.skeleton import Floats, Ints
from workstation.phantom.world import World, tables, weights

_MALIGNANT = slice(1, 1 + len(TUMOURS))  # of KINDS
_BENIGN, _ROW = 0, len(KINDS) - 1


@dataclass(frozen=True)
class Appearance:
    """One lesion as a perfect eye sees it. site: index into all_sites().

    threshold: the contrast from which a lesion of this shape is visible at this place in this scan.
    """

    site: int
    shape: Shape
    contrast: float
    threshold: float
    cold: bool = False


@dataclass(frozen=True)
class Moment:
    """A course metastases may have taken by the time of a scan, chosen once per patient.

    kept: chance that a malignant lesion of the patient is there. factor: on the median of its contrast.
    """

    chance: float = 1.0
    kept: float = 1.0
    factor: float = 1.0


NOW = (Moment(),)


def posteriors(seen: Sequence[Appearance], world: World, moments: tuple[Moment, ...] = NOW) -> tuple[Floats, Floats]:
    """(p_ceiling, p_alone) of the lesions of one scan, each (n,).

    A cold lesion is malignant for certain, and tells the patient's status; having none tells a little too.
    """
    hot = np.array([not each.cold for each in seen], bool)
    ceiling, alone = np.ones(len(seen)), np.ones(len(seen))
    if hot.any():
        lesions = [each for each in seen if not each.cold]
        states = _states(moments)
        densities = _densities(lesions, states)
        sites = np.array([each.site for each in lesions])
        ceiling[hot] = _together(sites, densities, world, states, not hot.all())
        alone[hot] = _alone(sites, densities, world, states)
    return ceiling, alone


@dataclass(frozen=True)
class _State:
    """A course of the patient's metastases at the time of the scan, and the level of the patient's contrasts."""

    chance: float
    kept: float
    factors: tuple[float, ...]  # of KINDS, on the median contrast


def _states(moments: tuple[Moment, ...]) -> list[_State]:
    return [
        _State(
            moment.chance * level.chance,
            moment.kept,
            tuple(level.factor(name) * (moment.factor if name in TUMOURS else 1.0) for name in KINDS),
        )
        for moment in moments
        for level in levels()
    ]


def _densities(seen: Sequence[Appearance], states: list[_State]) -> Floats:
    """log densities of shape and contrast, (states, KINDS, n)."""
    sites = all_sites()
    out = np.empty((len(states), len(KINDS), len(seen)))
    for k, name in enumerate(KINDS):
        laws = kind(name)
        shapes = np.array([log_density_of_shape(laws, sites[e.site], e.shape) for e in seen])
        hot = {
            factor: np.array([contrast_law(laws, e.threshold, factor).log_density(e.contrast) for e in seen])
            for factor in {state.factors[k] for state in states}
        }
        for s, state in enumerate(states):
            out[s, k] = shapes + hot[state.factors[k]]
    return out


def _together(sites: Ints, densities: Floats, world: World, states: list[_State], cold: bool) -> Floats:
    """p_ceiling. Axes of what follows: hypothesis of a row, state, tumour, age group, then lesions or numbers."""
    n = len(sites)
    malignant, benign = weights(world.law)
    reference = densities[0, _BENIGN]
    as_benign = densities[:, _BENIGN] - reference  # (states, n)
    as_row = densities[:, _ROW] - reference
    place = _log(benign[:, sites])  # (ages, n)
    met = np.flatnonzero(world.tumour)  # a world often has not all tumours
    likelier = densities[:, _MALIGNANT][:, met] - densities[:, None, _BENIGN] + _log(malignant[met][:, sites])
    ratio = likelier[:, :, None, :] - place  # (states, tumours, ages, n)
    hypotheses = _hypotheses(sites, as_row[0])
    unseen = {kept: _unseen(world.law, sites, 1 - kept) for kept in {state.kept for state in states}}
    ratios, weight = [], []
    for type_, members in hypotheses:
        inside = np.zeros(n, bool)
        inside[list(members)] = True
        ratios.append(np.where(inside, -np.inf, ratio))
        base = np.where(inside, 0.0, place).sum(axis=1) + np.where(inside, as_row, as_benign).sum(axis=1)[:, None]
        counted = _numbers(type_, n - len(members), unseen, world, states, cold, n)
        weight.append(counted[:, met] + base[:, None, :, None])
    batch = len(hypotheses) * int(np.prod(ratio.shape[:-1]))
    return _marginals(np.stack(ratios).reshape(batch, n), np.stack(weight).reshape(batch, n + 1))


def _hypotheses(sites: Ints, as_row: Floats) -> list[tuple[int, tuple[int, ...]]]:
    """(type of row, the lesions in it), "no row" first; only rows whose members all can be fractures."""
    lesion = {int(site): number for number, site in enumerate(sites) if as_row[number] > -np.inf}
    found: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for row in rows.all_rows():
        if all(site in lesion for site in row.sites):
            found.append((row.type, tuple(lesion[site] for site in row.sites)))
    return found


def _numbers(
    type_: int, free: int, unseen: dict[float, Floats], world: World, states: list[_State], cold: bool, n: int
) -> Floats:
    """log weight of k malignant ones among n seen, `free` of them outside a row: (states, tumours, ages, n + 1).

    unseen: of each share of malignant lesions that is there, see `_unseen`.
    """
    known = tables(world)
    given, without = known.metastatic[type_], known.without[type_]  # (tumours, ages, a, b), (tumours, ages, b)
    few = given.shape[-1] - 1
    chance = np.array([resources.table(TABLE)["cold"]["chance"][tumour] for tumour in TUMOURS])
    labelled = {kept: _labelled(given, free, gone, kept, n) for kept, gone in unseen.items()}
    out = np.empty((len(states), *given.shape[:2], n + 1))
    for s, state in enumerate(states):
        shows = chance * state.kept
        out[s] = labelled[state.kept] * (shows if cold else 1 - shows)[:, None, None]
        if not cold and free <= few:
            out[s, :, :, 0] += without[:, :, free]
        out[s] *= state.chance
    return _log(out)


def _labelled(given: Floats, free: int, unseen: Floats, kept: float, n: int) -> Floats:
    """Chance of metastases and k malignant ones among n seen over the coefficients, (tumours, ages, n + 1)."""
    most, few = given.shape[-2] - 1, given.shape[-1] - 1
    out = np.zeros((*given.shape[:2], n + 1))
    for k in range(max(free - few, 0), min(free, most) + 1):
        gone = unseen[:, : most - k + 1]
        ways = np.einsum("tga,ta->tg", given[:, :, k : k + gone.shape[1], free - k], gone)
        out[:, :, k] = kept**k * ways
    return out


def _unseen(law: str, sites: Ints, gone: float) -> Floats:
    """Where the malignant lesions are that a scan does not show: gone^j times the sum, over j-subsets of the sites
    without a lesion, of the products of their chances, (tumours, j)."""
    malignant = weights(law)[0]
    if gone == 0:
        return np.ones((len(malignant), 1))
    most = numbers(law, TUMOURS[0], True).shape[0] - 1
    out = np.zeros((len(malignant), most + 1))
    out[:, 0] = 1
    free = np.ones(malignant.shape[1], bool)
    free[sites] = False
    for p in gone * malignant[:, free].T:
        out[:, 1:] += p[:, None] * out[:, :-1]
    return out


def _marginals(ratio: Floats, weight: Floats) -> Floats:
    """Chance that each lesion is malignant, (n,). ratio (batch, n), weight (batch, n + 1): logarithms."""
    n = ratio.shape[1]
    forward = np.full((n + 1, *weight.shape), -np.inf)
    forward[0, :, 0] = 0
    for i in range(n):
        forward[i + 1, :, : i + 2] = forward[i, :, : i + 2]
        more = forward[i, :, : i + 1] + ratio[:, i, None]
        forward[i + 1, :, 1 : i + 2] = np.logaddexp(forward[i + 1, :, 1 : i + 2], more)
    total = _sum(forward[n] + weight)
    out, behind = np.zeros(n), weight
    for i in reversed(range(n)):
        as_malignant = behind[:, 1 : i + 2] + ratio[:, i, None]
        out[i] = np.exp(_sum(forward[i, :, : i + 1] + as_malignant) - total)
        behind = np.logaddexp(behind[:, : i + 1], as_malignant)
    return np.minimum(out, 1.0)


def _sum(values: Floats) -> float:
    """log of the sum of exponentials."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum())) if np.isfinite(top) else -np.inf


def _alone(sites: Ints, densities: Floats, world: World, states: list[_State]) -> Floats:
    """p_alone: expected malignant over expected lesions of exactly these features per scan."""
    known = tables(world)
    density = np.exp(densities - densities.max(axis=(0, 1)))  # (states, KINDS, n)
    kept = np.array([state.chance * state.kept for state in states])
    chance = np.array([state.chance for state in states])
    one = np.einsum("s,stn,nt->n", kept, density[:, _MALIGNANT], known.as_malignant[sites])
    two = chance @ density[:, _BENIGN] * known.as_benign[sites] + chance @ density[:, _ROW] * known.as_row[sites]
    return np.asarray(one / (one + two))


def _log(values: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(values))


def auc(malignant: Sequence[bool], score: Sequence[float]) -> float | None:
    """Chance that a malignant lesion scores above a benign one, ties counting half; None with one kind only."""
    truth, values = np.asarray(malignant, bool), np.asarray(score, float)
    if truth.all() or not truth.any():
        return None
    ordered = np.sort(values[~truth])
    below = np.searchsorted(ordered, values[truth], "left") + np.searchsorted(ordered, values[truth], "right")
    return float(below.mean() / 2 / len(ordered))
