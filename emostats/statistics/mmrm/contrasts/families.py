"""Families of contrasts over the levels of a factor, with emmeans' names and order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError, did_you_mean

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """Contrast coefficients (rows × n levels), their names, and the kind, by which adjustments fit."""

    names: tuple[str, ...]
    coefficients: Float
    kind: str


def contrast_family(method: str | Mapping[str, ArrayLike] | ArrayLike, levels: Sequence[str]) -> Family:
    """A family by name, by a mapping name → coefficients, or by a matrix (one row a contrast).

    Names: ``pairwise`` (first − second), ``revpairwise``, ``trt.vs.ctrl`` (against the first level),
    ``trt.vs.ctrlk`` (against the last), ``consecutive``, ``poly`` (orthogonal polynomials in whole numbers),
    ``eff`` (against the mean).

    Raises
    ------
    UsageError: an unknown name, or coefficients that do not match the number of levels.
    """
    if isinstance(method, str):
        if method not in _FAMILIES:
            raise UsageError(f"Unknown contrasts '{method}'. {did_you_mean(method, _FAMILIES)}")
        if len(levels) < 2:
            return Family((), np.zeros((0, len(levels))), method)
        names, coefficients = _FAMILIES[method](levels)
        return Family(
            tuple(names), np.asarray(coefficients, dtype=float).reshape(-1, len(levels)), _KIND[method]
        )
    return _custom(method, levels)


def _custom(method: Mapping[str, ArrayLike] | ArrayLike, levels: Sequence[str]) -> Family:
    if isinstance(method, Mapping):
        names = [str(name) for name in method]
        rows = [np.asarray(row, dtype=float) for row in method.values()]
    else:
        rows = list(np.atleast_2d(np.asarray(method, dtype=float)))
        names = [f"C{number}" for number in range(1, len(rows) + 1)]
    wrong = [name for name, row in zip(names, rows, strict=True) if row.shape != (len(levels),)]
    if wrong:
        raise UsageError(
            f"Contrasts need one coefficient a level ({len(levels)}: {', '.join(levels)}); "
            f"wrong length in: {', '.join(wrong)}."
        )
    return Family(tuple(names), np.array(rows), "custom")


def _difference(levels: Sequence[str], pairs: Sequence[tuple[int, int]]) -> tuple[list[str], Float]:
    rows = np.zeros((len(pairs), len(levels)))
    for row, (plus, minus) in enumerate(pairs):
        rows[row, plus], rows[row, minus] = 1.0, -1.0
    return [f"{levels[plus]} - {levels[minus]}" for plus, minus in pairs], rows


def _pairwise(levels: Sequence[str]) -> tuple[list[str], Float]:
    n = len(levels)
    return _difference(levels, [(i, j) for i in range(n) for j in range(i + 1, n)])


def _revpairwise(levels: Sequence[str]) -> tuple[list[str], Float]:
    return _difference(levels, [(i, j) for i in range(len(levels)) for j in range(i)])


def _versus_first(levels: Sequence[str]) -> tuple[list[str], Float]:
    return _difference(levels, [(i, 0) for i in range(1, len(levels))])


def _versus_last(levels: Sequence[str]) -> tuple[list[str], Float]:
    last = len(levels) - 1
    return _difference(levels, [(i, last) for i in range(last)])


def _consecutive(levels: Sequence[str]) -> tuple[list[str], Float]:
    return _difference(levels, [(i + 1, i) for i in range(len(levels) - 1)])


def _effects(levels: Sequence[str]) -> tuple[list[str], Float]:
    n = len(levels)
    return [f"{level} effect" for level in levels], np.eye(n) - 1 / n


def _polynomials(levels: Sequence[str]) -> tuple[list[str], Float]:
    n = len(levels)
    degree = min(n - 1, 6)
    Q, R = np.linalg.qr(np.vander(np.arange(n) - (n - 1) / 2, degree + 1, increasing=True))
    columns = (Q * np.sign(np.diagonal(R)))[:, 1:].T
    named = ["linear", "quadratic", "cubic", "quartic", "degree 5", "degree 6"]
    return named[:degree], np.array([_whole_numbers(column) for column in columns])


def _whole_numbers(column: Float) -> Float:
    column = column / np.abs(column[np.abs(column) > 1e-9]).min()
    for multiple in range(1, 1000):
        if np.allclose(column * multiple, np.round(column * multiple), atol=1e-6):
            return np.round(column * multiple)
    return column


_FAMILIES: Mapping[str, Any] = {
    "pairwise": _pairwise,
    "revpairwise": _revpairwise,
    "trt.vs.ctrl": _versus_first,
    "trt.vs.ctrl1": _versus_first,
    "trt.vs.ctrlk": _versus_last,
    "consecutive": _consecutive,
    "poly": _polynomials,
    "eff": _effects,
}
_KIND = {
    name: ("pairwise" if "pairwise" in name else "control" if "ctrl" in name else name) for name in _FAMILIES
}
