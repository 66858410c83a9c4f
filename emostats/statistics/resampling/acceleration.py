"""The acceleration of BCa, by jackknife over the resampled unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def jackknife_acceleration(
    leave_one_out: FloatArray, stratum: npt.NDArray[np.integer] | None = None
) -> float:
    """Acceleration from the statistic with each unit left out.

    Parameters
    ----------
    leave_one_out: (U,) the statistic without unit u; NaN where it could not be computed (left out of the
        sums).
    stratum: (U,) number of the stratum of each unit; None for one stratum.

    Returns
    -------
    a = (sum_h sum_i L_hi^3 / n_h^3) / (6 (sum_h sum_i L_hi^2 / n_h^2)^1.5) with
    L_hi = (n_h - 1) (mean_h - leave_one_out_hi)  (Davison & Hinkley, 1997, eq. 5.32 and section 5.3.2). With
    one stratum this is sum d^3 / (6 (sum d^2)^1.5). NaN when leaving units out changes nothing.
    """
    usable = np.isfinite(leave_one_out)
    values = leave_one_out[usable]
    if not len(values):
        return float("nan")
    groups = np.zeros(len(values), dtype=int) if stratum is None else np.asarray(stratum)[usable]
    size = np.bincount(groups).astype(float)
    mean = np.bincount(groups, weights=values) / np.maximum(size, 1)
    influence = ((size - 1) / np.maximum(size, 1))[groups] * (mean[groups] - values)
    scale = float(np.abs(values).max())
    if not np.abs(influence).max() > 1e-12 * scale / max(1.0, size.max()):
        return float("nan")
    influence = influence / np.abs(influence).max()
    return float(np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5))


def jackknife_std_error(leave_one_out: FloatArray, stratum: npt.NDArray[np.integer] | None = None) -> float:
    """sqrt(sum_h (n_h - 1)/n_h sum_i (t_(-hi) - mean_h)^2) (Efron & Tibshirani, 1993, eq. 11.5, by
    stratum)."""
    usable = np.isfinite(leave_one_out)
    values = leave_one_out[usable]
    groups = np.zeros(len(values), dtype=int) if stratum is None else np.asarray(stratum)[usable]
    size = np.maximum(np.bincount(groups), 1).astype(float)
    mean = np.bincount(groups, weights=values) / size
    return float(np.sqrt(np.sum(((size - 1) / size)[groups] * (values - mean[groups]) ** 2)))
