"""Children whose consent was withdrawn: their rows are left out before anything is looked at."""

from __future__ import annotations

import numpy as np

from emostats.errors import Finding, UsageError
from emostats.ingest.headers import Table
from emostats.ingest.ids import read_ids
from emostats.ingest.log import Log
from emostats.study.spec import StudySpec
from emostats.study.withdrawals import read_withdrawals


def withdrawn_children(spec: StudySpec, log: Log) -> frozenset[str]:
    """IDs of the children to leave out; a file of withdrawals that cannot be read stops the run."""
    try:
        return frozenset(item.child for item in read_withdrawals(spec))
    except UsageError as error:
        file = spec.decisions.withdrawals
        log.add(Finding("withdrawals-unreadable", str(error), "Nothing is analysed before.", file=file))
        return frozenset()


def without_withdrawn(table: Table, variable: str) -> Table:
    """The table without the rows of withdrawn children."""
    if not table.raw.withdrawn:
        return table
    ids = read_ids(table.cells[variable]).values
    kept = np.array([value not in table.raw.withdrawn for value in ids], dtype=bool)
    return table if kept.all() else table.take(np.flatnonzero(kept))
