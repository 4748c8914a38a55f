"""`osteoscope queue`, and what roles and blinding mean to somebody at the command line."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.made_scans import make_library
from workstation.cli import main
from workstation.core.lesion import ReadingKey
from workstation.core.people import Person, Role
from workstation.store.library import Library
from workstation.store.queues import Queue
from workstation.workflows.queueing import made_on

Run = Callable[..., tuple[int, Any, str]]
CLICK = {"do": "click", "view": "anterior", "at": [400, 160]}
SQUARE = {"do": "add", "view": "anterior", "polygon": [[300, 100], [300, 110], [310, 110], [310, 100]]}


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_library(tmp_path_factory.mktemp("eight") / "library", 8)


@pytest.fixture
def folder(eight: Path, tmp_path: Path, tmp_library_home: Path) -> Path:
    return Path(shutil.copytree(eight, tmp_path / "library"))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Run:
    """A command on the library, with these edits on stdin: (exit code, JSON value or text, words on stderr)."""

    def run(*arguments: object, edits: list[dict[str, Any]] | None = None) -> tuple[int, Any, str]:
        lines = "".join(json.dumps(edit) + "\n" for edit in edits or ())
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
        capsys.readouterr()
        code = main([*(str(argument) for argument in arguments), "--library", str(folder)])
        out, err = capsys.readouterr()
        return code, json.loads(out) if "--json" in arguments and out else out, err

    return run


def cases(folder: Path, reader: str) -> list[tuple[str, int]]:
    library = Library.open(folder, read_only=True)
    queue = library.open_queue(reader)
    assert queue is not None
    items = [(item.key.scan, item.key.round) for item in library.queue_items(queue.id)]
    library.close()
    return items


def test_a_team_shares_the_scans_and_a_second_reader_reads_a_part_again(run: Run, folder: Path) -> None:
    code, told, _ = run(
        "queue", "new", "--annotator", "anna", "--annotator", "ben=physician", "--deal", "--second", "carl",
        "--second-share", 50, "--seed", 7, "--repeats", 25, "--gap", 2, "--json",
    )  # fmt: skip
    assert code == 0
    by = {queue["reader"]: queue for queue in told["queues"]}
    assert {name: (queue["role"], queue["blinded"]) for name, queue in by.items()} == {
        "anna": ("annotator", True), "ben": ("physician", False), "carl": ("annotator", True),
    }  # fmt: skip
    anna, ben, carl = (cases(folder, name) for name in ("anna", "ben", "carl"))
    patient = {f"S{number:03d}": number // 2 for number in range(8)}
    first = {name: [scan for scan, at in queue if at == 1] for name, queue in (("a", anna), ("b", ben), ("c", carl))}
    assert sorted(first["a"] + first["b"]) == sorted(patient), "dealt: every scan to one of them"
    assert not {patient[scan] for scan in first["a"]} & {patient[scan] for scan in first["b"]}
    assert len(first["a"]) == len(first["b"]) == len(first["c"]) == 4
    assert [at for _, at in ben] == [1] * 4, "nothing comes back where all can be seen"
    assert Counter(at for _, at in anna) == {1: 4, 2: 1} == Counter(at for _, at in carl)
    assert by["anna"]["repeats"] == 1 and by["anna"]["total"] == 5 and by["anna"]["done"] == 0
    assert by["anna"]["hours_left"] is None and by["anna"]["lesions_per_hour"] is None, "not known yet"
    assert (by["anna"]["seed"], by["anna"]["order"], by["anna"]["share"], by["anna"]["gap"]) == (7, "random", 0.25, 2)


def test_the_same_seed_gives_the_same_queue_and_another_one_another(run: Run, folder: Path, tmp_path: Path) -> None:
    for name, seed in (("a1", 1), ("a2", 1), ("b", 2)):
        assert run("queue", "new", "--annotator", name, "--seed", seed, "--repeats", "12.5%", "--gap", 3)[0] == 0
    assert cases(folder, "a1") == cases(folder, "a2") != cases(folder, "b")
    assert run("queue", "new", "--annotator", "c", "--order", "import", "--scan", "S004", "--scan", "S001")[0] == 0
    assert [scan for scan, _ in cases(folder, "c")] == ["S001", "S004"]
    assert run("queue", "new", "--annotator", "d", "--tumour", "breast", "--status", "new")[0] == 0
    assert sorted(scan for scan, _ in cases(folder, "d")) == ["S004", "S005"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Name at least one person"),
        (["--annotator", "anna=king"], "annotator, physician, adjudicator, researcher"),
        (["--annotator", " "], "needs a name"),
        (["--annotator", "truth"], "no person"),
        (["--annotator", "anna", "--second", "anna"], "named twice"),
        (["--annotator", "anna", "--second", "ben", "--second-share", "0"], "above 0"),
        (["--annotator", "anna", "--scan", "S9"], "no scan S9"),
        (["--annotator", "anna", "--tumour", "skin"], "lung, prostate"),
        (["--annotator", "anna", "--status", "odd"], "in progress"),
        (["--annotator", "anna", "--gap", "0"], "at least one"),
        (["--annotator", "anna", "--seed", "-1"], "0 or more"),
    ],
)
def test_what_is_asked_wrongly_makes_no_queue_at_all(run: Run, folder: Path, arguments: list[str], words: str) -> None:
    code, _, said = run("queue", "new", *arguments)
    assert code == 2 and words in said
    library = Library.open(folder, read_only=True)
    assert not library.queues() and not library.people()
    library.close()


def test_who_has_a_queue_gets_no_second_and_nobody_else_gets_one_then(run: Run, folder: Path) -> None:
    assert run("queue", "new", "--annotator", "anna")[0] == 0
    code, _, said = run("queue", "new", "--annotator", "ben", "--second", "anna")
    assert code == 3 and "anna has a queue" in said
    assert [queue["reader"] for queue in run("queue", "status", "--json")[1]["queues"]] == ["anna"]
    assert run("queue")[0] == 2


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone cannot be changed within a process")
def test_the_day_a_queue_was_made_is_the_day_here(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue("Q1", 1, "2026-11-20T20:30:00.000+00:00", "anna", "anna", True, {}, False)
    try:
        for zone, day in (("UTC", "2026-11-20"), ("CST-8", "2026-11-21"), ("PST8", "2026-11-20")):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert made_on(queue) == day
    finally:
        monkeypatch.undo()
        time.tzset()


def test_status_is_what_was_read_and_when(run: Run, folder: Path) -> None:
    """Two cases of eight done, three lesions: pace and hours left by the times in the history."""
    run("queue", "new", "--annotator", "anna", "--order", "import", "--repeats", 0)
    edits = [SQUARE, CLICK, {"do": "done"}]
    assert run("annotate", "--scan", "S000", "--reader", "anna", edits=edits)[0] == 0
    assert run("annotate", "--scan", "S001", "--reader", "anna", edits=[SQUARE, {"do": "done"}, {"do": "done"}])[0] == 1
    assert run("annotate", "--scan", "S002", "--reader", "ben", edits=[SQUARE, {"do": "done"}])[0] == 0, "another's"
    (queue,) = run("queue", "status", "--json")[1]["queues"]
    assert (queue["done"], queue["total"], queue["lesions"]) == (2, 8, 3)
    library = Library.open(folder, read_only=True)
    with library._connections.reading() as connection:
        rows = connection.execute("SELECT at FROM history WHERE reader = 'anna' AND round > 0 ORDER BY seq").fetchall()
    library.close()
    times = [datetime.fromisoformat(at).timestamp() for (at,) in rows]
    hours = (times[-1] - times[0]) / 3600
    assert len(times) == 5 and queue["hours"] == pytest.approx(hours)
    assert queue["lesions_per_hour"] == pytest.approx(3 / hours)
    assert queue["hours_left"] == pytest.approx(6 * hours / 2)
    text = run("queue", "status")[1]
    assert "anna" in text and f"{3 / hours:,.0f}" in text


def test_a_blinded_reader_is_told_nothing_of_others_at_the_command_line(
    run: Run, folder: Path, tmp_path: Path, tmp_library_home: Path
) -> None:
    run("annotate", "--scan", "S000", "--reader", "anna", edits=[SQUARE, CLICK, {"do": "grade", "grade": 3}])
    run("queue", "new", "--annotator", "anna=physician", "--second", "carl", "--second-share", 100, "--repeats", 0)
    assert {row["lesions"] for row in run("list", "--json")[1]} == {0, 2}
    assert {row["lesions"] for row in run("list", "--reader", "carl", "--json")[1]} == {0}, "not the first's instead"
    assert run("export", "--reader", "carl", "--out", tmp_path / "own", "--format", "csv", "--json")[1]["lesions"] == 0
    (tmp_library_home / "settings.json").write_text(json.dumps({"reader": "carl"}))  # as the window signs in
    assert {(row["lesions"], row["grade"], row["reader"]) for row in run("list", "--json")[1]} == {(0, None, None)}
    assert run("check", "--json")[1]["readings"] == 0
    assert [queue["reader"] for queue in run("queue", "status", "--json")[1]["queues"]] == ["carl"]
    assert run("export", "--out", tmp_path / "all", "--format", "csv", "--json")[1]["lesions"] == 0
    for command in (["list"], ["tables"], ["check"], ["export", "--out", tmp_path / "x", "--format", "csv"]):
        code, out, said = run(*command, "--reader", "anna")
        assert (code, out) == (2, "") and "carl reads blinded" in said
    assert run("annotate", "--scan", "S000", "--reader", "carl", edits=[SQUARE])[0] == 0
    assert run("export", "--out", tmp_path / "mine", "--format", "csv", "--json")[1]["lesions"] == 1
    rows = csv.DictReader((tmp_path / "mine" / "lesions.csv").read_text("utf-8").splitlines())
    assert [row["reader"] for row in rows] == ["carl"]


def test_a_case_that_has_come_back_is_read_in_its_second_round(run: Run, folder: Path) -> None:
    run("queue", "new", "--annotator", "anna", "--order", "import", "--repeats", 13, "--gap", 7, "--seed", 1)
    order = cases(folder, "anna")
    (scan,) = {scan for scan, at in order if at == 2}
    for each, _ in order[:-1]:
        assert run("annotate", "--scan", each, "--reader", "anna", edits=[SQUARE, {"do": "done"}])[0] == 0
    assert order[-1] == (scan, 2)
    assert run("annotate", "--scan", scan, "--reader", "anna", edits=[CLICK, {"do": "done"}])[0] == 0
    library = Library.open(folder, read_only=True)
    counts = [len(library.session(ReadingKey(scan, "anna", at)).reading.lesions) for at in (1, 2)]
    library.close()
    assert counts == [1, 1]
    (queue,) = run("queue", "status", "--json")[1]["queues"]
    assert queue["done"] == queue["total"] == 9 and queue["hours_left"] == 0 and not math.isnan(queue["hours"])


def test_nobody_annotates_as_what_is_no_person(run: Run) -> None:
    for name in ("adjudicated", "truth"):
        code, _, said = run("annotate", "--scan", "S000", "--reader", name, edits=[SQUARE])
        assert code == 2 and f"{name} is no person" in said


def give_role(folder: Path, name: str, role: Role) -> None:
    library = Library.open(folder)
    library.tell_role(Person(name, role), name)
    library.close()


def test_the_reference_is_imported_by_role(run: Run, folder: Path, tmp_path: Path) -> None:
    """As long as nobody has a role anybody may; then physicians and researchers, and everybody all other facts."""
    library = Library.open(folder, read_only=True)
    patients = sorted(library.patients())
    library.close()
    given = tmp_path / "clinical.csv"

    def bring(reader: str, *lines: str) -> tuple[int, Any]:
        given.write_text("patient,psa,psa_date,reference\n" + "".join(f"{line}\n" for line in lines), "utf-8")
        return run("import", "--clinical", given, "--reader", reader, "--json")[:2]

    assert bring("anna", f"{patients[0]},,,1")[0] == 0, "nobody has a role yet"
    give_role(folder, "anna", Role.ANNOTATOR)
    give_role(folder, "ruth", Role.RESEARCHER)
    give_role(folder, "paul", Role.PHYSICIAN)
    code, told = bring("anna", f"{patients[0]},3.5,2020-01-01,1", f"{patients[1]},,,1", f"{patients[2]},4,2020-01-01,")
    assert code == 1 and told["clinical"] == 2, "the same verdict again is no new one"
    (refused,) = told["refused"]
    assert "line 3" in refused["path"] and "Only physicians and researchers" in refused["reason"]
    assert "anna is an annotator here" in refused["reason"]
    assert bring("stranger", f"{patients[1]},,,1")[0] == 1
    assert bring("ruth", f"{patients[1]},,,1")[0] == 0 and bring("paul", f"{patients[2]},,,0")[0] == 0
    rows = {row["patient"]: row["reference"] for row in run("list", "--json")[1]}
    assert [rows[patient] for patient in patients[:4]] == [1, 1, 0, None]


def test_an_adjudicated_reading_is_imported_by_who_adjudicates(run: Run, folder: Path, tmp_path: Path) -> None:
    run("annotate", "--scan", "S000", "--reader", "anna", edits=[SQUARE])
    run("export", "--out", tmp_path / "out", "--format", "csv")
    table = tmp_path / "out" / "lesions.csv"
    table.write_text(table.read_text("utf-8").replace(",anna,", ",adjudicated,"), "utf-8")
    give_role(folder, "anna", Role.ANNOTATOR)
    give_role(folder, "judge", Role.ADJUDICATOR)
    code, told, _ = run("import", "--labels", table, "--new-key", "--reader", "anna", "--json")
    assert (code, told["labels"]) == (1, 0) and "Only an adjudicator decides" in told["refused"][0]["reason"]
    code, told, _ = run("import", "--labels", table, "--new-key", "--reader", "judge", "--json")
    assert (code, told["labels"]) == (0, 1)
