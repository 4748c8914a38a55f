"""Models and their comparison in words and columns, for the command line and the window alike. Plain text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from workstation.stats.printing import p_value, rounded
from workstation.workflows.model_files import Entry
from workstation.workflows.model_history import Comparison, Figure
from workstation.workflows.model_use import Considered

LISTED = ("model", "task", "network", "trained on", "figures", "in use", "from", "hash")
COMPARED = (
    "", "new", "current", "difference", "95 % as independent", "P", "95 % over patients", "P", "cases (patients)",
)  # fmt: skip
INDEPENDENT = ("DeLong", "Tango", "exact McNemar")
NOTE = (
    "As if cases were independent: DeLong's interval and test of the AUC, Tango's interval and McNemar's exact test of "
    "shares. Over patients, whose cases are alike: Obuchowski's of the AUC, Wald's of shares, the bootstrap's of Dice."
)


def listing(entries: Sequence[Entry], used: Mapping[str, Entry]) -> list[list[str]]:
    """A row for each model, under LISTED. used: by task, of `model_use.used`."""
    hashes = {each.hash for each in used.values()}
    return [
        [each.name, "", "", "", each.problem, "", "shipped" if each.shipped else "", ""]
        if each.problem
        else [
            each.name, each.task, each.network, f"{each.trained_on} scans", headline(each),
            "yes" if each.hash in hashes else "", "shipped" if each.shipped else "", each.hash[:12],
        ]
        for each in entries
    ]  # fmt: skip


def headline(entry: Entry) -> str:
    """How good a model was, in one figure, and on whom."""
    areas = [value for name, value in entry.figures.items() if name.startswith("auc_")]
    if "dice" in entry.figures:
        told = f"Dice {rounded(entry.figures['dice'], 3)}"
    elif areas:
        told = f"{'mean ' if len(areas) > 1 else ''}AUC {rounded(math.fsum(areas) / len(areas), 3)}"
    else:
        return ""
    return f"{told}, {entry.on}"


def heading(considered: Considered) -> list[str]:
    """What was compared with what, on whom, and how often those were opened; or why nothing was."""
    new, current, made = considered.new, considered.current, considered.comparison
    if considered.already:
        return [f"{new.name} is in use for {new.task} already."]
    if current is None:
        gone = f" {considered.missing}, which was, is gone or was changed." if considered.missing else ""
        return [
            f"No model is in use for {new.task}.{gone} There is nothing to compare {new.name} with.",
            f"Its own figures: {headline(new) or 'none'}; trained on {new.trained_on} scans.",
        ]
    if made is None:
        return []
    who = "simulated " if made.simulated else ""
    times = "once" if made.openings == 1 else f"{made.openings} times"
    when = f" on {made.at[:10]}; nobody was opened for it now" if considered.recorded else ""
    return [
        f"{new.name} (new, trained on {new.trained_on} scans) and {current.name} (in use for {made.task}, trained on "
        f"{current.trained_on} scans), compared{when}.",
        f"On the same cases of {made.sealed} sealed {who}patients of snapshot {made.snapshot[:12]}, by then opened "
        f"{times}; each at its own threshold.",
    ]


def compared(made: Comparison) -> list[list[str]]:
    """A row for each figure, under COMPARED."""
    return [_row(each) for each in made.figures]


def _row(each: Figure) -> list[str]:
    plain, over = (_interval(each.intervals, kind) for kind in (True, False))
    p, p_over = (next((p_value(p) for name, p in each.tests.items() if (name in INDEPENDENT) == kind), "")
                 for kind in (True, False))  # fmt: skip
    cases = f"{each.cases} ({each.patients})"
    return [
        each.what, rounded(each.new, 3), rounded(each.current, 3), _signed(each.difference), plain, p, over, p_over,
        cases,
    ]  # fmt: skip


def _interval(intervals: Mapping[str, tuple[float, float]], independent: bool) -> str:
    """The first of its kind; what other methods give is in the record."""
    found = (between for name, between in intervals.items() if (name in INDEPENDENT) == independent)
    return next((f"{_signed(low)} to {_signed(high)}" for low, high in found), "")


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{rounded(value, 3)}"
