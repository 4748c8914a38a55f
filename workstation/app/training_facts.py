"""What stands beside the curves: the facts of one training, and what tells several apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workstation.app.training_words import UNKNOWN, duration, epochs, network_name, state, tr

if TYPE_CHECKING:
    from workstation.workflows.metrics_tail import Curve
    from workstation.workflows.trainings import Facts, Training


def facts(run: Training, seen: Facts | None) -> tuple[tuple[str, str], ...]:
    """Eight names and values; what is not known is a dash. No figure of the test fold is among them."""
    rate = UNKNOWN if run.rate is None else tr("{0:,.1f} samples a second").format(run.rate)
    left = UNKNOWN if run.left is None or run.state != "training" else tr("about {0}").format(duration(run.left))
    memory = UNKNOWN if not run.memory_mb else tr("{0:,.0f} MB at most").format(run.memory_mb)
    loss = "" if run.loss is None or run.state != "training" else tr(", loss {0:.4g}").format(run.loss)
    patients = UNKNOWN
    if seen is not None and seen.train is not None and seen.inner is not None:
        patients = tr("{0:,.0f} learnt from, {1:,.0f} inner").format(seen.train, seen.inner)
        if seen.trained_on:
            patients += {"simulated": tr(", simulated"), "clinical": tr(", clinical")}[seen.trained_on]
    tested = tr(", fold {0} tested").format(run.fold) if run.fold >= 0 else tr(", no fold tested")
    return (
        (tr("State"), f"{state(run)}{loss}"),
        (tr("Epoch"), epochs(run)),
        (tr("Speed"), rate),
        (tr("Time left"), left),
        (tr("Network"), f"{run.preset}, {network_name(run.network)}{tested}" if run.network else UNKNOWN),
        (tr("Patients"), patients),
        (tr("Weights"), (seen.weights if seen is not None else "") or UNKNOWN),
        (tr("Device"), ", ".join(filter(None, [seen.device if seen is not None else "", memory.strip(UNKNOWN)]))
         or UNKNOWN),
    )  # fmt: skip


def percent(run: Training) -> float:
    """The share of all its steps that is done, 0 to 1."""
    if not run.epochs or run.epoch is None:
        return 0.0
    within = min(run.step / run.steps, 1.0) if run.step and run.steps else 0.0
    return min(max((run.epoch - 1 + within) / run.epochs, 0.0), 1.0)


def last_epoch(runs: Sequence[tuple[Training, Curve]]) -> float:
    """How far the axis goes: to the end asked for, but not so far that what is there shrinks to nothing."""
    done = max((float(curve.epoch[-1]) for _, curve in runs if len(curve.epoch)), default=1.0)
    planned = max((float(run.epochs) for run, _ in runs if run.state.at_work), default=done)
    return max(done, min(planned, max(12.0, 2 * done)))


def differences(runs: Sequence[Training]) -> str:
    """Why curves may not be of the same thing; and what the letters and rings mean."""
    words = []
    if len({run.snapshot for run in runs}) > 1:
        words.append(tr("Of different snapshots: the inner patients differ, so the curves cannot be held together."))
    elif len({run.fold for run in runs}) > 1:
        words.append(tr("Of different folds: the inner patients differ."))
    elif len({run.settings.get("seed") for run in runs}) > 1:
        words.append(tr("Of different seeds: the inner patients differ."))
    if len({run.task for run in runs}) > 1:
        words.append(tr("They learn different things."))
    words.append(tr("A ring marks the epoch whose weights are used."))
    return " ".join(words)
