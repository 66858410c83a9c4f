"""The small-sample covariance of Kenward & Roger (1997, Biometrics 53:983–997).

    Φ_A = Φ + 2Λ,   Λ = Φ [ Σ_hj w_hj (Q_hj − P_h Φ P_j − ¼ R_hj) ] Φ                      (KR 1997, p. 987)
    P_h = −X'WΣ_hWX,  Q_hj = X'WΣ_hWΣ_jWX,  R_hj = X'WΣ_hjWX,  w = inverse observed information

In the basis C, −P_h is E_h = C'U_hC. The sums over h, j are taken on T × T matrices: no Q_hj is formed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.likelihood import Derivatives, Evaluation, Problem

Float = NDArray[np.float64]

VARIANTS = ("kenward-roger", "kenward-roger-linear", "kenward-roger-r")


def kenward_roger_middle(
    problem: Problem, at: Evaluation, slope: Derivatives, w: Float, variant: str
) -> Float:
    """V̄ = I + 2C⁻¹ΛC⁻ᵀ (k × k) for a variant of `VARIANTS`.

    `w` (H × H) is the covariance of θ̂. The variants differ in R: second derivatives in SAS's natural
    parameters, none (linear), or those of R mmrm's own parameters (whose map only shifts with the outcome's
    unit).
    """
    k = problem.stack.k
    E = slope.U[:, :k, :k]
    inner = -np.einsum("hab,hj,jbc->ac", E, w, E, optimize=True)
    H = at.H[:, :, :k]
    for group in range(problem.stack.n_groups):
        inner += _group_terms(problem, at, H, w, variant, group)
    return np.asarray(np.eye(k) + (inner + inner.T))


def _group_terms(problem: Problem, at: Evaluation, H: Float, w: Float, variant: str, group: int) -> Float:
    """Σ_hj w_hj (Q_hj − ¼ R_hj) over the parameters of one group, in the basis C."""
    stack, structure = problem.stack, problem.structure
    theta, positions = problem.theta_of(at.theta, group), problem.positions(group)
    h = problem.n_theta_group
    block = w[group * h : (group + 1) * h, group * h : (group + 1) * h]
    mine = stack.group == group
    rows = mine[stack.pattern]
    local = np.cumsum(mine)[stack.pattern[rows]] - 1
    gradient = structure.gradient(theta, positions)
    middle = _q_middle(gradient, at.W[mine], block)
    if variant != "kenward-roger-linear":
        second = np.tensordot(block, structure.hessian(theta, positions), 2)
        if variant == "kenward-roger-r":
            second = second + np.tensordot(_map_curvature(problem, theta, block), gradient, 1)
        middle = middle - 0.25 * second
    mixed = np.broadcast_to(middle, at.W[mine].shape)[local] @ H[rows]
    return np.tensordot(H[rows], mixed, ((0, 1), (0, 1)))


def _q_middle(gradient: Float, W: Float, w: Float) -> Float:
    """Σ_hj w_hj Σ_h W_p Σ_j for each pattern: (P × T × T)."""
    if gradient.ndim == 3:
        T = gradient.shape[1]
        h = len(gradient)
        flat = gradient.reshape(h, T * T)
        w4 = (flat.T @ w @ flat).reshape(T, T, T, T)  # [a, b, c, d]: Σ_h[a, b] w_hj Σ_j[c, d]
        return np.tensordot(W, w4, ((1, 2), (1, 2)))
    mixed = np.tensordot(w, gradient, 1)
    return np.asarray(np.sum([gradient[h] @ W @ mixed[h] for h in range(len(gradient))], axis=0))


def _map_curvature(problem: Problem, theta: Float, w: Float) -> Float:
    """c_i = Σ_ab w^φ_ab ∂²θ_i/∂φ_a∂φ_b for R mmrm's parameters φ, w^φ = J⁻¹ w J⁻ᵀ, J = ∂θ/∂φ.

    Central differences of fourth order along the columns of a root of w^φ; the maps are smooth and cheap.
    """
    T = problem.stack.n_visits
    phi = problem.structure.r_phi(theta, T)

    def map_at(point: Float) -> Float:
        return problem.structure.r_theta(point, T)

    J = np.column_stack([_first_difference(map_at, phi, e) for e in np.eye(len(phi))])
    inverse = np.linalg.inv(J)
    w_phi = inverse @ w @ inverse.T
    values, vectors = np.linalg.eigh(0.5 * (w_phi + w_phi.T))
    roots = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(np.sum([_second_difference(map_at, phi, d) for d in roots.T], axis=0))


def _first_difference(f: object, x: Float, d: Float, step: float = 2e-3) -> Float:
    g = _along(f, x, d)
    return np.asarray((8 * (g(step) - g(-step)) - (g(2 * step) - g(-2 * step))) / (12 * step))


def _second_difference(f: object, x: Float, d: Float, step: float = 4e-3) -> Float:
    size = float(np.linalg.norm(d))
    if size == 0.0:
        return np.zeros_like(x)
    g = _along(f, x, d / size)
    around = 16 * (g(step) + g(-step)) - (g(2 * step) + g(-2 * step)) - 30 * g(0.0)
    return np.asarray(size**2 * around / (12 * step**2))


def _along(f: object, x: Float, d: Float):  # type: ignore[no-untyped-def]
    return lambda t: f(x + t * d)  # type: ignore[operator]
