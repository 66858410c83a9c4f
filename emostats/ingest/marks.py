"""What a sheet shows beside its values, where columns in use are concerned: faulty, hidden, merged cells."""

from __future__ import annotations

from emostats.errors import Severity
from emostats.ingest import addresses
from emostats.ingest.headers import Table
from emostats.ingest.log import Log


def report_marks(table: Table, log: Log) -> None:
    """Reports error cells and formulas without a result (errors), hidden and merged cells (warnings)."""
    _report_faults(table, log)
    raw, used = table.raw, set(table.columns.values())
    notes = []
    if raw.marks.hidden_sheet:
        notes.append("the sheet")
    if hidden := sorted(raw.marks.hidden_rows & set(table.rows.tolist())) if raw.marks.hidden_rows else []:
        notes.append(f"rows {addresses.rows_text(hidden)}")
    if columns := used & raw.marks.hidden_columns:
        notes.append(f"columns {addresses.columns_text(columns)}")
    if notes:
        message = f"hidden, but read like the rest: {'; '.join(notes)}."
        log.table(
            raw, "hidden-cells", message, "Check that they belong to the study.", severity=Severity.WARNING
        )
    _report_merged(table, used, log)


def _report_faults(table: Table, log: Log) -> None:
    rows = set(table.rows.tolist()) if table.raw.marks.faults else set()
    for (row, column), what in sorted(table.raw.marks.faults.items()):
        if row in rows and column in table.columns.values():
            action = "Open the workbook in the spreadsheet program, correct the cell and save it."
            log.table(table.raw, "faulty-cell", f"{what}.", action, cell=addresses.cell(row, column))


def _report_merged(table: Table, used: set[int], log: Log) -> None:
    found = [
        f"{addresses.cell(top, left)}:{addresses.cell(bottom, right)}"
        for top, left, bottom, right in table.raw.marks.merged
        if bottom > table.header_row and used & set(range(left, right + 1))
    ]
    if found:
        message = f"cells are merged ({', '.join(found)}); only the first of each holds the value."
        action = "Unmerge them and fill in every row."
        log.table(table.raw, "merged-cells", message, action, severity=Severity.WARNING)
