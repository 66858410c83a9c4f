"""The scores of a session: weighted by time, gated, and never filled in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.inference.frames import BLENDSHAPES, FrameResult, FrameStatus
from emostats.inference.scores import Gates, score_session
from emostats.inference.scores.session import QUALITY, SCORES, SHARES, stability
from emostats.inference.scores.table import COLUMNS, durations, frame_table


def session(
    status: list[str], smile: list[float] | None = None, *, step: float = 0.1, time: list[float] | None = None
) -> pd.DataFrame:
    count = len(status)
    table = pd.DataFrame(0.0, index=range(count), columns=list(COLUMNS))
    table["FRAME"], table["TIME"] = range(count), np.arange(count) * step if time is None else time
    table["STATUS"], table["TRACK"], table["N_FACES"] = status, 1, 1
    if smile is not None:
        table["mouthSmileLeft"] = table["mouthSmileRight"] = smile
    return table


OK, GONE = "ok", "no_face"


def test_scores_of_a_session_worked_out_by_hand() -> None:
    smile = [0.0] * 60 + [0.8] * 40 + [0.0] * 50
    found = score_session(session([OK] * 150 + [GONE] * 50, smile + [0.0] * 50))
    assert found.reason == ""
    assert found.quality == pytest.approx(
        {"SECONDS": 20, "FRAMES": 200, "USABLE": 0.75, "USABLE_S": 15, "NO_FACE": 0.25, "TOO_SMALL": 0,
         "TURNED_AWAY": 0, "TOO_DARK": 0, "MAX_FACES": 1, "TRACKS": 1}
    )  # fmt: skip
    scores = found.scores
    assert scores["VALENCE"] == pytest.approx(0.8 * 40 / 150)
    assert scores["VALENCE_SD"] == pytest.approx(np.std(smile))
    assert scores["SMILE_RATE"] == pytest.approx(60 / 15) and scores["SMILE_SHARE"] == pytest.approx(4 / 15)
    assert scores["HAPPINESS"] == pytest.approx(40 / 150) and scores["NEUTRAL"] == pytest.approx(110 / 150)
    assert scores["STABILITY"] == pytest.approx(147 / 149)
    assert np.isnan(scores["LATENCY"]) and np.isnan(scores["RESPONSES"]) and np.isnan(scores["SMILE_MODEL"])
    assert tuple(scores) == SCORES and tuple(found.quality) == QUALITY


def test_time_counts_and_not_frames() -> None:
    """Half the time at ten frames a second, half at one: the mean is over time."""
    time = [*np.arange(0, 10, 0.1), *np.arange(10, 20, 1.0)]
    smile = [0.0] * 100 + [0.6] * 10
    found = score_session(session([OK] * 110, smile, time=list(time)))
    assert found.scores["VALENCE"] == pytest.approx(0.6 * 10 / 20, rel=0.06)


def test_a_frozen_picture_stands_for_a_second_at_most() -> None:
    np.testing.assert_allclose(durations(np.array([0.0, 0.1, 30.0, 30.1])), [0.1, 1.0, 0.1, 0.1], atol=1e-9)
    assert durations(np.array([3.0])).tolist() == [0.04] and durations(np.array([])).size == 0


@pytest.mark.parametrize(
    ("status", "gates", "reason"),
    [
        ([OK] * 50 + [GONE] * 150, Gates(), "5.0 s usable, at least 10 s are needed: no face for 75%"),
        ([OK] * 120 + ["too_dark"] * 80, Gates(share=0.7),
         "60% of the time usable, at least 70% are needed: face too dark for 40%"),
        (["turned_away"] * 200, Gates(seconds=0), "no usable frame: face turned away for 100%"),
        ([], Gates(seconds=0), "no usable frame"),
    ],
)  # fmt: skip
def test_gates_keep_quality_and_give_the_reason(status: list[str], gates: Gates, reason: str) -> None:
    found = score_session(session(status), gates=gates)
    assert (
        found.reason.removesuffix(" of the time") == reason
        and found.scores == {}
        and set(found.quality) == set(QUALITY)
    )


def test_unusable_frames_are_not_filled_in() -> None:
    smile = [0.0] * 100 + [0.9] * 100
    seen = score_session(session([OK] * 100 + ["turned_away"] * 100, smile))
    assert seen.scores["VALENCE"] == pytest.approx(0) and seen.scores["HAPPINESS"] == 0
    assert seen.frames["VALENCE"][100:].isna().all() and seen.frames["EXPRESSION"][100:].isna().all()


def test_stability_compares_neighbours_of_one_track() -> None:
    labels = np.array(["neutral", "neutral", None, "happiness", "happiness", "neutral"], dtype=object)
    assert stability(labels, np.array([1, 1, 0, 1, 1, 1])) == pytest.approx(2 / 3)
    assert stability(labels, np.array([1, 1, 0, 1, 1, 2])) == pytest.approx(1.0)
    assert np.isnan(stability(labels[:1], np.array([1])))


def test_stimuli_give_latency_and_share() -> None:
    smile = [0.0] * 35 + [0.8] * 20 + [0.0] * 145
    found = score_session(session([OK] * 200, smile), stimuli=[2.0, 10.0])
    assert found.scores["LATENCY"] == pytest.approx(1.5) and found.scores["RESPONSES"] == pytest.approx(0.5)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([*FrameStatus]), min_size=1, max_size=80), st.randoms())
def test_shares_are_shares(status: list[FrameStatus], random) -> None:  # type: ignore[no-untyped-def]
    smile = [random.random() for _ in status]
    found = score_session(session([each.value for each in status], smile), gates=Gates(seconds=0))
    quality = found.quality
    parts = sum(quality[name] for name in ("USABLE", "NO_FACE", "TOO_SMALL", "TURNED_AWAY", "TOO_DARK"))
    assert parts == pytest.approx(1)
    if found.scores:
        assert sum(found.scores[name] for name in SHARES) == pytest.approx(1)
        assert -1 <= found.scores["VALENCE"] <= 1 and 0 <= found.scores["SMILE_SHARE"] <= 1
    else:
        assert FrameStatus.OK not in status


def test_the_input_is_not_changed() -> None:
    table = session([OK] * 120, [0.5] * 120)
    before = table.copy()
    score_session(table, stimuli=[3.0])
    pd.testing.assert_frame_equal(table, before)


def test_the_table_of_frames_holds_numbers_and_no_face() -> None:
    nobody = FrameResult(0, 0.0, FrameStatus.NO_FACE, n_faces=2)
    table = frame_table([nobody, FrameResult(1, 0.5, FrameStatus.NO_FACE)])
    assert tuple(table.columns) == COLUMNS and table["N_FACES"].tolist() == [2, 0]
    assert table["STATUS"].tolist() == ["no_face", "no_face"] and table["TIME"].tolist() == [0.0, 0.5]
    assert table[[*BLENDSHAPES, "X0", "EYES", "YAW", "MOVEMENT"]].isna().all(axis=None)
    assert frame_table([]).shape == (0, len(COLUMNS))


def test_a_clip_of_a_smile_is_scored_as_one(smiling_clip, reader) -> None:  # type: ignore[no-untyped-def]
    from emostats.inference.video import read_video

    table = frame_table(reader.video(read_video(smiling_clip)))
    found = score_session(table, gates=Gates(seconds=1))
    (smile,) = found.smiles
    assert 0.2 < smile[0] < 0.9 and 1.1 < smile[1] < 1.9
    assert found.quality["USABLE"] == 1 and found.scores["EXPRESSIVITY"] > 0.02
    assert found.scores["HAPPINESS"] == pytest.approx(found.scores["SMILE_SHARE"], abs=0.15)
