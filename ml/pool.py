"""The prepared pictures of a snapshot, kept while several trainings use them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ml.batches import Source
from ml.config import Config
from ml.prepared import Pictures, Size, pictures
from ml.samples import size_of
from ml.snapshot import Snapshot

if TYPE_CHECKING:
    from ml.tree_run import Measured

_SHARE = 0.6
"""Of the machine's memory: what needs more is mapped from a file."""


class Pool:
    """Prepares the pictures of scans when first asked, all that are not sealed if `every`. folder: for mapped ones."""

    def __init__(self, snapshot: Snapshot, folder: Path, every: bool = False) -> None:
        self.snapshot, self.folder, self.every = snapshot, folder, every
        self._held: dict[tuple[Size, tuple[int, ...]], Pictures] = {}
        self._files: list[Path] = []

    @cached_property
    def measured(self) -> Measured:
        """Features of the lesions of a scan, for the tree; each scan is measured once."""
        from ml.tree_run import measuring

        return measuring(self.snapshot)

    def source(self, config: Config, scans: Sequence[int], device: torch.device) -> Source:
        """Batches of these scans' pictures, at the size this task needs."""
        if self.every:
            sealed = set(self.snapshot.manifest.sealed)
            scans = [row for row, patient in enumerate(self.snapshot.manifest.patients) if patient not in sealed]
        held = "host" if config.memory in ("host", "mapped") else config.memory
        return Source(self.pictures(config, tuple(scans)), config, device, held)

    def pictures(self, config: Config, scans: tuple[int, ...]) -> Pictures:
        """The pictures of exactly these scans."""
        key = (size_of(config), scans)
        if key not in self._held:
            if len(self._held) > 1:  # a task at another size: the first is not needed any more
                self._held.pop(next(iter(self._held)))
            self._held[key] = pictures(self.snapshot, scans, key[0], self._mapped(config, key))
        return self._held[key]

    def _mapped(self, config: Config, key: tuple[Size, tuple[int, ...]]) -> Path | None:
        size, scans = key
        needed = len(scans) * 2 * size.rows * size.columns * 2
        if config.memory != "mapped" and (config.memory != "auto" or needed < _SHARE * _memory()):
            return None
        name = hashlib.sha256(repr((astuple(size), scans, os.getpid())).encode()).hexdigest()[:12]
        self._files.append(self.folder / f"prepared-{name}.npy")
        return self._files[-1]

    def close(self) -> None:
        """Take the files away again."""
        self._held.clear()
        for path in self._files:
            path.unlink(missing_ok=True)
        self._files.clear()


def _memory() -> float:
    """Bytes of the machine's memory; 8 GiB where nobody tells."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float(2**33)
