"""Readings out of files of labelme: one JSON for each view, those of one reading taken together.

Which view of which scan a file belongs to is told by the picture it was drawn on (ours carry it along), by what we
wrote into the file, or by its name. Where these disagree the file belongs to another picture.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any

from workstation.core.lesion import Lesion, Roi
from workstation.core.scan import View
from workstation.workflows import view_picture
from workstation.workflows.errors import WorkflowError
from workstation.workflows.export_labelme import DIFFUSE, GRADES
from workstation.workflows.labelme_shapes import roi_of
from workstation.workflows.labels_given import Labels
from workstation.workflows.lesion_words import OURS, Part, label_of, lesion_of, read_description, verdict_from, whole
from workstation.workflows.picture_views import arrangements
from workstation.workflows.table import RowError

_NAMED = re.compile(r"(?P<scan>.+)_(?P<view>anterior|posterior)", re.DOTALL)
_MAX_SIDE = 8192
_MAX_PICTURE = 256 << 20
_SAID_BY_VIEW = ("scan", "view", "sop_uid", "sha256", "shown")


@dataclass(frozen=True)
class _ViewFile:
    """One file. ours: what we wrote into it; told: which view of which scan it shows.

    size: (rows, columns) of the picture; left, columns: the part of it that is the view. picture: where it tells
    nothing of itself, and nothing of ours is in the file.
    """

    file: Path
    raw: Mapping[str, Any]
    ours: Mapping[str, Any]
    told: Mapping[str, str]
    size: tuple[int, int]
    left: int
    columns: int
    picture: bytes | None = None

    @property
    def view(self) -> View:
        return View(self.told["view"])

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.told["scan"], str(self.ours.get("reader")), str(self.ours.get("round")))


def is_one(raw: object) -> bool:
    return isinstance(raw, dict) and isinstance(raw.get("shapes"), list)


def readings(files: Sequence[tuple[Path, Any]], broken: Sequence[tuple[Path, str]] = ()) -> Iterator[Labels]:
    """The readings in these files and what they hold. One that cannot be taken says why, and takes its view's partner.

    Without a name of its reader a file is the importing person's. broken: files of the folder that are no JSON, with
    the reason.
    """
    gathered: dict[tuple[str, str, str], list[_ViewFile]] = {}
    spoilt: dict[str, str] = {}  # scan by name -> why
    for file, trouble in broken:
        if named := _by_name(file.stem):
            spoilt[str(file.with_name(named["scan"]))] = trouble
        yield Labels(str(file), trouble=trouble)
    for file, raw in files:
        try:
            read = _view_file(file, raw)
        except RowError as error:
            trouble = f"{file}: {error}. The reading it belongs to was left out."
            if named := _by_name(file.stem):
                spoilt[str(file.with_name(named["scan"]))] = trouble
            yield Labels(str(file), trouble=trouble)
            continue
        if read.picture is not None:
            yield _of_elsewhere(read, read.picture)
        else:
            gathered.setdefault(read.key, []).append(read)
    for parts in gathered.values():
        where = ", ".join(str(part.file) for part in parts)
        partners = [str(part.file.with_name(part.told["scan"])) for part in parts]
        why = next((spoilt[name] for name in partners if name in spoilt), None)
        if why is not None:
            yield Labels(where, trouble=f"{where}: left out, as the other view of the reading is: {why}")
            continue
        try:
            yield _reading(where, parts)
        except RowError as error:
            yield Labels(where, trouble=f"{error}. The reading it belongs to was left out.")


def _view_file(file: Path, raw: Mapping[str, Any]) -> _ViewFile:
    size = (
        whole(raw.get("imageHeight"), "imageHeight", 1, _MAX_SIDE),
        whole(raw.get("imageWidth"), "imageWidth", 1, _MAX_SIDE),
    )
    ours = raw.get(OURS)
    ours = ours if isinstance(ours, dict) else {}
    named = raw.get("imagePath")
    path = PureWindowsPath(named if isinstance(named, str) and "\0" not in named else file.name)
    picture = _picture(file, raw, path)
    by_picture = {} if picture is None else _told_by(picture, size)
    told = [words for words in (by_picture, ours, _by_name(path.stem)) if words.get("scan")]
    foreign = picture if not by_picture.get("scan") and not ours.get("scan") else None
    if not told and foreign is None:
        raise RowError(
            "it does not say which view of which scan it shows, and its picture is not there: draw on pictures that "
            "export writes or scans were imported from, or name the picture SCAN_anterior or SCAN_posterior"
        )
    if not told:
        return _ViewFile(file, raw, ours, {}, size, 0, size[1], foreign)
    first = {name: _text(told[0], name) for name in _SAID_BY_VIEW}
    if first["view"] not in tuple(View):
        raise RowError(f"view is anterior or posterior, not {first['view'][:40]!r}")
    for other in told[1:]:
        for name in _SAID_BY_VIEW:
            if _text(other, name) and first[name] and _text(other, name) != first[name]:
                raise RowError(
                    f"it belongs to another picture: that one is {name} {first[name][:60]}, the file says "
                    f"{_text(other, name)[:60]}"
                )
            first[name] = first[name] or _text(other, name)
    return _ViewFile(file, raw, ours, first, size, 0, size[1], foreign)


def _of_elsewhere(read: _ViewFile, picture: bytes) -> Labels:
    """The reading on each view, or pair of views, that the picture may be; the library knows which of them it holds."""
    where = str(read.file)
    ways = [
        [
            replace(read, told={"scan": "", "view": str(part.view), "sop_uid": "", "sha256": part.sha256,
                                "shown": part.shown},
                    left=part.left, columns=part.size[1])
            for part in parts
        ]
        for parts in arrangements(picture)
    ]  # fmt: skip
    try:
        made = [_reading(where, way) for way in (*ways, *([[read]] if read.told else []))]
    except RowError as error:
        return Labels(where, trouble=f"{error}. The reading it belongs to was left out.")
    return Labels(where, ways=tuple(made))


def _picture(file: Path, raw: Mapping[str, Any], path: PureWindowsPath) -> bytes | None:
    """The picture within the file or beside it; None where there is none."""
    data = raw.get("imageData")
    if data is not None:
        try:
            return base64.b64decode(data, validate=False)
        except (TypeError, ValueError, binascii.Error) as error:
            raise RowError("imageData is no picture in base64") from error
    beside = file.parent / path.as_posix()
    if path.is_absolute() or path.drive or not _near(beside, file.parent):
        return None
    try:
        return beside.read_bytes() if beside.is_file() and beside.stat().st_size <= _MAX_PICTURE else None
    except OSError:
        return None


def _told_by(picture: bytes, size: tuple[int, int]) -> Mapping[str, Any]:
    """What the picture tells of itself; {} where it is none of ours."""
    try:
        real, told = view_picture.told_by(picture)
    except ValueError as error:
        raise RowError(f"its picture cannot be read: {error}") from error
    if real != size:
        raise RowError(
            f"it belongs to another picture: that one has {real[0]} x {real[1]} pixels, the file says "
            f"{size[0]} x {size[1]}"
        )
    return told


def _near(picture: Path, folder: Path) -> bool:
    """Whether a picture lies in the file's folder or the one around it: nothing else is looked at."""
    try:
        return picture.resolve().parent in (folder.resolve(), folder.resolve().parent)
    except (OSError, ValueError, RuntimeError):
        return False


def _by_name(stem: str) -> Mapping[str, Any]:
    named = _NAMED.fullmatch(stem)
    return {} if named is None else named.groupdict()


def _text(words: Mapping[str, Any], name: str) -> str:
    value = words.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > 200):
        raise RowError(f"{name} is a short text, not {str(value)[:40]!r}")
    return value or ""


def _reading(where: str, files: Sequence[_ViewFile]) -> Labels:
    sizes = {part.view: (part.size[0], part.columns) for part in files}
    if len(sizes) < len(files):
        raise RowError(f"{where}: several files show the same view of one reading")
    ours = files[0].ours
    verdicts = [_verdict(part) for part in files]
    if any(verdict != verdicts[0] for verdict in verdicts):
        raise RowError(f"{where}: the files of the two views say different things of the scan (flags)")
    uids = {part.told["sop_uid"] for part in files} - {""}
    if len(uids) > 1:
        raise RowError(f"{where}: the files of the two views come from two scans of one name")
    states = {str(part.ours.get("state", "")) for part in files}
    return Labels(
        where,
        files[0].told["scan"],
        uids.pop() if uids else "",
        {part.view: part.told["sha256"] for part in files if part.told["sha256"]},
        _text(ours, "reader"),
        whole(ours.get("round", 1), "round", 1, 999),
        partial(_lesions, files),
        verdicts[0],
        sizes,
        {part.view: part.told["shown"] for part in files if part.told["shown"]},
        states.pop() if len(states) == 1 else "",
    )


def _verdict(part: _ViewFile) -> Any:
    words = dict(part.ours)
    flags = part.raw.get("flags") or {}
    if not isinstance(flags, dict):
        raise RowError(f"{part.file}: flags are names with true or false")
    grades = [grade for grade, name in enumerate(GRADES) if flags.get(name) is True]
    if len(grades) > 1:
        raise RowError(f"{part.file}: more than one grade is ticked")
    if any(name in flags for name in GRADES):
        words["grade"] = grades[0] if grades else None
    if DIFFUSE in flags:
        words["diffuse"] = flags[DIFFUSE] is True
    try:
        return verdict_from(words)
    except RowError as error:
        raise RowError(f"{part.file}: {error}") from error


def _lesions(files: Sequence[_ViewFile]) -> tuple[Lesion, ...]:
    try:
        return _drawn(files)
    except RowError as error:
        raise WorkflowError(f"{error}. The reading it belongs to was left out.") from error


def _drawn(files: Sequence[_ViewFile]) -> tuple[Lesion, ...]:
    """Shapes with one `group_id` are one lesion, over both views; a shape without one is a lesion of its own."""
    groups: dict[int | tuple[str, int], list[Part]] = {}
    where: dict[int | tuple[str, int], str] = {}
    for part in files:
        for number, shape in enumerate(part.raw["shapes"], start=1):
            at = f"{part.file}: shape {number}"
            try:
                if not isinstance(shape, dict):
                    raise RowError("a shape is a JSON object")
                group = shape.get("group_id")
                if group is not None:
                    whole(group, "group_id", -(1 << 31), 1 << 31)
                key = (str(part.file), number) if group is None else group
                made = _part(shape, part)
                if made is not None:
                    groups.setdefault(key, []).append(made)
                    where.setdefault(key, at)
            except RowError as error:
                raise RowError(f"{at}: {error}") from error
    ordered = sorted(groups, key=lambda key: (1, 0) if isinstance(key, tuple) else (0, key))
    lesions: dict[str, Lesion] = {}
    for key in ordered:
        try:
            lesion = lesion_of(groups[key])
            if lesion.id in lesions:  # a copy made in labelme carries the first one's words
                lesion = lesion_of([Part(p.view, p.roi, p.label, {**p.said, "lesion": ""}) for p in groups[key]])
            if lesion.id in lesions:
                raise RowError("the same shape is there twice")
        except RowError as error:
            raise RowError(f"{where[key]}: {error}") from error
        lesions[lesion.id] = lesion
    return tuple(lesions.values())


def _part(shape: Mapping[str, Any], part: _ViewFile) -> Part | None:
    """What the shape holds of the view; None where it lies on the picture's other one."""
    description = shape.get("description") or ""
    if not isinstance(description, str):
        raise RowError("the description is text")
    label = label_of(shape.get("label"))
    whole_roi = roi_of(shape, part.size)
    roi: Roi | None = whole_roi
    if part.columns < part.size[1]:
        roi = Roi.from_mask(whole_roi.mask(part.size)[:, part.left : part.left + part.columns])
    if roi is None:
        return None
    criterion, comment = read_description(description)
    ours = shape.get(OURS)
    said = {**(ours if isinstance(ours, dict) else {}), "criterion": criterion, "comment": comment}
    return Part(part.view, roi, label, said)
