"""The tables of a library against the truth files of a simulated cohort, read with csv alone."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tests.workflows.studies import bring
from workstation import cli
from workstation.core import edits
from workstation.core.clinical import Clinical
from workstation.core.edits import Step
from workstation.core.lesion import Progress, ReadingKey, Verdict
from workstation.store.library import Library
from workstation.workflows import tables


def rows_of(cohort: Path, name: str) -> list[dict[str, str]]:
    with open(cohort / "truth" / name, newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_tables_are_those_of_the_truth(library: Library, cohort: Path) -> None:
    bring(library, cohort)
    found = tables.count(library)
    scans, lesions, clinic = (rows_of(cohort, name) for name in ("scans.csv", "lesions.csv", "clinical.csv"))
    tumour = {row["patient"]: row["tumour"] for row in clinic}
    patient = {row["scan"]: row["patient"] for row in scans}
    visible = [row for row in lesions if row["visible"] == "1"]
    for name in set(tumour.values()):
        own = {row["patient"]: row for row in clinic if row["tumour"] == name}
        share = found.patients.status[name]
        assert share.malignant == sum(row["reference"] == "1" for row in own.values())
        assert share.total == len(own)
        of_tumour = [row for row in visible if patient[row["scan"]] in own]
        counted = found.patients.lesions[name]
        assert counted.malignant == sum(row["label"] == "malignant" for row in of_tumour)
        assert counted.benign == sum(row["label"] == "benign" for row in of_tumour)
        bad = {patient[row["scan"]] for row in of_tumour if row["label"] == "malignant"}
        assert found.patients.patients[name].malignant == len(bad)
    assert (found.flow.collected, found.flow.included, found.flow.excluded) == (len(scans), len(scans), {})
    assert found.simulated == len(scans)


def test_exclusions_of_clinic_and_readers(library: Library, cohort: Path) -> None:
    bring(library, cohort)
    ids = library.ids()
    rows = {row.scan: row for row in library.rows(ids)}
    first, second = ids[0], next(scan for scan in ids if rows[scan].patient != rows[ids[0]].patient)
    out = edits.judge("Exclude", Verdict(), progress=Progress.EXCLUDED, reason="picture quality")
    library.append(ReadingKey(first, "anna"), Step("edit", out), "anna")
    facts = library.clinical(rows[second].patient)
    library.tell_clinical(rows[second].patient, Clinical(**{**vars(facts), "excluded": "no follow-up"}), "x", "anna")
    of_second = sum(row.patient == rows[second].patient for row in rows.values())
    found = tables.count(library).flow
    assert found.excluded == {"no follow-up": of_second, "picture quality": 1}
    assert found.included == len(ids) - 1 - of_second


def test_the_command_writes_them(
    library: Library, cohort: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bring(library, cohort)
    call = ["tables", "--library", str(library.folder)]
    assert cli.main([*call, "--json", "--out", str(tmp_path / "out")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["flow"]["collected"] == len(library.ids())
    assert json.loads((tmp_path / "out" / "tables.json").read_text())["table1"] == told["table1"]
    with open(tmp_path / "out" / "table1.csv", newline="") as stream:
        row = next(row for row in csv.DictReader(stream) if (row["of"], row["tumour"]) == ("lesions", "total"))
    assert int(row["malignant"]) == told["table1"]["lesions"]["total"]["malignant"]
    with open(tmp_path / "out" / "flow.csv", newline="") as stream:
        steps = list(csv.DictReader(stream))
    included = [int(step["scans"]) for step in steps if step["step"] == "included"]
    assert included[0] == sum(included[1:])
    assert "<script" not in (tmp_path / "out" / "tables.html").read_text()
    assert cli.main(call) == 0
    assert "Collected" in capsys.readouterr().out
    (tmp_path / "file").touch()
    assert cli.main([*call, "--out", str(tmp_path / "file")]) == 2
    kept = sorted(library.folder.rglob("*"))
    (tmp_path / "link").symlink_to(library.folder / "pixels")
    for inside in (library.folder, library.folder / "tables", tmp_path / "link"):
        assert cli.main([*call, "--out", str(inside)]) == 2
    assert "inside a library" in capsys.readouterr().err and sorted(library.folder.rglob("*")) == kept
    assert cli.main(["tables", "--library", str(tmp_path / "nowhere")]) == 2


def test_an_empty_library_and_words_of_html(library: Library) -> None:
    found = tables.count(library)
    assert found.flow.collected == 0
    assert "Collected: 0 scans" in tables.as_text(found)
    assert ">nan" not in tables.as_html(found)


def test_who_is_in_conflict_is_named_and_the_flow_is_a_diagram(library: Library, cohort: Path) -> None:
    """Boxes are read as a browser would: text between tags, in its order."""
    bring(library, cohort)
    ids = library.ids()
    row = library.rows(ids)[0]
    against = 0 if row.reference else 3
    for scan in (one.scan for one in library.rows(ids) if one.patient == row.patient):
        judged = edits.judge("Grade", Verdict(), grade=against, progress=Progress.DONE)
        library.append(ReadingKey(scan, "anna"), Step("edit", judged), "anna")
    other = next(one for one in library.rows(ids) if one.patient != row.patient)
    out = edits.judge("Exclude", Verdict(), progress=Progress.EXCLUDED, reason="<b>moved</b>")
    library.append(ReadingKey(other.scan, "anna"), Step("edit", out), "anna")
    found = tables.count(library, "anna")
    assert row.patient in found.flow.conflicts
    page = tables.as_html(found)
    for text in (tables.as_text(found), page):
        (line,) = (line for line in re.sub("<[^>]*>", "\n", text).splitlines() if "disagree" in line)
        assert set(line.split(": ")[1].split(", ")) == set(found.flow.conflicts)
    boxes = [re.split("<br>", box) for box in re.findall(r'<table border="1"[^>]*><tr><td[^>]*>(.*?)</td>', page)]
    assert boxes[0] == ["Collected", f"{len(ids)} scans of {found.flow.collected_patients} patients"]
    assert boxes[1] == ["Excluded: 1 scan", "&lt;b&gt;moved&lt;/b&gt;: 1"]
    assert boxes[2] == ["Included", f"{len(ids) - 1} scans of {found.flow.included_patients} patients"]
    leaves = [int(line.rsplit(": ", 1)[1]) for box in boxes[3:] for line in box[1:]]
    assert sum(leaves) == len(ids) - 1
    assert page.count("<table") == page.count("</table>")
