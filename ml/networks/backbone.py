"""What the four families of ImageNet networks have in common, so that others can be built on any of them."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor, nn

from ml.networks.shapes import hold_to_shape


class Backbone(nn.Module):
    """Pictures to maps to logits. Parameters are named and shaped as torchvision names and shapes them.

    channels: of the pictures. outputs: logits; 0 builds no head, and `forward` gives the mean of each map.
    map_channels: of what `maps` gives. smallest: the shortest side of a picture. stem: the name of the weight that
    sees the pictures. head: what the names of those parameters begin with that the number of outputs decides.
    """

    stem: str
    head: tuple[str, ...]
    smallest = 32

    def __init__(self, name: str, channels: int, outputs: int, width: float, map_channels: int) -> None:
        super().__init__()
        self.name, self.channels, self.outputs, self.width = name, channels, outputs, width
        self.map_channels = map_channels

    @abstractmethod
    def maps(self, x: Tensor) -> Tensor:
        """Pictures (batch, channels, rows, columns) to the last maps (batch, map_channels, about a 32nd of both)."""

    @abstractmethod
    def classify(self, maps: Tensor) -> Tensor:
        """Maps to logits (batch, outputs)."""

    def forward(self, x: Tensor) -> Tensor:
        """Pictures (batch, channels, rows, columns) to logits (batch, outputs). Raises ShapeError."""
        hold_to_shape(x, self.channels, self.smallest)
        maps = self.maps(x)
        return self.classify(maps) if self.outputs else maps.mean((2, 3))


def he_normal(network: nn.Module) -> None:
    """Convolutions by He, over what they send out; batch norms as they are made, 1 and 0. All families start so."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
