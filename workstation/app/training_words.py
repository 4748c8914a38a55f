"""What is said of trainings, snapshots and presets: sentences out of the values the workflows give."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workstation.workflows.crossvals import Crossval
    from workstation.workflows.presets import Preset
    from workstation.workflows.snapshot_seen import SnapshotSeen
    from workstation.workflows.trainings import Training

UNKNOWN = "-"


def tr(words: str) -> str:
    return QCoreApplication.translate("Training", words)


def task(preset: Preset) -> str:
    """A plain sentence of what a preset learns."""
    return {
        "lesion": tr("Learns to tell malignant from benign lesions that somebody has outlined, from both views."),
        "patient": tr("Learns to tell patients with bone metastases from those without, from both whole views."),
        "detect": tr("Learns which square parts of a view hold a metastasis: the first step of finding them."),
        "metastases": tr("Learns to outline metastases in square parts of a view."),
        "bladder": tr("Learns to outline the bladder, which the burden index leaves out."),
        "sites": tr("Learns which of six sites hold metastases: spine, pelvis, scapula, rib, femur, other."),
    }.get(preset.task, preset.task)


def network_name(network: str) -> str:
    """As the tables call it."""
    import resources

    names: dict[str, str] = resources.table("report/names")["networks"]
    return names.get(network, network)


def task_name(task: str) -> str:
    """What is learnt, in a word or two."""
    return {
        "lesion": tr("lesions"), "patient": tr("patients"), "detect": tr("parts with metastases"),
        "metastases": tr("outlines of metastases"), "bladder": tr("outlines of the bladder"), "sites": tr("sites"),
    }.get(task, task)  # fmt: skip


def preset_name(preset: Preset) -> str:
    return f"{preset.name}: {task_name(preset.task)}"


def beginning(preset: Preset) -> str:
    """What its networks begin from."""
    if not preset.weights or preset.width < 1:
        return tr("Begins from random initialisation.")
    return tr("Begins from ImageNet weights where torch's cache has them, else from random initialisation.")


def runs_on(place: str | None) -> str:
    """place: as ml says it; None or empty while nobody has looked."""
    return tr("Looking which device there is.") if not place else tr("Runs on {0}").format(place)


def size(preset: Preset) -> str:
    what = {
        "patient": tr("{0} x {1} pixels a view"),
        "lesion": tr("{0} x {1} pixels, both views side by side"),
        "sites": tr("{0} x {1} pixels, both views side by side"),
    }.get(preset.task, tr("{0} x {1} pixels, seven parts a view"))
    words = what.format(preset.rows, preset.columns)
    if preset.width < 1:
        return tr("{0}; a quarter of the paper's width, for a processor").format(words)
    return tr("{0}; the paper's size, for a GPU").format(words)


def snapshot(seen: SnapshotSeen) -> str:
    """What a snapshot holds, in a few sentences."""
    kind = tr("simulated scans") if seen.simulated else tr("scans")
    words = [
        tr("{0:,} {1} of {2:,} patients, {3:,} with metastases.").format(
            seen.scans, kind, seen.patients, seen.metastatic
        ),
        tr("{0:,} malignant and {1:,} benign lesions{2}.").format(
            seen.malignant, seen.benign, tr(", {0:,} uncertain").format(seen.uncertain) if seen.uncertain else ""
        ),
    ]
    if not seen.folds:
        words.append(tr("No folds: nothing can be tested."))
    elif len(set(seen.folds)) == 1:
        words.append(tr("{0} folds of {1:,} patients.").format(len(seen.folds), seen.folds[0]))
    else:
        words.append(
            tr("{0} folds of {1:,} to {2:,} patients.").format(len(seen.folds), min(seen.folds), max(seen.folds))
        )
    if seen.sealed:
        words.append(tr("{0:,} patients are sealed and not touched.").format(seen.sealed))
    if seen.train_only:
        words.append(tr("{0:,} are for learning only: an AI had a part in their labels.").format(seen.train_only))
    if not seen.simulated:
        words.append(tr("Labels are people's."))
    return " ".join(words)


def state(run: Training | Crossval) -> str:
    """One or two words for the list."""
    from workstation.workflows.trainings import State

    return {
        State.PREPARING: tr("Preparing"),
        State.TRAINING: tr("Running"),
        State.TESTING: tr("Testing"),
        State.STOPPING: tr("Stopping"),
        State.STOPPED: tr("Stopped"),
        State.BROKEN: tr("Stopped"),
        State.FINISHED: tr("Finished"),
        State.FAILED: tr("Failed"),
        State.DAMAGED: tr("Damaged"),
    }[run.state]


def sentence(run: Training) -> str:
    """What the state means, and what to do."""
    from workstation.workflows.trainings import State

    if run.state is State.FAILED:
        why = run.message or tr("it did not say why")
        return tr("Failed: {0}").format(why)
    if run.state is State.DAMAGED:
        return run.message
    return {
        State.PREPARING: tr("Reads the snapshot and prepares its pictures."),
        State.TESTING: tr("Has learnt; reads the test fold, once."),
        State.STOPPING: tr("Stops after this step, and can be resumed."),
        State.STOPPED: tr("Stopped. Resume goes on where it was."),
        State.BROKEN: tr("Its process ended without a word, as when it is killed. Resume goes on from what was kept."),
        State.FINISHED: tr("Finished. Tables… tells what it is worth on the test fold."),
    }.get(run.state, "")


def whole_sentence(whole: Crossval) -> str:
    """What a cross-validation is, how far it is, and what to do."""
    from workstation.workflows.trainings import State

    networks, folds = len(whole.networks), len(whole.folds)
    what = tr("{0} networks, {1} folds").format(networks, folds) if networks > 1 else tr("{0} folds").format(folds)
    words = [tr("Cross-validation of {0}: {1} of {2} trainings done.").format(what, whole.done, whole.total)]
    failed = sum(run.state is State.FAILED for run in whole.runs.values())
    if failed:
        words.append(tr("{0} failed: choose it to see why.").format(failed))
    if whole.state.at_work and whole.left is not None:
        words.append(tr("About {0} left.").format(duration(whole.left)))
    elif whole.state.resumable:
        words.append(tr("Resume goes on where it was."))
    return " ".join(words)


def row_name(row: str, preset: str) -> str:
    """Of a cross-validation's network: as the tables call it, with its preset where that is not the others'."""
    network = row.removeprefix(f"{preset}-")
    return network_name(network) if network != row else row


def fold_name(run: Training, preset: str) -> str:
    """What a fold is called below its cross-validation, whose first network has that preset."""
    return tr("{0}, fold {1}").format(row_name(run.folder.parent.name, preset), run.fold)


def progress(run: Training) -> str:
    """How far, for the list."""
    from workstation.workflows.trainings import State

    words = epochs(run)
    if words == UNKNOWN:
        return words
    if run.network == "tree":
        return tr("fitted") if run.state is State.FINISHED else ""
    return tr("{0} epochs").format(words) if run.state is State.FINISHED else tr("epoch {0}").format(words)


def name(run: Training, whole: Crossval | None) -> str:
    """Of one run: its folder's, or which fold of which cross-validation it is."""
    return run.name if whole is None else tr("{0}: {1}").format(whole.name, fold_name(run, whole.one.preset))


def done(whole: Crossval) -> str:
    return tr("{0} of {1} trainings").format(whole.done, whole.total)


def fold_state(run: Training | None) -> str:
    """A word or two for a fold's place among the others'."""
    from workstation.workflows.trainings import State

    if run is None:
        return tr("not begun")
    if run.state is State.FINISHED:
        return tr("done")
    return tr("epoch {0}").format(epochs(run)) if run.state is State.TRAINING else state(run)


def epochs(run: Training) -> str:
    from workstation.workflows.trainings import State

    at = run.epoch
    if run.state is State.FINISHED and at is not None:
        return f"{at:,.0f}"
    if at is None:
        return tr("0 of {0:,}").format(run.epochs) if run.epochs else UNKNOWN
    return tr("{0:,.0f} of {1:,}").format(at, max(run.epochs, int(at)))


def left(run: Training) -> str:
    from workstation.workflows.trainings import State

    return duration(run.left) if run.state is State.TRAINING and run.left is not None else ""


def duration(seconds: float) -> str:
    """About how long, in the unit that fits."""
    if seconds < 90:
        return tr("{0} s").format(math.ceil(seconds))
    if seconds < 90 * 60:
        return tr("{0} min").format(math.ceil(seconds / 60))
    if seconds < 48 * 3600:
        return tr("{0:.1f} h").format(seconds / 3600)
    return tr("{0:.0f} days").format(seconds / 86400)


def estimate(
    runs: Iterable[Training], preset: Preset, networks: Sequence[str], seen: SnapshotSeen | None, fold: int | None,
    epochs_: int,
) -> str:  # fmt: skip
    """How long a training would take here, after the last of each kind that ran on this machine."""
    runs = list(runs)
    total, unknown = 0.0, []
    for network in networks:
        paces = [
            run.pace
            for run in runs
            if run.pace is not None and (run.preset, run.network) == (preset.name, network)
            and all(run.settings.get(key) == getattr(preset, key) for key in ("rows", "columns", "width", "batch"))
        ]  # fmt: skip
        if paces and seen is not None:
            total += median(paces[:3]) * seen.learnt(fold) * epochs_
        elif network != "tree":
            unknown.append(network)
    if seen is None or not total and unknown:
        return tr("Time here: not known before one of these has run.")
    if not total:
        return tr("A tree is fitted at once, without epochs: seconds to minutes.")
    if unknown:
        known = ", ".join(network_name(each) for each in unknown)
        return tr("Time here: {0} and more; not known of {1}.").format(duration(total), known)
    return tr("Time here: about {0}, as the last of these ran.").format(duration(total))
