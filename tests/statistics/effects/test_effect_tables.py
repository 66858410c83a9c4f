"""Tables of effects: every row, analytic and bootstrap limits side by side, failures with their reason."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.effects import (
    Resampling,
    cliff_delta,
    cohen_d,
    mean_change,
    pairs_from_long,
    pre_post_effects,
    two_group_effects,
)
from emostats.statistics.effects.statistics_of_change import GROUP_STATISTICS, PAIRED_STATISTICS
from emostats.statistics.effects.tables import TABLE_COLUMNS

MONTE_CARLO = {
    case["id"]: case
    for case in json.loads((Path(__file__).parents[2] / "reference/bootstrap/monte_carlo.json").read_text())[
        "cases"
    ]
}
SRM = MONTE_CARLO["anorexia_FT_standardised_response_mean"]
HEDGES = MONTE_CARLO["anorexia_change_hedges_g_CBT_vs_Cont"]


def study():
    rng = np.random.default_rng(21)
    pre = rng.normal(20, 4, size=24)
    post = pre + rng.normal(2, 3, size=24)
    return pd.DataFrame(
        {
            "id": np.arange(24),
            "family": np.repeat(np.arange(12), 2),
            "pre": pre,
            "post": post,
            "arm": list("ab") * 12,
        }
    )


def test_pre_post_table():
    data = study()
    data.loc[3, "post"] = np.nan
    before = data.copy()
    with pytest.warns(match="1 of 24 rows have a missing"):
        found = pre_post_effects(
            data, pre="pre", post="post", mic=3, resampling=Resampling(seed=1, n_resamples=1999)
        )
    pd.testing.assert_frame_equal(data, before)
    assert found.columns.tolist() == list(TABLE_COLUMNS)
    assert found["name"].tolist() == [
        "mean_change", "percent_change", "d_z", "d_z_corrected", "d_av", "d_av_rms", "d_rm", "glass_pre",
        "common_language", "cliff_delta", "responders",
    ]  # fmt: skip
    assert (found["n"] == 23).all()
    assert (found["conf_low"] < found["estimate"]).all() and (found["boot_low"] < found["estimate"]).all()
    assert (found["estimate"] < found["conf_high"]).all() and (found["estimate"] < found["boot_high"]).all()
    row = found.set_index("name").loc["mean_change"]
    single = mean_change(data["pre"], data["post"])
    assert (row["conf_low"], row["p_value"]) == (single.conf_low, single.p_value)
    share = found.set_index("name").loc["responders", "estimate"]
    assert share == ((data["post"] - data["pre"]).dropna() >= 3).mean()


def test_bootstrap_columns_are_the_bootstrap():
    data = study()
    settings = Resampling(seed=4, n_resamples=999, unit="family", method="percentile")
    found = pre_post_effects(data, pre="pre", post="post", resampling=settings).set_index("name")
    alone = em.bootstrap(
        data,
        lambda d: (d["post"] - d["pre"]).mean() / (d["post"] - d["pre"]).std(),
        unit="family",
        n_resamples=999,
        method="percentile",
        seed=4,
    )
    assert found.loc["d_z", ["boot_low", "boot_high"]].tolist() == pytest.approx(
        [alone.conf_low, alone.conf_high]
    )
    assert found.loc["d_z", "boot_std_error"] == pytest.approx(alone.std_error)
    assert found.loc["common_language", "boot_low"] > 0.5
    assert (found["boot_method"] == "percentile").all()


@pytest.mark.parametrize("name", PAIRED_STATISTICS)
def test_sums_give_the_effect_itself(name):
    data = study()
    table = pre_post_effects(data, pre="pre", post="post").set_index("name")
    found = em.bootstrap(
        data,
        PAIRED_STATISTICS[name],
        columns=["pre", "post"],
        unit=None,
        n_resamples=99,
        method="percentile",
        seed=1,
    )
    assert found.estimate == pytest.approx(table.loc[name, "estimate"], rel=1e-10)


@pytest.mark.parametrize("name", GROUP_STATISTICS)
def test_sums_give_the_group_effect_itself(name):
    data = study()
    table = two_group_effects(data, value="post", group="arm", reference="a").set_index("name")
    found = em.bootstrap(
        data, GROUP_STATISTICS[name], columns=["post", "arm"], unit=None, strata="arm", n_resamples=99,
        method="percentile", seed=1,
    )  # fmt: skip
    assert found.estimate == pytest.approx(table.loc[name, "estimate"], rel=1e-10)


def test_against_a_million_resamples():
    paired = pre_post_effects(
        pd.DataFrame(SRM["data"]), pre="pre", post="post", resampling=Resampling(seed=2, n_resamples=20_000)
    ).set_index("name")
    grouped = two_group_effects(
        pd.DataFrame(HEDGES["data"]), value="change", group="group", reference="Cont",
        resampling=Resampling(seed=2, n_resamples=20_000),
    ).set_index("name")  # fmt: skip
    for case, row, scale in (
        (SRM, paired.loc["d_z"], 1.0),
        # the reference takes the approximate correction 1 - 3/(4 df - 1), the table the exact one
        (HEDGES, grouped.loc["hedges_g"], HEDGES["t0"] / grouped.loc["hedges_g", "estimate"]),
    ):
        apart = np.abs(scale * row[["boot_low", "boot_high"]].to_numpy(dtype=float) - case["ci"]["95"]["bca"])
        assert (apart <= 4 * np.sqrt(1 + 50) * np.array(case["mc_se"]["95"]["bca"])).all()


def test_two_group_table():
    data = study()
    found = two_group_effects(data, value="post", group="arm", reference="b").set_index("name")
    x, y = (data.loc[data["arm"] == arm, "post"] for arm in "ab")
    assert found.loc["cohen_d", "estimate"] == cohen_d(x, y).estimate
    assert found.loc["cliff_delta", "conf_low"] == cliff_delta(x, y).conf_low
    assert found["boot_low"].isna().all()
    swapped = two_group_effects(data, value="post", group="arm", reference="a").set_index("name")
    np.testing.assert_allclose(
        swapped.loc["mean_difference", "estimate"], -found.loc["mean_difference", "estimate"]
    )


def two_samples_d(x, y):
    df = len(x) + len(y) - 2
    return (x.mean() - y.mean()) / np.sqrt(((len(x) - 1) * x.var() + (len(y) - 1) * y.var()) / df)


def test_two_group_bootstrap_resamples_within_groups():
    data = study()
    settings = Resampling(seed=3, n_resamples=999)
    found = two_group_effects(data, value="post", group="arm", reference="b", resampling=settings).set_index(
        "name"
    )
    alone = em.bootstrap(
        data,
        lambda d: two_samples_d(d.loc[d["arm"] == "a", "post"], d.loc[d["arm"] == "b", "post"]),
        unit=None,
        strata="arm",
        n_resamples=999,
        seed=3,
    )
    width = alone.conf_high - alone.conf_low
    assert found.loc["cohen_d", "boot_low"] == pytest.approx(alone.conf_low, abs=0.1 * width)
    assert found.loc["cohen_d", "boot_std_error"] == pytest.approx(alone.std_error, rel=0.1)
    assert found["boot_low"].notna().all()


def test_effects_that_fail_keep_their_row_and_reason():
    data = pd.DataFrame({"pre": [1.0, 1.0, 1.0], "post": [2.0, 2.0, 2.0]})
    found = pre_post_effects(data, pre="pre", post="post").set_index("name")
    assert found.loc["mean_change", "estimate"] == 1.0
    assert np.isnan(found.loc["d_z", "estimate"])
    assert "All subjects change by the same amount" in found.loc["d_z", "error"]
    assert (found.loc[["mean_change", "percent_change"], "error"] == "").all()


def test_without_any_pair_every_row_says_why():
    data = pd.DataFrame({"pre": [1.0, np.nan], "post": [np.nan, 2.0]})
    found = pre_post_effects(data, pre="pre", post="post")
    assert found["error"].str.contains("0 complete pairs").all()
    assert (found["n"] == 0).all()


def test_pairs_from_long():
    long = pd.DataFrame(
        {
            "USUBJID": ["1", "1", "2", "2", "3"],
            "AVISIT": ["BASE", "WEEK12", "WEEK12", "BASE", "BASE"],
            "AVAL": [1.0, 4.0, 6.0, 2.0, 3.0],
            "SEX": ["F", "F", "M", "M", "F"],
        }
    )
    found = pairs_from_long(
        long, subject="USUBJID", visit="AVISIT", value="AVAL", pre="BASE", post="WEEK12", keep=["SEX"]
    )
    assert found["pre"].tolist() == [1.0, 2.0, 3.0]
    assert found["post"].tolist()[:2] == [4.0, 6.0]
    assert np.isnan(found["post"].iloc[2])
    assert found["SEX"].tolist() == ["F", "M", "F"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: pre_post_effects(d, pre="before", post="post"), "'before' is not a column"),
        (lambda d: pre_post_effects(d, pre="arm", post="post"), "Column 'arm' must hold numbers"),
        (lambda d: two_group_effects(d, value="post", group="id", reference=1), "must hold two groups"),
        (lambda d: two_group_effects(d, value="post", group="arm", reference="z"), "the reference 'z'"),
        (
            lambda d: pairs_from_long(d, subject="id", visit="arm", value="post", pre="a", post="c"),
            "no visit 'c'",
        ),
        (
            lambda d: pairs_from_long(
                pd.concat([d, d]), subject="id", visit="arm", value="post", pre="a", post="b"
            ),
            "occur twice",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(UsageError, match=message):
        call(study())
