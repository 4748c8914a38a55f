"""What a write touched. Every page refreshes itself from this flag; nobody calls refresh."""

from __future__ import annotations

from enum import Flag, auto


class Changes(Flag):
    NONE = 0
    SCANS = auto()  # scans added, joined, or their facts changed
    READING = auto()  # lesions or verdict of a reading
    SETTINGS = auto()  # theme, keys, display defaults
    LIBRARY = auto()  # another library is open now
