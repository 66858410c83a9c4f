"""Posteriors against hand computation and against the joint normal distribution of everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emostats.music.belief import Evidence, Prior, contribution, new_child, updated
from emostats.music.response import N_AXES, TERMS

D = len(TERMS)


def _flat(value: float) -> tuple:
    return tuple((value,) * D for _ in range(N_AXES))


PRIOR = replace(Prior(), mean=_flat(0.0), population_sd=_flat(1.0), child_sd=_flat(2.0))


def _only_first(value: float) -> np.ndarray:
    psi = np.zeros((N_AXES, D))
    psi[:, 0] = value
    return psi


def test_one_child_one_piece_by_hand() -> None:
    # θ ~ N(0, 1 + 4); it measures 2 with variance 5: precision 1/5 + 1/5, mean 2 · (1/5) / (2/5)
    evidence = Evidence().with_piece(_only_first(1.0), np.full(3, 2.0), np.full(3, 5.0))
    belief = updated(new_child(PRIOR), evidence)
    assert belief.mean[0, 0] == pytest.approx(1.0)
    assert belief.covariance[0, 0, 0] == pytest.approx(2.5)
    assert belief.mean[0, 1] == 0.0 and belief.covariance[0, 1, 1] == pytest.approx(5.0)


def test_partial_pooling_by_hand() -> None:
    # Another child measured 3 with variance 1: about μ this says 3 with variance 1 + 4 = 5, so precision 1/5
    # beside the prior's 1: E μ = (3/5) / (6/5) = 0.5, Var μ = 5/6. A new child: N(0.5, 5/6 + 4).
    other = Evidence().with_piece(_only_first(1.0), np.full(3, 3.0), np.full(3, 1.0))
    belief = new_child(PRIOR, [other])
    assert belief.mean[1, 0] == pytest.approx(0.5)
    assert belief.covariance[1, 0, 0] == pytest.approx(5 / 6 + 4)
    precision, information = contribution(PRIOR, other)
    assert precision[0, 0, 0] == pytest.approx(1 / 5)
    assert information[0, 0] == pytest.approx(3 / 5)


def _joint(prior: Prior, data: list[list[tuple[np.ndarray, np.ndarray, np.ndarray]]], axis: int) -> tuple:
    """θ of the last child from the joint normal distribution of all θ and all measurements."""
    s0, t = np.diag(np.square(prior.population_sd[axis])), np.diag(np.square(prior.child_sd[axis]))
    n = len(data)
    between = np.kron(np.ones((n, n)), s0) + np.kron(np.eye(n), t)
    rows, values, noise = [], [], []
    for child, pieces in enumerate(data):
        for psi, moved, variance in pieces:
            row = np.zeros(n * D)
            row[child * D : (child + 1) * D] = psi[axis]
            rows.append(row)
            values.append(moved[axis])
            noise.append(variance[axis])
    H = np.array(rows).reshape(-1, n * D)
    mean = np.tile(prior.mean[axis], n)
    gain = between @ H.T @ np.linalg.inv(H @ between @ H.T + np.diag(noise))
    posterior = mean + gain @ (np.array(values) - H @ mean)
    covariance = between - gain @ H @ between
    return posterior[-D:], covariance[-D:, -D:]


def test_pooling_equals_the_joint_posterior_of_all_children() -> None:
    rng = np.random.default_rng(5)
    prior = Prior()
    data = [
        [
            (rng.normal(size=(N_AXES, D)), rng.normal(size=3), rng.uniform(0.02, 0.1, 3))
            for _ in range(int(rng.integers(0, 6)) + (child == 3))
        ]
        for child in range(4)
    ]
    evidence = []
    for pieces in data:
        sums = Evidence()
        for piece in pieces:
            sums = sums.with_piece(*piece)
        evidence.append(sums)
    belief = updated(new_child(prior, evidence[:-1]), evidence[-1])
    for axis in range(N_AXES):
        mean, covariance = _joint(prior, data, axis)
        np.testing.assert_allclose(belief.mean[axis], mean, atol=1e-9)
        np.testing.assert_allclose(belief.covariance[axis], covariance, atol=1e-9)


def test_order_and_batches_of_pieces_do_not_matter() -> None:
    rng = np.random.default_rng(1)
    pieces = [(rng.normal(size=(N_AXES, D)), rng.normal(size=3), np.full(3, 0.05)) for _ in range(5)]
    start, sums = new_child(Prior()), Evidence()
    for piece in reversed(pieces):
        sums = sums.with_piece(*piece)
    stepwise = start
    for piece in pieces:
        stepwise = updated(stepwise, Evidence().with_piece(*piece))
    np.testing.assert_allclose(stepwise.mean, updated(start, sums).mean, atol=1e-10)


def test_cold_start_is_the_prior_and_its_arrays_are_read_only() -> None:
    belief = new_child(Prior())
    np.testing.assert_allclose(belief.mean, Prior().mean)
    assert updated(belief, Evidence()) is belief
    with pytest.raises(ValueError, match="read-only"):
        belief.mean[0, 0] = 1.0
