"""ICCs of a table with gaps: REML components, Wald's exact F for ICC(1) and ICC(C), its pivots for ICC(A)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from math import expm1, log, log1p

import numpy as np

from emostats.statistics.agreement.bootstrap import incomplete_draws, incomplete_parametric
from emostats.statistics.agreement.components import VarianceComponents
from emostats.statistics.agreement.engine import MODEL_OF, NAN, Array, Engine, Limits
from emostats.statistics.agreement.f_intervals import FTest, f_quantile, f_upper_tail
from emostats.statistics.agreement.forms import FAMILIES, Form, single_from_average, spearman_brown
from emostats.statistics.agreement.generalized import AgreementDistribution, GeneralizedICC, error_free_icc
from emostats.statistics.agreement.pivots import IncompletePivots, WaldSums, incomplete_pivots
from emostats.statistics.agreement.roots import illinois


class IncompleteEngine(Engine):
    """REML and exact pivots for unbalanced crossed ratings."""

    exact_name = "exact F (Wald)"
    agreement_test_name = "generalized"

    @cached_property
    def pivots(self) -> IncompletePivots:
        """Wald's sums of squares."""
        return incomplete_pivots(self.sums)

    @property
    def components(self) -> Mapping[str, float]:
        two, one = self.fit("A"), self.fit("1")
        return {
            "target": two.var_target if two else NAN,
            "rater": two.var_rater if two else NAN,
            "error": two.var_error if two else NAN,
            "error_oneway": one.var_error if one else NAN,
        }

    def fit(self, key: str) -> VarianceComponents | None:
        """REML components of a family's model; None where the design cannot tell them apart.

        Without error variance the components are the variances of the fitted effects, the limit of REML.
        """
        wald = self._wald(key)
        if wald.df < 1 or wald.df_error < 1:
            return None
        if wald.ss_error > 0.0:
            return self.model(MODEL_OF[key])
        return self._error_free_fit(key, wald)

    def _error_free_fit(self, key: str, wald: WaldSums) -> VarianceComponents | None:
        var_target = wald.effects_ss() / wald.df
        raters = self.pivots.z2 / self.pivots.d
        var_rater = float(raters.sum()) / len(raters) if key == "A" and len(raters) else 0.0
        noise = self.sums.noise
        if not (var_target > noise or var_rater > noise):
            return None
        return VarianceComponents(MODEL_OF[key], var_target, var_rater, 0.0, NAN, False, 0)

    @property
    def error_free(self) -> bool:
        return self.pivots.twoway.ss_error == 0.0

    @cached_property
    def agreement_distribution(self) -> AgreementDistribution | None:
        p = self.pivots
        if p.twoway.usable and len(p.d):
            return GeneralizedICC(p.twoway.tabulated(), p.raters(), p.twoway.ss_error, p.twoway.df_error)
        fit = self.fit("A")
        if fit is None or p.twoway.ss_error > 0.0 or not len(p.d):
            return None
        return error_free_icc(fit.var_target, fit.var_rater, p.twoway.df, len(p.d))

    def estimate(self, form: Form) -> float:
        fit = self.fit(form.key)
        if fit is None:
            return NAN
        single = fit.icc_consistency if form.key == "C" else fit.icc_agreement
        return spearman_brown(single, self.table.n_raters) if form.average else single

    def f_test(self, form: Form, rho0: float = 0.0) -> FTest:
        """Wald's exact F at rho0; for ICC(A) at rho0 > 0 the generalized p-value, without a statistic."""
        wald = self._wald(form.key)
        if form.key == "A" and rho0 > 0.0:
            return FTest(NAN, NAN, NAN, self.generalized_p(form, rho0))
        df1, df2 = float(wald.df), float(wald.df_error)
        if not wald.usable:
            return FTest(NAN, df1, df2, NAN)
        single = single_from_average(rho0, self.table.n_raters) if form.average else rho0
        f = wald.f(single / (1.0 - single))
        return FTest(f, df1, df2, f_upper_tail(f, df1, df2))

    def anova(self, form: Form, conf_level: float) -> Limits:
        """Exact limits from Wald's F for ICC(1) and ICC(C); (NaN, NaN) for ICC(A)."""
        wald = self._wald(form.key)
        if form.key == "A" or wald.df < 1 or wald.df_error < 1:
            return NAN, NAN
        if wald.ss_error == 0.0:
            return (1.0, 1.0) if self.fit(form.key) is not None else (NAN, NAN)
        tail = (1.0 - conf_level) / 2.0
        low, high = (wald_limit(wald, f_quantile(p, wald.df, wald.df_error)) for p in (1.0 - tail, tail))
        low, high = self.stepped(form, (low, high))
        return (-np.inf if form.average and np.isnan(low) else low), high

    def customary(self, form: Form, conf_level: float) -> Limits:
        return NAN, NAN

    @property
    def _fits(self) -> dict[str, VarianceComponents | None]:
        return {key: self.fit(key) for key in FAMILIES}

    @property
    def block(self) -> int:
        return max(1, 4_000_000 // (len(self.sums.sizes) * self.sums.k**2))

    def draws(self, counts: Iterable[Array]) -> Array:
        return incomplete_draws(np.asarray(self.table.values), self.sums, self._fits, counts)

    def parametric_draws(self, n_resamples: int, rng: np.random.Generator) -> Array:
        values = np.asarray(self.table.values)
        return incomplete_parametric(values, self.sums, self._fits, n_resamples, rng)

    def _wald(self, key: str) -> WaldSums:
        return self.pivots.oneway if key == "1" else self.pivots.twoway


def wald_limit(wald: WaldSums, f: float) -> float:
    """The ICC g/(1 + g) at which Wald's F equals `f`; down to −1/(m − 1) with up to m ratings a target."""

    def gap(s: float) -> float:
        return log(max(wald.f(expm1(s)), 1e-300)) - log(f)

    low, high = log1p(-(1.0 - 1e-9) / float(wald.sums.sizes.max())), 0.0
    gap_low, gap_high = gap(low), gap(high)
    while gap_high > 0.0 and high < 30.0:
        low, gap_low, high = high, gap_high, high + 2.0
        gap_high = gap(high)
    if gap_low <= 0.0:
        return -1.0 / (float(wald.sums.sizes.max()) - 1.0)
    g = expm1(illinois(gap, low, high, gap_low, gap_high, xtol=1e-13))
    return g / (1.0 + g)
