"""`python -m ml` carried out in this process: what it is asked for is really done, without loading torch each time."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import IO, Any


class Done:
    """A process that has ended."""

    def __init__(self, code: int) -> None:
        self.returncode = code

    def poll(self) -> int:
        return self.returncode


def start(arguments: Sequence[str], said: IO[bytes], gave: IO[bytes]) -> Any:
    """In the place of `workflows.learning.start`."""
    import torch

    from ml.__main__ import main

    out, err = io.StringIO(), io.StringIO()
    before = torch.are_deterministic_algorithms_enabled()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*arguments, "--json"])
    torch.use_deterministic_algorithms(before)
    gave.write(out.getvalue().encode())
    said.write(err.getvalue().encode())
    return Done(code)
