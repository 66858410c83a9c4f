"""Every figure of PROC MIXED, at the precision SAS gives it (see the README of the reference folder)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from mmrm_references import (
    Deviation,
    check,
    fev_data,
    fit,
    full_formula,
    lower_triangle,
    package_figures,
    sas_cases,
    worst,
)
from sas_listing import (
    cell_of,
    cov_parms,
    effect_rows,
    half_unit,
    is_correlation,
    mean_row,
    two_cells,
    visit_order,
)

import emostats as em
from emostats.errors import ConvergenceError

CONVERGED = [key for key, case in sas_cases().items() if case.get("converged")]
DF_METHODS = {
    (None, None): "satterthwaite",
    ("Satterthwaite", None): "satterthwaite",
    ("Between-Within", None): "between-within",
    ("Between-Within", "EMPIRICAL, between-within df"): "between-within",
    ("Kenward-Roger", "KR"): "kenward-roger",
    ("Kenward-Roger", "KR(LINEAR)"): "kenward-roger-linear",
}
UNTESTED_DF = ("sas_weighted",)
"""SAS' Satterthwaite df here contradict R's and ours, although all else agrees."""


def with_quantity(*quantities: str) -> Any:
    return pytest.mark.parametrize(
        "case_id", [k for k in CONVERGED if all(q in sas_cases()[k] for q in quantities)]
    )


@cache
def sas_fit(case_id: str) -> Any:
    case = sas_cases()[case_id]
    df_method = DF_METHODS[case.get("df_method"), case.get("df_option")]
    return fit(case_id, df_method, "empirical" if case.get("se_method") == "Empirical" else "asymptotic")


def listing(
    quantity: str, table: Any, rows: list[dict[str, Any]], places: list[str], *, df: bool
) -> list[Deviation]:
    """A printed table against ours: SAS' own distance from the optimum plus half a unit of the last digit."""
    found: list[Deviation] = []
    se = np.array([row["se"] for row in rows])
    bounds = {
        "estimate": ("estimate", lambda x: 5e-3 * se),
        "std_error": ("se", lambda x: 1.6e-4 * se),
        "conf_low": ("lower", lambda x: 6e-3 * se),
        "conf_high": ("upper", lambda x: 6e-3 * se),
    }
    for column, (key, own) in bounds.items():
        if all(key in row for row in rows) and (df or not key.endswith("er")):
            values = np.array([row[key] for row in rows])
            tolerance = own(values) + np.array([half_unit(v) for v in values])
            found.append(
                worst(
                    f"{quantity}.{column}",
                    table[column],
                    values,
                    tolerance=tolerance,
                    scale=1.0,
                    places=places,
                )
            )
    if df:
        values = np.array([row["df"] for row in rows])
        found.append(worst(f"{quantity}.df", table["df"], values, tolerance=0.57, scale=1.0, places=places))
        t = np.array([row["t"] for row in rows])
        tolerance = 5e-3 + 0.005 + 2e-4 * np.abs(t)
        found.append(
            worst(f"{quantity}.t", table["statistic"], t, tolerance=tolerance, scale=1.0, places=places)
        )
    return found


# -- likelihood, information criteria, covariance parameters ---------------------------------------


@pytest.mark.parametrize("case_id", CONVERGED)
def test_likelihood(case_id: str) -> None:
    above = sas_cases()[case_id]["minus2ll"] - sas_fit(case_id).deviance
    assert -6e-9 <= above <= 1.3e-5, f"SAS is {above:.3g} above ours"


@with_quantity("aic")
def test_information_criteria(case_id: str) -> None:
    """Printed with one decimal; SAS counts coefficients under ML and all 200 subjects of the data."""
    case = sas_cases()[case_id]
    ours = sas_fit(case_id).information_criteria().set_index("convention").loc["SAS"]
    check(*(worst(key, ours[key], case[key], tolerance=0.0501, scale=1.0) for key in ("aic", "aicc", "bic")))


@with_quantity("cov_parms")
def test_covariance_parameters(case_id: str) -> None:
    case, fitted = sas_cases()[case_id], sas_fit(case_id)
    structure = case["covariance"].split("(")[0]
    deviations = []
    for parm in case["cov_parms"]:
        ours = our_parameters(
            fitted, structure, parm.get("group", "").removeprefix("ARMCD "), visit_order(case)
        )
        value = parm["estimate"]
        scale = 1.0 if is_correlation(parm["parm"]) else max(abs(v) for v in ours.values())
        deviations.append(
            worst(
                "cov_parms", [ours[parm["parm"]]], [value], places=[parm["parm"]], scale=1.0,
                tolerance=2.2e-4 * scale + half_unit(value),
            )
        )  # fmt: skip
    check(*deviations)


def our_parameters(fitted: Any, structure: str, group: str, visits: list[str]) -> dict[str, float]:
    if structure.startswith("sp_"):
        return spatial_parameters(fitted, structure)
    Sigma = fitted.covariance[group] if group else fitted.covariance
    return cov_parms(structure, Sigma.loc[visits, visits].to_numpy())


def spatial_parameters(fitted: Any, structure: str) -> dict[str, float]:
    """SAS' names for the variance and the range."""
    name = {"sp_exp": "SP(EXP)", "sp_gau": "SP(GAU)"}[structure]
    return {name: fitted.theta["range"], "Residual": fitted.theta["variance"]}


# -- coefficients, means, tests ------------------------------------------------------------


@with_quantity("fixed")
def test_coefficients(case_id: str) -> None:
    case = sas_cases()[case_id]
    fitted, rows = sas_fit(case_id), case["fixed"]
    names = fitted.coefficients()["term"].tolist()
    origin = reference_cell(rows)
    L = [coefficient_row(names, row["effect"], origin) for row in rows]
    places = [row["effect"] for row in rows]
    df = case_id not in UNTESTED_DF
    check(*listing("fixed", fitted.contrast(np.array(L)), rows, places, df=df))


def reference_cell(rows: list[dict[str, Any]]) -> dict[str, str]:
    """SAS' reference levels: those the listing leaves out."""
    visits = {cell_of(r["effect"]).get("AVISIT") for r in rows if r["effect"].startswith("AVISIT ")}
    missing = [v for v in ("VIS1", "VIS2", "VIS3", "VIS4") if v not in visits]
    return {"ARMCD": "PBO", "SEX": "Male", "RACE": "Asian", "AVISIT": missing[0]}


def coefficient_row(names: list[str], effect: str, origin: dict[str, str]) -> np.ndarray:
    """A treatment-coded coefficient (from any reference cell) as a difference of cell means."""
    if effect.removeprefix("1 ") == "Intercept":
        return mean_row(names, origin)
    cell = cell_of(effect)
    factors, row = list(cell), np.zeros(len(names))
    for corner in np.ndindex(*(2,) * len(factors)):
        at = {**origin, **{name: cell[name] for name, bit in zip(factors, corner, strict=True) if bit}}
        row += (-1.0) ** (len(factors) - sum(corner)) * mean_row(names, at)
    return row


@with_quantity("lsmeans")
def test_least_squares_means(case_id: str) -> None:
    fitted, rows = sas_fit(case_id), sas_cases()[case_id]["lsmeans"]
    factors = list(cell_of(rows[0]["effect"]))
    table = fitted.emmeans(" * ".join(factors)).table().astype(dict.fromkeys(factors, str)).set_index(factors)
    cells = [cell_of(row["effect"]) for row in rows]
    keys = [tuple(c[f] for f in factors) if len(factors) > 1 else c[factors[0]] for c in cells]
    df = case_id not in UNTESTED_DF
    check(*listing("lsmeans", table.loc[keys], rows, [row["effect"] for row in rows], df=df))


@with_quantity("differences")
def test_differences(case_id: str) -> None:
    fitted, rows = sas_fit(case_id), sas_cases()[case_id]["differences"]
    names = fitted.coefficients()["term"].tolist()
    pairs = [two_cells(row["effect"]) for row in rows]
    L = np.array([mean_row(names, first) - mean_row(names, second) for first, second in pairs])
    df = case_id not in UNTESTED_DF
    check(*listing("differences", fitted.contrast(L), rows, [row["effect"] for row in rows], df=df))


@with_quantity("type3")
def test_type_3(case_id: str) -> None:
    fitted, rows = sas_fit(case_id), sas_cases()[case_id]["type3"]
    names = fitted.coefficients()["term"].tolist()
    anova = fitted.anova(type=3)
    anova_by_effect = {frozenset(row.term.split(":")): row for row in anova.itertuples()}
    deviations = []
    for row in rows:
        ours = anova_by_effect[frozenset(row["effect"].split("*"))]
        F, place = row["F"], [row["effect"]]
        bound = 0.005 + 5e-4 * F
        deviations.append(worst("anova.F", [ours.statistic], [F], tolerance=bound, scale=1.0, places=place))
        deviations.append(
            worst("anova.num_df", [ours.num_df], [row["num_df"]], tolerance=1e-12, scale=1.0, places=place)
        )
        spanned_as_sas = row["num_df"] == len(effect_rows(names, row["effect"]))
        if case_id not in UNTESTED_DF and spanned_as_sas:
            den_df = fitted.test(effect_rows(names, row["effect"]))["den_df"].item()
            deviations.append(
                worst("type3.den_df", [den_df], [row["den_df"]], tolerance=0.57, scale=1.0, places=place)
            )
    check(*deviations)


# -- full precision ------------------------------------------------------------


@with_quantity("trt_minus_pbo_full_precision")
def test_treatment_difference_at_full_precision(case_id: str) -> None:
    reference = sas_cases()[case_id]["trt_minus_pbo_full_precision"]
    row = sas_fit(case_id).emmeans("ARMCD").contrasts("revpairwise", adjust="none").table()
    se = reference["se"]
    check(
        worst("estimate", row["estimate"], [reference["estimate"]], tolerance=5e-3, scale=se),
        worst("std_error", row["std_error"], [se], tolerance=1.6e-4),
        worst("df", row["df"], [reference["df"]], tolerance=0.07, scale=1.0),
        worst("statistic", row["statistic"], [reference["t"]], tolerance=1e-3),
        worst("p_value", row["p_value"], [reference["p"]], tolerance=1e-2),
        worst("conf_low", row["conf_low"], [reference["lower"]], tolerance=6e-3, scale=se),
        worst("conf_high", row["conf_high"], [reference["upper"]], tolerance=6e-3, scale=se),
    )


@with_quantity("beta_covariance_full_precision")
def test_empirical_covariance_at_full_precision(case_id: str) -> None:
    expected = np.array(sas_cases()[case_id]["beta_covariance_full_precision"])
    got = sas_fit(case_id).beta_vcov.to_numpy()
    check(worst("CR0", got, expected, tolerance=8e-5))


@pytest.mark.parametrize("kind", [2, 3])
@pytest.mark.parametrize("case_id", ["sas_anova_1", "sas_anova_2"])
def test_anova_with_a_covariate_at_full_precision(case_id: str, kind: int) -> None:
    case = sas_cases()[case_id]
    table = em.mmrm(full_formula(case), fev_data(), reml=case["reml"]).anova(type=kind)
    ours = {frozenset(row.term.split(":")): row for row in table.itertuples()}
    deviations = []
    for row in case["type_II" if kind == 2 else "type_III"]:
        got, place = ours[frozenset(row["effect"].split("*"))], [row["effect"]]
        deviations += [
            worst("F", [got.statistic], [row["F"]], tolerance=3e-6, places=place),
            worst("num_df", [got.num_df], [row["num_df"]], tolerance=1e-12, scale=1.0, places=place),
            worst("den_df", [got.den_df], [row["den_df"]], tolerance=0.07, scale=1.0, places=place),
            worst("p", [got.p_value], [row["p"]], tolerance=1e-4, places=place),
        ]
    check(*deviations)
    assert len(ours) == len(case["type_II"])


# -- what SAS could not fit, and what the R package states -----------------------------------------


@pytest.mark.parametrize(
    "case_id", [key for key, case in sas_cases().items() if case.get("converged") is False]
)
def test_what_sas_cannot_fit_does_not_look_like_an_answer(case_id: str) -> None:
    """Thirteen subjects, eleven coefficients: the likelihood has no interior optimum."""
    with pytest.raises(ConvergenceError) as error:
        fit(case_id)
    assert error.value.reason == "boundary" and len(error.value.theta) == 10


@pytest.mark.parametrize(
    ("vcov", "key"),
    [
        ("empirical", "Empirical"),
        ("empirical-bias-reduced", "Empirical-Bias-Reduced"),
        ("empirical-jackknife", "Empirical-Jackknife"),
    ],
)
def test_sandwich_covariances_that_the_r_package_states(vcov: str, key: str) -> None:
    figures = package_figures()["empirical_ar1"]
    fitted = em.mmrm(f"{figures['model']} + {figures['covariance']}", fev_data(), vcov=vcov)
    check(worst(key, fitted.beta_vcov, lower_triangle(figures[key]), tolerance=1e-6))


@pytest.mark.parametrize(("structure", "within"), [("ar1", 334), ("cs", 334), ("us", 192)])
def test_between_within_df(structure: str, within: int) -> None:
    """RACE between and AVISIT within subjects; with an unstructured covariance all get the between df."""
    figures = package_figures()["between_within"]
    formula = f"{figures['model']} + {structure}(AVISIT | USUBJID)"
    fitted = em.mmrm(formula, fev_data(), df_method="between-within")
    rows = np.eye(11)
    race, visits = fitted.test(rows[[1, 2]]), fitted.test(rows[[5, 6]])
    assert race["den_df"].item() == figures["between_rows_df"] == 192
    assert visits["den_df"].item() == within
    intercept = em.mmrm("FEV1 ~ 1 + us(AVISIT | USUBJID)", fev_data(), df_method="between-within")
    assert intercept.coefficients()["df"].item() == figures["intercept_only_df"]
    if structure == "us":
        mixed = fitted.test(rows[[1, 2]] + rows[[5, 6]])
        F = [race["statistic"].item(), visits["statistic"].item(), mixed["statistic"].item()]
        check(worst("F", F, list(figures["F"].values()), tolerance=1e-3))
