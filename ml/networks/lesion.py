"""Paper A: is this lesion malignant? The whole picture and the lesion's mask, stacked on channel.

Both views stand side by side, 512 rows x 256 columns; one logit. ResNet-50; Inception v3, VGG16 and DenseNet-169 beside
it; and a ResNet-50 that is shown the lesion alone, cut out at fixed scale, without the place and the company it is in.
"""

from __future__ import annotations

from ml.networks import backbones
from ml.networks.backbone import Backbone


def resnet50(channels: int = 2, outputs: int = 1, width: float = 1.0) -> Backbone:
    """Pictures (batch, 2, rows, columns), sides of 32 or more, to logits (batch, 1)."""
    return backbones.build("resnet50", channels, outputs, width)


def inception(channels: int = 2, outputs: int = 1, width: float = 1.0) -> Backbone:
    """Pictures (batch, 2, rows, columns), sides of 75 or more, to logits (batch, 1).

    Without the auxiliary head: the paper does not tell of a second loss, and of 256 columns the maps that head sees
    keep 14, where its pooling and its 5 x 5 convolution need 17.
    """
    return backbones.build("inception_v3", channels, outputs, width, auxiliary=False)


def vgg16(channels: int = 2, outputs: int = 1, width: float = 1.0) -> Backbone:
    """Pictures (batch, 2, rows, columns), sides of 32 or more, to logits (batch, 1)."""
    return backbones.build("vgg16", channels, outputs, width)


def densenet169(channels: int = 2, outputs: int = 1, width: float = 1.0) -> Backbone:
    """Pictures (batch, 2, rows, columns), sides of 32 or more, to logits (batch, 1)."""
    return backbones.build("densenet169", channels, outputs, width)


def roi_only(channels: int = 1, outputs: int = 1, width: float = 1.0) -> Backbone:
    """The lesion cut out (batch, 1, rows, columns), sides of 32 or more, to logits (batch, 1)."""
    return backbones.build("resnet50", channels, outputs, width)
