"""What is learnt from each scan: one sample for each lesion, scan or sub-image, with the answer it should get.

A sample names its scan, its mask, the view and the row it begins at, so that it is a few numbers until it is needed.
Lesions no reader could see count nowhere. Labels are read here and nowhere else, and only those of the scans asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.config import SUB_IMAGES, Config
from ml.prepared import DataError, Masks, Size, masks
from ml.snapshot import Row, Snapshot
from ml.splits import Split, split

SITES = ("spine", "pelvis", "scapula", "rib", "femur", "other")
TARGETS = {
    "lesion": ("malignant",),
    "patient": ("metastasis",),
    "detect": ("metastasis", "bladder"),
    "metastases": ("metastasis",),
    "bladder": ("bladder",),
    "sites": SITES,
}
TILES = 7
"""Sub-images of a frame: it is four of their sides high, and they go down by half a side."""


@dataclass(frozen=True, eq=False)
class Samples:
    """scan: row of the snapshot; mask: number in `masks`, -1 none; view: -1 both; row: where a sub-image begins.

    truth: float32 (n, targets), 0 or 1; of a segmentation it says whether there is anything to find. names: lesions.
    masks: of the lesions, or of all metastases or the bladder of a scan, whichever the task needs.
    """

    scan: NDArray[np.int64]
    mask: NDArray[np.int64]
    view: NDArray[np.int64]
    row: NDArray[np.int64]
    truth: NDArray[np.float32]
    names: tuple[str, ...]
    masks: Masks

    def __len__(self) -> int:
        return len(self.scan)


def size_of(config: Config) -> Size:
    """How large a view is prepared for this task."""
    rows, columns = config.rows, config.columns
    if config.task in SUB_IMAGES:
        rows = 4 * config.rows
    elif config.task != "patient":
        columns //= 2
    return Size(rows, columns, config.scale, config.clip)


def samples(snapshot: Snapshot, scans: Sequence[int], config: Config, tested: bool = False) -> Samples:
    """The samples of these scans (rows of the snapshot).

    tested: only what may be tested on: no uncertain label, and none an AI had a part in unless config.ai_tested.
    """
    return _KINDS[config.task](snapshot, scans, config, tested)


def scans_of(snapshot: Snapshot, patients: Iterable[str]) -> list[int]:
    """The rows of these patients' scans."""
    wanted = set(patients)
    return [row for row, patient in enumerate(snapshot.manifest.patients) if patient in wanted]


def hold_to_classes(learnt: Samples, config: Config, part: str) -> None:
    """Raises DataError, saying which, if a class is empty, or nothing is there."""
    if not len(learnt):
        raise DataError(
            f"{part} has no sample for the task {config.task}: the snapshot has none there, or all are of patients in "
            "other parts. Use more patients."
        )
    named = dict(zip(TARGETS[config.task], learnt.truth.T, strict=True))
    lacking = [name for name, truth in named.items() if truth.min() == truth.max()]
    if config.task in ("sites", "metastases", "bladder") and learnt.truth.any():
        return  # a rare site may have none, and where all sub-images have the target there is still a border
    if lacking:
        only = "all" if named[lacking[0]].max() else "none"
        raise DataError(
            f"{part} has {len(learnt)} samples of which {only} {'are' if only == 'all' else 'is'} {lacking[0]}: both "
            "kinds are needed to learn and to measure. Use more patients, or a snapshot that has both."
        )


def divided(snapshot: Snapshot, config: Config) -> Split:
    """Who is learnt from, watched and tested in this run. Raises SplitError.

    A tenth of few patients easily has one kind alone, and nothing could be chosen on it: another tenth is watched then.
    """

    def fits(watched: frozenset[str]) -> bool:
        try:
            hold_to_classes(samples(snapshot, scans_of(snapshot, watched), config), config, "")
        except DataError:
            return False
        return True

    return split(snapshot.manifest, config.fold, config.inner, config.seed, fits)


def seen(row: Row) -> bool:
    """Whether a lesion (a row of lesions.csv) is one a reader could see."""
    return row.get("visible") != "0"


def by_ai(row: Row) -> bool:
    """Whether an AI had a part in a lesion's ROI or label."""
    return "ai" in row.get("origin", "").lower().replace("-", " ").replace("_", " ").split()


def _by_scan(snapshot: Snapshot, scans: Sequence[int]) -> dict[int, list[int]]:
    """The seen lesions of each of these scans, by row."""
    found: dict[int, list[int]] = {row: [] for row in scans}
    for number, row in enumerate(snapshot.lesion_scan.tolist()):
        if row in found and seen(snapshot.lesions[number]):
            found[row].append(number)
    return found


def _untouched(snapshot: Snapshot, scans: Sequence[int], config: Config, tested: bool) -> Sequence[int]:
    """Without the scans with a lesion an AI had a part in, where those may not be tested on."""
    if not tested or config.ai_tested:
        return scans
    touched = {int(scan) for scan, row in zip(snapshot.lesion_scan, snapshot.lesions, strict=True) if by_ai(row)}
    return [row for row in scans if row not in touched]


def _lesions(snapshot: Snapshot, scans: Sequence[int], config: Config, tested: bool) -> Samples:
    labels = {"malignant": 1.0, "benign": 0.0}
    if config.uncertain != "left-out" and not tested:
        labels["uncertain"] = labels[config.uncertain]
    kept = [
        number
        for lesions in _by_scan(snapshot, scans).values()
        for number in lesions
        if snapshot.lesions[number]["label"] in labels
        and not (tested and not config.ai_tested and by_ai(snapshot.lesions[number]))
    ]
    size = size_of(config)
    drawn = masks((snapshot.lesion_runs.of(number) for number in kept), snapshot.shape, size.rows, size.columns)
    if empty := [number for at, number in enumerate(kept) if drawn.offsets[at] == drawn.offsets[at + 1]]:
        first = snapshot.lesions[empty[0]]
        raise DataError(
            f"{len(empty)} lesions have no pixel, such as {first['lesion']} of {first['scan']}. Draw or delete them "
            "and make the snapshot again."
        )
    half = size.rows * size.columns
    which: list[tuple[int, int]] = []
    for at in range(len(kept)):
        pixels, _ = drawn.of(at)
        views = [-1] if config.masks == "both" else sorted(set((pixels // half).tolist()))
        which += [(at, view) for view in views]
    numbers = [kept[at] for at, _ in which]
    return Samples(
        np.array([snapshot.lesion_scan[number] for number in numbers], np.int64),
        np.array([at for at, _ in which], np.int64),
        np.array([view for _, view in which], np.int64),
        np.zeros(len(which), np.int64),
        np.array([[labels[snapshot.lesions[number]["label"]]] for number in numbers], np.float32).reshape(-1, 1),
        tuple(snapshot.lesions[number]["lesion"] for number in numbers),
        drawn,
    )


def _patients(snapshot: Snapshot, scans: Sequence[int], config: Config, tested: bool) -> Samples:
    rows = _untouched(snapshot, scans, config, tested)
    strata, patients = snapshot.manifest.strata, snapshot.manifest.patients
    truth = [[float(strata[patients[row]].rpartition("/")[2] == "metastatic")] for row in rows]
    return _whole(rows, np.array(truth, np.float32).reshape(-1, 1), masks((), snapshot.shape, 1, 1), masked=False)


def _sites(snapshot: Snapshot, scans: Sequence[int], config: Config, tested: bool) -> Samples:
    """Scans with metastases alone: without any the answer is known."""
    found = _metastases_by_scan(snapshot, _untouched(snapshot, scans, config, tested))
    rows = [row for row, lesions in found.items() if lesions]
    truth = np.zeros((len(rows), len(SITES)), np.float32)
    for at, row in enumerate(rows):
        for number in found[row]:
            site = snapshot.lesions[number].get("site6", "")
            if site not in SITES:
                lesion = snapshot.lesions[number]
                raise DataError(f"Lesion {lesion['lesion']} of {lesion['scan']} has no site: {site!r} is none of six.")
            truth[at, SITES.index(site)] = 1
    return _whole(rows, truth, _joined(snapshot, [found[row] for row in rows], size_of(config)))


def outlined(snapshot: Snapshot, scans: Sequence[int], config: Config) -> Masks:
    """What a segmentation should find in each of these scans, at the size its pictures were taken in."""
    _, rows, columns = snapshot.shape
    if config.task == "bladder":
        return masks((snapshot.bladder_runs.of(row) for row in scans), snapshot.shape, rows, columns)
    found = _metastases_by_scan(snapshot, scans)
    return _joined(snapshot, [found[row] for row in scans], Size(rows, columns, config.scale, config.clip))


def _whole(rows: Sequence[int], truth: NDArray[np.float32], drawn: Masks, masked: bool = True) -> Samples:
    number = len(rows)
    mask = np.arange(number) if masked else np.full(number, -1)
    return Samples(
        np.array(rows, np.int64), mask, np.full(number, -1), np.zeros(number, np.int64), truth, ("",) * number, drawn
    )


def _metastases_by_scan(snapshot: Snapshot, scans: Sequence[int]) -> dict[int, list[int]]:
    return {
        row: [number for number in lesions if snapshot.lesions[number]["label"] == "malignant"]
        for row, lesions in _by_scan(snapshot, scans).items()
    }


def _joined(snapshot: Snapshot, lesions: Iterable[Sequence[int]], size: Size) -> Masks:
    """One mask for the lesions of each scan: where they overlap, the share covered is the larger one."""
    joined = []
    for numbers in lesions:
        runs = np.concatenate([np.zeros((0, 2), np.uint32), *(snapshot.lesion_runs.of(each) for each in numbers)])
        joined.append(_merged(runs[np.argsort(runs[:, 0], kind="stable")]))
    return masks(joined, snapshot.shape, size.rows, size.columns)


def _merged(runs: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Sorted runs that may overlap, as runs that do not."""
    if len(runs) < 2:
        return runs
    reach = np.maximum.accumulate(runs[:, 1])
    first = np.append(True, runs[1:, 0] > reach[:-1])
    last = np.append(np.flatnonzero(first)[1:] - 1, len(runs) - 1)
    return np.stack([runs[first, 0], reach[last]], axis=1)


def _sub_images(snapshot: Snapshot, scans: Sequence[int], config: Config, tested: bool) -> Samples:
    """Every sub-image of both views; learning to segment, those alone that have something to find (a plain U-Net: all,
    as the paper has it).
    """
    rows = _untouched(snapshot, scans, config, tested)
    size = size_of(config)
    found = _metastases_by_scan(snapshot, rows)
    parts = {
        "metastasis": _joined(snapshot, [found[row] for row in rows], size),
        "bladder": masks((snapshot.bladder_runs.of(row) for row in rows), snapshot.shape, size.rows, size.columns),
    }
    targets = TARGETS[config.task]
    holds = np.stack([tiles_holding(parts[name], config.rows) for name in targets], axis=-1)
    scan, view, tile = (axis.ravel() for axis in np.indices(holds.shape[:3]))
    truth = holds.reshape(-1, len(targets)).astype(np.float32)
    every = tested or config.task == "detect" or config.network == "unet"
    kept = np.arange(len(truth)) if every else np.flatnonzero(truth[:, 0])
    return Samples(
        np.array(rows, np.int64)[scan[kept]],
        scan[kept].astype(np.int64),
        view[kept].astype(np.int64),
        (tile[kept] * (config.rows // 2)).astype(np.int64),
        truth[kept],
        ("",) * len(kept),
        parts[targets[0]],
    )


def tiles_holding(drawn: Masks, side: int) -> NDArray[np.bool_]:
    """(masks, 2, 7): whether each sub-image of a view has a pixel that is at least half covered."""
    _, rows, columns = drawn.shape
    holds = np.zeros((len(drawn), 2, TILES), bool)
    for number in range(len(drawn)):
        pixels, cover = drawn.of(number)
        view, rest = np.divmod(pixels[cover >= 128], rows * columns)
        step = rest // columns // (side // 2)
        for down in (0, 1):  # a pixel is in the sub-image that begins in its half side, and in the one before
            good = (step - down >= 0) & (step - down < TILES)
            holds[number, view[good], step[good] - down] = True
    return holds


_KINDS: dict[str, Callable[[Snapshot, Sequence[int], Config, bool], Samples]] = {
    "lesion": _lesions,
    "patient": _patients,
    "detect": _sub_images,
    "metastases": _sub_images,
    "bladder": _sub_images,
    "sites": _sites,
}
