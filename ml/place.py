"""Where a training runs: which device, in which precision, on how many processes."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

import torch

from ml.config import Config, ConfigError


@dataclass(frozen=True)
class Place:
    """device; bf16: whether most arithmetic is done so. compiled: whether the network is. rank of world processes."""

    device: torch.device
    bf16: bool
    compiled: bool
    rank: int = 0
    world: int = 1

    @property
    def words(self) -> str:
        """Said at the start of every training."""
        name = {"cuda": "CUDA", "mps": "MPS", "cpu": "CPU"}.get(self.device.type, self.device.type)
        what = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else platform.machine()
        many = f", {self.world} processes" if self.world > 1 else ""
        count = torch.get_num_threads()
        threads = f", {count} thread{'s' if count > 1 else ''}" if self.device.type == "cpu" else ""
        kind = "bf16" if self.bf16 else "fp32"
        return f"{name} ({what}{threads}), {kind}{', compiled' if self.compiled else ''}{many}"


def pick(config: Config, steps: int = 0) -> Place:
    """The best device there is, or the one asked for; `steps` of training decide whether compiling pays.

    Under torchrun (RANK, WORLD_SIZE and LOCAL_RANK set) the processes are joined: by NCCL on CUDA, else by Gloo.
    Raises ConfigError for a device that is not there.
    """
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = _device(config.device, int(os.environ.get("LOCAL_RANK", 0)))
    if config.precision == "bf16" and device.type == "mps":
        raise ConfigError("precision=bf16 is for CUDA, and for a CPU that knows it: use precision=auto.")
    bf16 = config.precision == "bf16" or config.precision == "auto" and _has_bf16(device)
    # 13 to 35 s to warm, so not for a short training; on a CPU it gains little and needs a C++ compiler
    compiled = config.compile == "yes" or config.compile == "auto" and device.type == "cuda" and steps >= 2_000
    if config.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.backends.cudnn.benchmark = False
    elif device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    torch.use_deterministic_algorithms(config.deterministic)
    if world > 1 and not torch.distributed.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Place(device, bf16, compiled, rank, world)


def _device(asked: str, local: int) -> torch.device:
    if asked == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", local)
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind = asked.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind, False):
        have = ", ".join(name for name, good in there.items() if good)
        raise ConfigError(f"device={asked} is not there; this machine has {have}. Use device=auto.")
    try:
        return torch.device("cuda", local) if asked == "cuda" else torch.device(asked)
    except RuntimeError as error:
        raise ConfigError(f"device={asked} is no device: {error}.") from error


def _has_bf16(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def environment(place: Place) -> dict[str, Any]:
    """What the run folder keeps about the machine; no names of hosts or users."""
    return {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "device": place.words,
        "threads": torch.get_num_threads(),
        "processes": place.world,
    }
