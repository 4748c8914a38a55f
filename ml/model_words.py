"""A model's card for people, as Markdown. No torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ml.model_card import figures

LEARNS = {
    "lesion": "whether a lesion is malignant or benign (paper A)",
    "patient": "whether a patient has bone metastases (paper B)",
    "detect": "which sub-images of a scan hold metastases, which the bladder (paper C)",
    "metastases": "the outlines of metastases (paper C)",
    "bladder": "the outline of the bladder (paper C)",
    "sites": "in which of six regions the metastases are (paper C)",
}


def markdown(name: str, card: Mapping[str, Any], digest: str) -> str:
    """The card of the model of this name and hash; what stands in it is escaped."""
    network, training, snapshot = (_part(card, part) for part in ("network", "training", "snapshot"))
    whom, told = figures(card)
    simulator = _part(snapshot, "simulator")
    lines = [
        f"# {_plain(name)}",
        "",
        f"**Trained on {_plain(card.get('trained_on'))} scans.** For research; not a medical device.",
        "",
        "| | |",
        "|---|---|",
        *_rows({
            "says": LEARNS.get(str(card.get("task")), card.get("task")),
            "network": f"{network.get('name')}, width {network.get('width')}, {network.get('parameters')} parameters",
            "initialisation": training.get("initialisation"),
            "epochs": f"{training.get('epochs')}, the one kept: {training.get('best_epoch')}",
            "learnt from": f"{_count(card)} patients of snapshot {str(snapshot.get('hash'))[:16]}",
            "simulated by": ", ".join(f"{key} {simulator[key]}" for key in ("name", "seed", "version")
                                      if simulator.get(key) is not None) or None,
            "labels": snapshot.get("labels_from"),
            "weights kept as": card.get("precision"),
            "code": _part(card, "code").get("version"),
            "made": card.get("made"),
            "SHA-256": digest,
        }),
        "",
        f"Figures, {whom}:",
        "",
        "| | |",
        "|---|---:|",
        *_rows({key: f"{value:g}" if value == int(value) else f"{value:.4f}" for key, value in told.items()}),
        "",
        "Temperature and threshold, from inner validation:",
        "",
        "| | temperature | threshold |",
        "|---|---:|---:|",
        *(
            f"| {_plain(target)} | {one.get('temperature'):.3f} | {one.get('threshold'):.3f} |"
            for target, one in _part(card, "calibration").items()
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _rows(told: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"| {_plain(key)} | {_plain(value)} |" for key, value in told.items() if value is not None)


def _part(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = card.get(name)
    return value if isinstance(value, Mapping) else {}


def _count(card: Mapping[str, Any]) -> int:
    return len(_part(card, "learnt_from").get("patients", ()))


def _plain(value: object) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return re.sub(r"([\\`*\[\]<>|#])", r"\\\1", text)
