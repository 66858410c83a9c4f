"""The filter against hand-computed steps, and against Gaussian process regression with the same kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.music.state import FilterSettings, observe, predict, unknown

PLAIN = FilterSettings(
    half_life=60.0,
    centre=(0.0, 0.2, 0.5),
    spread=(0.5, 0.4, 0.3),
    frame_error=(0.2, 0.2, 0.1),
    independent_seconds=1.0,
)


def test_one_update_by_hand() -> None:
    # P = 0.25, R = 0.04: K = 0.25 / 0.29; m = K · 0.58 = 0.5; P' = 0.25 · 0.04 / 0.29
    state = observe(unknown(PLAIN), 0.0, [0.58, np.nan, np.nan], PLAIN)
    assert state.mean[0] == pytest.approx(0.5, abs=1e-12)
    assert state.variance[0] == pytest.approx(0.01 / 0.29, abs=1e-12)
    assert state.mean[1] == 0.2 and state.variance[1] == pytest.approx(0.16)
    assert state.n_frames == 1


def test_prediction_by_hand_after_one_half_life() -> None:
    seen = observe(unknown(PLAIN), 0.0, [0.58, np.nan, np.nan], PLAIN)
    later = predict(seen, 60.0, PLAIN)
    assert later.mean[0] == pytest.approx(0.25, abs=1e-12)
    assert later.variance[0] == pytest.approx(0.25 * 0.01 / 0.29 + 0.75 * 0.25, abs=1e-12)


def test_filter_is_gaussian_process_regression_with_an_exponential_kernel() -> None:
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(1.0, 40.0, 12))
    y = rng.normal(0.1, 0.4, 12)
    state = unknown(PLAIN, time=float(times[0]))
    for time, value in zip(times, y, strict=True):
        state = observe(state, float(time), [value, value, value], PLAIN)
    for axis in range(3):
        rate = np.log(2.0) / PLAIN.half_life
        kernel = PLAIN.spread[axis] ** 2 * np.exp(-rate * np.abs(times[:, None] - times))
        noisy = kernel + PLAIN.frame_error[axis] ** 2 * np.eye(12)
        weights = np.linalg.solve(noisy, kernel[:, -1])
        mean = PLAIN.centre[axis] + weights @ (y - PLAIN.centre[axis])
        variance = PLAIN.spread[axis] ** 2 - kernel[-1] @ weights
        assert state.mean[axis] == pytest.approx(mean, abs=1e-10)
        assert state.variance[axis] == pytest.approx(variance, abs=1e-10)


@given(parts=st.lists(st.floats(0.01, 100.0), min_size=1, max_size=6))
@settings(max_examples=30)
def test_a_gap_in_steps_is_the_gap_at_once(parts: list[float]) -> None:
    start = observe(unknown(PLAIN), 0.0, [0.3, -0.2, 0.9], PLAIN)
    stepped = start
    for part in parts:
        stepped = predict(stepped, stepped.time + part, PLAIN)
    once = predict(start, stepped.time, PLAIN)
    np.testing.assert_allclose(stepped.mean, once.mean, atol=1e-12)
    np.testing.assert_allclose(stepped.variance, once.variance, atol=1e-12)


def test_minutes_without_a_face_end_in_knowing_nothing() -> None:
    state = observe(unknown(PLAIN), 0.0, [0.9, 0.9, 0.9], PLAIN)
    for second in range(1, 1200):
        state = observe(state, float(second), [np.nan] * 3, PLAIN)
    assert state.n_frames == 1
    np.testing.assert_allclose(state.mean, PLAIN.centre, atol=1e-5)
    np.testing.assert_allclose(state.sd, PLAIN.spread, atol=1e-5)


def test_infinite_scores_count_as_none() -> None:
    state = observe(unknown(PLAIN), 1.0, [np.inf, -np.inf, np.nan], PLAIN)
    assert state.n_frames == 0 and np.isfinite(state.mean).all()


def test_more_frames_a_second_tell_no_more() -> None:
    def after(rate: int) -> np.ndarray:
        state = unknown(PLAIN)
        for number in range(1, 30 * rate + 1):
            state = observe(state, number / rate, [0.2, 0.2, 0.2], PLAIN)
        return state.variance

    np.testing.assert_allclose(after(30), after(10), rtol=0.03)


def test_axes_that_are_scored_at_different_times_do_not_weaken_each_other() -> None:
    """Valence ten times a second and arousal every two seconds: arousal is known as if it came alone."""
    rng = np.random.default_rng(2)
    both, alone = unknown(PLAIN), unknown(PLAIN)
    for number in range(1, 301):
        time, arousal = number / 10, rng.normal(0.3, 0.2)
        scored = number % 20 == 0
        both = observe(both, time, [0.1, arousal if scored else np.nan, np.nan], PLAIN)
        if scored:
            alone = observe(alone, time, [np.nan, arousal, np.nan], PLAIN)
    assert both.mean[1] == pytest.approx(alone.mean[1], abs=1e-12)
    assert both.variance[1] == pytest.approx(alone.variance[1], abs=1e-12)


def test_many_children_at_once_are_each_alone() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.4, (20, 4, 3))
    values[rng.random(values.shape) < 0.3] = np.nan
    together = unknown(PLAIN, shape=(4,))
    for second in range(20):
        together = observe(together, second + 1.0, values[second], PLAIN)
    alone = unknown(PLAIN)
    for second in range(20):
        alone = observe(alone, second + 1.0, values[second, 2], PLAIN)
    np.testing.assert_allclose(together.mean[2], alone.mean, atol=1e-14)
    assert together.n_frames[2] == alone.n_frames


def test_clock_that_goes_backwards_is_refused() -> None:
    state = observe(unknown(PLAIN), 5.0, [0.1, 0.1, 0.1], PLAIN)
    with pytest.raises(UsageError, match="clock went backwards: 4 s comes after 5 s"):
        observe(state, 4.0, [0.1, 0.1, 0.1], PLAIN)
    with pytest.raises(UsageError, match="backwards"):
        predict(state, float("nan"), PLAIN)


@pytest.mark.parametrize("bad", [{"half_life": 0.0}, {"spread": (0.1, 0.0, 0.1)}, {"half_life": np.nan}])
def test_settings_that_make_no_sense(bad: dict) -> None:
    with pytest.raises(UsageError, match="above 0"):
        FilterSettings(**bad)
