"""Unusual and broken inputs: the right answer, or one clear message that names what is wrong."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mmrm_references import check, worst
from small_data import complete_trial, small_trial

import emostats as em
from emostats.errors import ConvergenceError, EmostatsError, EmostatsWarning, ModelError, UsageError
from emostats.statistics.mmrm.covariance import STRUCTURES

FORMULA = "Y ~ ARM * VISIT + us(VISIT | ID)"
COLUMNS = ["estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"]


def equal_rows(got: pd.DataFrame, expected: pd.DataFrame, tolerance: float = 1e-8) -> None:
    check(*(worst(c, got[c], expected[c], tolerance=tolerance) for c in COLUMNS))


# -- columns that say nothing new --------------------------------------------------------------


@pytest.mark.parametrize("df_method", ["satterthwaite", "kenward-roger-linear", "residual", "between-within"])
def test_aliased_columns_are_named_and_left_out(df_method: str) -> None:
    data = small_trial()
    data["AGAIN"] = 3 * data["AGE"] - 1
    clean = em.mmrm("Y ~ ARM * VISIT + AGE + us(VISIT | ID)", data, df_method=df_method)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = em.mmrm("Y ~ ARM * VISIT + AGE + AGAIN + us(VISIT | ID)", data, df_method=df_method)
    assert any("AGAIN" in str(w.message) and issubclass(w.category, EmostatsWarning) for w in caught)
    table = fitted.coefficients().set_index("term")
    assert table.loc["AGAIN", COLUMNS].isna().all()
    equal_rows(table.drop(index="AGAIN"), clean.coefficients().set_index("term"))
    assert "AGAIN" not in set(fitted.beta_vcov.columns[fitted.beta_vcov.notna().any()])
    equal_rows(fitted.emmeans("ARM | VISIT").table(), clean.emmeans("ARM | VISIT").table(), 1e-7)
    anova, expected = fitted.anova(type=3).set_index("term"), clean.anova(type=3).set_index("term")
    for column in ("num_df", "den_df", "statistic", "p_value"):
        check(worst(column, anova.loc[expected.index, column], expected[column], tolerance=1e-7))


def test_an_empty_cell_has_no_mean_and_says_so() -> None:
    """No subject of arm B was ever seen at V4: its mean is not estimable, the others are."""
    data = small_trial()
    data.loc[(data["ARM"] == "B") & (data["VISIT"] == "V4"), "Y"] = np.nan
    with pytest.warns(EmostatsWarning, match="ARMB:VISITV4"):
        fitted = em.mmrm(FORMULA, data)
    table = (
        fitted.emmeans("ARM | VISIT").table().astype({"ARM": str, "VISIT": str}).set_index(["ARM", "VISIT"])
    )
    empty = table.loc[("B", "V4")]
    assert empty[["estimate", "std_error", "p_value"]].isna().all()
    assert table.drop(index=[("B", "V4")])[COLUMNS].notna().all(axis=None)
    cells = data.dropna(subset="Y").groupby(["ARM", "VISIT"], observed=True)["Y"].size()
    assert ("B", "V4") not in cells.index


def test_a_covariate_without_spread_is_aliased_with_the_intercept() -> None:
    data = small_trial().assign(SAME=2.0)
    with pytest.warns(EmostatsWarning, match="SAME"):
        fitted = em.mmrm("Y ~ ARM + SAME + cs(VISIT | ID)", data)
    plain = em.mmrm("Y ~ ARM + cs(VISIT | ID)", data)
    equal_rows(fitted.coefficients().iloc[:2], plain.coefficients())


def test_nearly_equal_covariates_are_told_apart() -> None:
    """Two instruments that differ by a percent are two columns, not one."""
    data = small_trial()
    rng = np.random.default_rng(0)
    data["AGE2"] = data["AGE"] * (1 + 0.01 * rng.normal(size=len(data)))
    table = em.mmrm("Y ~ AGE + AGE2 + cs(VISIT | ID)", data).coefficients()
    assert table[COLUMNS].notna().all(axis=None)


# -- few rows, patterns, levels ----------------------------------------------------------------


def test_unused_levels_are_left_out_and_one_subject_patterns_are_fine() -> None:
    data = small_trial()
    data["VISIT"] = data["VISIT"].cat.add_categories(["V5", "V6"])
    lonely = data["ID"].eq("S03") & data["VISIT"].isin(["V1", "V3"])
    data.loc[data["ID"].eq("S03"), "Y"] = np.where(lonely[data["ID"].eq("S03")], 11.0, np.nan)
    fitted = em.mmrm(FORMULA, data)
    assert fitted.covariance.shape == (4, 4)
    trimmed = data.assign(VISIT=data["VISIT"].cat.remove_unused_categories())
    equal_rows(fitted.coefficients(), em.mmrm(FORMULA, trimmed).coefficients())


def test_a_visit_that_only_missing_outcomes_have_does_not_count() -> None:
    data = small_trial()
    data.loc[data["VISIT"] == "V3", "Y"] = np.nan
    fitted = em.mmrm(FORMULA, data)
    assert fitted.covariance.columns.tolist() == ["V1", "V2", "V4"]
    assert not any("V3" in term for term in fitted.coefficients()["term"])


def test_one_arm_only() -> None:
    data = complete_trial()
    alone = data[data["ARM"] == "A"]
    fitted = em.mmrm("Y ~ VISIT + us(VISIT | ID)", alone)
    means = alone.groupby("VISIT", observed=True)["Y"].mean()
    check(worst("means", fitted.emmeans("VISIT").table()["estimate"], means, tolerance=1e-9))


def test_more_visits_than_a_machine_word_has_bits() -> None:
    rng = np.random.default_rng(0)
    n, T = 30, 70
    data = pd.DataFrame({"ID": np.repeat(np.arange(n), T), "VISIT": np.tile(np.arange(T), n)})
    data["Y"] = rng.normal(size=n * T) + np.repeat(rng.normal(size=n), T)
    data = data[rng.uniform(size=len(data)) < 0.9]
    fitted = em.mmrm("Y ~ 1 + ar1(VISIT | ID)", data)
    assert fitted.convergence.converged and fitted.covariance.shape == (T, T)


# -- what cannot be estimated ------------------------------------------------------------------


def test_a_pair_of_visits_never_seen_together_is_refused_by_name() -> None:
    data = complete_trial(24)
    number = data["ID"].str.removeprefix("S").astype(int)
    first_half = number < 12
    apart = (first_half & (data["VISIT"] == "V2")) | (~first_half & (data["VISIT"] == "V4"))
    data.loc[apart, "Y"] = np.nan
    with pytest.raises(ModelError, match=r"V2.*V4|V4.*V2"):
        em.mmrm(FORMULA, data)
    assert em.mmrm("Y ~ ARM * VISIT + cs(VISIT | ID)", data).convergence.converged


def test_a_pair_never_seen_together_within_a_group_is_refused() -> None:
    data = complete_trial(24)
    in_a = data["ARM"] == "A"
    first_half = data["ID"] < "S12"
    apart = in_a & ((first_half & data["VISIT"].eq("V1")) | (~first_half & data["VISIT"].eq("V3")))
    data.loc[apart, "Y"] = np.nan
    assert em.mmrm(FORMULA, data).convergence.converged
    with pytest.raises(ModelError, match=r"A.*(V1.*V3|V3.*V1)"):
        em.mmrm("Y ~ ARM * VISIT + us(VISIT | ARM / ID)", data)


@pytest.mark.parametrize("structure", ["us", "adh", "indh"])
def test_a_visit_never_seen_in_a_group_is_refused_by_name(structure: str) -> None:
    data = complete_trial(24)
    data.loc[data["ARM"].eq("B") & data["VISIT"].eq("V4"), "Y"] = np.nan
    with pytest.raises(ModelError, match=r"in group 'B': no subject was seen at V4\. .*cs or ar1"):
        em.mmrm(f"Y ~ VISIT + {structure}(VISIT | ARM / ID)", data)
    assert em.mmrm("Y ~ VISIT + ar1(VISIT | ARM / ID)", data).convergence.converged


@pytest.mark.parametrize("structure", ["cs", "ar1", "us", "toep", "csh", "ad", "sp_exp"])
def test_a_correlation_that_no_subject_shows_is_refused(structure: str) -> None:
    """Each subject was seen once, so nothing says how visits hang together."""
    data = complete_trial(24)
    number = data["ID"].str.removeprefix("S").astype(int)
    once = data[data["VISIT"].cat.codes == number % 4]
    positions = "DAY" if STRUCTURES[structure].spatial else "VISIT"
    with pytest.raises(EmostatsError):
        em.mmrm(f"Y ~ ARM + {structure}({positions} | ID)", once)
    assert em.mmrm("Y ~ ARM + ind(VISIT | ID)", once).convergence.converged


@pytest.mark.parametrize("structure", ["us", "toep", "toeph"])
def test_pairs_of_visits_that_contradict_each_other(structure: str) -> None:
    """Seen two by two, 1 ~ 2 and 2 ~ 3 agree but 1 ~ 3 oppose: no covariance of three visits says that."""
    rng = np.random.default_rng(0)
    rows = []
    for first, second, rho in ((1, 2, 0.9), (2, 3, 0.9), (1, 3, -0.6)):
        for number in range(40):
            y = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
            rows += [
                (f"{first}{second}-{number}", visit, value)
                for visit, value in zip((first, second), y, strict=True)
            ]
    data = pd.DataFrame(rows, columns=["ID", "VISIT", "Y"])
    with pytest.raises(ConvergenceError) as error:
        em.mmrm(f"Y ~ C(VISIT) + {structure}(VISIT | ID)", data)
    assert error.value.reason == "boundary"


def test_too_few_subjects_for_the_covariance() -> None:
    data = complete_trial(4)
    with pytest.raises(ModelError) as error:
        em.mmrm(FORMULA, data)
    assert str(error.value)


def test_more_coefficients_than_rows() -> None:
    data = complete_trial(2, visits=("V1", "V2"))
    with pytest.raises(ModelError):
        em.mmrm("Y ~ ARM * VISIT + cs(VISIT | ID)", data)


@pytest.mark.parametrize("value", [0.0, 5.0, 1e9])
def test_a_constant_outcome_is_refused(value: float) -> None:
    with pytest.raises(ModelError, match=r"constant|perfectly"):
        em.mmrm(FORMULA, small_trial().assign(Y=value))


def test_a_perfectly_explained_outcome_is_refused() -> None:
    data = small_trial()
    with pytest.raises(ModelError, match="perfectly"):
        em.mmrm("Y ~ AGE + cs(VISIT | ID)", data.assign(Y=1e3 + 2 * data["AGE"]))


def test_a_perfectly_correlated_outcome_does_not_look_like_an_answer() -> None:
    """V2 repeats V1 to the last digit: the covariance is singular."""
    data = complete_trial(20)
    wide = data.pivot(index="ID", columns="VISIT", values="Y")
    data["Y"] = np.where(data["VISIT"] == "V2", data["ID"].map(wide["V1"]) + 1, data["Y"])
    with pytest.raises(ConvergenceError) as error:
        em.mmrm(FORMULA, data)
    assert error.value.reason and len(error.value.theta) == 10


def test_a_failed_fit_says_what_failed_and_what_to_try() -> None:
    data = complete_trial(6)
    with pytest.raises(ConvergenceError) as error:
        em.mmrm("Y ~ ARM * VISIT * AGE + us(VISIT | ID)", data)
    message = str(error.value)
    assert any(structure in message for structure in ("toep", "ar1", "cs", "csh", "adh"))


# -- rows that contradict each other -----------------------------------------------------------


def test_a_subject_with_two_rows_at_one_visit_is_refused_by_name() -> None:
    data = complete_trial()
    twice = pd.concat([data, data[(data["ID"] == "S04") & (data["VISIT"] == "V2")]])
    with pytest.raises(UsageError, match=r"S04.*V2"):
        em.mmrm(FORMULA, twice)


def test_a_second_row_without_an_outcome_is_no_duplicate() -> None:
    data = complete_trial()
    twice = pd.concat([data, data[data["ID"] == "S04"].assign(Y=np.nan)])
    equal_rows(em.mmrm(FORMULA, twice).coefficients(), em.mmrm(FORMULA, data).coefficients())


def test_duplicate_coordinates_are_refused_by_name() -> None:
    data = complete_trial()
    data.loc[data["ID"] == "S04", "DAY"] = [0.0, 1.5, 1.5, 3.0]
    with pytest.raises(UsageError, match=r"S04.*1\.5"):
        em.mmrm("Y ~ ARM + sp_exp(DAY | ID)", data)


def test_a_group_that_varies_within_a_subject_is_refused_by_name() -> None:
    data = complete_trial()
    data.loc[(data["ID"] == "S04") & (data["VISIT"] == "V2"), "ARM"] = "B"
    with pytest.raises(UsageError, match=r"ARM.*S04"):
        em.mmrm("Y ~ VISIT + cs(VISIT | ARM / ID)", data)


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0, np.inf])
def test_bad_weights_are_refused_by_name(bad: float) -> None:
    data = complete_trial()
    data.loc[5, "W"] = bad
    with pytest.raises(UsageError, match=r"W.*row 5|row 5.*W|W"):
        em.mmrm(FORMULA, data, weights="W")
    with pytest.raises(UsageError):
        em.mmrm(FORMULA, data, weights=data["W"].to_numpy())


def test_bad_weights_of_rows_without_an_outcome_do_not_matter() -> None:
    data = small_trial()
    expected = em.mmrm(FORMULA, data, weights="W").coefficients()
    data.loc[data["Y"].isna(), "W"] = np.nan
    equal_rows(em.mmrm(FORMULA, data, weights="W").coefficients(), expected)


@pytest.mark.parametrize("weights", ["ARM", ["heavy"] * 104, {"a": 1}])
def test_weights_that_are_no_numbers_are_refused(weights: Any) -> None:
    with pytest.raises(UsageError, match="weights should be numbers"):
        em.mmrm(FORMULA, small_trial(), weights=weights)


def test_a_complex_outcome_is_refused() -> None:
    data = small_trial()
    with pytest.raises(UsageError, match="column of numbers; found complex128"):
        em.mmrm(FORMULA, data.assign(Y=data["Y"] + 0j))


def test_formula_and_data_in_the_wrong_order_are_told() -> None:
    with pytest.raises(UsageError, match=r"formula should be a text .* found DataFrame"):
        em.mmrm(small_trial(), FORMULA)  # type: ignore[arg-type]


def test_weights_of_the_wrong_length_are_refused() -> None:
    with pytest.raises(UsageError, match="weights"):
        em.mmrm(FORMULA, complete_trial(), weights=np.ones(3))


@pytest.mark.parametrize("column", ["ID", "VISIT"])
def test_an_outcome_without_subject_or_visit_is_refused_by_name(column: str) -> None:
    data = complete_trial()
    data.loc[7, column] = None
    with pytest.raises(UsageError, match=column):
        em.mmrm(FORMULA, data)


def test_rows_with_a_missing_covariate_are_dropped() -> None:
    data = complete_trial()
    data.loc[[3, 10], "AGE"] = np.nan
    formula = "Y ~ ARM * VISIT + AGE + us(VISIT | ID)"
    expected = em.mmrm(formula, data.dropna())
    got = em.mmrm(formula, data)
    assert got.n_observations == len(data) - 2
    equal_rows(got.coefficients(), expected.coefficients())


# -- calls that make no sense ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("Y ~ ARM * VISIT", "covariance term"),
        ("Y ~ ARM + us(VISIT | ID) + cs(VISIT | ID)", "covariance term"),
        ("ARM * VISIT + us(VISIT | ID)", "~"),
        ("Y ~ ARM + uns(VISIT | ID)", "us"),
        ("Y ~ ARMM + us(VISIT | ID)", "ARM"),
        ("YY ~ ARM + us(VISIT | ID)", "Y"),
        ("Y ~ ARM + us(VISITS | ID)", "VISIT"),
        ("Y ~ ARM + us(VISIT | IDD)", "ID"),
        ("Y ~ ARM + us(VISIT, DAY | ID)", "coordinates"),
        ("Y ~ ARM + us(VISIT | ARM / SITE / ID)", "group / subject"),
        ("ARM ~ VISIT + us(VISIT | ID)", "numbers"),
        ("Y ~ ARM + sp_exp(VISIT | ID)", "numbers"),
        ("Y ~ . + us(VISIT | ID)", "all other columns is not known"),
        ("Y ~ (ARM + us(VISIT | ID)", "cannot be read"),
        ("Y ~ log(ARM) + us(VISIT | ID)", "log"),
    ],
)
def test_a_formula_that_cannot_be_is_refused(formula: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        em.mmrm(formula, complete_trial())


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("df_method", "kenward-rogers", "kenward-roger"),
        ("df_method", "Satterthwaite ", "satterthwaite"),
        ("vcov", "emprical", "empirical"),
        ("vcov", "HC3", "asymptotic"),
        ("conf_level", 95, "conf_level|between 0 and 1"),
        ("conf_level", 0.0, "conf_level|between 0 and 1"),
        ("weights", "WEIGHT", "W"),
    ],
)
def test_an_option_that_does_not_exist_is_refused_with_what_there_is(
    option: str, value: Any, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        em.mmrm(FORMULA, complete_trial(), **{option: value})


@pytest.mark.parametrize("df_method", ["kenward-roger", "kenward-roger-linear", "kenward-roger-r"])
@pytest.mark.parametrize("vcov", ["empirical", "empirical-bias-reduced", "empirical-jackknife"])
def test_kenward_roger_brings_its_own_covariance(df_method: str, vcov: str) -> None:
    with pytest.raises(UsageError, match=r"(?i)kenward"):
        em.mmrm(FORMULA, complete_trial(), df_method=df_method, vcov=vcov)


def test_kenward_roger_needs_reml() -> None:
    with pytest.raises(UsageError, match=r"(?i)reml"):
        em.mmrm(FORMULA, complete_trial(), df_method="kenward-roger", reml=False)


def test_no_rows() -> None:
    with pytest.raises(UsageError, match=r"nothing to fit|No row"):
        em.mmrm(FORMULA, complete_trial().iloc[:0])
    with pytest.raises(UsageError, match=r"nothing to fit|No row"):
        em.mmrm(FORMULA, complete_trial().assign(Y=np.nan))


def test_an_infinite_outcome_is_refused_by_name() -> None:
    data = complete_trial()
    data.loc[3, "Y"] = np.inf
    with pytest.raises(UsageError, match="Y"):
        em.mmrm(FORMULA, data)


@pytest.mark.parametrize("text", ["", "pre 1", "2²", "²"])
def test_odd_visit_labels(text: str) -> None:
    data = complete_trial()
    labels = {"V1": text or "0", "V2": "week 2", "V3": "week 10", "V4": "week 9.5"}
    relabelled = data.assign(VISIT=data["VISIT"].map(labels).astype(str))
    fitted = em.mmrm("Y ~ ARM + us(VISIT | ID)", relabelled)
    expected = em.mmrm("Y ~ ARM + us(VISIT | ID)", data)
    check(worst("deviance", fitted.deviance, expected.deviance, tolerance=1e-8, scale=1.0))


def test_column_names_with_spaces_work_in_backticks() -> None:
    data = complete_trial().rename(columns={"Y": "the score", "ID": "child id", "ARM": "arm"})
    fitted = em.mmrm("`the score` ~ arm * VISIT + us(VISIT | `child id`)", data)
    expected = em.mmrm(FORMULA, complete_trial())
    check(worst("deviance", fitted.deviance, expected.deviance, tolerance=1e-8, scale=1.0))


def test_the_limits_follow_the_confidence_level() -> None:
    data = complete_trial()
    wide, narrow = (em.mmrm(FORMULA, data, conf_level=c).coefficients() for c in (0.99, 0.5))
    assert (wide["conf_low"] < narrow["conf_low"]).all()
    from scipy.stats import t

    expected = narrow["estimate"] + t.ppf(0.75, narrow["df"]) * narrow["std_error"]
    check(worst("conf_high", narrow["conf_high"], expected, tolerance=1e-12))
