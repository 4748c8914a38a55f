"""Networks and optimisers in files: tensors as safetensors, the rest as JSON in the same file, so one write is all.

Nothing here can run what a file says (no pickle). A file is put under another name, made durable, and then renamed: it
is whole or it is not there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint cannot be read, written or used here; the message says why."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """tensors by name; told: what JSON can hold about them."""

    tensors: Mapping[str, Tensor]
    told: Mapping[str, Any]

    def of(self, kind: str) -> dict[str, Tensor]:
        """The tensors whose names begin with "kind/", without that."""
        return {name[len(kind) + 1 :]: tensor for name, tensor in self.tensors.items() if name.startswith(f"{kind}/")}


def write_whole(path: Path, content: bytes) -> None:
    """A file that is there with all its content or not at all; raises CheckpointError if the disk will not have it.

    Several processes may write the same one at once, as those of a cross-validation do: the last one stands.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CheckpointError(
                f"The disk is full: {path.name} ({len(content) / 2**20:.0f} MiB) could not be written. What was there "
                "before is untouched. Make room and resume."
            ) from error
        raise CheckpointError(f"{path} cannot be written: {error.strerror}.") from error


def write_json(path: Path, told: Mapping[str, Any]) -> None:
    """A JSON object in a file, whole or not at all."""
    write_whole(path, (json.dumps(told, indent=1, allow_nan=False) + "\n").encode())


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save(path: Path, tensors: Mapping[str, Tensor], told: Mapping[str, Any]) -> None:
    """Tensors and what is told of them, in one file. Raises CheckpointError."""
    plain = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    told = {"format": FORMAT, **told}
    write_whole(path, safetensors.torch.save(plain, {"told": json.dumps(told, allow_nan=False)}))


def load(path: Path) -> Checkpoint:
    """What `save` wrote. Raises CheckpointError, in words."""
    try:
        with safe_open(path, "pt") as file:
            told = json.loads((file.metadata() or {}).get("told", "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    except FileNotFoundError:
        raise CheckpointError(f"There is no checkpoint {path}.") from None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is no checkpoint, or is damaged: {error}.") from error
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise CheckpointError(f"{path} holds tensors but is no checkpoint of this program (format {FORMAT}).")
    return Checkpoint(tensors, told)


def put_into(network: nn.Module, tensors: Mapping[str, Tensor], whence: str) -> None:
    """Give a network these weights. Raises CheckpointError, naming what differs, before anything is changed."""
    hold_to(network, tensors, whence)
    network.load_state_dict(dict(tensors))


def hold_to(network: nn.Module, tensors: Mapping[str, Tensor], whence: str) -> None:
    """Raises CheckpointError, naming what differs, unless these are the weights of such a network."""
    own = network.state_dict()
    lacking, foreign = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    other = [name for name in own.keys() & tensors.keys() if own[name].shape != tensors[name].shape]
    if lacking or foreign or other:
        reasons = []
        if lacking:
            reasons.append(f"it lacks {len(lacking)} of the {len(own)} tensors, such as {lacking[0]}")
        if foreign:
            reasons.append(f"it has {len(foreign)} the network does not know, such as {foreign[0]}")
        if other:
            name = min(other)
            reasons.append(
                f"{len(other)} have another shape, such as {name}: {tuple(tensors[name].shape)} instead of "
                f"{tuple(own[name].shape)}"
            )
        raise CheckpointError(f"{whence} is of another network: {'; '.join(reasons)}.")


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments and steps an optimiser keeps, by "number of the parameter/name"."""
    return {
        f"{number}/{name}": value
        for number, kept in optimiser.state_dict()["state"].items()
        for name, value in kept.items()
        if isinstance(value, Tensor)
    }


def put_into_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser, made for the same parameters with the same settings, what it kept.

    Moments are laid out in memory as their parameters are (channels last): fused optimisers go through both side by
    side.
    """
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        like = parameters[int(number)]
        if value.shape == like.shape:
            value = torch.empty_like(like, requires_grad=False).copy_(value)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
