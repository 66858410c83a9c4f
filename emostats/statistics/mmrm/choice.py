"""Which covariance structure is fitted: the one of the formula, or the first of a declared order that can be.

A plan may name simpler structures to fall back on. What was tried, and how each attempt ended, is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import ConvergenceError, ModelError, UsageError, did_you_mean
from emostats.statistics.mmrm.covariance import STRUCTURES
from emostats.statistics.mmrm.design import Stack
from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.optimise import Convergence, Optimum, maximise

SIMPLER: Mapping[str, str] = MappingProxyType(
    {
        "us": "toeph, adh, ar1h or csh", "toeph": "ar1h or csh", "adh": "ar1h", "ar1h": "ar1", "csh": "cs",
        "toep": "ar1 or cs", "ad": "ar1",
        "sp_exp": "ind or cs over visits", "sp_gau": "ind or cs over visits",
    }
)  # fmt: skip
"""What to try where a structure has too many parameters for the data."""

NOT_IDENTIFIABLE = "not identifiable"
"""`Convergence.reason` of a structure that was not fitted because the data do not determine it."""


@dataclass(frozen=True)
class Choice:
    """The structure that was fitted (the last one tried) and how each attempt ended, in order."""

    problem: Problem
    optimum: Optimum
    attempts: tuple[tuple[str, Convergence], ...]


def check_order(token: str, fallback: Sequence[str]) -> tuple[str, ...]:
    """The structures to try, in order: that of the formula, then `fallback`.

    Raises
    ------
    UsageError: `fallback` is no list, or names an unknown or spatial structure; or the formula's is spatial.
    """
    if isinstance(fallback, str):
        raise UsageError(
            f"fallback should be a list of structures, ('toeph', 'ar1h') say; found {fallback!r}."
        )
    lattice = [name for name, structure in STRUCTURES.items() if not structure.spatial]
    for name in fallback:
        if name not in lattice:
            raise UsageError(
                f"fallback names '{name}', which is no covariance structure over visits. "
                f"{did_you_mean(name, lattice)}"
            )
    if fallback and STRUCTURES[token].spatial:
        raise UsageError(
            f"'{token}' is defined over coordinates and has no fallback among structures over visits; "
            "fit them as models of their own."
        )
    return (token, *fallback)


def fit_first(
    stack: Stack, order: Sequence[str], reml: bool, visits: Sequence[Any], groups: Sequence[Any], s: float
) -> Choice:
    """Try the structures in order until one converges; `s` is the unit of the stack's outcome.

    Raises
    ------
    ModelError: none of them is identifiable from these data.
    ConvergenceError: none converged.
    """
    attempts: list[tuple[str, Convergence]] = []
    for token in order:
        problem = Problem(stack, STRUCTURES[token], reml)
        lack = missing_information(problem, visits, groups)
        if lack:
            attempts.append((token, Convergence(False, NOT_IDENTIFIABLE, lack, 0, math.nan, math.nan)))
            continue
        optimum = maximise(problem)
        attempts.append((token, optimum.convergence))
        if optimum.convergence.converged:
            return Choice(problem, optimum, tuple(attempts))
        last = (problem, optimum)
    if all(end.reason == NOT_IDENTIFIABLE for _, end in attempts):
        raise ModelError("\n".join(end.message for _, end in attempts))
    raise _not_converged(*last, attempts, s)


def describe(attempts: Sequence[tuple[str, Convergence]]) -> str:
    """The attempts in words: ``us: no ascent direction was found …; toeph: converged``."""
    return "; ".join(f"{token}: {end.message}" for token, end in attempts)


def missing_information(problem: Problem, visits: Sequence[Any], groups: Sequence[Any]) -> str:
    """In words, the parameters that no subject informs (pairs of visits, lags, steps); '' if none."""
    stack = problem.stack
    if stack.distances is not None:
        return _places_alone(problem, groups)
    T = stack.n_visits
    probe = np.full((T, T), 0.3) + 0.7 * np.eye(T)
    gradient = problem.structure.gradient(problem.structure.start(probe), T)
    token, names = problem.structure.token, problem.structure.names(visits)
    for g in range(stack.n_groups):
        seen = stack.observed[stack.group == g]
        together = (seen[:, :, None] & seen[:, None, :]).any(axis=0)
        moved = (gradient * together).reshape(len(gradient), -1)
        lost = _undetermined(moved)
        if lost:
            where = f" in group '{groups[g]}'" if groups else ""
            unseen = [str(visits[v]) for v in np.flatnonzero(~seen.any(axis=0)).tolist()]
            why = _why([names[h] for h in lost], bool(moved[lost].any()), unseen)
            instead = (
                SIMPLER.get(token, "ind") if not unseen else "cs or ar1, with one variance for all visits"
            )
            return (
                f"The covariance {token} is not identifiable{where}: {why}. "
                f"Take a structure that does not need them, such as {instead}."
            )
    return ""


def _why(lost: Sequence[str], seen_with_others: bool, unseen: Sequence[str]) -> str:
    """What the data lack for the parameters that are lost."""
    if unseen:
        return f"no subject was seen at {_listed(unseen)}"
    if seen_with_others:
        return f"the pairs of visits that were seen together do not determine {_listed(lost)}"
    return f"no subject was seen at both visits of {_listed(lost)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")


def _places_alone(problem: Problem, groups: Sequence[Any]) -> str:
    """In words, that no subject (of a group) has rows at two places, which the range needs; '' if one has."""
    stack = problem.stack
    for g in range(stack.n_groups):
        if stack.observed[stack.group == g].sum(axis=1).max() < 2:
            where = f" in group '{groups[g]}'" if groups else ""
            return (
                f"The covariance {problem.structure.token} is not identifiable{where}: no subject has rows "
                "at two places, so nothing tells the range. Take ind over a visit."
            )
    return ""


def _undetermined(seen: NDArray[np.float64]) -> list[int]:
    """Parameters that do not move the seen elements of Σ (H × elements), alone or against others."""
    nonzero = seen != 0
    idle = np.flatnonzero(~nonzero.any(axis=1)).tolist()
    if idle or (nonzero.sum(axis=0) <= 1).all():
        return [int(h) for h in idle]
    U, size, _ = np.linalg.svd(seen, full_matrices=False)
    rank = int((size > 1e-9 * size[0]).sum())
    return [int(h) for h in np.flatnonzero((np.abs(U[:, rank:]) > 1e-6).any(axis=1))]


def _not_converged(
    problem: Problem, optimum: Optimum, attempts: Sequence[tuple[str, Convergence]], s: float
) -> ConvergenceError:
    end, token = optimum.convergence, problem.structure.token
    advice = f" Try a simpler structure: {SIMPLER[token]}." if token in SIMPLER else ""
    tried = f" Tried: {describe(attempts)}." if len(attempts) > 1 else ""
    theta = () if optimum.at is None else tuple(optimum.at.theta * problem.theta_units(s))
    return ConvergenceError(
        f"The model did not converge after {end.iterations} iterations: {end.message} ({_seen(end)})."
        f"{tried}{advice}",
        reason=end.reason,
        theta=theta,
    )


def _seen(end: Convergence) -> str:
    """What the optimiser saw at the end: gradient, information, and for visits their correlations."""
    parts = [f"largest scaled gradient {end.gradient:.2g}"]
    if not math.isnan(end.information):
        parts.append(f"smallest eigenvalue of the scaled information {end.information:.2g}")
    if not math.isnan(end.correlation):
        parts.append(f"of the visits' correlations {end.correlation:.2g}")
    return ", ".join(parts)
