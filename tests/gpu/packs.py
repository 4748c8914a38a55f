"""What is kept where little can be carried: predictions, curves and cards of finished folds, no weights."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from ml.checkpoint import write_whole

LARGEST = 15 << 20
MOST = 8
KEPT = ("config.json", "origin.json", "card.json", "metrics.jsonl", "predictions.csv")
BESIDE = ("crossval.json", "asked.json")


class PackError(RuntimeError):
    """What is to be kept does not fit; the message says so."""


def kept(out: Path) -> list[Path]:
    """Relative to `out`: the plan, what each cross-validation was asked, and of finished folds what is KEPT."""
    found = [out / "plan.json", *(path for name in BESIDE for path in sorted(out.glob(f"*/{name}")))]
    for card in sorted(out.glob("*/*/fold-*/card.json")):
        found += [card.parent / name for name in KEPT if (card.parent / name).is_file()]
    return [path.relative_to(out) for path in found if path.is_file()]


def pack(out: Path, folder: Path) -> list[Path]:
    """Write at most MOST archives of at most LARGEST bytes into `folder`, in place of earlier ones.

    Cut anywhere, what stands there is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = _parts(out, kept(out))
    if len(parts) > MOST:
        raise PackError(f"The results need {len(parts)} files of {LARGEST >> 20} MiB, and only {MOST} may be.")
    made = [folder / f"results-{number}.tar.xz" for number in range(len(parts))]
    for path, part in zip(made, parts, strict=True):
        write_whole(path, part)
    for old in set(folder.glob("results-*.tar.xz")) - set(made):
        old.unlink()
    return made


def _parts(out: Path, names: list[Path]) -> list[bytes]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:xz", preset=3) as archive:
        for name in names:
            archive.add(out / name, name.as_posix())
    if stream.tell() <= LARGEST or len(names) < 2:
        return [stream.getvalue()]
    half = len(names) // 2
    return [*_parts(out, names[:half]), *_parts(out, names[half:])]


def unpack(folder: Path, out: Path) -> int:
    """The folders the archives in `folder` were made of; files there already stay. How many files."""
    done = 0
    for path in sorted(folder.glob("results-*.tar.xz")):
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                if member.isfile() and not (out / member.name).exists():
                    archive.extract(member, out, filter="data")
                    done += 1
    return done
