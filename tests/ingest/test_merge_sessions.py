"""Session scores and ratings by child, date window and clip."""

from __future__ import annotations

import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.ingest.merge import merge_sessions


def table(rows: list[tuple], *columns: str) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=list(columns))
    return made.assign(DATE=pd.to_datetime(made["DATE"])) if "DATE" in made else made


SESSIONS = table(
    [("1", "s1", "2025-03-01"), ("1", "s2", "2025-03-10"), ("2", "s1", "2025-03-01"), ("3", "s1", None)],
    "USUBJID", "SESSION", "DATE",
)  # fmt: skip
RATINGS = table(
    [("1", 5, "2025-03-04"), ("1", 6, "2025-03-12"), ("2", 7, "2025-05-01"), ("9", 4, "2025-03-01")],
    "USUBJID", "VALUE", "DATE",
)  # fmt: skip


def test_the_nearest_session_within_the_window_and_the_rest_on_both_sides():
    found = merge_sessions(SESSIONS, RATINGS, window=(-14, 14))
    assert found.pairs[["SESSION", "VALUE", "DAYS"]].to_numpy().tolist() == [["s1", 5, 3], ["s2", 6, 2]]
    assert found.sessions["USUBJID"].tolist() == ["2", "3"]
    assert found.ratings["USUBJID"].tolist() == ["2", "9"]


def test_the_window_includes_its_ends_and_has_a_direction():
    assert merge_sessions(SESSIONS, RATINGS, window=(3, 3)).pairs["VALUE"].tolist() == [5]
    assert merge_sessions(SESSIONS, RATINGS, window=(-6, -6)).pairs["SESSION"].tolist() == ["s2"]
    assert merge_sessions(SESSIONS, RATINGS).pairs.empty


def test_every_row_is_in_a_pair_or_listed():
    found = merge_sessions(SESSIONS, RATINGS, window=(-365, 365))
    assert len(found.sessions) + found.pairs[["USUBJID", "SESSION"]].drop_duplicates().shape[0] == len(
        SESSIONS
    )
    assert len(found.ratings) + found.pairs["VALUE"].nunique() == len(RATINGS)


def test_by_clip_and_without_dates():
    sessions = table([("1", "a"), ("1", "b"), ("2", None)], "USUBJID", "CLIP")
    ratings = table([("1", "b", 3), ("1", "c", 4), ("2", None, 5)], "USUBJID", "CLIP", "VALUE")
    found = merge_sessions(sessions, ratings, window=None)
    assert found.pairs[["CLIP", "VALUE", "DAYS"]].to_numpy().tolist() == [["b", 3, 0]]
    assert found.sessions["CLIP"].isna().tolist() == [False, True]  # a blank clip matches no blank clip
    assert found.ratings["VALUE"].tolist() == [4, 5]


def test_bad_input():
    with pytest.raises(UsageError, match="sessions have no column DATE"):
        merge_sessions(SESSIONS.drop(columns="DATE"), RATINGS)
    with pytest.raises(UsageError, match="window"):
        merge_sessions(SESSIONS, RATINGS, window=(3, 1))
