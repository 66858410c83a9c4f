"""The data-quality page: what is to be mended, who answered when, which questions were left out.

It is for the study office: unlike a report it names children and cells.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emostats._version import __version__
from emostats.errors import ConvergenceError, Finding, Severity, UsageError
from emostats.estimates import AnalysisResults, estimates_frame
from emostats.pipeline.describe import analysed_parameters, descriptive_tables, subgroups
from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.model import (
    Block,
    Cell,
    Column,
    Footnote,
    Note,
    Paragraph,
    ReportModel,
    Row,
    Section,
    Table,
)
from emostats.report.numbering import numbered
from emostats.report.sections import flow, quality
from emostats.statistics.descriptives.item_missingness import (
    dropout_table,
    pattern_kinds,
    scale_missingness,
)
from emostats.statistics.descriptives.little import little_test
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 500
"""So many findings of one severity are listed; `emostats quality` writes all of them as a CSV file."""

_HEADINGS = {
    Severity.ERROR: ("Errors: nothing is analysed until they are mended", "table-errors"),
    Severity.WARNING: ("Warnings: possible values that somebody should look at", "table-warnings"),
    Severity.NOTE: ("Notes: what was done without asking", "table-notes"),
}


def quality_page(spec: StudySpec, data: StudyData | None, findings: Sequence[Finding]) -> ReportModel:
    """The page of what `emostats.ingest.ingest` gives: all findings and, without errors, the gaps."""
    sections = [Section("mend", "What is to be mended?", tuple(_mend(findings)))]
    if data is not None:
        empty = AnalysisResults(estimates_frame(()), descriptive_tables(spec, data))
        context = Context.of(spec, empty, {})
        sections += [flow.section(context), quality.section(context)]
        sections.append(Section("items", "Questions left out", tuple(_items(spec, data))))
        patterns = _patterns(spec, empty.tables["missingness"])
        sections.append(Section("lost", "Who was lost, and when?", (patterns, *_lost(spec, data))))
        sections.append(Section("sources", "The files behind the data", (_sources(data),)))
    simulated = spec.study.simulated
    counts = {severity: sum(finding.severity is severity for finding in findings) for severity in Severity}
    summary = tuple((name.value.capitalize() + "s", _said(rounding.count(n))) for name, n in counts.items())
    children = (("Children", _said(rounding.count(len(data.subjects)))),) if data is not None else ()
    return ReportModel(
        title=spec.study.title,
        subtitle="",
        study=spec.study.id,
        simulated=simulated,
        summary=(("Study", _said(spec.study.id)), *children, *summary),
        sections=numbered(sections, simulated=simulated),
        footer=f"Made by emostats {__version__}",
        kicker="Data quality",
    )


def _said(text: str) -> Paragraph:
    return Paragraph((text,))


def _mend(findings: Sequence[Finding]) -> Iterator[Block]:
    yield Note("For the study office", (_said("This page names children and cells. It is not for others."),))
    if not findings:
        yield _said("Nothing: every value is where the study file says, and in its range.")
    for severity, (caption, name) in _HEADINGS.items():
        rows = [finding for finding in findings if finding.severity is severity]
        if rows:
            yield _table(rows, caption, name)


def _table(findings: Sequence[Finding], caption: str, name: str) -> Table:
    """The findings; a column that none of them fills is left out."""
    shown = [_texts(finding) for finding in findings[:MOST_ROWS]]
    kept = [place for place in range(len(_TITLES)) if any(texts[place] for texts in shown)]
    columns = tuple(Column(_TITLES[place], numeric=False) for place in kept)
    rows = tuple(
        Row(finding.place or finding.rule.replace("-", " "), tuple(Cell(texts[place]) for place in kept))
        for finding, texts in zip(findings, shown, strict=False)
    )
    rest = len(findings) - MOST_ROWS
    notes = (Footnote(f"{rounding.count(rest)} more stand in the CSV file."),) if rest > 0 else ()
    return Table(name, caption, "Where", columns, rows, notes)


_TITLES = ("Child", "Visit", "What was found", "What to do")


def _texts(finding: Finding) -> tuple[str, ...]:
    return finding.subject, finding.visit, finding.message, finding.action


def _items(spec: StudySpec, data: StudyData) -> Iterator[Block]:
    scales = {
        subscale.id: subscale.items
        for instrument in spec.loaded_instruments.values()
        for subscale in instrument.subscales
    }
    if data.items.empty or not scales:
        yield _said("The study has no answers to single questions.")
        return
    table = scale_missingness(data.items, scales, spec.visit_names)
    rows = []
    for parameter, group in table.groupby("parameter", sort=False):
        by_visit = {row["visit"]: row for row in group.to_dict("records")}
        cells = tuple(_gap(by_visit[name]) for name in spec.visit_names)
        rows.append(Row(spec.parameter_label(str(parameter)), cells))
    columns = tuple(Column(visit.shown) for visit in spec.visits)
    note = Footnote("Among questionnaires that were begun; below, how many have the scale without a gap.")
    yield Table(
        "table-items", "Questions left out, by scale and visit", "Scale", columns, tuple(rows), (note,)
    )


def _gap(row: Mapping[Hashable, Any]) -> Cell:
    if not row["n_answers"]:
        return Cell(rounding.MISSING, reason="Not asked at this visit")
    share = rounding.share(row["n_missing"], row["n_answers"])
    return Cell(
        share, int(row["n_missing"]), "answers", detail=f"complete: {row['n_complete']} of {row['n_forms']}"
    )


_PATTERNS = {
    "complete": "All visits",
    "monotone": "Left and not seen again",
    "intermittent": "Missed a visit, seen later",
    "none": "Never",
}


def _patterns(spec: StudySpec, patterns: pd.DataFrame) -> Table:
    """How many children have which kind of gaps in each outcome: those who left, and those who came back."""
    rows = []
    for parameter, group in pattern_kinds(patterns).groupby("parameter", sort=False):
        found = dict(zip(group["kind"], group["n"], strict=True))
        counts = [int(found.get(kind, 0)) for kind in _PATTERNS]
        cells = tuple(Cell(rounding.share(n, sum(counts)), n, "children") for n in counts)
        rows.append(Row(spec.parameter_label(str(parameter)), cells))
    columns = tuple(Column(title) for title in _PATTERNS.values())
    return Table("table-patterns", "Children by their gaps", "Outcome", columns, tuple(rows))


def _lost(spec: StudySpec, data: StudyData) -> Iterator[Block]:
    outcomes = data.observations[data.observations["PARAMCD"].isin(analysed_parameters(spec, data))]
    everyone = {"All": list(data.subjects["USUBJID"]), **subgroups(spec, data.subjects)}
    table = dropout_table(outcomes[outcomes["AVAL"].notna()], spec.visit_names, everyone)
    visits = ["", *spec.visit_names]
    rows = []
    for level, group in table.groupby("level", sort=False):
        by_visit = {row["last_visit"]: row for row in group.to_dict("records")}
        found = (by_visit[name] for name in visits)
        cells = tuple(Cell(rounding.share(at["n"], at["n_group"]), at["n"], "children") for at in found)
        rows.append(Row(str(level), cells, "overall" if level == "All" else ""))
    columns = tuple(Column(title) for title in ("No value", *(visit.shown for visit in spec.visits)))
    yield Table(
        "table-lost", "Last visit with a value of an analysed outcome", "Children", columns, tuple(rows)
    )
    for parameter in analysed_parameters(spec, data):
        yield _said(f"{spec.parameter_label(parameter)}: {_little(spec, data, parameter)}")


def _little(spec: StudySpec, data: StudyData, parameter: str) -> str:
    """Little's test of one outcome over the visits, in a sentence."""
    rows = data.observations[data.observations["PARAMCD"] == parameter]
    wide = rows.pivot(index="USUBJID", columns="AVISIT", values="AVAL")
    wide = wide.loc[:, wide.notna().any()].astype(float)
    try:
        test = little_test(wide)
    except (UsageError, ConvergenceError) as error:
        return f"Little's test was not done: {error}"
    if not test.df:
        return "no value is missing."
    found = f"χ² = {rounding.fixed(test.statistic, 2)}, df = {test.df}, {rounding.p_statement(test.p_value)}"
    return (
        f"Little's test of values missing completely at random: {found}. "
        "A small p speaks against it; a large one does not prove it."
    )


def _sources(data: StudyData) -> Table:
    rows_of = data.provenance.groupby(["FILE", "SHEET", "SHA256"], sort=False, observed=True)["ROW"]
    counts = rows_of.nunique().reset_index()
    rows = tuple(
        Row(
            f"{row['FILE']}{', sheet ' + repr(row['SHEET']) if row['SHEET'] else ''}",
            (Cell(rounding.count(row["ROW"]), int(row["ROW"]), "rows"), Cell(row["SHA256"])),
        )
        for row in counts.to_dict("records")
    )
    columns = (Column("Rows read"), Column("SHA-256", numeric=False))
    return Table("table-sources", "Files and sheets that were read", "File", columns, rows)
