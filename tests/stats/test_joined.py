"""A network's table of text joined to its snapshot's, and the words where they do not belong together."""

from __future__ import annotations

import math

import pytest

from workstation.stats.joined import join, join_overlaps

SCANS = {
    "scan": ["S1", "S2"], "patient": ["P1", "P2"], "tumour": ["lung", "breast"], "sex": ["M", ""], "age": ["71", ""],
}  # fmt: skip
LESIONS = {
    "scan": ["S1", "S1", "S1", "S2", "S2"],
    "label": ["malignant", "benign", "uncertain", "benign", "malignant"],
    "visible": ["1", "1", "1", "1", "0"],
}
TABLE = {
    "scan": ["S1", "S2", "S1", "S1"], "patient": ["P1", "P2", "P1", "P1"], "lesion": ["1", "1", "2", ""],
    "view": ["", "", "", "anterior"], "row": ["", "", "", "128"], "target": ["malignant"] * 3 + ["bladder"],
    "fold": ["0", "1", "0", "0"], "model": ["small-a/resnet50"] * 4, "score": ["0.9", "0.2", "0.4", "0.5"],
    "calibrated": ["0.8", "0.3", "0.45", "0.5"], "truth": ["1", "0", "0", "1"],
}  # fmt: skip


def test_a_table_is_joined() -> None:
    found = join(TABLE, SCANS, LESIONS, "malignant")
    assert found.model == "resnet50" and list(found.case) == ["S1/1", "S2/1", "S1/2"]
    assert list(found.patient) == ["P1", "P2", "P1"] and list(found.scan) == ["S1", "S2", "S1"]
    assert list(found.score) == [0.9, 0.2, 0.4] and list(found.truth) == [True, False, False]
    assert list(found.tumour) == ["lung", "breast", "lung"] and list(found.sex) == ["male", "", "male"]
    assert found.age[0] == 71 and math.isnan(found.age[1])
    assert list(found.lesions) == [2, 1, 2], "uncertain ones and what cannot be seen are not counted"
    chosen = join(TABLE, SCANS, LESIONS, "malignant", "calibrated", {0: 0.4, 1: 0.6}, "inner validation")
    assert list(chosen.score) == [0.8, 0.3, 0.45] and list(chosen.called) == [True, False, True]
    assert join(TABLE, SCANS, LESIONS, "bladder").case[0] == "S1/anterior/128"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"target": ["bladder"] * 4}, "no predictions of malignant"), ({"score": ["x"] * 4}, '"score" has what is no'),
        ({"model": ["a", "b", "a", "a"]}, "of a, b"), ({"scan": ["S1", "S3", "S1", "S1"]}, "no scan S3"),
        ({"lesion": ["1", "1", "1", ""]}, "twice"), ({"truth": ["1", "0", "2", "1"]}, "0 or 1"),
        ({"score": ["nan"] * 4}, "no numbers"),
    ],
)  # fmt: skip
def test_what_does_not_belong_together(changed: dict[str, list[str]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        join({**TABLE, **changed}, SCANS, LESIONS, "malignant")


def test_missing_columns_and_thresholds() -> None:
    with pytest.raises(ValueError, match='"truth"'):
        join({k: v for k, v in TABLE.items() if k != "truth"}, SCANS, LESIONS, "malignant")
    with pytest.raises(ValueError, match='"visible"'):
        join(TABLE, SCANS, {k: v for k, v in LESIONS.items() if k != "visible"}, "malignant")
    with pytest.raises(ValueError, match="fold 1 has no threshold"):
        join(TABLE, SCANS, LESIONS, "malignant", threshold={0: 0.5})


def overlap_table() -> dict[str, list[str]]:
    rows = [(s, c) for s in ("S2", "S1") for c in ("0.25", "0.5", "0.75")]
    return {
        "scan": [s for s, _ in rows], "patient": [s.replace("S", "P") for s, _ in rows],
        "target": ["metastasis"] * 6, "model": ["paper-c-segment/unet"] * 6, "threshold": [c for _, c in rows],
        "fold": ["1" if s == "S2" else "0" for s, _ in rows], "intersection": ["9", "8", "7", "3", "2", "1"],
        "predicted": ["30", "20", "10", "6", "5", "4"], "actual": ["10"] * 3 + ["0"] * 3,
    }  # fmt: skip


def test_overlaps_are_joined() -> None:
    found = join_overlaps(overlap_table(), "metastasis", {0: 0.25, 1: 0.7})
    assert list(found.scan) == ["S1", "S2"] and list(found.patient) == ["P1", "P2"] and list(found.fold) == [0, 1]
    assert found.thresholds == (0.25, 0.5, 0.75) and list(found.chosen) == [0, 2]
    assert found.pixels[1].tolist() == [[9, 30, 10], [8, 20, 10], [7, 10, 10]]
    assert found.dice()[1] == pytest.approx(14 / 20)
    table = overlap_table()
    with pytest.raises(ValueError, match="each threshold once"):
        join_overlaps({**table, "threshold": ["0.25", "0.5", "0.5", *table["threshold"][3:]]}, "metastasis")
    with pytest.raises(ValueError, match="no overlaps"):
        join_overlaps(table, "bladder")
