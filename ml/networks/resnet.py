"""Residual networks (He 2016): ResNet-34 and ResNet-50, stride in the 3 x 3 convolution as torchvision has it."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from ml.networks.backbone import Backbone, he_normal
from ml.networks.shapes import scaled


def _shortcut(before: int, after: int, stride: int) -> nn.Sequential | None:
    """A projection where the shapes differ, nothing where the sum can be taken as it is."""
    if stride == 1 and before == after:
        return None
    return nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut: (batch, before, r, c) to (batch, planes, r / stride, c / stride)."""

    expansion = 1

    def __init__(self, before: int, planes: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(before, planes, stride)

    def forward(self, x: Tensor) -> Tensor:
        held = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        return cast(Tensor, self.relu(self.bn2(self.conv2(y)) + held))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1 beside a shortcut: (batch, before, r, c) to (batch, 4 planes, r / stride, c / stride)."""

    expansion = 4

    def __init__(self, before: int, planes: int, stride: int) -> None:
        super().__init__()
        after = planes * self.expansion
        self.conv1 = nn.Conv2d(before, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(before, after, stride)

    def forward(self, x: Tensor) -> Tensor:
        held = x if self.downsample is None else self.downsample(x)
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        return cast(Tensor, self.relu(self.bn3(self.conv3(y)) + held))


class ResNet(Backbone):
    """Stem (stride 2), max pooling (2), four stages (1, 2, 2, 2); pictures (batch, channels, r, c) give maps
    (batch, 512 or 2048, r / 32, c / 32), rounded up; the mean of each map goes into one linear layer.

    stem_kernel: side of the first convolution. 8 rounds down where 7 would (padding 3): even sides are halved by both.
    """

    stem = "conv1.weight"
    head = ("fc.",)

    def __init__(
        self,
        name: str,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: tuple[int, int, int, int],
        channels: int,
        outputs: int,
        width: float,
        stem_kernel: int = 7,
    ) -> None:
        planes = [scaled(64 << stage, width) for stage in range(4)]
        super().__init__(name, channels, outputs, width, planes[-1] * block.expansion)
        self.conv1 = nn.Conv2d(channels, planes[0], stem_kernel, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before = planes[0]
        for stage in range(4):
            parts = []
            for number in range(blocks[stage]):
                parts.append(block(before, planes[stage], 2 if stage and not number else 1))
                before = planes[stage] * block.expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*parts))
        if outputs:
            self.fc = nn.Linear(before, outputs)
        he_normal(self)

    def maps(self, x: Tensor) -> Tensor:
        y: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in ("layer1", "layer2", "layer3", "layer4"):
            y = self.get_submodule(stage)(y)
        return y

    def classify(self, maps: Tensor) -> Tensor:
        return cast(Tensor, self.fc(maps.mean((2, 3))))


def resnet34(channels: int = 3, outputs: int = 1000, width: float = 1.0, stem_kernel: int = 7) -> ResNet:
    return ResNet("resnet34", BasicBlock, (3, 4, 6, 3), channels, outputs, width, stem_kernel)


def resnet50(channels: int = 3, outputs: int = 1000, width: float = 1.0) -> ResNet:
    return ResNet("resnet50", Bottleneck, (3, 4, 6, 3), channels, outputs, width)
