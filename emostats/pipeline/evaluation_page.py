"""An evaluation as a page for people: values become the blocks of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from emostats._version import __version__
from emostats.inference.evaluation import Evaluation, StabilityReading
from emostats.inference.evaluation.drawings import drawings, words
from emostats.render import rounding
from emostats.report.model import (
    Block,
    Bullets,
    Cell,
    Column,
    Definitions,
    Figure,
    Footnote,
    Paragraph,
    ReportModel,
    Row,
    Section,
    Table,
)

HEADLINE = (
    "accuracy", "balanced_accuracy", "macro_f1", "micro_f1", "weighted_f1", "mcc", "kappa", "auc",
    "auc_hand_till", "log_loss", "brier", "ece",
)  # fmt: skip
BY_GROUP = ("accuracy", "balanced_accuracy", "macro_f1", "auc", "brier", "ece")
_SHORT = {"auc": "AUC", "brier": "Brier score", "ece": "Calibration error"}
BY_CLASS = ("recall", "precision", "f1", "specificity", "auc", "average_precision")


def evaluation_page(
    found: Evaluation,
    *,
    title: str,
    subtitle: str = "",
    card: Sequence[tuple[str, str]] = (),
    robustness: pd.DataFrame | None = None,
    stability: Sequence[StabilityReading] = (),
) -> ReportModel:
    """The page: all figures, groups, classes, drawings; the model card and robustness where they are given.

    Parameters
    ----------
    card: rows of `inference.cards.rows`. robustness: table of `inference.evaluation.robustness`. stability:
        of `inference.evaluation.stability_readings`.
    """
    sections = [
        Section("figures", "How good are the scores?", tuple(_overall(found)), 1),
        Section("classes", "Which expressions are told apart?", tuple(_classes(found)), 2),
        Section("groups", "For whom?", tuple(_groups(found)), 3),
    ]
    if stability:
        sections.append(Section("stability", "How stable?", tuple(_stable(stability)), 4))
    if robustness is not None:
        worse = (_robust(robustness),)
        sections.append(Section("robustness", "When pictures are worse", worse, len(sections) + 1))
    if card:
        sections.append(Section("card", "The model", (_card(card),), len(sections) + 1))
    made = found.predictions
    summary = (
        ("Rows", Paragraph((rounding.count(len(made.truth)),))),
        ("People", Paragraph((rounding.count(made.n_subjects),))),
        ("Not scored", Paragraph((rounding.count(len(made.unscored)),))),
        ("Classes", Paragraph((", ".join(made.classes),))),
    )
    return ReportModel(
        title, subtitle, "", False, summary, tuple(sections), f"emostats {__version__}",
        kicker="Evaluation of a classifier",
    )  # fmt: skip


def _overall(found: Evaluation) -> Iterator[Block]:
    level = rounding.confidence_level(found.conf_level)
    yield Paragraph(
        (
            f"All intervals ({level}) take people, not rows, as the units. Always saying the most frequent "
            f"class would be right in {rounding.proportion(found.no_information.rate)} of the rows.",
        )
    )
    if found.notes:
        yield Bullets(tuple(Paragraph((note,)) for note in found.notes))
    overall = found.metrics[found.metrics["group"] == ""]
    rows = tuple(_metric_row(row) for _, row in overall.iterrows() if row["metric"] in HEADLINE)
    columns = (Column("Estimate"), Column(f"{level} CI"), Column("SE"), Column("How", numeric=False))
    notes = (
        Footnote(
            "Macro F1 is the mean of the classes' F1; some papers print the F1 of mean precision and mean "
            "recall instead, which is never lower. Micro F1 equals accuracy here."
        ),
    )
    yield Table("overall", "All figures", "Figure", columns, rows, notes, 1)
    yield _figure(found, "reliability", 1)


def _metric_row(row: pd.Series) -> Row:
    interval = rounding.interval(row["conf_low"], row["conf_high"], 3)
    cells = (
        _number(row["estimate"]),
        Cell(interval, reason=str(row["error"])),
        _number(row["std_error"]),
        Cell(str(row["method"])),
    )
    return Row(str(row["label"]), cells)


def _number(value: float) -> Cell:
    known = rounding.known(value)
    return Cell(rounding.fixed(value, 3), known)


def _pair(row: pd.Series | None) -> Cell:
    """Estimate with the interval below it; the reason where there is none."""
    if row is None:
        return Cell(rounding.MISSING)
    interval = rounding.interval(row["conf_low"], row["conf_high"], 3)
    detail = "" if interval == rounding.MISSING else interval
    known = rounding.known(row["estimate"])
    return Cell(rounding.fixed(row["estimate"], 3), known, detail=detail, reason=str(row["error"]))


def _matrix(table: pd.DataFrame, rows: Sequence[tuple[str, str]], metrics: Sequence[str]) -> Iterator[Row]:
    """One row a (group, level), one cell a metric; the rows counted are those of the first metric."""
    for group, level in rows:
        part = table[(table["group"] == group) & (table["level"] == level)]
        by_metric = {row["metric"]: row for _, row in part.iterrows()}
        n = by_metric[metrics[0]]["n"]
        cells = (Cell(rounding.count(n), int(n)), *(_pair(by_metric.get(metric)) for metric in metrics))
        yield Row(level or "All", cells, "" if level else "overall")


def _classes(found: Evaluation) -> Iterator[Block]:
    labels = found.classes.drop_duplicates("metric").set_index("metric")["label"]
    columns = (Column("Rows"), *(Column(str(labels[metric])) for metric in BY_CLASS))
    places = [("class", name) for name in found.predictions.classes]
    rows = tuple(_matrix(found.classes, places, BY_CLASS))
    yield Table("per-class", "Each class against the rest", "Class", columns, rows, (), 2)
    yield _figure(found, "confusion", 2)
    yield _figure(found, "roc", 3)


def _groups(found: Evaluation) -> Iterator[Block]:
    labels = found.metrics.drop_duplicates("metric").set_index("metric")["label"]
    metrics = [metric for metric in BY_GROUP if metric in labels]
    places = [(str(g), str(n)) for g, n in found.metrics[["group", "level"]].drop_duplicates().to_numpy()]
    columns = (Column("Rows"), *(Column(_SHORT.get(metric, labels[metric])) for metric in metrics))
    if len(places) == 1:
        yield Paragraph(("The predictions name neither sex nor age, so no group can be looked at.",))
    rows = tuple(_matrix(found.metrics, places, metrics))
    yield Table("groups-table", "By sex and age (years)", "Group", columns, rows, (), 3)


def _figure(found: Evaluation, name: str, number: int) -> Figure:
    wide, narrow = drawings(found)[name]
    title, description = words(name)
    return Figure(f"drawing-{name}", wide, title, description, narrow, number)


def _stable(readings: Sequence[StabilityReading]) -> Iterator[Block]:
    yield Paragraph(
        (
            "Three things are called stability, and papers seldom say which. A classifier that always says "
            "the same is perfectly stable in all three.",
        )
    )
    rows = tuple(
        Row(item.label, (_number(item.estimate), Cell(rounding.interval(item.conf_low, item.conf_high, 3)),
                         Cell(rounding.count(item.n) if item.n else rounding.MISSING, reason=item.error)))
        for item in readings
    )  # fmt: skip
    columns = (Column("Estimate"), Column("CI"), Column("n"))
    yield Table("stability-table", "Stability, three readings", "Reading", columns, rows, (), 4)


def _robust(table: pd.DataFrame) -> Table:
    columns = (Column("Scored"), Column("Accuracy"), Column("AUC"), Column("Same label"))
    metrics = ("accuracy", "auc", "perturbation_agreement")
    rows = []
    for (kind, level), part in table.groupby(["perturbation", "level"], dropna=False, sort=False):
        by_metric = {row["metric"]: row for _, row in part.iterrows()}
        name = "as they are" if kind == "none" else f"{kind} {level:g}"
        scored = Cell(rounding.share(part["n_scored"].min(), by_metric["accuracy"]["n"]))
        rows.append(Row(name, (scored, *(_pair(by_metric.get(metric)) for metric in metrics))))
    note = Footnote(
        "A picture that is no longer scored counts as wrong and as changed. Blur: share of the face's width; "
        "brightness: factor; compression: JPEG quality; rotation: degrees; occlusion: share of the face's "
        "height, from below."
    )
    return Table("robustness-table", "Pictures made worse", "Picture", columns, tuple(rows), (note,), 5)


def _card(rows: Sequence[tuple[str, str]]) -> Definitions:
    return Definitions(tuple((label, Paragraph((text,))) for label, text in rows))
