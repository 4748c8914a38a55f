"""Lists of lesions over all scans: only (reading, lesion) come back, and rows for the few that are looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workstation.core.lesion import Lesion, ReadingKey
from workstation.store.connection import Connections
from workstation.store.errors import decoding

Place = tuple[int, str]  # a reading's number and a lesion's id
_BLOCK = 200


@dataclass(frozen=True)
class LesionQuery:
    """Which lesions. label: as kept, None for those without one. region: None for all, "" for those without one.

    reader: whose first readings; None for the reading that stands for each scan.
    """

    label: str | None = None
    region: str | None = None
    reader: str | None = None


@dataclass(frozen=True)
class LesionRow:
    """One lesion with where it stands. patient: as kept in the library."""

    key: ReadingKey
    patient: str
    lesion: Lesion


class LesionLists:
    """only: the one reader whose readings may be seen, with the rounds of scans whose first one they may not see."""

    def __init__(self, connections: Connections, only: tuple[str, Mapping[str, int]] | None = None) -> None:
        self._connections = connections
        self._only = only

    def places(self, query: LesionQuery) -> list[Place]:
        """The lesions asked for, region by region; off one index, so that the lesions themselves are not read."""
        whose, values = self._whose(query.reader)
        region = "" if query.region is None else " AND lesions.region IS :region"
        values |= {"label": query.label, "region": query.region or None}
        with self._connections.reading() as connection:
            return connection.execute(
                "SELECT lesions.reading, lesions.id FROM lesions INDEXED BY lesions_label"
                " CROSS JOIN readings ON readings.id = lesions.reading"
                f" WHERE lesions.label IS :label{region} AND {whose}"
                " ORDER BY lesions.region, lesions.reading, lesions.id",
                values,
            ).fetchall()

    def counts(self, reader: str | None = None) -> dict[tuple[str | None, str | None], int]:
        """How many lesions there are of each (label, region)."""
        whose, values = self._whose(reader)
        with self._connections.reading() as connection:
            found = connection.execute(
                "SELECT label, region, count(*) FROM lesions INDEXED BY lesions_label"
                f" CROSS JOIN readings ON readings.id = lesions.reading WHERE {whose} GROUP BY label, region",
                values,
            )
            return {(label, region): number for label, region, number in found}

    def rows(self, wanted: Sequence[Place]) -> dict[Place, LesionRow]:
        """The lesions at these places; those that have gone, or may not be seen, are left out."""
        whose, values = self._whose(None) if self._only is None else self._whose(self._only[0])
        whose = "1" if self._only is None else whose
        found: dict[Place, LesionRow] = {}
        with self._connections.reading() as connection:
            for start in range(0, len(wanted), _BLOCK):
                block = json.dumps(wanted[start : start + _BLOCK])
                rows = connection.execute(
                    "SELECT reading, lesions.id, scan, readings.reader, round, patient, lesion FROM json_each(:block)"
                    " CROSS JOIN lesions ON lesions.reading = json_extract(value, '$[0]')"
                    " AND lesions.id = json_extract(value, '$[1]')"
                    " CROSS JOIN readings ON readings.id = lesions.reading CROSS JOIN scans ON scans.id = readings.scan"
                    f" WHERE {whose}",
                    {**values, "block": block},
                )
                for reading, lesion, scan, reader, number, patient, text in rows:
                    with decoding(scan):
                        key = ReadingKey(scan, reader, number)
                        found[reading, lesion] = LesionRow(key, patient, Lesion.from_json(json.loads(text)))
        return found

    def place(self, key: ReadingKey, lesion: str) -> Place | None:
        """Where a lesion is found in these lists; None where it is not."""
        with self._connections.reading() as connection:
            found = connection.execute(
                "SELECT reading, lesions.id FROM readings JOIN lesions ON lesions.reading = readings.id"
                " WHERE scan = ? AND reader = ? AND round = ? AND lesions.id = ?",
                (key.scan, key.reader, key.round, lesion),
            ).fetchone()
        return None if found is None else (found[0], found[1])

    def readings(self, reader: str | None = None) -> list[ReadingKey]:
        """The readings begun: a reader's, or those that stand for their scans; by scan."""
        whose, values = self._whose(reader)
        with self._connections.reading() as connection:
            found = connection.execute(
                f"SELECT scan, reader, round FROM readings WHERE {whose} AND status_order > 0 ORDER BY scan", values
            )
            return [ReadingKey(*row) for row in found]

    def number(self, reader: str | None = None) -> int:
        """How many readings `readings` would give."""
        whose, values = self._whose(reader)
        with self._connections.reading() as connection:
            found = connection.execute(f"SELECT count(*) FROM readings WHERE {whose} AND status_order > 0", values)
            return int(found.fetchone()[0])

    def readers(self) -> list[str]:
        """Everybody under whose name something is read."""
        if self._only is not None:
            return [self._only[0]]
        with self._connections.reading() as connection:
            return [name for (name,) in connection.execute("SELECT DISTINCT reader FROM readings ORDER BY reader")]

    def _whose(self, reader: str | None) -> tuple[str, dict[str, object]]:
        """The condition on readings, and its values."""
        rounds: Mapping[str, int] = {}
        if self._only is not None:
            reader, rounds = self._only
        if reader is None:
            return "readings.shown", {}
        number = "1"
        if rounds:
            number = "coalesce((SELECT j.value FROM json_each(:rounds) j WHERE j.key = readings.scan), 1)"
        words = f"readings.reader = :reader AND readings.round = {number}"
        return words, {"reader": reader, "rounds": json.dumps(dict(rounds))}
