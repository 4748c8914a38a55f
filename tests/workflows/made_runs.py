"""Sets and run folders as `ml` leaves them, made without it: what was predicted is drawn here, so it is known."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.snapshot import FrozenLesion, FrozenScan, Snapshot, Writer, to_runs

TUMOURS = ("lung", "prostate", "breast")
SITES = ("spine", "pelvis", "scapula", "rib", "femur", "other")
SHAPE = (2, 4, 4)
COLUMNS = "scan patient lesion view row target fold model score calibrated truth".split()
OVERLAP_COLUMNS = "scan patient lesion view row target fold model threshold intersection predicted actual gated".split()
CUTS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def make_set(
    folder: Path, patients: int = 40, sealed: Sequence[str] = (), folds: int = 2, touched: Sequence[str] = (),
    malignant: Callable[[int, int], bool] = lambda number, lesion: (number + lesion) % 3 == 0 and number % 4 != 3,
) -> Snapshot:
    """Patient n has 1 + n % 8 lesions, told malignant by (n, lesion). touched: patients an AI helped to label."""
    rng = np.random.default_rng(1)
    strata = {}
    with Writer(folder) as writer:
        for n in range(patients):
            patient, tumour = f"P{n:02}", TUMOURS[n % 3]
            labels = [malignant(n, lesion) for lesion in range(1 + n % 8)]
            strata[patient] = f"{tumour}/{'metastatic' if any(labels) else 'clear'}"
            lesions = []
            for lesion, bad in enumerate(labels):
                mask = np.zeros(SHAPE, bool)
                mask[:, lesion % 4, 1] = True
                chance = float(np.clip(rng.normal(0.65 if bad else 0.35, 0.2), 0.02, 0.98))
                lesions.append(FrozenLesion({
                    "scan": f"S{n:02}", "patient": patient, "lesion": str(lesion + 1), "tumour": tumour,
                    "label": "malignant" if bad else "benign", "region": "rib", "side": "left",
                    "origin": "AI accepted" if patient in touched else "truth", "site6": SITES[(n + lesion) % 6],
                    "visible": "1", "p_ceiling": chance, "p_alone": (chance + 0.5) / 2,
                }, to_runs(mask)))  # fmt: skip
            lesions.append(FrozenLesion({
                "scan": f"S{n:02}", "patient": patient, "lesion": "99", "tumour": tumour, "label": "malignant",
                "region": "rib", "side": "left", "origin": "truth", "site6": "rib", "visible": "0",
            }, to_runs(np.zeros(SHAPE, bool))))  # fmt: skip
            row = {"scan": f"S{n:02}", "patient": patient, "tumour": tumour, "sex": "MF"[n % 2], "age": 40 + n}
            writer.add(FrozenScan(row, np.full(SHAPE, 5, np.uint16), to_runs(np.zeros(SHAPE, bool)), tuple(lesions)))
        told = {"name": "made-up", "seed": 3, "version": "2.0", "best_auc": 0.9, "alone_auc": 0.8}
        writer.add_text("cohort.json", json.dumps(told) + "\n")
        writer.finish(strata, folds, 0, "truth", tuple(sealed))
    return Snapshot.load(folder)


def make_crossval(out: Path, snapshot: Snapshot, networks: dict[str, int], task: str = "lesion") -> None:
    """networks: name -> how many folds are done. Scores tell the truth, with noise of each network's own."""
    names = {}
    for at, (network, done) in enumerate(networks.items()):
        name = f"small-x-{network}"
        names[name] = "settings"
        for fold in range(done):
            make_run(out / name / f"fold-{fold}", snapshot, network, fold, task, noise=0.15 + 0.1 * at)
    out.mkdir(parents=True, exist_ok=True)
    folds = sorted(set(snapshot.manifest.folds.values()))
    told = {"snapshot": snapshot.manifest.hash, "networks": names, "folds": folds}
    (out / "crossval.json").write_text(json.dumps(told), "utf-8")


def make_run(run: Path, snapshot: Snapshot, network: str, fold: int, task: str = "lesion", noise: float = 0.2) -> None:
    run.mkdir(parents=True)
    settings = {
        "preset": "small-x", "task": task, "network": network, "fold": fold, "seed": 0, "epochs": 12, "lr": 0.001,
        "snapshot": snapshot.manifest.hash, "ai_tested": False, "inner": 0.1, "width": 0.25,
    }  # fmt: skip
    targets = {"lesion": ["malignant"], "patient": ["metastasis"], "detect": ["metastasis", "bladder"],
               "sites": list(SITES), "metastases": ["metastasis"], "bladder": ["bladder"]}[task]  # fmt: skip
    card = {
        "format": 1, "task": task, "targets": targets, "network": {"name": network, "parameters": 1234},
        "calibration": {name: {"temperature": 2.0, "threshold": 0.4, "from": "inner validation"} for name in targets},
        "training": {"initialisation": "random initialisation", "epochs": 12, "best_epoch": 7 + fold, "seconds": 60.0},
    }  # fmt: skip
    device = "CPU (x86_64, 2 threads), fp32"
    origin = {"environment": {"device": device, "torch": "2.9"}, "code": {"ml_sha256": "ab" * 32}}
    for name, told in (("config", settings), ("card", card), ("origin", origin)):
        (run / f"{name}.json").write_text(json.dumps(told), "utf-8")
    rng = np.random.default_rng([fold, int(100 * noise)])
    write(run / "predictions.csv", rows(snapshot, network, fold, task, noise, rng))


def rows(
    snapshot: Snapshot, network: str, fold: int, task: str, noise: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    manifest = snapshot.manifest
    found: list[dict[str, Any]] = []
    for scan, patient in zip(manifest.scans, manifest.patients, strict=True):
        if manifest.folds.get(patient) != fold:
            continue
        lesions = [row for row in snapshot.lesions if row["scan"] == scan and row["visible"] == "1"]
        ill = [row for row in lesions if row["label"] == "malignant"]
        base = {"scan": scan, "patient": patient, "lesion": "", "view": "", "row": "", "fold": fold,
                "model": f"small-x/{network}"}  # fmt: skip
        if task == "lesion":
            each = [({"lesion": row["lesion"], "target": "malignant"}, row["label"] == "malignant") for row in lesions]
        elif task == "patient":
            each = [({"target": "metastasis"}, manifest.strata[patient].endswith("metastatic"))]
        elif task == "sites":
            each = [({"target": site}, any(row["site6"] == site for row in ill)) for site in SITES if ill]
        elif task == "detect":
            each = [
                ({"view": view, "row": tile, "target": target}, truth)
                for view in ("anterior", "posterior")
                for tile in range(0, 448, 64)
                for target, truth in (("metastasis", bool(ill) and tile == 64), ("bladder", tile == 192))
            ]
        else:
            actual = 100 * len(ill)
            for cut in CUTS:
                both = int(actual * (1 - cut) * rng.uniform(0.8, 1))
                found.append({**base, "target": "metastasis", "threshold": cut, "intersection": both, "actual": actual,
                              "predicted": both + int(rng.integers(0, 30)), "gated": 0})  # fmt: skip
            continue
        for told, truth in each:
            score = float(np.clip(rng.normal(0.65 if truth else 0.35, noise), 0.001, 0.999))
            logit = np.log(score / (1 - score)) / 2
            found.append({**base, **told, "score": f"{score:.9g}", "calibrated": f"{1 / (1 + np.exp(-logit)):.9g}",
                          "truth": int(truth)})  # fmt: skip
    return found


def write(path: Path, table: Sequence[dict[str, Any]]) -> None:
    columns = OVERLAP_COLUMNS if "threshold" in table[0] else COLUMNS
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
