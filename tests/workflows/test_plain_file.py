"""What is no file is refused in words, at once: reading a device never ends, opening a pipe waits for its writer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workstation.workflows import clinical_csv, labels, plain_file
from workstation.workflows.errors import CallError


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are of Unix")
def test_devices_and_pipes_are_refused(tmp_path: Path) -> None:
    named = [tmp_path / "pipe.json", tmp_path / "pipe.csv"]
    for pipe in named:
        os.mkfifo(pipe)
    for file in (*named, Path("/dev/zero")):
        for load in (labels.load, clinical_csv.load):
            with pytest.raises(CallError, match=r"a device or a pipe.*Nothing was done\."):
                load(file)
    told = labels.load(tmp_path)  # of a folder each is left out
    assert len(told) == 2 and all("a device or a pipe" in str(one.trouble) for one in told)


def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(bytes(1 << 20))
    with plain_file.opened(file, 1 << 20) as stream:
        assert len(stream.read()) == 1 << 20
    with pytest.raises(OSError, match="larger than 0 MiB"):
        plain_file.opened(file, (1 << 20) - 1)
    with pytest.raises(IsADirectoryError):
        plain_file.opened(tmp_path, 1)
