"""`model` as a script and a person know it; what is compared is predicted by the real process that holds torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ml.train import train
from tests.ml.learnable import config, make
from tests.workflows import ml_here
from workstation.workflows import learning, model_files


@pytest.fixture
def model(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run `model ...`: (exit code, its one JSON value or its text, what it said on stderr)."""
    from workstation.cli import main

    monkeypatch.setenv("OSTEOSCOPE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(model_files, "shipped_folder", lambda: tmp_path / "shipped")

    def run(*arguments: object) -> tuple[int, Any, str]:
        capsys.readouterr()
        code = main(["model", *map(str, arguments)])
        out, err = capsys.readouterr()
        if "--json" in arguments and code < 2:
            assert out.count("\n") == 1
            return code, json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON")), err
        return code, out, err

    return run


def test_from_two_trainings_to_the_better_one_in_use(model: Any, tmp_path: Path, monkeypatch: Any) -> None:
    sealed = ("P00", "P01", "P03", "P06")
    data = make(tmp_path / "data", patients=24, sealed=sealed)
    for seed in (0, 1):
        made = config("epochs=1", "inner=0.4", "network=roi-only", "fold=0", f"seed={seed}")
        train(data, tmp_path / f"run{seed}", made, hear=lambda line: None)
    real = learning.start
    monkeypatch.setattr(learning, "start", ml_here.start)
    assert model("list")[:2] == (0, f"No models yet. Bring one in: osteoscope model import RUN. They are kept in "
                                    f"{tmp_path / 'models'}.\n")  # fmt: skip
    assert model("list", "--json")[:2] == (0, [])
    code, told, _ = model("import", tmp_path / "run0", "--name", "old", "--json")
    assert code == 0 and (told["name"], told["task"], told["already"]) == ("old", "lesion", False)
    code, text, _ = model("use", "old")
    assert code == 0 and "No model is in use for lesion" in text and "old is now in use" in text
    assert model("import", tmp_path / "run1", "--name", "new")[0] == 0

    rows = [line.split() for line in model("list")[1].splitlines()[1:]]
    assert [(row[0], "yes" in row) for row in rows] == [("new", False), ("old", True)]

    code, text, err = model("use", "new")
    assert code == 2 and "--snapshot" in err and not text
    monkeypatch.setattr(learning, "start", real)
    code, text, _ = model("use", "new", "--snapshot", data.folder)  # not a terminal: shown, and nothing changes
    assert code == 1 and "by then opened once" in text and "old stays in use" in text and "DeLong" in text
    monkeypatch.setattr(learning, "start", ml_here.start)
    assert [row["name"] for row in model("list", "--json")[1] if row["in_use"]] == ["old"]
    code, told, err = model("use", "new", "--yes", "--json")
    assert code == 0 and told["taken"] and told["recorded"] and told["openings"] == 1 and "now in use" in err
    assert told["instead_of"]["name"] == "old" and told["model"]["trained_on"] == "clinical"
    assert {each["what"] for each in told["comparison"]["figures"]} == {
        "AUC", "sensitivity", "specificity", "accuracy"
    }  # fmt: skip
    assert [row["name"] for row in model("list", "--json")[1] if row["in_use"]] == ["new"]
    assert model("use", "new")[:2] == (0, "new is in use for lesion already.\n")

    out = tmp_path / "one file.safetensors"
    code, told, _ = model("export", "new", "--out", out, "--json")
    assert code == 0 and told["bytes"] == out.stat().st_size
    code, again, _ = model("import", out, "--models", tmp_path / "other", "--json")
    assert code == 0 and again["hash"] == told["hash"] and again["name"] == "one-file"
    content = out.read_bytes()
    out.write_bytes(content[:-1])
    code, text, err = model("import", out)
    assert code == 3 and "cut off" in err and not text
    (tmp_path / "models/new.safetensors").write_bytes(content[:-1])
    code, text, _ = model("list")
    assert code == 1 and "cut off" in text
    assert model("export", "nobody", "--out", out)[0] == 2
    done = subprocess.run([sys.executable, "-m", "workstation", "model"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "osteoscope model list" in done.stderr
