"""Put what another tool prints into docs/simulator.md.

`python -m tests.simulator.tables | python -m tests.simulator.page tables` replaces what stands between the page's marks
`<!-- tables: begin -->` and `<!-- tables: end -->`.
"""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "simulator.md"


def replaced(page: str, part: str, text: str) -> str:
    """The page with `text` between the marks of `part`; ValueError where it has no such marks."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{PAGE.name} has no part {part!r}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), sys.argv[1], sys.stdin.read()), encoding="utf-8")
