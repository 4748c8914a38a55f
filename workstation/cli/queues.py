"""`queue`: who is to read which scans, and how far they are."""

from __future__ import annotations

import argparse
import math

from workstation.cli.asked import Commands, add_library, needed_library
from workstation.cli.codes import DONE
from workstation.cli.said import print_json, print_table

TYPE_CHECKING = False  # of typing, which is not loaded for help
if TYPE_CHECKING:
    from workstation.workflows.queueing import Progress

_ORDERS = {"import": "by import", "patient": "by patient", "random": "random"}


def add(commands: Commands) -> None:
    parser = commands.add("queue", run, "make queues of scans to read, and see how far they are", json=False)
    add_library(parser)
    under = Commands(parser)

    new = under.add("new", run_new, "make a queue for each person named")
    add_library(new)
    new.add_argument(
        "--annotator", action="append", default=[], metavar="NAME[=ROLE]", help="who reads; may be given several times"
    )
    new.add_argument("--deal", action="store_true", help="the annotators share the scans instead of each reading all")
    new.add_argument(
        "--second", action="append", default=[], metavar="NAME[=ROLE]", help="who reads a share again, always blinded"
    )
    new.add_argument("--second-share", type=_share, default=0.2, metavar="PERCENT", help="that share; 20 if not given")
    new.add_argument("--order", choices=tuple(_ORDERS), default="random", help="random if not given")
    new.add_argument(
        "--repeats", type=_share, default=0.05, metavar="PERCENT",
        help="of the cases of a blinded queue that come back later; 5 if not given",
    )  # fmt: skip
    new.add_argument("--gap", type=int, default=20, metavar="N", help="cases between a case and its return; 20")
    new.add_argument("--seed", type=int, default=0, metavar="S", help="of the order, the deal, the share, the repeats")
    how = new.add_mutually_exclusive_group()
    how.add_argument("--blinded", action="store_const", const=True, help="annotators see nobody else's readings")
    how.add_argument("--open", action="store_const", const=False, dest="blinded", help="annotators see them")
    new.add_argument("--scan", action="append", metavar="ID", help="only these scans; may be given several times")
    new.add_argument("--tumour", metavar="TYPE", help="only scans of this tumour type")
    new.add_argument("--status", metavar="STATUS", help="only scans of this status, such as new")
    new.add_argument("--reader", metavar="NAME", help="who makes them, for the history")

    status = under.add("status", run_status, "tell how far the readers are, how fast, and how long still")
    add_library(status)
    status.add_argument("--ended", action="store_true", help="also queues that were ended")


def run(arguments: argparse.Namespace) -> int:
    from workstation.workflows.errors import CallError

    raise CallError(
        "What about queues? osteoscope queue new makes them, osteoscope queue status tells how far they are."
    )


def run_new(arguments: argparse.Namespace) -> int:
    from workstation.workflows import queueing
    from workstation.workflows.errors import CallError
    from workstation.workflows.home import default_reader
    from workstation.workflows.names import meant
    from workstation.workflows.opening import writing

    if arguments.gap < 1:
        raise CallError("A case comes back at least one case later: --gap 1 or more.")
    if arguments.seed < 0:
        raise CallError("A seed is 0 or more.")
    with writing(needed_library(arguments)) as library:
        team = queueing.Team(
            queueing.people(library, arguments.annotator),
            arguments.deal,
            queueing.people(library, arguments.second),
            arguments.second_share,
        )
        plan = queueing.Plan(_ORDERS[arguments.order], share=arguments.repeats, gap=arguments.gap, seed=arguments.seed)
        scans = queueing.choose(library, arguments.scan, arguments.tumour, arguments.status)
        who = meant(library, arguments.reader or default_reader())
        made = {queue.id for queue in queueing.make_all(library, team, scans, plan, who, arguments.blinded)}
        found = [one for one in queueing.progress(library) if one.queue.id in made]
    if arguments.json:
        print_json({"queues": [queueing.as_json(one) for one in found]})
    else:
        names = ("reader", "role", "cases", "come back", "blinded", "order", "seed")
        print_table(
            names,
            [
                (one.queue.reader, one.role, one.total, one.repeats, "yes" if one.queue.blinded else "no",
                 one.queue.settings["order"], one.queue.settings["seed"])
                for one in found
            ],
        )  # fmt: skip
    return DONE


def run_status(arguments: argparse.Namespace) -> int:
    from workstation.workflows import queueing
    from workstation.workflows.opening import blind_to_others, seen

    with seen(needed_library(arguments)) as library:
        found = queueing.progress(library, arguments.ended, blind_to_others(library))
    if arguments.json:
        print_json({"queues": [queueing.as_json(one) for one in found]})
    elif not found:
        print("There is no queue that is not ended. Make one with: osteoscope queue new")
    else:
        counted = ("done", "of", "excluded", "lesions", "lesions an hour", "hours left")
        names = ("reader", "role", *counted, "blinded", "made")
        print_table(names, [_line(one) for one in found])
    return DONE


def _line(one: Progress) -> tuple[object, ...]:
    from workstation.workflows.queueing import made_on

    queue = one.queue
    return (
        queue.reader, one.role, one.done, one.total, one.excluded, one.lesions, _number(one.lesions_per_hour, 0),
        _number(one.hours_left, 1), "yes" if queue.blinded else "no", f"{made_on(queue)} by {queue.who}",
    )  # fmt: skip


def _number(value: float, digits: int) -> str:
    return "not known" if math.isnan(value) else f"{value:,.{digits}f}"


def _share(text: str) -> float:
    """A percentage as a share of one."""
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 100")
    return percent / 100
