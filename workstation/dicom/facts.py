"""What a header tells beside the picture: patient, times, dose, camera. Values are plain; absent ones are left out."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from workstation.dicom.parse import Header

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
SIMULATED = "SIMULATED"


def facts_of(header: Header) -> dict[str, object]:
    """Facts by name; dates and times are ISO text, ages years, speed mm/s, activity MBq, weight kg, height m."""
    day = iso_date(header.text(0x00080022)) or iso_date(header.text(0x00080020)) or iso_date(header.text(0x00080021))
    acquired = _moment(day, header.text(0x00080032) or header.text(0x00080030))
    facts: dict[str, object] = {
        "patient_id": header.text(0x00100020),
        "patient_id_issuer": header.text(0x00100021),
        "patient_name": header.text(0x00100010),
        "sex": _sex(header.text(0x00100040)),
        "birth_date": iso_date(header.text(0x00100030)),
        "age": _age(header.text(0x00101010), iso_date(header.text(0x00100030)), day),
        "height_m": _positive(header.number(0x00101020)),
        "weight_kg": _positive(header.number(0x00101030)),
        "study_uid": header.text(0x0020000D),
        "series_uid": header.text(0x0020000E),
        "sop_uid": header.text(0x00080018),
        "sop_class": header.text(0x00080016),
        "modality": header.text(0x00080060),
        "study_date": iso_date(header.text(0x00080020)),
        "study_time": iso_time(header.text(0x00080030)),
        "day": day,
        "acquired": acquired,
        "injected": injected(header, acquired),
        "activity_mbq": activity_mbq(header),
        "camera_make": header.text(0x00080070),
        "camera_model": header.text(0x00081090),
        "speed_mm_s": _positive(header.number(0x00181300)),
        "duration_s": _seconds(header.number(0x00181242)),
        "series_description": header.text(0x0008103E),
        "study_description": header.text(0x00081030),
        "protocol": header.text(0x00181030),
        "counts_accumulated": header.whole(0x00180070),
        "lossy": header.text(0x00282110) == "01" or None,
        "deidentified": header.text(0x00120062) == "YES" or None,
        "simulated": header.text(0x00204000).startswith(SIMULATED) or None,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")} | {
        "private_tags": header.private_tags,
        "burnt_in_risk": burnt_in_risk(header),
    }


def burnt_in_risk(header: Header) -> str | None:
    """Why text with the patient's identity may be drawn into the picture; None when nothing points to it."""
    said = header.text(0x00280301).upper()
    if said == "YES":
        return "The header says that text is burnt into the picture; look before sharing it."
    if said == "NO":
        return None
    if header.text(0x00080016).startswith(_SECONDARY_CAPTURE):
        return "A secondary capture: a screen picture may have the patient's name burnt in; look before sharing it."
    return None


def activity_mbq(header: Header) -> float | None:
    """Injected activity. NM objects give MBq; some programs write becquerel, as PET does."""
    for item in header.items(0x00540016):
        dose = _positive(item.number(0x00181074))
        if dose is not None:
            return dose / 1e6 if dose > 1e5 else dose
    return None


def injected(header: Header, acquired: str | None) -> str | None:
    """Moment of injection; with a time only, the last such time before the acquisition."""
    for item in header.items(0x00540016):
        full = item.text(0x00181078)
        moment = _moment(iso_date(full[:8]), full[8:14])
        if moment:
            return moment
        moment = _moment(acquired[:10] if acquired else None, item.text(0x00181072))
        if moment and acquired:
            if moment > acquired:
                return (datetime.fromisoformat(moment) - timedelta(days=1)).isoformat()
            return moment
    return None


def iso_date(text: str) -> str | None:
    """DICOM date, also the old form with dots, as ISO; None when it is no date."""
    digits = text.replace(".", "")[:8]
    if not re.fullmatch(r"\d{8}", digits, re.ASCII):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return None


def iso_time(text: str) -> str | None:
    """DICOM time to the second as ISO; None when it is no time."""
    found = re.match(r"(\d\d):?(\d\d)?:?(\d\d)?", text, re.ASCII)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    return f"{hour:02d}:{minute:02d}:{second:02d}" if hour < 24 and minute < 60 and second < 60 else None


def _moment(day: str | None, time: str) -> str | None:
    clock = iso_time(time)
    return f"{day}T{clock}" if day and clock else None


def _sex(text: str) -> str | None:
    return text.upper() if text.upper() in ("M", "F", "O") else None


def _age(text: str, born: str | None, day: str | None) -> int | None:
    """Whole years: as written, else from the birth date."""
    found = re.fullmatch(r"(\d{1,3})([YMWD])?", text.upper(), re.ASCII)
    if found and int(found[1]) > 0:
        return int(int(found[1]) / {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}[found[2] or "Y"])
    if born and day and born <= day:
        return int(day[:4]) - int(born[:4]) - (day[5:] < born[5:])
    return None


def _positive(number: float | None) -> float | None:
    return number if number is not None and number > 0 else None


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / 1000.0 if milliseconds and milliseconds > 0 else None
