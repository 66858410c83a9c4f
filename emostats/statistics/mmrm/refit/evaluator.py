"""A fitted model as a statistic of a resample of subjects: refit in full, then report the target."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.design import Scaling
from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.refit.newton import Refits, refit_block, sigma_by_group
from emostats.statistics.mmrm.refit.packed import Packed
from emostats.statistics.mmrm.refit.safe import refit_alone
from emostats.statistics.mmrm.refit.targets import Estimates, Target
from emostats.statistics.mmrm.threads import one_blas_thread
from emostats.statistics.resampling.draws import Draw
from emostats.statistics.resampling.evaluate import Replicates

Float = NDArray[np.float64]

BATCH_DOUBLES = 60_000
"""Above this many doubles of cross-products a resample is refitted alone: a block would leave the cache."""
PACKED_DOUBLES = 2**27
"""Above this many doubles (1 GiB) the subjects' cross-products are not kept: resamples are refitted alone."""

NOT_CONVERGED = "the refit did not converge"
NOT_ESTIMABLE = "a factor level was not drawn, so the quantity is not estimable"
NOT_FINITE = "the quantity is not a finite number"


@dataclass(frozen=True)
class RefitEvaluator:
    """Refits by counts of units.

    `unit_of_subject` (n,) is the unit of each subject; with `studentize` the replicates carry model-based
    standard errors.
    """

    packed: Packed
    problem: Problem
    scaling: Scaling
    theta: Float
    n_units: int
    unit_of_subject: NDArray[np.intp]
    target: Target
    studentize: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return self.target.names

    @property
    def batched(self) -> bool:
        """Whether resamples are refitted in blocks."""
        return len(self.packed.blocks) > 0

    def original(self) -> Replicates:
        """The target at the fit itself."""
        return self.of_counts(np.ones((1, len(self.unit_of_subject))))

    def replicate(self, draw: Draw) -> Replicates:
        """The target on each resample of a draw of units."""
        return self.of_counts(self._counts(draw))

    def leave_out(self, start: int, stop: int) -> Replicates:
        """The target with each of the units start … stop − 1 left out."""
        counts = (self.unit_of_subject[None] != np.arange(start, stop)[:, None]).astype(float)
        return self.of_counts(counts)

    def _counts(self, draw: Draw) -> Float:
        m, n_units = len(draw.units), self.n_units
        flat = draw.units + n_units * np.arange(m)[:, None]
        weights = None if draw.weights is None else draw.weights.ravel()
        counts = np.bincount(flat.ravel(), weights=weights, minlength=m * n_units).reshape(m, n_units)
        return counts[:, self.unit_of_subject].astype(float)

    def of_counts(self, counts: Float) -> Replicates:
        """The target with subject i counted counts[b, i] times (B × n)."""
        refits = self.refit(counts)
        estimates = self.in_units(refits)
        causes: Counter[str] = Counter()
        good = refits.converged[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(good, self.target.values(estimates), np.nan)
            errors = self.target.std_errors(estimates) if self.studentize else None
        lost = self._not_estimable(refits, estimates, values)
        for cause, rows in (
            (NOT_CONVERGED, ~good[:, 0]),
            (NOT_ESTIMABLE, lost.any(axis=1)),
            (NOT_FINITE, (~np.isfinite(values) & good & ~lost).any(axis=1)),
        ):
            if rows.any():
                causes[cause] += int(rows.sum())
        values = np.where(np.isfinite(values) & ~lost, values, np.nan)
        return Replicates(values, None if errors is None else np.where(good & ~lost, errors, np.nan), causes)

    def _not_estimable(self, refits: Refits, estimates: Estimates, values: Float) -> NDArray[np.bool_]:
        """Quantities that change as β moves along directions that the resample leaves open (B × q)."""
        out = np.zeros(values.shape, dtype=bool)
        for index, null in refits.null.items():
            here = slice(index, index + 1)
            move = self.scaling.s * self.scaling.M @ null @ np.linspace(1.0, 2.0, null.shape[1])
            size = max(float(np.abs(self.scaling.M @ self.scaling.b0).max()), self.scaling.s)
            moved = Estimates(
                estimates.beta[here] + move * size / np.abs(move).max(), estimates.Phi[here],
                estimates.Sigma[here],
            )  # fmt: skip
            change = np.abs(self.target.values(moved)[0] - values[index])
            out[index] = ~(change <= 1e-8 * size)
        return out

    def refit(self, counts: Float) -> Refits:
        """Full refits for B vectors of subjects' counts (B × n), the safer path included."""
        B, k = len(counts), self.problem.stack.k
        if self.batched:
            with one_blas_thread():
                refits = refit_block(self.packed, self.problem, self.theta, counts)
        else:
            empty = np.full((B, len(self.theta)), np.nan)
            refits = Refits(empty, np.full((B, k), np.nan), np.full((B, k, k), np.nan), np.zeros(B, bool))
        for index in map(int, np.flatnonzero(~refits.converged)):
            single = refit_alone(self.problem, self.packed.reweighted(counts[index]), (self.theta, None))
            if single is not None:
                refits.theta[index], refits.beta[index] = single.theta, single.beta
                refits.Phi[index] = single.Phi
                refits.converged[index] = True
                if single.null.size:
                    refits.null[index] = single.null
        return refits

    def in_units(self, refits: Refits) -> Estimates:
        """Refits in the data's units."""
        s, M = self.scaling.s, self.scaling.M
        beta = (self.scaling.b0 + s * refits.beta) @ M.T
        Phi = s**2 * (M @ refits.Phi @ M.T)
        return Estimates(beta, Phi, s**2 * self._sigma(refits.theta))

    def _sigma(self, theta: Float) -> Float:
        stack = self.problem.stack
        if stack.distances is not None:
            return np.full((len(theta), stack.n_groups, 1, 1), np.nan)
        out = np.full((len(theta), stack.n_groups, stack.n_visits, stack.n_visits), np.nan)
        known = np.isfinite(theta).all(axis=1)
        out[known] = sigma_by_group(self.problem, theta[known])
        return out

    def with_target(self, target: Target) -> RefitEvaluator:
        """The same data and model with another target."""
        return replace(self, target=target)
