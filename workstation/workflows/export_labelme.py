"""Readings as files of labelme: a picture of each view and a JSON of the same name beside it.

The reading that stands for the scan lies beside the pictures, where labelme looks for it; other readings of the same
scan in a folder each, to be opened with labelme's `--output`. The parts of a lesion share a `group_id` over both views.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from workstation.core.lesion import Reading
from workstation.core.scan import Scan, View
from workstation.workflows import json_files, view_picture
from workstation.workflows.labelme_shapes import shapes_of
from workstation.workflows.lesion_words import OURS, described, label_name, said_of, state_of, verdict_words

_VERSION = "5.8.1"  # of labelme, whose form this is; masks came with 5.2
GRADES = tuple(f"grade {grade}" for grade in range(4))
DIFFUSE = "diffuse"


def files(
    scan: Scan, readings: Sequence[tuple[str, Reading]], prints: Mapping[tuple[str, View], str]
) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of a scan's files. readings: with the folder of each, "" for the one beside the pictures."""
    told = {view: view_picture.which(scan, view, prints.get((scan.id, view), "")) for view in scan.frames}
    for view, data in view_picture.pictures(scan, told).items():
        yield view_picture.name(scan.id, view), data
        for folder, reading in readings:
            name = str(PurePosixPath(folder, f"{scan.id}_{view}.json"))
            picture = ("../" if folder else "") + view_picture.name(scan.id, view)
            yield name, json_files.write(_file(reading, view, picture, told[view]))


def _file(reading: Reading, view: View, picture: str, told: Mapping[str, Any]) -> dict[str, Any]:
    verdict = reading.verdict
    flags = {name: verdict.grade == grade for grade, name in enumerate(GRADES)}
    return {
        "version": _VERSION,
        "flags": flags | {DIFFUSE: verdict.diffuse},
        "shapes": [
            {
                "label": label_name(lesion),
                "points": shape["points"],
                "group_id": group,
                "description": described(lesion),
                "shape_type": shape["shape_type"],
                "flags": {},
                "mask": shape["mask"],
                OURS: said_of(lesion, view),
            }
            for group, lesion in enumerate(reading.lesions.values(), start=1)
            if view in lesion.rois
            for shape in shapes_of(lesion.rois[view])
        ],
        "imagePath": picture,
        "imageData": None,
        "imageHeight": told["rows"],
        "imageWidth": told["columns"],
        OURS: {
            **told,
            "reader": reading.key.reader,
            "round": reading.key.round,
            "state": state_of(reading),
            **verdict_words(verdict),
        },
    }
