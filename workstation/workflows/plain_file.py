"""Files that people name, opened with care: a device or a pipe never ends, or never begins."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(file: Path, most: int) -> BinaryIO:
    """The file, to be read as bytes. OSError with words in `strerror` where it is none, or has more than `most` bytes.

    ValueError for a name that no file can have.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is a device or a pipe, not a file; save it as one", str(file))
        if found.st_size > most:
            raise OSError(errno.EFBIG, f"it is larger than {most >> 20} MiB", str(file))
        return os.fdopen(handle, "rb")
    except OSError:
        os.close(handle)
        raise
