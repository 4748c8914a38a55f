"""Every figure the three papers print comes out of workstation.stats digit for digit, or differs as resources say.

Each figure of resources/papers says how it is computed; what nobody can compute (an AUC without its scores) is
listed there too, so that every printed figure is accounted for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import resources
from workstation.stats.confusion import METRICS, Confusion
from workstation.stats.correlation import from_r
from workstation.stats.folds import over_folds
from workstation.stats.printing import p_value, percent, rounded
from workstation.stats.proportion import Proportion
from workstation.stats.tables import compare_proportions

Figure = dict[str, Any]
PAPERS = ("a", "b", "c")


@cache
def figures(paper: str) -> list[Figure]:
    found: list[Figure] = resources.table(f"papers/{paper}")["figure"]
    return found


def row(paper: str, table: str, name: str) -> Figure:
    (found,) = (figure for figure in figures(paper) if (figure["table"], figure["row"]) == (table, name))
    return found


def metrics(matrix: Confusion) -> dict[str, str]:
    return {name: percent(getattr(matrix, name).value) for name in METRICS}


def counts(_: str, figure: Figure) -> dict[str, str]:
    return metrics(Confusion(*figure["counts"]))


def fractions(_: str, figure: Figure) -> dict[str, str]:
    parts = {name: getattr(Confusion(*figure["counts"]), name) for name in METRICS}
    return {name: f"{part.count}/{part.total}" for name, part in parts.items()}


def fold_mean(paper: str, figure: Figure) -> dict[str, str]:
    folds = [f for f in figures(paper) if f["table"] == figure["of"] and f["kind"] == "counts"]
    assert len(folds) == 5
    means = over_folds([Confusion(*fold["counts"]) for fold in folds])
    return {name: percent(mean.mean) for name, mean in means.items()}


def shares(_: str, figure: Figure) -> dict[str, str]:
    return {column: percent(Proportion(*each).value) for column, each in figure["shares"].items()}


def sums(_: str, figure: Figure) -> dict[str, str]:
    return {column: str(sum(parts)) for column, parts in figure["parts"].items()}


def test_of(parts: list[Proportion], divided_by: float = 1) -> dict[str, str]:
    found = compare_proportions(parts, divided_by)
    return {"statistic": rounded(found.statistic, 2), "p": p_value(found.p)}


test_of.__test__ = False  # type: ignore[attr-defined]


def chi_square(paper: str, figure: Figure) -> dict[str, str]:
    groups = [Confusion(*row(paper, figure["table"], name)["counts"]) for name in figure["rows"]]
    parts = [getattr(group, figure["metric"]) for group in groups]
    assert test_of(parts) == figure["all"], "what it is on all lesions"
    return test_of(parts, figure["divided_by"])


def two_shares(_: str, figure: Figure) -> dict[str, str]:
    found = test_of([Proportion(*each) for each in figure["shares"]])
    assert found.items() >= figure.get("all", {}).items()
    if figure["printed"] == {"p": ">=0.05"}:  # the paper only says that it is not significant
        return {"p": ">=0.05" if float(found["p"]) >= 0.05 else found["p"]}
    return found


def no_counts(_: str, figure: Figure) -> dict[str, str]:
    """No counts of these classes give all that is printed; where some did, it would come out."""
    return figure["printed"] if printed_by_counts(figure["printed"], figure["positives"], figure["negatives"]) else {}


def printed_by_counts(printed: dict[str, str], positives: int, negatives: int) -> list[tuple[int, int]]:
    found = []
    for tp in near(printed["sensitivity"], positives):
        for tn in near(printed["specificity"], negatives):
            if metrics(Confusion(tp, positives - tp, tn, negatives - tn)) == printed:
                found.append((tp, tn))
    return found


def near(share: str, total: int) -> range:
    middle = round(float(share) / 100 * total)
    return range(max(middle - 3, 0), min(middle + 4, total + 1))


def remainder(_: str, figure: Figure) -> dict[str, str]:
    return {"total": str(figure["whole"] - sum(figure["parts"]))}


def percent_saved(_: str, figure: Figure) -> dict[str, str]:
    return {"percent": percent(1 - figure["seconds"] / (60 * figure["minutes"]))}


def misses(paper: str, figure: Figure) -> dict[str, str]:
    sites = {site: row(paper, "sites", site)["shares"]["sensitivity"] for site in figure["of"]}
    found = {site: total - count for site, (count, total) in sites.items()}
    return {site: str(missed) for site, missed in (found | {"total": sum(found.values())}).items()}


def correlation(_: str, figure: Figure) -> dict[str, str]:
    found = from_r(figure["r"], figure["n"])
    assert figure["follows"] == {name: rounded(getattr(found, name), 2) for name in ("t", "low", "high")}
    return {"p": "<0.05" if found.p < 0.05 else p_value(found.p)}


def mean(_: str, figure: Figure) -> dict[str, str]:
    for column, parts in figure["parts"].items():
        assert rounded(float(np.mean(parts)), 5) == figure["follows"][column]
    return {}


def printed_only(_: str, figure: Figure) -> dict[str, str]:
    assert "differs" not in figure
    return figure["printed"]


HOW: dict[str, Callable[[str, Figure], dict[str, str]]] = {
    "counts": counts, "fractions": fractions, "fold mean": fold_mean, "shares": shares, "sums": sums,
    "chi-square": chi_square, "two shares": two_shares, "no counts": no_counts, "remainder": remainder,
    "percent saved": percent_saved, "misses": misses, "correlation": correlation, "mean": mean,
    "printed": printed_only,
}  # fmt: skip


def wrong(paper: str, figure: Figure) -> list[str]:
    """What of a printed row does not come out as said, in words."""
    computed, differs = HOW[figure["kind"]](paper, figure), figure.get("differs", {})
    if figure["kind"] == "no counts":
        return ["counts give it after all"] if computed else []
    found = [f"{column} differs as said, but is not printed" for column in differs if column not in figure["printed"]]
    for column, digits in figure["printed"].items():
        if column not in computed:
            found.append(f"{column} is not computed")
        elif column in differs:
            if same(computed[column], digits):
                found.append(f"{column}: {digits} comes out after all")
            elif computed[column] != differs[column]["computed"]:
                found.append(f"{column}: {computed[column]}, not {differs[column]['computed']} as said")
        elif not same(computed[column], digits):
            found.append(f"{column}: {computed[column]}, printed {digits}")
    return found


def same(computed: str, printed: str) -> bool:
    """Digit for digit; "100" stands for "100.00"."""
    return computed == printed or (printed == "100" and computed == "100.00")


@pytest.mark.parametrize("paper", PAPERS)
def test_every_printed_figure(paper: str) -> None:
    found = {f"table {f['table']}, {f['row']}": what for f in figures(paper) if (what := wrong(paper, f))}
    assert not found
    assert len({(f["table"], f["row"]) for f in figures(paper)}) == len(figures(paper)), "every row once"
    everything = sum(len(f["printed"]) for f in figures(paper))
    out = sum(len(f["printed"]) - len(f.get("differs", {})) for f in figures(paper) if f["kind"] not in UNPRINTED)
    assert (everything, out) == {"a": (158, 109), "b": (227, 193), "c": (91, 60)}[paper], "all are still there"


UNPRINTED = ("printed", "no counts")


def test_the_percentages_of_tables_4_and_5_are_of_no_counts() -> None:
    """The tumours' sizes are in table 1: no whole counts of them give the five percentages, which are fold means."""
    for tumour in ("lung", "prostate", "breast"):
        figure, sizes = row("a", "5", tumour), [
            int(row("a", "1", tumour)["printed"][f"{label} lesions"]) for label in ("malignant", "benign")
        ]  # fmt: skip
        assert not printed_by_counts(figure["printed"], *sizes)
        assert Confusion(*figure["counts"]).sensitivity.total == sizes[0]
    fold = row("a", "2", "fold 1")
    assert printed_by_counts(fold["printed"], 1481, 1505) == [(1232, 1175)], "where there are counts they are found"


def test_findings_that_turn_on_a_fifth_of_the_lesions() -> None:
    """Two of table 5's differences are not significant as printed, and are on all lesions."""
    turned = [
        f["row"] for f in figures("a") if f["kind"] == "chi-square"
        and not f["printed"]["p"].startswith("<") and float(f["printed"]["p"]) >= 0.05
        and (f["all"]["p"] == "<0.001" or float(f["all"]["p"]) < 0.05)
    ]  # fmt: skip
    assert turned == ["specificity", "accuracy"]


def test_pooled_counts_give_other_figures_than_fold_means() -> None:
    folds = [Confusion(*row("a", "2", f"fold {n}")["counts"]) for n in range(1, 6)]
    whole = sum(folds[1:], folds[0])
    assert metrics(whole) == dict(zip(METRICS, ("81.36", "81.11", "81.24", "81.90", "80.55"), strict=True))
    assert (whole.sensitivity.total, whole.specificity.total) == (7670, 7302)


def test_a_wrong_digit_is_noticed() -> None:
    """The comparison can fail: of a row of each kind one digit is changed."""
    for paper in PAPERS:
        for figure in figures(paper):
            right = [column for column in figure["printed"] if column not in figure.get("differs", {})]
            if figure["kind"] not in UNPRINTED and right:
                column, digits = right[0], figure["printed"][right[0]]
                changed = digits[:-1] + str((int(digits[-1]) + 1) % 10)
                assert wrong(paper, {**figure, "printed": {**figure["printed"], column: changed}}), figure
