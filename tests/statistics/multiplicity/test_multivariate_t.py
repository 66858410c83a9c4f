"""Multivariate t: against exact references, SciPy, simulation, and itself by two methods."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emostats.errors import UsageError
from emostats.statistics.multiplicity import (
    max_abs_t_quantile,
    max_abs_t_upper,
    max_t_quantile,
    max_t_upper,
    mvt_adjust,
    studentized_range_quantile,
    studentized_range_tail,
)
from emostats.statistics.multiplicity.chi_scale import scale_nodes
from emostats.statistics.multiplicity.directions import cell_angles, distinct, factor
from emostats.statistics.multiplicity.lattice import GENERATORS, lattice_points, on_sphere
from emostats.statistics.multiplicity.product_correlation import product_loadings, product_tail

REFERENCE = json.loads((Path(__file__).parents[2] / "reference/effects/multiplicity.json").read_text())


def pairwise(k):
    """Correlations of all pairwise differences of k independent means."""
    L = np.zeros((k * (k - 1) // 2, k))
    for row, (i, j) in enumerate(combinations(range(k), 2)):
        L[row, i], L[row, j] = 1, -1
    return L @ L.T / 2


def products(loadings):
    matrix = np.outer(loadings, loadings)
    np.fill_diagonal(matrix, 1)
    return matrix


@pytest.mark.parametrize("case", REFERENCE["oneway"] + REFERENCE["ancova"], ids=lambda case: case["id"])
def test_dunnett_reference(case):
    expected, df = case["dunnett"], case["df"]
    correlation = np.array(expected["correlation"])
    assert mvt_adjust(expected["t"], correlation, df) == pytest.approx(expected["p_exact"], abs=1e-10)
    assert max_abs_t_quantile(0.95, correlation, df) == pytest.approx(expected["critical_value_95"], abs=1e-8)
    if "p_exact_one_sided_greater" in expected:
        greater = mvt_adjust(expected["t"], correlation, df, alternative="greater")
        assert greater == pytest.approx(expected["p_exact_one_sided_greater"], abs=1e-10)


@pytest.mark.parametrize("case", REFERENCE["oneway"], ids=lambda case: case["id"])
def test_tukey_reference(case):
    groups = len(case["dunnett"]["t"]) + 1
    q = np.sqrt(2) * np.abs(case["tukey"]["t"])
    found = [studentized_range_tail(value, groups, case["df"]) for value in q]
    assert found == pytest.approx(case["tukey"]["p_exact_tukey_kramer"], abs=1e-8)


def test_ancova_tukey_reference():
    case = REFERENCE["ancova"][0]
    q = np.sqrt(2) * np.abs(case["tukey"]["t"])
    found = [studentized_range_tail(value, 3, case["df"]) for value in q]
    assert found == pytest.approx(case["tukey"]["p_tukey"], abs=1e-8)


@pytest.mark.parametrize(("k", "tolerance"), [(3, 1e-12), (4, 1e-9), (5, 1e-8)])
def test_pairwise_comparisons_are_the_studentized_range(k, tolerance):
    """All pairs of k independent means: the general method must give Tukey's distribution."""
    t = np.array([1.0, 2.0, 3.0])
    m = k * (k - 1) // 2
    statistic = np.resize(t, m)
    found = mvt_adjust(statistic, pairwise(k), 20.0)
    expected = [studentized_range_tail(np.sqrt(2) * value, k, 20.0) for value in statistic]
    assert found == pytest.approx(expected, abs=tolerance)
    critical = max_abs_t_quantile(0.95, pairwise(k), 20.0)
    assert critical == pytest.approx(
        studentized_range_quantile(0.95, k, 20.0) / np.sqrt(2), abs=50 * tolerance
    )


def test_fifteen_comparisons_of_six_means_reach_the_promised_accuracy():
    q = np.array([2.5, 3.0, 3.5])
    found = mvt_adjust(np.resize(q, 15), pairwise(6), 30.0)[:3]
    expected = [studentized_range_tail(np.sqrt(2) * value, 6, 30.0) for value in q]
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("df", [1.0, 2.5, 12.0, 400.0, np.inf])
@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize(("m", "tolerance"), [(2, 1e-12), (3, 2e-8), (4, 2e-7)])
def test_both_methods_agree_where_both_apply(m, tolerance, two_sided, df):
    """Product correlations by quadrature over two variables, and by the general method."""
    loadings = np.array([0.8, -0.4, 0.6, 0.3])[:m]
    matrix = products(loadings)
    general = cell_angles(factor(matrix), two_sided=two_sided, tolerance=1e-6)
    for threshold in (0.5, 1.5, 3.0) if two_sided else (-1.0, 0.5, 2.5):
        exact = product_tail(threshold, loadings, df, two_sided=two_sided)
        assert general.tail(threshold, df) == pytest.approx(exact, abs=tolerance), threshold


def test_one_and_independent_components_are_known():
    assert max_abs_t_upper(2.1, [[1.0]], 17) == pytest.approx(2 * stats.t.sf(2.1, 17), abs=1e-14)
    inside = stats.norm.cdf(2.0) - stats.norm.cdf(-2.0)
    assert max_abs_t_upper(2.0, np.eye(4), np.inf) == pytest.approx(1 - inside**4, abs=1e-13)
    assert max_t_upper(1.0, np.eye(3), np.inf) == pytest.approx(1 - stats.norm.cdf(1.0) ** 3, abs=1e-13)


def test_bivariate_normal_is_that_of_scipy():
    matrix = np.array([[1.0, -0.35], [-0.35, 1.0]])
    expected = 1 - stats.multivariate_normal(cov=matrix).cdf([1.2, 1.2])
    assert max_t_upper(1.2, matrix, np.inf) == pytest.approx(expected, abs=1e-8)


def test_a_general_matrix_agrees_with_simulation():
    rng = np.random.default_rng(3)
    A = rng.normal(size=(7, 5))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    matrix, df = A @ A.T, 9.0
    draws = rng.normal(size=(400_000, 5)) @ A.T / np.sqrt(rng.chisquare(df, size=(400_000, 1)) / df)
    highest = np.abs(draws).max(axis=1)
    for threshold in (1.5, 2.5, 3.5):
        share = (highest >= threshold).mean()
        found = max_abs_t_upper(threshold, matrix, df)
        assert found == pytest.approx(share, abs=4 * np.sqrt(share / 400_000))


def test_equal_and_opposite_components_count_once():
    rng = np.random.default_rng(4)
    A = rng.normal(size=(4, 3))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    doubled = np.vstack([A, A[1], -A[2]])
    expected = max_abs_t_upper(2.2, A @ A.T, 15)
    assert max_abs_t_upper(2.2, doubled @ doubled.T, 15) == pytest.approx(expected, abs=1e-9)
    assert len(distinct(doubled, two_sided=True)) == 4
    assert len(distinct(doubled, two_sided=False)) == 5


def test_perfect_correlation_is_one_test():
    ones = np.ones((3, 3))
    assert max_abs_t_upper(2.0, ones, 10) == pytest.approx(2 * stats.t.sf(2.0, 10), abs=1e-12)
    assert max_t_upper(2.0, ones, 10) == pytest.approx(stats.t.sf(2.0, 10), abs=1e-12)


def test_the_same_digits_every_time():
    from emostats.statistics.multiplicity import directions

    first = mvt_adjust(np.linspace(1, 3, 10), pairwise(5), 12)
    directions.cached_cell_angles.cache_clear()
    assert (mvt_adjust(np.linspace(1, 3, 10), pairwise(5), 12) == first).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(2, 4), st.integers(0, 10**6), st.floats(2, 60))
def test_properties(m, seed, df):
    """Between the single test and Bonferroni; alternatives mirror; permuting permutes; quantile inverts."""
    A = np.random.default_rng(seed).normal(size=(m, min(m, 3)))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    matrix = A @ A.T
    t = np.random.default_rng(seed + 1).normal(size=m) * 2
    p = mvt_adjust(t, matrix, df)
    single = 2 * stats.t.sf(np.abs(t), df)
    assert (p >= single - 1e-7).all()
    assert (p <= np.minimum(1, m * single) + 1e-7).all()
    up, down = (
        mvt_adjust(t, matrix, df, alternative="greater"),
        mvt_adjust(-t, matrix, df, alternative="less"),
    )
    np.testing.assert_allclose(up, down, atol=1e-12)
    order = np.random.default_rng(seed + 2).permutation(m)
    np.testing.assert_allclose(mvt_adjust(t[order], matrix[np.ix_(order, order)], df), p[order], atol=1e-7)
    c = max_abs_t_quantile(0.9, matrix, df)
    assert max_abs_t_upper(c, matrix, df) == pytest.approx(0.1, abs=1e-8)
    one = max_t_quantile(0.9, matrix, df)
    assert max_t_upper(one, matrix, df) == pytest.approx(0.1, abs=1e-8)
    assert one < c


def test_missing_statistics_are_left_out():
    matrix = products(np.array([0.7, 0.7, 0.7]))
    found = mvt_adjust([2.0, np.nan, 1.0], matrix, 20)
    assert np.isnan(found[1])
    np.testing.assert_allclose(found[[0, 2]], mvt_adjust([2.0, 1.0], matrix[:2, :2], 20))


def test_scale_nodes_average_the_chi_distribution():
    for df in (0.7, 3.0, 50.0, 1e4):
        s, weight = scale_nodes(df)
        assert weight.sum() == pytest.approx(1)
        assert weight @ s**2 == pytest.approx(1, rel=1e-10)
        assert weight @ s == pytest.approx(stats.chi.mean(df) / np.sqrt(df), rel=1e-10)


def test_loadings_are_found_and_refused():
    loadings = np.array([0.9, -0.2, 0.5, 0.1])
    found = product_loadings(products(loadings))
    np.testing.assert_allclose(np.outer(found, found), np.outer(loadings, loadings), atol=1e-12)
    assert product_loadings(pairwise(4)) is None
    assert product_loadings(np.eye(3)).tolist() == [0, 0, 0]
    pair = np.eye(3)
    pair[0, 2] = pair[2, 0] = -0.5
    one, other = product_loadings(pair)[[0, 2]]
    assert one * other == pytest.approx(-0.5)
    negative = np.array([[1, -0.4, -0.4], [-0.4, 1, -0.4], [-0.4, -0.4, 1]])
    assert product_loadings(negative) is None


@pytest.mark.parametrize("dimension", [2, 3, 4, 5, 6])
def test_lattice_points_are_spread_evenly_over_the_sphere(dimension):
    size = min(GENERATORS)
    points = on_sphere(lattice_points(size, dimension - 1, 0, size), dimension)
    np.testing.assert_allclose((points**2).sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=2e-3)
    np.testing.assert_allclose(points.T @ points / size, np.eye(dimension) / dimension, atol=2e-3)
    fourth = 3 / (dimension * (dimension + 2))
    np.testing.assert_allclose((points**4).mean(axis=0), fourth, atol=2e-3)


@pytest.mark.parametrize(
    ("correlation", "df", "options", "message"),
    [
        (np.eye(3), 10, {}, "must be 2 × 2"),
        (np.array([[1, 0.2], [0.3, 1]]), 10, {}, "symmetric"),
        (np.array([[2.0, 0], [0, 1]]), 10, {}, "ones on the diagonal"),
        (np.array([[1, np.nan], [np.nan, 1]]), 10, {}, "missing entries"),
        (np.array([[1, 1.2], [1.2, 1]]), 10, {}, "negative eigenvalue"),
        (np.eye(2), 0, {}, "df must be positive"),
        (np.eye(2), 10, {"alternative": "bigger"}, "alternative='bigger' is unknown"),
    ],
)
def test_bad_input(correlation, df, options, message):
    with pytest.raises(UsageError, match=message):
        mvt_adjust([1.0, 2.0], correlation, df, **options)


def test_bad_level():
    with pytest.raises(UsageError, match="conf_level must lie between"):
        max_abs_t_quantile(95, np.eye(2), 10)
