"""`python -m ml COMMAND ...`: training as a program of its own. torch is loaded by the command that needs it.

Exit codes: 0 done; 1 stopped before the end, resume it; 2 the call was wrong; 3 failed. With --json exactly one JSON
value on stdout; everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ml import model_commands
from ml.config import Config, ConfigError, make, networks_of, presets


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = asked.run
    try:
        return run(asked)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 1
    except Exception as error:  # Python's own exit code for one would be that of a training that was stopped
        words = _in_words(error)
        if words is None:
            traceback.print_exc()
            words = f"Something went wrong inside the program ({type(error).__name__}); what was finished is kept."
        print(words, file=sys.stderr)
        return 3


def _in_words(error: Exception) -> str | None:
    """What is said of an error of the world; None for a mistake of ours."""
    if type(error).__module__.startswith("ml."):
        return str(error)
    if isinstance(error, MemoryError) or isinstance(error, RuntimeError) and "can't allocate memory" in str(error):
        return "There is not enough memory for this: make batch, rows, columns or width smaller, or set memory=mapped."
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"A file or folder could not be read or written: {error.strerror or error}{where}."
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train one network on a snapshot")
    train.add_argument("preset", help=", ".join(presets()))
    train.add_argument("--snapshot", type=Path, required=True, metavar="DIR")
    train.add_argument("--out", type=Path, required=True, metavar="RUN")
    train.add_argument("--set", action="append", default=[], metavar="key=value", dest="changes")
    train.add_argument("--resume", action="store_true", help="go on from where the run was stopped")
    train.add_argument("--classifier", type=Path, metavar="RUN", help="for a segmentation: whose sub-images to segment")
    train.add_argument("--minutes", type=float, metavar="M", help="stop, to be resumed, after so long")
    train.add_argument("--threads", type=int, metavar="N", help="threads on the CPU; all cores by default")
    train.add_argument("--json", action="store_true")
    train.set_defaults(run=_train)
    speed = commands.add_parser("throughput", help="how fast a preset trains here, beside a plain loop")
    speed.add_argument("preset")
    speed.add_argument("--snapshot", type=Path, required=True, metavar="DIR")
    speed.add_argument("--set", action="append", default=[], metavar="key=value", dest="changes")
    speed.add_argument("--steps", type=int, default=30)
    speed.add_argument("--threads", type=int, metavar="N")
    speed.add_argument("--json", action="store_true")
    speed.set_defaults(run=_throughput)
    last = commands.add_parser("final", help="predict the sealed patients by every finished run of a folder")
    last.add_argument("run_folder", type=Path, metavar="RUN")
    last.add_argument("--snapshot", type=Path, required=True, metavar="DIR")
    last.add_argument("--json", action="store_true")
    last.set_defaults(run=_final)
    every = commands.add_parser("crossval", help="train every fold of one or more networks")
    every.add_argument("presets", nargs="+", metavar="PRESET[:NETWORK]", help="small-a, small-a:roi-only, small-a:all")
    every.add_argument("--snapshot", type=Path, required=True, metavar="DIR")
    every.add_argument("--out", type=Path, required=True, metavar="RUN")
    every.add_argument("--set", action="append", default=[], metavar="key=value", dest="changes", help="for all")
    every.add_argument("--folds", metavar="0,1,...", help="which to train here; all by default")
    every.add_argument("--minutes", type=float, metavar="M", help="stop, to be taken up again, after so long")
    every.add_argument("--merge", type=Path, action="append", default=[], metavar="RUN", help="runs made elsewhere")
    every.add_argument("--threads", type=int, metavar="N")
    every.add_argument("--json", action="store_true")
    every.set_defaults(run=_crossval)
    model_commands.add(commands)
    return parser


def _train(asked: argparse.Namespace) -> int:
    config = make(asked.preset, asked.changes)  # before torch is loaded: a wrong call is told at once
    _hold_to_minutes(asked.minutes)
    _say_threads(asked.threads)
    from ml.snapshot import Snapshot
    from ml.stopping import Stopper
    from ml.train import train

    stopper = Stopper.after(asked.minutes)
    stopper.listen()
    outcome = train(
        Snapshot.load(asked.snapshot), asked.out, config, asked.resume, stopper, classifier=asked.classifier
    )
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        import torch

        torch.distributed.destroy_process_group()
        if int(os.environ["RANK"]):
            return 0
    _give(asked, outcome.metrics, f"{outcome.state}: {outcome.run}")
    return 0 if outcome.state == "done" else 1


def _final(asked: argparse.Namespace) -> int:
    from ml.final import final
    from ml.snapshot import Snapshot

    found = final(Snapshot.load(asked.snapshot), asked.run_folder)
    _give(asked, found, f"done: {asked.run_folder}")
    return 0


def _throughput(asked: argparse.Namespace) -> int:
    config = make(asked.preset, asked.changes)
    _say_threads(asked.threads)
    from ml.snapshot import Snapshot
    from ml.throughput import throughput

    found = throughput(Snapshot.load(asked.snapshot), config, asked.steps)
    _give(asked, found, "\n".join(f"{name}: {value}" for name, value in found.items()))
    return 0


def _crossval(asked: argparse.Namespace) -> int:
    configs = [config for word in asked.presets for config in _configs(word, asked.changes)]
    folds = None if asked.folds is None else [_number(word) for word in asked.folds.split(",")]
    _hold_to_minutes(asked.minutes)
    _say_threads(asked.threads)
    from ml.crossval import crossval, take_in
    from ml.snapshot import Snapshot
    from ml.stopping import Stopper

    stopper = Stopper.after(asked.minutes)
    stopper.listen()
    snapshot = Snapshot.load(asked.snapshot)
    if asked.merge:
        take_in(snapshot, asked.out, configs, asked.merge)
    result = crossval(snapshot, asked.out, configs, folds, stopper)
    left = f"left to do: {', '.join(result.left)}; call again to go on" if result.left else "done"
    _give(asked, result.summary, f"{left}: {asked.out}")
    return 1 if result.left else 0


def _configs(word: str, changes: Sequence[str]) -> list[Config]:
    preset, _, network = word.partition(":")
    if network == "all":
        return [make(preset, changes, network=name) for name in networks_of(make(preset).task)]
    return [make(preset, changes, **({"network": network} if network else {}))]


def _number(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ConfigError(f"--folds takes numbers with commas between, such as 0,1; not {word!r}.") from None


def _hold_to_minutes(minutes: float | None) -> None:
    if minutes is not None and (math.isnan(minutes) or minutes < 0):
        raise ConfigError(f"--minutes {minutes} does not do: it is a number of minutes, 0 or more.")


def _say_threads(threads: int | None) -> None:
    if threads is None:
        return
    if not 1 <= threads <= 1024:
        raise ConfigError(f"--threads {threads!s:.40} does not do: it is a whole number from 1 to 1024.")
    import torch

    torch.set_num_threads(threads)


def _give(asked: argparse.Namespace, value: Any, words: str) -> None:
    if asked.json:
        print(json.dumps(value, allow_nan=False))
    else:
        print(words)


if __name__ == "__main__":
    sys.exit(main())
