"""A well-conditioned basis for the columns of X, and a unit scale for y.

The engine works with Q = X M, whose columns are orthogonal with mean square 1, and with OLS residuals in
units of their standard deviation. So an outcome shifted by 1e6 or scaled by 1e±6 loses no digits. M also
finds aliased columns: as in R's pivoting, a column that the ones before it explain is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.errors import ModelError
from emostats.statistics.mmrm.design.encode import INTERCEPT
from emostats.statistics.mmrm.design.variables import Float

_ALIASED = 1e-11
"""Squared relative residual below which a column counts as explained by the ones before it (norm 3e-6)."""
_CHUNK = 32_768


@dataclass(frozen=True)
class Scaling:
    """β = M (b0 + s β*), Φ = s² M Φ* M', Σ = s² Σ*.

    Attributes
    ----------
    kept: (k_all,) which columns of X are estimable. M: (k × k). b0: (k,). s: unit of the outcome.
    log_det_m: log |det M|. gram: X'X of the kept columns (for type II hypotheses).
    null: (k_all × n_aliased) basis of the null space of X: L β is estimable when L null = 0.
    """

    kept: NDArray[np.bool_]
    M: Float
    b0: Float
    s: float
    log_det_m: float
    gram: Float
    null: Float

    def transform(self) -> Float:
        """The (k+1 × k+1) matrix T with [X | y] T = [Q | y*]."""
        k = len(self.b0)
        T = np.zeros((k + 1, k + 1))
        T[:k, :k] = self.M
        T[:k, k] = -(self.M @ self.b0) / self.s
        T[k, k] = 1 / self.s
        return T


def find_scaling(X: Float, y: Float, names: tuple[str, ...]) -> Scaling:
    """Aliased columns, M, b0 and s from the rows in use.

    Raises
    ------
    ModelError: the outcome is constant or explained perfectly, so no covariance can be estimated.
    """
    T0, kept, G, Qy, y_mean = _standardise(X, y, names)
    L, kept = _pivoted_cholesky(G, kept)
    index = np.flatnonzero(kept)
    N = len(y)
    inverse = np.linalg.inv(L)
    M = T0[np.ix_(index, index)] @ inverse.T * np.sqrt(N)
    b0 = inverse @ Qy[index] / np.sqrt(N)
    rss, total = _residual_ss(X, y - y_mean, index, M, b0)
    if rss <= 1e-20 * max(total, y_mean**2 * N * 1e-8) or rss == 0.0:
        raise ModelError(
            "The outcome is constant or explained perfectly by the model; there is no variance to estimate."
        )
    if y_mean != 0.0:
        b0 = b0 + np.linalg.solve(M, np.eye(len(index))[:, 0]) * y_mean
    gram = _raw_gram(L, T0[np.ix_(index, index)])
    log_det = float(np.log(np.abs(np.diagonal(M))).sum())
    return Scaling(kept, M, b0, float(np.sqrt(rss / N)), log_det, gram, _null_space(G, L, T0, kept))


def _standardise(
    X: Float, y: Float, names: tuple[str, ...]
) -> tuple[Float, NDArray[np.bool_], Float, Float, float]:
    """T0 with X T0 centred (when there is an intercept) and scaled; which columns vary; their cross-products.

    One pass over the rows, columns shifted by means of a few of them so that a large offset cancels nothing.
    Returns T0, kept, G = (XT0)'XT0, (XT0)'(y − mean), mean (0 without an intercept).
    """
    N, k = X.shape
    centred = bool(names) and names[0] == INTERCEPT
    few = slice(None, None, max(1, N // 1000))
    shift = X[few].mean(axis=0) if centred else np.zeros(k)
    if centred:
        shift[0] = 0.0
    y_shift = float(y[few].mean()) if centred else 0.0
    G, total, Xy, y_total = _shifted_sums(X, y, shift, y_shift)
    mean = total / N if centred else np.zeros(k)
    y_mean = y_shift + y_total / N if centred else 0.0
    if centred:
        mean[0] = 0.0
        Xy = Xy - mean * y_total - (total - N * mean) * (y_total / N)
        G = G - N * np.outer(mean, mean)
        G[0, 1:] = G[1:, 0] = 0.0
    spread = np.sqrt(np.maximum(np.diagonal(G), 0.0) / N)
    kept = spread > 1e-10 * np.maximum(np.abs(shift + mean), 1e-290)
    scale = np.where(kept, spread, 1.0)
    T0 = np.diag(1 / scale)
    if centred:
        T0[0, 1:] = -(shift + mean)[1:] / scale[1:]
    G = np.where(np.outer(kept, kept), G / np.outer(scale, scale), 0.0)
    return T0, kept, G, np.where(kept, Xy / scale, 0.0), y_mean


def _shifted_sums(X: Float, y: Float, shift: Float, y_shift: float) -> tuple[Float, Float, Float, float]:
    """S'S, column sums of S, S'(y − shift), sum of y − shift, with S = X − shift; row chunks in cache."""
    k = X.shape[1]
    G, total, Xy, y_total = np.zeros((k, k)), np.zeros(k), np.zeros(k), 0.0
    for at in range(0, len(y), _CHUNK):
        S = X[at : at + _CHUNK] - shift
        r = y[at : at + _CHUNK] - y_shift
        G += S.T @ S
        total += S.sum(axis=0)
        Xy += S.T @ r
        y_total += float(r.sum())
    return G, total, Xy, y_total


def _pivoted_cholesky(G: Float, kept: NDArray[np.bool_]) -> tuple[Float, NDArray[np.bool_]]:
    """Cholesky factor of the kept columns in order; a column whose remainder vanishes is dropped."""
    kept = kept.copy()
    k = len(kept)
    L = np.zeros((k, k))
    for j in range(k):
        if not kept[j]:
            continue
        L[j, :j] = np.where(kept[:j], L[j, :j], 0.0)
        remainder = G[j, j] - L[j, :j] @ L[j, :j]
        if remainder <= _ALIASED * G[j, j]:
            kept[j] = False
            continue
        L[j, j] = np.sqrt(remainder)
        L[j + 1 :, j] = (G[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]
    index = np.flatnonzero(kept)
    return L[np.ix_(index, index)], kept


def _null_space(G: Float, L: Float, T0: Float, kept: NDArray[np.bool_]) -> Float:
    """One vector an aliased column: the column minus what the kept ones explain of it."""
    null = np.eye(len(kept))[:, ~kept]
    if null.size:
        explained = np.linalg.solve(
            L.T, np.linalg.solve(L, G[np.ix_(np.flatnonzero(kept), np.flatnonzero(~kept))])
        )
        null[kept] = -explained
    return T0 @ null


def _residual_ss(X: Float, y: Float, index: NDArray[np.intp], M: Float, b0: Float) -> tuple[float, float]:
    coefficients = np.zeros(X.shape[1])
    coefficients[index] = M @ b0
    rss = total = 0.0
    for at in range(0, len(y), _CHUNK):
        part = y[at : at + _CHUNK]
        r = part - X[at : at + _CHUNK] @ coefficients
        rss += float(r @ r)
        total += float(part @ part)
    return rss, total


def _raw_gram(L: Float, T0: Float) -> Float:
    back = np.linalg.inv(T0)
    return back.T @ L @ L.T @ back
