"""Subgroup effects of fitted models against textbook tests and against the engine's own LS means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import emostats as em
from emostats.errors import EmostatsWarning
from emostats.statistics.subgroups import Place, SubgroupQuestion, subgroup_effects

VSAE = Path(__file__).resolve().parents[3] / "analyses" / "autism_vsae" / "data" / "autism_vsae_hlmdiag.csv"


def complete_pairs(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = []
    for child in range(n):
        group = "AB"[child % 2]
        before = rng.normal(10, 2)
        rows.append((f"c{child}", group, "V0", before))
        rows.append((f"c{child}", group, "V1", before + rng.normal(1 + (group == "B"), 1.5)))
    return pd.DataFrame(rows, columns=["USUBJID", "GROUP", "AVISIT", "AVAL"])


def by_place(rows) -> dict:
    return {(row.kind, row.subgroup, row.level): row for row in rows}


@pytest.mark.parametrize("df_method", ["kenward-roger-linear", "satterthwaite"])
def test_complete_pairs_give_the_two_sample_t_test_of_changes(df_method: str) -> None:
    """One follow-up, nothing missing: the difference of changes is Student's t test on change scores."""
    data = complete_pairs()
    fit = em.mmrm("AVAL ~ AVISIT * GROUP + us(AVISIT | USUBJID)", data, df_method=df_method)
    question = SubgroupQuestion("V0", ("V0", "V1"), (("GROUP",),))
    rows = by_place(subgroup_effects(fit, data, question, Place("a", "p")))
    wide = data.pivot(index=["USUBJID", "GROUP"], columns="AVISIT", values="AVAL").reset_index("GROUP")
    change = wide["V1"] - wide["V0"]
    a, b = change[wide["GROUP"] == "A"], change[wide["GROUP"] == "B"]
    reference = stats.ttest_ind(a, b)
    interval = reference.confidence_interval()
    row = rows["difference_of_changes", "GROUP", "A − B"]
    assert row.estimate == pytest.approx(a.mean() - b.mean(), rel=1e-9)
    assert row.statistic == pytest.approx(reference.statistic, rel=1e-6)
    assert row.den_df == pytest.approx(38, rel=1e-6)
    assert row.p_value == pytest.approx(reference.pvalue, rel=1e-5)
    assert (row.conf_low, row.conf_high) == pytest.approx((interval.low, interval.high), rel=1e-6)
    joint = rows["test", "GROUP", ""]
    assert (joint.num_df, joint.statistic) == (1, pytest.approx(reference.statistic**2, rel=1e-6))
    pooled = np.sqrt(((a.var() * 19) + (b.var() * 19)) / 38)
    assert rows["change", "GROUP", "A"].std_error == pytest.approx(pooled / np.sqrt(20), rel=1e-6)


def test_effect_size_and_percent_change_of_complete_pairs() -> None:
    data = complete_pairs()
    fit = em.mmrm("AVAL ~ AVISIT * GROUP + us(AVISIT | USUBJID)", data)
    rows = by_place(
        subgroup_effects(fit, data, SubgroupQuestion("V0", ("V0", "V1"), (("GROUP",),)), Place("a", "p"))
    )
    means = data.groupby(["GROUP", "AVISIT"])["AVAL"].mean().unstack()
    within = data[data["AVISIT"] == "V0"].groupby("GROUP")["AVAL"].var()
    sd = np.sqrt(within.mean())  # the pooled variance at baseline, 19 df each
    a = means.loc["A"]
    assert rows["effect_size", "GROUP", "A"].estimate == pytest.approx((a["V1"] - a["V0"]) / sd, rel=1e-6)
    percent = rows["percent_change", "GROUP", "A"]
    assert percent.estimate == pytest.approx(100 * (a["V1"] / a["V0"] - 1), rel=1e-9)
    assert percent.conf_low < percent.estimate < percent.conf_high
    upper, lower = 100 + percent.conf_high, 100 + percent.conf_low
    assert np.sqrt(upper * lower) == pytest.approx(
        100 + percent.estimate, rel=1e-9
    )  # symmetric on the log scale


@pytest.fixture(scope="module")
def real():
    data = pd.read_csv(VSAE).rename(columns={"childid": "USUBJID", "vsae": "AVAL", "age2": "AVISIT"})
    data["AVISIT"] = "A" + data["AVISIT"].astype(str).str.zfill(2)
    fit = em.mmrm("AVAL ~ sicdegp * AVISIT + gender + us(AVISIT | USUBJID)", data)
    return data, fit


def test_rows_agree_with_the_engines_own_contrasts(real) -> None:
    data, fit = real
    visits = ("A00", "A01", "A03", "A07", "A11")
    question = SubgroupQuestion("A00", visits, (("sicdegp",), ("gender",)))
    rows = subgroup_effects(fit, data, question, Place("a", "p"))
    means = fit.emmeans("sicdegp | AVISIT").table()
    mine = {
        (row.level, row.visit): row for row in rows if row.kind == "ls_mean" and row.subgroup == "sicdegp"
    }
    for record in means.to_dict("records"):
        row = mine[record["sicdegp"], record["AVISIT"]]
        assert (row.estimate, row.std_error, row.den_df) == pytest.approx(
            (record["estimate"], record["std_error"], record["df"])
        )
    assert mine["high", "A11"].estimate == pytest.approx(95.8, abs=0.05)  # R mmrm 0.3.18
    assert mine["low", "A11"].estimate == pytest.approx(42.0, abs=0.05)
    changes = fit.emmeans("AVISIT | sicdegp").contrasts("trt.vs.ctrl").table()
    theirs = {
        (r["sicdegp"], r["contrast"]): (r["estimate"], r["std_error"]) for r in changes.to_dict("records")
    }
    for row in rows:
        if row.kind == "change" and row.subgroup == "sicdegp":
            expected = theirs[row.level, f"{row.visit} - A00"]
            assert (row.estimate, row.std_error) == pytest.approx(expected)


def test_the_joint_test_over_all_visits_is_the_type_three_test_of_the_interaction(real) -> None:
    data, fit = real
    question = SubgroupQuestion("A00", ("A00", "A01", "A03", "A07", "A11"), (("sicdegp",),))
    rows = subgroup_effects(fit, data, question, Place("a", "p"))
    joint = next(row for row in rows if row.kind == "test" and row.visit == "")
    anova = fit.anova(type=3).set_index("term")
    interaction = anova.loc[next(term for term in anova.index if ":" in term)]
    assert joint.num_df == interaction["num_df"] == 8
    assert joint.statistic == pytest.approx(interaction["statistic"])
    assert joint.p_value == pytest.approx(interaction["p_value"])


def test_without_an_interaction_the_common_change_is_said(real) -> None:
    data, fit = real
    question = SubgroupQuestion("A00", ("A00", "A01", "A03", "A07", "A11"), (("gender",),))
    rows = [row for row in subgroup_effects(fit, data, question, Place("a", "p")) if row.subgroup == "gender"]
    assert not [row for row in rows if row.kind in ("test", "difference_of_changes")]
    changes = [row for row in rows if row.kind == "change" and row.visit == "A11"]
    assert changes[0].estimate == pytest.approx(changes[1].estimate)
    assert all("no interaction of gender" in row.warning for row in changes)


def test_a_cell_that_nobody_is_in_is_named_and_the_rest_stands() -> None:
    data = complete_pairs()
    data = data[~((data["GROUP"] == "B") & (data["AVISIT"] == "V1"))]
    with pytest.warns(EmostatsWarning, match="Not estimable"):
        fit = em.mmrm("AVAL ~ AVISIT * GROUP + us(AVISIT | USUBJID)", data)
    rows = by_place(
        subgroup_effects(fit, data, SubgroupQuestion("V0", ("V0", "V1"), (("GROUP",),)), Place("a", "p"))
    )
    assert "no observations" in rows["change", "GROUP", "B"].error
    assert "no observations" in rows["difference_of_changes", "GROUP", "A − B"].error
    assert "no observations" in rows["change", "", ""].error
    assert rows["change", "GROUP", "A"].estimate is not None
