"""Sufficient sums of a targets × raters table with gaps: everything the likelihood needs, of a size set by
the raters.

With y = μ + s_i + r_j + e and V = σ²_e H, H = A + g_r Z_r Z_r', A = I + g_s Z_s Z_s'. A is block diagonal
over targets, with the inverse I − w 1 1' per target, w = g_s/(1 + g_s k_i) for a target with k_i ratings.
So

    S(g_s) = Z_r' A⁻¹ Z_r = diag(n_j) − Σ_c w_c M_c,   t = Z_r' A⁻¹ y = C − Σ_c w_c T_c,   q = y'A⁻¹y = Q −
    Σ_c w_c P_c

where c runs over the distinct numbers of ratings per target: M_c sums the outer products of the rating
    masks, T_c the
masks times row totals, P_c the squared row totals. One pass over the data, then each evaluation costs k³
for k raters, whatever the number of targets (block inverse and Woodbury's identity).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.agreement.anova import EPS
from emostats.statistics.agreement.sums import order_free_sum

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CrossedSums:
    """Sums of one table, or of a batch of tables of one shape (leading dimensions before those stated).

    Attributes
    ----------
    N, n, k: ratings, targets, raters.
    sizes: (C,) distinct numbers of ratings per target. n_c: (C,) targets of each size.
    n_j: (k,) ratings per rater. M: (C, k, k). T: (C, k). P: (C,). C: (k,) rater totals. Q: () sum of squares.
    ss_w, ss_e: error sums of squares of the one-way and the two-way model with fixed effects, from the
        residuals themselves (of one table; not kept up in a batch).
    centre: what was subtracted from every rating. noise: sums of squares below this are rounding noise.
    """

    N: Array
    n: int
    k: int
    sizes: Array
    n_c: Array
    n_j: Array
    M: Array
    T: Array
    P: Array
    C: Array
    Q: Array
    ss_w: float
    ss_e: float
    centre: float
    noise: float

    def take(self, rows: NDArray[np.intp]) -> CrossedSums:
        """Some tables of a batch; what all tables share is passed on, a single table is itself."""
        if self.Q.ndim == 0:
            return self
        single = {"N": 0, "n_c": 1, "n_j": 1, "M": 3, "T": 2, "P": 1, "C": 1, "Q": 0}
        parts = {name: getattr(self, name) for name in single}
        return replace(self, **{name: x[rows] if x.ndim > single[name] else x for name, x in parts.items()})


def crossed_sums(values: Array) -> CrossedSums:
    """Sums of an (n, k) table with NaN for gaps; each target and each rater has at least one rating.

    Raters are put in an order of their own (by their sums), so that shuffling rows or columns changes no
    digit.
    """
    rated = ~np.isnan(values)
    lowest = float(np.nanmin(values))
    y = np.where(rated, values - lowest, 0.0)
    count = rated.sum(axis=1)
    total = int(count.sum())
    grand = float(order_free_sum(y)) / total
    y = np.where(rated, y - grand, 0.0)
    C = order_free_sum(y, axis=0)
    squares = order_free_sum(y * y, axis=0)
    order = np.lexsort((squares, rated.sum(axis=0), C))
    y, rated, C = y[:, order], rated[:, order], C[order]
    mask = rated.astype(np.float64)
    row = order_free_sum(y, axis=1)
    sizes = np.unique(count)
    groups = [np.flatnonzero(count == size) for size in sizes]
    noise = 4.0 * EPS * max(abs(lowest), float(np.nanmax(np.abs(values))))
    n_j, M = mask.sum(axis=0), np.stack([mask[group].T @ mask[group] for group in groups])
    information = np.diag(n_j) - np.tensordot(1.0 / sizes, M, axes=(0, 0))
    ss_w, ss_e = _error_ss(y, mask, row, information)
    return CrossedSums(
        N=np.asarray(float(total)),
        n=values.shape[0],
        k=values.shape[1],
        sizes=sizes.astype(np.float64),
        n_c=np.array([float(len(group)) for group in groups]),
        n_j=n_j,
        M=M,
        T=np.stack([order_free_sum(mask[group] * row[group, None], axis=0) for group in groups]),
        P=np.array([float(order_free_sum(row[group] ** 2)) for group in groups]),
        C=C,
        Q=order_free_sum(y * y),
        ss_w=ss_w,
        ss_e=ss_e,
        centre=lowest + grand,
        noise=total * noise * noise,
    )


def _error_ss(y: Array, mask: Array, row: Array, information: Array) -> tuple[float, float]:
    """Residual sums of squares by least squares: targets fitted; targets and raters fitted."""
    count = mask.sum(axis=1)
    within = (y - (row / count)[:, None]) * mask
    rater = np.linalg.lstsq(information, order_free_sum(within, axis=0), rcond=1e-10)[0]
    rest = (within - rater) * mask
    rest -= (order_free_sum(rest, axis=1) / count)[:, None] * mask
    return float(order_free_sum(within * within)), float(order_free_sum(rest * rest))


def oneway_sums(y: Array, codes: NDArray[np.intp]) -> CrossedSums:
    """Sums of values in groups (no raters): all values stand in one column, which is all a one-way model
    sees.

    Parameters
    ----------
    y: (N,) finite values. codes: (N,) groups 0, 1, …, each with at least one value.
    """
    lowest = float(y.min())
    grand = float(order_free_sum(y - lowest)) / len(y)
    centred = y - lowest - grand
    count = np.bincount(codes)
    total = np.bincount(codes, weights=centred)
    sizes = np.unique(count)
    of_size = [total[count == size] for size in sizes]
    within = centred - (total / count)[codes]
    n_c, c = np.array([float(len(part)) for part in of_size]), sizes.astype(np.float64)
    noise = 4.0 * EPS * max(abs(lowest), float(np.abs(y).max()))
    return CrossedSums(
        N=np.asarray(float(len(y))), n=len(count), k=1, sizes=c, n_c=n_c, n_j=np.array([float(len(y))]),
        M=(n_c * c**2)[:, None, None], T=(c * np.array([part.sum() for part in of_size]))[:, None],
        P=np.array([float((part**2).sum()) for part in of_size]), C=np.array([centred.sum()]),
        Q=order_free_sum(centred * centred), ss_w=float(order_free_sum(within * within)), ss_e=float("nan"),
        centre=lowest + grand, noise=len(y) * noise * noise,
    )  # fmt: skip


@dataclass(frozen=True)
class Reduced:
    """S, t, q and log|A| (`log_det`) at given g_s, with their derivatives in g_s (prefix slope_).

    `ones` is S 1, summed without cancellation: S is all but singular along 1 when g_s is large.
    """

    S: Array
    ones: Array
    slope_S: Array  # noqa: N815  (the matrix S of the notation above)
    t: Array
    slope_t: Array
    q: Array
    slope_q: Array
    log_det: Array
    slope_log_det: Array


def reduce_at(sums: CrossedSums, g_s: Array) -> Reduced:
    """The reduced problem at target-variance ratios `g_s` (...,), whose dimensions lead in the results."""
    below = 1.0 + g_s[..., None] * sums.sizes
    w = g_s[..., None] / below
    dw = 1.0 / below**2
    kept = 1.0 / (sums.sizes * below)  # what 1 − w c leaves, over c
    diagonal = sums.n_j[..., None] * np.eye(sums.k)
    return Reduced(
        S=diagonal - _weigh(w, sums.M, 2),
        ones=_weigh(kept, sums.M.sum(axis=-1), 1),
        slope_S=-_weigh(dw, sums.M, 2),
        t=sums.C - _weigh(w, sums.T, 1),
        slope_t=-_weigh(dw, sums.T, 1),
        q=np.maximum(sums.Q - (sums.P / sums.sizes).sum(axis=-1), 0.0) + (kept * sums.P).sum(axis=-1),
        slope_q=-(dw * sums.P).sum(axis=-1),
        log_det=(sums.n_c * np.log(below)).sum(axis=-1),
        slope_log_det=(sums.n_c * sums.sizes / below).sum(axis=-1),
    )


def _weigh(w: Array, terms: Array, trailing: int) -> Array:
    """Σ_c w_c terms_c, where terms has `trailing` dimensions after c."""
    if terms.ndim == trailing + 1:  # one set of sums for all of the batch
        return np.tensordot(w, terms, axes=(-1, 0))
    return np.asarray((w[(..., *(None,) * trailing)] * terms).sum(axis=-1 - trailing))
