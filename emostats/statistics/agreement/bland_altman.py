"""Bland–Altman limits of agreement of two methods, with their confidence limits, also for repeated
measurements.

Single pairs: exact limits from the noncentral t (Carkeet 2015, Optom Vis Sci 92:e71) beside Bland &
    Altman's (1999)
approximation. Repeated pairs: the variance of a difference is that between plus within targets (Bland &
Altman 2007, J Biopharm Stat 17:571), with limits by variance estimates recovery (Zou 2013, Stat Methods Med
Res 22:630).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.agreement.chi import noncentral_t_quantile
from emostats.statistics.agreement.pairs import MethodPairs, read_pairs

Array = NDArray[np.float64]

NAN = float("nan")


@dataclass(frozen=True)
class BlandAltman:
    """Limits of agreement of two methods (first minus second).

    Attributes
    ----------
    bias, sd: mean difference, and standard deviation of one difference (between and within targets together).
    lower, upper: limits of agreement, bias ∓ z · sd. Each of the three has its limits in `table`.
    coverage: share of differences the limits aim at. conf_level: of their confidence limits.
    slope, slope_p_value: of differences on means (targets' means); does the bias grow with the size?
    correlation: of the same. within_sd: of repeated differences of one target, else NaN.
    differences, means: one per pair, for the plot. scale: ``"difference"`` or ``"ratio"`` (then bias and
        limits are ratios).
    """

    bias: float
    sd: float
    lower: float
    upper: float
    rows: tuple[dict[str, Any], ...] = field(repr=False)
    coverage: float
    conf_level: float
    slope: float
    slope_p_value: float
    correlation: float
    within_sd: float
    n_targets: int
    n_pairs: int
    n_left_out: int
    scale: str
    methods: tuple[str, str]
    method: str
    differences: Array = field(repr=False, compare=False)
    means: Array = field(repr=False, compare=False)
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """Rows bias, lower limit, upper limit.

        Columns term, estimate, std_error, conf_low, conf_high, approx_low, approx_high, method; the
        approximate limits are Bland & Altman's (1999).
        """
        return pd.DataFrame(list(self.rows))

    def plot(self, *, id: str = "bland-altman", note: str = "", width: float = 720.0) -> str:
        """Differences against means as SVG, with bias, limits of agreement and their confidence bands."""
        from emostats.statistics.agreement import drawing

        return drawing.agreement_figure(
            self.methods, self.means, self.differences, self.rows, drawing.Place(id, note, width),
            ratio=self.scale == "ratio",
        )  # fmt: skip


def bland_altman(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    occasions: str | None = None,
    repeated: str = "paired",
    coverage: float = 0.95,
    scale: str = "difference",
    conf_level: float = 0.95,
) -> BlandAltman:
    """Limits of agreement of two methods or raters.

    Parameters
    ----------
    data: wide targets × 2 matrix (first minus second column), or long with the three columns named (first
        minus second in the order of the labels).
    occasions: column that tells repeated measurements of one target and method apart.
    repeated: with `occasions`, ``"paired"`` (both methods measured on the same occasions, the true value
        may change) or ``"unpaired"`` (the true value is constant, the methods have their own replicates).
    coverage: share of differences within the limits of agreement.
    scale: ``"difference"`` or ``"ratio"`` (logarithms; for positive values whose spread grows with their
        size).

    Raises
    ------
    UsageError, FindingsError: as in `icc`; not two methods; fewer than three targets; values ≤ 0 on the
        ratio scale.
    """
    check_level(conf_level)
    check_level(coverage, "coverage")
    for name, value, known in (
        ("repeated", repeated, ("paired", "unpaired")),
        ("scale", scale, ("difference", "ratio")),
    ):
        if value not in known:
            raise UsageError(f"There is no {name} '{value}'. {did_you_mean(value, known)}")
    pairs = read_pairs(data, targets, raters, ratings, occasions, repeated=repeated, log=scale == "ratio")
    estimate = _from_single_pairs if not pairs.repeated else _from_repeats
    rows, sd, within, method = estimate(pairs, coverage, conf_level)
    slope, p, correlation = _trend(pairs)
    shown = [_on_scale(row, scale) for row in rows]
    return BlandAltman(
        bias=shown[0]["estimate"],
        sd=sd,
        lower=shown[1]["estimate"],
        upper=shown[2]["estimate"],
        rows=tuple(shown),
        coverage=coverage,
        conf_level=conf_level,
        slope=slope,
        slope_p_value=p,
        correlation=correlation,
        within_sd=within,
        n_targets=pairs.n_targets,
        n_pairs=len(pairs.differences),
        n_left_out=pairs.n_left_out,
        scale=scale,
        methods=pairs.methods,
        method=method,
        differences=pairs.differences,
        means=pairs.means,
        reason="all differences are equal: the limits coincide" if sd == 0.0 else "",
    )


Rows = tuple[list[dict[str, Any]], float, float, str]


def _from_single_pairs(pairs: MethodPairs, coverage: float, conf_level: float) -> Rows:
    from scipy.special import ndtri, stdtrit

    d = pairs.differences
    n, bias, s = len(d), float(d.mean()), float(d.std(ddof=1))
    z, t = float(ndtri(0.5 + coverage / 2.0)), float(stdtrit(n - 1, 0.5 + conf_level / 2.0))
    error, approx = s / sqrt(n), s * sqrt(1.0 / n + z**2 / (2.0 * (n - 1)))
    tail = (1.0 - conf_level) / 2.0
    inner, outer = (noncentral_t_quantile(p, n - 1, z * sqrt(n)) * error for p in (tail, 1.0 - tail))
    method = "exact, noncentral t (Carkeet 2015)"
    rows = [
        _row("bias", bias, error, (bias - t * error, bias + t * error), t * error, "t"),
        _row("lower limit", bias - z * s, approx, (bias - outer, bias - inner), t * approx, method),
        _row("upper limit", bias + z * s, approx, (bias + inner, bias + outer), t * approx, method),
    ]
    return rows, s, NAN, method


def _from_repeats(pairs: MethodPairs, coverage: float, conf_level: float) -> Rows:
    from scipy.special import ndtri, stdtrit

    n, bias = pairs.n_targets, float(pairs.target_differences.mean())
    between = float(pairs.target_differences.var(ddof=1))
    parts = [(between, n - 1), *pairs.within_parts]
    variance = sum(value for value, _ in parts)
    s, (low_s, high_s) = sqrt(variance), _sd_limits(parts, conf_level)
    z, t = float(ndtri(0.5 + coverage / 2.0)), float(stdtrit(n - 1, 0.5 + conf_level / 2.0))
    error = sqrt(between / n)
    inner = z * s - sqrt((t * error) ** 2 + (z * (s - low_s)) ** 2)
    outer = z * s + sqrt((t * error) ** 2 + (z * (high_s - s)) ** 2)
    approx = (
        sqrt(error**2 + z**2 * sum(v**2 / df for v, df in parts if df > 0) / (2.0 * variance))
        if s > 0
        else 0.0
    )
    method = "variance estimates recovery (Zou 2013)"
    rows = [
        _row("bias", bias, error, (bias - t * error, bias + t * error), t * error, "t over targets"),
        _row("lower limit", bias - z * s, approx, (bias - outer, bias - inner), t * approx, method),
        _row("upper limit", bias + z * s, approx, (bias + inner, bias + outer), t * approx, method),
    ]
    return rows, s, pairs.within_sd, method


def _sd_limits(parts: list[tuple[float, int]], conf_level: float) -> tuple[float, float]:
    """Limits of √(sum of independent variance estimates), each with its df (Zou 2013, eq. 8)."""
    from scipy.special import chdtri

    tail = (1.0 - conf_level) / 2.0
    total = sum(value for value, _ in parts)
    down = sqrt(sum((v * (1.0 - df / float(chdtri(df, tail)))) ** 2 for v, df in parts if df > 0))
    up = sqrt(sum((v * (df / float(chdtri(df, 1.0 - tail)) - 1.0)) ** 2 for v, df in parts if df > 0))
    return sqrt(max(total - down, 0.0)), sqrt(total + up)


def _row(
    term: str, estimate: float, error: float, limits: tuple[float, float], reach: float, method: str
) -> dict[str, Any]:
    return {
        "term": term,
        "estimate": estimate,
        "std_error": error,
        "conf_low": limits[0],
        "conf_high": limits[1],
        "approx_low": estimate - reach,
        "approx_high": estimate + reach,
        "method": method,
    }


def _on_scale(row: dict[str, Any], scale: str) -> dict[str, Any]:
    """Back from logarithms to ratios; the standard error stays on the log scale."""
    if scale == "difference":
        return row
    numbers = ("estimate", "conf_low", "conf_high", "approx_low", "approx_high")
    return {**row, **{name: float(np.exp(row[name])) for name in numbers}}


def _trend(pairs: MethodPairs) -> tuple[float, float, float]:
    """Slope of target differences on target means, its p-value, and their correlation."""
    from scipy.special import stdtr

    x, y = (
        pairs.target_means - pairs.target_means.mean(),
        pairs.target_differences - pairs.target_differences.mean(),
    )
    sxx, sxy, syy = float(x @ x), float(x @ y), float(y @ y)
    if sxx == 0.0 or syy == 0.0 or len(x) < 3:
        return NAN, NAN, NAN
    r = sxy / sqrt(sxx * syy)
    t = r * sqrt((len(x) - 2) / max(1.0 - r**2, 1e-300))
    return sxy / sxx, 2.0 * float(stdtr(len(x) - 2, -abs(t))), r
