"""What is said of a lesion beside its ROI and label, as other tools' files carry it along and bring it back."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import resources
from workstation.core import criteria
from workstation.core.lesion import Label, Lesion, Origin, Reading, Roi, Verdict
from workstation.core.reshape import merged
from workstation.core.scan import VIEWS, View
from workstation.workflows import table
from workstation.workflows.table import RowError

UNLABELLED = "unlabelled"
OURS = "osteoscope"  # the key under which a file of another tool's format holds what that format has no place for
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class Part:
    """One view of one lesion, as a file has it. said: what `said_of` wrote of it, {} in a file from elsewhere."""

    view: View
    roi: Roi
    label: str
    said: Mapping[str, Any]


def kinds() -> tuple[str, ...]:
    """What is hot and no bone: names of a mark "not bone" in other tools' files, and its criterion here."""
    return tuple(resources.table("vocab/not_bone"))


def label_names() -> tuple[str, ...]:
    """All names a shape can have, the labels first."""
    return (*(str(label) for label in Label), UNLABELLED, *kinds())


def label_name(lesion: Lesion) -> str:
    """The label; of a mark "not bone" what it is, where that is said ("bladder")."""
    if lesion.label is Label.NOT_BONE and lesion.criterion in kinds():
        return str(lesion.criterion)
    return UNLABELLED if lesion.label is None else str(lesion.label)


def said_of(lesion: Lesion, view: View) -> dict[str, Any]:
    """Everything but the ROI, which the file holds in its own way; `pixels` and `label` tell whether it was changed."""
    return {
        "lesion": lesion.id,
        "label": label_name(lesion),
        "criterion": lesion.criterion,
        "region": lesion.region,
        "side": lesion.side,
        "confidence": lesion.confidence,
        "comment": lesion.comment,
        "origin": str(lesion.roi_origin),
        "label_origin": str(lesion.label_origin),
        "pixels": _digest(table.roi_text(lesion.rois[view])),
        "evidence": lesion.evidence,
        "evidence_date": lesion.evidence_date,
    }


def lesion_of(parts: Sequence[Part]) -> Lesion:
    """The lesion whose parts these are; several on one view are taken together. RowError in words.

    An ROI or a label that is no longer as it went out is no longer the hand's or the isocontour's: it is imported, and
    a criterion goes with the label it justified.
    """
    labels = {part.label for part in parts}
    if len(labels) > 1:
        raise RowError(f"one lesion is called both {' and '.join(sorted(labels))}")
    rois: dict[View, Roi] = {}
    for part in parts:
        rois[part.view] = merged((rois[part.view], part.roi)) if part.view in rois else part.roi
    first = parts[0].said
    row = {name: _plain(name, value) for name, value in first.items()}
    label = labels.pop()
    kept = all(_digest(table.roi_text(rois[part.view])) == part.said.get("pixels") for part in parts)
    if not kept:
        row["origin"] = str(Origin.IMPORTED)
    if row.get("label") != label:
        row["label_origin"] = str(Origin.IMPORTED)
    if label in kinds():
        row["label"], row["criterion"] = str(Label.NOT_BONE), label
    else:
        row["label"] = "" if label == UNLABELLED else label
    if first.get("label") not in (None, "", label):
        now = Label(row["label"]) if row["label"] in tuple(Label) else None
        if criteria.against_label(row.get("criterion"), now) is not None:
            row |= {"criterion": "", "evidence": "", "evidence_date": ""}
    row["comment"] = table.guarded(row.get("comment", ""))
    if not row.get("lesion"):
        row["lesion"] = _id_for(rois)
    return table.lesion_of(row, rois)


def label_of(text: object) -> str:
    """The name of a label as this program spells it. RowError where it has none of that name."""
    known = label_names()
    name = text.strip().lower() if isinstance(text, str) else ""
    if name not in known:
        raise RowError(f"the label is one of {', '.join(known)}, not {str(text)[:40]!r}")
    return name


def described(lesion: Lesion) -> str:
    """Criterion and comment in one line of free text: "M2", "M2: seen before", "seen before"."""
    criterion = "" if label_name(lesion) in kinds() else lesion.criterion or ""
    if not lesion.comment:
        return criterion
    if not criterion and read_description(lesion.comment) == (None, lesion.comment):
        return lesion.comment
    return f"{criterion}: {lesion.comment}"


def read_description(text: str) -> tuple[str | None, str]:
    """Criterion and comment of a line as `described` writes it, or as somebody typed it."""
    criteria = "|".join(map(re.escape, (*resources.table("vocab/criteria"), *kinds())))
    found = re.fullmatch(rf"({criteria})?(?:\s*: ?(.*))?", text, re.DOTALL)
    if found is None:
        return None, text
    return found[1], found[2] or ""


def verdict_words(verdict: Verdict) -> dict[str, Any]:
    return {
        "grade": verdict.grade,
        "diffuse": verdict.diffuse,
        "status": str(verdict.progress),
        "reason": verdict.reason,
        "comment": verdict.comment,
    }


def verdict_from(words: Mapping[str, Any]) -> Verdict:
    """RowError in words where a value is none a verdict can have."""
    row = {name: _plain(name, words.get(name)) for name in ("grade", "status", "reason", "comment")}
    row["diffuse"] = "1" if words.get("diffuse") in (True, 1) else "0"
    row["reason"] = table.guarded(row["reason"])
    row["status"] = row["status"] or "new"
    return table.verdict_of(row, row["comment"])


def state_of(reading: Reading) -> str:
    """A short print of a reading as it stands, by which changes made elsewhere know what they were made to."""
    texts = [f"{lesion.to_json()}" for lesion in reading.lesions.values()]
    return _digest("\n".join([*texts, f"{reading.verdict.to_json()}"]))


def whole(value: object, name: str, least: int, most: int) -> int:
    """A whole number out of a file. RowError where it is none, or not in the range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RowError(f"{name} is a whole number from {least} to {most}, not {str(value)[:40]!r}")
    return value


def _plain(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RowError(f"{name} is text or a whole number, not {str(value)[:40]!r}")
    return str(value)[: 1 << 16]


def _id_for(rois: Mapping[View, Roi]) -> str:
    """The same lesion from the same file has the same id, so that a second import finds it there."""
    text = "|".join(f"{view}:{table.roi_text(rois[view])}" for view in VIEWS if view in rois)
    number = int(hashlib.sha256(text.encode()).hexdigest(), 16)
    letters = []
    for _ in range(10):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "L" + "".join(letters)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
