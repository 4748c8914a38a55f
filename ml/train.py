"""One training from its snapshot to its model card, and on from wherever it was stopped.

read the snapshot, divide its patients, look at the classes          nothing is written before that is good
begin or take up the run folder
every epoch: learn, look at the inner validation patients, keep the better, keep everything to go on from
take the best, choose temperature and threshold on the inner validation patients
read the test fold, once; write its predictions and the model card
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ml import checkpoint, predictions, runfolder
from ml.at_work import another_is_at
from ml.batches import Source
from ml.config import SEGMENTS, Config, ConfigError
from ml.engine import Engine, TrainingError, order
from ml.finish import finish
from ml.model import loss_of, network_of
from ml.origin import code, of_snapshot
from ml.place import Place, environment, pick
from ml.pool import Pool
from ml.runfolder import RunFolder
from ml.samples import Samples, divided, hold_to_classes, samples, scans_of
from ml.scoring import HALF, auc, dice
from ml.snapshot import Snapshot
from ml.splits import Split
from ml.stopping import Stopper

LAST = "last.safetensors"


@dataclass(frozen=True)
class Outcome:
    """state: "done" or "stopped". metrics: the last epoch's row."""

    state: str
    metrics: dict[str, Any]
    run: Path


@dataclass
class Progress:
    """How far a run is: whole epochs, steps into the next and their losses; the rows of metrics.jsonl; the best one."""

    epoch: int = 0
    step: int = 0
    total: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    best: int = -1  # an epoch, from 0
    best_value: float | None = None


def train(
    snapshot: Snapshot,
    run: Path,
    config: Config,
    resume: bool = False,
    stopper: Stopper | None = None,
    shared: Pool | None = None,
    hear: Callable[[str], None] = runfolder.to_stderr,
    classifier: Path | None = None,
) -> Outcome:
    """Train into the folder `run`.

    shared: pictures that several trainings use. classifier: of sub-images, for a segmentation; see ml.finish.
    Raises ConfigError, SplitError, DataError, CheckpointError, TrainingError.
    """
    stopper = stopper or Stopper()
    if resume and (run / "card.json").exists():
        _hold_to_told(run, config, snapshot)
        return Outcome("done", (runfolder.read_metrics(run) or [{}])[-1], run)
    parts = divided(snapshot, config)
    learnt, watched = _samples(snapshot, parts, config)
    if config.network == "tree":
        return _tree(snapshot, run, config, parts, resume, shared, hear)
    pool: Pool | None = None
    place = pick(config, config.epochs * len(learnt) // config.batch)
    folder = RunFolder(run, place.rank == 0, hear)
    told = _begin(folder, config, snapshot, parts, place, resume) if place.rank == 0 else None
    if place.world > 1:
        told = _with_the_first(run, place)
    try:
        folder.status(state="preparing", epochs=config.epochs, message="")
        with folder.beating():
            pool = shared or Pool(snapshot, folder.path)
            folder.say(f"{config.preset}: {config.network} on {place.words}")
            network, begun_from = network_of(config)
            folder.say(f"weights: {begun_from}")
            engine = Engine(config, network, loss_of(config), place, folder.say)
            source = pool.source(config, scans_of(snapshot, parts.train | parts.inner), place.device)
            progress = _take_up(engine, told, folder)
            if _learn(engine, source, learnt, watched, progress, folder, stopper):
                folder.say(f"stopped after epoch {progress.epoch}, step {progress.step}; resume it to go on")
                folder.status(state="stopped", message="stopped; it can be resumed")
                return Outcome("stopped", progress.rows[-1] if progress.rows else {}, run)
            if place.rank == 0:
                folder.status(state="testing")
                best = f"best-{progress.best + 1:04}.safetensors"
                weights = checkpoint.load(run / best)
                checkpoint.put_into(network, weights.of("network"), best)
                finish(engine, pool, snapshot, parts, folder, progress.rows, progress.best, begun_from, classifier)
        folder.status(state="done", seconds_left=0, message="")
        return Outcome("done", progress.rows[-1], run)
    except Exception as error:
        folder.status(state="failed", message=str(error))
        raise
    finally:
        if shared is None and pool is not None:
            pool.close()


def _samples(snapshot: Snapshot, parts: Split, config: Config) -> tuple[Samples, Samples]:
    learnt = samples(snapshot, scans_of(snapshot, parts.train), config)
    watched = samples(snapshot, scans_of(snapshot, parts.inner), config)
    hold_to_classes(learnt, config, "The training part")
    hold_to_classes(watched, config, "The inner validation part")
    return learnt, watched


def _with_the_first(run: Path, place: Place) -> checkpoint.Checkpoint | None:
    """Wait until the first process has made or taken up the folder; what all of them go on from."""
    torch.distributed.barrier()
    return checkpoint.load(run / LAST) if (run / LAST).exists() else None


def _tree(
    snapshot: Snapshot,
    run: Path,
    config: Config,
    parts: Split,
    resume: bool,
    pool: Pool | None,
    hear: Callable[[str], None],
) -> Outcome:
    """The tree needs no epochs: from its features to its card at once."""
    from ml.tree_run import measuring, tree_run

    folder = RunFolder(run, True, hear)
    _begin(folder, config, snapshot, parts, Place(torch.device("cpu"), False, False), resume)
    try:
        folder.status(state="training", epoch=1, epochs=1, message="")
        with folder.beating():
            rows = tree_run(snapshot, parts, config, folder, pool.measured if pool else measuring(snapshot))
        folder.status(state="done", seconds_left=0)
        return Outcome("done", rows[-1], run)
    except Exception as error:
        folder.status(state="failed", message=str(error))
        raise


def _begin(
    folder: RunFolder, config: Config, snapshot: Snapshot, parts: Split, place: Place, resume: bool
) -> checkpoint.Checkpoint | None:
    """Make the run folder, or take up what is there: the last checkpoint, or None to begin at the beginning."""
    run = folder.path
    if (run / "config.json").exists():
        if not resume:
            raise ConfigError(f"{run} already holds a run. Resume it, or give another folder.")
        _hold_to_told(run, config, snapshot)
        if another_is_at(run):
            raise ConfigError(f"Another process is training {run} now. Wait for it, or stop it first.")
        folder.stop_heard()
        folder.clear()
        return checkpoint.load(run / LAST) if (run / LAST).exists() else None
    if run.exists() and not run.is_dir():
        raise ConfigError(f"{run} is a file, not a folder. Give a new folder.")
    if run.exists() and any(path.name != "origin.json" and path.suffix != ".part" for path in run.iterdir()):
        raise ConfigError(f"{run} is not empty and holds no run. Give a new folder.")  # but for what a kill left there
    if folder.writes:
        try:
            run.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{run} cannot be made: {error.strerror}.") from error
        folder.json("origin.json", {
            "snapshot": {"folder": snapshot.folder.name, **of_snapshot(snapshot)},
            "split": {"train": len(parts.train), "inner": len(parts.inner), "test": len(parts.test)},
            "code": code(), "environment": environment(place), "seed": config.seed,
        })  # fmt: skip
        folder.json("config.json", {**config.told(), "snapshot": snapshot.manifest.hash})
    return None


def _hold_to_told(run: Path, config: Config, snapshot: Snapshot) -> None:
    """What a run folder says it is doing must be what is asked for now. Raises ConfigError."""
    kept, data = runfolder.read_config(run)
    differing = [key for key, value in config.told().items() if kept.told()[key] != value]
    if kept.hash != config.hash or kept.fold != config.fold:
        changes = ", ".join(f"{key}={kept.told()[key]}" for key in differing)
        raise ConfigError(f"{run} was begun with other settings ({changes}). Resume it with those, or begin another.")
    if data != snapshot.manifest.hash:
        raise ConfigError(f"{run} was begun with another snapshot. Resume it with that one, or begin another.")
    if runfolder.dealt(run) not in (None, snapshot.manifest.dealt):
        raise ConfigError(
            f"{run} was begun with the same scans dealt into other folds, or others sealed: who is tested now would "
            "have been learnt from. Resume it with that snapshot, or begin another."
        )


def _take_up(engine: Engine, told: checkpoint.Checkpoint | None, folder: RunFolder) -> Progress:
    if told is None:
        return Progress()
    checkpoint.put_into(engine.network, told.of("network"), LAST)
    checkpoint.put_into_optimiser(engine.optimiser, told.of("optimiser"))
    progress, part = _progress(told.told, folder.path / LAST)
    engine.part = min(engine.config.batch, part)
    folder.metrics(progress.rows)
    folder.say(f"resumed after epoch {progress.epoch}, step {progress.step}")
    return progress


def _progress(told: Mapping[str, Any], file: Path) -> tuple[Progress, int]:
    """How far a checkpoint says the run is, and the samples of a step taken at once. Raises CheckpointError."""
    try:
        found, part = Progress(**told["progress"]), told["part"]
        counts = (found.epoch, found.step, part - 1, found.best + 1, found.epoch - found.best)
        good = all(type(count) is int and count >= 0 for count in counts) and math.isfinite(found.total)
        good = good and len(found.rows) == found.epoch and all(isinstance(row, dict) for row in found.rows)
    except (KeyError, TypeError, OverflowError):
        good = False
    if not good:
        raise checkpoint.CheckpointError(f"{file} does not say how far the run was: it is no checkpoint to go on from.")
    return found, part


def _keep(engine: Engine, progress: Progress, folder: RunFolder) -> None:
    """Everything to go on from, in one file."""
    engine.settle()
    if folder.writes:
        tensors = {f"network/{name}": value for name, value in engine.network.state_dict().items()}
        kept = checkpoint.optimiser_tensors(engine.optimiser)
        tensors |= {f"optimiser/{name}": value for name, value in kept.items()}
        checkpoint.save(folder.path / LAST, tensors, {"progress": vars(progress), "part": engine.part})


def _learn(
    engine: Engine,
    source: Source,
    learnt: Samples,
    watched: Samples,
    progress: Progress,
    folder: RunFolder,
    stopper: Stopper,
) -> bool:
    """Epoch after epoch until the last, or no better one for `patience`; whether it was stopped before."""
    config = engine.config
    while progress.epoch < config.epochs and not _given_up(progress, config):
        rate, begun = engine.set_rate(progress.epoch), time.monotonic()
        steps = order(len(learnt), engine.samples_a_step, config.seed, progress.epoch)
        exact = torch.float32 if engine.place.device.type == "mps" else torch.float64  # which MPS has not
        total = torch.full((), progress.total, dtype=exact, device=engine.place.device)
        kept, first = time.monotonic(), progress.step
        for number in range(progress.step, len(steps)):
            total += engine.step(source, learnt, steps[number], progress.epoch, number)
            progress.step = number + 1
            _show(engine, progress, folder, len(steps), total, first, begun)
            stop = engine.place.world == 1 and stopper.asked(folder)
            due = time.monotonic() - kept > 60 * config.checkpoint_minutes
            if stop or due and engine.place.world == 1:
                progress.total, kept = float(total), time.monotonic()
                _keep(engine, progress, folder)
            if stop:
                return True
        engine.settle()
        done = (len(steps) - first) * engine.samples_a_step
        took = time.monotonic() - begun
        if engine.place.world > 1:
            torch.distributed.all_reduce(total)
            total /= engine.place.world
        row: dict[str, Any] = {"epoch": progress.epoch + 1, "train_loss": float(total) / len(steps), "lr": rate}
        if engine.place.rank == 0:
            row |= watch(engine, source, watched)
            if not math.isfinite(row["inner_loss"]):  # as when an epoch's last step broke the weights
                raise TrainingError(
                    f"The loss of the inner validation patients is {row['inner_loss']} after epoch {row['epoch']}, "
                    "which is not kept. Try a smaller lr, or precision=fp32."
                )
        _note(engine, progress, folder, row, {
            "seconds": round(time.monotonic() - begun, 3), "samples_per_second": round(done / max(took, 1e-9), 2),
            "memory_mb": _memory(engine),
        })  # fmt: skip
        if _together(engine, progress, stopper.asked(folder)):
            return progress.epoch < config.epochs and not _given_up(progress, config)
    return False


def _note(engine: Engine, progress: Progress, folder: RunFolder, row: dict[str, Any], took: dict[str, Any]) -> None:
    """An epoch's end: keep the weights if they are the best, and everything to go on from."""
    value = {"last": float(progress.epoch), "loss": -row.get("inner_loss", 0.0)}.get(
        engine.config.select, row.get(f"inner_{engine.config.select}")
    )
    better = value is not None and (progress.best_value is None or value > progress.best_value)
    if better or progress.best < 0:
        progress.best, progress.best_value = progress.epoch, value
    row |= {"best": progress.best == progress.epoch, "took": took}
    progress.rows.append(row)
    progress.epoch, progress.step, progress.total = progress.epoch + 1, 0, 0.0
    best = f"best-{progress.best + 1:04}.safetensors"
    if row["best"] and folder.writes:
        weights = {f"network/{name}": value for name, value in engine.network.state_dict().items()}
        checkpoint.save(folder.path / best, weights, {"epoch": progress.best + 1, "config": engine.config.told()})
    _keep(engine, progress, folder)
    folder.keep_only(best)
    folder.metrics(progress.rows)
    shown = {key: value for key, value in row.items() if "loss" in key or key[:6] == "inner_"}
    told = f"{predictions.in_words(shown)}, {took['samples_per_second']} samples/s"
    folder.say(f"epoch {progress.epoch}/{engine.config.epochs}: {told}")


def watch(engine: Engine, source: Source, watched: Samples) -> dict[str, float | None]:
    """How well the inner validation patients are told: loss, and AUC (the mean over targets) or Dice."""
    if engine.config.task in SEGMENTS:
        pieces, loss = predictions.overlaps(engine, source, watched)
        half = dice(pieces)[:, HALF]
        return {"inner_loss": loss, "inner_dice": float(half[pieces[:, 0, 2] > 0].mean())}
    given = predictions.outputs(engine, source, watched)
    areas = [auc(truth, logits) for truth, logits in zip(given.truth.T, given.logits.T, strict=True)]
    known = [area for area in areas if area == area]
    return {"inner_loss": given.loss, "inner_auc": sum(known) / len(known) if known else None}


def _given_up(progress: Progress, config: Config) -> bool:
    return config.patience > 0 and progress.epoch - progress.best > config.patience


def _together(engine: Engine, progress: Progress, stop: bool) -> bool:
    """What the first process has seen, on all of them: which epoch is the best, and whether to stop."""
    if engine.place.world == 1:
        return stop
    told = torch.tensor([float(stop), float(progress.best)], device=engine.place.device)
    torch.distributed.broadcast(told, 0)
    progress.best = int(told[1].item())
    return bool(told[0].item())


def _memory(engine: Engine) -> int:
    if engine.place.device.type == "cuda":
        return round(torch.cuda.max_memory_allocated(engine.place.device) / 2**20)
    return runfolder.memory_mb()


def _show(
    engine: Engine, progress: Progress, folder: RunFolder, steps: int, total: torch.Tensor, first: int, begun: float
) -> None:
    took, done = time.monotonic() - begun, progress.step - first
    if not folder.due():
        return
    speed = done / max(took, 1e-9)
    left = (steps - progress.step) + steps * (engine.config.epochs - progress.epoch - 1)
    folder.status(
        state="training", epoch=progress.epoch + 1, epochs=engine.config.epochs, step=progress.step, steps=steps,
        loss=round(float(total) / progress.step, 6), samples_per_second=round(speed * engine.samples_a_step, 2),
        seconds_left=round(left / max(speed, 1e-9)), memory_mb=_memory(engine),
    )  # fmt: skip
