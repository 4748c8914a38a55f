"""Where two or more readings of one scan differ, and on what they agree.

Readers agree on a lesion that all of them have, with one label and with outlines that lie on each other. Everything
else is a disagreement, put to a further person one by one, from head to feet, the verdict on the scan last.

Who excludes the scan says nothing of its lesions: whether it is excluded is asked first, and what the others read is
compared without them.

Of a lesion they agree on, the outline that is taken over is one that a person drew, never a mixture: the one with the
largest mean Dice to the others' outlines (the medoid), with all that its reader said of it. Between two readers that is
a draw, and the first reader's is taken; a union would grow with every reader, an intersection shrink.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from workstation.core.lesion import Lesion, Progress, Reading, Verdict
from workstation.core.matching import Group, Spacing, groups
from workstation.core.overlap import dice

DICE = 0.5  # outlines that lie on each other less than this are put to a further person


class Difference(StrEnum):
    EXCLUDED = "excluded"  # some exclude the scan and others have read it
    MISSING = "missing"  # not every reader has this lesion
    LABEL = "label"
    OUTLINE = "outline"  # Dice under the threshold
    GRADE = "grade"
    DIFFUSE = "diffuse"
    ABANDONED = "abandoned"  # it was decided that it is there, and nobody marks it any more


@dataclass(frozen=True)
class Disagreement:
    """One question to the further person.

    key: the same whenever the same lesions are compared, whoever comes first; kept with the decision.
    group: the lesion as each reader has it; None where the verdict is in question, or what nobody marks any more.
    abandoned: that one, as it stands in the adjudicated reading.
    seen: print of what the readers have there. differences: none where they agree by now on what was decided before.
    """

    key: str
    differences: tuple[Difference, ...]
    group: Group | None = None
    seen: str = ""
    abandoned: Lesion | None = None

    @property
    def place(self) -> tuple[float, float]:
        """(row, column) of its middle in the first view it is drawn in; the verdict's lies below all lesions."""
        if self.abandoned is not None:
            return next(iter(self.abandoned.rois.values())).centre
        if self.group is None:
            return (float("-inf") if Difference.EXCLUDED in self.differences else float("inf"), 0.0)
        return _place(self.group)


@dataclass(frozen=True)
class Agreed:
    """A lesion that all readers have. lesion: the one taken over. ids: those it could have, of any reader's.

    question: what there would be to decide, had it been in question before.
    """

    lesion: Lesion
    ids: frozenset[str]
    question: Disagreement


@dataclass(frozen=True)
class Comparison:
    """readings: in the order in which the readers are shown. Lesions agreed on have ids as adjudicated.

    excluding: the readers who exclude the scan, by number; they have no lesion in any group.
    """

    readings: tuple[Reading, ...]
    disagreements: tuple[Disagreement, ...]
    agreed: tuple[Agreed, ...]
    verdict: Verdict  # grade and diffuse disease where all say the same
    excluding: frozenset[int] = frozenset()

    @property
    def asked(self) -> tuple[int, ...]:
        """The readers who have read the scan and not excluded it."""
        return tuple(n for n in range(len(self.readings)) if n not in self.excluding)

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
    excluding = frozenset(n for n, one in enumerate(readings) if one.verdict.progress is Progress.EXCLUDED)
    read = [reading for n, reading in enumerate(readings) if n not in excluding]
    verdicts = [reading.verdict for reading in read]
    grades, diffuse = {verdict.grade for verdict in verdicts}, {verdict.diffuse for verdict in verdicts}
    verdict = Verdict(grades.pop() if len(grades) == 1 else None, diffuse == {True})
    bare = Comparison(tuple(readings), (), (), verdict, excluding)
    found: list[Disagreement] = []
    agreed: list[Agreed] = []
    for narrow in groups(read, spacing_mm):
        differences = tuple(_differences(narrow, threshold))
        group = _with_places(narrow, bare)
        about = Disagreement(_key(readings, group), differences, group, _seen(readings, group))
        if differences:
            found.append(about)
        else:
            named = [bare.named(n, lesion) for n, lesion in enumerate(group.lesions) if lesion is not None]
            agreed.append(Agreed(bare.named(*medoid(group)), frozenset(lesion.id for lesion in named), about))
    if excluding and read:
        found.append(_of_verdicts(Difference.EXCLUDED, readings))
    if len(grades) > 1:
        found.append(_of_verdicts(Difference.GRADE, read))
    if len(diffuse) > 1:
        found.append(_of_verdicts(Difference.DIFFUSE, read))
    found.sort(key=lambda one: one.place)
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


def _with_places(narrow: Group, among: Comparison) -> Group:
    """The group with a place for every reader; nothing at those of who excludes the scan."""
    lesions = dict(zip(among.asked, narrow.lesions, strict=True))
    return Group(tuple(lesions.get(n) for n in range(len(among.readings))))


def _of_verdicts(what: Difference, readings: Sequence[Reading]) -> Disagreement:
    said = []
    for reading in readings:
        verdict = reading.verdict
        excluded = verdict.progress is Progress.EXCLUDED
        value = {
            Difference.GRADE: verdict.grade,
            Difference.DIFFUSE: verdict.diffuse,
            Difference.EXCLUDED: verdict.reason if excluded else None,
        }[what]
        said.append([reading.key.reader, value])
    return Disagreement(str(what), (what,), seen=_print(said))


def _seen(readings: Sequence[Reading], group: Group) -> str:
    named = zip(readings, group.lesions, strict=True)
    return _print([[reading.key.reader, lesion.to_json()] for reading, lesion in named if lesion is not None])


def _print(said: Sequence[Sequence[object]]) -> str:
    """The same for the same words, whoever comes first."""
    texts = sorted(json.dumps(one, sort_keys=True) for one in said)
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]


def _key(readings: Sequence[Reading], group: Group) -> str:
    named = zip(readings, group.lesions, strict=True)
    return json.dumps(sorted([reading.key.reader, lesion.id] for reading, lesion in named if lesion is not None))


def _place(group: Group) -> tuple[float, float]:
    _, lesion = medoid(group)
    return next(iter(lesion.rois.values())).centre
