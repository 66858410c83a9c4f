"""Newton's method for a batch of problems with few parameters within bounds, all of them a step at a time."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class BatchedFunction(Protocol):
    """Values (b,) and gradients (b, d) at points (b, d), one a problem; `take` keeps some of the problems."""

    def __call__(self, theta: Array) -> tuple[Array, Array]: ...
    def take(self, rows: NDArray[np.intp]) -> Self: ...


def minimise(
    function: BatchedFunction,
    start: Array,
    *,
    free: int,
    largest: float,
    max_steps: int = 60,
    tol: float = 1e-9,
) -> tuple[Array, NDArray[np.bool_], int]:
    """Minima over 0 ≤ θ ≤ largest of the first `free` parameters, from `start` (b, d).

    Returns θ (b, d), which problems converged, and the number of steps. Problems leave the batch when done.
    """
    theta = start.copy()
    converged = np.zeros(len(theta), dtype=bool)
    rows = np.arange(len(theta))
    current, (value, gradient) = function, function(start)
    for step in range(1, max_steps + 1):  # noqa: B007  (returned)
        direction = newton_direction(current, theta[rows], gradient, free, largest)
        push = np.where(_blocked(theta[rows], gradient, free, largest), 0.0, gradient)
        settled = (np.abs(direction).max(axis=1) < tol) | (np.abs(push).max(axis=1) < 1e-13 * np.abs(value))
        theta[rows], value, gradient, moved = line_search(
            current, theta[rows], value, gradient, np.where(settled[:, None], 0.0, direction), largest
        )
        finished = settled | ~moved
        converged[rows[finished]] = True
        if finished.all():
            break
        if finished.any():
            rows, value, gradient = rows[~finished], value[~finished], gradient[~finished]
            current = function.take(rows)
    return theta, converged, step


def _blocked(theta: Array, gradient: Array, free: int, largest: float) -> NDArray[np.bool_]:
    """Parameters held at a bound (the slope points out of the box), or not free."""
    held = ((theta <= 0.0) & (gradient >= 0.0)) | ((theta >= largest) & (gradient <= 0.0))
    held[:, free:] = True
    return np.asarray(held)


def newton_direction(
    function: BatchedFunction, theta: Array, gradient: Array, free: int, largest: float, h: float = 1e-5
) -> Array:
    """Newton step of the unblocked parameters, at most 2 long.

    The Hessian is differenced from the gradient; |eigenvalues| make it positive.
    """
    d = theta.shape[1]
    hessian = np.tile(np.eye(d), (len(theta), 1, 1))
    for i in range(free):
        ahead = theta.copy()
        ahead[:, i] += h
        hessian[:, i, :free] = ((function(ahead)[1] - gradient) / h)[:, :free]
    hessian = (hessian + hessian.transpose(0, 2, 1)) / 2.0
    held = _blocked(theta, gradient, free, largest)
    hessian = np.where(held[:, :, None] | held[:, None, :], np.eye(d), hessian)
    values, vectors = np.linalg.eigh(hessian)
    force = np.where(held, 0.0, -gradient)
    step = np.einsum("bij,bj,bkj,bk->bi", vectors, 1.0 / np.maximum(np.abs(values), 1e-8), vectors, force)
    length = np.abs(step).max(axis=1, keepdims=True)
    return np.asarray(step * np.minimum(1.0, 2.0 / np.maximum(length, 1e-300)))


def line_search(
    function: BatchedFunction, theta: Array, value: Array, gradient: Array, direction: Array, largest: float
) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Halve each step until the value does not rise; returns θ, value, gradient, and which moved."""
    size = np.ones(len(theta))
    pending = np.abs(direction).max(axis=1) > 0.0
    moved = np.zeros(len(theta), dtype=bool)
    for _ in range(30):
        if not pending.any():
            break
        trial = np.clip(theta + size[:, None] * direction, 0.0, largest)
        new_value, new_gradient = function(trial)
        accept = pending & (new_value <= value + 1e-12 * np.abs(value))
        theta = np.where(accept[:, None], trial, theta)
        value, gradient = (
            np.where(accept, new_value, value),
            np.where(accept[:, None], new_gradient, gradient),
        )
        moved |= accept
        pending &= ~accept
        size = np.where(pending, size / 2.0, size)
    return theta, value, gradient, moved
