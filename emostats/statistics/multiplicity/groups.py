"""Comparisons of group means: with a control (Dunnett), and of all pairs (Tukey)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.errors import ModelError, UsageError, did_you_mean
from emostats.statistics.multiplicity.contrasts import adjust_contrasts
from emostats.statistics.multiplicity.multivariate_t import Alternative

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GroupMeans:
    """Means of groups with a common error variance.

    `levels` (k) in order, `means` (k,), `sizes` (k,), `sigma` the pooled SD, `df` = N - k.
    """

    levels: tuple[str, ...]
    means: FloatArray
    sizes: FloatArray
    sigma: float
    df: float

    @property
    def vcov(self) -> FloatArray:
        """(k, k) covariance of the means."""
        return np.diag(self.sigma**2 / self.sizes)


def group_means(values: npt.ArrayLike, groups: npt.ArrayLike | pd.Series) -> GroupMeans:
    """Means by group; rows with a missing value or group are left out.

    Raises
    ------
    UsageError: lengths differ. ModelError: fewer than two groups, or no degrees of freedom.
    """
    y = np.asarray(values, dtype=float)
    labels = pd.Series(groups if isinstance(groups, pd.Series) else list(np.asarray(groups)))
    if len(y) != len(labels):
        raise UsageError(f"{len(y)} values but {len(labels)} group labels; there must be one a value.")
    keep = np.isfinite(y) & labels.notna().to_numpy()
    frame = pd.DataFrame({"y": y[keep], "group": labels[keep].to_numpy()})
    if isinstance(labels.dtype, pd.CategoricalDtype):
        frame["group"] = pd.Categorical(frame["group"], categories=labels.cat.categories)
    parts = frame.groupby("group", observed=True)["y"]
    sizes = np.asarray(parts.size(), dtype=float)
    means = np.asarray(parts.mean(), dtype=float)
    df = float(sizes.sum() - len(sizes))
    if len(sizes) < 2 or df < 1:
        raise ModelError(f"{len(sizes)} group(s) with {int(sizes.sum())} values leave nothing to compare.")
    within = float(((frame["y"] - parts.transform("mean")) ** 2).sum())
    return GroupMeans(tuple(map(str, parts.size().index)), means, sizes, float(np.sqrt(within / df)), df)


def dunnett(
    values: npt.ArrayLike,
    groups: npt.ArrayLike | pd.Series,
    *,
    reference: str,
    step_down: bool = False,
    alternative: Alternative = "two-sided",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Each group against the control `reference` (Dunnett, 1955), exact for unequal group sizes.

    Returns the table of `adjust_contrasts`, contrasts "group - reference"; `step_down` gives the more
    powerful step-down p-values (the intervals stay single-step).

    Raises
    ------
    UsageError: there is no such group. ModelError: nothing to compare.
    """
    found = group_means(values, groups)
    if str(reference) not in found.levels:
        raise UsageError(
            f"reference={reference!r} is not a group. {did_you_mean(str(reference), found.levels)}"
        )
    control = found.levels.index(str(reference))
    others = [k for k in range(len(found.levels)) if k != control]
    pairs = [(k, control) for k in others]
    return _compare(found, pairs, "mvt_step_down" if step_down else "mvt", alternative, conf_level)


def tukey(
    values: npt.ArrayLike, groups: npt.ArrayLike | pd.Series, *, exact: bool = False, conf_level: float = 0.95
) -> pd.DataFrame:
    """All pairs of groups, later minus earlier level (Tukey, 1953).

    The Tukey-Kramer form uses the studentized range for unequal sizes too, and is slightly conservative then;
    `exact` uses the multivariate t with the correlations there are. Table as in `adjust_contrasts`.
    """
    found = group_means(values, groups)
    pairs = [(b, a) for a, b in combinations(range(len(found.levels)), 2)]
    return _compare(found, pairs, "mvt" if exact else "tukey", "two-sided", conf_level)


def _compare(
    found: GroupMeans, pairs: list[tuple[int, int]], adjust: str, alternative: Alternative, conf_level: float
) -> pd.DataFrame:
    L = np.zeros((len(pairs), len(found.levels)))
    for row, (plus, minus) in enumerate(pairs):
        L[row, plus], L[row, minus] = 1.0, -1.0
    return adjust_contrasts(
        L @ found.means,
        L @ found.vcov @ L.T,
        found.df,
        adjust=adjust,
        names=[f"{found.levels[plus]} - {found.levels[minus]}" for plus, minus in pairs],
        alternative=alternative,
        conf_level=conf_level,
        n_means=len(found.levels),
    )
