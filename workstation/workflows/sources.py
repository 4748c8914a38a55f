"""What a user points at: files and folders, and cohorts that bring their truth along."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sources:
    """objects: where to look for scans. truths: the `truth` folders that lie beside them."""

    objects: tuple[Path, ...]
    truths: tuple[Path, ...]


def sources(paths: Iterable[Path]) -> Sources:
    """A folder holding `dicom` and `truth` stands for both; of any other path all is looked at."""
    objects, truths = [], []
    for path in paths:
        # Not Path.is_dir, which raises for a name no file system takes; that is told when the path is looked at.
        if os.path.isdir(path / "dicom") and os.path.isdir(path / "truth"):
            objects.append(path / "dicom")
            truths.append(path / "truth")
        else:
            objects.append(path)
    return Sources(tuple(objects), tuple(truths))
