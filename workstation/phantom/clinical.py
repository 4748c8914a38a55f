"""What the clinic knows of simulated patients beside their scans: the rows of a cohort's clinical table."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from workstation.phantom.alp import alp
from workstation.phantom.cohorts import Cohort
from workstation.phantom.person import patient_id
from workstation.phantom.plan import enrolled
from workstation.phantom.streams import stream
from workstation.phantom.therapy import calendar

EVIDENCE = "simulated truth"
# Prostate-specific antigen, ng/ml: median and sigma of a lognormal law, without and with metastases. A choice.
_PSA = ((8.0, 0.9), (60.0, 1.2))
_UNTREATED = (15, 40)  # days from the scan of a first diagnosis to the start of treatment


def facts(cohort: Cohort, seed: int, number: int) -> dict[str, object] | None:
    """Patient `number`'s row: columns of the clinical table to values, None where a cell is empty; dates in ISO form.

    The reference is the truth on the day of the last scan. Blood is taken around the first scan, before treatment.
    """
    planned = enrolled(cohort, seed, number)
    when = calendar(cohort.name, seed, number, planned.course)
    rng = stream(cohort.name, seed, "clinic", number)
    first, last = when.scans[0].date(), when.scans[-1].date()
    treatment, blood = when.treatment, None
    level = alp(cohort, seed, number)
    if cohort.alp is not None and level is not None:
        blood = first + timedelta(days=int(rng.integers(-cohort.alp.days, cohort.alp.days + 1)))
        treatment = first + timedelta(days=int(rng.integers(_UNTREATED[0], _UNTREATED[1] + 1)))
    psa, psa_day = None, None
    if planned.tumour == "prostate":
        median, sigma = _PSA[planned.metastatic]
        psa = round(median * float(np.exp(sigma * rng.normal())), 2)
        psa_day = first - timedelta(days=int(rng.integers(0, 15)))
    return {
        "patient": patient_id(cohort.name, number),
        "tumour": planned.tumour,
        "sex": planned.sex,
        "birth_year": last.year - planned.age,
        "treatment_start": None if treatment is None else treatment.isoformat(),
        "reference": int(planned.metastatic),
        "reference_evidence": EVIDENCE,
        "reference_date": last.isoformat(),
        "alp": level,
        "alp_date": None if blood is None else blood.isoformat(),
        "psa": psa,
        "psa_date": None if psa_day is None else psa_day.isoformat(),
        "excluded": None,
    }
