"""`train` and `crossval`: networks learn, in a process of their own."""

from __future__ import annotations

import argparse
import sys

from workstation.cli.asked import Commands, path
from workstation.cli.codes import DONE, FINDINGS
from workstation.cli.said import plain, print_json

TYPE_CHECKING = False  # of typing, which is not loaded for help
if TYPE_CHECKING:
    from workstation.workflows.learning import Asked, Learning, Outcome


def add(commands: Commands) -> None:
    train = commands.add("train", run_train, "train one network on a snapshot")
    train.add_argument("preset", metavar="PRESET", help="such as small-a or paper-a; ml/presets.toml has them all")
    _add_shared(train)
    train.add_argument("--resume", action="store_true", help="go on from where the run was stopped")
    train.add_argument("--classifier", type=path, metavar="RUN", help="for a segmentation: whose sub-images to segment")

    every = commands.add("crossval", run_crossval, "train every fold of one or more networks; call again to go on")
    every.add_argument("presets", nargs="+", metavar="PRESET[:NETWORK]", help="small-a, small-a:roi-only, small-a:all")
    _add_shared(every)
    every.add_argument("--folds", metavar="0,1,...", help="which to train here; all if not given")
    every.add_argument(
        "--merge", type=path, action="append", default=[], metavar="RUN", help="take in folds made elsewhere"
    )


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--snapshot", type=path, required=True, metavar="DIR")
    parser.add_argument("--out", type=path, required=True, metavar="RUN", help="the folder of the run, new or its own")
    parser.add_argument("--set", action="append", default=[], metavar="key=value", dest="changes", help="of the preset")
    parser.add_argument("--minutes", type=float, metavar="M", help="stop, to be taken up again, after so long")
    parser.add_argument("--threads", type=int, metavar="N", help="on the CPU; all cores if not given")
    parser.add_argument("--detach", action="store_true", help="return once it has begun; it goes on by itself")


def run_train(arguments: argparse.Namespace) -> int:
    from workstation.workflows.learning import Asked

    return _carry_out(arguments, Asked(
        "train", (arguments.preset,), arguments.snapshot, arguments.out, tuple(arguments.changes), arguments.resume,
        arguments.minutes, arguments.threads, classifier=arguments.classifier,
    ))  # fmt: skip


def run_crossval(arguments: argparse.Namespace) -> int:
    from workstation.workflows.learning import Asked

    return _carry_out(arguments, Asked(
        "crossval", tuple(arguments.presets), arguments.snapshot, arguments.out, tuple(arguments.changes), False,
        arguments.minutes, arguments.threads, arguments.folds, tuple(arguments.merge),
    ))  # fmt: skip


def _carry_out(arguments: argparse.Namespace, asked: Asked) -> int:
    from workstation.cli.following import follow
    from workstation.workflows import learning
    from workstation.workflows.progress import finish

    begun = learning.Learning(asked)
    if arguments.detach:
        return _detached(arguments, begun)
    job = learning.run(begun, _hear)
    try:
        outcome = follow(job) if sys.stderr.isatty() else finish(job)  # what it says is enough for a file
    except KeyboardInterrupt:
        job.close()  # where it came between two looks, the training is asked to stop by this
        outcome = begun.outcome()
        _hear(f"Stopped. To go on: {_again(asked)}")
        return _tell(arguments, outcome, FINDINGS)
    if outcome.code == FINDINGS:
        _hear(f"Not done yet. To go on: {_again(asked)}")
    return _tell(arguments, outcome, outcome.code)


def _detached(arguments: argparse.Namespace, begun: Learning) -> int:
    """Wait until it has accepted what was asked, so that what it refuses is told here."""
    import time

    while begun.running() and not begun.begun():
        for line in begun.lines():
            _hear(line)
        time.sleep(0.1)
    for line in begun.lines():
        _hear(line)
    if not begun.running():
        outcome = begun.outcome()
        return _tell(arguments, outcome, outcome.code)
    if arguments.json:
        print_json({"run": str(arguments.out), "pid": begun.process.pid})
    else:
        print(plain(f"{arguments.out} goes on by itself, as process {begun.process.pid}."))
        print(plain(f"It stops, to be resumed, when that is asked to end: kill {begun.process.pid}"))
    begun.let_go()
    return DONE


def _tell(arguments: argparse.Namespace, outcome: Outcome, code: int) -> int:
    """The one value on stdout; a training that failed has said why on stderr, and has none."""
    if outcome.message and code > FINDINGS and outcome.told is None and "signal" in outcome.message:
        _hear(outcome.message)
    if arguments.json:
        print_json(outcome.told)
    elif code == DONE:
        print(plain(f"Done: {arguments.out}. Tables: osteoscope evaluate {arguments.out}"))
    return code


def _again(asked: Asked) -> str:
    import dataclasses
    import shlex

    again = asked if asked.kind == "crossval" else dataclasses.replace(asked, resume=True)
    return shlex.join(["osteoscope", *again.arguments()])


def _hear(line: str) -> None:
    """A line of the training, above the line that shows how far it is."""
    clear = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{clear}{plain(line)}", file=sys.stderr, flush=True)
