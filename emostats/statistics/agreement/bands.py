"""Words for an ICC, judged on its interval (Koo & Li 2016, J Chiropr Med 15:155–163)."""

from __future__ import annotations

from math import isnan

KOO_LI: tuple[tuple[float, str], ...] = (
    (0.5, "poor"),
    (0.75, "moderate"),
    (0.9, "good"),
    (float("inf"), "excellent"),
)
"""Upper bound and name: below 0.5 poor, to 0.75 moderate, to 0.9 good, above excellent."""


def band(value: float) -> str:
    """The band one value falls in; '' when it is undefined."""
    if isnan(value):
        return ""
    return next(name for bound, name in KOO_LI if value < bound or (bound == 0.9 and value <= bound))


def interpretation(conf_low: float, conf_high: float) -> str:
    """The band or bands that an interval reaches, e.g. ``"moderate to good"``; never the point estimate's.

    ``"not determined"`` without an interval.
    """
    low, high = band(min(conf_low, conf_high)), band(max(conf_low, conf_high))
    if not low or not high:
        return "not determined"
    return low if low == high else f"{low} to {high}"
