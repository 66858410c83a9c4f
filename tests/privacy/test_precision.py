"""What the digits of model results tell about the number of children behind them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from emostats.estimates import AnalysisResults, Estimate, estimates_frame
from emostats.privacy import public_results
from emostats.privacy.public.precision import round_curves, step
from emostats.study.spec import read_spec

STUDY = Path(__file__).parents[1] / "report" / "study.toml"
SPREAD = 0.73


def mean_of(n: int, visit: str, **more) -> Estimate:
    """The mean of `n` children whose values have a known spread, with 5 degrees of freedom less than n."""
    error, df = SPREAD / math.sqrt(n), n - 5
    width = float(t.ppf(0.975, df)) * error
    fields = {"estimate": 1.4382451322372387, "std_error": error, "den_df": float(df), "n": n} | more
    middle = fields["estimate"]
    return Estimate(
        f"primary/SOCINT/ls_mean/{visit}/overall", "primary", "ls_mean", "SOCINT", visit=visit,
        conf_low=middle - width, conf_high=middle + width, conf_level=0.95, statistic=middle / error,
        p_value=0.0123456, num_df=1.0, **fields,
    )  # fmt: skip


def published(*rows: Estimate, rule: str = "cms", facts=None, **tables: pd.DataFrame) -> AnalysisResults:
    flow = pd.DataFrame({"stage": ["Entered"], "level": [""], "n": [182], "reason": [""]})
    results = AnalysisResults(estimates_frame(list(rows)), {"flow": flow, **tables}, facts or {})
    return public_results(results, read_spec(STUDY), rule=rule)[0]


def sizes_that_fit(row: pd.Series) -> list[int]:
    """Numbers of children that an attacker who knows the spread cannot rule out from what is published."""
    shown = [float(row[name]) for name in ("estimate", "conf_low", "conf_high")]
    units = [digit * 10.0**power for power in range(3, -17, -1) for digit in (5, 2, 1)]
    unit = next(u for u in units if all(abs(x / u - round(x / u)) < 1e-6 for x in shown))
    fit = []
    for n in range(7, 1000):
        width = float(t.ppf(0.975, n - 5)) * SPREAD / math.sqrt(n)
        if abs((shown[2] - shown[1]) / 2 - width) <= unit / 2 + 1e-12:
            fit.append(n)
    return fit


@pytest.mark.parametrize("n", [176, 62, 30])
def test_an_interval_does_not_tell_how_many_answered(n):
    """At full precision there is one number of children that gives this interval."""
    exact = estimates_frame([mean_of(n, "WEEK04")]).iloc[0]
    assert sizes_that_fit(exact) == [n]
    fit = sizes_that_fit(published(mean_of(n, "WEEK04")).estimates.iloc[0])
    assert n in fit and len(fit) >= 11


def test_the_degrees_of_freedom_do_not_follow_from_what_is_shown():
    """176 of 182 answered, so n and df are hidden; interval over standard error is the t quantile."""
    public = published(mean_of(176, "WEEK04")).estimates.iloc[0]
    assert np.isnan(public["n"]) and np.isnan(public["den_df"])
    assert np.isnan(public["std_error"]) and np.isnan(public["statistic"])
    assert public["p_value"] == 0.012


def test_a_mean_of_whole_numbers_does_not_tell_its_denominator():
    """247 points of 176 children: at full precision the fraction gives 176."""
    public = published(mean_of(176, "WEEK04", estimate=247 / 176)).estimates.iloc[0]
    assert abs(public["estimate"] * 176 - 247) > 1e-6
    assert public["estimate"] == pytest.approx(247 / 176, abs=0.01)


def test_how_a_mean_follows_shifted_answers_does_not_tell_how_many_are_missing():
    """27 of 182 are missing: each point of shift moves the mean by 27/182."""
    shifts = np.linspace(0, -6, 7)
    table = pd.DataFrame(
        {
            "analysis": "tipping", "parameter": "SOCINT", "visit": "WEEK12", "delta": shifts,
            "estimate": 0.98 + shifts * 27 / 182, "p_value": np.linspace(0, 0.4, 7), "alpha": 0.05,
            "tipping": -4.8, "message": "The result is no longer significant from a shift of 4.800.",
        }
    )  # fmt: skip
    change = Estimate(
        "tipping/SOCINT/change/WEEK12/overall", "tipping", "change", "SOCINT", visit="WEEK12",
        estimate=0.98, conf_low=0.85, conf_high=1.11, n=182,
    )  # fmt: skip
    facts = {"tipping": {"type": "tipping"}}
    strict = published(change, facts=facts, tipping=table)
    assert strict.tables["tipping"].empty and strict.estimates["error"].iloc[0].startswith("hidden")
    shown = published(change, rule="trial", facts=facts, tipping=table).tables["tipping"]
    assert len(shown) == 7 and shown["estimate"].isna().all() and shown["p_value"].iloc[-1] == 0.4


def test_the_spread_of_resampled_means_goes_with_the_number_of_children():
    rows = [mean_of(176, "WEEK04"), mean_of(150, "WEEK12")]
    bins = pd.DataFrame(
        {"estimate_id": [row.estimate_id for row in rows], "low": 0.0, "high": 1.0, "count": 9}
    )
    public = published(*rows, resamples=bins)
    assert list(public.tables["resamples"]["estimate_id"]) == [rows[1].estimate_id]


def test_bands_of_curves_are_rounded_like_intervals():
    table = pd.DataFrame(
        {"estimate_id": ["a", "b"], "value": [1.5, 2.0], "band_low": 0.123456, "band_high": 0.9}
    )
    rounded = round_curves(table, {"a": 182.0}, 11)
    assert list(rounded["band_low"]) == [0.1, 0.1] and list(rounded["value"]) == [1.5, 2.0]
    assert table["band_low"].iloc[0] == 0.123456


@given(st.floats(1e-6, 1e6), st.integers(1, 100_000))
def test_steps_are_wide_enough_and_not_needlessly_wide(half_width, n):
    least = half_width * min(11 / n, 1)
    assert least * (1 - 1e-6) <= step(half_width, n, 11) <= 2.5 * least * (1 + 1e-6)
