"""Every table against its schema: the bundled one, and the study's own if it has one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from emostats.errors import Finding, UsageError
from emostats.ingest.rules.places import Places, places, row_of
from emostats.ingest.table_schemas import read_table_schema
from emostats.resources import resource
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

TABLES = ("subjects", "visits", "items", "observations", "ratings", "session_scores", "events", "provenance")
EACH = 25
"""So many values that break a rule get a finding of their own; the rest are counted in one."""


def table_schemas(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Values that the schemas of `data_schema` do not allow, all of them, with the cells they came from."""
    return [
        finding
        for folder in (resource("data_schema"), spec.folder / "data_schema")
        for name in TABLES
        if (folder / f"{name}.json").is_file()
        for finding in _check(data, getattr(data, name), folder / f"{name}.json")
    ]


def _check(data: StudyData, table: pd.DataFrame, path: Path) -> Iterator[Finding]:
    from pandera.errors import SchemaErrors

    try:
        schema = read_table_schema(path)
    except UsageError as error:
        yield Finding("table-schema", str(error), "Correct the file.", file=f"data_schema/{path.name}")
        return
    if not len(table):
        return
    try:
        schema.validate(table, lazy=True, inplace=True)  # nothing is coerced, so nothing changes
    except SchemaErrors as errors:
        yield from _findings(data, table, path, errors.failure_cases)


def _findings(data: StudyData, table: pd.DataFrame, path: Path, cases: pd.DataFrame) -> Iterator[Finding]:
    known = places(data)
    for (column, check), group in cases.groupby(["column", "check"], sort=False, dropna=False):
        if check == "column_in_dataframe":
            names = ", ".join(str(name) for name in group["failure_case"])
            message = f"data_schema/{path.name} names columns that the table does not have: {names}."
            yield Finding("table-schema", message, f"There are: {', '.join(table.columns)}.")
            continue
        rows = [int(row) for row in group["index"]]
        for row, found in list(zip(rows, group["failure_case"], strict=True))[:EACH]:
            yield _finding(table, path, str(column), str(check), row, found, known)
        if len(rows) > EACH:
            message = f"{len(rows) - EACH} more values of {column} like these ({_expected(str(check))})."
            yield Finding("table-schema", message, "Correct them all.", parameter=_parameter(str(column)))


def _finding(
    table: pd.DataFrame, path: Path, column: str, check: str, row: int, found: Any, known: Places
) -> Finding:
    shown = "nothing" if pd.isna(found) else f"'{found}'"
    message = f"{column}: {_expected(check)}; found {shown} (rule of data_schema/{path.name})."
    at = table.iloc[row]
    child, visit = str(at.get("USUBJID", "") or ""), str(at.get("AVISIT", "") or "")
    finding = Finding("table-schema", message, "Correct the cell, or the rule.", subject=child, visit=visit)
    where: dict[str, Any] = row_of(str(at.get("SOURCE_ID", "")), known)
    return replace(finding, **where)


def _expected(check: str) -> str:
    """What a rule asks for, in words; pandera names its own rules by code."""
    return {"not_nullable": "expected a value", "field_uniqueness": "expected each value once"}.get(
        check, check
    )


def _parameter(column: str) -> str:
    return "" if column in ("USUBJID", "AVISIT") else column
