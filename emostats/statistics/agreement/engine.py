"""What an ICC engine answers about one table: estimate, F test, limits by method, test at any ρ0.

`complete` answers from mean squares, `incomplete` from REML components and Wald's pivots; `icc` need not
know which.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError
from emostats.statistics.agreement.components import VarianceComponents, fit_components
from emostats.statistics.agreement.crossed import CrossedSums, crossed_sums
from emostats.statistics.agreement.f_intervals import FTest
from emostats.statistics.agreement.forms import FORMS, Form, find_form, single_from_average, spearman_brown
from emostats.statistics.agreement.generalized import AgreementDistribution
from emostats.statistics.agreement.profile import profile_limits
from emostats.statistics.agreement.ratings import RatingTable

NAN = float("nan")

Array = NDArray[np.float64]

Limits = tuple[float, float]

MODEL_OF: Mapping[str, str] = {"1": "oneway_random", "A": "twoway_random", "C": "twoway_fixed_raters"}
"""The REML model behind each family of forms, after Shrout & Fleiss' three cases."""


class Engine(ABC):
    """Answers about one table of at least two targets and two raters."""

    exact_name: str
    agreement_test_name: str

    def __init__(self, table: RatingTable) -> None:
        self.table = table
        self._models: dict[str, VarianceComponents] = {}
        self._limits: dict[tuple[str, float], Limits] = {}

    @cached_property
    def sums(self) -> CrossedSums:
        """Sufficient sums for REML."""
        return crossed_sums(self.table.values)

    def model(self, name: str) -> VarianceComponents:
        """REML components of one of `reml.MODELS`, fitted once."""
        if name not in self._models:
            self._models[name] = fit_components(self.sums, name)
        return self._models[name]

    @property
    @abstractmethod
    def components(self) -> Mapping[str, float]:
        """``target``, ``rater``, ``error`` of the two-way model and ``error_oneway``."""

    @property
    @abstractmethod
    def error_free(self) -> bool:
        """Whether targets and raters explain every rating."""

    @property
    @abstractmethod
    def agreement_distribution(self) -> AgreementDistribution | None:
        """Generalized distribution of ICC(A,1); None where it is undefined."""

    @abstractmethod
    def estimate(self, form: Form) -> float:
        """Point estimate."""

    @abstractmethod
    def f_test(self, form: Form, rho0: float = 0.0) -> FTest:
        """Upper-tailed F test of ICC ≤ rho0."""

    @abstractmethod
    def anova(self, form: Form, conf_level: float) -> Limits:
        """F limits."""

    @abstractmethod
    def customary(self, form: Form, conf_level: float) -> Limits:
        """McGraw & Wong's limits as other programs print them."""

    @property
    def block(self) -> int:
        """Resamples to work on at a time."""
        return 1_000_000

    @abstractmethod
    def draws(self, counts: Iterable[Array]) -> Array:
        """ICC(1), ICC(A,1), ICC(C,1), shape (resamples, 3), for blocks of target counts."""

    @abstractmethod
    def parametric_draws(self, n_resamples: int, rng: np.random.Generator) -> Array:
        """The same for ratings simulated from the fitted components."""

    def profile(self, form: Form, conf_level: float) -> Limits:
        """REML profile limits; (NaN, NaN) where the likelihood has no interior (no error variance)."""
        if self.error_free:
            return NAN, NAN
        fit = self.model(MODEL_OF[form.key])
        return self.stepped(form, profile_limits(self.sums, fit, conf_level, consistency=form.key == "C"))

    def generalized(self, form: Form, conf_level: float) -> Limits:
        """Generalized limits; for ICC(1) and ICC(C) these are the exact F limits, cut at 0."""
        if form.key != "A":
            low, high = self.anova(form.single, conf_level)
            return self.stepped(
                form, (max(low, 0.0) if low == low else low, max(high, 0.0) if high == high else high)
            )
        return self.stepped(form, self._agreement_limits(conf_level))

    def _agreement_limits(self, conf_level: float) -> Limits:
        key = ("generalized", conf_level)
        if key not in self._limits:
            distribution = self.agreement_distribution
            self._limits[key] = distribution.interval(conf_level) if distribution is not None else (NAN, NAN)
        return self._limits[key]

    def stepped(self, form: Form, limits: Limits) -> Limits:
        """Limits of the single form, stepped up to k raters if `form` is an average."""
        k = self.table.n_raters
        return (spearman_brown(limits[0], k), spearman_brown(limits[1], k)) if form.average else limits

    def tests(self, rho0: float | Mapping[str, float]) -> pd.DataFrame:
        """Rows of `ICCResult.test`."""
        return pd.DataFrame([self._test_row(form, at) for form, at in _null_values(rho0)])

    def _test_row(self, form: Form, rho0: float) -> dict[str, object]:
        f = self.f_test(form, rho0)
        satterthwaite = form.key == "A" and rho0 > 0.0
        return {
            "form": form.name, "alias": form.alias, "rho0": rho0,
            "statistic": f.statistic, "num_df": f.num_df, "den_df": f.den_df, "p_value": f.p_value,
            "p_generalized": self.generalized_p(form, rho0) if form.key == "A" else f.p_value,
            "method": self.agreement_test_name if satterthwaite else self.exact_name,
        }  # fmt: skip

    def generalized_p(self, form: Form, rho0: float) -> float:
        """Generalized p-value of ICC(A) ≤ rho0."""
        distribution = self.agreement_distribution
        if distribution is None:
            return NAN
        return distribution.probability_at_most(
            single_from_average(rho0, self.table.n_raters) if form.average else rho0
        )


def _null_values(rho0: float | Mapping[str, float]) -> list[tuple[Form, float]]:
    if isinstance(rho0, Mapping):
        pairs = [(find_form(name), float(value)) for name, value in rho0.items()]
    else:
        pairs = [(form, float(rho0)) for form in FORMS]
    for form, value in pairs:
        if not 0.0 <= value < 1.0:
            raise UsageError(f"rho0 must lie in [0, 1); found {value:g} for {form.name}.")
    return pairs
