"""Krippendorff's α for nominal, ordinal, interval and ratio ratings, with missing values.

α = 1 − D_o/D_e from the coincidence matrix o_ck of pairs of ratings of the same unit (Krippendorff 2019,
Content Analysis, 4th ed., ch. 12). Limits by resampling units, or by Gwet's linearised variance.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level, did_you_mean
from emostats.statistics.agreement.categories import CategoryTable, read_categories
from emostats.statistics.agreement.resample import percentile_limits, target_counts

Array = NDArray[np.float64]

LEVELS: tuple[str, ...] = ("nominal", "ordinal", "interval", "ratio")


@dataclass(frozen=True)
class KrippendorffAlpha:
    """Krippendorff's α.

    Attributes
    ----------
    level: of measurement. estimate: at most 1; 0 is agreement by chance.
    std_error, conf_low, conf_high: by `method`.
    observed, expected: disagreements D_o and D_e. n_units: units with two ratings or more; n_values: their
        ratings.
    n_raters: raters. categories: values in order. n_undefined: resamples without variation, left out.
    """

    level: str
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    observed: float
    expected: float
    n_units: int
    n_values: int
    n_raters: int
    n_undefined: int
    categories: tuple[Hashable, ...]
    method: str
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns (without the categories)."""
        names = [name for name in self.__dataclass_fields__ if name != "categories"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def krippendorff_alpha(
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    level: str = "ordinal",
    interval: str = "bootstrap",
    conf_level: float = 0.95,
    n_resamples: int = 9999,
    seed: int = 0,
) -> KrippendorffAlpha:
    """Krippendorff's α of ratings with or without gaps.

    Parameters
    ----------
    data, targets, raters, ratings: as in `icc`; texts are allowed at the nominal level.
    level: ``"nominal"``, ``"ordinal"``, ``"interval"`` or ``"ratio"`` (values ≥ 0).
    interval: ``"bootstrap"`` of units, percentile; or ``"linearized"``, estimate ± t · Gwet's standard
        error with the number of targets − 1 as df, not cut at 1.
    n_resamples, seed: of the bootstrap.

    Raises
    ------
    UsageError, FindingsError: as in `icc`; texts above the nominal level; negative values at the ratio level.
    """
    _check(level, interval)
    check_level(conf_level)
    read = _read(data, targets, raters, ratings, level)
    pairs, m = _coincidences(read.counts)
    observed, expected = _disagreements(pairs.sum(axis=0), read.scores, level)
    estimate = float(_alpha(observed, expected))
    if interval == "bootstrap":
        limits = _bootstrapped(
            _draws(pairs, read.scores, level, n_resamples, seed), conf_level, n_resamples, seed
        )
    else:
        limits = _linearized(read, level, estimate, conf_level)
    return KrippendorffAlpha(
        level=level, estimate=estimate, **limits, conf_level=conf_level,
        observed=float(observed), expected=float(expected),
        n_units=int((m >= 2).sum()), n_values=int(m[m >= 2].sum()), n_raters=read.table.n_raters,
        categories=read.categories,
        reason="undefined (0/0): the paired ratings do not vary" if np.isnan(estimate) else "",
    )  # fmt: skip


class _Limits(TypedDict):
    std_error: float
    conf_low: float
    conf_high: float
    n_undefined: int
    method: str


def _check(level: str, interval: str) -> None:
    if level not in LEVELS:
        raise UsageError(f"There is no level '{level}'. {did_you_mean(level, LEVELS)}")
    if interval not in ("bootstrap", "linearized"):
        raise UsageError(
            f"There is no interval '{interval}'. {did_you_mean(interval, ('bootstrap', 'linearized'))}"
        )


def _bootstrapped(draws: Array, conf_level: float, n_resamples: int, seed: int) -> _Limits:
    low, high = percentile_limits(draws, conf_level)
    defined = draws[~np.isnan(draws)]
    error = float(defined.std(ddof=1)) if defined.size > 1 else float("nan")
    method = f"bootstrap of units, percentile, {n_resamples} resamples, seed {seed}"
    return _Limits(
        std_error=error, conf_low=low, conf_high=high, n_undefined=draws.size - defined.size, method=method
    )


def _linearized(data: CategoryTable, level: str, estimate: float, conf_level: float) -> _Limits:
    from scipy.special import stdtrit

    df = data.table.n_targets - 1
    error = _standard_error(data, level) if estimate == estimate else float("nan")
    reach = float(stdtrit(df, 0.5 + conf_level / 2.0)) * error
    method = "linearised variance over units (Gwet), t limits"
    return _Limits(
        std_error=error, conf_low=estimate - reach, conf_high=estimate + reach, n_undefined=0, method=method
    )  # fmt: skip


def _standard_error(data: CategoryTable, level: str) -> float:
    """Gwet (2014): α as weighted agreement with w = 1 − δ²/max δ², linearised; δ is taken as fixed."""
    counts = data.counts[data.counts.sum(axis=1) >= 2]
    delta = _squared_differences(counts.sum(axis=0), data.scores, level)
    w = 1.0 - delta / delta.max()
    r, n = counts.sum(axis=1), len(counts)
    mean = r.mean()
    excess = (r - mean) / mean
    each = (counts * (counts @ w - 1.0)).sum(axis=1) / (mean * (r - 1.0))
    p_a, p_e = float(each.mean()), float(counts.mean(axis=0) / mean @ w @ (counts.mean(axis=0) / mean))
    alpha = (p_a - p_e) / (1.0 - p_e)
    corrected = (1.0 - 1.0 / r.sum()) * p_a + 1.0 / r.sum()
    chance = counts @ (w @ counts.mean(axis=0) / mean) / mean - p_e * excess
    parts = (each - corrected * excess - p_e) / (1.0 - p_e) - 2.0 * (1.0 - alpha) * (chance - p_e) / (
        1.0 - p_e
    )
    return float(np.sqrt(((parts - alpha) ** 2).sum() / (n * (n - 1.0)))) if n > 1 else float("nan")


def _read(
    data: Any, targets: str | None, raters: str | None, ratings: str | None, level: str
) -> CategoryTable:
    read = read_categories(data, targets=targets, raters=raters, ratings=ratings, fewest=1)
    texts = [item for item in read.categories if isinstance(item, str)]
    if texts and level != "nominal":
        raise UsageError(
            f"Ratings must be numbers at the {level} level; found {texts[0]!r}. Use level='nominal'."
        )
    if level == "ratio" and float(read.scores.min()) < 0.0:
        raise UsageError("The ratio level needs ratings of 0 or more; found a negative one.")
    return read


def _coincidences(counts: Array) -> tuple[Array, Array]:
    """Each unit's coincidences (units, q, q), n_uc n_uk/(m_u − 1) less self-pairs, and m_u; else 0."""
    m = counts.sum(axis=1)
    share = np.where(m >= 2, 1.0 / np.maximum(m - 1.0, 1.0), 0.0)
    pairs = counts[:, :, None] * counts[:, None, :]
    q = counts.shape[1]
    pairs[:, np.arange(q), np.arange(q)] -= counts
    return pairs * share[:, None, None], m


def _squared_differences(marginals: Array, scores: Array, level: str) -> Array:
    """δ²_ck, with leading dimensions of `marginals` (…, q) at the ordinal level."""
    if level == "nominal":
        return 1.0 - np.eye(len(scores))
    if level == "ordinal":  # ranks at the middle of each category's pile
        middle = np.cumsum(marginals, axis=-1) - marginals / 2.0
        return np.asarray((middle[..., :, None] - middle[..., None, :]) ** 2)
    difference = scores[:, None] - scores
    if level == "interval":
        return np.asarray(difference**2)
    total = scores[:, None] + scores
    return np.divide(difference, total, out=np.zeros_like(difference), where=total > 0) ** 2


def _disagreements(coincidences: Array, scores: Array, level: str) -> tuple[Array, Array]:
    """D_o and D_e of one coincidence matrix or of a batch (…, q, q)."""
    marginals = coincidences.sum(axis=-1)
    n = marginals.sum(axis=-1)
    delta = _squared_differences(marginals, scores, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = (coincidences * delta).sum(axis=(-1, -2)) / n
        expected = (marginals[..., :, None] * marginals[..., None, :] * delta).sum(axis=(-1, -2)) / (
            n * (n - 1.0)
        )
    return np.asarray(observed), np.asarray(expected)


def _alpha(observed: Array, expected: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0.0, 1.0 - observed / expected, np.nan)


def _draws(pairs: Array, scores: Array, level: str, n_resamples: int, seed: int) -> Array:
    units, q, _ = pairs.shape
    flat = pairs.reshape(units, q * q)
    rng = np.random.default_rng(seed)
    draws = []
    for counts in target_counts(units, n_resamples, rng, block=max(1, 2_000_000 // max(units, q * q))):
        draws.append(_alpha(*_disagreements((counts @ flat).reshape(-1, q, q), scores, level)))
    return np.concatenate(draws)
