"""Paper C: does this part of a scan hold a metastasis, does it hold bladder? ResNet-34 for one channel.

The first convolution is 8 x 8, stride 2. The paper's table prints 16 channels there and 64 right behind it; 64 are
taken. The last average pooling is over the 8 x 8 maps that a 256 x 256 window leaves, hence over whole maps.
"""

from __future__ import annotations

from ml.networks import backbones
from ml.networks.backbone import Backbone


def subimage(channels: int = 1, outputs: int = 2, width: float = 1.0) -> Backbone:
    """Windows (batch, 1, rows, columns), sides of 32 or more, to logits (batch, 2): metastasis, bladder."""
    return backbones.build("resnet34", channels, outputs, width, stem_kernel=8)
