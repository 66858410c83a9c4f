"""A level in percent, or no level at all, is refused by everything that takes one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.statistics import agreement as ag

TABLE = np.array([[1.0, 2, 1], [3, 3, 4], [5, 4, 5], [2, 2, 1], [4, 5, 3], [2, 3, 3], [1, 1, 2], [5, 5, 4]])
LONG = pd.DataFrame(
    {
        "target": np.repeat(np.arange(8), 3),
        "rater": np.tile(list("abc"), 8),
        "truth": np.repeat(["A", "B"], 12),
        "guess": np.tile(["A", "B", "A", "B"], 6),
        "rating": TABLE.ravel(),
    }
)
NAMES = {"targets": "target", "raters": "rater"}
CALLS = {
    "icc": lambda level: ag.icc(TABLE, conf_level=level),
    "icc_oneway": lambda level: ag.icc_oneway(LONG, groups="target", values="rating", conf_level=level),
    "icc_by_subgroup": lambda level: ag.icc_by_subgroup(
        LONG, **NAMES, ratings="rating", by="truth", conf_level=level
    ),
    "cohen_kappa": lambda level: ag.cohen_kappa(TABLE[:, :2], conf_level=level),
    "cohen_kappa_of_counts": lambda level: ag.cohen_kappa_of_counts([[3, 1], [1, 4]], conf_level=level),
    "fleiss_kappa": lambda level: ag.fleiss_kappa(TABLE, conf_level=level),
    "krippendorff_alpha": lambda level: ag.krippendorff_alpha(TABLE, conf_level=level),
    "concordance_correlation": lambda level: ag.concordance_correlation(TABLE[:, :2], conf_level=level),
    "cronbach_alpha": lambda level: ag.cronbach_alpha(TABLE, conf_level=level),
    "mcdonald_omega": lambda level: ag.mcdonald_omega(TABLE, conf_level=level),
    "bland_altman": lambda level: ag.bland_altman(TABLE[:, :2], conf_level=level),
    "bland_altman, coverage": lambda level: ag.bland_altman(TABLE[:, :2], coverage=level),
    "blinding_check": lambda level: ag.blinding_check(
        LONG, truth="truth", guess="guess", **NAMES, conf_level=level
    ),
    "matching_accuracy": lambda level: ag.matching_accuracy(
        LONG, **NAMES, ratings="rating", threshold=4, conf_level=level
    ),
    "expected_width": lambda level: ag.expected_width(n_targets=20, n_raters=3, rho=0.6, conf_level=level),
    "targets_for_width": lambda level: ag.targets_for_width(rho=0.6, width=0.2, n_raters=3, conf_level=level),
    "icc_power": lambda level: ag.icc_power(n_targets=20, n_raters=3, rho0=0.4, rho1=0.7, alpha=level),
    "simulate_plan": lambda level: ag.simulate_plan(
        n_targets=9, n_raters=3, variances={"target": 1, "error": 1}, n_simulations=2, conf_level=level
    ),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("level", [95, 0, 1, -0.5, float("nan"), "0.95", None])
def test_what_is_no_level_is_refused(name, level):
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        CALLS[name](level)


@pytest.mark.parametrize("name", CALLS)
def test_a_level_is_taken(name):
    assert CALLS[name](0.9) is not None


def test_planning_needs_two_targets():
    for call in (
        lambda: ag.icc_power(n_targets=1, n_raters=3, rho0=0.4, rho1=0.7),
        lambda: ag.expected_width(n_targets=1, n_raters=3, rho=0.6),
    ):
        with pytest.raises(UsageError, match="n_targets must be 2 or more"):
            call()
