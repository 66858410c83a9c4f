"""Session scores and expert ratings joined by child, days and clip; what finds no partner is listed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from emostats.errors import UsageError

ID, CLIP, DATE = "USUBJID", "CLIP", "DATE"


@dataclass(frozen=True)
class MergedSessions:
    """Sessions and ratings that belong together.

    Attributes
    ----------
    pairs: one row a session × rating that match; columns of both, with the endings _SESSION and _RATING where
        both have them, and DAYS (rating − session, whole days; 0 when no dates are compared).
    sessions, ratings: rows without a partner, as they were given.
    """

    pairs: pd.DataFrame
    sessions: pd.DataFrame
    ratings: pd.DataFrame


def merge_sessions(
    sessions: pd.DataFrame, ratings: pd.DataFrame, *, window: tuple[int, int] | None = (0, 0)
) -> MergedSessions:
    """Joins session scores and ratings of the same child, and of the same clip where both tables name clips.

    Parameters
    ----------
    sessions, ratings: with USUBJID, and DATE unless `window` is None; CLIP where there is one. A row without
        an ID, or without a date where dates are compared, has no partner.
    window: earliest and latest day of a rating, counted from the session's: ``(0, 14)`` takes ratings up to
        two weeks after it. None compares no dates. A rating within the window of several sessions goes to
        the nearest ones; ties keep all.

    Raises
    ------
    UsageError: a needed column is missing, or the window's ends are the wrong way round.
    """
    _check(sessions, ratings, window)
    keys = [ID, CLIP] if CLIP in sessions and CLIP in ratings else [ID]
    left = sessions.reset_index(drop=True).rename_axis("_S").reset_index()
    right = ratings.reset_index(drop=True).rename_axis("_R").reset_index()
    pairs = left.dropna(subset=keys).merge(
        right.dropna(subset=keys), on=keys, suffixes=("_SESSION", "_RATING")
    )
    pairs = pairs.assign(DAYS=0) if window is None else _within(pairs, window)
    return MergedSessions(
        pairs=pairs.drop(columns=["_S", "_R"]).reset_index(drop=True),
        sessions=_without(sessions, pairs["_S"]),
        ratings=_without(ratings, pairs["_R"]),
    )


def _without(table: pd.DataFrame, paired: pd.Series) -> pd.DataFrame:
    taken = set(paired)
    alone = [position not in taken for position in range(len(table))]
    return table.loc[alone].reset_index(drop=True)


def _check(sessions: pd.DataFrame, ratings: pd.DataFrame, window: tuple[int, int] | None) -> None:
    needed = [ID] if window is None else [ID, DATE]
    for name, table in (("sessions", sessions), ("ratings", ratings)):
        missing = [column for column in needed if column not in table]
        if missing:
            raise UsageError(f"the {name} have no column {missing[0]}; matching by it is not possible.")
    if window is not None and window[0] > window[1]:
        raise UsageError(f"expected a window (earliest, latest) in days; found {window}.")


def _within(pairs: pd.DataFrame, window: tuple[int, int]) -> pd.DataFrame:
    dates = [pd.to_datetime(pairs[f"{DATE}_{side}"]) for side in ("SESSION", "RATING")]
    pairs = pairs.assign(DAYS=(dates[1].dt.normalize() - dates[0].dt.normalize()).dt.days)
    pairs = pairs[(pairs["DAYS"] >= window[0]) & (pairs["DAYS"] <= window[1])]
    distance = pairs["DAYS"].abs()
    return pairs[distance == distance.groupby(pairs["_R"]).transform("min")].astype({"DAYS": "int64"})
