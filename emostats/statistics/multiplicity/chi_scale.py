"""The scale of Student's t: averages over s = sqrt(chi²_v / v)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

FloatArray = npt.NDArray[np.float64]


def scale_nodes(df: float, finest: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Nodes s and weights w such that E f(s) ≈ sum w f(s), for smooth bounded f.

    Trapezoid rule in log s. The density v s^v exp(-v s²/2) · const of log s is analytic, falls exponentially
    to the left and faster to the right, so the rule converges exponentially; the step resolves its width 1 /
    sqrt(2 v). `df` is any positive number; infinity gives the single node 1.
    """
    if np.isinf(df):
        return np.ones(1), np.ones(1)
    width = 1 / np.sqrt(2 * df)
    step = min(0.1, 0.5 * width, 0.5 / max(finest, 1.0))
    left = -max(40.0 / df, 10 * width)
    right = max(np.log1p(10 * width), 0.5 * np.log1p(90.0 / df))
    log_s = np.arange(left, right + step, step)
    log_density = (
        np.log(2.0) + (df / 2) * np.log(df / 2) - gammaln(df / 2) + df * log_s - df / 2 * np.exp(2 * log_s)
    )
    weights = step * np.exp(log_density)
    return np.exp(log_s), weights / weights.sum()
