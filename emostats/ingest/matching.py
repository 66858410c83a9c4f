"""Which expert ratings belong to which session, as the study file's [matching] says."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emostats.errors import Finding, Severity, UsageError
from emostats.ingest.merge import CLIP, DATE, ID, MergedSessions, merge_sessions
from emostats.ingest.rules.places import places, row_of
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec


def matched_sessions(data: StudyData, spec: StudySpec) -> MergedSessions:
    """Sessions (a row each, a column a score) joined with ratings (a row a clip × rater, a column a domain).

    Rows without a partner are kept apart on both sides; see `merge_sessions`.

    Raises
    ------
    UsageError: a table has no rows, or a window is given and it has no dates.
    """
    for name, table in (("session_scores", data.session_scores), ("ratings", data.ratings)):
        if table.empty:
            raise UsageError(f"sessions and ratings are matched, and the study has no rows of {name}.")
    window = spec.matching.window if spec.matching else None
    visit = data.session_scores["AVISIT"].astype(object)
    scores = data.session_scores.assign(AVISIT=visit.where(visit.notna(), ""))
    sessions = _wide(scores, [ID, "SESSION", "AVISIT"], "PARAMCD", "AVAL")
    ratings = _wide(data.ratings, [ID, CLIP, "RATER"], "DOMAIN", "VALUE")
    return merge_sessions(sessions, ratings, window=window)


def _wide(table: pd.DataFrame, keys: list[str], names: str, values: str) -> pd.DataFrame:
    """One row for each of `keys` with a column for each name; date and clip beside them if there are any."""
    beside = [name for name in (DATE, CLIP, "SOURCE_ID") if name in table and name not in keys]
    rows = table[[*keys, *beside]].drop_duplicates(keys)
    wide = table.pivot(index=keys, columns=names, values=values).rename_axis(columns=None).reset_index()
    return rows.merge(wide, on=keys, how="left", validate="one_to_one")


def unmatched(data: StudyData, spec: StudySpec) -> list[Finding]:
    """Sessions without a rating and ratings without a session, each named with its row."""
    if spec.matching is None or data.session_scores.empty or data.ratings.empty:
        return []
    merged = matched_sessions(data, spec)
    same = "child"
    if CLIP in data.session_scores:  # ratings always name one
        same += " and clip"
    if spec.matching.window is not None:
        same += f" in the window {list(spec.matching.window)} (days)"
    return [
        *_alone(
            data, merged.sessions, "session-without-rating", "SESSION", "session", f"rating of its {same}"
        ),
        *_alone(
            data, merged.ratings, "rating-without-session", CLIP, "rating of clip", f"session of its {same}"
        ),
    ]


def _alone(
    data: StudyData, rows: pd.DataFrame, rule: str, name: str, what: str, other: str
) -> Iterator[Finding]:
    for row in rows.to_dict("records"):
        message = f"{what} '{row[name]}' has no {other}."
        action = "Check child, clip and date on both sides, or change [matching]."
        yield Finding(
            rule, message, action, Severity.WARNING, subject=str(row[ID]),
            **row_of(str(row["SOURCE_ID"]), places(data)),
        )  # fmt: skip
