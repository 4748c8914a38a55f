"""Rows of rib fractures: neighbouring ribs of one side broken at the same place, a pattern no metastases make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

import resources
from workstation.phantom.sites import TABLE, all_sites
from workstation.phantom.skeleton import Floats, standard


@dataclass(frozen=True)
class Row:
    """sites: indices into all_sites(), from the upper rib down. type: index into row_types()."""

    sites: tuple[int, ...]
    type: int


@cache
def row_types() -> tuple[tuple[int, int], ...]:
    """(place, length) of the rows there are; (-1, 0), no row, comes first."""
    places = sorted({site.number for site in all_sites() if site.row > 0})
    lengths = range(2, 2 + len(resources.table(TABLE)["rows"]["length"]))
    return ((-1, 0), *((place, length) for place in places for length in lengths))


@cache
def all_rows() -> tuple[Row, ...]:
    """Every row that can be: consecutive ribs, same side, same place."""
    ribs: dict[tuple[int, str], dict[int, int]] = {}
    for index, site in enumerate(all_sites()):
        rib = re.fullmatch(r"rib(\d+)", standard().bones[site.bone].name)
        if site.row > 0 and rib:
            ribs.setdefault((site.number, site.side), {})[int(rib[1])] = index
    found = []
    for (place, _), by_number in ribs.items():
        for type_, (owner, length) in enumerate(row_types()):
            for first in by_number if owner == place else ():
                members = [by_number.get(first + step) for step in range(length)]
                sites = tuple(each for each in members if each is not None)
                if len(sites) == length:
                    found.append(Row(sites, type_))
    return tuple(found)


@cache
def chances(most: int) -> Floats:
    """Chance of one certain row of each type in a patient with b benign lesions: (types, most + 1); row 0: of none."""
    table = resources.table(TABLE)["rows"]
    share = {site.number: site.row for site in all_sites() if site.row > 0}
    out = np.zeros((len(row_types()), most + 1))
    for b in range(most + 1):
        chance = table["chance"][min(b, len(table["chance"]) - 1)]
        length = {n + 2: each for n, each in enumerate(table["length"]) if n + 2 <= b}
        for type_, (place, ribs) in enumerate(row_types()):
            if ribs in length:
                runs = sum(row.type == type_ for row in all_rows())
                part = length[ribs] / sum(length.values()) * share[place] / sum(share.values())
                out[type_, b] = chance * part / runs
        out[0, b] = 1 - chance if length else 1.0
    return out


@cache
def memberships() -> Floats:
    """How many rows of each type hold a site, (types, sites)."""
    out = np.zeros((len(row_types()), len(all_sites())))
    for row in all_rows():
        out[row.type, list(row.sites)] += 1
    return out
