"""From the folder of a training that is done to the one file that holds its network, see `ml.model_file`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ml import checkpoint, model_card, model_network
from ml.config import Config, ConfigError
from ml.model_card import ModelError
from ml.model_file import Model, packed, read
from ml.model_words import markdown
from ml.runfolder import read_config

LEFT_OUT = ("weights", "predictions")
"""What a run's card says of files beside it."""


def write(run: Path, out: Path, half: bool = False, words: bool = False) -> Model:
    """Write the model of a finished run folder to `out`, whole or not at all; the file as it is read back.

    half: convolutions and matrices as float16 (norms and biases stay float32), which makes it another model: its hash
    is another one. words: put the card for people beside it, as Markdown.
    Raises ConfigError for a folder that is no run; ModelError where it is not done or cannot be kept in a file;
    CheckpointError where weights are not those of its card or the disk is full.
    """
    config, data = read_config(run)
    if config.network == "tree":
        raise ModelError("A tree keeps no weights: it is fitted again from its snapshot in seconds. Nothing to export.")
    told = _card(run)
    file, digest = str(told["weights"]["file"]), told["weights"]["sha256"]
    if Path(file).name != file or not (run / file).is_file() or checkpoint.sha256_of(run / file) != digest:
        raise checkpoint.CheckpointError(f"{run / file} does not hold the weights its card was written for.")
    kept = checkpoint.load(run / file).of("network")
    if half:
        kept = {name: value.half() if value.ndim > 1 and value.is_floating_point() else value
                for name, value in kept.items()}  # fmt: skip
    card = card_of(told, config, half)
    if card["snapshot"].get("hash") != data:
        raise ModelError(f"{run / 'card.json'} is of another snapshot than the settings beside it: it was edited.")
    tensors = {name: np.asarray(value.numpy()) for name, value in kept.items()}
    content, _ = packed(card, tensors)
    checkpoint.write_whole(out, content)
    try:
        found = read(out)
        model_network.build(found)
    except ValueError:
        out.unlink(missing_ok=True)
        raise
    if words:
        checkpoint.write_whole(out.with_suffix(".md"), markdown(out.stem, found.card, found.hash).encode())
    return found


def card_of(told: Mapping[str, Any], config: Config, half: bool) -> dict[str, Any]:
    """A run's card as the one of a model file: without what is said of other files and of places on one machine."""
    card = {name: value for name, value in told.items() if name not in LEFT_OUT}
    settings = {**config.told(), "weights": Path(config.weights).name}
    card["training"] = {**card["training"], "settings": settings}
    card["snapshot"] = {name: value for name, value in card["snapshot"].items() if name != "folder"}
    card |= {"format": model_card.FORMAT, "precision": "float16" if half else "float32"}
    return card


def _card(run: Path) -> dict[str, Any]:
    try:
        told = json.loads((run / "card.json").read_text("utf-8"))
        if not all(isinstance(told[name], dict) for name in ("weights", "training", "snapshot")):
            raise ValueError("it lacks what was learnt")
    except FileNotFoundError:
        raise ConfigError(f"{run} is not done: it has no card yet. Let it go on, then export it.") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{run / 'card.json'} is no card of a finished run: {error}.") from error
    return dict(told)
