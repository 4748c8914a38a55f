"""Which frame is what: detector and energy window of every frame, and the frames worth keeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENERGY_WINDOW = 0x00540010
DETECTOR = 0x00540020
# Every vector a Frame Increment Pointer may name (PS3.3 C.8.4.8) and the element that tells its length.
SIZES = {
    ENERGY_WINDOW: 0x00540011,
    DETECTOR: 0x00540021,
    0x00540030: 0x00540031,  # phase
    0x00540050: 0x00540051,  # rotation
    0x00540060: 0x00540061,  # RR interval
    0x00540070: 0x00540071,  # time slot
    0x00540080: 0x00540081,  # slice
}
PHOTOPEAK_KEV = 140.5


@dataclass(frozen=True)
class Place:
    """Where a frame stands; 1-based numbers as in the vectors.

    detector: where the header has no detectors, the frame's rank among those of its energy window.
    """

    number: int
    window: int
    detector: int


def places(
    frames: int, pointer: Sequence[int], vectors: Mapping[int, Sequence[int]], sizes: Mapping[int, int]
) -> tuple[Place, ...]:
    """The place of each of `frames` frames.

    A vector that has one entry per frame is believed. A missing or short one is counted out from the lengths of all
    vectors in `pointer` order, the last varying fastest; without lengths the window is 1.
    """
    counted: dict[int, list[int]] = {}
    lengths = [sizes.get(tag, 0) for tag in pointer]
    product = 1
    for length in lengths:
        product *= max(length, 0)
    if pointer and product == frames:
        step = 1
        for tag, length in zip(reversed(pointer), reversed(lengths), strict=True):
            counted[tag] = [frame // step % length + 1 for frame in range(frames)]
            step *= length

    def column(tag: int) -> Sequence[int] | None:
        vector = vectors.get(tag, ())
        return vector if len(vector) == frames and min(vector) >= 1 else counted.get(tag)

    windows = column(ENERGY_WINDOW) or [1] * frames
    detectors = column(DETECTOR) or [windows[: frame + 1].count(windows[frame]) for frame in range(frames)]
    return tuple(
        Place(frame + 1, window, detector)
        for frame, (window, detector) in enumerate(zip(windows, detectors, strict=True))
    )


def photopeak(windows: Sequence[Sequence[tuple[float, float]]], present: Sequence[int]) -> tuple[int, str | None]:
    """The number of the energy window to keep, and a warning when that is a guess.

    windows: for each energy window its (lower, upper) ranges in keV, possibly none. present: window numbers in use.
    The narrowest window holding the 99mTc photopeak wins: a wide one lets scatter in.
    """

    def width(number: int) -> float | None:
        ranges = windows[number - 1] if number <= len(windows) else ()
        held = [high - low for low, high in ranges if low <= PHOTOPEAK_KEV <= high]
        return min(held) if held else None

    numbers = sorted(set(present))
    holding = [(span, number) for number in numbers if (span := width(number)) is not None]
    if holding:
        return min(holding)[1], None
    if len(numbers) > 1:
        return numbers[0], f"No energy window is known to hold 140.5 keV; the first of {len(numbers)} was kept."
    ranges = windows[numbers[0] - 1] if numbers[0] <= len(windows) else ()
    if ranges:
        low, high = ranges[0]
        return numbers[0], f"The energy window, {low:.0f} to {high:.0f} keV, does not hold 140.5 keV."
    return numbers[0], None
