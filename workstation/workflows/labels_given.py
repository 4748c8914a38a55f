"""One reading as a file from elsewhere gives it, before anybody looked whether it fits a scan of the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from workstation.core.lesion import Lesion, Verdict
from workstation.core.scan import View


@dataclass(frozen=True)
class Labels:
    """where: the file and the place in it, for messages. trouble: why the reading cannot be taken, in words.

    scan: its id where it was written, "" unknown; sop_uid: of the scan's first object, as kept there; prints: SHA-256
    of its views' counts, by which another research library knows it. reader: "" for whoever imports.
    given: its lesions, or what draws them: pictures of a size that no scan has are refused before anything is drawn.
    sizes: (rows, columns) of the pictures it was drawn on, where the file tells; only these views are covered.
    shown: prints of the counts the way up they were drawn on, as `view_picture.print_of` gives them.
    ways: instead of all these, the readings it may be, by what its picture may show.
    state: print of the reading this is a changed copy of, as `lesion_words.state_of` gives it; "" where it is none.
    """

    where: str
    scan: str = ""
    sop_uid: str = ""
    prints: Mapping[View, str] = field(default_factory=lambda: MappingProxyType({}))
    reader: str = ""
    round: int = 1
    given: tuple[Lesion, ...] | Callable[[], tuple[Lesion, ...]] = ()
    verdict: Verdict = Verdict()
    sizes: Mapping[View, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    shown: Mapping[View, str] = field(default_factory=lambda: MappingProxyType({}))
    state: str = ""
    trouble: str | None = None
    ways: tuple[Labels, ...] = ()

    @cached_property
    def lesions(self) -> tuple[Lesion, ...]:
        """Drawn when they are first asked for. WorkflowError, in words, for a shape that is none."""
        return self.given() if callable(self.given) else self.given
