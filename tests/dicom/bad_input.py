"""Reads damaged files within 1 GiB of memory and 10 s each. Run as a program; `test_bad_input` starts it.

    python bad_input.py FOLDER FIRST COUNT

mutates the files of FOLDER with seeds FIRST to FIRST + COUNT - 1 and prints one line per mutant. COUNT 0 reads every
file as it is. The watchdog ends the program with a traceback when one file takes more than 10 s.
"""

from __future__ import annotations

import contextlib
import faulthandler
import random
import resource
import sys
from pathlib import Path

LIMIT_BYTES = 1 << 30
LIMIT_SECONDS = 10


def mutate(data: bytes, seed: int) -> bytes:
    """One of the ways files get damaged, or are made to do damage; the same for the same seed."""
    chance = random.Random(seed)
    damaged = bytearray(data)
    # Most damage goes to the header, where it matters most; pixels are noise anyway.
    reach = len(damaged) if chance.random() < 0.25 else min(len(damaged), 3000)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(reach)
        kind = chance.randrange(7)
        if kind == 0:
            damaged[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            damaged[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del damaged[at : at + chance.choice((1, 2, 8, 100))]
        elif kind == 3:
            damaged[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 2, 8))))
        elif kind == 4:
            length = chance.choice((0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0xFFFF, 0, 3)).to_bytes(4, "little")
            damaged[at : at + 4] = length
        elif kind == 5:
            begin = chance.randrange(reach)
            damaged[at:at] = damaged[begin : begin + chance.randrange(400)]
        else:
            del damaged[max(at, 1) :]
        if not damaged:
            return b""
        reach = min(reach, len(damaged))
    return bytes(damaged)


def tell(data: bytes, name: str) -> str:
    """Reads it every way the program would; a picture or a reason, else this raises."""
    from workstation.dicom.deidentify import deidentify
    from workstation.dicom.errors import DicomError
    from workstation.dicom.header import header_rows
    from workstation.dicom.picture import Sides, read_picture
    from workstation.dicom.read import read_object

    read = read_object(data, name)
    assert read.accepted != bool(read.reason)
    if read.accepted:
        assert read.frames and read.origin is not None
        again = read_object(deidentify(read, b"0" * 32, -100).data, name)
        if not any(frame.how == "assumed" for frame in read.frames):
            assert [frame.view for frame in again.frames] == [frame.view for frame in read.frames], again.reason
    picture = read_picture(data, name, Sides.ANTERIOR_POSTERIOR)
    assert picture.accepted != bool(picture.reason)
    with contextlib.suppress(DicomError):
        header_rows(data)
    return "accepted" if read.accepted else str(read.reason)


def main() -> None:
    folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    jobs = (
        [(path, None) for path in files]
        if count == 0
        else [(files[seed % len(files)], seed) for seed in range(first, first + count)]
    )
    for path, seed in jobs:
        data = path.read_bytes()
        faulthandler.dump_traceback_later(LIMIT_SECONDS, exit=True)
        said = tell(data if seed is None else mutate(data, seed), path.name)
        faulthandler.cancel_dump_traceback_later()
        print(path.name, seed, said, flush=True)
    print("peak MiB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    main()
