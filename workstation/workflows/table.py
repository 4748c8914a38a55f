"""The tables that `export` writes and `import --labels` reads: one row per lesion and reading, and one per reading."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import resources
from workstation.core import criteria, days
from workstation.core.lesion import Label, Lesion, Origin, Progress, Reading, Roi, Verdict
from workstation.core.scan import Frame, View
from workstation.workflows.free_text import MAX_COMMENT, is_comment

if TYPE_CHECKING:
    from workstation.store.values import ScanRow

COLUMNS = (
    "scan", "patient", "reader", "round", "lesion", "label", "criterion", "region", "side", "origin",
    "anterior_pixels", "posterior_pixels", "label_origin", "confidence", "comment", "grade", "diffuse", "status",
    "reason", "day", "tumour", "sex", "age", "simulated", "mask_value", "anterior_roi", "posterior_roi", "sop_uid",
    "anterior_sha256", "posterior_sha256", "evidence", "evidence_date", "scan_comment",
)  # fmt: skip
READING_COLUMNS = (
    "scan", "patient", "reader", "round", "lesions", "grade", "diffuse", "status", "reason", "scan_comment", "day",
    "tumour", "sex", "age", "simulated", "sop_uid", "anterior_sha256", "posterior_sha256",
)  # fmt: skip
NEEDED_OF_READINGS = ("scan", "reader", "lesions", "status")
NEEDED = ("scan", "reader", "lesion", "label", "anterior_roi", "posterior_roi")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
SIDES = ("left", "right", "midline")


class RowError(ValueError):
    """A row that cannot be taken; the message says why."""


@dataclass(frozen=True)
class LesionRow:
    """A row read back. scan: its id where it was written; sop_uid: of the scan's first object, as kept there.

    prints: SHA-256 of its views' counts, by which another research library knows it: UIDs differ from one to the next.
    lesion: None of a reading without any.
    """

    scan: str
    sop_uid: str
    prints: Mapping[View, str]
    reader: str
    round: int
    lesion: Lesion | None
    verdict: Verdict


def write_row(
    reading: Reading,
    lesion: Lesion,
    scan: ScanRow,
    facts: Mapping[str, object],
    mask_value: int,
    prints: Mapping[tuple[str, View], str],
) -> dict[str, object]:
    """mask_value: the lesion's value in the label masks of its reading. prints: as `Library.prints` gives them."""
    verdict = reading.verdict
    return {
        "scan": scan.scan,
        "patient": guarded(scan.patient),
        "reader": guarded(reading.key.reader),
        "round": reading.key.round,
        "lesion": lesion.id,
        "label": _text(lesion.label),
        "criterion": _text(lesion.criterion),
        "region": _text(lesion.region),
        "side": _text(lesion.side),
        "origin": str(lesion.roi_origin),
        "label_origin": str(lesion.label_origin),
        "confidence": _text(lesion.confidence),
        "comment": guarded(lesion.comment),
        "grade": _text(verdict.grade),
        "diffuse": int(verdict.diffuse),
        "status": str(verdict.progress if verdict.progress is not Progress.NEW else Progress.IN_PROGRESS),
        "reason": guarded(verdict.reason),
        "day": _text(scan.day),
        "tumour": _text(scan.tumour),
        "sex": _text(scan.sex),
        "age": _text(scan.age),
        "simulated": int(bool(facts.get("simulated"))),
        "mask_value": mask_value,
        "evidence": _text(lesion.evidence),
        "evidence_date": _text(lesion.evidence_date),
        "scan_comment": guarded(verdict.comment),
        "sop_uid": _text(facts.get("sop_uid")),
    } | {
        name: value
        for view in View
        for name, value in (
            (f"{view}_pixels", lesion.rois[view].pixels if view in lesion.rois else 0),
            (f"{view}_roi", roi_text(lesion.rois[view]) if view in lesion.rois else ""),
            (f"{view}_sha256", prints.get((scan.scan, view), "")),
        )
    }


def read_row(row: Mapping[str, str]) -> LesionRow:
    """RowError in words where a value is not one this table can hold."""
    rois = {view: read_roi(text) for view in View if (text := row.get(f"{view}_roi") or "")}
    if not rois:
        raise RowError("the lesion has no region of interest on either view")
    return _row(row, lesion_of(row, rois), verdict_of(row, _unguarded(row.get("scan_comment") or "")))


def write_reading(
    reading: Reading, scan: ScanRow, facts: Mapping[str, object], prints: Mapping[tuple[str, View], str]
) -> dict[str, object]:
    """A row of the table of readings: what is said of the scan as a whole, also where no lesion was drawn."""
    verdict = reading.verdict
    return {
        "scan": scan.scan,
        "patient": guarded(scan.patient),
        "reader": guarded(reading.key.reader),
        "round": reading.key.round,
        "lesions": len(reading.lesions),
        "grade": _text(verdict.grade),
        "diffuse": int(verdict.diffuse),
        "status": str(verdict.progress if verdict.progress is not Progress.NEW else Progress.IN_PROGRESS),
        "reason": guarded(verdict.reason),
        "scan_comment": guarded(verdict.comment),
        "day": _text(scan.day),
        "tumour": _text(scan.tumour),
        "sex": _text(scan.sex),
        "age": _text(scan.age),
        "simulated": int(bool(facts.get("simulated"))),
        "sop_uid": _text(facts.get("sop_uid")),
        **{f"{view}_sha256": prints.get((scan.scan, view), "") for view in View},
    }


def read_reading(row: Mapping[str, str]) -> LesionRow | None:
    """A reading without lesions; None for one with lesions, which stands in the table of lesions. RowError in words."""
    if not (row.get("lesions") or "").isdecimal():
        raise RowError("the column lesions is the number of them")
    if int(row["lesions"]):
        return None
    return _row(row, None, verdict_of(row, _unguarded(row.get("scan_comment") or "")))


def _row(row: Mapping[str, str], lesion: Lesion | None, verdict: Verdict) -> LesionRow:
    round_number = _number(row, "round", range(1, 1000)) or 1
    scan, sop_uid, reader = _needed(row, "scan"), row.get("sop_uid") or "", _unguarded(_needed(row, "reader"))
    prints = {view: digest for view in View if (digest := row.get(f"{view}_sha256") or "")}
    return LesionRow(scan, sop_uid, prints, reader, round_number, lesion, verdict)


def lesion_of(row: Mapping[str, str], rois: Mapping[View, Roi]) -> Lesion:
    """A lesion with what a row says of it, in the words of this table.

    RowError where a word is none of them, or the criterion justifies another label.
    """
    label = Label(word) if (word := _among(row, "label", tuple(Label))) else None
    criterion = _among(row, "criterion", tuple(criteria.JUSTIFIED))
    against = criteria.against_label(criterion, label)
    if against is not None:
        raise RowError(against)
    return Lesion(
        id=_needed(row, "lesion"),
        rois=rois,
        label=label,
        criterion=criterion,
        region=_among(row, "region", tuple(resources.table("vocab/regions"))),
        side=_among(row, "side", SIDES),
        confidence=_number(row, "confidence", range(1, 4)),
        comment=_comment("comment", _unguarded(row.get("comment") or "")),
        roi_origin=Origin(_among(row, "origin", tuple(Origin)) or Origin.IMPORTED),
        label_origin=Origin(_among(row, "label_origin", tuple(Origin)) or Origin.IMPORTED),
        evidence=_among(row, "evidence", tuple(resources.table("vocab/examinations"))),
        evidence_date=_day(row, "evidence_date"),
    )


def verdict_of(row: Mapping[str, str], comment: str = "") -> Verdict:
    """What a row says of the scan as a whole. comment: on the scan; `comment` of the row is the lesion's."""
    grade = _number(row, "grade", range(4))
    status = Progress(_among(row, "status", tuple(Progress)) or Progress.IN_PROGRESS)
    reason = _comment("reason", _unguarded(row.get("reason") or ""))
    return Verdict(grade, (row.get("diffuse") or "0") == "1", status, reason, _comment("comment", comment))


def fits(lesion: Lesion, frames: Mapping[View, Frame]) -> bool:
    """Whether every ROI lies on a view there is, within it."""
    return all(
        view in frames
        and roi.top >= 0
        and roi.left >= 0
        and roi.top + roi.height <= frames[view].rows
        and roi.left + roi.width <= frames[view].columns
        for view, roi in lesion.rois.items()
    )


def roi_text(roi: Roi) -> str:
    """top;left;height;width;the box's pixels row by row, eight to a byte, in base64."""
    bits = base64.b64encode(roi.bits).decode("ascii")
    return f"{roi.top};{roi.left};{roi.height};{roi.width};{bits}"


def read_roi(text: str) -> Roi:
    parts = text.split(";")
    try:
        top, left, height, width = (int(part) for part in parts[:4])
        bits = base64.b64decode(parts[4], validate=True)
    except (ValueError, IndexError, binascii.Error) as error:
        raise RowError("a region of interest is not written as top;left;height;width;bits") from error
    if not (0 < height <= 8192 and 0 < width <= 8192 and len(bits) == (height * width + 7) // 8):
        raise RowError("a region of interest has another size than it says")
    roi = Roi.from_mask(Roi(top, left, height, width, bits).box, top, left)
    if roi is None:
        raise RowError("a region of interest holds no pixel")
    return roi


def guarded(text: str) -> str:
    """Free text as a spreadsheet may open it: an apostrophe keeps it from being taken for a formula and carried out."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _needed(row: Mapping[str, str], name: str) -> str:
    value = (row.get(name) or "").strip()
    if not value or len(value) > 200:
        raise RowError(f"the column {name} is empty or too long")
    if not value.isprintable():
        raise RowError(f"the column {name} holds letters that do not show: {value[:40]!r}")
    return value


def _comment(name: str, text: str) -> str:
    if not is_comment(text):
        raise RowError(f"the {name} is text of at most {MAX_COMMENT:,} letters")
    return text


def _among(row: Mapping[str, str], name: str, known: tuple[str, ...]) -> str | None:
    value = row.get(name) or ""
    if value and value not in known:
        raise RowError(f"{name} is one of {', '.join(known)}, not {value[:40]!r}")
    return value or None


def _day(row: Mapping[str, str], name: str) -> str | None:
    value = row.get(name) or ""
    if value and not days.is_day(value):
        raise RowError(f"{name} is a date in the form 2024-03-05, not {value[:40]!r}")
    return value or None


def _number(row: Mapping[str, str], name: str, allowed: range) -> int | None:
    value = row.get(name) or ""
    if not value:
        return None
    if not (value.isdecimal() and len(value) < 6 and int(value) in allowed):
        raise RowError(f"{name} is a number from {allowed.start} to {allowed.stop - 1}, not {value[:40]!r}")
    return int(value)
