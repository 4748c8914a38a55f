"""Whatever `python -m ml` is called with or finds on disk: one sentence, the right exit code, and no traceback."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ml.__main__ import main
from ml.checkpoint import load, save
from ml.runfolder import machine
from tests.ml.learnable import TINY, make

SET = [word for change in TINY for word in ("--set", change)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong") / "data"
    make(folder)
    return folder


@pytest.fixture(scope="module")
def stopped(data: Path) -> Path:
    """A training stopped at its first step."""
    assert main(["train", "small-a", "--snapshot", str(data), "--out", str(data.parent / "run"), *SET,
                 "--minutes", "0"]) == 1  # fmt: skip
    return data.parent / "run"


@pytest.fixture(scope="module")
def crossed(data: Path) -> Path:
    """A cross-validation of which fold 0 is done."""
    assert _crossval(data, data.parent / "cv", "--folds", "0") == 0
    return data.parent / "cv"


def _crossval(data: Path, out: Path, *more: str) -> int:
    return main(["crossval", "small-a:tree", "--snapshot", str(data), "--out", str(out), *SET, *more])


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line that was said; never a traceback, and nothing on stdout."""
    out, said = capsys.readouterr()
    assert "Traceback" not in said and out == ""
    return said.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--minutes", "nan"], "number of minutes"),
        (["--minutes", "-1"], "number of minutes"),
        (["--threads", "0"], "from 1 to 1024"),
        (["--threads", "9" * 30], "from 1 to 1024"),
        (["--set", "epochs=" + "9" * 400], "epochs="),
    ],
)
def test_a_wrong_call(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    for kind in ("train", "crossval"):
        assert main([kind, "small-a", "--snapshot", str(data), "--out", str(tmp_path / "out"), *SET, *more]) == 2
        assert words in told(capsys) and not (tmp_path / "out").exists()


def test_a_file_and_a_name_too_long_are_no_folder(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("mine")
    for kind in ("train", "crossval"):
        call = [kind, "small-a", "--snapshot", str(data), *SET]
        assert main([*call, "--out", str(tmp_path / "file")]) == 2
        assert "is a file, not a folder" in told(capsys)
        assert main([*call, "--out", str(tmp_path / ("n" * 300))]) == 3
        assert "could not be read or written: File name too long" in told(capsys)
    assert (tmp_path / "file").read_text() == "mine"


def test_what_is_no_checkpoint_to_go_on_from(
    data: Path, stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = load(stopped / "last.safetensors")
    progress = kept.told["progress"]
    changed: list[dict[str, Any]] = [
        {}, {"progress": progress}, {"part": 4}, {"part": 0, "progress": progress}, {"part": 4, "progress": [1]},
        *({"part": 4, "progress": {**progress, **wrong}} for wrong in (
            {"epoch": -5}, {"epoch": "x"}, {"epoch": 1}, {"rows": "x"}, {"total": None}, {"other": 1}, {"best": 7})),
    ]  # fmt: skip
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    for wrong in changed:
        save(run / "last.safetensors", kept.tensors, wrong)
        assert main(["train", "small-a", "--snapshot", str(data), "--out", str(run), *SET, "--resume"]) == 3, wrong
        assert "does not say how far the run was" in told(capsys)


def test_curves_somebody_damaged_are_written_anew_from_the_checkpoint(
    data: Path, stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    (run / "metrics.jsonl").write_text("[" * 100_000)
    resume = ["train", "small-a", "--snapshot", str(data), "--out", str(run), *SET, "--resume", "--json"]
    assert main(resume) == 0
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert json.loads(capsys.readouterr().out) == rows[-1]
    for text in ("[" * 100_000, '{"epoch": NaN}', "[1]", "9" * 5_000):  # a run that is done has no other account
        (run / "metrics.jsonl").write_text(text)
        assert main(resume) == 2
        assert "metrics.jsonl" in told(capsys)
    (run / "metrics.jsonl").unlink()
    assert main(resume) == 0 and capsys.readouterr().out == "{}\n"


@pytest.mark.parametrize("text", ["[1]", "null", "", "{}", "[" * 100_000, '{"snapshot": "x", "networks": []}'])
def test_a_cross_validation_somebody_damaged(
    data: Path, crossed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    out, other = tmp_path / "cv", tmp_path / "other"
    shutil.copytree(crossed, out)
    shutil.copytree(crossed, other)
    (other / "crossval.json").write_text(text)
    assert _crossval(data, other) == 2 and "crossval.json is damaged" in told(capsys)
    assert _crossval(data, out, "--merge", str(other)) == 2 and "crossval.json is damaged" in told(capsys)


def test_a_fold_edited_after_it_was_done_is_no_part_of_the_tables(
    data: Path, crossed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "cv"
    shutil.copytree(crossed, out)
    fold = out / "small-a-tree" / "fold-0"
    (out / "small-a-tree" / "fold-x").mkdir()
    (out / "small-a-tree" / "fold-x" / "card.json").write_text("{}")  # no fold of ours
    assert _crossval(data, out, "--folds", "0") == 0
    capsys.readouterr()
    summary = (out / "summary.json").read_bytes()
    card = json.loads((fold / "card.json").read_text("utf-8"))
    table = (fold / "predictions.csv").read_text("utf-8")
    lines = table.splitlines(keepends=True)
    wrong = [
        *(("predictions.csv", text) for text in (lines[0], table + lines[1], table[:-20], f"{table}\0\n", "a\n1\n")),
        *(("card.json", text) for text in ("[1]", "", "[" * 100_000, "{}", json.dumps({**card, "metrics": []}))),
        ("card.json", json.dumps({**card, "metrics": {"test": {"auc": float("nan")}}})),
    ]  # fmt: skip
    for name, text in wrong:
        before = (fold / name).read_bytes()
        (fold / name).write_text(text)
        assert _crossval(data, out, "--folds", "0") == 3, text[:60]
        assert "is not as it was when it was done" in told(capsys)
        (fold / name).write_bytes(before)
    assert (out / "summary.json").read_bytes() == summary


@pytest.mark.parametrize(
    "status",
    [[1], {"state": "training", "pid": 10**30, "machine": machine()}, {"state": "training", "at": "x"},
     {"state": ["training"]}, {"state": "training", "pid": -1, "machine": machine(), "at": 4e9}],
)  # fmt: skip
def test_a_status_somebody_damaged_holds_no_fold_up(data: Path, crossed: Path, tmp_path: Path, status: Any) -> None:
    out = tmp_path / "cv"
    shutil.copytree(crossed, out)
    (out / "small-a-tree" / "fold-1").mkdir()
    (out / "small-a-tree" / "fold-1" / "status.json").write_text(json.dumps(status))
    (out / "small-a-tree" / "fold-1" / "config.json").write_bytes(
        (out / "small-a-tree" / "fold-0" / "config.json").read_bytes().replace(b'"fold": 0', b'"fold": 1')
    )
    assert _crossval(data, out) == 0
