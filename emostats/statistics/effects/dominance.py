"""Effects from order alone: Cliff's δ, probability of superiority, rank-biserial correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emostats.errors import ModelError, UsageError
from emostats.statistics.effects.effect import Effect, FloatArray, normal_quantile, pairs, sample, t_quantile


@dataclass(frozen=True, eq=False)
class Dominance:
    """Shares of y below minus above each x, and of x above minus below each y.

    `delta` is Cliff's δ; `rows` (n_x,) and `columns` (n_y,) are the marginal dominances; `ties` the share of
    tied pairs.
    """

    delta: float
    rows: FloatArray
    columns: FloatArray
    ties: float


def dominance(x: FloatArray, y: FloatArray) -> Dominance:
    """Dominance of x over y by sorting, without the n_x × n_y matrix."""
    rows = _dominates(x, np.sort(y))
    columns = -_dominates(y, np.sort(x))
    ordered = np.sort(y)
    equal = np.searchsorted(ordered, x, side="right") - np.searchsorted(ordered, x, side="left")
    return Dominance(float(rows.mean()), rows, columns, float(equal.mean() / len(y)))


def _dominates(values: FloatArray, ordered: FloatArray) -> FloatArray:
    """For each value the share of `ordered` below it minus the share above it."""
    below = np.searchsorted(ordered, values, side="left")
    above = len(ordered) - np.searchsorted(ordered, values, side="right")
    return np.asarray((below - above) / len(ordered))


def cliff_variance(found: Dominance, *, consistent: bool = False) -> float:
    """Sampling variance of Cliff's δ (Cliff, 1996; Feng & Cliff, 2004).

    Unbiased: (n_y² Σ(d_i. - δ)² + n_x² Σ(d_.j - δ)² - ΣΣ(d_ij - δ)²) / (n_x n_y (n_x - 1)(n_y - 1)).
    Consistent: ((n_y - 1) s_i² + (n_x - 1) s_j² + s_ij²) / (n_x n_y), s_ij² with divisor (n_x - 1)(n_y - 1).
    """
    n_x, n_y = len(found.rows), len(found.columns)
    by_row = float(((found.rows - found.delta) ** 2).sum())
    by_column = float(((found.columns - found.delta) ** 2).sum())
    cells = n_x * n_y * ((1 - found.ties) - found.delta**2)
    if consistent:
        s_cells = cells / ((n_x - 1) * (n_y - 1))
        return ((n_y - 1) / (n_x - 1) * by_row + (n_x - 1) / (n_y - 1) * by_column + s_cells) / (n_x * n_y)
    return (n_y**2 * by_row + n_x**2 * by_column - cells) / (n_x * n_y * (n_x - 1) * (n_y - 1))


def cliff_delta(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    variance: str = "unbiased",
    distribution: str = "t",
    conf_level: float = 0.95,
) -> Effect:
    """Cliff's δ = P(X > Y) - P(X < Y), with the asymmetric limits of Feng & Cliff (2004).

    (δ - δ³ ± z σ sqrt((1 - δ²)² + z² σ²)) / (1 - δ² + z² σ²), z from the t with n_x + n_y - 2 df or the
    normal. When the samples do not overlap, σ is that of the nearest δ short of 1, as Feng & Cliff advise.

    Parameters
    ----------
    variance: ``"unbiased"`` or ``"consistent"``, see `cliff_variance`. distribution: ``"t"`` or ``"normal"``.
    """
    first, second = sample(x, "x"), sample(y, "y")
    if variance not in ("unbiased", "consistent") or distribution not in ("t", "normal"):
        raise UsageError("variance is 'unbiased' or 'consistent', distribution 't' or 'normal'.")
    found = dominance(first, second)
    n_x, n_y = len(first), len(second)
    df = float(n_x + n_y - 2)
    z = t_quantile(conf_level, df) if distribution == "t" else normal_quantile(conf_level)
    low, high, std_error = _asymmetric_limits(found, variance == "consistent", z, n_x, n_y)
    return Effect(
        "cliff_delta",
        "Cliff's δ",
        found.delta,
        std_error,
        df,
        conf_low=low,
        conf_high=high,
        conf_level=conf_level,
        n=n_x + n_y,
        method=f"Feng & Cliff (2004), {variance} variance, {distribution}",
    )


def _asymmetric_limits(
    found: Dominance, consistent: bool, z: float, n_x: int, n_y: int
) -> tuple[float, float, float]:
    delta = found.delta
    variance = cliff_variance(found, consistent=consistent)
    if abs(delta) == 1:
        delta = float(np.sign(delta)) * (n_x * n_y - 1) / (n_x * n_y)
        variance = max(variance, (1 - delta**2) / (n_x * n_y - 1))
    spread = z**2 * max(variance, 0.0)
    root = np.sqrt(spread) * np.sqrt((1 - delta**2) ** 2 + spread)
    scale = 1 - delta**2 + spread
    low, high = (delta - delta**3 - root) / scale, (delta - delta**3 + root) / scale
    if abs(found.delta) == 1:
        low, high = (low, 1.0) if found.delta > 0 else (-1.0, high)
    return float(low), float(high), float(np.sqrt(max(variance, 0.0)))


def probability_of_superiority(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """P(X > Y) + P(X = Y)/2 = (δ + 1)/2, with the limits of Cliff's δ."""
    delta = cliff_delta(x, y, conf_level=conf_level)
    return Effect(
        "probability_of_superiority",
        "Probability of superiority",
        (delta.estimate + 1) / 2,
        delta.std_error / 2,
        delta.df,
        conf_low=(delta.conf_low + 1) / 2,
        conf_high=(delta.conf_high + 1) / 2,
        conf_level=conf_level,
        n=delta.n,
        method=delta.method,
    )


def rank_biserial(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """Rank-biserial correlation of two groups (equal to Cliff's δ), limits by Fisher's z.

    SE of atanh r is sqrt((n_x + n_y + 1) / (3 n_x n_y)), the null variance of the rank sum.
    """
    first, second = sample(x, "x"), sample(y, "y")
    n_x, n_y = len(first), len(second)
    r = dominance(first, second).delta
    std_error = float(np.sqrt((n_x + n_y + 1) / (3 * n_x * n_y)))
    return _fisher("rank_biserial", "Rank-biserial correlation", r, std_error, n_x + n_y, conf_level)


def rank_biserial_paired(pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """Matched-pairs rank-biserial correlation (W+ - W-)/(W+ + W-), zero changes dropped (Kerby, 2014).

    Limits by Fisher's z with SE sqrt((2 n³ + 3 n² + n)/6) / ((n² + n)/2), n all pairs.
    """
    from scipy.stats import rankdata

    first, second = pairs(pre, post)
    change = second - first
    n = len(change)
    moved = change[change != 0]
    if not len(moved):
        raise ModelError("No subject changed, so ranks of the changes are undefined.")
    ranks = rankdata(np.abs(moved))
    r = float((ranks[moved > 0].sum() - ranks[moved < 0].sum()) / ranks.sum())
    std_error = float(np.sqrt((2 * n**3 + 3 * n**2 + n) / 6) / ((n**2 + n) / 2))
    return _fisher("rank_biserial", "Matched-pairs rank-biserial correlation", r, std_error, n, conf_level)


def _fisher(name: str, label: str, r: float, std_error: float, n: int, conf_level: float) -> Effect:
    z = normal_quantile(conf_level)
    if abs(r) == 1:
        low = high = r
    else:
        low, high = np.tanh(np.arctanh(r) + np.array([-z, z]) * std_error)
    return Effect(
        name,
        label,
        r,
        conf_low=float(low),
        conf_high=float(high),
        conf_level=conf_level,
        n=n,
        method="Fisher z",
    )


@dataclass(frozen=True)
class PairedDominance:
    """Cliff's δ for paired data.

    within: share of subjects who rose minus share who fell. between: δ of all post against all pre values.
    improved: share who rose plus half of those who stayed.
    """

    within: float
    between: float
    improved: float


def paired_dominance(pre: npt.ArrayLike, post: npt.ArrayLike) -> PairedDominance:
    """Within- and between-subject dominance of post over pre (Cliff, 1993)."""
    first, second = pairs(pre, post)
    change = second - first
    rose, fell = float((change > 0).mean()), float((change < 0).mean())
    return PairedDominance(rose - fell, dominance(second, first).delta, rose + (1 - rose - fell) / 2)


def cliff_delta_paired(pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """Within-subject Cliff's δ: share who rose minus share who fell.

    Normal limits of a mean of +1, 0, -1, on Fisher's z scale so that they stay inside -1 … 1 (Cliff, 1993).
    """
    first, second = pairs(pre, post)
    signs = np.sign(second - first)
    delta, n = float(signs.mean()), len(signs)
    std_error = float(signs.std(ddof=1) / np.sqrt(n))
    if abs(delta) < 1 and std_error > 0:
        half = normal_quantile(conf_level) * std_error / (1 - delta**2)
        low, high = np.tanh(np.arctanh(delta) + np.array([-half, half]))
    else:
        bound = 1 - 2 * (1 - (1 - conf_level) ** (1 / n)) if abs(delta) == 1 else delta
        low, high = sorted((delta * bound if abs(delta) == 1 else delta, delta))
    return Effect(
        "cliff_delta",
        "Cliff's δ (within subjects)",
        delta,
        std_error,
        conf_low=float(low),
        conf_high=float(high),
        conf_level=conf_level,
        n=n,
        method="normal on the Fisher z scale",
    )
