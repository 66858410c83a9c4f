"""The data as the likelihood sees them: Z_i = [Q_i | y*_i] by visit pattern.

A pattern is one (group, set of observed visits); for spatial structures one set of distances. Everything that
the likelihood and its derivatives need of pattern p is A_p = Σ_i vec(Z_i) vec(Z_i)'. Where subjects outnumber
the rank of A_p they are replaced by a factor of it: r rows with the same A_p. So after one pass over the data
no step costs anything that grows with the number of subjects.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpstrf

from emostats.statistics.mmrm.design.frame import ModelFrame
from emostats.statistics.mmrm.design.scaling import Scaling
from emostats.statistics.mmrm.design.variables import Codes, Float

_CHUNK_BYTES = 64_000_000


@dataclass(frozen=True)
class Stack:
    """Cross-products by pattern, in factored form.

    Attributes
    ----------
    Z: (m × T × K) rows of the factors, K = k + 1, zero where a visit was not observed; sorted by pattern.
    pattern: (m,) pattern of each row block. starts: (P,) first row block of each pattern.
    observed: (P × T) visits of each pattern. n: (P,) subjects. group: (P,) covariance group.
    distances: (P × T × T) for spatial structures, else None.
    n_groups, n_observations: counts. log_weights: Σ log w over the rows.
    pattern_of_subject: (n_subjects,).
    """

    Z: Float
    pattern: Codes
    starts: Codes
    observed: NDArray[np.bool_]
    n: Float
    group: Codes
    distances: Float | None
    n_groups: int
    n_observations: int
    log_weights: float
    pattern_of_subject: Codes

    @cached_property
    def masks(self) -> tuple[Float, Float]:
        """(P × T × T) ones where both visits were observed, and ones on the diagonal where one was not."""
        seen = self.observed
        both = (seen[:, :, None] & seen[:, None, :]).astype(float)
        return both, np.eye(self.n_visits)[None] * ~seen[:, :, None]

    @property
    def n_visits(self) -> int:
        return int(self.observed.shape[1])

    @property
    def k(self) -> int:
        return int(self.Z.shape[2] - 1)


@dataclass(frozen=True)
class SubjectRows:
    """Where each subject's rows are: `row` (n × T) indexes the frame's rows, −1 where none was observed."""

    row: NDArray[np.int64]
    pattern: Codes
    observed: NDArray[np.bool_]
    group: Codes
    distances: Float | None


def locate_rows(frame: ModelFrame) -> SubjectRows:
    """Rows by subject and visit, and the pattern of each subject."""
    if frame.coordinates is not None:
        return _locate_spatial(frame)
    n, T = len(frame.subjects), len(frame.visits)
    row = np.full((n, T), -1, dtype=np.int64)
    row[frame.subject, frame.visit] = np.arange(len(frame.y))
    seen = row >= 0
    first, pattern = _patterns(seen, frame.group)
    return SubjectRows(row, pattern, seen[first], frame.group[first], None)


def _patterns(seen: NDArray[np.bool_], group: Codes) -> tuple[Codes, Codes]:
    """First subject of each pattern, and the pattern of each subject; ordered by group."""
    T = seen.shape[1]
    if T <= 52:
        key = group * (1 << T) + seen @ (1 << np.arange(T, dtype=np.int64))
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    else:
        packed = np.column_stack([group[:, None].astype(np.uint8), np.packbits(seen, axis=1)])
        _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


def _locate_spatial(frame: ModelFrame) -> SubjectRows:
    coordinates = frame.coordinates
    if coordinates is None:
        raise TypeError("spatial structures need coordinates")
    n = len(frame.subjects)
    counts = np.bincount(frame.subject, minlength=n)
    T = int(counts.max())
    order = np.lexsort((*coordinates.T[::-1], frame.subject))
    slot = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    row = np.full((n, T), -1, dtype=np.int64)
    row[frame.subject[order], slot] = order
    seen = row >= 0
    placed = np.where(seen[:, :, None], coordinates[np.maximum(row, 0)], 0.0)
    key = np.column_stack([frame.group, seen, placed.reshape(n, -1)])
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    difference = placed[first][:, :, None, :] - placed[first][:, None, :, :]
    distances = np.sqrt((difference**2).sum(axis=-1))
    return SubjectRows(row, inverse.reshape(-1), seen[first], frame.group[first], distances)


def build_stack(frame: ModelFrame, scaling: Scaling, located: SubjectRows) -> Stack:
    """One pass over the data: transform, weight, and reduce each pattern to its factor."""
    T, K = located.row.shape[1], len(scaling.b0) + 1
    source = _Rows(frame, scaling)
    order = np.argsort(located.pattern, kind="stable")
    n = np.bincount(located.pattern, minlength=len(located.observed))
    bounds = np.concatenate([[0], np.cumsum(n)])
    blocks, sizes = [], []
    for p, visits in enumerate(located.observed):
        where = np.flatnonzero(visits)
        rows = located.row[order[bounds[p] : bounds[p + 1]]][:, where]
        reduced = _factor(source, rows, K)
        block = np.zeros((len(reduced), T, K))
        block[:, where] = reduced
        blocks.append(block)
        sizes.append(len(block))
    log_weights = 0.0 if frame.weights is None else float(np.log(frame.weights).sum())
    return Stack(
        np.concatenate(blocks), np.repeat(np.arange(len(sizes)), sizes), np.cumsum([0, *sizes[:-1]]),
        located.observed, n.astype(float), located.group, located.distances, max(1, len(frame.groups)),
        len(frame.y), log_weights, located.pattern,
    )  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """[Q | y*] · √w of chosen rows, made when asked for so that the whole of it never stands in memory."""

    frame: ModelFrame
    scaling: Scaling

    def take(self, rows: NDArray[np.int64]) -> Float:
        flat = rows.reshape(-1)
        raw = np.empty((len(flat), len(self.scaling.b0) + 1))
        X = self.frame.X
        raw[:, :-1] = (
            X[flat] if self.scaling.kept.all() else X[np.ix_(flat, np.flatnonzero(self.scaling.kept))]
        )
        raw[:, -1] = self.frame.y[flat]
        out = raw @ self.scaling.transform()
        if self.frame.weights is not None:
            out *= np.sqrt(self.frame.weights[flat])[:, None]
        return out.reshape(*rows.shape, -1)


def subject_rows(frame: ModelFrame, scaling: Scaling, located: SubjectRows, subjects: Codes) -> Float:
    """Z_i of the named subjects, embedded in all T visits: (n × T × K)."""
    rows = located.row[subjects]
    out = _Rows(frame, scaling).take(np.maximum(rows, 0))
    out[rows < 0] = 0.0
    return out


def _factor(source: _Rows, rows: NDArray[np.int64], K: int) -> Float:
    """Rows (r × t × K) with the same Σ vec(Z_i) vec(Z_i)' as the subjects' own, r as small as it can be."""
    n, t = rows.shape
    width = t * K
    if n <= max(4, 2 * t):
        return source.take(rows)
    A = np.zeros((width, width))
    step = max(1, _CHUNK_BYTES // (8 * width))
    for at in range(0, n, step):
        flat = source.take(rows[at : at + step]).reshape(-1, width)
        A += flat.T @ flat
    factor, pivots, rank, _ = dpstrf(A, tol=1e-15 * float(np.diagonal(A).max()), lower=0)
    if rank >= n:
        return source.take(rows)
    R = np.triu(factor)[:rank]
    out = np.empty((rank, width))
    out[:, pivots - 1] = R
    return out.reshape(rank, t, K)
