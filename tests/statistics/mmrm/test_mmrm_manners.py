"""Small courtesies: calls that are nearly right, columns of odd types, transformed outcomes, printing."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from mmrm_references import check, worst
from small_data import small_trial

import emostats as em
from emostats.errors import EmostatsWarning, UsageError

FORMULA = "Y ~ ARM * VISIT + us(VISIT | ID)"
COLUMNS = ["estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"]


def equal_rows(got: pd.DataFrame, expected: pd.DataFrame, tolerance: float = 1e-8) -> None:
    check(*(worst(c, got[c], expected[c], tolerance=tolerance) for c in COLUMNS))


# -- types -------------------------------------------------------------------------------------


def test_columns_of_objects_that_hold_numbers_are_numbers() -> None:
    data = small_trial()
    formula = "Y ~ ARM * VISIT + AGE + us(VISIT | ID)"
    expected = em.mmrm(formula, data, weights="W")
    got = em.mmrm(formula, data.astype({"Y": object, "AGE": object, "W": object}), weights="W")
    assert got.coefficients()["term"].tolist() == expected.coefficients()["term"].tolist()
    equal_rows(got.coefficients(), expected.coefficients())


def test_booleans_and_text_are_factors() -> None:
    data = small_trial()
    got = em.mmrm("Y ~ B + us(VISIT | ID)", data.assign(B=data["ARM"] == "B")).coefficients()
    expected = em.mmrm("Y ~ ARM + us(VISIT | ID)", data).coefficients()
    assert len(got) == 2
    equal_rows(got, expected)


@pytest.mark.parametrize("kind", ["Float64", "Int64", "float32"])
def test_nullable_and_narrow_numbers(kind: str) -> None:
    data = small_trial()
    data["Y"] = data["Y"].round(0)
    expected = em.mmrm(FORMULA, data).coefficients()
    equal_rows(em.mmrm(FORMULA, data.assign(Y=data["Y"].astype(kind))).coefficients(), expected)


def test_a_used_column_that_stands_twice_in_the_data_is_refused_by_name() -> None:
    data = small_trial()
    with pytest.raises(UsageError, match="Y"):
        em.mmrm(FORMULA, pd.concat([data, data[["Y"]]], axis=1))


def test_no_text_and_no_table() -> None:
    with pytest.raises(UsageError, match="formula"):
        em.mmrm(None, small_trial())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="DataFrame"):
        em.mmrm(FORMULA, small_trial().to_dict())  # type: ignore[arg-type]


# -- transformed outcomes and offsets ----------------------------------------------------------


TRANSFORMED = {"log(Y)": np.log, "I(Y - 1)": lambda y: y - 1, "I(Y / 2)": lambda y: y / 2}


@pytest.mark.parametrize("left", list(TRANSFORMED))
def test_a_transformed_outcome_is_the_same_as_a_transformed_column(left: str) -> None:
    data = small_trial()
    expected = em.mmrm("Z ~ ARM * VISIT + us(VISIT | ID)", data.assign(Z=TRANSFORMED[left](data["Y"])))
    got = em.mmrm(f"{left} ~ ARM * VISIT + us(VISIT | ID)", data)
    equal_rows(got.coefficients(), expected.coefficients())
    for conditional in (False, True):
        a, b = got.predict(conditional=conditional), expected.predict(conditional=conditional)
        check(*(worst(c, a[c], b[c], tolerance=1e-9, scale=1.0) for c in ("estimate", "std_error")))


@pytest.mark.parametrize("offset", ["AGE", "log(AGE)"])
def test_predictions_carry_the_offset(offset: str) -> None:
    data = small_trial()
    values = data["AGE"] if offset == "AGE" else np.log(data["AGE"])
    plain = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data)
    moved = em.mmrm(f"Y ~ ARM * VISIT + offset({offset}) + us(VISIT | ID)", data.assign(Y=data["Y"] + values))
    for conditional in (False, True):
        a, b = moved.predict(conditional=conditional), plain.predict(conditional=conditional)
        check(worst("estimate", a["estimate"] - values, b["estimate"], tolerance=1e-8))
    check(worst("residuals", moved.residuals(), plain.residuals(), tolerance=1e-8, scale=1.0))


# -- hypotheses and tables ---------------------------------------------------------------------


def test_hypotheses_that_say_nothing_are_refused() -> None:
    fitted = em.mmrm(FORMULA, small_trial())
    for nothing in (np.zeros((2, 8)), np.zeros(8), np.full(8, np.nan)):
        with pytest.raises(UsageError):
            fitted.test(nothing)


def test_hypotheses_that_contradict_themselves_are_refused() -> None:
    fitted = em.mmrm(FORMULA, small_trial())
    twice = np.eye(8)[[1, 1]]
    with pytest.raises(UsageError, match=r"contradict|inconsistent"):
        fitted.test(twice, null=[0.0, 1.0])
    once, same = fitted.test(np.eye(8)[[1]], null=1.0), fitted.test(twice, null=[1.0, 1.0])
    check(worst("F", same["statistic"], once["statistic"], tolerance=1e-10))


@pytest.mark.parametrize("level", [0.0, 1.0, 95, -0.5])
def test_confidence_levels_are_checked_wherever_they_can_be_given(level: float) -> None:
    fitted = em.mmrm(FORMULA, small_trial())
    for call in (
        lambda: fitted.coefficients(conf_level=level),
        lambda: fitted.emmeans("ARM").table(conf_level=level),
        lambda: fitted.predict(interval="confidence", conf_level=level),
    ):
        with pytest.raises(UsageError, match="conf_level"):
            call()


def test_the_terms_of_an_intercept_only_model_are_none() -> None:
    fitted = em.mmrm("Y ~ 1 + us(VISIT | ID)", small_trial())
    assert len(fitted.anova(type=3)) == len(fitted.anova(type=2)) == 0
    mean = fitted.emmeans("1").table()
    check(*(worst(c, mean[c], fitted.coefficients()[c], tolerance=1e-10) for c in COLUMNS))


@pytest.mark.parametrize("weights", ["equal", "proportional", "outer", "cells"])
def test_weights_do_not_matter_when_nothing_is_averaged(weights: str) -> None:
    fitted = em.mmrm(FORMULA, small_trial())
    equal_rows(fitted.emmeans("ARM | VISIT", weights=weights).table(), fitted.emmeans("ARM | VISIT").table())


def test_cell_and_outer_weights() -> None:
    """`cells`: frequency of each cell. `outer`: product of the factors' own frequencies."""
    data = small_trial(gaps=0.3)
    fitted = em.mmrm("Y ~ ARM * VISIT * C(SITE) + ind(VISIT | ID)", data.assign(SITE=_site(data)))
    used = data.assign(SITE=_site(data)).dropna(subset="Y")
    cells = fitted.emmeans("ARM", weights="cells").table()["estimate"]
    check(worst("cells", cells, used.groupby("ARM", observed=True)["Y"].mean(), tolerance=1e-9))
    fine = fitted.emmeans("ARM * VISIT * SITE").table()
    visit, site = (used[c].value_counts(normalize=True) for c in ("VISIT", "SITE"))
    share = [visit[v] * site[s] for v, s in zip(fine["VISIT"], fine["SITE"], strict=True)]
    expected = (fine["estimate"] * share).groupby(fine["ARM"].astype(str)).sum()
    check(
        worst("outer", fitted.emmeans("ARM", weights="outer").table()["estimate"], expected, tolerance=1e-9)
    )


def _site(data: pd.DataFrame) -> pd.Series:
    return (data["ID"].str.removeprefix("S").astype(int) % 3 == 0).astype(int)


# -- the order of structures to try ------------------------------------------------------------


def test_a_declared_order_of_structures_is_followed_and_told() -> None:
    few = small_trial()
    few = few[few["ID"] < "S06"]
    with pytest.warns(EmostatsWarning, match=r"us.*cs|cs"):
        fitted = em.mmrm(FORMULA, few, fallback=("toeph", "cs", "ind"))
    tokens = [token for token, _ in fitted.attempts]
    assert tokens == ["us", "toeph", "cs"][: len(tokens)] and fitted.structure == tokens[-1]
    assert [end.converged for _, end in fitted.attempts] == [False] * (len(tokens) - 1) + [True]
    direct = em.mmrm(f"Y ~ ARM * VISIT + {fitted.structure}(VISIT | ID)", few)
    equal_rows(fitted.coefficients(), direct.coefficients())


def test_no_fallback_is_needed_when_the_first_converges() -> None:
    fitted = em.mmrm(FORMULA, small_trial(), fallback=("toeph", "cs"))
    assert [token for token, _ in fitted.attempts] == ["us"]
    with pytest.raises(UsageError, match="toep"):
        em.mmrm(FORMULA, small_trial(), fallback=("toepl",))


# -- printing ----------------------------------------------------------------------------------


def test_a_fit_prints_as_a_short_summary() -> None:
    fitted = em.mmrm(FORMULA, small_trial())
    text = repr(fitted)
    assert len(text.splitlines()) < 40 and len(text) < 3000
    assert FORMULA in text and "26" in text


def test_results_cannot_be_changed() -> None:
    fitted = em.mmrm(FORMULA, small_trial())
    with pytest.raises(AttributeError):
        fitted.settings = None  # type: ignore[misc]


def test_inference_does_not_depend_on_what_was_asked_before() -> None:
    data = small_trial()
    asked, fresh = em.mmrm(FORMULA, data), em.mmrm(FORMULA, data)
    asked.emmeans("ARM", weights="proportional").contrasts("pairwise", adjust="sidak").table()
    asked.anova(type=2)
    asked.predict(conditional=True)
    pd.testing.assert_frame_equal(asked.coefficients(), fresh.coefficients())
    pd.testing.assert_frame_equal(asked.anova(type=3), fresh.anova(type=3))


# -- a fit is a value --------------------------------------------------------------------------


def test_what_is_done_to_a_table_leaves_the_fit_as_it_is() -> None:
    fit = em.mmrm(FORMULA, small_trial())
    before = fit.emmeans("ARM").table()
    for name in ("beta", "theta", "beta_vcov", "theta_vcov", "covariance"):
        table = getattr(fit, name)
        table.iloc[:] = 999.0
        assert (getattr(fit, name) != 999.0).to_numpy().all(), name
    pd.testing.assert_frame_equal(fit.emmeans("ARM").table(), before)
    grouped = em.mmrm("Y ~ ARM + cs(VISIT | ARM / ID)", small_trial())
    matrix = grouped.covariance["A"]
    matrix.iloc[:] = 999.0
    assert (grouped.covariance["A"] != 999.0).to_numpy().all()


@pytest.mark.parametrize("term", ["us(VISIT | ID)", "sp_exp(DAY | ID)"])
def test_a_fit_can_be_sent_to_another_process(term: str) -> None:
    fit = em.mmrm(f"Y ~ ARM * VISIT + {term}", small_trial(40))
    fit.residuals("normalized")
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(again.coefficients(), fit.coefficients())
    pd.testing.assert_series_equal(again.residuals("normalized"), fit.residuals("normalized"))


def test_an_observed_outcome_is_certain_and_so_are_its_limits() -> None:
    data = small_trial()
    table = em.mmrm(FORMULA, data).predict(conditional=True, interval="prediction")
    seen = data["Y"].notna().to_numpy()
    for column in ("estimate", "conf_low", "conf_high"):
        assert (table[column][seen] == data["Y"][seen]).all()
    assert (table["conf_low"][~seen] < table["conf_high"][~seen]).all()


@pytest.mark.parametrize(
    ("L", "null", "words"),
    [
        (np.eye(8)[:2], [1, 2, 3], "null= should be one number, or one a row"),
        (["ARMB"], 0.0, "should be made of numbers"),
        (np.zeros((2, 2, 8)), 0.0, "3 dimensions"),
    ],
)
def test_a_hypothesis_of_the_wrong_shape_is_refused(L: object, null: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        em.mmrm(FORMULA, small_trial()).test(L, null)  # type: ignore[arg-type]
