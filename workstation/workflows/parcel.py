"""An object as it is sent from one process to another: counts that lie in the kept bytes as they are travel once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from workstation.core.scan import Frame, How, View
from workstation.workflows.arriving import Arrived

_NATIVE = np.dtype(np.uint16)


@dataclass(frozen=True, eq=False)
class _Counts:
    """One frame. at: where its counts begin in the kept bytes; else they are in `values`."""

    at: int | None
    values: bytes
    dtype: str
    shape: tuple[int, int]
    view: View | None
    how: How | None
    number: int
    spacing_mm: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Parcel:
    arrived: Arrived
    counts: tuple[_Counts, ...]


def packed(arrived: Arrived) -> Parcel:
    return Parcel(replace(arrived, frames=()), tuple(_packed(frame, arrived.data) for frame in arrived.frames))


def unpacked(parcel: Parcel) -> Arrived:
    data = parcel.arrived.data
    return replace(parcel.arrived, frames=tuple(_unpacked(counts, data) for counts in parcel.counts))


def _packed(frame: Frame, data: bytes) -> _Counts:
    at = _place(frame, data)
    values = frame.counts.tobytes() if at is None else b""
    shape = (frame.rows, frame.columns)
    return _Counts(at, values, frame.counts.dtype.str, shape, frame.view, frame.how, frame.number, frame.spacing_mm)


def _unpacked(counts: _Counts, data: bytes) -> Frame:
    size = counts.shape[0] * counts.shape[1]
    flat = np.frombuffer(counts.values or data, counts.dtype, size, counts.at or 0)
    return Frame(flat.reshape(counts.shape), counts.view, counts.how, counts.number, counts.spacing_mm)


def _place(frame: Frame, data: bytes) -> int | None:
    """Where the frame's counts lie among the last frames of the file, byte for byte."""
    if frame.counts.dtype != _NATIVE:
        return None
    size = frame.counts.nbytes
    for at in range(len(data) - size, max(len(data) - 5 * size, -1), -size):
        if np.array_equal(np.frombuffer(data, _NATIVE, frame.counts.size, at), frame.counts.ravel()):
            return at
    return None
