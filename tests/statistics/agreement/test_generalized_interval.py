"""The quadrature behind the generalized interval of ICC(A,1)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from emostats.statistics.agreement.anova import MeanSquares
from emostats.statistics.agreement.chi import chi_rule, noncentral_t_quantile
from emostats.statistics.agreement.crossed import crossed_sums
from emostats.statistics.agreement.generalized import ErrorFreeICC, GeneralizedICC, generalized_icc
from emostats.statistics.agreement.pivots import BalancedRatio, incomplete_pivots

DESIGNS = {  # n, k, σ²_target, σ²_rater, σ²_error
    "three raters differ": (182, 3, 4.0, 1.0, 1.0),
    "three raters alike": (182, 3, 4.0, 0.1, 1.0),
    "two raters": (30, 2, 4.0, 1.0, 1.0),
    "many targets": (5000, 10, 64.0, 0.6, 36.0),
    "many targets, raters differ": (5000, 10, 4.0, 1.0, 1.0),
    "many raters": (6, 50, 4.0, 1.0, 1.0),
    "weak targets": (50, 4, 0.2, 0.1, 1.0),
}


def typical(n, k, target, rater, error):
    """Mean squares at their expectations."""
    df_e = (n - 1) * (k - 1)
    return MeanSquares(n, k, 0.0, (n - 1) * (error + k * target), (k - 1) * (error + n * rater), df_e * error)


def monte_carlo(ms, size=200_000, seed=3):
    rng = np.random.default_rng(seed)
    error = ms.ss_e / rng.chisquare(ms.df_e, size)
    rater = np.maximum(ms.ss_c / rng.chisquare(ms.df_c, size) - error, 0.0) / ms.n
    target = np.maximum(ms.ss_r / rng.chisquare(ms.df_r, size) - error, 0.0) / ms.k
    return target / (target + rater + error)


@pytest.mark.parametrize("name", DESIGNS)
def test_quantiles_are_those_of_a_simulation(name):
    ms = typical(*DESIGNS[name])
    draws = monte_carlo(ms)
    distribution = generalized_icc(ms)
    for p in (0.005, 0.025, 0.05, 0.5, 0.95, 0.975, 0.995):
        below = float((draws <= distribution.quantile(p)).mean())
        assert below == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / draws.size) + 2e-4)


@pytest.mark.parametrize("name", ["three raters alike", "two raters", "weak targets"])
def test_the_chosen_order_of_integration_is_the_accurate_one(name):
    """Against adaptive quadrature of the same integral, written apart."""
    ms = typical(*DESIGNS[name])
    distribution = generalized_icc(ms)
    rho = distribution.quantile(0.025)
    assert distribution.probability_at_most(rho) == pytest.approx(adaptive(ms, rho), abs=2e-4)


def adaptive(ms, rho):
    """E over the error and the rater χ² of P(target χ² ≥ threshold), by nested adaptive integration."""
    odds = rho / (1 - rho)

    def given(u_e, u_r):
        error = ms.ss_e / u_e
        rater = max(ms.ss_c / u_r - error, 0.0) / ms.n
        return stats.chi2.sf(ms.ss_r / (error + ms.k * odds * (rater + error)), ms.df_r)

    def over_raters(u_e):
        points = np.linspace(0, 1, 9)[1:-1]
        value = integrate.quad(
            lambda p: given(u_e, stats.chi2.ppf(p, ms.df_c)), 0, 1, limit=200, points=points
        )
        return value[0]

    z, weight = np.polynomial.hermite_e.hermegauss(11)
    spread = np.sqrt(2 * ms.df_e)
    wide = ms.df_e > 300
    if wide:
        u = ms.df_e + spread * z
        density = stats.chi2.pdf(u, ms.df_e) * spread / stats.norm.pdf(z)
        return float(np.sum(weight / np.sqrt(2 * np.pi) * density * [over_raters(x) for x in u]))
    nodes, w = np.polynomial.legendre.leggauss(16)
    p = (nodes + 1) / 2
    return float(np.sum(w / 2 * [over_raters(x) for x in stats.chi2.ppf(p, ms.df_e)]))


def test_probability_grows_from_its_mass_at_zero_to_one():
    distribution = generalized_icc(typical(*DESIGNS["weak targets"]))
    grid = np.linspace(0.0, 0.999, 60)
    values = [distribution.probability_at_most(r) for r in grid]
    assert (np.diff(values) > -1e-6).all()
    assert values[0] > 0.0
    assert values[-1] == pytest.approx(1.0, abs=1e-9)


def test_without_target_variance_everything_is_at_zero():
    ms = MeanSquares(8, 3, 0.0, 0.0, 4.0, 100.0)
    assert generalized_icc(ms).interval(0.95) == (0.0, 0.0)


def test_pivots_of_a_complete_table_in_the_general_form():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(20, 1)) * 2 + rng.normal(size=4) + rng.normal(size=(20, 4))
    from emostats.statistics.agreement.anova import mean_squares

    ms, pivots = mean_squares(values), incomplete_pivots(crossed_sums(values))
    g = np.array([0.0, 0.01, 0.3, 2.0, 50.0, 1e4])
    for tabulated, balanced in (
        (pivots.twoway.tabulated(), BalancedRatio(ms.ss_r, ms.df_r, ms.k)),
        (pivots.raters(), BalancedRatio(ms.ss_c, ms.df_c, ms.n)),
    ):
        np.testing.assert_allclose(tabulated.q(g), balanced.q(g), rtol=1e-7)
        np.testing.assert_allclose(tabulated.inverse(balanced.q(g)), g, rtol=1e-6, atol=1e-9)
        assert float(tabulated.inverse(np.array(2 * balanced.q0))) == 0.0


def test_tabulated_pivots_of_a_table_with_gaps_are_the_least_squares_ones():
    """Q(g) by generalized least squares with the full covariance, for targets and for raters."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(12, 1)) * 2 + rng.normal(size=4) + rng.normal(size=(12, 4))
    values[rng.random((12, 4)) < 0.3] = np.nan
    values[0] = 1.0, 2.0, 0.5, 1.5
    target, rater = np.nonzero(~np.isnan(values))
    y, Z_s, Z_r = values[target, rater], np.eye(12)[target], np.eye(4)[rater]

    def gls(X, Z, g):
        V = np.linalg.inv(np.eye(len(y)) + g * Z @ Z.T)
        beta = np.linalg.pinv(X.T @ V @ X) @ X.T @ V @ y
        return float((y - X @ beta) @ V @ (y - X @ beta))

    pivots = incomplete_pivots(crossed_sums(values))
    error = gls(np.column_stack([Z_s, Z_r]), Z_s, 0.0)
    assert pivots.twoway.ss_error == pytest.approx(error, rel=1e-10)
    for g in (0.0, 0.2, 3.0, 100.0):
        at = np.array([g])
        assert float(pivots.twoway.tabulated().q(at)[0]) == pytest.approx(gls(Z_r, Z_s, g) - error, rel=1e-6)
        assert float(pivots.raters().q(at)[0]) == pytest.approx(gls(Z_s, Z_r, g) - error, rel=1e-6)
        assert pivots.oneway.f(g) == pytest.approx(
            (gls(np.ones((len(y), 1)), Z_s, g) - gls(Z_s, Z_s, 0)) / 11 / (gls(Z_s, Z_s, 0) / (len(y) - 12)),
            rel=1e-8,
        )


def test_error_free_distribution():
    distribution = ErrorFreeICC(ratio=2.0, df_targets=9, df_raters=3)
    low, high = distribution.interval(0.9)
    assert distribution.probability_at_most(low) == pytest.approx(0.05)
    assert distribution.probability_at_most(high) == pytest.approx(0.95)
    assert ErrorFreeICC(float("inf"), 9, 3).interval(0.95) == (1.0, 1.0)


@pytest.mark.parametrize("df", [1, 2, 7, 181, 40_000])
def test_the_chi_rule_has_the_moments_of_chi(df):
    z, weight = chi_rule(df)
    assert weight @ z**2 == pytest.approx(df, rel=1e-9)
    assert weight @ z == pytest.approx(stats.chi.mean(df), rel=1e-9)


@pytest.mark.parametrize(
    ("df", "nc", "p"), [(16, 8.1, 0.025), (2, 3.4, 0.975), (200, 27.0, 0.5), (5, -4.0, 0.1)]
)
def test_noncentral_t_quantiles(df, nc, p):
    assert noncentral_t_quantile(p, df, nc) == pytest.approx(stats.nct.ppf(p, df, nc), rel=1e-9)


def test_generalized_needs_the_gap_pivots_only_once(monkeypatch):
    """A result asked twice integrates once."""
    import emostats as em

    calls = []
    original = GeneralizedICC.interval
    monkeypatch.setattr(
        GeneralizedICC, "interval", lambda self, level: calls.append(level) or original(self, level)
    )
    values = np.random.default_rng(0).normal(size=(9, 3)) + np.arange(9)[:, None]
    result = em.icc(values)
    result.table(), result.table()
    assert calls == [0.95]
