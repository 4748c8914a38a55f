"""Queues put together: by whom what is read in which order, for the queue page and the command line alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import resources
from workstation.core.dealing import deal, drawn
from workstation.core.people import RULE, Person, Role, is_name
from workstation.core.repeats import GAP, SHARE, Item, shuffled, with_repeats
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.names import meant

if TYPE_CHECKING:
    from workstation.store.library import Library
    from workstation.store.queues import Asked, Queue

ORDERS = ("by import", "by patient", "random")
_BLOCK = 256


@dataclass(frozen=True)
class Plan:
    """How a queue is to be put together. order: one of ORDERS. share: of the cases that come back, where blinded."""

    order: str = ORDERS[0]
    blinded: bool = True
    share: float = SHARE
    gap: int = GAP
    seed: int = 0


@dataclass(frozen=True)
class Team:
    """Who gets a queue.

    dealt: the annotators share the scans, a patient's with one of them, instead of each reading all.
    second: people who read `second_share` of the scans again, blinded to the others whatever their role.
    """

    annotators: tuple[Person, ...]
    dealt: bool = False
    second: tuple[Person, ...] = ()
    second_share: float = 0.0


@dataclass(frozen=True)
class Progress:
    """A queue and how far its reader is. repeats: the cases that come back. Hours and pace are nan where not known.

    excluded: cases the clinic took out since, which are not in `total`.
    """

    queue: Queue
    role: Role | None
    repeats: int
    done: int
    total: int
    lesions: int
    seconds: float
    lesions_per_hour: float
    hours_left: float
    excluded: int


def people(library: Library, named: Sequence[str]) -> tuple[Person, ...]:
    """ "anna" or "anna=physician" each; without a role the one the library knows, else annotator. CallError."""
    found = []
    for text in named:
        name, given, role = text.rpartition("=")
        if not given:
            whole = meant(library, text)
            known = library.role(whole)
            found.append(Person(whole, Role.ANNOTATOR if known is None else known))
        elif role in tuple(Role):
            found.append(Person(meant(library, name), Role(role)))
        else:
            raise CallError(f"There is no role {role[:40]!r}; there is {', '.join(Role)}.")
    return tuple(found)


def choose(
    library: Library, scans: Sequence[str] | None = None, tumour: str | None = None, status: str | None = None
) -> list[str]:
    """The scans named, or all, of a tumour type and a status. CallError for what there is none of."""
    from workstation.core.lesion import Progress as Status
    from workstation.store.values import ScanQuery

    tumours = ("none", *resources.table("vocab/tumours"))
    if tumour is not None and tumour not in tumours:
        raise CallError(f"There is no tumour type {tumour[:40]!r}; there is {', '.join(tumours)}.")
    if status is not None and status not in tuple(Status):
        raise CallError(f"There is no status {status[:40]!r}; there is {', '.join(Status)}.")
    there = library.ids(ScanQuery(tumour=tumour, status=None if status is None else Status(status)))
    if scans is None:
        return there
    known = set(library.ids())
    strange = [scan for scan in scans if scan not in known]
    if strange:
        raise CallError(f"There is no scan {strange[0]} in this library. See them with: osteoscope list.")
    wanted = set(scans)
    return [scan for scan in there if scan in wanted]


def make(library: Library, reader: str, scans: Sequence[str], plan: Plan, who: str) -> Queue:
    """Make a queue of these scans, without those that are excluded; LibraryError where it cannot be."""
    return library.make_queues([_asked(library, reader, scans, plan)], who)[0]


def _asked(library: Library, reader: str, scans: Sequence[str], plan: Plan, role: Role | None = None) -> Asked:
    from workstation.store.queues import Asked

    excluded = library.exclusions()
    chosen = ordered(library, [scan for scan in scans if scan not in excluded], plan)
    items = with_repeats(chosen, plan.share, plan.gap, plan.seed) if plan.blinded else [Item(scan) for scan in chosen]
    share = plan.share if plan.blinded else 0.0
    settings = {"order": plan.order, "share": share, "gap": plan.gap, "seed": plan.seed}
    return Asked(reader, items, plan.blinded, settings, role)


def ordered(library: Library, scans: Sequence[str], plan: Plan) -> list[str]:
    """The scans in the plan's order."""
    from workstation.store.values import ScanQuery

    if plan.order == "random":
        return shuffled(scans, plan.seed)
    wanted = set(scans)
    sort = "patient" if plan.order == "by patient" else "imported"
    return [scan for scan in library.ids(ScanQuery(sort=sort)) if scan in wanted]


def make_all(
    library: Library, team: Team, scans: Sequence[str], plan: Plan, who: str, blinded: bool | None = None
) -> list[Queue]:
    """A queue for everybody of a team, with their roles, or for nobody.

    blinded: of the annotators' queues; None: as their roles have it.
    """
    everybody = (*team.annotators, *team.second)
    _refuse(library, everybody, team)
    excluded = library.exclusions()
    left = [scan for scan in scans if scan not in excluded]
    if len(left) < (len(team.annotators) if team.dealt else 1):
        raise WorkflowError(
            f"There are {len(left)} scans to read for {_people(len(everybody))}: import scans, or choose others."
        )
    hands = [left] * len(team.annotators)
    if team.dealt:
        hands = deal(left, _patients(library, left), len(team.annotators), plan.seed)
    again = drawn(left, team.second_share, plan.seed)
    if team.second and not again:
        raise CallError("A second reader needs a share of the scans above 0: --second-share PERCENT.")
    asked = []
    for person, hand in (*zip(team.annotators, hands, strict=True), *((person, again) for person in team.second)):
        hidden = person in team.second or (person.role.reads_blinded if blinded is None else blinded)
        theirs = Plan(plan.order, hidden, plan.share, plan.gap, plan.seed)
        asked.append(_asked(library, person.name, hand, theirs, person.role))
    return library.make_queues(asked, who)


def progress(library: Library, ended: bool = False, whose: str | None = None) -> list[Progress]:
    """How far the readers of all queues are, or one's, the first made first. ended: those that were ended as well."""
    found = []
    for queue in reversed(library.queues(whose)):
        if queue.ended and not ended:
            continue
        pace = library.pace(queue)
        repeats = sum(item.key.round > 1 for item in library.queue_items(queue.id))
        found.append(
            Progress(
                queue, library.role(queue.reader), repeats, pace.done, pace.total, pace.lesions, pace.seconds,
                pace.lesions_per_hour, pace.hours_left, pace.excluded,
            )
        )  # fmt: skip
    return found


def made_on(queue: Queue) -> str:
    """The ISO day a queue was made, by this computer's clock; the history has the time in UTC."""
    return datetime.fromisoformat(queue.at).astimezone().date().isoformat()


def as_json(one: Progress) -> dict[str, Any]:
    """One queue as a flat value."""
    queue = one.queue
    return {
        "queue": queue.id, "reader": queue.reader, "role": None if one.role is None else str(one.role),
        "blinded": queue.blinded, "ended": queue.ended, "made": queue.at, "made_by": queue.who, **queue.settings,
        "repeats": one.repeats, "done": one.done, "total": one.total, "excluded": one.excluded, "lesions": one.lesions,
        "hours": one.seconds / 3600.0, "lesions_per_hour": one.lesions_per_hour, "hours_left": one.hours_left,
    }  # fmt: skip


def _people(number: int) -> str:
    return f"{number} people" if number != 1 else "one person"


def _refuse(library: Library, everybody: Sequence[Person], team: Team) -> None:
    from workstation.store.values import ADJUDICATED, TRUTH

    if not team.annotators:
        raise CallError("Who is to read? Name at least one person with --annotator.")
    names = [person.name for person in everybody]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise CallError(f"{twice} is named twice: one person has one queue at a time.")
    for name in names:
        if name in (ADJUDICATED, TRUTH):
            raise CallError(f"{name} is no person: name who reads.")
        if not is_name(name):
            raise CallError(f"A reader {RULE}.")
        if library.open_queue(name) is not None:
            raise WorkflowError(f"{name} has a queue that is not ended. Finish or end it, then make another.")


def _patients(library: Library, scans: Sequence[str]) -> dict[str, str]:
    rows = (row for at in range(0, len(scans), _BLOCK) for row in library.rows(scans[at : at + _BLOCK]))
    return {row.scan: row.patient for row in rows}
