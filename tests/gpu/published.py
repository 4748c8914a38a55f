"""Our ImageNet networks beside torchvision's on the same weights, where torchvision imports."""

from __future__ import annotations

import importlib
import math
from typing import Any

import torch

from ml.networks import backbones
from tests.bench.rows import Row
from tests.gpu.told import failed

SIDES = {"inception_v3": 299}


def outputs() -> list[Row]:
    """The largest difference of outputs relative to the largest output, in float32 on the CPU; Inception's second
    head too, as both are in training.
    """
    try:
        models: Any = importlib.import_module("torchvision.models")
    except Exception as error:
        note = f"torchvision does not import here: {type(error).__name__}"
        return [Row("outputs beside torchvision's", math.nan, "", None, note=note)]
    rows = []
    for name in backbones.BACKBONES:
        torch.manual_seed(0)
        more = {"init_weights": True} if name == "inception_v3" else {}
        theirs = getattr(models, name)(weights=None, **more)
        ours = backbones.build(name, channels=3, outputs=1000)
        try:
            ours.load_state_dict(theirs.state_dict())
        except RuntimeError as error:
            rows.append(failed(f"{name}: outputs beside torchvision's", str(error)))
            continue
        side = SIDES.get(name, 224)
        picture = torch.randn(2, 3, side, side)
        with torch.no_grad():
            pairs = [(ours.eval()(picture), theirs.eval()(picture))]
            if name == "inception_v3":
                for module in (*ours.modules(), *theirs.modules()):
                    if isinstance(module, torch.nn.Dropout):
                        module.p = 0.0
                mine, reference = ours.train()(picture), theirs.train()(picture)
                pairs += [(mine[0], reference.logits), (mine[1], reference.aux_logits)]
        apart = max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
        count = sum(p.numel() for p in theirs.parameters())
        same = count == sum(p.numel() for p in ours.parameters())
        value = apart if same else math.nan
        rows.append(Row(f"{name}: outputs beside torchvision's", value, "", 1e-4, note=f"{count:,} parameters"))
    return rows
