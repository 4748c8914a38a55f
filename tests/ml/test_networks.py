"""Parameter counts as published, names and shapes as torchvision's, shapes of what goes in and comes out.

Networks of full size are built on torch's meta device, where a tensor has a shape and no memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from ml.networks import NETWORKS, ShapeError, backbones, build, segmentation
from ml.networks.backbone import Backbone
from ml.networks.localisation import Localiser
from ml.networks.patient import PatientNetwork, maxima
from ml.networks.resnet import ResNet
from ml.networks.shapes import average_to, scaled


@pytest.fixture(autouse=True)
def nothing_is_learnt() -> Iterator[None]:
    with torch.no_grad():
        yield


def meta(name: str, channels: int = 3, outputs: int = 1000, width: float = 1.0, **options: bool | int) -> Backbone:
    with torch.device("meta"):
        return backbones.build(name, channels, outputs, width, **options)


def count(network: nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


PUBLISHED = {  # parameters at 3 channels and 1,000 classes, and tensors in torchvision's files
    "resnet34": (21_797_672, 218),
    "resnet50": (25_557_032, 320),
    "vgg16": (138_357_544, 32),
    "densenet169": (14_149_480, 1015),
    "inception_v3": (27_161_264, 580),
}
# A few of torchvision's names and shapes, from the first to the last layer.
NAMES: dict[str, dict[str, tuple[int, ...]]] = {
    "resnet34": {
        "conv1.weight": (64, 3, 7, 7),
        "bn1.num_batches_tracked": (),
        "layer1.2.conv2.weight": (64, 64, 3, 3),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer3.5.bn2.running_var": (256,),
        "fc.weight": (1000, 512),
    },
    "resnet50": {
        "layer1.0.downsample.1.running_mean": (256,),
        "layer1.0.conv1.weight": (64, 64, 1, 1),
        "layer3.5.conv2.weight": (256, 256, 3, 3),
        "layer4.2.conv3.weight": (2048, 512, 1, 1),
        "fc.bias": (1000,),
    },
    "vgg16": {
        "features.0.weight": (64, 3, 3, 3),
        "features.28.bias": (512,),
        "classifier.0.weight": (4096, 25088),
        "classifier.6.weight": (1000, 4096),
    },
    "densenet169": {
        "features.conv0.weight": (64, 3, 7, 7),
        "features.denseblock1.denselayer6.conv2.weight": (32, 128, 3, 3),
        "features.denseblock3.denselayer32.conv1.weight": (128, 1248, 1, 1),
        "features.transition3.conv.weight": (640, 1280, 1, 1),
        "features.norm5.running_mean": (1664,),
        "classifier.weight": (1000, 1664),
    },
    "inception_v3": {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Mixed_5b.branch_pool.conv.weight": (32, 192, 1, 1),
        "Mixed_6a.branch3x3dbl_3.bn.running_var": (96,),
        "Mixed_6e.branch7x7dbl_4.conv.weight": (192, 192, 7, 1),
        "AuxLogits.conv1.conv.weight": (768, 128, 5, 5),
        "AuxLogits.fc.weight": (1000, 768),
        "Mixed_7a.branch7x7x3_2.conv.weight": (192, 192, 1, 7),
        "Mixed_7c.branch3x3dbl_3b.conv.weight": (384, 384, 3, 1),
        "fc.weight": (1000, 2048),
    },
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_backbone_is_the_published_one(name: str) -> None:
    network = meta(name)
    state = network.state_dict()
    assert (count(network), len(state)) == PUBLISHED[name]
    assert {key: tuple(state[key].shape) for key in NAMES[name]} == NAMES[name]
    assert network.stem in state and all(any(key.startswith(each) for key in state) for each in network.head)


@pytest.mark.parametrize("name", PUBLISHED)
def test_other_channels_and_outputs_change_the_stem_and_the_head_alone(name: str) -> None:
    published, ours = meta(name), meta(name, channels=2, outputs=1)
    before, after = published.state_dict(), ours.state_dict()
    assert before.keys() == after.keys()
    changed = {key for key in before if before[key].shape != after[key].shape}
    heads = {f"{head}{part}" for head in ours.head for part in ("weight", "bias")}
    assert changed == {ours.stem} | heads


@pytest.mark.parametrize("name", PUBLISHED)
def test_without_outputs_there_is_no_head_to_leave_untrained(name: str) -> None:
    network = meta(name, outputs=0)
    assert not [key for key in network.state_dict() if key.startswith(("fc.", "classifier.", "AuxLogits."))]
    if name == "resnet34":
        assert network(torch.zeros(2, 3, 96, 96, device="meta")).shape == (2, network.map_channels)


def test_the_maps_are_a_32nd_of_the_picture() -> None:
    x = torch.zeros(1, 3, 224, 448, device="meta")
    found = {name: tuple(meta(name).eval().maps(x).shape[1:]) for name in PUBLISHED}
    assert found == {
        "resnet34": (512, 7, 14),
        "resnet50": (2048, 7, 14),
        "vgg16": (512, 7, 14),
        "densenet169": (1664, 7, 14),
        "inception_v3": (2048, 5, 12),  # unpadded convolutions at the start cost the border
    }


def test_inception_gives_its_second_head_while_training_only() -> None:
    x = torch.zeros(2, 3, 299, 299, device="meta")
    network = meta("inception_v3", outputs=5, width=0.25)
    logits, auxiliary = network(x)
    assert logits.shape == auxiliary.shape == (2, 5)
    assert network.eval()(x).shape == (2, 5)
    assert meta("inception_v3", outputs=5, width=0.25, auxiliary=False)(x).shape == (2, 5)
    with pytest.raises(ShapeError, match="299"):
        network.train()(x[..., :256])


OUTPUTS = {  # of a batch of 2 of the paper's pictures
    "resnet50": (2, 1), "inception": (2, 1), "vgg16": (2, 1), "densenet169": (2, 1), "roi-only": (2, 1),
    "patient": (2, 1), "subimage": (2, 2),
    "residual-unet": (2, 1, 256, 256), "residual-unet-printed": (2, 1, 256, 256), "unet": (2, 1, 256, 256),
    "dynunet": (2, 1, 256, 256), "localiser": (2, 6), "resnet34-localiser": (2, 6),
}  # fmt: skip


DOCS = Path(__file__).resolve().parents[2] / "docs" / "networks.md"
TOLD = {  # parameters in the table of the docs
    row[1]: int(row[2].replace(",", ""))
    for row in re.finditer(r"^\| `([\w-]+)` \|.*\| ([\d,]+)[^|]*\|$", DOCS.read_text("utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_takes_what_its_paper_shows_it_and_is_as_large_as_told(name: str) -> None:
    known = NETWORKS[name]
    with torch.device("meta"):
        network = build(name).eval()
        assert network(torch.zeros(2, known.channels, *known.picture)).shape == OUTPUTS[name]
        assert count(network) == TOLD[name]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_picture_it_cannot_take_is_refused_in_words(name: str) -> None:
    known = NETWORKS[name]
    with torch.device("meta"):
        network = build(name, width=0.25).eval()
        assert count(network) < TOLD[name] / 8 or name == "residual-unet-printed"
        smallest = torch.zeros(2, known.channels, known.smallest, known.smallest + known.divisor)
        assert network(smallest).shape[0] == 2
        with pytest.raises(ShapeError, match=f"takes pictures.*{known.smallest} or more; these are"):
            network(smallest[:, :, : known.smallest - known.divisor])
        with pytest.raises(ShapeError, match=r"it was given \(2, 9, "):
            network(torch.zeros(2, 9, *known.picture))
        if known.divisor > 1:
            with pytest.raises(ShapeError, match=f"multiples of {known.divisor}"):
                network(torch.zeros(2, known.channels, known.picture[0], known.picture[1] - 1))


def test_what_is_not_there_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="no network 'resnet51'; there are resnet50, inception"):
        build("resnet51")
    with pytest.raises(ValueError, match="no backbone 'vgg11'; there are resnet34"):
        backbones.build("vgg11")
    with pytest.raises(ValueError, match="width is a share"):
        build("unet", width=0.0)


def test_a_quarter_of_the_width_is_a_quarter_of_the_channels() -> None:
    assert [scaled(wide, 0.25) for wide in (64, 80, 2048, 4)] == [16, 20, 512, 4]
    assert all(scaled(wide, 1.0) == wide for wide in (4, 32, 48, 80, 96, 160, 192, 448, 2048))


def test_the_printed_widths() -> None:
    network = segmentation.printed_residual_unet()
    assert [block.conv1.out_channels for block in network.down] == [4, 8, 16]
    assert [block.conv1.out_channels for block in network.up] == [8, 4]
    assert [(grow.in_channels, grow.out_channels) for grow in network.grow] == [(16, 8), (8, 4)]


def test_the_dynunet_is_monais() -> None:
    from monai.networks.nets.dynunet import DynUNet as Monai

    torch.manual_seed(0)
    theirs = Monai(**segmentation.monai_settings(2, 3, 0.25)).eval()
    torch.manual_seed(0)
    ours = segmentation.DynUNet(2, 3, 0.25).eval()
    x = torch.randn(1, 2, 32, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(ours(x), theirs(x))


def test_the_localiser_goes_down_to_two_by_two_by_1024() -> None:
    with torch.device("meta"):
        network = Localiser()
        for rows, columns in ((1024, 1024), (1024, 512), (256, 128)):
            assert network.maps(torch.zeros(1, 2, rows, columns)).shape == (1, 1024, 2, 2)


def test_the_sub_image_network_starts_as_its_table_says() -> None:
    with torch.device("meta"):
        network = build("subimage")
        assert isinstance(network, ResNet)
        x = torch.zeros(1, 1, 256, 256)
        assert network.conv1.weight.shape == (64, 1, 8, 8)
        assert network.conv1(x).shape == (1, 64, 128, 128)
        assert network.maxpool(network.conv1(x)).shape == (1, 64, 64, 64)
        assert network.maps(x).shape == (1, 512, 8, 8)


@torch.enable_grad()  # type: ignore[untyped-decorator]
def test_a_patient_network_survives_adams_first_steps() -> None:
    torch.manual_seed(0)
    network = PatientNetwork(width=0.25)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    fired: list[float] = []
    network.relu.register_forward_hook(lambda _, __, given: fired.append(float((given > 0).float().mean())))
    for step in range(12):
        x = torch.rand(4, 2, 64, 64)
        y = torch.full((4, 1), float(step % 4 > 0))
        optimiser.zero_grad()
        functional.binary_cross_entropy_with_logits(network(x), y).backward()
        optimiser.step()
    assert min(fired) > 0.2  # of the hidden units: where all are silent nothing is learnt any more


def test_swapped_views_are_the_same_patient() -> None:
    torch.manual_seed(0)
    network = PatientNetwork(width=0.25).eval()
    x = torch.rand(3, 2, 96, 32)
    with torch.no_grad():
        assert torch.equal(network(x), network(x.flip(1)))
        once = PatientNetwork(views=1, width=0.25).eval()
        once.load_state_dict(network.state_dict())
        assert torch.allclose(network(x[:, :1].repeat(1, 2, 1, 1)), once(x[:, :1]), atol=1e-5)
        assert not torch.allclose(network(x), once(x[:, :1]), atol=1e-3)  # the other view does count


@pytest.mark.parametrize(("rows", "columns", "grid"), [(24, 8, 4), (7, 5, 4), (8, 2, 4), (3, 9, 2), (6, 6, 7)])
def test_our_pooling_is_adaptive_pooling(rows: int, columns: int, grid: int) -> None:
    x = torch.randn(2, 3, rows, columns, generator=torch.Generator().manual_seed(0))
    assert torch.equal(maxima(x, grid), nn.functional.adaptive_max_pool2d(x, grid))
    assert torch.allclose(average_to(x, grid, grid), nn.functional.adaptive_avg_pool2d(x, grid), atol=1e-6)


def test_the_same_seed_is_the_same_network() -> None:
    def first(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return next(build("residual-unet", width=0.25).parameters())

    assert torch.equal(first(1), first(1)) and not torch.equal(first(1), first(2))


def test_convolutions_start_as_he_and_xavier_say() -> None:
    torch.manual_seed(0)
    network = build("resnet50", width=0.5)
    assert isinstance(network, ResNet)
    weight = network.get_parameter("layer4.1.conv2.weight").detach()  # 256 to 256, 3 x 3
    assert float(weight.std()) == pytest.approx(math.sqrt(2 / (256 * 9)), rel=0.02)
    block = Localiser(width=0.5).blocks[-1].conv2.weight.detach()  # 512 to 512, 3 x 3
    assert float(block.abs().max()) == pytest.approx(math.sqrt(6 / (2 * 512 * 9)), rel=0.01)
