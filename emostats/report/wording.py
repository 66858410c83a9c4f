"""Plain words for effects. An effect is worded by its size and its interval together, never by a p-value."""

from __future__ import annotations

from collections.abc import Sequence

from emostats.estimates import Estimate

COHEN = ((0.2, "negligible"), (0.5, "small"), (0.8, "moderate"), (float("inf"), "large"))
"""Upper bounds and names of the size of a standardized effect (Cohen, 1988)."""

KOO_LI = ((0.5, "poor"), (0.75, "moderate"), (0.9, "good"), (1.0, "excellent"))
"""Upper bounds and names of an intraclass correlation (Koo & Li, 2016)."""


def joined(items: Sequence[str], last: str = "and") -> str:
    """``"a, b and c"``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


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


def moved(row: Estimate) -> str:
    """``"rose"`` or ``"fell"``, by the sign of the estimate."""
    return "rose" if (row.estimate or 0.0) > 0 else "fell"


def size(row: Estimate) -> str:
    """The size of a standardized change by both ends of its interval: ``"a moderate to large rise"``.

    An interval that crosses zero is told from end to end: ``"anything from a small fall to a moderate
    rise"``.
    """
    low, high = row.conf_low, row.conf_high
    if low is None or high is None:
        return f"a {_name(COHEN, abs(row.estimate or 0.0))} {_way(row.estimate or 0.0)}"
    if low < 0 < high:
        return f"anything from a {_name(COHEN, -low)} fall to a {_name(COHEN, high)} rise"
    small, large = sorted((_name(COHEN, abs(low)), _name(COHEN, abs(high))), key=_rank)
    return f"a {small if small == large else f'{small} to {large}'} {_way(low + high)}"


def agreement(row: Estimate) -> str:
    """An intraclass correlation in words, by both ends of its interval: ``"moderate to good"``."""
    if row.conf_low is None or row.conf_high is None:
        return _name(KOO_LI, row.estimate or 0.0)
    low, high = _name(KOO_LI, row.conf_low), _name(KOO_LI, row.conf_high)
    return low if low == high else f"{low} to {high}"


def better(higher_is_better: bool | None, row: Estimate) -> str:
    """What the direction means on this scale, as a sentence; nothing when it is not known or not settled."""
    if higher_is_better is None or not settled(row):
        return ""
    improved = ((row.estimate or 0.0) > 0) == higher_is_better
    scale = "Higher" if higher_is_better else "Lower"
    verdict = "an improvement" if improved else "a worsening"
    return f"{scale} scores are better on this scale: the change is {verdict}."


def _name(bands: Sequence[tuple[float, str]], value: float) -> str:
    return next((name for bound, name in bands if value < bound), bands[-1][1])


def _rank(name: str) -> int:
    return [known for _, known in COHEN].index(name)


def _way(value: float) -> str:
    return "rise" if value > 0 else "fall"
