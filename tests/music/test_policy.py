"""Waypoints, candidates, and probabilities that are what they claim to be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from emostats.errors import UsageError
from emostats.music import iso
from emostats.music.belief import Belief, Prior, new_child
from emostats.music.policy import METHODS, PolicySettings, Situation, choose, expected_progress, votes
from emostats.music.response import N_AXES, TERMS, USUAL_ENGAGEMENT, engaged, features
from emostats.music.safety import History, Limits, prepare
from emostats.music.state import State
from emostats.music.tracks import Library

D = len(TERMS)


def situation(
    library: Library, *, state: tuple = (0.0, 0.0, 0.65), sd: float = 0.05, **changes: Any
) -> Situation:
    limits = Limits(**changes.pop("limits", {}))
    known = State(100.0, np.array(state), np.full(3, sd**2), np.array(50), np.full(3, 99.0))
    history = changes.pop("history", None) or History.of(library)
    target = np.array(changes.pop("target", (0.0, 0.6)))
    return Situation(library, prepare(library, limits), limits, history, known, target)


def sure(**coefficients: float) -> Belief:
    """A belief without doubt, zero but for the named terms (both axes)."""
    mean = np.zeros((N_AXES, D))
    for name, value in coefficients.items():
        mean[:2, TERMS.index(name)] = value
    mean[2, 0] = USUAL_ENGAGEMENT
    return Belief(mean, np.tile(1e-10 * np.eye(D), (N_AXES, 1, 1)))


def test_waypoint_is_on_the_way_and_never_beyond_the_target() -> None:
    np.testing.assert_allclose(iso.waypoint(np.zeros(2), np.array([0.3, 0.4]), 0.25), [0.15, 0.2])
    np.testing.assert_allclose(iso.waypoint(np.zeros(2), np.array([0.3, 0.4]), 9.0), [0.3, 0.4])
    np.testing.assert_allclose(iso.waypoint(np.zeros(2), np.zeros(2), 0.4), [0.0, 0.0])


def test_steps_are_bounded_and_shrink_with_doubt() -> None:
    sizes = [
        iso.step_size(np.array([sd, sd]), step=0.5, matching=False) for sd in (0.0, 0.15, 0.3, 0.45, 2.0)
    ]
    assert sizes[0] == 0.5 and sizes[-1] == 0.0 and sizes[-2] == pytest.approx(0.0)
    assert sizes == sorted(sizes, reverse=True)
    assert iso.step_size(np.zeros(2), step=0.5, matching=True) == 0.0


def test_features_by_hand() -> None:
    psi = features(
        np.array([[0.5, 0.1]]), np.array([[1.0, -1.0, 0.5, 2.0]]), np.array([1.0]), np.array([0.1, 0.4])
    )
    gap, far = 0.4, 0.4**2 + 0.3**2
    np.testing.assert_allclose(psi[0, 0], [1, 0.1, gap, gap * far, 1, -1, 0.5, 2, gap])
    np.testing.assert_allclose(psi[1, 0, [1, 2, 8]], [0.4, -0.3, -0.3])
    np.testing.assert_allclose(psi[2, 0], [1, 0, 0, 0, 1, -1, 0.5, 2, np.log(2)])
    full = engaged(psi, np.array([0.85]))
    np.testing.assert_allclose(full[:2, 0, 8], [0.4 * 0.2, -0.3 * 0.2])
    assert full[2, 0, 8] == psi[2, 0, 8] and psi[0, 0, 8] == gap


def test_expected_progress_by_hand(five: Library) -> None:
    # pull 0.5: from (0, 0), arousal 0.6 moves by (0, 0.3); the target at 0.6 comes nearer by 0.3
    now = situation(five)
    psi = engaged(features(five.affect, five.traits, np.zeros(5), np.zeros(3)), np.full(5, USUAL_ENGAGEMENT))
    progress, sd = expected_progress(psi, sure(pull=0.5), np.zeros(3), now.target)
    np.testing.assert_allclose(progress, 0.5 * five.arousal, atol=1e-12)
    assert (sd < 1e-4).all()


def test_linucb_variance_by_hand(five: Library) -> None:
    covariance = np.tile(1e-12 * np.eye(D), (N_AXES, 1, 1))
    covariance[1, 2, 2] = 0.04
    psi = engaged(features(five.affect, five.traits, np.zeros(5), np.zeros(3)), np.full(5, USUAL_ENGAGEMENT))
    _, sd = expected_progress(psi, Belief(np.zeros((3, D)), covariance), np.zeros(3), np.array([0.0, 0.6]))
    np.testing.assert_allclose(sd, 0.2 * np.abs(five.arousal), atol=1e-5)


def test_votes_are_the_probability_of_being_best() -> None:
    # Two pieces whose displacement towards the target is N(0.1, s²) and N(0, s²), independent through the
    # intercept of traits: P(first is nearer) = Φ(0.1 / (s √2)) while both stay short of the target.
    psi = np.zeros((N_AXES, 2, D))
    psi[0, 0, 4], psi[0, 1, 5] = 1.0, 1.0
    mean = np.zeros((N_AXES, D))
    mean[0, 4] = 0.1
    covariance = np.tile(1e-12 * np.eye(D), (N_AXES, 1, 1))
    covariance[0, 4, 4] = covariance[0, 5, 5] = 0.01
    settings = PolicySettings(draws=40_000, spread=1.0)
    shares = votes(
        psi, Belief(mean, covariance), np.zeros(3), np.array([1.9, 0.0]), settings, np.random.default_rng(0)
    )
    from scipy.special import ndtr

    assert shares[0] == pytest.approx(ndtr(0.1 / (0.1 * np.sqrt(2.0))), abs=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_logged_propensities_are_the_frequencies_of_the_draw(five: Library, method: str) -> None:
    now = situation(five, limits={"max_step": 2.0})
    settings = PolicySettings(method=method, floor=0.2, draws=20, radius=2.0)
    belief = new_child(Prior())
    rng = np.random.default_rng(7)
    weights = []
    for _ in range(1500):
        choice = choose(now, belief, settings, rng)
        assert choice.probabilities.sum() == pytest.approx(1.0)
        assert choice.propensity == choice.probabilities[list(choice.candidates).index(choice.row)]
        weights.append(np.where(choice.candidates == choice.row, 1.0 / choice.propensity, 0.0))
    # E[1{a} / μ(a)] = 1 for every candidate that has a chance
    means = np.mean(weights, axis=0)
    possible = np.ones(len(means), bool) if method != "iso" else choice.probabilities > 0
    np.testing.assert_allclose(means[possible], 1.0, atol=0.25)


def test_floor_gives_every_candidate_a_chance(five: Library) -> None:
    now = situation(five, limits={"max_step": 2.0})
    choice = choose(now, sure(pull=0.4), PolicySettings(floor=0.1, radius=2.0), np.random.default_rng(0))
    assert choice.probabilities.min() == pytest.approx(0.1 / 5)
    assert choice.probabilities[np.argmax(choice.progress)] == pytest.approx(0.9 + 0.1 / 5)


def test_iso_matches_first_and_then_steps(five: Library) -> None:
    settings = PolicySettings(method="iso", step=0.3)
    now = situation(five, state=(0.0, -0.3, 0.6), sd=0.001)
    rng = np.random.default_rng(0)
    assert choose(now, new_child(Prior()), settings, rng).row == 1  # arousal −0.3
    now.history.note(1, -23.0, 50.0)
    assert choose(now, new_child(Prior()), settings, rng).row == 2  # arousal 0.0: a step of 0.3 on


def test_a_contrary_child_is_led_the_other_way(five: Library) -> None:
    """A belief that exciting music calms this child picks calm music to excite it."""
    now = situation(five, limits={"max_step": 2.0})
    settings = PolicySettings(floor=0.0, radius=2.0, match_radius=2.0)
    assert choose(now, sure(pull=0.4), settings, np.random.default_rng(0)).row == 4
    assert choose(now, sure(pull=-0.4), settings, np.random.default_rng(0)).row == 0


def test_nothing_allowed_is_a_pause(five: Library) -> None:
    now = situation(five, limits={"min_tempo": 150.0})
    choice = choose(now, new_child(Prior()), PolicySettings(), np.random.default_rng(0))
    assert choice.row == -1 and choice.propensity == 1.0 and choice.n_allowed == 0
    assert choice.barred["tempo"] == 5


def test_candidates_are_few_and_the_best_by_optimistic_score(make_library: Any) -> None:
    rng = np.random.default_rng(2)
    library = make_library(
        track=tuple(f"t{i}" for i in range(400)),
        title=("",) * 400,
        arousal=rng.uniform(-0.5, 0.5, 400),
        valence=rng.uniform(-0.5, 0.5, 400),
    )
    now = situation(library)
    settings = PolicySettings(most=10)
    choice = choose(now, new_child(Prior()), settings, rng)
    everything = choose(now, new_child(Prior()), replace(settings, most=400), rng)
    assert len(choice.candidates) == 10
    assert set(choice.candidates) < set(everything.candidates)
    assert choice.progress.min() > np.median(everything.progress)


@pytest.mark.parametrize("bad", [{"method": "tompson"}, {"floor": 1.5}, {"draws": 0}, {"step": 0.0}])
def test_settings_that_make_no_sense_are_refused(bad: dict) -> None:
    with pytest.raises(UsageError):
        PolicySettings(**bad)


@pytest.mark.parametrize("method", METHODS)
def test_propensities_are_the_frequencies_of_the_whole_policy_under_rules_and_ties(
    make_library: Any, method: str
) -> None:
    """Eight tracks, two of them twins, some barred by a veto, a tag, a jump of tempo and the step: the mean
    of the logged probabilities is how often each track is played, and a barred one never is."""
    tags = (frozenset(), frozenset({"voice"}), *(frozenset(),) * 6)
    library = make_library(
        track=tuple("abcdefgh"), title=("",) * 8, contraindications=tags,
        arousal=np.array([0.0, 0.1, 0.2, 0.2, 0.3, -0.2, 0.1, 0.9]), valence=np.zeros(8),
        tempo=np.array([100.0, 100, 100, 100, 110, 100, 150, 100]), energy=np.full(8, 0.5),
        loudness=np.full(8, -20.0),
    )  # fmt: skip
    history = History.of(library)
    history.note(5, -23.0, 99.0)
    history.vetoed[4] = True
    history.plays[:4] = [3, 1, 3, 3]
    now = situation(library, limits={"avoid": frozenset({"voice"})}, history=history)
    settings = PolicySettings(method=method, floor=0.3, draws=10, spread=1.0, enough=2)
    rng, n = np.random.default_rng(11), 1500
    heard, logged = np.zeros(8), np.zeros(8)
    for _ in range(n):
        choice = choose(now, new_child(Prior()), settings, rng, history.plays)
        heard[choice.row] += 1
        logged[choice.candidates] += choice.probabilities
    assert heard[[1, 4, 5, 6, 7]].sum() == 0  # tag, veto, rest, tempo, step
    error = 4 * np.sqrt(logged / n * (1 - np.minimum(logged / n, 1)) / n) + 1e-12
    assert (np.abs(heard - logged) / n <= error).all()
    if method in ("random", "popularity"):
        np.testing.assert_allclose(logged[[0, 2, 3]] / n, 1 / 3)  # the popular ones are the same three
