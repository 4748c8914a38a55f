"""What the library knows of one scan beside its row: header facts in words, earlier scans, whether it is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QCoreApplication

from workstation.app.workbench import Workbench
from workstation.store.values import ScanRow

__all__ = ["ScanFacts", "ScanRow", "look_up"]


@dataclass(frozen=True)
class ScanFacts:
    """acquisition: (name, value) lines, only what is known. priors: earlier scans of the patient, the latest first."""

    simulated: bool = False
    acquisition: tuple[tuple[str, str], ...] = ()
    priors: tuple[ScanRow, ...] = ()


def look_up(workbench: Workbench, scan: str) -> ScanFacts:
    """The facts of a scan; none where it has gone."""
    from workstation.store.errors import LibraryError

    library = workbench.library
    if library is None:
        return ScanFacts()
    try:
        facts = library.facts(scan)
        priors = library.priors(scan, workbench.reader)
    except LibraryError:
        return ScanFacts()
    return ScanFacts(bool(facts.get("simulated")), tuple(_lines(facts)), tuple(priors))


def _lines(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    lines = []
    camera = " ".join(str(facts[name]) for name in ("camera_make", "camera_model") if facts.get(name))
    if camera:
        lines.append((_tr("Camera"), camera))
    activity = facts.get("activity_mbq")
    if isinstance(activity, int | float):
        lines.append((_tr("Activity"), _tr("{0:.0f} MBq").format(activity)))
    uptake = _uptake_hours(facts.get("injected"), facts.get("acquired"))
    if uptake is not None:
        lines.append((_tr("Uptake time"), _tr("{0:.1f} h").format(uptake)))
    return lines


def _uptake_hours(injected: object, acquired: object) -> float | None:
    """Hours from injection to acquisition; None where a time is missing or makes no sense."""
    try:
        hours = (datetime.fromisoformat(str(acquired)) - datetime.fromisoformat(str(injected))).total_seconds() / 3600
    except (ValueError, TypeError):
        return None
    return hours if 0 < hours < 48 else None


def _tr(text: str) -> str:
    return QCoreApplication.translate("ScanFacts", text)
