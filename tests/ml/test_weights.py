"""Weights come from files whose hash is in their name; other channels and kernels answer as three colours did."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ml.networks import backbones, build
from ml.networks.backbone import Backbone
from ml.networks.weights import FILES, WeightsError, adapted, fitted, load_imagenet


def state(network: Backbone, seed: int = 3) -> dict[str, Tensor]:
    """A state such as a trained network has: running statistics that are not those it is made with."""
    made = torch.Generator().manual_seed(seed)
    found = {name: value.clone() for name, value in network.state_dict().items()}
    for name, value in found.items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1, generator=made)
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5, generator=made)
    return found


def write(folder: Path, held: object, begins: str = "resnet34") -> Path:
    """A file named as torchvision names its own, by the start of its hash."""
    part = folder / "part"
    torch.save(held, part)
    return part.rename(folder / f"{begins}-{hashlib.sha256(part.read_bytes()).hexdigest()[:8]}.pth")


@pytest.fixture(scope="module")
def published() -> Backbone:
    torch.manual_seed(0)
    network = backbones.build("resnet34")
    network.load_state_dict(state(network))
    return network.eval()


@pytest.fixture(scope="module")
def file(published: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("weights"), published.state_dict())


def test_a_file_of_our_own_shape_is_taken_as_it_is(published: Backbone, file: Path) -> None:
    network = backbones.build("resnet34")
    told = load_imagenet(network, file)
    assert (told.text, told.random) == (f"ImageNet weights {file.name}", False)
    assert told.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert all(
        torch.equal(a, b) for a, b in zip(network.state_dict().values(), published.state_dict().values(), strict=True)
    )


def test_one_grey_channel_answers_as_three_equal_colours(published: Backbone, file: Path) -> None:
    """The sub-image network's larger kernel too, which is zero where the published one ends."""
    network = build("subimage").eval()
    told = load_imagenet(network, file)
    assert told.text == (
        f"ImageNet weights {file.name}; stem summed over colour; stem's kernel enlarged by zeros; head random"
    )
    x = torch.randn(1, 1, 64, 96, generator=torch.Generator().manual_seed(0))
    assert isinstance(network, Backbone)
    with torch.no_grad():
        expected = published.maps(x.repeat(1, 3, 1, 1))
        assert torch.allclose(network.maps(x), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    assert not torch.equal(network.get_parameter("fc.weight"), published.get_parameter("fc.weight")[:2])


def test_equal_channels_answer_as_equal_colours() -> None:
    made = torch.Generator().manual_seed(0)
    kernel, x = torch.randn(8, 3, 7, 7, generator=made), torch.randn(1, 1, 32, 32, generator=made)
    for channels in (1, 2, 5):
        other = adapted(kernel, torch.zeros(8, channels, 7, 7))
        found = torch.conv2d(x.repeat(1, channels, 1, 1), other, stride=2, padding=3)
        assert torch.allclose(found, torch.conv2d(x.repeat(1, 3, 1, 1), kernel, stride=2, padding=3), atol=1e-4)


def test_old_densenet_names_and_files_without_counts_of_batches() -> None:
    """torchvision's DenseNet file has denselayer1.norm.1 for denselayer1.norm1, and no num_batches_tracked."""
    from ml.networks.weights import _DOTTED

    torch.manual_seed(0)
    network = backbones.build("densenet169")
    names = set(network.state_dict())
    dotted = {
        "features.denseblock1.denselayer1.norm.1.weight": "features.denseblock1.denselayer1.norm1.weight",
        "features.denseblock4.denselayer32.conv.2.weight": "features.denseblock4.denselayer32.conv2.weight",
        "features.transition1.norm.weight": "features.transition1.norm.weight",
        "features.norm5.bias": "features.norm5.bias",
    }
    assert {old: _DOTTED.sub(r"\1\2", old) for old in dotted} == dotted and set(dotted.values()) <= names
    old = {name: value for name, value in state(network).items() if not name.endswith("num_batches_tracked")}
    held, told = fitted(old, network, "densenet169")
    assert held.keys() == names and told == ""
    assert all(held[name] is old[name] or name == network.stem for name in old)


def test_a_second_head_and_a_first_one_may_stay_in_the_file() -> None:
    with torch.device("meta"):
        held = backbones.build("inception_v3").state_dict()
        without = backbones.build("inception_v3", 3, 0, auxiliary=False)
        lesion = build("inception")
    assert isinstance(lesion, Backbone)
    assert fitted(held, without, "file")[1] == "; head random"
    taken, told = fitted(held, lesion, "file")
    assert told == "; stem summed over colour and shared among 2 channels; head random"
    assert not any(name.startswith("AuxLogits") for name in taken) and taken["fc.weight"].shape == (1, 2048)


def test_the_patient_networks_backbone_is_found_and_nothing_in_a_unet() -> None:
    with torch.device("meta"):
        patient, unet = build("patient", width=0.25), build("unet", width=0.25)
    assert load_imagenet(patient).text == (
        "random initialisation (ImageNet weights are of full width, this network of 0.25)"
    )
    assert load_imagenet(unet).text == "random initialisation (no network of this shape was trained on ImageNet)"
    assert load_imagenet(unet).random


def test_torchs_cache_is_looked_in(published: Backbone, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = backbones.build("resnet34", 1, 1)
    before = [value.clone() for value in network.state_dict().values()]
    assert load_imagenet(network).text == "random initialisation (resnet34-b627a593.pth is not in torch's cache)"
    assert all(torch.equal(a, b) for a, b in zip(before, network.state_dict().values(), strict=True))
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    monkeypatch.setitem(FILES, "resnet34", (file.name,))
    (cache / file.name).symlink_to(file)
    assert load_imagenet(network).file == load_imagenet(network, file.parent).file == file.name


def test_bad_files_are_refused_in_words_and_change_nothing(published: Backbone, file: Path, tmp_path: Path) -> None:
    network = backbones.build("resnet34", 1, 1)
    before = [value.clone() for value in network.state_dict().values()]
    renamed = tmp_path / "resnet34-00000000.pth"
    renamed.symlink_to(file)
    cut = tmp_path / "cut.pth"
    cut.write_bytes(file.read_bytes()[:10_000])
    for bad, words in {
        tmp_path / "nowhere.pth": "holds none named resnet34-b627a593.pth or resnet34-333f7ec4.pth",
        renamed: "damaged or was renamed",
        cut: "cannot be read as weights",
        write(tmp_path, [1, 2]): "should hold tensors by name",
        write(
            tmp_path, {"conv1.weight": torch.zeros(64, 3, 7, 7)}
        ): "another network than resnet34: it has no bn1.bias",
    }.items():
        with pytest.raises(WeightsError, match=words):
            load_imagenet(network, bad)
    assert all(torch.equal(a, b) for a, b in zip(before, network.state_dict().values(), strict=True))


def test_weights_of_another_network_are_refused_in_words(published: Backbone) -> None:
    whole = published.state_dict()
    with pytest.raises(WeightsError, match="another network than resnet34, which has no layer9.weight"):
        fitted({**whole, "layer9.weight": torch.zeros(1)}, published, "file")
    with pytest.raises(WeightsError, match=r"its layer1.0.conv1.weight is \(1, 64, 3, 3\), not \(64, 64, 3, 3\)"):
        fitted({**whole, "layer1.0.conv1.weight": torch.zeros(1, 64, 3, 3)}, published, "file")


class _Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("run",))


def test_a_file_that_would_run_something_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        load_imagenet(backbones.build("resnet34", 1, 1), write(tmp_path, {"fc.weight": _Evil()}))
    assert capsys.readouterr().out == ""
