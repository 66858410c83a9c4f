"""One row of an ICC analysis: a form with its estimate, test and limits."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class FormEstimate:
    """One form of the ICC.

    Attributes
    ----------
    form: McGraw & Wong's name. alias: Shrout & Fleiss' name.
    estimate: at most 1; an ANOVA estimate may be negative.
    statistic, num_df, den_df, p_value: F test of ICC ≤ 0.
    conf_low, conf_high: two-sided limits by `method`.
    customary_low, customary_high: McGraw & Wong's limits, as other programs print them; NaN where ratings
        are missing.
    reason: what a reader must know about this row; '' when there is nothing.
    """

    form: str
    alias: str
    estimate: float
    statistic: float
    num_df: float
    den_df: float
    p_value: float
    conf_low: float
    conf_high: float
    method: str
    customary_low: float
    customary_high: float
    reason: str = ""


TABLE_COLUMNS: tuple[str, ...] = tuple(item.name for item in fields(FormEstimate))
