"""Deletion by one step from the fit, for many units: one pass over the subjects, no refits.

In the basis F = [C | v] of the likelihood, with S_u = Σ_i Z_i'W_iZ_i over the unit's subjects, deletion at
the fitted θ is exact:

    Φ_(u) = (I − S_u)⁻¹,   γ_(u) − γ̂ = −Φ_(u) s_u       S_u the X-part, s_u its product with the residuals

and so is the gradient g_(u) of the deleted likelihood at θ̂ (equation (2) of `likelihood` without the unit's
terms). θ then moves by one Newton step with the information of all rows, V g_(u), and β and Φ follow by their
derivatives −q_h and E_h (Beckman, Nachtsheim & Cook 1987; SAS calls the part at fixed θ the noniterative
update).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.design import subject_rows
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.influence.measures import Base, Deleted

Float = NDArray[np.float64]
Index = NDArray[np.intp]

_CHUNK = 1024
_LEVERAGE = 1e-9
"""Smallest eigenvalue of I − S_u below which the remaining units do not determine the means."""


@dataclass(frozen=True)
class _Part:
    """Some units: H = WZF (n × T × K) of their subjects, products S (u × K × K), each's first subject."""

    units: Index
    subjects: Index
    starts: Index
    H: Float
    S: Float


def delete_by_one_step(
    fit: FittedModel, base: Base, unit_of_subject: Index, n_units: int, V: Float
) -> Deleted:
    """Estimates without each unit, to first order in what the unit changes about θ; `V` covariance of θ̂."""
    k, H = len(base.at.beta), len(base.at.theta)
    theta, beta = np.full((n_units, H), np.nan), np.full((n_units, k), np.nan)
    log_det, scale = np.full(n_units, np.nan), np.full((n_units, k), np.nan)
    distance = np.full(n_units, np.nan)
    derivative = _sigma_derivatives(base)
    q, E = base.slope.U[:, :k, k], base.slope.U[:, :k, :k]
    for part in _parts(fit, base, unit_of_subject, n_units):
        Phi, move, ok = _at_fixed_theta(part.S, k)
        step = _gradient(base, part, Phi, move, derivative, fit.located.pattern) @ V
        gamma = move - step @ q
        rows = part.units[ok]
        theta[rows], beta[rows] = (base.at.theta + step)[ok], (base.at.beta + gamma @ base.at.C.T)[ok]
        change = np.tensordot(step, E, 1)
        sign, log = np.linalg.slogdet(Phi + change)
        log_det[rows] = np.where(sign > 0, log, np.nan)[ok]
        scale[rows] = _roots(base, np.eye(k) + change)[ok]
        distance[rows] = ((step @ base.slope.information) * step).sum(axis=1)[ok]
        if not base.problem.reml:
            distance[rows] += (gamma[ok] ** 2).sum(axis=1)
    return Deleted(theta, beta, log_det, scale, distance)


def _parts(fit: FittedModel, base: Base, unit_of_subject: Index, n_units: int) -> Iterator[_Part]:
    order = np.argsort(unit_of_subject, kind="stable")
    sizes = np.bincount(unit_of_subject, minlength=n_units)
    ends = np.cumsum(sizes)
    F = _basis(base)
    first = 0
    while first < n_units:
        done = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
        subjects = order[done : ends[last - 1]]
        ZF = subject_rows(fit.frame, fit.scaling, fit.located, subjects) @ F
        H = base.at.W[fit.located.pattern[subjects]] @ ZF
        starts = ends[first:last] - sizes[first:last] - done
        S = np.add.reduceat(ZF.transpose(0, 2, 1) @ H, starts, axis=0)
        yield _Part(np.arange(first, last), subjects, starts, H, S)
        first = last


def _basis(base: Base) -> Float:
    """F = [C | v] with v = (−β, 1)."""
    k = len(base.at.beta)
    F = np.zeros((k + 1, k + 1))
    F[:k, :k], F[:k, k], F[k, k] = base.at.C, -base.at.beta, 1.0
    return F


def _at_fixed_theta(S: Float, k: int) -> tuple[Float, Float, NDArray[np.bool_]]:
    """Φ_(u), γ_(u) − γ̂, and whether the means are determined without the unit."""
    left = np.eye(k) - S[:, :k, :k]
    ok = np.linalg.eigvalsh(left)[:, 0] > _LEVERAGE
    Phi = np.linalg.inv(np.where(ok[:, None, None], left, np.eye(k)))
    return Phi, -(Phi @ S[:, :k, k:])[:, :, 0], np.asarray(ok)


def _gradient(base: Base, part: _Part, Phi: Float, move: Float, derivative: Float, pattern: Index) -> Float:
    """Gradient (u × H) of the likelihood without each unit, at θ̂."""
    k = move.shape[1]
    U, reml = base.slope.U, base.problem.reml
    a = np.concatenate([-move, np.ones((len(move), 1))], axis=1)
    of_subject = np.repeat(np.arange(len(part.units)), np.diff([*part.starts, len(part.subjects)]))
    e = part.H @ a[of_subject][:, :, None]
    D = e @ e.transpose(0, 2, 1)
    whole = np.einsum("ua,hab,ub->uh", a, U, a, optimize=True) - U[:, k, k]
    if reml:
        HX = part.H[:, :, :k]
        D += HX @ Phi[of_subject] @ HX.transpose(0, 2, 1)
        whole += np.einsum("uab,hab->uh", Phi - np.eye(k), U[:, :k, :k], optimize=True)
    W = base.at.W[pattern[part.subjects]]
    own = _contract(W - D, derivative, pattern[part.subjects])
    return np.asarray(0.5 * (whole + np.add.reduceat(own, part.starts, axis=0)) + base.slope.gradient)


def _contract(D: Float, derivative: Float, pattern: Index) -> Float:
    """<D_i, Σ_h of the subject's pattern> (n × H); `derivative` (P × H × T × T), or one for all patterns."""
    n, T, _ = D.shape
    if len(derivative) == 1:
        return np.asarray(D.reshape(n, T * T) @ derivative[0].reshape(-1, T * T).T)
    return np.asarray(np.einsum("nab,nhab->nh", D, derivative[pattern], optimize=True))


def _sigma_derivatives(base: Base) -> Float:
    """Σ_h by pattern (P × H × T × T); one for all when there is one covariance group over visits.

    Rows and columns of visits not observed do not matter: what they meet is zero.
    """
    problem, stack = base.problem, base.problem.stack
    h = problem.n_theta_group
    if stack.distances is None and stack.n_groups == 1:
        return problem.structure.gradient(base.at.theta, stack.n_visits)[None]
    out = np.zeros((len(stack.n), problem.n_theta, stack.n_visits, stack.n_visits))
    for g in range(stack.n_groups):
        gradient = problem.structure.gradient(problem.theta_of(base.at.theta, g), problem.positions(g))
        mine = stack.group == g
        by_pattern = gradient[None] if gradient.ndim == 3 else gradient.transpose(1, 0, 2, 3)
        out[mine, g * h : (g + 1) * h] = by_pattern
    return out


def _roots(base: Base, Phi: Float) -> Float:
    """Square roots (u × k) of the diagonal of CΦC' in the data's units; NaN where it is not positive."""
    L = base.to_raw @ base.at.C
    variance = np.einsum("ja,uab,jb->uj", L, Phi, L, optimize=True)
    return np.sqrt(np.where(variance > 0, variance, np.nan))
