"""Calibration of binary probabilities by logistic recalibration, and Spiegelhalter's test."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from emostats.errors import ModelError
from emostats.statistics.classification.arrays import FloatArray, binary
from emostats.statistics.classification.auc import placements


@dataclass(frozen=True)
class Recalibration:
    """How outcomes follow the logit of what was said (Cox, 1958; Steyerberg, 2019, ch. 15).

    Attributes
    ----------
    slope, slope_se: of logit(p); below 1: too extreme. intercept: beside that slope.
    in_the_large, in_the_large_se: intercept with the slope held at 1; above 0: probabilities too low.
    brier, log_loss: means. brier_reference: of always saying the prevalence. brier_skill: 1 − their ratio.
    spiegelhalter_z, spiegelhalter_p: test of calibration (Spiegelhalter, 1986), two-sided.
    c_index, dxy: area under the curve, and 2 · area − 1. r2: Nagelkerke's.
    discrimination, unreliability, quality: Harrell's D, U and Q = D − U.
    error_mean, error_p90, error_max: |p − smoothed outcome| (lowess, span ⅔, no robustness steps).
    """

    slope: float
    slope_se: float
    intercept: float
    in_the_large: float
    in_the_large_se: float
    brier: float
    log_loss: float
    brier_reference: float
    brier_skill: float
    spiegelhalter_z: float
    spiegelhalter_p: float
    c_index: float
    dxy: float
    r2: float
    discrimination: float
    unreliability: float
    quality: float
    error_mean: float
    error_p90: float
    error_max: float


def recalibration(y: npt.ArrayLike, p: npt.ArrayLike, *, clip: float = 1e-6) -> Recalibration:
    """All of `Recalibration` for (n,) outcomes 0/1 and (n,) probabilities, clipped to `clip` … 1 − `clip`.

    Raises
    ------
    UsageError, ModelError: see `arrays.binary`; ModelError also where the probabilities separate the classes.
    """
    truth, values = binary(y, p)
    hit, said = truth.astype(float), np.clip(values, clip, 1 - clip)
    logit = np.log(said / (1 - said))
    slope = _logistic(hit, np.column_stack([np.ones_like(logit), logit]), None)
    large = _logistic(hit, np.ones((len(hit), 1)), logit)
    brier, prevalence = float(((said - hit) ** 2).mean()), float(hit.mean())
    z = _spiegelhalter(hit, said)
    area = placements(y, values).estimate
    r2, d, u = _harrell(hit, logit, float(slope.llf))
    mean, p90, largest = _smooth_errors(hit, said)
    loss, by_chance = -(hit * np.log(said) + (1 - hit) * np.log1p(-said)), prevalence * (1 - prevalence)
    return Recalibration(
        float(slope.params[1]), float(slope.bse[1]), float(slope.params[0]), float(large.params[0]),
        float(large.bse[0]), brier, float(loss.mean()), by_chance, 1 - brier / by_chance, z,
        2 * float(ndtr(-abs(z))),
        area, 2 * area - 1, r2, d, u, d - u, mean, p90, largest,
    )  # fmt: skip


def _logistic(y: FloatArray, x: FloatArray, offset: FloatArray | None) -> Any:
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fit = GLM(y, x, family=Binomial(), offset=offset).fit(tol=1e-14, maxiter=100)
        except (Warning, ValueError, ArithmeticError, np.linalg.LinAlgError):
            raise ModelError(_SEPARATED) from None
    if not np.isfinite(fit.bse).all() or fit.bse.max() > 1e3:
        raise ModelError(_SEPARATED)
    return fit


_SEPARATED = (
    "The probabilities separate the outcomes, or are all the same: no logistic recalibration can be fitted."
)


def _spiegelhalter(hit: FloatArray, said: FloatArray) -> float:
    """Σ (y − p)(1 − 2p) / √Σ (1 − 2p)² p (1 − p); NaN when every p is ½."""
    spread = float(((1 - 2 * said) ** 2 * said * (1 - said)).sum())
    return float(((hit - said) * (1 - 2 * said)).sum() / np.sqrt(spread)) if spread > 0 else float("nan")


def _harrell(hit: FloatArray, logit: FloatArray, best: float) -> tuple[float, float, float]:
    """Nagelkerke's R² and D of the probabilities as given, and U: what recalibration to log-likelihood `best`
    would gain (Harrell, 2015, § 10.9)."""
    n, share = len(hit), float(hit.mean())
    null = n * (share * np.log(share) + (1 - share) * np.log(1 - share))
    as_given = float((hit * logit - np.logaddexp(0, logit)).sum())
    ratio = 2 * (as_given - null)
    r2 = (1 - np.exp(-ratio / n)) / (1 - np.exp(2 * null / n))
    return float(r2), float((ratio - 1) / n), float((2 * (best - as_given) - 2) / n)


def _smooth_errors(hit: FloatArray, said: FloatArray) -> tuple[float, float, float]:
    """Mean, 90th percentile and largest distance of the probabilities from the smoothed outcomes."""
    from statsmodels.nonparametric.smoothers_lowess import lowess

    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smooth = lowess(hit, said, frac=2 / 3, it=0, delta=0.01 * float(np.ptp(said)), return_sorted=False)
    errors = np.abs(said - np.asarray(smooth))
    return float(errors.mean()), float(np.quantile(errors, 0.9)), float(errors.max())
