"""Questionnaires: answer sheets → answers by item → scores by subscale, with what each score stands on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import Severity
from emostats.ingest import addresses
from emostats.ingest.cells import NumberRule, Objects
from emostats.ingest.double_entry import report_differences
from emostats.ingest.ids import Roster
from emostats.ingest.library import Library
from emostats.ingest.log import Log
from emostats.ingest.provenance import provenance, source_ids
from emostats.ingest.records import ID, VISIT, Limits, Records, open_records
from emostats.ingest.spelling import report_spelling
from emostats.ingest.visits import in_order
from emostats.study.data import ITEM_COLUMNS, VISIT_COLUMNS
from emostats.study.instruments import Instrument
from emostats.study.scoring import score
from emostats.study.spec import InstrumentUse, StudySpec


@dataclass
class Answers:
    """What the questionnaires of a study gave, one frame a sheet."""

    items: list[pd.DataFrame] = field(default_factory=list)
    visits: list[pd.DataFrame] = field(default_factory=list)
    scores: list[pd.DataFrame] = field(default_factory=list)
    provenance: list[pd.DataFrame] = field(default_factory=list)


def read_questionnaires(spec: StudySpec, library: Library, roster: Roster | None, log: Log) -> Answers:
    """Reads and scores every questionnaire of the study."""
    answers = Answers()
    for use in spec.instruments:
        one = _read_use(spec, use, library, roster, log)
        if use.second is not None:
            second = _read_use(spec, use.second, library, roster, log)
            report_differences(one.items, second.items, [*one.provenance, *second.provenance], log)
        for name in ("items", "visits", "scores", "provenance"):
            getattr(answers, name).extend(getattr(one, name))
    return answers


def _read_use(
    spec: StudySpec, use: InstrumentUse, library: Library, roster: Roster | None, log: Log
) -> Answers:
    answers = Answers()
    instrument = spec.loaded_instruments[use.name]
    for source, sheet, visit in _places(use):
        _read_sheet(spec, use, instrument, library, roster, log, answers, source, sheet, visit)
    return answers


def _places(use: InstrumentUse) -> Iterator[tuple[str, str | None, str | None]]:
    """Source, sheet and visit of each table of answers; the visit is None where a column tells it."""
    if use.sheets:
        yield from ((use.source or "", sheet, visit) for visit, sheet in use.sheets.items())
    elif use.sources:
        yield from ((source, use.sheet, visit) for visit, source in use.sources.items())
    else:
        yield use.source or "", use.sheet, None


def _read_sheet(
    spec: StudySpec, use: InstrumentUse, instrument: Instrument, library: Library, roster: Roster | None,
    log: Log, answers: Answers, source: str, sheet: str | None, visit: str | None,
) -> None:  # fmt: skip
    raw = library.table(source, sheet)
    if raw is None:
        return
    named = {name: header for name, header in use.columns.model_dump().items() if header is not None}
    wanted = named | {item.id: use.items.get(item.id, item.column) for item in instrument.items}
    records = open_records(raw, wanted, spec, log, roster=roster, header_row=use.header_row, visit=visit)
    if records is None:
        return
    if not len(records):
        message = f"{raw.place} has headers and no answers."
        log.table(
            raw, "no-answers", message, "Check the sheet.", severity=Severity.WARNING, visit=visit or ""
        )
    records.unique({ID: records.subject, VISIT: records.visit}, "child × visit")
    for name in ("INFORMANT", "FORM"):
        report_spelling(records, name)
    values = _answers(records, instrument)
    dates = records.dates("DATE")
    records.finish()
    if not log.has_errors:
        _collect(spec, instrument, records, values, dates, answers, log)


def _answers(records: Records, instrument: Instrument) -> pd.DataFrame:
    described = instrument.answers
    labels = {label.strip().casefold(): float(code) for code, label in described.labels.items()}
    rule = records.number_rule(described.missing_codes, labels)
    return pd.DataFrame({item: _item(records, instrument, item, rule) for item in instrument.item_ids})


def _item(records: Records, instrument: Instrument, item: str, rule: NumberRule) -> np.ndarray:
    low, high = instrument.item_range(item)
    return records.numbers(item, Limits(low, high, instrument.answers.integer), rule, f"item {item}")


def _collect(
    spec: StudySpec,
    instrument: Instrument,
    records: Records,
    values: pd.DataFrame,
    dates: Objects,
    answers: Answers,
    log: Log,
) -> None:
    ids = source_ids(records)
    answers.visits.append(_visits(spec, instrument, records, dates, ids))
    answers.items.append(_items(spec, instrument, records, values, ids))
    answers.provenance.append(provenance(records, instrument.item_ids))
    scores = score(instrument, values)
    _report_unscored(instrument, records, scores, log)
    scores = scores[scores["AVAL"].notna()]
    rows = scores["ROW"].to_numpy()
    visits, outcomes = in_order(records.visit[rows], spec), pd.Index(list(spec.parameters))
    scores = scores.assign(
        **{ID: records.subject[rows], VISIT: visits, "SOURCE_ID": ids[rows]},
        PARAMCD=pd.Categorical(scores["PARAMCD"], categories=outcomes),
    )
    answers.scores.append(scores.drop(columns="ROW"))


def _visits(
    spec: StudySpec, instrument: Instrument, records: Records, dates: Objects, ids: Any
) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            ID: records.subject,
            VISIT: in_order(records.visit, spec),
            "INSTRUMENT": instrument.id,
            "DATE": pd.Series(pd.to_datetime(pd.Series(dates, dtype=object))),
            "INFORMANT": records.texts("INFORMANT"),
            "FORM": records.texts("FORM"),
            "SOURCE_ID": ids,
        }
    )
    extra = [name for name in ("SEX", "BIRTHDATE") if name in records.table.columns]
    for name in extra:
        table[name] = records.texts(name)
    return table[[*VISIT_COLUMNS, *extra]]


def _items(
    spec: StudySpec, instrument: Instrument, records: Records, values: pd.DataFrame, ids: Any
) -> pd.DataFrame:
    n_rows, n_items = values.shape
    names = list(instrument.item_ids)
    letters = [addresses.letters(records.table.columns[item]) for item in names]
    which = np.tile(np.arange(n_items), n_rows)
    table = pd.DataFrame(
        {
            ID: np.repeat(records.subject, n_items),
            VISIT: in_order(records.visit, spec).repeat(n_items),
            "INSTRUMENT": pd.Categorical.from_codes(
                np.zeros(n_rows * n_items, dtype=np.int8), pd.Index([instrument.id])
            ),
            "ITEM": pd.Categorical.from_codes(which, pd.Index(names)),
            "VALUE": values.to_numpy(dtype=np.float64).ravel(),
            "SOURCE_ID": ids.repeat(n_items),
            "COLUMN": pd.Categorical.from_codes(which, pd.Index(letters)),
        }
    )
    return table[[*ITEM_COLUMNS, "COLUMN"]]


def _report_unscored(instrument: Instrument, records: Records, scores: pd.DataFrame, log: Log) -> None:
    """Notes scores that are missing because too many items are; blank questionnaires are no news."""
    begun = scores[scores["AVAL"].isna() & (scores["N_ITEMS_ANSWERED"] > 0)]
    for subscale in instrument.subscales:
        rows = begun.loc[begun["PARAMCD"] == subscale.id, "ROW"].to_numpy()
        if len(rows):
            allowed = instrument.rule(subscale).max_missing
            count = "one score" if len(rows) == 1 else f"{len(rows)} scores"
            message = (
                f"{count} of '{subscale.label}' could not be made: "
                f"more than {allowed} of {len(subscale.items)} items were left out."
            )
            where = addresses.cells(records.table.rows[rows], records.table.columns[ID])
            log.table(
                records.raw, "too-few-items", message, "No action is needed; the answers are kept as items.",
                severity=Severity.NOTE, parameter=subscale.id, cell=where,
            )  # fmt: skip
