"""ICCs of a complete table, from its mean squares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from emostats.statistics.agreement.anova import MeanSquares, mean_squares
from emostats.statistics.agreement.bootstrap import complete_draws, complete_parametric
from emostats.statistics.agreement.engine import Array, Engine, Limits
from emostats.statistics.agreement.f_intervals import FTest, f_interval, f_test
from emostats.statistics.agreement.forms import Form
from emostats.statistics.agreement.generalized import AgreementDistribution, generalized_icc


class CompleteEngine(Engine):
    """Analysis of variance (McGraw & Wong 1996)."""

    exact_name = "exact F"
    agreement_test_name = "F with Satterthwaite df"

    @cached_property
    def ms(self) -> MeanSquares:
        """The mean squares."""
        return mean_squares(np.asarray(self.table.values))

    @property
    def components(self) -> Mapping[str, float]:
        ms = self.ms
        return {"target": ms.var_target, "rater": ms.var_rater, "error": ms.mse, "error_oneway": ms.msw}

    @property
    def error_free(self) -> bool:
        return self.ms.ss_e == 0.0

    @cached_property
    def agreement_distribution(self) -> AgreementDistribution | None:
        return generalized_icc(self.ms)

    def estimate(self, form: Form) -> float:
        return self.ms.icc(form)

    def f_test(self, form: Form, rho0: float = 0.0) -> FTest:
        return f_test(self.ms, form, rho0)

    def anova(self, form: Form, conf_level: float) -> Limits:
        key = (form.name, conf_level)
        if key not in self._limits:
            self._limits[key] = f_interval(self.ms, form, conf_level)
        return self._limits[key]

    def customary(self, form: Form, conf_level: float) -> Limits:
        return self.anova(form, conf_level)

    def draws(self, counts: Iterable[Array]) -> Array:
        return complete_draws(np.asarray(self.table.values), counts)

    def parametric_draws(self, n_resamples: int, rng: np.random.Generator) -> Array:
        return complete_parametric(self.ms, n_resamples, rng)
