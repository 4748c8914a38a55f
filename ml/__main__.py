"""`python -m ml COMMAND ...`: training as a program of its own. torch is loaded by the command that needs it.

Exit codes: 0 done; 1 stopped before the end, resume it; 2 the call was wrong; 3 failed. With --json exactly one JSON
value on stdout; everything else goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ml.config import ConfigError, make, presets


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = asked.run
    try:
        return run(asked)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except (ValueError, RuntimeError) as error:
        if not _ours_to_tell(error):
            raise
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 1


def _ours_to_tell(error: Exception) -> bool:
    """Whether an error is the world's: one of our own kinds, whose message is for the user."""
    return type(error).__module__.startswith("ml.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train one network on a snapshot")
    train.add_argument("preset", help=", ".join(presets()))
    train.add_argument("--snapshot", type=Path, required=True, metavar="DIR")
    train.add_argument("--out", type=Path, required=True, metavar="RUN")
    train.add_argument("--set", action="append", default=[], metavar="key=value", dest="changes")
    train.add_argument("--resume", action="store_true", help="go on from where the run was stopped")
    train.add_argument("--minutes", type=float, metavar="M", help="stop, to be resumed, after so long")
    train.add_argument("--threads", type=int, metavar="N", help="threads on the CPU; all cores by default")
    train.add_argument("--json", action="store_true")
    train.set_defaults(run=_train)
    return parser


def _train(asked: argparse.Namespace) -> int:
    config = make(asked.preset, asked.changes)  # before torch is loaded: a wrong call is told at once
    _say_threads(asked.threads)
    from ml.snapshot import Snapshot
    from ml.stopping import Stopper
    from ml.train import train

    stopper = Stopper.after(asked.minutes)
    stopper.listen()
    outcome = train(Snapshot.load(asked.snapshot), asked.out, config, asked.resume, stopper)
    _give(asked, outcome.metrics, f"{outcome.state}: {outcome.run}")
    return 0 if outcome.state == "done" else 1


def _say_threads(threads: int | None) -> None:
    if threads is not None:
        import torch

        torch.set_num_threads(max(threads, 1))


def _give(asked: argparse.Namespace, value: Any, words: str) -> None:
    if asked.json:
        print(json.dumps(value, allow_nan=False))
    else:
        print(words)


if __name__ == "__main__":
    sys.exit(main())
