"""Which label each criterion justifies, what it asks for before it does, and what of it is missing.

M1 and B1 rest on an examination and its day, M2 and M4 on an earlier scan (M4: at least 90 days before), M3 on the day
treatment began (paper A, methods).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workstation.core import days, not_bone
from workstation.core.lesion import Label, Lesion

# Keys of resources/vocab/criteria with the label each justifies; a kind of what is not bone stands in the same place.
JUSTIFIED: Mapping[str, Label] = {
    **dict.fromkeys(("M1", "M2", "M3", "M4"), Label.MALIGNANT),
    **dict.fromkeys(("B1", "B2", "B3"), Label.BENIGN),
    **dict.fromkeys(not_bone.KINDS, Label.NOT_BONE),
}

# Keys of resources/vocab/examinations. A clinical follow-up is no picture of a bone.
EXAMINATIONS = ("CT", "MRI", "PET-CT", "X-ray", "biopsy", "follow-up")
PICTURES = frozenset({"CT", "MRI", "PET-CT", "X-ray", "biopsy"})
BY_EXAMINATION = frozenset({"M1", "B1"})
BY_PRIOR = frozenset({"M2", "M4"})
BY_TREATMENT = frozenset({"M3"})
APART = 90  # days from the earlier scan to this one for M4

EXAMINATION = "the examination is missing"
NO_PICTURE = "a follow-up alone shows no bone: name CT, MRI, PET-CT, X-ray or biopsy"
EXAMINATION_DAY = "the day of the examination is missing"
PRIOR = "there is no earlier scan: give the day of one"
PRIOR_DAY = "the day of the earlier scan does not lie before this scan"
PRIOR_APART = f"no earlier scan lies at least {APART} days before this one"
TREATMENT = "the day treatment began is missing"
TREATMENT_DAY = "treatment began after this scan"
MISSING = (
    EXAMINATION, NO_PICTURE, EXAMINATION_DAY, PRIOR, PRIOR_DAY, PRIOR_APART, TREATMENT, TREATMENT_DAY,
)  # fmt: skip


@dataclass(frozen=True)
class CriteriaFacts:
    """What a criterion can rest on beside the lesion: day of the scan, of the patient's other scans, of treatment.

    day: None where the scan's is not known; nothing that depends on it is then found missing.
    """

    day: str | None = None
    other_days: tuple[str, ...] = ()
    treatment_start: str | None = None


def asks(criterion: str | None) -> str | None:
    """What a criterion asks for: "examination", "prior", "treatment", or None."""
    for names, what in ((BY_EXAMINATION, "examination"), (BY_PRIOR, "prior"), (BY_TREATMENT, "treatment")):
        if criterion in names:
            return what
    return None


def against_label(criterion: str | None, label: Label | None) -> str | None:
    """Why a criterion cannot stand with a label, in words without a full stop; None where it can, or is not known."""
    wanted = None if criterion is None else JUSTIFIED.get(criterion)
    if wanted is None or label is wanted:
        return None
    return f"criterion {criterion} justifies the label {wanted}, not {label or 'none'}"


def missing(lesion: Lesion, facts: CriteriaFacts) -> tuple[str, ...]:
    """What the lesion's criterion asks for and nobody has given, one short sentence each; () where it stands."""
    wanted = asks(lesion.criterion)
    if wanted == "examination":
        return _of_examination(lesion)
    if wanted == "prior":
        return _of_prior(lesion, facts)
    if wanted == "treatment":
        return _of_treatment(lesion, facts)
    return ()


def _of_examination(lesion: Lesion) -> tuple[str, ...]:
    found = []
    if lesion.evidence is None:
        found.append(EXAMINATION)
    elif lesion.evidence not in PICTURES:
        found.append(NO_PICTURE)
    if lesion.evidence_date is None:
        found.append(EXAMINATION_DAY)
    return tuple(found)


def _of_prior(lesion: Lesion, facts: CriteriaFacts) -> tuple[str, ...]:
    """A day typed with the lesion goes before the scans of the library: it is the scan that was compared with."""
    apart = APART if lesion.criterion == "M4" else 1
    if facts.day is None:
        return () if lesion.evidence_date or facts.other_days else (PRIOR,)
    if lesion.evidence_date is not None:
        gap = days.between(lesion.evidence_date, facts.day)
        if gap < 1:
            return (PRIOR_DAY,)
        return () if gap >= apart else (PRIOR_APART,)
    gaps = [gap for day in facts.other_days if (gap := days.between(day, facts.day)) > 0]
    if not gaps:
        return (PRIOR,)
    return () if max(gaps) >= apart else (PRIOR_APART,)


def _of_treatment(lesion: Lesion, facts: CriteriaFacts) -> tuple[str, ...]:
    began = lesion.evidence_date or facts.treatment_start
    if began is None:
        return (TREATMENT,)
    return (TREATMENT_DAY,) if facts.day is not None and days.between(facts.day, began) > 0 else ()
