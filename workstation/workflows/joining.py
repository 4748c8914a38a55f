"""Objects on their way in, gathered into acquisitions: what is whole goes on at once, a half waits for its partner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workstation.workflows.arriving import Arrived, half

if TYPE_CHECKING:
    from workstation.dicom.join import Half
    from workstation.store.library import Library

_WAITING = 64  # halves held in memory, a megabyte each


class Joining:
    """Feed it objects; it gives acquisitions, each a tuple of one or two objects, anterior first."""

    def __init__(self) -> None:
        self._waiting: list[Half] = []

    def add(self, arrived: Arrived) -> list[tuple[Arrived, ...]]:
        """The acquisitions that are complete with this object."""
        new = half(arrived)
        if new is None:
            return [(arrived,)]
        self._waiting.append(new)
        same = [other for other in self._waiting if other.study == new.study]
        if any(_surely(new, other) for other in same):
            return self._gathered({new.study})
        return self.rest() if len(self._waiting) >= _WAITING else []

    def rest(self) -> list[tuple[Arrived, ...]]:
        """All that still wait, paired as well as can be told; whose partner is absent stands alone."""
        return self._gathered({waiting.study for waiting in self._waiting}, lonely=True)

    def _gathered(self, studies: set[str], lonely: bool = False) -> list[tuple[Arrived, ...]]:
        from workstation.dicom.join import pair

        groups = [g for g in pair([w for w in self._waiting if w.study in studies]) if lonely or _certain(g)]
        gone = {id(member) for group in groups for member in group}
        self._waiting = [waiting for waiting in self._waiting if id(waiting) not in gone]
        return [tuple(_arrived(member) for member in group) for group in groups]


def partner_in(library: Library, arrived: Arrived) -> str | None:
    """The scan in the library that lacks just this view, None where there is none or it cannot be told."""
    from workstation.dicom import join

    new = half(arrived)
    if new is None:
        return None
    scan = library.find_partner(arrived.fact("study_uid"), new.view)
    if scan is None:
        return None
    there = library.load(scan)
    (view, frame) = next(iter(there.frames.items()))
    acquired, series = there.facts.get("acquired"), there.facts.get("series_uid")
    study = f"{there.patient} {there.facts.get('study_uid')}"
    known = join.Half(
        scan, study, str(series or ""), view, (frame.rows, frame.columns), str(acquired) if acquired else None
    )
    return scan if join.partner(new, [known]) is not None else None


def _surely(new: Half, other: Half) -> bool:
    """Two views taken at the same moment need not wait for a better partner."""
    return (
        other is not new
        and other.view is not new.view
        and other.shape == new.shape
        and new.acquired is not None
        and other.acquired == new.acquired
    )


def _certain(group: tuple[Half, ...]) -> bool:
    return len(group) == 2 and _surely(*group)


def _arrived(member: Half) -> Arrived:
    assert isinstance(member.key, Arrived)
    return member.key
