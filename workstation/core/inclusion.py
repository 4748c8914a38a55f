"""Which scans a data set is made of, and why the others are not in it: every scan has one fate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from workstation.core.exclusion import REASONS
from workstation.core.lesion import Lesion, Origin, Progress

NO_READING = "no reading"
NOT_FINISHED = "reading not finished"
NOT_ADJUDICATED = "adjudication not finished"
MISSING_VIEW = "missing view"
NO_PIXELS = "no pixels"
_FINISHED = (Progress.DONE, Progress.REVIEWED)


class _Reading(Protocol):
    """What has to be known of a reading that is begun."""

    @property
    def reader(self) -> str: ...

    @property
    def progress(self) -> Progress: ...


R = TypeVar("R", bound=_Reading)


def chosen(begun: Sequence[R], reader: str | None, adjudicated: str) -> R | str:
    """The reading a scan's labels are taken from, or why there is none.

    begun: its first readings, the one begun first first. reader: whose; None takes the adjudicated one, else the first
    that is finished, as the list does. What is being adjudicated waits for its end.
    """
    if reader is not None:
        begun = [one for one in begun if one.reader == reader]
    elif any(one.reader == adjudicated for one in begun):
        begun = [one for one in begun if one.reader == adjudicated]
    finished = [one for one in begun if one.progress in _FINISHED]
    if finished:
        return finished[0]
    if not begun:
        return NO_READING
    return NOT_ADJUDICATED if begun[0].reader == adjudicated else NOT_FINISHED


def reason(text: str) -> str:
    """An exclusion's reason as it is counted: one of the papers', else "other reason" - people write names in texts."""
    return text if text in REASONS else REASONS[-1]


def origin(lesion: Lesion) -> Origin:
    """Where a lesion came from, in one word: what an AI had a part in is the AI's, else where its ROI came from."""
    parts = {lesion.roi_origin, lesion.label_origin}
    if Origin.AI_EDITED in parts:
        return Origin.AI_EDITED
    return Origin.AI_ACCEPTED if Origin.AI_ACCEPTED in parts else lesion.roi_origin


@dataclass(frozen=True)
class Count:
    """Scans, and the patients they are of."""

    scans: int
    patients: int


def counted(fates: Sequence[tuple[str, str]]) -> Mapping[str, Count]:
    """Of (patient, reason) of every scan that is left out: reason -> how many, the most frequent first."""
    scans: dict[str, int] = {}
    patients: dict[str, set[str]] = {}
    for patient, why in fates:
        scans[why] = scans.get(why, 0) + 1
        patients.setdefault(why, set()).add(patient)
    order = sorted(scans, key=lambda why: (-scans[why], why))
    return {why: Count(scans[why], len(patients[why])) for why in order}
