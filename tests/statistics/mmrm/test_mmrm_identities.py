"""Results with a closed form: what an MMRM must say when a simpler method is exact."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from mmrm_references import check, worst
from scipy import stats
from small_data import complete_trial

import emostats as em

EXACT = 1e-8
ADJUSTED = ("satterthwaite", "kenward-roger", "kenward-roger-linear")
STRUCTURES = ("us", "cs", "csh", "ar1", "ar1h", "toep", "toeph", "ad", "adh")


def pairs(n: int = 12, seed: int = 5) -> pd.DataFrame:
    return complete_trial(n, seed=seed, visits=("PRE", "POST"))


@pytest.mark.parametrize("df_method", ADJUSTED)
@pytest.mark.parametrize("structure", ["us", "cs", "toep"])
def test_complete_pairs_give_the_paired_t_test(structure: str, df_method: str) -> None:
    """For every structure that is linear in SAS' parameters and has a free covariance of the two visits."""
    data = pairs()
    wide = data.pivot(index="ID", columns="VISIT", values="Y")
    expected = stats.ttest_rel(wide["POST"], wide["PRE"])
    row = em.mmrm(f"Y ~ VISIT + {structure}(VISIT | ID)", data, df_method=df_method).coefficients().iloc[1]
    interval = expected.confidence_interval()
    check(
        worst("estimate", row["estimate"], (wide["POST"] - wide["PRE"]).mean(), tolerance=EXACT),
        worst("std_error", row["std_error"], stats.sem(wide["POST"] - wide["PRE"]), tolerance=EXACT),
        worst("df", row["df"], expected.df, tolerance=EXACT),
        worst("statistic", row["statistic"], expected.statistic, tolerance=EXACT),
        worst("p", row["p_value"], expected.pvalue, tolerance=1e-7),
        worst("conf_low", row["conf_low"], interval.low, tolerance=EXACT),
        worst("conf_high", row["conf_high"], interval.high, tolerance=EXACT),
    )


def test_the_kenward_roger_of_r_contradicts_the_paired_t_test() -> None:
    """Why `kenward-roger-r` is not the default: second derivatives in another map change the SE."""
    data = pairs()
    t, r = (
        em.mmrm("Y ~ VISIT + us(VISIT | ID)", data, df_method=m).coefficients()["std_error"].iloc[1]
        for m in ("kenward-roger", "kenward-roger-r")
    )
    assert abs(r / t - 1) > 1e-3


def repeated_measures_anova(wide: pd.DataFrame) -> tuple[float, float, float]:
    """F, num df and den df of the one-way layout subjects × visits."""
    y = wide.to_numpy()
    n, T = y.shape
    visits = n * np.sum((y.mean(axis=0) - y.mean()) ** 2)
    residual = np.sum((y - y.mean(axis=0) - y.mean(axis=1, keepdims=True) + y.mean()) ** 2)
    return visits / (T - 1) / (residual / ((n - 1) * (T - 1))), T - 1, (n - 1) * (T - 1)


@pytest.mark.parametrize("df_method", ADJUSTED)
def test_balanced_compound_symmetry_is_repeated_measures_anova(df_method: str) -> None:
    data = complete_trial(14)
    F, num_df, den_df = repeated_measures_anova(data.pivot(index="ID", columns="VISIT", values="Y"))
    row = em.mmrm("Y ~ VISIT + cs(VISIT | ID)", data, df_method=df_method).anova(type=3).iloc[0]
    check(
        worst("F", row["statistic"], F, tolerance=EXACT),
        worst("num_df", row["num_df"], num_df, tolerance=EXACT),
        worst("den_df", row["den_df"], den_df, tolerance=EXACT),
        worst("p", row["p_value"], stats.f.sf(F, num_df, den_df), tolerance=1e-7),
    )


def test_balanced_compound_symmetry_has_the_anova_variance_components() -> None:
    data = complete_trial(14)
    y = data.pivot(index="ID", columns="VISIT", values="Y").to_numpy()
    n, T = y.shape
    between = T * np.sum((y.mean(axis=1) - y.mean()) ** 2) / (n - 1)
    within = np.sum((y - y.mean(axis=0) - y.mean(axis=1, keepdims=True) + y.mean()) ** 2) / (
        (n - 1) * (T - 1)
    )
    Sigma = em.mmrm("Y ~ VISIT + cs(VISIT | ID)", data).covariance.to_numpy()
    covariance = (between - within) / T
    expected = covariance + within * np.eye(T)
    check(worst("Sigma", Sigma, expected, tolerance=EXACT))


def split_plot_anova(data: pd.DataFrame) -> dict[str, tuple[float, int, int]]:
    """F and df of ARM (between) and ARM:VISIT (within) in the balanced split-plot layout."""
    wide = data.pivot(index=["ID", "ARM"], columns="VISIT", values="Y")
    y, arm = wide.to_numpy(), wide.index.get_level_values("ARM")
    (n, T), arms = y.shape, list(dict.fromkeys(arm))
    cell = {a: y[arm == a].mean(axis=0) for a in arms}
    centred = np.vstack([y[arm == a] - cell[a] for a in arms])
    subject = T * np.sum(centred.mean(axis=1) ** 2) / (n - len(arms))
    error_df = (n - len(arms)) * (T - 1)
    error = np.sum((centred - centred.mean(axis=1, keepdims=True)) ** 2) / error_df
    size = n / len(arms)
    arm_effect = np.array([cell[a].mean() for a in arms]) - y.mean()
    interaction = np.array([cell[a] - cell[a].mean() for a in arms]) - (y.mean(axis=0) - y.mean())
    return {
        "ARM": (size * T * np.sum(arm_effect**2) / (len(arms) - 1) / subject, len(arms) - 1, n - len(arms)),
        "ARM:VISIT": (
            size * np.sum(interaction**2) / ((len(arms) - 1) * (T - 1)) / error,
            (len(arms) - 1) * (T - 1),
            error_df,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("df_method", ADJUSTED)
@pytest.mark.parametrize("kind", [2, 3])
def test_balanced_split_plot(df_method: str, kind: int) -> None:
    data = complete_trial(16)
    table = (
        em.mmrm("Y ~ ARM * VISIT + cs(VISIT | ID)", data, df_method=df_method)
        .anova(type=kind)
        .set_index("term")
    )
    for term, (F, num_df, den_df) in split_plot_anova(data).items():
        check(
            worst(f"F[{term}]", table.loc[term, "statistic"], F, tolerance=EXACT),
            worst(f"num_df[{term}]", table.loc[term, "num_df"], num_df, tolerance=EXACT),
            worst(f"den_df[{term}]", table.loc[term, "den_df"], den_df, tolerance=EXACT),
        )


def test_pingouin_agrees_on_the_mixed_anova() -> None:
    pingouin = pytest.importorskip("pingouin")
    data = complete_trial(16)
    plain = data.assign(ARM=data["ARM"].astype(str), VISIT=data["VISIT"].astype(str))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pingouin's own calls of pandas
        theirs = pingouin.mixed_anova(plain, dv="Y", within="VISIT", subject="ID", between="ARM")
    theirs = theirs.set_index("Source")
    ours = em.mmrm("Y ~ ARM * VISIT + cs(VISIT | ID)", data).anova(type=3).set_index("term")
    for term, source in (("ARM", "ARM"), ("VISIT", "VISIT"), ("ARM:VISIT", "Interaction")):
        check(worst(term, ours.loc[term, "statistic"], theirs.loc[source, "F"], tolerance=1e-7))


@pytest.mark.parametrize(("reml", "lost"), [(True, 2), (False, 0)])
def test_saturated_mean_and_complete_data_give_the_pooled_covariance(reml: bool, lost: int) -> None:
    data = complete_trial(18)
    wide = data.pivot(index=["ID", "ARM"], columns="VISIT", values="Y")
    centred = wide - wide.groupby(level="ARM", observed=True).transform("mean")
    expected = centred.to_numpy().T @ centred.to_numpy() / (len(wide) - lost)
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ID)", data, reml=reml)
    means = fitted.emmeans("ARM | VISIT").table()
    cells = data.groupby(["VISIT", "ARM"], observed=True)["Y"].mean().to_numpy()
    check(
        worst("Sigma", fitted.covariance.to_numpy(), expected, tolerance=1e-7),
        worst("means", means["estimate"], cells, tolerance=EXACT),
    )


@pytest.mark.parametrize("df_method", ADJUSTED)
def test_unstructured_by_group_gives_welch_within_each_visit(df_method: str) -> None:
    """Groups with their own covariance and complete data: the difference at a visit is Welch's test (SE)."""
    data = complete_trial(20)
    fitted = em.mmrm("Y ~ ARM * VISIT + us(VISIT | ARM / ID)", data, df_method=df_method)
    rows = fitted.emmeans("ARM | VISIT").contrasts("revpairwise").table()
    for row, visit in zip(rows.itertuples(), data["VISIT"].cat.categories, strict=True):
        at = data[data["VISIT"] == visit]
        a, b = (at.loc[at["ARM"] == arm, "Y"] for arm in ("A", "B"))
        welch = stats.ttest_ind(b, a, equal_var=False)
        check(
            worst(f"estimate[{visit}]", row.estimate, b.mean() - a.mean(), tolerance=EXACT),
            worst(f"std_error[{visit}]", row.std_error, np.hypot(stats.sem(a), stats.sem(b)), tolerance=1e-7),
            worst(f"df[{visit}]", row.df, welch.df, tolerance=1e-6),
        )


@pytest.mark.parametrize("df_method", [*ADJUSTED, "residual", "between-within"])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_single_visit_is_ordinary_least_squares(structure: str, df_method: str) -> None:
    data = complete_trial(20)
    data = data[data["VISIT"] == "V2"]
    X = np.column_stack([np.ones(len(data)), data["ARM"] == "B", data["AGE"]]).astype(float)
    beta, residual_ss, *_ = np.linalg.lstsq(X, data["Y"].to_numpy(), rcond=None)
    df = len(data) - 3
    se = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * residual_ss[0] / df)
    fitted = em.mmrm(f"Y ~ ARM + AGE + {structure}(VISIT | ID)", data, df_method=df_method)
    table = fitted.coefficients()
    check(
        worst("estimate", table["estimate"], beta, tolerance=EXACT),
        worst("std_error", table["std_error"], se, tolerance=EXACT),
        worst("df", table["df"], np.full(3, df), tolerance=1e-7),
        worst("Sigma", fitted.covariance.to_numpy(), [[residual_ss[0] / df]], tolerance=EXACT),
    )


@pytest.mark.parametrize("structure", ["us", "ar1"])
def test_intercept_only_residual_of_all_data_is_the_sample_variance(structure: str) -> None:
    data = complete_trial(15)
    data = data[data["VISIT"] == "V1"]
    fitted = em.mmrm(f"Y ~ 1 + {structure}(VISIT | ID)", data)
    row = fitted.coefficients().iloc[0]
    expected = stats.ttest_1samp(data["Y"], 0)
    check(
        worst("estimate", row["estimate"], data["Y"].mean(), tolerance=EXACT),
        worst("p", row["p_value"], expected.pvalue, tolerance=1e-7),
        worst("df", row["df"], expected.df, tolerance=1e-7),
    )


def test_independent_visits_reduce_to_separate_analyses() -> None:
    """With a variance a visit and no correlation, the difference at a visit is the pooled t test."""
    data = complete_trial(16)
    fitted = em.mmrm("Y ~ ARM * VISIT + indh(VISIT | ID)", data)
    rows = fitted.emmeans("ARM | VISIT").contrasts("revpairwise").table()
    for row, visit in zip(rows.itertuples(), data["VISIT"].cat.categories, strict=True):
        at = data[data["VISIT"] == visit]
        a, b = (at.loc[at["ARM"] == arm, "Y"] for arm in ("A", "B"))
        expected = stats.ttest_ind(b, a)
        check(
            worst(f"statistic[{visit}]", row.statistic, expected.statistic, tolerance=1e-7),
            worst(f"df[{visit}]", row.df, expected.df, tolerance=1e-6),
            worst(f"p[{visit}]", row.p_value, expected.pvalue, tolerance=1e-6),
        )


def test_constrained_longitudinal_analysis_equals_ancova_for_complete_pairs() -> None:
    """With one baseline mean, the treatment effect at follow-up is the ANCOVA estimate (Liu et al. 2009)."""
    data = pairs(24, seed=9)
    data = data.assign(POSTB=((data["VISIT"] == "POST") & (data["ARM"] == "B")).astype(float))
    wide = data.pivot(index=["ID", "ARM"], columns="VISIT", values="Y").reset_index()
    X = np.column_stack([np.ones(len(wide)), wide["ARM"] == "B", wide["PRE"]]).astype(float)
    ancova = np.linalg.lstsq(X, wide["POST"].to_numpy(), rcond=None)[0][1]
    fitted = em.mmrm("Y ~ VISIT + POSTB + us(VISIT | ID)", data, reml=False)
    got = fitted.coefficients().set_index("term").loc["POSTB", "estimate"]
    check(worst("effect", got, ancova, tolerance=1e-7))
