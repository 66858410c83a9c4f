"""The slow reference against R and SAS, without the engine: what the engine is held to is itself held."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from mmrm_references import (
    check,
    contrasts,
    covariance_deviation,
    fev_data,
    lower_triangle,
    r_cases,
    treatment_coding,
    worst,
)
from slow_reference import SlowMMRM, build, natural_theta, r_theta

TERMS = ("RACE", "SEX", "ARMCD", "AVISIT", "ARMCD:AVISIT")


@cache
def slow(case_id: str, r_parameters: bool = False) -> SlowMMRM:
    case, data = r_cases()[case_id], fev_data()
    structure = case["covariance"].split("(")[0]
    Sigma = np.array(case["fit"]["varcor"])
    theta = r_theta(structure, Sigma) if r_parameters else natural_theta(structure, Sigma)
    return build(
        y=data["FEV1"], X=treatment_coding(data, *TERMS), ids=data["USUBJID"],
        places=data["AVISIT"].cat.codes.tolist(), structure=structure + ("_r" if r_parameters else ""),
        n_visits=4, theta=theta, reml=case["reml"],
        weights=data[case["weights"]] if case["weights"] else None,
    )  # fmt: skip


def block(case_id: str, method: str, vcov: str) -> dict:
    return next(b for b in r_cases()[case_id]["inference"] if (b["method"], b["vcov"]) == (method, vcov))


def unit(i: int, k: int = 11) -> np.ndarray:
    return np.eye(k)[i]


@pytest.mark.parametrize("case_id", list(r_cases()))
def test_likelihood_and_coefficients_equal_r(case_id: str) -> None:
    model, case = slow(case_id), r_cases()[case_id]
    expected = lower_triangle(case["beta_vcov"]["Asymptotic"])
    coef = block(case_id, "Satterthwaite", "Asymptotic")["coef"]
    check(
        worst("deviance", model.deviance, case["fit"]["deviance"], tolerance=1e-8, scale=1.0),
        worst("beta", model.beta, coef["estimate"], tolerance=1e-8, scale=coef["se"]),
        covariance_deviation("phi", model.phi, expected, tolerance=1e-8),
    )


@pytest.mark.parametrize("case_id", ["fev_ar1_reml", "fev_cs_reml", "fev_csh_ml", "fev_toep_reml"])
def test_satterthwaite_equals_r(case_id: str) -> None:
    model, reference = slow(case_id), block(case_id, "Satterthwaite", "Asymptotic")
    rows = (0, 4, 10)
    race = model.satterthwaite_f(np.array(contrasts()["df_md"]["mixed"]))
    check(
        worst(
            "df",
            [model.satterthwaite(unit(i)).df for i in rows],
            [reference["coef"]["df"][i] for i in rows],
            tolerance=1e-6,
        ),
        worst("F", race.statistic, reference["df_md"]["mixed"]["F"], tolerance=1e-8),
        worst("den_df", race.den_df, reference["df_md"]["mixed"]["den_df"], tolerance=1e-6),
    )


@pytest.mark.parametrize("structure", ["ar1", "cs", "csh"])
@pytest.mark.parametrize("variant", ["Kenward-Roger-Linear", "Kenward-Roger"])
def test_kenward_roger_equals_r(structure: str, variant: str) -> None:
    case_id = f"fev_{structure}_reml"
    linear = variant == "Kenward-Roger-Linear"
    model, reference = slow(case_id, r_parameters=True), block(case_id, "Kenward-Roger", variant)
    expected = lower_triangle(r_cases()[case_id]["beta_vcov"][variant])
    mixed, expected_mixed = (
        model.kenward_roger_f(np.array(contrasts()["df_md"]["mixed"]), linear), reference["df_md"]["mixed"]
    )  # fmt: skip
    check(
        covariance_deviation("phi_A", model.phi_adjusted(linear), expected, tolerance=1e-6),
        worst("df", model.kenward_roger(unit(4), linear).df, reference["coef"]["df"][4], tolerance=1e-6),
        worst("F", mixed.statistic, expected_mixed["F"], tolerance=1e-6),
        worst("den_df", mixed.den_df, expected_mixed["den_df"], tolerance=1e-6),
    )


@pytest.mark.parametrize("structure", ["cs", "ar1"])
def test_linear_kenward_roger_does_not_depend_on_the_parameters(structure: str) -> None:
    natural, other = slow(f"fev_{structure}_reml"), slow(f"fev_{structure}_reml", r_parameters=True)
    check(covariance_deviation("phi_A", natural.phi_adjusted(True), other.phi_adjusted(True), tolerance=1e-7))


@pytest.mark.parametrize("case_id", ["fev_us_reml_weighted", "fev_ar1_ml"])
def test_empirical_equals_r(case_id: str) -> None:
    model, reference = slow(case_id), block(case_id, "Satterthwaite", "Empirical")
    expected = lower_triangle(r_cases()[case_id]["beta_vcov"]["Empirical"])
    visits, expected_visits = (
        model.empirical_f(np.array(contrasts()["df_md"]["race"]), "CR0"), reference["df_md"]["race"]
    )  # fmt: skip
    check(
        covariance_deviation("CR0", model.empirical("CR0"), expected, tolerance=1e-8),
        worst(
            "df",
            [model.bell_mccaffrey_df(unit(i), "CR0") for i in (0, 4)],
            [reference["coef"]["df"][i] for i in (0, 4)],
            tolerance=1e-7,
        ),
        worst("den_df", visits.den_df, expected_visits["den_df"], tolerance=1e-7),
    )


def test_score_vanishes_at_the_optimum_and_differences_agree_elsewhere() -> None:
    model = slow("fev_csh_reml")
    assert np.max(np.abs(model.score)) < 1e-6
    theta = model.theta * 1.1
    step = 1e-4 * theta[0]
    up, down = theta.copy(), theta.copy()
    up[0] += step
    down[0] -= step
    difference = -0.5 * (model.deviance_at(up) - model.deviance_at(down)) / (2 * step)
    check(worst("score", model.score_at(theta)[0], difference, tolerance=1e-6))
