"""VGG16 (Simonyan 2015), configuration D, without batch norm: published in 2014, before there was any."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from ml.networks.backbone import Backbone, he_normal
from ml.networks.shapes import average_to, scaled

# Channels of the 3 x 3 convolutions between one 2 x 2 max pooling and the next.
STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
GRID = 7  # the fully connected layers see 7 x 7 places, whatever the picture
HIDDEN = 4096


class VGG(Backbone):
    """Pictures (batch, channels, r, c) give maps (batch, 512, r // 32, c // 32), averaged over a 7 x 7 grid into three
    fully connected layers, with dropout 0.5 between them.
    """

    stem = "features.0.weight"
    head = ("classifier.6.",)

    def __init__(self, channels: int = 3, outputs: int = 1000, width: float = 1.0) -> None:
        super().__init__("vgg16", channels, outputs, width, scaled(STAGES[-1][-1], width))
        parts: list[nn.Module] = []
        before = channels
        for stage in STAGES:
            for wide in stage:
                parts += [nn.Conv2d(before, scaled(wide, width), 3, padding=1), nn.ReLU(inplace=True)]
                before = scaled(wide, width)
            parts.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*parts)
        he_normal(self)
        if outputs:
            hidden = scaled(HIDDEN, width)
            self.classifier = nn.Sequential(
                nn.Linear(before * GRID * GRID, hidden), nn.ReLU(inplace=True), nn.Dropout(0.5),
                nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Dropout(0.5),
                nn.Linear(hidden, outputs),
            )  # fmt: skip
            for part in self.classifier:
                if isinstance(part, nn.Linear):
                    nn.init.normal_(part.weight, 0, 0.01)
                    nn.init.zeros_(part.bias)

    def maps(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.features(x))

    def classify(self, maps: Tensor) -> Tensor:
        return cast(Tensor, self.classifier(average_to(maps, GRID, GRID).flatten(1)))
