"""The report of an evaluation: self-contained, escaped, the same numbers in every form, whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from workstation.report import claim, plain_tables, writing
from workstation.report.cells import figure, row_name, shown
from workstation.report.evaluation import Chart, Data, Evaluation, Study, Training
from workstation.report.facts import one_or_each
from workstation.report.figures import figures
from workstation.stats.calibration_tables import calibration
from workstation.stats.evaluation import Row, beside
from workstation.stats.lesion_tables import lesion_tables
from workstation.stats.predictions import Predictions, predictions

HOSTILE = "<script>alert(1)</script>|`$x$`"


def drawn(model: str, noise: float, n: int = 120) -> Predictions:
    rng = np.random.default_rng(int(100 * noise))
    truth = np.arange(n) % 3 == 0
    score = np.clip(rng.normal(np.where(truth, 0.65, 0.35), noise), 0.01, 0.99)
    number = np.arange(n)
    return predictions(
        model, [f"c{k}" for k in number], [f"p{k // 2}" for k in number], score, truth, fold=number // 2 % 2,
        tumour=[("lung", "breast")[k // 2 % 2] for k in number], lesions=1 + number // 2 % 8,
    )  # fmt: skip


@pytest.fixture(scope="module")
def given() -> Evaluation:
    networks = (drawn("resnet50", 0.2), drawn("tree", 0.3))
    printed = {("3", "resnet50"): {"sensitivity": "81.30"}}
    tables = [beside(table, printed) for table in lesion_tables(networks, 50)]
    third = tables[2]
    tables[2] = replace(third, rows=(*third.rows, Row(HOSTILE, 0, 0, (), {})), notes=(*third.notes, HOSTILE))
    calm = tuple(each.score for each in networks)
    tables.append(calibration("a", networks, calm, 50))
    study = Study("a", "resnet50", tuple(tables), (Chart("malignant", networks, calm, (drawn("p_ceiling", 0.15),)),))
    trainings = (
        Training("small-a-resnet50", "resnet50", "lesion", "random initialisation", (0, 1), (12, 12), (7, 9), (60, 90),
                 1234.0, "CPU, fp32", {"seed": 0, "epochs": 12, "flip": "view", "note": HOSTILE}, (1.2, 1.3)),
        Training("small-a-vgg16", "vgg16", "lesion", "", (), (), (), (), float("nan"), "", {}, (), {0: HOSTILE}),
    )  # fmt: skip
    data = Data(
        "ab" * 32,
        "truth",
        60,
        60,
        120,
        2,
        0,
        0,
        "2.0",
        "made-up",
        "3",
        0.93,
        0.83,
        {"lung/metastatic": 30},
        simulated=60,
    )
    return Evaluation(HOSTILE, "2026-01-02", (study,), trainings, data, "paper", {"Osteoscope": "0"}, (HOSTILE,))


@pytest.fixture(scope="module")
def folder(given: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return writing.write(given, tmp_path_factory.mktemp("report") / "evaluation").parent


class Page(HTMLParser):
    """What a browser would see: tags that are open at the end, attributes that fetch, cells of tables."""

    VOID = frozenset("meta link br img hr input path use rect line circle".split())

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "action", "data") and not (value or "").startswith("#"):
                self.fetched.append(f"{tag} {name}={value}")
            assert not name.startswith("on"), f"{tag} has {name}"
            if name == "id" and value:
                self.ids.append(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style",):
            self.text.append(data)


@pytest.fixture(scope="module")
def page(folder: Path) -> Page:
    found = Page()
    found.feed((folder / "evaluation.html").read_text("utf-8"))
    found.close()
    return found


def test_the_page_fetches_nothing_and_runs_nothing(page: Page, folder: Path) -> None:
    assert not page.open and not page.fetched
    assert not page.tags & {"script", "iframe", "object", "embed", "link", "img"}
    text = (folder / "evaluation.html").read_text("utf-8")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None and "url(" not in style[1] and "@import" not in style[1]
    assert "prefers-color-scheme: dark" in style[1]
    assert len(page.ids) == len(set(page.ids))  # also of the parts of several figures


def test_text_of_the_run_is_text(page: Page, folder: Path) -> None:
    """A name, a note, a reason, a setting and a command that would be markup stand there as they are."""
    assert "".join(page.text).count(HOSTILE) >= 6
    document = (folder / "evaluation.md").read_text("utf-8")
    assert "<script>" not in document.replace("```\n" + HOSTILE, "")
    for line in document.splitlines():
        if line.startswith("| &lt;script"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 9  # 8 columns, no more


def test_every_form_has_the_same_numbers(given: Evaluation, folder: Path, page: Page) -> None:
    table = given.studies[0].tables[2]
    cell = table.row("resnet50").cells["sensitivity"]
    rows = list(csv.DictReader(io.StringIO((folder / "tables.csv").read_text("utf-8"))))
    mine = next(row for row in rows if (row["table"], row["row"], row["column"]) == ("3", "resnet50", "sensitivity"))
    assert float(mine["value"]) == cell.value and float(mine["count"]) == cell.count and mine["printed"] == "81.30"
    assert cell.folds is not None and float(mine["fold_mean"]) == cell.folds.mean
    told = json.loads((folder / "evaluation.json").read_text("utf-8"))
    third = next(each for each in told["tables"] if each["number"] == "3")
    assert third["rows"][0]["cells"]["sensitivity"]["value"] == cell.value
    text = shown(table, table.row("resnet50"), "sensitivity")
    for form in ("".join(page.text), (folder / "evaluation.md").read_text("utf-8")):
        assert text.value in form and text.over_patients in form and text.mean in form and "paper 81.30" in form
    tests = list(csv.DictReader(io.StringIO((folder / "tests.csv").read_text("utf-8"))))
    mcnemar = next(row for row in tests if row["test"] == "exact McNemar" and row["column"] == "accuracy")
    comparison = next(each for each in table.comparisons if each.column == "accuracy")
    assert float(mcnemar["p"]) == comparison.tests[0].p


def test_what_must_stand_beside_every_result_does(page: Page) -> None:
    text = "".join(page.text)
    for words in (
        "simulated scans, simulator 2.0", "Random initialisation", "No patients were sealed", "CPU, fp32",
        "0.5, as in the papers", "small-a-vgg16, fold 0:",
    ):  # fmt: skip
        assert words in text


def test_figures_are_drawings_that_open(folder: Path) -> None:
    names = sorted(path.name for path in (folder / "figures").iterdir())
    assert names == sorted(
        f"a-1-{kind}.{form}" for kind in ("roc", "confusion", "reliability") for form in ("svg", "png")
    )
    for path in (folder / "figures").glob("*.svg"):
        assert ElementTree.fromstring(path.read_bytes()).tag.endswith("svg")
        assert "#010203" not in path.read_text("utf-8")
    from PIL import Image

    with Image.open(folder / "figures" / "a-1-roc.png") as picture:
        assert min(picture.size) > 600 and len(picture.getcolors(1 << 20) or ()) > 20


def test_the_confusion_figure_has_the_counts(given: Evaluation) -> None:
    chart = given.studies[0].charts[0]
    inline = next(each.inline for each in figures(chart, "x") if each.name == "x-confusion")
    matrix = chart.networks[0].confusion()
    texts = set(re.findall(r">([^<>]+)</text>", inline))
    assert {str(matrix.tp), str(matrix.fn), str(matrix.tn), str(matrix.fp)} <= texts
    assert "currentColor" in inline and "<?xml" not in inline and "http://purl" not in inline


def test_one_class_has_no_roc_curve() -> None:
    some = drawn("resnet50", 0.2)
    benign = some.take(~some.truth)
    assert [each.name for each in figures(Chart("malignant", (benign,), (benign.score,)), "x")] == [
        "x-confusion", "x-reliability",
    ]  # fmt: skip


def test_the_same_evaluation_gives_the_same_files(given: Evaluation, folder: Path, tmp_path: Path) -> None:
    again = writing.write(given, tmp_path / "again").parent
    for path in folder.rglob("*.svg"):
        assert (again / path.relative_to(folder)).read_bytes() == path.read_bytes()
    assert (again / "evaluation.html").read_bytes() == (folder / "evaluation.html").read_bytes()


def test_the_checklist_is_whole_and_marks_what_it_cannot_know(given: Evaluation) -> None:
    from workstation.report.facts import facts

    items = claim.checklist(facts(given))
    assert [item.number for item in items] == list(range(1, 45))
    by_number = {item.number: item for item in items}
    assert by_number[2].author == claim.AUTHOR and not by_number[2].answer
    assert "random initialisation" in by_number[24].answer and not by_number[24].author
    assert all(item.answer or item.author for item in items)


def test_a_report_that_cannot_be_written_leaves_the_earlier_one(
    given: Evaluation, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, given = tmp_path / "evaluation", replace(given, studies=(replace(given.studies[0], charts=()),))
    writing.write(given, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    real, left = Path.write_bytes, [4]

    def full(self: Path, data: bytes) -> int:
        left[0] -= 1
        if not left[0]:
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        writing.write(given, out)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation"]


def test_a_folder_with_other_things_is_left_alone(given: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(writing.ReportError, match="not empty"):
        writing.write(given, tmp_path)
    assert (tmp_path / "thesis.txt").read_text("utf-8") == "years of work"


@pytest.mark.parametrize(
    ("value", "digits", "share", "signed", "text"),
    [
        (0.81355, 2, True, False, "81.36"), (-0.0125, 2, True, True, "\u22121.25"), (0.0125, 2, True, True, "+1.25"),
        (0.9145, 3, False, False, "0.915"), (float("nan"), 2, True, False, "\u2013"),
        (-0.00001, 4, False, True, "0.0000"), (0.00001, 4, False, True, "0.0000"),
    ],
)  # fmt: skip
def test_digits(value: float, digits: int, share: bool, signed: bool, text: str) -> None:
    assert figure(value, digits, share, signed) == text


def test_spreadsheets_take_no_name_for_a_formula(given: Evaluation) -> None:
    table = given.studies[0].tables[2]
    named = replace(table, rows=(replace(table.rows[0], key="=cmd|' /C calc'!A0"),))
    assert "\n" + "a,3,'=cmd" in plain_tables.cells_csv([named])


def test_names_a_reader_knows() -> None:
    assert row_name("resnet50, after its temperature") == "ResNet-50, after its temperature"
    assert row_name("fold 2") == "Fold 2"
    assert row_name("small-c-bladder-residual-unet") == "Residual U-Net (small-c-bladder)"
    assert row_name("residual-unet-printed") == "Residual U-Net, widths as printed"


def test_settings_that_differ_are_said_in_words_with_whose_they_are() -> None:
    trainings = [
        Training(name, name, "detect", "", (), (), (), (), 0.0, "", {"optimiser": by, "seed": 3}, ())
        for name, by in (("resnet50", "sgd"), ("vgg16", "adam"), ("densenet169", "adam"))
    ]
    assert one_or_each(trainings, "seed") == "3"
    assert one_or_each(trainings[1:], "optimiser") == "Adam"
    assert one_or_each(trainings, "optimiser") == (
        "stochastic gradient descent with momentum (ResNet-50), Adam (VGG16 and DenseNet-169)"
    )
