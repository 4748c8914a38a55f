"""The command line as its users and scripts know it: exit codes, one JSON value, words for people."""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.studies import cohort_folder, write_study, write_untold
from workstation import cli
from workstation.cli import main

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort_folder(tmp_path_factory)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_library_home: Path) -> Run:
    """Run a command in this process: (exit code, its one JSON value or its text, what it said on stderr)."""

    def run(*arguments: object) -> tuple[int, Any, str]:
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        out, err = capsys.readouterr()
        if "--json" in arguments and code < 2:
            assert out.count("\n") == 1
            return code, json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")), err
        return code, out, err

    return run


@pytest.fixture
def library(run: Run, cohort: Path, tmp_path: Path) -> Path:
    """The simulated cohort in a research library."""
    folder = tmp_path / "library"
    assert run("import", cohort, "--library", folder)[0] == 0
    return folder


def process(*arguments: object, **given: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workstation", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **given)


# --- info -------------------------------------------------------------------------------------------------------------


def test_info_tells_the_real_scan(run: Run, real_scan_path: Path) -> None:
    code, found, _ = run("info", real_scan_path, "--json")
    assert code == 0
    ((entry),) = found
    (view,) = entry["views"]
    assert (entry["path"], entry["accepted"], entry["reason"], entry["kind"]) == (
        str(real_scan_path), True, None, "whole-body",
    )  # fmt: skip
    expected = {"view": "anterior", "how": "private name", "frame": 1, "rows": 1024, "columns": 256}
    assert view | expected == view
    assert (view["sum"], view["max"], type(view["sum"]), type(view["max"])) == (3_596_452, 278, int, int)


def test_info_names_paths_inside_folders_and_zips_and_refuses_in_words(run: Run, tmp_path: Path) -> None:
    import zipfile

    (file,) = write_study(tmp_path / "in" / "deep")
    (tmp_path / "in" / "note.txt").write_text("no scan")
    with zipfile.ZipFile(tmp_path / "in" / "all.zip", "w") as archive:
        archive.write(file, "inner/wb.dcm")
    code, found, _ = run("info", tmp_path / "in", tmp_path / "absent", "--json")
    by_path = {entry["path"]: entry for entry in found}
    base = f"{tmp_path}/in"
    assert set(by_path) == {
        f"{base}/all.zip/inner/wb.dcm", f"{base}/deep/wb.dcm", f"{base}/note.txt", str(tmp_path / "absent"),
    }  # fmt: skip
    refused = [entry for entry in found if not entry["accepted"]]
    assert code == 1 and len(refused) == 2
    assert all(entry["views"] == [] and entry["reason"] for entry in refused)
    assert {view["view"] for view in by_path[f"{base}/deep/wb.dcm"]["views"]} == {"anterior", "posterior"}
    code, text, _ = run("info", tmp_path / "in")
    assert code == 1 and "refused" in text and "by view code" in text


def test_info_and_import_take_what_the_user_says_of_views_no_header_tells(run: Run, tmp_path: Path) -> None:
    file = write_untold(tmp_path / "in")
    code, (entry,), _ = run("info", file, "--json")
    assert (code, entry["accepted"]) == (1, False)
    code, (entry,), _ = run("info", file, "--sides", "posterior-anterior", "--json")
    assert code == 0
    assert [(view["frame"], view["view"], view["how"]) for view in entry["views"]] == [
        (1, "posterior", "user"), (2, "anterior", "user"),
    ]  # fmt: skip
    library = tmp_path / "library"
    assert run("import", file, "--library", library, "--json")[1]["scans"] == 0
    assert run("import", file, "--library", library, "--sides", "both", "--json")[1]["scans"] == 1
    (row,) = run("list", "--library", library, "--json")[1]
    assert (row["views"], row["how"]) == (["anterior", "posterior"], ["user", "user"])


# --- import, list -----------------------------------------------------------------------------------------------------


def test_import_counts_what_came(run: Run, cohort: Path, tmp_path: Path) -> None:
    with open(cohort / "truth" / "scans.csv", newline="") as stream:
        scans = list(csv.DictReader(stream))
    objects = len(list((cohort / "dicom").rglob("*.dcm")))
    code, said, _ = run("import", cohort, "--library", tmp_path / "library", "--json")
    assert (code, said["scans"], said["duplicates"], said["refused"]) == (0, len(scans), 0, [])
    assert said["labels"] > 0
    code, said, _ = run("import", cohort, "--library", tmp_path / "library", "--json")
    assert (code, said["scans"], said["duplicates"], said["labels"]) == (0, 0, objects, 0)


def test_a_refusal_is_exit_code_one_and_can_be_kept_as_a_table(run: Run, tmp_path: Path) -> None:
    write_study(tmp_path / "in")
    (tmp_path / "in" / "x.txt").write_text("x")
    code, said, _ = run(
        "import", tmp_path / "in", "--library", tmp_path / "lib", "--refused", tmp_path / "r.csv", "--json"
    )
    assert (code, said["scans"]) == (1, 1)
    assert [set(entry) for entry in said["refused"]] == [{"path", "reason"}]
    assert "x.txt" in (tmp_path / "r.csv").read_text()


def test_list_has_the_facts_of_the_contract(run: Run, library: Path, cohort: Path) -> None:
    code, rows, _ = run("list", "--library", library, "--json")
    with open(cohort / "truth" / "scans.csv", newline="") as stream:
        truth = {row["scan"]: row for row in csv.DictReader(stream)}
    assert code == 0 and {row["scan"] for row in rows} == set(truth)
    for row in rows:
        assert set(row) == {
            "scan", "patient", "day", "tumour", "sex", "age", "views", "how", "lesions", "malignant", "benign",
            "uncertain", "grade", "reference", "metastatic", "conflict", "status", "reader", "reason", "simulated",
        }  # fmt: skip
        assert row["simulated"] is True
        assert row["views"] == ["anterior", "posterior"] and len(row["how"]) == 2
        assert (row["status"], row["reader"], str(row["grade"])) == ("done", "truth", truth[row["scan"]]["grade"])
        assert type(row["lesions"]) is int and row["lesions"] == row["malignant"] + row["benign"] + row["uncertain"]
    code, text, _ = run("list", "--library", library)
    lines = text.splitlines()
    assert lines[0].startswith("scan") and len(lines) == len(rows) + 1


def test_keep_identity_is_clinical(run: Run, tmp_path: Path) -> None:
    write_study(tmp_path / "in", patient_id="MRN-1")
    run("import", tmp_path / "in", "--library", tmp_path / "a", "--keep-identity")
    run("import", tmp_path / "in", "--library", tmp_path / "b", "--kind", "clinical")
    run("import", tmp_path / "in", "--library", tmp_path / "c")
    patients = [run("list", "--library", tmp_path / name, "--json")[1][0]["patient"] for name in "abc"]
    assert patients[:2] == ["MRN-1", "MRN-1"] and "MRN" not in patients[2]
    code, _, words = run("import", tmp_path / "in", "--library", tmp_path / "c", "--keep-identity")
    assert code == 2 and "research library already" in words


def test_the_library_may_come_from_the_environment(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, words = run("list", "--json")
    assert code == 2 and "OSTEOSCOPE_LIBRARY" in words
    monkeypatch.setenv("OSTEOSCOPE_LIBRARY", str(library))
    assert run("list", "--json")[1]


# --- annotate ---------------------------------------------------------------------------------------------------------


def annotate(run: Run, monkeypatch: pytest.MonkeyPatch, lines: str, *arguments: object) -> tuple[int, Any, str]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    code, out, err = run("annotate", *arguments)
    return code, [json.loads(line) for line in out.splitlines()], err


def test_annotate_answers_line_by_line(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = run("list", "--library", library, "--json")[1][0]["scan"]
    where = ("--library", library, "--scan", scan, "--reader", "anna")
    good = '{"do": "add", "view": "anterior", "polygon": [[10, 5], [10, 8], [14, 8], [14, 5]], "label": "malignant"}'
    code, (answer,), _ = annotate(run, monkeypatch, good + "\n", *where)
    assert (code, set(answer), answer["n"], answer["ok"]) == (0, {"n", "ok", "lesion", "reason"}, 1, True)
    delete = json.dumps({"do": "delete", "lesion": answer["lesion"]})
    code, answers, _ = annotate(run, monkeypatch, f"nonsense\n{delete}", *where)
    assert code == 1 and [item["ok"] for item in answers] == [False, True]
    rows = run("list", "--library", library, "--reader", "anna", "--json")[1]
    assert {row["scan"]: row["reader"] for row in rows}[scan] == "anna"
    # The truth still stands for the scan where nobody asks for a reader: it was there first.
    assert {row["scan"]: row["reader"] for row in run("list", "--library", library, "--json")[1]}[scan] == "truth"
    assert annotate(run, monkeypatch, good, "--library", library, "--scan", "S0")[0] == 2


def test_a_library_written_to_elsewhere_is_told(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workstation.store.library import Library

    scan = run("list", "--library", library, "--json")[1][0]["scan"]
    open_elsewhere = Library.open(library)
    code, answers, words = annotate(run, monkeypatch, '{"do": "undo"}', "--library", library, "--scan", scan)
    assert (code, answers) == (3, []) and "open in another program" in words
    assert run("list", "--library", library, "--json")[0] == 0
    assert run("verify", "--library", library, "--json")[0] == 0
    open_elsewhere.close()


# --- export, verify, backup, phantom ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "png", "nifti"])
def test_export(run: Run, library: Path, tmp_path: Path, form: str) -> None:
    code, said, _ = run("export", "--library", library, "--out", tmp_path / "out", "--format", form, "--json")
    lesions = sum(row["lesions"] for row in run("list", "--library", library, "--json")[1])
    assert (code, said["lesions"], said["files"]) == (0, lesions, len(list((tmp_path / "out").iterdir())))


def test_verify_finds_what_was_tampered_with(run: Run, library: Path) -> None:
    code, said, _ = run("verify", "--library", library, "--json")
    assert (code, said["ok"], said["problems"]) == (0, True, []) and said["rows"] > 0
    assert run("verify", "--library", library, "--head", said["head"])[0] == 0
    code, said, _ = run("verify", "--library", library, "--head", "0" * 64, "--json")
    assert code == 1 and not said["ok"] and said["problems"]
    pixels = sorted((library / "pixels").rglob("*.npy"))[0]
    pixels.write_bytes(pixels.read_bytes()[:-1] + b"\xff")
    code, said, _ = run("verify", "--library", library, "--json")
    assert code == 1 and pixels.name in said["problems"][0]
    database = library / "library.db"
    database.write_bytes(database.read_bytes()[:5000])
    code, said, _ = run("verify", "--library", library, "--json")
    assert code == 1 and said["problems"]


def test_a_backup_is_the_library_again(run: Run, library: Path, tmp_path: Path) -> None:
    from workstation.store.library import Library

    code, said, _ = run("backup", "--library", library, "--out", tmp_path / "b.zip", "--json")
    assert (code, said["file"], said["bytes"]) == (0, str(tmp_path / "b.zip"), (tmp_path / "b.zip").stat().st_size)
    Library.restore(tmp_path / "b.zip", tmp_path / "again").close()
    listed = [run("list", "--library", folder, "--json")[1] for folder in (library, tmp_path / "again")]
    assert listed[0] == listed[1]
    assert run("backup", "--library", library, "--out", library / "b.zip")[0] == 2


def test_phantom_makes_a_cohort(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("phantom", "demo", "--out", tmp_path / "c", "--patients", "1", "--seed", "5", "--json")
    assert code == 0 and {"scans", "lesions", "malignant", "seconds", "best_auc"} <= set(said)
    assert (tmp_path / "c" / "truth" / "scans.csv").is_file()
    assert run("phantom", "moon", "--out", tmp_path / "d")[0] == 2


# --- What goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("fly",), ("info",), ("import", "x"), ("list", "--library", "absent"), ("annotate", "--library", "absent"),
        ("annotate", "--library", "absent", "--scan", "S"), ("export", "--library", "absent", "--out", "x"),
        ("export", "--library", "absent", "--out", "x", "--format", "coco"), ("verify", "--library", "absent"),
        ("backup", "--library", "absent", "--out", "x"), ("phantom", "demo"), ("list", "--bogus"),
        ("import", "x", "--library", "y", "--clinical", "z.csv"), ("import", "x", "--library", "y", "--labels", "z"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_exit_code_two_with_words(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, words = run(*arguments)
    assert (code, out) == (2, "") and words.strip()


def test_a_mistake_of_ours_is_one_sentence_and_a_place_in_the_log(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch, tmp_library_home: Path
) -> None:
    from workstation.workflows import listing

    def broken(*_: object) -> None:
        raise RuntimeError("^".join(("Patient", "Name")))

    monkeypatch.setattr(listing, "scans", broken)
    code, out, words = run("list", "--library", library, "--json")
    log = tmp_library_home / "osteoscope.log"
    assert (code, out, words.count("\n")) == (3, "", 1) and str(log) in words and "RuntimeError" in words
    assert "in broken" in log.read_text() and "Patient^Name" not in log.read_text() + words


def test_a_reader_that_goes_away_is_no_error(library: Path) -> None:
    command = f"{sys.executable} -m workstation list --library {library} --json | head -c 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[", "")


def test_text_from_files_cannot_move_the_cursor(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2Jb.txt").write_text("x")
    code, text, _ = run("info", tmp_path)
    assert code == 1 and "\x1b" not in text
    assert cli.plain("é骨\x07\u202e") == "é骨??"


def test_help_and_the_parser_load_nothing_slow() -> None:
    code = (
        "import sys; from workstation import cli; cli.build_parser().format_help();"
        "slow = {'numpy', 'pydicom', 'sqlite3', 'sqlite_utils', 'scipy', 'PySide6', 'PIL', 'multiprocessing'};"
        "sys.exit(str(slow & set(sys.modules)) if slow & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_without_a_display_it_says_so() -> None:
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    bare.pop("QT_QPA_PLATFORM", None)
    if sys.platform != "linux":
        pytest.skip("only here can Qt not open a window")
    done = process(env=bare)
    assert done.returncode == 3 and "no display" in done.stderr and "--headless" in done.stderr


def test_the_whole_way_in_processes_of_their_own(tmp_path: Path, tmp_library_home: Path) -> None:
    write_study(tmp_path / "in")
    library = tmp_path / "library"
    assert json.loads(process("import", tmp_path / "in", "--library", library, "--json").stdout)["scans"] == 1
    (row,) = json.loads(process("list", "--library", library, "--json").stdout)
    line = '{"do": "click", "view": "anterior", "at": [35, 15]}\n'
    answer = process("annotate", "--library", library, "--scan", row["scan"], "--reader", "anna", input=line)
    assert json.loads(answer.stdout)["ok"], answer.stdout
    assert json.loads(process("verify", "--library", library, "--json").stdout)["ok"]


def test_a_library_named_before_the_command_is_not_undone_by_it() -> None:
    """Else the opening of sealed patients would not be counted in it."""

    def commands(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
        for action in parser._actions:
            if "--library" in action.option_strings and words:
                yield words, action.default is argparse.SUPPRESS
            if isinstance(action, argparse._SubParsersAction):
                for name, under in action.choices.items():
                    yield from commands(under, (*words, name))

    kept = dict(commands(cli.build_parser(), ()))
    assert all(kept.values()), [words for words, good in kept.items() if not good]
    assert {("evaluate",), ("model", "use"), ("snapshot",)} <= set(kept)
    assert cli.build_parser().parse_args(["--library", "L", "evaluate", "R", "--final"]).library == Path("L")
