"""Expert ratings: domains side by side in the sheet, one row a child × clip × rater × domain in the data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emostats.ingest.cells import Floats, Objects, Rows, array
from emostats.ingest.ids import Roster
from emostats.ingest.library import Library
from emostats.ingest.log import Log
from emostats.ingest.provenance import provenance, source_ids
from emostats.ingest.records import ID, VISIT, Limits, Records, open_records
from emostats.ingest.spelling import report_spelling
from emostats.ingest.visits import in_order, visit_lookup, visit_of
from emostats.study.data import RATING_COLUMNS
from emostats.study.spec import StudySpec

Frames = tuple[list[pd.DataFrame], list[pd.DataFrame]]


def read_ratings(spec: StudySpec, library: Library, roster: Roster | None, log: Log) -> Frames:
    """The ratings, one frame a domain, and their provenance. A blank rating is left out."""
    described = spec.ratings
    raw = library.table(described.source, described.sheet) if described else None
    if described is None or raw is None:
        return [], []
    named = {name: header for name, header in described.columns.model_dump().items() if header is not None}
    wanted = named | {code: domain.column for code, domain in described.domains.items()}
    records = open_records(
        raw, wanted, spec, log, roster=roster, header_row=described.header_row, visit_needed=False
    )
    if records is None:
        return [], []
    _check_keys(records)
    rated_on = records.dates("DATE")
    limits = Limits(*described.range)
    frames, sources = [], []
    for code, domain in described.domains.items():
        values = records.numbers(code, limits, what=domain.label or code)
        keep = np.flatnonzero(~np.isnan(values))
        frame = _domain(spec, records, code, values, keep)
        frames.append(frame.assign(DATE=rated_on[keep]) if "DATE" in records.table.columns else frame)
        sources.append(provenance(records, [code], code).iloc[keep])
    records.finish()
    return frames, sources


def _check_keys(records: Records) -> None:
    """Each rating has a clip and a rater, and stands once."""
    for variable, what in (("CLIP", "a clip"), ("RATER", "a rater")):
        records.require(variable, what)
    key = {ID: records.subject, "CLIP": records.texts("CLIP"), "RATER": records.texts("RATER")}
    records.unique(key, "child × clip × rater", "CLIP")
    report_spelling(records, "RATER")


def _domain(spec: StudySpec, records: Records, code: str, values: Floats, keep: Rows) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            ID: records.subject[keep],
            "CLIP": records.texts("CLIP")[keep],
            "RATER": records.texts("RATER")[keep],
            "DOMAIN": code,
            "VALUE": values[keep],
            "GUESS": _guesses(spec, records)[keep],
            "SOURCE_ID": source_ids(records, code)[keep],
        }
    )[list(RATING_COLUMNS)]
    if VISIT in records.table.columns:
        table[VISIT] = in_order(records.visit, spec)[keep]
    return table


def _guesses(spec: StudySpec, records: Records) -> Objects:
    """The raters' guesses: the name of the visit where they name one, else what they wrote."""
    lookup = visit_lookup(spec)
    return array([text and (visit_of(text, lookup) or text) for text in records.texts("GUESS")])
