"""From a study file to its data set: every table read, everything that is wrong reported together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from emostats.errors import Finding, FindingsError, Severity
from emostats.ingest.events import read_events
from emostats.ingest.library import Library
from emostats.ingest.log import Log
from emostats.ingest.observations import observations
from emostats.ingest.pause import collector_paused
from emostats.ingest.provenance import stacked
from emostats.ingest.questionnaires import Answers, read_questionnaires
from emostats.ingest.ratings import Frames, read_ratings
from emostats.ingest.roster import read_roster
from emostats.ingest.rules import check_study
from emostats.ingest.scored import Scored, read_measurements, read_sessions
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
    with collector_paused():
        tables = _read(spec, log)
        data = None if tables is None else _checked(_data(tables, spec), spec, log)
    return (None if log.has_errors else data), log.findings


def _errors_first(findings: Iterable[Finding]) -> list[Finding]:
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


@dataclass
class _Tables:
    """What was read of each kind of table, before it is put together."""

    subjects: pd.DataFrame
    provenance: pd.DataFrame
    answers: Answers
    measured: Scored
    sessions: Scored
    ratings: Frames
    events: tuple[pd.DataFrame, pd.DataFrame] | None


def _read(spec: StudySpec, log: Log) -> _Tables | None:
    """Reads every table, and lets go of the files; None when an error was found."""
    library = Library(spec, log)
    try:
        children = read_roster(spec, library, log)
        roster = children.roster if children else None
        answers = read_questionnaires(spec, library, roster, log)
        measured = read_measurements(spec, library, roster, log)
        sessions = read_sessions(spec, library, roster, log)
        ratings = read_ratings(spec, library, roster, log)
        events = read_events(spec, library, roster, log)
    finally:
        library.close()
    if children is None or log.has_errors:
        return None
    return _Tables(children.subjects, children.provenance, answers, measured, sessions, ratings, events)


def _data(tables: _Tables, spec: StudySpec) -> StudyData:
    scored = (tables.answers, tables.measured, tables.sessions)
    sources = [tables.provenance, *_taken(one.provenance for one in scored)]
    sources += [*tables.ratings[1], *([tables.events[1]] if tables.events else [])]
    return StudyData(
        subjects=tables.subjects,
        visits=_stack(tables.answers.visits, VISIT_COLUMNS),
        items=_stack(tables.answers.items, (*ITEM_COLUMNS, "COLUMN")),
        observations=observations(_taken(one.scores for one in scored), tables.subjects, spec),
        ratings=_stack(tables.ratings[0], RATING_COLUMNS),
        session_scores=_stack(tables.sessions.sessions, SESSION_COLUMNS),
        events=tables.events[0] if tables.events else _stack([], EVENT_COLUMNS),
        provenance=stacked(sources),
        labels=_labels(spec),
    )


def _checked(data: StudyData, spec: StudySpec, log: Log) -> StudyData:
    for finding in check_study(data, spec):
        log.add(finding)
    return replace(data, findings=log.findings)


def _taken(lists: Iterable[list[pd.DataFrame]]) -> list[pd.DataFrame]:
    """The frames of some lists, which are emptied: what was put together is not held twice."""
    frames: list[pd.DataFrame] = []
    for each in lists:
        frames += each
        each.clear()
    return frames


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
