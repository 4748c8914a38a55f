"""A snapshot's pictures and masks at the size a network sees, made once and kept in few bytes. NumPy alone.

A picture value is counts divided by the counts that are one (see ml.pictures), cut at `clip`, kept as int16 from 0 to
32,767; a step of it is 1 / 9,000 of the scale at most, far below the noise of counts. Masks are kept as the pixels they
have, with the share of each that is covered: a lesion has some fifty.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.pictures import measured, resized
from ml.snapshot import Snapshot, to_mask

FULL = 32_767


class DataError(ValueError):
    """The data cannot be learnt from as they are; the message says which and what to do."""


@dataclass(frozen=True)
class Size:
    """rows, columns of one view as prepared, and how its counts are scaled."""

    rows: int
    columns: int
    scale: str
    clip: float


@dataclass(frozen=True, eq=False)
class Pictures:
    """values: int16 (n, 2, rows, columns); unit: what 1 of them is worth. midlines: (n, 2), in prepared pixels.

    index: where each scan row of the snapshot is among the n.
    """

    values: NDArray[np.int16]
    unit: float
    midlines: NDArray[np.float32]
    index: dict[int, int]


def pictures(snapshot: Snapshot, scans: Sequence[int], size: Size, mapped: Path | None = None) -> Pictures:
    """The pictures of these scans (rows of the snapshot). mapped: keep them in this file instead of in memory.

    Raises DataError for a picture that shows nothing, naming all there are, and where memory or disk are too small.
    """
    shape = (len(scans), 2, size.rows, size.columns)
    try:
        values = np.empty(shape, np.int16) if mapped is None else _mapped(mapped, shape)
    except MemoryError:
        needed = np.prod(shape, dtype=float) * 2 / 2**30
        raise DataError(f"The pictures need {needed:.1f} GiB of memory: set memory=mapped.") from None
    midlines = np.empty((len(scans), 2), np.float32)

    def fill(at: int) -> bool:
        counts = np.asarray(snapshot.pictures[scans[at]])
        good = False
        for view in range(2):
            if counts[view].min() == counts[view].max():  # an absent partner view stays empty; both is no scan
                values[at, view], midlines[at, view] = 0, (size.columns - 1) / 2
                continue
            good = True
            found = measured(counts[view], size.scale)
            share = resized(counts[view], size.rows, size.columns) / max(found.one, 1.0)
            values[at, view] = np.rint(np.clip(share / size.clip, 0, 1) * FULL)
            midlines[at, view] = (found.midline + 0.5) * size.columns / counts.shape[2] - 0.5
        return good

    with ThreadPoolExecutor() as pool:
        empty = [row for row, good in zip(scans, pool.map(fill, range(len(scans))), strict=True) if not good]
    if empty:
        names = [snapshot.manifest.scans[row] for row in empty]
        raise DataError(
            f"{len(empty)} of the pictures show nothing, every pixel being alike: {', '.join(names[:5])}"
            f"{' ...' if len(names) > 5 else ''}. Exclude these scans and make the snapshot again."
        )
    return Pictures(values, size.clip / FULL, midlines, {row: at for at, row in enumerate(scans)})


def _mapped(file: Path, shape: tuple[int, ...]) -> NDArray[np.int16]:
    """An array in a file. The room is taken at once: a disk found full later would end the process without a word.

    Where that can be, the file's name goes at once too: it lasts as long as the array, and a kill leaves nothing.
    """
    try:
        values: NDArray[np.int16] = np.lib.format.open_memmap(file, "w+", dtype=np.int16, shape=shape)
        if hasattr(os, "posix_fallocate"):
            with file.open("r+b") as opened:
                os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
        if os.name != "nt":
            file.unlink()
    except OSError as error:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
        needed = np.prod(shape, dtype=float) * 2 / 2**30
        raise DataError(
            f"The pictures need {needed:.1f} GiB in {file.parent}: {error.strerror}. Make room, or use fewer patients."
        ) from error
    return values


@dataclass(frozen=True, eq=False)
class Masks:
    """Masks as the pixels they have: those of mask i are pixels[offsets[i] : offsets[i + 1]].

    pixels: int32 flat indices into (2, rows, columns), sorted; cover: the share of each that is covered, 1 to 255.
    """

    pixels: NDArray[np.int32]
    cover: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    shape: tuple[int, int, int]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, number: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        """Pixels and cover of one mask."""
        span = slice(self.offsets[number], self.offsets[number + 1])
        return self.pixels[span], self.cover[span]

    def gathered(self, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
        """(which, pixels, cover) of these masks behind one another; which: the position in `numbers`."""
        starts = self.offsets[numbers]
        lengths = self.offsets[numbers + 1] - starts
        which = np.repeat(np.arange(len(numbers)), lengths)
        ends = np.cumsum(lengths)
        at = np.arange(int(lengths.sum())) - np.repeat(ends - lengths, lengths) + np.repeat(starts, lengths)
        return which, self.pixels[at].astype(np.int64), self.cover[at]


def masks(runs: Iterable[NDArray[np.uint32]], of: tuple[int, ...], rows: int, columns: int) -> Masks:
    """Masks given as runs into the snapshot's shape `of`, at (2, rows, columns)."""
    each = [_small(one, of, rows, columns) for one in runs]
    offsets = np.zeros(len(each) + 1, np.int64)
    offsets[1:] = np.cumsum([len(pixels) for pixels, _ in each])
    pixels = np.concatenate([np.zeros(0, np.int32), *(pixels for pixels, _ in each)])
    cover = np.concatenate([np.zeros(0, np.uint8), *(cover for _, cover in each)])
    return Masks(pixels, cover, offsets, (2, rows, columns))


def _small(
    runs: NDArray[np.uint32], of: tuple[int, ...], rows: int, columns: int
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    _, high, wide = of
    if high % rows or wide % columns:  # no whole number of pixels in one: the slow way
        share = resized(to_mask(runs, of), rows, columns).ravel()
        inside = np.flatnonzero(share > 1e-6)
        return inside.astype(np.int32), np.clip(np.rint(share[inside] * 255), 1, 255).astype(np.uint8)
    lengths = (runs[:, 1] - runs[:, 0]).astype(np.int64)
    ends = np.cumsum(lengths)
    flat = np.arange(int(lengths.sum())) + np.repeat(runs[:, 0].astype(np.int64) - (ends - lengths), lengths)
    view, rest = np.divmod(flat, high * wide)
    row, column = np.divmod(rest, wide)
    down, across = high // rows, wide // columns
    inside, count = np.unique((view * rows + row // down) * columns + column // across, return_counts=True)
    return inside.astype(np.int32), np.clip(np.rint(count * 255 / (down * across)), 1, 255).astype(np.uint8)
