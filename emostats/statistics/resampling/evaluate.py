"""Computing a statistic on resamples: from sums, from ordered values, or by calling a function.

An evaluator holds the data of one bootstrap. It is sent to workers as a whole, so it holds arrays and
functions only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from emostats.statistics.resampling.draws import Draw, child, generator
from emostats.statistics.resampling.sums import FloatArray, SumStatistic
from emostats.statistics.resampling.units import IntArray, Units
from emostats.statistics.resampling.weights import WeightStatistic

Data = pd.DataFrame | pd.Series | npt.NDArray[Any]
Statistic = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Replicates:
    """Values (m, q) of q statistics on m resamples, NaN where a statistic failed.

    `std_errors` (m, q) are there for studentized intervals. `failures` counts what went wrong, in words.
    """

    values: FloatArray
    std_errors: FloatArray | None = None
    failures: Counter[str] = field(default_factory=Counter)


class Evaluator(Protocol):
    """What the bootstrap needs of a statistic. `names` are its q names."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def original(self) -> Replicates:
        """The statistic on the data themselves, (1, q)."""

    def replicate(self, draw: Draw) -> Replicates:
        """The statistic on each resample of `draw`."""

    def leave_out(self, start: int, stop: int) -> Replicates:
        """The statistic with each of the units start … stop - 1 left out."""


def _finite(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, np.nan)


def _count_undefined(values: FloatArray) -> Counter[str]:
    undefined = int(np.isnan(values).any(axis=1).sum())
    return Counter({"the statistic is not a finite number": undefined} if undefined else {})


def product(draw: Draw, first: int, last: int, shares: FloatArray) -> FloatArray:
    """Totals (m, k) of `shares` (U, k) over the units drawn in columns first … last - 1 of the draw.

    A sparse product that reads each drawn unit once; its sums run in the order of the draw, so they depend on
    neither the number of threads nor the size of the piece.
    """
    from scipy.sparse import csr_array

    units = np.ascontiguousarray(draw.units[:, first:last])
    size, n = units.shape
    weights = np.ones(size * n) if draw.weights is None else draw.weights[:, first:last].ravel()
    pointer = np.arange(size + 1, dtype=np.int32) * np.int32(n)
    matrix = csr_array((weights, units.ravel(), pointer), shape=(size, len(shares)), copy=False)
    return np.asarray(matrix @ shares)


@dataclass(frozen=True, eq=False)
class SumEvaluator:
    """A `SumStatistic` by its sums over units.

    `shares` (U, k) are the units' contributions, `centre` what was subtracted from the columns.
    """

    statistic: SumStatistic
    units: Units
    shares: FloatArray
    centre: FloatArray
    studentize: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.statistic.name,)

    def original(self) -> Replicates:
        totals = self.shares.sum(axis=0, keepdims=True)
        std_errors = self.original_std_error() if self.studentize else None
        return self._replicates(totals, std_errors)

    def replicate(self, draw: Draw) -> Replicates:
        if self.studentize:
            totals, covariance = self._totals_and_covariance(draw)
            return self._replicates(totals, self._std_error(totals, covariance))
        return self._replicates(self._totals(draw), None)

    def leave_out(self, start: int, stop: int) -> Replicates:
        return self._replicates(self.shares.sum(axis=0) - self.shares[start:stop], None)

    def original_std_error(self) -> FloatArray:
        """(1, 1) linearised (infinitesimal jackknife) standard error on the data."""
        everyone = np.arange(self.units.n_units, dtype=np.int32)[None, :]
        whole = Draw(everyone, None, np.zeros(1, dtype=np.int64), np.random.SeedSequence(0))
        return self._std_error(*self._totals_and_covariance(whole))

    def influence(self) -> FloatArray:
        """(U,) empirical influence values n_h g' (S_i - mean_h S) (Efron & Tibshirani, 1993, eq. 22.34)."""
        totals = self.shares.sum(axis=0, keepdims=True)
        linear = self.shares @ self.statistic.gradient(totals, self.centre)[0]
        stratum = self.units.stratum_of_unit
        size = self.units.stratum_sizes
        mean = np.bincount(stratum, weights=linear) / size
        return np.asarray(size[stratum] * (linear - mean[stratum]))

    def _replicates(self, totals: FloatArray, std_errors: FloatArray | None) -> Replicates:
        values = _finite(self.statistic.evaluate(totals, self.centre))[:, None]
        return Replicates(values, std_errors, _count_undefined(values))

    def _totals(self, draw: Draw) -> FloatArray:
        """Totals of the shares; a share that is the same for all units needs no summing."""
        n_units = self.units.n_units
        constant, varying = self._varying
        totals = np.empty((len(draw.units), self.shares.shape[1]))
        totals[:, constant] = self.shares[0, constant] * n_units
        if not constant.all():
            part = product(draw, 0, n_units, varying)
            totals[:, ~constant] = part.reshape(len(totals), -1)
        return totals

    @cached_property
    def _varying(self) -> tuple[npt.NDArray[np.bool_], FloatArray]:
        """Which shares are the same for all units, and the others (a vector if it is one)."""
        constant = (self.shares == self.shares[0]).all(axis=0)
        varying = np.ascontiguousarray(self.shares[:, ~constant])
        return constant, varying[:, 0] if varying.shape[1] == 1 else varying

    def _totals_and_covariance(self, draw: Draw) -> tuple[FloatArray, FloatArray]:
        """Totals (m, k) and their covariance (m, k, k): sum_h sum_i (S_i - mean_h)(S_i - mean_h)'."""
        k = self.shares.shape[1]
        totals = np.zeros((len(draw.units), k))
        covariance = np.zeros((len(draw.units), k, k))
        squares = np.einsum("ui,uj->uij", self.shares, self.shares).reshape(len(self.shares), k * k)
        both = np.hstack([self.shares, squares])
        for first, n in zip(self.units.stratum_starts, self.units.stratum_sizes, strict=True):
            sums = product(draw, int(first), int(first + n), both)
            of_stratum = sums[:, :k]
            totals += of_stratum
            outer = np.einsum("mi,mj->mij", of_stratum, of_stratum) / n
            covariance += sums[:, k:].reshape(-1, k, k) - outer
        return totals, covariance

    def _std_error(self, totals: FloatArray, covariance: FloatArray) -> FloatArray:
        gradient = self.statistic.gradient(totals, self.centre)
        with np.errstate(all="ignore"):
            variance = np.einsum("mi,mij,mj->m", gradient, covariance, gradient)
            scale = np.einsum("mi,mi,mii->m", gradient, gradient, np.abs(covariance))
            positive = variance > 1e-14 * scale
            return np.sqrt(np.where(positive, variance, np.nan))[:, None]


def counts_of_units(drawn: npt.NDArray[np.integer], n_units: int) -> FloatArray:
    """(B, U) how often each unit was drawn in each resample (B, U)."""
    return np.array([np.bincount(row, minlength=n_units) for row in drawn], dtype=float)


@dataclass(frozen=True, eq=False)
class WeightEvaluator:
    """A `WeightStatistic` of the complete rows (n, c), sorted by their first column; `unit` (n,) is that of
    each."""

    statistic: WeightStatistic
    units: Units
    ordered: FloatArray
    unit: IntArray

    @property
    def names(self) -> tuple[str, ...]:
        return (self.statistic.name,)

    def original(self) -> Replicates:
        return self._replicates(np.ones((1, self.units.n_units)))

    def replicate(self, draw: Draw) -> Replicates:
        counts = counts_of_units(draw.units, self.units.n_units) if draw.weights is None else draw.weights
        return self._replicates(counts)

    def leave_out(self, start: int, stop: int) -> Replicates:
        weights = np.ones((stop - start, self.units.n_units))
        weights[np.arange(stop - start), np.arange(start, stop)] = 0
        return self._replicates(weights)

    def _replicates(self, unit_weights: FloatArray) -> Replicates:
        values = _finite(self.statistic.evaluate(self.ordered, unit_weights[:, self.unit]))[:, None]
        return Replicates(values, None, _count_undefined(values))


@dataclass(frozen=True, eq=False)
class JoinedEvaluator:
    """Several evaluators on the same draws, their statistics side by side under `names`."""

    parts: tuple[SumEvaluator | WeightEvaluator, ...]
    names: tuple[str, ...]

    def original(self) -> Replicates:
        return self._join([part.original() for part in self.parts])

    def replicate(self, draw: Draw) -> Replicates:
        return self._join([part.replicate(draw) for part in self.parts])

    def leave_out(self, start: int, stop: int) -> Replicates:
        return self._join([part.leave_out(start, stop) for part in self.parts])

    @staticmethod
    def _join(parts: list[Replicates]) -> Replicates:
        errors = [part.std_errors for part in parts]
        joined = None if any(e is None for e in errors) else np.hstack([e for e in errors if e is not None])
        failures: Counter[str] = sum((part.failures for part in parts), Counter())
        return Replicates(np.hstack([part.values for part in parts]), joined, failures)


def named_values(result: Any) -> dict[str, float]:
    """What a statistic returned, as numbers by name.

    A mapping, a Series or a named tuple keeps its names, a bare number is called ``"statistic"``, and the
    entries of an array ``"statistic[0]"``, ``"statistic[1]"``, …
    """
    if isinstance(result, pd.Series | Mapping):
        return {str(name): float(value) for name, value in result.items()}
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return {name: float(value) for name, value in zip(result._fields, result, strict=True)}
    array = np.asarray(result, dtype=float)
    if array.ndim == 0:
        return {"statistic": float(array)}
    return {f"statistic[{k}]": float(value) for k, value in enumerate(array.ravel())}


@dataclass(frozen=True, eq=False)
class FunctionEvaluator:
    """Any function of the resampled data.

    Attributes
    ----------
    data: what `statistic` receives a resample of; table, series or array alike.
    names: of the values it returns.
    relabel: write the number of the draw into the last unit column, so that a child drawn twice is two
        children.
    weighted: call ``statistic(data, weights)`` with one weight a row, instead of resampling rows.
    std_error: ``std_error(resample)``, for studentized intervals; `n_nested` resamples of the resample
        without it.
    """

    statistic: Statistic
    data: Data
    units: Units
    names: tuple[str, ...]
    relabel: bool = True
    weighted: bool = False
    std_error: Statistic | None = None
    n_nested: int = 0

    def original(self) -> Replicates:
        values = self._call(
            self.statistic, self.data, *([np.ones(self.units.n_rows)] if self.weighted else [])
        )
        errors = None if self.std_error is None else self._call(self.std_error, self.data)[None, :]
        return Replicates(values[None, :], errors, Counter())

    def replicate(self, draw: Draw) -> Replicates:
        if self.weighted and draw.weights is not None:
            return self._each([self._weighted_call(row) for row in draw.weights])
        results = []
        for drawn, number in zip(draw.units, draw.numbers, strict=True):
            results.append(self._resample_call(drawn, child(draw.seed, int(number))))
        return self._each(results)

    def leave_out(self, start: int, stop: int) -> Replicates:
        everyone = np.arange(self.units.n_units)
        if self.weighted:
            return self._each(
                [self._weighted_call((everyone != u).astype(float)) for u in range(start, stop)]
            )
        return self._each(
            [(*self._safely(self.statistic, self.without(u)), None) for u in range(start, stop)]
        )

    def on(self, data: Data) -> tuple[FloatArray, str, FloatArray | None]:
        """Values, what went wrong, and standard errors on a data set drawn elsewhere."""
        values, failure = self._safely(self.statistic, data)
        if failure or self.std_error is None:
            return values, failure, None
        errors, failure = self._safely(self.std_error, data)
        return values, failure, errors

    def gather(self, results: list[tuple[FloatArray, str, FloatArray | None]]) -> Replicates:
        """Replicates from what `on` returned."""
        return self._each(results)

    def resample(self, drawn: npt.NDArray[np.integer]) -> Data:
        """The data of the drawn units, in order of the draw."""
        rows, draw = self.units.rows_of(drawn)
        if isinstance(self.data, np.ndarray):
            return self.data[rows]
        taken = self.data.take(rows)
        taken.index = pd.RangeIndex(len(rows))
        if self.relabel and self.units.columns and isinstance(taken, pd.DataFrame):
            taken[self.units.columns[-1]] = draw
        return taken

    def without(self, unit: int) -> Data:
        """The data without one unit, in their own order and with their own identifiers."""
        keep = np.flatnonzero(self.units.unit_of_row != unit)
        return self.data[keep] if isinstance(self.data, np.ndarray) else self.data.take(keep)

    def _resample_call(
        self, drawn: npt.NDArray[np.integer], seed: np.random.SeedSequence
    ) -> tuple[FloatArray, str, FloatArray | None]:
        values, failure, errors = self.on(self.resample(drawn))
        if self.n_nested and not failure:
            errors = self._nested_std_error(drawn, generator(seed))
        return values, failure, errors

    def _nested_std_error(self, drawn: npt.NDArray[np.integer], rng: np.random.Generator) -> FloatArray:
        """Standard deviation over resamples of the resample, drawn in the same strata; NaN if fewer than 2
        count."""
        inner = np.full((self.n_nested, len(self.names)), np.nan)
        pairs = list(zip(self.units.stratum_starts, self.units.stratum_sizes, strict=True))
        for b in range(self.n_nested):
            again = np.concatenate([drawn[start + rng.integers(0, n, n)] for start, n in pairs])
            inner[b] = self._safely(self.statistic, self.resample(again))[0]
        counted = np.isfinite(inner).sum(axis=0)
        errors = np.full(len(self.names), np.nan)
        for j in np.flatnonzero(counted >= 2):
            errors[j] = np.nanstd(inner[:, j], ddof=1)
        return errors

    def _weighted_call(self, unit_weights: FloatArray) -> tuple[FloatArray, str, FloatArray | None]:
        weights = unit_weights[self.units.unit_of_row]
        return (*self._safely(self.statistic, self.data, weights), None)

    def _safely(self, function: Statistic, *arguments: Any) -> tuple[FloatArray, str]:
        """Values and '', or NaNs and what went wrong."""
        try:
            return self._call(function, *arguments), ""
        except Exception as error:  # a failing resample is counted and reported, whatever it fails with
            return np.full(len(self.names), np.nan), f"{type(error).__name__}: {error}"[:200]

    def _call(self, function: Statistic, *arguments: Any) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = named_values(function(*arguments))
        if tuple(values) == self.names:
            return _finite(np.array(list(values.values()), dtype=float))
        missing = [name for name in self.names if name not in values]
        if len(values) == len(self.names) == 1:
            return _finite(np.array(list(values.values()), dtype=float))
        if missing:
            raise ValueError(f"the statistic returned no value for {', '.join(missing)}")
        return _finite(np.array([values[name] for name in self.names], dtype=float))

    @staticmethod
    def _each(results: list[tuple[FloatArray, str, FloatArray | None]]) -> Replicates:
        values = np.array([value for value, _, _ in results])
        failures = Counter(failure for _, failure, _ in results if failure)
        silent = sum(not failure and bool(np.isnan(value).any()) for value, failure, _ in results)
        if silent:
            failures["the statistic is not a finite number"] += silent
        errors = None
        if any(error is not None for _, _, error in results):
            blank = np.full(values.shape[1], np.nan)
            errors = np.array([blank if error is None else error for _, _, error in results])
        return Replicates(values, errors, failures)
