"""Intervals of covariance parameters: SAS's Wald limits, closed forms, constrained maxima found otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from mmrm_references import fit, sas_cases
from sas_listing import half_unit
from scipy.optimize import brentq, minimize
from scipy.stats import chi2
from slow_reference import SlowMMRM, Subject
from small_data import complete_trial, small_trial

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.mmrm.variances import covariance_parameters, derived_quantities

WANTED = float(chi2.ppf(0.95, 1))


def row(table: pd.DataFrame, parameter: str) -> pd.Series:
    return table.set_index("parameter").loc[parameter]


# -- SAS -----------------------------------------------------------------------------------------

WITH_LIMITS = [
    key
    for key, case in sas_cases().items()
    if case.get("converged") and any("lower" in parm for parm in case.get("cov_parms") or ())
]


def our_names(structure: str, parm: str, visits: list[str]) -> str:
    """SAS's name of a parameter as ours; `visits` in the order of the listing."""
    if parm.startswith("UN("):
        i, j = (int(part) - 1 for part in parm[3:-1].split(","))
        if i == j:
            return f"variance({visits[i]})"
        first, second = sorted((visits[i], visits[j]))
        return f"cov({first}, {second})"
    if parm.startswith("Var("):
        return f"variance({visits[int(parm[4:-1]) - 1]})"
    number = parm.split("(")[-1].rstrip(")")
    names = {
        "cs": {"CS": "covariance", "Residual": "residual", "Variance": "residual"},
        "toep": {"Residual": "variance"},
        "adh": {},
        "toeph": {},
    }.get(structure, {})
    if parm in names:
        return names[parm]
    if parm.startswith("TOEP("):
        return f"cov(lag {int(number) - 1})"
    if parm.startswith("TOEPH("):
        return f"rho(lag {number})"
    if parm.startswith("Rho("):
        return f"rho({number})"
    if parm.startswith("SP("):
        return "range"
    return "rho" if parm[:3] in ("AR(", "ARH", "CSH") else "variance"


@pytest.mark.parametrize("case_id", WITH_LIMITS)
def test_wald_limits_are_those_of_sas(case_id: str) -> None:
    case = sas_cases()[case_id]
    visits = ["VIS1", "VIS2", "VIS3", "VIS4"]
    visits = visits[1:] + visits[:1] if case_id.startswith("sas_log") else visits
    table = fit(case_id).covariance_parameters()
    structure = case["covariance"].split("(")[0]
    for parm in case["cov_parms"]:
        if "lower" not in parm:
            continue
        group = parm.get("group", "").removeprefix("ARMCD ")
        name = our_names(structure, parm["parm"], visits)
        ours = row(table, f"{group}: {name}" if group else name)
        for column, key in (("conf_low", "lower"), ("conf_high", "upper")):
            allowed = 1e-2 * ours["std_error"] + half_unit(parm[key])
            assert ours[column] == pytest.approx(parm[key], abs=allowed), (parm["parm"], key)


# -- closed forms ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reml", [True, False])
def test_profile_of_a_single_variance_is_the_closed_form(reml: bool) -> None:
    data = complete_trial(14, visits=("V1",))
    fitted = em.mmrm("Y ~ ARM + AGE + us(VISIT | ID)", data, reml=reml)
    m = 14 - 3 if reml else 14
    estimate = fitted.theta.iloc[0]

    def rise(v: float) -> float:
        return m * (np.log(v / estimate) + estimate / v - 1) - WANTED

    table = fitted.profile()
    expected = [brentq(rise, 1e-3 * estimate, estimate), brentq(rise, estimate, 1e3 * estimate)]
    found = row(table, "variance(V1)")
    np.testing.assert_allclose(found[["conf_low", "conf_high"]].astype(float), expected, rtol=1e-8)
    sd = row(table, "sd")
    np.testing.assert_allclose(sd[["conf_low", "conf_high"]].astype(float), np.sqrt(expected), rtol=1e-8)
    assert found["method"] == ("profile restricted likelihood" if reml else "profile likelihood")


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("structure", ["us", "csh", "ar1h", "toeph", "adh"])
def test_profile_of_a_correlation_of_complete_pairs_is_the_closed_form(structure: str, reml: bool) -> None:
    data = complete_trial(17, visits=("V1", "V2"))
    fitted = em.mmrm(f"Y ~ ARM * VISIT + {structure}(VISIT | ID)", data, reml=reml)
    m = 15 if reml else 17
    r = fitted.covariance.iloc[0, 1] / np.sqrt(np.prod(np.diagonal(fitted.covariance)))

    def rise(rho: float) -> float:
        return m * np.log((1 - rho * r) ** 2 / ((1 - rho**2) * (1 - r**2))) - WANTED

    found = row(fitted.profile("cor"), "cor")
    expected = [brentq(rise, -0.999999, r), brentq(rise, r, 0.999999)]
    np.testing.assert_allclose(found[["conf_low", "conf_high"]].astype(float), expected, rtol=1e-7)
    assert found["estimate"] == pytest.approx(r)


# -- constrained maxima found by a general optimiser over the dense likelihood ----------------------


def dense(fitted: Any, structure: str) -> SlowMMRM:
    frame = fitted.frame
    subjects = []
    for i in range(len(frame.subjects)):
        own = np.flatnonzero(frame.subject == i)
        places = tuple(int(v) for v in frame.visit[own])
        subjects.append(Subject(frame.y[own], frame.X[own], places, np.ones(len(own)), 0))
    return SlowMMRM(tuple(subjects), structure, len(frame.visits), fitted.theta.to_numpy(), reml=fitted.reml)


@pytest.mark.parametrize(
    ("structure", "parameter", "reml"),
    [
        ("us", "cov(V1, V3)", True),
        ("toep", "cov(lag 2)", False),
        ("ad", "rho(1)", True),
        ("cs", "covariance", True),
    ],
)
def test_no_covariance_with_the_parameter_at_its_limit_is_more_likely(
    structure: str, parameter: str, reml: bool
) -> None:
    data = small_trial(16, visits=("V1", "V2", "V3"), seed=3)
    fitted = em.mmrm(f"Y ~ ARM + VISIT + {structure}(VISIT | ID)", data, reml=reml)
    slow, found = dense(fitted, structure), row(fitted.profile(parameter), parameter)
    index = list(fitted.theta.index).index(parameter)
    for column in ("conf_low", "conf_high"):

        def rise(rest: np.ndarray, value: float = found[column]) -> float:
            theta = np.insert(rest, index, value)
            with np.errstate(all="ignore"):
                deviance = slow.deviance_at(theta)
            return float(deviance) if np.isfinite(deviance) and positive(slow, theta) else 1e10

        start = wide_enough(slow, fitted, index, found[column])
        best = minimize(
            rise, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 8000}
        )
        best = minimize(
            rise, best.x, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 8000}
        )
        assert best.fun - fitted.deviance == pytest.approx(WANTED, abs=2e-5)


def wide_enough(slow: SlowMMRM, fitted: Any, index: int, value: float) -> np.ndarray:
    """The other parameters at their estimates, variances raised until the covariance is positive definite."""
    theta = fitted.theta.to_numpy().copy()
    theta[index] = value
    variances = [name.startswith(("variance", "residual")) for name in fitted.theta.index]
    while not positive(slow, theta):
        theta[variances] *= 1.1
    return np.delete(theta, index)


def positive(slow: SlowMMRM, theta: np.ndarray) -> bool:
    full = Subject(np.zeros(3), np.zeros((3, 1)), (0, 1, 2), np.ones(3), 0)
    return bool(np.linalg.eigvalsh(slow.V(full, theta))[0] > 0)


def test_a_derived_correlation_at_its_limit_gives_the_wanted_deviance() -> None:
    """The limits of a correlation under us: the dense likelihood over the other numbers of Σ = D R D."""
    data = small_trial(20, visits=("V1", "V2", "V3"), seed=11)
    fitted = em.mmrm("Y ~ VISIT + us(VISIT | ID)", data)
    slow, found = dense(fitted, "us"), row(fitted.profile("cor(V1, V2)"), "cor(V1, V2)")
    S = fitted.covariance.to_numpy()
    start = np.concatenate([np.log(np.sqrt(np.diagonal(S))), [0.0, 0.0]])

    def rise(free: np.ndarray, rho: float) -> float:
        sd, (a, b) = np.exp(free[:3]), np.tanh(free[3:])
        R = np.array([[1, rho, a], [rho, 1, b], [a, b, 1]])
        if np.linalg.eigvalsh(R)[0] <= 0:
            return 1e10
        return slow.deviance_at((R * np.outer(sd, sd))[np.tril_indices(3)])

    for column in ("conf_low", "conf_high"):
        best = minimize(rise, start, args=(found[column],), method="BFGS", options={"gtol": 1e-7})
        assert best.fun - fitted.deviance == pytest.approx(WANTED, abs=1e-5)


# -- properties ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "structure", ["us", "toep", "toeph", "ar1", "ar1h", "ad", "adh", "cs", "csh", "ind", "indh"]
)
def test_derivatives_of_every_quantity_are_those_of_finite_differences(structure: str) -> None:
    fitted = em.mmrm(f"Y ~ ARM + VISIT + {structure}(VISIT | ARM / ID)", small_trial(40, seed=5))
    theta, visits = fitted.optimum.at.theta, fitted.frame.visits
    quantities = derived_quantities(fitted.problem, visits, fitted.frame.groups, 1.0)
    quantities += covariance_parameters(fitted.problem, visits, fitted.frame.groups, 1.0)
    for quantity in quantities:
        jet = quantity.at(theta)
        for h in range(len(theta)):
            e = np.zeros(len(theta))
            e[h] = 1e-5
            up, down = quantity.at(theta + e), quantity.at(theta - e)
            assert jet.gradient[h] == pytest.approx((up.value - down.value) / 2e-5, abs=1e-7)
            np.testing.assert_allclose(jet.hessian[h], (up.gradient - down.gradient) / 2e-5, atol=1e-7)


def test_what_a_structure_makes_equal_is_named_once() -> None:
    names = {
        "us": (4, 6), "toeph": (4, 3), "ar1h": (4, 3), "adh": (4, 6), "csh": (4, 1), "indh": (4, 0),
        "toep": (1, 3), "ar1": (1, 3), "ad": (1, 6), "cs": (1, 1), "ind": (1, 0),
    }  # fmt: skip
    for structure, counts in names.items():
        fitted = em.mmrm(f"Y ~ ARM + VISIT + {structure}(VISIT | ID)", small_trial(40, seed=5))
        table = fitted.variance_components()
        kinds = table["kind"].value_counts()
        assert (kinds.get("sd", 0), kinds.get("correlation", 0)) == counts, structure
        covariance = fitted.covariance.to_numpy()
        first = table["estimate"].iloc[0]
        assert first == pytest.approx(np.sqrt(covariance[0, 0]))


def test_an_even_power_of_a_correlation_that_may_be_zero_starts_at_zero() -> None:
    data = small_trial(20, seed=8)
    data["Y"] = np.random.default_rng(4).normal(size=len(data))
    table = em.mmrm("Y ~ VISIT + ar1(VISIT | ID)", data).profile()
    rho, squared = row(table, "rho"), row(table, "cor(lag 2)")
    assert rho["conf_low"] < 0 < rho["conf_high"]
    largest = max(rho["conf_low"] ** 2, rho["conf_high"] ** 2)
    assert squared["conf_low"] == 0.0 and squared["conf_high"] == pytest.approx(largest)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_unit_of_the_outcome_does_not_matter(unit: float) -> None:
    data = small_trial(24, seed=2)
    plain = em.mmrm("Y ~ ARM + VISIT + toeph(VISIT | ID)", data)
    scaled = em.mmrm("Y ~ ARM + VISIT + toeph(VISIT | ID)", data.assign(Y=data["Y"] * unit))
    for wanted, factor in (
        (["variance(V2)", "variance(V4)"], unit**2),
        (["sd(V1)"], unit),
        (["cor(lag 2)"], 1.0),
    ):
        a, b = plain.profile(wanted), scaled.profile(wanted)
        columns = ["estimate", "conf_low", "conf_high"]
        np.testing.assert_allclose(b[columns] / factor, a[columns], rtol=1e-6)


def test_wald_and_profile_agree_when_there_is_much_information() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    errors = rng.multivariate_normal([0, 0, 0], [[2, 1, 0.5], [1, 3, 1], [0.5, 1, 4]], size=n)
    data = pd.DataFrame(
        {"ID": np.repeat(np.arange(n), 3), "VISIT": np.tile(["a", "b", "c"], n), "Y": errors.reshape(-1)}
    )
    fitted = em.mmrm("Y ~ VISIT + us(VISIT | ID)", data)
    for wald, profile in (
        (fitted.covariance_parameters(), fitted.covariance_parameters("profile")),
        (fitted.variance_components(), fitted.variance_components("profile")),
    ):
        for column in ("conf_low", "conf_high"):
            assert ((wald[column] - profile[column]).abs() < 0.05 * wald["std_error"]).all()
        assert (profile["estimate"] == wald["estimate"]).all() and (profile["note"] == "").all()


def test_wider_levels_contain_narrower_ones() -> None:
    fitted = em.mmrm("Y ~ ARM + VISIT + us(VISIT | ID)", small_trial(24, seed=2))
    narrow, wide = fitted.profile(conf_level=0.8), fitted.profile(conf_level=0.99)
    assert (wide["conf_low"] < narrow["conf_low"]).all() and (wide["conf_high"] > narrow["conf_high"]).all()
    assert (narrow["conf_low"] < narrow["estimate"]).all() and (
        narrow["conf_high"] > narrow["estimate"]
    ).all()


def test_an_end_that_the_likelihood_leaves_open_lies_on_the_edge_and_says_so() -> None:
    data = small_trial(12, seed=21, gaps=0.0)
    data["Y"] = np.random.default_rng(8).normal(size=len(data))
    fitted = em.mmrm("Y ~ 1 + sp_exp(DAY | ID)", data)
    found = row(fitted.profile(), "range")
    assert found["conf_low"] == 0.0 and "lower end: open" in found["note"]
    assert np.isfinite(found["conf_high"])


def test_groups_have_rows_of_their_own() -> None:
    fitted = em.mmrm("Y ~ ARM * VISIT + ar1(VISIT | ARM / ID)", complete_trial(30))
    table = fitted.profile("rho")
    assert table["parameter"].tolist() == ["A: rho", "B: rho"]
    alone = [
        em.mmrm("Y ~ VISIT + ar1(VISIT | ID)", part).profile("rho").iloc[0]
        for _, part in complete_trial(30).groupby("ARM", observed=True)
    ]
    np.testing.assert_allclose(table["conf_low"], [one["conf_low"] for one in alone], rtol=1e-6)
    assert fitted.covariance_parameters()["group"].tolist() == ["A", "A", "B", "B"]
    assert fitted.covariance_parameters()["parameter"].tolist() == list(fitted.theta.index)


def test_what_does_not_exist_is_refused_with_what_there_is() -> None:
    fitted = em.mmrm("Y ~ ARM + VISIT + us(VISIT | ID)", small_trial())
    with pytest.raises(UsageError, match=r"no parameter 'cov\(V1,V2\)'.*Did you mean 'cov\(V1, V2\)'"):
        fitted.profile("cov(V1,V2)")
    with pytest.raises(UsageError, match="between 0 and 1"):
        fitted.profile(conf_level=95)
    with pytest.raises(UsageError, match="'wald' or 'profile'"):
        fitted.covariance_parameters("likelihood")
