"""Tables of tests: coefficients, single contrasts, joint hypotheses, model terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError
from emostats.statistics.mmrm.contrasts.hypotheses import type_three, type_two
from emostats.statistics.mmrm.degrees_of_freedom import Inference, f_test, t_test
from emostats.statistics.mmrm.degrees_of_freedom.inference import TTests, chi2_upper
from emostats.statistics.mmrm.design import Encoding, Scaling

Float = NDArray[np.float64]

_COLUMNS = tuple(TTests.__dataclass_fields__)


def coefficient_table(
    inference: Inference, kept: NDArray[np.bool_], names: Sequence[str], conf_level: float | None
) -> pd.DataFrame:
    """One row a column of X: term and the t test's columns, missing where the coefficient is aliased."""
    tests = t_test(inference, np.eye(len(inference.beta)), 0.0, conf_level)
    values = np.full((len(kept), len(_COLUMNS)), np.nan)
    values[kept] = np.column_stack([getattr(tests, name) for name in _COLUMNS])
    table = pd.DataFrame(values, columns=list(_COLUMNS))
    table.insert(0, "term", list(names))
    return table


def contrast_matrix(L: ArrayLike, kept: NDArray[np.bool_], names: Sequence[str]) -> Float:
    """L (q × k) over the estimable coefficients, from a matrix over these or over all columns of X.

    Raises
    ------
    UsageError: L is no matrix of numbers, has another number of columns, or touches an aliased coefficient.
    """
    matrix = np.atleast_2d(_as_numbers(L, "A contrast"))
    if matrix.ndim > 2:
        raise UsageError(f"A contrast is a row or a matrix of rows; found {matrix.ndim} dimensions.")
    if matrix.shape[1] == kept.sum():
        return matrix
    if matrix.shape[1] != len(kept):
        raise UsageError(f"A contrast needs one number a coefficient ({len(kept)}); found {matrix.shape[1]}.")
    touched = (matrix != 0).any(axis=0) & ~kept
    if touched.any():
        lost = [name for name, hit in zip(names, touched, strict=True) if hit]
        raise UsageError(f"The contrast needs coefficients that are not estimable: {', '.join(lost)}.")
    return matrix[:, kept]


def _as_numbers(values: ArrayLike, what: str) -> Float:
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{what} should be made of numbers; found {values!r}.") from error


def contrast_table(
    inference: Inference, matrix: Float, null: float, names: Sequence[str] | None
) -> pd.DataFrame:
    """One t test a row of the matrix: contrast and the t test's columns."""
    tests = t_test(inference, matrix, null)
    labels = list(names) if names is not None else [f"L{row + 1}" for row in range(len(matrix))]
    if len(labels) != len(matrix):
        raise UsageError(f"names= should name each of the {len(matrix)} contrast(s); found {len(labels)}.")
    return pd.DataFrame({"contrast": labels, **{name: getattr(tests, name) for name in _COLUMNS}})


def joint_test(inference: Inference, matrix: Float, null: ArrayLike, is_vector: bool) -> pd.DataFrame:
    """One row: the F test of L β = null, the estimate beside it where L has one row; a vector's t test."""
    target = _as_numbers(null, "null=")
    if target.shape not in ((), (1,), (len(matrix),)):
        raise UsageError(
            f"null= should be one number, or one a row of L ({len(matrix)}); found {target.shape}."
        )
    joint = f_test(inference, matrix, target)
    row: dict[str, Any] = {}
    if len(matrix) == 1:
        tests = t_test(inference, matrix, target)
        row = {name: getattr(tests, name) for name in _COLUMNS}
        row |= {"num_df": 1, "den_df": tests.df}
    if not is_vector:
        row |= {"num_df": joint.num_df, "den_df": joint.den_df, "statistic": joint.statistic}
        row |= {"p_value": joint.p_value}
    return pd.DataFrame(row, index=[0])


def anova_table(
    inference: Inference, encoding: Encoding, scaling: Scaling, type: int, test: str
) -> pd.DataFrame:
    """Tests of the model's terms: term, num_df, den_df, statistic, p_value; see `MMRMFit.anova`.

    Raises
    ------
    UsageError: another type or test.
    """
    if type not in (2, 3) or test not in ("F", "chisq"):
        raise UsageError(
            f"anova takes type=2 or 3 and test='F' or 'chisq'; found type={type!r}, test={test!r}."
        )
    if type == 3:
        hypotheses = type_three(encoding, scaling.kept)
    else:
        hypotheses = type_two(encoding, scaling.kept, scaling.gram)
    rows = [_term_test(inference, term, L, test) for term, L in hypotheses.items()]
    return pd.DataFrame(rows, columns=["term", "num_df", "den_df", "statistic", "p_value"])


def _term_test(
    inference: Inference, term: str, L: Float, test: str
) -> tuple[str, float, float, float, float]:
    if not len(L):
        return term, 0.0, np.nan, np.nan, np.nan
    result = f_test(inference, L)
    if test == "F":
        return term, result.num_df, result.den_df, result.statistic, result.p_value
    wald = result.statistic / result.scale * result.num_df
    return term, result.num_df, np.inf, wald, chi2_upper(wald, result.num_df)
