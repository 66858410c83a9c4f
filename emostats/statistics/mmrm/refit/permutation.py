"""Permutation tests of a fitted model: label permutation for groups, sign flips for changes.

Every permuted data set is refitted in full, and its t statistic (estimate ÷ model-based standard error) is
compared with that of the data, so that permuting does not rely on equal variances alone (Janssen, 1997).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import EmostatsWarning, ModelError, UsageError, did_you_mean
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.refit.bootstrap import check_call
from emostats.statistics.mmrm.refit.evaluator import RefitEvaluator
from emostats.statistics.mmrm.refit.source import units_of
from emostats.statistics.mmrm.refit.targets import Contrasts, Linear, as_target
from emostats.statistics.mmrm.refit.variants import refitter_of_versions, relabelled, signed
from emostats.statistics.resampling.draws import BLOCK, Seed, as_seed_sequence, child, generator, n_blocks
from emostats.statistics.resampling.evaluate import Replicates
from emostats.statistics.resampling.run import in_parallel, join
from emostats.statistics.resampling.units import Units

Float = NDArray[np.float64]

ALTERNATIVES = ("two-sided", "greater", "less")
_TIE = 1e-8
"""Relative difference of statistics below which they count as equal (and against the hypothesis)."""


@dataclass(frozen=True, eq=False)
class PermutationResult:
    """Permutation tests, one a quantity.

    Attributes
    ----------
    names, estimate, std_error, statistic: (q,) of the data, the standard error by the model.
    p_value: (q,). With all permutations enumerated (`exact`) their share at least as extreme, else
        (1 + number at least as extreme) / (1 + number of permutations).
    distribution: (B, q) permuted statistics, NaN where the refit failed. n_failed: (q,).
    scheme: ``"sign flip"`` or ``"labels of …"``. alternative: see `MMRMFit.permutation_test`.
    """

    names: tuple[str, ...]
    estimate: Float
    std_error: Float
    statistic: Float
    p_value: Float
    distribution: Float
    n_failed: NDArray[np.intp]
    scheme: str
    alternative: str
    exact: bool
    seed: Seed

    @property
    def n_permutations(self) -> int:
        """Permuted data sets that were refitted."""
        return len(self.distribution)

    def table(self) -> pd.DataFrame:
        """contrast, estimate, std_error, statistic, p_value, n_permutations, n_failed, exact."""
        return pd.DataFrame(
            {
                "contrast": self.names,
                "estimate": self.estimate,
                "std_error": self.std_error,
                "statistic": self.statistic,
                "p_value": self.p_value,
                "n_permutations": self.n_permutations,
                "n_failed": self.n_failed,
                "exact": self.exact,
            }
        )


def permutation_fit(
    fit: FittedModel,
    contrasts: Contrasts,
    *,
    by: str | None,
    n_resamples: int,
    alternative: str,
    unit: str | None,
    strata: str | Sequence[str] | None,
    seed: Seed,
    n_jobs: int | None,
) -> PermutationResult:
    """Permutation tests of targets; see `MMRMFit.permutation_test`."""
    check_call(n_resamples, 0.95)
    if alternative not in ALTERNATIVES:
        raise UsageError(f"alternative='{alternative}' is unknown. {did_you_mean(alternative, ALTERNATIVES)}")
    target = as_target(contrasts, len(fit.beta))
    units = units_of(fit, unit, strata)
    if by is None:
        if not isinstance(target, Linear):
            raise UsageError("Sign flips test linear functions: LS means, changes and their differences.")
        parts = [
            _sign_flips(fit, target, j, units, n_resamples, seed, n_jobs) for j in range(len(target.names))
        ]
        observed, permuted = (_side_by_side(list(side)) for side in zip(*parts, strict=True))
        exact = _all_flips(units.n_units, n_resamples)
    else:
        observed, permuted = _label_permutations(fit, target, by, units, n_resamples, seed, n_jobs)
        exact = False
    scheme = "sign flip" if by is None else f"labels of {by}"
    return _summary(target.names, observed, permuted, scheme, alternative, exact, seed)


def _side_by_side(parts: list[Replicates]) -> Replicates:
    errors = [part.std_errors for part in parts if part.std_errors is not None]
    causes: Counter[str] = sum((part.failures for part in parts), Counter())
    return Replicates(np.hstack([part.values for part in parts]), np.hstack(errors), causes)


def _all_flips(n_units: int, n_resamples: int) -> bool:
    """Whether all 2^n assignments of signs are no more than was asked for."""
    return n_units < 63 and 2**n_units <= n_resamples


def _sign_flips(
    fit: FittedModel, target: Linear, j: int, units: Units, n_resamples: int, seed: Seed, n_jobs: int | None
) -> tuple[Replicates, Replicates]:
    one = Linear((target.names[j],), target.L[j : j + 1], target.shift[j : j + 1])
    if not np.any(one.L):
        raise UsageError(f"'{one.names[0]}' is zero for any coefficients; there is nothing to test.")
    evaluator = refitter_of_versions(fit, signed(fit, one.L[0], float(one.shift[0])), one)
    exact = _all_flips(units.n_units, n_resamples)
    n = 2**units.n_units if exact else n_resamples
    tasks = [_Flips(evaluator, units, seed, block, n, exact) for block in range(n_blocks(n))]
    return _observed(evaluator, np.zeros(fit.n_subjects, dtype=np.intp)), join(in_parallel(tasks, n_jobs))


def _label_permutations(
    fit: FittedModel, target: object, by: str, units: Units, n_resamples: int, seed: Seed, n_jobs: int | None
) -> tuple[Replicates, Replicates]:
    versions, own = relabelled(fit, by)
    of_unit = np.zeros(units.n_units, dtype=np.intp)
    of_unit[units.unit_of_row] = own
    if (of_unit[units.unit_of_row] != own).any():
        raise UsageError(f"'{by}' varies within a unit; only units that keep one label can exchange it.")
    evaluator = refitter_of_versions(fit, versions, target)  # type: ignore[arg-type]
    tasks = [
        _Labels(evaluator, units, seed, block, n_resamples, of_unit) for block in range(n_blocks(n_resamples))
    ]
    return _observed(evaluator, own), join(in_parallel(tasks, n_jobs))


def _observed(evaluator: RefitEvaluator, version: NDArray[np.intp]) -> Replicates:
    found = evaluator.of_counts(chosen(version[None], evaluator))
    if found.std_errors is None:
        raise UsageError("A permutation test needs a standard error; these quantities have none.")
    return found


def chosen(version: NDArray[np.integer], evaluator: RefitEvaluator) -> Float:
    """Counts (B × versions · n) that take each subject in its version (B × n)."""
    B, n = version.shape
    counts = np.zeros((B, evaluator.n_units))
    counts[np.arange(B)[:, None], version * n + np.arange(n)] = 1.0
    return counts


@dataclass(frozen=True)
class _Block:
    """A block of permutations; its numbers depend on the seed and the block alone."""

    evaluator: RefitEvaluator
    units: Units
    seed: Seed
    block: int
    n: int

    @property
    def size(self) -> int:
        return min(BLOCK, self.n - self.block * BLOCK)

    @property
    def rng(self) -> np.random.Generator:
        return generator(child(as_seed_sequence(self.seed), self.block))

    def refits(self, by_unit: NDArray[np.integer]) -> Replicates:
        return self.evaluator.of_counts(chosen(by_unit[:, self.units.unit_of_row], self.evaluator))


@dataclass(frozen=True)
class _Flips(_Block):
    exact: bool

    def __call__(self) -> Replicates:
        shape = (self.size, self.units.n_units)
        if not self.exact:
            return self.refits(self.rng.integers(0, 2, size=shape))
        numbers = self.block * BLOCK + np.arange(self.size)
        return self.refits((numbers[:, None] >> np.arange(shape[1])) & 1)


@dataclass(frozen=True)
class _Labels(_Block):
    labels: NDArray[np.intp]

    def __call__(self) -> Replicates:
        rng, pieces = self.rng, []
        for part in self._strata():
            pieces.append(rng.permuted(np.tile(self.labels[part], (self.size, 1)), axis=1))
        return self.refits(np.hstack(pieces))

    def _strata(self) -> Iterator[slice]:
        for start, size in zip(self.units.stratum_starts, self.units.stratum_sizes, strict=True):
            yield slice(int(start), int(start + size))


def _summary(
    names: tuple[str, ...],
    observed: Replicates,
    permuted: Replicates,
    scheme: str,
    alternative: str,
    exact: bool,
    seed: Seed,
) -> PermutationResult:
    t, distribution = _t(observed)[0], _t(permuted)
    usable = np.isfinite(distribution)
    if not np.isfinite(t).all() or not usable.any(axis=0).all():
        raise ModelError(f"The statistic is not defined for the data or for any permutation ({scheme}).")
    bound = _towards(alternative, t) - _TIE * np.maximum(np.abs(t), 1.0)
    extreme = (np.where(usable, _towards(alternative, distribution), -np.inf) >= bound).sum(axis=0)
    n = usable.sum(axis=0)
    p = extreme / n if exact else (1 + extreme) / (1 + n)
    failed = (~usable).sum(axis=0)
    if failed.any():
        causes = "; ".join(f"{cause} ({count})" for cause, count in permuted.failures.most_common(3))
        warnings.warn(
            f"Of {len(distribution)} permutations up to {failed.max()} gave no value and were left out: "
            f"{causes}.",
            EmostatsWarning,
            stacklevel=4,
        )
    errors = np.full(t.shape, np.nan) if observed.std_errors is None else observed.std_errors[0]
    return PermutationResult(
        names, observed.values[0], errors, t, p, distribution, failed, scheme, alternative, exact, seed
    )


def _t(replicates: Replicates) -> Float:
    """Estimate ÷ standard error (B × q)."""
    if replicates.std_errors is None:
        raise ValueError("statistics of a permutation test need standard errors")
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(replicates.values / replicates.std_errors)


def _towards(alternative: str, statistic: Float) -> Float:
    """The statistic, turned so that large values speak for the alternative."""
    if alternative == "two-sided":
        return np.abs(statistic)
    return statistic if alternative == "greater" else -statistic
