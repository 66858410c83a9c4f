"""Newton's method for many resamples at once: the likelihood's equations (1) to (3), batched.

Every replicate is refitted to convergence with its own step halving; nothing is approximated. A replicate
that does not converge here is marked and left to the caller's safer path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.optimise import SINGULAR
from emostats.statistics.mmrm.refit.packed import Packed
from emostats.statistics.mmrm.refit.sweep import batch_first, batch_last, sweep

Float = NDArray[np.float64]
Index = NDArray[np.intp]

_DECREMENT = 1e-9
"""Newton decrement below which one last full step is taken: its error in θ is of the order of the square."""


@dataclass(frozen=True)
class Refits:
    """θ (B × H), β* (B × k), Φ* (B × k × k) in the engine's units, and which replicates converged (B,).

    `null` holds, by number of the replicate, a basis (k × r) of directions of β* that its data leave open.
    """

    theta: Float
    beta: Float
    Phi: Float
    converged: NDArray[np.bool_]
    null: dict[int, Float] = field(default_factory=dict)


@dataclass
class _Batch:
    """Working state of a block of replicates. `ll` is ℓ up to constants."""

    A: Float
    n: Float
    theta: Float
    ll: Float
    step: Float
    size: Float
    last: NDArray[np.bool_]


@dataclass(frozen=True)
class _Point:
    """One evaluation of a block: W (B × P × T × T), Φ, β, ℓ up to constants, and whether it exists."""

    W: Float
    Phi: Float
    beta: Float
    ll: Float
    ok: NDArray[np.bool_]


def refit_block(
    packed: Packed, problem: Problem, start: Float, counts: Float, max_iterations: int = 60
) -> Refits:
    """Refit the model for B vectors of counts (B × n) from θ = `start`."""
    A, n = packed.cross_products(counts)
    B, k = len(counts), packed.rows.shape[2] - 1
    out = Refits(
        np.full((B, len(start)), np.nan),
        np.full((B, k), np.nan),
        np.full((B, k, k), np.nan),
        np.zeros(B, bool),
    )
    active = np.arange(B)
    state = _Batch(A, n, np.tile(start, (B, 1)), np.full(B, -np.inf), np.zeros((B, len(start))), np.ones(B),
                   np.zeros(B, bool))  # fmt: skip
    for _ in range(max_iterations):
        keep = _advance(packed, problem, state, active, out)
        if not keep.any():
            break
        if not keep.all():
            active = active[keep]
            state = _Batch(*(getattr(state, name)[keep] for name in _Batch.__dataclass_fields__))
    if out.converged.any():
        out.converged[out.converged] = _interior(problem, out.theta[out.converged])
    return out


def _interior(problem: Problem, theta: Float) -> NDArray[np.bool_]:
    """Whether every group's Σ is positive definite over all visits, by the bound of a single fit (B,)."""
    Sigma = sigma_by_group(problem, theta)
    sd = np.sqrt(np.einsum("bgtt->bgt", Sigma))
    smallest = np.linalg.eigvalsh(Sigma / (sd[..., :, None] * sd[..., None, :]))[..., 0]
    return np.asarray((smallest >= SINGULAR).all(axis=1))


def _advance(
    packed: Packed, problem: Problem, state: _Batch, active: Index, out: Refits
) -> NDArray[np.bool_]:
    """One trial step of every active replicate; returns which stay active."""
    trial = state.theta + state.size[:, None] * state.step
    point = _evaluate(packed, problem, state, trial)
    tolerance = 1e-9 * np.maximum(1.0, np.abs(state.ll))
    accepted = point.ok & (point.ll >= np.where(np.isfinite(state.ll), state.ll - tolerance, -np.inf))
    never = ~accepted & ~np.isfinite(state.ll)  # not even the start can be evaluated: no step would help
    done = accepted & state.last
    _store(out, active, trial, point, done)
    state.size = np.where(accepted, 1.0, 0.5 * state.size)
    state.last &= accepted
    state.theta = np.where(accepted[:, None], trial, state.theta)
    state.ll = np.where(accepted, point.ll, state.ll)
    moving = accepted & ~done
    if moving.any():
        A, n, theta, chosen = state.A, state.n, trial, point
        if not moving.all():
            chosen = _Point(*(getattr(point, name)[moving] for name in _Point.__dataclass_fields__))
            A, n, theta = A[moving], n[moving], theta[moving]
        step, decrement, good = _newton_step(packed, problem, A, n, theta, chosen)
        state.step[moving] = step
        state.last[moving] = good & (decrement < _DECREMENT)
        lost = np.zeros(len(active), bool)
        lost[moving] = ~np.isfinite(decrement)
        return ~done & ~lost & ~never & (state.size > 1e-8)
    return ~done & ~never & (state.size > 1e-8)


def _store(out: Refits, active: Index, trial: Float, point: _Point, done: NDArray[np.bool_]) -> None:
    where = active[done]
    out.theta[where], out.beta[where], out.Phi[where] = trial[done], point.beta[done], point.Phi[done]
    out.converged[where] = True


def sigma_by_group(problem: Problem, theta: Float) -> Float:
    """Σ by group (B × G × T × T)."""
    T, G = problem.stack.n_visits, problem.stack.n_groups
    by_group = theta.reshape(len(theta), G, problem.n_theta_group)
    if problem.structure.token == "us":
        rows, cols = np.tril_indices(T)
        out = np.empty((len(theta), G, T, T))
        out[:, :, rows, cols] = out[:, :, cols, rows] = by_group
        return out
    return np.array([[problem.structure.sigma(part, T) for part in row] for row in by_group])


def _feasible(problem: Problem, theta: Float) -> NDArray[np.bool_]:
    by_group = theta.reshape(len(theta), problem.stack.n_groups, problem.n_theta_group)
    if problem.structure.token == "us":
        T = problem.stack.n_visits
        variances = by_group[:, :, [i * (i + 3) // 2 for i in range(T)]]
        return np.asarray((variances > 0).all(axis=(1, 2)))
    return np.array([all(problem.structure.feasible(part) for part in row) for row in by_group])


def _evaluate(packed: Packed, problem: Problem, state: _Batch, theta: Float) -> _Point:
    stack, k = problem.stack, packed.rows.shape[2] - 1
    feasible = _feasible(problem, theta)
    safe = np.where(feasible[:, None], theta, 1.0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        Sigma = sigma_by_group(problem, safe)[:, stack.group]
        seen = stack.observed
        both = seen[:, :, None] & seen[:, None, :]
        V = batch_last(np.where(both, Sigma, np.eye(stack.n_visits) * ~seen[:, :, None]))
        log_det, positive = sweep(V, stack.n_visits)
        W = batch_first(V) * both
        weights = np.take(W.reshape(len(W), -1), packed.pair_index, axis=1)
        M = _unpack((weights[:, None, :] @ state.A)[:, 0], k + 1)
        S = batch_last(M)
        log_det_X, full_rank = sweep(S, k)
        ll = -0.5 * ((state.n * log_det).sum(axis=1) + S[k, k] + (log_det_X if problem.reml else 0.0))
    present = (state.n > 0) | np.zeros_like(positive)
    ok = feasible & (positive | ~present).all(axis=1) & full_rank & np.isfinite(ll)
    return _Point(W, batch_first(S[:k, :k]), np.moveaxis(S[:k, k], 0, -1), ll, ok)


@lru_cache(maxsize=64)
def _unpack_index(K: int) -> Index:
    index = np.empty((K, K), dtype=np.intp)
    rows, cols = np.tril_indices(K)
    index[rows, cols] = index[cols, rows] = np.arange(len(rows))
    return index


def _unpack(packed: Float, K: int) -> Float:
    """(… × q) to (… × K × K)."""
    return np.take(packed, _unpack_index(K), axis=-1)


@lru_cache(maxsize=64)
def _pack_weights(K: int) -> Float:
    rows, cols = np.tril_indices(K)
    return np.where(rows == cols, 1.0, 2.0)


def _newton_step(
    packed: Packed, problem: Problem, A: Float, n: Float, theta: Float, point: _Point
) -> tuple[Float, Float, NDArray[np.bool_]]:
    """Newton step, decrement, and whether the observed information was positive definite."""
    slope, observed, expected = _element_derivatives(packed, problem, A, n, point)
    if problem.structure.token != "us":
        slope, observed, expected = _chain_rule(problem, theta, slope, observed, expected)
    step, decrement, good = _solve(observed, slope)
    if not good.all():
        other = ~good
        step[other], decrement[other], fine = _solve(expected[other], slope[other])
        decrement[other] = np.where(fine, decrement[other], np.nan)
    return step, decrement, good


def _solve(information: Float, slope: Float) -> tuple[Float, Float, NDArray[np.bool_]]:
    d = np.sqrt(np.maximum(np.einsum("bhh->bh", information), 1e-300))
    with np.errstate(invalid="ignore", over="ignore"):
        S = batch_last(information / (d[:, :, None] * d[:, None, :]))
        _, positive = sweep(S, S.shape[0])
        step = np.einsum("hjb,bj->bh", S, slope / d) / d
        decrement = (step * slope).sum(axis=1)
    return step, decrement, positive & (decrement >= 0)


def _element_derivatives(
    packed: Packed, problem: Problem, A: Float, n: Float, point: _Point
) -> tuple[Float, Float, Float]:
    """Gradient (B × E), observed and expected information (B × E × E) in the elements of the groups' Σ."""
    stack = problem.stack
    B, k, T = len(A), A.shape[2], stack.n_visits
    K = packed.rows.shape[2]
    k = K - 1
    v = np.concatenate([-point.beta, np.ones((B, 1))], axis=1)
    F = v[:, :, None] * v[:, None, :]
    if problem.reml:
        F[:, :k, :k] += point.Phi
    W = point.W
    R = _sandwich(packed, stack.observed.shape[0], T, A, F)
    WB = W @ R @ W
    nW = n[:, :, None, None] * W
    pieces = [_group_elements(packed, problem, A, W, WB, nW, v, point.Phi, g) for g in range(stack.n_groups)]
    slope = np.concatenate([piece[0] for piece in pieces], axis=1)
    observed, expected = _blocks([piece[1] for piece in pieces]), _blocks([piece[2] for piece in pieces])
    q = np.concatenate([piece[3] for piece in pieces], axis=1)
    observed -= (q @ point.Phi) @ q.transpose(0, 2, 1)
    if problem.reml:
        Y = np.concatenate([piece[4] for piece in pieces], axis=1)
        h = Y.shape[1]
        transposed = Y.reshape(B, h, k, k).transpose(0, 3, 2, 1).reshape(B, k * k, h)
        observed -= 0.5 * (Y @ transposed)
    return slope, observed, expected


def _sandwich(packed: Packed, P: int, T: int, A: Float, F: Float) -> Float:
    """tr(F A_p[a,b]') as (B × P × T × T)."""
    K = F.shape[1]
    rows, cols = np.tril_indices(K)
    flat = F[:, rows, cols] * _pack_weights(K)
    value = (A @ flat[:, :, None])[:, :, 0]
    value = np.where(packed.a == packed.b, value, 0.5 * value)
    out = np.zeros((len(A), P, T, T))
    out[:, packed.pattern, packed.a, packed.b] = value
    out[:, packed.pattern, packed.b, packed.a] = value
    return out


def _blocks(parts: list[Float]) -> Float:
    if len(parts) == 1:
        return parts[0]
    size = sum(part.shape[1] for part in parts)
    out = np.zeros((len(parts[0]), size, size))
    at = 0
    for part in parts:
        end = at + part.shape[1]
        out[:, at:end, at:end] = part
        at = end
    return out


@lru_cache(maxsize=64)
def _element_index(T: int) -> tuple[Index, Index, Float, Index]:
    a, b = np.tril_indices(T)
    half = np.where(a == b, 0.5, 1.0)
    a1, b1, c1, d1 = a[:, None], b[:, None], a[None, :], b[None, :]

    def flat(d: Index, x: Index, y: Index, c: Index) -> Index:
        return ((d * T + x) * T + y) * T + c

    pairs = np.stack([flat(d1, a1, b1, c1), flat(d1, b1, a1, c1), flat(c1, a1, b1, d1), flat(c1, b1, a1, d1)])
    return a, b, half, pairs


def _group_elements(
    packed: Packed, problem: Problem, A: Float, W: Float, WB: Float, nW: Float, v: Float, Phi: Float, g: int
) -> tuple[Float, Float, Float, Float, Float]:
    stack = problem.stack
    B, T = len(A), stack.n_visits
    K, k = len(v[0]), len(v[0]) - 1
    a, b, half, pairs = _element_index(T)
    mine = stack.group == g
    w = W[:, mine].reshape(B, -1, T * T)
    M = (WB[:, mine] - 0.5 * nW[:, mine]).reshape(B, -1, T * T).transpose(0, 2, 1)
    scale = half[:, None] * half[None, :]
    observed = np.take((M @ w).reshape(B, -1), pairs, axis=1).sum(axis=1) * scale
    expected = (
        0.5
        * np.take((nW[:, mine].reshape(B, -1, T * T).transpose(0, 2, 1) @ w).reshape(B, -1), pairs, axis=1)
    ).sum(axis=1) * scale
    S = 0.5 * (WB[:, mine] - nW[:, mine]).sum(axis=1)
    slope = 2 * half * S[:, a, b]
    U = _unpack(_pair_weights(packed, W, g) @ (A if stack.n_groups == 1 else A[:, mine[packed.pattern]]), K)
    h = len(a)
    q = (U.reshape(B, h * K, K) @ v[:, :, None]).reshape(B, h, K)[:, :, :k]
    Y = U[:, :, :k, :k].reshape(B, h * k, k) @ Phi if problem.reml else np.zeros((B, 0, 0))
    return slope, observed, expected, q, Y.reshape(B, h, -1)


def _pair_weights(packed: Packed, W: Float, g: int) -> Float:
    """Elements [c, d] of W E_h W for every element h of Σ and every pair row of group g: (B × E × R)."""
    first, second, third, fourth, half = packed.weight_index(g)
    flat = W.reshape(len(W), -1)
    out = np.take(flat, first, axis=1)
    out *= np.take(flat, second, axis=1)
    other = np.take(flat, third, axis=1)
    other *= np.take(flat, fourth, axis=1)
    out += other
    out *= half
    return out


def _chain_rule(
    problem: Problem, theta: Float, slope: Float, observed: Float, expected: Float
) -> tuple[Float, Float, Float]:
    """From the elements of Σ to θ, replicate by replicate."""
    G, T = problem.stack.n_groups, problem.stack.n_visits
    a, b = np.tril_indices(T)
    H = problem.n_theta_group
    E = len(a)
    J = np.zeros((len(theta), G * H, G * E))
    curvature = np.zeros((len(theta), G * H, G * H))
    for index, row in enumerate(theta):
        for g in range(G):
            part, here, elements = (
                row[g * H : (g + 1) * H],
                slice(g * H, (g + 1) * H),
                slice(g * E, (g + 1) * E),
            )
            J[index, here, elements] = problem.structure.gradient(part, T)[:, a, b]
            second = problem.structure.hessian(part, T)[:, :, a, b]
            curvature[index, here, here] = second @ slope[index, elements]
    Jt = J.transpose(0, 2, 1)
    return (J @ slope[:, :, None])[:, :, 0], J @ observed @ Jt - curvature, J @ expected @ Jt
