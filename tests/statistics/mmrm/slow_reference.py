"""A slow MMRM: every formula as it stands in its paper, one subject at a time, with dense matrices.

Nothing here is shared with the engine: no cross-products, no patterns, no analytic derivatives. Derivatives
of Σ(θ) and of the log-likelihood are complex steps (exact to rounding, Squire & Trapp 1998); second
derivatives are central differences of them. The parameters are the natural ones of PROC MIXED (variances,
covariances, correlations, ranges) or, under the name ``<structure>_r``, those of R mmrm, in which its
Kenward-Roger correction takes second derivatives.

Papers: Kenward & Roger (1997); Satterthwaite (1946) with Fai & Cornelius (1996); Bell & McCaffrey (2002);
Mancl & DeRouen (2001) for the jackknife-like CR3; Schluchter & Elashoff (1990) for between-within.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import block_diag
from scipy.stats import f as f_distribution

Array = np.ndarray


# ------------------------------------------------------------------------------------------
# Covariance structures, entry by entry: entry(theta, a, b, T) for visits a, b of T (spatial: places a, b)
# ------------------------------------------------------------------------------------------


def lower_index(a: int, b: int) -> int:
    """Place of entry (a, b) in the lower triangle read row by row."""
    row, column = max(a, b), min(a, b)
    return row * (row + 1) // 2 + column


def us(theta: Array, a: int, b: int, T: int):
    """θ: variances and covariances, the lower triangle row by row."""
    return theta[lower_index(a, b)]


def ind(theta: Array, a: int, b: int, T: int):
    """θ: variance."""
    return theta[0] if a == b else 0.0


def indh(theta: Array, a: int, b: int, T: int):
    """θ: T variances."""
    return theta[a] if a == b else 0.0


def cs(theta: Array, a: int, b: int, T: int):
    """θ: covariance, residual variance."""
    return theta[0] + (theta[1] if a == b else 0.0)


def csh(theta: Array, a: int, b: int, T: int):
    """θ: T variances, correlation."""
    return theta[a] if a == b else (theta[a] * theta[b]) ** 0.5 * theta[T]


def ar1(theta: Array, a: int, b: int, T: int):
    """θ: variance, correlation of neighbours."""
    return theta[0] * theta[1] ** abs(a - b)


def ar1h(theta: Array, a: int, b: int, T: int):
    """θ: T variances, correlation of neighbours."""
    return theta[a] if a == b else (theta[a] * theta[b]) ** 0.5 * theta[T] ** abs(a - b)


def toep(theta: Array, a: int, b: int, T: int):
    """θ: variance, covariances at lags 1 … T-1."""
    return theta[abs(a - b)]


def toeph(theta: Array, a: int, b: int, T: int):
    """θ: T variances, correlations at lags 1 … T-1."""
    return theta[a] if a == b else (theta[a] * theta[b]) ** 0.5 * theta[T - 1 + abs(a - b)]


def ad(theta: Array, a: int, b: int, T: int):
    """θ: variance, T-1 correlations of neighbours."""
    low, high = min(a, b), max(a, b)
    return theta[0] * np.prod(theta[1 + low : 1 + high])


def adh(theta: Array, a: int, b: int, T: int):
    """θ: T variances, T-1 correlations of neighbours."""
    low, high = min(a, b), max(a, b)
    return theta[a] if a == b else (theta[a] * theta[b]) ** 0.5 * np.prod(theta[T + low : T + high])


def _distance(a: Array, b: Array) -> float:
    return float(np.sqrt(np.sum((np.asarray(a, float) - np.asarray(b, float)) ** 2)))


def sp_exp(theta: Array, a: Array, b: Array, T: int):
    """θ: variance, range; σ² exp(-d/θ)."""
    return theta[0] * np.exp(-_distance(a, b) / theta[1])


def sp_gau(theta: Array, a: Array, b: Array, T: int):
    """θ: variance, range; σ² exp(-d²/θ²)."""
    return theta[0] * np.exp(-(_distance(a, b) ** 2) / theta[1] ** 2)


def _log_sds_then(
    entry: Callable, n_variances: Callable[[int], int], rho: Callable[[Array, int], Array]
) -> Callable:
    """R mmrm's map for scale × correlation: log standard deviations first, transformed correlations after."""

    def entry_r(theta: Array, a: int, b: int, T: int):
        v = n_variances(T)
        natural = np.concatenate([np.exp(2.0 * theta[:v]), rho(theta[v:], T)])
        return entry(natural, a, b, T)

    return entry_r


def _rational(theta: Array, T: int) -> Array:
    return theta / (1.0 + theta**2) ** 0.5


def _bounded_below(theta: Array, T: int) -> Array:
    floor = 1.0 / (T - 1)
    return (1.0 + floor) / (1.0 + np.exp(-theta)) - floor


def _one(T: int) -> int:
    return 1


def _each(T: int) -> int:
    return T


def _cs_by_correlation(theta: Array, a: int, b: int, T: int):
    return theta[0] if a == b else theta[0] * theta[1]


def _toep_by_correlation(theta: Array, a: int, b: int, T: int):
    return theta[0] if a == b else theta[0] * theta[abs(a - b)]


def us_r(theta: Array, a: int, b: int, T: int):
    """V = LL', L = DU: log diagonal of D, then the entries of the unit lower triangle U row by row."""
    U = np.eye(T, dtype=theta.dtype)
    U[np.tril_indices(T, -1)] = theta[T:]
    L = np.exp(theta[:T])[:, None] * U
    return L[a] @ L[b]


ENTRIES: dict[str, Callable] = {
    "us": us, "ind": ind, "indh": indh, "cs": cs, "csh": csh, "ar1": ar1, "ar1h": ar1h,
    "toep": toep, "toeph": toeph, "ad": ad, "adh": adh, "sp_exp": sp_exp, "sp_gau": sp_gau,
    "us_r": us_r,
    "cs_r": _log_sds_then(_cs_by_correlation, _one, _bounded_below),
    "csh_r": _log_sds_then(csh, _each, _bounded_below),
    "ar1_r": _log_sds_then(ar1, _one, _rational),
    "ar1h_r": _log_sds_then(ar1h, _each, _rational),
    "toep_r": _log_sds_then(_toep_by_correlation, _one, _rational),
    "toeph_r": _log_sds_then(toeph, _each, _rational),
    "ad_r": _log_sds_then(ad, _one, _rational),
    "adh_r": _log_sds_then(adh, _each, _rational),
}  # fmt: skip

N_THETA: dict[str, Callable[[int], int]] = {
    "us": lambda T: T * (T + 1) // 2, "ind": _one, "indh": _each,
    "cs": lambda T: 2, "csh": lambda T: T + 1, "ar1": lambda T: 2, "ar1h": lambda T: T + 1,
    "toep": _each, "toeph": lambda T: 2 * T - 1, "ad": _each, "adh": lambda T: 2 * T - 1,
    "sp_exp": lambda T: 2, "sp_gau": lambda T: 2,
}  # fmt: skip

SPATIAL = ("sp_exp", "sp_gau")


def natural_theta(structure: str, Sigma: Array) -> Array:
    """θ of a structure on visits, read off its Σ (T, T)."""
    T = len(Sigma)
    variances, sds = np.diag(Sigma), np.sqrt(np.diag(Sigma))
    correlation = Sigma / np.outer(sds, sds)
    neighbours = np.diag(correlation, 1)
    if structure == "us":
        return Sigma[np.tril_indices(T)]
    if structure in ("ind", "indh"):
        return variances if structure == "indh" else variances[:1]
    if structure == "cs":
        covariance = Sigma[1, 0] if T > 1 else 0.0
        return np.array([covariance, Sigma[0, 0] - covariance])
    if structure == "toep":
        return Sigma[0]
    if structure in ("csh", "ar1h"):
        return np.append(variances, correlation[0, 1])
    if structure == "ar1":
        return np.array([variances[0], correlation[0, 1]])
    if structure == "toeph":
        return np.append(variances, correlation[0, 1:])
    if structure == "ad":
        return np.append(variances[0], neighbours)
    if structure == "adh":
        return np.append(variances, neighbours)
    raise KeyError(structure)


def r_theta(structure: str, Sigma: Array) -> Array:
    """θ of the same Σ in R mmrm's parameters (structure without the ``_r``)."""
    T = len(Sigma)
    if structure == "us":
        L = np.linalg.cholesky(Sigma)
        U = L / np.diag(L)[:, None]
        return np.concatenate([np.log(np.diag(L)), U[np.tril_indices(T, -1)]])
    natural = natural_theta("cs_" if structure == "cs_" else structure, Sigma)
    heterogeneous = structure.endswith("h")
    sds = np.sqrt(np.diag(Sigma)) if heterogeneous else np.sqrt(np.diag(Sigma))[:1]
    rho = natural[len(sds) :]
    if structure in ("cs", "toep"):
        rho = Sigma[0, 1:2] / Sigma[0, 0] if structure == "cs" else Sigma[0, 1:] / Sigma[0, 0]
    if structure in ("cs", "csh"):
        floor = 1.0 / (T - 1)
        share = (rho + floor) / (1.0 + floor)
        return np.concatenate([np.log(sds), np.log(share / (1.0 - share))])
    return np.concatenate([np.log(sds), rho / np.sqrt(1.0 - rho**2)])


# ------------------------------------------------------------------------------------------
# The model
# ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """One subject's rows: y (t,), X (t, k), places (visit numbers from 0, or coordinates), weights (t,)."""

    y: Array
    X: Array
    places: tuple
    weights: Array
    group: int


@dataclass(frozen=True)
class Inference:
    """One row of a coefficient-like table."""

    estimate: float
    std_error: float
    df: float


@dataclass(frozen=True)
class FTest:
    num_df: int
    den_df: float
    statistic: float
    p_value: float


@dataclass(frozen=True)
class SlowMMRM:
    """The marginal model y_i ~ N(X_i β, D_i^(-1/2) Σ_g(θ) D_i^(-1/2)) at a θ (groups one after another)."""

    subjects: tuple[Subject, ...]
    structure: str
    n_visits: int
    theta: Array
    reml: bool = True
    n_groups: int = 1

    # -- covariance ------------------------------------------------------------

    def V(self, subject: Subject, theta: Array) -> Array:  # noqa: N802
        """Covariance of one subject's outcomes (t, t)."""
        h = len(theta) // self.n_groups
        own = theta[subject.group * h : (subject.group + 1) * h]
        entry = ENTRIES[self.structure]
        Sigma = np.array([[entry(own, a, b, self.n_visits) for b in subject.places] for a in subject.places])
        root = 1.0 / np.sqrt(subject.weights)
        return root[:, None] * Sigma * root[None, :]

    def V_h(self, subject: Subject, theta: Array, h: int) -> Array:  # noqa: N802
        """∂V_i/∂θ_h by a complex step."""
        return self.V(subject, _imaginary_step(theta, h)).imag / _STEP

    def V_hj(self, subject: Subject, theta: Array, h: int, j: int) -> Array:  # noqa: N802
        """∂²V_i/∂θ_h∂θ_j: central difference of the complex step."""
        step = 1e-5 * max(abs(theta[j]), 1e-2)
        up, down = theta.astype(float).copy(), theta.astype(float).copy()
        up[j] += step
        down[j] -= step
        return (self.V_h(subject, up, h) - self.V_h(subject, down, h)) / (2 * step)

    # -- likelihood ------------------------------------------------------------

    def deviance_at(self, theta: Array):
        """-2 (restricted) log-likelihood; θ may be complex."""
        k = self.subjects[0].X.shape[1]
        n_rows = sum(len(s.y) for s in self.subjects)
        log_det: complex = 0.0
        XVX, XVy, yVy = np.zeros((k, k), complex), np.zeros(k, complex), complex(0.0)
        for s in self.subjects:
            V = self.V(s, np.asarray(theta)).astype(complex)
            log_det += np.log(np.linalg.det(V))
            VX, Vy = np.linalg.solve(V, s.X), np.linalg.solve(V, s.y)
            XVX += s.X.T @ VX
            XVy += s.X.T @ Vy
            yVy += s.y @ Vy
        value = log_det + yVy - XVy @ np.linalg.solve(XVX, XVy) + n_rows * np.log(2 * np.pi)
        if self.reml:
            value += np.log(np.linalg.det(XVX)) - k * np.log(2 * np.pi)
        return value if np.iscomplexobj(theta) else float(value.real)

    @cached_property
    def deviance(self) -> float:
        return self.deviance_at(self.theta)

    @property
    def loglik(self) -> float:
        return -0.5 * self.deviance

    def score_at(self, theta: Array) -> Array:
        """Gradient of the log-likelihood in θ."""
        return np.array(
            [-0.5 * self.deviance_at(_imaginary_step(theta, h)).imag / _STEP for h in range(len(theta))]
        )

    @cached_property
    def score(self) -> Array:
        return self.score_at(self.theta)

    @cached_property
    def information(self) -> Array:
        """Observed information: minus the Hessian of the log-likelihood (p, p)."""
        columns = []
        for j, value in enumerate(self.theta):
            step = 1e-4 * max(abs(value), 1e-2)
            points = [self.theta + m * step * np.eye(len(self.theta))[j] for m in (-2, -1, 1, 2)]
            g = [self.score_at(point) for point in points]
            columns.append(-(g[0] - 8 * g[1] + 8 * g[2] - g[3]) / (12 * step))
        information = np.array(columns)
        return (information + information.T) / 2

    @cached_property
    def theta_covariance(self) -> Array:
        return np.linalg.inv(self.information)

    # -- coefficients ------------------------------------------------------------

    def phi_at(self, theta: Array) -> Array:
        """(Σ X'V⁻¹X)⁻¹."""
        total = sum(s.X.T @ np.linalg.solve(self.V(s, theta), s.X) for s in self.subjects)
        return np.linalg.inv(np.asarray(total))

    @cached_property
    def phi(self) -> Array:
        return self.phi_at(self.theta)

    @cached_property
    def beta(self) -> Array:
        total = sum(s.X.T @ np.linalg.solve(self.V(s, self.theta), s.y) for s in self.subjects)
        return self.phi @ np.asarray(total)

    # -- Satterthwaite ------------------------------------------------------------

    @cached_property
    def _phi_gradient(self) -> tuple[Array, ...]:
        return tuple(self.phi_at(_imaginary_step(self.theta, h)).imag / _STEP for h in range(len(self.theta)))

    def satterthwaite_df(self, L: Array) -> float:
        """2 (LΦL')² / g'V_θ g, g the gradient of LΦL' in θ."""
        g = np.array([L @ gradient @ L for gradient in self._phi_gradient])
        return float(2 * (L @ self.phi @ L) ** 2 / (g @ self.theta_covariance @ g))

    def satterthwaite(self, L: Array) -> Inference:
        return Inference(float(L @ self.beta), float(np.sqrt(L @ self.phi @ L)), self.satterthwaite_df(L))

    def satterthwaite_f(self, L: Array) -> FTest:
        """Fai & Cornelius: rotate L to independent rows, one df each, match the mean of the F."""
        return _fai_cornelius(L, self.beta, self.phi, self.satterthwaite_df)

    # -- Kenward & Roger ------------------------------------------------------------

    @cached_property
    def P(self) -> list[Array]:  # noqa: N802
        """P_h = X' ∂V⁻¹/∂θ_h X = -X'V⁻¹ V_h V⁻¹X."""
        P = [np.zeros_like(self.phi) for _ in self.theta]
        for s in self.subjects:
            VX = np.linalg.solve(self.V(s, self.theta), s.X)
            for h in range(len(self.theta)):
                P[h] -= VX.T @ self.V_h(s, self.theta, h) @ VX
        return P

    @cached_property
    def Q(self) -> list[list[Array]]:  # noqa: N802
        """Q_hj = X' ∂V⁻¹/∂θ_h V ∂V⁻¹/∂θ_j X."""
        n = len(self.theta)
        Q = [[np.zeros_like(self.phi) for _ in range(n)] for _ in range(n)]
        for s in self.subjects:
            V = self.V(s, self.theta)
            VX = np.linalg.solve(V, s.X)
            V_h = [self.V_h(s, self.theta, h) for h in range(n)]
            for h in range(n):
                for j in range(n):
                    Q[h][j] += VX.T @ V_h[h] @ np.linalg.solve(V, V_h[j] @ VX)
        return Q

    @cached_property
    def R(self) -> list[list[Array]]:  # noqa: N802
        """R_hj = X'V⁻¹ V_hj V⁻¹X."""
        n = len(self.theta)
        R = [[np.zeros_like(self.phi) for _ in range(n)] for _ in range(n)]
        for s in self.subjects:
            VX = np.linalg.solve(self.V(s, self.theta), s.X)
            for h in range(n):
                for j in range(n):
                    R[h][j] += VX.T @ self.V_hj(s, self.theta, h, j) @ VX
        return R

    def phi_adjusted(self, linear: bool) -> Array:
        """Φ_A = Φ + 2 Φ {Σ W_hj (Q_hj - P_h Φ P_j - ¼ R_hj)} Φ; `linear` leaves R out."""
        n, W = len(self.theta), self.theta_covariance
        inner = np.zeros_like(self.phi)
        for h in range(n):
            for j in range(n):
                second = 0.0 if linear else 0.25 * self.R[h][j]
                inner += W[h, j] * (self.Q[h][j] - self.P[h] @ self.phi @ self.P[j] - second)
        return self.phi + 2 * self.phi @ inner @ self.phi

    def kenward_roger_f(self, L: Array, linear: bool) -> FTest:
        """The scaled F of the 1997 paper; `statistic` is λF."""
        L = np.atleast_2d(L)
        q, n, W = len(L), len(self.theta), self.theta_covariance
        Theta = L.T @ np.linalg.inv(L @ self.phi @ L.T) @ L
        TPhi = [Theta @ self.phi @ P @ self.phi for P in self.P]
        A1 = sum(W[h, j] * np.trace(TPhi[h]) * np.trace(TPhi[j]) for h in range(n) for j in range(n))
        A2 = sum(W[h, j] * np.trace(TPhi[h] @ TPhi[j]) for h in range(n) for j in range(n))
        B = (A1 + 6 * A2) / (2 * q)
        g = ((q + 1) * A1 - (q + 4) * A2) / ((q + 2) * A2)
        scale = 3 * q + 2 * (1 - g)
        c1, c2, c3 = g / scale, (q - g) / scale, (q + 2 - g) / scale
        E_star = 1 / (1 - A2 / q)
        V_star = (2 / q) * (1 + c1 * B) / ((1 - c2 * B) ** 2 * (1 - c3 * B))
        rho = V_star / (2 * E_star**2)
        m = 4 + (q + 2) / (q * rho - 1)
        lam = m / (E_star * (m - 2))
        adjusted = L @ self.phi_adjusted(linear) @ L.T
        estimate = L @ self.beta
        F = lam * estimate @ np.linalg.solve(adjusted, estimate) / q
        return FTest(q, float(m), float(F), float(f_distribution.sf(F, q, m)))

    def kenward_roger(self, L: Array, linear: bool) -> Inference:
        std_error = float(np.sqrt(L @ self.phi_adjusted(linear) @ L))
        return Inference(float(L @ self.beta), std_error, self.kenward_roger_f(L, linear).den_df)

    # -- empirical covariances ------------------------------------------------------------

    @cached_property
    def _whitened(self) -> tuple[list[Array], list[Array]]:
        """X* = L'X and r* = L'(y - Xβ) by subject, V⁻¹ = LL'."""
        X, r = [], []
        for s in self.subjects:
            L = np.linalg.cholesky(np.linalg.inv(self.V(s, self.theta)))
            X.append(L.T @ s.X)
            r.append(L.T @ (s.y - s.X @ self.beta))
        return X, r

    def _adjustments(self, kind: str) -> list[Array]:
        """A_i: I for CR0, (I-H_ii)^(-1/2) for CR2, (I-H_ii)^(-1) for CR3."""
        power = {"CR0": 0.0, "CR2": -0.5, "CR3": -1.0}[kind]
        adjustments = []
        for X in self._whitened[0]:
            values, vectors = np.linalg.eigh(np.eye(len(X)) - X @ self.phi @ X.T)
            adjustments.append(vectors @ np.diag(values**power) @ vectors.T)
        return adjustments

    def empirical(self, kind: str) -> Array:
        """Φ {Σ s_i s_i'} Φ with s_i = X*'A r*."""
        scores = [
            X.T @ A @ r
            for X, A, r in zip(self._whitened[0], self._adjustments(kind), self._whitened[1], strict=True)
        ]
        return self.phi @ sum(np.outer(s, s) for s in scores) @ self.phi

    def bell_mccaffrey_df(self, L: Array, kind: str) -> float:
        """(tr G'G)² / tr (G'G)², G's columns g_i = (I-H)_{·i} A_i X*_i Φ L', working covariance identity."""
        stacked = np.vstack(self._whitened[0])
        residual_maker = np.eye(len(stacked)) - stacked @ self.phi @ stacked.T
        G, start = [], 0
        for X, A in zip(self._whitened[0], self._adjustments(kind), strict=True):
            G.append(residual_maker[:, start : start + len(X)] @ A @ X @ self.phi @ L)
            start += len(X)
        products = np.array(G) @ np.array(G).T
        return float(np.trace(products) ** 2 / np.sum(products**2))

    def empirical_row(self, L: Array, kind: str) -> Inference:
        std_error = float(np.sqrt(L @ self.empirical(kind) @ L))
        return Inference(float(L @ self.beta), std_error, self.bell_mccaffrey_df(L, kind))

    def empirical_f(self, L: Array, kind: str) -> FTest:
        return _fai_cornelius(
            L, self.beta, self.empirical(kind), lambda row: self.bell_mccaffrey_df(row, kind)
        )

    # -- simple degrees of freedom ------------------------------------------------------------

    @property
    def residual_df(self) -> int:
        return sum(len(s.y) for s in self.subjects) - self.subjects[0].X.shape[1]

    def between_within_df(self) -> tuple[int, int]:
        """(between, within) of Schluchter & Elashoff: between columns are constant within every subject."""
        X = np.vstack([s.X for s in self.subjects])
        varies = np.array(
            [any(np.ptp(s.X[:, column]) > 0 for s in self.subjects) for column in range(X.shape[1])]
        )
        n_subjects, n_between = len(self.subjects), int(np.sum(~varies))
        return n_subjects - n_between, len(X) - n_subjects - int(np.sum(varies))


_STEP = 1e-30


def _imaginary_step(theta: Array, h: int) -> Array:
    stepped = np.asarray(theta, dtype=complex).copy()
    stepped[h] += 1j * _STEP
    return stepped


def _fai_cornelius(L: Array, beta: Array, covariance: Array, df: Callable[[Array], float]) -> FTest:
    L = np.atleast_2d(L)
    q = len(L)
    values, vectors = np.linalg.eigh(L @ covariance @ L.T)
    rows = vectors.T @ L
    F = float(np.sum((rows @ beta) ** 2 / values) / q)
    nus = np.array([df(row) for row in rows])
    if q == 1:
        den_df = float(nus[0])
    elif np.any(nus <= 2):
        den_df = 2.0
    else:
        E = float(np.sum(nus / (nus - 2)))
        den_df = 2 * E / (E - q)
    return FTest(q, den_df, F, float(f_distribution.sf(F, q, den_df)))


def build(
    *,
    y: Array,
    X: Array,
    ids: Sequence,
    places: Sequence,
    structure: str,
    n_visits: int,
    theta: Array,
    reml: bool = True,
    weights: Array | None = None,
    groups: Sequence[int] | None = None,
) -> SlowMMRM:
    """A model from rows in any order; rows with a missing y are dropped, as is a subject without rows."""
    y, X = np.asarray(y, float), np.asarray(X, float)
    ids = np.asarray(ids)
    weights = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    groups = np.zeros(len(y), int) if groups is None else np.asarray(groups, int)
    used = ~np.isnan(y)
    subjects = []
    for name in dict.fromkeys(ids[used].tolist()):
        rows = [row for row in np.flatnonzero(used) if ids[row] == name]
        if structure.removesuffix("_r") not in SPATIAL:
            rows.sort(key=lambda row: places[row])
        subjects.append(
            Subject(y[rows], X[rows], tuple(places[row] for row in rows), weights[rows], int(groups[rows[0]]))
        )
    return SlowMMRM(
        tuple(subjects), structure, n_visits, np.asarray(theta, float), reml, int(max(groups)) + 1
    )


def block_covariance(model: SlowMMRM) -> Array:
    """The covariance of all outcomes at once, for checks that want one dense matrix."""
    return block_diag(*[model.V(s, model.theta) for s in model.subjects])
