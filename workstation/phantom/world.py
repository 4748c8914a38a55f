"""A population of patients, as the model of lesions knows it, and the tables that follow from it.

How a patient's lesions come about: tumour, then status and age group, then the numbers of malignant and benign lesions,
perhaps a row of rib fractures among the benign ones, then sites: independent draws from the weights of the tumour
(malignant) or the age group (benign), all thrown away unless they are distinct. Sex has no influence on lesions beyond
the tumour, so nothing is lost by leaving it out. Sites are drawn before anybody is posed before a camera: no table
here depends on a body.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

import resources
from workstation.phantom import rows
from workstation.phantom.counts import numbers
from workstation.phantom.sites import TABLE, TUMOURS, all_sites
from workstation.phantom.skeleton import Floats, Ints

_Place = tuple[int, list[tuple[Floats, Floats]]]

OLDER = (50, 70)  # years from which the second and third age groups count


@dataclass(frozen=True)
class World:
    """tumour: chances in the order of TUMOURS. metastatic: chance of metastases given each. ages: chances of the three
    age groups (under 50, 50 to 69, 70 and over) given each tumour. law: of counts, "lesions", "patients" or "burden".
    """

    tumour: tuple[float, ...]
    metastatic: tuple[float, ...]
    ages: tuple[tuple[float, ...], ...]
    law: str


def age_group(age: int) -> int:
    return sum(age >= older for older in OLDER)


@cache
def weights(law: str) -> tuple[Floats, Floats]:
    """Chance of each site: malignant (tumours, sites) and benign (age groups, sites), each row summing to 1."""
    own = resources.table(TABLE)["law"][law].get("sites", {})
    sites = all_sites()
    malignant = np.array([[weight * own.get(site.site6, 1.0) for weight in site.malignant] for site in sites]).T
    benign = np.array([[site.benign * factor for factor in site.age] for site in sites]).T
    return malignant / malignant.sum(axis=1, keepdims=True), benign / benign.sum(axis=1, keepdims=True)


@cache
def _places(law: str) -> tuple[Floats, Floats, Ints]:
    """Per place: weight of one malignant site (places, tumours), of a benign one (places, age groups); sites left of it
    beside a row of each type (places, row types)."""
    numbers_ = np.array([site.number for site in all_sites()])
    first = np.unique(numbers_, return_index=True)[1]
    malignant, benign = weights(law)
    left = np.repeat(np.bincount(numbers_)[:, None], len(rows.row_types()), axis=1)
    for type_, (place, length) in enumerate(rows.row_types()):
        left[place, type_] -= length
    return malignant[:, first].T, benign[:, first].T, left


def _step(table: Floats, p: Floats, q: Floats) -> Floats:
    """table times (1 + p x + q y): coefficients of x^i y^j along the last two axes."""
    out = table.copy()
    out[..., 1:, :] += p[..., None, None] * table[..., :-1, :]
    out[..., :, 1:] += q[..., None, None] * table[..., :, :-1]
    return out


def _back(table: Floats, p: Floats, q: Floats) -> Floats:
    """The transpose of `_step`."""
    out = table.copy()
    out[..., :-1, :] += p[..., None, None] * table[..., 1:, :]
    out[..., :, :-1] += q[..., None, None] * table[..., :, 1:]
    return out


def _factors(law: str) -> tuple[list[_Place], list[_Place]]:
    """Places without and with rows: (place, (p, q) of the factor 1 + p x + q y of each of its sites).

    p, q: (row types, tumours, age groups), one row type in a place without rows. Beside a row its place has fewer
    sites: the factors of the last ones are 1 there.
    """
    malignant, benign, left = _places(law)
    out: tuple[list[_Place], list[_Place]] = ([], [])
    for place, sites in enumerate(left):
        types = sites if sites.min() < sites.max() else sites[:1]
        shape = (len(types), malignant.shape[1], benign.shape[1])
        steps = []
        for site in range(int(sites.max())):
            there = (types > site)[:, None, None]
            p = np.broadcast_to(there * malignant[place][None, :, None], shape)
            q = np.broadcast_to(there * benign[place][None, None, :], shape)
            steps.append((p, q))
        out[len(types) > 1].append((place, steps))
    return out


def _start(law: str) -> Floats:
    shape = numbers(law, TUMOURS[0], True).shape
    malignant, benign, _ = _places(law)
    out = np.zeros((1, malignant.shape[1], benign.shape[1], *shape))
    out[..., 0, 0] = 1
    return out


@cache
def distinct(law: str) -> Floats:
    """Z: coefficients of x^a y^b of prod(1 + malignant_s x + benign_s y) over the sites beside a row.

    (row types, tumours, age groups, most malignant + 1, most benign + 1); a! b! Z is the chance that a + b independent
    draws are distinct.
    """
    common, rowed = _factors(law)
    out = _start(law)
    for _, steps in common:
        for p, q in steps:
            out = _step(out, p, q)
    out = np.repeat(out, len(rows.row_types()), axis=0)
    for _, steps in rowed:
        for p, q in steps:
            out = _step(out, p, q)
    return out


@dataclass(frozen=True, eq=False)
class Tables:
    """What `posterior` needs of a world.

    metastatic (row types, tumours, age groups, a, b): chance of tumour, age group, metastases, a malignant and b benign
    lesions beside one certain row (or none), over Z. without (row types, tumours, age groups, b): the same of patients
    without metastases.
    as_malignant (sites, tumours): expected number of malignant lesions at a site per patient of the world who has that
    tumour (chances multiplied in). as_benign (sites,): likewise outside rows. as_row (sites,): in rows.
    """

    metastatic: Floats
    without: Floats
    as_malignant: Floats
    as_benign: Floats
    as_row: Floats


@cache
def tables(world: World) -> Tables:
    z = distinct(world.law)
    most = z.shape[-1] - 1
    rowed = rows.chances(most)
    metastatic, without = np.zeros_like(z), np.zeros((*z.shape[:3], most + 1))
    in_rows = np.zeros(len(rowed))  # chance of one certain row of each type
    for t, tumour in enumerate(TUMOURS):
        for status in (True, False):
            share = world.tumour[t] * (world.metastatic[t] if status else 1 - world.metastatic[t])
            law = numbers(world.law, tumour, status)
            for type_, (_, length) in enumerate(rows.row_types()):
                # beside a row of so many ribs: index b is of the benign lesions outside it
                beside = np.zeros_like(law)
                beside[:, : most + 1 - length] = share * law[:, length:] * rowed[type_, length:]
                in_rows[type_] += beside.sum()
                given = beside[None] * np.array(world.ages[t])[:, None, None]
                with np.errstate(divide="ignore", invalid="ignore"):
                    given = np.where(given > 0, given / z[type_, t], 0.0)
                if status:
                    metastatic[type_, t] = given
                else:
                    without[type_, t] = given[:, 0]
    as_malignant, as_benign = _expected(world.law, metastatic, without)
    return Tables(metastatic, without, as_malignant, as_benign, in_rows @ rows.memberships())


def _expected(law: str, metastatic: Floats, without: Floats) -> tuple[Floats, Floats]:
    """Expected malignant (sites, tumours) and benign (sites,) lesions at each site, outside rows.

    A site's share is the part of sum(given Z) its factor's p x (or q y) has: forwards over the places before it,
    backwards over those after it, and its own place with one site less.
    """
    given = metastatic.copy()
    given[..., 0, :] += without
    common, rowed = _factors(law)
    rows_of = rows.memberships()
    runs = np.maximum(np.bincount([row.type for row in rows.all_rows()], minlength=len(rows_of)), 1)
    behind = {}  # what the places after one make of the given weights
    latest = given
    for place, steps in reversed(rowed):
        behind[place] = latest
        for p, q in reversed(steps):
            latest = _back(latest, p, q)
    # Elsewhere the type of row makes no difference: all rows of a type together.
    latest = np.einsum("r,rtgab->tgab", runs, latest)[None]
    for place, steps in reversed(common):
        behind[place] = latest
        for p, q in reversed(steps):
            latest = _back(latest, p, q)
    malignant, benign, left = _places(law)
    number = np.array([site.number for site in all_sites()])
    as_malignant, as_benign = np.zeros((len(number), malignant.shape[1])), np.zeros(len(number))
    before = _start(law)
    for place, steps in common + rowed:
        if len(steps[0][0]) > len(before):
            before = np.repeat(before, len(left[0]), axis=0)
        rest, after = before, behind[place]
        for p, q in steps[1:]:  # one site less: the last factors are those a row turns into 1
            rest = _step(rest, p, q)
        one = np.einsum("rtgab,rtgab->rt", rest[..., :-1, :], after[..., 1:, :]) * malignant[place]
        two = np.einsum("rtgab,rtgab->rg", rest[..., :-1], after[..., 1:]) * benign[place]
        sites = np.flatnonzero(number == place)
        # Rows of each type that leave the site free; places without rows have them all counted already.
        outside = runs[:, None] - rows_of[:, sites] if len(before) > 1 else np.ones((1, len(sites)))
        as_malignant[sites] = outside.T @ one
        as_benign[sites] = outside.T @ two.sum(axis=1)
        before = _step(rest, *steps[0])
    return as_malignant, as_benign
