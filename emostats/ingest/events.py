"""Events: adverse events, intercurrent events, withdrawals; one row an event, free text as it stands."""

from __future__ import annotations

import pandas as pd

from emostats.ingest.ids import Roster
from emostats.ingest.library import Library
from emostats.ingest.log import Log
from emostats.ingest.provenance import provenance, source_ids
from emostats.ingest.records import ID, VISIT, Records, open_records
from emostats.ingest.visits import in_order
from emostats.study.data import EVENT_COLUMNS
from emostats.study.spec import StudySpec

EXTRAS = ("SEVERITY", "SERIOUS", "RELATED")


def read_events(
    spec: StudySpec, library: Library, roster: Roster | None, log: Log
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The events and their provenance; None when the study names none or the table cannot be read."""
    described = spec.events
    raw = library.table(described.source, described.sheet) if described else None
    if described is None or raw is None:
        return None
    wanted = {name: header for name, header in described.columns.model_dump().items() if header is not None}
    records = open_records(
        raw, wanted, spec, log, roster=roster, header_row=described.header_row, visit_needed=False
    )
    if records is None:
        return None
    records.require("CATEGORY", "a category")
    table = _events(spec, records)
    records.finish()
    return table, provenance(records, wanted)


def _events(spec: StudySpec, records: Records) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            ID: records.subject,
            VISIT: in_order(records.visit, spec),
            "CATEGORY": records.texts("CATEGORY"),
            "TERM": records.texts("TERM"),
            "SOURCE_ID": source_ids(records),
        }
    )[list(EVENT_COLUMNS)]
    if "DATE" in records.table.columns:
        table["DATE"] = pd.to_datetime(pd.Series(records.dates("DATE"), dtype=object))
    for name in EXTRAS:
        if name in records.table.columns:
            table[name] = records.texts(name)
    return table
