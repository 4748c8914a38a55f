"""Every fold of one or more networks, each a run of its own, in slices of time and on as many machines as there are.

    <out>/crossval.json                   snapshot hash and how it was dealt, networks, folds
    <out>/<preset>-<network>/fold-<k>/    a run folder, see ml.runfolder
    <out>/<preset>-<network>/predictions.csv   those of the folds done so far, behind one another
    <out>/stop                            put there by who wants all of it stopped
    <out>/summary.json                    per network: each fold's figures, their mean, the pooled ones

Fold by fold, all networks of a fold before the next, so that what there is when time runs out can be compared. A run
that was stopped is taken up where it stopped; one that another process is at is left to it. Runs made on other
machines, for the same snapshot with the same settings, are copied in (`take_in`).
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from ml.at_work import another_is_at
from ml.checkpoint import write_json, write_whole
from ml.config import SEGMENTS, Config, ConfigError, from_told
from ml.pool import Pool
from ml.predictions import Outputs, figures, overlap_figures
from ml.prepared import DataError
from ml.runfolder import to_stderr
from ml.samples import TARGETS
from ml.scoring import THRESHOLDS
from ml.snapshot import Snapshot
from ml.stopping import Stopper
from ml.train import train

OTHER_FOLDS = "same scans dealt into other folds, or others sealed"


@dataclass(frozen=True)
class Result:
    """summary: as in summary.json. left: runs not done, as "network fold"."""

    summary: dict[str, Any]
    left: tuple[str, ...]


def crossval(
    snapshot: Snapshot,
    out: Path,
    configs: Sequence[Config],
    folds: Sequence[int] | None = None,
    stopper: Stopper | None = None,
    hear: Callable[[str], None] = to_stderr,
) -> Result:
    """Train what is left of these networks' folds (all of the snapshot's by default) and sum up what is there.

    Raises as ml.train.train does; the runs done before stay.
    """
    stopper = stopper or Stopper()
    there = sorted(set(snapshot.manifest.folds.values()))
    folds = there if folds is None else list(folds)
    if wrong := [fold for fold in folds if fold not in there]:
        raise ConfigError(f"There is no fold {wrong[0]}: the snapshot has {', '.join(map(str, there))}.")
    begin(snapshot, out, configs, folds)
    (out / "stop").unlink(missing_ok=True)
    stopper = replace(stopper, file=out / "stop")
    pool = Pool(snapshot, out, every=True)
    left = []
    try:
        for fold in folds:
            for config in configs:
                run = out / name_of(config) / f"fold-{fold}"
                if (run / "card.json").exists():
                    continue
                if stopper.late() or another_is_at(run):
                    left.append(f"{name_of(config)} fold {fold}")
                    continue
                hear(f"--- {name_of(config)}, fold {fold}")
                one = from_told({**config.told(), "fold": fold})
                begun = (run / "config.json").exists()
                done = train(snapshot, run, one, begun, stopper, pool, hear, _classifier(out, config, fold))
                if done.state != "done":
                    left.append(f"{name_of(config)} fold {fold}")
    finally:
        pool.close()
        summary = summed_up(out, configs)
    return Result(summary, tuple(left))


def name_of(config: Config) -> str:
    """The folder of a network's folds."""
    return f"{config.preset}-{config.network}"


def begin(snapshot: Snapshot, out: Path, configs: Sequence[Config], folds: Sequence[int]) -> None:
    """Make the folder, or see that what it holds is of this snapshot; other networks and folds may join.

    Raises ConfigError where they are not of it. What stands there already is not written again, as other processes may
    begin in the same moment.
    """
    told: dict[str, Any] = {"snapshot": snapshot.manifest.hash, "dealt": snapshot.manifest.dealt}
    told |= {"networks": {}, "folds": []}
    kept = ""
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file, not a folder. Give a new folder.")
    if (out / "crossval.json").exists():
        told = _told(out)
        kept = json.dumps(told)
        if told["snapshot"] != snapshot.manifest.hash:
            raise ConfigError(f"{out} was begun with another snapshot. Give that one, or another folder.")
        if told.get("dealt", snapshot.manifest.dealt) != snapshot.manifest.dealt:
            raise ConfigError(f"{out} was begun with the {OTHER_FOLDS}. Give that snapshot, or another folder.")
    elif out.exists() and any(path.suffix != ".part" for path in out.iterdir()):
        raise ConfigError(f"{out} is not empty and holds no cross-validation. Give a new folder.")
    for config in configs:
        if told["networks"].setdefault(name_of(config), config.hash) != config.hash:
            raise ConfigError(
                f"{out} holds {name_of(config)} with other settings, and folds of both cannot be one table. "
                "Give the settings it was begun with, or another folder."
            )
    told["folds"] = sorted({*told["folds"], *folds})
    out.mkdir(parents=True, exist_ok=True)
    if not kept or told != json.loads(kept):
        write_json(out / "crossval.json", told)


def _told(out: Path) -> dict[str, Any]:
    """crossval.json of a folder: snapshot, networks and folds. Raises ConfigError if there is none or it is damaged."""
    file = out / "crossval.json"
    try:
        told: dict[str, Any] = json.loads(file.read_text("utf-8"))
        good = isinstance(told["snapshot"], str) and all(isinstance(each, str) for each in told["networks"].values())
        good = good and all(type(fold) is int for fold in told["folds"])
    except OSError as error:
        raise ConfigError(f"{out} is no cross-validation: crossval.json in it: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file} is damaged: {error}.") from error
    except (KeyError, TypeError, AttributeError):
        good = False
    if not good:
        raise ConfigError(f"{file} is damaged: it does not say which snapshot, networks and folds it is of.")
    return told


def _classifier(out: Path, config: Config, fold: int) -> Path | None:
    """The classifier of sub-images of this fold, if one is done: a segmentation is also told behind it."""
    if config.task not in SEGMENTS:
        return None
    done = sorted(out.glob(f"*-c-detect-*/fold-{fold}/card.json"))
    return done[0].parent if done else None


def take_in(
    snapshot: Snapshot,
    out: Path,
    configs: Sequence[Config],
    others: Iterable[Path],
    hear: Callable[[str], None] = to_stderr,
) -> int:
    """Copy finished runs of other cross-validations of the same snapshot and settings in; how many. Raises ConfigError.

    A run is copied beside and renamed: it is there whole or not. One that another process is at here is left to it.
    """
    begin(snapshot, out, configs, ())
    own = _told(out)
    taken = 0
    for other in others:
        told = _told(other)
        if told["snapshot"] != own["snapshot"]:
            raise ConfigError(f"{other} is of another snapshot; its folds are other patients.")
        if told.get("dealt", own.get("dealt")) != own.get("dealt", told.get("dealt")):
            raise ConfigError(f"{other} is of the {OTHER_FOLDS}; its folds are other patients.")
        for name, hash_ in told["networks"].items():
            if own["networks"].setdefault(name, hash_) != hash_:
                raise ConfigError(f"{other} holds {name} with other settings; both cannot be one table.")
        for card in sorted(other.glob("*/fold-*/card.json")):
            run = out / card.parent.relative_to(other)
            if (run / "card.json").exists() or another_is_at(run):
                continue
            hear(f"taking in {card.parent}")
            part = run.with_name(f".{run.name}.part")  # hidden: what a kill leaves of it is no run
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(card.parent, part)
            if run.exists():
                shutil.rmtree(run)  # begun here, finished there
            os.replace(part, run)
            taken += 1
        own["folds"] = sorted({*own["folds"], *told["folds"]})
    write_json(out / "crossval.json", own)
    return taken


def summed_up(out: Path, configs: Sequence[Config]) -> dict[str, Any]:
    """Write each network's predictions.csv and summary.json from the runs that are done."""
    summary: dict[str, Any] = {}
    for config in configs:
        runs = [card.parent for card in (out / name_of(config)).glob("fold-*/card.json")]
        done = sorted((int(last), run) for run in runs if (last := run.name.removeprefix("fold-")).isdecimal())
        if not done:
            continue
        lines: list[str] = []
        told: dict[int, dict[str, Any]] = {}
        for fold, run in done:
            told[fold], text = _of_done(run)
            lines += text[1:] if lines else text
        table = out / name_of(config) / "predictions.csv"
        write_whole(table, "".join(lines).encode())
        each = {fold: card["metrics"]["test"] for fold, card in told.items()}
        summary[name_of(config)] = {
            "initialisation": "; ".join(sorted({card["training"]["initialisation"] for card in told.values()})),
            "folds": {str(fold): found for fold, found in each.items()},
            "mean": _mean(list(each.values())),
            "pooled": pooled(table, config),
        }
    write_json(out / "summary.json", summary)
    return summary


def _of_done(run: Path) -> tuple[dict[str, Any], list[str]]:
    """The card and the lines of the table of a run that is done. Raises DataError where either was changed since."""
    try:
        card: dict[str, Any] = json.loads((run / "card.json").read_text("utf-8"), parse_constant=_no_number)
        table = (run / "predictions.csv").read_bytes()
        good = isinstance(card["metrics"]["test"], dict) and isinstance(card["training"]["initialisation"], str)
        digest = (card.get("predictions") or {}).get("sha256")
        good = good and digest in (None, hashlib.sha256(table).hexdigest())
        lines = table.decode().splitlines(keepends=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        good = False
    if not good:
        raise DataError(
            f"{run} is not as it was when it was done: its card.json or predictions.csv is damaged or was edited. Take "
            "that folder away and call again: the fold is trained anew."
        )
    return card, lines


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number JSON knows")


def _mean(each: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The unweighted mean of the folds, of what all of them have."""
    names = [name for name in each[0] if all(isinstance(one.get(name), float) for one in each)]
    return {name: float(np.mean([one[name] for one in each])) for name in names}


def pooled(table: Path, config: Config) -> dict[str, Any]:
    """The figures of all folds' predictions taken together."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if config.task in SEGMENTS:
        found: dict[str, Any] = {}
        for gated, name in (("0", ""), ("1", "_gated")):
            kept = [row for row in rows if row["gated"] == gated]
            wanted = np.array([[float(row[key]) for key in ("intersection", "predicted", "actual")] for row in kept])
            if kept:
                pieces = wanted.reshape(-1, len(THRESHOLDS), 3)
                found |= {f"{key}{name}": value for key, value in overlap_figures(pieces).items()}
        return found
    if not rows:
        return {"samples": 0}
    targets = TARGETS[config.task]
    score = np.array([float(row["score"]) for row in rows]).reshape(-1, len(targets))
    score = score.clip(np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
    truth = np.array([float(row["truth"]) for row in rows]).reshape(-1, len(targets))
    logits = np.log(score) - np.log1p(-score)
    return figures(
        Outputs(logits, truth, float(-np.mean(truth * np.log(score) + (1 - truth) * np.log1p(-score)))), config
    )
