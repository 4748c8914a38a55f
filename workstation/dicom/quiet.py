"""Keeps pydicom's remarks out of the log: they quote values, and a value may be a patient's name."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_depth = 0
_saved: warnings.catch_warnings[None] | None = None


@contextmanager
def quiet() -> Iterator[None]:
    """Silences warnings while any thread is inside; the last one out puts the filters back."""
    global _depth, _saved
    with _lock:
        if _depth == 0:
            logging.getLogger("pydicom").setLevel(logging.CRITICAL)
            _saved = warnings.catch_warnings()
            _saved.__enter__()
            warnings.simplefilter("ignore")
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0 and _saved is not None:
                _saved.__exit__(None, None, None)
                _saved = None
