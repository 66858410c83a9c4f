"""Adjusted p-values from p-values alone.

Missing p-values stay missing and are not counted. An adjusted p-value is the smallest level at which the
procedure would reject, so it can be compared with any alpha.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError, did_you_mean

FloatArray = npt.NDArray[np.float64]


def adjust_p_values(p: npt.ArrayLike, method: str) -> FloatArray:
    """Adjusted p-values in the order of `p`.

    Parameters
    ----------
    p: p-values (0 to 1); NaN or None for missing.
    method: familywise error: ``"bonferroni"``, ``"sidak"``, ``"holm"``, ``"holm_sidak"``, ``"hochberg"``,
        ``"hommel"``; false discovery rate: ``"bh"`` (Benjamini & Hochberg, 1995), ``"by"`` (Benjamini &
        Yekutieli, 2001); ``"none"``. Case does not matter.

    Raises
    ------
    UsageError: an unknown method, or values outside 0 … 1.
    """
    name = method.lower().replace("-", "_")
    if name not in _METHODS:
        raise UsageError(f"There is no adjustment called {method!r}. {did_you_mean(method, _METHODS)}")
    values = np.atleast_1d(np.array(p, dtype=float))
    present = ~np.isnan(values)
    if ((values[present] < 0) | (values[present] > 1)).any():
        raise UsageError("p-values lie between 0 and 1; some given ones do not.")
    adjusted = np.full(values.shape, np.nan)
    order = np.argsort(values[present], kind="stable")
    ranked = _METHODS[name](values[present][order])
    back = np.empty(len(order))
    back[order] = np.clip(ranked, 0.0, 1.0)
    adjusted[present] = back
    return adjusted


def _none(p: FloatArray) -> FloatArray:
    return p


def _bonferroni(p: FloatArray) -> FloatArray:
    return len(p) * p


def _sidak(p: FloatArray) -> FloatArray:
    """1 - (1 - p)^m."""
    return _one_minus_power(p, len(p))


def _one_minus_power(p: FloatArray, power: npt.ArrayLike) -> FloatArray:
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(power * np.log1p(-p)))


def _holm(p: FloatArray) -> FloatArray:
    """Step-down Bonferroni (Holm, 1979)."""
    return np.maximum.accumulate((len(p) - np.arange(len(p))) * p)


def _holm_sidak(p: FloatArray) -> FloatArray:
    """Step-down Šidák."""
    return np.maximum.accumulate(_one_minus_power(p, len(p) - np.arange(len(p))))


def _step_up(scaled: FloatArray) -> FloatArray:
    """The running minimum from the largest p-value down."""
    return np.asarray(np.minimum.accumulate(scaled[::-1])[::-1])


def _hochberg(p: FloatArray) -> FloatArray:
    """Step-up Bonferroni (Hochberg, 1988)."""
    return _step_up((len(p) - np.arange(len(p))) * p)


def _hommel(p: FloatArray) -> FloatArray:
    """Closed testing with Simes' test (Hommel, 1988), by the algorithm of Wright (1992, appendix)."""
    m = len(p)
    if m == 0:
        return p
    adjusted = np.full(m, (m * p / np.arange(1, m + 1)).min())
    for size in range(m - 1, 1, -1):
        largest = p[m - size + 1 :]
        bound = (size * largest / np.arange(2, size + 1)).min()
        step = np.empty(m)
        step[: m - size + 1] = np.minimum(size * p[: m - size + 1], bound)
        step[m - size + 1 :] = step[m - size]
        adjusted = np.maximum(adjusted, step)
    return np.asarray(np.maximum(adjusted, p))


def _bh(p: FloatArray) -> FloatArray:
    return _step_up(len(p) / np.arange(1, len(p) + 1) * p)


def _by(p: FloatArray) -> FloatArray:
    return np.asarray(_bh(p) * (1 / np.arange(1, len(p) + 1)).sum())


_METHODS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "none": _none,
    "bonferroni": _bonferroni,
    "sidak": _sidak,
    "holm": _holm,
    "holm_sidak": _holm_sidak,
    "hochberg": _hochberg,
    "hommel": _hommel,
    "bh": _bh,
    "by": _by,
}

P_VALUE_METHODS: tuple[str, ...] = tuple(_METHODS)
