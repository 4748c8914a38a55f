"""A methods paragraph in the words of a paper, from what the run says of itself; [brackets] are the author's."""

from __future__ import annotations

from collections.abc import Mapping

from workstation.report.evaluation import Evaluation
from workstation.report.facts import networks_only, threshold

SOFTWARE = ("Osteoscope", "PyTorch", "Python")


def paragraph(given: Evaluation, facts: Mapping[str, str]) -> str:
    """Ready to be edited into a paper."""
    data = given.data
    nets = networks_only(each for each in given.trainings if each.folds)
    simulated = data.simulated == data.scans
    if simulated:
        source = facts["source"].rstrip(".")
        source = source[:1].lower() + source[1:]
        who = f"We simulated {data.scans:,} whole-body bone scans of {data.patients:,} patients ({source})."
    else:
        who = f"We included {data.scans:,} whole-body bone scans of {data.patients:,} patients from [place, years]."
    folds = (
        f"{facts['folds']}-fold cross-validation was by patient, stratified by tumour type and status; of every "
        f"training part {facts['inner']} of the patients served as inner validation, on which the checkpoint, the "
        "temperature and the threshold were chosen. Each test fold was read once."
    )
    if given.final:
        folds += f" {facts['ensembling']} {facts['internal'].partition('. ')[2]}"
    begun = f"Initialisation: {facts['initialisation']}."
    learnt = f"Models: {facts['models']} {facts['preprocessing']} {begun} {facts['training']}"
    judged = (
        f"The threshold was {threshold(given)}. Proportions are given with Wilson's intervals and AUCs with DeLong's, "
        "and with 95 % intervals of a bootstrap over patients; fold means and pooled values are both given. Networks "
        "were compared on the same cases by exact McNemar and DeLong tests and by tests over patients."
    )
    used = "; ".join(f"{name} {version}" for name, version in given.versions.items() if name in SOFTWARE) + "."
    asked = "" if simulated else "[Ethics approval; how the reference standard was found.] "
    return " ".join(f"{who} {asked}{folds} {learnt if nets else ''} {judged} {used}".split())
