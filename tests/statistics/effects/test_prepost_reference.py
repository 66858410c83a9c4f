"""ANCOVA, responder tables, McNemar, Friedman, Cochran, reliable change, one-way layouts, proportions:
against R."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats.contingency import odds_ratio as scipy_odds_ratio

from emostats.statistics import effects as ef
from emostats.statistics.effects.proportions import METHODS, _hypergeometric, _tilted

FOLDER = Path(__file__).parents[2] / "reference/effects"
REFERENCE = json.loads((FOLDER / "prepost_tests.json").read_text())
PROPORTIONS = json.loads((FOLDER / "proportions.json").read_text())["cases"]
CLOSE = {"abs": 1e-9}


def ends(effect):
    return [effect.conf_low, effect.conf_high]


@pytest.fixture(params=REFERENCE["ancova"], ids=lambda case: case["id"])
def layout(request):
    return request.param


def test_ancova(layout):
    call = {"reference": layout["reference"]}
    fit = ef.ancova(layout["pre"], layout["post"], layout["group"], **call)
    names = ["(Intercept)", "pre", *(f"g{level}" for level in fit.levels[1:])]
    table = fit.coefficients()
    assert table["estimate"].tolist() == pytest.approx(
        [layout["coefficients"][name] for name in names], **CLOSE
    )
    for kind, key in (("classical", "se"), ("HC2", "se_HC2"), ("HC3", "se_HC3")):
        found = ef.ancova(layout["pre"], layout["post"], layout["group"], vcov=kind, **call).coefficients()
        assert found["std_error"].tolist() == pytest.approx([layout[key][name] for name in names], **CLOSE)
    assert (fit.sigma, fit.df) == (pytest.approx(layout["sigma"], **CLOSE), layout["df"])
    slopes, expected = fit.slope_homogeneity, layout["slope_homogeneity"]
    assert [slopes.statistic, slopes.num_df, slopes.den_df, slopes.p_value] == pytest.approx(
        [expected["F"], *expected["df"], expected["p"]], **CLOSE
    )


def test_ancova_means_and_contrasts(layout):
    fit = ef.ancova(layout["pre"], layout["post"], layout["group"], reference=layout["reference"])
    means = fit.adjusted_means().set_index("group")
    for expected in layout["adjusted_means"]:
        row = means.loc[expected["group"]]
        values = [row["estimate"], row["std_error"], row["conf_low"], row["conf_high"]]
        assert values == pytest.approx([expected["mean"], expected["se"], *expected["ci95"]], **CLOSE)
    contrasts = fit.contrasts().set_index("contrast")
    for expected in layout["contrasts"]:
        row = contrasts.loc[expected["contrast"]]
        values = row[["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]].tolist()
        reference = [expected[key] for key in ("estimate", "se", "t", "p_unadjusted")]
        assert values == pytest.approx([*reference, *expected["ci95"]], **CLOSE)


@pytest.fixture(params=REFERENCE["responders_2x2"], ids=lambda case: case["id"])
def responders(request):
    return request.param


def test_two_by_two(responders):
    table = ef.two_by_two(responders["table"])
    assert list(table.risks) == pytest.approx(responders["risk"], **CLOSE)
    difference = responders["risk_difference"]
    for method in ("wald", "newcombe"):
        found = ef.risk_difference(table, method=method)
        assert [found.estimate, *ends(found)] == pytest.approx(
            [difference["value"], *difference[f"ci95_{method}"]], **CLOSE
        )
    ratio, odds = ef.risk_ratio(table), ef.odds_ratio(table)
    expected = responders["risk_ratio"]
    assert [ratio.estimate, *ends(ratio)] == pytest.approx(
        [expected["value"], *expected["ci95_log"]], **CLOSE
    )
    expected = responders["odds_ratio"]
    assert [odds.estimate, *ends(odds)] == pytest.approx(
        [expected["value"], *expected["ci95_woolf"]], **CLOSE
    )
    chi, expected = ef.chi_square(table), responders["chisq"]
    assert [chi.statistic, chi.p_value, chi.statistic_yates, chi.p_value_yates, chi.phi] == pytest.approx(
        [*(expected[key] for key in ("statistic", "p", "yates_statistic", "p_yates")), responders["phi"]],
        **CLOSE,
    )
    assert ef.number_needed_to_treat(table) == pytest.approx(responders["nnt"], **CLOSE)
    assert ef.cohen_h(table) == pytest.approx(responders["cohen_h"], **CLOSE)
    assert ef.d_from_odds_ratio(odds.estimate) == pytest.approx(responders["d_from_or"], **CLOSE)


def test_fisher(responders):
    """R's uniroot stops at 1.2e-4, so its limits are held loosely; SciPy and the definition of the limits
    tightly."""
    table = ef.two_by_two(responders["table"])
    found, expected = ef.fisher(table), responders["odds_ratio"]
    assert found.p_value == pytest.approx(expected["p_fisher"], **CLOSE)
    assert found.estimate == pytest.approx(expected["conditional_mle"], rel=1e-3)
    assert ends(found) == pytest.approx(expected["ci95_fisher"], rel=2e-3)
    peer = scipy_odds_ratio(responders["table"], kind="conditional")
    limits = peer.confidence_interval(0.95)
    assert [found.estimate, *ends(found)] == pytest.approx(
        [peer.statistic, limits.low, limits.high], rel=1e-9
    )
    support, weights = _hypergeometric(table)
    at_low, at_high = (_tilted(support, weights, np.log(limit)) for limit in ends(found))
    assert at_low[support >= table.a].sum() == pytest.approx(0.025, abs=1e-11)
    assert at_high[support <= table.a].sum() == pytest.approx(0.025, abs=1e-11)


@pytest.mark.parametrize("case", REFERENCE["mcnemar"], ids=lambda case: case["id"])
def test_mcnemar(case):
    found = ef.mcnemar(case["table"])
    values = [
        found.statistic,
        found.p_value,
        found.statistic_corrected,
        found.p_value_corrected,
        found.p_exact,
        found.p_mid,
        found.odds_ratio,
        *ends(found),
    ]
    keys = ("chisq", "p", "chisq_cc", "p_cc", "p_exact", "p_mid", "odds_ratio")
    assert values == pytest.approx([*(case[key] for key in keys), *case["or_ci95_exact"]], **CLOSE)


def test_paired_newcombe():
    """Newcombe (1998) method 10 of 476 judgements by two classifiers, from an independent implementation."""
    found = ef.paired_difference([[123, 78], [171, 104]])
    assert found.estimate == pytest.approx(0.1953781512605042, **CLOSE)
    assert ends(found) == pytest.approx([0.13194997450786108, 0.25658690160302455], **CLOSE)
    assert found.std_error == pytest.approx(0.031918245806308095, **CLOSE)


def test_friedman_and_cochran():
    case = REFERENCE["friedman"][0]
    found, expected = ef.friedman(case["data"]), case["friedman"]
    assert [found.statistic, found.df, found.p_value, found.kendall_w] == pytest.approx(
        [expected[key] for key in ("chisq", "df", "p", "kendall_W")], **CLOSE
    )
    case = REFERENCE["cochran_q"][0]
    found = ef.cochran_q(case["data"])
    assert [found.statistic, found.df, found.p_value] == pytest.approx(
        [case["Q"], case["df"], case["p"]], **CLOSE
    )


def test_reliable_change(layout):
    case = REFERENCE["reliable_change"][0]
    rows = np.array(layout["group"]) == "CBT"
    found = ef.reliable_change(
        np.array(layout["pre"])[rows], np.array(layout["post"])[rows], reliability=case["reliability"]
    )
    np.testing.assert_allclose(found.index, case["rci"], atol=1e-9)
    assert [found.sem, found.s_diff] == pytest.approx([case["sem"], case["s_diff"]], **CLOSE)
    assert (found.n_improved, found.n_deteriorated) == (case["n_improved"], case["n_deteriorated"])
    assert found.table()["n"].sum() == rows.sum()


@pytest.mark.parametrize("case", REFERENCE["oneway"], ids=lambda case: case["id"])
def test_one_way(case):
    layout = ef.one_way(case["y"], case["group"])
    test = layout.test
    assert [test.statistic, test.num_df, test.den_df, test.p_value] == pytest.approx(
        [case["F"], *case["df"], case["p"]], **CLOSE
    )
    welch, expected = ef.welch_anova(case["y"], case["group"]), case["welch"]
    assert [welch.statistic, welch.num_df, welch.den_df, welch.p_value] == pytest.approx(
        [expected["F"], *expected["df"], expected["p"]], **CLOSE
    )
    h, df, p = ef.kruskal_wallis(case["y"], case["group"])
    assert [h, p] == pytest.approx([case["kruskal"]["H"], case["kruskal"]["p"]], **CLOSE)
    assert df == 2
    eta = ef.eta_squared(layout)
    assert [eta.estimate, *ends(eta)] == pytest.approx([case["eta2"], *case["eta2_ci90_ncF"]], **CLOSE)
    other = ef.eta_squared(layout, convention="within")
    assert ends(other) == pytest.approx(case["eta2_ci90_ncF_effectsize_convention"], **CLOSE)
    values = [ef.omega_squared(layout), ef.epsilon_squared(layout), ef.cohen_f(layout)]
    assert values == pytest.approx([case[key] for key in ("omega2", "epsilon2", "cohen_f")], **CLOSE)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", PROPORTIONS, ids=lambda case: f"{case['count']}/{case['n']}")
def test_proportions(case, method):
    found = ef.proportion(case["count"], case["n"], method=method)
    key = {"wilson_continuity": "wilson_continuity"}.get(method, method)
    assert [found.estimate, *ends(found)] == pytest.approx([case["value"], *case[f"ci95_{key}"]], abs=1e-10)
