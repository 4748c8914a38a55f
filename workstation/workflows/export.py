"""Lesions out of a library, in the formats of `FORMATS`; files are named by scan.

Every format comes with `lesions.csv`, whose `mask_value` says which lesion a value of a png or nifti mask stands for.
csv comes with `readings.csv` as well, as a scan that was read without finding anything has no row in the other.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from workstation.core.lesion import Reading, ReadingKey, Verdict
from workstation.core.scan import Scan, View
from workstation.workflows import table
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.progress import Job, Progress

if TYPE_CHECKING:
    from workstation.store.library import Library
    from workstation.store.values import ScanRow

FORMATS = ("csv", "png", "nifti", "coco", "labelme", "nnunet")
TABLE = "lesions.csv"
READINGS = "readings.csv"
_BLOCK = 256


@dataclass(frozen=True)
class ExportResult:
    """lesions: rows of the table. files: how many were written, into `out`."""

    lesions: int
    files: int
    out: Path


def run(
    library: Library, out: Path, form: str = "csv", reader: str | None = None, scans: Sequence[str] | None = None
) -> Job[ExportResult]:
    """Export all readings, or one reader's, of all scans or of these. Files appear under their names when whole."""
    if form not in FORMATS:
        raise CallError(f"There is no export format {form}; there is {', '.join(FORMATS)}.")
    if library.folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise CallError("The export would lie inside the library itself: choose a folder outside it.")
    if out.exists() and not out.is_dir():
        raise CallError(f"{out} is a file: name a folder to export into.")
    out.mkdir(parents=True, exist_ok=True)
    ids = library.ids() if scans is None else scans
    prints = library.prints()
    lesions = files = 0
    part = out / f"{TABLE}.part"
    with closing(_form(form, prints, alike(library.lesions().readers()))) as made:
        try:
            with open(part, "w", encoding="utf-8", newline="") as stream:
                write = _table(stream)
                for done, row in enumerate(_scans(library, ids, reader), start=1):
                    scan = library.load(row.scan) if form != "csv" or row.reader else None
                    readings = _readings(library, row.scan, reader)
                    for reading in readings:
                        for value, lesion in enumerate(reading.lesions.values(), start=1):
                            assert scan is not None
                            write.writerow(table.write_row(reading, lesion, row, scan.facts, value, prints))
                            lesions += 1
                    if scan is not None:
                        files += _put_all(out, made.files(scan, row, readings))
                    yield Progress(done, len(ids), "Exporting")
            files += _put_all(out, made.finish())
            os.replace(part, out / TABLE)
        finally:
            part.unlink(missing_ok=True)
    return ExportResult(lesions, files + 1, out)


def _put_all(out: Path, files: Iterable[tuple[str, bytes | Iterator[bytes]]]) -> int:
    count = 0
    for name, data in files:
        put(out / name, data)
        count += 1
    return count


def put(file: Path, data: bytes | Iterator[bytes]) -> None:
    """Write a file, in pieces where it comes so, so that its name never stands for half of it."""
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(exist_ok=True)
        with open(part, "wb") as stream:
            stream.writelines([data] if isinstance(data, bytes) else data)
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WorkflowError(f"{file} could not be written: {error.strerror}. Those before it are whole.") from error


def alike(readers: Iterable[str]) -> frozenset[str]:
    """Those whose names are one where a file system tells no capitals from small letters."""
    names = set(readers)
    times = Counter(name.casefold() for name in names)
    return frozenset(name for name in names if times[name.casefold()] > 1)


def stem(key: ReadingKey, told_apart: Collection[str] = ()) -> str:
    """The part of a file's name that tells the reading: scan, reader, round, in letters any file system takes."""
    return f"{key.scan}_{reader_stem(key, told_apart)}"


def reader_stem(key: ReadingKey, told_apart: Collection[str] = ()) -> str:
    """The same without the scan. told_apart: readers whose names alone do not (`alike`)."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", key.reader)[:40]
    if plain != key.reader or key.reader in told_apart:  # two readers must never share a name
        plain += "-" + hashlib.sha256(key.reader.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{plain}_r{key.round}"


def _table(stream: TextIO) -> csv.DictWriter[str]:
    writer = csv.DictWriter(stream, table.COLUMNS, lineterminator="\n")
    writer.writeheader()
    return writer


def _scans(library: Library, ids: Sequence[str], reader: str | None) -> Iterator[ScanRow]:
    for start in range(0, len(ids), _BLOCK):
        yield from library.rows(ids[start : start + _BLOCK], reader)


def _readings(library: Library, scan: str, reader: str | None) -> list[Reading]:
    keys = [key for key in library.readings(scan) if reader is None or key.reader == reader]
    return [library.session(key).reading for key in keys]


class _Form(Protocol):
    """A format: what it writes of each scan, and what it writes when all have gone by."""

    def files(self, scan: Scan, row: ScanRow, readings: Sequence[Reading]) -> Iterator[tuple[str, bytes]]: ...

    def finish(self) -> Iterable[tuple[str, bytes | Iterator[bytes]]]: ...

    def close(self) -> None: ...


def _form(form: str, prints: Mapping[tuple[str, View], str], told_apart: Collection[str]) -> _Form:
    made = {"csv": _Csv, "coco": _Coco, "labelme": _Labelme, "nnunet": _NnUnet}.get(form, _PerScan)
    return made(form, prints, told_apart)


class _PerScan:
    """png and nifti: every scan for itself."""

    def __init__(self, form: str, prints: Mapping[tuple[str, View], str], told_apart: Collection[str]) -> None:
        self.form, self.prints, self.told_apart = form, prints, told_apart

    def files(self, scan: Scan, row: ScanRow, readings: Sequence[Reading]) -> Iterator[tuple[str, bytes]]:
        return _pictures(self.form, scan, row, readings, self.told_apart)

    def finish(self) -> Iterable[tuple[str, bytes | Iterator[bytes]]]:
        return ()

    def close(self) -> None:
        pass


class _Csv(_PerScan):
    def __init__(self, form: str, prints: Mapping[tuple[str, View], str], told_apart: Collection[str]) -> None:
        super().__init__(form, prints, told_apart)
        self.rows: list[dict[str, object]] = []

    def files(self, scan: Scan, row: ScanRow, readings: Sequence[Reading]) -> Iterator[tuple[str, bytes]]:
        self.rows += [
            table.write_reading(reading, row, scan.facts, self.prints)
            for reading in readings
            if reading.lesions or reading.verdict != Verdict()  # of one taken back wholly nothing is left to tell
        ]
        return iter(())

    def finish(self) -> Iterable[tuple[str, bytes]]:
        stream = io.StringIO(newline="")
        writer = csv.DictWriter(stream, table.READING_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        yield READINGS, stream.getvalue().encode("utf-8")


class _Labelme(_PerScan):
    def files(self, scan: Scan, row: ScanRow, readings: Sequence[Reading]) -> Iterator[tuple[str, bytes]]:
        from workstation.workflows import export_labelme

        stands = _standing(row, readings)
        places = [("" if one is stands else reader_stem(one.key, self.told_apart), one) for one in readings]
        return export_labelme.files(scan, places, self.prints)


class _Coco(_PerScan):
    def __init__(self, form: str, prints: Mapping[tuple[str, View], str], told_apart: Collection[str]) -> None:
        from workstation.workflows.export_coco import Coco

        super().__init__(form, prints, told_apart)
        self.coco = Coco()

    def files(self, scan: Scan, row: ScanRow, readings: Sequence[Reading]) -> Iterator[tuple[str, bytes]]:
        named = [(f"coco_{reader_stem(one.key, self.told_apart)}", one) for one in readings]
        return self.coco.files(scan, named, self.prints)

    def finish(self) -> Iterable[tuple[str, bytes | Iterator[bytes]]]:
        return self.coco.finish()

    def close(self) -> None:
        self.coco.close()


class _NnUnet(_PerScan):
    def __init__(self, form: str, prints: Mapping[tuple[str, View], str], told_apart: Collection[str]) -> None:
        from workstation.workflows.export_nnunet import NnUnet

        super().__init__(form, prints, told_apart)
        self.nnunet = NnUnet()

    def files(self, scan: Scan, row: ScanRow, readings: Sequence[Reading]) -> Iterator[tuple[str, bytes]]:
        return self.nnunet.files(scan, _standing(row, readings))

    def finish(self) -> Iterable[tuple[str, bytes | Iterator[bytes]]]:
        return self.nnunet.finish()


def _standing(row: ScanRow, readings: Sequence[Reading]) -> Reading | None:
    """The reading that stands for the scan, as `list` shows it: the first round of the row's reader."""
    own = [reading for reading in readings if reading.key.reader == row.reader]
    return min(own, key=lambda reading: reading.key.round, default=None)


def _pictures(
    form: str, scan: Scan, row: ScanRow, readings: Sequence[Reading], told_apart: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    from workstation.workflows import export_nifti, export_png

    of_scan: Mapping[str, bytes]
    if form == "png":
        of_scan, of_reading, suffix = {"": export_png.picture(scan, _standing(row, readings))}, export_png.mask, "png"
    else:
        of_scan = {f"_{view}": export_nifti.picture(frame) for view, frame in scan.frames.items()}
        of_reading, suffix = export_nifti.mask, "nii.gz"
    for name, data in of_scan.items():
        yield f"{scan.id}{name}.{suffix}", data
    for reading in readings:
        for view, frame in scan.frames.items():
            yield f"{stem(reading.key, told_apart)}_{view}_mask.{suffix}", of_reading(frame, reading)
