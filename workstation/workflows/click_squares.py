"""What the click is taught with: squares about simulated lesions, cut as they are cut at a click, and their truth.

`python -m workstation.workflows.click_squares OUT` writes `OUT/learn` and `OUT/check`, files of 50 patients each, for
`python -m ml.click_training`. A square per visible lesion and view that shows it, about the centroid of its mask there,
with room for clicks beside it. Seed 202 is the bench's and is never asked for here.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workstation.core.body import facts
from workstation.core.click_net import REACH
from workstation.core.click_square import FACTS, cut
from workstation.core.lesion import Mask
from workstation.core.scan import VIEWS, Frame, How, View
from workstation.phantom.cohorts import COHORTS, VERSION
from workstation.phantom.patient import simulate
from workstation.workflows.processes import in_order

COHORT = "lesions-3352"
WIDE = REACH + 18  # half a square that is kept, pixels
PATIENTS = 50  # of a file
LEARN, CHECK = "7001:0-3300,7003:300-1100", "7002:0-150"


@dataclass(frozen=True)
class Part:
    """Patients first to last - 1 of a seed, and the file their squares go to."""

    seed: int
    first: int
    last: int
    file: Path


def parts(asked: str, folder: Path) -> list[Part]:
    """Of "seed:first-last,..."; ValueError where it is not that."""
    out = []
    for piece in asked.split(","):
        seed, _, patients = piece.partition(":")
        first, last = (int(number) for number in patients.split("-"))
        for start in range(first, last, PATIENTS):
            file = folder / f"s{int(seed)}_{start:05d}.npz"
            out.append(Part(int(seed), start, min(start + PATIENTS, last), file))
    return out


def write(part: Part) -> int:
    """Simulate, cut and write; the number of squares."""
    counts, masks, known, centres, malignant, best = [], [], [], [], [], []
    for patient in range(part.first, part.last):
        made = simulate(COHORTS[COHORT], part.seed, patient)[-1]
        spacing = made.acquisition.grid.spacing_mm
        frames = {
            view: Frame(made.counts[k], view, How.VIEW_CODE, k + 1, (spacing, spacing)) for k, view in enumerate(VIEWS)
        }
        bodies = {view: facts(frame.counts, view, frame.spacing_mm) for view, frame in frames.items()}
        for lesion in made.lesions:
            shown_best = clearest(made.counts, lesion.masks)
            for k, view in enumerate(VIEWS):
                if not lesion.visible or not lesion.masks[k].any():
                    continue
                centroid = np.argwhere(lesion.masks[k]).mean(axis=0)
                square = cut(frames, bodies, view, (centroid[0], centroid[1]), WIDE)
                # The mask of each view is cut like its counts: as a frame of its own.
                truth = {v: Frame(lesion.masks[n].astype(np.uint16), v, How.VIEW_CODE) for n, v in enumerate(VIEWS)}
                there = cut(truth, bodies, view, (centroid[0], centroid[1]), WIDE).counts[:2]
                counts.append(square.counts.astype(np.uint16))
                masks.append(np.packbits(there.astype(bool)))
                known.append(square.facts)
                centres.append(centroid - square.places[0])
                malignant.append(lesion.malignant)
                best.append(view is shown_best)
    part.file.parent.mkdir(parents=True, exist_ok=True)
    size = 2 * WIDE
    np.savez(
        part.file,
        counts=np.array(counts, np.uint16).reshape(-1, 4, size, size),
        masks=np.array(masks, np.uint8).reshape(len(masks), -1),
        facts=np.array(known, np.float64).reshape(-1, len(FACTS)),
        centre=np.array(centres, np.float64).reshape(-1, 2),
        malignant=np.array(malignant, bool),
        best=np.array(best, bool),
        made=f"{COHORT}, simulator {VERSION}, seed {part.seed}",
    )
    return len(counts)


def clearest(counts: NDArray[np.uint16], masks: Mask) -> View:
    """The view in which counts in the mask stand out most from those around it, in standard deviations."""
    out = []
    for picture, mask in zip(counts, masks, strict=True):
        if not mask.any():
            out.append(-np.inf)
            continue
        around = _grown(mask, 7) & ~_grown(mask, 3)
        level = float(picture[around].mean()) if around.any() else 0.0
        above = float(picture[mask].sum()) - level * np.count_nonzero(mask)
        out.append(above / np.sqrt(max(level, 1.0) * np.count_nonzero(mask)))
    return VIEWS[int(np.argmax(out))]


def _grown(mask: Mask, steps: int) -> Mask:
    """With the neighbours above, below, left and right, again and again."""
    for _ in range(steps):
        wide = np.pad(mask, 1)
        mask = mask | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    return mask


def main(arguments: list[str] | None = None) -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("out", type=Path)
    ask.add_argument("--learn", default=LEARN, help="seed:first-last,... of the patients learned from")
    ask.add_argument("--check", default=CHECK, help="likewise, of those it is checked on")
    ask.add_argument("--processes", type=int, default=None)
    asked = ask.parse_args(arguments)
    todo = parts(asked.learn, asked.out / "learn") + parts(asked.check, asked.out / "check")
    for part, number in zip(todo, in_order(write, todo, asked.processes), strict=False):
        print(f"{part.file}: {number} squares", flush=True)


if __name__ == "__main__":
    main()
