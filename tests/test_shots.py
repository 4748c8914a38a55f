"""The guide's pictures are small copies that show the colours of the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests import shots

LABELS = {"red": (255, 99, 89), "green": (76, 175, 80), "amber": (240, 180, 60), "teal": (98, 190, 210)}


def test_a_small_copy_keeps_the_colours_of_thin_labels_among_many_greys(tmp_path: Path) -> None:
    """A window: dark and bluish greys everywhere, noise, and four lines of few pixels in the colours of labels."""
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 1), dtype=np.uint8)
    pixels = np.repeat(noise, 3, axis=2)
    pixels[:, :100] = (29, 33, 37)
    pixels[:, 100:150, 2] = np.minimum(pixels[:, 100:150, 2], 235) + 20  # a tint, as of smoothed letters
    for row, colour in enumerate(LABELS.values()):
        pixels[10 * (row + 1), 200:230] = colour
    Image.fromarray(pixels).save(tmp_path / "full.png")
    shots.small_copy(tmp_path / "full.png", tmp_path / "small.png")
    copy = Image.open(tmp_path / "small.png")
    off = np.abs(np.asarray(copy.convert("RGB")).astype(int) - pixels).max(axis=2)
    assert copy.mode == "P" and (tmp_path / "small.png").stat().st_size < (tmp_path / "full.png").stat().st_size
    assert off.max() <= 20 and off[:, :100].max() <= 2
    for row in range(len(LABELS)):
        assert off[10 * (row + 1), 200:230].max() <= 4
