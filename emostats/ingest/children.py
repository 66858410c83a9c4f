"""Which child a row belongs to: IDs as text, compared exactly with the roster, near misses reported."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.cells import Objects
from emostats.ingest.headers import Table
from emostats.ingest.hints import hint
from emostats.ingest.ids import Ids, Roster, read_ids
from emostats.ingest.log import Log

EXAMPLES = 5


def child_ids(table: Table, variable: str, log: Log, roster: Roster | None) -> Objects:
    """The child's ID of each row, None where it is blank; blank, unsafe and unknown IDs are reported."""
    ids = read_ids(table.cells[variable])
    column = table.columns[variable]
    _report_blank(table, variable, ids, log)
    _report_blanks_around(table, column, ids, log)
    _report_inexact(table, column, ids, log)
    if roster is not None:
        _report_unknown(table, column, ids, roster, log)
    return ids.values


def _report_blank(table: Table, variable: str, ids: Ids, log: Log) -> None:
    rows = table.rows[pd.isna(ids.values) & ~table.faulty(variable)].tolist()
    action = "Fill in the ID, or empty the row."
    finding = Finding("no-child-id", "the row has values and no child ID.", action)
    log.cells(table.raw, table.columns[variable], rows, lambda row: finding)


def _report_blanks_around(table: Table, column: int, ids: Ids, log: Log) -> None:
    if len(ids.with_blanks):
        where = addresses.cells(table.rows[ids.with_blanks], column)
        example = ids.values[ids.with_blanks[0]]
        message = f"child IDs have blanks around them, '{example}' for one; they were read without."
        action = "No action is needed if they are right."
        log.table(table.raw, "id-with-blanks", message, action, cell=where, severity=Severity.WARNING)


def _report_inexact(table: Table, column: int, ids: Ids, log: Log) -> None:
    if len(ids.inexact):
        where = addresses.cells(table.rows[ids.inexact], column)
        message = "child IDs are numbers of 16 or more digits, which a spreadsheet does not keep exactly."
        log.table(table.raw, "id-inexact", message, "Enter them anew as text.", cell=where)


def _report_unknown(table: Table, column: int, ids: Ids, roster: Roster, log: Log) -> None:
    codes, different = pd.factorize(ids.values)
    known = set(roster.ids)
    unknown = [code for code, name in enumerate(different) if name not in known]
    alike = [code for code in unknown if roster.alike(str(different[code]))]
    if alike:
        _report_alike(
            table, column, ids, roster, log, [(code, str(different[code])) for code in alike], codes
        )
    others = {code: str(different[code]) for code in unknown if code not in set(alike)}
    firsts = {
        int(table.rows[np.flatnonzero(codes == code)[0]]): (code, name) for code, name in others.items()
    }

    def describe(row: int) -> Finding:
        code, name = firsts[row]
        message = f"child '{name}' is not in the roster{_count(codes, code)}."
        return Finding("unknown-child", message, _hint(name, roster), subject=name)

    log.cells(table.raw, column, firsts, describe)


def _count(codes: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.intp]], code: int) -> str:
    count = int(np.count_nonzero(np.asarray(codes) == code))
    return f" ({count} rows)" if count > 1 else ""


def _hint(name: str, roster: Roster) -> str:
    return f"{hint(name, roster.ids)} Add the child to the roster or correct the ID.".lstrip()


def _report_alike(
    table: Table, column: int, ids: Ids, roster: Roster, log: Log, alike: list[tuple[int, str]], codes: object
) -> None:
    from_number = set(ids.from_number.tolist())
    pairs, rows = [], []
    for code, name in alike:
        positions = np.flatnonzero(np.asarray(codes) == code)
        rows.extend(table.rows[positions].tolist())
        kind = "the number " if int(positions[0]) in from_number else ""
        found = f"{kind}{name}" if kind else f"'{name}'"
        pairs.append(f"{found} where the roster has " + " and ".join(f"'{o}'" for o in roster.alike(name)))
    listed = "; ".join(pairs[:EXAMPLES]) + (
        f"; and {len(pairs) - EXAMPLES} more" if len(pairs) > EXAMPLES else ""
    )
    action = "Enter the IDs as text, exactly as in the roster; emostats does not guess who was meant."
    subject = alike[0][1] if len(alike) == 1 else ""
    where = addresses.cells(rows, column)
    message = f"child IDs do not match the roster: {listed}."
    log.table(table.raw, "id-mismatch", message, action, cell=where, subject=subject)
