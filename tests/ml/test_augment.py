"""Pictures turned: the flip about each view's own midline, the paper's flip, rotation and scale, the mask with them."""

from __future__ import annotations

import numpy as np
import torch

from ml.augment import Views, augment, flip_views, flip_whole, turned
from ml.config import make


def layers(batch: int = 3, rows: int = 6, columns: int = 9) -> torch.Tensor:
    return torch.rand(batch, 2, 2, rows, columns, generator=torch.Generator().manual_seed(1))


def test_a_view_is_mirrored_about_its_own_midline() -> None:
    given = layers()
    midlines = torch.tensor([[4.0, 3.5], [2.0, 5.0], [4.0, 4.0]])
    flipped = flip_views(given, midlines, torch.tensor([True, True, False])).numpy()
    plain = given.numpy()
    assert np.array_equal(flipped[2], plain[2])
    for sample, view in np.ndindex(2, 2):
        for column in range(9):
            source = round(2 * float(midlines[sample, view])) - column
            expected = plain[sample, view, :, :, source] if 0 <= source < 9 else 0 * plain[sample, view, :, :, 0]
            assert np.array_equal(flipped[sample, view, :, :, column], expected)
    centred = flip_views(given, torch.full((3, 2), 4.0), torch.ones(3, dtype=torch.bool))
    assert np.array_equal(centred.numpy(), plain[..., ::-1])


def test_the_papers_flip_swaps_the_views() -> None:
    given = layers()
    flipped = flip_whole(given, torch.tensor([True, False, True]))
    beside = torch.cat([given[:, 0], given[:, 1]], -1)  # as the network sees them
    assert torch.equal(torch.cat([flipped[0, 0], flipped[0, 1]], -1), beside[0].flip(-1))
    assert torch.equal(flipped[1], given[1])


def test_a_quarter_turn_and_a_scale_of_two() -> None:
    square = torch.rand(1, 1, 1, 8, 8)
    quarter = turned(square, torch.tensor([90.0]), torch.ones(1))[0, 0, 0].numpy()
    plain = square[0, 0, 0].numpy()
    assert min(np.abs(quarter - np.rot90(plain, k)).max() for k in (1, 3)) < 1e-5
    larger = turned(torch.ones(1, 1, 1, 8, 8), torch.zeros(1), torch.tensor([0.5]))[0, 0, 0].numpy()
    assert larger[4, 4] == 1 and abs(larger.sum() - 16) < 1e-4
    tall = torch.zeros(1, 1, 1, 40, 10)
    tall[..., 18:22, 2:8] = 1  # 4 high, 6 wide, about the middle
    upright = turned(tall, torch.tensor([90.0]), torch.ones(1))[0, 0, 0].numpy()
    assert abs(upright.sum() - 24) < 1e-3 and upright[17:23, 3:7].sum() > 23.9


def test_mask_and_picture_stay_together_and_the_draw_repeats() -> None:
    picture = torch.rand(16, 2, 12, 10)
    views = Views(picture, (picture > 0.5).float(), torch.full((16, 2), 4.5), torch.zeros(16, 1))
    config = make("small-a", ["rotation=0", "scaling=0", "gain=0"])
    one, two = (augment(views, config, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one.picture, two.picture) and one.mask is not None
    assert torch.equal(one.mask, (one.picture > 0.5).float())
    changed = [not torch.equal(a, b) for a, b in zip(one.picture, picture, strict=True)]
    assert 3 < sum(changed) < 13  # of 16 at a chance of a half
    assert views.mask is not None
    outlines = Views(views.mask, views.mask, views.midlines, views.truth)
    turned_too = augment(outlines, make("small-a", ["gain=0"]), torch.Generator().manual_seed(3))
    assert turned_too.mask is not None and torch.equal(turned_too.picture, turned_too.mask)


def test_a_gain_multiplies_counts_and_leaves_the_mask() -> None:
    picture = torch.rand(64, 2, 4, 4) + 0.1
    views = Views(picture, torch.ones_like(picture), torch.full((64, 2), 1.5), torch.zeros(64, 1))
    config = make("small-a", ["flip=none", "rotation=0", "scaling=0", "gain=0.3"])
    given = augment(views, config, torch.Generator().manual_seed(1))
    times = (given.picture / picture).flatten(1)
    assert given.mask is not None and bool((given.mask == 1).all())
    assert float((times.max(1).values - times.min(1).values).max()) < 1e-5  # both views of a scan alike
    logs = times[:, 0].log()
    assert 0.2 < float(logs.abs().max()) <= 0.3 + 1e-5 and abs(float(logs.mean())) < 0.1
