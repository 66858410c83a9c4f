"""em.mmrm: fit a mixed model for repeated measures, and the fit as a value that answers questions.

The steps are those of the engine, in order: design, covariance, likelihood, optimisation, covariance of the
coefficients, degrees of freedom, contrasts, LS means.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.errors import ConvergenceError, EmostatsWarning, ModelError, UsageError, did_you_mean
from emostats.statistics.mmrm.contrasts import type_three, type_two
from emostats.statistics.mmrm.covariance import STRUCTURES
from emostats.statistics.mmrm.degrees_of_freedom import (
    DF_METHODS,
    BetweenWithin,
    DfMethod,
    Inference,
    KenwardRoger,
    Residual,
    Sandwiched,
    Satterthwaite,
    f_test,
    t_test,
)
from emostats.statistics.mmrm.degrees_of_freedom.inference import TTests, chi2_upper
from emostats.statistics.mmrm.design import (
    Categorical,
    ModelFrame,
    Scaling,
    SubjectRows,
    build_frame,
    build_stack,
    find_scaling,
    locate_rows,
    parse_formula,
)
from emostats.statistics.mmrm.emmeans import LinearEstimates, cell_weights, grid_axes, grid_matrix, parse_spec
from emostats.statistics.mmrm.likelihood import Problem
from emostats.statistics.mmrm.optimise import Convergence, Optimum, maximise
from emostats.statistics.mmrm.prediction import (
    Covariances,
    predict_rows,
    residuals,
    rows_of,
    simulate_outcomes,
)
from emostats.statistics.mmrm.vcov import EMPIRICAL_KINDS, Sandwich, SubjectScores, kenward_roger_middle

if TYPE_CHECKING:
    from emostats.statistics.resampling.result import BootstrapResult

Float = NDArray[np.float64]

VCOV_METHODS = ("asymptotic", *EMPIRICAL_KINDS)
_SIMPLER = {
    "us": "toeph, adh, ar1h or csh", "toeph": "ar1h or csh", "adh": "ar1h", "ar1h": "ar1", "csh": "cs",
    "toep": "ar1 or cs", "ad": "ar1",
}  # fmt: skip


def mmrm(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: str | ArrayLike | None = None,
    df_method: str = "satterthwaite",
    vcov: str = "asymptotic",
    conf_level: float = 0.95,
    fallback: Sequence[str] = (),
) -> MMRMFit:
    """Fit a mixed model for repeated measures.

    Parameters
    ----------
    formula: R-like, with one covariance term: ``AVAL ~ AVISIT * ARMCD + us(AVISIT | USUBJID)``. Structures:
        us, toep, toeph, ar1, ar1h, ad, adh, cs, csh, ind, indh, and over coordinates sp_exp and sp_gau, as in
        sp_exp(T1, T2 | USUBJID). A group before the subject, ``us(AVISIT | ARMCD / USUBJID)``, gives each of
        its levels its own covariance.
    data: one row a subject × visit. Rows with a missing outcome or covariate are left out. Never modified.
    reml: restricted maximum likelihood (default) or maximum likelihood.
    weights: column name or array of positive numbers; the variance of a row is divided by its weight.
    df_method: satterthwaite, kenward-roger (second derivatives in SAS's natural parameters, DDFM=KR),
        kenward-roger-linear (without them), kenward-roger-r (in R mmrm's parameters), between-within,
        residual.
    vcov: asymptotic, empirical (CR0), empirical-bias-reduced (CR2), empirical-jackknife (CR3).
    conf_level: of all intervals, in (0, 1).
    fallback: structures to try, in order, when the one in the formula does not converge; `fit.attempts`
        tells.

    Returns
    -------
    MMRMFit

    Raises
    ------
    UsageError: the formula, an option or the data cannot be used as asked.
    ModelError: the covariance is not identifiable from these visits.
    ConvergenceError: the optimum was not reached; says which of gradient, Hessian or boundary failed.

    Example
    -------
    >>> fit = em.mmrm("FEV1 ~ ARMCD * AVISIT + us(AVISIT | USUBJID)", data)      # doctest: +SKIP
    >>> fit.emmeans("ARMCD | AVISIT").contrasts("revpairwise").table()           # doctest: +SKIP
    """
    _check_options(df_method, vcov, conf_level, reml)
    parsed = parse_formula(formula, tuple(STRUCTURES))
    structure = STRUCTURES[parsed.covariance.structure]
    array = weights if weights is None or isinstance(weights, str) else np.asarray(weights, dtype=float)
    frame = build_frame(parsed, data, array, structure.spatial)
    scaling = find_scaling(frame.X, frame.y, frame.encoding.names)
    located = locate_rows(frame)
    problem = Problem(build_stack(frame, scaling, located), structure, reml)
    _check_identifiable(problem, frame)
    _warn_aliased(frame, scaling)
    settings = Settings(df_method, vcov, conf_level, array)
    fits = [MMRMFit(frame, scaling, located, problem, maximise(problem), settings, data.copy(deep=False))]
    for token in fallback:
        if fits[-1].convergence.converged:
            break
        fits.append(_retry(fits[0], token))
    attempts = tuple((fit.problem.structure.token, fit.convergence) for fit in fits)
    last = replace(fits[-1], attempts=attempts)
    if not last.convergence.converged:
        raise _not_converged(last)
    if len(attempts) > 1:
        tried = "; ".join(f"{token}: {end.message}" for token, end in attempts)
        warnings.warn(
            f"Covariance structure chosen by the declared order. {tried}.", EmostatsWarning, stacklevel=2
        )
    return last


def _check_options(df_method: str, vcov: str, conf_level: float, reml: bool) -> None:
    problems = []
    if df_method not in DF_METHODS:
        problems.append(f"df_method='{df_method}' is unknown. {did_you_mean(df_method, DF_METHODS)}")
    if vcov not in VCOV_METHODS:
        problems.append(f"vcov='{vcov}' is unknown. {did_you_mean(vcov, VCOV_METHODS)}")
    if not 0 < conf_level < 1:
        problems.append(f"conf_level should lie between 0 and 1, e.g. 0.95; found {conf_level}.")
    if df_method.startswith("kenward-roger") and not reml:
        problems.append("Kenward-Roger is defined for REML; fit with reml=True or take another df_method.")
    if df_method.startswith("kenward-roger") and vcov != "asymptotic":
        problems.append("Kenward-Roger brings its own covariance; take vcov='asymptotic' with it.")
    if problems:
        raise UsageError("\n".join(problems))


def _warn_aliased(frame: ModelFrame, scaling: Scaling) -> None:
    names = [name for name, kept in zip(frame.encoding.names, scaling.kept, strict=True) if not kept]
    if names:
        warnings.warn(
            f"Not estimable from these data, left out: {', '.join(names)} (explained by the columns before).",
            EmostatsWarning,
            stacklevel=3,
        )


def _check_identifiable(problem: Problem, frame: ModelFrame) -> None:
    """Refuse parameters that no subject informs: pairs of visits (us), lags (toep), steps (ad)."""
    stack = problem.stack
    if stack.distances is not None:
        return
    T = stack.n_visits
    probe = np.full((T, T), 0.3) + 0.7 * np.eye(T)
    gradient = problem.structure.gradient(problem.structure.start(probe), T)
    token, names = problem.structure.token, problem.structure.names(frame.visits)
    for g in range(stack.n_groups):
        seen = stack.observed[stack.group == g]
        together = (seen[:, :, None] & seen[:, None, :]).any(axis=0)
        informed = (np.abs(gradient) * together).reshape(len(gradient), -1).any(axis=1)
        if not informed.all():
            where = f" in group '{frame.groups[g]}'" if frame.groups else ""
            lost = [name for name, ok in zip(names, informed, strict=True) if not ok]
            raise ModelError(
                f"The covariance {token} is not identifiable{where}: no subject was seen at both visits of "
                f"{', '.join(lost[:6])}{' …' if len(lost) > 6 else ''}. "
                f"Take a structure that does not need them, such as {_SIMPLER.get(token, 'cs')}."
            )


def _retry(fit: MMRMFit, token: str) -> MMRMFit:
    if token not in STRUCTURES:
        raise UsageError(f"fallback names an unknown structure '{token}'. {did_you_mean(token, STRUCTURES)}")
    problem = Problem(fit.problem.stack, STRUCTURES[token], fit.problem.reml)
    _check_identifiable(problem, fit.frame)
    return replace(fit, problem=problem, optimum=maximise(problem))


def _not_converged(fit: MMRMFit) -> ConvergenceError:
    end = fit.convergence
    token = fit.problem.structure.token
    advice = f" Try a simpler structure: {_SIMPLER[token]}." if token in _SIMPLER else ""
    at = fit.optimum.at
    theta = () if at is None else tuple(at.theta * fit._theta_units)
    tried = f" Tried: {', '.join(name for name, _ in fit.attempts)}." if len(fit.attempts) > 1 else ""
    return ConvergenceError(
        f"The model did not converge after {end.iterations} iterations: {end.message} "
        f"(largest scaled gradient {end.gradient:.2g}).{tried}{advice}",
        reason=end.reason,
        theta=theta,
    )


@dataclass(frozen=True)
class Settings:
    """How the fit answers: df method, covariance of the coefficients, level of intervals, weights."""

    df_method: str
    vcov: str
    conf_level: float
    weights: str | Float | None = None


@dataclass(frozen=True)
class MMRMFit:
    """A fitted MMRM. Numbers are in the units of the data; see `mmrm` for the options.

    The fields are the engine's parts; users read the properties and call the methods.
    """

    frame: ModelFrame
    scaling: Scaling
    located: SubjectRows
    problem: Problem
    optimum: Optimum
    settings: Settings
    data: pd.DataFrame
    attempts: tuple[tuple[str, Convergence], ...] = ()

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
    def _at(self) -> Any:
        return self.optimum.at

    @cached_property
    def _theta_units(self) -> Float:
        powers = self.problem.structure.scale_powers(self.problem.stack.n_visits)
        return np.tile(self.scaling.s ** (2 * powers), self.problem.stack.n_groups)

    @cached_property
    def theta(self) -> pd.Series:
        """Covariance parameters in SAS's natural parametrisation, by name."""
        names = self.problem.structure.names(self.frame.visits)
        if self.frame.groups:
            names = tuple(f"{group}: {name}" for group in self.frame.groups for name in names)
        return pd.Series(self._at.theta * self._theta_units, index=pd.Index(names), name="theta")

    @cached_property
    def theta_vcov(self) -> pd.DataFrame:
        """Asymptotic covariance of `theta`: inverse observed information."""
        V = self._theta_covariance * np.outer(self._theta_units, self._theta_units)
        return pd.DataFrame(V, index=self.theta.index, columns=self.theta.index)

    @cached_property
    def _theta_covariance(self) -> Float:
        inverse = np.linalg.inv(self.optimum.slope.information)  # type: ignore[union-attr]
        return 0.5 * (inverse + inverse.T)

    @cached_property
    def covariance(self) -> pd.DataFrame | Mapping[Any, pd.DataFrame]:
        """Covariance matrix of the visits (spatial: of the distinct coordinates); by group if grouped."""
        out = {}
        for g, label in enumerate(self.frame.groups or (None,)):
            theta = self.problem.theta_of(self._at.theta * self._theta_units, g)
            labels, positions = self._covariance_positions()
            out[label] = pd.DataFrame(
                self.problem.structure.sigma(theta, positions), index=labels, columns=labels
            )
        return out if self.frame.groups else out[None]

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

    @cached_property
    def beta(self) -> pd.Series:
        """Estimable coefficients by name."""
        beta = self.scaling.M @ (self.scaling.b0 + self.scaling.s * self._at.beta)
        return pd.Series(beta, index=pd.Index(self.coefficient_names), name="estimate")

    @cached_property
    def beta_vcov(self) -> pd.DataFrame:
        """Covariance of the coefficients by the chosen `vcov`, or adjusted by Kenward and Roger."""
        names = self.coefficient_names
        return pd.DataFrame(self.inference.vcov, index=names, columns=names)

    @cached_property
    def inference(self) -> Inference:
        """What tests and intervals are made of."""
        root = self.scaling.s * self.scaling.M @ self._at.C
        method, middle = self._method_and_middle(root)
        return Inference(self.beta.to_numpy(), root, middle, method, self.settings.conf_level)

    def _method_and_middle(self, root: Float) -> tuple[DfMethod, Float]:
        k, df_method = len(root), self.settings.df_method
        w = self._theta_covariance
        E = self.optimum.slope.U[:, :k, :k]  # type: ignore[union-attr]
        if df_method.startswith("kenward-roger"):
            middle = kenward_roger_middle(self.problem, self._at, self.optimum.slope, w, df_method)  # type: ignore[arg-type]
            return KenwardRoger(E, w), middle
        sandwich = self._sandwich
        middle = np.eye(k) if sandwich is None else sandwich.middle
        if df_method == "residual":
            return Residual(float(self.n_observations - k)), middle
        if df_method == "between-within":
            return self._between_within(root), middle
        return (Satterthwaite(E, w) if sandwich is None else Sandwiched(sandwich)), middle

    @cached_property
    def _sandwich(self) -> Sandwich | None:
        if self.settings.vcov == "asymptotic":
            return None
        scores = SubjectScores(self.frame, self.scaling, self.located, self._at)
        return Sandwich.fit(scores, self.settings.vcov)

    def _between_within(self, root: Float) -> BetweenWithin:
        X = self.frame.X[:, self.scaling.kept]
        first = np.full(self.n_subjects, -1)
        first[self.frame.subject[::-1]] = np.arange(self.n_observations)[::-1]
        within = (X[first[self.frame.subject]] != X).any(axis=0)
        between_df = float(self.n_subjects - (~within).sum())
        within_df = float(self.n_observations - self.n_subjects - within.sum())
        if self.structure == "us":
            within_df = between_df
        return BetweenWithin(within, np.asarray(np.linalg.inv(root)), between_df, within_df)

    # ---- answers -----------------------------------------------------------------------------------

    def coefficients(self, conf_level: float | None = None) -> pd.DataFrame:
        """Coefficient table: term, estimate, std_error, df, statistic, p_value, conf_low, conf_high.

        Aliased coefficients keep their row with missing values.
        """
        tests = t_test(self.inference, np.eye(len(self.beta)), 0.0, conf_level)
        table = pd.DataFrame(
            np.full((len(self.scaling.kept), 7), np.nan), columns=list(TTests.__dataclass_fields__)
        )
        table.loc[self.scaling.kept] = np.column_stack([getattr(tests, name) for name in table.columns])
        table.insert(0, "term", list(self.frame.encoding.names))
        return table

    def contrast(
        self, L: ArrayLike, *, null: float = 0.0, names: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """One t test a row of L (q × k).

        Columns: contrast, estimate, std_error, df, statistic, p_value, conf_low, conf_high.

        L counts the estimable coefficients, or all columns with zeros at aliased ones.

        Raises
        ------
        UsageError: L has another number of columns, or touches an aliased coefficient.
        """
        matrix = self._contrast_matrix(L)
        tests = t_test(self.inference, matrix, null)
        labels = list(names) if names is not None else [f"L{row + 1}" for row in range(len(matrix))]
        return pd.DataFrame(
            {"contrast": labels, **{name: getattr(tests, name) for name in TTests.__dataclass_fields__}}
        )

    def test(self, L: ArrayLike, null: ArrayLike = 0.0) -> pd.DataFrame:
        """Test that L β = null, as one row.

        A vector L is a single contrast: estimate, std_error, df, statistic (t), p_value, conf_low, conf_high,
        num_df, den_df. A matrix is a joint hypothesis: num_df, den_df, statistic (F), p_value; when it has a
        single row the estimate and its interval stand beside them.

        Raises
        ------
        UsageError: L has another number of columns, or touches an aliased coefficient.
        """
        matrix = self._contrast_matrix(L)
        target = np.asarray(null, dtype=float)
        row: dict[str, Any] = {}
        if len(matrix) == 1:
            tests = t_test(self.inference, matrix, target)
            row = {name: getattr(tests, name) for name in TTests.__dataclass_fields__}
            row |= {"num_df": 1, "den_df": tests.df}
        if np.ndim(L) != 1:
            joint = f_test(self.inference, matrix, target)
            row |= {"num_df": joint.num_df, "den_df": joint.den_df, "statistic": joint.statistic}
            row |= {"p_value": joint.p_value}
        return pd.DataFrame(row, index=[0])

    def _contrast_matrix(self, L: ArrayLike) -> Float:
        matrix = np.atleast_2d(np.asarray(L, dtype=float))
        k, k_all = len(self.beta), len(self.scaling.kept)
        if matrix.shape[1] == k:
            return matrix
        if matrix.shape[1] != k_all:
            raise UsageError(f"A contrast needs one number a coefficient ({k_all}); found {matrix.shape[1]}.")
        touched = (matrix[:, ~self.scaling.kept] != 0).any(axis=0)
        if touched.any():
            names = [name for name, hit in zip(self.aliased, touched, strict=True) if hit]
            raise UsageError(f"The contrast needs coefficients that are not estimable: {', '.join(names)}.")
        return matrix[:, self.scaling.kept]

    def anova(self, type: int = 3, test: str = "F") -> pd.DataFrame:
        """Tests of the model's terms: term, num_df, den_df, statistic, p_value.

        `type` 3 tests sum-to-zero coefficients, `type` 2 each term given all that do not contain it; `test`
        is ``"F"`` or ``"chisq"`` (Wald, den_df infinite).

        Raises
        ------
        UsageError: another type or test.
        """
        if type not in (2, 3) or test not in ("F", "chisq"):
            raise UsageError(
                f"anova takes type=2 or 3 and test='F' or 'chisq'; found type={type!r}, test={test!r}."
            )
        kept = self.scaling.kept
        if type == 3:
            hypotheses = type_three(self.frame.encoding, kept)
        else:
            hypotheses = type_two(self.frame.encoding, kept, self.scaling.gram)
        return pd.DataFrame(
            [self._term_test(term, L, test) for term, L in hypotheses.items()], columns=_ANOVA_COLUMNS
        )

    def _term_test(self, term: str, L: Float, test: str) -> tuple[str, float, float, float, float]:
        if not len(L):
            return term, 0.0, np.nan, np.nan, np.nan
        result = f_test(self.inference, L)
        if test == "F":
            return term, result.num_df, result.den_df, result.statistic, result.p_value
        wald = result.statistic / result.scale * result.num_df
        return term, result.num_df, np.inf, wald, chi2_upper(wald, result.num_df)

    def emmeans(
        self,
        spec: str | Sequence[str],
        *,
        weights: str = "equal",
        at: Mapping[str, Any] | None = None,
    ) -> LinearEstimates:
        """LS means of the factors in `spec`, e.g. ``"ARMCD | AVISIT"``, over the reference grid.

        `weights` averages the other factors: equal (default), proportional, outer, cells; frequencies are
        those of the rows used. `at` fixes covariates (default: their means) or restricts factors' levels.

        Returns
        -------
        LinearEstimates: ``.table()``, ``.contrasts(…)``, ``.L``.

        Raises
        ------
        UsageError: a factor that is not in the model, an unknown scheme or level.
        """
        over, by = parse_spec(spec)
        axes = grid_axes(self.frame.encoding, at)
        for name in (*over, *by):
            if name not in axes:
                raise UsageError(
                    f"'{name}' in emmeans is not a variable of the model. {did_you_mean(name, axes)}"
                )
        wanted = (*over, *by)
        averaged = [name for name in axes if name not in wanted]
        ordered = {name: axes[name] for name in (*wanted, *averaged)}
        X, place = grid_matrix(self.frame.encoding, ordered)
        weight = cell_weights(weights, ordered, averaged, place, self._cell_counts(ordered))
        return self._marginal_means(X, place, weight, ordered, wanted, by)

    # ---- prediction --------------------------------------------------------------------------------

    @cached_property
    def _covariances(self) -> Covariances:
        units, problem = self._theta_units, self.problem
        thetas = [problem.theta_of(self._at.theta * units, g) for g in range(problem.stack.n_groups)]
        if self.frame.coordinates is not None:
            return Covariances(None, lambda group, d: problem.structure.sigma(thetas[group], d))
        T = problem.stack.n_visits
        return Covariances(np.stack([problem.structure.sigma(theta, T) for theta in thetas]))

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

    def predict(
        self,
        data: pd.DataFrame | None = None,
        *,
        conditional: bool = False,
        interval: str | None = None,
        conf_level: float | None = None,
        weighted: bool = True,
    ) -> pd.DataFrame:
        """Predictions for rows of `data` (default: all rows given to the fit), in their order.

        Unconditional: the mean x'β. `conditional`: given the subject's observed outcomes in `data`; a row
        with an outcome returns it with standard error 0. `interval` adds conf_low and conf_high:
        ``"confidence"`` of the mean, ``"prediction"`` of a new outcome (std_error then includes the residual
        variance). Limits use the df of the row's linear function. Rows with a missing covariate are missing.
        `weighted=False` takes every row as one of weight 1, as R mmrm does here even for a weighted fit.

        Raises
        ------
        UsageError: an unknown interval, a missing column, or levels the model has not seen.
        """
        if interval not in (None, "confidence", "prediction"):
            raise UsageError(f"interval should be 'confidence', 'prediction' or None; found {interval!r}.")
        source = self.data if data is None else data
        weights = self.settings.weights if weighted else None
        rows = rows_of(self.frame, source, self.scaling.kept, weights)
        return predict_rows(
            rows, self._covariances, self.inference, source.index, conditional=conditional, interval=interval,
            conf_level=self.settings.conf_level if conf_level is None else conf_level,
        )  # fmt: skip

    def simulate(self, n: int = 1, *, seed: int, parameters: str = "fixed") -> pd.DataFrame:
        """Simulated outcomes of the rows used: (rows × n), columns 0 … n − 1, the data's index.

        `parameters`: ``"fixed"`` at the estimates, or ``"drawn"``: β from its normal distribution in each.

        Raises
        ------
        UsageError: n is not positive, or `parameters` is unknown.
        """
        if n < 1 or parameters not in ("fixed", "drawn"):
            raise UsageError(
                f"simulate needs n ≥ 1 and parameters 'fixed' or 'drawn'; found {n!r}, {parameters!r}."
            )
        rng = np.random.default_rng(seed)
        outcomes = simulate_outcomes(self.fitted.to_numpy(), self.frame, self._covariances, n, rng)
        if parameters == "drawn":
            root = np.linalg.cholesky(self.inference.vcov)
            outcomes += self.frame.X[:, self.scaling.kept] @ (root @ rng.standard_normal((len(root), n)))
        return pd.DataFrame(outcomes, index=self.frame.index)

    # ---- resampling --------------------------------------------------------------------------------

    def bootstrap(
        self,
        contrasts: Any,
        *,
        n_resamples: int = 9999,
        method: str = "bca",
        conf_level: float = 0.95,
        unit: str | None = None,
        strata: str | Sequence[str] | None = None,
        seed: Any,
        n_jobs: int | None = None,
        progress: Any = None,
    ) -> BootstrapResult:
        """Cluster bootstrap of LS means, contrasts and functions of them; every replicate a full refit.

        Parameters
        ----------
        contrasts: what `emmeans` or its ``contrasts`` return, a mapping name → coefficients, a matrix, or
            targets of `emostats.statistics.mmrm.refit` (`PercentChange`, `Standardized`); or a list of these.
        unit: column whose values are drawn: the subject (default), or one above it such as a family or site.
        strata: column(s) within whose combinations units are drawn.
        method: bca (jackknife over the unit), percentile, basic, normal, studentized (model-based standard
            errors).
        seed: of the draws; the numbers are the same for any `n_jobs` and joblib backend.

        Returns
        -------
        BootstrapResult: with one quantity numbers, with several mappings by name; ``n_failed`` counts
        replicates that did not converge even by the safer path.

        Raises
        ------
        UsageError: an unknown option or column, or one that varies within a subject.
        """
        from emostats.statistics.mmrm.refit import as_target, bootstrap_fit

        target = as_target(contrasts, len(self.beta))
        return bootstrap_fit(
            self.frame, self.scaling, self.located, self.problem, self._at.theta, target, self.data,
            n_resamples=n_resamples, method=method, conf_level=conf_level, unit=unit, strata=strata,
            seed=seed, n_jobs=n_jobs, progress=progress,
        )  # fmt: skip

    def _cell_counts(self, axes: Mapping[str, Any]) -> Float:
        """Rows used in each cell of the grid's factors, over the levels on the axes."""
        codes, sizes = [], []
        keep = np.ones(self.n_observations, dtype=bool)
        by_name = {
            v.name: key for key, v in self.frame.encoding.variables.items() if isinstance(v, Categorical)
        }
        for axis in axes.values():
            if axis.codes is None:
                codes.append(np.zeros(self.n_observations, dtype=np.intp))
                sizes.append(len(axis.values))
                continue
            variable = self.frame.encoding.variables[by_name[axis.name]]
            position = np.full(len(variable.levels), -1)  # type: ignore[union-attr]
            position[axis.codes] = np.arange(len(axis.codes))
            codes.append(position[self.frame.columns[by_name[axis.name]]])
            keep &= codes[-1] >= 0
            sizes.append(len(axis.values))
        counts = np.zeros(sizes)
        np.add.at(counts, tuple(code[keep] for code in codes), 1.0)
        for index, axis in enumerate(axes.values()):
            if axis.codes is None and len(axis.values) > 1:
                counts = np.broadcast_to(counts.take([0], axis=index), counts.shape).copy()
        return counts

    def _marginal_means(
        self,
        X: Float,
        place: NDArray[np.intp],
        weight: Float,
        axes: Mapping[str, Any],
        wanted: Sequence[str],
        by: Sequence[str],
    ) -> LinearEstimates:
        sizes = [len(axes[name].values) for name in wanted]
        n_means = int(np.prod(sizes)) if sizes else 1
        cell = np.zeros(len(X), dtype=np.intp)
        for index in reversed(range(len(sizes))):
            cell = cell * sizes[index] + place[:, index]
        total = np.bincount(cell, weights=weight, minlength=n_means)
        A = np.zeros((n_means, len(X)))
        A[cell, np.arange(len(X))] = weight
        with np.errstate(invalid="ignore", divide="ignore"):
            L = (A / total[:, None]) @ X
        first = np.array([int(np.argmax(cell == c)) for c in range(n_means)])
        levels = pd.DataFrame(
            {name: [axes[name].values[i] for i in place[first, index]] for index, name in enumerate(wanted)}
        )
        null = self.scaling.null
        estimable: NDArray[np.bool_] = np.asarray(np.isfinite(L).all(axis=1))
        if null.size:
            size = np.abs(null).max(axis=0)
            estimable &= (np.abs(np.nan_to_num(L) @ null) <= 1e-8 * size).all(axis=1)
        shift = 0.0 if self.frame.offset is None else float(self.frame.offset.mean())
        kept = np.where(estimable[:, None], L, 0.0)[:, self.scaling.kept]
        return LinearEstimates(levels, tuple(by), kept, np.full(n_means, shift), estimable, self.inference)


_ANOVA_COLUMNS = ["term", "num_df", "den_df", "statistic", "p_value"]
