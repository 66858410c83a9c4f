"""Batched refits against em.mmrm on physically resampled data: bootstrap, jackknife, failures, workers."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_data import small_trial

import emostats as em
from emostats.errors import EmostatsWarning, UsageError
from emostats.statistics.mmrm.refit import Linear, PercentChange, Standardized, as_target, refitter
from emostats.statistics.mmrm.refit.source import units_of
from emostats.statistics.resampling.draws import as_seed_sequence, draw_block

FEV = Path(__file__).resolve().parents[2] / "reference" / "mmrm" / "fev_data.csv"

FORMULAS = (
    "Y ~ VISIT * ARM + AGE + us(VISIT | ID)",
    "Y ~ VISIT * ARM + AGE + us(VISIT | ARM / ID)",
    "Y ~ VISIT * ARM + AGE + toeph(VISIT | ID)",
    "Y ~ VISIT * ARM + AGE + csh(VISIT | ARM / ID)",
    "Y ~ VISIT * ARM + AGE + adh(VISIT | ID)",
    "Y ~ VISIT * ARM + AGE + sp_exp(DAY | ID)",
)


@pytest.fixture(scope="module")
def trial() -> pd.DataFrame:
    data = small_trial(90)
    number = data["ID"].str[1:].astype(int)
    return data.assign(FAMILY=(number // 3).astype(str), SITE=np.where(number % 5 < 2, "S1", "S2"))


def resampled(data: pd.DataFrame, subjects: pd.Index, counts: np.ndarray) -> pd.DataFrame:
    """The rows of every subject, as often as it is counted, each time as a subject of its own."""
    by_subject = dict(list(data.dropna(subset=["Y"]).groupby("ID")))
    parts = []
    for subject, count in zip(subjects, counts.astype(int), strict=True):
        for copy in range(count):
            parts.append(by_subject[subject].assign(ID=f"{subject}#{copy}"))
    return pd.concat(parts, ignore_index=True)


CASES = [(formula, {}) for formula in FORMULAS]
CASES += [(FORMULAS[0], {"reml": False}), (FORMULAS[0], {"weights": "W"}), (FORMULAS[5], {"weights": "W"})]


@pytest.mark.parametrize(("formula", "options"), CASES)
def test_replicates_are_refits_of_resampled_data(trial, formula, options):
    fit = em.mmrm(formula, trial, **options)
    means = fit.emmeans("ARM | VISIT")
    evaluator = refitter(fit, as_target(means, len(fit.beta)), studentize=True)
    rng = np.random.default_rng(11)
    counts = np.array(
        [
            np.bincount(rng.integers(0, fit.n_subjects, fit.n_subjects), minlength=fit.n_subjects)
            for _ in range(3)
        ],
        dtype=float,
    )
    found = evaluator.of_counts(counts)
    for b in range(len(counts)):
        again = em.mmrm(formula, resampled(trial, fit.frame.subjects, counts[b]), **options)
        np.testing.assert_allclose(found.values[b], means.L @ again.beta + means.shift, atol=1e-8)
        errors = np.sqrt(np.diag(means.L @ again.beta_vcov.to_numpy() @ means.L.T))
        np.testing.assert_allclose(found.std_errors[b], errors, rtol=1e-7)


def test_targets_of_resampled_data(trial):
    """Percent change and standardized change, by their definitions on each refit."""
    fit = em.mmrm("Y ~ VISIT + us(VISIT | ID)", trial)
    means = fit.emmeans("VISIT")
    change = means.L[3] - means.L[0]
    targets = [
        PercentChange(("percent",), change[None], means.L[:1]),
        Standardized(("d",), change[None], visit=0),
        {"change": change},
    ]
    evaluator = refitter(fit, as_target(targets, len(fit.beta)))
    counts = np.ones((1, fit.n_subjects))
    counts[0, :20], counts[0, 20:40] = 2.0, 0.0
    percent, d, plain = evaluator.of_counts(counts).values[0]
    again = em.mmrm("Y ~ VISIT + us(VISIT | ID)", resampled(trial, fit.frame.subjects, counts[0]))
    moved = float(change @ again.beta)
    assert plain == pytest.approx(moved, abs=1e-8)
    assert percent == pytest.approx(100 * moved / float(means.L[0] @ again.beta), abs=1e-6)
    assert d == pytest.approx(moved / np.sqrt(again.covariance.iloc[0, 0]), abs=1e-7)


def test_units_above_the_subject_and_strata(trial):
    """A drawn family brings its children, and each stratum keeps its number of families."""
    fit = em.mmrm(FORMULAS[0], trial)
    means = fit.emmeans("ARM | VISIT")
    families = trial.assign(SITE=np.where(trial["FAMILY"].astype(int) % 2 == 0, "S1", "S2"))
    fit = em.mmrm(FORMULAS[0], families)
    units = units_of(fit, "FAMILY", "SITE")
    evaluator = refitter(fit, as_target(means, len(fit.beta)), units.n_units, units.unit_of_row)
    assert units.n_units == 30 and units.stratum_sizes.tolist() == [15, 15]
    draw = next(iter(draw_block(units, as_seed_sequence(3), 0, 2, "multinomial")))
    found = evaluator.replicate(draw).values
    family = families.drop_duplicates("ID").set_index("ID")["FAMILY"]
    label = {}
    for i, subject in enumerate(fit.frame.subjects):
        label[int(units.unit_of_row[i])] = family[subject]
    for b in range(2):
        drawn = pd.Series([label[int(u)] for u in draw.units[b]]).value_counts()
        counts = np.array([drawn.get(family[s], 0) for s in fit.frame.subjects])
        site = families.drop_duplicates("ID").set_index("ID").loc[fit.frame.subjects, "SITE"].to_numpy()
        assert counts[site == "S1"].sum() == 45 == counts[site == "S2"].sum()
        again = em.mmrm(FORMULAS[0], resampled(families, fit.frame.subjects, counts))
        np.testing.assert_allclose(found[b], means.L @ again.beta + means.shift, atol=1e-8)


@pytest.mark.parametrize("formula", [FORMULAS[0], FORMULAS[3], FORMULAS[5]])
def test_jackknife_is_refitting_without_each(trial, formula):
    fit = em.mmrm(formula, trial)
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    found = fit.jackknife(contrast)
    name = found.names[-1]
    order = units_of(fit, None, None)
    for i in (0, 17, 53):
        left = trial[trial["ID"] != fit.frame.subjects[i]]
        again = em.mmrm(formula, left)
        expected = contrast.L[-1] @ again.beta
        assert found.values[name][order.unit_of_row[i]] == pytest.approx(expected, abs=1e-8)
    values = found.values[name]
    n = len(values)
    error = np.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum())
    assert found.std_error[name] == pytest.approx(error, rel=1e-10)
    assert found.bias[name] == pytest.approx(
        (n - 1) * (values.mean() - found.estimate[name]), rel=1e-6, abs=1e-9
    )
    model = contrast.table()["std_error"].iloc[-1]
    assert "us(" not in formula or found.std_error[name] == pytest.approx(model, rel=0.3)


def test_jackknife_of_families(trial):
    fit = em.mmrm(FORMULAS[0], trial)
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    found = fit.jackknife(contrast, unit="FAMILY")
    assert found.n_units == 30
    left = trial[trial["FAMILY"] != "0"]
    expected = contrast.L[0] @ em.mmrm(FORMULAS[0], left).beta
    assert found.values[found.names[0]][0] == pytest.approx(expected, abs=1e-8)


@pytest.fixture(scope="module")
def rare() -> tuple[pd.DataFrame, em.statistics.mmrm.MMRMFit]:
    """A factor with a level of two subjects: many resamples do not have it."""
    data = small_trial(50)
    data["SITE"] = pd.Categorical(np.where(data["ID"].isin(["S00", "S01"]), "rare", "common"))
    return data, em.mmrm("Y ~ VISIT * ARM + SITE + us(VISIT | ID)", data)


def test_a_replicate_that_loses_a_level_keeps_what_it_determines(rare):
    data, fit = rare
    difference = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    rare_effect = {"site": np.array([name.startswith("SITE") for name in fit.beta.index], dtype=float)}
    evaluator = refitter(fit, as_target([difference, rare_effect], len(fit.beta)))
    counts = np.ones((2, fit.n_subjects))
    counts[0, :2], counts[0, 2:4] = 0.0, 2.0
    found = evaluator.of_counts(counts)
    assert np.isnan(found.values[0, -1]) and np.isfinite(found.values[0, :-1]).all()
    assert np.isfinite(found.values[1]).all()
    assert dict(found.failures) == {"a factor level was not drawn, so the quantity is not estimable": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmostatsWarning)
        again = em.mmrm("Y ~ VISIT * ARM + us(VISIT | ID)", resampled(data, fit.frame.subjects, counts[0]))
    expected = again.emmeans("ARM | VISIT").contrasts("pairwise").table()["estimate"]
    np.testing.assert_allclose(found.values[0, :-1], expected, atol=1e-8)


def test_lost_replicates_are_counted_and_told(rare):
    _, fit = rare
    site = {"site": np.array([name.startswith("SITE") for name in fit.beta.index], dtype=float)}
    with pytest.warns(EmostatsWarning, match="not drawn"):
        found = fit.bootstrap(site, n_resamples=100, method="percentile", seed=1)
    assert 3 <= found.n_failed <= 35
    assert len(found.distribution) == 100 - found.n_failed


def test_replicates_without_a_pair_of_visits_are_not_estimates():
    """us needs someone seen at both visits; a resample without such a child has no refit."""
    data = small_trial(24, gaps=0.0)
    lone = data["ID"].isin([f"S{i:02d}" for i in range(4, 24)])
    data.loc[lone & (data["VISIT"] == "V4") & (data["ID"].str[1:].astype(int) % 2 == 0), "Y"] = np.nan
    data.loc[lone & (data["VISIT"] == "V1") & (data["ID"].str[1:].astype(int) % 2 == 1), "Y"] = np.nan
    fit = em.mmrm("Y ~ VISIT + us(VISIT | ID)", data)
    evaluator = refitter(fit, as_target(fit.emmeans("VISIT"), len(fit.beta)))
    counts = np.ones((1, fit.n_subjects))
    counts[0, :4] = 0.0
    found = evaluator.of_counts(counts)
    assert np.isnan(found.values).all()
    assert dict(found.failures) == {"the refit did not converge": 1}


def test_the_numbers_do_not_depend_on_who_computes_them(trial):
    fit = em.mmrm(FORMULAS[0], trial)
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    one = fit.bootstrap(contrast, n_resamples=300, seed=5)
    two = fit.bootstrap(contrast, n_resamples=300, seed=5, n_jobs=2)
    np.testing.assert_allclose(two.replicates, one.replicates, rtol=1e-9, atol=1e-12)
    assert two.conf_low == pytest.approx(one.conf_low, rel=1e-9)
    longer = fit.bootstrap(contrast, n_resamples=400, seed=5, method="percentile")
    np.testing.assert_allclose(longer.replicates[:300], one.replicates, rtol=1e-9, atol=1e-12)
    other = fit.bootstrap(contrast, n_resamples=300, seed=6, method="percentile")
    assert (other.replicates != one.replicates).any()


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_the_same_numbers(trial):
    distributed = pytest.importorskip("distributed")
    import joblib

    fit = em.mmrm(FORMULAS[0], trial)
    contrast = fit.emmeans("ARM | VISIT").contrasts("pairwise")
    one = fit.bootstrap(contrast, n_resamples=256, seed=5, method="percentile")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    )
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        there = fit.bootstrap(contrast, n_resamples=256, seed=5, method="percentile")
    np.testing.assert_allclose(there.replicates, one.replicates, rtol=1e-9, atol=1e-12)


def test_intervals_move_with_the_unit_of_measurement(trial):
    fit = em.mmrm(FORMULAS[0], trial)
    other = em.mmrm(FORMULAS[0], trial.assign(Y=1000 - 25 * trial["Y"]))
    found, turned = (
        f.bootstrap(f.emmeans("ARM | VISIT").contrasts("pairwise"), n_resamples=200, seed=1)
        for f in (fit, other)
    )
    name = found.names[-1]
    assert turned.estimate[name] == pytest.approx(-25 * found.estimate[name], rel=1e-8)
    assert turned.conf_low[name] == pytest.approx(-25 * found.conf_high[name], rel=1e-6)
    assert turned.std_error[name] == pytest.approx(25 * found.std_error[name], rel=1e-8)


def test_fev_data_against_the_model(trial):
    """On a real-sized trial the bootstrap standard errors are near the model's; every method gives limits."""
    data = pd.read_csv(FEV)
    for name in ("RACE", "SEX", "ARMCD", "AVISIT", "USUBJID"):
        data[name] = data[name].astype("category")
    fit = em.mmrm("FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | USUBJID)", data)
    means = fit.emmeans("ARMCD | AVISIT")
    found = fit.bootstrap(means, n_resamples=500, seed=8, method="studentized")
    table = found.table()
    assert (table["n_failed"] == 0).all()
    np.testing.assert_allclose(table["std_error"], means.table()["std_error"], rtol=0.2)
    for method in ("percentile", "basic", "normal", "studentized"):
        limits = found.interval(method)
        assert (limits["conf_low"] < table["estimate"]).all() and (
            table["estimate"] < limits["conf_high"]
        ).all()


def test_questions_that_cannot_be_answered(trial):
    fit = em.mmrm(FORMULAS[0], trial)
    L = np.eye(len(fit.beta))[:1]
    for options, text in (
        ({"method": "bcaa"}, "Did you mean"),
        ({"n_resamples": 1}, "at least 2"),
        ({"n_resamples": True}, "whole number"),
        ({"conf_level": 95}, "between 0 and 1"),
        ({"unit": "FAMLY"}, "FAMILY"),
        ({"strata": "VISIT"}, "constant within"),
        ({"seed": None}, "seed"),
    ):
        with pytest.raises(UsageError, match=text):
            fit.bootstrap(L, **{"n_resamples": 50, "seed": 1, **options})
    with pytest.raises(UsageError, match="one number a coefficient"):
        fit.bootstrap([1.0, 2.0], n_resamples=50, seed=1)
    with pytest.raises(UsageError, match="a name of its own"):
        fit.bootstrap([{"a": L[0]}, {"a": L[0]}], n_resamples=50, seed=1)
    with pytest.raises(UsageError, match="standard error"):
        fit.bootstrap(Standardized(("d",), L, visit=0), n_resamples=50, seed=1, method="studentized")


def test_standard_errors_are_made_only_when_asked(trial):
    fit = em.mmrm(FORMULAS[0], trial)
    target = Linear(("x",), np.eye(len(fit.beta))[:1], np.zeros(1))
    counts = np.ones((1, fit.n_subjects))
    assert refitter(fit, target).of_counts(counts).std_errors is None
    assert refitter(fit, target, studentize=True).of_counts(counts).std_errors is not None
