"""What a run says of itself, as phrases: the methods paragraph and the checklist are made of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from workstation.report.cells import names, row_name
from workstation.report.evaluation import Evaluation, Study, Training
from workstation.stats.evaluation import Table
from workstation.stats.printing import rounded

RANDOM = "random initialisation"
NO_NETWORK = ("tree",)


def facts(given: Evaluation) -> dict[str, str]:
    """Phrases by name, each a clause or whole sentences; see resources/report/claim.toml for who uses them."""
    data, learnt = given.data, [each for each in given.trainings if each.folds]
    simulated = data.simulated == data.scans
    return {
        "kind": "Deep learning: " + listed(_models(learnt)) if learnt else "Deep learning",
        "design": "Simulated scans." if simulated else "Scans collected before this analysis.",
        "source": _source(given),
        "included": _included(given),
        "preprocessing": _preprocessing(learnt),
        "selection": "None beyond the exclusions." if not given.absent else f"Missing here: {'; '.join(given.absent)}.",
        "deidentified": "No patients: the scans are simulated." if simulated else "A research library keeps "
        "de-identified objects only: identifiers remapped by a keyed hash, dates moved by a secret number of days.",
        "acquired": "Simulated planar whole-body scans, anterior and posterior." if simulated else "",
        "truth": "The simulator's own truth." if simulated else f"Labels from: {data.labels_from}.",
        "annotated": "Nobody: the simulator drew outlines and labels." if simulated else f"{data.labels_from}.",
        "touched": _touched(data.touched),
        "agreement": "The truth of a simulation has none." if simulated else "",
        "folds": _number_word(data.folds).capitalize(),
        "strata": strata(data.strata),
        "inner": _inner(learnt),
        "tested": f"{data.scans - data.sealed_scans:,} scans of {data.patients - data.sealed:,} patients.",
        "models": _architectures(learnt),
        "software": "; ".join(f"{name} {version}" for name, version in given.versions.items()) + ".",
        "initialisation": initialisations(learnt),
        "training": _trainings(learnt),
        "picked": _picked(learnt),
        "ensembling": "None." if not given.final else "Sealed patients: the mean of the probabilities of the "
        "networks of all folds; of segmentations that of each pixel, before the threshold.",
        "measures": "Sensitivity, specificity, accuracy, PPV, NPV, AUC; Dice of segmentations; Brier score, log loss "
        f"and expected calibration error of probabilities. Threshold: {threshold(given)}.",
        "internal": f"{_number_word(data.folds).capitalize()}-fold cross-validation. {sealed(given)}",
        "counted": f"{_flow(given)}{data.scans:,} scans of {data.patients:,} patients with {data.lesions:,} visible "
        "lesions.",
        "results": results(given),
        "limits": "Scans are simulated: nothing here says how well a network does on patients." if simulated else "",
        "version": given.versions.get("Osteoscope", ""),
        "hash": data.hash,
    }  # fmt: skip


def trained_on(given: Evaluation) -> str:
    """The line that stands under every title."""
    data = given.data
    if data.simulated == data.scans:
        return f"Trained and tested on simulated scans{f', simulator {data.simulator}' if data.simulator else ''}"
    by = f", simulator {data.simulator}" if data.simulator else ""
    some = f" ({data.simulated:,} of {data.scans:,} scans are simulated{by})" if data.simulated else ""
    return f"Trained and tested on scans of patients, labels from {data.labels_from}{some}"


def initialisations(trainings: Iterable[Training]) -> str:
    """Each network's, or one for all: "random initialisation", or whose weights."""
    by_words: dict[str, list[str]] = {}
    for each in trainings:
        if each.network not in NO_NETWORK:
            by_words.setdefault(each.initialisation or "not told", []).append(row_name(each.network))
    if len(by_words) == 1:
        return next(iter(by_words))
    said = [f"{listed(whose)}: {words}" for words, whose in by_words.items()]
    return "; ".join(said) or "none: nothing was initialised"


def threshold(given: Evaluation) -> str:
    """Where the threshold comes from."""
    if given.threshold == "paper":
        return "0.5, as in the papers"
    return "chosen on inner validation patients by the largest sum of sensitivity and specificity, in each fold its own"


def strata(given: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('/', ', ')}: {number:,}" for name, number in given.items())


def results(given: Evaluation, of: Study | None = None) -> str:
    """Our network's AUC, with its interval over patients, of one study or all."""
    said = []
    for study in given.studies if of is None else (of,):
        for table in study.tables:
            said += _auc(table, study.network)
    return " ".join(dict.fromkeys(said)) or "See the tables."


def listed(words: Sequence[str]) -> str:
    """ "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def one_or_each(trainings: Sequence[Training], setting: str) -> str:
    """A setting's value, in words where there are some, if all networks share it; else each one and whose it is."""
    words = names("settings")
    whose: dict[str, dict[str, None]] = {}
    for each in trainings:
        value = _plain(each.settings.get(setting))
        whose.setdefault(words.get(f"{setting} {value}", value), {})[row_name(each.network)] = None
    if len(whose) == 1:
        return next(iter(whose))
    return ", ".join(f"{value} ({listed(list(networks))})" for value, networks in whose.items())


def networks_only(trainings: Iterable[Training]) -> list[Training]:
    """Without the tree, which has no epochs and no batches."""
    return [each for each in trainings if each.network not in NO_NETWORK]


def _auc(table: Table, network: str) -> list[str]:
    for row in table.rows:
        cell = row.cells.get("auc")
        whole = row.key == network and table.number in ("3", "networks", "4")
        if cell is not None and (whole or (table.paper, table.number, row.key) == ("b", "2", "total")):
            over = cell.intervals[-1] if cell.intervals else None
            span = f"{rounded(over.low, 3)} to {rounded(over.high, 3)}" if over else "not known"
            return [
                f"{row_name(network)}: AUC {rounded(cell.value, 3)} (95 % interval over patients {span}) over "
                f"{row.cases:,} cases."
            ]
    return []


def _models(trainings: Iterable[Training]) -> list[str]:
    return list(dict.fromkeys(row_name(each.network) for each in networks_only(trainings)))


def _source(given: Evaluation) -> str:
    data = given.data
    if data.cohort:
        seed = f", seed {data.seed}" if data.seed else ""
        return f"Simulated cohort {data.cohort}{seed}, simulator {data.simulator}."
    if data.simulated == data.scans:
        return f"Simulated scans of a library{f', simulator {data.simulator}' if data.simulator else ''}."
    return "One library of the department."


def _included(given: Evaluation) -> str:
    if any(study.paper == "a" for study in given.studies):
        return f"{_flow(given)}Lesions that are labelled malignant or benign and visible were classified."
    return _flow(given).strip()


def _flow(given: Evaluation) -> str:
    return f"{given.data.flow}. " if given.data.flow else ""


def _preprocessing(trainings: Sequence[Training]) -> str:
    nets = networks_only(trainings)
    if not nets:
        return ""
    return (
        f"Counts were divided by the {'largest count' if one_or_each(nets, 'scale') == 'max' else '99.5th percentile'} "
        f"of the body outside bladder and injection site and cut at {one_or_each(nets, 'clip')} times that; pictures "
        f"of {one_or_each(nets, 'rows')} rows by {one_or_each(nets, 'columns')} columns."
    )


def _touched(lesions: int) -> str:
    if not lesions:
        return "No label an AI had a part in is in the set."
    return f"An AI had a part in {lesions:,} lesions of the set; by default they are learnt from and never tested on."


def _inner(trainings: Sequence[Training]) -> str:
    shares = {each.settings.get("inner") for each in trainings}
    return ", ".join(f"{100 * share:g} %" for share in shares if isinstance(share, int | float)) or "some"


def _architectures(trainings: Sequence[Training]) -> str:
    said = []
    for each in trainings:
        many = "" if math.isnan(each.parameters) else f", {each.parameters:,.0f} parameters"
        width = each.settings.get("width")
        narrow = f", {width:g} of the published widths" if isinstance(width, int | float) and width != 1 else ""
        said.append(f"{row_name(each.network)}{'' if each.network in NO_NETWORK else narrow + many}")
    return "; ".join(said) + "." if said else ""


def _trainings(trainings: Sequence[Training]) -> str:
    nets = networks_only(trainings)
    if not nets:
        return ""

    def told(setting: str) -> str:
        return one_or_each(nets, setting)

    said = [
        f"Training was for at most {told('epochs')} epochs with {told('optimiser')}, learning rate {told('lr')} "
        f"({told('schedule')}), batches of {told('batch')}, loss {told('loss')}",
        "no flips" if told("flip_chance") == "0" else f"{told('flip')}, with probability {told('flip_chance')}",
        *(f"rotation up to {told(name)}\u00b0" for name in ("rotation",) if told(name) != "0"),
        *(f"scaling up to {told(name)}" for name in ("scaling",) if told(name) != "0"),
        *(f"counts times e^\u00b1{told(name)} at most" for name in ("gain",) if told(name) not in ("0", "None")),
        f"seed {told('seed')}",
    ]
    return f"{'; '.join(said)}. Device: {listed(sorted({each.device for each in nets if each.device}))}."


def _picked(trainings: Sequence[Training]) -> str:
    nets = networks_only(trainings)
    by = {"auc": "the largest AUC", "dice": "the largest Dice", "loss": "the smallest loss", "last": "being the last"}
    found = listed([by.get(word, word) for word in sorted({str(each.settings.get("select")) for each in nets})])
    return f"The epoch with {found} on inner validation patients. The test fold was read once." if nets else ""


def sealed(given: Evaluation) -> str:
    """Whether patients were kept back, and how often they have been looked at: printed beside every result."""
    if not given.data.sealed:
        return "No patients were sealed."
    times = {0: "never", 1: "once"}.get(given.openings, f"{given.openings} times")
    if given.final:
        return f"Tested on the sealed patients ({given.data.sealed:,}), opened {times}, this time included."
    return f"Sealed patients ({given.data.sealed:,}) are not in these tables; they have been opened {times}."


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _number_word(number: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[number] if number < len(words) else str(number)
