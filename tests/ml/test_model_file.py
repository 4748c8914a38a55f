"""A model's file: read by another library, bit for bit what was trained; told when any byte of it is another."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import torch

from ml import checkpoint, model_network
from ml.batches import channels_of
from ml.checkpoint import CheckpointError
from ml.config import ConfigError, networks_of
from ml.config import make as make_config
from ml.finish import preprocessing
from ml.model_card import ModelError
from ml.model_export import write
from ml.model_file import Model, canonical, packed, read
from ml.model_words import markdown
from ml.samples import TARGETS
from ml.snapshot import Snapshot
from ml.train import train
from tests.ml.learnable import config, make


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make(tmp_path_factory.mktemp("model") / "data", patients=20)


@pytest.fixture(scope="module")
def run(data: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model") / "run"
    train(data, out, config("epochs=1", "network=roi-only", "fold=0"), hear=quiet)
    return out


@pytest.fixture(scope="module")
def file(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "roi.safetensors"
    write(run, path)
    return path


def trained(run: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(next(run.glob("best-*.safetensors"))).of("network")


def test_others_read_the_weights_as_they_were_trained(run: Path, file: Path) -> None:
    expected = trained(run)
    with safetensors.safe_open(file, "np") as theirs:
        told = theirs.metadata()
        assert set(theirs.keys()) == set(expected)
        for name, tensor in expected.items():
            np.testing.assert_array_equal(theirs.get_tensor(name), tensor.numpy())
    card = json.loads(told["card"])
    kept = json.loads((run / "card.json").read_text("utf-8"))
    assert told["sha256"] == read(file).hash and len(told["sha256"]) == 64
    same = (
        "task",
        "targets",
        "network",
        "preprocessing",
        "calibration",
        "metrics",
        "trained_on",
        "learnt_from",
        "code",
    )
    assert {name: card[name] for name in same} == {name: kept[name] for name in same}
    assert card["snapshot"]["hash"] == kept["snapshot"]["hash"] and card["metrics"]["test"]["samples"] > 0
    assert "weights" not in card and "predictions" not in card


def test_it_predicts_as_the_network_did(run: Path, file: Path) -> None:
    ready = model_network.load(file)
    shown = torch.rand(3, 2, 32, 64, generator=torch.Generator().manual_seed(1))
    network = model_network.build_network("roi-only", 2, 1, 0.0625)
    network.load_state_dict(trained(run))
    with torch.no_grad():
        assert torch.equal(ready.network(shown), network.eval()(shown))
    card = json.loads((run / "card.json").read_text("utf-8"))["calibration"]["malignant"]
    assert (ready.chosen[0].temperature, ready.chosen[0].threshold) == (card["temperature"], card["threshold"])


def test_every_network_is_built_from_its_card_alone(file: Path) -> None:
    """None of it is made by the initialisation, which a network built without memory does not have."""
    card = json.loads(canonical(read(file).card))
    for preset in ("small-a", "small-b", "small-c-detect", "small-c-metastases", "small-c-sites"):
        for name in networks_of(make_config(preset).task):
            if name in ("tree", "dynunet"):  # no weights; MONAI's takes seconds to import
                continue
            told = make_config(preset, ("width=0.0625",), network=name)
            targets = TARGETS[told.task]
            torch.manual_seed(4)
            expected = model_network.build_network(name, channels_of(told), len(targets), told.width)
            one = next(iter(card["calibration"].values()))
            mine = {
                **card, "task": told.task, "targets": list(targets), "preprocessing": preprocessing(told),
                "calibration": dict.fromkeys(targets, one),
            }  # fmt: skip
            tensors = {key: value.numpy() for key, value in expected.state_dict().items()}
            ready = model_network.build(Model(file, "", mine, told, 0, tensors))
            assert not any(value.is_meta for value in [*ready.network.parameters(), *ready.network.buffers()])
            shown = torch.rand(1, channels_of(told), 96, 96, generator=torch.Generator().manual_seed(1))
            with torch.no_grad():
                assert torch.equal(ready.network(shown), expected.eval()(shown))


def test_the_same_run_gives_the_same_file(run: Path, file: Path, tmp_path: Path) -> None:
    write(run, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == file.read_bytes()


def test_half_is_half_as_large_another_model_and_nearly_the_same(run: Path, file: Path, tmp_path: Path) -> None:
    half = write(run, tmp_path / "half.safetensors", half=True)
    whole = model_network.load(file)
    weights = sum(array.nbytes for array in whole.model.tensors.values() if array.ndim > 1)
    assert whole.model.bytes - half.bytes == pytest.approx(weights / 2, abs=400) and half.hash != whole.model.hash
    assert half.card["precision"] == "float16" and whole.model.card["precision"] == "float32"
    shown = torch.rand(3, 2, 32, 64, generator=torch.Generator().manual_seed(1))
    ready = model_network.load(tmp_path / "half.safetensors")
    assert {tensor.dtype for tensor in ready.network.state_dict().values()} == {torch.float32, torch.int64}
    with torch.no_grad():
        given, expected = ready.network(shown), whole.network(shown)
    assert torch.allclose(given, expected, atol=1e-2) and not torch.equal(given, expected)


def test_the_card_for_people(run: Path, tmp_path: Path) -> None:
    made = write(run, tmp_path / "shown.safetensors", half=True, words=True)
    text = (tmp_path / "shown.md").read_text("utf-8")
    card = json.loads((run / "card.json").read_text("utf-8"))
    area = card["metrics"]["test"]["auc_malignant"]
    for part in (made.hash, "Trained on clinical scans", f"| auc_malignant | {area:.4f} |", "test fold", "float16"):
        assert part in text
    hostile = {**made.card, "made": "| <b>x</b>\n# [a](b)", "snapshot": {"hash": "0", "simulator": None}}
    line = next(line for line in markdown("a\n# b", hostile, "0").splitlines() if "made" in line)
    assert line == "| made | \\| \\<b\\>x\\</b\\> \\# \\[a\\](b) |"


def test_any_changed_byte_is_told(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(3)
    places = {*range(16), header - 1, header, len(content) - 1, *rng.integers(0, header, 60).tolist(),
              *rng.integers(header, len(content), 30).tolist()}  # fmt: skip
    copy = tmp_path / "changed.safetensors"
    for place in sorted(places):
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        copy.write_bytes(changed)
        with pytest.raises(ModelError) as told:
            read(copy)
        assert str(copy) in str(told.value)
    for cut in (0, 4, header - 3, header + 5, len(content) - 1):
        copy.write_bytes(content[:cut])
        with pytest.raises(ModelError):
            read(copy)
    copy.write_bytes(content + b"\0")
    with pytest.raises(ModelError, match="behind its end"):
        read(copy)


def again(file: Path, card: dict[str, Any], tensors: dict[str, Any]) -> None:
    """Whoever changes a file and its hash as well."""
    file.write_bytes(packed(card, tensors)[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda card, tensors: tensors.popitem(), "is of another network: it lacks 1 of"),
        (lambda card, tensors: tensors.update(extra=np.zeros(3, np.float32)), "it has 1 the network does not know"),
        (lambda card, tensors: tensors.update({max(tensors, key=lambda name: tensors[name].ndim): np.zeros((2, 2))
                                               .astype(np.float32)}), "another shape"),
        (lambda card, tensors: card["preprocessing"].update(percentile=99.0), "prepared in another way"),
        (lambda card, tensors: card["targets"].append("benign") or card["calibration"].update(
            benign=card["calibration"]["malignant"]), "answers malignant, benign"),
        (lambda card, tensors: card["training"]["settings"].update(width=3.0), "is of another network"),
        (lambda card, tensors: tensors.update({next(name for name in tensors if name.endswith("num_batches_tracked")):
                                               np.float32(1).reshape(())}), "numbers of another kind"),
    ],
)  # fmt: skip
def test_a_file_of_another_network_is_told(
    change: Callable[[dict[str, Any], dict[str, Any]], Any], words: str, file: Path, tmp_path: Path
) -> None:
    model = read(file)
    card, tensors = json.loads(canonical(model.card)), dict(model.tensors)
    change(card, tensors)
    again(tmp_path / "other.safetensors", card, tensors)
    with pytest.raises((ModelError, CheckpointError), match=words):
        model_network.load(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda card: card.update(format=2), "its format is 2"),
        (lambda card: card.update(task="patient"), "its task is not"),
        (lambda card: card.pop("training"), "lacks the settings"),
        (lambda card: card["training"]["settings"].pop("rows"), "its settings lack rows"),
        (lambda card: card["training"]["settings"].update(task="dreams"), "lacks the settings"),
        (lambda card: card["training"]["settings"].update(scale="median"), "scale=median"),
        (lambda card: card["training"]["settings"].update(rows=10**400), "no card that can be used"),
        (lambda card: card.update(trained_on="dreams"), "simulated or clinical"),
        (lambda card: card["learnt_from"].update(key="xyz"), "patients learnt from"),
        (lambda card: card["calibration"]["malignant"].update(temperature=0), "temperature"),
        (lambda card: card["calibration"]["malignant"].update(threshold="high"), "threshold"),
        (lambda card: card.update(snapshot=None), "which snapshot"),
        (lambda card: card["network"].update(name="vgg16"), "its network is not"),
    ],
)
def test_a_card_that_does_not_say_what_it_must(change: Callable[[dict[str, Any]], Any], words: str, file: Path) -> None:
    card = json.loads(canonical(read(file).card))
    change(card)
    with pytest.raises(ModelError, match=words):
        packed(card, {"a": np.zeros(1, np.float32)})


def test_a_file_outlives_settings_of_how_to_learn(file: Path, tmp_path: Path) -> None:
    model = read(file)
    card = json.loads(canonical(model.card))
    del card["training"]["settings"]["lr"]
    card["training"]["settings"]["warmth"] = 3  # one that another version had
    again(tmp_path / "old.safetensors", card, dict(model.tensors))
    ready = model_network.load(tmp_path / "old.safetensors")
    assert ready.config.rows == model.config.rows and ready.model.card["training"]["settings"]["warmth"] == 3


def test_another_version_and_files_that_are_no_model(run: Path, file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    newer = tmp_path / "newer.safetensors"
    newer.write_bytes(content.replace(b'"osteoscope_model":"1"', b'"osteoscope_model":"2"', 1))
    with pytest.raises(ModelError, match="format '2'; this version reads format 1"):
        read(newer)
    with pytest.raises(ModelError, match="The weights inside a run's folder"):
        read(next(run.glob("best-*.safetensors")))
    plain = tmp_path / "plain.safetensors"
    safetensors.numpy.save_file({"a": np.zeros(3, np.float32)}, plain)
    with pytest.raises(ModelError, match="no card"):
        read(plain)
    plain.write_bytes((17 << 20).to_bytes(8, "little") + b"{" + b" " * (17 << 20))
    with pytest.raises(ModelError, match="header of 17 MiB"):
        read(plain)
    plain.write_bytes(b"PK\x03\x04" + b"x" * 400)
    with pytest.raises(ModelError, match="not of the form safetensors"):
        read(plain)
    deep = b'{"__metadata__":' + b"[" * 100_000
    plain.write_bytes(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(ModelError, match="cannot be read"):
        read(plain)
    link = tmp_path / "link.safetensors"
    link.symlink_to(file)
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (link, "is a link"), (tmp_path, "a folder"), (tmp_path / "pipe", "a pipe"), (tmp_path / "none", "No such file"),
    ):  # fmt: skip
        with pytest.raises(ModelError, match=words):
            read(path)


def test_weights_that_are_no_numbers(file: Path, tmp_path: Path) -> None:
    model = read(file)
    tensors = dict(model.tensors)
    name = max(tensors, key=lambda each: tensors[each].size)
    tensors[name] = np.full_like(tensors[name], 1.5)
    content = packed(model.card, tensors)[0]
    tensors[name] = np.full_like(tensors[name], np.nan)
    with pytest.raises(ModelError, match="no numbers"):
        packed(model.card, tensors)
    monkey = content.replace(np.float32(1.5).tobytes(), np.float32(np.nan).tobytes())
    (tmp_path / "nan.safetensors").write_bytes(monkey)
    with pytest.raises(ModelError):
        read(tmp_path / "nan.safetensors")


def test_runs_that_have_no_model(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "model.safetensors"
    (tmp_path / "tree").mkdir()
    told = (run / "config.json").read_text("utf-8").replace('"network": "roi-only"', '"network": "tree"')
    (tmp_path / "tree/config.json").write_text(told, "utf-8")
    with pytest.raises(ModelError, match="keeps no weights"):
        write(tmp_path / "tree", out)
    with pytest.raises(ConfigError, match="cannot be read"):
        write(tmp_path, out)
    copy = tmp_path / "run"
    copy.mkdir()
    for each in ("config.json", "card.json"):
        (copy / each).write_bytes((run / each).read_bytes())
    with pytest.raises(CheckpointError, match="weights its card was written for"):
        write(copy, out)
    (copy / "card.json").unlink()
    with pytest.raises(ConfigError, match="is not done"):
        write(copy, out)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="disk is full"):
        write(run, out)
    assert [path.name for path in tmp_path.iterdir() if "model" in path.name] == []
