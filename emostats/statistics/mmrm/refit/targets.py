"""What a resample reports: linear functions of β, and ratios and standardized effects made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError
from emostats.statistics.mmrm.emmeans import LinearEstimates

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Estimates:
    """Refits in the data's units: β (B × k), Φ (B × k × k), Σ by group (B × G × T × T)."""

    beta: Float
    Phi: Float
    Sigma: Float


class Target(Protocol):
    """Named quantities of a refit."""

    @property
    def names(self) -> tuple[str, ...]: ...

    def values(self, estimates: Estimates) -> Float:
        """(B × q)."""

    def std_errors(self, estimates: Estimates) -> Float | None:
        """(B × q) model-based standard errors for studentized intervals, or None."""


@dataclass(frozen=True)
class Linear:
    """L β + shift: LS means, changes, differences of changes."""

    names: tuple[str, ...]
    L: Float
    shift: Float

    def values(self, estimates: Estimates) -> Float:
        return estimates.beta @ self.L.T + self.shift

    def std_errors(self, estimates: Estimates) -> Float | None:
        return np.asarray(np.sqrt(np.einsum("qa,bac,qc->bq", self.L, estimates.Phi, self.L, optimize=True)))


@dataclass(frozen=True)
class PercentChange:
    """100 · (change ÷ reference), each linear in β: percent improvement as a ratio of means."""

    names: tuple[str, ...]
    change: Float
    reference: Float

    def values(self, estimates: Estimates) -> Float:
        with np.errstate(divide="ignore", invalid="ignore"):
            return 100 * (estimates.beta @ self.change.T) / (estimates.beta @ self.reference.T)

    def std_errors(self, estimates: Estimates) -> Float | None:
        top, bottom = estimates.beta @ self.change.T, estimates.beta @ self.reference.T
        gradient = (self.change[None] - (top / bottom)[:, :, None] * self.reference[None]) / bottom[
            :, :, None
        ]
        return np.asarray(
            100 * np.sqrt(np.einsum("bqa,bac,bqc->bq", gradient, estimates.Phi, gradient, optimize=True))
        )


@dataclass(frozen=True)
class Standardized:
    """A linear function in standard deviations of one visit (by the model's Σ, of one covariance group)."""

    names: tuple[str, ...]
    L: Float
    visit: int
    group: int = 0

    def values(self, estimates: Estimates) -> Float:
        sd = np.sqrt(estimates.Sigma[:, self.group, self.visit, self.visit])
        return (estimates.beta @ self.L.T) / sd[:, None]

    def std_errors(self, estimates: Estimates) -> Float | None:
        return None


@dataclass(frozen=True)
class Several:
    """Targets side by side."""

    parts: tuple[Target, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for part in self.parts for name in part.names)

    def values(self, estimates: Estimates) -> Float:
        return np.concatenate([part.values(estimates) for part in self.parts], axis=1)

    def std_errors(self, estimates: Estimates) -> Float | None:
        pieces = [part.std_errors(estimates) for part in self.parts]
        if any(piece is None for piece in pieces):
            return None
        return np.concatenate([piece for piece in pieces if piece is not None], axis=1)


Contrasts = LinearEstimates | Target | Mapping[str, ArrayLike] | ArrayLike | Sequence["Contrasts"]


def as_target(contrasts: Contrasts, n_coefficients: int) -> Target:
    """LS means or contrasts, a mapping name → coefficients, a matrix, a target, or a list of these.

    Raises
    ------
    UsageError: coefficients of the wrong length, or two quantities of one name.
    """
    target = _one_target(contrasts, n_coefficients)
    repeated = pd.Index(target.names)[pd.Index(target.names).duplicated()]
    if len(repeated):
        raise UsageError(f"Each bootstrapped quantity needs a name of its own; twice: '{repeated[0]}'.")
    return target


def _one_target(contrasts: Contrasts, k: int) -> Target:
    if isinstance(contrasts, LinearEstimates):
        return linear_target(contrasts)
    if isinstance(contrasts, list | tuple) and contrasts and all(_is_one_target(p) for p in contrasts):
        return Several(tuple(_one_target(part, k) for part in contrasts))
    if hasattr(contrasts, "std_errors") and hasattr(contrasts, "values") and hasattr(contrasts, "names"):
        return contrasts  # type: ignore[return-value]
    rows = dict(contrasts) if isinstance(contrasts, Mapping) else None
    L = np.atleast_2d(np.asarray(list(rows.values()) if rows is not None else contrasts, dtype=float))
    if L.shape[1] != k:
        raise UsageError(f"A contrast needs one number a coefficient ({k}); found {L.shape[1]}.")
    names = tuple(map(str, rows)) if rows is not None else tuple(f"L{i + 1}" for i in range(len(L)))
    return Linear(names, L, np.zeros(len(L)))


def _is_one_target(part: object) -> bool:
    return isinstance(part, LinearEstimates | Mapping) or hasattr(part, "std_errors")


def linear_target(estimates: LinearEstimates) -> Linear:
    """LS means or contrasts as a target; names join the levels."""
    if not estimates.estimable.all():
        raise UsageError("Some of these LS means are not estimable; leave them out before the bootstrap.")
    names = tuple(", ".join(map(str, row)) for row in estimates.levels.itertuples(index=False))
    return Linear(names, estimates.L, estimates.shift)
