"""Smile episodes, movement without the head's, and answers to stimuli."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emostats.inference.frames import FrameResult, FrameStatus
from emostats.inference.scores.movement import MOVING, RIGID, Movement, similarity, unexplained
from emostats.inference.scores.responses import ResponseRule, responses
from emostats.inference.scores.smiles import SmileRule, smile_episodes

clock = np.arange(0, 10, 0.1)


def level(*spans: tuple[float, float, float]) -> np.ndarray:
    values = np.zeros(clock.size)
    for begin, end, height in spans:
        values[(clock >= begin - 1e-9) & (clock < end - 1e-9)] = height
    return values


def test_a_smile_begins_high_and_ends_low() -> None:
    smile = level((2, 3, 0.5), (3, 4, 0.3), (4, 5, 0.5), (7, 8, 0.35))
    (episode,) = smile_episodes(clock, smile)
    assert episode == pytest.approx((2.0, 5.0))  # 0.3 is not below the end, 0.35 never begins


def test_short_smiles_do_not_count_and_long_gaps_end_them() -> None:
    assert smile_episodes(clock, level((2, 2.2, 0.9))) == []
    gap = level((2, 5, 0.9))
    gap[(clock > 3) & (clock < 4)] = np.nan
    assert [pytest.approx(each) for each in smile_episodes(clock, gap)] == [(2.0, 3.0), (4.0, 5.0)]
    gap = level((2, 5, 0.9))
    gap[(clock > 3) & (clock < 3.35)] = np.nan  # a blink of the tracker
    assert smile_episodes(clock, gap) == [pytest.approx((2.0, 5.0))]


def test_a_smile_may_last_to_the_end_and_nothing_gives_nothing() -> None:
    assert smile_episodes(clock, level((8, 11, 0.9))) == [pytest.approx((8.0, 9.9))]
    assert smile_episodes(clock, np.full(clock.size, np.nan)) == []
    assert smile_episodes(np.array([]), np.array([])) == []


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=100))
def test_smiles_are_apart_in_order_and_long_enough(values: list[float]) -> None:
    rule = SmileRule()
    found = smile_episodes(clock[: len(values)], np.array(values), rule)
    ends = [0.0]
    for begin, end in found:
        assert ends[-1] <= begin and end - begin >= rule.least
        ends.append(end)


def face(
    time: float, points: np.ndarray, *, track: int = 1, status: FrameStatus = FrameStatus.OK
) -> FrameResult:
    return FrameResult(0, time, status, points=points.astype(np.float32), track=track)


@pytest.fixture(scope="module")
def neutral(make, reader) -> np.ndarray:  # type: ignore[no-untyped-def]
    return np.array(reader.still(make.picture("118_neutral")).points, dtype=float)


def rotation(angle: float, axis: int) -> np.ndarray:
    c, s = math.cos(angle), math.sin(angle)
    a, b = [each for each in range(3) if each != axis]
    turn = np.eye(3)
    turn[a, a], turn[a, b], turn[b, a], turn[b, b] = c, -s, s, c
    return turn


@given(st.floats(-0.6, 0.6), st.integers(0, 2), st.floats(0.5, 2), st.floats(-100, 100))
def test_movement_of_the_head_is_no_expression(
    neutral, angle: float, axis: int, scale: float, shift: float
) -> None:  # type: ignore[no-untyped-def]
    moved = scale * neutral @ rotation(angle, axis).T + shift
    assert unexplained(neutral, moved) < 1e-6 * np.abs(moved).max()
    turn, factor, _ = similarity(neutral[RIGID], moved[RIGID])
    np.testing.assert_allclose(turn, rotation(angle, axis), atol=1e-6)
    assert factor == pytest.approx(scale, rel=1e-6)


def test_movement_is_in_eye_distances_a_second(neutral: np.ndarray) -> None:
    eyes = np.linalg.norm(neutral[263] - neutral[33])
    shifted = neutral.copy()
    shifted[MOVING] += [0, 0.05 * eyes, 0]
    movement = Movement()
    assert math.isnan(movement(face(0.0, neutral)))
    assert math.isnan(movement(face(0.1, neutral)))  # less than a fifth of a second
    assert movement(face(0.2, neutral)) == pytest.approx(0, abs=1e-5)
    assert movement(face(0.3, shifted)) == pytest.approx(0.05 / 0.2, rel=1e-3)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_movement_does_not_depend_on_the_frame_rate(fps: int, neutral: np.ndarray) -> None:
    movement, found = Movement(), []
    for index in range(fps):
        points = neutral.copy()
        points[MOVING, 1] += 20 * index / fps  # 20 pixels a second
        found.append(movement(face(index / fps, points)))
    eyes = np.linalg.norm(neutral[263] - neutral[33])
    assert np.nanmean(found) == pytest.approx(20 / eyes, rel=0.01)


def test_movement_does_not_reach_across_tracks_gaps_and_unusable_frames(neutral: np.ndarray) -> None:
    movement = Movement()
    movement(face(0.0, neutral))
    assert math.isnan(movement(face(0.2, neutral, status=FrameStatus.TURNED_AWAY)))
    assert math.isnan(movement(face(0.3, neutral, track=2)))
    assert math.isnan(movement(face(2.0, neutral, track=2)))
    assert movement(face(2.2, neutral, track=2)) == pytest.approx(0, abs=1e-5)


def answer(units: np.ndarray, stimuli, rule: ResponseRule | None = None):  # type: ignore[no-untyped-def]
    return responses(stimuli, clock, np.full(clock.size, 0.1), units, rule)


def test_an_answer_is_the_first_lasting_change() -> None:
    units = np.column_stack([level((3.5, 5, 0.4), (2.2, 2.3, 0.9)), np.full(clock.size, 0.6)])
    (found,) = answer(units, [2.0])
    assert found.evaluable and found.latency == pytest.approx(1.5)  # the flash at 2.2 s does not last


def test_relaxing_is_an_answer_too_and_no_change_is_none() -> None:
    units = level((0, 4, 0.7))[:, None]
    relaxed, still = answer(units, [3.0, 6.0])
    assert relaxed.latency == pytest.approx(1.0) and still.evaluable and math.isnan(still.latency)


def test_a_stimulus_needs_to_be_seen() -> None:
    units = np.zeros((clock.size, 1))
    units[(clock > 4.0) & (clock < 5.0)] = np.nan
    assert [each.evaluable for each in answer(units, [0.2, 2.0, 5.0, 20.0])] == [False, True, False, False]
