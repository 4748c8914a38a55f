"""Readings as COCO: one file of annotations a reader and round, and a picture of each view.

Masks are run lengths, which hold every ROI exactly. The parts of a lesion on both views are two annotations with the
same `attributes.lesion`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from workstation.core.lesion import Label, Lesion, Reading
from workstation.core.scan import Scan, View
from workstation.workflows import coco_rle, json_files, view_picture
from workstation.workflows.lesion_words import UNLABELLED, label_name, label_names, said_of, verdict_words

_IN_MEMORY = 8 << 20  # of one reader's annotations; more of them wait on disk


def categories() -> dict[str, int]:
    """The number of every name."""
    return {name: number for number, name in enumerate(label_names(), start=1)}


class Coco:
    """An export under way: what each reader's file will hold."""

    def __init__(self) -> None:
        self._images: dict[str, list[bytes]] = {}
        self._annotations: dict[str, IO[bytes]] = {}
        self._count: dict[str, int] = {}

    def files(
        self, scan: Scan, readings: Sequence[tuple[str, Reading]], prints: Mapping[tuple[str, View], str]
    ) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of a scan's pictures. readings: with the name of the file of each."""
        told = {view: view_picture.which(scan, view, prints.get((scan.id, view), "")) for view in scan.frames}
        for view, data in view_picture.pictures(scan, told).items():
            yield f"images/{view_picture.name(scan.id, view)}", data
        for file, reading in readings:
            for view in scan.views:
                self._add(file, reading, told[view], view, scan.patient)

    def finish(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """(name, bytes in pieces) of the readers' files."""
        for file in self._images:
            yield f"{file}.json", self._whole(file)

    def close(self) -> None:
        for waiting in self._annotations.values():
            waiting.close()

    def _add(self, file: str, reading: Reading, told: Mapping[str, Any], view: View, patient: str) -> None:
        images = self._images.setdefault(file, [])
        if file not in self._annotations:
            self._annotations[file] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
            self._count[file] = 0
        number = len(images) + 1
        key = reading.key
        image = {
            "id": number,
            "file_name": f"images/{view_picture.name(key.scan, view)}",
            "width": told["columns"],
            "height": told["rows"],
            "patient": patient,
            **{name: told[name] for name in ("scan", "view", "sop_uid", "sha256", "shown")},
            "reader": key.reader,
            "round": key.round,
            **verdict_words(reading.verdict),
        }
        images.append(json_files.write(image))
        for lesion in reading.lesions.values():
            if view in lesion.rois:
                self._count[file] += 1
                self._annotations[file].write(b",\n" if self._count[file] > 1 else b"")
                entry = _annotation(lesion, view, (told["rows"], told["columns"]), number, self._count[file])
                self._annotations[file].write(json_files.write(entry))

    def _whole(self, file: str) -> Iterator[bytes]:
        head = {"description": "Lesions on bone scans", "version": "1.0"}
        lesions = (*map(str, Label), UNLABELLED)
        listed = [
            {"id": number, "name": name, "supercategory": "lesion" if name in lesions else "not bone"}
            for name, number in categories().items()
        ]
        yield b'{"info": ' + json_files.write(head) + b', "licenses": [],\n"categories": '
        yield json_files.write(listed) + b',\n"images": [\n' + b",\n".join(self._images[file])
        yield b'],\n"annotations": [\n'
        waiting = self._annotations[file]
        waiting.seek(0)
        while piece := waiting.read(1 << 20):
            yield piece
        yield b"]}\n"


def _annotation(lesion: Lesion, view: View, size: tuple[int, int], image: int, number: int) -> dict[str, Any]:
    roi = lesion.rois[view]
    return {
        "id": number,
        "image_id": image,
        "category_id": categories()[label_name(lesion)],
        "segmentation": {"size": list(size), "counts": coco_rle.encode(roi, size)},
        "bbox": [roi.left, roi.top, roi.width, roi.height],
        "area": roi.pixels,
        "iscrowd": 0,
        "attributes": said_of(lesion, view),
    }
