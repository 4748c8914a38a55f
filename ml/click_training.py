"""Teaches the click its ellipse: `python -m ml.click_training SQUARES OUT`.

SQUARES is what `python -m workstation.workflows.click_squares SQUARES` made: two folders, `learn` and `check`, with
.npz files of squares about the centroids of simulated lesions.
OUT gets `click.npz`, the weights, and `click.json`, their card: what was learned from, how, and how well it does on
`check`. On one machine with one number of threads the same squares and seed give the same weights.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.click_network import REACH, ClickNetwork, dice, loss, prepared

BATCH = 128
RATE = 2e-3
_WARM = 200  # steps to the full rate
_KEPT = 0.998  # of the running mean of the weights, which are what is stored
_ALONE = 0.06  # share of the lesions shown without the other view
_THINNED = 0.15  # share shown with fewer counts, down to _LEAST of them
_LEAST = 0.3
_NEAR, _FAR, _OFF = 3.3, 5.0, 0.12  # clicks lie within the first of the centroid, a share within the second, pixels


@dataclass(frozen=True, eq=False)
class Squares:
    """counts: (n, 4, row, column) uint16. masks: (n, packed) of (view, row, column). facts: (n, 7). centre: (n, 2), the
    centroid from the square's middle pixel. malignant, best (the view clicked shows it best): (n,). made: how."""

    counts: NDArray[np.uint16]
    masks: NDArray[np.uint8]
    facts: NDArray[np.float64]
    centre: NDArray[np.float64]
    malignant: NDArray[np.bool_]
    best: NDArray[np.bool_]
    made: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> Squares:
        files = sorted(folder.glob("*.npz"))
        if not files:
            raise SystemExit(f"{folder} holds no squares; make them with workstation.workflows.click_squares.")
        parts: dict[str, list[Any]] = {name: [] for name in ("counts", "masks", "facts", "centre", "malignant", "best")}
        made = []
        for file in files:
            with np.load(file, allow_pickle=False) as one:
                for name, part in parts.items():
                    part.append(one[name])
                made.append(str(one["made"]))
        return cls(**{name: np.concatenate(part) for name, part in parts.items()}, made=tuple(made))

    def __len__(self) -> int:
        return len(self.facts)

    def places(self, random: np.random.Generator, off: NDArray[np.float64]) -> NDArray[np.int64]:
        """Pixels clicked, from the middle one: in a disc of radius `off` (n,) about each centroid."""
        away, way = off * np.sqrt(random.uniform(size=len(self))), random.uniform(0, 2 * np.pi, len(self))
        places = np.rint(self.centre + np.stack([away * np.sin(way), away * np.cos(way)], axis=1))
        room = self.counts.shape[2] // 2 - REACH
        return np.clip(places, -room, room).astype(np.int64)

    def taken(
        self, which: NDArray[np.int64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float32]]:
        """Counts, facts and masks (n, view, row, column) of some, about the places clicked."""
        size = self.counts.shape[2]
        whole = np.unpackbits(self.masks[which], axis=1)[:, : 2 * size * size].reshape(-1, 2, size, size)
        counts = np.empty((len(which), 4, 2 * REACH, 2 * REACH), np.float32)
        masks = np.empty((len(which), 2, 2 * REACH, 2 * REACH), np.float32)
        for k, (one, (row, column)) in enumerate(zip(which, places, strict=True)):
            top, left = size // 2 - REACH + row, size // 2 - REACH + column
            box = np.s_[:, top : top + 2 * REACH, left : left + 2 * REACH]
            counts[k], masks[k] = self.counts[one][box], whole[k][box]
        return counts, self.facts[which].copy(), masks


def varied(
    counts: NDArray[np.float32], facts: NDArray[np.float64], masks: NDArray[np.float32], random: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Some reversed, some with fewer counts, some without the other view; last, which views each has."""
    number = len(counts)
    turned = random.uniform(size=number) < 0.5
    counts[turned], masks[turned] = counts[turned][..., ::-1], masks[turned][..., ::-1]
    for k in np.flatnonzero(random.uniform(size=number) < _THINNED):
        share = random.uniform(_LEAST, 1.0)
        counts[k] = random.binomial(counts[k].astype(np.int64), share)
        facts[k, 6] *= share
    alone = random.uniform(size=number) < _ALONE
    counts[alone, 1], counts[alone, 3], facts[alone, 3] = 0.0, 0.0, -facts[alone, 2]
    there = np.ones((number, 2), np.float32)
    there[alone, 1] = 0.0
    pictures, scalars = prepared(counts, facts)
    return pictures, scalars, torch.from_numpy(masks), torch.from_numpy(there)


def teach(
    squares: Squares,
    steps: int,
    seed: int,
    told: Callable[[str], object],
    network: ClickNetwork,
    rate: float = RATE,
) -> ClickNetwork:
    """The network with the running mean of its weights over the last steps; rate: of learning, at its highest."""
    random = np.random.default_rng(seed)
    network = network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean: ClickNetwork = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)
    batch, order, at = min(BATCH, len(squares)), np.zeros(0, np.int64), 0
    places, lost = np.zeros((0, 2), np.int64), 0.0
    for step in range(steps):
        if at + batch > len(order):
            order, at = random.permutation(len(squares)), 0
            places = squares.places(random, np.where(random.uniform(size=len(squares)) < _OFF, _FAR, _NEAR))
        which, at = order[at : at + batch], at + batch
        pictures, scalars, masks, there = varied(*squares.taken(which, places[which]), random)
        done = step / steps
        warm = min(1.0, (step + 1) / min(_WARM, steps // 4 + 1))
        for group in optimiser.param_groups:
            group["lr"] = rate * warm * 0.5 * (1 + math.cos(math.pi * done)) + 1e-6
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = network(pictures, scalars)
        cost = loss(answer.float(), masks, there, max(0.02, 0.5 * (1 - 4 * done)))
        optimiser.zero_grad()
        cost.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        kept = min(_KEPT, step / (step + 20))
        with torch.no_grad():
            for its, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
                if its.dtype.is_floating_point:
                    its.mul_(kept).add_(new, alpha=1 - kept)
                else:
                    its.copy_(new)
        lost += cost.item() / 100
        if step % 100 == 99:
            told(f"step {step + 1} of {steps}, loss {lost:.4f}")
            lost = 0.0
    return mean


@torch.no_grad()
def checked(network: ClickNetwork, squares: Squares, seed: int = 5, rounds: int = 2) -> dict[str, float]:
    """Dice over both views of clicks up to 3 pixels off, in the view that shows the lesion best."""
    random = np.random.default_rng(seed)
    scores = []
    for _ in range(rounds):
        places = squares.places(random, np.full(len(squares), 3.0))
        for first in range(0, len(squares), 256):
            which = np.arange(first, min(first + 256, len(squares)))
            counts, facts, masks = squares.taken(which, places[which])
            straight = network(*prepared(counts, facts))
            turned = network(*prepared(counts[..., ::-1].copy(), facts))
            turned[..., 1], turned[..., 4] = -1 - turned[..., 1], -turned[..., 4]
            scores.append(dice((straight + turned) / 2, torch.from_numpy(masks)))
    found = np.concatenate(scores).reshape(rounds, -1)[:, squares.best]
    malignant = squares.malignant[squares.best]
    return {
        "lesions": int(squares.best.sum()),
        "median Dice malignant": round(float(np.median(found[:, malignant])), 3) if malignant.any() else math.nan,
        "median Dice benign": round(float(np.median(found[:, ~malignant])), 3) if (~malignant).any() else math.nan,
        "share under 0.5": round(float(np.mean(found < 0.5)), 3),
        "mean Dice": round(float(found.mean()), 3),
    }


def write(network: ClickNetwork, out: Path, card: dict[str, Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "click.npz", **network.stored())  # type: ignore[arg-type]
    card = {**card, "sha256": hashlib.sha256((out / "click.npz").read_bytes()).hexdigest()}
    (out / "click.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def _said(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("squares", type=Path)
    ask.add_argument("out", type=Path)
    ask.add_argument("--steps", type=int, default=4500)
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--threads", type=int, default=1)
    asked = ask.parse_args(arguments)
    torch.set_num_threads(asked.threads)
    learn, check = Squares.load(asked.squares / "learn"), Squares.load(asked.squares / "check")
    torch.manual_seed(asked.seed)
    network = teach(learn, asked.steps, asked.seed, _said, ClickNetwork())
    figures = checked(network, check)
    print(json.dumps(figures))
    said = f"--steps {asked.steps} --seed {asked.seed} --threads {asked.threads}"
    card = {
        "what": "estimator of a click: an ellipse in either view, and which view shows the lesion",
        "trained on": "simulated scans",
        "made": sorted(set(learn.made)),
        "squares": len(learn),
        "commands": [
            "python -m workstation.workflows.click_squares SQUARES",
            f"python -m ml.click_training SQUARES OUT {said}",
        ],
        "torch": torch.__version__,
        "checked on": sorted(set(check.made)),
        "check": figures,
    }
    write(network, asked.out, card)


if __name__ == "__main__":
    main()
