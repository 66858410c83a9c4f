"""The way back from an analysis value to the cells it was made of, with the rule that made it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from emostats.errors import UsageError, did_you_mean
from emostats.ingest.hints import hint
from emostats.study.data import StudyData
from emostats.study.instruments import Instrument, Subscale
from emostats.study.spec import StudySpec


@dataclass(frozen=True)
class TracedCell:
    """One cell behind a value: `item` is '' for a value read as it stands; `counts` is what it adds."""

    file: str
    sheet: str
    cell: str
    item: str
    content: float | None
    counts: float | None
    sha256: str


@dataclass(frozen=True)
class Trace:
    """A value and its origin. `rule` says in words how the cells became the value."""

    child: str
    visit: str
    parameter: str
    value: float
    rule: str
    source_id: str
    cells: tuple[TracedCell, ...]
    notes: tuple[str, ...] = ()


def trace(data: StudyData, spec: StudySpec, child: str, visit: str, parameter: str) -> Trace:
    """The origin of one value of `data.observations`.

    Parameters
    ----------
    child: USUBJID. visit: name or label of a visit. parameter: PARAMCD.

    Raises
    ------
    UsageError: there is no such child, visit, parameter or value.
    """
    visit = _visit(spec, visit)
    if parameter not in spec.parameters:
        raise UsageError(f"there is no parameter '{parameter}'. {did_you_mean(parameter, spec.parameters)}")
    if child not in set(data.subjects["USUBJID"]):
        raise UsageError(f"there is no child '{child}'. {hint(child, data.subjects['USUBJID'])}".rstrip())
    rows = data.observations
    found = rows[(rows["USUBJID"] == child) & (rows["AVISIT"] == visit) & (rows["PARAMCD"] == parameter)]
    if found.empty:
        raise UsageError(f"child '{child}' has no value of {parameter} at {spec.visit_labels[visit]}.")
    row = found.iloc[0]
    origins = data.provenance[data.provenance["SOURCE_ID"] == row["SOURCE_ID"]]
    instrument, subscale = _scale(spec, parameter)
    if instrument is not None and subscale is not None:
        cells = _item_cells(data, instrument, subscale, row, origins)
        rule = _scoring_rule(instrument, subscale, int(row["N_ITEMS_ANSWERED"]))
    else:
        cells = tuple(_cell(origin) for _, origin in origins.iterrows())
        rule = "the cell's value" if len(cells) == 1 else f"the mean of {len(cells)} sessions"
    return Trace(
        child, visit, parameter, float(row["AVAL"]), rule, str(row["SOURCE_ID"]), cells, _notes(data, cells)
    )


def _visit(spec: StudySpec, written: str) -> str:
    forms = {form.casefold(): name for name, label in spec.visit_labels.items() for form in (name, label)}
    if written.casefold() not in forms:
        known = [*spec.visit_names, *spec.visit_labels.values()]
        raise UsageError(f"there is no visit '{written}'. {did_you_mean(written, known)}")
    return forms[written.casefold()]


def _scale(spec: StudySpec, parameter: str) -> tuple[Instrument | None, Subscale | None]:
    for instrument in spec.loaded_instruments.values():
        for subscale in instrument.subscales:
            if subscale.id == parameter:
                return instrument, subscale
    return None, None


def _item_cells(
    data: StudyData, instrument: Instrument, subscale: Subscale, row: pd.Series, origins: pd.DataFrame
) -> tuple[TracedCell, ...]:
    items = data.items
    mine = items[(items["SOURCE_ID"] == row["SOURCE_ID"]) & (items["INSTRUMENT"] == instrument.id)]
    answers = mine.set_index(mine["ITEM"].astype(str))
    origin = origins.iloc[0]
    return tuple(_item_cell(instrument, item, answers.loc[item], origin) for item in subscale.items)


def _item_cell(instrument: Instrument, item: str, answer: pd.Series, origin: pd.Series) -> TracedCell:
    value = None if pd.isna(answer["VALUE"]) else float(answer["VALUE"])
    return TracedCell(
        file=str(origin["FILE"]),
        sheet=str(origin["SHEET"]),
        cell=f"{answer['COLUMN']}{origin['ROW']}",
        item=item,
        content=value,
        counts=None if value is None else counted(instrument, item, value),
        sha256=str(origin["SHA256"]),
    )


def counted(instrument: Instrument, item: str, value: float) -> float:
    """What an answer counts in a score: by points, turned round, or as it is."""
    points = instrument.item_points(item)
    if points:
        return points[value]
    low, high = instrument.item_range(item)
    return low + high - value if item in instrument.reversed_items() else value


def _cell(origin: pd.Series) -> TracedCell:
    where = f"{origin['COLUMN']}{origin['ROW']}"
    return TracedCell(str(origin["FILE"]), str(origin["SHEET"]), where, "", None, None, str(origin["SHA256"]))


def _scoring_rule(instrument: Instrument, subscale: Subscale, answered: int) -> str:
    rule = instrument.rule(subscale)
    n_items = len(subscale.items)
    text = f"{rule.aggregate} of {n_items} items"
    if answered < n_items:
        what = "mean of the answered" if rule.aggregate == "mean" else f"mean of the answered × {n_items}"
        text += f", {answered} answered ({what}; up to {rule.max_missing} may be missing)"
    turned = [item for item in subscale.items if item in instrument.reversed_items()]
    text += f"; reversed: {', '.join(turned)}" if turned else ""
    text += f"; rounded {rule.rounding} to {rule.decimals} decimals" if rule.rounding != "none" else ""
    return f"{text} (instrument '{instrument.id}')"


def _notes(data: StudyData, cells: tuple[TracedCell, ...]) -> tuple[str, ...]:
    """Corrections of the cells."""
    places = {(cell.file, cell.sheet, cell.cell) for cell in cells}
    return tuple(
        f"{finding.cell}: {finding.message}"
        for finding in data.findings
        if finding.rule == "corrected" and (finding.file, finding.sheet, finding.cell) in places
    )
