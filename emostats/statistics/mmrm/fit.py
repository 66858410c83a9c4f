"""The fit of a mixed model for repeated measures, as a value that answers questions.

Each method calls the part of the engine that answers, with the fit's own numbers; see `model.mmrm` for the
way here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.errors import UsageError
from emostats.statistics.mmrm.comparison import Counts, compare, criteria_table
from emostats.statistics.mmrm.contrasts import (
    anova_table,
    coefficient_table,
    contrast_matrix,
    contrast_table,
    joint_test,
)
from emostats.statistics.mmrm.degrees_of_freedom.inference import check_conf_level
from emostats.statistics.mmrm.diagnostics import residual_autocorrelation
from emostats.statistics.mmrm.emmeans import LinearEstimates, marginal_means
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.prediction import (
    Covariances,
    predict_rows,
    residuals,
    rows_of,
    simulate_outcomes,
)
from emostats.statistics.mmrm.variances import (
    Fitted,
    Quantity,
    choose,
    covariance_parameters,
    derived_quantities,
    interval_table,
    profile_table,
)

if TYPE_CHECKING:
    from emostats.statistics.mmrm.influence import InfluenceResult
    from emostats.statistics.mmrm.refit import PermutationResult
    from emostats.statistics.resampling.jackknife import JackknifeResult
    from emostats.statistics.resampling.result import BootstrapResult

Float = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class MMRMFit(FittedModel):
    """A fitted MMRM. Numbers are in the units of the data; see `mmrm` for the options.

    The fields are the engine's parts; users read the properties and call the methods.
    """

    # ---- comparing ---------------------------------------------------------------------------------

    def information_criteria(self) -> pd.DataFrame:
        """AIC, AICc and BIC as R mmrm and as SAS PROC MIXED count them.

        Columns: convention, n_parameters, deviance, aic, aicc, bic. SAS counts the coefficients too under ML,
        takes all rows for AICc under ML, and all subjects of the data for BIC.
        """
        in_data = self.data[self.frame.formula.covariance.subject].nunique()
        counts = Counts(
            self.problem.n_theta, len(self.beta), self.n_observations, self.n_subjects, in_data, self.reml
        )
        return criteria_table(self.deviance, counts)

    def compare(self, *others: MMRMFit, nested: bool = True) -> pd.DataFrame:
        """Likelihood-ratio tests of this fit and others, each nested in the next larger; see `compare`."""
        return compare(self, *others, nested=nested)

    # ---- covariance --------------------------------------------------------------------------------

    def covariance_parameters(
        self, interval: str = "wald", *, conf_level: float | None = None
    ) -> pd.DataFrame:
        """The covariance parameters (SAS's natural ones) with standard errors and intervals.

        Columns: parameter, group, kind (variance, covariance, correlation, range), estimate, std_error,
        conf_low, conf_high, method, note. ``"wald"`` intervals are SAS's (Satterthwaite's χ² for parameters
        that are positive), ``"profile"`` those of `profile`.

        Raises
        ------
        UsageError: an unknown interval.
        """
        return self._intervals(self._parameters, interval, conf_level)

    def variance_components(self, interval: str = "wald", *, conf_level: float | None = None) -> pd.DataFrame:
        """Standard deviations and correlations of the visits, with standard errors and intervals.

        Columns as in `covariance_parameters`; kind is sd or correlation. What the structure makes equal
        stands once. ``"wald"`` intervals are taken on the log scale (sd) and by Fisher's z (correlation).

        Raises
        ------
        UsageError: an unknown interval.
        """
        return self._intervals(self._derived, interval, conf_level)

    def profile(
        self, parameters: str | Sequence[str] | None = None, conf_level: float | None = None
    ) -> pd.DataFrame:
        """Profile-likelihood intervals of covariance parameters, standard deviations and correlations.

        Parameters
        ----------
        parameters: names as in `theta` or in `variance_components` (a name without its group stands for all
            groups); by default all of both.
        conf_level: of the intervals; by default that of the fit.

        Returns
        -------
        DataFrame: parameter, estimate, conf_low, conf_high, method, note. An end that the likelihood leaves
        open lies on the edge of the possible values; `note` says so, or why an end is missing.

        Raises
        ------
        UsageError: an unknown parameter, or a level outside (0, 1).
        """
        chosen = choose([*self._parameters, *self._derived], parameters)
        level = check_conf_level(self.settings.conf_level if conf_level is None else conf_level)
        return profile_table(chosen, self._point, level, self.reml)

    @property
    def _point(self) -> Fitted:
        return Fitted(self._at.theta, self._at.loglik, self._theta_covariance)

    @property
    def _parameters(self) -> list[Quantity]:
        return covariance_parameters(self.problem, self.frame.visits, self.frame.groups, self.scaling.s)

    @property
    def _derived(self) -> list[Quantity]:
        return derived_quantities(self.problem, self.frame.visits, self.frame.groups, self.scaling.s)

    def _intervals(self, quantities: list[Quantity], interval: str, conf_level: float | None) -> pd.DataFrame:
        level = check_conf_level(self.settings.conf_level if conf_level is None else conf_level)
        return interval_table(quantities, self._point, interval, level, self.reml)

    # ---- answers -----------------------------------------------------------------------------------

    def coefficients(self, conf_level: float | None = None) -> pd.DataFrame:
        """Coefficient table: term, estimate, std_error, df, statistic, p_value, conf_low, conf_high.

        Aliased coefficients keep their row with missing values.
        """
        return coefficient_table(self.inference, self.scaling.kept, self.frame.encoding.names, conf_level)

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
        return contrast_table(self.inference, self._contrast_matrix(L), null, names)

    def test(self, L: ArrayLike, null: ArrayLike = 0.0) -> pd.DataFrame:
        """Test that L β = null, as one row.

        A vector L is a single contrast: estimate, std_error, df, statistic (t), p_value, conf_low, conf_high,
        num_df, den_df. A matrix is a joint hypothesis: num_df, den_df, statistic (F), p_value; when it has a
        single row the estimate and its interval stand beside them.

        Raises
        ------
        UsageError: L has another number of columns, or touches an aliased coefficient.
        """
        return joint_test(self.inference, self._contrast_matrix(L), null, np.ndim(L) == 1)

    def _contrast_matrix(self, L: ArrayLike) -> Float:
        return contrast_matrix(L, self.scaling.kept, self.frame.encoding.names)

    def anova(self, type: int = 3, test: str = "F") -> pd.DataFrame:
        """Tests of the model's terms: term, num_df, den_df, statistic, p_value.

        `type` 3 tests sum-to-zero coefficients, `type` 2 each term given all that do not contain it; `test`
        is ``"F"`` or ``"chisq"`` (Wald, den_df infinite).

        Raises
        ------
        UsageError: another type or test.
        """
        return anova_table(self.inference, self.frame.encoding, self.scaling, type, test)

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
        return marginal_means(self.frame, self.scaling, self.inference, spec, weights, at)

    def average_effect(
        self,
        treatment: str,
        *,
        by: str | Sequence[str] = (),
        contrast: str | Mapping[str, ArrayLike] | ArrayLike | None = "trt.vs.ctrl",
        weights: str = "subjects",
        population: pd.DataFrame | None = None,
        at: Mapping[str, Any] | None = None,
        covariates: str = "fixed",
    ) -> LinearEstimates:
        """Average effects of a treatment over the observed covariates (g-computation).

        Every subject is given each level of the treatment at each level of `by`, and the model's means are
        averaged. Unlike LS means at the covariates' means this is the mean effect also when covariates
        interact with the treatment or enter by curves.

        Parameters
        ----------
        treatment: a factor of the model, or a number whose values `at` gives.
        by: factors within whose levels the averages are taken, e.g. the visit.
        contrast: a family of `LinearEstimates.contrasts` between treatments (each against the first level by
            default), or None for the average means themselves.
        weights: ``"subjects"`` (each subject with a row used once), ``"rows"`` (each row used once), or a
            column of weights of the subjects.
        population: other rows to average over, with the columns of the covariates.
        at: values or levels of the treatment and of the `by` variables.
        covariates: ``"fixed"`` (SE given these covariates: the delta method) or ``"sampled"`` (plus the
            variance from drawing the subjects out of a population).

        Returns
        -------
        LinearEstimates: ``.table()``; means can be contrasted further.

        Raises
        ------
        UsageError: an unknown variable or level, or a covariate that varies within a subject.
        """
        from emostats.statistics.mmrm.average import average_effect

        return average_effect(
            self, treatment, by, contrast=contrast, weights=weights, population=population, at=at,
            covariates=covariates,
        )  # fmt: skip

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

    # ---- diagnostics ------------------------------------------------------------------------------

    def residual_autocorrelation(
        self, kind: str = "normalized", *, conf_level: float | None = None
    ) -> pd.DataFrame:
        """Autocorrelation of residuals by lag, in visits.

        Columns: lag, n_pairs, autocorrelation, expected, conf_low, conf_high. ``"normalized"`` residuals are
        uncorrelated when the covariance is right, ``"pearson"`` ones have the model's correlations
        (`expected`, over the pairs observed). The limits are where the correlation lies when the model holds.

        Raises
        ------
        UsageError: other residuals, or a level outside (0, 1).
        """
        level = self.settings.conf_level if conf_level is None else conf_level
        return residual_autocorrelation(self, kind, level)

    def plot(
        self, kind: str, *, by: str | None = None, id: str = "mmrm", note: str = "", width: float = 720.0
    ) -> str:
        """A diagnostic figure as SVG text.

        kind: ``"qq"`` (normal quantiles of normalized residuals), ``"residuals"`` (Pearson, against fitted
        values), ``"visits"`` (Pearson, boxes by visit), ``"autocorrelation"`` (by lag), ``"means"`` (observed
        and fitted, by the levels of `by`), ``"covariance"`` (correlations as a map).

        Raises
        ------
        UsageError: an unknown kind, or one that needs visits where there are coordinates.
        """
        from emostats.statistics.mmrm.diagnostics import drawing

        return drawing.draw(self, kind, by, id=id, note=note, width=width)

    # ---- influence --------------------------------------------------------------------------------

    def influence(self, unit: str = "subject", *, method: str = "auto") -> InfluenceResult:
        """What leaving out each subject changes: deletion diagnostics.

        Parameters
        ----------
        unit: ``"subject"``, or a column above the subject (a site, a family) whose values are left out.
        method: ``"refit"`` refits the model without each unit, to convergence, from the cross-products;
            ``"one-step"`` takes one pass over the data and is first order in what a unit changes about the
            covariance; ``"auto"`` refits up to 2,000 units (500 where the model is too large to be refitted
            in blocks), and the table says which it was.

        Returns
        -------
        InfluenceResult: ``.table()`` sorted by Cook's distance, with COVRATIO, (restricted) likelihood
        distance and the largest DFBETAS; ``.dfbetas``, ``.estimates`` and ``.theta`` by unit.

        Raises
        ------
        UsageError: an unknown column or method, or a column that varies within a subject.
        """
        from emostats.statistics.mmrm.influence import influence_of

        return influence_of(self, unit, method)

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
        from emostats.statistics.mmrm.refit import bootstrap_fit

        return bootstrap_fit(
            self, contrasts, n_resamples=n_resamples, method=method, conf_level=conf_level, unit=unit,
            strata=strata, seed=seed, n_jobs=n_jobs, progress=progress,
        )  # fmt: skip

    def jackknife(
        self,
        contrasts: Any,
        *,
        unit: str | None = None,
        strata: str | Sequence[str] | None = None,
        n_jobs: int | None = None,
    ) -> JackknifeResult:
        """Jackknife of the quantities of `bootstrap`: each unit left out once, the model refitted in full.

        Returns
        -------
        JackknifeResult: ``std_error``, ``bias``, ``acceleration`` and ``values``, the quantity without each
        unit.

        Raises
        ------
        UsageError: an unknown column, or one that varies within a subject.
        """
        from emostats.statistics.mmrm.refit import jackknife_fit

        return jackknife_fit(self, contrasts, unit=unit, strata=strata, n_jobs=n_jobs)

    def permutation_test(
        self,
        contrasts: Any,
        *,
        by: str | None = None,
        n_resamples: int = 9999,
        alternative: str = "two-sided",
        unit: str | None = None,
        strata: str | Sequence[str] | None = None,
        seed: Any,
        n_jobs: int | None = None,
    ) -> PermutationResult:
        """Permutation tests that a quantity is zero; every permuted data set is refitted in full.

        Parameters
        ----------
        contrasts: as in `bootstrap`; each is tested by itself, by its t statistic.
        by: a factor whose labels are exchanged among subjects (within `strata`), for differences between
            groups; covariates stay with their subject. None: sign flips for changes (pre/post): the
            residuals of a subject from the model without the change are turned as a whole, which supposes
            that they are symmetric about zero. For two visits and complete pairs it is the sign-flip test of
            the differences. All 2ⁿ flips are taken when they are no more than `n_resamples`.
        alternative: two-sided, greater or less.
        unit: whose labels or signs go together; the subject by default.

        Returns
        -------
        PermutationResult with ``.table()``.

        Raises
        ------
        UsageError: an unknown option or factor, a label that varies within a unit, or a quantity that is not
        linear (sign flips).
        """
        from emostats.statistics.mmrm.refit import permutation_fit

        return permutation_fit(
            self, contrasts, by=by, n_resamples=n_resamples, alternative=alternative, unit=unit,
            strata=strata, seed=seed, n_jobs=n_jobs,
        )  # fmt: skip
