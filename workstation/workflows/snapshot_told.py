"""What a snapshot holds and what was left out, as JSON and as lines to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workstation.workflows.snapshot import SnapshotResult


def as_json(result: SnapshotResult) -> dict[str, Any]:
    return {
        "scans": result.scans,
        "lesions": result.lesions,
        "folds": [list(fold) for fold in result.folds],
        "sealed": list(result.sealed),
        "train_only": list(result.train_only),
        "hash": result.hash,
        "out": str(result.out),
        "made": dict(result.made),
    }


def as_text(result: SnapshotResult) -> list[str]:
    """A line for each thing a person has to know before learning from it."""
    made = result.made
    flow, lesions, status, sealed = made["flow"], made["lesions"], made["status"], made["sealed"]
    lines = [f"Collected: {_scans(flow['collected'])}"]
    lines += [f"Left out, {why}: {_scans(count)}" for why, count in flow["excluded"].items()]
    lines.append(f"Included: {_scans(flow['included'])}")
    if made["simulated"]:
        lines.append(f"Of these simulated: {_simulated(made)}")
    lines.append(f"Lesions: {result.lesions:,} ({_list(lesions['labels'])})")
    lines.append(f"Drawn: {_list(lesions['origins']) or 'none'}")
    if lesions["left out"]:
        lines.append(f"Lesions left out: {_list(lesions['left out'])}")
    lines.append(f"Marked as not bone: {_list(lesions['not bone']) or 'nothing'}")
    if made["bladders"].get("simulated"):
        lines.append(f"Bladder known from the simulator: {_number(made['bladders']['simulated'], 'scan')}")
    by = {"Reference": status["reference"], "grade": status["grade"], "lesions alone": status["lesions"]}
    lines.append(f"Status of patients by: {_list({name: number for name, number in by.items() if number})}")
    for words, who in (
        ("Reference and grade disagree", status["conflicts"]),
        ("status and lesions disagree", status["unlike their lesions"]),
    ):
        if who:
            lines.append(f"{words.capitalize()} in {_number(len(who), 'patient')}: {_names(who)}")
    if made["readings"]["readers still to be adjudicated"]:
        number = made["readings"]["readers still to be adjudicated"]
        lines.append(f"Readers still to be adjudicated: {_number(number, 'scan')}")
    changed = {what: number for what, number in made["pictures"].items() if what != "as they were"}
    if changed:
        lines.append(f"Pictures brought to 1024 x 256: {_list(changed)}")
    lines.append(f"Folds: {', '.join(str(len(fold)) for fold in result.folds)} patients")
    lines.append(_ai(made["ai"], len(result.train_only)))
    if result.sealed:
        opened = "never opened" if not sealed["openings"] else f"opened {_number(sealed['openings'], 'time')}"
        lines.append(f"Sealed, in this library for ever: {_number(len(result.sealed), 'patient')}, {opened}")
    lines.append(f"Snapshot {result.hash[:16]} in {result.out}")
    return lines


def _ai(ai: Mapping[str, Any], train_only: int) -> str:
    if not ai["patients"]:
        return "An AI had a part in no labels"
    told = f"An AI had a part in {_number(ai['readings'], 'reading')} of {_number(ai['patients'], 'patient')}"
    if ai["tested"]:
        return f"{told}: they are tested on as well, as asked"
    return f"{told}: {_number(train_only, 'patient')} in no test fold, for learning only"


def _simulated(made: Mapping[str, Any]) -> str:
    """How many scans, and by which simulators."""
    said = [
        ", ".join(
            filter(
                None,
                (
                    f"simulator {one['version']}" if one["version"] else "by a simulator not told",
                    f"cohort {one['cohort']}" if one["cohort"] else "",
                    "" if one["seed"] is None else f"seed {one['seed']}",
                ),
            )
        )
        + (f": {one['scans']:,}" if len(made["simulators"]) > 1 else "")
        for one in made["simulators"]
    ]
    return f"{_number(made['simulated'], 'scan')} ({'; '.join(said)})"


def _scans(count: Mapping[str, int]) -> str:
    return f"{_number(count['scans'], 'scan')} of {_number(count['patients'], 'patient')}"


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in counts.items())


def _names(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
