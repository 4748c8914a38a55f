"""The ImageNet networks by name. Without torchvision, which does not import beside a CPU build of torch."""

from __future__ import annotations

from collections.abc import Callable

from ml.networks.backbone import Backbone
from ml.networks.densenet import DenseNet
from ml.networks.inception import Inception
from ml.networks.resnet import resnet34, resnet50
from ml.networks.vgg import VGG

BACKBONES: dict[str, Callable[..., Backbone]] = {
    "resnet34": resnet34,
    "resnet50": resnet50,
    "vgg16": VGG,
    "densenet169": DenseNet,
    "inception_v3": Inception,
}


def build(name: str, channels: int = 3, outputs: int = 1000, width: float = 1.0, **options: bool | int) -> Backbone:
    """The network of this name, randomly initialised from torch's seed; `ml.networks.weights` puts others in.

    Pictures (batch, channels, rows, columns) to logits (batch, outputs); outputs 0: to the means of the last maps.
    width: the share of all channels but those of the pictures. options: `auxiliary` (Inception v3, True unless told),
    `stem_kernel` (ResNet-34). Raises ValueError for a name that is not in BACKBONES.
    """
    if name not in BACKBONES:
        raise ValueError(f"There is no backbone {name!r}; there are {', '.join(BACKBONES)}.")
    return BACKBONES[name](channels=channels, outputs=outputs, width=width, **options)
