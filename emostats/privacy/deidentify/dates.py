"""Dates moved and birth dates made coarse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from emostats.study.subgroups import AgeBand

TEXT_FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d")
"""How dates kept as text may be written: only forms in which day and month cannot be mixed up."""


def as_date(cell: Any) -> date | None:
    """The day that a cell holds, None if it holds none."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if not isinstance(cell, str):
        return None
    for form in TEXT_FORMS:
        try:
            return datetime.strptime(cell.strip()[:10], form).date()
        except ValueError:
            continue
    return None


def moved(cell: Any, days: int) -> date | None:
    """The day of a cell, moved; the time of day is dropped. None if it holds no day."""
    day = as_date(cell)
    try:
        return None if day is None else day + timedelta(days=days)
    except OverflowError:
        return None


def age_on(birth: date, day: date) -> int:
    """Completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def band_of(age: float, bands: Sequence[AgeBand]) -> str:
    """The label of the band that an age is in; ``"<1"`` or ``"13+"`` outside all."""
    if not bands:
        return f"{int(age)}"
    if age < bands[0].low:
        return f"<{bands[0].low:g}"
    if age >= bands[-1].high:
        return f"{bands[-1].high:g}+"
    return next((band.label for band in bands if band.low <= age < band.high), "")


def coarse_age(cell: Any, bands: Sequence[AgeBand]) -> int | None:
    """Completed years, no more than the top of the last band; None if the cell holds no age."""
    try:
        age = float(str(cell).replace(",", "."))
    except ValueError:
        return None
    if not 0 <= age < 150:
        return None
    top = int(bands[-1].high) if bands else 150
    return min(int(age), top)
