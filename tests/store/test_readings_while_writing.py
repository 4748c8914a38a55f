"""Opening a case does not wait for whoever writes."""

from __future__ import annotations

import threading

from tests.made_scans import make_library
from workstation.core.lesion import ReadingKey
from workstation.store.library import Library


def test_a_session_opens_while_another_thread_writes(tmp_path):
    library = Library.open(make_library(tmp_path / "library", 1))
    holding, opened = threading.Event(), threading.Event()

    def write() -> None:
        with library._connections.lock:
            holding.set()
            assert opened.wait(10), "the session waited for the writer"

    writer = threading.Thread(target=write)
    writer.start()
    assert holding.wait(10)
    opener = threading.Thread(target=lambda: (library.session(ReadingKey("S000", "anna")), opened.set()))
    opener.start()
    opener.join(10)
    assert opened.is_set()
    writer.join(10)
    library.close()
