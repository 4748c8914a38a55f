"""The card inside a model file: what it must say before anything is predicted with it. No torch.

    format         of this card, 1
    name           preset and network, small-a/resnet50
    task, targets  what is learnt, and the names of the answers in their order
    network        {name, width, channels, outputs, parameters}
    preprocessing  what is done to counts before the network sees them, see `ml.finish.preprocessing`
    calibration    of each target {temperature, threshold, from}; the threshold is of calibrated probabilities, of a
                   segmentation of the probabilities of pixels
    training       {initialisation, epochs, best_epoch, selected_by, seconds, settings, patients}
    metrics        {inner, test}: on inner validation patients, who chose epoch, temperature and threshold; on the fold
                   left out, once. test is null where it learnt from all folds
    trained_on     "simulated" or "clinical"
    snapshot       {hash, labels_from, scans, lesions, patients, sealed, simulator, ...}
    code, environment, made
    learnt_from    {key, patients, scans}: keyed hashes, see `ml.origin.hashes`
    precision      "float32", or "float16" where the file keeps weights so

Text in it comes from whoever made the file: it is shown as plain text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ml.config import Config, ConfigError, from_told, make, presets

FORMAT = 1
"""Of model files and of the card in them."""
PREDICTS = ("preset", "task", "network", "width", "rows", "columns", "masks", "scale", "clip")
"""Settings that decide what a network sees and says; the others told how it learnt, and may change with versions."""
TRAINED_ON = ("simulated", "clinical")


class ModelError(ValueError):
    """A file is no model that can be used here; the message says why, in words for the user."""


def hold(card: Mapping[str, Any], whose: str) -> Config:
    """The settings in a card that says all it must. whose: begins the sentence of the ModelError raised otherwise."""

    def wrong(what: str) -> ModelError:
        return ModelError(f"{whose} has no card that can be used: {what}. It is of another version, or made by hand.")

    if card.get("format") != FORMAT:
        raise wrong(f"its format is {card.get('format')!r:.20}, not {FORMAT}")
    try:
        config = _config(card["training"]["settings"])
    except (KeyError, TypeError, AttributeError, OverflowError, StopIteration) as error:
        raise wrong("it lacks the settings of the training") from error
    except ConfigError as error:
        raise wrong(str(error).rstrip(".")) from error
    network, snapshot, learnt = (_table(card, name) for name in ("network", "snapshot", "learnt_from"))
    chosen, targets = _table(card, "calibration"), card.get("targets")
    for good, what in (
        (isinstance(card.get("name"), str), "it does not say what the model is called"),
        (card.get("task") == config.task, "its task is not that of its settings"),
        (network.get("name") == config.network, "its network is not that of its settings"),
        (card.get("trained_on") in TRAINED_ON, "it does not say whether simulated or clinical scans were learnt from"),
        (isinstance(snapshot.get("hash"), str), "it does not say which snapshot was learnt from"),
        (_key(learnt.get("key")) and _texts(learnt.get("patients")) and _texts(learnt.get("scans")),
         "it lacks the hashes of the patients learnt from"),
        (_texts(targets) and bool(targets), "it does not say what its answers are called"),
        (_texts(targets) and all(_calibrated(_table(chosen, name)) for name in targets or ()),
         "it lacks a temperature and a threshold for each answer"),
    ):  # fmt: skip
        if not good:
            raise wrong(what)
    return config


def _config(told: Mapping[str, Any]) -> Config:
    """The settings of a card, also of one written when there were fewer or other settings of how to learn."""
    task = told["task"]
    base = next(made.told() for made in map(make, presets()) if made.task == task)
    if lacking := [name for name in PREDICTS if name not in told]:
        raise ConfigError(f"its settings lack {', '.join(lacking)}")
    return from_told({**base, **{name: value for name, value in told.items() if name in base}})


def figures(card: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    """What is told of how good it is: on which patients, in words, and its figures by name."""
    metrics = _table(card, "metrics")
    tested = _table(metrics, "test")
    told = tested or _table(metrics, "inner")
    found = {
        name: float(value)
        for name, value in told.items()
        if type(value) in (int, float) and math.isfinite(value) and isinstance(name, str)
    }
    return ("test fold" if tested else "inner validation"), found


def _table(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = card.get(name)
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _key(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(bytes.fromhex(value)) >= 16
    except ValueError:
        return False


def _calibrated(one: Mapping[str, Any]) -> bool:
    temperature, threshold = one.get("temperature"), one.get("threshold")
    if type(temperature) not in (int, float) or type(threshold) not in (int, float):
        return False
    return 0 < temperature < 1e6 and 0 <= threshold <= 1  # type: ignore[operator]
