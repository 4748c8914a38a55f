"""Settings are checked before anything runs, and what is wrong is said in words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ml.config import Config, ConfigError, from_told, make, networks_of, presets


def test_the_papers_settings() -> None:
    a, b = make("paper-a"), make("paper-b")
    assert (a.network, a.rows, a.columns, a.optimiser, a.lr, a.epochs, a.batch) == (
        "resnet50", 512, 256, "adam", 0.001, 300, 8,
    )  # fmt: skip
    assert (a.flip_chance, a.width, a.masks) == (0.5, 1.0, "both")
    assert (b.rows, b.columns, b.scale, b.clip) == (768, 256, "percentile", 1.0)
    detect = make("paper-c-detect")
    assert (detect.loss, detect.gamma, detect.optimiser, detect.lr, detect.rows) == ("focal", 1.0, "sgd", 0.01, 256)
    for name in ("metastases", "bladder"):
        segment = make(f"paper-c-{name}")
        assert segment.loss == "dice" and segment.rotation > 0 and segment.scaling > 0


def test_small_presets_are_the_same_families_at_a_quarter() -> None:
    small = [name for name in presets() if name.startswith("small-")]
    assert {f"paper-{name.removeprefix('small-')}" for name in small} == {n for n in presets() if n[:5] == "paper"}
    for name in small:
        own, paper = make(name), make(f"paper-{name.removeprefix('small-')}")
        loss = own.loss.removesuffix("-bce")
        assert (own.task, own.network, loss, own.width) == (paper.task, paper.network, paper.loss, 0.25)
        assert own.rows * own.columns <= 256 * 128


def test_what_is_told_comes_back() -> None:
    config = make("small-a", ["epochs=3", "lr=1e-4", "flip=whole", "deterministic=yes"], network="vgg16")
    assert (config.epochs, config.lr, config.flip, config.deterministic, config.network) == (
        3, 1e-4, "whole", True, "vgg16",
    )  # fmt: skip
    assert from_told(config.told()) == config


@pytest.mark.parametrize(
    ("preset", "change", "words"),
    [
        ("small-a", "epoch=3", "Did you mean 'epochs'"),
        ("small-a", "epochs", "key=value"),
        ("small-a", "epochs=many", "whole number"),
        ("small-a", "epochs=0", "at least 1"),
        ("small-a", "lr=-1", "more than 0"),
        ("small-a", "lr=nan", "more than 0"),
        ("small-a", "inner=0.9", "at most 0.5"),
        ("small-a", "network=unet", "resnet50, inception"),
        ("small-a", "network=resnet5", "Did you mean 'resnet50'"),
        ("small-a", "flip=up", "view, whole, none"),
        ("small-a", "columns=127", "even"),
        ("small-a", "loss=dice", "segmentation alone"),
        ("small-a", "task=patient", "no setting 'task'"),
        ("small-b", "flip=whole", "use view"),
        ("small-c-detect", "rows=64", "square"),
        ("small-c-bladder", "select=auc", "does not fit"),
        ("smal-a", "epochs=1", "Did you mean 'small-a'"),
    ],
)
def test_wrong_settings_are_told_in_words(preset: str, change: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make(preset, [change])


def test_settings_of_another_version_are_refused() -> None:
    told = make("small-a").told()
    with pytest.raises(ConfigError, match="lack epochs"):
        from_told({key: value for key, value in told.items() if key != "epochs"})
    with pytest.raises(ConfigError, match="no setting 'colour'"):
        from_told({**told, "colour": "red"})
    older = {key: value for key, value in make("paper-a").told().items() if key != "gain"}
    assert from_told(older) == make("paper-a")  # of before there was that setting, when nothing was done


def test_the_hash_tells_results_apart_not_machines() -> None:
    plain = make("small-a")
    same = make("small-a", ["device=cpu", "fold=3", "memory=mapped", "checkpoint_minutes=1"])
    assert plain.hash == same.hash != make("small-a", ["seed=1"]).hash


def test_every_network_of_every_task_is_one_that_is_built() -> None:
    from ml.networks import NETWORKS

    tasks = {make(name).task for name in presets()}
    assert {network for task in tasks for network in networks_of(task)} <= {*NETWORKS, "tree"}


def test_a_wrong_call_is_told_without_torch() -> None:
    code = (
        "import sys\nfrom ml.__main__ import main\n"
        "assert main(['train', 'small-a', '--snapshot', 'x', '--out', 'y', '--set', 'epoch=1']) == 2\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Did you mean 'epochs'" in done.stderr
    assert isinstance(make("small-a"), Config)


@pytest.mark.parametrize("key", ["epochs", "seed", "fold", "batch", "lr", "width"])
def test_a_number_larger_than_any_is_refused_in_few_words(key: str) -> None:
    for value in (10**400, -(10**400)):
        with pytest.raises(ConfigError, match=f"{key}=.* does not do") as refused:
            from_told({**make("small-a").told(), key: value})
        assert len(str(refused.value)) < 160
