"""Terms to columns of X, by R's marginality rule.

A factor enters a term by contrasts when the term without it is in the model, otherwise by the indicators of
all its levels (Chambers & Hastie 1992, sec. 2.4.1). Within an interaction the first factor varies fastest.
Columns have R's names: ``(Intercept)``, ``SEXF``, ``ARMCDTRT:AVISITWEEK12``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from emostats.statistics.mmrm.design.variables import (
    Categorical,
    Codes,
    Expression,
    Float,
    Numeric,
    apply_expression,
    sum_coding,
)

INTERCEPT = "(Intercept)"
_CHUNK = 32_768
"""Rows coded at a time, so that the blocks of a chunk stay in the cache."""


@dataclass(frozen=True)
class Part:
    """One factor of a term: which variable, and whether it enters with all its levels."""

    variable: str
    full: bool = False


@dataclass(frozen=True)
class Encoding:
    """How rows become columns of X.

    Attributes
    ----------
    parts: the terms; the empty tuple is the intercept.
    variables: by factor expression. names: column names. term_of: index of the term of each column.
    """

    parts: tuple[tuple[Part, ...], ...]
    variables: Mapping[str, Categorical | Numeric | Expression]
    names: tuple[str, ...]
    term_of: tuple[int, ...]

    @property
    def term_labels(self) -> tuple[str, ...]:
        """Labels of the terms, e.g. ``ARMCD:AVISIT``; the intercept is ``(Intercept)``."""
        return tuple(":".join(part.variable for part in term) or INTERCEPT for term in self.parts)

    def matrix(self, columns: Mapping[str, Any], n_rows: int) -> Float:
        """X (n_rows × k) from codes (factors) and values (covariates, n × q for expressions) by variable."""
        X = np.empty((n_rows, len(self.names)))
        for begin in range(0, n_rows, _CHUNK):
            rows = slice(begin, begin + _CHUNK)
            part = columns if n_rows <= _CHUNK else {key: values[rows] for key, values in columns.items()}
            self._fill_rows(X[rows], part)
        return X

    def _fill_rows(self, X: Float, columns: Mapping[str, Any]) -> None:
        blocks: dict[Part, Float] = {}
        at = 0
        for term in self.parts:
            at += self._fill(X, at, term, columns, blocks)

    def _fill(
        self, X: Float, at: int, term: tuple[Part, ...], columns: Mapping[str, Any], blocks: dict[Part, Float]
    ) -> int:
        if not term:
            X[:, at] = 1.0
            return 1
        product = self._block(term[0], columns, blocks)
        for part in term[1:]:
            nxt = self._block(part, columns, blocks)
            product = (nxt[:, :, None] * product[:, None, :]).reshape(len(X), -1)
        X[:, at : at + product.shape[1]] = product
        return int(product.shape[1])

    def _block(self, part: Part, columns: Mapping[str, Any], blocks: dict[Part, Float]) -> Float:
        if part not in blocks:
            variable = self.variables[part.variable]
            values = columns[part.variable]
            if isinstance(variable, Categorical):
                coding = np.eye(len(variable.levels)) if part.full else variable.coding
                blocks[part] = coding[values]
            else:
                blocks[part] = np.asarray(values, dtype=float).reshape(len(values), -1)
        return blocks[part]

    def with_sum_contrasts(self) -> Encoding:
        """The same model with sum-to-zero contrasts for every factor (for type III hypotheses)."""
        changed = {
            key: replace(v, coding=sum_coding(len(v.levels))) if isinstance(v, Categorical) else v
            for key, v in self.variables.items()
        }
        return replace(self, variables=changed)


def build_encoding(
    terms: Sequence[tuple[str, ...]],
    intercept: bool,
    variables: Mapping[str, Categorical | Numeric | Expression],
) -> Encoding:
    """Decide the coding of each factor in each term and name the columns."""
    present = {frozenset(term) for term in terms}
    if intercept:
        present.add(frozenset())
    parts: list[tuple[Part, ...]] = [()] if intercept else []
    for term in terms:
        coded = tuple(Part(f, _is_full(f, term, present, variables)) for f in term)
        parts.append(coded)
        if len(term) == 1 and isinstance(variables[term[0]], Categorical):
            present.add(frozenset())  # without an intercept the first factor takes its place
    names, term_of = _names(parts, variables)
    return Encoding(tuple(parts), dict(variables), names, term_of)


def _is_full(
    factor: str,
    term: tuple[str, ...],
    present: set[frozenset[str]],
    variables: Mapping[str, Categorical | Numeric | Expression],
) -> bool:
    return isinstance(variables[factor], Categorical) and frozenset(term) - {factor} not in present


def _names(
    parts: Sequence[tuple[Part, ...]], variables: Mapping[str, Categorical | Numeric | Expression]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    names: list[str] = []
    term_of: list[int] = []
    for index, term in enumerate(parts):
        labels = [""] if term else [INTERCEPT]
        for position, part in enumerate(term):
            own = _part_names(part, variables[part.variable])
            labels = own if position == 0 else [f"{left}:{right}" for right in own for left in labels]
        names.extend(labels)
        term_of.extend([index] * len(labels))
    return tuple(names), tuple(term_of)


def _part_names(part: Part, variable: Categorical | Numeric | Expression) -> list[str]:
    if isinstance(variable, Numeric):
        return [variable.name]
    if isinstance(variable, Expression):
        return [f"{variable.name}{suffix}" for suffix in variable.suffixes]
    if part.full:
        return [f"{variable.label}{level}" for level in variable.levels]
    return [f"{variable.label}{suffix}" for suffix in variable.suffixes]


def columns_from_frame(encoding: Encoding, frame: pd.DataFrame) -> dict[str, Any]:
    """Codes and values of every variable of the encoding from a data frame with known levels.

    Raises
    ------
    KeyError: a level that the model has not seen, named with its variable.
    """
    columns: dict[str, Any] = {}
    for key, variable in encoding.variables.items():
        if isinstance(variable, Categorical):
            columns[key] = known_codes(variable, frame[variable.name])
        elif isinstance(variable, Numeric):
            columns[key] = frame[variable.name].to_numpy(dtype=float)
        else:
            columns[key] = apply_expression(variable, frame)
    return columns


def known_codes(variable: Categorical, values: pd.Series) -> Codes:
    """Codes of `values` among the model's levels.

    Raises
    ------
    KeyError: a value is not one of the levels.
    """
    index = {level: code for code, level in enumerate(variable.levels)}
    unknown = [v for v in pd.unique(values) if v not in index]
    if unknown:
        raise KeyError(
            f"'{variable.name}' has values the model has not seen: {', '.join(map(str, unknown[:5]))}"
        )
    return values.map(index).to_numpy(dtype=np.intp)
