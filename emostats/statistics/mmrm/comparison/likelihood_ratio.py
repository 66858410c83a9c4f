"""Likelihood-ratio tests of nested fits; fits that are not nested, or not of the same data, are refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.statistics.mmrm.comparison.nesting import covariance_contains, on_boundary
from emostats.statistics.mmrm.degrees_of_freedom.inference import chi2_upper
from emostats.statistics.mmrm.design import ModelFrame
from emostats.statistics.mmrm.fitted import FittedModel

Float = NDArray[np.float64]

_SAME_SPACE = 1e-9
"""Relative size below which a column's remainder on other columns counts as rounding."""


@dataclass(frozen=True)
class _Test:
    statistic: float
    df: int
    p_value: float
    note: str


def compare(*fits: FittedModel, nested: bool = True) -> pd.DataFrame:
    """Fits in the order of their number of parameters, each tested against the one before it.

    Parameters
    ----------
    fits: two or more fits of the same rows, outcome and weights, all by REML or all by ML. Fits by REML must
        have the same space of means (they may code it differently); for different means fit with
        ``reml=False``.
    nested: whether to test; without, fits that are not nested stand side by side by their criteria.

    Returns
    -------
    DataFrame: model (formula), structure, n_beta, n_theta, loglik, aic, aicc, bic (as R counts them), versus
    (row number of the fit tested against), statistic (twice the difference in log-likelihood), df, p_value
    (χ²), note.

    Raises
    ------
    UsageError: fewer than two fits, other data, REML with other means, or fits that are not nested; says
        which.

    Example
    -------
    >>> from emostats.statistics.mmrm import mmrm
    >>> data = pd.DataFrame({"ID": np.repeat(range(5), 3), "V": ["a", "b", "c"] * 5})
    >>> data["Y"] = [1, 2, 4, 3, 5, 5, 2, 4, 3, 0, 3.5, 2, 2, 2, 6]
    >>> fits = [mmrm(f"Y ~ V + {structure}(V | ID)", data) for structure in ("ind", "cs")]
    >>> compare(*fits)[["structure", "n_theta", "df"]].to_numpy().tolist()
    [['ind', 1, nan], ['cs', 2, 1.0]]
    """
    if len(fits) < 2:
        raise UsageError(f"A comparison needs two or more fits; found {len(fits)}.")
    for other in fits[1:]:
        _check_same_data(fits[0], other)
    ordered = sorted(fits, key=lambda fit: (_n_parameters(fit), fit.loglik))
    tests: list[_Test | None] = [None]
    for small, large in pairwise(ordered):
        tests.append(_test(small, large) if nested else None)
    return pd.DataFrame(
        [_row(fit, test, number) for number, (fit, test) in enumerate(zip(ordered, tests, strict=True))]
    )


def _row(fit: FittedModel, test: _Test | None, number: int) -> dict[str, object]:
    return {
        "model": fit.frame.formula.text,
        "structure": fit.problem.structure.token,
        "n_beta": _n_beta(fit),
        "n_theta": fit.problem.n_theta,
        "loglik": fit.loglik,
        "aic": fit.aic,
        "aicc": fit.aicc,
        "bic": fit.bic,
        "versus": "" if test is None else str(number - 1),
        "statistic": np.nan if test is None else test.statistic,
        "df": np.nan if test is None else float(test.df),
        "p_value": np.nan if test is None else test.p_value,
        "note": "" if test is None else test.note,
    }


def _n_beta(fit: FittedModel) -> int:
    return int(fit.scaling.kept.sum())


def _n_parameters(fit: FittedModel) -> int:
    return _n_beta(fit) + fit.problem.n_theta


def _name(fit: FittedModel) -> str:
    return f"'{fit.frame.formula.text}'" + (
        f" (fitted with {fit.problem.structure.token})"
        if fit.problem.structure.token != fit.frame.formula.covariance.structure
        else ""
    )


def _check_same_data(first: FittedModel, other: FittedModel) -> None:
    a, b = first.frame, other.frame
    if first.problem.reml != other.problem.reml:
        raise UsageError(
            "One fit is by REML and one by ML; their likelihoods cannot be compared. Fit both alike."
        )
    if len(a.rows) != len(b.rows) or not np.array_equal(a.rows, b.rows):
        raise UsageError(
            f"The fits use different rows of the data ({len(a.rows)} and {len(b.rows)}); likelihoods of "
            "different data cannot be compared. Fit both to the rows that have all variables of both models."
        )
    if not np.allclose(_outcome(a), _outcome(b), rtol=1e-12, atol=0.0):
        raise UsageError("The fits have different outcomes; their likelihoods cannot be compared.")
    if not np.array_equal(_weights(a), _weights(b)):
        raise UsageError("The fits have different weights; their likelihoods cannot be compared.")
    if _partition(a.subject) != _partition(b.subject):
        raise UsageError("The fits take different rows as one subject; neither is nested in the other.")


def _outcome(frame: ModelFrame) -> Float:
    return frame.y if frame.offset is None else frame.y + frame.offset


def _weights(frame: ModelFrame) -> Float:
    return np.ones(len(frame.y)) if frame.weights is None else frame.weights


def _partition(codes: NDArray[np.intp]) -> bytes:
    return np.asarray(pd.factorize(codes)[0], dtype=np.int64).tobytes()


def _test(small: FittedModel, large: FittedModel) -> _Test:
    """Likelihood-ratio test of `small` within `large`; refuses fits that are not nested.

    A restricted likelihood depends on the coding of the means by ½ log|X'X|, which is ½ k log N − log|M|.
    """
    if not np.array_equal(_offset(small.frame), _offset(large.frame)):
        raise UsageError("The fits have different offsets, so neither is nested in the other.")
    same_means = _check_means(small, large)
    _check_covariances(small, large)
    df = _n_parameters(large) - _n_parameters(small)
    if df == 0:
        return _Test(np.nan, 0, np.nan, "the same number of parameters: the two are one model")
    correction = 0.0
    if small.problem.reml:
        correction = small.scaling.log_det_m - large.scaling.log_det_m
    statistic = 2 * (large.loglik - small.loglik + correction)
    note = _note(small, large, statistic, same_means, correction)
    return _Test(max(statistic, 0.0), df, chi2_upper(max(statistic, 0.0), df), note)


def _offset(frame: ModelFrame) -> Float:
    return np.zeros(len(frame.y)) if frame.offset is None else frame.offset


def _check_means(small: FittedModel, large: FittedModel) -> bool:
    """Whether the means span one space; refuses means that are not nested, and other means under REML."""
    if not _spans(large, small):
        raise UsageError(
            f"The means of {_name(small)} are not among those of {_name(large)}, so the fits are not nested."
        )
    same = _n_beta(small) == _n_beta(large)
    if small.problem.reml and not same:
        raise UsageError(
            f"{_name(small)} and {_name(large)} have different means; restricted likelihoods of different "
            "means cannot be compared. Fit both with reml=False."
        )
    return same


def _spans(large: FittedModel, small: FittedModel) -> bool:
    """Whether the columns of `small` lie in the space of those of `large`."""
    X, Z = (fit.frame.X[:, fit.scaling.kept] for fit in (large, small))
    if Z.shape[1] > X.shape[1]:
        return False
    Q = np.linalg.qr(X @ large.scaling.M)[0]
    size = np.linalg.norm(Z, axis=0)
    unit = Z / np.where(size > 0, size, 1.0)
    left = unit - Q @ (Q.T @ unit)
    return bool((np.linalg.norm(left, axis=0) <= np.sqrt(_SAME_SPACE)).all())


def _check_covariances(small: FittedModel, large: FittedModel) -> None:
    a, b = small.problem.structure.token, large.problem.structure.token
    if not covariance_contains(b, a, _row_groups(large.frame), _row_groups(small.frame)):
        raise UsageError(
            f"The covariance of {_name(small)} is not a special case of that of {_name(large)}, so there is "
            "no likelihood-ratio test between them; compare AIC or BIC (nested=False)."
        )
    if a != "ind" and not _same_places(small.frame, large.frame):
        raise UsageError("The fits place rows at different visits or coordinates, so they are not nested.")


def _same_places(a: ModelFrame, b: ModelFrame) -> bool:
    if a.coordinates is None or b.coordinates is None:
        return a.coordinates is b.coordinates and np.array_equal(a.visit, b.visit)
    return np.array_equal(a.coordinates, b.coordinates)


def _row_groups(frame: ModelFrame) -> NDArray[np.intp]:
    return frame.group[frame.subject]


def _note(
    small: FittedModel, large: FittedModel, statistic: float, same_means: bool, correction: float
) -> str:
    notes = []
    if on_boundary(large.problem.structure.token, small.problem.structure.token):
        notes.append(
            "independence lies on the boundary of the spatial structure (range 0): the χ² p-value is too "
            "large, half of it is closer (Self & Liang 1987)"
        )
    if abs(correction) > 1e-8:
        notes.append("the means are coded differently; the restricted likelihoods were put on one footing")
    if not same_means:
        notes.append("different means compared by ML")
    if statistic < -1e-6:
        notes.append("the larger model has the lower likelihood: one of the fits is at a local optimum")
    return "; ".join(notes)
