"""Plain words for effects. An effect is worded by its size and its interval together, never by a p-value."""

from __future__ import annotations

from collections.abc import Sequence

from emostats.estimates import Estimate
from emostats.report.language import _, sentences

COHEN = ((0.2, "negligible"), (0.5, "small"), (0.8, "moderate"), (float("inf"), "large"))
"""Upper bounds and names of the size of a standardized effect (Cohen, 1988)."""

KOO_LI = ((0.5, "poor"), (0.75, "moderate"), (0.9, "good"), (1.0, "excellent"))
"""Upper bounds and names of an intraclass correlation (Koo & Li, 2016)."""


def capital(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def plural(n: int | None, one: str, many: str = "") -> str:
    """`one` or its plural, without the number."""
    return one if n == 1 else (many or one + "s")


def settled(row: Estimate, null: float = 0.0) -> bool:
    """Whether the whole interval lies on one side of `null`."""
    if row.conf_low is None or row.conf_high is None:
        return False
    return row.conf_low > null or row.conf_high < null


def rises(row: Estimate) -> bool:
    """Whether the estimate is above zero."""
    return (row.estimate or 0.0) > 0


def size(row: Estimate) -> str:
    """The size of a standardized change by both ends of its interval: ``"a moderate to large rise"``.

    An interval that crosses zero is told from end to end: ``"anything from a small fall to a moderate
    rise"``.
    """
    low, high = row.conf_low, row.conf_high
    if low is None or high is None:
        value = row.estimate or 0.0
        return _changed(_name(COHEN, abs(value)), value)
    if low < 0 < high:
        least, most = _(_name(COHEN, -low)), _(_name(COHEN, high))
        return _("anything from a {least} fall to a {most} rise", least=least, most=most)
    least, most = sorted((_name(COHEN, abs(low)), _name(COHEN, abs(high))), key=_rank)
    return _changed(least, low + high, most)


def agreement(row: Estimate) -> str:
    """An intraclass correlation in words, by both ends of its interval: ``"moderate to good"``."""
    if row.conf_low is None or row.conf_high is None:
        return _(_name(KOO_LI, row.estimate or 0.0))
    low, high = _name(KOO_LI, row.conf_low), _name(KOO_LI, row.conf_high)
    return _span(low, high)


def better(higher_is_better: bool | None, row: Estimate) -> str:
    """What the direction means on this scale, as a sentence; nothing when it is not known or not settled."""
    if higher_is_better is None or not settled(row):
        return ""
    improved = ((row.estimate or 0.0) > 0) == higher_is_better
    scale = (
        _("Higher scores are better on this scale:")
        if higher_is_better
        else _("Lower scores are better on this scale:")
    )
    verdict = _("the change is an improvement.") if improved else _("the change is a worsening.")
    return sentences(scale, verdict)


def bands() -> tuple[tuple[float, str], ...]:
    """The bands of `KOO_LI` with their names in the language of the report."""
    return tuple((bound, _(name)) for bound, name in KOO_LI)


def _name(bands: Sequence[tuple[float, str]], value: float) -> str:
    return next((name for bound, name in bands if value < bound), bands[-1][1])


def _rank(name: str) -> int:
    return [known for _, known in COHEN].index(name)


def _span(least: str, most: str) -> str:
    return _(least) if least == most else _("{least} to {most}", least=_(least), most=_(most))


def _changed(least: str, value: float, most: str = "") -> str:
    size = _span(least, most or least)
    return _("a {size} rise", size=size) if value > 0 else _("a {size} fall", size=size)
