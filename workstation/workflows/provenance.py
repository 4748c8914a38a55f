"""What an evaluation came from: which data, which trainings on which machines, which programs, by which commands."""

from __future__ import annotations

import math
import platform
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from workstation import __version__
from workstation.report.evaluation import Data, Evaluation, Study, Training
from workstation.workflows.predictions import Frozen, by_ai
from workstation.workflows.run_folders import Run, Trained, number, text

LIBRARIES = ("numpy", "scipy", "matplotlib")


def evaluation(trained: Trained, frozen: Frozen, studies: tuple[Study, ...], threshold: str) -> Evaluation:
    """The studies with all that is known of where they came from."""
    networks = _networks(trained)
    return Evaluation(
        trained.folder.resolve().name,
        time.strftime("%Y-%m-%d"),
        studies,
        tuple(_training(name, trained, networks[name]) for name in trained.networks),
        data(frozen),
        threshold,
        _versions(trained.runs),
        _commands(trained),
    )


def data(frozen: Frozen) -> Data:
    """What is known of the set of a snapshot."""
    manifest, cohort = frozen.manifest, frozen.cohort
    sealed = set(manifest.sealed)
    return Data(
        manifest.hash, manifest.labels_from, len(manifest.scans), len(set(manifest.patients)),
        sum(visible != "0" for visible in frozen.lesions["visible"]), len(set(manifest.folds.values())),
        len(sealed), sum(patient in sealed for patient in manifest.patients),
        text(cohort, "version") or ", ".join(manifest.simulators), text(cohort, "name"), _seed(cohort),
        number(cohort, "best_auc"), number(cohort, "alone_auc"),
        dict(sorted(Counter(manifest.strata.values()).items())),
        sum(by_ai(origin) for origin in frozen.lesions["origin"]),
        len(manifest.scans) if cohort is not None else _count(manifest.made, "simulated"), _flow(manifest.made),
    )  # fmt: skip


def _count(made: Mapping[str, Any], *keys: str) -> int:
    value = number(made, *keys)
    return 0 if math.isnan(value) else int(value)


def _flow(made: Mapping[str, Any]) -> str:
    """Who was collected, left out and included, as a snapshot of a library counts them."""
    flow = made.get("flow")
    excluded = flow.get("excluded") if isinstance(flow, Mapping) else None
    if not isinstance(flow, Mapping) or not isinstance(excluded, Mapping):
        return ""

    def said(what: str, *keys: str) -> str:
        scans, patients = (_count(flow, *keys, kind) for kind in ("scans", "patients"))
        return (
            f"{what} {scans:,} scan{'' if scans == 1 else 's'} of {patients:,} patient{'' if patients == 1 else 's'}"
        )

    left = [said(f"left out, {reason}:", "excluded", reason) for reason in excluded]
    return "; ".join([said("Collected", "collected"), *left, said("included", "included")])


def _networks(trained: Trained) -> dict[str, str]:
    """What tables call the networks, by the names of their rows."""
    named = {each.name: each.network for each in trained.runs}
    often = Counter(named.values())
    return {name: named[name] if often[named.get(name, "")] == 1 else name for name in trained.networks}


def _training(name: str, trained: Trained, network: str) -> Training:
    mine = [each for each in trained.runs if each.name == name]
    done = [each for each in mine if each.card is not None]
    begun = sorted({text(each.card, "training", "initialisation") for each in done} - {""})
    devices = sorted({text(each.origin, "environment", "device") for each in done} - {""})
    settings = dict(mine[0].settings) if mine else {}
    for own in ("fold", "snapshot"):
        settings.pop(own, None)
    return Training(
        name, network, mine[0].task if mine else "", "; ".join(begun),
        tuple(each.fold for each in done),
        tuple(number(each.card, "training", "epochs") for each in done),
        tuple(number(each.card, "training", "best_epoch") for each in done),
        tuple(number(each.card, "training", "seconds") for each in done),
        number(done[0].card, "network", "parameters") if done else math.nan,
        "; ".join(devices), settings,
        tuple(value for each in done for value in _temperatures(each)),
        {fold: why for (row, fold), why in trained.absent.items() if row == name},
    )  # fmt: skip


def _temperatures(run: Run) -> list[float]:
    targets = run.card["targets"] if run.card is not None else []
    found = [number(run.card, "calibration", str(target), "temperature") for target in targets]
    return [value for value in found if not math.isnan(value)]


def _seed(cohort: Mapping[str, Any] | None) -> str:
    seed = number(cohort, "seed")
    return "" if math.isnan(seed) else f"{seed:.0f}"


def _versions(runs: Sequence[Run]) -> dict[str, str]:
    """Of this program, of the code that trained, and of what both stand on."""
    found = {"Osteoscope": __version__}
    for name, keys in (
        ("ml (SHA-256 of its source)", ("code", "ml_sha256")),
        ("PyTorch", ("environment", "torch")),
        ("Python", ("environment", "python")),
        ("platform", ("environment", "platform")),
    ):
        values = sorted({text(each.origin, *keys)[:24] for each in runs} - {""})
        if values:
            found[name] = ", ".join(values)
    found.setdefault("Python", platform.python_version())
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _commands(trained: Trained) -> tuple[str, ...]:
    """As they were given where somebody noted them; else as they may be given."""
    noted = trained.asked.get("commands")
    if isinstance(noted, list) and noted and all(isinstance(each, str) for each in noted):
        made = [str(each) for each in noted]
    else:
        words = " ".join(dict.fromkeys(_word(each) for each in trained.runs))
        kind = "crossval" if (trained.folder / "crossval.json").exists() else "train"
        made = [f"osteoscope {kind} {words} --snapshot SNAPSHOT --out {trained.folder.name}"]
    return (*made, f"osteoscope evaluate {trained.folder.name}")


def _word(run: Run) -> str:
    return f"{run.preset}:{run.network}"
