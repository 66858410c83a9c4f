"""Rank tests with exact p-values under ties, and the location estimates that belong to them.

The permutation distributions are counted, not sampled, so ties and small samples need no approximation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from emostats.errors import ModelError
from emostats.statistics.effects.effect import FloatArray, check_level, pairs, sample, t_quantile

_EXACT_LIMIT = 50
"""R's rule: below this size, and without ties, the exact distribution is the default."""


@dataclass(frozen=True)
class RankTest:
    """A rank test.

    Attributes
    ----------
    statistic: U of x (Mann-Whitney), or V, the rank sum of positive changes (Wilcoxon).
    p_exact: two-sided permutation p-value, ties and all. p_normal: normal approximation with ties' variance;
        p_normal_corrected: with continuity correction. p_value: exact where there are no ties and fewer than
            50 values
        a group, else the corrected normal one (the convention of R).
    location: Hodges-Lehmann estimate of the shift (median of all differences, or of all Walsh averages).
    conf_low, conf_high: its limits, by inverting the test that `p_value` is from.
    """

    statistic: float
    p_exact: float
    p_normal: float
    p_normal_corrected: float
    p_value: float
    location: float
    conf_low: float
    conf_high: float
    conf_level: float
    n: int
    n_zero: int
    ties: bool
    method: str


def mann_whitney(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = 0.95) -> RankTest:
    """Wilcoxon-Mann-Whitney test of two samples, x minus y, with the Hodges-Lehmann shift."""
    from scipy.stats import rankdata

    a, b = sample(x, "x", 1), sample(y, "y", 1)
    check_level(conf_level)
    n_x, n_y = len(a), len(b)
    ranks = rankdata(np.concatenate([a, b]))
    u = float(ranks[:n_x].sum() - n_x * (n_x + 1) / 2)
    ties = len(np.unique(ranks)) < len(ranks)
    sd = _rank_sum_sd(ranks, n_x, n_y)
    p_exact = _exact_rank_sum_p(ranks, n_x)
    p_normal, p_corrected = _normal_p(u - n_x * n_y / 2, sd)
    exact = not ties and n_x < _EXACT_LIMIT and n_y < _EXACT_LIMIT
    differences = np.sort(np.subtract.outer(a, b).ravel())
    if exact:
        low, high = _order_statistics(
            differences, _rank_sum_counts(np.arange(2, 2 * (n_x + n_y) + 2, 2), n_x), conf_level
        )
    else:
        low, high = _invert(differences, lambda shift: _shift_z(a, b, shift), conf_level)
    return RankTest(
        u,
        p_exact,
        p_normal,
        p_corrected,
        p_exact if exact else p_corrected,
        float(np.median(differences)),
        low,
        high,
        conf_level,
        n_x + n_y,
        0,
        ties,
        "exact" if exact else "normal with continuity correction",
    )


def wilcoxon(pre: npt.ArrayLike, post: npt.ArrayLike, *, conf_level: float = 0.95) -> RankTest:
    """Wilcoxon signed rank test of the changes, zero changes dropped, with the pseudomedian.

    `p_exact` counts all signs of the ranks there are, ties included.

    Raises
    ------
    ModelError: no subject changed.
    """
    from scipy.stats import rankdata

    first, second = pairs(pre, post, 1)
    check_level(conf_level)
    change = second - first
    moved = change[change != 0]
    if not len(moved):
        raise ModelError("No subject changed, so there are no ranks to test.")
    ranks = rankdata(np.abs(moved))
    v = float(ranks[moved > 0].sum())
    ties = len(np.unique(ranks)) < len(ranks)
    sd = float(np.sqrt((ranks**2).sum() / 4))
    p_exact = _exact_signed_p(ranks, v)
    p_normal, p_corrected = _normal_p(v - ranks.sum() / 2, sd)
    exact = not ties and len(moved) == len(change) and len(change) < _EXACT_LIMIT
    walsh = _walsh(moved)
    if exact:
        low, high = _order_statistics(walsh, _signed_counts(2 * ranks), conf_level)
    else:
        low, high = _invert(walsh, lambda centre: _signed_z(moved, centre), conf_level)
    return RankTest(
        v,
        p_exact,
        p_normal,
        p_corrected,
        p_exact if exact else p_corrected,
        float(np.median(walsh)),
        low,
        high,
        conf_level,
        len(change),
        len(change) - len(moved),
        ties,
        "exact" if exact else "normal with continuity correction",
    )


def pratt(pre: npt.ArrayLike, post: npt.ArrayLike) -> tuple[float, float]:
    """z and p of the signed rank test with Pratt's (1959) zeros: ranked with the rest, then left out of the
    sums."""
    from scipy.stats import rankdata

    first, second = pairs(pre, post, 1)
    change = second - first
    ranks = rankdata(np.abs(change))[change != 0]
    if not len(ranks):
        raise ModelError("No subject changed, so there are no ranks to test.")
    moved = change[change != 0]
    z = float((ranks[moved > 0].sum() - ranks.sum() / 2) / np.sqrt((ranks**2).sum() / 4))
    return z, float(2 * ndtr(-abs(z)))


def wilcoxon_z(pre: npt.ArrayLike, post: npt.ArrayLike) -> tuple[float, float]:
    """z and p of the signed rank test, zeros dropped, without continuity correction."""
    from scipy.stats import rankdata

    first, second = pairs(pre, post, 1)
    moved = (second - first)[second != first]
    if not len(moved):
        raise ModelError("No subject changed, so there are no ranks to test.")
    ranks = rankdata(np.abs(moved))
    z = float((ranks[moved > 0].sum() - ranks.sum() / 2) / np.sqrt((ranks**2).sum() / 4))
    return z, float(2 * ndtr(-abs(z)))


@dataclass(frozen=True)
class SignTest:
    """Numbers of positive and negative changes, and the exact two-sided binomial p-value."""

    positive: int
    negative: int
    p_value: float


def sign_test(pre: npt.ArrayLike, post: npt.ArrayLike) -> SignTest:
    """Sign test of the changes; zero changes are left out."""
    from scipy.special import bdtr

    first, second = pairs(pre, post, 1)
    positive, negative = int((second > first).sum()), int((second < first).sum())
    n, smaller = positive + negative, min(positive, negative)
    p = min(1.0, 2 * float(bdtr(smaller, n, 0.5))) if n else 1.0
    return SignTest(positive, negative, p)


@dataclass(frozen=True)
class BrunnerMunzel:
    """Brunner & Munzel's (2000) test of P(X < Y) + P(X = Y)/2 = 1/2, with t limits of that probability."""

    statistic: float
    df: float
    p_value: float
    probability: float
    conf_low: float
    conf_high: float


def brunner_munzel(x: npt.ArrayLike, y: npt.ArrayLike, *, conf_level: float = 0.95) -> BrunnerMunzel:
    """Brunner-Munzel test; `probability` is P(X < Y) + P(X = Y)/2, the limits are not clipped to 0 … 1.

    Raises
    ------
    ModelError: the samples do not overlap at all, where the variance is zero.
    """
    from scipy.special import stdtr
    from scipy.stats import rankdata

    a, b = sample(x, "x"), sample(y, "y")
    n_x, n_y = len(a), len(b)
    joint = rankdata(np.concatenate([a, b]))
    spread_x = _placement_variance(joint[:n_x], rankdata(a))
    spread_y = _placement_variance(joint[n_x:], rankdata(b))
    probability = float((joint[n_x:].mean() - (n_y + 1) / 2) / n_x)
    u, v = spread_x / n_y**2 / n_x, spread_y / n_x**2 / n_y
    if not u + v > 0:
        raise ModelError("The samples do not overlap, so the Brunner-Munzel variance is zero.")
    std_error = float(np.sqrt(u + v))
    df = float((u + v) ** 2 / (u**2 / (n_x - 1) + v**2 / (n_y - 1)))
    statistic = (probability - 0.5) / std_error
    half = t_quantile(conf_level, df) * std_error
    p_value = float(2 * stdtr(df, -abs(statistic)))
    return BrunnerMunzel(statistic, df, p_value, probability, probability - half, probability + half)


def _placement_variance(joint: FloatArray, own: FloatArray) -> float:
    placement = joint - own
    return float(((placement - placement.mean()) ** 2).sum() / (len(own) - 1))


def _rank_sum_sd(ranks: FloatArray, n_x: int, n_y: int) -> float:
    n = n_x + n_y
    return float(np.sqrt(n_x * n_y / (n * (n - 1)) * ((ranks - (n + 1) / 2) ** 2).sum())) if n > 1 else 0.0


def _normal_p(distance: float, sd: float) -> tuple[float, float]:
    """Two-sided p-values without and with the continuity correction; 1 without variation."""
    if not sd > 0:
        return 1.0, 1.0
    corrected = max(abs(distance) - 0.5, 0.0)
    return float(2 * ndtr(-abs(distance) / sd)), float(min(1.0, 2 * ndtr(-corrected / sd)))


def _rank_sum_counts(doubled: npt.NDArray[np.integer], n_x: int) -> FloatArray:
    """Share of the subsets of size n_x by the sum of their (doubled) ranks, by counting (Streitberg & Röhmel,
    1986)."""
    total = int(np.sort(doubled)[-n_x:].sum())
    counts = np.zeros((n_x + 1, total + 1))
    counts[0, 0] = 1.0
    for k, score in enumerate(map(int, doubled), start=1):
        for size in range(min(k, n_x), 0, -1):
            counts[size, score:] += counts[size - 1, : total + 1 - score]
        counts /= max(counts.max(), 1.0) if k % 50 == 0 else 1.0
    return np.asarray(counts[n_x] / counts[n_x].sum())


def _exact_rank_sum_p(ranks: FloatArray, n_x: int) -> float:
    doubled = np.rint(2 * ranks).astype(np.int64)
    shares = _rank_sum_counts(doubled, n_x)
    observed = int(doubled[:n_x].sum())
    return _two_sided(shares, observed, n_x * (len(ranks) + 1))


def _signed_counts(doubled: npt.NDArray[np.floating]) -> FloatArray:
    """Share of all sign patterns by the sum of the (doubled) positive ranks."""
    scores = np.rint(doubled).astype(np.int64)
    shares = np.zeros(int(scores.sum()) + 1)
    shares[0] = 1.0
    for score in scores:
        shifted = np.zeros_like(shares)
        shifted[score:] = shares[: len(shares) - score]
        shares = (shares + shifted) / 2
    return shares


def _exact_signed_p(ranks: FloatArray, v: float) -> float:
    shares = _signed_counts(2 * ranks)
    return _two_sided(shares, int(np.rint(2 * v)), float(ranks.sum()))


def _two_sided(shares: FloatArray, observed: int, centre: float) -> float:
    """Probability of a sum at least as far from `centre` as the observed one."""
    distance = np.abs(np.arange(len(shares)) - centre)
    return float(min(1.0, shares[distance >= abs(observed - centre) - 1e-9].sum()))


def _order_statistics(ordered: FloatArray, shares: FloatArray, conf_level: float) -> tuple[float, float]:
    """Limits at the order statistics that the exact null distribution of the statistic points to."""
    possible = shares[np.flatnonzero(shares)[0] :: 2]
    cumulative = np.cumsum(possible)
    k = int(np.searchsorted(cumulative, (1 - conf_level) / 2 * (1 - 1e-12)))
    k = max(k, 1)
    return float(ordered[k - 1]), float(ordered[len(ordered) - k])


def _walsh(values: FloatArray) -> FloatArray:
    first, second = np.triu_indices(len(values))
    return np.sort((values[first] + values[second]) / 2)


def _shift_z(a: FloatArray, b: FloatArray, shift: float) -> float:
    """Continuity-corrected z of the rank sum when `shift` is taken from a."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([a - shift, b]))
    distance = ranks[: len(a)].sum() - len(a) * (len(a) + 1) / 2 - len(a) * len(b) / 2
    return _corrected(distance, _rank_sum_sd(ranks, len(a), len(b)))


def _signed_z(values: FloatArray, centre: float) -> float:
    """Continuity-corrected z of the signed rank sum around `centre`."""
    from scipy.stats import rankdata

    moved = values - centre
    moved = moved[moved != 0]
    ranks = rankdata(np.abs(moved))
    return _corrected(ranks[moved > 0].sum() - ranks.sum() / 2, float(np.sqrt((ranks**2).sum() / 4)))


def _corrected(distance: float, sd: float) -> float:
    if not sd > 0:
        return 0.0
    return float((distance - 0.5 * np.sign(distance)) / sd)


def _invert(candidates: FloatArray, z: Callable[[float], float], conf_level: float) -> tuple[float, float]:
    """Where the step function z(shift), which falls at the candidates, crosses +z and -z."""
    steps = np.unique(candidates)
    steps = steps[np.concatenate([[True], np.diff(steps) > 1e-9 * max(1.0, float(np.abs(steps).max()))])]
    bound = -float(ndtri((1 - conf_level) / 2))
    middles = np.concatenate([[steps[0] - 1], (steps[1:] + steps[:-1]) / 2, [steps[-1] + 1]])

    def crossing(level: float) -> float:
        low, high = 0, len(middles) - 1
        if z(float(middles[0])) <= level:
            return float(steps[0])
        if z(float(middles[-1])) > level:
            return float(steps[-1])
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if z(float(middles[middle])) > level else (low, middle)
        return float(steps[low])

    return crossing(bound), crossing(-bound)
