"""Strategies by closed forms: bivariate normal algebra, and definitions written out visit by visit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.missing import Ancova, impute
from emostats.statistics.missing.strategies import (
    STRATEGIES,
    merged_covariance,
    profile_covariance,
    profile_mean,
    strategy_name,
)

OWN, REF = np.array([1.0, 2.0, 4.0, 7.0]), np.array([0.5, 0.7, 1.1, 1.2])


@pytest.mark.parametrize(
    ("strategy", "event", "expected"),
    [
        ("MAR", 2, [1.0, 2.0, 4.0, 7.0]),
        ("J2R", 2, [1.0, 2.0, 1.1, 1.2]),
        ("CR", 2, [0.5, 0.7, 1.1, 1.2]),
        ("CIR", 2, [1.0, 2.0, 2.0 + 0.4, 2.0 + 0.5]),
        ("LMCF", 2, [1.0, 2.0, 2.0, 2.0]),
        ("J2R", 0, [0.5, 0.7, 1.1, 1.2]),
        ("CIR", 0, [0.5, 0.7, 1.1, 1.2]),
        ("J2R", 4, [1.0, 2.0, 4.0, 7.0]),
        ("CR", 4, [1.0, 2.0, 4.0, 7.0]),
        ("LMCF", 4, [1.0, 2.0, 4.0, 7.0]),
        ("CIR", 3, [1.0, 2.0, 4.0, 4.1]),
    ],
)
def test_means_by_definition(strategy, event, expected):
    np.testing.assert_allclose(profile_mean(strategy, OWN, REF, event), expected, rtol=1e-14)


def test_last_mean_needs_a_visit_before():
    with pytest.raises(UsageError, match="LMCF"):
        profile_mean("LMCF", OWN, REF, 0)


def test_merged_covariance_of_two_visits():
    own, ref = np.array([[4.0, 1.0], [1.0, 9.0]]), np.array([[2.0, 0.8], [0.8, 3.0]])
    slope = 0.8 / 2.0
    expected = [[4.0, 4.0 * slope], [4.0 * slope, 3.0 - slope**2 * (2.0 - 4.0)]]
    np.testing.assert_allclose(merged_covariance(own, ref, 1), expected, rtol=1e-14)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_merged_covariance_keeps_both_arms_promises(seed, event):
    rng = np.random.default_rng(seed)
    own, ref = (np.cov(rng.normal(size=(4, 12)) * rng.uniform(0.5, 3, (4, 1))) for _ in range(2))
    merged = merged_covariance(own, ref, event)
    assert np.linalg.eigvalsh(merged)[0] > 0
    np.testing.assert_allclose(merged, merged.T, atol=1e-12)
    np.testing.assert_allclose(merged[:event, :event], own[:event, :event])

    def regression(S):
        return np.linalg.solve(S[:event, :event], S[:event, event:])

    np.testing.assert_allclose(regression(merged), regression(ref), atol=1e-9)
    left = [S[event:, event:] - S[event:, :event] @ regression(S) for S in (merged, ref)]
    np.testing.assert_allclose(left[0], left[1], atol=1e-9)
    np.testing.assert_allclose(merged_covariance(ref, ref, event), ref, atol=1e-9)
    for name in ("CR", "LMCF", "MAR"):
        chosen = profile_covariance(name, own, ref, event)
        np.testing.assert_allclose(chosen, ref if name == "CR" else own)


def test_names():
    assert [strategy_name(text) for text in ("jr", "J2R", "mar", "Cir")] == ["J2R", "J2R", "MAR", "CIR"]
    with pytest.raises(UsageError, match="Did you mean"):
        strategy_name("J2Rx")


@pytest.fixture(scope="module")
def two_visits() -> pd.DataFrame:
    """Two arms, two visits; a third of the second outcomes are missing."""
    rng = np.random.default_rng(5)
    n = 60
    arm = np.arange(n) % 2
    first = rng.normal(10 + arm, 2)
    second = 0.6 * first + 5 + 2.5 * arm + rng.normal(0, 1 + arm, n)
    second[rng.uniform(size=n) < 0.33] = np.nan
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(n), 2),
            "ARM": pd.Categorical(np.repeat(np.where(arm == 0, "PBO", "TRT"), 2)),
            "VISIT": pd.Categorical(np.tile(["V1", "V2"], n)),
            "Y": np.column_stack([first, second]).ravel(),
        }
    )


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_bivariate_normal_algebra(two_visits, strategy, grouped):
    term = "us(VISIT | ARM / ID)" if grouped else "us(VISIT | ID)"
    fit = em.mmrm(f"Y ~ ARM * VISIT + {term}", two_visits)
    found = impute(fit, arm="ARM", strategy={"TRT": strategy}, reference="PBO").table()
    means = fit.emmeans("ARM | VISIT").table().set_index(["ARM", "VISIT"])["estimate"]
    Sigma = fit.covariance if grouped else dict.fromkeys(("PBO", "TRT"), fit.covariance)
    mu = {arm: means[arm].to_numpy() for arm in ("PBO", "TRT")}
    slope = {arm: Sigma[arm].iloc[0, 1] / Sigma[arm].iloc[0, 0] for arm in Sigma}
    first = two_visits[two_visits["VISIT"] == "V1"].set_index("ID")["Y"]
    # (mean of V1, mean of V2, slope) after the strategy, for the arm under treatment
    expected = {
        "MAR": (mu["TRT"][0], mu["TRT"][1], slope["TRT"]),
        "J2R": (mu["TRT"][0], mu["PBO"][1], slope["PBO"]),
        "CR": (mu["PBO"][0], mu["PBO"][1], slope["PBO"]),
        "CIR": (mu["TRT"][0], mu["TRT"][0] + mu["PBO"][1] - mu["PBO"][0], slope["PBO"]),
        "LMCF": (mu["TRT"][0], mu["TRT"][0], slope["TRT"]),
    }
    own = (mu["PBO"][0], mu["PBO"][1], slope["PBO"])
    assert set(found["ARM"]) == {"PBO", "TRT"}
    for row in found.itertuples():
        m1, m2, b = expected[strategy] if row.ARM == "TRT" else own
        assert pytest.approx(m2 + b * (first[row.ID] - m1), abs=1e-9) == row.IMPUTED_MEAN
        assert (strategy if row.ARM == "TRT" else "MAR") == row.STRATEGY


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_draws_have_the_conditional_mean_and_variance(two_visits, strategy):
    """Draws around the fit itself: many of them, each cell against the normal of two visits."""
    from emostats.statistics.missing.conditional import impute_cells
    from emostats.statistics.missing.parameters import Parameters, fitted

    fit = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ARM / ID)", two_visits)
    imputation = impute(fit, arm="ARM", strategy={"TRT": strategy}, reference="PBO")
    m = 4000
    same = fitted(imputation.layout.fit)
    many = Parameters(np.repeat(same.beta, m, axis=0), np.repeat(same.Sigma, m, axis=0))
    noise = np.random.default_rng(1).standard_normal((m, imputation.cells.n))
    values = impute_cells(imputation.layout, imputation.plan, many, imputation.cells, noise)
    left = {arm: S.iloc[1, 1] - S.iloc[0, 1] ** 2 / S.iloc[0, 0] for arm, S in fit.covariance.items()}
    table = imputation.table()
    of = [
        "TRT" if s in ("MAR", "LMCF") and a == "TRT" else "PBO"
        for s, a in zip(table["STRATEGY"], table["ARM"], strict=True)
    ]
    sd = np.sqrt([left[arm] for arm in of])
    assert (np.abs(values.mean(axis=0) - table["IMPUTED_MEAN"]) < 5 * sd / np.sqrt(m)).all()
    np.testing.assert_allclose(values.std(axis=0), sd, rtol=5 / np.sqrt(2 * m))


def test_under_mar_the_completed_means_are_those_of_the_mixed_model(trial_fit, condmean):
    """Conditional-mean imputation from a model saturated in arm × visit × baseline leaves its LS means."""
    found = condmean["MAR"].analyse(Ancova(["BASVAL"], reference="DRUG"))
    means = trial_fit.emmeans("THERAPY | VISIT", at={"BASVAL": _patients_mean(trial_fit)}).table()
    ours = found.table()
    ours = ours[ours["kind"] == "ls_mean"]
    both = ours.merge(means, left_on=["level", "VISIT"], right_on=["THERAPY", "VISIT"])
    assert len(both) == 8
    np.testing.assert_allclose(both["estimate_x"], both["estimate_y"], atol=1e-9)


def _patients_mean(fit) -> float:
    return float(fit.data.drop_duplicates("PATIENT")["BASVAL"].mean())


def test_intermittent_gaps_are_imputed_under_mar(condmean):
    both = [condmean[name].table().set_index("PATIENT") for name in ("MAR", "J2R")]
    assert both[1].loc["3618", "STRATEGY"] == "MAR"
    assert both[0].loc["3618", "IMPUTED_MEAN"] == pytest.approx(both[1].loc["3618", "IMPUTED_MEAN"])
    np.testing.assert_allclose(
        both[0][both[0]["THERAPY"] == "PLACEBO"]["IMPUTED_MEAN"],
        both[1][both[1]["THERAPY"] == "PLACEBO"]["IMPUTED_MEAN"],
        atol=1e-10,
    )


def test_outcomes_after_an_event_do_not_inform_the_model(two_visits):
    """They stay in the data and condition later gaps, and the model is that of the data without them."""
    complete = two_visits.dropna(subset=["Y"])
    ids = complete[(complete["ARM"] == "TRT") & (complete["VISIT"] == "V2")]["ID"].head(4).tolist()
    fit = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", two_visits)
    events = dict.fromkeys(ids, "V2")
    imputation = impute(fit, arm="ARM", strategy="J2R", reference="PBO", intercurrent=events)
    without = complete[~(complete["ID"].isin(ids) & (complete["VISIT"] == "V2"))]
    again = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", without)
    np.testing.assert_allclose(imputation.layout.fit.beta, again.beta, atol=1e-9)
    assert abs(fit.beta.iloc[-1] - again.beta.iloc[-1]) > 1e-3
    data = imputation.data().set_index(["ID", "VISIT"])
    kept = complete.set_index(["ID", "VISIT"])["Y"]
    np.testing.assert_allclose(data.loc[kept.index, "Y"], kept)
    assert not data.loc[kept.index, "IMPUTED"].any()
    under_mar = impute(fit, arm="ARM", intercurrent=events)
    assert under_mar.layout.fit is fit
