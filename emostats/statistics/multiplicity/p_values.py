"""Adjusted p-values from p-values alone: the procedures of statsmodels, with missing values kept apart.

Missing p-values stay missing and are not counted. An adjusted p-value is the smallest level at which the
procedure would reject, so it can be compared with any alpha.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError, did_you_mean

FloatArray = npt.NDArray[np.float64]

_STATSMODELS = {
    "bonferroni": "bonferroni",
    "sidak": "sidak",
    "holm": "holm",
    "holm_sidak": "holm-sidak",
    "hochberg": "simes-hochberg",
    "hommel": "hommel",
    "bh": "fdr_bh",
    "by": "fdr_by",
}

P_VALUE_METHODS: tuple[str, ...] = ("none", *_STATSMODELS)


def adjust_p_values(p: npt.ArrayLike, method: str) -> FloatArray:
    """Adjusted p-values in the order of `p`.

    Parameters
    ----------
    p: p-values (0 to 1); NaN or None for missing.
    method: familywise error: ``"bonferroni"``, ``"sidak"``, ``"holm"`` (1979), ``"holm_sidak"``,
        ``"hochberg"`` (1988), ``"hommel"`` (1988); false discovery rate: ``"bh"`` (Benjamini & Hochberg,
        1995), ``"by"`` (Benjamini & Yekutieli, 2001); ``"none"``. Case does not matter.

    Raises
    ------
    UsageError: an unknown method, or values outside 0 … 1.
    """
    name = method.lower().replace("-", "_")
    if name not in P_VALUE_METHODS:
        raise UsageError(f"There is no adjustment called {method!r}. {did_you_mean(method, P_VALUE_METHODS)}")
    values = np.atleast_1d(np.array(p, dtype=float))
    present = ~np.isnan(values)
    if ((values[present] < 0) | (values[present] > 1)).any():
        raise UsageError("p-values lie between 0 and 1; some given ones do not.")
    if name == "none" or not present.any():
        return values
    values[present] = _adjusted(values[present], _STATSMODELS[name])
    return values


def _adjusted(p: FloatArray, method: str) -> FloatArray:
    from statsmodels.stats.multitest import multipletests

    with np.errstate(divide="ignore"):  # log(1 - p) of a p-value of exactly 1
        return np.asarray(multipletests(p, method=method)[1], dtype=float)
