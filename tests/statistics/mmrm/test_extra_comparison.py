"""Information criteria as SAS prints them; likelihood-ratio tests, and what may not be compared."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mmrm_references import fit, r_cases, sas_cases
from scipy.stats import chi2
from small_data import small_trial

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.mmrm import compare
from emostats.statistics.mmrm.comparison import covariance_contains, criteria_table
from emostats.statistics.mmrm.comparison.criteria import Counts
from emostats.statistics.mmrm.comparison.nesting import structure_contains
from emostats.statistics.mmrm.covariance import STRUCTURES

LATTICE = [token for token, structure in STRUCTURES.items() if not structure.spatial]
MEANS = "Y ~ ARM + VISIT"


def trial() -> pd.DataFrame:
    return small_trial(40, seed=5)


def fitted(covariance: str, means: str = MEANS, data: pd.DataFrame | None = None, **options: Any) -> Any:
    return em.mmrm(f"{means} + {covariance}", trial() if data is None else data, **options)


# -- criteria --------------------------------------------------------------------------------------

PRINTED = [key for key, case in sas_cases().items() if case.get("converged") and case.get("aic") is not None]


@pytest.mark.parametrize("case_id", PRINTED)
def test_criteria_are_those_that_sas_prints(case_id: str) -> None:
    case, table = sas_cases()[case_id], fit(case_id).information_criteria().set_index("convention")
    for name in ("aic", "aicc", "bic"):
        assert table.loc["SAS", name] == pytest.approx(case[name], abs=0.0501), name


@pytest.mark.parametrize("case_id", list(r_cases()))
def test_criteria_are_those_of_r(case_id: str) -> None:
    expected, table = r_cases()[case_id]["fit"], fit(case_id).information_criteria().set_index("convention")
    for ours, theirs in (("aic", "AIC"), ("aicc", "AICc"), ("bic", "BIC")):
        assert table.loc["R", ours] == pytest.approx(expected[theirs], abs=1e-6)
    if "AIC_from_logLik" in expected:
        assert table.loc["SAS", "aic"] == pytest.approx(expected["AIC_from_logLik"], abs=1e-6)


def test_too_few_rows_for_aicc_leave_it_missing() -> None:
    table = criteria_table(10.0, Counts(5, 2, 8, 4, 4, True))
    assert table["aicc"].isna().all() and np.isfinite(table["bic"]).all()


# -- which covariances contain which ----------------------------------------------------------------


@pytest.mark.parametrize(("wide", "narrow"), list(product(LATTICE, LATTICE)))
def test_nesting_is_what_least_squares_over_the_structures_finds(wide: str, narrow: str) -> None:
    """Fit `wide` to a matrix of structure `narrow`: contained exactly when nothing is left over, at T = 5."""
    T = 5
    theta = generic_theta(narrow, T)
    target = STRUCTURES[narrow].sigma(theta, T)
    left = distance(wide, target)
    assert structure_contains(wide, narrow) == (left < 1e-6)


def generic_theta(token: str, T: int) -> np.ndarray:
    place = np.arange(T) + 0.4 * np.sin(3 * np.arange(T))
    sd = 1 + 0.15 * np.cos(2 * np.arange(T))
    R = 0.25 + 0.5 * np.exp(-np.abs(np.subtract.outer(place, place)))
    np.fill_diagonal(R, 1.0)
    return STRUCTURES[token].start(R * np.outer(sd, sd))


def distance(token: str, target: np.ndarray) -> float:
    """Smallest Frobenius distance of a structure's matrices to the target, by Gauss-Newton from its start."""
    from scipy.optimize import least_squares

    structure, T = STRUCTURES[token], len(target)

    def gap(theta: np.ndarray) -> np.ndarray:
        return (structure.sigma(theta, T) - target)[np.tril_indices(T)]

    low = [1e-6 if p else -0.999 for p in structure.scale_powers(T)]
    high = [np.inf if p else 0.999 for p in structure.scale_powers(T)]
    if token in ("us", "toep", "cs"):  # covariances may be negative
        low = [-np.inf] * len(low)
    found = least_squares(
        gap, structure.start(target), bounds=(low, high), xtol=1e-15, ftol=1e-15, gtol=1e-15
    )
    return float(np.abs(found.fun).max())


def test_finer_groups_contain_coarser_ones() -> None:
    one, two, three = np.zeros(4, int), np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2])
    other = np.array([0, 1, 0, 1])
    assert covariance_contains("us", "cs", two, one) and covariance_contains("cs", "cs", three, two)
    assert not covariance_contains("us", "us", one, two) and not covariance_contains("us", "cs", two, other)


# -- likelihood-ratio tests --------------------------------------------------------------------------


def test_nested_covariances() -> None:
    small, large = fitted("cs(VISIT | ID)"), fitted("us(VISIT | ID)")
    table = large.compare(small)
    statistic = 2 * (large.loglik - small.loglik)
    assert table["structure"].tolist() == ["cs", "us"] and table["n_theta"].tolist() == [2, 10]
    assert np.isnan(table["statistic"][0]) and table["versus"].tolist() == ["", "0"]
    assert table["statistic"][1] == pytest.approx(statistic, rel=1e-10)
    assert table["p_value"][1] == pytest.approx(chi2.sf(statistic, 8), rel=1e-8)
    pd.testing.assert_frame_equal(table, compare(small, large))


def test_a_chain_of_nested_fits_is_tested_step_by_step() -> None:
    tokens = ("us", "ind", "toeph", "cs", "csh")
    table = compare(*[fitted(f"{token}(VISIT | ID)") for token in tokens])
    assert table["structure"].tolist() == ["ind", "cs", "csh", "toeph", "us"]
    assert table["df"].tolist()[1:] == [1.0, 3.0, 2.0, 3.0]
    assert (table["statistic"][1:] >= 0).all()


def test_groups_contain_the_ungrouped_and_the_p_value_is_uniform_enough() -> None:
    one, two = fitted("ar1(VISIT | ID)"), fitted("ar1(VISIT | ARM / ID)")
    table = compare(one, two)
    assert table["df"][1] == 2.0 and table["n_theta"].tolist() == [2, 4]
    assert compare(one, fitted("toep(VISIT | ARM / ID)"))["df"][1] == 6.0


def test_different_means_need_ml() -> None:
    data = trial()
    small, large = "Y ~ VISIT", "Y ~ ARM * VISIT"
    with pytest.raises(UsageError, match=r"different means.*reml=False"):
        compare(fitted("us(VISIT | ID)", small), fitted("us(VISIT | ID)", large))
    fits = [fitted("us(VISIT | ID)", means, data, reml=False) for means in (small, large)]
    table = compare(*fits)
    assert table["df"][1] == 4.0 and "ML" in table["note"][1]
    assert table["statistic"][1] == pytest.approx(2 * (fits[1].loglik - fits[0].loglik))


def test_ml_of_independent_rows_is_the_classical_test_of_a_regression() -> None:
    data = trial().dropna(subset="Y")
    fits = [fitted("ind(VISIT | ID)", means, data, reml=False) for means in ("Y ~ VISIT", "Y ~ VISIT + AGE")]
    rss = [float((fit.residuals() ** 2).sum()) for fit in fits]
    table = compare(*fits)
    assert table["statistic"][1] == pytest.approx(len(data) * np.log(rss[0] / rss[1]), rel=1e-8)


def test_reml_of_one_space_of_means_coded_differently_is_put_on_one_footing() -> None:
    treatment = fitted("cs(VISIT | ID)", "Y ~ ARM * VISIT")
    sums = fitted("us(VISIT | ID)", "Y ~ C(ARM, contr.sum) * C(VISIT, contr.sum)")
    plain = compare(treatment, fitted("us(VISIT | ID)", "Y ~ ARM * VISIT"))
    recoded = compare(treatment, sums)
    assert recoded["statistic"][1] == pytest.approx(plain["statistic"][1], rel=1e-8)
    assert "coded differently" in recoded["note"][1] and plain["note"][1] == ""
    assert abs(2 * (sums.loglik - treatment.loglik) - plain["statistic"][1]) > 1


def test_independence_in_a_spatial_structure_is_on_the_boundary() -> None:
    table = compare(fitted("ind(VISIT | ID)"), fitted("sp_exp(DAY | ID)"))
    assert "boundary" in table["note"][1] and table["df"][1] == 1.0


def test_one_model_twice_is_said_to_be_one() -> None:
    table = compare(fitted("us(VISIT | ID)"), fitted("us(VISIT | ID)"))
    assert np.isnan(table["p_value"][1]) and "one model" in table["note"][1]


def other_visits() -> pd.DataFrame:
    data = trial()
    return data.assign(VISIT=data["VISIT"].cat.reorder_categories(["V2", "V1", "V3", "V4"]))


def other_subjects() -> pd.DataFrame:
    """The last visit of each subject is given to the next one."""
    data = trial()
    last = data["VISIT"] == "V4"
    return data.assign(ID=data["ID"].mask(last, np.roll(data["ID"], 4)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"covariance": "csh(VISIT | ID)"}, "not a special case"),
        ({"reml": False}, "REML and one by ML"),
        ({"data": trial().iloc[4:]}, "different rows"),
        ({"data": trial().assign(Y=2 * trial()["Y"])}, "different outcomes"),
        ({"weights": "W"}, "different weights"),
        ({"means": "Y ~ offset(AGE) + ARM + VISIT"}, "different offsets"),
        ({"means": "Y ~ AGE + VISIT"}, "not among those"),
        ({"data": other_visits()}, "different visits"),
        ({"data": other_subjects()}, "rows as one subject"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(change: dict[str, Any], words: str) -> None:
    other = fitted(**{"covariance": "toep(VISIT | ID)", **change})
    with pytest.raises(UsageError, match=words):
        compare(fitted("ar1(VISIT | ID)"), other)


def test_a_comparison_needs_two() -> None:
    with pytest.raises(UsageError, match="two or more"):
        compare(fitted("ar1(VISIT | ID)"))


def test_without_nesting_the_criteria_stand_side_by_side() -> None:
    table = compare(fitted("csh(VISIT | ID)"), fitted("ar1(VISIT | ID)"), nested=False)
    assert table["structure"].tolist() == ["ar1", "csh"] and table["p_value"].isna().all()
    assert np.isfinite(table[["aic", "aicc", "bic"]].to_numpy()).all()
