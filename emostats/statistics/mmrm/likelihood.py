"""The (restricted) log-likelihood with its analytic gradient and observed information.

Notation of Kenward & Roger (1997): V_p covariance of pattern p, W_p = V_p⁻¹, Φ = (X'WX)⁻¹, β = ΦX'Wy, and
with v = (−β, 1), R = sandwich(vv'), C = sandwich(Φ), B_p = W_p (R_p + C_p) W_p  (C only for REML):

    −2ℓ = (N−k) log 2π + Σ n_p log|V_p| + log|X'WX| + y'Wy − β'X'Wy         (ML: N for N−k, no log|X'WX|)  (1)
    ∂ℓ/∂θ_h = ½ Σ_p tr[(B_p − n_p W_p) Σ_h]                                                               (2)
    −∂²ℓ/∂θ_h∂θ_j = Σ_p tr[(B_p − ½ n_p W_p) Σ_h W_p Σ_j] − q_h Φ q_j' − ½ tr(E_h E_j) − <∂ℓ/∂Σ, Σ_hj>     (3)
        U_h = Σ_i Z_i' W Σ_h W Z_i,  q_h = X-part of U_h v,  E_h = Φ-weighted X-part of U_h (E only for REML)

All is done in the basis F = [C | v] with Φ = CC', where E_h = C'U_hC and q_h = C'U_hv are read off
U_h^F = Σ_i H_i' Σ_h H_i with H_i = W Z_i F.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.covariance import Structure
from emostats.statistics.mmrm.design import Stack

Float = NDArray[np.float64]

_FEW_VISITS = 16
"""Up to this many visits the derivatives are taken once in the elements of Σ, then by the chain rule."""


@dataclass(frozen=True)
class Problem:
    """What stays fixed while θ moves: data, structure, and whether the likelihood is restricted."""

    stack: Stack
    structure: Structure
    reml: bool

    @property
    def n_theta_group(self) -> int:
        """Parameters of one covariance group."""
        return self.structure.n_theta(self.stack.n_visits)

    @property
    def n_theta(self) -> int:
        """Parameters of all groups."""
        return self.n_theta_group * self.stack.n_groups

    def theta_of(self, theta: Float, group: int) -> Float:
        """The part of θ that belongs to one group."""
        return theta[group * self.n_theta_group : (group + 1) * self.n_theta_group]

    def theta_units(self, s: float) -> Float:
        """(H,) factors that take θ from outcomes in units of `s` to those of the data."""
        powers = self.structure.scale_powers(self.stack.n_visits)
        return np.tile(s ** (2 * powers), self.stack.n_groups)

    def positions(self, group: int) -> Any:
        """What the structure's functions take: T, or the distances of the group's patterns."""
        distances = self.stack.distances
        return self.stack.n_visits if distances is None else distances[self.stack.group == group]


@dataclass(frozen=True)
class Evaluation:
    """The log-likelihood at θ and the pieces that derivatives and inference share.

    Attributes
    ----------
    theta: (H,). loglik: ℓ in the engine's scaled units.
    W: (P × T × T) inverse covariances, zero where unobserved. beta: (k,). C: (k × k) with Φ = CC'.
    H: (m × T × K) with H_i = W Z_i F.
    """

    theta: Float
    loglik: float
    W: Float
    beta: Float
    C: Float
    H: Float


@dataclass(frozen=True)
class Derivatives:
    """Gradient (H,), observed information (H × H), expected information (H × H), and U_h^F (H × K × K)."""

    gradient: Float
    information: Float
    expected: Float
    U: Float


def pattern_covariances(problem: Problem, theta: Float) -> Float:
    """V_p (P × T × T), with ones on the diagonal where a visit was not observed."""
    stack = problem.stack
    if stack.distances is None:
        by_group = [
            problem.structure.sigma(problem.theta_of(theta, g), stack.n_visits) for g in range(stack.n_groups)
        ]
        V = np.stack(by_group)[stack.group]
    else:
        V = np.empty_like(stack.distances)
        for g in range(stack.n_groups):
            V[stack.group == g] = problem.structure.sigma(problem.theta_of(theta, g), problem.positions(g))
    both, eye = stack.masks
    return V * both + eye


def evaluate(problem: Problem, theta: Float) -> Evaluation | None:
    """ℓ(θ), equation (1), or None where a V_p is not positive definite."""
    stack = problem.stack
    if not all(problem.structure.feasible(problem.theta_of(theta, g)) for g in range(stack.n_groups)):
        return None
    V = pattern_covariances(problem, theta)
    try:
        L = np.linalg.cholesky(V)
        W = np.linalg.inv(V) * stack.masks[0]
    except np.linalg.LinAlgError:
        return None
    log_det = 2 * np.log(np.diagonal(L, axis1=1, axis2=2)).sum(axis=1) @ stack.n
    K, k = stack.k + 1, stack.k
    G = W[stack.pattern] @ stack.Z
    A = stack.Z.reshape(-1, K).T @ G.reshape(-1, K)
    if not np.isfinite(A).all():
        return None
    try:
        R = np.linalg.cholesky(A[:k, :k])
    except np.linalg.LinAlgError:
        return None
    C = np.linalg.inv(R).T
    half = C.T @ A[:k, k]
    N = stack.n_observations
    quadratic = A[k, k] - half @ half
    deviance = (N - k * problem.reml) * np.log(2 * np.pi) + log_det + quadratic
    if problem.reml:
        deviance += 2 * np.log(np.diagonal(R)).sum()
    beta = C @ half
    F = np.zeros((K, K))
    F[:k, :k], F[:k, k], F[k, k] = C, -beta, 1.0
    return Evaluation(theta, float(-0.5 * deviance), W, beta, C, G @ F)


def derivatives(problem: Problem, at: Evaluation) -> Derivatives:
    """Equations (2) and (3) at an evaluated point."""
    stack = problem.stack
    active = at.H if problem.reml else at.H[:, :, -1:]
    B = np.add.reduceat(active @ active.transpose(0, 2, 1), stack.starts, axis=0)
    nW = stack.n[:, None, None] * at.W
    by_elements = stack.distances is None and stack.n_visits <= _FEW_VISITS
    part = _by_elements if by_elements else _by_parameters
    pieces = [part(problem, at, B, nW, group) for group in range(stack.n_groups)]
    gradient = np.concatenate([piece.gradient for piece in pieces])
    U = np.concatenate([piece.U for piece in pieces])
    information = _block_diagonal([piece.information for piece in pieces])
    k = stack.k
    q = U[:, :k, k]
    information -= q @ q.T
    if problem.reml:
        E = U[:, :k, :k].reshape(len(U), -1)
        information -= 0.5 * (E @ E.T)
    return Derivatives(gradient, information, _block_diagonal([piece.expected for piece in pieces]), U)


def _block_diagonal(blocks: list[Float]) -> Float:
    if len(blocks) == 1:
        return blocks[0].copy()
    size = sum(len(block) for block in blocks)
    out = np.zeros((size, size))
    at = 0
    for block in blocks:
        out[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return out


@lru_cache(maxsize=64)
def _element_indices(T: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Float, NDArray[np.intp]]:
    """Lower-triangle indices a ≥ b, the factor ½ on the diagonal, and flat indices into K[d, a, b, c]."""
    a, b = np.tril_indices(T)
    half = np.where(a == b, 0.5, 1.0)

    def flat(d: Any, x: Any, y: Any, c: Any) -> NDArray[np.intp]:
        return np.asarray(((d * T + x) * T + y) * T + c)

    a1, b1, c1, d1 = a[:, None], b[:, None], a[None, :], b[None, :]
    pairs = (flat(d1, a1, b1, c1), flat(d1, b1, a1, c1), flat(c1, a1, b1, d1), flat(c1, b1, a1, d1))
    return a, b, half, np.stack(pairs)


def _by_elements(problem: Problem, at: Evaluation, B: Float, nW: Float, group: int) -> Derivatives:
    """Derivatives in the elements of Σ (one product each), then in θ by the chain rule."""
    stack, T = problem.stack, problem.stack.n_visits
    a, b, half, flat = _element_indices(T)
    mine = stack.group == group
    W = at.W[mine].reshape(-1, T * T)
    M = (B[mine] - 0.5 * nW[mine]).reshape(-1, T * T)
    weight = half[:, None] * half[None, :]
    observed = np.take(M.T @ W, flat).sum(axis=0) * weight
    expected = np.take(0.5 * (nW[mine].reshape(-1, T * T).T @ W), flat).sum(axis=0) * weight
    S = 0.5 * (B[mine] - nW[mine]).sum(axis=0)
    slope = 2 * half * S[a, b]
    U = _element_u(at.H if stack.n_groups == 1 else at.H[mine[stack.pattern]], a, b, half)
    if problem.structure.token == "us":
        return Derivatives(slope, observed, expected, U)
    theta = problem.theta_of(at.theta, group)
    J = problem.structure.gradient(theta, T)[:, a, b]
    curvature = np.tensordot(problem.structure.hessian(theta, T)[:, :, a, b], slope, 1)
    U = np.tensordot(J, U, 1)
    return Derivatives(J @ slope, J @ observed @ J.T - curvature, J @ expected @ J.T, U)


def _element_u(H: Float, a: NDArray[np.intp], b: NDArray[np.intp], half: Float) -> Float:
    m, T, K = H.shape
    flat = H.reshape(m, T * K)
    HH = (flat.T @ flat).reshape(T, K, T, K).transpose(0, 2, 1, 3)[a, b]
    return half[:, None, None] * (HH + HH.transpose(0, 2, 1))


def _by_parameters(problem: Problem, at: Evaluation, B: Float, nW: Float, group: int) -> Derivatives:
    """Derivatives straight in θ, for structures with few parameters over many visits or over distances."""
    stack = problem.stack
    theta, mine = problem.theta_of(at.theta, group), stack.group == group
    both = stack.masks[0][mine]
    Sigma_h = [D * both for D in problem.structure.gradient(theta, problem.positions(group))]
    W, M = at.W[mine], B[mine] - 0.5 * nW[mine]
    S = 0.5 * (B[mine] - nW[mine])
    gradient = np.array([(S * D).sum() for D in Sigma_h])
    observed = _traces(M, W, Sigma_h)
    expected = _traces(0.5 * nW[mine], W, Sigma_h)
    second = problem.structure.hessian(theta, problem.positions(group))
    curvature = np.array([[(S * d).sum() for d in row] for row in second])
    rows = mine[stack.pattern]
    H, local = at.H[rows], np.cumsum(mine)[stack.pattern[rows]] - 1
    U = np.stack([np.tensordot(H, D[local] @ H, ((0, 1), (0, 1))) for D in Sigma_h])
    return Derivatives(gradient, observed - curvature, expected, U)


def _traces(M: Float, W: Float, Sigma_h: list[Float]) -> Float:
    """Σ_p tr(M_p Σ_h W_p Σ_j) for all h, j."""
    left = [M @ D for D in Sigma_h]
    right = [(W @ D).transpose(0, 2, 1) for D in Sigma_h]
    return np.array([[(x * y).sum() for y in right] for x in left])
