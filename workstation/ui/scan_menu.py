"""What can be done with the selected scans of the list."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QMenu, QWidget

import resources
from workstation.app import corrections, many_scans
from workstation.app.scan_facts import ScanRow
from workstation.app.workbench import Workbench
from workstation.core.changes import Changes
from workstation.core.scan import How

FORMATS = (("csv", "Table (CSV)"), ("png", "Pictures and masks (PNG)"), ("nifti", "Volumes (NIfTI)"))


class ScanMenu(QMenu):
    """row: the scan the cursor is on. scans: all that are selected."""

    open_wanted = Signal(str)
    export_wanted = Signal(object, str)  # scans, format
    write_wanted = Signal(object, int, object)  # many_scans.Make, how many scans, Changes

    def __init__(
        self, workbench: Workbench, row: ScanRow, scans: Sequence[str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._workbench, self._row, self._scans = workbench, row, tuple(scans)
        self.addAction(self.tr("Read this scan"), lambda: self.open_wanted.emit(row.scan))
        self.addSeparator()
        self._add_corrections()
        self._add_exclusion()
        self.addSeparator()
        export = self.addMenu(self.tr("Export lesions"))
        for form, words in FORMATS:
            export.addAction(self.tr(words), partial(self.export_wanted.emit, self._scans, form))
        copy = self.tr("Copy scan id") if len(scans) == 1 else self.tr("Copy {0:,} scan ids").format(len(scans))
        self.addAction(copy, lambda: QApplication.clipboard().setText("\n".join(self._scans)))

    def _add_corrections(self) -> None:
        workbench, row = self._workbench, self._row
        both = len(row.views) == 2
        swap = self.tr("Swap anterior and posterior") if both else self.tr("It is {0}").format(row.views[0].other)
        views = [self.addAction(swap, lambda: corrections.swap_views(workbench, row.scan, row.views))]
        if How.ASSUMED in row.how:
            right = self.tr("Assumed views are right")
            views.append(self.addAction(right, lambda: corrections.confirm_views(workbench, row.scan, row.views)))
        views.append(self.addAction(self.tr("Turn the scan head up"), lambda: corrections.turn(workbench, row.scan)))
        for action in views:
            action.setEnabled(workbench.writable and len(self._scans) == 1)
        tumours = self.addMenu(self.tr("Tumour"))
        tumours.setEnabled(workbench.writable)
        for key, words in (*resources.table("vocab/tumours").items(), (None, {"name": self.tr("Unknown")})):
            make = many_scans.set_tumour(self._scans, key)
            action = tumours.addAction(words["name"], partial(self._write, make, Changes.SCANS))
            action.setCheckable(True)
            action.setChecked(row.tumour == key)

    def _add_exclusion(self) -> None:
        workbench = self._workbench
        exclude = self.addMenu(self.tr("Exclude"))
        for reason in many_scans.REASONS:
            name, make = self.tr(reason).capitalize(), many_scans.exclude(self._scans, reason)
            exclude.addAction(name, partial(self._write, make, Changes.READING))
        make = many_scans.include(self._scans)
        include = self.addAction(self.tr("Include again"), partial(self._write, make, Changes.READING))
        exclude.setEnabled(workbench.writable)
        include.setEnabled(workbench.writable)
        excluded = {found.reason for found in self._rows() if found.reason}
        include.setVisible(bool(excluded))

    def _write(self, make: many_scans.Make, changes: Changes) -> None:
        self.write_wanted.emit(make, len(self._scans), changes)

    def _rows(self) -> list[ScanRow]:
        library = self._workbench.library
        return [] if library is None else library.rows(self._scans[:256], reader=self._workbench.reader)
