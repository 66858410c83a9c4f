"""Analysis of covariance: outcome after, adjusted for the value before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import fdtrc

from emostats.errors import ModelError, UsageError, did_you_mean
from emostats.statistics.effects.effect import FloatArray, t_quantile, t_two_sided
from emostats.statistics.effects.spread_tests import FTest


@dataclass(frozen=True, eq=False)
class Ancova:
    """A fitted analysis of covariance with parallel slopes.

    Attributes
    ----------
    levels: groups, the reference first. terms: "(Intercept)", "pre", then each other group.
    beta, vcov: coefficients and their covariance of the chosen kind. sigma: residual SD. df: residual.
    slope_homogeneity: F test of different slopes (NaN with one group).
    """

    levels: tuple[str, ...]
    terms: tuple[str, ...]
    beta: FloatArray
    vcov: FloatArray
    sigma: float
    df: float
    mean_pre: float
    n: int
    vcov_kind: str
    slope_homogeneity: FTest
    conf_level: float

    def coefficients(self) -> pd.DataFrame:
        """term, estimate, std_error, df, statistic, p_value, conf_low, conf_high."""
        return self._table("term", list(self.terms), np.eye(len(self.terms)))

    def adjusted_means(self) -> pd.DataFrame:
        """Means of the groups at the mean of `pre`: group, estimate, …"""
        L = np.zeros((len(self.levels), len(self.terms)))
        L[:, 0], L[:, 1] = 1.0, self.mean_pre
        for k in range(1, len(self.levels)):
            L[k, 1 + k] = 1.0
        return self._table("group", list(self.levels), L)

    def contrasts(self) -> pd.DataFrame:
        """Each group minus the reference: contrast, estimate, …"""
        names = [f"{level} - {self.levels[0]}" for level in self.levels[1:]]
        return self._table("contrast", names, self.contrast_matrix())

    def contrast_matrix(self) -> FloatArray:
        """(k - 1, p) coefficients of the contrasts with the reference, for `adjust_contrasts`."""
        return np.eye(len(self.terms))[2:]

    def _table(self, name: str, labels: list[str], L: FloatArray) -> pd.DataFrame:
        estimate = L @ self.beta
        std_error = np.sqrt(np.einsum("ij,jk,ik->i", L, self.vcov, L))
        statistic = estimate / std_error
        half = t_quantile(self.conf_level, self.df) * std_error
        return pd.DataFrame(
            {
                name: labels,
                "estimate": estimate,
                "std_error": std_error,
                "df": self.df,
                "statistic": statistic,
                "p_value": [t_two_sided(float(t), self.df) for t in statistic],
                "conf_low": estimate - half,
                "conf_high": estimate + half,
            }
        )


def ancova(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    group: npt.ArrayLike | pd.Series,
    *,
    reference: str | None = None,
    vcov: str = "classical",
    conf_level: float = 0.95,
) -> Ancova:
    """post ~ pre + group by least squares; rows with a missing value are left out.

    Parameters
    ----------
    reference: group that the others are compared with; the first by default.
    vcov: ``"classical"``, ``"HC2"`` or ``"HC3"`` (MacKinnon & White, 1985), robust to unequal variances.

    Raises
    ------
    UsageError: unknown reference or vcov, or columns of different length.
    ModelError: too few rows, or a group that cannot be told from the covariate.
    """
    x, y, codes, levels = _arrange(pre, post, group, reference)
    if vcov not in ("classical", "HC2", "HC3"):
        raise UsageError(f"vcov={vcov!r} is unknown: 'classical', 'HC2' or 'HC3'.")
    X = _design(x, codes, len(levels))
    n, p = X.shape
    if n <= p or np.linalg.matrix_rank(X) < p:
        raise ModelError(f"{n} complete rows do not determine {p} coefficients.")
    bread = np.asarray(np.linalg.inv(X.T @ X), dtype=float)
    beta = bread @ X.T @ y
    residual = np.asarray(y - X @ beta, dtype=float)
    df = float(n - p)
    sigma = float(np.sqrt(residual @ residual / df))
    return Ancova(
        levels,
        ("(Intercept)", "pre", *levels[1:]),
        beta,
        _covariance(X, residual, bread, sigma, vcov),
        sigma,
        df,
        float(x.mean()),
        n,
        vcov,
        _slope_test(X, y, x, codes, len(levels), float(residual @ residual)),
        conf_level,
    )


def _arrange(
    pre: npt.ArrayLike, post: npt.ArrayLike, group: npt.ArrayLike | pd.Series, reference: str | None
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64], tuple[str, ...]]:
    x, y = np.asarray(pre, dtype=float), np.asarray(post, dtype=float)
    labels = group if isinstance(group, pd.Series) else pd.Series(list(np.asarray(group)))
    if not len(x) == len(y) == len(labels):
        raise UsageError(
            f"pre, post and group must have one value a subject; found {len(x)}, {len(y)}, {len(labels)}."
        )
    keep = np.isfinite(x) & np.isfinite(y) & labels.notna().to_numpy()
    categorical = labels[keep].astype("category").cat.remove_unused_categories()
    names = [str(level) for level in categorical.cat.categories]
    if not names:
        raise ModelError("No row is complete.")
    first = names[0] if reference is None else str(reference)
    if first not in names:
        raise UsageError(f"reference={reference!r} is not a group. {did_you_mean(first, names)}")
    order = [names.index(first), *(k for k in range(len(names)) if names[k] != first)]
    position = np.argsort(order)
    codes = position[categorical.cat.codes.to_numpy()]
    return x[keep], y[keep], codes.astype(np.int64), tuple(names[k] for k in order)


def _design(x: FloatArray, codes: npt.NDArray[np.int64], k: int) -> FloatArray:
    dummies = [(codes == level).astype(float) for level in range(1, k)]
    return np.column_stack([np.ones_like(x), x, *dummies])


def _covariance(
    X: FloatArray, residual: FloatArray, bread: FloatArray, sigma: float, kind: str
) -> FloatArray:
    if kind == "classical":
        return np.asarray(sigma**2 * bread)
    leverage = np.einsum("ij,jk,ik->i", X, bread, X)
    power = 1 if kind == "HC2" else 2
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = residual**2 / (1 - leverage) ** power
    if not np.isfinite(weight).all():
        raise ModelError(f"{kind} is undefined: a subject alone determines a coefficient (leverage 1).")
    return np.asarray(bread @ (X.T * weight) @ X @ bread)


def _slope_test(
    X: FloatArray, y: FloatArray, x: FloatArray, codes: npt.NDArray[np.int64], k: int, rss: float
) -> FTest:
    """F test of a slope for each group against one slope."""
    nan = float("nan")
    extra = [x * (codes == level) for level in range(1, k)]
    full = np.column_stack([X, *extra]) if extra else X
    n, p = full.shape
    if not extra or n <= p or np.linalg.matrix_rank(full) < p:
        return FTest(nan, k - 1, n - p, nan)
    residual = y - full @ np.linalg.lstsq(full, y, rcond=None)[0]
    full_rss = float(residual @ residual)
    f = ((rss - full_rss) / (k - 1)) / (full_rss / (n - p))
    return FTest(f, k - 1, n - p, float(fdtrc(k - 1, n - p, f)))
