"""Recordings, the 100 points, and what is kept of their movement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.inference.sequences import EYES, REGIONS, Recording, gfe_graph, motion_channels
from emostats.inference.sequences.gfe_points import mean_face, mirror

Make = Callable[..., Recording]


def made(labels: list[int], times: list[float] | None = None) -> Recording:
    """A film of the mean face that does not move."""
    n = len(labels)
    at = np.array(times) if times is not None else np.arange(n) / 16
    return Recording("p", "x", at, np.tile(mean_face(), (n, 1, 1)), np.array(labels))


# ------------------------------------------------------------------------------------------- recordings


def test_stretches_end_at_gaps() -> None:
    film = made([0] * 5, [0.0, 0.1, 1.0, 2.5, 2.6])
    assert film.stretches() == (slice(0, 3), slice(3, 5))
    assert film.stretches(max_gap=0.5) == (slice(0, 2), slice(2, 3), slice(3, 5))


@pytest.mark.parametrize(
    ("labels", "episodes"),
    [
        ([0, 1, 1, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1, 1, 1, 1]),
        ([1, 0, 1], [0, 1, 1]),
        ([0, 0, 0], [0, 0, 0]),
        ([1, 1], [0, 0]),
        ([1, -1, -1, 1], [0, 0, 1, 1]),
    ],
)
def test_episodes_are_cut_between_showings(labels: list[int], episodes: list[int]) -> None:
    assert made(labels).episodes().tolist() == episodes


@given(st.lists(st.integers(0, 1), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_each_episode_holds_one_showing(labels: list[int]) -> None:
    film = made(labels)
    units, starts = film.episodes(), np.diff(np.r_[0, labels]) == 1
    assert (np.diff(units) >= 0).all()
    counts = [int(starts[units == unit].sum()) for unit in np.unique(units)]
    assert set(counts) <= ({1} if 1 in labels else {0})


def test_a_recording_checks_its_parts() -> None:
    with pytest.raises(UsageError, match="2 times, 3 rows of points and 3 labels"):
        Recording("p", "x", np.arange(2.0), np.zeros((3, 100, 3)), np.zeros(3, dtype=np.int64))
    with pytest.raises(UsageError, match="frame 2 is earlier"):
        made([0, 0], [1.0, 0.5])
    with pytest.raises(UsageError, match="at least one"):
        made([])


# ------------------------------------------------------------------------------------------------ points


def test_the_graph_is_symmetric_and_hangs_together() -> None:
    graph = gfe_graph()
    edges = set(graph.edges)
    partner = mirror()
    assert graph.n_points == 100
    assert {tuple(sorted((partner[a], partner[b]))) for a, b in edges} == edges
    reached, front = {0}, {0}
    while front:
        front = {b for edge in edges for a, b in (edge, edge[::-1]) if a in front} - reached
        reached |= front
    assert len(reached) == 100


def test_mirroring_swaps_the_halves_of_the_face() -> None:
    face = mean_face()
    np.testing.assert_allclose(face[list(mirror())], face * [-1, 1], atol=1e-12)
    assert sorted(k for first, end in REGIONS.values() for k in range(first, end)) == list(range(100))


# ---------------------------------------------------------------------------------------------- movement


@given(st.floats(-200, 200), st.floats(0.3, 3.0), st.floats(-0.6, 0.6))
@settings(max_examples=15, deadline=None)
def test_place_size_and_tilt_of_the_camera_do_not_matter(shift: float, size: float, tilt: float) -> None:
    film = made([0] * 30)
    noise = 0.005 * np.random.default_rng(1).standard_normal(film.points.shape)
    film = replace(film, points=film.points + noise)
    turn = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    moved = film.points.copy()
    moved[..., :2] = moved[..., :2] @ turn * size + shift
    same = motion_channels(replace(film, points=moved), EYES)
    np.testing.assert_allclose(same, motion_channels(film, EYES), atol=5e-3)


def test_a_still_face_is_zero_everywhere() -> None:
    channels = motion_channels(made([0] * 10), EYES)
    assert channels.shape == (10, 100, 8)
    assert channels.dtype == np.float32
    np.testing.assert_allclose(channels, 0, atol=1e-6)


def test_a_nod_shows_in_the_frame_of_the_recording_alone() -> None:
    film = made([0] * 40)
    nod = film.points.copy()
    nod[10:14, :, 1] += 0.2
    channels = motion_channels(replace(film, points=nod), EYES)
    np.testing.assert_allclose(channels[..., :2], 0, atol=1e-6)
    np.testing.assert_allclose(channels[11, :, 3], 0.2, atol=1e-6)
    assert channels[9:11, 0, 7].min() > 0.1
    np.testing.assert_allclose(channels[..., 4:6], 0, atol=1e-6)


def test_a_raised_brow_shows_where_it_is() -> None:
    film = made([0] * 40)
    raised = film.points.copy()
    raised[20:30, 16:36, 1] -= 0.1
    channels = motion_channels(replace(film, points=raised), EYES)
    np.testing.assert_allclose(channels[25, 16:36, 1], -0.1, atol=1e-6)
    np.testing.assert_allclose(channels[25, 36:, :4], 0, atol=1e-6)


def test_velocity_is_per_three_tenths_of_a_second_and_stops_at_gaps() -> None:
    times = np.r_[np.arange(20) / 20, 5 + np.arange(20) / 20]
    film = made([0] * 40, times.tolist())
    moving = film.points.copy()
    moving[:, :, 0] += np.r_[0.02 * np.arange(20), 0.5 + 0.02 * np.arange(20)][:, None]
    velocity = motion_channels(replace(film, points=moving), EYES)[:, 0, 6]
    np.testing.assert_allclose(velocity[5:15], 0.02 * 20 * 0.3, atol=1e-5)
    assert np.abs(velocity).max() < 0.13


def test_frames_without_a_face_stay_missing() -> None:
    film = made([0] * 20)
    holes = film.points.copy()
    holes[7] = np.nan
    channels = motion_channels(replace(film, points=holes), EYES)
    assert np.isnan(channels[7]).all()
    assert np.isfinite(channels[[0, 1, 2, 3, 12, 19]]).all()


def test_a_lost_track_does_not_shout_and_input_is_not_changed(film: Make) -> None:
    one = film("p", "brow_raise", n_episodes=1)
    wild = one.points.copy()
    wild[3, :, :2] *= 50
    kept = wild.copy()
    channels = motion_channels(replace(one, points=wild), EYES)
    assert np.abs(channels).max() <= 1.0
    np.testing.assert_array_equal(wild, kept)


def test_eyes_in_one_place_are_refused() -> None:
    with pytest.raises(UsageError, match="no size"):
        motion_channels(replace(made([0] * 3), points=np.zeros((3, 100, 3))), EYES)
