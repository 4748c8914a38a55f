"""Readings out of COCO files: annotations with run lengths or polygons on the pictures that `export` writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any

from workstation.core.delineate import polygon_roi
from workstation.core.lesion import Lesion, Roi
from workstation.core.scan import View
from workstation.workflows import coco_rle
from workstation.workflows.errors import WorkflowError
from workstation.workflows.labelme_shapes import MOST_POINTS
from workstation.workflows.labels_given import Labels
from workstation.workflows.lesion_words import Part, label_of, lesion_of, verdict_from, whole
from workstation.workflows.table import RowError

_MAX_SIDE = 8192
_MOST = 1 << 40

_Key = tuple[str, str, str, int]


def is_one(raw: object) -> bool:
    return isinstance(raw, dict) and isinstance(raw.get("annotations"), list) and isinstance(raw.get("images"), list)


def readings(file: Path, raw: Mapping[str, Any]) -> Iterator[Labels]:
    """The readings in one file, one for each scan (and reader, where it names several)."""
    try:
        names = _categories(raw.get("categories"))
        images = _images(raw["images"])
    except RowError as error:
        yield Labels(str(file), trouble=f"{file}: {error}. The file was left out.")
        return
    parts: dict[int, list[tuple[int, Mapping[str, Any]]]] = {}
    for number, annotation in enumerate(raw["annotations"], start=1):
        image = annotation.get("image_id") if isinstance(annotation, dict) else None
        if not isinstance(image, int) or image not in images:
            words = f"{file}: annotation {number}: it is on no image of this file. The file was left out."
            yield Labels(str(file), trouble=words)
            return
        parts.setdefault(image, []).append((number, annotation))
    gathered: dict[_Key, list[int]] = {}
    for number, image in images.items():
        key = (image["scan"], image["sop_uid"], image["reader"], image["round"])
        gathered.setdefault(key, []).append(number)
    for key, numbers in gathered.items():
        try:
            yield _reading(file, key, [images[n] for n in numbers], [parts.get(n, []) for n in numbers], names)
        except RowError as error:
            yield Labels(str(file), trouble=f"{file}: {error}. The reading of scan {key[0]} was left out.")


def _categories(given: object) -> dict[int, str]:
    if not isinstance(given, list):
        raise RowError("it has no list of categories")
    names = {}
    for number, category in enumerate(given, start=1):
        if not isinstance(category, dict):
            raise RowError(f"category {number} is no JSON object")
        names[whole(category.get("id"), "the id of a category", 0, _MOST)] = str(category.get("name"))
    return names


def _images(given: list[Any]) -> dict[int, dict[str, Any]]:
    images: dict[int, dict[str, Any]] = {}
    for number, image in enumerate(given, start=1):
        try:
            made = _image(image)
            if made["id"] in images:
                raise RowError("its id is another image's")
        except RowError as error:
            raise RowError(f"image {number}: {error}") from error
        images[made["id"]] = made
    return images


def _image(image: object) -> dict[str, Any]:
    if not isinstance(image, dict):
        raise RowError("it is no JSON object")
    made = {name: _text(image, name) for name in ("scan", "view", "sop_uid", "sha256", "shown", "reader", "file_name")}
    if not made["scan"]:
        scan, _, view = PureWindowsPath(made["file_name"]).stem.rpartition("_")
        made |= {"scan": scan, "view": view}
    if not made["scan"] or made["view"] not in tuple(View):
        raise RowError("it does not say which view of which scan it shows; name its file SCAN_anterior or _posterior")
    size = (whole(image.get("height"), "height", 1, _MAX_SIDE), whole(image.get("width"), "width", 1, _MAX_SIDE))
    return {
        **made,
        "id": whole(image.get("id"), "id", 0, _MOST),
        "round": whole(image.get("round", 1), "round", 1, 999),
        "size": size,
        "verdict": verdict_from(image),
    }


def _reading(
    file: Path,
    key: _Key,
    images: list[dict[str, Any]],
    annotations: list[list[tuple[int, Mapping[str, Any]]]],
    names: Mapping[int, str],
) -> Labels:
    views = [View(image["view"]) for image in images]
    if len(set(views)) < len(views):
        raise RowError("several images show the same view of one reading")
    if any(image["verdict"] != images[0]["verdict"] for image in images):
        raise RowError("the images of the two views say different things of the scan")
    scan, sop_uid, reader, round_number = key
    prints = {view: image["sha256"] for view, image in zip(views, images, strict=True) if image["sha256"]}
    sizes = {view: image["size"] for view, image in zip(views, images, strict=True)}
    shown = {view: image["shown"] for view, image in zip(views, images, strict=True) if image["shown"]}
    verdict = images[0]["verdict"]
    lesions = partial(_lesions, f"{file}", scan, list(zip(views, sizes.values(), annotations, strict=True)), names)
    return Labels(f"{file}: scan {scan}", scan, sop_uid, prints, reader, round_number, lesions, verdict, sizes, shown)


def _lesions(
    file: str,
    scan: str,
    drawn: Sequence[tuple[View, tuple[int, int], list[tuple[int, Mapping[str, Any]]]]],
    names: Mapping[int, str],
) -> tuple[Lesion, ...]:
    try:
        return _drawn(drawn, names)
    except RowError as error:
        raise WorkflowError(f"{file}: {error}. The reading of scan {scan} was left out.") from error


def _drawn(
    drawn: Sequence[tuple[View, tuple[int, int], list[tuple[int, Mapping[str, Any]]]]], names: Mapping[int, str]
) -> tuple[Lesion, ...]:
    """The lesions of one reading. drawn: each view with its picture's (rows, columns) and numbered annotations."""
    groups: dict[object, list[Part]] = {}
    first: dict[object, int] = {}
    for view, size, numbered in drawn:
        for number, annotation in numbered:
            try:
                lesion, part = _part(annotation, view, size, names)
            except RowError as error:
                raise RowError(f"annotation {number}: {error}") from error
            groups.setdefault(lesion or number, []).append(part)
            first.setdefault(lesion or number, number)
    lesions: list[Lesion] = []
    for group, parts in groups.items():
        try:
            lesions.append(lesion_of(parts))
        except RowError as error:
            raise RowError(f"annotation {first[group]}: {error}") from error
    return tuple(lesions)


def _part(
    annotation: Mapping[str, Any], view: View, size: tuple[int, int], names: Mapping[int, str]
) -> tuple[str, Part]:
    category = annotation.get("category_id")
    if not isinstance(category, int) or category not in names:
        raise RowError("its category is none of this file's")
    said = annotation.get("attributes")
    said = said if isinstance(said, dict) else {}
    return _text(said, "lesion"), Part(
        view, _roi(annotation.get("segmentation"), size), label_of(names[category]), said
    )


def _roi(given: object, size: tuple[int, int]) -> Roi:
    try:
        if isinstance(given, dict):
            roi = Roi.from_mask(_runs(given, size))
        elif isinstance(given, list) and given:
            roi = polygon_roi([_corners(polygon) for polygon in given], size)
        else:
            raise RowError("it has no segmentation")
    except (ValueError, OverflowError) as error:
        raise RowError(str(error)) from error
    if roi is None:
        raise RowError("it holds no pixel of the picture")
    return roi


def _runs(given: Mapping[str, Any], size: tuple[int, int]) -> Any:
    if given.get("size") != list(size):
        raise RowError(f"its mask is of another picture: size {str(given.get('size'))[:40]}, not {list(size)}")
    counts = given.get("counts")
    if isinstance(counts, str):
        counts = coco_rle.unpack(counts)
    if not isinstance(counts, list) or not all(type(run) is int and 0 <= run < _MOST for run in counts):
        raise RowError("its runs are no list of whole numbers")
    return coco_rle.decode(counts, size)


def _corners(polygon: object) -> list[tuple[float, float]]:
    """(row, column) with pixel centres as whole numbers, of x, y, x, y, ... with pixel corners as whole numbers."""
    if isinstance(polygon, list) and len(polygon) > 2 * MOST_POINTS:
        raise RowError(f"a polygon has at most {MOST_POINTS:,} corners")
    if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
        raise RowError("a polygon is x, y, x, y, ... of at least three corners")
    if not all(type(at) in (int, float) and abs(at) < 1e6 for at in polygon):
        raise RowError("a polygon is made of numbers within the picture")
    return [(y - 0.5, x - 0.5) for x, y in zip(polygon[::2], polygon[1::2], strict=True)]


def _text(words: Mapping[str, Any], name: str) -> str:
    value = words.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > 200):
        raise RowError(f"{name} is a short text, not {str(value)[:40]!r}")
    return value or ""
