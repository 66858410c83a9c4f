"""What must not change the answer, and what must change it in a known way."""

from __future__ import annotations

import itertools
import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmrm_references import bcva_data, check, covariance_deviation, fev_data, worst
from slow_reference import build
from small_data import small_trial

import emostats as em
from emostats.errors import EmostatsWarning
from emostats.statistics.mmrm.covariance import STRUCTURES

FORMULA = "FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | USUBJID)"
SAME = 1e-8
COLUMNS = ["estimate", "std_error", "df", "statistic", "conf_low", "conf_high"]


@cache
def base(df_method: str = "satterthwaite") -> Any:
    return em.mmrm(FORMULA, fev_data(), df_method=df_method)


def same_fit(got: Any, expected: Any, *, tolerance: float = SAME) -> None:
    """Two fits with the same terms say the same."""
    a, b = got.coefficients(), expected.coefficients()
    assert a["term"].tolist() == b["term"].tolist()
    se = b["std_error"].to_numpy()
    check(
        worst("deviance", got.deviance, expected.deviance, tolerance=1e-7, scale=1.0),
        worst("estimate", a["estimate"], b["estimate"], tolerance=tolerance, scale=se),
        worst("std_error", a["std_error"], b["std_error"], tolerance=tolerance),
        worst("df", a["df"], b["df"], tolerance=10 * tolerance),
        worst("Sigma", got.covariance, expected.covariance, tolerance=10 * tolerance),
    )
    assert (got.n_subjects, got.n_observations) == (expected.n_subjects, expected.n_observations)


# -- rows, index, types ------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_row_order_and_index_do_not_matter(seed: int) -> None:
    data = fev_data().sample(frac=1, random_state=seed)
    data.index = np.random.default_rng(seed).integers(0, 5, len(data))  # an index with repeats
    same_fit(em.mmrm(FORMULA, data), base(), tolerance=1e-9)


def test_subject_ids_may_be_anything() -> None:
    data = fev_data()
    number = data["USUBJID"].str.removeprefix("PT").astype(int)
    for ids in (
        number,
        number.astype(float),
        pd.Categorical(data["USUBJID"]),
        [("id", int(n)) for n in number],
    ):
        same_fit(em.mmrm(FORMULA, data.assign(USUBJID=ids)), base(), tolerance=1e-9)


def test_types_of_columns_do_not_matter() -> None:
    data = fev_data()
    variants = {
        "object": data.assign(ARMCD=data["ARMCD"].astype(object), AVISIT=data["AVISIT"].astype(object)),
        "string": data.assign(ARMCD=data["ARMCD"].astype("string"), RACE=data["RACE"].astype("string")),
        "ordered": data.assign(AVISIT=data["AVISIT"].cat.as_ordered()),
        "nullable": data.assign(FEV1=data["FEV1"].astype("Float64")),
        "unused level": data.assign(RACE=data["RACE"].cat.add_categories(["Martian"])),
        "extra columns": data.assign(NOISE=np.nan, TEXT="x"),
    }
    for name, variant in variants.items():
        try:
            same_fit(em.mmrm(FORMULA, variant), base(), tolerance=1e-9)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def test_text_is_a_factor_with_sorted_levels_and_a_categorical_keeps_its_order() -> None:
    text = em.mmrm("FEV1 ~ SEX + us(AVISIT | USUBJID)", fev_data().astype({"SEX": object}))
    categorical = em.mmrm("FEV1 ~ SEX + us(AVISIT | USUBJID)", fev_data())
    assert text.coefficients()["term"].tolist() == ["(Intercept)", "SEXMale"]
    assert categorical.coefficients()["term"].tolist() == ["(Intercept)", "SEXFemale"]
    a, b = text.coefficients().iloc[1], categorical.coefficients().iloc[1]
    check(worst("effect", -a["estimate"], b["estimate"], tolerance=SAME))


@pytest.mark.parametrize("order", [["VIS4", "VIS2", "VIS1", "VIS3"], ["VIS4", "VIS3", "VIS2", "VIS1"]])
def test_the_order_of_visit_labels_does_not_matter(order: list[str]) -> None:
    """For an unstructured covariance no answer depends on the order of the visits."""
    data = fev_data()
    fitted = em.mmrm(FORMULA, data.assign(AVISIT=data["AVISIT"].cat.reorder_categories(order)))
    keys = ["AVISIT", "ARMCD"]
    got = fitted.emmeans("ARMCD | AVISIT").table().astype(dict.fromkeys(keys, str)).set_index(keys)
    expected = base().emmeans("ARMCD | AVISIT").table().astype(dict.fromkeys(keys, str)).set_index(keys)
    visits = base().covariance.index
    check(
        worst("deviance", fitted.deviance, base().deviance, tolerance=1e-7, scale=1.0),
        worst("Sigma", fitted.covariance.loc[visits, visits], base().covariance, tolerance=1e-7),
        *(worst(c, got.loc[expected.index, c], expected[c], tolerance=1e-7) for c in COLUMNS),
    )


@pytest.mark.parametrize("structure", ["us", "cs", "csh", "toep", "ar1", "adh"])
def test_reversing_the_visits_does_not_matter(structure: str) -> None:
    """These families are closed under a reversal of time."""
    data = small_trial()
    formula = f"Y ~ ARM * VISIT + {structure}(VISIT | ID)"
    backwards = data.assign(VISIT=data["VISIT"].cat.reorder_categories(["V4", "V3", "V2", "V1"]))
    a, b = em.mmrm(formula, data), em.mmrm(formula, backwards)
    visits = list(a.covariance.index)
    check(
        worst("deviance", b.deviance, a.deviance, tolerance=1e-7, scale=1.0),
        worst("Sigma", b.covariance.loc[visits, visits], a.covariance, tolerance=1e-6, scale=1.0),
    )


def test_numeric_visits_keep_their_order() -> None:
    """Visits 1, 2, 10 and "Week 2", "Week 10" are ordered as numbers, not as text, for the covariance."""
    data = small_trial()
    code = data["VISIT"].cat.codes
    expected = em.mmrm("Y ~ ARM + AGE + ar1(VISIT | ID)", data)
    for labels in ([1, 2, 10, 20], ["Week 1", "Week 2", "Week 10", "Week 20"], [-1.5, 0.0, 2.0, 11.0]):
        got = em.mmrm("Y ~ ARM + AGE + ar1(VISIT | ID)", data.assign(VISIT=[labels[c] for c in code]))
        assert got.covariance.index.tolist() == labels
        check(worst("deviance", got.deviance, expected.deviance, tolerance=1e-8, scale=1.0))


def test_the_input_is_not_modified() -> None:
    data = small_trial()
    before = data.copy(deep=True)
    weights = data["W"].to_numpy()
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data, weights=weights)
    fitted.emmeans("ARM | VISIT").contrasts("pairwise").table()
    pd.testing.assert_frame_equal(data, before)
    assert np.array_equal(weights, before["W"])


def test_a_returned_table_is_a_copy() -> None:
    fitted = em.mmrm("Y ~ ARM + us(VISIT | ID)", small_trial())
    table = fitted.coefficients()
    table.loc[:, "estimate"] = 0.0
    assert (fitted.coefficients()["estimate"] != 0).all()


@pytest.mark.parametrize("df_method", ["satterthwaite", "kenward-roger"])
def test_the_number_of_threads_does_not_matter(df_method: str) -> None:
    """Not beyond the rounding of sums that a threaded BLAS adds up in another order."""
    threadpoolctl = pytest.importorskip("threadpoolctl")
    formula = "BCVA_CHG ~ BCVA_BL + RACE + ARMCD * AVISIT + us(AVISIT | USUBJID)"
    tables = []
    for threads in (1, 2):
        with threadpoolctl.threadpool_limits(threads):
            tables.append(em.mmrm(formula, bcva_data(), df_method=df_method).coefficients())
    check(*(worst(c, tables[1][c], tables[0][c], tolerance=1e-10) for c in COLUMNS))


# -- location and scale ------------------------------------------------------------------------


@pytest.mark.parametrize("df_method", ["satterthwaite", "kenward-roger", "kenward-roger-linear"])
@pytest.mark.parametrize("shift", [1e6, -1e6])
def test_a_shifted_outcome_loses_no_digits(shift: float, df_method: str) -> None:
    data, expected = fev_data(), base(df_method).coefficients()
    # the shift itself rounds the outcome to 1e-10: compare with data that were rounded alike
    rounded = data.assign(FEV1=(data["FEV1"] + shift) - shift)
    expected = em.mmrm(FORMULA, rounded, df_method=df_method)
    got = em.mmrm(FORMULA, data.assign(FEV1=data["FEV1"] + shift), df_method=df_method)
    a, b = got.coefficients(), expected.coefficients()
    moved = a["estimate"].to_numpy() - np.where(a["term"] == "(Intercept)", shift, 0.0)
    check(
        worst("deviance", got.deviance, expected.deviance, tolerance=1e-7, scale=1.0),
        worst("estimate", moved, b["estimate"], tolerance=1e-8, scale=b["std_error"]),
        worst("std_error", a["std_error"], b["std_error"], tolerance=1e-9),
        worst("df", a["df"], b["df"], tolerance=1e-8),
        worst("Sigma", got.covariance, expected.covariance, tolerance=1e-7),
    )


@pytest.mark.parametrize("structure", ["us", "cs", "toeph", "ar1", "sp_exp", "sp_gau"])
@pytest.mark.parametrize("scale", [1e6, 1e-6, -1.0])
def test_a_scaled_outcome_loses_no_digits(scale: float, structure: str) -> None:
    positions = "DAY" if structure.startswith("sp") else "VISIT"
    formula, data = f"Y ~ ARM * VISIT + {structure}({positions} | ID)", small_trial()
    a = em.mmrm(formula, data.assign(Y=data["Y"] * scale))
    b = em.mmrm(formula, data)
    one, other = a.coefficients(), b.coefficients()
    logs = (b.n_observations - 8) * 2 * np.log(abs(scale))
    check(
        worst("deviance", a.deviance - logs, b.deviance, tolerance=1e-7, scale=1.0),
        worst(
            "estimate", one["estimate"] / scale, other["estimate"], tolerance=1e-8, scale=other["std_error"]
        ),
        worst("std_error", one["std_error"] / abs(scale), other["std_error"], tolerance=1e-8),
        worst("df", one["df"], other["df"], tolerance=1e-7),
        worst("statistic", np.sign(scale) * one["statistic"], other["statistic"], tolerance=1e-7),
    )


@pytest.mark.parametrize(("shift", "scale"), [(1e6, 1.0), (0.0, 1e6), (0.0, 1e-6), (-1e5, 1e3)])
def test_a_shifted_and_scaled_covariate_loses_no_digits(shift: float, scale: float) -> None:
    data = small_trial()
    formula = "Y ~ ARM * VISIT + AGE + us(VISIT | ID)"
    a = em.mmrm(formula, data.assign(AGE=data["AGE"] * scale + shift)).coefficients().set_index("term")
    b = em.mmrm(formula, data).coefficients().set_index("term")
    rest = [term for term in b.index if term != "(Intercept)"]
    factor = np.array([scale if term == "AGE" else 1.0 for term in rest])
    digits = 1e-7 if shift else 1e-9
    check(
        worst("estimate", a.loc[rest, "estimate"] * factor, b.loc[rest, "estimate"], tolerance=digits),
        worst("std_error", a.loc[rest, "std_error"] * factor, b.loc[rest, "std_error"], tolerance=digits),
        worst("df", a.loc[rest, "df"], b.loc[rest, "df"], tolerance=digits),
    )


# -- weights and likelihoods -------------------------------------------------------------------


def test_equal_weights_are_no_weights_and_only_their_ratio_counts() -> None:
    formula, data = "Y ~ ARM * VISIT + us(VISIT | ID)", small_trial()
    plain = em.mmrm(formula, data)
    same_fit(em.mmrm(formula, data, weights=np.ones(len(data))), plain)
    once, tenfold = (
        em.mmrm(formula, data, weights="W"),
        em.mmrm(formula, data, weights=10 * data["W"].to_numpy()),
    )
    check(
        worst("deviance", tenfold.deviance, once.deviance, tolerance=1e-8, scale=1.0),
        worst("Sigma", tenfold.covariance, 10 * once.covariance, tolerance=1e-7),
        covariance_deviation("phi", tenfold.beta_vcov, once.beta_vcov, tolerance=1e-8),
        worst("df", tenfold.coefficients()["df"], once.coefficients()["df"], tolerance=1e-7),
    )


def test_weights_as_a_column_as_an_array_and_as_a_series_are_the_same() -> None:
    formula, data = "Y ~ ARM * VISIT + cs(VISIT | ID)", small_trial()
    by_name = em.mmrm(formula, data, weights="W")
    same_fit(em.mmrm(formula, data, weights=data["W"].to_numpy()), by_name)
    same_fit(em.mmrm(formula, data, weights=data["W"].tolist()), by_name)
    shuffled = data.sample(frac=1, random_state=1)
    same_fit(em.mmrm(formula, shuffled, weights=shuffled["W"]), by_name)


def test_a_subject_without_outcomes_changes_nothing() -> None:
    formula, data = "Y ~ ARM * VISIT + us(VISIT | ID)", small_trial()
    ghost = data.iloc[:4].assign(ID="ghost", Y=np.nan)
    same_fit(em.mmrm(formula, pd.concat([data, ghost])), em.mmrm(formula, data))


def test_maximum_likelihood_prefers_more_parameters_and_never_reml_less() -> None:
    """Along every chain of nested structures the deviance falls, under ML and REML alike."""
    data = small_trial()
    chains = (
        ("ind", "cs", "toep", "toeph", "us"),
        ("ind", "ar1", "ad", "adh", "us"),
        ("indh", "csh", "toeph"),
    )
    for reml in (True, False):
        for chain in chains:
            fits = [em.mmrm(f"Y ~ ARM * VISIT + {s}(VISIT | ID)", data, reml=reml).deviance for s in chain]
            assert all(a >= b - 1e-8 for a, b in itertools.pairwise(fits)), (reml, chain, fits)


def test_grouping_never_lowers_the_likelihood() -> None:
    data = small_trial()
    for structure in ("cs", "ar1h", "us"):
        together = em.mmrm(f"Y ~ ARM * VISIT + {structure}(VISIT | ID)", data)
        apart = em.mmrm(f"Y ~ ARM * VISIT + {structure}(VISIT | ARM / ID)", data)
        assert apart.deviance <= together.deviance + 1e-8
        assert set(apart.covariance) == {"A", "B"}
        assert len(apart.theta) == 2 * len(together.theta)


def test_no_nearby_covariance_is_more_likely() -> None:
    """The dense likelihood of the slow reference at random covariances around ours is never higher."""
    data = small_trial()
    fitted = em.mmrm("Y ~ ARM + us(VISIT | ID)", data)
    X = np.column_stack([np.ones(len(data)), (data["ARM"] == "B").to_numpy(float)])
    Sigma = fitted.covariance.to_numpy()
    theta = Sigma[np.tril_indices(4)]
    model = build(
        y=data["Y"], X=X, ids=data["ID"], places=data["VISIT"].cat.codes.tolist(), structure="us",
        n_visits=4, theta=theta,
    )  # fmt: skip
    check(worst("deviance", model.deviance, fitted.deviance, tolerance=1e-9, scale=1.0))
    rng = np.random.default_rng(2)
    for size in (1e-3, 1e-2, 1e-1):
        for _ in range(5):
            wiggle = np.eye(4) + size * rng.normal(size=(4, 4))
            other = (wiggle @ Sigma @ wiggle.T)[np.tril_indices(4)]
            assert model.deviance_at(other) > fitted.deviance


# -- coding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "effects",
    [
        "ARM * VISIT",
        "0 + ARM : VISIT",
        "0 + VISIT + ARM : VISIT",
        "ARM : VISIT",
        "VISIT * ARM",
        "VISIT / ARM",
    ],
)
def test_the_parametrisation_of_the_means_does_not_matter(effects: str) -> None:
    """Interaction-only and no-intercept formulas describe the same model, and give the same LS means."""
    data = small_trial()
    expected = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data, reml=False)
    with warnings.catch_warnings():
        if effects == "ARM : VISIT":  # eight cells and an intercept: one is left out, and said so
            warnings.filterwarnings("ignore", "Not estimable.*ARMB:VISITV4", EmostatsWarning)
        got = em.mmrm(f"Y ~ {effects} + us(VISIT | ID)", data, reml=False)
    keys = ["ARM", "VISIT"]
    a = got.emmeans("ARM | VISIT").table().astype(dict.fromkeys(keys, str)).set_index(keys)
    b = expected.emmeans("ARM | VISIT").table().astype(dict.fromkeys(keys, str)).set_index(keys)
    check(
        worst("deviance", got.deviance, expected.deviance, tolerance=1e-7, scale=1.0),
        *(worst(c, a.loc[b.index, c], b[c], tolerance=1e-7) for c in COLUMNS),
    )
    one = got.emmeans("ARM | VISIT").contrasts("pairwise").table()
    other = expected.emmeans("ARM | VISIT").contrasts("pairwise").table()
    check(*(worst(f"pairs.{c}", one[c], other[c], tolerance=1e-6) for c in COLUMNS))


@pytest.mark.parametrize("coding", ["C(VISIT, contr.sum)", "C(VISIT, contr.helmert)", "C(VISIT, contr.poly)"])
def test_user_contrasts_change_the_coefficients_and_not_the_means(coding: str) -> None:
    data = small_trial()
    expected = em.mmrm("Y ~ ARM + VISIT + us(VISIT | ID)", data, reml=False)
    got = em.mmrm(f"Y ~ ARM + {coding} + us(VISIT | ID)", data, reml=False)
    a, b = got.emmeans("ARM").table(), expected.emmeans("ARM").table()
    check(
        worst("deviance", got.deviance, expected.deviance, tolerance=1e-7, scale=1.0),
        *(worst(c, a[c], b[c], tolerance=1e-7) for c in COLUMNS),
    )
    assert got.coefficients()["estimate"].iloc[2] != expected.coefficients()["estimate"].iloc[2]


def test_every_registered_structure_fits_the_same_trial() -> None:
    data = small_trial()
    for token, structure in STRUCTURES.items():
        fitted = em.mmrm(f"Y ~ ARM * VISIT + {token}({'DAY' if structure.spatial else 'VISIT'} | ID)", data)
        assert fitted.convergence.converged, token
        assert np.isfinite(fitted.coefficients()[COLUMNS].to_numpy()).all(), token


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(14, 40), gaps=st.sampled_from([0.0, 0.1, 0.3]))
def test_random_trials_agree_with_the_dense_likelihood(seed: int, n: int, gaps: float) -> None:
    data = small_trial(n, seed=seed, gaps=gaps)
    fitted = em.mmrm("Y ~ ARM + VISIT + csh(VISIT | ID)", data)
    visits = [(data["VISIT"] == v).to_numpy(float) for v in ("V2", "V3", "V4")]
    X = np.column_stack([np.ones(len(data)), (data["ARM"] == "B").to_numpy(float), *visits])
    Sigma = fitted.covariance.to_numpy()
    rho = Sigma[0, 1] / np.sqrt(Sigma[0, 0] * Sigma[1, 1])
    model = build(
        y=data["Y"], X=X, ids=data["ID"], places=data["VISIT"].cat.codes.tolist(), structure="csh",
        n_visits=4, theta=np.append(np.diag(Sigma), rho),
    )  # fmt: skip
    se = np.sqrt(np.diag(model.phi))
    check(
        worst("deviance", fitted.deviance, model.deviance, tolerance=1e-8, scale=1.0),
        worst("beta", fitted.coefficients()["estimate"], model.beta, tolerance=1e-8, scale=se),
        worst("score", model.score * np.append(np.diag(Sigma), 1), np.zeros(5), tolerance=1e-5, scale=1.0),
    )
