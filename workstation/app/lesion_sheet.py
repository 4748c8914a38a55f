"""Lesions of many scans in a list: places from one query, rows fetched in blocks as they come into sight."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from workstation.app.workbench import Workbench
from workstation.core.lesion import ReadingKey
from workstation.store.lesion_lists import LesionRow, Place

BLOCK = 32
_BLOCKS_KEPT = 64


@dataclass(frozen=True)
class Remark:
    """Something said of a lesion, or of a reading as a whole (lesion None)."""

    key: ReadingKey
    lesion: str | None
    heading: str
    words: str


Item = Place | Remark


@dataclass(frozen=True)
class Entry:
    """row: None where the lesion has gone, or the remark is of the reading."""

    row: LesionRow | None
    remark: Remark | None = None

    @property
    def key(self) -> ReadingKey | None:
        return self.row.key if self.row is not None else None if self.remark is None else self.remark.key


class LesionSheet(QObject):
    """`count` entries, of which `entry` gives one."""

    listed = Signal(bool)  # other lesions now; False where the same was asked again
    changed = Signal()  # the same lesions, read anew

    def __init__(self, workbench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workbench = workbench
        self._items: Sequence[Place] | Sequence[Remark] = ()
        self._blocks: OrderedDict[int, list[Entry]] = OrderedDict()

    @property
    def count(self) -> int:
        return len(self._items)

    @property
    def blocks(self) -> int:
        """How many blocks of rows are in memory."""
        return len(self._blocks)

    def show(self, items: Sequence[Place] | Sequence[Remark], anew: bool = True) -> None:
        """anew: something else was asked for, so that whoever looks begins at the top."""
        self._items = items
        self._blocks.clear()
        self.listed.emit(anew)

    def item(self, number: int) -> Item | None:
        """What stands at a place of the list, to be found again by `find`."""
        return self._items[number] if 0 <= number < len(self._items) else None

    def find(self, item: Item | None) -> int | None:
        return next((number for number, other in enumerate(self._items) if other == item), None)

    def refresh(self) -> None:
        """Something was said of lesions: rows are read again, and every lesion keeps its place in the list."""
        self._blocks.clear()
        self.changed.emit()

    def entry(self, number: int) -> Entry:
        block, inside = divmod(number, BLOCK)
        if block in self._blocks:
            self._blocks.move_to_end(block)
        else:
            self._blocks[block] = self._read(self._items[block * BLOCK : (block + 1) * BLOCK])
            if len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return self._blocks[block][inside]

    def _read(self, items: Sequence[Place] | Sequence[Remark]) -> list[Entry]:
        from workstation.store.errors import LibraryError

        library = self._workbench.library
        if library is None:
            return [Entry(None) for _ in items]
        lists = library.lesions()
        remarks = [item if isinstance(item, Remark) else None for item in items]
        places: list[Place | None] = []
        for item in items:
            if not isinstance(item, Remark):
                places.append(item)
            else:
                places.append(None if item.lesion is None else lists.place(item.key, item.lesion))
        try:
            rows = lists.rows([place for place in places if place is not None])
        except LibraryError as error:
            self._workbench.note(str(error))
            rows = {}
        found = [None if place is None else rows.get(place) for place in places]
        return [Entry(row, remark) for row, remark in zip(found, remarks, strict=True)]
