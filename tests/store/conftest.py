"""Scans and libraries small enough to be made by the hundred."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from workstation.core.scan import Frame, How, View
from workstation.store.library import KeptObject, Library, NewScan

MakeScan = Callable[..., NewScan]


def new_scan(scan: str, views: tuple[View, ...] = tuple(View), rows: int = 40, **fields: object) -> NewScan:
    """A scan whose pixels and object differ from those of every other id."""
    rng = np.random.default_rng(list(scan.encode()))
    frames = {
        view: Frame(rng.poisson(3, (rows, 20)).astype(np.uint16), view, How.VIEW_CODE, n, (2.4, 2.5))
        for n, view in enumerate(views, 1)
    }
    kept = KeptObject(rng.bytes(200), f"hash of {scan}", f"{scan}.dcm", views)
    given = {"patient": f"P-{scan}", "objects": (kept,), **fields}
    return NewScan(id=scan, frames=frames, **given)  # type: ignore[arg-type]


@pytest.fixture
def make_scan() -> MakeScan:
    return new_scan


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty research library."""
    made = Library.create(tmp_path / "library")
    yield made
    made.close()
