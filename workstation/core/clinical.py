"""What the clinic knows of a patient beside the scans, and what follows from it: status, age, the nearest blood test.

Dates are ISO days. In a research library they have moved by the patient's own secret number of days, as the scans'
have, so that every interval is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from workstation.core import days

SEXES = ("M", "F", "O")
# Values of a blood test: alkaline phosphatase in U/l, prostate-specific antigen in ng/ml.
TESTS = ("alp", "psa")


@dataclass(frozen=True, order=True)
class Measured:
    """One value of a blood test. day "": nobody wrote down when."""

    day: str
    value: float


@dataclass(frozen=True)
class Clinical:
    """The facts of one patient; None for what nobody told.

    tumour: a key of resources/vocab/tumours. age: years at the first scan, where no year of birth is known.
    reference: 1 metastasis, 0 none: the clinical verdict, with its evidence and date. reference_by: the role of who
    gave it ("table" where a file did). alp: U/l, psa: ng/ml, by day. excluded: why the patient is left out.
    """

    tumour: str | None = None
    sex: str | None = None
    birth_year: int | None = None
    age: float | None = None
    treatment_start: str | None = None
    reference: int | None = None
    reference_evidence: str | None = None
    reference_date: str | None = None
    reference_by: str | None = None
    alp: tuple[Measured, ...] = ()
    psa: tuple[Measured, ...] = ()
    excluded: str | None = None

    def __post_init__(self) -> None:
        if self.reference not in (None, 0, 1):
            raise ValueError(f"a reference is 0 or 1, got {self.reference}")
        if self.sex not in (None, *SEXES):
            raise ValueError(f"a sex is one of {', '.join(SEXES)}, got {self.sex}")
        for name in ("treatment_start", "reference_date"):
            if (day := getattr(self, name)) is not None and not days.is_day(day):
                raise ValueError(f"{name} is a date in the form 2024-03-05, got {day!r}")
        for name in TESTS:
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))

    def to_json(self) -> dict[str, Any]:
        """Only what is told: a fact that comes to be known of later leaves older values as they were written."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in TESTS:
            told[name] = [[each.day, each.value] for each in told[name]]
        return {name: value for name, value in told.items() if value not in (None, [])}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        known = {field.name for field in fields(cls)}
        if strange := set(value) - known:
            raise ValueError(f"facts of a patient have no {', '.join(sorted(strange))}")
        told = dict(value)
        for name in TESTS:
            told[name] = tuple(Measured(str(day), float(number)) for day, number in told.get(name, ()))
        return cls(**told)


def with_measured(series: Iterable[Measured], new: Measured) -> tuple[Measured, ...]:
    """The series with a value; one of the same day is replaced."""
    return tuple(sorted((*(each for each in series if each.day != new.day), new)))


def nearest(series: Sequence[Measured], day: str | None) -> tuple[Measured, int | None] | None:
    """The value measured nearest to a day, and how many days after it (negative: before).

    Of two equally near the earlier: treatment may lie between. Values without a day come last. None where there is no
    value at all.
    """
    dated = [each for each in series if each.day]
    if day is None or not dated:
        return (series[-1], None) if series else None
    best = min(dated, key=lambda each: (abs(days.between(day, each.day)), each.day))
    return best, days.between(day, best.day)


def age_at(facts: Clinical, day: str | None, first_day: str | None) -> int | None:
    """Whole years at a scan's day, within one: only the year of birth is known. None where nothing tells."""
    if facts.birth_year is not None:
        return None if day is None else max(int(day[:4]) - facts.birth_year, 0)
    if facts.age is None:
        return None
    since = 0 if day is None or first_day is None else days.between(first_day, day) / 365.25
    return int(facts.age + since)


@dataclass(frozen=True)
class Standing:
    """The derived status of a patient. metastatic: None where nothing tells. source: "reference" or "grade".

    conflict: the Reference says one thing and the grade another, which a person has to look at.
    """

    metastatic: bool | None = None
    source: str | None = None
    conflict: bool = False


def standing(reference: int | None, grade: int | None) -> Standing:
    """The Reference where there is one, else metastasis when the grade is 2 or 3."""
    graded = None if grade is None else grade >= 2
    if reference is None:
        return Standing(graded, None if graded is None else "grade")
    return Standing(reference == 1, "reference", graded is not None and graded != (reference == 1))
