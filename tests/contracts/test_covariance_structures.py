"""What every covariance structure of the MMRM engine promises. A new one is tested by being registered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from slow_reference import ENTRIES, natural_theta

from emostats.statistics.mmrm.covariance import STRUCTURES, Structure

TOKENS = list(STRUCTURES)
LATTICE = [token for token in TOKENS if not STRUCTURES[token].spatial]
SPATIAL = [token for token in TOKENS if STRUCTURES[token].spatial]
SIZES = (1, 2, 3, 5)
HETEROGENEOUS = ("us", "csh", "ar1h", "toeph", "adh", "indh")

every = pytest.mark.parametrize("token", TOKENS)
lattice = pytest.mark.parametrize("token", LATTICE)
sizes = pytest.mark.parametrize("T", SIZES)


def random_covariance(T: int, rng: np.random.Generator) -> np.ndarray:
    A = rng.normal(size=(T, T + 2))
    sd = rng.uniform(0.5, 3.0, T)
    S = A @ A.T
    root = np.sqrt(np.diag(S))
    return sd[:, None] * (S / np.outer(root, root)) * sd[None, :]


def positions(structure: Structure, T: int, rng: np.random.Generator) -> Any:
    """T for visits; for spatial structures distances between T random places in the plane."""
    if not structure.spatial:
        return T
    places = rng.uniform(0, 3, (T, 2))
    return np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=-1))


def random_theta(structure: Structure, where: Any, T: int, rng: np.random.Generator) -> np.ndarray:
    """A θ with a positive definite Σ, by drawing R's unconstrained parameters until there is one."""
    for _ in range(200):
        theta = structure.r_theta(rng.normal(0, 0.5, structure.n_theta(T)), T)
        if np.linalg.eigvalsh(structure.sigma(theta, where))[0] > 1e-2:
            return theta
    raise AssertionError(f"no positive definite Σ found for {structure.token}")


def drawn(token: str, T: int, seed: int = 0) -> tuple[Structure, Any, np.ndarray]:
    rng = np.random.default_rng([seed, T, *token.encode()])
    structure = STRUCTURES[token]
    where = positions(structure, T, rng)
    return structure, where, random_theta(structure, where, T, rng)


# -- shape and names ------------------------------------------------------------


def test_the_promised_structures_are_registered() -> None:
    promised = {
        "us",
        "toep",
        "toeph",
        "ar1",
        "ar1h",
        "ad",
        "adh",
        "cs",
        "csh",
        "sp_exp",
        "sp_gau",
        "ind",
        "indh",
    }
    assert promised <= set(TOKENS)


@every
def test_a_structure_answers_to_its_token_and_the_protocol(token: str) -> None:
    assert isinstance(STRUCTURES[token], Structure)
    assert STRUCTURES[token].token == token


@sizes
@every
def test_counts_agree(token: str, T: int) -> None:
    structure, where, theta = drawn(token, T)
    h, visits = structure.n_theta(T), [f"week {t}" for t in range(T)]
    names = structure.names(visits)
    assert len(names) == len(set(names)) == h
    assert len(structure.scale_powers(T)) == len(theta) == h
    assert structure.sigma(theta, where).shape == (T, T)
    assert structure.gradient(theta, where).shape == (h, T, T)
    assert structure.hessian(theta, where).shape == (h, h, T, T)


@pytest.mark.parametrize("token", HETEROGENEOUS)
def test_heterogeneous_structures_name_their_visits(token: str) -> None:
    names = STRUCTURES[token].names(["baseline", "week 4"])
    assert all(any(visit in name for name in names) for visit in ("baseline", "week 4"))


@pytest.mark.parametrize(
    ("token", "count"),
    [
        ("us", 10), ("toep", 4), ("toeph", 7), ("ar1", 2), ("ar1h", 5), ("ad", 4), ("adh", 7), ("cs", 2),
        ("csh", 5), ("ind", 1), ("indh", 4), ("sp_exp", 2), ("sp_gau", 2),
    ],
)  # fmt: skip
def test_parameters_at_four_visits(token: str, count: int) -> None:
    assert STRUCTURES[token].n_theta(4) == count


# -- Σ and its derivatives ------------------------------------------------------------


@sizes
@every
def test_sigma_is_the_formula_of_the_slow_reference(token: str, T: int) -> None:
    rng = np.random.default_rng(T)
    structure = STRUCTURES[token]
    places: list[Any] = list(rng.uniform(0, 3, (T, 2))) if structure.spatial else list(range(T))
    where: Any = T
    if structure.spatial:
        where = np.array([[np.linalg.norm(a - b) for b in places] for a in places])
    theta = random_theta(structure, where, T, rng)
    reference = theta
    if T == 1 and token in ("cs", "ar1"):  # one visit has no covariance, but the slow formulas name it
        reference = np.array([0.0, theta[0]] if token == "cs" else [theta[0], 0.0])
    expected = [[ENTRIES[token](reference, a, b, T) for b in places] for a in places]
    np.testing.assert_allclose(structure.sigma(theta, where), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("seed", range(3))
@sizes
@every
def test_sigma_is_symmetric_and_positive_definite(token: str, T: int, seed: int) -> None:
    structure, where, theta = drawn(token, T, seed)
    Sigma = structure.sigma(theta, where)
    assert np.array_equal(Sigma, Sigma.T)
    assert np.linalg.eigvalsh(Sigma)[0] > 0
    assert structure.feasible(theta)


def differences(function: Any, theta: np.ndarray) -> np.ndarray:
    """∂function/∂θ by fourth-order central differences, the parameter on the first axis."""
    out = []
    for h, value in enumerate(theta):
        step = 1e-3 * max(abs(value), 0.1) * np.eye(len(theta))[h]
        f = [function(theta + m * step) for m in (-2, -1, 1, 2)]
        out.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step[h]))
    return np.array(out)


@sizes
@every
def test_gradient(token: str, T: int) -> None:
    structure, where, theta = drawn(token, T)
    expected = differences(lambda t: structure.sigma(t, where), theta)
    np.testing.assert_allclose(structure.gradient(theta, where), expected, rtol=1e-7, atol=1e-8)


@sizes
@every
def test_hessian(token: str, T: int) -> None:
    structure, where, theta = drawn(token, T)
    expected = differences(lambda t: np.array(structure.gradient(t, where)), theta)
    hessian = structure.hessian(theta, where)
    np.testing.assert_allclose(hessian, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(hessian, hessian.swapaxes(0, 1), rtol=1e-13)


@pytest.mark.parametrize("token", ["ad", "adh", "ar1", "ar1h", "toep", "toeph", "csh"])
def test_derivatives_where_correlations_vanish(token: str) -> None:
    """ρ = 0 is an ordinary point, whatever a formula divides by."""
    structure = STRUCTURES[token]
    powers = structure.scale_powers(4)
    theta = np.where(powers > 0, 2.0, 0.0)
    if token == "toep":
        theta = np.array([2.0, 0, 0, 0])
    gradient, hessian = structure.gradient(theta, 4), structure.hessian(theta, 4)
    np.testing.assert_allclose(gradient, differences(lambda t: structure.sigma(t, 4), theta), atol=1e-9)
    expected = differences(lambda t: np.array(structure.gradient(t, 4)), theta)
    np.testing.assert_allclose(hessian, expected, atol=1e-8)


# -- scale, subsets, nesting ------------------------------------------------------------


@every
def test_scale_powers(token: str) -> None:
    structure, where, theta = drawn(token, 4)
    scaled = theta * 7.0 ** structure.scale_powers(4)
    np.testing.assert_allclose(structure.sigma(scaled, where), 7 * structure.sigma(theta, where), rtol=1e-13)


def leading(token: str, theta: np.ndarray, T: int, fewer: int) -> np.ndarray:
    """θ of the first visits only."""
    if token in ("cs", "ar1", "ind"):
        return theta
    if token == "us":
        return theta[: fewer * (fewer + 1) // 2]
    if token in ("toep", "ad"):
        return theta[:fewer]
    return np.concatenate([theta[:fewer], theta[T : T + STRUCTURES[token].n_theta(fewer) - fewer]])


@lattice
def test_fewer_visits_are_the_leading_rows_and_columns(token: str) -> None:
    structure, T, theta = drawn(token, 5)
    fewer = structure.sigma(leading(token, theta, 5, 3), 3)
    np.testing.assert_allclose(fewer, structure.sigma(theta, T)[:3, :3], rtol=1e-13)


@pytest.mark.parametrize("token", SPATIAL)
def test_fewer_places_are_their_rows_and_columns(token: str) -> None:
    structure, distances, theta = drawn(token, 5)
    keep = [0, 3, 4]
    subset = structure.sigma(theta, distances[np.ix_(keep, keep)])
    np.testing.assert_allclose(subset, structure.sigma(theta, distances)[np.ix_(keep, keep)], rtol=1e-14)


@pytest.mark.parametrize("token", SPATIAL)
def test_spatial_structures_take_stacks_of_distances(token: str) -> None:
    structure, distances, theta = drawn(token, 4)
    stack = np.stack([distances, 2 * distances])
    np.testing.assert_allclose(
        structure.sigma(theta, stack)[1], structure.sigma(theta, 2 * distances), rtol=1e-14
    )
    np.testing.assert_allclose(
        structure.gradient(theta, stack)[:, 1], structure.gradient(theta, 2 * distances), rtol=1e-14
    )


NESTED = [
    ("ind", "indh"), ("ind", "cs"), ("ind", "ar1"), ("indh", "csh"),
    ("indh", "ar1h"), ("cs", "csh"),
    ("cs", "toep"), ("csh", "toeph"), ("csh", "us"), ("ar1", "ar1h"), ("ar1", "toep"), ("ar1", "ad"),
    ("ar1h", "toeph"),
    ("ar1h", "adh"), ("toep", "toeph"), ("toeph", "us"), ("ad", "adh"), ("adh", "us"),
]  # fmt: skip


@pytest.mark.parametrize(("inner", "outer"), NESTED)
def test_nesting(inner: str, outer: str) -> None:
    structure, T, theta = drawn(inner, 4)
    Sigma = structure.sigma(theta, T)
    wider = natural_theta(outer, Sigma)
    np.testing.assert_allclose(STRUCTURES[outer].sigma(wider, T), Sigma, rtol=1e-12)
    assert STRUCTURES[outer].n_theta(T) > STRUCTURES[inner].n_theta(T)


def test_equally_spaced_sp_exp_is_ar1() -> None:
    rho, lags = 0.6, np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    spatial = STRUCTURES["sp_exp"].sigma(np.array([2.0, -1 / np.log(rho)]), lags)
    np.testing.assert_allclose(spatial, STRUCTURES["ar1"].sigma(np.array([2.0, rho]), 4), rtol=1e-13)


# -- starting values, feasibility, R's parameters ------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@sizes
@every
def test_starting_values_are_positive_definite(token: str, T: int, seed: int) -> None:
    rng = np.random.default_rng([seed, T])
    structure = STRUCTURES[token]
    where = positions(structure, T, rng)
    start = structure.start(random_covariance(T, rng))
    assert len(start) == structure.n_theta(T) and structure.feasible(start)
    assert np.linalg.eigvalsh(structure.sigma(start, where))[0] > 0


@pytest.mark.parametrize("correlation", [-0.33, 0.999])
@lattice
def test_starting_values_from_nearly_singular_moments(token: str, correlation: float) -> None:
    S = 4.0 * (correlation + (1 - correlation) * np.eye(4))
    structure = STRUCTURES[token]
    start = structure.start(S)
    assert np.all(np.isfinite(start)) and np.linalg.eigvalsh(structure.sigma(start, 4))[0] > 0


@lattice
def test_starting_values_reproduce_a_covariance_of_the_family(token: str) -> None:
    structure, where, theta = drawn(token, 4)
    mild = structure.start(structure.sigma(theta, where))
    again = structure.start(structure.sigma(mild, where))
    np.testing.assert_allclose(again, mild, rtol=1e-8, atol=1e-10)


@every
def test_infeasible_parameters_are_refused(token: str) -> None:
    structure, _, theta = drawn(token, 4)
    variance = len(theta) - 1 if token == "cs" else 0
    negative = theta.copy()
    negative[variance] = -1.0
    assert not structure.feasible(negative)


@pytest.mark.parametrize("token", ["ar1", "ar1h", "csh", "toeph", "ad", "adh"])
def test_correlations_beyond_one_are_refused(token: str) -> None:
    structure, _, theta = drawn(token, 4)
    theta = theta.copy()
    theta[-1] = 1.0
    assert not structure.feasible(theta)


@sizes
@every
def test_the_map_to_r_and_back(token: str, T: int) -> None:
    structure, _, theta = drawn(token, T)
    phi = structure.r_phi(theta, T)
    assert np.all(np.isfinite(phi))
    np.testing.assert_allclose(structure.r_theta(phi, T), theta, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("token", [t for t in LATTICE if f"{t}_r" in ENTRIES])
def test_the_map_to_r_is_that_of_the_slow_reference(token: str) -> None:
    structure, T, theta = drawn(token, 4)
    phi = structure.r_phi(theta, T)
    expected = [[ENTRIES[f"{token}_r"](phi, a, b, T) for b in range(T)] for a in range(T)]
    np.testing.assert_allclose(structure.sigma(theta, T), expected, rtol=1e-10)


@every
def test_arguments_are_left_alone_and_results_are_repeatable(token: str) -> None:
    structure, where, theta = drawn(token, 4)
    before = theta.copy()
    theta.flags.writeable = False
    first = [np.array(f(theta, where)) for f in (structure.sigma, structure.gradient, structure.hessian)]
    second = [np.array(f(theta, where)) for f in (structure.sigma, structure.gradient, structure.hessian)]
    assert np.array_equal(theta, before)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
