"""From an estimate to what a table or a sentence shows of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from emostats.estimates import Estimate
from emostats.render import rounding
from emostats.report.language import _
from emostats.report.model import Cell
from emostats.report.recorded import spoken
from emostats.report.wording import capital

HIDDEN = "hidden: a small group, or one from which a small group could be computed"
"""Why a number of the public edition is not shown; estimates say the same in their error."""


def no_value() -> Cell:
    """The cell of a number that was not computed."""
    return Cell(rounding.MISSING, reason=capital(spoken("not computed")))


def _no_count() -> Cell:
    return Cell(rounding.MISSING, reason=_("The number of children is hidden, or was not recorded"))


def _left_out() -> Cell:
    """A number that was computed, as its p-value shows, and that the public edition does not tell."""
    return Cell(rounding.MISSING, reason=capital(spoken(HIDDEN)))


def places_of(rows: Iterable[Estimate], at_most: int = rounding.MAX_PLACES) -> int:
    """Decimals for a group of rows that stand together."""
    rows = list(rows)
    return min(rounding.shared_decimals([r.std_error for r in rows], [r.estimate for r in rows]), at_most)


def bounded(row: Estimate) -> bool:
    """Whether the interval has two ends."""
    return all(limit is not None and math.isfinite(limit) for limit in (row.conf_low, row.conf_high))


def telling_places(row: Estimate, places: int) -> int:
    """`places`, or one or two more where a limit beside zero would read as zero: a reader could not tell then
    on which side of zero the interval lies."""
    limits = [limit for limit in (row.conf_low, row.conf_high) if limit]
    zero = rounding.fixed(0, places)
    if places >= rounding.MAX_PLACES or not any(rounding.fixed(limit, places) == zero for limit in limits):
        return places
    zero = rounding.fixed(0, places + 1)
    return places + (2 if any(rounding.fixed(limit, places + 1) == zero for limit in limits) else 1)


def failed(row: Estimate | None) -> Cell | None:
    """The cell of an estimate that is not there, with the reason in words; None if it is there."""
    if row is None:
        return no_value()
    if row.error or row.estimate is None:
        reason = capital(spoken(row.error or "not computed"))
        return Cell(rounding.MISSING, None, spoken(row.unit), row.estimate_id, reason=reason)
    return None


def estimate(row: Estimate | None, places: int, *, sign: bool = False, unit: bool = False) -> Cell:
    """The estimate; `unit` writes its unit behind the number."""
    missing = failed(row)
    if missing is not None or row is None:
        return missing or no_value()
    return Cell(
        _number(row, row.estimate, places, sign=sign, unit=unit),
        row.estimate,
        spoken(row.unit),
        row.estimate_id,
    )


def with_interval(row: Estimate | None, places: int, *, sign: bool = False) -> Cell:
    """The estimate with its interval as the second line."""
    cell = estimate(row, places, sign=sign)
    if row is None or cell.reason:
        return cell
    return Cell(cell.text, cell.value, cell.unit, cell.estimate_id, detail=interval(row, places).text)


def interval(row: Estimate | None, places: int, *, unit: bool = False) -> Cell:
    """The interval; the raw value is written as ``low to high`` at full precision."""
    missing = failed(row)
    if missing is not None or row is None:
        return missing or no_value()
    places = _stepped(row, places)
    if row.unit == "%":
        text = rounding.percent_interval(row.conf_low, row.conf_high, places)
    else:
        text = rounding.interval(row.conf_low, row.conf_high, places)
        text += _unit(row) if unit and text != rounding.MISSING else ""
    raw = f"{rounding.full(row.conf_low)} to {rounding.full(row.conf_high)}"
    return Cell(text, raw, spoken(row.unit), row.estimate_id)


def in_one_line(row: Estimate, places: int, *, sign: bool = False) -> str:
    """``1.24 (1.13 to 1.35)``, for a figure."""
    number = _number(row, row.estimate, places, sign=sign)
    if row.conf_low is None and row.conf_high is None:
        return number
    return f"{number} ({interval(row, places).text})"


def std_error(row: Estimate | None, places: int) -> Cell:
    """The standard error."""
    if row is None or failed(row):
        return failed(row) or no_value()
    if row.std_error is None and row.p_value is not None:
        return _left_out()
    return Cell(rounding.fixed(row.std_error, places), row.std_error, spoken(row.unit), row.estimate_id)


def p_value(row: Estimate | None) -> Cell:
    """The p-value, adjusted where the row has an adjusted one (its header or a footnote says so)."""
    if row is None or (row.error and row.p_value is None):
        return failed(row) or no_value()
    value = row.p_value if row.p_adjusted is None else row.p_adjusted
    return Cell(rounding.p_value(value), value, "", row.estimate_id)


def count(row: Estimate | None) -> Cell:
    """The number of children behind the estimate."""
    if row is not None and row.n is None and row.error:
        return failed(row) or no_value()
    if row is None or row.n is None:
        return no_value() if row is None or row.estimate is None else _no_count()
    return Cell(rounding.count(row.n), row.n, _("children"), row.estimate_id)


def hidden(record: Mapping[str, Any]) -> Cell | None:
    """The cell of a row of a descriptive table that the public edition hides; None if it is shown."""
    if str(record.get("hidden") or "") in ("", "nan"):
        return None
    return Cell(rounding.MISSING, reason=capital(spoken(HIDDEN)))


def whole(value: float | int | None) -> Cell:
    """A count of children that comes from a descriptive table."""
    number = rounding.known(value)
    return Cell(rounding.count(number), None if number is None else int(number), _("children"))


def t_statistic(row: Estimate) -> Cell:
    """``t(156.5) = 2.31``, or ``F(3, 170.2) = 4.10``, with its degrees of freedom."""
    if row.statistic is None:
        return failed(row) or (no_value() if row.p_value is None else _left_out())
    df = rounding.degrees_of_freedom(row.den_df)
    if row.num_df is not None and row.kind == "test":
        name = f"F({rounding.fixed(row.num_df, 0)}, {df})"
    else:
        name = f"t({df})"
    return Cell(f"{name} = {rounding.statistic(row.statistic)}", row.statistic, "", row.estimate_id)


def _number(
    row: Estimate, value: float | None, places: int, *, sign: bool = False, unit: bool = False
) -> str:
    places = _stepped(row, places)
    if row.unit == "%":
        return rounding.percent(value, places, sign=sign)
    return rounding.fixed(value, places, sign=sign) + (_unit(row) if unit else "")


def _stepped(row: Estimate, places: int) -> int:
    """`places`, or those of the step in which the public edition gives the row."""
    return rounding.step_places(places, (row.estimate, row.conf_low, row.conf_high))


def _unit(row: Estimate) -> str:
    return f"\u00a0{spoken(row.unit)}" if row.unit else ""
