"""The networks of the three papers and those they are compared with, a family a file: one table, by the names that
presets use.

Every network takes pictures (batch, channels, rows, columns) and gives one tensor of logits, (batch, outputs) or, where
it segments, (batch, outputs, rows, columns). All start from torch's seed; `ml.networks.weights` puts ImageNet's in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from ml.networks import lesion, localisation, segmentation, subimage
from ml.networks.patient import PatientNetwork
from ml.networks.shapes import ShapeError

__all__ = ["NETWORKS", "Network", "ShapeError", "build"]


@dataclass(frozen=True)
class Network:
    """make: called with channels, outputs, width. channels, outputs: the paper's. picture: rows and columns in the
    paper. smallest: the shortest side it takes. divisor: of what number sides are multiples.
    """

    make: Callable[[int, int, float], nn.Module]
    channels: int
    outputs: int
    picture: tuple[int, int]
    smallest: int = 32
    divisor: int = 1


NETWORKS: dict[str, Network] = {
    # paper A: picture and mask; the cut-out lesion alone
    "resnet50": Network(lesion.resnet50, 2, 1, (512, 256)),
    "inception": Network(lesion.inception, 2, 1, (512, 256), 75),
    "vgg16": Network(lesion.vgg16, 2, 1, (512, 256)),
    "densenet169": Network(lesion.densenet169, 2, 1, (512, 256)),
    "roi-only": Network(lesion.roi_only, 1, 1, (64, 128)),
    # paper B: the views on channel
    "patient": Network(PatientNetwork, 2, 1, (768, 256)),
    # paper C
    "subimage": Network(subimage.subimage, 1, 2, (256, 256)),
    "residual-unet": Network(segmentation.residual_unet, 1, 1, (256, 256), 32, 16),
    "residual-unet-printed": Network(segmentation.printed_residual_unet, 1, 1, (256, 256), 8, 4),
    "unet": Network(segmentation.unet, 1, 1, (256, 256), 32, 16),
    "dynunet": Network(segmentation.DynUNet, 1, 1, (256, 256), 32, 16),
    "localiser": Network(localisation.Localiser, 2, 6, (1024, 1024)),
    "resnet34-localiser": Network(localisation.resnet34, 2, 6, (1024, 1024)),
}


def build(network: str, channels: int | None = None, outputs: int | None = None, width: float = 1.0) -> nn.Module:
    """The network of this name; channels and outputs are the paper's unless given.

    width: the share of all channels but those of the pictures; 0.25 in the small presets. Raises ValueError for a name
    that is not in NETWORKS and for a width that is not above 0.
    """
    if network not in NETWORKS:
        raise ValueError(f"There is no network {network!r}; there are {', '.join(NETWORKS)}.")
    if not width > 0:
        raise ValueError(f"A network's width is a share of its channels above 0, not {width}.")
    known = NETWORKS[network]
    return known.make(
        known.channels if channels is None else channels, known.outputs if outputs is None else outputs, width
    )
