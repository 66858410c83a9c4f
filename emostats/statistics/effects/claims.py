"""Whether a published figure agrees with the rounded figures it is computed from.

A number printed as "1.280" stands for any value between 1.2795 and 1.2805. Interval arithmetic on exact
fractions carries these ranges through a formula; a claim is consistent when some values in the ranges give
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from emostats.errors import UsageError

Number = int | Fraction


@dataclass(frozen=True)
class Range:
    """All values from `low` to `high`, both included, as exact fractions; + - * / work on ranges."""

    low: Fraction
    high: Fraction

    def __add__(self, other: Range | Number) -> Range:
        o = _as_range(other)
        return Range(self.low + o.low, self.high + o.high)

    def __sub__(self, other: Range | Number) -> Range:
        o = _as_range(other)
        return Range(self.low - o.high, self.high - o.low)

    def __mul__(self, other: Range | Number) -> Range:
        o = _as_range(other)
        corners = [a * b for a in (self.low, self.high) for b in (o.low, o.high)]
        return Range(min(corners), max(corners))

    def __truediv__(self, other: Range | Number) -> Range:
        o = _as_range(other)
        if o.low <= 0 <= o.high:
            raise UsageError(
                f"The formula divides by a number that may be zero ({float(o.low)} … {float(o.high)})."
            )
        corners = [a / b for a in (self.low, self.high) for b in (o.low, o.high)]
        return Range(min(corners), max(corners))

    def __radd__(self, other: Number) -> Range:
        return _as_range(other) + self

    def __rsub__(self, other: Number) -> Range:
        return _as_range(other) - self

    def __rmul__(self, other: Number) -> Range:
        return _as_range(other) * self

    def __rtruediv__(self, other: Number) -> Range:
        return _as_range(other) / self

    def overlaps(self, other: Range) -> bool:
        """Whether the ranges share a value."""
        return self.low <= other.high and other.low <= self.high


Formula = Callable[..., Range]


@dataclass(frozen=True)
class ClaimCheck:
    """The verdict on one claim.

    Attributes
    ----------
    claimed: as printed. inputs: as printed, by name.
    recomputed: the formula at the printed inputs; recomputed_text: rounded as the claim is.
    low, high: what the formula can give for inputs that round to the printed ones.
    exact: the printed inputs give the printed claim. consistent: some inputs in the ranges do.
    """

    name: str
    claimed: str
    inputs: Mapping[str, str]
    recomputed: float
    recomputed_text: str
    low: float
    high: float
    exact: bool
    consistent: bool

    def sentence(self) -> str:
        """The verdict in words."""
        inputs = ", ".join(f"{name} {text}" for name, text in self.inputs.items())
        reach = f"rounding of the inputs allows {self.low:.6g} to {self.high:.6g}"
        if self.exact:
            return f"{self.name}: {self.claimed} follows from {inputs} as printed ({reach})."
        verdict = "is consistent with" if self.consistent else "cannot come from"
        return (
            f"{self.name}: {self.claimed} {verdict} {inputs}; the printed inputs give "
            f"{self.recomputed_text}, and "
            f"{reach}."
        )


def percent_change_formula(pre: Range, post: Range) -> Range:
    """100 (post / pre - 1)."""
    return (post / pre - 1) * 100


def difference_formula(pre: Range, post: Range) -> Range:
    """post - pre."""
    return post - pre


def share_formula(count: Range, total: Range) -> Range:
    """100 count / total, in percent."""
    return count / total * 100


FORMULAS: dict[str, Formula] = {
    "percent_change": percent_change_formula,
    "difference": difference_formula,
    "share": share_formula,
}


def printed(text: str, *, truncated: bool = False) -> Range:
    """The values that a printed number stands for: half a unit of its last digit to either side.

    Parameters
    ----------
    text: as printed, e.g. ``"1.280"`` or ``"98.44 %"``; the number of decimals matters, so it must be text.
    truncated: digits were cut off, not rounded: from the number up to one unit above (away from zero).

    Raises
    ------
    UsageError: it is not a plain decimal number.
    """
    value, unit = _parse(text)
    if truncated:
        return Range(value, value + unit) if value >= 0 else Range(value - unit, value)
    return Range(value - unit / 2, value + unit / 2)


def exactly(text: str) -> Range:
    """A number that is not rounded, such as a count."""
    value, _ = _parse(text)
    return Range(value, value)


def check_claim(
    claimed: str,
    formula: Formula | str,
    inputs: Mapping[str, str],
    *,
    name: str = "",
    exact_inputs: tuple[str, ...] = (),
    truncated: bool = False,
) -> ClaimCheck:
    """Check a printed result against the printed numbers it is computed from.

    Parameters
    ----------
    claimed: the result as printed. formula: a function of `Range` arguments named like `inputs`, or a name in
        `FORMULAS`. A formula that uses each input once gives the exact range; one that repeats an input may
        give a range that is too wide, never too narrow.
    inputs: printed numbers by name. exact_inputs: names of those that are not rounded (counts).
    truncated: take all printed numbers as cut off instead of rounded.

    Raises
    ------
    UsageError: numbers that are none, an unknown formula, or division by a range that includes zero.
    """
    function = _formula(formula)
    _check_inputs(inputs, exact_inputs)
    ranges = {
        key: exactly(text) if key in exact_inputs else printed(text, truncated=truncated)
        for key, text in inputs.items()
    }
    possible = function(**ranges)
    at_printed = function(**{key: exactly(text) for key, text in inputs.items()})
    claim = printed(claimed, truncated=truncated)
    point = at_printed.low
    return ClaimCheck(
        name or "claim",
        claimed,
        dict(inputs),
        float(point),
        _format(point, claimed),
        float(possible.low),
        float(possible.high),
        at_printed.overlaps(claim),
        possible.overlaps(claim),
    )


def _as_range(value: Range | Number) -> Range:
    return value if isinstance(value, Range) else Range(Fraction(value), Fraction(value))


def _parse(text: str) -> tuple[Fraction, Fraction]:
    """The number and one unit of its last printed digit."""
    if not isinstance(text, str):
        raise UsageError(f"Give printed numbers as text, so that trailing zeros count; found {text!r}.")
    plain = text.strip().removesuffix("%").strip().replace("−", "-").replace("\u202f", "").replace(",", "")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise UsageError(f"{text!r} is not a decimal number.") from None
    exponent = number.as_tuple().exponent
    if not number.is_finite() or not isinstance(exponent, int):
        raise UsageError(f"{text!r} is not a decimal number.")
    return Fraction(number), Fraction(10) ** exponent


def _decimals(text: str) -> int:
    _, unit = _parse(text)
    decimals = 0
    while unit < 1:
        unit, decimals = unit * 10, decimals + 1
    return decimals


def _format(value: Fraction, like: str) -> str:
    """`value` with as many decimals as `like`, halves rounded away from zero."""
    decimals = _decimals(like)
    scaled = abs(value) * 10**decimals
    whole = int(scaled + Fraction(1, 2))
    sign = "-" if value < 0 and whole else ""
    digits = str(whole).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"


def _formula(formula: Formula | str) -> Formula:
    if not isinstance(formula, str):
        return formula
    if formula not in FORMULAS:
        raise UsageError(f"There is no formula called {formula!r}; there are {', '.join(FORMULAS)}.")
    return FORMULAS[formula]


def _check_inputs(inputs: Mapping[str, str], exact_inputs: tuple[str, ...]) -> None:
    unknown = [name for name in exact_inputs if name not in inputs]
    if unknown or not inputs:
        raise UsageError(f"exact_inputs names {unknown}, which is not among the inputs {list(inputs)}.")
