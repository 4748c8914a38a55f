"""A model file as a network that predicts: its shapes held to what this version builds, its weights put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ml import checkpoint
from ml.batches import channels_of
from ml.config import Config
from ml.finish import preprocessing
from ml.model_card import ModelError
from ml.model_file import Model, read
from ml.networks import build as build_network
from ml.samples import TARGETS
from ml.scoring import Chosen


@dataclass(frozen=True, eq=False)
class Ready:
    """A network with its weights, in evaluation mode on the CPU, float32.

    config: what it was trained with, but for where and how it predicts: on the best device there is, in float32, not
    compiled, deterministic, and tested on nothing an AI had a part in. chosen: temperature and threshold of each
    target, in the order of ml.samples.TARGETS.
    """

    model: Model
    network: nn.Module
    config: Config
    chosen: tuple[Chosen, ...]


def load(path: Path) -> Ready:
    """Read, check and build. Raises ModelError and, for weights of another network, CheckpointError."""
    return build(read(path))


def build(model: Model) -> Ready:
    """The network of a model that was read with its weights. Raises as `load`."""
    config, card = model.config, model.card
    targets: Sequence[str] = TARGETS[config.task]
    if tuple(card["targets"]) != tuple(targets):
        raise ModelError(
            f"{model.path} answers {', '.join(card['targets'])}; here {config.task} is {', '.join(targets)}."
        )
    if card.get("preprocessing") != preprocessing(config):
        raise ModelError(
            f"{model.path} was trained on pictures prepared in another way than this version prepares them. Use the "
            "version it was exported with, or train it again."
        )
    if config.network == "tree":
        raise ModelError(f"{model.path} says it is a tree, which keeps no weights.")
    try:
        with torch.device("meta"):  # shapes alone: what a file asks for takes no memory before it is known to fit
            network = build_network(config.network, channels_of(config), len(targets), config.width)
    except ValueError as error:
        raise ModelError(f"{model.path} asks for a network that cannot be built: {error}") from error
    tensors, own = _tensors(model), network.state_dict()
    checkpoint.hold_to(network, tensors, str(model.path))
    if wrong := next((name for name, tensor in tensors.items() if tensor.dtype != own[name].dtype), None):
        raise ModelError(f"{model.path} has numbers of another kind than the network takes, in {wrong}.")
    network.load_state_dict(tensors, assign=True)
    told = replace(
        config, weights="", device="auto", precision="fp32", compile="no", memory="auto", deterministic=True,
        accumulate=1, fold=-1, ai_tested=False,
    )  # fmt: skip
    chosen = tuple(
        Chosen(float(card["calibration"][name]["temperature"]), float(card["calibration"][name]["threshold"]))
        for name in targets
    )
    return Ready(model, network.eval(), told, chosen)


def _tensors(model: Model) -> dict[str, torch.Tensor]:
    return {
        name: torch.from_numpy(array.astype(np.float32) if array.dtype.kind == "f" else array.copy())
        for name, array in model.tensors.items()
    }
