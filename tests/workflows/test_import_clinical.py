"""Tables of clinical facts as people save them: what goes in, what is refused line by line, and that days stay true."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.studies import bring, write_study
from workstation import cli
from workstation.core.clinical import Clinical, Measured
from workstation.core.lesion import Progress
from workstation.store.library import Library
from workstation.workflows import clinical_csv, clinical_values, identity
from workstation.workflows.clinical_values import ValueTrouble
from workstation.workflows.errors import CallError

ACQUIRED = datetime(2021, 3, 4, 10, 30)
HEAD = "patient,tumour,sex,birth_year,treatment_start,reference,reference_evidence,reference_date,alp,alp_date,excluded"
LINE = "ID-one,prostate,M,1951,2021-02-01,1,biopsy,2021-05-06,180.5,2021-03-01,"


@pytest.fixture
def two(tmp_path: Path, library: Library) -> Library:
    """A research library of patients ID-one and ID-two."""
    for name in ("one", "two"):
        write_study(tmp_path / "in" / name, name, acquired=ACQUIRED, age=70)
    assert bring(library, tmp_path / "in").scans == 2
    return library


def table(folder: Path, text: str, encoding: str = "utf-8") -> clinical_csv.ClinicalTable:
    file = folder / "clinical.csv"
    file.write_bytes(text.encode(encoding))
    return clinical_csv.load(file)


def facts_of(library: Library, original: str) -> tuple[Clinical, str, int]:
    """Facts, name in the library, and days moved, of a patient by the identifier it came with."""
    known = identity.load(library.id)
    assert known is not None
    (person,) = known.known_as(original)
    return library.clinical(person.research), person.research, person.days


def test_days_move_with_the_patient_so_that_intervals_stay_true(two: Library, tmp_path: Path) -> None:
    result = bring(two, clinical=table(tmp_path, f"{HEAD}\n{LINE}\n"))
    assert (result.clinical, result.refused) == (1, ())
    facts, name, days = facts_of(two, "ID-one")
    (row,) = two.of_patient(name)
    assert days < 0
    scanned = date.fromisoformat(row.day or "")
    for kept, true in (
        (facts.treatment_start, date(2021, 2, 1)), (facts.reference_date, date(2021, 5, 6)),
        (facts.alp[0].day, date(2021, 3, 1)),
    ):  # fmt: skip
        assert date.fromisoformat(kept or "") - scanned == true - ACQUIRED.date()
        assert date.fromisoformat(kept or "") == true + timedelta(days)
    assert abs(int((row.day or "")[:4]) - (facts.birth_year or 0) - 70) <= 1
    assert (row.tumour, row.sex, row.reference, row.age) == ("prostate", "M", 1, 70)
    assert (facts.reference_by, facts.alp[0].value) == ("table", 180.5)
    assert two.verify().ok
    # Nothing of the original is in the library's folder.
    for file in two.folder.rglob("*"):
        assert not file.is_file() or b"ID-one" not in file.read_bytes()


def test_the_librarys_own_name_comes_with_the_librarys_days(two: Library, tmp_path: Path) -> None:
    _, name, _ = facts_of(two, "ID-one")
    bring(two, clinical=table(tmp_path, f"patient;treatment_start\n{name};2015-02-03\n"))
    assert two.clinical(name).treatment_start == "2015-02-03"


def test_twice_is_as_good_as_once(two: Library, tmp_path: Path) -> None:
    facts = table(tmp_path, f"{HEAD}\n{LINE}\n")
    bring(two, clinical=facts)
    before = two.verify()
    again = bring(two, clinical=facts)
    assert (again.clinical, again.refused) == (0, ())
    assert two.verify() == before


def test_an_empty_cell_takes_nothing_back_and_a_corrected_table_corrects(two: Library, tmp_path: Path) -> None:
    bring(two, clinical=table(tmp_path, f"{HEAD}\n{LINE}\n"))
    bring(two, clinical=table(tmp_path, "patient,tumour,reference\nID-one,lung,\n"))
    facts, name, _ = facts_of(two, "ID-one")
    assert (facts.tumour, facts.reference, facts.reference_evidence) == ("lung", 1, "biopsy")
    bring(two, clinical=table(tmp_path, "patient,reference\nID-one,0\n"))
    facts = two.clinical(name)
    assert (facts.reference, facts.reference_evidence, facts.reference_date) == (0, None, None)
    two.undo_clinical(name, "anna")
    assert two.clinical(name).reference_evidence == "biopsy"


def test_a_persons_reference_is_not_overruled(two: Library, tmp_path: Path) -> None:
    _, name, _ = facts_of(two, "ID-one")
    two.tell_clinical(name, Clinical(reference=0, reference_by="physician"), "Reference", "dr")
    result = bring(two, clinical=table(tmp_path, f"{HEAD}\n{LINE}\n"))
    assert (result.clinical, len(result.refused)) == (0, 1)
    assert "a person has entered" in result.refused[0].reason
    assert two.clinical(name) == Clinical(reference=0, reference_by="physician")


def test_several_blood_tests_of_one_patient(two: Library, tmp_path: Path) -> None:
    text = "patient,alp,alp_date\nID-one,80,2021-01-01\nID-one,95,2021-06-01\nID-one,81,2021-01-01\n"
    result = bring(two, clinical=table(tmp_path, text))
    assert result.clinical == 2
    (refused,) = result.refused
    assert refused.path.endswith("line 4")
    assert "line 2 says otherwise" in refused.reason
    facts, _, days = facts_of(two, "ID-one")
    assert [each.value for each in facts.alp] == [80.0, 95.0]
    assert facts.alp[1].day == (date(2021, 6, 1) + timedelta(days)).isoformat()


def test_an_exclusion_shows_in_the_list(two: Library, tmp_path: Path) -> None:
    bring(two, clinical=table(tmp_path, "patient,excluded\nID-one,quality\nID-two,0\n"))
    _, one, _ = facts_of(two, "ID-one")
    _, other, _ = facts_of(two, "ID-two")
    (row,), (unharmed,) = two.of_patient(one), two.of_patient(other)
    assert (row.status, row.reason) == (Progress.EXCLUDED, "picture quality")
    assert unharmed.status is Progress.NEW


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("NOBODY,lung,,,,,,,,,", "no patient of that name or identifier"),
        (",lung,,,,,,,,,", "names no patient"),
        ("ID-one,liver,,,,,,,,,", "tumour is lung, prostate, breast, other, not 'liver'"),
        ("ID-one,,X,,,,,,,,", "sex is M, F or O"),
        ("ID-one,,,51,,,,,,,", "birth_year is a year"),
        ("ID-one,,,19511,,,,,,,", "birth_year is a year"),
        ("ID-one,,,,03.02.2021,,,,,,", "may be two days"),
        ("ID-one,,,,02/03/2021,,,,,,", "may be two days"),
        ("ID-one,,,,2021-02-30,,,,,,", "a day that never was"),
        ("ID-one,,,,2100-01-01,,,,,,", "lies in the future"),
        ("ID-one,,,,,1,biopsy,2099-01-01,,,", "lies in the future"),
        ("ID-one,,,,1.13.2021,,,,,,", "no date in the form"),
        ("ID-one,,,,5.3.21,,,,,,", "no date in the form"),
        ("ID-one,,,,yesterday,,,,,,", "no date in the form"),
        ("ID-one,,,,0001-01-01,,,,,,", "a day that never was"),
        ("ID-one,,,,,2,,,,,", "reference is 0 or 1, not '2'"),
        ("ID-one,,,,,,biopsy,,,,", "reference_evidence is given, but no reference"),
        ("ID-one,,,,,,,,high,,", "alp is a number"),
        ("ID-one,,,,,,,,-5,,", "alp is a number"),
        ("ID-one,,,,,,,,nan,,", "alp is a number"),
        ('ID-one,,,,,,,,"1,234",,', "may be two numbers"),
        ("ID-one,,,,,,,,99999999,,", "at most"),
        ("ID-one,,,,,,,,,2021-03-01,", "alp_date is given, but no alp"),
        ("ID-one,,,,,,,,12,5,2021-03-01,quality", "more cells than the first line"),
        ("ID-one,,,,,,,,,," + "x" * 300, "at most 200 letters"),
    ],
)
def test_a_bad_line_is_refused_and_the_rest_goes_in(two: Library, tmp_path: Path, line: str, why: str) -> None:
    result = bring(two, clinical=table(tmp_path, f"{HEAD}\n{line}\nID-two,breast,F,,,,,,,,\n"))
    (refused,) = result.refused
    assert refused.path.endswith("clinical.csv: line 2")
    assert why in refused.reason
    assert "ID-one" not in refused.reason
    assert "NOBODY" not in refused.reason
    assert facts_of(two, "ID-one")[0] == Clinical()  # nothing of the line
    assert facts_of(two, "ID-two")[0].tumour == "breast"
    assert result.clinical == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    """Python's own writer of CSV, in what spreadsheets save."""
    evidence = "\u9aa8\u7a7f\u523a" if encoding == "gb18030" else "R\u00f6ntgen, Biopsie"
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator, lineterminator="\r\n")
    writer.writerow(["Patient", "Reference", "reference evidence", "ALP"])
    writer.writerow(["ID-one", "1", evidence, "12,5"])
    found = table(tmp_path, stream.getvalue(), encoding)
    (row,) = found.rows
    assert dict(row.cells) == {"patient": "ID-one", "reference": "1", "reference_evidence": evidence, "alp": "12,5"}
    assert found.comma
    said = clinical_values.read(row.cells, found.comma)
    assert said.alp == Measured("", 12.5)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "names nothing"),
        (b"\n\n", "names nothing"),
        (b"name,colour\nx,red\n", "no table of clinical facts"),
        (b"patient\nx\n", "at least one of"),
        (b"patient,tumour,tumor\nx,lung,lung\n", "twice"),
        (b"\x00\x01\x02\xff" * 50, "no table"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no table"),
        (b"patient,tumour\nx," + b"y" * 200_000, "no table"),
    ],
)
def test_what_is_no_table_is_said_before_anything_is_done(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(CallError, match=why):
        clinical_csv.load(tmp_path / "x.csv")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_told(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "x.csv"
    for head in (b"", b"patient,alp\n"):
        file.write_bytes(head + data)
        try:
            rows = clinical_csv.load(file).rows
        except CallError:
            continue
        for row in rows:
            try:
                clinical_values.read(row.cells, False)
            except ValueTrouble:
                continue


@given(st.dates(date(1900, 1, 1), date(2025, 12, 31)))
def test_a_day_is_read_in_any_order_that_makes_one_date(day: date) -> None:
    def read(text: str) -> str:
        value = clinical_values.read({"treatment_start": text}, False).fields["treatment_start"]
        assert isinstance(value, str)
        return value

    for form in ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00"):
        assert read(day.strftime(form)) == day.isoformat()
    for form in ("%d.%m.%Y", "%d/%m/%Y"):
        if day.day > 12 or day.day == day.month:
            assert read(day.strftime(form)) == day.isoformat()
        else:
            with pytest.raises(ValueTrouble, match="two days"):
                read(day.strftime(form))


def test_unknown_columns_are_named(two: Library, tmp_path: Path) -> None:
    result = bring(two, clinical=table(tmp_path, "patient,tumour,shoe size,mood\nID-one,lung,43,good\n"))
    assert result.clinical == 1
    assert any("shoe size, mood" in told.reason for told in result.told)


def test_a_cohort_brings_its_clinical_facts(library: Library, cohort: Path) -> None:
    with open(cohort / "truth" / "clinical.csv", newline="") as stream:
        truth = list(csv.DictReader(stream))
    result = bring(library, cohort)
    assert (result.clinical, result.refused) == (len(truth), ())
    with open(cohort / "truth" / "scans.csv", newline="") as stream:
        patients = {row["scan"]: row["patient"] for row in csv.DictReader(stream)}
    by_patient = {row["patient"]: row for row in truth}
    for row in library.rows(library.ids()):
        assert str(row.reference) == by_patient[patients[row.scan]]["reference"]
    for told in truth:
        facts, name, days = facts_of(library, told["patient"])
        last = max(row.day or "" for row in library.of_patient(name))
        assert facts.reference_date == last  # the reference is the truth on the day of the last scan
        assert (facts.psa[0].value if facts.psa else None) == (float(told["psa"]) if told["psa"] else None)
    assert library.verify().ok


def test_a_key_elsewhere_leaves_the_librarys_own_names(
    two: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, name, _ = facts_of(two, "ID-one")
    monkeypatch.setenv("OSTEOSCOPE_HOME", str(tmp_path / "elsewhere"))
    result = bring(two, clinical=table(tmp_path, f"patient,tumour\n{name},lung\nID-two,breast\n"))
    assert result.clinical == 1
    assert ["key" in told.reason for told in result.refused] == [True]


def test_the_command(two: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(tmp_path, f"{HEAD}\n{LINE}\nNOBODY,lung,,,,,,,,,\n")
    folder = two.folder
    two.close()
    call = ["import", "--clinical", str(tmp_path / "clinical.csv"), "--library", str(folder), "--json"]
    assert cli.main(call) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["clinical"], told["scans"], len(told["refused"])) == (1, 0, 1)
    assert cli.main(["list", "--library", str(folder), "--json"]) == 0
    assert sorted(str(row["reference"]) for row in json.loads(capsys.readouterr().out)) == ["1", "None"]
    assert cli.main(["import", "--clinical", str(tmp_path / "none.csv"), "--library", str(folder)]) == 2
    assert cli.main(["import", "--library", str(folder)]) == 2
    assert cli.main([*call[:3], "--library", str(tmp_path / "new")]) == 2
    assert not (tmp_path / "new").exists()
