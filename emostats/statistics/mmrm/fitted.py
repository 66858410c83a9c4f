"""The numbers of a fitted model: likelihood, covariance, coefficients, and what tests are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.statistics.mmrm.degrees_of_freedom import Inference, Ingredients, choose_method
from emostats.statistics.mmrm.design import ModelFrame, Scaling, SubjectRows
from emostats.statistics.mmrm.likelihood import Derivatives, Evaluation, Problem
from emostats.statistics.mmrm.optimise import Convergence, Optimum
from emostats.statistics.mmrm.prediction import Covariances, residuals
from emostats.statistics.mmrm.threads import one_blas_thread

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """How the fit answers: df method, covariance of the coefficients, level of intervals, weights."""

    df_method: str
    vcov: str
    conf_level: float
    weights: str | Float | None = None


@dataclass(frozen=True, repr=False)
class FittedModel:
    """A fitted model as numbers, in the units of the data. The fields are the engine's parts.

    Tables are copies: what is done to them leaves the fit as it is.
    """

    frame: ModelFrame
    scaling: Scaling
    located: SubjectRows
    problem: Problem
    optimum: Optimum
    settings: Settings
    data: pd.DataFrame
    attempts: tuple[tuple[str, Convergence], ...] = ()

    def __repr__(self) -> str:
        """A summary in a few lines."""
        kind = "REML" if self.reml else "ML"
        end = self.convergence
        return (
            f"MMRM ({kind}): {self.formula}\n"
            f"  {self.n_subjects} subjects, {self.n_observations} observations; covariance {self.structure}, "
            f"{self.problem.n_theta} parameters\n"
            f"  -2 log-likelihood {self.deviance:.4f}, AIC {self.aic:.4f}, BIC {self.bic:.4f}\n"
            f"  {end.message} in {end.iterations} iterations; df {self.settings.df_method}, "
            f"vcov {self.settings.vcov}"
        )

    # ---- what was fitted ---------------------------------------------------------------------------

    @property
    def formula(self) -> str:
        """The formula as given."""
        return self.frame.formula.text

    @property
    def n_observations(self) -> int:
        """Rows used."""
        return len(self.frame.y)

    @property
    def n_subjects(self) -> int:
        """Subjects with at least one row used."""
        return len(self.frame.subjects)

    @property
    def convergence(self) -> Convergence:
        """How the optimiser ended."""
        return self.optimum.convergence

    @property
    def structure(self) -> str:
        """Token of the covariance structure that was fitted."""
        return self.problem.structure.token

    @property
    def reml(self) -> bool:
        """Whether the likelihood is restricted."""
        return self.problem.reml

    # ---- likelihood --------------------------------------------------------------------------------

    @cached_property
    def loglik(self) -> float:
        """The (restricted) log-likelihood with all constants, for the model's own coding of factors."""
        N, k = self.n_observations, int(self.scaling.kept.sum())
        out = (
            self._at.loglik
            - (N - k * self.reml) * np.log(self.scaling.s)
            + 0.5 * self.problem.stack.log_weights
        )
        return float(out + self.scaling.log_det_m if self.reml else out)

    @property
    def deviance(self) -> float:
        """−2 log-likelihood."""
        return -2 * self.loglik

    @property
    def aic(self) -> float:
        """Akaike's criterion as R's: covariance parameters are counted, also under ML."""
        return self.deviance + 2 * self.problem.n_theta

    @property
    def aicc(self) -> float:
        """Corrected AIC as R mmrm's, with n = rows − coefficients."""
        n, p = self.n_observations - int(self.scaling.kept.sum()), self.problem.n_theta
        return self.deviance + 2 * p * n / (n - p - 1)

    @property
    def bic(self) -> float:
        """Schwarz's criterion as R's: n = subjects with an outcome, covariance parameters counted."""
        return float(self.deviance + np.log(self.n_subjects) * self.problem.n_theta)

    # ---- estimates ---------------------------------------------------------------------------------

    @property
    def _at(self) -> Evaluation:
        return self.optimum.reached[0]

    @property
    def _slope(self) -> Derivatives:
        return self.optimum.reached[1]

    @cached_property
    def _theta_units(self) -> Float:
        return self.problem.theta_units(self.scaling.s)

    @property
    def theta(self) -> pd.Series:
        """Covariance parameters in SAS's natural parametrisation, by name."""
        return self._theta.copy()

    @cached_property
    def _theta(self) -> pd.Series:
        names = self.problem.structure.names(self.frame.visits)
        if self.frame.groups:
            names = tuple(f"{group}: {name}" for group in self.frame.groups for name in names)
        return pd.Series(self._at.theta * self._theta_units, index=pd.Index(names), name="theta")

    @property
    def theta_vcov(self) -> pd.DataFrame:
        """Asymptotic covariance of `theta`: inverse observed information."""
        return self._theta_vcov.copy()

    @cached_property
    def _theta_vcov(self) -> pd.DataFrame:
        V = self._theta_covariance * np.outer(self._theta_units, self._theta_units)
        return pd.DataFrame(V, index=self.theta.index, columns=self.theta.index)

    @cached_property
    def _theta_covariance(self) -> Float:
        inverse = np.linalg.inv(self._slope.information)
        return 0.5 * (inverse + inverse.T)

    @property
    def covariance(self) -> pd.DataFrame | Mapping[Any, pd.DataFrame]:
        """Covariance matrix of the visits (spatial: of the distinct coordinates); by group if grouped."""
        if not self.frame.groups:
            return self._covariance_by_group[None].copy()
        return {group: matrix.copy() for group, matrix in self._covariance_by_group.items()}

    @cached_property
    def _covariance_by_group(self) -> dict[Any, pd.DataFrame]:
        out = {}
        for g, label in enumerate(self.frame.groups or (None,)):
            theta = self.problem.theta_of(self._at.theta * self._theta_units, g)
            labels, positions = self._covariance_positions()
            out[label] = pd.DataFrame(
                self.problem.structure.sigma(theta, positions), index=labels, columns=labels
            )
        return out

    def _covariance_positions(self) -> tuple[pd.Index, Any]:
        if self.frame.coordinates is None:
            return pd.Index(self.frame.visits), len(self.frame.visits)
        points = np.unique(self.frame.coordinates, axis=0)
        if len(points) > 500:
            raise UsageError(
                f"{len(points)} distinct coordinates make too large a matrix; read fit.theta instead."
            )
        labels = pd.Index(
            [float(p[0]) if len(p) == 1 else tuple(map(float, p)) for p in points], tupleize_cols=False
        )
        return labels, np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=-1))

    @cached_property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of the estimable coefficients."""
        names = np.array(self.frame.encoding.names, dtype=object)
        return tuple(names[self.scaling.kept])

    @cached_property
    def aliased(self) -> tuple[str, ...]:
        """Names of the columns that were left out."""
        names = np.array(self.frame.encoding.names, dtype=object)
        return tuple(names[~self.scaling.kept])

    @property
    def beta(self) -> pd.Series:
        """Estimable coefficients by name."""
        return self._beta.copy()

    @cached_property
    def _beta(self) -> pd.Series:
        beta = self.scaling.M @ (self.scaling.b0 + self.scaling.s * self._at.beta)
        return pd.Series(beta, index=pd.Index(self.coefficient_names), name="estimate")

    @property
    def beta_vcov(self) -> pd.DataFrame:
        """Covariance of the coefficients by the chosen `vcov`, or adjusted by Kenward and Roger."""
        return self._beta_vcov.copy()

    @cached_property
    def _beta_vcov(self) -> pd.DataFrame:
        names = self.coefficient_names
        return pd.DataFrame(self.inference.vcov, index=names, columns=names)

    @cached_property
    def inference(self) -> Inference:
        """What tests and intervals are made of."""
        root = self.scaling.s * self.scaling.M @ self._at.C
        parts = Ingredients(
            self.frame, self.scaling, self.located, self.problem, self._at, self._slope, root,
            self._theta_covariance,
        )  # fmt: skip
        with one_blas_thread():
            method, middle = choose_method(parts, self.settings.df_method, self.settings.vcov)
        return Inference(self.beta.to_numpy(), root, middle, method, self.settings.conf_level)

    # ---- fitted values -----------------------------------------------------------------------------

    @cached_property
    def _covariances(self) -> Covariances:
        units, problem = self._theta_units, self.problem
        thetas = (problem.theta_of(self._at.theta * units, g) for g in range(problem.stack.n_groups))
        return Covariances(problem.structure, tuple(thetas), len(self.frame.visits))

    @cached_property
    def _mean(self) -> Float:
        return np.asarray(self.frame.X[:, self.scaling.kept] @ self.beta.to_numpy())

    @property
    def fitted(self) -> pd.Series:
        """Xβ (plus offset) of the rows used, in the data's order."""
        offset = 0.0 if self.frame.offset is None else self.frame.offset
        return pd.Series(self._mean + offset, index=self.frame.index, name="fitted")

    def residuals(self, kind: str = "response") -> pd.Series:
        """Residuals of the rows used, in the data's order: response, pearson or normalized."""
        return residuals(kind, self.frame.y - self._mean, self.frame, self._covariances)
