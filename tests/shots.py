"""`make shots`: the first-run library as pictures, every page, both themes, at 100 and 200 %.

python -m tests.shots OUT [LIBRARY]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = """
import sys
from pathlib import Path
from workstation.ui import shots
for file in shots.write(Path(sys.argv[1]), Path(sys.argv[2]), suffix=sys.argv[3]):
    print(file)
"""


def main(out: Path, library: Path | None) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "OSTEOSCOPE_HOME": f"{scratch}/home"}
        if library is None:
            library = Path(scratch) / "library"
            first_run = ["--library", str(library), "--first-run", "--headless", scratch]
            command = [sys.executable, "-m", "workstation", *first_run]
            subprocess.run(command, env={**environment, "QT_QPA_PLATFORM": "offscreen"}, check=True)
        for factor, suffix in (("1", ""), ("2", "-200")):
            command = [sys.executable, "-c", CHILD, str(out), str(library), suffix]
            subprocess.run(command, env={**environment, "QT_SCALE_FACTOR": factor}, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
