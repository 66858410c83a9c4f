"""Classical pre/post tests of complete pairs: a cross-check beside the mixed model, not instead of it.

A paired t test uses only the children seen at both visits, so it agrees with the model when few are
missing and may differ when those lost changed differently.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import pandas as pd

from emostats.statistics.descriptives.summary import Groups

PREPOST_COLUMNS = (
    "parameter", "visit", "level", "n", "mean_baseline", "mean_visit", "estimate", "std_error", "df",
    "statistic", "p_value", "conf_low", "conf_high", "cohens_d", "method", "error",
)  # fmt: skip

METHOD = "paired t test of complete pairs (pingouin)"


def prepost_table(
    observations: pd.DataFrame,
    visits: Mapping[str, str],
    baseline: str,
    groups: Groups,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Paired t test of each later visit against baseline, by parameter and group.

    Parameters
    ----------
    observations: rows with USUBJID, AVISIT, PARAMCD, AVAL; one row a subject × visit × parameter.
    visits: visit name → label, in time order. baseline: name of the first of a pair.
    groups: label → subjects. conf_level: of the interval, in (0, 1).

    Returns
    -------
    Columns `PREPOST_COLUMNS`: ``estimate`` is the mean change (visit − baseline); ``cohens_d`` is the change
    over sqrt((s1² + s2²) / 2). Where a test is impossible the row stays, with the reason in ``error``.
    """
    rows: list[dict[str, Any]] = []
    for parameter in dict.fromkeys(observations["PARAMCD"]):
        wide = observations[observations["PARAMCD"] == parameter].pivot(
            index="USUBJID", columns="AVISIT", values="AVAL"
        )
        for visit in visits:
            if visit == baseline or visit not in wide or baseline not in wide:
                continue
            for level, who in groups.items():
                pairs = wide.loc[wide.index.isin(list(who)), [baseline, visit]].dropna()
                row = {"parameter": parameter, "visit": visit, "level": level, "method": METHOD, "error": ""}
                rows.append({**row, **_paired_test(pairs[baseline], pairs[visit], conf_level)})
    return pd.DataFrame(rows, columns=list(PREPOST_COLUMNS))


def _paired_test(before: pd.Series, after: pd.Series, conf_level: float) -> dict[str, Any]:
    change = after - before
    n = len(change)
    if n < 2:
        return {"n": n, "error": "fewer than two children were seen at both visits"}
    if not float(change.std(ddof=1)) > 0:
        return {"n": n, "estimate": float(change.mean()), "error": "every child changed by the same amount"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pingouin's own deprecations are no news to the user
        import pingouin

        test = pingouin.ttest(after, before, paired=True).iloc[0]
    estimate, std_error = float(change.mean()), float(change.std(ddof=1)) / n**0.5
    margin = _t_quantile(conf_level, n - 1) * std_error  # pingouin rounds its interval to two decimals
    return {
        "n": n,
        "mean_baseline": float(before.mean()),
        "mean_visit": float(after.mean()),
        "estimate": estimate,
        "std_error": std_error,
        "df": float(test["dof"]),
        "statistic": float(test["T"]),
        "p_value": float(test.get("p_val", test.get("p-val"))),
        "conf_low": estimate - margin,
        "conf_high": estimate + margin,
        "cohens_d": float(test.get("cohen_d", test.get("cohen-d"))),
    }


def _t_quantile(conf_level: float, df: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.5 + conf_level / 2, df))
