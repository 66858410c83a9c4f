"""From a study file to its data set: every table read, everything that is wrong reported together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from emostats.errors import Finding, FindingsError, Severity
from emostats.ingest.events import read_events
from emostats.ingest.library import Library
from emostats.ingest.log import Log
from emostats.ingest.observations import observations
from emostats.ingest.pause import collector_paused
from emostats.ingest.questionnaires import read_questionnaires
from emostats.ingest.ratings import read_ratings
from emostats.ingest.roster import read_roster
from emostats.ingest.rules import check_study
from emostats.ingest.scored import read_measurements, read_sessions
from emostats.study.data import (
    EVENT_COLUMNS,
    ITEM_COLUMNS,
    RATING_COLUMNS,
    SESSION_COLUMNS,
    VISIT_COLUMNS,
    StudyData,
)
from emostats.study.spec import StudySpec, read_spec


def read_study(path: str | Path) -> StudyData:
    """Reads a study: its file, its sources, its scores.

    Parameters
    ----------
    path: the study file, or the folder that holds ``study.toml``.

    Raises
    ------
    StudyFileError: the study file has problems (exit code 2).
    FindingsError: the data have errors; `findings` holds all of them, warnings too (exit code 1).
    """
    data, findings = ingest(read_spec(path))
    if data is None:
        errors = sum(finding.severity is Severity.ERROR for finding in findings)
        count = "one error" if errors == 1 else f"{errors} errors"
        raise FindingsError(_errors_first(findings), heading=f"The data have {count}; nothing was analysed.")
    return data


def ingest(spec: StudySpec) -> tuple[StudyData | None, tuple[Finding, ...]]:
    """Reads the data of a study.

    Returns
    -------
    The data set, or None when a finding is an error; and every finding, in the order of the tables.
    Findings about the data are returned, never raised.
    """
    log = Log()
    library = Library(spec, log)
    try:
        with collector_paused():
            data = _read(spec, library, log)
    finally:
        library.close()
    if data is not None:  # closing a library reports decisions that nothing needed
        data = replace(data, findings=tuple(log.findings))
    return (None if log.has_errors else data), tuple(log.findings)


def _errors_first(findings: Iterable[Finding]) -> list[Finding]:
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _read(spec: StudySpec, library: Library, log: Log) -> StudyData | None:
    children = read_roster(spec, library, log)
    roster = children.roster if children else None
    answers = read_questionnaires(spec, library, roster, log)
    measured = read_measurements(spec, library, roster, log)
    sessions = read_sessions(spec, library, roster, log)
    ratings, rating_sources = read_ratings(spec, library, roster, log)
    events = read_events(spec, library, roster, log)
    if children is None or log.has_errors:
        return None
    sources = [children.provenance, *answers.provenance, *measured.provenance, *sessions.provenance]
    sources += [*rating_sources, *([events[1]] if events else [])]
    scores = [*answers.scores, *measured.scores, *sessions.scores]
    data = StudyData(
        subjects=children.subjects,
        visits=_stack(answers.visits, VISIT_COLUMNS),
        items=_stack(answers.items, (*ITEM_COLUMNS, "COLUMN")),
        observations=observations(scores, children.subjects, spec),
        ratings=_stack(ratings, RATING_COLUMNS),
        session_scores=_stack(sessions.sessions, SESSION_COLUMNS),
        events=events[0] if events else _stack([], EVENT_COLUMNS),
        provenance=pd.concat(sources, ignore_index=True).drop_duplicates(ignore_index=True),
        labels=_labels(spec),
    )
    for finding in check_study(data, spec):
        log.add(finding)
    return data


def _stack(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    table = pd.concat(filled, ignore_index=True)
    for name in ("INSTRUMENT", "ITEM", "COLUMN"):
        if name in table and len(filled) > 1:
            table[name] = table[name].astype("category")
    return table


def _labels(spec: StudySpec) -> dict[str, str]:
    """Shown labels of visits and outcomes by their codes."""
    return spec.visit_labels | {code: spec.parameter_label(code) for code in spec.parameters}
