"""Paper B's flow diagram as a part of a page: boxes from all scans collected, over those excluded, to those included.

Tables only, without styles, so that Qt's rich text draws it as a browser does.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from workstation.core.cohort_tables import Flow, Share

_WIDE, _NARROW = 260, 120  # pixels


def as_html(flow: Flow) -> str:
    """From the top to the bottom; what is excluded stands at the right, the included by tumour side by side."""
    excluded = ""
    if flow.excluded:
        number = sum(flow.excluded.values())
        reasons = (f"{reason}: {count:,}" for reason, count in flow.excluded.items())
        excluded = _box([f"Excluded: {number:,} {_word('scan', number)}", *reasons], _WIDE)
    tumours = [(name, share) for name, share in flow.by_tumour.items() if name != "total"]
    trunk = (
        (_box(_counted("Collected", flow.collected, flow.collected_patients), _WIDE), "", ""),
        ("&darr;", "&rarr;" if excluded else "", excluded),
        (_box(_counted("Included", flow.included, flow.included_patients), _WIDE), "", ""),
        ("&darr;" if tumours else "", "", ""),
    )
    rows = "".join(
        f'<tr><td align="center" valign="middle" width="{_WIDE + 20}">{stem}</td>'
        f'<td valign="middle">{arrow}</td><td>{branch}</td></tr>'
        for stem, arrow, branch in trunk
    )
    leaves = "".join(f'<td valign="top">{_box(_leaf(name, share), _NARROW)}</td>' for name, share in tumours)
    below = f'<table cellpadding="4" cellspacing="0"><tr>{leaves}</tr></table>' if tumours else ""
    return f'<table cellpadding="4" cellspacing="0">{rows}</table>{below}'


def _counted(what: str, scans: int, patients: int) -> list[str]:
    return [what, f"{scans:,} {_word('scan', scans)} of {patients:,} {_word('patient', patients)}"]


def _leaf(tumour: str, share: Share) -> list[str]:
    """What became of one tumour's scans; undecided only where there are any."""
    lines = [f"{tumour.capitalize()}: {share.total:,} {_word('scan', share.total)}"]
    lines += [f"metastasis: {share.malignant:,}", f"no metastasis: {share.benign:,}"]
    return [*lines, f"undecided: {share.undecided:,}"] if share.undecided else lines


def _box(lines: Sequence[str], width: int) -> str:
    """Text from a library is untrusted: it is escaped here."""
    inside = "<br>".join(escape(line) for line in lines)
    return (
        f'<table border="1" cellpadding="6" cellspacing="0" width="{width}"><tr><td align="center">{inside}</td></tr>'
        "</table>"
    )


def _word(one: str, number: int) -> str:
    return one if number == 1 else f"{one}s"
