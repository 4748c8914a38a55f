"""What teaches the click, on a handful of made-up spots: it learns, and the workstation carries out what it learned."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from workstation.core.click_net import REACH, Estimator
from workstation.core.click_square import Square

torch = pytest.importorskip("torch")

from ml import click_training  # noqa: E402
from ml.click_network import ClickNetwork, drawn, moments, prepared  # noqa: E402

SIZE = 2 * (REACH + 4)


def spots(number: int, seed: int) -> dict[str, np.ndarray]:
    """Round spots of 3 to 6 pixels on a flat ground, in both views or the first alone, their masks and facts."""
    random = np.random.default_rng(seed)
    at = np.arange(SIZE) - SIZE // 2
    counts = np.full((number, 4, SIZE, SIZE), 20.0)
    masks = np.zeros((number, 2, SIZE, SIZE), bool)
    for k in range(number):
        radius = random.uniform(3, 6)
        profile = 0.5 ** ((at[:, None] ** 2 + at**2) / radius**2)
        for view in (0, 1) if k % 4 else (0,):
            counts[k, view] += 80 * profile
            masks[k, view] = profile >= 0.5
    facts = np.tile([0.0, 0.4, 0.02, 0.02, 760.0, 2.3, 20.0], (number, 1))
    return {
        "counts": random.poisson(counts).astype(np.uint16), "masks": np.packbits(masks.reshape(number, -1), axis=1),
        "facts": facts, "centre": np.zeros((number, 2)), "malignant": np.arange(number) % 2 == 0,
        "best": np.ones(number, bool), "made": np.array("spots"),
    }  # fmt: skip


def folder(where: Path) -> Path:
    for name, seed in (("learn", 1), ("check", 2)):
        (where / name).mkdir()
        np.savez(where / name / "spots.npz", **spots(96, seed))
    return where


def test_a_tiny_run_learns_and_is_carried_out_without_torch(tmp_path: Path) -> None:
    squares = folder(tmp_path)
    learn, check = (click_training.Squares.load(squares / name) for name in ("learn", "check"))
    torch.set_num_threads(1)
    torch.manual_seed(3)
    network = ClickNetwork(4, drop=0.0)
    untaught = click_training.checked(network.eval(), check, rounds=1)
    network = click_training.teach(learn, 60, 3, lambda words: None, network, rate=0.01)
    taught = click_training.checked(network, check, rounds=1)
    assert taught["mean Dice"] > untaught["mean Dice"] + 0.03

    click_training.write(network, tmp_path / "out", {"trained on": "spots"})
    stored = (tmp_path / "out" / "click.npz").read_bytes()
    card = json.loads((tmp_path / "out" / "click.json").read_text("utf-8"))
    assert card["sha256"] == hashlib.sha256(stored).hexdigest()
    with np.load(tmp_path / "out" / "click.npz", allow_pickle=False) as arrays:
        estimator = Estimator.of(dict(arrays))
    counts, facts, _ = check.taken(np.arange(5), np.array([[0, 0], [2, -1], [-3, 0], [1, 1], [0, 3]]))
    with torch.no_grad():
        straight = network(*prepared(counts, facts)).numpy()
        turned = network(*prepared(counts[..., ::-1].copy(), facts)).numpy()
    turned[..., 1], turned[..., 4] = -1 - turned[..., 1], -turned[..., 4]
    for k, answer in enumerate((straight + turned) / 2):
        guess = estimator(Square(counts[k], np.zeros((2, 2)), (1.0, 1.0), facts[k]))
        assert np.allclose(guess.shapes, answer[:, :5], atol=0.02)
        assert np.allclose(guess.shown, 1 / (1 + np.exp(-answer[:, 5])), atol=0.02)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    learn = click_training.Squares.load(folder(tmp_path) / "learn")
    stored = []
    for _ in range(2):
        torch.manual_seed(9)
        stored.append(click_training.teach(learn, 3, 9, lambda words: None, ClickNetwork(4)).stored())
    assert all(np.array_equal(stored[0][name], stored[1][name]) for name in stored[0])


def test_moments_of_a_drawn_ellipse_are_its_numbers() -> None:
    shape = torch.tensor([[[1.0, -2.0, 2.3, 0.3, -0.2, 0.0], [0.0, 3.0, 2.0, -0.1, 0.25, 0.0]]])
    masks = (drawn(shape) >= 0.5).float()
    found, any_ = moments(masks)
    assert bool(any_.all())
    assert torch.allclose(found, shape[..., :5], atol=0.05)


def test_a_folder_without_squares_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no squares"):
        click_training.Squares.load(tmp_path)
