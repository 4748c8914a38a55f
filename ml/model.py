"""The network and the loss a configuration asks for."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml import losses
from ml.batches import channels_of
from ml.config import Config, ConfigError
from ml.engine import Loss, seeded
from ml.networks import build
from ml.networks.weights import load_imagenet
from ml.samples import TARGETS

RANDOM = "random initialisation"


def network_of(config: Config) -> tuple[nn.Module, str]:
    """The network, initialised from the seed, and what it starts from, in words. Raises ConfigError."""
    torch.manual_seed(seeded(config.seed, 0x17))
    try:
        network = build(
            config.network, channels=channels_of(config), outputs=len(TARGETS[config.task]), width=config.width
        )
    except ValueError as error:
        raise ConfigError(f"network={config.network} cannot be built so: {error}") from error
    if not config.weights:
        return network, RANDOM
    try:
        told = load_imagenet(network, None if config.weights == "imagenet" else Path(config.weights))
    except (OSError, ValueError) as error:
        raise ConfigError(f"weights={config.weights} does not do: {error}") from error
    return network, told.text


def loss_of(config: Config) -> Loss:
    """The mean loss of a batch, of logits and truth."""
    if config.loss == "dice":
        return losses.soft_dice
    if config.loss == "dice-bce":
        return lambda logits, truth: losses.soft_dice(logits, truth) + losses.focal(logits, truth, 0)
    if config.loss == "focal":
        return lambda logits, truth: losses.focal(logits, truth, config.gamma)
    return _cross_entropy


def _cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, truth)
