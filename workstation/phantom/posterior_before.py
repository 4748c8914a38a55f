"""The posterior of sites drawn after the pose; goes with the last caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from workstation.phantom.laws import Shape, kind, log_density
from workstation.phantom.lesions import counts, distinct
from workstation.phantom.sites import TUMOURS, Site
from workstation.phantom.skeleton import Floats


@dataclass(frozen=True)
class Seen:
    """One lesion as a perfect eye sees it. number: of its site among the scan's feasible ones.

    threshold: the contrast from which a lesion of this shape is visible at this place in this scan.
    """

    number: int
    site: Site
    shape: Shape
    contrast: float
    threshold: float


@dataclass(frozen=True, eq=False)
class Mix:
    """tumour: chances in the order of TUMOURS; metastatic: chance of a malignant status given each tumour."""

    tumour: tuple[float, ...]
    metastatic: tuple[float, ...]


def evaluate_before(
    seen: Sequence[Seen], malignant: Floats, benign: Floats, mix: Mix, kept: float = 1.0
) -> tuple[Floats, Floats]:
    """(p_ceiling, p_alone) of the lesions of one scan, each (n,).

    malignant: chances of the feasible sites (tumours, sites); benign: (sites,). kept: the share of the patient's
    malignant lesions that is there yet: below 1 in a prior scan.

    With e(k) the sum over k-subsets of the products of likelihood ratios r_i = f_malignant / f_benign, the weight of
    "k of n are malignant" under one status and tumour is e(k) times a law of counts (see `_numbers`) that also makes
    sites distinct; a lesion's share takes e over the other lesions.
    """
    n = len(seen)
    if n == 0:
        return np.zeros(0), np.zeros(0)
    numbers = np.array([each.number for each in seen])
    of_benign = np.array([log_density(kind(None), e.site, e.shape, e.contrast, e.threshold) for e in seen])
    all_weights, alone_malignant, alone_benign = [], [], []
    for index, tumour in enumerate(TUMOURS):
        of_malignant = np.array([log_density(kind(tumour), e.site, e.shape, e.contrast, e.threshold) for e in seen])
        place = malignant[index]
        ratio = of_malignant - of_benign + np.log(place[numbers]) - np.log(benign[numbers])
        law = {status: counts(tumour, status) for status in (False, True)}
        z = distinct(place, benign, law[True].shape)
        others = distinct(place, benign, law[True].shape, list(numbers))
        unseen = distinct(np.delete(place, numbers), np.zeros(len(benign) - n), (len(z), 1))[:, 0]
        subsets = _leave_one_out(ratio)
        for status, chance in ((True, mix.metastatic[index]), (False, 1 - mix.metastatic[index])):
            share = mix.tumour[index] * chance
            if share == 0:
                continue
            given = share * law[status] / np.maximum(z, 1e-300)
            all_weights.append(_joint(_numbers(given, unseen, kept, n), ratio, subsets))
            # Expected number of lesions of each kind with exactly these features, per scan.
            as_malignant = kept * place[numbers] * np.einsum("ab,nab->n", given[1:], others[:, :-1])
            as_benign = benign[numbers] * np.einsum("ab,nab->n", given[:, 1:], others[:, :, :-1])
            alone_malignant.append(_log(as_malignant) + of_malignant)
            alone_benign.append(_log(as_benign) + of_benign)
    joint = logsumexp(np.stack(all_weights), axis=0)  # (n, 2): lesion benign, malignant
    ceiling = np.exp(joint[:, 1] - logsumexp(joint, axis=1))
    one, other = logsumexp(np.stack(alone_malignant), axis=0), logsumexp(np.stack(alone_benign), axis=0)
    return ceiling, np.exp(one - np.logaddexp(one, other))


def _numbers(given: Floats, unseen: Floats, kept: float, n: int) -> Floats:
    """log weight of k malignant ones among n seen, (n + 1,).

    given[a, b]: chance of a malignant and b benign lesions over the coefficient Z(a, b) that makes sites distinct.
    unseen[i]: sum over i-subsets of the sites without a lesion of their malignant chances: where those lesions are
    that came later.
    """
    most, few = given.shape[0] - 1, given.shape[1] - 1
    out = np.full(n + 1, -np.inf)
    for k in range(max(n - few, 0), min(n, most) + 1):
        later = np.arange(most - k + 1)
        with np.errstate(under="ignore"):
            gone = (1 - kept) ** later * unseen[: most - k + 1]
        out[k] = _log(given[k:, n - k] @ gone) + k * np.log(kept)
    return out


def _log(values: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.log(values)


def _leave_one_out(ratio: Floats) -> Floats:
    """log of the elementary symmetric sums of exp(ratio), each lesion left out in turn: (n, n) for k = 0..n-1."""
    n = len(ratio)
    sums = np.full((n, n + 1), -np.inf)
    sums[:, 0] = 0
    for index, value in enumerate(ratio):
        added = np.logaddexp(sums[:, 1:], sums[:, :-1] + value)
        keep = np.arange(n) != index
        sums[keep, 1:] = added[keep]
    return sums[:, :n]


def _joint(weight: Floats, ratio: Floats, subsets: Floats) -> Floats:
    """log weight of (lesion i benign, malignant), (n, 2), over all labels of the others; weight: (n + 1,) per k."""
    benign = logsumexp(weight[:-1] + subsets, axis=1)
    malignant = logsumexp(weight[1:] + subsets, axis=1) + ratio
    return np.stack([benign, malignant], axis=1)
