"""One acquisition's objects as the scan a library keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workstation.core.scan import Kind
from workstation.store.values import SIMULATED
from workstation.workflows.arriving import Arrived, Rules
from workstation.workflows.truth import ScanTruth

if TYPE_CHECKING:
    from workstation.store.library import KeptObject, NewScan

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_OLDEST = 90  # in a research library: few live longer, and a rare age points to a person


def is_id(name: str) -> bool:
    """Whether a scan may be called so."""
    return _ID.fullmatch(name) is not None


def made(group: tuple[Arrived, ...], scan: str, truth: ScanTruth | None, rules: Rules) -> NewScan:
    """The scan of one or two objects. truth: what is known of a simulated scan beside its header."""
    from workstation.store.library import NewScan

    first = group[0]
    age, sex = first.facts.get("age"), first.fact("sex") or None
    if truth is not None:
        age, sex = truth.age if truth.age is not None else age, truth.sex or sex
    if rules.research and isinstance(age, int):
        age = min(age, _OLDEST)
    return NewScan(
        id=scan,
        patient=first.patient,
        frames={frame.view: frame for item in group for frame in item.frames if frame.view is not None},
        objects=tuple(kept(item, rules) for item in group),
        day=first.fact("day") or None,
        tumour=truth.tumour if truth is not None else None,
        sex=sex,
        age=age if isinstance(age, int | float) else None,
        study=first.fact("study_uid"),
        series=first.fact("series_uid"),
        kind=first.kind,
        source=_source(first, rules),
        upside_down=bool(first.facts.get("upside_down")),
        facts=first.facts,
    )


def kept(item: Arrived, rules: Rules) -> KeptObject:
    """The object's file. In a research library its own name goes: people write patients' names into file names."""
    from workstation.store.library import KeptObject

    name = item.name
    if rules.research:
        name = "picture.png" if item.kind is Kind.PICTURE else f"{item.fact('sop_uid')}.dcm"
    return KeptObject(item.data, item.original, name, item.views)


def _source(item: Arrived, rules: Rules) -> str:
    """Where it came from, in words that a search finds."""
    if item.facts.get("simulated"):
        return SIMULATED
    if item.kind is Kind.PICTURE:
        return "picture"
    camera = " ".join(item.fact(name) for name in ("camera_make", "camera_model")).strip()
    return camera if rules.research else f"{item.name} {camera}".strip()
