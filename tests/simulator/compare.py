"""The real scan beside a simulated cohort, figure by figure: which of its figures lie outside the cohort's 5-95 %.

`python -m tests.simulator.compare [--cohort NAME] [--number 48] [--seed 1] [--outside]`. Every simulated scan is
taken with the real scan's camera, speed and counts. This is calibration, never validation: the simulator was tuned by
looking at this one scan.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.simulator.figures import measure, noise
from tests.simulator.subject import real, simulated


@dataclass(frozen=True)
class Row:
    """real: the real scan's value. spread: the cohort's percentiles, low to high. share: of the cohort below it, %."""

    name: str
    real: float
    spread: tuple[float, ...]
    share: float

    @property
    def inside(self) -> bool:
        return self.spread[0] <= self.real <= self.spread[-1]


def rows(
    of_real: dict[str, float], of_cohort: Sequence[dict[str, float]], ends: tuple[float, float] = (5, 95)
) -> list[Row]:
    """One row per figure that the real scan has and at least eight simulated ones have. ends: outer percentiles."""
    found = []
    for name, value in of_real.items():
        values = np.array([each.get(name, np.nan) for each in of_cohort])
        values = values[np.isfinite(values)]
        if len(values) < 8 or not np.isfinite(value):
            continue
        spread = tuple(float(each) for each in np.percentile(values, (ends[0], 25, 50, 75, ends[1])))
        share = 100 * float(((values < value) + 0.5 * (values == value)).mean())
        found.append(Row(name, value, spread, share))
    return found


def table(found: Sequence[Row]) -> str:
    lines = [
        "| figure | real | 5 % | 25 % | 50 % | 75 % | 95 % | real's rank | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        values = " | ".join(f"{each:.3g}" for each in row.spread)
        verdict = "inside" if row.inside else "**outside**"
        lines.append(f"| {row.name} | {row.real:.3g} | {values} | {row.share:.0f} % | {verdict} |")
    return "\n".join(lines)


def noise_table(pictures: Sequence[np.ndarray], real_picture: np.ndarray) -> str:
    """Variance over mean by bin of mean counts: the real scan's and the simulated scans' pixel-weighted mean."""
    sums: dict[tuple[float, float], list[tuple[float, int]]] = {}
    for counts in pictures:
        for low, high, ratio, number in noise(counts):
            sums.setdefault((low, high), []).append((ratio, number))
    ours = {key: np.average([r for r, _ in value], weights=[n for _, n in value]) for key, value in sums.items()}
    lines = ["| mean counts | real | simulated |", "|---|---|---|"]
    for low, high, ratio, _ in noise(real_picture):
        lines.append(f"| {low:g}-{high:g} | {ratio:.3f} | {ours.get((low, high), np.nan):.3f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohort", default="patients-12222")
    parser.add_argument("--number", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--outside", action="store_true", help="only the rows outside the cohort's 5-95 %%")
    asked = parser.parse_args()
    subjects = simulated(asked.cohort, asked.seed, range(asked.number))
    found = rows(measure(real()), [measure(each) for each in subjects])
    outside = [row for row in found if not row.inside]
    print(table(outside if asked.outside else found))
    print(f"\n{len(found) - len(outside)} of {len(found)} figures of the real scan lie inside the cohort's 5-95 %.\n")
    print(noise_table([each.acquired() for each in subjects], real().acquired()))


if __name__ == "__main__":
    main()
