"""Empirical (sandwich) covariances: CR0, the bias-reduced CR2 and the jackknife-like CR3.

In coordinates whitened by the lower Cholesky factor L_i of W_i (W_i = L_i L_i'), with X̃ = L_i'X_i, r̃ =
L_i'r_i and H_ii = X̃_iΦX̃_i', the score of subject i is X̃_i'A_i r̃_i with A_i = I (CR0), (I − H_ii)^−½ (CR2)
or (I − H_ii)^−1 (CR3) (Liang & Zeger 1986; Bell & McCaffrey 2002; Mancl & DeRouen 2001). One pass over the
subjects, linear in their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.design import ModelFrame, Scaling, SubjectRows, subject_rows
from emostats.statistics.mmrm.likelihood import Evaluation

Float = NDArray[np.float64]

EMPIRICAL_KINDS = MappingProxyType(
    {"empirical": 0.0, "empirical-bias-reduced": -0.5, "empirical-jackknife": -1.0}
)
"""Names of the sandwich estimators, with the power of (I − H_ii) each applies."""

_CHUNK = 4096


@dataclass(frozen=True)
class SubjectScores:
    """What a pass over the subjects needs."""

    frame: ModelFrame
    scaling: Scaling
    located: SubjectRows
    at: Evaluation

    def blocks(self) -> Iterator[tuple[Float, Float]]:
        """Whitened X̃_iC (c × T × k) and r̃_i (c × T), chunk by chunk in subject order."""
        root = _whitening(self.at.W, self.located.observed)
        k = len(self.at.beta)
        for begin in range(0, len(self.located.pattern), _CHUNK):
            subjects = np.arange(begin, min(begin + _CHUNK, len(self.located.pattern)))
            Z = subject_rows(self.frame, self.scaling, self.located, subjects)
            tilted = root[self.located.pattern[subjects]].transpose(0, 2, 1) @ Z
            yield tilted[:, :, :k] @ self.at.C, tilted[:, :, k] - tilted[:, :, :k] @ self.at.beta


def _whitening(W: Float, observed: NDArray[np.bool_]) -> Float:
    """Lower Cholesky factors of the W_p, zero on unobserved visits."""
    both = observed[:, :, None] & observed[:, None, :]
    filled = np.where(both, W, 0.0) + np.eye(W.shape[1])[None] * ~observed[:, :, None]
    return np.asarray(np.linalg.cholesky(filled) * both)


def _leverage_power(XC: Float, power: float) -> Float | None:
    """(I − H_ii)^power (c × T × T), None for power 0; a direction of leverage 1 stays 0, as its residual."""
    if power == 0.0:
        return None
    I_H = np.eye(XC.shape[1])[None] - XC @ XC.transpose(0, 2, 1)
    values, vectors = np.linalg.eigh(I_H)
    raised = np.where(values > 1e-10, np.maximum(values, 1e-10) ** power, 0.0)
    return np.asarray((vectors * raised[:, None, :]) @ vectors.transpose(0, 2, 1))


@dataclass(frozen=True)
class Sandwich:
    """A sandwich estimator; `middle` is V̄ (k × k)."""

    scores: SubjectScores
    power: float
    middle: Float

    @classmethod
    def fit(cls, scores: SubjectScores, kind: str) -> Sandwich:
        """Sum the outer products of the subjects' scores for a kind of `EMPIRICAL_KINDS`."""
        power = EMPIRICAL_KINDS[kind]
        middle = np.zeros((len(scores.at.beta),) * 2)
        for XC, r in scores.blocks():
            A = _leverage_power(XC, power)
            adjusted = r if A is None else (A @ r[:, :, None])[:, :, 0]
            u = (XC.transpose(0, 2, 1) @ adjusted[:, :, None])[:, :, 0]
            middle += u.T @ u
        return cls(scores, power, middle)

    def bell_mccaffrey_df(self, z: Float) -> Float:
        """Satterthwaite df (q,) of rows z (q × k) of contrasts in the basis C (Bell & McCaffrey 2002).

        The quadratic form's matrix has entries g_i'g_j = δ_ij|a_i|² − u_i'u_j with a_i = A_iX̃_iCz and
        u_i = C'X̃_i'a_i, so its trace and the trace of its square need only sums over subjects.
        """
        q, k = z.shape
        trace, square, cross = np.zeros(q), np.zeros(q), np.zeros((q, k, k))
        for XC, _ in self.scores.blocks():
            A = _leverage_power(XC, self.power)
            a = XC @ z.T
            if A is not None:
                a = A @ a
            alpha = (a**2).sum(axis=1)
            u = XC.transpose(0, 2, 1) @ a
            uu = (u**2).sum(axis=1)
            trace += (alpha - uu).sum(axis=0)
            square += (alpha**2 - 2 * alpha * uu).sum(axis=0)
            cross += np.einsum("nkq,nlq->qkl", u, u, optimize=True)
        return np.asarray(trace**2 / (square + (cross**2).sum(axis=(1, 2))))
