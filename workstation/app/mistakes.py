"""Mistakes of ours in the window: logged with where they happened, told in a sentence, never the end of work."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QCoreApplication

log = logging.getLogger(__name__)


def tell_mistakes(tell: Callable[[str], None]) -> None:
    """From now on an exception nobody expected is logged and told by `tell`; the window goes on.

    What the user did before it is on disk: edits are written before they are shown.
    """

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, Exception):
            sys.__excepthook__(kind, error, trace)
            return
        from workstation.workflows.errors import in_words
        from workstation.workflows.home import log_mistake

        words = in_words(error)
        if words is None:
            file = log_mistake(error)
            log.error("a mistake of ours: %s, written to %s", kind.__name__, file)
            words = QCoreApplication.translate(
                "mistakes", "Osteoscope made a mistake ({0}). Please report it, with the file {1}."
            ).format(kind.__name__, file)
        tell(words)

    sys.excepthook = hook
