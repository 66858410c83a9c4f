"""The public edition of the autism study and of the simulated study of 182 children, under attack."""

from __future__ import annotations

import importlib.util
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.estimates import AnalysisResults
from emostats.pipeline.analyse import analyse
from emostats.pipeline.assemble import assemble
from emostats.pipeline.load import load
from emostats.privacy import HIDDEN, RULES, Rule, public_results
from emostats.simulate import write_study

AUTISM = Path(__file__).parents[2] / "analyses" / "autism_vsae"


def attacker_class():
    found = importlib.util.spec_from_file_location("attacker", Path(__file__).with_name("attacker.py"))
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Attacker


def results_of(path, names, parameters=None):
    """The study with some of its analyses, and their results."""
    study = load(path)
    chosen = [item for item in study.spec.analyses if item.name in names]
    if parameters:
        chosen = [
            item.model_copy(update={"parameters": parameters}) if hasattr(item, "parameters") else item
            for item in chosen
        ]
    study = replace(study, spec=study.spec.model_copy(update={"analyses": tuple(chosen)}))
    return study.spec, assemble(study, analyse(study, lambda *said: None))


@pytest.fixture(scope="module")
def autism():
    return results_of(AUTISM, {"primary"})


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    path = write_study(tmp_path_factory.mktemp("simulated") / "study")
    return results_of(path, {"primary"}, ("SOCINT",))


@pytest.fixture(scope="module")
def public_autism(autism):
    spec, results = autism
    return public_results(results, spec, rule="cms")


@pytest.fixture(scope="module")
def public_simulated(simulated):
    spec, results = simulated
    return public_results(results, spec, rule="cms")


def attack_on(spec, results, public):
    """Counts from 1 to 10 of the internal results that the attacker can tell to be such: name → interval."""
    visits = {visit.name: visit.shown for visit in spec.visits}
    last = spec.visits[-1].name
    make = attacker_class()
    truth = make(results.tables, results.estimates, visits, last)
    attacker = make(public.tables, public.estimates, visits, last)
    small = {name: truth.known.get(i) for name, i in truth.names.items() if 0 < truth.known.get(i, 0) < 11}
    found = {name: attacker.knows(*name) for name in small if name in attacker.names}
    assert len(found) > 40
    for name, (low, high) in found.items():
        assert low - 1e-6 <= small[name] <= high + 1e-6  # the attacker reasons soundly
    return {name: ends for name, ends in found.items() if ends[0] > 1 + 1e-6 or ends[1] < 11 - 1e-6}


def test_no_small_group_of_the_autism_study_can_be_told(autism, public_autism):
    assert attack_on(*autism, public_autism[0]) == {}


def test_no_small_group_of_the_simulated_study_can_be_told(simulated, public_simulated):
    assert attack_on(*simulated, public_simulated[0]) == {}


def test_without_further_hiding_the_same_attack_succeeds(autism):
    """The attack is worth something: with small counts blanked alone it recovers groups exactly."""
    spec, results = autism
    tables = {name: table.copy() for name, table in results.tables.items()}
    for table in tables.values():
        for column in ("n", "n_missing", "count"):
            if column in table:
                small = table[column].between(1, 10)
                table[column] = table[column].astype(float).mask(small)
                if "percent" in table and column == "count":
                    table["percent"] = table["percent"].mask(small)
    bare = AnalysisResults(
        results.estimates.assign(n=results.estimates["n"].where(results.estimates["n"] > 10)), tables
    )
    told = attack_on(spec, results, bare)
    assert sum(low == pytest.approx(high) for low, high in told.values()) > 10


def test_differences_of_published_totals_tell_nothing(public_autism):
    """155 entered and 154 answered at age 2: one of the two is hidden, in flow, visits and estimates."""
    public = public_autism[0]
    flow = public.tables["flow"]
    overall = flow[flow["level"] == ""].set_index("stage")["n"]
    assert overall["Entered"] == 155 and math.isnan(overall["Age 2 answered"])
    visits = public.tables["visits"]
    first = visits[(visits["visit"] == "AGE02") & (visits["level"] == "")].iloc[0]
    assert math.isnan(first["n"]) and math.isnan(first["n_missing"]) and math.isnan(first["mean"])
    rows = public.estimates
    means = rows[(rows["kind"] == "ls_mean") & (rows["visit"] == "AGE02") & (rows["level"] == "")]
    assert means["n"].isna().all() and means["den_df"].isna().all() and means["estimate"].notna().all()


def test_values_of_small_groups_and_of_single_children_are_gone(autism, public_autism):
    results, public = autism[1], public_autism[0]
    for name in ("visits", "baseline"):
        before, after = results.tables[name], public.tables[name]
        small = before["n"].between(1, 10).to_numpy()
        assert small.any()
        assert (
            after.loc[small, ["n", "mean", "sd", "median", "percent"][: 4 if name == "visits" else 5]]
            .isna()
            .all(axis=None)
        )
        assert after[["minimum", "maximum"]].isna().all(axis=None)
        assert set(after["hidden"]) == {"", "hidden"}
    assert "bare" not in public.tables


def test_inputs_are_not_changed_and_rows_keep_their_places(autism):
    spec, results = autism
    before = {name: table.copy() for name, table in results.tables.items()}
    estimates = results.estimates.copy()
    public, report = public_results(results, spec, rule="cms")
    for name, table in before.items():
        pd.testing.assert_frame_equal(results.tables[name], table)
    pd.testing.assert_frame_equal(results.estimates, estimates)
    assert list(public.estimates["estimate_id"]) == list(estimates["estimate_id"])
    assert len(public.tables["flow"]) == len(before["flow"])
    assert report.small and report.linked and report.mark("flow", 1, "n") == "small"
    assert "small" not in "".join(public.tables["flow"]["hidden"])


def test_what_is_shown_is_true(autism, public_autism):
    results, public = autism[1], public_autism[0]
    for name in ("flow", "visits", "baseline"):
        before, after = results.tables[name], public.tables[name]
        for column in before.select_dtypes("number"):
            shown = after[column].notna().to_numpy()
            told, true = (table[column].to_numpy(float)[shown] for table in (after, before))
            if column in ("mean", "sd", "median", "q1", "q3"):
                sd, n = (before[name].to_numpy(float)[shown] for name in ("sd", "n"))
                least = 1.96 * sd / np.sqrt(n) * 11 / n
                allowed = 2.5 * least / 2  # half a step, which is the next 1, 2, 5 or 10 times a power of ten
                assert (np.abs(told - true) <= allowed).all()
                assert column != "mean" or np.abs(told - true).max() > 0
            else:
                np.testing.assert_allclose(told, true)


def test_two_editions_do_not_tell_the_values_of_a_child_who_left_in_between(autism):
    """Number × mean of all children, minus the same without one of them, would be this child's value."""
    spec, results = autism
    row = results.tables["baseline"].query(
        "variable.str.startswith('Age') and level == 'All' and category == ''"
    )
    row = row if len(row) else results.tables["visits"].query("n >= 100 and level == ''").head(1)
    name = "baseline" if "variable" in row else "visits"
    n, mean, sd = (float(row[column].iloc[0]) for column in ("n", "mean", "sd"))
    child = mean + 1.5 * sd
    left = results.tables[name].copy()
    left.loc[row.index, ["n", "mean"]] = n - 1, (n * mean - child) / (n - 1)
    told = []
    for table in (results.tables[name], left):
        alone = AnalysisResults(results.estimates.head(0), {name: table.loc[row.index]})
        public = public_results(alone, spec, rule="cms")[0].tables[name].iloc[0]
        told.append((public["n"], public["mean"]))
    assert told[0][0] == n and told[1][0] == n - 1
    exact = n * mean - (n - 1) * (n * mean - child) / (n - 1)
    assert exact == pytest.approx(child)
    steps = [
        abs(value - true) for (_, value), true in zip(told, (mean, (n * mean - child) / (n - 1)), strict=True)
    ]
    assert max(steps) * n > 0.2 * sd  # so the difference of the sums says little of one child


def small_groups_hidden(spec, results, subgroup, level, rule):
    """The public edition when a group of the estimates is said to be small."""
    rows = results.estimates.copy()
    chosen = (rows["subgroup"] == subgroup) & (rows["level"] == level) & (rows["visit"] == "AGE13")
    rows.loc[chosen, "n"] = 9.0
    tables = {"findings": results.tables["findings"]}
    return public_results(AnalysisResults(rows, tables, results.facts), spec, rule=rule)[0].estimates


def test_a_hidden_mean_does_not_follow_from_others(autism):
    """Girls at age 13 are hidden: boys and all would give them, and so would coefficients and differences."""
    spec, results = autism
    rows = small_groups_hidden(spec, results, "SEX", "Girls", "cms")
    at = rows[rows["visit"] == "AGE13"]
    girls = at[(at["level"] == "Girls") & at["kind"].isin(["ls_mean", "change", "effect_size"])]
    assert girls["estimate"].isna().all() and (girls["error"] == HIDDEN).all()
    means = at[at["kind"] == "ls_mean"].set_index("level")["estimate"]
    assert np.isnan(means["Boys"]) or np.isnan(means[""])
    assert rows.loc[rows["kind"] == "coefficient", "estimate"].isna().all()
    assert (
        at.loc[at["level"].str.contains("Girls") & (at["kind"] == "difference_of_changes"), "estimate"]
        .isna()
        .all()
    )
    kept = rows[(rows["kind"] == "ls_mean") & (rows["subgroup"] != "SEX")]
    assert kept["estimate"].notna().all()


def test_tables_nobody_knows_stay_inside(autism):
    spec, results = autism
    tables = {**results.tables, "courses": pd.DataFrame({"child": [1]}), "bare": pd.DataFrame({"x": [1]})}
    public, report = public_results(replace(results, tables=tables), spec, rule="cms")
    assert {"courses", "bare", "missingness", "prepost"} <= set(report.left_out)
    assert not {"courses", "bare", "missingness", "prepost"} & set(public.tables)
    assert any("courses of single children" in line for line in report.statements)


def test_the_rule_for_trials_shows_who_answered(autism):
    spec, results = autism
    public, _ = public_results(results, spec, rule="trial")
    flow = public.tables["flow"]
    overall = flow[(flow["level"] == "") & (flow["reason"] == "")].set_index("stage")["n"]
    assert overall["Age 2 answered"] == 154
    girls = flow[(flow["stage"] == "Entered") & flow["level"].str.startswith("Girls")]
    assert girls["n"].isna().all()
    assert {"prepost", "missingness"} <= set(public.tables)


def test_rounding_rounds_all_counts(autism):
    spec, results = autism
    tables = {"flow": results.tables["flow"].head(7), "baseline": results.tables["baseline"]}
    rule = replace(RULES["opensafely"], nonresponse=False)
    public, _ = public_results(replace(results, tables=tables), spec, rule=rule)
    for name, column in (("flow", "n"), ("baseline", "count"), ("baseline", "n")):
        shown = public.tables[name][column].dropna()
        assert len(shown) and (shown % 5 == 0).all()
    assert public.estimates["den_df"].isna().all()
    assert (public.estimates["n"].dropna() % 5 == 0).all()


def test_the_audit_gives_the_narrowest_interval(autism):
    spec, results = autism
    _, report = public_results(results, spec, rule=Rule("five", 5, nonresponse=False), audit=True)
    assert report.narrowest is not None
    assert report.narrowest.low <= 1 and report.narrowest.high >= 5


def test_an_unknown_rule_is_named(autism):
    spec, results = autism
    with pytest.raises(UsageError, match="no rule 'csm'"):
        public_results(results, spec, rule="csm")


def test_no_hidden_number_stands_in_the_page(autism, public_autism):
    """The page, its figures and its embedded data are made from the public results alone."""
    from emostats.render import html
    from emostats.report import build_report

    spec, results = autism
    manifest = {"run_id": "x", "created": "2025-01-01T00:00:00Z", "emostats": "0", "status": "complete"}
    page = html(
        build_report(
            spec, public_autism[0], {**manifest, "plan": {"hash": "0", "locked": None, "changed": []}}
        )
    )
    hidden = {
        repr(float(old))
        for name in ("visits", "baseline")
        for column in ("mean", "sd")
        for old, new in zip(results.tables[name][column], public_autism[0].tables[name][column], strict=True)
        if old == old and new != new and old != round(old, 3)
    }
    assert len(hidden) > 30
    assert not [number for number in hidden if number in page]
