"""People who work on a library, with their roles; who somebody is stands in the history like all else."""

from __future__ import annotations

import json
import sqlite3

from workstation.core.people import RULE, Person, Role, is_name
from workstation.store import history
from workstation.store.connection import Connections
from workstation.store.errors import LibraryError

TELL = "person"


def everybody(connection: sqlite3.Connection) -> tuple[Person, ...]:
    """All people by name."""
    return tuple(_person(*row) for row in connection.execute("SELECT name, role FROM people ORDER BY name"))


def role(connection: sqlite3.Connection, name: str) -> Role | None:
    """The role of a person; None where nobody has given one."""
    found = connection.execute("SELECT role FROM people WHERE name = ?", (name,)).fetchone()
    return None if found is None else _person(name, found[0]).role


def tell(connections: Connections, person: Person, who: str) -> bool:
    """Give a person a role, or another one; durable when this returns. False where it was so already."""
    with connections.writing() as db:
        return give(db.conn, person, who)


def give(connection: sqlite3.Connection, person: Person, who: str) -> bool:
    """The same within a transaction of the caller."""
    if not is_name(person.name):
        raise LibraryError(f"A person {RULE}.")
    before = role(connection, person.name)
    if before is person.role:
        return False
    edit = {"name": person.name, "before": None if before is None else str(before), "after": str(person.role)}
    history.append(connection, who, "", TELL, history.canonical(edit))
    connection.execute(
        "INSERT INTO people VALUES (?, ?) ON CONFLICT DO UPDATE SET role = excluded.role",
        (person.name, str(person.role)),
    )
    return True


def check(connection: sqlite3.Connection) -> list[str]:
    """Whether the table is as the history has it."""
    expected: dict[str, str] = {}
    for (text,) in connection.execute("SELECT edit FROM history WHERE scan = '' AND do = ? ORDER BY seq", (TELL,)):
        edit = json.loads(text)
        if expected.get(edit["name"]) != edit["before"]:
            return [f"The history of the role of {edit['name']} does not follow from itself."]
        expected[edit["name"]] = edit["after"]
    held = dict(connection.execute("SELECT name, role FROM people"))
    wrong = {name for name in {*expected, *held} if expected.get(name) != held.get(name)}
    return [f"The role of {name} is not as the history has it." for name in sorted(wrong)]


def _person(name: str, said: str) -> Person:
    try:
        return Person(name, Role(said))
    except ValueError as error:
        raise LibraryError(
            f"What the library holds of {name} is damaged ({error}). Restore the last backup."
        ) from error
