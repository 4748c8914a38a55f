"""What is asked about files that do not tell their views: by a line over the list, before an import or after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from workstation.app.importing import Asks
from workstation.ui.library_invitation import Question


class SidesQuestion(Question):
    """Asks one thing of any number of files; the values of its answers are those of `ImportOptions.sides`."""

    def __init__(self, asks: Asks) -> None:
        self._one, self._many, choices = _words(asks)
        super().__init__(self._one, choices)

    def ask_also(self, paths: Sequence[Path]) -> None:
        """Ask about these files together with those that still wait for the same answer."""
        waiting = self.about if isinstance(self.about, tuple) and not self.isHidden() else ()
        together = tuple(dict.fromkeys((*waiting, *paths)))
        self.words.setText(self._one if len(together) == 1 else self._many.format(len(together)))
        self.ask(together)


def _words(asks: Asks) -> tuple[str, str, Sequence[tuple[str, object]]]:
    """For one file, for several ({0} being their number), and the choices."""
    anterior, posterior = _tr("Anterior"), _tr("Posterior")
    if asks is Asks.PICTURE:
        return (
            _tr("A picture says nothing of its views. What does it show?"),
            _tr("Pictures say nothing of their views. What do these show?"),
            (
                (anterior, "anterior"),
                (posterior, "posterior"),
                (_tr("Both, anterior at the left"), "both"),
                (_tr("Both, posterior at the left"), "posterior-anterior"),
            ),
        )
    if asks is Asks.FRAME:
        return (
            _tr("A file does not say its view: is it anterior or posterior? It can be changed later."),
            _tr("{0:,} files do not say their view: are they anterior or posterior? It can be changed later."),
            ((anterior, "anterior"), (posterior, "posterior")),
        )
    first = _tr("is the first frame anterior or posterior? They can be swapped later.")
    return (
        " ".join((_tr("A file does not say which view is which:"), first)),
        " ".join((_tr("{0:,} files do not say which view is which:"), first)),
        ((anterior, "both"), (posterior, "posterior-anterior")),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("SidesQuestion", text)
