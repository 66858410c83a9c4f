"""Bootstrap distributions of the single-rating ICCs: targets resampled, or ratings simulated from the REML
fit.

Each returns draws (n_resamples, 3) of ICC(1), ICC(A,1), ICC(C,1); the average forms are their
Spearman–Brown steps. Resampling targets keeps the raters as they are: limits for ICC(A) speak of these
raters. The parametric bootstrap draws new raters too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.anova import MeanSquares
from emostats.statistics.agreement.components import VarianceComponents, fit_ratios
from emostats.statistics.agreement.crossed import CrossedSums
from emostats.statistics.agreement.forms import FAMILIES

Array = NDArray[np.float64]


class CompleteFeatures:
    """What weighted mean squares of a complete table need, one row a target.

    With y_ij = r_i + c_j + e_ij (means out, e centred both ways) every weighted sum of squares is a sum of
    non-negative terms: nothing cancels.
    """

    def __init__(self, values: Array) -> None:
        y = values - values.mean()
        r = y.mean(axis=1)
        self.c = y.mean(axis=0)
        e = y - r[:, None] - self.c
        e[np.abs(e) < 8.0 * np.finfo(np.float64).eps * np.abs(values).max()] = 0.0
        self.n, self.k = values.shape
        self.features = np.column_stack([r, r * r, (e * e).sum(axis=1), e])

    def singles(self, weights: Array) -> Array:
        """ICC(1), ICC(A,1), ICC(C,1), shape (resamples, 3), for weights (resamples, n)."""
        k = self.k
        n = weights.sum(axis=1)
        n = np.where(n < 2.0, np.nan, n)
        sums = weights @ self.features
        ss_r = k * (sums[:, 1] - sums[:, 0] ** 2 / n)
        drift = sums[:, 3:] / n[:, None]
        ss_e = sums[:, 2] - n * (drift**2).sum(axis=1)
        ss_c = n * ((self.c + drift) ** 2).sum(axis=1)
        return _singles(ss_r, ss_c, np.maximum(ss_e, 0.0), n, k)


def _singles(ss_r: Array, ss_c: Array, ss_e: Array, n: Array, k: int) -> Array:
    """The ANOVA formulas for arrays of sums of squares."""
    with np.errstate(divide="ignore", invalid="ignore"):
        msr, msc = ss_r / (n - 1.0), ss_c / (k - 1.0)
        mse, msw = ss_e / ((n - 1.0) * (k - 1.0)), (ss_c + ss_e) / (n * (k - 1.0))
        one = (msr - msw) / (msr + (k - 1.0) * msw)
        agreement = (msr - mse) / (msr + (k - 1.0) * mse + k * (msc - mse) / n)
        consistency = (msr - mse) / (msr + (k - 1.0) * mse)
    return np.column_stack([one, agreement, consistency])


def complete_draws(values: Array, counts: Iterable[Array]) -> Array:
    """ICCs of a complete table for blocks of target counts (resamples, n)."""
    features = CompleteFeatures(values)
    return np.concatenate([features.singles(block) for block in counts])


def complete_parametric(ms: MeanSquares, n_resamples: int, rng: np.random.Generator) -> Array:
    """Draws for a complete table: mean squares are independent χ² multiples at the components, cut at 0."""
    target, rater, error = max(ms.var_target, 0.0), max(ms.var_rater, 0.0), ms.mse
    ss_r = (error + ms.k * target) * rng.chisquare(ms.df_r, n_resamples)
    ss_c = (error + ms.n * rater) * rng.chisquare(ms.df_c, n_resamples)
    ss_e = error * rng.chisquare(ms.df_e, n_resamples)
    return np.maximum(_singles(ss_r, ss_c, ss_e, np.full(n_resamples, float(ms.n)), ms.k), 0.0)


class IncompleteFeatures:
    """What weighted sufficient sums of a table with gaps need, one row a target."""

    def __init__(self, values: Array, sums: CrossedSums) -> None:
        self.sums = sums
        rated = ~np.isnan(values)
        self.y = np.where(rated, values - sums.centre, 0.0)
        self.mask = rated.astype(np.float64)
        self.row = self.y.sum(axis=1)
        count = rated.sum(axis=1)
        self.groups = [np.flatnonzero(count == size) for size in sums.sizes]
        self.square = (self.y**2).sum(axis=1)

    def sums_for(self, weights: Array) -> CrossedSums:
        """Batched sums of resamples with weights (resamples, n)."""
        parts = [self._group(weights[:, group], group) for group in self.groups]
        M, T, P, n_c = (np.stack(items, axis=1) for items in zip(*parts, strict=True))
        n_j = weights @ self.mask
        return replace(
            self.sums, N=n_j.sum(axis=1), n_c=n_c, n_j=n_j, M=M, T=T, P=P,
            C=weights @ self.y, Q=weights @ self.square,
        )  # fmt: skip

    def _group(self, w: Array, group: NDArray[np.intp]) -> tuple[Array, Array, Array, Array]:
        mask, row, k = self.mask[group], self.row[group], self.mask.shape[1]
        outer = (mask[:, :, None] * mask[:, None, :]).reshape(len(group), k * k)
        return (w @ outer).reshape(-1, k, k), w @ (mask * row[:, None]), w @ row**2, w.sum(axis=1)


def incomplete_draws(
    values: Array, sums: CrossedSums, fits: Mapping[str, VarianceComponents | None], counts: Iterable[Array]
) -> Array:
    """REML ICCs of a table with gaps for blocks of target counts; `fits` by family, None where undefined."""
    features = IncompleteFeatures(values, sums)
    return np.concatenate([refit(features.sums_for(block), fits) for block in counts])


def incomplete_parametric(
    values: Array,
    sums: CrossedSums,
    fits: Mapping[str, VarianceComponents | None],
    n_resamples: int,
    rng: np.random.Generator,
) -> Array:
    """Draws for a table with gaps: REML refits of ratings simulated on the same cells.

    ICC(1) from the one-way fit, ICC(A) and ICC(C) from the crossed fit.
    """
    features = IncompleteFeatures(values, sums)
    block = max(1, 2_000_000 // values.size)
    draws = []
    for start in range(0, n_resamples, block):
        rows = min(block, n_resamples - start)
        one = _simulated(features, fits["1"], rows, rng)
        two = _simulated(features, fits["A"], rows, rng)
        parts = [refit(one, {**fits, "A": None, "C": None}), refit(two, {**fits, "1": None})]
        draws.append(np.where(np.isnan(parts[0]), parts[1], parts[0]))
    return np.concatenate(draws)


def _simulated(
    features: IncompleteFeatures, fit: VarianceComponents | None, rows: int, rng: np.random.Generator
) -> CrossedSums:
    """Batched sums of `rows` data sets drawn from `fit` (zeros where it is undefined)."""
    n, k = features.mask.shape
    sd = np.sqrt([fit.var_target, fit.var_rater, fit.var_error]) if fit is not None else np.zeros(3)
    y = rng.standard_normal((rows, n, k)) * sd[2]
    y += rng.standard_normal((rows, n, 1)) * sd[0]
    y += rng.standard_normal((rows, 1, k)) * sd[1]
    y *= features.mask
    row = y.sum(axis=2)
    T = [row[:, group] @ features.mask[group] for group in features.groups]
    P = [(row[:, group] ** 2).sum(axis=1) for group in features.groups]
    return replace(
        features.sums, M=_in_given_order(features), n_j=features.mask.sum(axis=0), T=np.stack(T, axis=1),
        P=np.stack(P, axis=1), C=y.sum(axis=1), Q=(y**2).sum(axis=(1, 2)),
    )  # fmt: skip


def _in_given_order(features: IncompleteFeatures) -> Array:
    """M with the raters in the order of the columns (the sums keep them in an order of their own)."""
    return np.stack([features.mask[group].T @ features.mask[group] for group in features.groups])


def refit(batch: CrossedSums, fits: Mapping[str, VarianceComponents | None]) -> Array:
    """REML ICCs (resamples, 3) of a batch, started at the sample's fit; NaN where undefined."""
    rows = len(batch.Q)
    out = np.full((rows, len(FAMILIES)), np.nan)
    for column, key in enumerate(FAMILIES):
        fit = fits[key]
        if fit is None or not fit.var_error > 0.0:
            continue
        start = np.array([fit.var_target, fit.var_rater]) / fit.var_error
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = fit_ratios(batch, fit.model, rows, start=start)
        g_s, g_r = found.g[:, 0], found.g[:, 1] if key == "A" else 0.0
        out[:, column] = np.where(found.converged, g_s / (1.0 + g_s + g_r), np.nan)
    return out
