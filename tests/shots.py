"""`make shots`: every page, both themes, at 100 and 200 %, as pictures into out/pages; the guide's beside the guide.

python -m tests.shots [LIBRARY]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import shots_annotator, shots_training

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "guide"
PAGES = ROOT / "out" / "pages"
COLOURED = 40  # by how much the channels of a pixel differ that is no grey (0 to 255)
CHILD = """
import sys
from pathlib import Path
from workstation.ui import shots
for file in shots.write(Path(sys.argv[1]), Path(sys.argv[2]), suffix=sys.argv[3]):
    print(file)
"""


def main(library: Path | None) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "OSTEOSCOPE_HOME": f"{scratch}/home"}
        if library is None:
            library = Path(scratch) / "first-run"
            first_run = ["--library", str(library), "--first-run", "--headless", f"{scratch}/out"]
            command = [sys.executable, "-m", "workstation", *first_run]
            subprocess.run(command, env={**environment, "QT_QPA_PLATFORM": "offscreen"}, check=True)
        read = Path(scratch) / "read-by-two"
        shots_annotator.prepare(library, read)
        trained = Path(scratch) / "trained"
        shots_training.prepare(library, trained)
        for factor, suffix in (("1", ""), ("2", "-200")):
            command = [sys.executable, "-c", CHILD, str(PAGES), str(library), suffix]
            subprocess.run(command, env={**environment, "QT_SCALE_FACTOR": factor}, check=True)
            for module, folder in (("tests.shots_annotator", read), ("tests.shots_training", trained)):
                command = [sys.executable, "-m", module, str(PAGES), str(folder), suffix]
                subprocess.run(command, env={**environment, "QT_SCALE_FACTOR": factor}, cwd=ROOT, check=True)
    for name in pictures_of_the_guide():
        small_copy(PAGES / name, GUIDE / "pictures" / name)
    return 0


def pictures_of_the_guide() -> list[str]:
    """The file names in the guide's pages and the README."""
    pages = [*GUIDE.glob("*.md"), ROOT / "README.md"]
    found = {name for page in pages for name in re.findall(r"pictures/([\w-]+\.png)", page.read_text(encoding="utf-8"))}
    return sorted(found)


def small_copy(source: Path, target: Path) -> None:
    """A copy with 256 colours: half the bytes, greys stay grey and thin coloured lines and letters keep their colour.

    Greys fill these pictures; colours chosen for all pixels together leave red labels brown. Each has its half.
    """
    import numpy as np
    from PIL import Image

    target.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.open(source).convert("RGB")
    pixels = np.asarray(picture)
    coloured = np.ptp(pixels, axis=2) > COLOURED
    halves = [pixels[part] for part in (coloured, ~coloured) if part.any()]
    colours = [
        np.asarray(Image.fromarray(half[np.newaxis]).quantize(128, dither=Image.Dither.NONE).getpalette())
        for half in halves
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.concatenate([of_half[: 3 * 128] for of_half in colours]).astype(np.uint8).tobytes())
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
