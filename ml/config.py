"""What a training is told to do: one frozen value, made from a preset and `key=value`, checked before anything runs.

The presets are ml/presets.toml. No torch here: the window and the command line ask for presets too.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

Task = Literal["lesion", "patient", "detect", "metastases", "bladder", "sites"]


class ConfigError(ValueError):
    """A training was asked for that cannot be; the message says what to change."""


@dataclass(frozen=True)
class Config:
    """task: what is learnt; the network: which one. width: of its layers, as a share of the published ones.

    rows, columns: of what the network sees: the two views side by side (lesion, sites), one view (patient) or one
    sub-image (detect, metastases, bladder).
    batch: samples of a micro-batch; accumulate: micro-batches of a step, on each process.
    schedule: "cosine" lets the rate fall to 0 over the epochs. gamma: of the focal loss. loss: "dice-bce" is soft Dice
    and cross-entropy added, which still learns where a network finds nothing and soft Dice alone no longer does.
    flip: "view" about each view's own midline, "whole" the picture as it lies (which swaps the views; the paper's),
    "none". rotation: at most so many degrees; scaling: at most so large a share; gain: counts are multiplied by
    e^-gain to e^gain, as if scanned for a shorter or longer time.
    optimiser: "adamw" is Adam whose weight decay acts on the weights and not on the gradient.
    masks: "both" is one sample for each lesion with its mask on both views; "per_view" one for each view it is in.
    scale: "percentile" divides counts by the 99.5th percentile of the body outside bladder and injection site,
    "max" by the largest count; clip: what is above so many times that is cut.
    inner: the share of each training fold's patients for checkpoint, early stopping, temperature and threshold.
    select: by what the checkpoint is picked: "auc", "dice", "loss", or "last" for the last epoch whatever it is.
    patience: stop after so many epochs without a better one; 0 never. fold: the one left out for testing; -1 none.
    weights: "imagenet" for torchvision's file from torch's cache, or a path to it; empty is random initialisation.
    uncertain: lesions labelled so are left out, or learnt as benign or malignant; never tested.
    ai_tested: whether labels an AI had a part in may be tested on.
    precision: "auto" is bf16 on CUDA, else fp32. memory: where prepared pictures are kept; "mapped" is in a file.
    """

    preset: str
    task: Task
    network: str
    width: float
    rows: int
    columns: int
    epochs: int
    batch: int
    accumulate: int
    optimiser: Literal["adam", "adamw", "sgd"]
    lr: float
    momentum: float
    weight_decay: float
    schedule: Literal["constant", "cosine"]
    loss: Literal["bce", "focal", "dice", "dice-bce"]
    gamma: float
    flip: Literal["view", "whole", "none"]
    flip_chance: float
    rotation: float
    scaling: float
    gain: float
    masks: Literal["both", "per_view"]
    scale: Literal["percentile", "max"]
    clip: float
    inner: float
    select: Literal["auc", "dice", "loss", "last"]
    patience: int
    fold: int
    seed: int
    weights: str
    uncertain: Literal["left-out", "benign", "malignant"]
    ai_tested: bool
    device: str
    precision: Literal["auto", "fp32", "bf16"]
    compile: Literal["auto", "yes", "no"]
    memory: Literal["auto", "device", "host", "mapped"]
    deterministic: bool
    checkpoint_minutes: float

    def told(self) -> dict[str, Any]:
        """As config.json holds it."""
        return dataclasses.asdict(self)

    @property
    def hash(self) -> str:
        """SHA-256 of what decides the result: not of where and how fast it is computed, nor of which fold."""
        beside = {"device", "compile", "memory", "checkpoint_minutes", "fold"}
        told = {key: value for key, value in self.told().items() if key not in beside}
        return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


SEGMENTS = ("metastases", "bladder")
SIDE_BY_SIDE = ("lesion", "sites")
SUB_IMAGES = ("detect", *SEGMENTS)

_LEAST: Mapping[str, float] = {
    "rows": 16, "columns": 16, "epochs": 1, "batch": 1, "accumulate": 1, "momentum": 0, "weight_decay": 0, "gamma": 0,
    "flip_chance": 0, "rotation": 0, "scaling": 0, "gain": 0, "patience": 0, "fold": -1, "seed": 0,
}  # fmt: skip
_MOST: Mapping[str, float] = {
    "width": 4, "flip_chance": 1, "momentum": 0.9999, "rotation": 180, "scaling": 0.9, "gain": 2, "inner": 0.5,
    "seed": 2**31, "rows": 8192, "columns": 8192, "epochs": 1e6, "batch": 65_536, "accumulate": 65_536,
}  # fmt: skip
_BEFORE: Mapping[str, object] = {"gain": 0.0}
"""What was done before there was a setting for it: runs and models of then are read so."""
_ABOVE_ZERO = ("width", "lr", "clip", "inner", "checkpoint_minutes")


@cache
def _file() -> dict[str, dict[str, Any]]:
    with Path(__file__).with_name("presets.toml").open("rb") as file:
        return tomllib.load(file)


def presets() -> tuple[str, ...]:
    """The names of all presets."""
    return tuple(name for name in _file() if name not in ("defaults", "networks"))


def networks_of(task: str) -> tuple[str, ...]:
    """The networks compared for a task, the paper's own first."""
    return tuple(_file()["networks"][task])


def make(preset: str, changes: Sequence[str] = (), **more: object) -> Config:
    """The settings of a preset with changes `key=value`, and those given by name. Raises ConfigError."""
    settings = dict(_preset(preset))
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals:
            raise ConfigError(f"{change!r} is no setting: write it as key=value, such as epochs=5.")
        key = _known(key.strip())
        settings[key] = _parsed(key, text.strip())
    for key, value in more.items():
        settings[_known(key)] = value
    return _checked({"preset": preset, **settings})


def from_told(told: Mapping[str, Any]) -> Config:
    """The settings config.json holds. Raises ConfigError if they are not whole or were made wrong by hand."""
    told = {**_BEFORE, **told}
    for key in told:
        _known(key, allowed={field.name for field in dataclasses.fields(Config)})
    if missing := [field.name for field in dataclasses.fields(Config) if field.name not in told]:
        raise ConfigError(f"The settings lack {', '.join(missing)}: they are of another version.")
    return _checked(told)


def _preset(name: str, depth: int = 0) -> dict[str, Any]:
    if name not in presets() or depth > len(presets()):
        raise ConfigError(f"There is no preset {name!r}.{_did_you_mean(name, presets())} They are {_list(presets())}.")
    own = dict(_file()[name])
    like = own.pop("like", None)
    return {**(_file()["defaults"] if like is None else _preset(like, depth + 1)), **own}


def _did_you_mean(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(Config)


def _known(key: str, allowed: set[str] | None = None) -> str:
    names = sorted(set(_types()) - {"preset", "task"} if allowed is None else allowed)
    if key not in names:
        raise ConfigError(f"There is no setting {key!r}.{_did_you_mean(key, names)} They are {_list(names)}.")
    return key


def _parsed(key: str, text: str) -> object:
    kind = _types()[key]
    try:
        if kind is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if kind is int:
            return int(text)
        if kind is float:
            return float(text)
    except (ValueError, KeyError):
        what = {bool: "yes or no", int: "a whole number", float: "a number"}[kind]
        raise ConfigError(f"{key}={text:.40} does not do: {key} is {what}.") from None
    return text


def _checked(settings: Mapping[str, Any]) -> Config:
    for key, kind in _types().items():
        value = settings[key]
        if get_origin(kind) is Literal:
            if value not in get_args(kind):
                raise ConfigError(f"{key}={value!s:.40} does not do: it is one of {_list(get_args(kind))}.")
        elif not isinstance(value, (int, float) if kind is float else kind) or (kind is not bool and value is True):
            raise ConfigError(f"{key}={value!r:.40} does not do: it should be {kind.__name__}.")
        if kind in (int, float):
            low, high = _LEAST.get(key, -1e12), _MOST.get(key, 1e12)  # before isfinite: it takes no huge integer
            above = key in _ABOVE_ZERO and value <= 0
            if above or not low <= value <= high or not math.isfinite(value):
                raise ConfigError(f"{key}={value!s:.40} does not do: {_bounds(key, low, high)}.")
    plain: dict[str, Any] = {
        key: float(settings[key]) if kind is float else settings[key] for key, kind in _types().items()
    }
    config = Config(**plain)
    _hold_together(config)
    return config


def _bounds(key: str, low: float, high: float) -> str:
    least = "more than 0" if key in _ABOVE_ZERO else f"at least {low:g}" if low > -1e12 else "a number"
    return f"it is {least}" + (f" and at most {high:g}" if high < 1e12 else "")


def _hold_together(config: Config) -> None:
    if config.network not in networks_of(config.task):
        hint = _did_you_mean(config.network, networks_of(config.task))
        raise ConfigError(
            f"network={config.network:.40} does not do for the task {config.task}.{hint} "
            f"Its networks are {_list(networks_of(config.task))}."
        )
    if (config.loss in ("dice", "dice-bce")) != (config.task in SEGMENTS):
        raise ConfigError(f"loss={config.loss} does not fit the task {config.task}: Dice is for segmentation alone.")
    if config.select == "dice" and config.task not in SEGMENTS or config.select == "auc" and config.task in SEGMENTS:
        raise ConfigError(f"select={config.select} does not fit the task {config.task}.")
    if config.task in SIDE_BY_SIDE and config.columns % 2:
        raise ConfigError("columns must be even: it holds the two views side by side.")
    if config.task in SUB_IMAGES and (config.rows != config.columns or config.rows % 2):
        raise ConfigError("A sub-image is square and its side even; give rows and columns alike.")
    if config.flip == "whole" and config.task not in SIDE_BY_SIDE:
        raise ConfigError(f"flip=whole means two views in one picture; the task {config.task} has one view: use view.")
    if config.masks == "per_view" and config.task != "lesion":
        raise ConfigError("masks=per_view is for lesions alone.")
