"""Reliable change: which subjects changed more than measurement error allows (Jacobson & Truax, 1991)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import ModelError, UsageError
from emostats.statistics.effects.effect import FloatArray, check_level, normal_quantile


@dataclass(frozen=True, eq=False)
class ReliableChange:
    """Reliable change of each subject.

    Attributes
    ----------
    index: (n,) change over the standard error of a difference; NaN for an incomplete pair.
    sem: standard error of measurement, SD_pre sqrt(1 - reliability). s_diff: √2 sem.
    threshold: smallest change that counts as reliable, in points.
    n_improved, n_unchanged, n_deteriorated: subjects, by the direction that counts as improvement.
    """

    index: FloatArray
    sem: float
    s_diff: float
    threshold: float
    n_improved: int
    n_unchanged: int
    n_deteriorated: int
    conf_level: float

    def table(self) -> pd.DataFrame:
        """category, n, percent of the complete pairs."""
        counts = [self.n_improved, self.n_unchanged, self.n_deteriorated]
        total = sum(counts)
        return pd.DataFrame(
            {
                "category": ["improved", "unchanged", "deteriorated"],
                "n": counts,
                "percent": [100 * count / total for count in counts],
            }
        )


def reliable_change(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    reliability: float,
    sd: float | None = None,
    higher_is_better: bool = True,
    conf_level: float = 0.95,
) -> ReliableChange:
    """Reliable change index (post - pre) / (√2 SD sqrt(1 - reliability)).

    Parameters
    ----------
    reliability: of the scale, 0 to below 1 (from its manual, or Cronbach's α). sd: of the norm group; by
        default the SD before, of the subjects with both values.
    conf_level: a change is reliable beyond the normal quantile at this level (1.96 at 0.95).

    Raises
    ------
    UsageError: reliability or sd out of range, or columns of different length. ModelError: no SD to go by.
    """
    check_level(conf_level)
    if not 0 <= reliability < 1:
        raise UsageError(f"reliability must be at least 0 and below 1; found {reliability!r}.")
    first, second = np.asarray(pre, dtype=float), np.asarray(post, dtype=float)
    if first.ndim != 1 or first.shape != second.shape:
        raise UsageError(
            f"pre and post must be columns of the same length; found {first.shape}, {second.shape}."
        )
    change = second - first
    complete = np.isfinite(change)
    if sd is None and complete.sum() < 2:
        raise ModelError(f"There are {complete.sum()} complete pairs; give the norm group's SD with sd=.")
    spread = float(first[complete].std(ddof=1)) if sd is None else float(sd)
    if not spread > 0:
        raise ModelError("The standard deviation before is zero, so reliable change is undefined.")
    sem = spread * float(np.sqrt(1 - reliability))
    s_diff = float(np.sqrt(2)) * sem
    bound = normal_quantile(conf_level)
    index = change / s_diff
    better = index if higher_is_better else -index
    improved, worse = int((better > bound).sum()), int((better < -bound).sum())
    n_unchanged = int(complete.sum()) - improved - worse
    return ReliableChange(index, sem, s_diff, bound * s_diff, improved, n_unchanged, worse, conf_level)
