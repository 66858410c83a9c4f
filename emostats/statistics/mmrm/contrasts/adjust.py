"""Multiplicity adjustment of a family of t tests: p-values and simultaneous intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.degrees_of_freedom.inference import TTests, t_quantile

Float = NDArray[np.float64]

ADJUSTMENTS = ("none", "tukey", "dunnett", "mvt", "sidak", "bonferroni", "holm")


def check_adjustment(adjust: str, kind: str) -> None:
    """Refuse an adjustment that does not exist or does not fit the kind of family.

    Raises
    ------
    UsageError: with the adjustments that would fit.
    """
    if adjust not in ADJUSTMENTS:
        raise UsageError(f"Unknown adjustment '{adjust}'. {did_you_mean(adjust, ADJUSTMENTS)}")
    if adjust == "tukey" and kind != "pairwise":
        raise UsageError(
            "adjust='tukey' is for pairwise contrasts; for other families take 'mvt' or 'sidak'."
        )
    if adjust == "dunnett" and kind != "control":
        raise UsageError(
            "adjust='dunnett' is for contrasts with a control (trt.vs.ctrl); for other families take 'mvt'."
        )


def adjust_family(
    tests: TTests, correlation: Callable[[], Float], adjust: str, kind: str, n_means: int, conf_level: float
) -> tuple[Float, Float, Float]:
    """Adjusted p-values and lower and upper limits (m,) of one family.

    `correlation` gives the correlation matrix (m × m) of the estimates when it is needed; `kind` and
    `n_means` describe the family: Tukey's range needs all pairs among `n_means` means, Dunnett's a common
    control.
    """
    if adjust == "none" or len(tests.p_value) == 0:
        return tests.p_value, tests.conf_low, tests.conf_high
    if adjust == "tukey":
        p, critical = _tukey(tests, n_means, conf_level)
    elif adjust in ("mvt", "dunnett"):
        p, critical = _multivariate_t(tests, correlation(), conf_level)
    else:
        p, critical = _stepwise(tests, adjust, conf_level)
    return p, tests.estimate - critical * tests.std_error, tests.estimate + critical * tests.std_error


def _stepwise(tests: TTests, adjust: str, conf_level: float) -> tuple[Float, Float]:
    """Bonferroni, Šidák and Holm. Holm has no intervals of its own: Bonferroni's are given."""
    p, m, alpha = tests.p_value, len(tests.p_value), 1 - conf_level
    if adjust == "sidak":
        return -np.expm1(m * np.log1p(-np.minimum(p, 1 - 1e-16))), t_quantile(
            (1 + conf_level ** (1 / m)) / 2, tests.df
        )
    critical = t_quantile(1 - alpha / (2 * m), tests.df)
    if adjust == "bonferroni":
        return np.minimum(m * p, 1.0), critical
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(np.maximum.accumulate((m - np.arange(m)) * p[order]), 1.0)
    adjusted = np.empty(m)
    adjusted[order] = stepped
    return adjusted, critical


def _tukey(tests: TTests, n_means: int, conf_level: float) -> tuple[Float, Float]:
    from emostats.statistics.multiplicity import studentized_range_quantile, studentized_range_tail

    q = np.sqrt(2) * np.abs(tests.statistic)
    pairs = zip(q.tolist(), tests.df.tolist(), strict=True)
    p = np.array([studentized_range_tail(x, n_means, df) for x, df in pairs])
    critical = {
        df: studentized_range_quantile(conf_level, n_means, df) / np.sqrt(2) for df in set(tests.df.tolist())
    }
    return np.clip(p, 0.0, 1.0), np.array([critical[df] for df in tests.df.tolist()])


def _multivariate_t(tests: TTests, correlation: Float, conf_level: float) -> tuple[Float, Float]:
    from emostats.statistics.multiplicity.multivariate_t import max_abs_t_quantile, max_abs_t_upper

    pairs = list(zip(np.abs(tests.statistic), tests.df, strict=True))
    p = np.array([max_abs_t_upper(float(t), correlation, float(df)) for t, df in pairs])
    critical = {df: max_abs_t_quantile(conf_level, correlation, float(df)) for df in set(tests.df)}
    return p, np.array([critical[df] for df in tests.df])
