"""LS means pooled over imputed data sets: Rubin's rules written out, and limits where they are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from small_data import small_trial

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.mmrm import pool_emmeans

MODEL = "Y ~ ARM * VISIT + us(VISIT | ID)"


def completed(M: int, spread: float = 1.0) -> list[pd.DataFrame]:
    """The same trial with its gaps filled M times by draws around the visit's mean."""
    data, rng = small_trial(30, seed=12), np.random.default_rng(5)
    means = data.groupby("VISIT", observed=True)["Y"].transform("mean")
    return [data.assign(Y=data["Y"].fillna(means + spread * rng.normal(size=len(data)))) for _ in range(M)]


def test_rubins_rules_row_by_row() -> None:
    M = 5
    sets = [em.mmrm(MODEL, data).emmeans("ARM | VISIT").contrasts("revpairwise") for data in completed(M)]
    pooled = pool_emmeans(sets)
    tables = [one.table() for one in sets]
    assert pooled.columns.tolist()[: len(tables[0].columns)] == tables[0].columns.tolist()
    for row in range(len(pooled)):
        q = np.array([table["estimate"][row] for table in tables])
        u = np.array([table["std_error"][row] for table in tables]) ** 2
        v = np.mean([table["df"][row] for table in tables])
        W, B = u.mean(), q.var(ddof=1)
        T = W + (1 + 1 / M) * B
        share = (1 + 1 / M) * B / T
        old, observed = (M - 1) / share**2, (v + 1) / (v + 3) * v * (1 - share)
        df = old * observed / (old + observed)
        ours = pooled.loc[row]
        assert ours["estimate"] == pytest.approx(q.mean()) and ours["std_error"] == pytest.approx(np.sqrt(T))
        assert ours["df"] == pytest.approx(df)
        assert ours["p_value"] == pytest.approx(2 * t.sf(abs(q.mean()) / np.sqrt(T), df))
        assert ours["conf_high"] == pytest.approx(q.mean() + t.ppf(0.975, df) * np.sqrt(T))
    assert (pooled["n_imputations"] == M).all() and pooled["fraction_missing"].between(0, 1).all()


def test_equal_imputations_are_one_fit_but_for_barnard_and_rubins_df() -> None:
    means = em.mmrm(MODEL, small_trial(30, seed=12)).emmeans("VISIT")
    pooled, table = pool_emmeans([means, means, means]), means.table()
    np.testing.assert_allclose(pooled["estimate"], table["estimate"])
    np.testing.assert_allclose(pooled["std_error"], table["std_error"])
    np.testing.assert_allclose(pooled["df"], (table["df"] + 1) / (table["df"] + 3) * table["df"])
    assert (pooled["fraction_missing"] == 0).all()


def test_the_more_the_imputations_differ_the_more_information_is_missing() -> None:
    small, large = (
        pool_emmeans([em.mmrm(MODEL, data).emmeans("VISIT") for data in completed(6, spread)])
        for spread in (0.1, 4.0)
    )
    assert (large["fraction_missing"] > small["fraction_missing"])[1:].all()


@pytest.mark.parametrize("adjust", ["bonferroni", "tukey", "mvt"])
def test_adjustments_are_made_on_the_pooled_contrasts(adjust: str) -> None:
    fits = [em.mmrm(MODEL, data) for data in completed(4)]
    plain, adjusted = (
        pool_emmeans([fit.emmeans("VISIT | ARM").contrasts("pairwise", adjust=kind) for fit in fits])
        for kind in ("none", adjust)
    )
    np.testing.assert_allclose(adjusted["std_error"], plain["std_error"])
    assert (adjusted["p_value"] >= plain["p_value"]).all() and (
        adjusted["conf_high"] > plain["conf_high"]
    ).all()
    if adjust == "bonferroni":
        np.testing.assert_allclose(adjusted["p_value"], np.minimum(6 * plain["p_value"], 1.0))


def test_average_effects_pool_with_their_sampling_variance() -> None:
    effects = [
        em.mmrm("Y ~ ARM * VISIT * AGE + cs(VISIT | ID)", data).average_effect(
            "ARM", by="VISIT", covariates="sampled"
        )
        for data in completed(3)
    ]
    pooled = pool_emmeans(effects)
    within = np.mean([one.table()["std_error"] ** 2 for one in effects], axis=0)
    between = np.var([one.table()["estimate"] for one in effects], axis=0, ddof=1)
    np.testing.assert_allclose(pooled["std_error"] ** 2, within + (1 + 1 / 3) * between)


def test_offsets_stand_in_the_pooled_means() -> None:
    data = small_trial(30, seed=12)
    fit = em.mmrm("Y ~ VISIT + offset(AGE) + cs(VISIT | ID)", data)
    means = fit.emmeans("VISIT")
    np.testing.assert_allclose(pool_emmeans([means, means])["estimate"], means.table()["estimate"])
    np.testing.assert_allclose(pool_emmeans([means, means])["statistic"], means.table()["statistic"])


def test_rows_that_one_imputation_cannot_estimate_are_missing() -> None:
    first, second = completed(2)
    lacking = second[~((second["ARM"] == "B") & (second["VISIT"] == "V4"))]
    with pytest.warns(UserWarning, match="Not estimable"):
        sets = [em.mmrm(MODEL, data).emmeans("ARM | VISIT") for data in (first, lacking)]
    pooled = pool_emmeans(sets)
    assert pooled["estimate"].isna().sum() == 1 and pooled["std_error"].isna().sum() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda fit: [fit.emmeans("VISIT")], "two or more"),
        (lambda fit: [fit.emmeans("VISIT"), fit.emmeans("ARM")], "other rows"),
        (
            lambda fit: [fit.emmeans("ARM").contrasts(), fit.emmeans("ARM").contrasts(adjust="tukey")],
            "another adjustment",
        ),
    ],
)
def test_what_cannot_be_pooled_is_refused(change: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        pool_emmeans(change(em.mmrm(MODEL, small_trial())))
