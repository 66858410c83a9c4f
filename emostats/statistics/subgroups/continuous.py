"""Change over the whole range of a number, such as age: no cut points, a natural cubic spline instead.

The model has the spline × visit interaction, so the change at each age is a linear combination of the
coefficients. Bands cut from the same number leave the model: they would say the same thing twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from emostats.errors import ModelError, UsageError
from emostats.estimates import Estimate
from emostats.statistics.subgroups.cells import Array
from emostats.statistics.subgroups.formulas import rebuilt, split_formula
from emostats.statistics.subgroups.lines import Line, Place, evaluate, joint_test

DEGREES = 3
"""Columns of the spline: two knots inside the range, at thirds of the children, and two at its ends."""
POINTS = 21
"""Values at which the curve is estimated, evenly over the range."""
FINER = 5
"""Between two shown values the path of the curve is followed in this many steps, to measure its length."""
CURVE_COLUMNS = ("estimate_id", "value", "band_low", "band_high")


class CurveModel(Protocol):
    """What is asked of a fit: means at values of a covariate, and inference about L β."""

    @property
    def beta_vcov(self) -> pd.DataFrame: ...
    def emmeans(self, spec: str, *, at: Any) -> Any: ...
    def contrast(self, L: Array) -> pd.DataFrame: ...
    def test(self, L: Array) -> pd.DataFrame: ...


@dataclass(frozen=True, eq=False)
class Curve:
    """The change from baseline to one visit over the range of a number.

    Attributes
    ----------
    variable, visit: of what, when. formula: of the model. values: (m,) of the variable.
    rows: the change at each value with its pointwise interval (kind change_at).
    band_low, band_high: (m,) limits that hold for all values together.
    test: the joint test that all values change alike (kind test). error: why there is no curve.
    """

    variable: str
    visit: str
    formula: str
    values: Array
    rows: tuple[Estimate, ...]
    band_low: Array
    band_high: Array
    test: Estimate
    error: str = ""

    def table(self) -> pd.DataFrame:
        """The limits of the band, by the id of the row they belong to: columns `CURVE_COLUMNS`."""
        ids = [row.estimate_id for row in self.rows]
        numbers = (ids, self.values, self.band_low, self.band_high)
        return pd.DataFrame(dict(zip(CURVE_COLUMNS, numbers, strict=True)))


def continuous_formula(formula: str, variable: str, without: Sequence[str], visit: str) -> str:
    """`formula` with the spline of `variable` by visit, and without the factors cut from it.

    >>> continuous_formula("AVAL ~ AVISIT * SEX * AGEBAND + us(AVISIT | ID)", "AGE", ["AGEBAND"], "AVISIT")
    "AVAL ~ AVISIT + SEX + AVISIT:SEX + AVISIT * cr(AGE, df=3, constraints='center') + us(AVISIT | ID)"
    """
    kept = rebuilt(split_formula(formula), without=without)
    spline = f"cr({variable}, df={DEGREES}, constraints='center')"
    return rebuilt(kept, more=f"{visit} * {spline}").text


def curve_values(data: pd.DataFrame, variable: str, subject: str = "USUBJID") -> Array:
    """`POINTS` values from the least to the greatest of the children.

    Raises
    ------
    UsageError: there is no such column, or it is no number.
    ModelError: fewer than ten different values.
    """
    if variable not in data.columns:
        raise UsageError(f"the data have no column '{variable}' for the curve.")
    values = pd.to_numeric(data.drop_duplicates(subject)[variable], errors="coerce").dropna().to_numpy(float)
    if len(np.unique(values)) < 10:
        raise ModelError(f"'{variable}' has fewer than ten different values: too few for a curve.")
    return np.linspace(float(values.min()), float(values.max()), POINTS)


def curve(
    fit: CurveModel, values: Array, *, variable: str, visit: str, visits: tuple[str, str], place: Place,
    formula: str = "",
) -> Curve:  # fmt: skip
    """The change between `visits` (baseline, later) at each of `values`, with interval and band.

    visit: name of the visit variable. The band is estimate ± c SE with c of `band_quantile`, at the least of
    the degrees of freedom.
    """
    baseline, later = visits
    fine = np.linspace(values[0], values[-1], FINER * (len(values) - 1) + 1)
    path = np.stack([_change(fit, visit, variable, value, visits) for value in fine])
    L = path[::FINER]
    lines = [
        Line(_row(place, variable, value, later, baseline), row) for value, row in zip(values, L, strict=True)
    ]
    rows = tuple(evaluate(fit, lines))  # type: ignore[arg-type]
    low, high = _band(fit, rows, path, place.conf_level)
    test = joint_test(fit, _test_row(place, variable, later, baseline), L[1:] - L[0])  # type: ignore[arg-type]
    return Curve(variable, later, formula, values, rows, low, high, test)


def failed_curve(values: Array, variable: str, visits: tuple[str, str], place: Place, reason: str) -> Curve:
    """The rows of a curve whose model could not be fitted, with the reason."""
    baseline, later = visits
    rows = tuple(replace(_row(place, variable, value, later, baseline), error=reason) for value in values)
    blank = np.full(len(values), np.nan)
    test = replace(_test_row(place, variable, later, baseline), error=reason)
    return Curve(variable, later, "", values, rows, blank, blank, test, reason)


def _change(fit: CurveModel, visit: str, variable: str, value: float, visits: tuple[str, str]) -> Array:
    means = fit.emmeans(visit, at={variable: float(value)})
    order = [str(code) for code in means.table()[visit]]
    L = np.asarray(means.L, dtype=float)
    return np.asarray(L[order.index(visits[1])] - L[order.index(visits[0])])


def _row(place: Place, variable: str, value: float, later: str, baseline: str) -> Estimate:
    shown = re.sub(r"\.?0+$", "", f"{value:.2f}")
    return place.row("change_at", later, variable, shown, level=shown, contrast=f"{later} − {baseline}")


def _test_row(place: Place, variable: str, later: str, baseline: str) -> Estimate:
    term = f"{variable} (spline) × change from {baseline} ({later})"
    return place.row("test", later, variable, "curve", term=term, unit="", conf_level=None)


def _band(fit: CurveModel, rows: tuple[Estimate, ...], path: Array, conf_level: float) -> tuple[Array, Array]:
    estimate = np.array([np.nan if row.estimate is None else row.estimate for row in rows])
    error = np.array([np.nan if row.std_error is None else row.std_error for row in rows])
    if not (np.isfinite(error) & (error > 0)).all():
        return estimate * np.nan, estimate * np.nan
    df = min(row.den_df for row in rows if row.den_df is not None)
    c = band_quantile(path_length(path, fit.beta_vcov.to_numpy()), df, conf_level)
    return estimate - c * error, estimate + c * error


def path_length(L: Array, vcov: Array) -> float:
    """Length of the way that the standardized rows of L go on the unit sphere, in radians: the sum of the
    angles between neighbours, whose cosines are the correlations of their estimates. L is (m, k)."""
    V = L @ vcov @ L.T
    scale = np.sqrt(np.diag(V))
    neighbours = np.diag(V, 1) / (scale[:-1] * scale[1:])
    return float(np.arccos(np.clip(neighbours, -1.0, 1.0)).sum())


def band_quantile(length: float, df: float, conf_level: float) -> float:
    """c of a band estimate ± c SE over a curve, by the tube formula (Naiman, 1986; Sun & Loader, 1994):

        P(max |T| > c) ≤ (κ / π) (1 + c² / ν)^(−ν / 2) + P(|t_ν| > c),     κ = `length`.

    The bound holds for all values of the curve, not only where it is drawn, and is tight for small levels.
    """
    from scipy.optimize import brentq
    from scipy.special import stdtr, stdtrit

    alpha = 1 - conf_level

    def beyond(c: float) -> float:
        tube = np.exp(-(c**2) / 2) if np.isinf(df) else (1 + c**2 / df) ** (-df / 2)
        return float(length / np.pi * tube + 2 * stdtr(df, -c))

    least = float(stdtrit(df, 1 - alpha / 2))
    most = 2 * least + 10
    while beyond(most) > alpha:
        most *= 2
    return least if length == 0 else float(brentq(lambda c: beyond(c) - alpha, least, most, xtol=1e-12))
