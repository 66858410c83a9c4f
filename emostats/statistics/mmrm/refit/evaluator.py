"""A fitted model as a statistic of a resample of subjects: refit in full, then report the target."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.design import Scaling
from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.optimise import maximise
from emostats.statistics.mmrm.refit.newton import Refits, refit_block, sigma_by_group
from emostats.statistics.mmrm.refit.packed import Packed
from emostats.statistics.mmrm.refit.targets import Estimates, Target
from emostats.statistics.resampling.draws import Draw
from emostats.statistics.resampling.evaluate import Replicates

Float = NDArray[np.float64]

BATCH_DOUBLES = 60_000
"""Above this many doubles of cross-products a resample is refitted alone: a block would leave the cache."""


@dataclass(frozen=True)
class RefitEvaluator:
    """Refits by counts of units. `unit_of_subject` (n,) is the unit of each subject."""

    packed: Packed
    problem: Problem
    scaling: Scaling
    theta: Float
    n_units: int
    unit_of_subject: NDArray[np.intp]
    target: Target

    @property
    def names(self) -> tuple[str, ...]:
        return self.target.names

    @property
    def batched(self) -> bool:
        """Whether resamples are refitted in blocks."""
        return len(self.packed.blocks) > 0

    def original(self) -> Replicates:
        """The target at the fit itself."""
        return self._replicates(np.ones((1, len(self.unit_of_subject))))

    def replicate(self, draw: Draw) -> Replicates:
        """The target on each resample of a draw of units."""
        m, n_units = len(draw.units), self.n_units
        flat = draw.units + n_units * np.arange(m)[:, None]
        weights = None if draw.weights is None else draw.weights.ravel()
        counts = np.bincount(flat.ravel(), weights=weights, minlength=m * n_units).reshape(m, n_units)
        return self._replicates(counts[:, self.unit_of_subject].astype(float))

    def leave_out(self, start: int, stop: int) -> Replicates:
        """The target with each of the units start … stop − 1 left out."""
        counts = (self.unit_of_subject[None] != np.arange(start, stop)[:, None]).astype(float)
        return self._replicates(counts)

    def _replicates(self, counts: Float) -> Replicates:
        refits = self._refit(counts)
        estimates = self._in_units(refits)
        good = refits.converged[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.where(good, self.target.values(estimates), np.nan)
            errors = self.target.std_errors(estimates)
        failed = int((~refits.converged).sum())
        causes: Counter[str] = Counter({"the refit did not converge": failed} if failed else {})
        undefined = int((~np.isfinite(values) & good).any(axis=1).sum())
        if undefined:
            causes["the quantity is not a finite number"] += undefined
        values = np.where(np.isfinite(values), values, np.nan)
        return Replicates(values, None if errors is None else np.where(good, errors, np.nan), causes)

    def _refit(self, counts: Float) -> Refits:
        B, k = len(counts), self.problem.stack.k
        if self.batched:
            refits = refit_block(self.packed, self.problem, self.theta, counts)
        else:
            empty = np.full((B, len(self.theta)), np.nan)
            refits = Refits(empty, np.full((B, k), np.nan), np.full((B, k, k), np.nan), np.zeros(B, bool))
        for index in map(int, np.flatnonzero(~refits.converged)):
            self._refit_alone(refits, index, counts[index])
        return refits

    def _refit_alone(self, refits: Refits, index: int, counts: Float) -> None:
        """The safer path: one replicate by itself, from θ̂ and, if that fails, from its own moments."""
        problem = Problem(self.packed.reweighted(counts), self.problem.structure, self.problem.reml)
        if problem.stack.n_observations <= problem.stack.k or set(range(self.problem.stack.n_groups)) - set(
            problem.stack.group
        ):
            return
        for start in (self.theta, None):
            optimum = maximise(problem, start)
            if optimum.convergence.converged and optimum.at is not None:
                refits.theta[index], refits.beta[index] = optimum.at.theta, optimum.at.beta
                refits.Phi[index] = optimum.at.C @ optimum.at.C.T
                refits.converged[index] = True
                return

    def _in_units(self, refits: Refits) -> Estimates:
        s, M = self.scaling.s, self.scaling.M
        beta = (self.scaling.b0 + s * refits.beta) @ M.T
        Phi = s**2 * (M @ refits.Phi @ M.T)
        return Estimates(beta, Phi, s**2 * self._sigma(refits.theta))

    def _sigma(self, theta: Float) -> Float:
        stack = self.problem.stack
        if stack.distances is not None:
            return np.full((len(theta), stack.n_groups, 1, 1), np.nan)
        return sigma_by_group(self.problem, theta)
