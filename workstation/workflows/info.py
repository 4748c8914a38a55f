"""What files turn out to be, without changing anything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workstation.core.scan import Frame, Kind
from workstation.workflows.arriving import read_file, told_of
from workstation.workflows.progress import Job, Progress
from workstation.workflows.sources import sources


@dataclass(frozen=True)
class ViewInfo:
    """One frame. frame: its number, from 1. sum, max: counts."""

    view: str | None
    how: str | None
    frame: int
    rows: int
    columns: int
    sum: int
    max: int
    spacing_mm: tuple[float, float] | None


@dataclass(frozen=True)
class ObjectInfo:
    """One object. reason: why it is refused. views: none then. told: what is odd about it, in sentences."""

    path: str
    accepted: bool
    reason: str | None
    kind: Kind | None
    views: tuple[ViewInfo, ...]
    told: tuple[str, ...] = ()


def run(paths: Iterable[Path], sides: str | None = None) -> Job[tuple[ObjectInfo, ...]]:
    """Look at everything under `paths`. sides: what files show that do not tell it, None refuses them."""
    from workstation.dicom.errors import DicomError
    from workstation.dicom.folder import walk

    found: list[ObjectInfo] = []
    refused = 0
    for item in walk(sources(paths).objects):
        try:
            info = look(item.name, item.open(), sides)
        except DicomError as error:
            info = ObjectInfo(item.name, False, str(error), None, ())
        found.append(info)
        refused += not info.accepted
        yield Progress(len(found), None, "Looking", refused)
    return tuple(found)


def look(name: str, data: bytes, sides: str | None = None) -> ObjectInfo:
    read = read_file(name, data, sides)
    if not read.accepted:
        return ObjectInfo(name, False, read.reason or "It cannot be used.", read.kind, ())
    return ObjectInfo(name, True, None, read.kind, tuple(_view(frame) for frame in read.frames), told_of(read))


def _view(frame: Frame) -> ViewInfo:
    return ViewInfo(
        view=None if frame.view is None else str(frame.view),
        how=None if frame.how is None else str(frame.how),
        frame=frame.number,
        rows=frame.rows,
        columns=frame.columns,
        sum=round(float(frame.counts.sum(dtype="f8"))),
        max=round(float(frame.counts.max())),
        spacing_mm=frame.spacing_mm,
    )
