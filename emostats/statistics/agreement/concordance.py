"""Lin's concordance correlation: agreement of two methods with the line of identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import UsageError, check_level
from emostats.statistics.agreement.ratings import read_ratings

NAN = float("nan")


@dataclass(frozen=True)
class Concordance:
    """Concordance correlation ρ_c = precision × accuracy.

    Attributes
    ----------
    estimate, std_error: ρ_c (moments with divisor n) and its asymptotic standard error.
    conf_low, conf_high: by Fisher's z. conf_low_plain, conf_high_plain: estimate ± z · std_error.
    precision: Pearson's r. accuracy: the bias correction C_b. scale_shift: s₂/s₁. location_shift: in units
        of √(s₁s₂).
    n_targets, n_left_out: targets with both values, and without.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    conf_low_plain: float
    conf_high_plain: float
    precision: float
    accuracy: float
    scale_shift: float
    location_shift: float
    n_targets: int
    n_left_out: int
    method: str = "Lin (1989, corrected 2000), Fisher's z limits"
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns."""
        return pd.DataFrame([{name: getattr(self, name) for name in self.__dataclass_fields__}])


def concordance_correlation(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    conf_level: float = 0.95,
) -> Concordance:
    """Lin's concordance correlation of exactly two raters or methods (Lin 1989, Biometrics 45:255; 2000,
    56:324).

    Raises
    ------
    UsageError, FindingsError: as in `icc`; not two raters; fewer than three targets with both values.
    """
    check_level(conf_level)
    table = read_ratings(data, targets=targets, raters=raters, ratings=ratings)
    if table.n_raters != 2:
        raise UsageError(
            f"The concordance correlation is for two raters or methods; found {table.n_raters}. Use icc."
        )
    both = ~np.isnan(table.values).any(axis=1)
    x, y = table.values[both].T
    n, left_out = len(x), int((~both).sum())
    if n < 3:
        raise UsageError(
            f"The concordance correlation needs at least three targets with both values; found {n}."
        )
    flat = [float(np.ptp(column)) == 0.0 for column in (x, y)]
    if any(flat):
        same = all(flat) and x[0] == y[0]
        reason = "undefined (0/0): the values do not vary" if same else "one of the two does not vary"
        value = NAN if same else 0.0
        return Concordance(
            value, NAN, NAN, NAN, conf_level, NAN, NAN, NAN, NAN, NAN, NAN, n, left_out, reason=reason
        )
    x, y = x - x.min(), y - x.min()
    var_x, var_y = float(x.var()), float(y.var())
    cov, shift = float(((x - x.mean()) * (y - y.mean())).mean()), float(y.mean() - x.mean())
    rho_c = 2.0 * cov / (var_x + var_y + shift**2)
    r, u = cov / np.sqrt(var_x * var_y), shift / (var_x * var_y) ** 0.25
    error = _standard_error(rho_c, float(r), float(u), n)
    low, high, low_plain, high_plain = _limits(rho_c, error, conf_level)
    return Concordance(
        estimate=rho_c, std_error=error, conf_low=low, conf_high=high, conf_level=conf_level,
        conf_low_plain=low_plain, conf_high_plain=high_plain, precision=float(r),
        accuracy=rho_c / float(r) if r != 0.0 else NAN, scale_shift=float(np.sqrt(var_y / var_x)),
        location_shift=float(u), n_targets=n, n_left_out=left_out,
        reason="perfect concordance: no sampling variation to give limits" if rho_c == 1.0 else "",
    )  # fmt: skip


def _standard_error(c: float, r: float, u: float, n: int) -> float:
    """Asymptotic standard error (Lin 1989, eq. 5, with the sign corrected in 2000)."""
    if r == 0.0:
        return NAN
    parts = (1 - r**2) * c**2 * (1 - c**2) / r**2 + 2 * c**3 * (1 - c) * u**2 / r - c**4 * u**4 / (2 * r**2)
    return float(np.sqrt(max(parts, 0.0) / (n - 2)))


def _limits(c: float, error: float, conf_level: float) -> tuple[float, float, float, float]:
    from scipy.special import ndtri

    z = float(ndtri(0.5 + conf_level / 2.0))
    if abs(c) >= 1.0 or np.isnan(error):
        return NAN, NAN, c - z * error, c + z * error
    reach = z * error / (1.0 - c**2)
    return (
        float(np.tanh(np.arctanh(c) - reach)),
        float(np.tanh(np.arctanh(c) + reach)),
        c - z * error,
        c + z * error,
    )
