"""The rows a model uses: outcome, design, subject, visit, group and weight, checked and coded."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import EmostatsWarning, UsageError
from emostats.statistics.mmrm.design.encode import Encoding, build_encoding
from emostats.statistics.mmrm.design.formula import ModelFormula
from emostats.statistics.mmrm.design.variables import (
    Categorical,
    Codes,
    Expression,
    Float,
    Numeric,
    base_variables,
    contrast_call,
    evaluate_expression,
    factor_codes,
    is_factor,
    require_columns,
    treatment_coding,
    used_codes,
    user_coding,
)


@dataclass(frozen=True)
class ModelFrame:
    """Rows in use, in the data's order.

    Attributes
    ----------
    formula, encoding: how the model was written and coded.
    rows: (N,) positions of the rows in the data given; index: their index labels.
    y: (N,) outcome minus offset. offset: (N,) or None. weights: (N,) or None.
    columns: codes and values by variable. X: (N × k) before aliased columns are left out.
    subject: (N,) codes; subjects: labels. visit: (N,) codes; visits: labels (lattice structures), else empty.
    coordinates: (N × d) for spatial structures, else None.
    group: (n_subjects,) codes; groups: labels (``()`` without grouping).
    """

    formula: ModelFormula
    encoding: Encoding
    rows: NDArray[np.intp]
    index: pd.Index
    y: Float
    offset: Float | None
    weights: Float | None
    columns: Mapping[str, Any]
    X: Float
    subject: Codes
    subjects: pd.Index
    visit: Codes
    visits: tuple[Any, ...]
    coordinates: Float | None
    group: Codes
    groups: tuple[Any, ...]


def build_frame(
    formula: ModelFormula, data: pd.DataFrame, weights: str | NDArray[Any] | None, spatial: bool
) -> ModelFrame:
    """Evaluate a formula on data.

    Raises
    ------
    UsageError: a column is missing, the outcome is no number, a subject has a visit twice, a group varies
        within a subject, or a weight is missing or not positive.
    """
    _check_table(data)
    needed, per_factor = _needed_columns(formula, data, weights)
    _refuse_repeated(data, needed)
    data = _with_numbers(data, needed)
    keep = _rows_in_use(formula, data, needed, weights)
    columns_in_use = [name for name in data.columns if name in needed]
    used = data[columns_in_use] if keep is None else data[columns_in_use].take(keep)
    rows = np.arange(len(data)) if keep is None else keep
    if not len(used):
        raise UsageError(
            f"No row has the outcome '{formula.response}' and all model variables; nothing to fit."
        )
    variables, columns = _variables(formula, used, per_factor)
    encoding = build_encoding(formula.terms, formula.intercept, variables)
    y, offset = _outcome(formula, used)
    subject, subjects = _subjects(formula, used)
    visit, visits, coordinates = _positions(formula, used, spatial)
    group, groups = _groups(formula, used, subject, subjects)
    _refuse_duplicates(formula, subject, subjects, visit, visits, coordinates)
    return ModelFrame(
        formula, encoding, rows, used.index, y, offset, _weights(weights, data, rows), columns,
        encoding.matrix(columns, len(used)), subject, subjects, visit, visits, coordinates, group, groups,
    )  # fmt: skip


def _check_table(data: object) -> None:
    if not isinstance(data, pd.DataFrame):
        raise UsageError(f"The data should be a pandas DataFrame; found {type(data).__name__}.")


def _refuse_repeated(data: pd.DataFrame, needed: Mapping[str, str]) -> None:
    repeated = [name for name in needed if list(data.columns).count(name) > 1]
    if repeated:
        raise UsageError(f"Column '{repeated[0]}' stands more than once in the data; keep one of them.")


def _with_numbers(data: pd.DataFrame, needed: Mapping[str, str]) -> pd.DataFrame:
    """Columns of Python objects that hold numbers only become numbers; the data given are left alone."""
    objects = [name for name in needed if data[name].dtype == object]
    changed = {name: pd.to_numeric(data[name]) for name in objects if _holds_numbers(data[name])}
    return data.assign(**changed) if changed else data


def _holds_numbers(values: pd.Series) -> bool:
    return pd.api.types.infer_dtype(values, skipna=True) in (
        "floating",
        "integer",
        "mixed-integer-float",
        "decimal",
    )


def _needed_columns(
    formula: ModelFormula, data: pd.DataFrame, weights: str | NDArray[Any] | None
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    covariance = formula.covariance
    needed = dict.fromkeys(covariance.positions, "visit or coordinate")
    needed[covariance.subject] = "subject"
    if covariance.group:
        needed[covariance.group] = "covariance group"
    if isinstance(weights, str):
        needed[weights] = "weights"
    per_factor = {}
    expressions = dict.fromkeys(factor for term in formula.terms for factor in term)
    plain = dict.fromkeys([name for name in expressions if name.isidentifier()], "model variable")
    response = {formula.response: "outcome"} if formula.response.isidentifier() else {}
    require_columns(data, {**needed, **response, **plain})
    for expression in expressions:
        per_factor[expression] = base_variables(expression, data.columns)
        needed.update(dict.fromkeys(per_factor[expression], "model variable"))
    for expression in (formula.response, *formula.offsets):
        needed.update(dict.fromkeys(base_variables(expression, data.columns), "outcome"))
    return needed, per_factor


def _rows_in_use(
    formula: ModelFormula, data: pd.DataFrame, needed: Mapping[str, str], weights: str | NDArray[Any] | None
) -> NDArray[np.intp] | None:
    keep = np.ones(len(data), dtype=bool)
    identity = {formula.covariance.subject, *formula.covariance.positions}
    for name in needed:
        if name not in identity and not (isinstance(weights, str) and name == weights):
            keep &= ~missing_values(data[name])
    for name in identity:
        missing = missing_values(data[name]) & keep
        if missing.any():
            raise UsageError(
                f"Column '{name}' is empty in {int(missing.sum())} row(s) that have an outcome "
                f"(first: row {data.index[int(np.argmax(missing))]!r}). "
                f"Every outcome needs a subject and a visit."
            )
    return None if keep.all() else np.flatnonzero(keep)


def missing_values(values: pd.Series) -> NDArray[np.bool_]:
    """Which entries of a column are missing (n,), by the cheapest way its dtype allows."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.array.codes) < 0
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "f":
        return np.asarray(np.isnan(values.to_numpy()))
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iub":
        return np.zeros(len(values), dtype=bool)
    return values.isna().to_numpy()


def _variables(
    formula: ModelFormula, used: pd.DataFrame, per_factor: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, Categorical | Numeric | Expression], dict[str, Any]]:
    variables: dict[str, Categorical | Numeric | Expression] = {}
    columns: dict[str, Any] = {}
    for expression, names in per_factor.items():
        column = contrast_call(expression, used.columns)
        if expression in used.columns and is_factor(used[expression]):
            codes, levels = factor_codes(used[expression])
            coding, suffixes = treatment_coding(len(levels)), tuple(str(level) for level in levels[1:])
            variables[expression] = Categorical(expression, expression, levels, coding, suffixes)
            columns[expression] = codes
        elif column is not None:
            codes, levels = factor_codes(used[column])
            coding, suffixes = user_coding(expression, column, levels)
            variables[expression] = Categorical(column, expression, levels, coding, suffixes)
            columns[expression] = codes
        elif expression in used.columns:
            values = used[expression].to_numpy(dtype=float)
            _refuse_infinite(expression, values)
            variables[expression] = Numeric(expression, float(values.mean()))
            columns[expression] = values
        else:
            variables[expression], columns[expression] = evaluate_expression(expression, used[list(names)])
    return variables, columns


def _refuse_infinite(name: str, values: Float) -> None:
    if not np.isfinite(values).all():
        raise UsageError(
            f"Column '{name}' has {int((~np.isfinite(values)).sum())} infinite value(s); correct them first."
        )


def _outcome(formula: ModelFormula, used: pd.DataFrame) -> tuple[Float, Float | None]:
    y = numbers(formula.response, used, "outcome")
    if not formula.offsets:
        return y, None
    offset = np.sum([numbers(expression, used, "offset") for expression in formula.offsets], axis=0)
    return y - offset, offset


def numbers(expression: str, used: pd.DataFrame, role: str) -> Float:
    """Values (n,) of a column or an expression, as finite numbers.

    Raises
    ------
    UsageError: it is not made of numbers, or some are infinite.
    """
    if expression in used.columns:
        column = used[expression]
        if is_factor(column) or pd.api.types.is_complex_dtype(column.dtype):
            raise UsageError(
                f"The {role} '{expression}' should be a column of numbers; "
                f"found {column.dtype} such as {column.iloc[0]!r}."
            )
        values = column.to_numpy(dtype=float)
    else:
        call = re.fullmatch(r"[\w.]+\(.*\)", expression, re.DOTALL)
        text = expression if call else f"I({expression})"
        values = evaluate_expression(text, used[list(base_variables(expression, used.columns))])[1][:, 0]
    _refuse_infinite(expression, values)
    return values


def _subjects(formula: ModelFormula, used: pd.DataFrame) -> tuple[Codes, pd.Index]:
    values = used[formula.covariance.subject]
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, used_levels = used_codes(values.array.codes, len(values.array.categories))
        categories = values.array.categories
        return codes, categories if used_levels is None else categories[used_levels]
    codes, levels = pd.factorize(values, sort=False)
    return np.asarray(codes, dtype=np.intp), pd.Index(levels)


def _positions(
    formula: ModelFormula, used: pd.DataFrame, spatial: bool
) -> tuple[Codes, tuple[Any, ...], Float | None]:
    names = formula.covariance.positions
    if spatial:
        coordinates = np.column_stack([numbers(name, used, "coordinate") for name in names])
        return np.zeros(0, dtype=np.intp), (), coordinates
    if len(names) != 1:
        raise UsageError(
            f"{formula.covariance} names {len(names)} visit variables; "
            f"only spatial structures take several coordinates."
        )
    codes, visits = factor_codes(used[names[0]])
    order = sorted(range(len(visits)), key=lambda i: _natural_key(visits[i]))
    if isinstance(used[names[0]].dtype, pd.CategoricalDtype) or order == list(range(len(visits))):
        return codes, visits, None
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    return rank[codes], tuple(visits[i] for i in order), None


def _natural_key(label: Any) -> list[Any]:
    """Sorts 'Week 2' before 'Week 10'; numbers by value."""
    if not isinstance(label, str):
        return [(0, float(label))] if isinstance(label, int | float | np.number) else [(1, str(label))]
    return [(0, float(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d+)", label) if part]


def _groups(
    formula: ModelFormula, used: pd.DataFrame, subject: Codes, subjects: pd.Index
) -> tuple[Codes, tuple[Any, ...]]:
    name = formula.covariance.group
    if name is None:
        return np.zeros(len(subjects), dtype=np.intp), ()
    codes, groups = factor_codes(used[name])
    of_subject = np.full(len(subjects), -1, dtype=np.intp)
    of_subject[subject] = codes
    varying = np.unique(subject[of_subject[subject] != codes])
    if len(varying):
        raise UsageError(
            f"The covariance group '{name}' must be constant within a subject; it varies in "
            f"{len(varying)} subject(s), e.g. {', '.join(str(subjects[i]) for i in varying[:3])}."
        )
    return of_subject, groups


def _refuse_duplicates(
    formula: ModelFormula,
    subject: Codes,
    subjects: pd.Index,
    visit: Codes,
    visits: tuple[Any, ...],
    coordinates: Float | None,
) -> None:
    if coordinates is None:
        key = subject * len(visits) + visit
        taken = np.zeros(len(subjects) * len(visits), dtype=bool)
        taken[key] = True
        if np.count_nonzero(taken) == len(key):
            return
        counts = np.bincount(key)
        twice = np.flatnonzero(counts > 1)
        places = [f"{subjects[k // len(visits)]} at {visits[k % len(visits)]}" for k in twice[:5]]
    else:
        keyed = np.column_stack([subject.astype(float), coordinates])
        unique, counts = np.unique(keyed, axis=0, return_counts=True)
        if (counts <= 1).all():
            return
        twice = np.flatnonzero(counts > 1)
        places = [f"{subjects[int(unique[k, 0])]} at {tuple(map(float, unique[k, 1:]))}" for k in twice[:5]]
    where = " and ".join(formula.covariance.positions)
    raise UsageError(
        f"Each subject may have one row a {where}; {len(twice)} subject × visit pair(s) have several: "
        f"{'; '.join(places)}{' …' if len(twice) > 5 else ''}. Keep one row each."
    )


def _weights(weights: str | NDArray[Any] | None, data: pd.DataFrame, rows: NDArray[np.intp]) -> Float | None:
    if weights is None:
        return None
    name = f"column '{weights}'" if isinstance(weights, str) else "the weights array"
    given = data[weights] if isinstance(weights, str) else weights
    if isinstance(given, pd.Series) and is_factor(given):
        raise UsageError(f"The weights should be numbers; {name} holds {given.dtype}.")
    values = np.asarray(given, dtype=float)
    if values.shape != (len(data),):
        raise UsageError(
            f"The weights should be one number a row of the data ({len(data)}); found shape {values.shape}."
        )
    values = values[rows]
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any():
        raise UsageError(
            f"Weights must be positive numbers; {name} has {int(bad.sum())} missing, zero or negative "
            f"value(s) among the rows in use (first at data row {int(rows[int(np.argmax(bad))])})."
        )
    if values.max() > 1e8 * values.min():
        warnings.warn(f"{name} spans more than eight orders of magnitude.", EmostatsWarning, stacklevel=4)
    return values
