"""The vocabulary tables against what they name: the program's own values, SNOMED CT, and the published site groups."""

from __future__ import annotations

import re

import pytest

import resources
from workstation.core.lesion import Label

SITES = {"spine", "pelvis", "scapula", "rib", "femur", "other"}


def test_labels_are_the_programs() -> None:
    labels = resources.table("vocab/labels")
    assert list(labels) == [str(label) for label in Label]
    for field in ("name", "letter", "colour", "key"):
        assert len({label[field] for label in labels.values()}) == len(labels), f"two labels share a {field}"
    assert len({tuple(label["dash"]) for label in labels.values()}) == len(labels)
    assert all(re.fullmatch(r"#[0-9a-f]{6}", label["colour"]) for label in labels.values())


def test_criteria_justify_a_label() -> None:
    criteria = resources.table("vocab/criteria")
    assert list(criteria) == ["M1", "M2", "M3", "M4", "B1", "B2", "B3"]
    for key, criterion in criteria.items():
        assert criterion["label"][0].upper() == key[0]
        assert criterion["label"] in set(Label)


def test_regions_fall_into_the_six_sites() -> None:
    regions = resources.table("vocab/regions")
    assert {region["site6"] for region in regions.values()} == SITES
    unpaired = {key for key, region in regions.items() if not region["paired"]}
    spine = {key for key, region in regions.items() if region["site6"] == "spine"}
    assert spine | {"skull", "sternum", "sacrum", "mandible"} <= unpaired


@pytest.mark.parametrize("name", ["regions", "tumours"])
def test_codes_mean_what_the_names_say(name: str) -> None:
    """pydicom carries the SNOMED CT terms of the DICOM standard: a code must be there, under a word of our name."""
    from pydicom.sr._concepts_dict import concepts

    meanings: dict[str, str] = {}  # every name the standard has for a code, in one text
    for terms in concepts["SCT"].values():
        for code, meaning in terms.items():
            meanings[code] = f"{meanings.get(code, '')} {meaning[0]}".lower()
    for key, entry in resources.table(f"vocab/{name}").items():
        if entry["code"]:
            meaning = meanings[entry["code"]]
            assert entry["name"].split()[0].lower() in meaning, f"{key}: {entry['code']} is {meaning}"


def test_a_table_that_is_not_there_is_told() -> None:
    with pytest.raises(FileNotFoundError):
        resources.table("vocab/planets")
