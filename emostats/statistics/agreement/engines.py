"""The two ways to the six forms: mean squares of a complete table, REML components of one with gaps.

Both answer the same questions (estimate, F test, limits by method, test at rho0), so `icc` need not know which it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from emostats.errors import UsageError
from emostats.statistics.agreement.anova import MeanSquares, mean_squares
from emostats.statistics.agreement.crossed import CrossedSums, crossed_sums
from emostats.statistics.agreement.f_intervals import (
    FTest,
    f_interval,
    f_limit,
    f_quantile,
    f_test,
    f_upper_tail,
    ratio,
)
from emostats.statistics.agreement.forms import FORMS, Form, find_form, spearman_brown
from emostats.statistics.agreement.generalized import GeneralizedICC, generalized_icc
from emostats.statistics.agreement.pivots import IncompletePivots, incomplete_pivots
from emostats.statistics.agreement.profile import profile_limits
from emostats.statistics.agreement.ratings import RatingTable
from emostats.statistics.agreement.reml import VarianceComponents, fit_components
from emostats.statistics.agreement.roots import illinois

NAN = float("nan")

MODEL_OF: Mapping[str, str] = {"1": "oneway_random", "A": "twoway_random", "C": "twoway_fixed_raters"}


class Engine(Protocol):
    """Answers about one table of ratings."""

    @property
    def components(self) -> Mapping[str, float]: ...
    def estimate(self, form: Form) -> float: ...
    def f_test(self, form: Form, rho0: float = 0.0) -> FTest: ...
    def customary(self, form: Form, conf_level: float) -> tuple[float, float]: ...
    def anova(self, form: Form, conf_level: float) -> tuple[float, float]: ...
    def generalized(self, form: Form, conf_level: float) -> tuple[float, float]: ...
    def profile(self, form: Form, conf_level: float) -> tuple[float, float]: ...
    def tests(self, rho0: float | Mapping[str, float]) -> pd.DataFrame: ...


class _Shared:
    """What both engines do alike."""

    table: RatingTable

    def _k(self) -> int:
        return self.table.n_raters

    @cached_property
    def sums(self) -> CrossedSums:
        return crossed_sums(self.table.values)

    def model(self, name: str) -> VarianceComponents:
        """REML components of one of `reml.MODELS`, fitted once."""
        if name not in self._fits:
            self._fits[name] = fit_components(self.sums, name)
        return self._fits[name]

    @cached_property
    def _fits(self) -> dict[str, VarianceComponents]:
        return {}

    def profile(self, form: Form, conf_level: float) -> tuple[float, float]:
        """REML profile limits; the average forms step up the single form's."""
        fit = self.model(MODEL_OF[form.key])
        return self._stepped(form, profile_limits(self.sums, fit, conf_level, consistency=form.key == "C"))

    def _stepped(self, form: Form, limits: tuple[float, float]) -> tuple[float, float]:
        if not form.average:
            return limits
        return spearman_brown(limits[0], self._k()), spearman_brown(limits[1], self._k())

    def generalized_icc(self) -> GeneralizedICC | None:
        raise NotImplementedError

    def f_test(self, form: Form, rho0: float = 0.0) -> FTest:
        raise NotImplementedError

    def tests(self, rho0: float | Mapping[str, float]) -> pd.DataFrame:
        """Rows of `ICCResult.test`."""
        values = {find_form(name).name: v for name, v in rho0.items()} if isinstance(rho0, Mapping) else {}
        rows = []
        for form in FORMS:
            at = float(values.get(form.name, 0.0) if isinstance(rho0, Mapping) else rho0)
            if not 0.0 <= at < 1.0:
                raise UsageError(f"rho0 must lie in [0, 1); found {at:g} for {form.name}.")
            f = self.f_test(form, at)
            rows.append(
                {
                    "form": form.name, "alias": form.alias, "rho0": at, "statistic": f.statistic, "num_df": f.num_df,
                    "den_df": f.den_df, "p_value": f.p_value, "p_generalized": self._generalized_p(form, at, f),
                    "method": "exact F" if form.key != "A" or at == 0.0 else self._agreement_test_name,
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    _agreement_test_name = "F with Satterthwaite df"

    def _generalized_p(self, form: Form, rho0: float, f: FTest) -> float:
        if form.key != "A":
            return f.p_value
        gci = self.generalized_icc()
        if gci is None:
            return NAN
        single = rho0 / (self._k() - (self._k() - 1) * rho0) if form.average else rho0
        return gci.probability_at_most(single)


@dataclass(frozen=True)
class CompleteEngine(_Shared):
    """A complete table: analysis of variance."""

    table: RatingTable

    @cached_property
    def ms(self) -> MeanSquares:
        return mean_squares(np.asarray(self.table.values))

    @property
    def components(self) -> Mapping[str, float]:
        ms = self.ms
        return {"target": ms.var_target, "rater": ms.var_rater, "error": ms.mse, "error_oneway": ms.msw}

    def estimate(self, form: Form) -> float:
        return self.ms.icc(form)

    def f_test(self, form: Form, rho0: float = 0.0) -> FTest:
        return f_test(self.ms, form, rho0)

    def anova(self, form: Form, conf_level: float) -> tuple[float, float]:
        return f_interval(self.ms, form, conf_level)

    customary = anova

    @cached_property
    def _gci(self) -> GeneralizedICC | None:
        return generalized_icc(self.ms)

    def generalized_icc(self) -> GeneralizedICC | None:
        return self._gci

    @cached_property
    def _gci_limits(self) -> dict[float, tuple[float, float]]:
        return {}

    def generalized(self, form: Form, conf_level: float) -> tuple[float, float]:
        """Generalized limits; for ICC(1) and ICC(C) these are the exact F limits, cut at 0."""
        if form.key != "A" or self.generalized_icc() is None:
            low, high = f_interval(self.ms, forms_single(form), conf_level)
            return self._stepped(form, (max(low, 0.0), max(high, 0.0)) if low == low else (low, high))
        return self._stepped(form, _cached_interval(self._gci_limits, self.generalized_icc(), conf_level))


@dataclass(frozen=True)
class IncompleteEngine(_Shared):
    """A table with gaps: REML components, exact pivots of Wald (1947)."""

    table: RatingTable
    _agreement_test_name = "generalized"

    @cached_property
    def pivots(self) -> IncompletePivots | None:
        return incomplete_pivots(self.sums)

    @property
    def components(self) -> Mapping[str, float]:
        two = self.model("twoway_random")
        return {
            "target": two.var_target, "rater": two.var_rater, "error": two.var_error,
            "error_oneway": self.model("oneway_random").var_error,
        }  # fmt: skip

    def estimate(self, form: Form) -> float:
        fit = self.model(MODEL_OF[form.key])
        single = fit.icc_consistency if form.key == "C" else fit.icc_agreement
        return spearman_brown(single, self._k()) if form.average else single

    def f_test(self, form: Form, rho0: float = 0.0) -> FTest:
        """Wald's exact F at rho0; for ICC(A) at rho0 > 0 the generalized p-value (no statistic)."""
        p = self.pivots
        df1 = float(self.sums.n - 1)
        if p is None or (form.key != "1" and p.targets is None) or (form.key == "1" and p.oneway is None):
            return FTest(NAN, df1, NAN, NAN)
        if form.key == "A" and rho0 > 0.0:
            return FTest(NAN, NAN, NAN, self._generalized_p(form, rho0, FTest(NAN, NAN, NAN, NAN)))
        single = rho0 / (self._k() - (self._k() - 1) * rho0) if form.average else rho0
        g = single / (1.0 - single)
        df2 = float(p.df_w if form.key == "1" else p.df_e)
        f = self._wald_f(form.key, g)
        return FTest(f, df1, df2, f_upper_tail(f, df1, df2))

    def _wald_f(self, key: str, g: float) -> float:
        """Q(g)/df over the error mean square; F-distributed at the true ratio g."""
        p = self.pivots
        assert_pivots(p)
        rss, ss, df = (p.rss_oneway, p.ss_w, p.df_w) if key == "1" else (p.rss, p.ss_e, p.df_e)
        return ratio((rss(g) - ss) / (self.sums.n - 1), ss / df)

    def customary(self, form: Form, conf_level: float) -> tuple[float, float]:
        return NAN, NAN

    def anova(self, form: Form, conf_level: float) -> tuple[float, float]:
        """Exact limits from Wald's F for ICC(1) and ICC(C); none for ICC(A)."""
        p = self.pivots
        if form.key == "A" or p is None:
            return NAN, NAN
        df_error = p.df_w if form.key == "1" else p.df_e
        if df_error < 1 or (p.oneway if form.key == "1" else p.targets) is None:
            return NAN, NAN
        tail, df = (1.0 - conf_level) / 2.0, self.sums.n - 1
        low, high = (self._wald_limit(form.key, f_quantile(q, df, df_error)) for q in (1.0 - tail, tail))
        return self._stepped(form, (low, high))

    def _wald_limit(self, key: str, f: float) -> float:
        """ICC at which Wald's F equals `f`, in (−1/(m − 1), 1) for at most m ratings a target."""
        lowest = -1.0 / float(self.sums.sizes.max())
        start = np.log1p(lowest * (1.0 - 1e-9))

        def gap(s: float) -> float:
            return np.log(max(self._wald_f(key, float(np.expm1(s))), 1e-300)) - np.log(f)

        low, high = float(start), 0.0
        while gap(high) > 0.0 and high < 30.0:
            low, high = high, high + 2.0
        if gap(low) < 0.0:
            g = float(np.expm1(low))
        else:
            g = float(np.expm1(illinois(gap, low, high, gap(low), gap(high), xtol=1e-13)))
        return g / (1.0 + g)

    @cached_property
    def _gci(self) -> GeneralizedICC | None:
        p = self.pivots
        if p is None or p.targets is None or p.raters is None:
            return None
        return GeneralizedICC(p.targets, p.raters, p.ss_e, p.df_e)

    def generalized_icc(self) -> GeneralizedICC | None:
        return self._gci

    @cached_property
    def _gci_limits(self) -> dict[float, tuple[float, float]]:
        return {}

    def generalized(self, form: Form, conf_level: float) -> tuple[float, float]:
        if form.key != "A":
            low, high = self.anova(forms_single(form), conf_level)
            return self._stepped(form, (max(low, 0.0), max(high, 0.0)) if low == low else (low, high))
        gci = self.generalized_icc()
        if gci is None:
            return NAN, NAN
        return self._stepped(form, _cached_interval(self._gci_limits, gci, conf_level))


def forms_single(form: Form) -> Form:
    """The single form of the family."""
    return next(item for item in FORMS if item.key == form.key and not item.average)


def assert_pivots(p: object) -> None:
    if p is None:
        raise UsageError("The raters are not connected through shared targets.")


def _cached_interval(
    cache: dict[float, tuple[float, float]], gci: GeneralizedICC | None, conf_level: float
) -> tuple[float, float]:
    if gci is None:
        return NAN, NAN
    if conf_level not in cache:
        cache[conf_level] = gci.interval(conf_level)
    return cache[conf_level]


__all__ = ["MODEL_OF", "CompleteEngine", "Engine", "IncompleteEngine", "f_limit"]
