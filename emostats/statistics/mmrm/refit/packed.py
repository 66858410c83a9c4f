"""Cross-products of every subject, packed so that a resample's A_p is one matrix product.

A resample of subjects is a vector of counts c, and A_p(c) = Σ_i c_i vec(Z_i) vec(Z_i)'. Only visits that a
pattern observed are kept, only pairs a ≥ b of them, and only the lower triangle of each symmetric K × K block
Ã = A[a,b] + A[b,a] (A[a,a] on the diagonal).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.design import ModelFrame, Scaling, Stack, SubjectRows, subject_rows

Float = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Packed:
    """The data of one fit, ready for reweighting by subject.

    Attributes
    ----------
    blocks: for each pattern (n_p × pairs_p · q), q = K(K+1)/2. members: for each pattern its subjects'
        numbers.
    pattern, a, b: (R,) pattern and visits a ≥ b of each pair row.
    observed: (P × T). group: (P,). n_groups, K: counts. rows: (n × T × K) Z_i of the subjects, for single
        refits.
    pattern_of_subject: (n,).
    """

    blocks: tuple[Float, ...]
    members: tuple[Index, ...]
    pattern: Index
    a: Index
    b: Index
    stack: Stack
    rows: Float

    @cached_property
    def pair_index(self) -> Index:
        """(R,) place of each pair in W (P × T × T) laid flat."""
        T = self.rows.shape[1]
        return np.asarray((self.pattern * T + self.a) * T + self.b)

    def weight_index(self, group: int) -> tuple[Index, Index, Index, Index, Float]:
        """Places in W, flat, of W[c,a], W[b,d], W[c,b], W[a,d], for elements (a, b) × pairs (c, d)."""
        if group not in self._weight_indices:
            self._weight_indices[group] = self._make_weight_index(group)
        return self._weight_indices[group]

    @cached_property
    def _weight_indices(self) -> dict[int, tuple[Index, Index, Index, Index, Float]]:
        return {}

    def _make_weight_index(self, group: int) -> tuple[Index, Index, Index, Index, Float]:
        T = self.rows.shape[1]
        rows = np.flatnonzero(self.stack.group[self.pattern] == group)
        p, c, d = self.pattern[rows][None], self.a[rows][None], self.b[rows][None]
        a, b = (index[:, None] for index in np.tril_indices(T))

        def place(x: Index, y: Index) -> Index:
            return np.asarray((p * T + x) * T + y)

        return place(c, a), place(d, b), place(c, b), place(d, a), np.where(a == b, 0.5, 1.0)

    @property
    def n_subjects(self) -> int:
        """Subjects that can be drawn."""
        return len(self.rows)

    @property
    def numbers_per_resample(self) -> int:
        """Doubles that one resample's packed cross-products take."""
        K = self.rows.shape[2]
        return int(len(self.pattern) * (K * (K + 1) // 2))

    def cross_products(self, counts: Float) -> tuple[Float, Float]:
        """Ã (B × R × q) and n_p (B × P) of B vectors of counts (B × n)."""
        q = self.rows.shape[2] * (self.rows.shape[2] + 1) // 2
        A = [counts[:, members] @ block for members, block in zip(self.members, self.blocks, strict=True)]
        n = np.stack([counts[:, members].sum(axis=1) for members in self.members], axis=1)
        return np.concatenate(A, axis=1).reshape(len(counts), -1, q), n

    def reweighted(self, counts: Float) -> Stack:
        """A stack for one vector of counts (n,)."""
        keep = np.flatnonzero(counts > 0)
        keep = keep[np.argsort(self.stack.pattern_of_subject[keep], kind="stable")]
        old = self.stack.pattern_of_subject[keep]
        present, pattern = np.unique(old, return_inverse=True)
        starts = np.searchsorted(pattern, np.arange(len(present)))
        n = np.asarray(np.bincount(pattern, weights=counts[keep]), dtype=float)
        observations = round(float(n @ self.stack.observed[present].sum(axis=1)))
        distances = None if self.stack.distances is None else self.stack.distances[present]
        return Stack(
            self.rows[keep] * np.sqrt(counts[keep])[:, None, None], pattern, starts,
            self.stack.observed[present], n, self.stack.group[present], distances, self.stack.n_groups,
            observations, 0.0, pattern,
        )  # fmt: skip


def pack(
    frame: ModelFrame, scaling: Scaling, located: SubjectRows, stack: Stack, blocks: bool = True
) -> Packed:
    """Pack a fit's data; without `blocks` only single refits are possible (and little memory is used)."""
    rows = subject_rows(frame, scaling, located, np.arange(len(located.pattern)))
    lower = np.tril_indices(rows.shape[2])
    made, members, pairs = [], [], []
    for p, visits in enumerate(located.observed):
        where = np.flatnonzero(visits)
        mine = np.flatnonzero(located.pattern == p)
        i, j = np.tril_indices(len(where))
        members.append(mine)
        pairs.append(np.column_stack([np.full(len(i), p), where[i], where[j]]))
        if blocks:
            made.append(_products(rows[mine][:, where], i, j, lower))
    table = np.concatenate(pairs)
    return Packed(tuple(made), tuple(members), table[:, 0], table[:, 1], table[:, 2], stack, rows)


def _products(Z: Float, i: Index, j: Index, lower: tuple[Index, Index]) -> Float:
    """Ã of each subject (n × pairs · q)."""
    outer = Z[:, i][:, :, lower[0]] * Z[:, j][:, :, lower[1]]
    outer += np.where((i == j)[None, :, None], 0.0, Z[:, j][:, :, lower[0]] * Z[:, i][:, :, lower[1]])
    return outer.reshape(len(Z), -1)
