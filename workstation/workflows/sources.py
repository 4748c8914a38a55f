"""What a user points at: files and folders, and cohorts that bring their truth along."""

from __future__ import annotations

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
        if (path / "dicom").is_dir() and (path / "truth").is_dir():
            objects.append(path / "dicom")
            truths.append(path / "truth")
        else:
            objects.append(path)
    return Sources(tuple(objects), tuple(truths))
