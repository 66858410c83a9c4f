"""Where numbers become text. Nothing else in emostats rounds.

One rule for ties: a number is rounded as its shortest decimal form reads, halves away from zero. ``2.675``
at two places is therefore ``2.68`` (binary half-even formatting gives 2.67), and a reader who rounds the
value in ``estimates.csv`` by hand gets what the report shows. A result that rounds to zero loses its sign.

All functions are pure. A missing number (None, NaN) becomes `MISSING`; the report gives the reason beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import SupportsFloat

MISSING = "—"
"""Em dash: there is no number here; the report gives the reason beside it."""
MINUS = "−"
"""The true minus sign (U+2212), which is as wide as a digit and never breaks from its number."""

MAX_PLACES = 6
"""More decimals than this are shown in powers of ten."""
_MAX_PLAIN = 1e15
_EXACT = Context(prec=400)
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_BYTE_UNITS = ("bytes", "kB", "MB", "GB", "TB")

Number = SupportsFloat | None


@dataclass(frozen=True)
class Marks:
    """How a language writes numbers: marks of decimals and thousands, percent sign, what joins two limits."""

    language: str = "en"
    decimal: str = "."
    group: str = ","
    percent: str = "%"
    to: str = " to "


_ENGLISH = Marks()
_MARKS: ContextVar[Marks] = ContextVar("_MARKS", default=_ENGLISH)
_TO = {"en": " to ", "zh": " 至 ", "de": " bis ", "fr": " à ", "es": " a ", "ja": " ～ "}


@contextmanager
def written_in(language: str) -> Iterator[None]:
    """Numbers and dates as `language` writes them, within the block. English marks come from this module,
    others from Babel's data."""
    token = _MARKS.set(_marks(language))
    try:
        yield
    finally:
        _MARKS.reset(token)


def _marks(language: str) -> Marks:
    if language == "en":
        return Marks()
    from babel import Locale
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = Locale.parse(language)
    percent = locale.percent_formats[None].pattern.replace("#,##0", "")
    joiner = _TO.get(locale.language, " – ")
    return Marks(language, get_decimal_symbol(locale), get_group_symbol(locale), percent, joiner)


_IN_STEPS: ContextVar[bool] = ContextVar("_IN_STEPS", default=False)


@contextmanager
def given_in_steps(stepped: bool) -> Iterator[None]:
    """Within the block, numbers were rounded before, each to a step of its own (0.05, 2, 10 …), as the public
    edition does, and `step_places` heeds that. False: they are as they were computed."""
    token = _IN_STEPS.set(stepped)
    try:
        yield
    finally:
        _IN_STEPS.reset(token)


def step_places(places: int, values: Iterable[Number], *, percent: bool = False) -> int:
    """`places`; within `given_in_steps` no more than the longest of `values` has: a zero behind its last
    digit would claim what the step has taken away.

    values: of one row, which share a step. percent: they are proportions and are shown as percentages.

    >>> with given_in_steps(True):
    ...     step_places(4, [0.05, 0.1]), step_places(1, [0.85], percent=True), step_places(0, [0.05])
    (2, 0, 0)
    """
    numbers = [number for value in values if (number := known(value)) is not None and math.isfinite(number)]
    if not numbers or not _IN_STEPS.get():
        return places
    longest = max(-int(_decimal(number).normalize().as_tuple().exponent) for number in numbers)
    return min(places, max(0, longest - (2 if percent else 0)))


def known(value: Number) -> float | None:
    """`value` as a float, or None if there is no number: None, NaN, or pandas' own missing value."""
    try:
        number = None if value is None else float(value)
    except TypeError:  # pandas.NA refuses float()
        return None
    return None if number is None or math.isnan(number) else number


def is_missing(value: Number) -> bool:
    """Whether there is no number to show."""
    return known(value) is None


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _exponent(value: Decimal, digits: int) -> int:
    """Power of ten of the first digit of `value`, after rounding it to `digits` significant digits."""
    rounded = value.quantize(Decimal(1).scaleb(value.adjusted() - digits + 1), ROUND_HALF_UP, _EXACT)
    return rounded.adjusted()


def decimals(std_error: Number, significant: int = 2) -> int | None:
    """Decimal places that show `significant` digits of a standard error; None if there is no positive one.

    An estimate, its SE and its interval share these places: digits beyond them are noise.

    >>> decimals(0.0512), decimals(0.0996), decimals(12.3)
    (3, 2, 0)
    """
    error = known(std_error)
    if error is None or math.isinf(error) or error <= 0:
        return None
    return max(0, significant - 1 - _exponent(_decimal(error), significant))


def shared_decimals(std_errors: Iterable[Number], values: Iterable[Number] = (), significant: int = 2) -> int:
    """Places for a whole column, so that its decimal points align: those of the median standard error.

    Without any usable SE: three significant digits of the largest of `values`; 2 if there is none either.
    """
    places = sorted(place for error in std_errors if (place := decimals(error, significant)) is not None)
    if places:
        return places[(len(places) - 1) // 2]
    sizes = [abs(number) for value in values if (number := known(value)) is not None]
    largest = max((size for size in sizes if math.isfinite(size)), default=0.0)
    return 2 if largest == 0 else max(0, 2 - _exponent(_decimal(largest), 3))


def fixed(value: Number, places: int, *, sign: bool = False) -> str:
    """`value` with `places` decimals, a true minus sign and thousands separated by commas.

    sign: write ``+`` before positive results. Infinity is ``∞``. More than `MAX_PLACES` places, or values
    from 1e15 on, are shown in powers of ten.

    >>> fixed(-1234.565, 2), fixed(-0.004, 2), fixed(0.5, 1, sign=True), fixed(None, 1)
    ('−1,234.57', '0.00', '+0.5', '—')
    """
    number = known(value)
    if number is None:
        return MISSING
    if math.isinf(number):
        return _signed("∞", negative=number < 0, sign=sign)
    if number != 0 and (places > MAX_PLACES or abs(number) >= _MAX_PLAIN):
        return scientific(number, 3, sign=sign)
    places = min(places, MAX_PLACES)
    rounded = _decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    text = _marked(f"{abs(rounded):,.{places}f}")
    return text if rounded == 0 else _signed(text, negative=rounded < 0, sign=sign)


def _marked(text: str) -> str:
    """English digits with the marks of the language in use."""
    marks = _MARKS.get()
    if marks.language == "en":
        return text
    return text.translate({ord("."): marks.decimal, ord(","): marks.group})


def _signed(text: str, *, negative: bool, sign: bool) -> str:
    return MINUS + text if negative else ("+" + text if sign else text)


def scientific(value: Number, digits: int = 3, *, sign: bool = False) -> str:
    """`value` with `digits` significant digits and a power of ten.

    >>> scientific(-1.2345e-9)
    '−1.23 × 10⁻⁹'
    """
    number = known(value)
    if number is None or math.isinf(number) or number == 0:
        return fixed(value, 0, sign=sign)
    exact = _decimal(number)
    exponent = _exponent(exact, digits)
    mantissa = exact.scaleb(-exponent, _EXACT).quantize(Decimal(1).scaleb(1 - digits), ROUND_HALF_UP, _EXACT)
    text = f"{_marked(str(abs(mantissa)))} × 10{str(exponent).translate(_SUPERSCRIPT)}"
    return _signed(text, negative=exact < 0, sign=sign)


def significant(value: Number, digits: int = 3) -> str:
    """`value` with `digits` significant digits, for numbers without a standard error.

    >>> significant(0.012345), significant(98765.4), significant(3)
    ('0.0123', '98,765', '3.00')
    """
    number = known(value)
    if number is None or math.isinf(number) or number == 0:
        return fixed(value, 0)
    return fixed(number, max(0, digits - 1 - _exponent(_decimal(number), digits)))


def estimate(value: Number, std_error: Number, *, sign: bool = False) -> str:
    """`value` at the places its own standard error supports; three significant digits without one.

    >>> estimate(1.2345, 0.0512), estimate(1.2345, None)
    ('1.235', '1.23')
    """
    places = decimals(std_error)
    if places is None:
        return significant(value)
    return fixed(value, places, sign=sign)


def interval(low: Number, high: Number, places: int, *, sign: bool = False) -> str:
    """``1.2 to 3.4``: words, because a dash beside a minus sign cannot be read.

    >>> interval(-0.4, 1.25, 1), interval(None, None, 1)
    ('−0.4 to 1.3', '—')
    """
    if is_missing(low) and is_missing(high):
        return MISSING
    return f"{fixed(low, places, sign=sign)}{_MARKS.get().to}{fixed(high, places, sign=sign)}"


def p_value(p: Number) -> str:
    """Three decimals below 0.1, two above; ``<0.001`` and ``>0.99`` at the ends, never 0 and never 1.

    Raises
    ------
    ValueError: `p` is outside 0 to 1: an error upstream that must not be printed.

    >>> p_value(0.0312), p_value(0.314), p_value(1e-12), p_value(0.9996)
    ('0.031', '0.31', '<0.001', '>0.99')
    """
    number = known(p)
    if number is None:
        return MISSING
    if not 0 <= number <= 1:
        raise ValueError(f"a p-value lies between 0 and 1; found {number!r}")
    if number < 0.001:
        return f"<{_marked('0.001')}"
    text = fixed(number, 3) if number < 0.0995 else fixed(number, 2)
    return f">{_marked('0.99')}" if text == _marked("1.00") else text


def p_statement(p: Number) -> str:
    """``p = 0.031`` or ``p < 0.001``, for running text."""
    text = p_value(p)
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def percent(value: Number, places: int = 1, *, sign: bool = False) -> str:
    """A number that is a percentage already, with its sign: ``98.4%``."""
    text = fixed(value, places, sign=sign)
    return text if text == MISSING else text + _MARKS.get().percent


def percent_interval(low: Number, high: Number, places: int = 1, *, sign: bool = False) -> str:
    """``90.1% to 107.3%``."""
    if is_missing(low) and is_missing(high):
        return MISSING
    return f"{percent(low, places, sign=sign)}{_MARKS.get().to}{percent(high, places, sign=sign)}"


def share(part: Number, whole: Number) -> str:
    """A percentage with its numerator and denominator: ``12.3% (22/179)``; without decimals below 100.

    Only nothing is 0 % and only everything is 100 %.

    >>> share(22, 179), share(1, 3), share(1, 20000), share(0, 0)
    ('12.3% (22/179)', '33% (1/3)', '<0.1% (1/20,000)', '— (0/0)')
    """
    if is_missing(part) or is_missing(whole):
        return MISSING
    return f"{share_percent(part, whole)} ({count(part)}/{count(whole)})"


def share_percent(part: Number, whole: Number) -> str:
    """The percentage of `share` alone."""
    numerator, denominator = known(part), known(whole)
    if numerator is None or not denominator:
        return MISSING
    places = 0 if denominator < 100 else 1
    text = fixed(100 * numerator / denominator, places)
    least, most = fixed(10**-places, places), fixed(100 - 10**-places, places)
    if text == fixed(0, places) and numerator > 0:
        return f"<{least}{_MARKS.get().percent}"
    if text == fixed(100, places) and numerator < denominator:
        return f">{most}{_MARKS.get().percent}"
    return text + _MARKS.get().percent


def proportion(value: Number, places: int = 1) -> str:
    """A number from 0 to 1 as a percentage: ``0.941`` → ``94.1%``."""
    number = known(value)
    return MISSING if number is None else percent(100 * number, places)


def proportion_interval(low: Number, high: Number, places: int = 1) -> str:
    """``92.0% to 95.7%`` for limits from 0 to 1."""
    if is_missing(low) and is_missing(high):
        return MISSING
    return f"{proportion(low, places)}{_MARKS.get().to}{proportion(high, places)}"


def confidence_level(level: Number) -> str:
    """``0.95`` → ``95%``, ``0.975`` → ``97.5%``."""
    number = known(level)
    if number is None:
        return MISSING
    return fixed(100 * number, 1).removesuffix(_marked(".0")) + _MARKS.get().percent


def degrees_of_freedom(df: Number) -> str:
    """One digit: ``156.5``; ``∞`` for a normal reference distribution."""
    return fixed(df, 1)


def statistic(value: Number) -> str:
    """A t, z, F or chi-square statistic: two decimals."""
    return fixed(value, 2)


def count(n: Number) -> str:
    """A whole number with thousands: ``1,234``. Fractions are refused, since they are not counts.

    Raises
    ------
    ValueError: `n` has a fraction.
    """
    number = known(n)
    if number is None:
        return MISSING
    if not number.is_integer():
        raise ValueError(f"a count is a whole number; found {n!r}")
    return fixed(number, 0)


def mean_sd(mean: Number, sd: Number, places: int | None = None) -> str:
    """``1.28 (0.52)``: the mean and, in brackets, the standard deviation; places by the SD unless told."""
    if is_missing(mean):
        return MISSING
    chosen = shared_decimals([sd], [mean]) if places is None else places
    return f"{fixed(mean, chosen)} ({fixed(sd, chosen)})"


def quartiles(median: Number, q1: Number, q3: Number, places: int) -> str:
    """``1.3 (0.9 to 1.7)``: the median and, in brackets, the first and third quartile."""
    if is_missing(median):
        return MISSING
    return f"{fixed(median, places)} ({interval(q1, q3, places)})"


def full(value: Number) -> str:
    """Every digit of a number, as the machine stores it: what stands behind a displayed one."""
    number = known(value)
    if number is None:
        return ""
    return str(int(number)) if isinstance(value, int) else repr(number)


def moment(iso: str) -> str:
    """An ISO 8601 time as people write it: ``22 November 2025, 00:06 UTC``; other text comes back."""
    try:
        time = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    zone = {None: "", "UTC": " UTC"}.get(time.tzname(), f" {time:%z}")
    if _MARKS.get().language != "en":
        from babel.dates import format_date

        return f"{format_date(time.date(), format='long', locale=_MARKS.get().language)} {time:%H:%M}{zone}"
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M}{zone}"


def byte_size(n: Number) -> str:
    """A file size in decimal units: ``13.2 kB``."""
    size, unit = known(n), 0
    if size is None:
        return MISSING
    while size >= 1000 and unit < len(_BYTE_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{fixed(size, 0 if unit == 0 else 1)} {_BYTE_UNITS[unit]}"
