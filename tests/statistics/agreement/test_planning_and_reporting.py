"""Planning, one-way groups, subgroups, the guide, GRRAS, plots, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from icc_references import cases, reference, table
from scipy import stats

import emostats as em
from emostats.errors import FindingsError, UsageError
from emostats.statistics.agreement import (
    bland_altman,
    choose_form,
    expected_width,
    grras_section,
    icc_by_subgroup,
    icc_oneway,
    icc_power,
    interpretation,
    plan_table,
    raters_for_reliability,
    simulate_plan,
    targets_for_test,
    targets_for_width,
)

PLANS = reference("planning")
GROUPS = cases("oneway_unbalanced")
PARTS = {"target": 4.0, "rater": 1.0, "error": 1.0}


@pytest.mark.parametrize("plan", PLANS["hypothesis_test"], ids=str)
def test_targets_for_a_test(plan):
    size = targets_for_test(
        rho0=plan["rho0"],
        rho1=plan["rho1"],
        n_raters=plan["k"],
        alpha=plan["alpha_one_sided"],
        power=plan["power"],
    )
    assert size.n_approximate == pytest.approx(plan["n_walter_eliasziw_donner_1998"], abs=1e-8)
    assert size.n_exact == plan["n_exact_F"]
    at_30 = icc_power(
        n_targets=30, n_raters=plan["k"], rho0=plan["rho0"], rho1=plan["rho1"], alpha=plan["alpha_one_sided"]
    )
    assert at_30 == pytest.approx(plan["exact_power_at_n30"], abs=1e-8)


@pytest.mark.parametrize("plan", PLANS["precision"], ids=str)
def test_targets_for_a_width(plan):
    size = targets_for_width(
        rho=plan["rho"], width=plan["width"], n_raters=plan["k"], conf_level=plan["level"]
    )
    assert size.n_approximate == pytest.approx(plan["n_bonett_2002"], abs=1e-8)
    assert size.reached <= plan["width"]
    before = expected_width(n_targets=size.n_exact - 1, n_raters=plan["k"], rho=plan["rho"])
    assert before > plan["width"]


def test_expected_width_is_that_of_simulated_intervals():
    rng = np.random.default_rng(0)
    k, n, rho = 3, 40, 0.7
    f = (1 + k * rho / (1 - rho)) * stats.f.rvs(n - 1, n * (k - 1), size=200_000, random_state=rng)
    low, high = f / stats.f.ppf(0.975, n - 1, n * (k - 1)), f * stats.f.ppf(0.975, n * (k - 1), n - 1)
    width = (high - 1) / (high + k - 1) - (low - 1) / (low + k - 1)
    ours = expected_width(n_targets=n, n_raters=k, rho=rho)
    assert ours == pytest.approx(width.mean(), abs=5 * width.std() / np.sqrt(width.size))


def test_raters_for_a_reliability_are_the_fewest_that_reach_it():
    assert raters_for_reliability(single=0.5, target=0.8) == 4
    for single in (0.2, 0.35, 0.6):
        m = raters_for_reliability(single=single, target=0.9)
        assert m * single / (1 + (m - 1) * single) >= 0.9 - 1e-12
        assert (m - 1) * single / (1 + (m - 2) * single) < 0.9


def test_simulated_plans_cover_where_the_customary_interval_does_not():
    plan = {"n_targets": 182, "n_raters": 3, "variances": PARTS, "seed": 1}
    good = simulate_plan(**plan, n_simulations=200, width=0.5)
    poor = simulate_plan(**plan, n_simulations=2000, interval="anova")
    assert good.truth == pytest.approx(4 / 6)
    assert good.coverage > 0.90
    assert poor.coverage == pytest.approx(0.779, abs=0.04)
    assert 0.0 < good.assurance < 1.0
    assert good.mean_width > poor.mean_width


def test_simulated_plans_of_exact_intervals_cover_exactly():
    plan = simulate_plan(
        n_targets=25, n_raters=4, variances=PARTS, form="ICC(C,k)", n_simulations=4000, seed=2
    )
    assert plan.coverage == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 4000))
    assert plan.truth == pytest.approx(4 * 0.8 / (1 + 3 * 0.8))


def test_a_table_of_plans_has_every_combination():
    rows = plan_table(n_targets=[20, 40], n_raters=[2, 3], variances=PARTS, form="ICC(C,1)", n_simulations=50)
    assert rows[["n_targets", "n_raters"]].to_numpy().tolist() == [[20, 2], [20, 3], [40, 2], [40, 3]]
    assert rows["mean_width"].iloc[3] < rows["mean_width"].iloc[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: targets_for_test(rho0=0.8, rho1=0.6, n_raters=2), "rho1 must be above rho0"),
        (lambda: targets_for_test(rho0=0.5, rho1=0.6, n_raters=1), "2 or more"),
        (lambda: targets_for_test(rho0=0.5, rho1=0.6, n_raters=2, power=1.2), "between 0 and 1"),
        (lambda: targets_for_width(rho=1.0, width=0.1, n_raters=2), r"\[0, 1\)"),
        (lambda: targets_for_width(rho=0.5, width=0.0, n_raters=2), "strictly between"),
        (lambda: targets_for_width(rho=0.5, width=0.001, n_raters=2), "relax the goal"),
        (lambda: raters_for_reliability(single=0.0, target=0.5), "strictly between"),
        (lambda: simulate_plan(n_targets=10, n_raters=2, variances={"target": 1.0}), "'target' and 'error'"),
        (
            lambda: simulate_plan(n_targets=10, n_raters=2, variances=PARTS, interval="profile"),
            "'auto' or 'anova'",
        ),
        (lambda: simulate_plan(n_targets=1, n_raters=2, variances=PARTS), "2 or more"),
        (lambda: simulate_plan(n_targets=9, n_raters=2, variances={**PARTS, "error": 0.0}), "above 0"),
    ],
)
def test_impossible_plans_are_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call()


# One-way groups -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GROUPS)
def test_unequal_groups(name):
    case = GROUPS[name]
    frame = pd.DataFrame({"group": case["group"], "y": case["y"]}).sample(frac=1, random_state=1)
    ours = icc_oneway(frame, groups="group", values="y")
    for got, want in (
        (ours.n0, case["n0"]), (ours.estimate, case["icc_anova"]), (ours.statistic, case["F"]),
        (ours.f_low, case["ci95_F_with_n0"][0]), (ours.f_high, case["ci95_F_with_n0"][1]),
        (ours.smith_low, case["ci95_Smith_1956"][0]), (ours.smith_high, case["ci95_Smith_1956"][1]),
    ):  # fmt: skip
        assert got == pytest.approx(want, rel=1e-9)
    assert ours.p_value == pytest.approx(case["p"], rel=1e-8)
    assert ours.var_group == pytest.approx(case["reml"]["var_group"], rel=1e-5)
    assert ours.var_error == pytest.approx(case["reml"]["var_error"], rel=1e-5)
    assert ours.criterion == pytest.approx(case["reml"]["criterion"], abs=1e-8)
    assert ours.conf_low < ours.estimate_reml < ours.conf_high
    assert ours.profile_low < ours.estimate_reml < ours.profile_high


def test_equal_groups_have_the_one_way_icc():
    values = table(cases("anova_icc")["dyestuff_6x5"]["ratings"])
    frame = pd.DataFrame(values).rename_axis("batch").reset_index().melt("batch", value_name="y")
    ours, want = icc_oneway(frame, groups="batch", values="y"), em.icc(values).row("ICC(1)")
    assert ours.estimate == pytest.approx(want.estimate)
    assert [ours.conf_low, ours.conf_high] == pytest.approx([want.conf_low, want.conf_high])
    assert [ours.f_low, ours.f_high] == pytest.approx([want.conf_low, want.conf_high])


def test_degenerate_and_bad_groups():
    def groups(g, y):
        return icc_oneway(pd.DataFrame({"g": g, "y": y}), groups="g", values="y")

    assert groups([1, 1, 2, 2], [3.0, 3.0, 5.0, 5.0]).estimate == 1.0
    assert np.isnan(groups([1, 1, 2, 2], [3.0] * 4).estimate)
    assert "negative" in groups([1, 1, 2, 2], [1.0, 9.0, 2.0, 8.0]).reason
    with pytest.raises(UsageError, match="two groups"):
        groups([1, 1, 1], [1.0, 2.0, 3.0])
    with pytest.raises(UsageError, match="two values"):
        groups([1, 2, 3], [1.0, 2.0, 3.0])
    with pytest.raises(FindingsError, match="not numbers"):
        groups([1, 1, 2, 2], list("abcd"))
    with pytest.raises(FindingsError, match="infinite"):
        groups([1, 1, 2, 2], [1.0, 2.0, 3.0, np.inf])


# Subgroups ----------------------------------------------------------------------------------------


def study(seed=0, n=48):
    rng = np.random.default_rng(seed)
    rows = []
    for domain, noise in (("rhythm", 0.6), ("emotion", 1.0)):
        y = rng.normal(size=(n, 1)) * 1.3 + rng.normal(size=3) * 0.3 + rng.normal(size=(n, 3)) * noise
        for i in range(n):
            for j in range(3):
                rows.append(
                    (f"c{i:02d}", f"e{j}", domain, "FM"[i % 2], "1–6" if i % 4 < 2 else "7–12", y[i, j])
                )
    return pd.DataFrame(rows, columns=["clip", "expert", "domain", "sex", "age", "score"])


NAMES = {"targets": "clip", "raters": "expert", "ratings": "score"}


def test_each_level_is_the_icc_of_its_rows():
    frame = study()
    result = icc_by_subgroup(frame, **NAMES, by=["sex", "age"], domains="domain", n_resamples=50)
    rows = result.table().set_index(["domain", "level"])
    assert result.levels == ("F, 1–6", "F, 7–12", "M, 1–6", "M, 7–12")
    part = frame[(frame["domain"] == "emotion") & (frame["sex"] == "M") & (frame["age"] == "7–12")]
    want = em.icc(part, **NAMES).row("ICC(A,1)")
    got = rows.loc[("emotion", "M, 7–12")]
    assert (got["estimate"], got["conf_low"], got["n_targets"]) == (want.estimate, want.conf_low, 12)
    assert got["interpretation"] == interpretation(want.conf_low, want.conf_high)
    assert rows.loc[("rhythm", ""), "n_targets"] == 48


def test_differences_are_of_the_estimates_with_a_bootstrap_interval():
    result = icc_by_subgroup(
        study(), **NAMES, by="sex", domains="domain", form="ICC(C,1)", n_resamples=400, seed=3
    )
    rows = result.table().set_index(["domain", "level"])["estimate"]
    differences = result.differences()
    assert differences["contrast"].tolist() == ["F − M", "F − M"]
    for row in differences.itertuples():
        assert row.estimate == pytest.approx(rows[row.domain, "F"] - rows[row.domain, "M"])
        assert row.conf_low < row.estimate < row.conf_high
    again = icc_by_subgroup(
        study(), **NAMES, by="sex", domains="domain", form="ICC(C,1)", n_resamples=400, seed=3
    )
    assert again.differences().equals(differences)


def test_the_mean_over_domains_resamples_targets_together():
    result = icc_by_subgroup(study(), **NAMES, by="sex", domains="domain", n_resamples=400)
    rows = result.table()
    pooled = result.pooled().set_index("level")
    for level in ("", "F", "M"):
        want = rows[rows["level"] == level]["estimate"].mean()
        assert pooled.loc[level, "estimate"] == pytest.approx(want)
        assert pooled.loc[level, "conf_low"] < want < pooled.loc[level, "conf_high"]
    doubled = pd.concat([study(), study().assign(domain=study()["domain"] + " again")])
    same = (
        icc_by_subgroup(doubled, **NAMES, by="sex", domains="domain", n_resamples=400)
        .pooled()
        .set_index("level")
    )
    assert same.loc["", "std_error"] == pytest.approx(pooled.loc["", "std_error"], rel=0.05)


def test_a_level_that_cannot_be_analysed_keeps_its_row():
    frame = study()
    frame = frame[(frame["sex"] == "F") | (frame["expert"] == "e0")]
    result = icc_by_subgroup(frame, **NAMES, by="sex", domains="domain", n_resamples=20)
    rows = result.table().set_index(["domain", "level"])
    assert "found 1" in rows.loc[("rhythm", "M"), "error"]
    assert np.isnan(rows.loc[("rhythm", "M"), "estimate"])
    assert result.differences()["reason"].str.contains("no result").all()
    assert result.pooled().set_index("level").loc["M", "n_domains"] == 0


def test_unknown_subgroup_columns_are_refused():
    with pytest.raises(UsageError, match="Did you mean 'sex'"):
        icc_by_subgroup(study(), **NAMES, by="sexx")


# Guide, bands, GRRAS ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "form"),
    [
        ({"same_raters": True}, "ICC(A,1)"),
        ({"same_raters": True, "average": True}, "ICC(A,k)"),
        ({"same_raters": True, "agreement": False}, "ICC(C,1)"),
        ({"same_raters": True, "agreement": False, "raters_random": False, "average": True}, "ICC(C,k)"),
        ({"same_raters": False}, "ICC(1)"),
        ({"same_raters": False, "average": True}, "ICC(k)"),
    ],
)
def test_the_guide_names_the_form_and_says_why(answers, form):
    guidance = choose_form(**answers, k=3)
    assert guidance.form.name == form
    assert len(guidance.reasons) >= 2
    assert guidance.form.alias in guidance.wording


def test_the_guide_of_a_result_sees_whether_raters_are_shared():
    values = np.random.default_rng(0).normal(size=(5, 3))
    assert em.icc(values).guide().form.name == "ICC(A,1)"
    nested = np.full((4, 8), np.nan)
    for i in range(4):
        nested[i, 2 * i : 2 * i + 2] = np.random.default_rng(i).normal(size=2)
    assert em.icc(nested).guide().form.name == "ICC(1)"
    assert em.icc(nested).guide(same_raters=True).form.name == "ICC(A,1)"


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.1, 0.4, "poor"),
        (0.45, 0.8, "poor to good"),
        (0.5, 0.74, "moderate"),
        (0.76, 0.95, "good to excellent"),
        (np.nan, 0.5, "not determined"),
        (-0.2, 0.95, "poor to excellent"),
    ],
)
def test_bands_are_read_from_the_interval(low, high, words):
    assert interpretation(low, high) == words


def test_grras_has_fifteen_items_and_shows_its_gaps():
    result = em.icc(table(cases("incomplete_icc")["rotating_pairs_36x6"]["ratings"]))
    section = grras_section(result, statements={"instrument": "Seven points {1–7}.", "numbers": "Two sites."})
    rows = section.table().set_index("number")
    assert list(rows.index) == list(range(1, 16))
    assert rows.loc[2, "text"] == "Seven points {1–7}."
    assert rows.loc[11, "text"].startswith(
        "Two sites. 6 raters gave 84 ratings of 36 targets; 132 combinations"
    )
    assert "0.753 (95 % CI 0.523 to 0.856)" in rows.loc[13, "text"]
    assert "REML" in rows.loc[10, "text"]
    assert {item.key for item in section.open_items} == {
        "subjects", "raters", "background", "sample_size", "sampling", "process", "independence",
        "characteristics", "relevance",
    }  # fmt: skip
    item = next(item for item in section.items if item.key == "estimates")
    assert item.values["estimate"] == result.row("ICC(A,1)").estimate
    assert "0.7526" in item.text(number=lambda value: f"{value:.4f}")
    with pytest.raises(UsageError, match="Unknown GRRAS key"):
        result.grras(statements={"rater": "x"})


# Plots and imports --------------------------------------------------------------------------------


def drawn(svg):
    root = ElementTree.fromstring(svg)
    return root, "".join(root.itertext())


def test_forest_and_ratings_are_drawn_with_their_numbers():
    complete = em.icc(table(cases("anova_icc")["wine_8x4"]["ratings"]))
    _, words = drawn(complete.plot(note="Simulated data"))
    assert "ICC(A,1)" in words
    assert "customary limits" in words
    assert "Simulated data" in words
    assert f"{complete.row('ICC(A,1)').estimate:.2f}" in words
    gaps = em.icc(table(cases("incomplete_icc")["sf1979_3missing"]["ratings"]))
    _, words = drawn(gaps.plot("ratings"))
    assert "missing" in words
    assert "highest mean first" in words
    with pytest.raises(UsageError, match="There is no plot"):
        gaps.plot("heat")


def test_large_maps_average_neighbours_and_failures_are_drawn():
    rng = np.random.default_rng(0)
    _, words = drawn(em.icc(np.round(rng.normal(size=(900, 3)) * 2)).plot("ratings", width=360))
    assert "neighbouring targets" in words
    _, words = drawn(em.icc(np.ones((5, 2))).plot())
    assert "all ratings are equal" in words


def test_differences_and_subgroups_are_drawn():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"Wright": rng.normal(400, 80, 20)})
    frame["mini"] = frame["Wright"] + rng.normal(5, 20, 20)
    for scale in ("difference", "ratio"):
        _, words = drawn(bland_altman(frame, scale=scale).plot(width=360))
        assert "upper limit" in words
        assert "Wright" in words
    data = study()
    data = data[(data["sex"] == "F") | (data["expert"] == "e0")]
    _, words = drawn(icc_by_subgroup(data, **NAMES, by="sex", domains="domain").plot())
    assert "emotion" in words
    assert "found 1" in words


def test_the_same_result_is_drawn_byte_for_byte_alike():
    values = table(cases("anova_icc")["wine_8x4"]["ratings"])
    assert em.icc(values).plot() == em.icc(values).plot()


def test_an_icc_imports_no_heavy_package():
    code = (
        "import sys, numpy as np, emostats as em;"
        "em.icc(np.arange(12.0).reshape(4, 3) ** 1.5).table();"
        "heavy = {'torch', 'matplotlib', 'statsmodels', 'pingouin', 'scipy.stats', 'scipy.optimize'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
