"""Least-squares means, contrasts and adjustments against grids built by hand and against other packages."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mmrm_references import check, contrasts, fev_data, treatment_coding, worst
from scipy import stats
from small_data import small_trial
from statsmodels.stats.multitest import multipletests

import emostats as em
from emostats.errors import UsageError

COLUMNS = ["estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high"]


@cache
def fev() -> Any:
    return em.mmrm("FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | USUBJID)", fev_data())


@cache
def three_doses(visit: str | None = "V2") -> pd.DataFrame:
    """One visit of 36 subjects on three doses: the ordinary one-way layout."""
    data = small_trial(36, seed=11, gaps=0.0)
    dose = data["ID"].str.removeprefix("S").astype(int) % 3
    data["DOSE"] = pd.Categorical.from_codes(dose, ["none", "low", "high"])
    data["Y"] = data["Y"] + 0.9 * dose
    return data if visit is None else data[data["VISIT"] == visit]


@cache
def one_way() -> Any:
    return em.mmrm("Y ~ DOSE + us(VISIT | ID)", three_doses())


def by_hand(fitted: Any, L: np.ndarray) -> pd.DataFrame:
    """estimate, std_error of rows of L from the coefficient table and its covariance alone."""
    beta, V = fitted.coefficients()["estimate"].to_numpy(), fitted.beta_vcov.to_numpy()
    return pd.DataFrame({"estimate": L @ beta, "std_error": np.sqrt(np.einsum("qa,ab,qb->q", L, V, L))})


# -- means -------------------------------------------------------------------------------------


def test_columns_of_the_tables() -> None:
    means = fev().emmeans("ARMCD | AVISIT")
    assert means.table().columns.tolist() == ["ARMCD", "AVISIT", *COLUMNS]
    assert means.contrasts("pairwise").table().columns.tolist() == ["contrast", "AVISIT", *COLUMNS]
    assert fev().coefficients().columns.tolist() == ["term", *COLUMNS]
    assert fev().anova().columns.tolist() == ["term", "num_df", "den_df", "statistic", "p_value"]


def test_means_of_a_cell_are_averages_over_the_other_factors() -> None:
    """RACE and SEX averaged with equal weights: 3 × 2 cells behind every mean."""
    names = fev().coefficients()["term"].tolist()
    table = fev().emmeans("ARMCD | AVISIT").table()
    rows = []
    for arm, visit in zip(table["ARMCD"].astype(str), table["AVISIT"].astype(str), strict=True):
        at = {
            "(Intercept)": 1.0,
            "RACEBlack or African American": 1 / 3,
            "RACEWhite": 1 / 3,
            "SEXFemale": 1 / 2,
        }
        at |= {f"ARMCD{arm}": 1.0, f"AVISIT{visit}": 1.0, f"ARMCD{arm}:AVISIT{visit}": 1.0}
        rows.append([at.get(name, 0.0) for name in names])
    expected = by_hand(fev(), np.array(rows))
    check(*(worst(c, table[c], expected[c], tolerance=1e-10) for c in expected))


@pytest.mark.parametrize("spec", ["ARMCD", "AVISIT", "RACE", "SEX", "ARMCD * AVISIT", "RACE | SEX"])
def test_marginal_means_are_averages_of_finer_ones(spec: str) -> None:
    factors = [part.strip() for part in spec.replace("|", "*").split("*")]
    fine = fev().emmeans("ARMCD * AVISIT * RACE * SEX").table().astype(dict.fromkeys(factors, str))
    coarse = fev().emmeans(spec).table().astype(dict.fromkeys(factors, str)).set_index(factors)["estimate"]
    expected = fine.groupby(factors)["estimate"].mean()
    check(worst("estimate", coarse.loc[expected.index], expected, tolerance=1e-11))


def test_proportional_weights_are_the_frequencies_of_the_rows_used() -> None:
    used = fev_data().dropna(subset="FEV1")
    share = used.groupby(["RACE", "SEX"], observed=True).size() / len(used)
    fine = fev().emmeans("ARMCD * RACE * SEX").table().astype({"RACE": str, "SEX": str, "ARMCD": str})
    key = pd.MultiIndex.from_frame(fine[["RACE", "SEX"]])
    fine["part"] = fine["estimate"].to_numpy() * share.loc[key].to_numpy()
    got = fev().emmeans("ARMCD | AVISIT", weights="proportional").table()
    per_arm = got.assign(ARMCD=got["ARMCD"].astype(str)).groupby("ARMCD")["estimate"].mean()
    check(worst("estimate", per_arm, fine.groupby("ARMCD")["part"].sum(), tolerance=1e-10))


def test_covariates_stand_at_their_mean_over_the_rows_used_or_where_they_are_put() -> None:
    data = small_trial()
    fitted = em.mmrm("Y ~ ARM * AGE + us(VISIT | ID)", data)
    mean = data.loc[data["Y"].notna(), "AGE"].mean()
    for at, age in (({}, mean), ({"AGE": 3.0}, 3.0)):
        table = fitted.emmeans("ARM", at=at or None).table()
        expected = by_hand(fitted, np.array([[1, 0, age, 0], [1, 1, age, age]], float))
        check(*(worst(f"{c} at {age}", table[c], expected[c], tolerance=1e-10) for c in expected))
    several = fitted.emmeans("ARM | AGE", at={"AGE": [3.0, 8.0]}).table()
    assert several["AGE"].tolist() == [3.0, 3.0, 8.0, 8.0]
    L = np.array([[1, arm, age, arm * age] for age in (3, 8) for arm in (0, 1)], float)
    check(*(worst(c, several[c], by_hand(fitted, L)[c], tolerance=1e-10) for c in ("estimate", "std_error")))


def test_levels_can_be_chosen() -> None:
    all_visits = fev().emmeans("ARMCD | AVISIT").table()
    two = fev().emmeans("ARMCD | AVISIT", at={"AVISIT": ["VIS2", "VIS4"]}).table()
    expected = all_visits[all_visits["AVISIT"].astype(str).isin(["VIS2", "VIS4"])]
    assert two["AVISIT"].astype(str).tolist() == ["VIS2", "VIS2", "VIS4", "VIS4"]
    check(*(worst(c, two[c], expected[c], tolerance=1e-10) for c in COLUMNS))
    with pytest.raises(UsageError, match="VIS9"):
        fev().emmeans("ARMCD | AVISIT", at={"AVISIT": ["VIS9"]})


@pytest.mark.parametrize("curve", ["poly(AGE, degree=2)", "bs(AGE, df=4)", "AGE + I(AGE ** 2)", "log(AGE)"])
def test_curves_in_a_covariate_are_followed(curve: str) -> None:
    """The mean at AGE = 5 is the fitted curve at 5, not a mean of the curve's columns."""
    data = small_trial()
    fitted = em.mmrm(f"Y ~ ARM + {curve} + cs(VISIT | ID)", data)
    got = fitted.emmeans("ARM", at={"AGE": 5.0}).table()["estimate"]
    ages = data.loc[data["Y"].notna(), "AGE"].to_numpy()
    basis = _basis(curve, ages, np.array([5.0]))
    L = np.hstack([np.ones((2, 1)), [[0.0], [1.0]], np.repeat(basis, 2, axis=0)])
    check(worst("estimate", got, L @ fitted.coefficients()["estimate"], tolerance=1e-9))


def _basis(curve: str, ages: np.ndarray, at: np.ndarray) -> np.ndarray:
    from formulaic import model_matrix

    fitted = model_matrix(f"0 + {curve}", pd.DataFrame({"AGE": ages}))
    return np.asarray(fitted.model_spec.get_model_matrix(pd.DataFrame({"AGE": at})), float)


def test_an_offset_moves_the_means() -> None:
    data = small_trial()
    expected = em.mmrm("Y ~ ARM + us(VISIT | ID)", data)
    moved = em.mmrm("Y ~ ARM + offset(AGE) + us(VISIT | ID)", data.assign(Y=data["Y"] + data["AGE"]))
    check(*(worst(c, moved.coefficients()[c], expected.coefficients()[c], tolerance=1e-8) for c in COLUMNS))
    mean = data.loc[data["Y"].notna(), "AGE"].mean()
    shift = moved.emmeans("ARM").table()["estimate"] - expected.emmeans("ARM").table()["estimate"]
    check(worst("shift", shift, [mean, mean], tolerance=1e-8))


def test_unknown_factors_are_refused_with_what_there_is() -> None:
    with pytest.raises(UsageError, match="ARMCD"):
        fev().emmeans("ARM")
    with pytest.raises(UsageError, match=r"FEV1_BL|not in the model"):
        fev().emmeans("FEV1_BL")
    with pytest.raises(UsageError, match="equal"):
        fev().emmeans("ARMCD", weights="equall")


# -- contrasts ---------------------------------------------------------------------------------

COEFFICIENTS = {
    "pairwise": {
        "VIS1 - VIS2": [1, -1, 0, 0], "VIS1 - VIS3": [1, 0, -1, 0], "VIS1 - VIS4": [1, 0, 0, -1],
        "VIS2 - VIS3": [0, 1, -1, 0], "VIS2 - VIS4": [0, 1, 0, -1], "VIS3 - VIS4": [0, 0, 1, -1],
    },
    "revpairwise": {
        "VIS2 - VIS1": [-1, 1, 0, 0], "VIS3 - VIS1": [-1, 0, 1, 0], "VIS3 - VIS2": [0, -1, 1, 0],
        "VIS4 - VIS1": [-1, 0, 0, 1], "VIS4 - VIS2": [0, -1, 0, 1], "VIS4 - VIS3": [0, 0, -1, 1],
    },
    "trt.vs.ctrl": {"VIS2 - VIS1": [-1, 1, 0, 0], "VIS3 - VIS1": [-1, 0, 1, 0], "VIS4 - VIS1": [-1, 0, 0, 1]},
    "consecutive": {"VIS2 - VIS1": [-1, 1, 0, 0], "VIS3 - VIS2": [0, -1, 1, 0], "VIS4 - VIS3": [0, 0, -1, 1]},
    "poly": {"linear": [-3, -1, 1, 3], "quadratic": [1, -1, -1, 1], "cubic": [-1, 3, -3, 1]},
}  # fmt: skip


@pytest.mark.parametrize("kind", list(COEFFICIENTS))
def test_contrasts_as_emmeans_orders_them(kind: str) -> None:
    means = fev().emmeans("AVISIT | ARMCD")
    table, estimates = means.contrasts(kind, adjust="none").table(), means.table()
    for arm in ("PBO", "TRT"):
        own = table[table["ARMCD"].astype(str) == arm]
        assert own["contrast"].tolist() == list(COEFFICIENTS[kind])
        at = estimates.loc[estimates["ARMCD"].astype(str) == arm, "estimate"].to_numpy()
        expected = [np.dot(c, at) for c in COEFFICIENTS[kind].values()]
        check(worst(f"{kind}[{arm}]", own["estimate"], expected, tolerance=1e-10, scale=1.0))


def test_custom_contrasts_by_mapping_and_by_matrix() -> None:
    means = fev().emmeans("AVISIT | ARMCD")
    rows = {"late - early": [-0.5, -0.5, 0.5, 0.5], "VIS4 - VIS1": [-1, 0, 0, 1]}
    mapping, matrix = means.contrasts(rows).table(), means.contrasts(np.array(list(rows.values()))).table()
    assert mapping["contrast"].tolist() == [*rows, *rows]
    for column in COLUMNS:
        check(worst(column, mapping[column], matrix[column], tolerance=1e-12))
    expected = means.contrasts("revpairwise").table().query("contrast == 'VIS4 - VIS1'")
    got = mapping.query("contrast == 'VIS4 - VIS1'")
    check(*(worst(c, got[c], expected[c], tolerance=1e-10) for c in COLUMNS))
    with pytest.raises(UsageError, match="4"):
        means.contrasts({"short": [1, -1]})


def test_change_from_baseline_and_its_difference_between_groups() -> None:
    """Contrasts of contrasts: VIS4 - VIS1 in each arm, and the difference of the two."""
    changes = fev().emmeans("AVISIT | ARMCD").contrasts("trt.vs.ctrl")
    last = changes.table().query("contrast == 'VIS4 - VIS1' and ARMCD == 'TRT'")
    row = fev().contrast(np.array([contrasts()["df_1d"]["change_1_to_4_trt"]], float))
    check(*(worst(c, last[c], row[c], tolerance=1e-9) for c in COLUMNS))
    difference = changes.contrasts("revpairwise", by="contrast").table()
    assert difference["contrast"].nunique() >= 1
    interaction = fev().coefficients().set_index("term")
    for visit in ("VIS2", "VIS3", "VIS4"):
        expected = interaction.loc[f"ARMCDTRT:AVISIT{visit}"]
        got = difference[
            difference.astype(str).apply(lambda r, v=visit: f"{v} - VIS1" in " ".join(r), axis=1)
        ]
        check(*(worst(f"{c}[{visit}]", got[c], [expected[c]], tolerance=1e-8) for c in COLUMNS))


def test_pairwise_is_first_minus_second() -> None:
    table = fev().emmeans("ARMCD | AVISIT").contrasts("pairwise").table()
    assert set(table["contrast"]) == {"PBO - TRT"} and (table["estimate"] < 0).all()


# -- adjustments -------------------------------------------------------------------------------


def visits(adjust: str) -> pd.DataFrame:
    return fev().emmeans("AVISIT | ARMCD").contrasts("pairwise", adjust=adjust).table()


def test_bonferroni_sidak_and_holm() -> None:
    plain = visits("none")
    for adjust, method in (("bonferroni", "bonferroni"), ("sidak", "sidak"), ("holm", "holm")):
        table = visits(adjust)
        for arm in ("PBO", "TRT"):  # a family is what is shown together: the rows of one by-group
            rows = (plain["ARMCD"].astype(str) == arm).to_numpy()
            expected = multipletests(plain.loc[rows, "p_value"], method=method)[1]
            check(worst(adjust, table.loc[rows, "p_value"], expected, tolerance=1e-10))
        assert np.array_equal(table["estimate"], plain["estimate"])


@pytest.mark.parametrize(("adjust", "level"), [("bonferroni", 1 - 0.05 / 6), ("sidak", 0.95 ** (1 / 6))])
def test_simultaneous_limits(adjust: str, level: float) -> None:
    table = visits(adjust)
    expected = table["estimate"] + stats.t.ppf(0.5 + level / 2, table["df"]) * table["std_error"]
    check(worst("conf_high", table["conf_high"], expected, tolerance=1e-9))


def test_tukey() -> None:
    table = visits("tukey")
    for row in table.itertuples():
        expected = stats.studentized_range.sf(np.sqrt(2) * abs(row.statistic), 4, row.df)
        # SciPy takes its tail from 1 - cdf, right to about 1e-13; ours keeps small tails to their digits.
        check(worst(row.contrast, [row.p_value], [expected], tolerance=1e-5, scale=max(expected, 1e-7)))
        half = stats.studentized_range.ppf(0.95, 4, row.df) / np.sqrt(2) * row.std_error
        check(worst("conf_high", [row.conf_high], [row.estimate + half], tolerance=1e-5))


def test_tukey_of_a_one_way_layout_is_tukeys_hsd() -> None:
    data = three_doses()
    arms = [data.loc[data["DOSE"] == d, "Y"] for d in ("none", "low", "high")]
    theirs = stats.tukey_hsd(*arms)
    ours = one_way().emmeans("DOSE").contrasts("pairwise", adjust="tukey").table()
    expected = [theirs.pvalue[i, j] for i, j in ((0, 1), (0, 2), (1, 2))]
    check(worst("p", ours["p_value"], expected, tolerance=1e-5))


def test_dunnett_of_a_one_way_layout_is_dunnetts_test() -> None:
    data = three_doses()
    none, low, high = (data.loc[data["DOSE"] == d, "Y"] for d in ("none", "low", "high"))
    theirs = stats.dunnett(low, high, control=none, rng=np.random.default_rng(1))
    ours = one_way().emmeans("DOSE").contrasts("trt.vs.ctrl", adjust="dunnett").table()
    check(worst("p", ours["p_value"], theirs.pvalue, tolerance=2e-3, scale=1.0))
    interval = theirs.confidence_interval()
    check(
        worst("conf_low", ours["conf_low"], interval.low, tolerance=5e-3, scale=1.0),
        worst("conf_high", ours["conf_high"], interval.high, tolerance=5e-3, scale=1.0),
    )


def test_mvt_knows_the_correlation_of_the_contrasts() -> None:
    """Between no adjustment and Bonferroni; exact for the all-pairs family of a balanced one-way layout."""
    mvt = one_way().emmeans("DOSE").contrasts("pairwise", adjust="mvt").table()["p_value"].to_numpy()
    none = one_way().emmeans("DOSE").contrasts("pairwise", adjust="none").table()["p_value"].to_numpy()
    tukey = one_way().emmeans("DOSE").contrasts("pairwise", adjust="tukey").table()["p_value"].to_numpy()
    assert np.all(none < mvt) and np.all(mvt <= np.minimum(1, 3 * none) + 1e-6)
    check(worst("mvt", mvt, tukey, tolerance=1e-3, scale=1.0))


def test_mvt_of_repeated_and_of_single_contrasts_is_no_adjustment() -> None:
    means = one_way().emmeans("DOSE")
    none = means.contrasts({"low": [-1, 1, 0]}, adjust="none").table()["p_value"].to_numpy()
    single = means.contrasts({"low": [-1, 1, 0]}, adjust="mvt").table()["p_value"].to_numpy()
    check(worst("single", single, none, tolerance=1e-6))
    twice = means.contrasts({"low": [-1, 1, 0], "opposite": [1, -1, 0]}, adjust="mvt").table()
    check(worst("twice", twice["p_value"], np.repeat(none, 2), tolerance=1e-3, scale=1.0))


def test_adjustments_are_repeatable() -> None:
    """mvt and Dunnett integrate numerically; the same call gives the same numbers."""
    means = fev().emmeans("AVISIT | ARMCD")
    a, b = (means.contrasts("trt.vs.ctrl", adjust="mvt").table() for _ in range(2))
    pd.testing.assert_frame_equal(a, b)


def test_unknown_contrasts_and_adjustments_are_refused() -> None:
    means = fev().emmeans("AVISIT")
    with pytest.raises(UsageError, match="pairwise"):
        means.contrasts("pairwisee")
    with pytest.raises(UsageError, match="tukey"):
        means.contrasts("pairwise", adjust="tuckey").table()
    with pytest.raises(UsageError, match=r"(?i)tukey.*pair|pair"):
        means.contrasts("poly", adjust="tukey").table()


# -- joint tests -------------------------------------------------------------------------------


def test_a_joint_test_is_the_wald_test() -> None:
    L = np.array(contrasts()["df_md"]["mixed"], float)
    beta, V = fev().coefficients()["estimate"].to_numpy(), fev().beta_vcov.to_numpy()
    F = L @ beta @ np.linalg.solve(L @ V @ L.T, L @ beta) / 2
    row = fev().test(L).iloc[0]
    check(worst("F", row["statistic"], F, tolerance=1e-9))
    null = np.array([1.0, -2.0])
    shifted = fev().test(L, null=null).iloc[0]
    d = L @ beta - null
    check(worst("F", shifted["statistic"], d @ np.linalg.solve(L @ V @ L.T, d) / 2, tolerance=1e-9))


def test_a_single_row_carries_its_estimate() -> None:
    row = np.array(contrasts()["df_1d"]["trt_visit4"], float)
    one = fev().test(row)
    assert len(one) == 1 and {"estimate", "std_error", "df", "conf_low", "conf_high"} <= set(one.columns)
    rows = fev().contrast(row)
    check(*(worst(c, one[c], rows[c], tolerance=1e-12) for c in ("estimate", "std_error", "df", "conf_low")))
    joint = fev().test(row[None])  # a matrix of one row: the same as an F test
    check(
        worst("F", joint["statistic"], one["statistic"] ** 2, tolerance=1e-10),
        worst("p", joint["p_value"], one["p_value"], tolerance=1e-9),
    )
    against_itself = fev().test(row, null=one["estimate"].item())
    check(worst("p", against_itself["p_value"], [1.0], tolerance=1e-9))


def test_redundant_rows_of_a_hypothesis_change_nothing() -> None:
    L = np.array(contrasts()["df_md"]["race"], float)
    plain, padded = fev().test(L), fev().test(np.vstack([L, L.sum(axis=0), 0 * L[0]]))
    for column in ("num_df", "den_df", "statistic", "p_value"):
        check(worst(column, padded[column], plain[column], tolerance=1e-9))


def test_the_chi_square_test_is_the_f_test_with_infinite_df() -> None:
    F, chi2 = fev().anova(type=3), fev().anova(type=3, test="chisq")
    check(
        worst("chisq", chi2["statistic"], F["statistic"] * F["num_df"], tolerance=1e-10),
        worst("p", chi2["p_value"], stats.chi2.sf(F["statistic"] * F["num_df"], F["num_df"]), tolerance=1e-8),
    )


def test_a_hypothesis_of_the_wrong_width_is_refused() -> None:
    with pytest.raises(UsageError, match="11"):
        fev().test(np.ones((1, 4)))


def test_type_two_and_type_three_agree_in_a_balanced_design() -> None:
    data = small_trial(24, gaps=0.0)
    number = data["ID"].str.removeprefix("S").astype(int)
    data["SITE"] = pd.Categorical.from_codes(number // 2 % 3, ["x", "y", "z"])
    fitted = em.mmrm("Y ~ ARM * VISIT * SITE + cs(VISIT | ID)", data, df_method="kenward-roger")
    two, three = fitted.anova(type=2), fitted.anova(type=3)
    assert two["term"].tolist() == three["term"].tolist() and len(two) == 7
    for column in ("num_df", "den_df", "statistic", "p_value"):
        check(worst(column, two[column], three[column], tolerance=1e-8))


def test_type_two_adjusts_for_what_does_not_contain_the_term() -> None:
    """L = [0, I, (X1'MX1)⁻¹X1'MX2], M projecting off the terms that do not contain it; by hand."""
    data = small_trial(40, gaps=0.3, seed=3)
    number = data["ID"].str.removeprefix("S").astype(int)
    data["SITE"] = pd.Categorical(np.where(number % 3 == 0, "x", "y"))
    fitted = em.mmrm("Y ~ ARM * VISIT * SITE + us(VISIT | ID)", data)
    terms = ["ARM", "VISIT", "SITE", "ARM:VISIT", "ARM:SITE", "VISIT:SITE", "ARM:VISIT:SITE"]
    used = data[data["Y"].notna()]
    X = treatment_coding(used, *terms)
    widths = [1, 1, 3, 1, 3, 1, 3, 3]
    of = np.repeat(np.arange(8), widths)
    table = fitted.anova(type=2).set_index("term")
    for index, term in enumerate(terms, start=1):
        above = [
            j
            for j, other in enumerate(terms, 1)
            if j != index and set(term.split(":")) < set(other.split(":"))
        ]
        own, over = of == index, np.isin(of, above)
        rest = X[:, ~(own | over)]
        residual = np.eye(len(X)) - rest @ np.linalg.pinv(rest)
        L = np.zeros((own.sum(), len(of)))
        L[:, own] = np.eye(own.sum())
        if over.any():
            L[:, over] = np.linalg.solve(
                X[:, own].T @ residual @ X[:, own], X[:, own].T @ residual @ X[:, over]
            )
        expected = fitted.test(L)["statistic"].item()
        check(worst(term, table.loc[term, "statistic"], expected, tolerance=1e-8))


@pytest.mark.parametrize("kind", [2, 3])
def test_tests_of_terms_do_not_depend_on_the_coding(kind: int) -> None:
    data = small_trial()
    plain = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data).anova(type=kind)
    coded = em.mmrm("Y ~ C(ARM, contr.sum) * C(VISIT, contr.helmert) + us(VISIT | ID)", data).anova(type=kind)
    # Satterthwaite df of several rows depend on the rows: type II takes the coding's, type III sums to zero
    for column in ("num_df", "statistic", *(("den_df", "p_value") if kind == 3 else ())):
        check(worst(column, coded[column], plain[column], tolerance=1e-8))


@pytest.mark.parametrize("kind", [2, 3])
def test_anova_of_a_main_effects_model_tests_the_coefficients(kind: int) -> None:
    fitted = em.mmrm("FEV1 ~ RACE + SEX + ARMCD + AVISIT + us(AVISIT | USUBJID)", fev_data())
    table = fitted.anova(type=kind).set_index("term")
    names = fitted.coefficients()["term"].tolist()
    for term in ("RACE", "SEX", "ARMCD", "AVISIT"):
        L = np.eye(len(names))[[i for i, name in enumerate(names) if name.startswith(term)]]
        check(worst(term, [table.loc[term, "statistic"]], fitted.test(L)["statistic"], tolerance=1e-9))


@pytest.mark.parametrize("name", ["estimate", "df", "contrast"])
def test_a_factor_named_as_a_column_of_the_table_is_refused(name: str) -> None:
    data = three_doses().rename(columns={"DOSE": name})
    fit = em.mmrm(f"Y ~ {name} + us(VISIT | ID)", data)
    with pytest.raises(UsageError, match=f"called '{name}' would give the table two columns"):
        fit.emmeans(name)


@pytest.mark.parametrize("type", [2, 3])
@pytest.mark.parametrize("terms", ["ARM + VISIT", "VISIT + ARM", "ARM * VISIT", "ARM + VISIT + AGE"])
def test_leaving_out_the_intercept_leaves_the_tests_of_factors(terms: str, type: int) -> None:
    """Two factors span the constant together: the models are one, and what is tested is too (SAS's NOINT)."""
    data = small_trial()
    with_it, without = (em.mmrm(f"Y ~ {start}{terms} + us(VISIT | ID)", data) for start in ("", "0 + "))
    pd.testing.assert_frame_equal(without.anova(type), with_it.anova(type), rtol=1e-8)


def test_a_factor_alone_without_an_intercept_is_tested_by_its_means() -> None:
    fit = em.mmrm("Y ~ 0 + VISIT + us(VISIT | ID)", small_trial())
    expected = fit.test(np.eye(4))
    for type in (2, 3):
        assert fit.anova(type)["num_df"].tolist() == [4]
        assert fit.anova(type)["statistic"][0] == pytest.approx(expected["statistic"][0], rel=1e-10)
