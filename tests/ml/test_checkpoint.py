"""A checkpoint comes back as it was, is whole or absent, and another network's is refused."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from ml.checkpoint import CheckpointError, load, optimiser_tensors, put_into, put_into_optimiser, save, write_whole


def network(wide: int = 3) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, wide, 3), nn.BatchNorm2d(wide)).to(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", ["adam", "sgd"])
def test_network_and_optimiser_go_on_as_if_nothing_had_been(tmp_path: Path, kind: str) -> None:
    def made(net: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(net.parameters()) if kind == "adam" else torch.optim.SGD(net.parameters(), 0.1, 0.9)

    def step(net: nn.Module, optimiser: torch.optim.Optimizer, number: int) -> None:
        x = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(number))
        optimiser.zero_grad()
        net(x).square().sum().backward()
        optimiser.step()

    one = network()
    first = made(one)
    for number in range(3):
        step(one, first, number)
    save(
        tmp_path / "kept", {**one.state_dict(), **{f"o/{k}": v for k, v in optimiser_tensors(first).items()}}, {"n": 3}
    )
    kept = load(tmp_path / "kept")
    two = network()
    put_into(two, {name: value for name, value in kept.tensors.items() if name[:2] != "o/"}, "kept")
    second = made(two)
    put_into_optimiser(second, kept.of("o"))
    for net, optimiser in ((one, first), (two, second)):
        step(net, optimiser, 9)
    assert kept.told["n"] == 3
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_another_network_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    net = network(3)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"another network: 6 have another shape, such as 0.bias: \(4,\)"):
        put_into(net, network(4).state_dict(), "it")
    with pytest.raises(CheckpointError, match="lacks 7 of the 7 tensors.*1 the network does not know, such as x"):
        put_into(net, {"x": torch.zeros(1)}, "it")
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last"
    save(path, {"a": torch.ones(2)}, {"epoch": 1})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="disk is full: last .* untouched. Make room and resume"):
        save(path, {"a": torch.zeros(2)}, {"epoch": 2})
    assert load(path).told["epoch"] == 1 and [one.name for one in tmp_path.iterdir()] == ["last"]


def test_what_several_write_at_once_is_always_whole(tmp_path: Path) -> None:
    """As the processes of a cross-validation write its summary."""
    file, wrong = tmp_path / "summary.json", []

    def write(letter: str) -> None:
        try:
            for _ in range(40):
                write_whole(file, letter.encode() * 200_000)
                if len(content := file.read_bytes()) != 200_000 or len(set(content)) != 1:
                    wrong.append(f"{len(content)} bytes of {set(content)}")
        except CheckpointError as error:
            wrong.append(str(error))

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_what_is_no_checkpoint_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        load(tmp_path / "absent")
    (tmp_path / "text").write_text("weights")
    with pytest.raises(CheckpointError, match="no checkpoint, or is damaged"):
        load(tmp_path / "text")
    import safetensors.torch

    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "foreign", {"told": json.dumps({"format": 99})})
    with pytest.raises(CheckpointError, match="no checkpoint of this program"):
        load(tmp_path / "foreign")
    save(tmp_path / "cut", {"a": torch.ones(1000)}, {})
    write_whole(tmp_path / "cut", (tmp_path / "cut").read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        load(tmp_path / "cut")
