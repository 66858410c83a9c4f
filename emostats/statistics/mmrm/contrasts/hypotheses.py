"""Hypothesis matrices of type II and type III tests over the estimable coefficients.

Type III: the sum-to-zero coefficients of a term. Type II: a term given all terms that do not contain it, over
the rows in use: L = [0, I, (X1'MX1)⁻¹X1'MX2], M the residual projection of the other terms (SAS/STAT, The
Four Types of Estimable Functions).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.design import Categorical, Encoding, Expression

Float = NDArray[np.float64]


def type_three(encoding: Encoding, kept: NDArray[np.bool_]) -> dict[str, Float]:
    """L (q × k) by term label, without the intercept."""
    grid, n_rows = _generic_rows(encoding)
    X = encoding.matrix(grid, n_rows)[:, kept]
    X_sum = encoding.with_sum_contrasts().matrix(grid, n_rows)
    T = np.linalg.lstsq(X_sum, X, rcond=1e-10)[0]
    T[np.abs(T) < 1e-10] = 0.0
    term_of = np.asarray(encoding.term_of)
    deficient = np.linalg.matrix_rank(X_sum, tol=1e-8 * np.abs(X_sum).max() * len(X_sum)) < X_sum.shape[1]
    out = {}
    for index, label in enumerate(encoding.term_labels):
        if not encoding.parts[index]:
            continue
        indicators = any(part.full for part in encoding.parts[index])
        if deficient and indicators:
            out[label] = _beyond_other_terms(
                X, X_sum, term_of == index, _containing(encoding, index, term_of)
            )
        else:
            L = _drop_zero_rows(T[term_of == index])
            out[label] = L[:-1] - L.mean(axis=0) if _beside_a_constant(encoding, index) else L
    return out


def _beside_a_constant(encoding: Encoding, index: int) -> bool:
    """Whether a term has a column a level in place of the intercept, beside other factors.

    The indicators of any other factor add up to the constant too, so what the first one adds to them is
    differences between its levels, as in SAS (NOINT). Alone it is tested by its means.
    """
    parts = encoding.parts[index]
    if () in encoding.parts or len(parts) > 1 or not parts[0].full:
        return False
    others = [{part.variable for part in term} for j, term in enumerate(encoding.parts) if j != index]
    factors = {key for key, v in encoding.variables.items() if isinstance(v, Categorical)}
    return any(names <= factors and parts[0].variable not in names for names in others)


def _containing(encoding: Encoding, index: int, term_of: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Columns of the terms that contain a term."""
    own = {part.variable for part in encoding.parts[index]}
    above = [j for j, term in enumerate(encoding.parts) if own < {part.variable for part in term}]
    return np.isin(term_of, above)


def _beyond_other_terms(X: Float, X_sum: Float, own: NDArray[np.bool_], above: NDArray[np.bool_]) -> Float:
    """For a term of indicators next to an intercept: what its means add to those of the other terms."""
    others = X_sum[:, ~own & ~above]
    left = X_sum[:, own] - others @ np.linalg.lstsq(others, X_sum[:, own], rcond=1e-10)[0]
    U, size, _ = np.linalg.svd(left, full_matrices=False)
    L = U[:, size > 1e-8 * size.max(initial=0.0)].T @ X
    L[np.abs(L) < 1e-10] = 0.0
    return L


def _drop_zero_rows(L: Float) -> Float:
    return L[np.abs(L).max(axis=1, initial=0.0) > 0] if len(L) else L


def _generic_rows(encoding: Encoding) -> tuple[dict[str, Any], int]:
    """Every combination of levels, each with several generic covariate values: X determines the coding."""
    factors = [key for key, v in encoding.variables.items() if isinstance(v, Categorical)]
    sizes = [len(encoding.variables[key].levels) for key in factors]  # type: ignore[union-attr]
    cells = (
        np.zeros((0, 1), int)
        if not sizes
        else np.array(np.meshgrid(*[np.arange(size) for size in sizes], indexing="ij")).reshape(
            len(sizes), -1
        )
    )
    numbers = [key for key in encoding.variables if key not in factors]
    repeats = 1 + sum(_width(encoding, key) for key in numbers)
    n_rows = max(1, cells.shape[1]) * repeats
    grid: dict[str, Any] = {key: np.tile(cells[at], repeats) for at, key in enumerate(factors)}
    generator = np.random.default_rng(20070)
    for key in numbers:
        grid[key] = generator.standard_normal((n_rows, _width(encoding, key)))
    return grid, n_rows


def _width(encoding: Encoding, key: str) -> int:
    variable = encoding.variables[key]
    return len(variable.suffixes) if isinstance(variable, Expression) else 1


def type_two(encoding: Encoding, kept: NDArray[np.bool_], gram: Float) -> dict[str, Float]:
    """L (q × k) by term label, without the intercept; `gram` is X'X (k × k) of the rows in use."""
    term_of = np.asarray(encoding.term_of)[kept]
    sets = [frozenset(part.variable for part in term) for term in encoding.parts]
    factors = {key for key, v in encoding.variables.items() if isinstance(v, Categorical)}
    out = {}
    for index, label in enumerate(encoding.term_labels):
        if not sets[index]:
            continue
        containing = [j for j, s in enumerate(sets) if s > sets[index] and (s - sets[index]) <= factors]
        L = _type_two_rows(term_of, index, containing, gram)
        out[label] = L[1:] - L[:1] if _beside_a_constant(encoding, index) else L
    return out


def _type_two_rows(term_of: NDArray[np.intp], index: int, containing: list[int], gram: Float) -> Float:
    own = term_of == index
    above = np.isin(term_of, containing)
    others = ~(own | above)
    G = gram
    if others.any():
        G = gram - gram[:, others] @ np.linalg.solve(gram[np.ix_(others, others)], gram[others])
    L = np.zeros((int(own.sum()), len(term_of)))
    L[:, own] = np.eye(int(own.sum()))
    if above.any() and own.any():
        L[:, above] = np.linalg.solve(G[np.ix_(own, own)], G[np.ix_(own, above)])
    return L
