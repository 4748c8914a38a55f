"""Batches on the device: from the few numbers of a sample to what goes into a network, and what should come out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ml.augment import Views, augment
from ml.config import SEGMENTS, SUB_IMAGES, Config
from ml.prepared import Pictures
from ml.samples import Samples

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batch:
    """inputs: (batch, channels, rows, columns). truth: (batch, targets), or masks (batch, 1, rows, columns) of 0, 1."""

    inputs: Tensor
    truth: Tensor

    def part(self, start: int, stop: int) -> Batch:
        return Batch(self.inputs[start:stop], self.truth[start:stop])


class Source:
    """Gives batches of prepared pictures. where they lie: on the device if they fit, else on the host.

    held: "device", "host", or "auto": on the device if they take less than 40 % of what is free there.
    """

    def __init__(self, pictures: Pictures, config: Config, device: torch.device, held: str = "auto") -> None:
        self.config, self.device, self.unit = config, device, pictures.unit
        self.index = pictures.index
        self.midlines = torch.from_numpy(pictures.midlines)
        self.values = torch.from_numpy(pictures.values)
        if device.type != "cpu" and (
            held == "device" or held == "auto" and pictures.values.nbytes < 0.4 * _free(device)
        ):
            self.values = self.values.to(device)

    def batch(self, samples: Samples, at: Positions, drawn: torch.Generator | None = None) -> Batch:
        """The samples at these positions; `drawn` to augment them, else they are as they are."""
        views = self._views(samples, at)
        if drawn is not None:
            views = augment(views, self.config, drawn)
        return self._laid_out(views)

    def _views(self, samples: Samples, at: Positions) -> Views:
        config, device = self.config, self.device
        rows = torch.from_numpy(np.array([self.index[scan] for scan in samples.scan[at].tolist()], np.int64))
        truth = torch.from_numpy(samples.truth[at]).to(device)
        midlines = self.midlines[rows]
        if config.task in SUB_IMAGES:
            return self._tiles(samples, at, rows, midlines, truth)
        picture = self._scaled(self.values[rows.to(self.values.device)])
        if config.task == "patient":
            return Views(picture, None, midlines.to(device), truth)
        shape = tuple(picture.shape)
        which, pixels, cover = samples.masks.gathered(samples.mask[at])
        view = samples.view[at][which]
        kept = (view < 0) | (pixels // (shape[2] * shape[3]) == view)
        which, pixels, cover = which[kept], pixels[kept], cover[kept]
        if config.network == "roi-only":
            return self._rois(picture, which, pixels, cover, truth)
        return Views(picture, self._drawn(which, pixels, cover, shape), midlines.to(device), truth)

    def _tiles(self, samples: Samples, at: Positions, rows: Tensor, midlines: Tensor, truth: Tensor) -> Views:
        side = self.config.rows
        view, begin = torch.from_numpy(samples.view[at]), torch.from_numpy(samples.row[at])
        held = self.values.device
        down = begin[:, None] + torch.arange(side)
        picture = self._scaled(self.values[rows[:, None].to(held), view[:, None].to(held), down.to(held)])[:, None]
        shape = tuple(picture.shape)
        if self.config.task == "detect":
            drawn = None
        else:
            which, pixels, cover = samples.masks.gathered(samples.mask[at])
            _, high, wide = samples.masks.shape
            pixels = pixels - (samples.view[at][which] * high + samples.row[at][which]) * wide
            kept = (pixels >= 0) & (pixels < side * wide)
            drawn = self._drawn(which[kept], pixels[kept], cover[kept], shape)
        return Views(picture, drawn, midlines.gather(1, view[:, None]).to(self.device), truth)

    def _rois(
        self, picture: Tensor, which: Positions, pixels: Positions, cover: NDArray[np.uint8], truth: Tensor
    ) -> Views:
        """Nothing but the lesion: its own pixels, in a window of an eighth of the rows about it, on each view."""
        batch, views, rows, columns = picture.shape
        side = roi_side(self.config)
        mask = self._drawn(which, pixels, cover, (batch, views, rows, columns))
        place = which * views + pixels // (rows * columns)
        row, column = np.divmod(pixels % (rows * columns), columns)
        count = np.maximum(np.bincount(place, minlength=batch * views), 1)
        corner = [
            torch.from_numpy((np.bincount(place, line, batch * views) / count).round().astype(np.int64) - side // 2)
            for line in (row, column)
        ]
        spread = torch.arange(side)
        down, across = ((axis[:, None] + spread).reshape(batch, views, side).to(self.device) for axis in corner)
        inside = ((down >= 0) & (down < rows))[..., :, None] & ((across >= 0) & (across < columns))[..., None, :]
        down, across = down.clamp(0, rows - 1)[..., :, None], across.clamp(0, columns - 1)[..., None, :]
        first = torch.arange(batch, device=self.device)[:, None, None, None]
        second = torch.arange(views, device=self.device)[None, :, None, None]
        mask = mask[first, second, down, across] * inside
        picture = picture[first, second, down, across] * (mask > 0)
        middle = torch.full((batch, views), (side - 1) / 2, device=self.device)
        return Views(picture, mask, middle, truth)

    def _scaled(self, values: Tensor) -> Tensor:
        if values.device != self.device:
            values = values.to(self.device, non_blocking=True)
        return values.to(torch.float32).mul_(self.unit)

    def _drawn(self, which: Positions, pixels: Positions, cover: NDArray[np.uint8], shape: tuple[int, ...]) -> Tensor:
        """Masks as pictures: the share of each pixel that is covered."""
        canvas = torch.zeros(shape, device=self.device)
        flat = torch.from_numpy(which * (shape[1] * shape[2] * shape[3]) + pixels).to(self.device)
        canvas.view(-1)[flat] = (torch.from_numpy(cover).to(torch.float32) / 255).to(self.device)
        return canvas

    def _laid_out(self, views: Views) -> Batch:
        task = self.config.task
        if views.mask is None:
            return Batch(views.picture, views.truth)
        if task in SEGMENTS:
            return Batch(views.picture, (views.mask >= 0.5).to(torch.float32))
        layers = torch.stack([views.picture, views.mask], 1)  # (batch, 2, views, rows, columns)
        return Batch(layers.transpose(2, 3).flatten(3), views.truth)


def roi_side(config: Config) -> int:
    """The side of the window of an ROI alone: an eighth of the rows, but no less than networks need."""
    return max(config.rows // 8, 32)


def channels_of(config: Config) -> int:
    """Channels of what goes in: picture and mask, or the two views, or one view."""
    return 1 if config.task in SUB_IMAGES else 2


def _free(device: torch.device) -> float:
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    return 2**33  # a guess for unified memory, where nobody tells
