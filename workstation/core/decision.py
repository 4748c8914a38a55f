"""What the further person decides, as edits of the adjudicated reading: one step of undo each.

What has been decided is read off the reading's own history: a step names the disagreement it settles (`Edit.decides`).
So decisions are as durable as any edit, undo opens the question again, and after a kill the first one open is shown.

The first decision brings along all that the readers agree on: looking changes nothing, and undoing everything leaves
nothing. The one that leaves nothing open marks the scan reviewed.

A decision is about what the readers had then. Where one of them changes a lesion concerned, takes it away or draws one
there, the question is open again (`reopened`), also where they agree by now; older rows that do not tell what was seen
hold as they are. What all of them have taken away since is asked about, too: it is kept or taken away.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from workstation.core.disagreement import Comparison, Difference, Disagreement, medoid
from workstation.core.edits import Edit, LesionChange, Session, relabelled
from workstation.core.lesion import Label, Lesion, Origin, Progress
from workstation.core.matching import REACH_MM, TYPICAL_SPACING, Group, Spacing, distance_mm
from workstation.core.overlap import dice
from workstation.core.reshape import merged

AGREED = "agreed"  # what a step decides that takes over the readings of readers who agree on everything


def settled(session: Session) -> frozenset[str]:
    """The keys of what has been decided and not been undone."""
    return frozenset(edit.decides for edit in session.done if edit.decides)


def holds(about: Disagreement, session: Session) -> bool:
    """Whether it has been decided, about what the readers have there now."""
    last = _last(about, session)
    return last is not None and _is_of(last, about)


def reopened(about: Disagreement, session: Session) -> bool:
    """Whether it, or what has become of it, was decided, and a reader has changed a lesion concerned since."""
    last = _last(about, session)
    return last is not None and not _is_of(last, about)


def still_open(comparison: Comparison, session: Session) -> tuple[Disagreement, ...]:
    """What is left to decide; nothing of a scan that is excluded."""
    keys = _open(comparison, session)
    if session.reading.verdict.progress is Progress.EXCLUDED and str(Difference.EXCLUDED) not in keys:
        return ()
    return tuple(one for one in comparison.disagreements if one.key in keys)


def reconsidered(comparison: Comparison, session: Session) -> Comparison:
    """With the questions once decided on which readers agree by now, but have changed something since.

    Such are also those of lesions that were decided to be there and that nobody marks any more.
    """
    again = [one for one in comparison.agreed if reopened(one.question, session)]
    more = [*(one.question for one in again), *_abandoned(comparison, session)]
    asked = sorted([*comparison.disagreements, *more], key=lambda one: one.place)
    return replace(
        comparison, disagreements=tuple(asked), agreed=tuple(one for one in comparison.agreed if one not in again)
    )


def _abandoned(comparison: Comparison, session: Session) -> list[Disagreement]:
    """Lesions put by decisions that no question is about any more, and that touch none that a reader marks."""
    asked = set()
    for about in (*comparison.disagreements, *(one.question for one in comparison.agreed)):
        if about.group is not None:
            there = [(n, lesion) for n, lesion in enumerate(about.group.lesions) if lesion is not None]
            named = {comparison.named(n, lesion).id for n, lesion in there}
            # What a decision brought along lies elsewhere, and is not what it was about.
            stands = standing(comparison, session, about)
            asked |= {one.id for one in stands if one.id in named or _near(one, about.group, None)}
    put = {change.id for edit in session.done if edit.decides for change in edit.lesions}
    marked = [lesion for n in comparison.asked for lesion in comparison.readings[n].lesions.values()]
    return [
        Disagreement(json.dumps([["", lesion.id]]), (Difference.ABANDONED,), abandoned=lesion)
        for lesion in session.reading.lesions.values()
        if lesion.id in put - asked and not any(dice(lesion, other) > 0 for other in marked)
    ]


def _open(comparison: Comparison, session: Session) -> frozenset[str]:
    return frozenset(one.key for one in comparison.disagreements if not holds(one, session))


def _last(about: Disagreement, session: Session) -> Edit | None:
    """The last decision on any of the lesions in question, or on the verdict in question."""
    mine = _parts(about.key)
    return next((edit for edit in reversed(session.done) if edit.decides and mine & _parts(edit.decides)), None)


def _is_of(edit: Edit, about: Disagreement) -> bool:
    return edit.decides == about.key and edit.seen in ("", about.seen)


@lru_cache(maxsize=4096)
def _parts(key: str) -> frozenset[object]:
    """The (reader, lesion) of a key, or the key itself where it is of the verdict."""
    if not key.startswith("["):
        return frozenset((key,))
    return frozenset(tuple(one) for one in json.loads(key))


def take(what: str, comparison: Comparison, session: Session, about: Disagreement, readers: Sequence[int]) -> Edit:
    """Take what these readers have: one reader's, all, or, with none, nothing. Of what nobody marks any more: keep it
    or, with none, take it away.

    Several readers' outlines of one lesion become one outline, their union, with what the first of them said of it and
    no label where theirs differ; outlines that nowhere touch stay lesions of their own.
    """
    if about.abandoned is not None:
        kept = standing(comparison, session, about) or (about.abandoned,)
        return _settle(what, comparison, session, about, kept if readers else ())
    if about.group is None:
        return _take_verdict(what, comparison, session, about, readers)
    chosen = [comparison.named(n, lesion) for n in readers if (lesion := about.group.lesions[n]) is not None]
    return _settle(what, comparison, session, about, _joined(chosen))


def call(what: str, comparison: Comparison, session: Session, about: Disagreement, label: Label) -> Edit:
    """Give the lesion in question a label, with the outline that agrees best with the others'."""
    assert about.group is not None
    reader, lesion = medoid(about.group)
    said = replace(lesion, label_origin=Origin.HAND) if lesion.label is label else relabelled(lesion, label)
    return _settle(what, comparison, session, about, [comparison.named(reader, said)])


def own(
    edit: Edit, comparison: Comparison, session: Session, about: Disagreement, spacing_mm: Spacing | None = None
) -> Edit:
    """An edit made with the usual tools, as the decision of what is in question where it is one.

    It is one where it only adds lesions, one of them where the disagreement lies, where it gives the grade or says
    whether the disease is diffuse while that is in question, or where it changes or deletes what nobody marks any more;
    all other edits come back as they are.
    """
    if holds(about, session):
        return edit
    decided = replace(edit, decides=about.key, seen=about.seen)
    if about.abandoned is not None:
        changed = about.abandoned.id in (change.id for change in edit.lesions)
        return _complete(decided, comparison, session) if changed else edit
    if about.group is None:
        return _complete(decided, comparison, session) if _says(edit, about) else edit
    added = [c.after for c in edit.lesions if c.before is None and c.after is not None]
    if len(added) < len(edit.lesions) or not any(_near(lesion, about.group, spacing_mm) for lesion in added):
        return edit
    return _complete(decided, comparison, session)


def take_over(what: str, comparison: Comparison, session: Session) -> Edit | None:
    """Take over what readers agree on who agree on everything; None once that is done, or where they do not."""
    if comparison.disagreements or AGREED in settled(session):
        return None
    return _complete(Edit(what, decides=AGREED), comparison, session)


def look_again(what: str, comparison: Comparison, session: Session) -> Edit | None:
    """That readers have changed something since, and nothing that is in question; None while anything is open."""
    return None if still_open(comparison, session) else Edit(what, decides=AGREED)


def standing(comparison: Comparison, session: Session, about: Disagreement) -> tuple[Lesion, ...]:
    """The lesions of the adjudicated reading that stand there for this disagreement."""
    if about.abandoned is not None:
        return tuple(lesion for lesion in session.reading.lesions.values() if lesion.id == about.abandoned.id)
    if about.group is None:
        return ()
    of_readers = [
        (comparison.named(n, lesion).id, about.group.lesions[n] is lesion)
        for n, reading in enumerate(comparison.readings)
        for lesion in reading.lesions.values()
    ]
    mine, others = {name for name, here in of_readers if here}, {name for name, here in of_readers if not here}
    parts = _parts(about.key)
    decided = (
        change.id for edit in session.done if edit.decides and parts & _parts(edit.decides) for change in edit.lesions
    )
    ids = mine | (set(decided) - others)
    return tuple(lesion for lesion in session.reading.lesions.values() if lesion.id in ids)


def _settle(what: str, comparison: Comparison, session: Session, about: Disagreement, after: Sequence[Lesion]) -> Edit:
    """Put these lesions where an earlier decision of the same disagreement put others."""
    wanted = {lesion.id: lesion for lesion in after}
    changes = []
    for lesion in standing(comparison, session, about):
        now = wanted.pop(lesion.id, None)
        if now != lesion:
            changes.append(LesionChange(lesion, now))
    changes += [LesionChange(None, lesion) for lesion in wanted.values()]
    return _complete(Edit(what, tuple(changes), decides=about.key, seen=about.seen), comparison, session)


def _complete(edit: Edit, comparison: Comparison, session: Session) -> Edit:
    """The decision with what the readers agree on, where that is not there yet, and "reviewed" where it is the last."""
    before, after = edit.verdict or (session.reading.verdict,) * 2
    if after.progress is Progress.EXCLUDED:  # nothing more is read of it
        return edit
    been = {change.id for done in session.done for change in done.lesions if change.before is None}
    been |= {change.id for change in edit.lesions} | session.reading.lesions.keys()
    carried = [LesionChange(None, one.lesion) for one in comparison.agreed if not one.ids & been]
    if not settled(session) - {str(Difference.EXCLUDED)}:
        grade = comparison.verdict.grade if after.grade is None else after.grade
        after = replace(after, grade=grade, diffuse=after.diffuse or comparison.verdict.diffuse)
    left = _open(comparison, session) - {edit.decides}
    if not left and after.progress in (Progress.NEW, Progress.IN_PROGRESS):
        after = replace(after, progress=Progress.REVIEWED)
    verdict = None if before == after else (before, after)
    return replace(edit, lesions=(*carried, *edit.lesions), verdict=verdict)


def _take_verdict(
    what: str, comparison: Comparison, session: Session, about: Disagreement, readers: Sequence[int]
) -> Edit:
    before = after = session.reading.verdict
    said = comparison.readings[readers[0]].verdict
    if about.differences != (Difference.EXCLUDED,):
        after = replace(before, **{about.key: getattr(said, about.key)})
    elif said.progress is Progress.EXCLUDED:
        after = replace(before, progress=Progress.EXCLUDED, reason=said.reason)
    elif before.progress is Progress.EXCLUDED:
        after = replace(before, progress=Progress.NEW, reason="")
    return _complete(Edit(what, (), (before, after), about.key, about.seen), comparison, session)


def _says(edit: Edit, about: Disagreement) -> bool:
    """Whether an edit says something of what is in question of the verdict."""
    if edit.verdict is None:
        return False
    before, after = edit.verdict
    if about.differences == (Difference.EXCLUDED,):
        return Progress.EXCLUDED in (before.progress, after.progress)
    return bool(getattr(before, about.key) != getattr(after, about.key))


def _joined(chosen: Sequence[Lesion]) -> list[Lesion]:
    """One lesion of those whose outlines touch a common one."""
    left, found = list(chosen), list[Lesion]()
    while left:
        whole = left.pop(0)
        while touching := [lesion for lesion in left if dice(whole, lesion) > 0]:
            left = [lesion for lesion in left if lesion not in touching]
            for lesion in touching:
                whole = _union(whole, lesion)
        found.append(whole)
    return found


def _union(one: Lesion, other: Lesion) -> Lesion:
    rois = dict(one.rois)
    for view, roi in other.rois.items():
        rois[view] = merged((rois[view], roi)) if view in rois else roi
    if one.label is other.label:
        return replace(one, rois=rois)
    return relabelled(replace(one, rois=rois), None)


def _near(lesion: Lesion, group: Group, spacing_mm: Spacing | None) -> bool:
    """Whether an outline drawn anew is meant for this group: it touches one of it, or lies as near as partners do."""
    for there in group.present:
        if dice(lesion, there) > 0 or distance_mm(lesion, there, spacing_mm) <= REACH_MM:
            return True
        if not lesion.rois.keys() & there.rois.keys():  # on the other view: at the same height
            rows = [next(iter(one.rois.values())).centre[0] for one in (lesion, there)]
            if abs(rows[0] - rows[1]) * (spacing_mm or TYPICAL_SPACING)[0] <= REACH_MM:
                return True
    return False
