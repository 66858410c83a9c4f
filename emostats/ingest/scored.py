"""Values that arrive scored: measurements by visit, scores of single sessions and their means by visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from emostats.errors import did_you_mean
from emostats.ingest import addresses
from emostats.ingest.cells import Objects
from emostats.ingest.ids import Roster
from emostats.ingest.library import Library
from emostats.ingest.log import Log
from emostats.ingest.provenance import compact, provenance, provenance_rows, source_ids
from emostats.ingest.records import ID, VISIT, Limits, Records, open_records
from emostats.ingest.visits import in_order
from emostats.study.data import SESSION_COLUMNS
from emostats.study.spec import Measurements, Parameter, StudySpec


@dataclass
class Scored:
    """Outcomes (`scores`, one row a child × visit × parameter), sessions, and where they come from."""

    scores: list[pd.DataFrame] = field(default_factory=list)
    sessions: list[pd.DataFrame] = field(default_factory=list)
    provenance: list[pd.DataFrame] = field(default_factory=list)


def read_measurements(spec: StudySpec, library: Library, roster: Roster | None, log: Log) -> Scored:
    """Reads every table of measurements."""
    scored = Scored()
    for described in spec.measurements:
        _read_measurements(spec, described, library, roster, log, scored)
    return scored


def _read_measurements(
    spec: StudySpec,
    described: Measurements,
    library: Library,
    roster: Roster | None,
    log: Log,
    scored: Scored,
) -> None:
    raw = library.table(described.source, described.sheet)
    long = described.columns.PARAMCD is not None
    wanted = _wanted(described.columns.model_dump(), {} if long else described.parameters)
    wanted |= {_filter(number): header for number, header in enumerate(described.where)}
    row = described.header_row
    records = open_records(
        raw, wanted, spec, log, roster=roster, header_row=row, where=_where(described), visit_needed=not long
    ) if raw else None  # fmt: skip
    if records is None:
        return
    if long:
        _read_long(spec, described, records, scored)
        return
    records.unique({ID: records.subject, VISIT: records.visit}, "child × visit")
    records.dates("DATE")
    for code, parameter in described.parameters.items():
        _read_measurement(spec, records, code, parameter, scored)
    records.finish()


def _filter(number: int) -> str:
    return f"where {number + 1}"


def _where(described: Measurements) -> dict[str, str]:
    return {_filter(number): content for number, content in enumerate(described.where.values())}


def _read_long(spec: StudySpec, described: Measurements, records: Records, scored: Scored) -> None:
    """One row a child × visit × parameter (CDISC's QS and ADQS): the parameters that the study names."""
    codes = records.texts("PARAMCD")
    found = set(codes)
    for code, parameter in described.parameters.items():
        rows = records.take(np.flatnonzero(codes == parameter.column))
        if parameter.column not in found:
            message = f"PARAMCD: there is no '{parameter.column}' in the table."
            action = did_you_mean(parameter.column, [name for name in found if name])
            records.log.table(records.raw, "missing-parameter", message, action, parameter=code)
            continue
        rows.require(VISIT, "a visit")
        rows.unique({ID: rows.subject, VISIT: rows.visit}, f"child × visit of {code}")
        rows.dates("DATE")
        _read_measurement(spec, rows, code, parameter, scored, "AVAL")
    records.finish()


def _read_measurement(
    spec: StudySpec, records: Records, code: str, parameter: Parameter, scored: Scored, column: str = ""
) -> None:
    column = column or code
    values = records.numbers(column, _limits(parameter), what=parameter.label or code)
    keep = np.flatnonzero(~np.isnan(values))
    traced = provenance(records, [column], code, keep)
    table = pd.DataFrame(
        {
            ID: records.subject[keep],
            VISIT: in_order(records.visit[keep], spec),
            "PARAMCD": named(code, len(keep), spec),
            "AVAL": values[keep],
            "SOURCE_ID": traced["SOURCE_ID"].array,
        }
    )
    scored.scores.append(table)
    scored.provenance.append(traced)


def named(code: str, count: int, spec: StudySpec) -> pd.Categorical[str]:
    """One outcome's code so many times, as a category among the outcomes of the study."""
    outcomes = list(spec.parameters)
    return pd.Categorical.from_codes(np.full(count, outcomes.index(code)), pd.Index(outcomes))


def _wanted(columns: Mapping[str, str | None], parameters: Mapping[str, Parameter]) -> dict[str, str]:
    named = {name: header for name, header in columns.items() if header is not None}
    return named | {code: parameter.column for code, parameter in parameters.items()}


def _limits(parameter: Parameter) -> Limits:
    return Limits(*parameter.range) if parameter.range else Limits()


def read_sessions(spec: StudySpec, library: Library, roster: Roster | None, log: Log) -> Scored:
    """Reads the session scores; where they belong to visits, their mean per child × visit is an outcome."""
    scored = Scored()
    described = spec.session_scores
    raw = library.table(described.source, described.sheet) if described else None
    if described is None or raw is None:
        return scored
    records = open_records(
        raw, _wanted(described.columns.model_dump(), described.parameters), spec, log,
        roster=roster, header_row=described.header_row, visit_needed=False,
    )  # fmt: skip
    if records is None:
        return scored
    records.require("SESSION", "a session")
    _unique_sessions(records)
    beside = {"DATE": records.dates("DATE"), "CLIP": records.texts("CLIP")}
    beside = {name: values for name, values in beside.items() if name in records.table.columns}
    for code, parameter in described.parameters.items():
        _read_session_score(spec, records, code, parameter, scored, beside)
    records.finish()
    return scored


def _unique_sessions(records: Records) -> None:
    """A session is known by its name within the child, and within the visit where the table has visits."""
    by_visit = {VISIT: records.texts(VISIT)} if VISIT in records.table.columns else {}
    keys = {ID: records.subject, "SESSION": records.texts("SESSION"), **by_visit}
    records.unique(keys, "session", "SESSION")


def _read_session_score(
    spec: StudySpec,
    records: Records,
    code: str,
    parameter: Parameter,
    scored: Scored,
    beside: Mapping[str, Objects],
) -> None:
    values = records.numbers(code, _limits(parameter), what=parameter.label or code)
    table = pd.DataFrame(
        {
            ID: records.subject,
            "SESSION": records.texts("SESSION"),
            VISIT: in_order(records.visit, spec),
            "PARAMCD": code,
            "AVAL": values,
            "SOURCE_ID": source_ids(records, code),
        }
    )
    scored.sessions.append(table[list(SESSION_COLUMNS)].assign(**beside))
    scored.provenance.append(provenance(records, [code], code))
    if VISIT in records.table.columns:
        _add_visit_means(spec, records, table, code, scored)


def _add_visit_means(
    spec: StudySpec, records: Records, table: pd.DataFrame, code: str, scored: Scored
) -> None:
    """The mean of a child's sessions at a visit, with one provenance row for each session behind it."""
    placed = table[table[ID].notna() & table[VISIT].notna()]
    keys = placed[[ID]].assign(**{VISIT: placed[VISIT].astype(object)})
    groups = placed["AVAL"].groupby([keys[ID], keys[VISIT]], sort=False)
    means = groups.agg(AVAL="mean", N_ITEMS="size", N_ITEMS_ANSWERED="count").reset_index()
    means = means[means["AVAL"].notna()]
    start = "/".join(name for name in (records.raw.source, records.raw.sheet, "mean") if name)
    means["SOURCE_ID"] = [
        f"{start}/{child}/{visit}/{code}" for child, visit in zip(means[ID], means[VISIT], strict=True)
    ]
    means[VISIT] = in_order(means[VISIT].to_numpy(dtype=object), spec)
    scored.scores.append(means.assign(PARAMCD=named(code, len(means), spec)))
    behind = placed["AVAL"].notna().to_numpy()
    positions = placed.index.to_numpy()[behind]
    pairs = zip(keys[ID][behind], keys[VISIT][behind], strict=True)
    ids = compact(f"{start}/{child}/{visit}/{code}" for child, visit in pairs)
    column = addresses.letters(records.table.columns[code])
    scored.provenance.append(provenance_rows(records, positions, ids, column))
