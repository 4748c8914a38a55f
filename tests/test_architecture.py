"""The house keeps its shape: who may import whom, what a start may load, how large a file may grow.

The table is the one in ARCHITECTURE.md. Imports are read from the syntax tree, so late ones inside functions count too.
Each rule is also shown a planted offence, so that a rule that can no longer fail is noticed.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("workstation", "ml", "resources")
PACKAGES = tuple(name for name in OURS if (ROOT / name).is_dir())


@dataclass(frozen=True)
class Rule:
    """What one package may import. ours: units of this repository; outside: other people's, by dotted prefix."""

    ours: frozenset[str]
    outside: frozenset[str]


def rule(ours: str = "", outside: str = "") -> Rule:
    return Rule(frozenset(ours.split()), frozenset(outside.split()))


# "resources" are files, so the units that touch no files (core, stats, ml) have none. numpy is everybody's.
TABLE = {
    "core": rule("", "numpy scipy skimage"),
    "stats": rule("core", "numpy scipy statsmodels sklearn"),
    "dicom": rule("core resources", "numpy pydicom highdicom pynetdicom dicomweb_client gdcm PIL"),
    "store": rule("core resources", "numpy sqlite_utils"),
    "phantom": rule("core resources", "numpy scipy skimage"),
    "report": rule("core stats resources", "numpy jinja2 matplotlib"),
    "workflows": rule(
        "core stats dicom store phantom report resources ml.protocol ml.snapshot ml.config "
        "ml.model_file ml.model_card ml.unseen",
        "numpy nibabel PIL data_store",
    ),
    "app": rule("core stats dicom store phantom report workflows resources", "numpy PySide6.QtCore PySide6.QtGui"),
    "ui": rule("core app resources", "numpy PySide6 pyqtgraph"),
    "cli": rule("core stats workflows resources __main__", "numpy"),
    "__main__": rule("core workflows app ui cli resources", "PySide6"),
    "resources": rule(),
    "ml": rule("", "numpy scipy skimage sklearn torch monai onnx onnxscript onnxruntime safetensors"),
}
# The exceptions, file by file.
ALSO = {"workstation/report/pdf.py": rule("", "PySide6.QtCore PySide6.QtGui")}

# core knows arrays only: no files, no clock, no other process.
NOT_IN_CORE = frozenset("os pathlib io shutil tempfile time datetime subprocess socket threading sqlite3".split())
# SQL in one place, whatever the table says of the standard library.
SQL = frozenset({"sqlite3", "sqlite_utils"})

LONGEST = 500
VAGUE = re.compile(r"(^|_)(utils?|commons?|managers?|helpers?|misc|stuff)(_|$)")
# A folder of one person or one machine.
PERSONAL = re.compile(r"(?<![\w.$~])(/(home|Users|root|work)/\w|[A-Za-z]:\\+Users\\+\w)")


def files(*folders: str) -> list[Path]:
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts)


def unit(module: str) -> str:
    """The row of the table a dotted name of ours belongs to: "workstation.core.scan" -> "core", "ml.data" -> "ml"."""
    parts = module.split(".")
    if parts[0] != "workstation":
        return ".".join(parts[:2]) if parts[0] == "ml" else parts[0]
    return parts[1] if len(parts) > 1 else ""


def imports(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Every import of a file as (line, dotted name); `from a import b` gives "a.b", as b may be a module."""
    package = Path(path).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                yield node.lineno, ".".join([*base, alias.name])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def within(name: str, allowed: frozenset[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in allowed)


def offences(path: str, source: str) -> list[str]:
    """What a file imports against the table, as "path:line imports name"."""
    here = unit(".".join(Path(path).with_suffix("").parts)).split(".")[0]
    row = rule() if here in ("", "__init__") else TABLE[here]
    also = ALSO.get(path, rule())
    found = []
    for line, name in imports(path, source):
        root = name.split(".")[0]
        if root == "__future__":
            continue
        if root in OURS:
            target = unit(name)
            named = target in ("", "__version__") or target.split(".")[0] == here
            good = named or within(target, row.ours)
        elif root in SQL:
            good = here == "store"
        elif root in sys.stdlib_module_names:
            good = not (here == "core" and root in NOT_IN_CORE)
        else:
            good = within(name, row.outside | also.outside)
        if not good:
            found.append(f"{path}:{line} imports {name}")
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_follow_the_table(package: str) -> None:
    found = [
        offence
        for path in files(package)
        for offence in offences(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("workstation/core/scan.py", "from workstation.store.library import Library"),
        ("workstation/core/scan.py", "def late():\n    import pydicom"),
        ("workstation/core/scan.py", "from pathlib import Path"),
        ("workstation/core/scan.py", "from ..dicom import read"),
        ("workstation/stats/roc.py", "import PySide6.QtCore"),
        ("workstation/dicom/read.py", "import sqlite3"),
        ("workstation/store/library.py", "import pydicom"),
        ("workstation/phantom/camera.py", "from workstation import dicom"),
        ("workstation/workflows/export.py", "from PySide6.QtCore import QObject"),
        ("workstation/workflows/predict.py", "import ml.engine"),
        ("workstation/workflows/verify.py", "import sqlite_utils"),
        ("workstation/app/reading.py", "from PySide6 import QtWidgets"),
        ("workstation/app/reading.py", "import workstation.ui.canvas"),
        ("workstation/ui/canvas.py", "from workstation.store import library"),
        ("workstation/ui/canvas.py", 'import importlib\nimportlib.import_module("torch")'),
        ("workstation/cli/window.py", "from workstation.ui.main_window import MainWindow"),
        ("workstation/report/case.py", "from PySide6.QtGui import QPdfWriter"),
        ("ml/train.py", "from workstation.core.scan import Scan"),
        ("ml/snapshot.py", "from PySide6.QtCore import QObject"),
        ("workstation/workflows/simulate_snapshot.py", "from ml.writing import Writer"),
        ("workstation/app/training.py", "from ml.snapshot import Snapshot"),
    ],
)
def test_the_table_catches(path: str, source: str) -> None:
    assert offences(path, source)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("workstation/core/edits.py", "from __future__ import annotations\nfrom workstation.core.lesion import Lesion"),
        ("workstation/core/edits.py", "from .lesion import Lesion\nimport scipy.ndimage"),
        ("workstation/app/reading.py", "from PySide6.QtGui import QImage\nfrom workstation import __version__"),
        ("workstation/workflows/predict.py", "from ml.protocol import Request"),
        ("workstation/workflows/simulate_snapshot.py", "def late():\n    from ml.snapshot import Writer"),
        ("ml/snapshot.py", "from ml.folds import assign_folds"),
        ("workstation/report/pdf.py", "def write():\n    from PySide6.QtGui import QPdfWriter"),
    ],
)
def test_the_table_allows(path: str, source: str) -> None:
    assert not offences(path, source)


def too_long(lines: int) -> bool:
    return lines > LONGEST


def test_no_file_is_longer_than_it_can_be_read() -> None:
    found = [p for p in files(*PACKAGES, "tests", "packaging") if too_long(len(p.read_text("utf-8").splitlines()))]
    assert not found
    assert too_long(LONGEST + 1)


def test_no_file_is_named_after_nothing() -> None:
    found = [p for p in files(*PACKAGES, "tests") if VAGUE.search(p.stem)]
    assert not found
    assert all(VAGUE.search(name) for name in ("utils", "image_util", "helpers", "common", "data_manager"))
    assert not any(VAGUE.search(name) for name in ("outline", "tools", "communal"))


def tracked() -> list[Path]:
    """The files of the repository; those of a copy without its history are found by walking."""
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        return [ROOT / name for name in listing.decode().split("\0") if name and (ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        return [p for p in ROOT.rglob("*") if p.is_file() and not {".venv", ".git", "build", "dist"} & set(p.parts)]


def test_no_path_of_one_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if match := PERSONAL.search(text):
            found.append(f"{path.relative_to(ROOT)}: {match.group()}")
    assert not found, "\n".join(found)
    assert PERSONAL.search("open('" + "/ho" + "me/someone/scan.dcm')")
    assert PERSONAL.search("C:" + "\\Users\\someone")


def loaded_by(code: str, names: tuple[str, ...]) -> set[str]:
    """Which of `names` a fresh process has loaded after running `code`."""
    program = f"{code}\nimport sys\nprint(*(n for n in {names!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def import_all(*packages: str) -> str:
    """A program importing every module of these packages."""
    modules = [
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in files(*(f"workstation/{name}" for name in packages))
    ]
    return "import " + ", ".join(modules)


# Slow to import or not the window's business; each is loaded when first needed.
NOT_AT_START = ("torch", "pydicom", "scipy", "skimage", "sqlite_utils", "pyqtgraph", "matplotlib", "nibabel", "PIL")


def test_the_window_loads_nothing_slow() -> None:
    assert not loaded_by("import workstation.ui.main_window", NOT_AT_START)


def test_core_stats_and_store_load_no_qt() -> None:
    units = [name for name in ("core", "stats", "store") if (ROOT / "workstation" / name).is_dir()]
    assert not loaded_by(import_all(*units), ("PySide6", "shiboken6", "torch", "pydicom"))


# What others may import of ml: the workstation has no torch, and a snapshot is also made where there is only NumPy.
OTHERS_IMPORT = ("snapshot", "protocol", "config", "model_file", "model_card", "unseen")
LIGHT = tuple(name for name in OTHERS_IMPORT if (ROOT / "ml" / f"{name}.py").is_file())


@pytest.mark.parametrize("name", LIGHT)
def test_what_others_import_of_ml_is_light(name: str) -> None:
    assert not loaded_by(f"import ml.{name}", ("torch", "monai", "scipy", "skimage", "workstation", "PySide6"))


def test_simulating_arrays_loads_no_dicom_no_sql_no_qt() -> None:
    code = (
        "from workstation.workflows import simulate_snapshot\n"
        "import workstation.cli, workstation.phantom.patient, workstation.phantom.cohorts, ml.snapshot"
    )
    assert not loaded_by(code, ("torch", "pydicom", "sqlite3", "sqlite_utils", "PySide6", "shiboken6", "PIL"))


def test_a_loaded_module_is_seen() -> None:
    assert loaded_by("import PySide6.QtCore", ("PySide6", "torch")) == {"PySide6"}
