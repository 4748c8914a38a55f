"""The tables, and the ordered steps by which an older library becomes a present one.

`PRAGMA user_version` counts the steps a library has gone through. A step is never changed once it has been released:
a new one is added at the end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

APPLICATION_ID = 0x4F53544F  # "OSTO", so that any other SQLite file is recognised as not a library


# Wide and rarely read columns (facts, pictures) stand in tables of their own, so that a list reads little.
# status_order: how far the work has come, by which lists are sorted; the words' letters would say nothing.
_FIRST = """
CREATE TABLE library (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE patients (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE scans (
    id TEXT PRIMARY KEY,
    patient TEXT NOT NULL REFERENCES patients,
    day TEXT, tumour TEXT, sex TEXT, age NUMERIC,
    study TEXT NOT NULL, series TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL,
    sides TEXT NOT NULL, upside_down INTEGER NOT NULL, imported TEXT NOT NULL, search TEXT NOT NULL,
    reader TEXT, lesions INTEGER NOT NULL DEFAULT 0, malignant INTEGER NOT NULL DEFAULT 0,
    benign INTEGER NOT NULL DEFAULT 0, uncertain INTEGER NOT NULL DEFAULT 0,
    grade INTEGER, status TEXT NOT NULL DEFAULT 'new', reason TEXT NOT NULL DEFAULT '',
    status_order INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE facts (scan TEXT PRIMARY KEY REFERENCES scans, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE thumbnails (scan TEXT PRIMARY KEY REFERENCES scans, png BLOB NOT NULL);
CREATE TABLE objects (
    original TEXT PRIMARY KEY,
    scan TEXT NOT NULL REFERENCES scans,
    name TEXT NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX objects_scan ON objects (scan);
CREATE TABLE frames (
    scan TEXT NOT NULL REFERENCES scans,
    view TEXT NOT NULL CHECK (view IN ('anterior', 'posterior')),
    rows INTEGER NOT NULL, columns INTEGER NOT NULL, dtype TEXT NOT NULL,
    sum NUMERIC, max NUMERIC, row_spacing REAL, column_spacing REAL,
    how TEXT, number INTEGER NOT NULL, object TEXT REFERENCES objects, path TEXT, sha256 TEXT,
    PRIMARY KEY (scan, view)
) WITHOUT ROWID;
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    scan TEXT NOT NULL REFERENCES scans, reader TEXT NOT NULL, round INTEGER NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0,
    verdict TEXT NOT NULL, lesions INTEGER NOT NULL, malignant INTEGER NOT NULL, benign INTEGER NOT NULL,
    uncertain INTEGER NOT NULL, grade INTEGER, status TEXT NOT NULL, reason TEXT NOT NULL,
    status_order INTEGER NOT NULL,
    UNIQUE (scan, reader, round)
);
CREATE INDEX readings_reader ON readings (reader, shown, scan);
CREATE TABLE lesions (
    reading INTEGER NOT NULL REFERENCES readings,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    label TEXT, region TEXT, side TEXT,
    anterior_pixels INTEGER NOT NULL, posterior_pixels INTEGER NOT NULL,
    lesion TEXT NOT NULL,
    PRIMARY KEY (reading, id)
) WITHOUT ROWID;
CREATE TABLE history (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL, who TEXT NOT NULL,
    scan TEXT NOT NULL, reader TEXT NOT NULL, round INTEGER NOT NULL,
    do TEXT NOT NULL, of INTEGER, edit TEXT,
    origin TEXT NOT NULL, version TEXT NOT NULL,
    before_hash TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX history_reading ON history (scan, reader, round);
CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER history_is_not_deleted BEFORE DELETE ON history
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER history_grows_at_its_end BEFORE INSERT ON history
    WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM history)
    BEGIN SELECT RAISE(ABORT, 'the history grows at its end only'); END;
CREATE TABLE incoming (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX scans_imported ON scans (imported);
CREATE INDEX scans_patient ON scans (patient, day);
CREATE INDEX scans_study ON scans (study);
CREATE INDEX scans_search ON scans (search);
"""

_SECOND = """
ALTER TABLE scans ADD COLUMN reference INTEGER CHECK (reference IN (0, 1));
CREATE INDEX scans_day ON scans (day);
CREATE INDEX scans_tumour ON scans (tumour);
CREATE INDEX scans_sex ON scans (sex);
CREATE INDEX scans_age ON scans (age);
CREATE INDEX scans_lesions ON scans (lesions);
CREATE INDEX scans_malignant ON scans (malignant);
CREATE INDEX scans_benign ON scans (benign);
CREATE INDEX scans_uncertain ON scans (uncertain);
CREATE INDEX scans_grade ON scans (grade);
CREATE INDEX scans_reference ON scans (reference);
CREATE INDEX scans_status ON scans (status_order);
"""

# Facts of patients stand beside the scans; what is told of a patient is found in the history by its rows of no scan.
_THIRD = """
ALTER TABLE scans ADD COLUMN excluded TEXT;
CREATE TABLE clinical (patient TEXT PRIMARY KEY REFERENCES patients, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX history_patient ON history (json_extract(edit, '$.patient')) WHERE scan = '';
CREATE INDEX history_of ON history (of) WHERE of IS NOT NULL;
"""

# A reading that goes on takes its place in a queue along, so that a queue of any length is refreshed at once.
_FOURTH = """
CREATE TABLE people (name TEXT PRIMARY KEY, role TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE queues (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL, at TEXT NOT NULL, who TEXT NOT NULL,
    reader TEXT NOT NULL, blinded INTEGER NOT NULL, made_by TEXT NOT NULL, ended INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX queues_reader ON queues (reader, ended, seq);
CREATE TABLE queue_items (
    queue TEXT NOT NULL REFERENCES queues, position INTEGER NOT NULL,
    scan TEXT NOT NULL REFERENCES scans, reader TEXT NOT NULL, round INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0, lesions INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (queue, position)
) WITHOUT ROWID;
CREATE INDEX queue_items_left ON queue_items (queue, position) WHERE NOT done;
CREATE INDEX queue_items_reading ON queue_items (scan, reader, round);
CREATE INDEX readings_finished ON readings (scan, reader, status_order) WHERE round = 1 AND status_order IN (2, 3);
CREATE INDEX history_reader ON history (reader, at) WHERE round > 0;
CREATE TRIGGER readings_advance_queues AFTER UPDATE OF status_order, lesions ON readings
    BEGIN UPDATE queue_items SET done = NEW.status_order >= 2, lesions = NEW.lesions
        WHERE scan = NEW.scan AND reader = NEW.reader AND round = NEW.round; END;
"""

# All lesions of one label, region by region, without reading what was drawn.
_FIFTH = """
CREATE INDEX lesions_label ON lesions (label, region, reading, id);
"""

# What needs adjudication is kept with the scan: asked over a hundred thousand scans it must not be counted each time.
_SIXTH = """
ALTER TABLE scans ADD COLUMN to_adjudicate INTEGER NOT NULL DEFAULT 0;
UPDATE scans SET to_adjudicate = 1 WHERE id IN (
    SELECT scan FROM readings WHERE round = 1 AND status_order IN (2, 3) AND reader <> 'truth'
    GROUP BY scan HAVING count(*) > 1 AND sum(reader = 'adjudicated') = 0);
CREATE INDEX scans_to_adjudicate ON scans (imported) WHERE to_adjudicate = 1;
"""

# Who excludes a scan that another has finished is put to a further person, and so is what readers change afterwards.
_SEVENTH = """
UPDATE scans SET to_adjudicate = id IN (
    SELECT scan FROM readings WHERE round = 1 AND status_order >= 2 AND reader NOT IN ('truth', 'adjudicated')
    GROUP BY scan HAVING count(*) > 1 AND sum(status_order < 4) > 0)
AND NOT EXISTS (
    SELECT 1 FROM readings a WHERE a.scan = scans.id AND a.reader = 'adjudicated' AND a.round = 1
    AND a.status_order >= 2 AND NOT EXISTS (
        SELECT 1 FROM readings r JOIN history h ON h.scan = r.scan AND h.reader = r.reader AND h.round = 1
        WHERE r.scan = a.scan AND r.round = 1 AND r.status_order >= 2 AND r.reader NOT IN ('truth', 'adjudicated')
        AND h.seq > (SELECT max(seq) FROM history j
            WHERE j.scan = a.scan AND j.reader = 'adjudicated' AND j.round = 1)))
WHERE to_adjudicate OR id IN (SELECT scan FROM readings WHERE status_order = 4 OR reader = 'adjudicated');
"""

# Sealed patients are sealed for ever, and nobody takes an opening back.
_EIGHTH = """
CREATE TABLE sealed (patient TEXT PRIMARY KEY REFERENCES patients, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE openings (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, run TEXT NOT NULL, snapshot TEXT NOT NULL
);
CREATE TRIGGER sealed_are_not_changed BEFORE UPDATE ON sealed
    BEGIN SELECT RAISE(ABORT, 'sealed patients are sealed for ever'); END;
CREATE TRIGGER sealed_are_not_deleted BEFORE DELETE ON sealed
    BEGIN SELECT RAISE(ABORT, 'sealed patients are sealed for ever'); END;
CREATE TRIGGER openings_are_not_changed BEFORE UPDATE ON openings
    BEGIN SELECT RAISE(ABORT, 'openings are counted for ever'); END;
CREATE TRIGGER openings_are_not_deleted BEFORE DELETE ON openings
    BEGIN SELECT RAISE(ABORT, 'openings are counted for ever'); END;
"""

# Beside what is drawn, as nobody drew it.
_NINTH = """
CREATE TABLE simulations (scan TEXT PRIMARY KEY REFERENCES scans, told TEXT NOT NULL) WITHOUT ROWID;
"""

Migration = Callable[[sqlite3.Connection], None]


def statements(script: str) -> list[str]:
    """The script's statements one by one: `executescript` would commit behind the transaction's back."""
    found, statement = [], ""
    for line in script.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            found.append(statement.strip())
            statement = ""
    return found


def _run(script: str) -> Migration:
    def migrate(connection: sqlite3.Connection) -> None:
        for statement in statements(script):
            connection.execute(statement)

    return migrate


MIGRATIONS: Sequence[Migration] = tuple(
    _run(script) for script in (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH, _EIGHTH, _NINTH)
)


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, to: int | None = None) -> None:
    """Take the steps still missing, all within the caller's transaction."""
    target = len(MIGRATIONS) if to is None else to
    for step in range(version(connection), target):
        MIGRATIONS[step](connection)
        connection.execute(f"PRAGMA user_version = {step + 1}")
