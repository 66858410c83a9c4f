"""One class a method. Each answers two questions: df of single contrasts, and (df, scale) of a set of them.

Contrasts come as rows z (q × k) in the basis C of Φ = CC', so that z z' = LΦL'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emostats.statistics.mmrm.vcov import Sandwich

Float = NDArray[np.float64]

DF_METHODS = (
    "satterthwaite", "kenward-roger", "kenward-roger-linear", "kenward-roger-r", "between-within", "residual",
)  # fmt: skip


class DfMethod(Protocol):
    """A denominator-df method."""

    def rows(self, z: Float) -> Float:
        """df (q,) of each row."""

    def joint(self, z: Float, middle: Float) -> tuple[float, float]:
        """(df, scale): scale × F is compared with F(q, df)."""


def combine_df(nu: Float) -> float:
    """df of a sum of independent t² with df ν_m (Fai & Cornelius 1996).

    2E/(E − q) with E = Σ ν/(ν − 2), and 2 if any ν ≤ 2.
    """
    if len(nu) == 1 or np.ptp(nu) < 1e-8:
        return float(np.mean(nu))
    if (nu <= 2).any():
        return 2.0
    E = float((nu / (nu - 2)).sum())
    return 2 * E / (E - len(nu))


def principal_rows(z: Float, middle: Float) -> Float:
    """Rows of z turned to the eigenvectors of z V̄ z', so that their estimates are uncorrelated."""
    _, vectors = np.linalg.eigh(z @ middle @ z.T)
    return vectors.T @ z


@dataclass(frozen=True)
class Satterthwaite:
    """ν = 2 v² / (g' w g) with v = LΦL', g_h = ∂v/∂θ_h = z E_h z' (Giesbrecht & Burns 1985)."""

    E: Float
    w: Float

    def rows(self, z: Float) -> Float:
        g = (np.tensordot(z, self.E, (1, 1)) * z[:, None, :]).sum(axis=2)
        v = (z**2).sum(axis=1)
        return np.asarray(2 * v**2 / np.maximum(((g @ self.w) * g).sum(axis=1), 1e-300))

    def joint(self, z: Float, middle: Float) -> tuple[float, float]:
        return combine_df(self.rows(principal_rows(z, middle))), 1.0


@dataclass(frozen=True)
class Sandwiched:
    """Bell & McCaffrey's df for a sandwich covariance."""

    sandwich: Sandwich

    def rows(self, z: Float) -> Float:
        return self.sandwich.bell_mccaffrey_df(z)

    def joint(self, z: Float, middle: Float) -> tuple[float, float]:
        return combine_df(self.rows(principal_rows(z, middle))), 1.0


@dataclass(frozen=True)
class KenwardRoger:
    """Kenward & Roger (1997), section 4: df m and scale λ from A1, A2, B."""

    E: Float
    w: Float

    def rows(self, z: Float) -> Float:
        return Satterthwaite(self.E, self.w).rows(z)

    def joint(self, z: Float, middle: Float) -> tuple[float, float]:
        q = len(z)
        if q == 1:
            return float(self.rows(z)[0]), 1.0
        Q = np.linalg.qr(z.T)[0]
        D = np.einsum("aq,hab,br->hqr", Q, self.E, Q, optimize=True)
        trace = np.trace(D, axis1=1, axis2=2)
        A1 = float(trace @ self.w @ trace)
        A2 = float(np.einsum("hqr,hj,jrq->", D, self.w, D, optimize=True))
        return _kr_df_and_scale(q, A1, A2)


def _kr_df_and_scale(q: int, A1: float, A2: float) -> tuple[float, float]:
    B = (A1 + 6 * A2) / (2 * q)
    g = ((q + 1) * A1 - (q + 4) * A2) / ((q + 2) * A2)
    denominator = 3 * q + 2 * (1 - g)
    c1, c2, c3 = g / denominator, (q - g) / denominator, (q + 2 - g) / denominator
    E_star = 1 / (1 - A2 / q)
    V_star = 2 / q * (1 + c1 * B) / ((1 - c2 * B) ** 2 * (1 - c3 * B))
    rho = V_star / (2 * E_star**2)
    m = 4 + (q + 2) / (q * rho - 1)
    return m, m / (E_star * (m - 2))


@dataclass(frozen=True)
class BetweenWithin:
    """SAS's DDFM=BETWITHIN. `within` (k,) flags coefficients of columns that change within a subject.

    A contrast that touches a within-subject coefficient gets `df_within`, any other `df_between`. With an
    unstructured covariance SAS gives every contrast the between-subject df, and so does this class
    (`df_within` equal to `df_between`).
    """

    within: NDArray[np.bool_]
    to_raw: Float
    df_between: float
    df_within: float

    def rows(self, z: Float) -> Float:
        touches = np.abs(z @ self.to_raw)
        touches = touches > 1e-8 * touches.max(axis=1, keepdims=True)
        return np.where((touches & self.within).any(axis=1), self.df_within, self.df_between)

    def joint(self, z: Float, middle: Float) -> tuple[float, float]:
        rows = self.rows(z)
        return (self.df_within if (rows == self.df_within).any() else self.df_between), 1.0


@dataclass(frozen=True)
class Residual:
    """N − k for every contrast."""

    df: float

    def rows(self, z: Float) -> Float:
        return np.full(len(z), self.df)

    def joint(self, z: Float, middle: Float) -> tuple[float, float]:
        return self.df, 1.0
