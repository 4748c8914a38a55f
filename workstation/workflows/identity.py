"""The secret of one library and who its patients are: kept in the user's own folder, never in the library's.

A research library's folder may be copied and sent; nothing in it can be turned back without this file. It holds one
JSON value a line: first the key, from which pseudonyms, day offsets and UIDs follow, then a line per patient with the
original identifier. Lines are added on disk before the scans they belong to, so no crash leaves a scan nobody can name.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workstation.workflows.errors import WorkflowError
from workstation.workflows.home import home

if TYPE_CHECKING:
    from workstation.store.library import Library

_FORMAT = 1
_KEY_BYTES = 32


@dataclass(frozen=True)
class Patient:
    """original, issuer: the identifier as it came and who gave it. research: the pseudonym. days: added to dates."""

    original: str
    issuer: str
    research: str
    days: int


@dataclass
class Identity:
    """key: the library's secret. file: where it lies, None for a clinical library, which hides nothing."""

    key: bytes
    file: Path | None = None
    _patients: dict[str, Patient] = field(default_factory=dict, repr=False)

    def fingerprint(self, data: bytes) -> str:
        """The keyed hash by which the same object is known when it comes again (hexadecimal)."""
        keyed = hmac.new(self.key, b"object\x1f", hashlib.sha256)
        keyed.update(data)
        return keyed.hexdigest()

    def original(self, research: str) -> Patient | None:
        """Who a pseudonym stands for, as far as this machine knows."""
        return self._patients.get(research)

    def known_as(self, original: str) -> list[Patient]:
        """The patients who came with that identifier: several where different places gave it to different people."""
        return [patient for patient in self._patients.values() if patient.original == original]

    def note(self, patients: Iterable[Patient]) -> None:
        """Keep who is who; on disk when this returns. WorkflowError where it cannot be written."""
        new = {patient.research: patient for patient in patients if patient.research not in self._patients}
        if not new or self.file is None:
            return
        lines = "".join(json.dumps(vars(patient)) + "\n" for patient in new.values())
        try:
            with open(self.file, "ab") as stream:
                stream.write(lines.encode("ascii"))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise WorkflowError(
                f"The key file {self.file} could not be written ({error.strerror}), so nothing more was imported. "
                "Make room or give yourself the right to write there, then import again."
            ) from error
        self._patients.update(new)


def for_import(library: Library, new_key: bool = False) -> Identity:
    """The identity to import with.

    WorkflowError for a research library with scans whose key is not on this machine: its patients could not be known
    again. new_key: go on with a new one all the same.
    """
    if library.kind != "research":
        # Nothing is hidden in a clinical library, so its own id is as good a key as any and travels with it.
        return Identity(hashlib.sha256(f"osteoscope {library.id}".encode()).digest())
    identity = load(library.id)
    if identity is not None:
        return identity
    if library.ids() and not new_key:
        raise WorkflowError(
            f"The key of this research library is not on this machine ({key_file(library.id)} is missing), so patients "
            "and objects that it already holds cannot be recognised. Copy that file from the machine on which the "
            "library was made, or import with --new-key: known patients then come in under new names."
        )
    return _make(library.id)


def key_file(library_id: str) -> Path:
    return home() / "keys" / f"{library_id}.jsonl"


def load(library_id: str) -> Identity | None:
    """The identity of a research library, None where this machine has none. WorkflowError where it is damaged."""
    file = key_file(library_id)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WorkflowError(f"The key file {file} cannot be read: {error.strerror}.") from error
    whole, _, torn = data.rpartition(b"\n")
    if torn:  # a line cut short by a crash: its scans never came in
        _cut(file, len(whole) + 1 if whole else 0)
    lines = whole.split(b"\n")
    try:
        head = json.loads(lines[0])
        key = bytes.fromhex(head["key"])
        patients = [Patient(**json.loads(line)) for line in lines[1:] if line]
    except (ValueError, KeyError, TypeError) as error:
        raise WorkflowError(f"The key file {file} is damaged. Put back a copy of it.") from error
    if head.get("library") != library_id or len(key) < _KEY_BYTES:
        raise WorkflowError(f"The key file {file} belongs to another library. Put back the right one.")
    return Identity(key, file, {patient.research: patient for patient in patients})


def _make(library_id: str) -> Identity:
    from workstation.store.files import sync_folder

    file = key_file(library_id)
    head: dict[str, Any] = {
        "format": _FORMAT,
        "library": library_id,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "key": secrets.token_hex(_KEY_BYTES),
    }
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}.part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(json.dumps(head).encode("ascii") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, file)
        sync_folder(file.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WorkflowError(
            f"The library's key could not be kept in {file.parent} ({error.strerror}), so nothing was imported. "
            "Set OSTEOSCOPE_HOME to a folder you may write to."
        ) from error
    return Identity(bytes.fromhex(head["key"]), file)


def _cut(file: Path, length: int) -> None:
    try:
        with open(file, "rb+") as stream:
            stream.truncate(length)
            os.fsync(stream.fileno())
    except OSError as error:
        raise WorkflowError(f"The key file {file} cannot be written to: {error.strerror}.") from error
