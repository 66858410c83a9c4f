"""The same subjects judged twice, yes or no: McNemar's test and the difference of the two proportions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, ndtr

from emostats.errors import UsageError
from emostats.statistics.effects.effect import Effect, check_level
from emostats.statistics.effects.proportions import proportion, wilson


@dataclass(frozen=True)
class McNemar:
    """McNemar's test in all its forms, and the conditional odds ratio.

    Attributes
    ----------
    statistic, p_value: χ² without correction. statistic_corrected, p_value_corrected: with Edwards'
        correction.
    p_exact: two-sided binomial. p_mid: its mid-p (Fagerland et al., 2013).
    odds_ratio: b / c, discordant pairs yes-no over no-yes; conf_low, conf_high: its exact (Clopper-Pearson)
        limits.
    """

    statistic: float
    p_value: float
    statistic_corrected: float
    p_value_corrected: float
    p_exact: float
    p_mid: float
    odds_ratio: float
    conf_low: float
    conf_high: float
    conf_level: float
    n: int


def paired_table(first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """[[yes-yes, yes-no], [no-yes, no-no]] of two yes/no judgements of the same subjects, first judgement in
    rows.

    Raises
    ------
    UsageError: lengths differ, or values are not true/false.
    """
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or a.ndim != 1:
        raise UsageError(f"Two columns of the same length are needed; found {a.shape} and {b.shape}.")
    if not (np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all()):
        raise UsageError("Judgements must be true or false (1 or 0), without missing values.")
    yes, then = a.astype(bool), b.astype(bool)
    counts = [[(yes & then).sum(), (yes & ~then).sum()], [(~yes & then).sum(), (~yes & ~then).sum()]]
    return np.array(counts, dtype=np.int64)


def mcnemar(table: npt.ArrayLike, *, conf_level: float = 0.95) -> McNemar:
    """McNemar's test of [[yes-yes, yes-no], [no-yes, no-no]].

    Without discordant pairs all p-values are 1 and the odds ratio is undefined (NaN, limits 0 and infinity).
    """
    (_, b), (c, _) = counts = _check(table)
    check_level(conf_level)
    total = b + c
    if total == 0:
        nan = float("nan")
        return McNemar(0.0, 1.0, 0.0, 1.0, 1.0, 1.0, nan, 0.0, float("inf"), conf_level, int(counts.sum()))
    plain = (b - c) ** 2 / total
    corrected = max(abs(b - c) - 1, 0) ** 2 / total
    tail = float(bdtr(min(b, c), total, 0.5))
    at = tail - (float(bdtr(min(b, c) - 1, total, 0.5)) if min(b, c) > 0 else 0.0)
    limits = proportion(int(b), int(total), method="clopper_pearson", conf_level=conf_level)
    return McNemar(
        float(plain),
        2 * float(ndtr(-np.sqrt(plain))),
        float(corrected),
        2 * float(ndtr(-np.sqrt(corrected))),
        min(1.0, 2 * tail),
        min(1.0, 2 * tail - at),
        _odds(b / total),
        _odds(limits.conf_low),
        _odds(limits.conf_high),
        conf_level,
        int(counts.sum()),
    )


def paired_difference(table: npt.ArrayLike, *, conf_level: float = 0.95) -> Effect:
    """Second minus first proportion of the same subjects, Newcombe's (1998c) method 10.

    Score limits of both proportions, joined with their correlation φ (continuity-corrected where positive).
    """
    counts = _check(table)
    (a, b), (c, d) = counts
    n = int(counts.sum())
    p1, p2 = (a + b) / n, (a + c) / n
    l1, u1 = wilson(float(a + b), n, conf_level)
    l2, u2 = wilson(float(a + c), n, conf_level)
    phi = _newcombe_phi(float(a), float(b), float(c), float(d), n)
    difference = float(p2 - p1)
    down = np.sqrt(max((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2, 0.0))
    up = np.sqrt(max((u2 - p2) ** 2 - 2 * phi * (u2 - p2) * (p1 - l1) + (p1 - l1) ** 2, 0.0))
    return Effect(
        "paired_difference",
        "Change in proportion",
        difference,
        float(np.sqrt(max((b + c) - (b - c) ** 2 / n, 0.0)) / n),
        conf_low=difference - float(down),
        conf_high=difference + float(up),
        conf_level=conf_level,
        n=n,
        method="Newcombe (1998) method 10, paired",
    )


def _newcombe_phi(a: float, b: float, c: float, d: float, n: int) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    cross = a * d - b * c
    if cross > 0:
        cross = max(cross - n / 2, 0.0)
    return float(cross / np.sqrt(margins))


def _odds(p: float) -> float:
    return float("inf") if p >= 1 else float(p / (1 - p))


def _check(table: npt.ArrayLike) -> npt.NDArray[np.int64]:
    array = np.asarray(table)
    if array.shape != (2, 2) or (array < 0).any() or not (array == np.floor(array)).all() or array.sum() == 0:
        raise UsageError(f"A 2 × 2 table of counts is needed; found {array.tolist()}.")
    return array.astype(np.int64)
