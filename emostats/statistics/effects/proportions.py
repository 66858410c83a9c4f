"""Intervals for one proportion, for two, and for the same subjects twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.effects.effect import Effect, check_level, normal_quantile

Method = Literal["wilson", "wilson_continuity", "clopper_pearson", "agresti_coull", "jeffreys", "wald"]
METHODS = ("wilson", "wilson_continuity", "clopper_pearson", "agresti_coull", "jeffreys", "wald")


def proportion(count: int, n: int, *, method: Method = "wilson", conf_level: float = 0.95) -> Effect:
    """A proportion with its interval.

    Parameters
    ----------
    method: ``"wilson"`` (1927), ``"wilson_continuity"`` (Newcombe, 1998a, method 4), ``"clopper_pearson"``
        (exact), ``"agresti_coull"`` (clipped to 0 … 1), ``"jeffreys"`` (equal-tailed Beta(½, ½) posterior),
        ``"wald"`` (clipped).

    Raises
    ------
    UsageError: counts that are no counts, or an unknown method.
    """
    _check_counts(count, n)
    if method not in METHODS:
        raise UsageError(
            f"method={method!r} is no interval for a proportion. {did_you_mean(method, METHODS)}"
        )
    check_level(conf_level)
    low, high = _LIMITS[method](count, n, conf_level)
    p = count / n
    return Effect(
        "proportion",
        "Proportion",
        p,
        float(np.sqrt(p * (1 - p) / n)),
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=n,
        method=method,
    )


def wilson(count: float, n: float, conf_level: float = 0.95) -> tuple[float, float]:
    """Score limits (p + z²/2n ± z sqrt(p q/n + z²/4n²)) / (1 + z²/n); exactly 0 and 1 at the ends."""
    z = normal_quantile(conf_level)
    p = count / n
    centre = p + z**2 / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n)
    return (0.0 if count == 0 else float(low)), (1.0 if count == n else float(high))


def _wilson_continuity(count: int, n: int, conf_level: float) -> tuple[float, float]:
    z = normal_quantile(conf_level)
    p = count / n
    scale = 2 * (n + z**2)
    low = 2 * n * p + z**2 - 1 - z * np.sqrt(max(z**2 - 2 - 1 / n + 4 * p * (n * (1 - p) + 1), 0.0))
    high = 2 * n * p + z**2 + 1 + z * np.sqrt(max(z**2 + 2 - 1 / n + 4 * p * (n * (1 - p) - 1), 0.0))
    return (
        0.0 if count == 0 else max(0.0, float(low / scale)),
        1.0 if count == n else min(1.0, float(high / scale)),
    )


def _borrowed(name: str) -> Callable[[int, int, float], tuple[float, float]]:
    """Limits as `statsmodels.stats.proportion.proportion_confint` computes them under this name."""

    def limits(count: int, n: int, conf_level: float) -> tuple[float, float]:
        from statsmodels.stats.proportion import proportion_confint

        low, high = proportion_confint(count, n, alpha=1 - conf_level, method=name)
        return max(0.0, float(low)), min(1.0, float(high))

    return limits


_LIMITS: dict[str, Callable[[int, int, float], tuple[float, float]]] = {
    "wilson": wilson,
    "wilson_continuity": _wilson_continuity,
    "clopper_pearson": _borrowed("beta"),
    "agresti_coull": _borrowed("agresti_coull"),
    "jeffreys": _borrowed("jeffreys"),
    "wald": _borrowed("normal"),
}


@dataclass(frozen=True)
class TwoByTwo:
    """A 2 × 2 table, rows groups (treated first), columns responders and non-responders.

    Raises
    ------
    UsageError: entries that are no counts, or an empty group.
    """

    a: int
    b: int
    c: int
    d: int

    def __post_init__(self) -> None:
        for value in (self.a, self.b, self.c, self.d):
            if isinstance(value, bool) or int(value) != value or value < 0:
                raise UsageError(f"A 2 × 2 table holds counts; found {value!r}.")
        if self.a + self.b == 0 or self.c + self.d == 0:
            raise UsageError("A group of the 2 × 2 table is empty.")

    @property
    def n(self) -> int:
        return self.a + self.b + self.c + self.d

    @property
    def risks(self) -> tuple[float, float]:
        """Share of responders in each group."""
        return self.a / (self.a + self.b), self.c / (self.c + self.d)


def two_by_two(table: npt.ArrayLike) -> TwoByTwo:
    """A `TwoByTwo` from [[a, b], [c, d]]."""
    array = np.asarray(table)
    if array.shape != (2, 2):
        raise UsageError(f"A 2 × 2 table is needed; found {array.shape}.")
    a, b, c, d = array.ravel().tolist()
    return TwoByTwo(a, b, c, d)


def risk_difference(table: TwoByTwo, *, method: str = "newcombe", conf_level: float = 0.95) -> Effect:
    """Difference of the shares of responders: ``"newcombe"`` (1998b, method 10, hybrid score) or
    ``"wald"``."""
    p1, p2 = table.risks
    n1, n2 = table.a + table.b, table.c + table.d
    difference = p1 - p2
    std_error = float(np.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2))
    if method == "wald":
        half = normal_quantile(conf_level) * std_error
        low, high = difference - half, difference + half
    elif method == "newcombe":
        l1, u1 = wilson(table.a, n1, conf_level)
        l2, u2 = wilson(table.c, n2, conf_level)
        low = difference - float(np.hypot(p1 - l1, u2 - p2))
        high = difference + float(np.hypot(u1 - p1, p2 - l2))
    else:
        raise UsageError(f"method={method!r} is unknown: 'newcombe' or 'wald'.")
    return Effect(
        "risk_difference",
        "Difference of proportions",
        difference,
        std_error,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=table.n,
        method=method,
    )


def number_needed_to_treat(table: TwoByTwo) -> float:
    """1 over the risk difference; infinite without a difference, negative where the treatment harms."""
    difference = table.risks[0] - table.risks[1]
    return 1 / difference if difference else float("inf")


def risk_ratio(table: TwoByTwo, *, conf_level: float = 0.95) -> Effect:
    """Ratio of the shares of responders, log-normal limits (Katz et al., 1978); unbounded where a cell is
    zero."""
    p1, p2 = table.risks
    if table.a == 0 or table.c == 0:
        value = float("nan") if p1 == p2 == 0 else (float("inf") if p2 == 0 else 0.0)
        return _log_effect("risk_ratio", "Risk ratio", value, float("inf"), table.n, conf_level, "log")
    error = float(np.sqrt(1 / table.a - 1 / (table.a + table.b) + 1 / table.c - 1 / (table.c + table.d)))
    return _log_effect("risk_ratio", "Risk ratio", p1 / p2, error, table.n, conf_level, "log")


def odds_ratio(table: TwoByTwo, *, conf_level: float = 0.95) -> Effect:
    """Sample odds ratio with Woolf's (1955) log limits; unbounded where a cell is zero."""
    cells = np.array([table.a, table.b, table.c, table.d], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(cells[0] * cells[3] / (cells[1] * cells[2])) if cells[1] * cells[2] else float("inf")
        error = float(np.sqrt((1 / cells).sum()))
    if cells[0] * cells[3] == 0 and cells[1] * cells[2] == 0:
        value = float("nan")
    return _log_effect("odds_ratio", "Odds ratio", value, error, table.n, conf_level, "Woolf")


def _log_effect(
    name: str, label: str, value: float, log_error: float, n: int, conf_level: float, method: str
) -> Effect:
    z = normal_quantile(conf_level)
    low, high = 0.0, float("inf")
    if np.isfinite(log_error) and value > 0 and np.isfinite(value):
        low, high = value * float(np.exp(-z * log_error)), value * float(np.exp(z * log_error))
    return Effect(
        name,
        label,
        value,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=n,
        method=f"{method} (limits on the log scale)",
    )


def fisher(table: TwoByTwo, *, conf_level: float = 0.95) -> Effect:
    """Fisher's exact test with the conditional maximum-likelihood odds ratio and its exact limits.

    The limits are those at which the conditional (noncentral hypergeometric) tail equals alpha/2; the p-value
    adds the tables that are no more likely than the observed one.
    """
    from scipy.stats import hypergeom

    support, log_weights = _hypergeometric(table)
    x = table.a
    check_level(conf_level)
    null = hypergeom(table.n, table.a + table.c, table.a + table.b).pmf(support)
    at = null[support == x][0]
    p_value = float(min(1.0, null[null <= at * (1 + 1e-7)].sum()))
    low, high = _fisher_limits(support, log_weights, x, conf_level)
    return Effect(
        "odds_ratio_conditional",
        "Odds ratio, conditional",
        _conditional_mle(support, log_weights, x),
        p_value=p_value,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=table.n,
        method="Fisher exact",
    )


def _hypergeometric(table: TwoByTwo) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    from scipy.special import gammaln

    n1, n2, k = table.a + table.b, table.c + table.d, table.a + table.c
    support = np.arange(max(0, k - n2), min(n1, k) + 1)

    def log_choose(n: int, r: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.asarray(gammaln(n + 1) - gammaln(r + 1) - gammaln(n - r + 1))

    return support, log_choose(n1, support) + log_choose(n2, k - support)


def _tilted(
    support: npt.NDArray[np.int64], log_weights: npt.NDArray[np.float64], log_odds: float
) -> npt.NDArray[np.float64]:
    exponent = log_weights + support * log_odds
    weights = np.exp(exponent - exponent.max())
    return np.asarray(weights / weights.sum())


def _solve_log_odds(function: Callable[[float], float], low: float = -60.0, high: float = 60.0) -> float:
    from scipy.optimize import brentq

    return float(np.exp(brentq(function, low, high, xtol=1e-13, rtol=1e-14)))


def _conditional_mle(support: npt.NDArray[np.int64], log_weights: npt.NDArray[np.float64], x: int) -> float:
    if x == support[0]:
        return 0.0 if len(support) > 1 else float("nan")
    if x == support[-1]:
        return float("inf")
    return _solve_log_odds(lambda theta: float(_tilted(support, log_weights, theta) @ support) - x)


def _fisher_limits(
    support: npt.NDArray[np.int64], log_weights: npt.NDArray[np.float64], x: int, conf_level: float
) -> tuple[float, float]:
    alpha = (1 - conf_level) / 2
    low, high = 0.0, float("inf")
    if x > support[0]:
        low = _solve_log_odds(
            lambda theta: float(_tilted(support, log_weights, theta)[support >= x].sum()) - alpha
        )
    if x < support[-1]:
        high = _solve_log_odds(
            lambda theta: float(_tilted(support, log_weights, theta)[support <= x].sum()) - alpha
        )
    return low, high


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's χ² of a 2 × 2 table, with and without Yates' correction, and φ."""

    statistic: float
    p_value: float
    statistic_yates: float
    p_value_yates: float
    phi: float


def chi_square(table: TwoByTwo) -> ChiSquare:
    """χ² test of no association; NaN where a column is empty."""
    n = table.n
    row1, row2 = table.a + table.b, table.c + table.d
    column1, column2 = table.a + table.c, table.b + table.d
    product = float(row1) * row2 * column1 * column2
    if product == 0:
        nan = float("nan")
        return ChiSquare(nan, nan, nan, nan, nan)
    cross = table.a * table.d - table.b * table.c
    corrected = max(abs(cross) - n / 2, 0.0)
    plain, yates = n * cross**2 / product, n * corrected**2 / product
    return ChiSquare(
        plain,
        2 * float(ndtr(-np.sqrt(plain))),
        yates,
        2 * float(ndtr(-np.sqrt(yates))),
        cross / float(np.sqrt(product)),
    )


def cohen_h(table: TwoByTwo) -> float:
    """2 asin √p1 - 2 asin √p2."""
    p1, p2 = table.risks
    return float(2 * np.arcsin(np.sqrt(p1)) - 2 * np.arcsin(np.sqrt(p2)))


def d_from_odds_ratio(value: float) -> float:
    """The standardized difference that an odds ratio stands for in logistic data: ln(OR) √3/π (Chinn,
    2000)."""
    return float(np.log(value) * np.sqrt(3) / np.pi)


def _check_counts(count: int, n: int) -> None:
    for name, value in (("count", count), ("n", n)):
        if isinstance(value, bool) or int(value) != value or value < 0:
            raise UsageError(f"{name} must be a count; found {value!r}.")
    if n == 0 or count > n:
        raise UsageError(f"A proportion needs 0 ≤ count ≤ n and n > 0; found {count} of {n}.")
