"""One file on its way into a library: read, told what it is, and made what the library keeps.

This is where an import's time goes, so it is one function from bytes to a plain value that any process can run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from workstation.core.scan import Frame, How, Kind, View
from workstation.workflows.identity import Patient

if TYPE_CHECKING:
    from workstation.dicom.join import Half
    from workstation.dicom.read import ReadObject

# What a person may say of files that do not tell it. Of two views the one named first is at the left of a picture, or
# the first frame of an object.
SIDES: Mapping[str, tuple[View, ...]] = {
    "anterior": (View.ANTERIOR,),
    "posterior": (View.POSTERIOR,),
    "both": (View.ANTERIOR, View.POSTERIOR),
    "posterior-anterior": (View.POSTERIOR, View.ANTERIOR),
}


class Asks(StrEnum):
    """What a file does not tell, so that only a person can."""

    PICTURE = "what the picture shows"
    FRAME = "which view its one frame shows"
    FRAMES = "which of its two frames is anterior"


@dataclass(frozen=True)
class Rules:
    """How files are taken in. key: the library's. research: de-identify.

    sides: what files show that do not tell it, one of SIDES; None refuses them. pictures_only: it was said of pictures,
    and decides nothing of objects.
    """

    key: bytes
    research: bool
    sides: str | None = None
    pictures_only: bool = False

    def kept_uid(self, uid: str) -> str:
        """The UID that stands for `uid` in the library."""
        from workstation.dicom.uids import keyed_uid

        return keyed_uid(self.key, uid) if self.research else uid


@dataclass(frozen=True, eq=False)
class Arrived:
    """One object as the library keeps it, or the reason why it was refused.

    name: how the user knows the file. original: keyed hash of the bytes as they came. data, patient, facts: as kept,
    de-identified in a research library. person: who the patient is, for the key file; None in a clinical one.
    told: sentences worth showing. asks: what a person can say so that a refused one comes in.
    """

    name: str
    original: str
    reason: str | None = None
    data: bytes = b""
    patient: str = ""
    person: Patient | None = None
    kind: Kind = Kind.WHOLE_BODY
    frames: tuple[Frame, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    asks: Asks | None = None

    def fact(self, name: str) -> str:
        """A fact as text, "" where it is not known."""
        return str(self.facts.get(name) or "")

    @property
    def views(self) -> tuple[View, ...]:
        return tuple(frame.view for frame in self.frames if frame.view is not None)


def take_in(name: str, original: str, data: bytes, rules: Rules) -> Arrived:
    """Never raises for bad input: what cannot be used comes back with its reason."""
    from workstation.dicom.deidentify import deidentify, patient_key, secret_day_offset
    from workstation.dicom.errors import DicomError

    read = read_file(name, data, rules.sides, rules.pictures_only)
    if not read.accepted:
        return Arrived(name, original, read.reason or "It cannot be used.", asks=asks(read))
    identifier, issuer = patient_key(read)
    if not rules.research:
        return _arrived(read, original, data, identifier, None, read.facts)
    days = secret_day_offset(rules.key, identifier, issuer)
    try:
        kept = deidentify(read, rules.key, days)
    except DicomError as error:
        return Arrived(name, original, str(error))
    person = Patient(identifier, issuer, kept.patient, days)
    return _arrived(read, original, kept.data, kept.patient, person, kept.facts)


def half(arrived: Arrived) -> Half | None:
    """The object as one view of an acquisition whose other view may be elsewhere; None where it stands alone."""
    from workstation.dicom.join import Half

    if len(arrived.frames) != 1 or not arrived.views or not arrived.fact("study_uid"):
        return None
    frame = arrived.frames[0]
    # Studies of two patients are two, whatever their UIDs say.
    study = f"{arrived.patient} {arrived.fact('study_uid')}"
    acquired = arrived.fact("acquired") or None
    return Half(arrived, study, arrived.fact("series_uid"), arrived.views[0], (frame.rows, frame.columns), acquired)


def read_file(name: str, data: bytes, sides: str | None = None, pictures_only: bool = False) -> ReadObject:
    """The object, with its views as they are said where it does not tell them (see `Rules`)."""
    from workstation.dicom.picture import Sides, read_picture
    from workstation.dicom.read import choose, read_object

    read = read_object(data, name)
    asked = asks(read)
    if asked is None or sides is None:
        return read
    views = SIDES[sides]
    if asked is Asks.PICTURE:
        return read_picture(data, name, Sides(" and ".join(views)))
    if pictures_only:
        return read
    if len(views) != len(read.frames):
        needed = " or ".join(name for name, said in SIDES.items() if len(said) == len(read.frames))
        return replace(read, reason=f'"{sides}" does not tell {asked}; {needed} does.')
    return choose(read, {frame.number: view for frame, view in zip(read.frames, views, strict=True)})


def asks(read: ReadObject) -> Asks | None:
    """What a person has to say before the object can be used; None where there is nothing, or too much."""
    if not read.needs_choice:
        return None
    if read.kind is Kind.PICTURE:
        return Asks.PICTURE
    return {1: Asks.FRAME, 2: Asks.FRAMES}.get(len(read.frames))


def told_of(read: ReadObject) -> tuple[str, ...]:
    """What is odd about an object that can be used, in sentences."""
    warnings = read.facts.get("warnings")
    told = [str(text) for text in warnings] if isinstance(warnings, list | tuple) else []
    assumed = " and ".join(str(frame.view) for frame in read.frames if frame.how is How.ASSUMED)
    if assumed:
        told.append(f"The header does not name its views: {assumed} is assumed. Check it and correct it if need be.")
    return tuple(told)


def _arrived(
    read: ReadObject, original: str, data: bytes, patient: str, person: Patient | None, facts: Mapping[str, object]
) -> Arrived:
    assert read.kind is not None
    told = list(told_of(read))
    if person is not None:
        risk, private = read.facts.get("burnt_in_risk"), read.facts.get("private_tags")
        told.extend([str(risk)] if risk else [])
        told.extend([f"{private} private elements were left out."] if private else [])
    return Arrived(read.name, original, None, data, patient, person, read.kind, read.frames, dict(facts), tuple(told))
