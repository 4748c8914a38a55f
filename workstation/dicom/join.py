"""Which objects belong to one acquisition: older cameras write one object per view, and the second may come later."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workstation.core.scan import View
from workstation.dicom.read import ReadObject

# A single-head camera scans one side after the other, each for up to half an hour.
_MAX_MINUTES_APART = 90.0


@dataclass(frozen=True)
class Half:
    """An object with one view, as much of it as joining needs.

    key: the caller's name for it. study, series: UIDs, both as they are or both mapped. shape: (rows, columns).
    acquired: ISO date and time, None if unknown.
    """

    key: Hashable
    study: str
    series: str
    view: View
    shape: tuple[int, int]
    acquired: str | None = None


def half(read: ReadObject, key: Hashable) -> Half | None:
    """The object as a half, or None when it has two views, was not accepted, or names no study."""
    study = str(read.facts.get("study_uid", ""))
    if not read.accepted or len(read.frames) != 1 or not study:
        return None
    frame, acquired = read.frames[0], read.facts.get("acquired")
    if frame.view is None:
        return None
    return Half(
        key,
        study,
        str(read.facts.get("series_uid", "")),
        frame.view,
        (frame.rows, frame.columns),
        acquired if isinstance(acquired, str) else None,
    )


def partner(new: Half, others: Sequence[Half]) -> Half | None:
    """The other view of the same acquisition among `others`.

    Same study, same shape, the other view, at most 90 minutes apart. Of several the one in the same series, then the
    nearest in time; None when two are equally near, because joining the wrong ones is worse than joining none.
    """
    ranked = sorted(((rank, other) for other in others if (rank := _rank(new, other))), key=lambda pair: pair[0])
    if len(ranked) > 1 and ranked[0][0] == ranked[1][0]:
        return None
    return ranked[0][1] if ranked else None


def pair(halves: Sequence[Half]) -> list[tuple[Half, ...]]:
    """The halves as acquisitions, anterior first within a pair.

    Two halves are a pair when each is the other's partner.
    """
    studies: dict[str, list[Half]] = {}
    for item in halves:
        studies.setdefault(item.study, []).append(item)
    return [group for study in studies.values() for group in _pairs_of_study(study)]


def _pairs_of_study(halves: Sequence[Half]) -> list[tuple[Half, ...]]:
    pairs: list[tuple[Half, ...]] = []
    free = list(range(len(halves)))

    def partner_of(index: int) -> int | None:
        others = [at for at in free if at != index]
        chosen = partner(halves[index], [halves[at] for at in others])
        return next((at for at in others if halves[at] is chosen), None)

    for index in range(len(halves)):
        at = partner_of(index) if index in free else None
        if at is not None and partner_of(at) == index:
            free = [number for number in free if number not in (index, at)]
            one, other = halves[index], halves[at]
            pairs.append((one, other) if one.view is View.ANTERIOR else (other, one))
    return pairs + [(halves[index],) for index in free]


def _rank(one: Half, other: Half) -> tuple[bool, float] | None:
    """Smaller is a better partner; None is no partner."""
    if one.study != other.study or one.shape != other.shape or one.view is other.view:
        return None
    apart = 0.0
    if one.acquired and other.acquired:
        gap = datetime.fromisoformat(one.acquired) - datetime.fromisoformat(other.acquired)
        apart = abs(gap.total_seconds()) / 60.0
    return None if apart > _MAX_MINUTES_APART else (one.series != other.series, apart)
