"""Wald intervals of numbers of the covariance, and the choice of them by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.variances.links import IDENTITY, link_of
from emostats.statistics.mmrm.variances.profile import Fitted, profile_table
from emostats.statistics.mmrm.variances.quantities import Quantity

Float = NDArray[np.float64]


def interval_table(
    quantities: Sequence[Quantity], fitted: Fitted, interval: str, conf_level: float, reml: bool
) -> pd.DataFrame:
    """parameter, group, kind, estimate, std_error, conf_low, conf_high, method, note.

    `interval` is ``"wald"``, or ``"profile"`` for limits by the profile likelihood.

    Raises
    ------
    UsageError: another interval.
    """
    if interval not in ("wald", "profile"):
        raise UsageError(f"interval should be 'wald' or 'profile'; found {interval!r}.")
    table = wald_table(quantities, fitted.theta, fitted.V, conf_level)
    if interval == "profile":
        profiled = profile_table(list(quantities), fitted, conf_level, reml)
        changed = ["conf_low", "conf_high", "method", "note"]
        table[changed] = profiled[changed]
    return table


def wald_table(quantities: Sequence[Quantity], theta: Float, V: Float, conf_level: float) -> pd.DataFrame:
    """parameter, group, kind, estimate, std_error, conf_low, conf_high, method, note, by the delta method.

    Parameters have SAS's limits: a parameter with lower bound 0 is taken as a multiple of χ² with ν = 2
    (estimate / SE)² (Satterthwaite), any other as normal. Standard deviations have limits on the log scale,
    correlations of visits by Fisher's z.
    """
    z = float(ndtri(0.5 + 0.5 * conf_level))
    rows = []
    for quantity in quantities:
        jet = quantity.at(theta)
        error = float(np.sqrt(max(float(jet.gradient @ V @ jet.gradient), 0.0)))
        low, high, method = _limits(quantity, jet.value, error, z, conf_level)
        values = [number * quantity.unit for number in (jet.value, error, low, high)]
        rows.append((quantity.label, quantity.group, quantity.kind, *values, method, ""))
    columns = [
        "parameter",
        "group",
        "kind",
        "estimate",
        "std_error",
        "conf_low",
        "conf_high",
        "method",
        "note",
    ]
    return pd.DataFrame(rows, columns=columns)


def _limits(
    quantity: Quantity, value: float, error: float, z: float, conf_level: float
) -> tuple[float, float, str]:
    if quantity.index >= 0 and quantity.limits[0] == 0.0:
        low, high = _chi_square_limits(value, error, conf_level)
        return low, high, "Wald (Satterthwaite χ²)"
    link = IDENTITY if quantity.index >= 0 else link_of(quantity.kind)
    x, margin = link.of(value), z * error * link.slope(value)
    named = {"sd": "Wald (log scale)", "correlation": "Wald (Fisher z)"}
    return link.back(x - margin), link.back(x + margin), "Wald" if link is IDENTITY else named[quantity.kind]


def _chi_square_limits(value: float, error: float, conf_level: float) -> tuple[float, float]:
    """νθ̂ over the quantiles of χ²_ν, ν = 2 (θ̂ / SE)²."""
    nu = 2 * (value / error) ** 2
    tail = 0.5 * (1 - conf_level)
    return float(nu * value / chdtri(nu, tail)), float(nu * value / chdtri(nu, 1 - tail))


def choose(quantities: Sequence[Quantity], wanted: str | Sequence[str] | None) -> list[Quantity]:
    """The quantities named (with or without their group), in the order asked; all when `wanted` is None.

    Raises
    ------
    UsageError: a name that none has.
    """
    if wanted is None:
        return list(quantities)
    chosen = []
    for name in [wanted] if isinstance(wanted, str) else wanted:
        found = [q for q in quantities if name in (q.label, q.name)]
        if not found:
            labels = [q.label for q in quantities]
            raise UsageError(f"The covariance has no parameter '{name}'. {did_you_mean(name, labels)}")
        chosen += [q for q in found if q not in chosen]
    return chosen
