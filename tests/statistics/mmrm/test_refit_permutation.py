"""Permutation tests by refitting: exact against enumeration, brute-force refits, size, and bad questions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from small_data import small_trial

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.mmrm.refit import PercentChange, Standardized, as_target
from emostats.statistics.mmrm.refit.permutation import chosen
from emostats.statistics.mmrm.refit.variants import refitter_of_versions, relabelled, signed


def pairs(n: int, *, shift: float = 0.6, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    before = rng.normal(5, 1, n)
    after = before + shift + rng.normal(0, 1, n)
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(n), 2),
            "VISIT": pd.Categorical(np.tile(["A", "B"], n)),
            "Y": np.column_stack([before, after]).ravel(),
        }
    )


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_sign_flips_of_pairs_are_the_sign_flip_test_of_differences(alternative):
    """All 2⁹ flips by hand: the t statistic of the differences."""
    data = pairs(9)
    fit = em.mmrm("Y ~ VISIT + us(VISIT | ID)", data)
    change = fit.emmeans("VISIT").contrasts("revpairwise")
    found = fit.permutation_test(change, n_resamples=600, alternative=alternative, seed=1)
    wide = data.pivot(index="ID", columns="VISIT", values="Y")
    d = (wide["B"] - wide["A"]).to_numpy()

    def t(x: np.ndarray) -> float:
        return float(x.mean() / (x.std(ddof=1) / np.sqrt(len(x))))

    all_t = np.array([t(d * np.array(signs)) for signs in product([1, -1], repeat=9)])
    sign = {"two-sided": np.abs, "greater": lambda x: x, "less": lambda x: -x}[alternative]
    expected = (sign(all_t) >= sign(t(d)) - 1e-8).mean()
    assert found.exact and found.n_permutations == 512
    assert found.statistic[0] == pytest.approx(t(d), abs=1e-7)
    np.testing.assert_allclose(np.sort(found.distribution[:, 0]), np.sort(all_t), atol=1e-6)
    assert found.p_value[0] == pytest.approx(expected, abs=1e-12)


def test_random_flips_approach_all_flips():
    fit = em.mmrm("Y ~ VISIT + us(VISIT | ID)", pairs(10))
    change = fit.emmeans("VISIT").contrasts("revpairwise")
    exact = fit.permutation_test(change, n_resamples=1024, seed=1).p_value[0]
    random = fit.permutation_test(change, n_resamples=1000, seed=1)
    assert not random.exact
    assert random.p_value[0] == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 1000) + 2e-3)


@pytest.fixture(scope="module")
def trial():
    data = small_trial(60)
    return data, em.mmrm("Y ~ VISIT * ARM + AGE + us(VISIT | ID)", data)


def test_flipped_data_sets_are_refitted(trial):
    """One assignment of signs, with incomplete subjects: em.mmrm on the flipped outcomes."""
    data, fit = trial
    target = as_target(fit.emmeans("ARM | VISIT").contrasts("pairwise"), len(fit.beta))
    L = target.L[2]
    evaluator = refitter_of_versions(fit, signed(fit, L, 0.0), as_target({"c": L}, len(fit.beta)))
    signs = np.random.default_rng(0).integers(0, 2, fit.n_subjects)
    found = evaluator.of_counts(chosen(signs[None], evaluator))
    V = np.asarray(fit.beta_vcov)
    restricted = fit.beta.to_numpy() - V @ L * (L @ fit.beta) / (L @ V @ L)
    assert L @ restricted == pytest.approx(0, abs=1e-10)
    used = data.dropna(subset=["Y"]).copy()
    mean = fit.frame.X @ restricted
    flip = np.where(signs[fit.frame.subject] == 1, -1, 1)
    used["Y"] = mean + flip * (used["Y"].to_numpy() - mean)
    again = em.mmrm("Y ~ VISIT * ARM + AGE + us(VISIT | ID)", used)
    assert found.values[0, 0] == pytest.approx(L @ again.beta, abs=1e-7)
    assert found.std_errors[0, 0] == pytest.approx(np.sqrt(L @ again.beta_vcov.to_numpy() @ L), rel=1e-6)


@pytest.mark.parametrize("term", ["us(VISIT | ID)", "csh(VISIT | ARM / ID)"])
def test_relabelled_data_sets_are_refitted(trial, term):
    data, _ = trial
    formula = f"Y ~ VISIT * ARM + AGE + {term}"
    fit = em.mmrm(formula, data)
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    versions, own = relabelled(fit, "ARM")
    evaluator = refitter_of_versions(fit, versions, as_target(contrast, len(fit.beta)))
    labels = np.random.default_rng(2).permutation(own)
    found = evaluator.of_counts(chosen(np.stack([own, labels]), evaluator)).values
    np.testing.assert_allclose(found[0], contrast.L @ fit.beta, atol=1e-8)
    arm = dict(zip(fit.frame.subjects, np.array(["A", "B"])[labels], strict=True))
    moved = data.assign(ARM=pd.Categorical(data["ID"].map(arm), categories=["A", "B"]))
    np.testing.assert_allclose(found[1], contrast.L @ em.mmrm(formula, moved).beta, atol=1e-7)


def test_labels_stay_within_strata_and_units(trial):
    data, _ = trial
    number = data["ID"].str[1:].astype(int)
    data = data.assign(PAIR=(number // 2).astype(str))  # one of each arm in a pair: nothing can be exchanged
    fit = em.mmrm("Y ~ VISIT * ARM + us(VISIT | ID)", data)
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    free = fit.permutation_test(contrast, by="ARM", n_resamples=99, seed=4)
    within = fit.permutation_test(contrast, by="ARM", strata="PAIR", n_resamples=99, seed=4)
    assert (free.p_value >= 1 / 100).all() and (free.n_failed == 0).all()
    assert np.abs(within.distribution - free.distribution).max() > 0.1
    with pytest.raises(UsageError, match="varies within a unit"):
        fit.permutation_test(contrast, by="ARM", unit="PAIR", n_resamples=99, seed=4)
    alone = data.assign(OWN=data["ID"].astype(str))
    fixed = em.mmrm("Y ~ VISIT * ARM + us(VISIT | ID)", alone).permutation_test(
        contrast, by="ARM", strata="OWN", n_resamples=20, seed=4
    )
    np.testing.assert_allclose(fixed.distribution, np.tile(fixed.statistic, (20, 1)), rtol=1e-6)
    assert (fixed.p_value == 1).all()


def test_permutations_are_reproducible_and_parallel(trial):
    fit = trial[1]
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    one = fit.permutation_test(contrast, by="ARM", n_resamples=200, seed=9)
    two = fit.permutation_test(contrast, by="ARM", n_resamples=200, seed=9, n_jobs=2)
    np.testing.assert_allclose(one.distribution, two.distribution, rtol=1e-9)
    percent = PercentChange(("p",), contrast.L[:1], fit.emmeans("VISIT").L[:1])
    assert fit.permutation_test(percent, by="ARM", n_resamples=20, seed=1).p_value.shape == (1,)
    table = one.table()
    assert table["p_value"].between(1 / 201, 1).all() and len(table) == 4


def test_size_under_the_hypothesis_and_power_beyond():
    """20 null trials: no more rejections than a 5 % test makes 999 times in 1000; a large effect shows."""
    p = []
    for seed in range(20):
        fit = em.mmrm("Y ~ VISIT + us(VISIT | ID)", pairs(14, shift=0.0, seed=seed))
        change = fit.emmeans("VISIT").contrasts("revpairwise")
        p.append(fit.permutation_test(change, n_resamples=199, seed=1).p_value[0])
    assert sum(value <= 0.05 for value in p) <= 5
    fit = em.mmrm("Y ~ VISIT + us(VISIT | ID)", pairs(14, shift=3.0))
    assert fit.permutation_test(change.L, n_resamples=199, seed=1).p_value[0] == 1 / 200


def test_questions_that_cannot_be_answered(trial):
    fit = trial[1]
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    for options, text in (
        ({"by": "ARMS"}, "ARM"),
        ({"by": "VISIT"}, "varies in"),
        ({"alternative": "both"}, "two-sided"),
        ({"n_resamples": 0}, "at least 2"),
    ):
        with pytest.raises(UsageError, match=text):
            fit.permutation_test(contrast, **{"n_resamples": 20, "seed": 1, **options})
    d = Standardized(("d",), contrast.L[:1], visit=0)
    with pytest.raises(UsageError, match="linear"):
        fit.permutation_test(d, n_resamples=20, seed=1)
    with pytest.raises(UsageError, match="standard error"):
        fit.permutation_test(d, by="ARM", n_resamples=20, seed=1)
    with pytest.raises(UsageError, match="nothing to test"):
        fit.permutation_test({"z": np.zeros(len(fit.beta))}, n_resamples=20, seed=1)
