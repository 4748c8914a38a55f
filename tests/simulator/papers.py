"""What the papers print about their patients and lesions, copied from their tables (not from the simulator's settings).

A: lesion classification (3,352 patients). B: patient diagnosis and reader study (12,222). C: burden and report (621).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Printed = Mapping[str, float]

# A, table 1 and text; lesions by burden group are a reconstruction from its table 4, of moderate confidence.
LESIONS_3352: Printed = MappingProxyType(
    {
        "patients": 3352,
        "patients lung": 1253,
        "patients prostate": 1017,
        "patients breast": 1082,
        "metastatic": 1470,
        "metastatic lung": 567,
        "metastatic prostate": 466,
        "metastatic breast": 437,
        "men": 1758,
        "age mean": 61.61,
        "age SD": 12.69,
        "lesions": 14972,
        "lesions lung": 4937,
        "lesions prostate": 5623,
        "lesions breast": 4412,
        "malignant": 7670,
        "malignant lung": 2475,
        "malignant prostate": 3227,
        "malignant breast": 1968,
        "benign": 7302,
        "benign lung": 2462,
        "benign prostate": 2396,
        "benign breast": 2444,
        "malignant, 1-3 lesions": 895,
        "malignant, 4-6 lesions": 1416,
        "malignant, > 6 lesions": 5359,
        "benign, 1-3 lesions": 2702,
        "benign, 4-6 lesions": 2731,
        "benign, > 6 lesions": 1869,
    }
)

# B, table 1: training, validation and test set together; ages are those of the training set.
PATIENTS_12222: Printed = MappingProxyType(
    {
        "patients": 12222,
        "patients lung": 6021,
        "patients prostate": 1844,
        "patients breast": 2100,
        "patients other": 2257,
        "metastatic": 5151,
        "metastatic lung": 2650,
        "metastatic prostate": 898,
        "metastatic breast": 768,
        "metastatic other": 835,
        "men": 6780,
        "men lung": 3392,
        "men other": 1535,
        "men breast": 10,
        "under 60": 6122,
        "under 60 lung": 3007,
        "under 60 prostate": 166,
        "under 60 breast": 1634,
        "under 60 other": 1315,
        "age mean": 58.7,
        "age SD": 12.3,
        "age mean lung": 58.5,
        "age SD lung": 10.8,
        "age mean prostate": 71.0,
        "age SD prostate": 8.7,
        "age mean breast": 51.4,
        "age SD breast": 10.4,
        "age mean other": 56.1,
        "age SD other": 12.9,
    }
)

# B, reader study.
READERS_400: Printed = MappingProxyType({"patients": 400, "metastatic": 200})

# C, table 3 and text; the abstract's men and women. Patients by place: those with a metastasis there. ALP and burden:
# of the patients first diagnosed, before treatment.
BURDEN_621: Printed = MappingProxyType(
    {
        "patients": 621,
        "metastatic": 280,
        "clean": 169,
        "men": 389,
        "patients with spine": 220,
        "patients with pelvis": 196,
        "patients with scapula": 57,
        "patients with rib": 184,
        "patients with femur": 98,
        "patients with other": 78,
        "patients with ALP": 50,
        "ALP mean, U/L": 197.23,
        "ALP SD, U/L": 228.88,
        "burden mean": 0.12,
        "burden SD": 0.16,
        "burden and ALP, r": 0.72,
    }
)

PAPERS: Mapping[str, Printed] = MappingProxyType(
    {
        "lesions-3352": LESIONS_3352,
        "patients-12222": PATIENTS_12222,
        "readers-400": READERS_400,
        "burden-621": BURDEN_621,
    }
)
