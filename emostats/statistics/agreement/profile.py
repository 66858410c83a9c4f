"""Profile-likelihood (REML, χ² with 1 df) limits of the single-rating ICC, restricted to [0, 1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.components import VarianceComponents
from emostats.statistics.agreement.crossed import CrossedSums
from emostats.statistics.agreement.reml import reml_criterion
from emostats.statistics.agreement.roots import illinois, logit_root

Array = NDArray[np.float64]

_THETA = np.concatenate([[0.0], np.geomspace(1e-3, 25.0, 31)])


def profile_limits(
    sums: CrossedSums, fit: VarianceComponents, conf_level: float, consistency: bool = False
) -> tuple[float, float]:
    """Values of ρ whose profile criterion is within the χ²₁ quantile of the minimum.

    Parameters
    ----------
    fit: REML components of the model to profile.
    consistency: with random raters, take σ²_s/(σ²_s + σ²_e) instead of σ²_s/(σ²_s + σ²_r + σ²_e).
    """
    from scipy.special import chdtri

    estimate = fit.icc_consistency if consistency else fit.icc_agreement
    allowed = fit.criterion + float(chdtri(1, 1.0 - conf_level))

    def excess(rho: float) -> float:
        return profile_criterion(sums, fit.model, rho, consistency) - allowed

    middle = min(max(estimate, 1e-12), 1.0 - 1e-12)
    at = float(np.log(middle / (1.0 - middle)))
    low = 0.0
    if estimate > 0.0 and excess(0.0) > 0.0:
        low = logit_root(
            lambda rho: -excess(rho) if rho < middle else allowed - fit.criterion, start=at - 1.0, step=1.0
        )
    high = logit_root(
        lambda rho: excess(rho) if rho > middle else fit.criterion - allowed, start=at + 1.0, step=1.0
    )
    return low, high


def profile_criterion(sums: CrossedSums, model: str, rho: float, consistency: bool) -> float:
    """min D at a fixed ρ; the rater ratio, where the model has one, is profiled out."""
    odds = rho / (1.0 - rho)
    if model != "twoway_random":
        g = np.array([odds])
        return float(reml_criterion(sums, model, g, g).value[0])
    scale = float(np.mean(sums.n_j))

    def evaluate(theta: Array) -> tuple[Array, Array]:
        g_r = np.expm1(theta) / scale
        along = 0.0 if consistency else odds
        c = reml_criterion(sums, model, odds + along * g_r, g_r)
        return c.value, (c.gradient[..., 0] * along + c.gradient[..., 1]) * np.exp(theta) / scale

    value, slope = evaluate(_THETA)
    best = int(value.argmin())
    ends = (best, best + 1) if slope[best] < 0.0 else (best - 1, best)
    if ends[0] < 0 or ends[1] >= len(_THETA) or slope[ends[0]] >= 0.0 or slope[ends[1]] <= 0.0:
        return float(value[best])
    low, high = (float(_THETA[end]) for end in ends)
    f_low, f_high = (float(slope[end]) for end in ends)
    root = illinois(lambda x: float(evaluate(np.array([x]))[1][0]), low, high, f_low, f_high, 1e-7)
    return min(float(value[best]), float(evaluate(np.array([root]))[0][0]))
