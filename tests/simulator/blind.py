"""A blind look: the real scan's crops among simulated ones, shuffled, in one window; the key lies apart.

`python -m tests.simulator.blind --seed 1 --out DIR [--cohort NAME] [--sheets whole head ...]` writes one PNG per sheet
into DIR, and the key beside DIR, not in it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.simulator.subject import Subject, real, simulated

JITTER_MM = 8.0  # no crop is centred better than a hand places a mark
COUNTS_SPREAD = 0.2
DRAWN = 24  # simulated scans the sheets choose from


@dataclass(frozen=True)
class Sheet:
    """place: what the crops are centred on, moved `down` mm. width, height mm of a crop. others: simulated tiles."""

    place: str
    down: float
    width: float
    height: float
    others: int
    across: int
    magnify: int = 3


SHEETS = {
    "whole": Sheet("hips", 65, 518, 1920, 7, 4, 1),
    "head": Sheet("skull", 62, 270, 350, 11, 4),
    "chest": Sheet("sternum", -10, 440, 340, 11, 4),
    "pelvis": Sheet("hips", -45, 400, 320, 11, 4),
    "knees": Sheet("knees", 0, 380, 270, 11, 4),
    "feet": Sheet("tali", -27, 400, 310, 11, 4),
}


def crop(subject: Subject, sheet: Sheet, rng: np.random.Generator) -> NDArray[np.float64]:
    """Counts of one crop; what was not acquired is empty, as in the picture itself."""
    row, column = subject.places[sheet.place]
    shift = rng.uniform(-JITTER_MM, JITTER_MM, 2)
    height, width = (round(size / subject.spacing_mm) for size in (sheet.height, sheet.width))
    top = round(row + (sheet.down + shift[0]) / subject.spacing_mm - height / 2)
    left = round(column + shift[1] / subject.spacing_mm - width / 2)
    if sheet.place == "hips" and sheet.magnify == 1:  # the whole width that was acquired
        left = (subject.field[2] + subject.field[3] - width) // 2
    out = np.zeros((height, width))
    rows = slice(max(top, subject.field[0]), min(top + height, subject.field[1]))
    columns = slice(max(left, subject.field[2]), min(left + width, subject.field[3]))
    out[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = subject.counts[rows, columns]
    return out


def grey(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Inverted grey, dark where hot; the window comes from the crop's own body, by one rule for all.

    A full bladder fills 4 % of a pelvis: the window hangs on a percentile below that, or it would be the bladder's.
    """
    top = 1.35 * np.percentile(counts[counts > 2], 94)
    return np.asarray(255 * (1 - np.clip(counts / top, 0, 1) ** 0.8), np.uint8)


def draw(sheet: Sheet, subjects: Sequence[Subject], rng: np.random.Generator) -> Image.Image:
    """The crops as numbered tiles, row by row."""
    tiles = [grey(crop(subject, sheet, rng)) for subject in subjects]
    height, width = (size * sheet.magnify for size in tiles[0].shape)
    down = -(-len(tiles) // sheet.across)
    picture = Image.new("L", (sheet.across * (width + 6), down * (height + 22)), 200)
    pen = ImageDraw.Draw(picture)
    for index, tile in enumerate(tiles):
        left, top = index % sheet.across * (width + 6), index // sheet.across * (height + 22)
        big = Image.fromarray(np.kron(tile, np.ones((sheet.magnify, sheet.magnify), np.uint8)))
        picture.paste(big, (left + 3, top + 19))
        pen.text((left + 6, top + 2), str(index + 1), fill=0, font_size=15)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cohort", default="patients-12222")
    parser.add_argument("--sheets", nargs="*", default=list(SHEETS), choices=list(SHEETS))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(asked.seed)
    others = simulated(asked.cohort, asked.seed, range(DRAWN), COUNTS_SPREAD)
    key = {}
    for name in asked.sheets:
        sheet = SHEETS[name]
        chosen = [others[each] for each in rng.permutation(len(others))[: sheet.others]]
        chosen.insert(int(rng.integers(len(chosen) + 1)), real())
        draw(sheet, chosen, rng).save(asked.out / f"{name}.png", optimize=True)
        names = [subject.name for subject in chosen]
        key[name] = {"real": names.index("real") + 1, "tiles": names}
    apart = asked.out.parent / f"{asked.out.name}.key.json"
    apart.write_text(json.dumps(key, indent=1) + "\n", encoding="utf-8")
    print(f"sheets in {asked.out}, key in {apart}")


if __name__ == "__main__":
    main()
