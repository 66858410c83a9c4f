"""Session scores and ratings by child, date window and clip."""

from __future__ import annotations

import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.ingest.matching import matched_sessions
from emostats.ingest.merge import merge_sessions
from emostats.study import StudyFileError, read_spec


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


MATCHING = """
[matching]
window = [0, 14]
"""


def matched_study(small):
    small.text = small.text.replace('GUESS = "Guess" }', 'GUESS = "Guess", DATE = "Rated" }')
    small.text = small.text.replace(
        'AVISIT = "Visit" }\n[session', 'AVISIT = "Visit", DATE = "On" }\n[session'
    )
    small.text += MATCHING
    small.sheets["Ratings"] = [
        ["Child ID", "Clip", "Rater", "Guess", "Rhythm", "Emotion", "Rated"],
        ["001", "K1", "R1", "before", 5, 6, "2025-03-03"],
        ["001", "K1", "R2", "unsure", 6, None, "2025-03-05"],
        ["003", "K2", "R1", "unsure", 6, 2, "2025-08-05"],
    ]
    small.sheets["Sessions"] = [
        ["Child ID", "Session", "Visit", "Valence", "On"],
        ["001", 1, "Before", 0.2, "2025-03-01"],
        ["001", 1, "After", 0.5, "2025-06-01"],
        ["003", 1, None, 0.1, "2025-03-01"],
    ]
    return small


def test_a_study_file_matches_sessions_and_ratings_and_lists_both_sides(small):
    data = matched_study(small).read()
    spec = read_spec(small.path)
    merged = matched_sessions(data, spec)
    assert merged.pairs[
        ["SESSION", "AVISIT", "CLIP", "RATER", "VALENCE", "RHYTHM", "DAYS"]
    ].values.tolist() == [
        ["1", "BASE0", "K1", "R1", 0.2, 5, 2],
        ["1", "BASE0", "K1", "R2", 0.2, 6, 4],
    ]
    alone = {(f.rule, f.subject, f.sheet, f.cell) for f in data.findings if "without" in f.rule}
    assert alone == {
        ("session-without-rating", "001", "Sessions", "row 3"),
        ("session-without-rating", "003", "Sessions", "row 4"),
        ("rating-without-session", "003", "Ratings", "row 4"),
    }
    (rating,) = [f.message for f in data.findings if f.rule == "rating-without-session"]
    assert rating == "rating of clip 'K2' has no session of its child in the window [0, 14] (days)."


def test_a_window_needs_dates_on_both_sides(small):
    small.text += MATCHING
    small.write()
    with pytest.raises(StudyFileError, match=r"\[ratings\] names no column DATE"):
        read_spec(small.path)


def test_matching_by_child_alone(small):
    small.text += "\n[matching]\n"
    merged = matched_sessions(small.read(), read_spec(small.path))
    assert set(merged.pairs["USUBJID"]) == {"001"}
    assert len(merged.pairs) == 6
