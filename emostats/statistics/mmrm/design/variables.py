"""Variables as the model sees them: categorical codes with levels, numbers, or evaluated expressions.

Rules are R's: text, booleans and categoricals are factors, numbers are covariates; levels of text are sorted,
levels of a categorical keep their order; levels without a row in use are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from formulaic import model_matrix
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.design.formula import plain

Float = NDArray[np.float64]
Codes = NDArray[np.intp]

_C_CALL = re.compile(r"^C\(\s*`?(?P<name>[^,`)]+?)`?\s*(,|\))")


@dataclass(frozen=True)
class Categorical:
    """A factor. `coding` (n_levels × q) holds the coded rows of the levels, `suffixes` the columns' names."""

    name: str
    label: str
    levels: tuple[Any, ...]
    coding: Float
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class Numeric:
    """A covariate. `mean` is over the rows in use, as the reference grid takes it."""

    name: str
    mean: float


@dataclass(frozen=True)
class Expression:
    """A formulaic expression such as ``poly(AGE, 2)``, with its fitted state; `suffixes` name its columns.

    `means` and `levels` hold, over the rows in use, the mean of each number and the levels of each factor
    that it is made of.
    """

    name: str
    spec: Any
    means: Mapping[str, float]
    levels: Mapping[str, tuple[Any, ...]]
    suffixes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the data that it is made of."""
        return (*self.means, *self.levels)


def treatment_coding(n_levels: int) -> Float:
    """Treatment contrasts, first level as reference: (n_levels × n_levels − 1)."""
    return np.eye(n_levels)[:, 1:]


def sum_coding(n_levels: int) -> Float:
    """Sum-to-zero contrasts as in R's contr.sum: (n_levels × n_levels − 1)."""
    return np.vstack([np.eye(n_levels - 1), -np.ones((1, n_levels - 1))])


def require_columns(data: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Raise one `UsageError` that lists every column of `names` (name → its role) the data lack."""
    missing = [(name, role) for name, role in names.items() if name not in data.columns]
    if missing:
        lines = [
            f"column '{n}' ({role}) is not in the data. {did_you_mean(n, data.columns)}"
            for n, role in missing
        ]
        raise UsageError("\n".join(lines))


def is_factor(values: pd.Series) -> bool:
    """Whether a column is a factor by R's rule."""
    dtype = values.dtype
    is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    return isinstance(dtype, pd.CategoricalDtype) or not is_number


def factor_codes(values: pd.Series) -> tuple[Codes, tuple[Any, ...]]:
    """Codes (−1 for missing) and the levels that occur, in order. Works for any dtype."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, levels = values.array.codes, values.array.categories
    else:
        codes, levels = pd.factorize(values, sort=True, use_na_sentinel=True)
    codes, used = used_codes(codes, len(levels))
    return codes, tuple(levels if used is None else levels[used])


def used_codes(codes: NDArray[Any], n_levels: int) -> tuple[Codes, NDArray[np.bool_] | None]:
    """Codes among the levels that occur (−1 for missing), and which do (None when all)."""
    used = np.zeros(n_levels + 1, dtype=bool)
    used[codes] = True
    used = used[:-1]
    if used.all():
        return codes.astype(np.intp), None
    shift = np.concatenate([np.cumsum(used) - 1, [-1]])
    return shift[codes].astype(np.intp, copy=False), used


def base_variables(expression: str, columns: pd.Index) -> tuple[str, ...]:
    """Names of the data columns an expression uses, in the data's order.

    Raises
    ------
    UsageError: it uses none.
    """
    if expression in columns:
        return (expression,)
    quoted = re.findall(r"`([^`]+)`", expression)
    words = re.findall(r"[^\W\d]\w*", re.sub(r"`[^`]+`|'[^']*'|\"[^\"]*\"", " ", expression))
    wanted = {*quoted, *words}
    found = tuple(str(column) for column in columns if column in wanted)
    if not found:
        raise UsageError(
            f"'{expression}' in the formula is not a column of the data. {did_you_mean(expression, columns)}"
        )
    return found


def contrast_call(expression: str, columns: pd.Index) -> str | None:
    """The column inside ``C(column, …)``, or None when the expression is no such call."""
    match = _C_CALL.match(expression)
    return match["name"] if match and match["name"] in columns else None


def user_coding(expression: str, name: str, levels: tuple[Any, ...]) -> tuple[Float, tuple[str, ...]]:
    """Coding rows and names of a ``C(column, contrasts)`` call over the levels that occur."""
    frame = pd.DataFrame({name: pd.Categorical(list(levels), categories=list(levels))})
    matrix = model_matrix(f"1 + {expression}", frame, output="pandas").iloc[:, 1:]
    suffixes = [str(column)[len(expression) :] for column in matrix.columns]
    named = tuple(_contrast_name(suffix, number) for number, suffix in enumerate(suffixes, start=1))
    return np.asarray(matrix, dtype=float), named


def _contrast_name(suffix: str, number: int) -> str:
    """R's name of a contrast's column: a level (treatment), a number (sum, Helmert), or the name given."""
    match = re.fullmatch(r"\[(?:([A-Z])\.)?(.*)\]", suffix)
    if match is None:
        return suffix
    return match[2] if match[1] in (None, "T") else str(number)


def evaluate_expression(expression: str, frame: pd.DataFrame) -> tuple[Expression, Float]:
    """Evaluate a numeric expression on the rows in use and keep its state for other rows.

    Raises
    ------
    UsageError: the expression fails, or gives values that are not finite.
    """
    try:
        matrix = model_matrix(f"0 + {expression}", frame, output="pandas", na_action="ignore")
    except Exception as error:
        raise UsageError(f"'{expression}' in the formula cannot be evaluated: {plain(error)}") from error
    values = np.asarray(matrix, dtype=float)
    if not np.isfinite(values).all():
        raise UsageError(f"'{expression}' in the formula gives values that are not finite numbers.")
    suffixes = tuple(_as_r_names(str(column).replace(expression, "", 1)) for column in matrix.columns)
    means = {str(name): float(frame[name].mean()) for name in frame.columns if not is_factor(frame[name])}
    factors = [name for name in frame.columns if is_factor(frame[name])]
    levels = {str(name): factor_codes(frame[name])[1] for name in factors}
    return Expression(expression, matrix.model_spec, means, levels, suffixes), values


def _as_r_names(suffix: str) -> str:
    """``[2]`` → ``2``: the second column of poly(AGE, 2) is poly(AGE, 2)2."""
    return re.sub(r"^\[(\d+)\]$", r"\1", suffix)


def apply_expression(expression: Expression, frame: pd.DataFrame) -> Float:
    """Values (n × q) of an evaluated expression on other rows."""
    return np.asarray(expression.spec.get_model_matrix(frame), dtype=float).reshape(len(frame), -1)
