"""Where two or more readings of one scan differ, and on what they agree.

Readers agree on a lesion that all of them have, with one label and with outlines that lie on each other. Everything
else is a disagreement, put to a further person one by one, from head to feet, the verdict on the scan last.

Of a lesion they agree on, the outline that is taken over is one that a person drew, never a mixture: the one with the
largest mean Dice to the others' outlines (the medoid), with all that its reader said of it. Between two readers that is
a draw, and the first reader's is taken; a union would grow with every reader, an intersection shrink.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workstation.core.lesion import Lesion, Reading, Verdict
from workstation.core.matching import Group, Spacing, groups
from workstation.core.overlap import dice

DICE = 0.5  # outlines that lie on each other less than this are put to a further person


class Difference(StrEnum):
    MISSING = "missing"  # not every reader has this lesion
    LABEL = "label"
    OUTLINE = "outline"  # Dice under the threshold
    GRADE = "grade"
    DIFFUSE = "diffuse"


@dataclass(frozen=True)
class Disagreement:
    """One question to the further person.

    key: the same whenever the same lesions are compared, whoever comes first; kept with the decision.
    group: the lesion as each reader has it; None where the verdict is in question.
    """

    key: str
    differences: tuple[Difference, ...]
    group: Group | None = None

    @property
    def place(self) -> tuple[float, float]:
        """(row, column) of its middle in the first view it is drawn in; the verdict's lies below all lesions."""
        return (float("inf"), 0.0) if self.group is None else _place(self.group)


@dataclass(frozen=True)
class Agreed:
    """A lesion that all readers have. lesion: the one taken over. ids: those it could have, of any reader's."""

    lesion: Lesion
    ids: frozenset[str]


@dataclass(frozen=True)
class Comparison:
    """readings: in the order in which the readers are shown. Lesions agreed on have ids as adjudicated."""

    readings: tuple[Reading, ...]
    disagreements: tuple[Disagreement, ...]
    agreed: tuple[Agreed, ...]
    verdict: Verdict  # grade and diffuse disease where all say the same

    def find(self, key: str) -> Disagreement | None:
        return next((one for one in self.disagreements if one.key == key), None)

    def named(self, reader: int, lesion: Lesion) -> Lesion:
        """A reader's lesion with the id it has in the adjudicated reading: its own, so that it can be traced, made
        unmistakable where another reader has a lesion of that id too."""
        mine = self.readings[reader].key.reader
        others = [reading for n, reading in enumerate(self.readings) if n != reader]
        if not any(lesion.id in other.lesions for other in others):
            return lesion
        place = sorted(reading.key.reader for reading in self.readings).index(mine) + 1
        return replace(lesion, id=f"{lesion.id}-{place}")


def compare(readings: Sequence[Reading], threshold: float = DICE, spacing_mm: Spacing | None = None) -> Comparison:
    """Everything the readings of one scan differ in. threshold: the Dice under which outlines differ."""
    verdicts = [reading.verdict for reading in readings]
    grades, diffuse = {verdict.grade for verdict in verdicts}, {verdict.diffuse for verdict in verdicts}
    verdict = Verdict(grades.pop() if len(grades) == 1 else None, diffuse == {True})
    bare = Comparison(tuple(readings), (), (), verdict)
    found: list[Disagreement] = []
    agreed: list[Agreed] = []
    for group in groups(readings, spacing_mm):
        if differences := tuple(_differences(group, threshold)):
            found.append(Disagreement(_key(readings, group), differences, group))
        else:
            named = [bare.named(n, lesion) for n, lesion in enumerate(group.lesions) if lesion is not None]
            agreed.append(Agreed(bare.named(*medoid(group)), frozenset(lesion.id for lesion in named)))
    found.sort(key=lambda one: one.place)
    if len(grades) > 1:
        found.append(Disagreement(str(Difference.GRADE), (Difference.GRADE,)))
    if len(diffuse) > 1:
        found.append(Disagreement(str(Difference.DIFFUSE), (Difference.DIFFUSE,)))
    return replace(bare, disagreements=tuple(found), agreed=tuple(agreed))


def medoid(group: Group) -> tuple[int, Lesion]:
    """(reader, lesion) of the outline that agrees best with the others; the first of equals."""
    there = [(n, lesion) for n, lesion in enumerate(group.lesions) if lesion is not None]
    return max(there, key=lambda one: (round(sum(dice(one[1], other) for _, other in there), 9), -one[0]))


def _differences(group: Group, threshold: float) -> list[Difference]:
    found = []
    if len(group.present) < len(group.lesions):
        found.append(Difference.MISSING)
    if len({lesion.label for lesion in group.present}) > 1:
        found.append(Difference.LABEL)
    if group.dice < threshold:
        found.append(Difference.OUTLINE)
    return found


def _key(readings: Sequence[Reading], group: Group) -> str:
    named = zip(readings, group.lesions, strict=True)
    return json.dumps(sorted([reading.key.reader, lesion.id] for reading, lesion in named if lesion is not None))


def _place(group: Group) -> tuple[float, float]:
    _, lesion = medoid(group)
    return next(iter(lesion.rois.values())).centre
