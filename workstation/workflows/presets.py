"""The presets of `ml` as the window shows them, and the way back from a run's settings to what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ml.config import ConfigError, make, networks_of, presets
from workstation.workflows.errors import CallError

BESIDE = ("preset", "task")  # settings that no key=value changes


@dataclass(frozen=True)
class Preset:
    """rows, columns: of the picture a network sees. networks: the preset's own first, then the others of its table.

    weights: what it begins from where it can, "imagenet" or "" for random initialisation.
    """

    name: str
    task: str
    networks: tuple[str, ...]
    rows: int
    columns: int
    epochs: int
    batch: int
    seed: int
    width: float
    weights: str = ""


def every() -> tuple[Preset, ...]:
    """All presets, those for a processor first: what a newcomer should begin with."""
    made = [_preset(name) for name in presets()]
    return tuple(sorted(made, key=lambda preset: preset.width >= 1))


def _preset(name: str) -> Preset:
    config = make(name)
    others = tuple(network for network in networks_of(config.task) if network != config.network)
    return Preset(
        name, config.task, (config.network, *others), config.rows, config.columns, config.epochs, config.batch,
        config.seed, config.width, config.weights,
    )  # fmt: skip


def checked(preset: str, changes: tuple[str, ...]) -> Mapping[str, Any]:
    """The settings a preset has with these key=value. CallError, in words, where they cannot be."""
    try:
        return make(preset, changes).told()
    except ConfigError as error:
        raise CallError(str(error)) from error


def changes_of(settings: Mapping[str, Any], but: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The key=value that make a run's settings out of its preset's; `but`: keys not to tell. CallError, in words."""
    preset = settings.get("preset")
    if not isinstance(preset, str):
        raise CallError("The settings of this training do not name a preset: they are damaged.")
    usual = checked(preset, ())
    told = [
        f"{key}={settings[key]}"
        for key, value in usual.items()
        if key not in (*BESIDE, *but) and key in settings and settings[key] != value
    ]
    checked(preset, tuple(told))
    return tuple(told)


def split_name(name: str) -> tuple[str, str]:
    """The preset and the network of a row's name, "small-a-roi-only" -> "small-a", "roi-only". CallError."""
    for preset in sorted(presets(), key=len, reverse=True):
        network = name.removeprefix(f"{preset}-")
        if network != name and network in networks_of(make(preset).task):
            return preset, network
    raise CallError("This cross-validation has a network this version does not know: it cannot be taken up here.")
