"""Models brought into the registry, from a file or a training, and given out again as one file.

Either is whole or not there: a copy is made under another name, made durable, checked, and then put under its own.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ml.model_file import MOST, SUFFIX, Model, ModelError, read
from workstation.workflows import plain_file, run_folders
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.ml_answer import answer
from workstation.workflows.model_files import NAME, Entry, find, listed, of
from workstation.workflows.progress import Job, Progress

_PART = ".part-"
_OLD = 3600.0  # seconds after which a part is one of a program that was ended
_BLOCK = 4 << 20


@dataclass(frozen=True)
class Brought:
    """entry: the model as it is in the registry. already: it was there, under this name."""

    entry: Entry
    already: bool


@dataclass(frozen=True)
class Given:
    """A model that was written to a file."""

    file: Path
    hash: str
    bytes: int


def bring_in(source: Path, models: Path, name: str | None = None, half: bool = False) -> Job[Brought]:
    """Import a model file or the folder of a training that is done; its hash, shapes and version are checked.

    name: what it shall be called; the file's, or preset and network, if not given. half: of a training, keep weights
    as float16. CallError and WorkflowError in words; then nothing has changed.
    """
    if name is not None and not NAME.fullmatch(name):
        raise CallError(f"{name!r} is no name for a model: use at most 80 letters, digits, dots and dashes, no folder.")
    is_run = source.is_dir()
    if half and not is_run:
        raise CallError("A model file is imported as it is; --half is for a training.")
    if not is_run:
        yield from _checked(source)
    with _part(models) as part:
        if is_run:
            run = _done(source)
            yield from answer(
                ["model-make", str(run), "--out", str(part), *(["--half"] if half else [])], f"reading {source.name}"
            )
            wanted = name or _slug(str(_read(part).card["name"]))
        else:
            yield from _copied(source, part)
            wanted = name or _slug(source.stem)
        made = _read(part)
        there = listed(models)
        if same := next((each for each in there if each.hash == made.hash), None):
            return Brought(same, True)
        if wanted in {each.name for each in there}:
            if name is not None:
                raise CallError(f"There is a model {name!r} already, another one. Give a name that is free.")
            wanted = f"{wanted[:70]}-{made.hash[:8]}"
        return Brought(of(_read(_put(part, models / f"{wanted}{SUFFIX}"))), False)


def give_out(name: str, models: Path, out: Path) -> Job[Given]:
    """Export a model as one file. CallError where there is no such model, or a file of that name already."""
    yield Progress(0, None, f"exporting {name}")
    entry = find(listed(models), name)
    if out.is_dir():
        out = out / f"{entry.name}{SUFFIX}"
    if out.exists() or out.is_symlink():
        raise CallError(f"{out} is there already. Give another name, or take it away first.")
    if not out.parent.is_dir():
        raise CallError(f"There is no folder {out.parent} to put the model in.")
    with _part(out.parent) as part:
        yield from _copied(entry.path, part)
        made = _read(part)
        if made.hash != entry.hash:
            raise WorkflowError(f"{entry.path} was changed while it was copied. Export it again.")
        _put(part, out)
    return Given(out, made.hash, made.bytes)


def _checked(source: Path) -> Job[None]:
    """Hash, card and version here, shapes where torch is."""
    yield Progress(0, None, f"checking {source.name}")
    model = _read(source)
    told = yield from answer(["model-check", str(source)], f"checking {source.name}")
    if told["hash"] != model.hash:
        raise WorkflowError(f"{source} was changed while it was read. Import it again.")


def _read(path: Path) -> Model:
    try:
        return read(path, weights=False)
    except ModelError as error:
        raise WorkflowError(str(error)) from error


def _slug(text: str) -> str:
    """A name made of any text."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("._-")[:80] or "model"


def _done(source: Path) -> Path:
    """The folder of one training that is done."""
    if (source / "crossval.json").is_file():
        trained = run_folders.read(source)
        fold = next((run.folder for run in trained.runs if run.card is not None), None)
        which = f", such as {fold}" if fold else "; none of its folds is done yet"
        raise CallError(f"{source} is a cross-validation. A model is one training: name the folder of a fold{which}.")
    run = run_folders.read(source).runs[0]
    if run.card is None:
        raise CallError(f"{source} is not done ({run.state}). Let it go on, then import it.")
    return run.folder


@contextmanager
def _part(where: Path) -> Iterator[Path]:
    """A name to write to, in the folder it will be put in; what is left there goes."""
    try:
        where.mkdir(parents=True, exist_ok=True)
        for old in where.glob(f"{_PART}*"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _OLD:
                    old.unlink()
    except OSError as error:
        raise _told(error, where) from error
    part = where / f"{_PART}{secrets.token_hex(6)}{SUFFIX}"
    try:
        yield part
    except OSError as error:
        raise _told(error, where) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _copied(source: Path, part: Path) -> Job[None]:
    size, done = source.stat().st_size, 0
    with plain_file.opened(source, MOST) as stream, part.open("xb") as copy:
        while block := stream.read(_BLOCK):
            copy.write(block)
            done += len(block)
            yield Progress(done >> 20, size >> 20, f"copying {source.name}, MB")
        copy.flush()
        os.fsync(copy.fileno())


def _put(part: Path, target: Path) -> Path:
    """Put it under its own name, durably, over nothing that is there."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise CallError(f"{target} came to be meanwhile. Do it again.") from None
    except OSError:  # a file system without links
        os.replace(part, target)
    if os.name != "nt":
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return target


def _told(error: OSError, where: Path) -> WorkflowError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorkflowError(f"The disk is full: the model could not be written to {where}. Nothing has changed there.")
    return WorkflowError(f"The model cannot be written to {where}: {error.strerror}. Nothing has changed there.")
