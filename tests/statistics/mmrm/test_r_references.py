"""Every figure of R mmrm, for every structure, df method and coefficient covariance.

Held to a hundredth of the tolerances that the README of the reference folder asks for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from mmrm_references import (
    METHODS,
    TIGHT,
    check,
    contrasts,
    covariance_deviation,
    f_deviations,
    fit,
    lower_triangle,
    r_blocks,
    r_cases,
    table_deviations,
    worst,
)

CASES = list(r_cases())
BLOCKS = {f"{case}-{block['method']}-{block['vcov']}": (case, block) for case, block in r_blocks()}


def blocks_with(quantity: str) -> Any:
    """Parametrisation over the inference blocks that hold a quantity."""
    return pytest.mark.parametrize("block_id", [key for key, (_, b) in BLOCKS.items() if quantity in b])


def fit_of(block_id: str) -> tuple[Any, dict[str, Any], float]:
    """The engine's fit, R's block, and the tolerance for standard errors."""
    case, block = BLOCKS[block_id]
    fitted = fit(case, *METHODS[block["method"], block["vcov"]])
    return fitted, block, 1e-7 if block["vcov"] == "Kenward-Roger" else TIGHT


def matched(table: pd.DataFrame, reference: dict[str, Any], *keys: str) -> pd.DataFrame:
    """The table's rows in the reference's order, matched by the key columns."""
    wanted = pd.MultiIndex.from_arrays([reference[key] for key in keys])
    indexed = table.set_index(pd.MultiIndex.from_arrays([table[key].astype(str) for key in keys]))
    assert indexed.index.is_unique and set(indexed.index) == set(wanted)
    return indexed.loc[wanted]


# -- the fit ------------------------------------------------------------


@pytest.mark.parametrize("case_id", CASES)
def test_likelihood(case_id: str) -> None:
    fitted, expected = fit(case_id), r_cases()[case_id]["fit"]
    check(
        worst("deviance", fitted.deviance, expected["deviance"], tolerance=1e-8, scale=1.0),
        worst("loglik", fitted.loglik, expected["logLik"], tolerance=1e-8, scale=1.0),
        worst("aic", fitted.aic, expected["AIC"], tolerance=1e-8, scale=1.0),
        worst("aicc", fitted.aicc, expected["AICc"], tolerance=1e-8, scale=1.0),
        worst("bic", fitted.bic, expected["BIC"], tolerance=1e-8, scale=1.0),
    )
    assert fitted.deviance - expected["deviance"] < 1e-8, "R's optimum is better than ours"


@pytest.mark.parametrize("case_id", CASES)
def test_information_criteria_by_either_convention(case_id: str) -> None:
    expected = r_cases()[case_id]["fit"]
    table = fit(case_id).information_criteria().set_index("convention")
    check(
        *(
            worst(f"R {k}", table.loc["R", k.lower()], expected[k], tolerance=1e-11)
            for k in ("AIC", "AICc", "BIC")
        ),
        worst("SAS AIC", table.loc["SAS", "aic"], expected["AIC_from_logLik"], tolerance=1e-11),
    )


@pytest.mark.parametrize("case_id", CASES)
def test_counts(case_id: str) -> None:
    fitted, expected = fit(case_id), r_cases()[case_id]["fit"]
    assert (fitted.n_observations, fitted.n_subjects) == (expected["n_obs"], expected["n_subjects"])
    assert len(fitted.theta) == expected["n_theta"]
    assert fitted.coefficients()["term"].tolist() == expected["coef_names"]


@pytest.mark.parametrize("case_id", CASES)
def test_covariance_of_the_visits(case_id: str) -> None:
    fitted, expected = fit(case_id), r_cases()[case_id]["fit"]
    varcor = np.array(expected["varcor"])
    assert fitted.covariance.columns.tolist() == fitted.covariance.index.tolist() == expected["visit_names"]
    check(worst("varcor", fitted.covariance.to_numpy(), varcor, tolerance=1e-8, scale=np.max(np.abs(varcor))))


@pytest.mark.parametrize(
    ("case_id", "vcov"), [(case, vcov) for case in CASES for vcov in r_cases()[case]["beta_vcov"]]
)
def test_covariance_of_the_coefficients(case_id: str, vcov: str) -> None:
    methods = {
        "Asymptotic": ("satterthwaite", "asymptotic"), "Empirical": ("satterthwaite", "empirical"),
        "Kenward-Roger": ("kenward-roger-r", "asymptotic"),
        "Kenward-Roger-Linear": ("kenward-roger-linear", "asymptotic"),
    }  # fmt: skip
    fitted, names = fit(case_id, *methods[vcov]), r_cases()[case_id]["fit"]["coef_names"]
    expected = lower_triangle(r_cases()[case_id]["beta_vcov"][vcov])
    assert fitted.beta_vcov.columns.tolist() == fitted.beta_vcov.index.tolist() == names
    tolerance = 2e-7 if vcov == "Kenward-Roger" else 2e-8
    check(
        covariance_deviation(f"beta_vcov[{vcov}]", fitted.beta_vcov.to_numpy(), expected, tolerance=tolerance)
    )


# -- inference ------------------------------------------------------------


@blocks_with("coef")
def test_coefficients(block_id: str) -> None:
    fitted, block, tolerance = fit_of(block_id)
    table = fitted.coefficients()
    check(*table_deviations("coef", table, block["coef"], places=table["term"], se_tolerance=tolerance))


def weighted(quantity: str) -> Any:
    """(block, key of the block, weights) for means and differences, with equal and proportional weights."""
    keys = {quantity: "equal", f"{quantity}_proportional": "proportional"}
    return pytest.mark.parametrize(
        ("block_id", "key", "weights"),
        [(block_id, key, w) for block_id, (_, b) in BLOCKS.items() for key, w in keys.items() if key in b],
    )


@weighted("emmeans")
def test_emmeans(block_id: str, key: str, weights: str) -> None:
    fitted, block, tolerance = fit_of(block_id)
    table = fitted.emmeans("ARMCD | AVISIT", weights=weights).table()
    assert table["ARMCD"].astype(str).tolist() == block[key]["ARMCD"]
    assert table["AVISIT"].astype(str).tolist() == block[key]["AVISIT"]
    places = table["ARMCD"].astype(str) + " " + table["AVISIT"].astype(str)
    check(*table_deviations(key, table, block[key], places=places, se_tolerance=tolerance))


@weighted("pairs")
def test_pairs(block_id: str, key: str, weights: str) -> None:
    fitted, block, tolerance = fit_of(block_id)
    table = fitted.emmeans("ARMCD | AVISIT", weights=weights).contrasts("revpairwise", adjust="none").table()
    table = matched(table, block[key], "contrast", "AVISIT")
    check(*table_deviations(key, table, block[key], places=table["AVISIT"], se_tolerance=tolerance))


@pytest.mark.parametrize("kind", ["II", "III"])
@blocks_with("anova_III")
def test_anova(block_id: str, kind: str) -> None:
    fitted, block, tolerance = fit_of(block_id)
    table = fitted.anova(type=2 if kind == "II" else 3)
    reference = block[f"anova_{kind}"]
    assert table["term"].tolist() == reference["term"]
    check(*f_deviations(f"anova_{kind}", table, reference, places=table["term"], f_tolerance=10 * tolerance))


@blocks_with("df_md")
def test_several_rows(block_id: str) -> None:
    fitted, block, tolerance = fit_of(block_id)
    deviations = []
    for name, reference in block["df_md"].items():
        table = fitted.test(np.array(contrasts()["df_md"][name], float))
        deviations += f_deviations(
            f"df_md[{name}]", table, reference, places=[name], f_tolerance=10 * tolerance
        )
    check(*deviations)


@blocks_with("df_1d")
def test_single_rows(block_id: str) -> None:
    fitted, block, tolerance = fit_of(block_id)
    names = list(block["df_1d"])
    reference = {key: [block["df_1d"][n][key] for n in names] for key in block["df_1d"][names[0]]}
    table = fitted.contrast(np.array([contrasts()["df_1d"][n] for n in names], float))
    check(*table_deviations("df_1d", table, reference, places=names, se_tolerance=tolerance))
    one = fitted.test(np.array(contrasts()["df_1d"][names[0]], float))
    assert one["num_df"].item() == 1
    check(worst("test", one["statistic"], reference["t"][:1], tolerance=2 * tolerance))
