"""em.subgroups: the whole question in one call, against textbook tests and single fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import emostats as em
from emostats.errors import EmostatsWarning, UsageError
from emostats.estimates import Estimate
from emostats.statistics.multiplicity import max_abs_t_quantile
from emostats.statistics.subgroups import Known, continuous_formula, credibility
from emostats.statistics.subgroups.continuous import band_quantile, path_length
from emostats.statistics.subgroups.summary import consistency

FORMULA = "AVAL ~ AVISIT * SEX * BAND + us(AVISIT | USUBJID)"


def study(n: int = 60, seed: int = 3) -> pd.DataFrame:
    """Two visits, nothing missing; the change rises by 0.3 a year of age."""
    rng = np.random.default_rng(seed)
    rows = []
    for child in range(n):
        sex, age = "MF"[child % 2], rng.uniform(1, 13)
        before = rng.normal(10, 2)
        after = before + 0.3 * age + rng.normal(0, 1.5)
        band = "1–6" if age < 7 else "7–12"
        rows += [(f"c{child}", sex, band, age, v, y, age > 11) for v, y in (("V0", before), ("V1", after))]
    data = pd.DataFrame(rows, columns=["USUBJID", "SEX", "BAND", "AGE", "AVISIT", "AVAL", "EVENT"])
    return data.astype({"SEX": pd.CategoricalDtype(["M", "F"]), "BAND": pd.CategoricalDtype(["1–6", "7–12"])})


@pytest.fixture(scope="module")
def data():
    return study()


@pytest.fixture(scope="module")
def found(data):
    before = data.copy()
    result = em.subgroups(
        FORMULA,
        data,
        factors=["SEX", "BAND"],
        continuous={"AGE": "BAND"},
        separate=True,
        adjust="holm",
        event="EVENT",
        labels={"SEX": {"M": "Boys", "F": "Girls"}},
    )
    pd.testing.assert_frame_equal(data, before)
    return result


def wide(data):
    table = data.pivot(index=["USUBJID", "SEX", "BAND", "AGE"], columns="AVISIT", values="AVAL").reset_index()
    return table.assign(CHG=table["V1"] - table["V0"])


def test_differences_are_those_of_a_two_way_analysis_of_changes(found, data):
    """One later visit, nothing missing: the joint model is the cell-means model of the change scores."""
    changes = wide(data)
    cells = changes.groupby(["SEX", "BAND"])["CHG"].agg(["mean", "count", "var"])
    pooled = ((cells["count"] - 1) * cells["var"]).sum() / (len(changes) - 4)
    own = found.differences().set_index("level").loc["(Boys, 1–6) − (Girls, 7–12)"]
    one, other = cells.loc[("M", "1–6")], cells.loc[("F", "7–12")]
    error = np.sqrt(pooled * (1 / one["count"] + 1 / other["count"]))
    assert own["estimate"] == pytest.approx(one["mean"] - other["mean"])
    assert own["std_error"] == pytest.approx(error, rel=1e-6)
    assert own["df"] == pytest.approx(len(changes) - 4, rel=1e-6)


def test_differences_are_adjusted_over_all_divisions_of_a_visit(found):
    table = found.differences()
    ranked = table.sort_values("p_value")
    holm = np.maximum.accumulate(np.minimum(ranked["p_value"] * np.arange(len(ranked), 0, -1), 1))
    assert ranked["p_adjusted"].to_numpy() == pytest.approx(holm.to_numpy())
    assert len(table) == 8


def test_separate_models_are_paired_t_tests(found, data):
    changes = wide(data)
    girls = changes.loc[(changes["SEX"] == "F") & (changes["BAND"] == "1–6"), "CHG"]
    reference = stats.ttest_1samp(girls, 0)
    own = found.table("separate").set_index("level").loc["Girls, 1–6"]
    assert (own["estimate"], own["df"]) == (pytest.approx(girls.mean()), pytest.approx(len(girls) - 1))
    assert own["p_value"] == pytest.approx(reference.pvalue, rel=1e-5)


def test_the_table_has_n_events_and_both_estimates(found, data):
    table = found.table().set_index(["subgroup", "level"])
    own = table.loc[("SEX:BAND", "Boys, 7–12")]
    changes = wide(data)
    chosen = changes[(changes["SEX"] == "M") & (changes["BAND"] == "7–12")]
    assert (own["n"], own["events"]) == (len(chosen), (chosen["AGE"] > 11).sum())
    assert table.loc[("", ""), "events"] == (changes["AGE"] > 11).sum()
    assert own["percent_low"] < own["percent"] < own["percent_high"]
    raw = table.loc["SEX:BAND"]
    assert raw["shrunken"].max() - raw["shrunken"].min() < raw["estimate"].max() - raw["estimate"].min()
    assert table.loc[("SEX", "Boys")].isna()[["shrunken"]].all()
    told = found.shrinkage().set_index("subgroup")
    assert "fewer than 3" in told.loc["SEX", "error"] and "REML" in told.loc["SEX:BAND", "method"]


def test_the_curve_replaces_the_bands_and_finds_the_slope(found):
    curve = found.curves[-1]
    assert "BAND" not in curve.formula and "cr(AGE, df=3" in curve.formula
    values = np.array([row.estimate for row in curve.rows])
    slope = np.polyfit(curve.values, values, 1)[0]
    assert slope == pytest.approx(0.3, abs=0.15)
    low, high = (np.array([getattr(row, end) for row in curve.rows]) for end in ("conf_low", "conf_high"))
    assert np.all(curve.band_low < low) and np.all(curve.band_high > high)
    assert curve.test.num_df == 3 and curve.test.p_value < 0.05
    assert "AGE (spline)" in found.tests()["term"].iloc[-1]


def test_the_curve_is_the_regression_of_changes_on_the_same_spline(data):
    """One later visit, nothing missing: as an ordinary regression of change scores on the basis."""
    from formulaic import model_matrix

    changes = wide(data)
    own = em.subgroups("AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)", data, factors=["SEX"], continuous="AGE")
    X = model_matrix("SEX + cr(AGE, df=3, constraints='center')", changes)
    beta = np.linalg.lstsq(X.to_numpy(float), changes["CHG"].to_numpy(), rcond=None)[0]
    curve = own.curves[-1]
    at = [model_matrix(X.model_spec, pd.DataFrame({"AGE": curve.values, "SEX": sex})) for sex in "MF"]
    expected = sum(part.to_numpy(float) @ beta for part in at) / 2
    assert [row.estimate for row in curve.rows] == pytest.approx(list(expected))


def test_the_band_is_a_little_wider_than_the_exact_one_on_a_grid():
    """On few points the largest |t| has an exact quantile; the tube covers all points between as well."""
    angles = np.linspace(0, 1.9, 9)
    L = np.column_stack([np.cos(angles), np.sin(angles)])
    length = path_length(L, np.eye(2))
    assert length == pytest.approx(1.9)
    for df in (12.0, 150.0, np.inf):
        exact = max_abs_t_quantile(0.95, L @ L.T, df)
        assert exact < band_quantile(length, df, 0.95) < 1.02 * exact
    assert band_quantile(0.0, 20.0, 0.95) == pytest.approx(stats.t.ppf(0.975, 20))


def test_fieller_and_delta_agree_on_a_precise_baseline(data):
    how = {"factors": ["SEX"], "baseline": "V0"}
    formula = "AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)"
    delta = em.subgroups(formula, data, **how).table()
    fieller = em.subgroups(formula, data, percent_interval="fieller", **how).table()
    assert fieller["percent"].to_numpy() == pytest.approx(delta["percent"].to_numpy())
    assert fieller["percent_low"].to_numpy() == pytest.approx(delta["percent_low"].to_numpy(), abs=0.3)
    assert not np.allclose(fieller["percent_low"], delta["percent_low"])


def test_a_subgroup_that_fails_keeps_its_row(data):
    thin = data[~((data["SEX"] == "F") & (data["BAND"] == "7–12") & (data["AVISIT"] == "V1"))]
    with pytest.warns(EmostatsWarning, match="Not estimable"):
        found = em.subgroups(FORMULA, thin, factors=["SEX", "BAND"], separate=True)
    joint = found.table().set_index("level")
    assert "not estimable" in joint.loc["F, 7–12", "error"] and np.isnan(joint.loc["F, 7–12", "estimate"])
    separate = found.table("separate").set_index("level")
    assert separate.loc["F, 7–12", "error"] and not separate.loc["M, 7–12", "error"]


def test_a_fit_is_as_good_as_its_formula(data):
    fit = em.mmrm("AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)", data)
    one = em.subgroups(fit, data, factors=["SEX"]).table()
    other = em.subgroups(fit.formula, data, factors=["SEX"]).table()
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"factors": ["SEKS"]}, "SEX"),
        ({"factors": []}, "at least one factor"),
        ({"factors": ["SEX"], "baseline": "V9"}, "no visit 'V9'"),
        ({"factors": ["SEX"], "shrinkage": "bayes"}, "shrinkage cannot be"),
        ({"factors": ["SEX"], "adjust": "hulm"}, "holm"),
        ({"factors": ["SEX"], "continuous": "AGES"}, "no column 'AGES'"),
    ],
)
def test_what_cannot_be_asked_is_told(data, options, said):
    with pytest.raises(UsageError, match=said):
        em.subgroups("AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)", data, **options)


def test_a_formula_keeps_what_is_no_band():
    text = "log(AVAL) ~ AVISIT * ARM + BAND + AVISIT:BAND + offset(Z) + toep(AVISIT | BAND / ID)"
    changed = continuous_formula(text, "AGE", ["BAND"], "AVISIT")
    assert changed == (
        "log(AVAL) ~ AVISIT + ARM + AVISIT:ARM + offset(Z) + AVISIT * cr(AGE, df=3, constraints='center') + "
        "toep(AVISIT | ID)"
    )


@pytest.mark.parametrize(
    ("p", "answer"),
    [
        (0.2, "definitely no"),
        (0.04, "probably no or unclear"),
        (0.01, "probably yes"),
        (0.004, "definitely yes"),
        (None, "probably no or unclear"),
    ],
)
def test_chance_is_answered_by_the_interaction(p, answer):
    items = credibility(Known(planned=None, n_modifiers=2, p_value=p, adjusted=False, continuous=True))
    assert items[2].answer == answer


def test_the_verdict_is_left_to_people():
    for known in (
        Known(True, 1, 0.001, True, True, (2, 2)),
        Known(False, 40, 0.9, False, False),
    ):
        items = {item.item: item for item in credibility(known)}
        assert items["="].needs_person and items["2"].needs_person
    assert items["4"].answer == "definitely no" and items["1"].answer == "definitely no"
    assert "low at most" in items["="].basis


def test_consistency_asks_other_outcomes_about_the_same_two_levels():
    def row(level, value):
        return Estimate(level, "a", "difference_of_changes", subgroup="G", level=level, estimate=value)

    found = consistency(
        {
            "one": [row("A − B", 0.2), row("A − C", -0.9)],
            "two": [row("A − B", -0.5), row("A − C", -0.1)],
            "three": [row("A − B", 0.3)],
        },
        "G",
    )
    assert found == {"one": (2, 2), "two": (1, 3), "three": (2, 3)}


@pytest.mark.parametrize("as_array", [False, True])
def test_separate_models_and_curves_keep_the_weights(data, as_array):
    weighted = data.assign(W=np.random.default_rng(4).uniform(0.5, 3.0, len(data)))
    weights = weighted["W"].to_numpy() if as_array else "W"
    over = {"factors": ["SEX", "BAND"], "continuous": {"AGE": "BAND"}}
    found = em.subgroups(FORMULA, weighted, weights=weights, separate=True, **over)
    girls = weighted[(weighted["SEX"] == "F") & (weighted["BAND"] == "1–6")]
    alone = em.mmrm("AVAL ~ AVISIT + us(AVISIT | USUBJID)", girls, weights="W")
    expected = alone.emmeans("AVISIT").contrasts("revpairwise").table().iloc[0]
    own = found.table("separate").set_index("level").loc["F, 1–6"]
    assert own["estimate"] == pytest.approx(expected["estimate"], rel=1e-7)
    assert own["std_error"] == pytest.approx(expected["std_error"], rel=1e-6)
    plain = em.subgroups(FORMULA, weighted, **over)
    assert found.curves[0].rows[0].estimate != pytest.approx(plain.curves[0].rows[0].estimate, rel=1e-6)
