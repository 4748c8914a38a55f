"""ImageNet weights from torchvision's files, known by their names, which end in the start of their SHA-256.

Files are looked for in torch's cache (`TORCH_HOME`, else ~/.cache/torch) or taken from a path; nothing is fetched. What
became of it is a value, for log, card and tables.

What a file has for three colours becomes the weights of other channels thus: the kernel summed over colour, divided
evenly among the channels. One channel then answers as three equal colours did; so do several equal ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ml.networks.backbone import Backbone

# The newest first. torchvision's names; older ones hold the same networks.
FILES: dict[str, tuple[str, ...]] = {
    "resnet34": ("resnet34-b627a593.pth", "resnet34-333f7ec4.pth"),
    "resnet50": ("resnet50-0676ba61.pth", "resnet50-19c8e357.pth"),
    "vgg16": ("vgg16-397923af.pth",),
    "densenet169": ("densenet169-b2777c0a.pth",),
    "inception_v3": ("inception_v3_google-0cc3c7bd.pth", "inception_v3_google-1a9a5a14.pth"),
}
RANDOM = "random initialisation"
# Heads, which a network without one, or without the auxiliary one, leaves in the file.
_HEADS = ("fc.", "classifier.", "AuxLogits.")
_NAMED = re.compile(r"-([0-9a-f]{8})\.pth$")
# DenseNet's file is older than the rule that a module's name has no dot.
_DOTTED = re.compile(r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\..*)$")


class WeightsError(ValueError):
    """A file of weights that cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Initialisation:
    """text: what a network started from, in words that begin with "random initialisation" where no file was used.

    file: name of the file of weights. sha256: of that file.
    """

    text: str
    file: str | None = None
    sha256: str | None = None

    @property
    def random(self) -> bool:
        return self.file is None


def load_imagenet(network: nn.Module, path: Path | str | None = None) -> Initialisation:
    """Put ImageNet weights into a network as far as they fit, in place; where there are none, leave it as it is.

    network: a Backbone, or a network with one as `backbone`. path: a file, or a folder that holds one by its name; with
    None torch's cache is looked in, and it is no error if there is none. Raises WeightsError, with the network as it
    was, for a path without the file, for a file whose hash is not what its name says, or of another network.
    """
    backbone = network if isinstance(network, Backbone) else getattr(network, "backbone", None)
    if not isinstance(backbone, Backbone):
        return Initialisation(f"{RANDOM} (no network of this shape was trained on ImageNet)")
    if backbone.width != 1:
        return Initialisation(f"{RANDOM} (ImageNet weights are of full width, this network of {backbone.width:g})")
    file = _find(backbone.name, None if path is None else Path(path))
    if file is None:
        return Initialisation(f"{RANDOM} ({FILES[backbone.name][0]} is not in torch's cache)")
    digest = _hash(file)
    held, told = fitted(_read(file), backbone, file.name)
    backbone.load_state_dict(held)
    return Initialisation(f"ImageNet weights {file.name}{told}", file.name, digest)


def _find(name: str, path: Path | None) -> Path | None:
    if path is not None and path.is_file():
        return path
    folder = Path(torch.hub.get_dir()) / "checkpoints" if path is None else path
    for file in FILES[name]:
        if (folder / file).is_file():
            return folder / file
    if path is None:
        return None
    raise WeightsError(
        f"{path} is no file of weights and holds none named {' or '.join(FILES[name])}. "
        "Give the path of torchvision's file, or leave it out to start from random weights."
    )


def _hash(file: Path) -> str:
    """The file's SHA-256, held to what its name says of it."""
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{file} cannot be read: {error.strerror}.") from error
    said = _NAMED.search(file.name)
    if said and not digest.startswith(said[1]):
        raise WeightsError(
            f"{file} is damaged or was renamed: its SHA-256 begins with {digest[:8]}, not {said[1]}. Fetch it anew."
        )
    return digest


def _read(file: Path) -> dict[str, Tensor]:
    try:
        found: Any = torch.load(file, map_location="cpu", weights_only=True)  # tensors alone: nothing in it is run
    except Exception as error:  # OSError, RuntimeError, or the unpickler's own: the file is not what it should be
        raise WeightsError(f"{file} cannot be read as weights: {str(error).splitlines()[0]}") from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WeightsError(f"{file} is no file of weights: it should hold tensors by name.")
    return {_DOTTED.sub(r"\1\2", name): value for name, value in found.items()}


def fitted(weights: Mapping[str, Tensor], backbone: Backbone, file: str) -> tuple[dict[str, Tensor], str]:
    """The whole state of the backbone with these weights in it, and what was changed on the way, in words.

    The stem is adapted to the pictures' channels and to a larger kernel; a head for other outputs stays random.
    """
    own = backbone.state_dict()
    kept = [name for name in own if backbone.outputs != 1000 and name.startswith(backbone.head)]
    # Files from before torch 0.4.1 do not count the batches; the count plays no part in what a network answers.
    missing = [name for name in own if name not in weights and not name.endswith("num_batches_tracked")]
    if lost := set(missing) - set(kept):
        raise WeightsError(f"{file} is of another network than {backbone.name}: it has no {min(lost)}.")
    if extra := [name for name in weights if name not in own and not name.startswith(_HEADS)]:
        raise WeightsError(f"{file} is of another network than {backbone.name}, which has no {min(extra)}.")
    held = {name: weights[name] for name in own if name in weights and name not in kept}
    stem = adapted(held[backbone.stem], own[backbone.stem])
    told = "" if stem.shape[1] == held[backbone.stem].shape[1] else "; stem summed over colour"
    told += f" and shared among {backbone.channels} channels" if told and backbone.channels > 1 else ""
    told += "" if stem.shape[2:] == held[backbone.stem].shape[2:] else "; stem's kernel enlarged by zeros"
    held[backbone.stem] = stem
    for name, value in held.items():
        if value.shape != own[name].shape:
            raise WeightsError(
                f"{file} is of another network than {backbone.name}: its {name} is {tuple(value.shape)}, "
                f"not {tuple(own[name].shape)}."
            )
    return {**own, **held}, told + ("" if backbone.outputs and not kept else "; head random")


def adapted(kernel: Tensor, like: Tensor) -> Tensor:
    """A first convolution (out, colours, rows, columns) for the channels and the kernel of `like`.

    A larger kernel gets zeros below and to the right, where a stride of 2 with the same padding leaves the answer as
    it was on pictures with even sides.
    """
    channels, (rows, columns) = like.shape[1], like.shape[2:]
    if kernel.shape[1] != channels:
        kernel = (kernel.sum(1, keepdim=True) / channels).repeat(1, channels, 1, 1)
    more = (0, columns - kernel.shape[3], 0, rows - kernel.shape[2])
    return nn.functional.pad(kernel, more) if max(more) > 0 and min(more) >= 0 else kernel
