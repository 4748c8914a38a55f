"""A library of 100,000 scans and 500,000 lesions.

2,000 are written through the library's own doors; the others are copies of their rows, each with an id, a patient and
readings of its own, which share the pixels of the first few. Everything works in it but verification: the copies' rows
of the history carry no hashes of their own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.made_scans import new_scan
from workstation.core.edits import Edit, LesionChange, Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi, Verdict
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.store.values import NewScan

SCANS, LESIONS_EACH, COPIES = 100_000, 5, 50
WITH_PIXELS = 40
BY_TWO = 2  # one scan in so many has been read by a second person, too
READERS = ("anna", "ben")
_BATCH = 500

_COPY = (
    "INSERT INTO patients SELECT id || :tail FROM patients WHERE id NOT LIKE '%-%'",
    "CREATE TEMP TABLE one AS SELECT * FROM scans WHERE id LIKE '%00'",
    "UPDATE one SET id = substr(id, 1, 5) || :copy, patient = patient || :tail, study = study || :tail,"
    " search = lower(substr(id, 1, 5) || :copy || ' ' || patient || :tail || ' ' || day"
    " || coalesce(' ' || tumour, ''))",
    "INSERT INTO scans SELECT * FROM one",
    "DROP TABLE one",
    "INSERT INTO facts SELECT substr(scan, 1, 5) || :copy, facts FROM facts WHERE scan LIKE '%00'",
    "INSERT INTO frames SELECT substr(scan, 1, 5) || :copy, view, rows, columns, dtype, sum, max, row_spacing,"
    " column_spacing, how, number, NULL, path, sha256 FROM frames WHERE scan LIKE '%00'",
    "INSERT INTO readings SELECT id + :readings, substr(scan, 1, 5) || :copy, reader, round, shown, verdict, lesions,"
    " malignant, benign, uncertain, grade, status, reason, status_order FROM readings WHERE id <= :count",
    "INSERT INTO lesions SELECT reading + :readings, id, position, label, region, side, anterior_pixels,"
    " posterior_pixels, lesion FROM lesions WHERE reading <= :count",
    "INSERT INTO history SELECT seq + :rows, at, who, substr(scan, 1, 5) || :copy, reader, round, do, of, edit, origin,"
    " version, '', '' FROM history WHERE seq <= :last ORDER BY seq",
)


def make(folder: Path, scans: int = SCANS) -> Path:
    """A closed library of so many scans, in multiples of COPIES; all can be opened, the first few have thumbnails."""
    library = Library.create(folder)
    first = scans // COPIES
    pictures = [new_scan(number) for number in range(8)]
    drawn = [_roi(radius) for radius in range(3, 9)]
    for start in range(0, first, _BATCH):
        numbers = range(start, min(start + _BATCH, first))
        seen = [number for number in numbers if number < WITH_PIXELS]
        with library._connections.writing():
            library.add_scans([_scan(number, pictures[number % 8]) for number in seen])
            library.add_scans([_scan(n, pictures[n % 8]) for n in numbers[len(seen) :]], headers_only=True)
            for number in numbers:
                for reader in READERS if number % BY_TWO == 0 else READERS[:1]:
                    key = ReadingKey(_id(number), reader)
                    library.append(key, Step("edit", _reading(number, reader, drawn)), reader)
    with library._connections.writing() as db:
        db.conn.execute(
            "UPDATE frames SET (path, sha256, sum, max) = (SELECT path, sha256, sum, max FROM frames model WHERE"
            " model.scan = printf('S%04d00', CAST(substr(frames.scan, 2, 4) AS INTEGER) % :seen)"
            " AND model.view = frames.view) WHERE path IS NULL",
            {"seen": WITH_PIXELS},
        )
        (count,) = db.conn.execute("SELECT max(id) FROM readings").fetchone()
        (last,) = db.conn.execute("SELECT max(seq) FROM history").fetchone()
    for copy in range(1, COPIES):
        told = {"copy": f"{copy:02d}", "tail": f"-{copy}", "readings": copy * count, "rows": copy * last}
        with library._connections.writing() as db:
            for statement in _COPY:
                db.conn.execute(statement, {**told, "count": count, "last": last})
    library.close()
    return folder


def _id(number: int) -> str:
    return f"S{number:04d}00"


def _scan(number: int, model: NewScan) -> NewScan:
    patient = number * 7919 % 2_000 // 2  # two scans a patient, not in the order they came in
    return replace(
        model,
        id=_id(number), patient=f"P{patient:04d}", study=f"study{number}",
        day=f"20{number % 24:02d}-{1 + number % 12:02d}-{1 + number % 28:02d}",
        tumour=("lung", "prostate", "breast", "other", None)[number % 5], sex="MF"[number % 2],
        age=float(30 + number % 60), reference=(None, 0, 1)[number % 3],
    )  # fmt: skip


def _roi(radius: int) -> Roi:
    rows, columns = np.ogrid[: 2 * radius + 1, : 2 * radius + 1]
    roi = Roi.from_mask((rows - radius) ** 2 + (columns - radius) ** 2 <= radius**2, 300, 110)
    assert roi is not None
    return roi


def _reading(number: int, reader: str, drawn: list[Roi]) -> Edit:
    """Five lesions, some cases fewer, some more; all finished but one in eight."""
    random = np.random.default_rng([number, reader == READERS[0]])
    changes = []
    for lesion in range(LESIONS_EACH + number % 7 - 3):
        roi = replace(drawn[int(random.integers(len(drawn)))], top=int(random.integers(100, 800)))
        label = (Label.MALIGNANT, Label.BENIGN, Label.UNCERTAIN, None)[int(random.integers(4))]
        view = tuple(View)[lesion % 2]
        changes.append(LesionChange(None, Lesion(f"L{lesion}", {view: roi}, label=label)))
    progress = Progress.IN_PROGRESS if number % 8 == 1 else Progress.DONE
    return Edit("Read", tuple(changes), (Verdict(), Verdict(progress=progress, grade=number % 4)))
