"""Two areas under the curve compared: on the same rows, or on different ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from emostats.statistics.classification.arrays import clusters
from emostats.statistics.classification.auc import (
    RocArea,
    delong_covariance,
    obuchowski_covariance,
    placements,
)
from emostats.statistics.effects.effect import check_level, normal_quantile, t_two_sided


@dataclass(frozen=True)
class AreaDifference:
    """First minus second area.

    Attributes
    ----------
    first, second: the areas. covariance: of the two, 0 for different rows. statistic: z, or t with `df`.
    """

    first: float
    second: float
    estimate: float
    std_error: float
    covariance: float
    statistic: float
    df: float
    p_value: float
    conf_low: float
    conf_high: float
    conf_level: float
    method: str


def paired_auc_test(
    y: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    cluster: npt.ArrayLike | None = None,
    *,
    conf_level: float = 0.95,
) -> AreaDifference:
    """Two scores of the same rows: DeLong et al. (1988); with subjects, Obuchowski's (1997) covariance.

    Equal areas with no variance between them give NaN as statistic and 1 as p.
    """
    a, b = placements(y, first), placements(y, second)
    if cluster is None:
        parts, method = [delong_covariance(*pair) for pair in ((a, a), (b, b), (a, b))], "DeLong, paired"
    else:
        unit = clusters(cluster, len(a.is_positive))
        parts = [obuchowski_covariance(*pair, unit) for pair in ((a, a), (b, b), (a, b))]
        method = "Obuchowski by subject, paired"
    error = float(np.sqrt(max(parts[0] + parts[1] - 2 * parts[2], 0.0)))
    difference = a.estimate - b.estimate
    z = _quotient(difference, error)
    half = normal_quantile(check_level(conf_level)) * error
    return AreaDifference(
        a.estimate, b.estimate, difference, error, parts[2], z, float("inf"),
        1.0 if np.isnan(z) and difference == 0 else 2.0 * float(ndtr(-abs(z))),
        difference - half, difference + half, conf_level, method,
    )  # fmt: skip


def unpaired_auc_test(first: RocArea, second: RocArea, *, conf_level: float = 0.95) -> AreaDifference:
    """Areas of different subjects: t with Welch–Satterthwaite df of the rows, as in R's pROC.

    Where the areas are clustered, the df count subjects.
    """
    variance = first.variance + second.variance
    error, difference = float(np.sqrt(variance)), first.estimate - second.estimate
    sizes = [max(area.n_clusters - 1, 1) for area in (first, second)]
    parts = first.variance**2 / sizes[0] + second.variance**2 / sizes[1]
    df = variance**2 / parts if parts > 0 else float("nan")
    t = _quotient(difference, error)
    half = normal_quantile(check_level(conf_level)) * error
    return AreaDifference(
        first.estimate, second.estimate, difference, error, 0.0, t, df,
        t_two_sided(t, df) if np.isfinite(t) else (1.0 if difference == 0 else 0.0),
        difference - half, difference + half, conf_level, f"unpaired ({first.method}; {second.method})",
    )  # fmt: skip


def _quotient(difference: float, error: float) -> float:
    if error > 0 or np.isnan(error):
        return difference / error
    return float("nan") if difference == 0 else float(np.copysign(np.inf, difference))
