"""Scores as they come in, good and bad."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emostats.errors import EmostatsError, FindingsError, UsageError
from emostats.music.scores import MOVEMENT_MIDDLE, by_rule, read_scores


def table(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_scores_with_blanks_and_without_engagement(tmp_path: Path) -> None:
    path = table(
        tmp_path / "s.csv", "time,Valence,AROUSAL,USUBJID\n2.0,0.5,-0.1,007\n2.5,,NA,007\n3.0,0.1,0,007\n"
    )
    scores = read_scores(path)
    np.testing.assert_allclose(scores.time, [0.0, 0.5, 1.0])
    np.testing.assert_allclose(scores.values[0, :2], [0.5, -0.1])
    assert np.isnan(scores.values[1]).all() and np.isnan(scores.values[:, 2]).all()
    assert scores.child == "007"


def test_gap_of_minutes_is_said(tmp_path: Path) -> None:
    rows = "\n".join(f"{t},0.1,0.1" for t in (0, 1, 2, 200, 201))
    found = read_scores(table(tmp_path / "s.csv", f"TIME,VALENCE,AROUSAL\n{rows}\n")).findings
    assert [finding.rule for finding in found] == ["gap"] and "from 2 s to 200 s" in found[0].message


def test_nothing_but_blanks_is_said(tmp_path: Path) -> None:
    found = read_scores(table(tmp_path / "s.csv", "TIME,VALENCE,AROUSAL\n0,,\n1,,\n")).findings
    assert [finding.rule for finding in found] == ["no-score"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("TIME,AROUSAL\n0,0\n", "column-missing"),
        ("TIME,VALENCE,AROUSAL\n0,0,0\nx,0,0\n", "time-invalid"),
        ("TIME,VALENCE,AROUSAL\n0,0,0\n5,0,0\n4,0,0\n6,0,0\n", "clock-backwards"),
        ("TIME,VALENCE,AROUSAL\n" + "0,0,0\n9,0,0\n" * 5, "sessions-interleaved"),
        ("TIME,VALENCE,AROUSAL\n0,2,0\n", "score-invalid"),
        ("TIME,VALENCE,AROUSAL\n0,happy,0\n", "score-invalid"),
        ("TIME,VALENCE,AROUSAL,ENGAGEMENT\n0,0,0,-1\n", "score-invalid"),
    ],
)
def test_bad_scores_are_findings(text: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(FindingsError) as caught:
        read_scores(table(tmp_path / "s.csv", text))
    assert {finding.rule for finding in caught.value.findings} == {rule}
    assert all(finding.file == "s.csv" for finding in caught.value.findings)


def test_several_sessions_need_a_name(tmp_path: Path) -> None:
    path = table(
        tmp_path / "s.csv", "SESSION,TIME,VALENCE,AROUSAL\nA,0,0.1,0\nB,0,0.2,0\nA,1,0.3,0\nB,1,0.4,0\n"
    )
    with pytest.raises(UsageError, match=r"2 sessions \(A, B\)"):
        read_scores(path)
    np.testing.assert_allclose(read_scores(path, "B").values[:, 0], [0.2, 0.4])
    with pytest.raises(UsageError, match="no session 'C'"):
        read_scores(path, "C")


def test_no_frames_and_no_table(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no frame"):
        read_scores(table(tmp_path / "s.csv", "TIME,VALENCE,AROUSAL\n"))
    with pytest.raises(EmostatsError):
        read_scores(table(tmp_path / "e.csv", ""))
    with pytest.raises(UsageError, match=r"expected scores of a session .* found nothing\. Check the path"):
        read_scores(tmp_path / "missing.csv")


def test_rules_by_hand() -> None:
    found = by_rule(np.array([0.7]), np.array([0.2]), np.array([3 * MOVEMENT_MIDDLE]), np.array([60.0]))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.25]])


def test_frames_of_the_scoring_module(tmp_path: Path) -> None:
    frames = pd.DataFrame(
        {
            "FRAME": [0, 1, 2],
            "TIME": [0.0, 0.1, 0.2],
            "STATUS": ["ok", "no_face", "ok"],
            "YAW": [0.0, np.nan, 10.0],
            "MOVEMENT": [np.nan, np.nan, 0.15],
            "mouthSmileLeft": [0.6, np.nan, 0.2],
            "mouthSmileRight": [0.4, np.nan, 0.2],
            "browDownLeft": [0.0, np.nan, 0.1],
            "browDownRight": [0.2, np.nan, 0.1],
        }
    )
    frames.to_csv(tmp_path / "frames.csv", index=False)
    values = read_scores(tmp_path / "frames.csv").values
    assert values[0, 0] == pytest.approx(0.4) and np.isnan(values[0, 1]) and values[0, 2] == 1.0
    assert np.isnan(values[1]).all()
    np.testing.assert_allclose(values[2, :2], [0.1, 0.0], atol=1e-12)
    frames.to_parquet(tmp_path / "frames.parquet")
    np.testing.assert_allclose(read_scores(tmp_path / "frames.parquet").values, values)


def test_two_sessions_sorted_into_one_another_are_refused(tmp_path: Path) -> None:
    """Sorted by time their clock never goes back, but it stands still at every second frame."""
    rows = "\n".join(f"{time},{value},0.1" for time in range(4) for value in (0.1, -0.5))
    path = table(tmp_path / "s.csv", f"TIME,VALENCE,AROUSAL\n{rows}\n")
    with pytest.raises(FindingsError, match="stands still 4 times, first at 0 s: two sessions") as caught:
        read_scores(path)
    assert caught.value.findings[0].cell == "row 3"


def test_several_children_in_one_session_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "s.csv", "USUBJID,TIME,VALENCE,AROUSAL\n001,0,0,0\n002,0.5,0,0\n001,1,0,0\n")
    with pytest.raises(UsageError, match=r"frames of 2 children \(001, 002\)"):
        read_scores(path)


def test_blanks_of_a_parquet_file_are_blanks(tmp_path: Path) -> None:
    scores = pd.DataFrame({"TIME": [0.0, 1.0], "VALENCE": [0.5, np.nan], "AROUSAL": [0.1, np.nan]})
    scores.to_parquet(tmp_path / "s.parquet")
    values = read_scores(tmp_path / "s.parquet").values
    np.testing.assert_allclose(values[0, :2], [0.5, 0.1])
    assert np.isnan(values[1]).all()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("browDownLeft", None, "no column 'browDownLeft'"),
        ("mouthSmileRight", 7.0, "mouthSmileRight '7.0' is no number in 0 to 1"),
        ("MOVEMENT", "fast", "MOVEMENT 'fast' is no number"),
    ],
)
def test_frames_that_are_not_as_the_scoring_writes_them(
    name: str, value: object, says: str, tmp_path: Path
) -> None:
    frames = pd.DataFrame(
        {
            "TIME": [0.0, 0.1], "STATUS": "ok", "YAW": 0.0, "MOVEMENT": 0.1, "mouthSmileLeft": 0.2,
            "mouthSmileRight": 0.2, "browDownLeft": 0.1, "browDownRight": 0.1,
        }
    )  # fmt: skip
    frames = frames.drop(columns=name) if value is None else frames.assign(**{name: value})
    frames.to_csv(tmp_path / "frames.csv", index=False)
    with pytest.raises(FindingsError, match=says):
        read_scores(tmp_path / "frames.csv")
