"""A library whose scans two readers read who err on purpose, and a judge who knows the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.made_scans import make_library
from workstation.app.adjudication import Adjudication
from workstation.app.editor import Editor
from workstation.app.reading import Reading
from workstation.app.viewer import Viewer
from workstation.app.workbench import Workbench
from workstation.core import edits
from workstation.core.edits import Step
from workstation.core.lesion import Label, Lesion, Progress, ReadingKey, Roi
from workstation.core.lesion import Reading as Read
from workstation.core.scan import VIEWS
from workstation.store.library import Library
from workstation.workflows import simulated_readers
from workstation.workflows.simulated_readers import Spoilt

LABELS = (Label.MALIGNANT, Label.BENIGN, Label.MALIGNANT, Label.UNCERTAIN)


def library_read_twice(folder: Path, scans: int = 2, lesions: int = 8, share: float = 0.6) -> dict[str, Spoilt]:
    """A closed library; what its readers did, by scan."""
    make_library(folder, scans)
    library = Library.open(folder)
    spoilt = {}
    for number, scan in enumerate(library.ids()):
        key = ReadingKey(scan, "truth")
        for n in range(lesions):
            roi = Roi.from_mask(np.ones((5 + n % 4, 6), bool), 120 + 90 * n, 90 + 10 * (n % 5))
            rois = dict.fromkeys(VIEWS if n % 2 else VIEWS[:1], roi)
            lesion = Lesion(f"T{n}", rois, LABELS[n % len(LABELS)], region="rib", side="left")
            library.append(key, Step("edit", edits.add("Add", lesion)), "truth")
        before = library.session(key).reading.verdict
        graded = edits.judge("Grade", before, grade=2, progress=Progress.DONE)
        library.append(key, Step("edit", graded), "truth")
        spoilt[scan] = simulated_readers.write(library, scan, seed=number, share=share)
    library.close()
    return spoilt


class Bench:
    """The reading page's view-models without the page."""

    def __init__(self, home: Path, library: Path, reader: str = "judge", read_only: bool = False) -> None:
        self.workbench = Workbench(home)
        self.workbench.sign_in(reader)
        self.notes: list[str] = []
        self.workbench.noted.connect(self.notes.append)
        assert self.workbench.open_library(library, read_only)
        self.editor = Editor(self.workbench)
        self.editor.refused.connect(self.notes.append)
        self.viewer = Viewer(self.editor)
        self.reading = Reading(self.workbench, self.viewer, self.editor)
        self.adjudication = Adjudication(self.workbench, self.viewer, self.editor, self.reading)
        self.adjudication.told.connect(self.notes.append)
        self.reading.set_worklist(self.workbench.library.ids())
        self.reading.step(1)

    def close(self) -> None:
        self.workbench.close_library()


def right(adjudication: Adjudication, spoilt: Spoilt) -> int:
    """The number of a reader who is right about the question on screen."""
    about, shown = adjudication.current, adjudication.comparison.readings
    if about.group is None:
        good = next(read for read in spoilt.readings if read.verdict.grade == 2)
    else:
        who, _ = spoilt.faults[about.group.present[0].id[:-1]]
        good = spoilt.readings[1 - who]
    return next(n for n, read in enumerate(shown) if read.key == good.key)


def content(of: Read) -> list[str]:
    return sorted(str((sorted(one.rois.items()), one.label, one.region, one.side)) for one in of.lesions.values())
