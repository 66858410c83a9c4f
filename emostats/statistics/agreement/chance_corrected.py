"""Chance-corrected agreement of any number of raters with missing ratings: Gwet's AC, Fleiss, Conger,
Brennan–Prediger.

All are (p_a − p_e)/(1 − p_e) with the same weighted observed agreement and their own idea of chance.
Notation, linearised variances and the treatment of missing ratings: Gwet (2014), Handbook of Inter-Rater
Reliability, 4th ed., ch. 2–5.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, check_level
from emostats.statistics.agreement.categories import CategoryTable, read_categories
from emostats.statistics.agreement.weights import agreement_weights

Array = NDArray[np.float64]


@dataclass(frozen=True)
class AgreementCoefficient:
    """One chance-corrected coefficient.

    Attributes
    ----------
    coefficient: its name. weights: their name, or ``"given"``.
    estimate: at most 1. std_error: over targets (n_targets as sampled), linearised. df: n_targets − 1.
    statistic, p_value: t test of no agreement beyond chance, two-sided.
    conf_low, conf_high: estimate ± t · std_error; not cut at 1.
    percent_agreement, chance_agreement: p_a and p_e.
    n_targets, n_raters: rated targets and raters. categories: in order. reason: '' when there is nothing to
        say.
    """

    coefficient: str
    weights: str
    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    conf_level: float
    percent_agreement: float
    chance_agreement: float
    n_targets: int
    n_raters: int
    categories: tuple[Hashable, ...]
    method: str
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """One row, with the attributes as columns (without the categories)."""
        names = [name for name in self.__dataclass_fields__ if name != "categories"]
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


@dataclass(frozen=True)
class Observed:
    """What every coefficient starts from.

    Attributes
    ----------
    counts: (n, q) r_ik. r: (n,) ratings per target. pi: (q,) mean share of each category.
    p_a: weighted agreement over targets with two ratings or more. each: (n,) their agreement (0 where r < 2).
    w: (q, q) weights. indicators: (n, raters, q).
    """

    counts: Array
    r: Array
    pi: Array
    p_a: float
    each: Array
    w: Array
    indicators: Array

    @property
    def twice(self) -> Array:
        """1 where a target has two ratings or more."""
        return (self.r >= 2).astype(np.float64)


@dataclass(frozen=True)
class Chance:
    """p_e, and each target's part in it (its linearisation); None where p_e is a constant."""

    p_e: float
    each: Array | None


def observed_agreement(data: CategoryTable, w: Array) -> Observed:
    """Weighted observed agreement (Gwet 2014, eq. 2.9 and 3.10)."""
    counts = data.counts
    r = counts.sum(axis=1)
    twice = r >= 2
    if not twice.any():
        raise UsageError("No target has two ratings; agreement cannot be observed.")
    pairs = (counts * (counts @ w - 1.0)).sum(axis=1)
    each = np.where(twice, pairs / np.where(twice, r * (r - 1.0), 1.0), 0.0)
    pi = (counts / r[:, None]).mean(axis=0)
    return Observed(counts, r, pi, float(each[twice].mean()), each, w, data.indicators)


def gwet_chance(o: Observed) -> Chance:
    """p_e = T_w Σ π_k(1 − π_k)/(q(q − 1))."""
    q = len(o.pi)
    factor = float(o.w.sum()) / (q * (q - 1))
    each = factor * ((o.counts / o.r[:, None]) * (1.0 - o.pi)).sum(axis=1)
    return Chance(factor * float((o.pi * (1.0 - o.pi)).sum()), each)


def fleiss_chance(o: Observed) -> Chance:
    """p_e = Σ w_kl π_k π_l."""
    return Chance(float(o.pi @ o.w @ o.pi), (o.counts / o.r[:, None]) @ (o.w @ o.pi))


def brennan_prediger_chance(o: Observed) -> Chance:
    """p_e = T_w/q²."""
    return Chance(float(o.w.sum()) / len(o.pi) ** 2, None)


def conger_chance(o: Observed) -> Chance:
    """p_e = Σ w_kl (p̄_k p̄_l − s²_kl/r), from each rater's own shares p_gk."""
    n, raters, _ = o.indicators.shape
    rated = o.indicators.sum(axis=2)
    n_g = rated.sum(axis=0)
    p = o.indicators.sum(axis=0) / n_g[:, None]
    mean = p.mean(axis=0)
    cross = (raters * np.outer(mean, mean) * raters - p.T @ p) / (raters * (raters - 1))
    deviation = (o.indicators - (rated - n_g / n)[:, :, None] * p) * (n / n_g)[:, None]
    others = (raters * mean - p) @ o.w
    each = (deviation * others).sum(axis=(1, 2)) / (raters * (raters - 1))
    return Chance(float((o.w * cross).sum()), each)


def coefficient(o: Observed, chance: Chance) -> tuple[float, float]:
    """Estimate and standard error; NaN where chance alone explains everything (p_e = 1)."""
    p_e, n, twice = chance.p_e, len(o.r), o.twice
    if p_e >= 1.0 - 1e-14:
        return float("nan"), float("nan")
    value = (o.p_a - p_e) / (1.0 - p_e)
    parts = n / twice.sum() * (o.each - p_e * twice) / (1.0 - p_e)
    if chance.each is not None:
        parts = parts - 2.0 * (1.0 - value) * (chance.each - p_e) / (1.0 - p_e)
    variance = float(((parts - value) ** 2).sum()) / (n * (n - 1)) if n > 1 else float("nan")
    return value, float(np.sqrt(variance))


_CHANCE: dict[str, tuple[str, Callable[[Observed], Chance]]] = {
    "gwet_ac": ("Gwet's AC", gwet_chance),
    "fleiss_kappa": ("Fleiss' κ", fleiss_chance),
    "conger_kappa": ("Conger's κ", conger_chance),
    "brennan_prediger": ("Brennan–Prediger", brennan_prediger_chance),
}


def _one(
    name: str,
    data: Any,
    *,
    targets: str | None = None,
    raters: str | None = None,
    ratings: str | None = None,
    weights: str | Array = "identity",
    categories: Sequence[Hashable] | None = None,
    conf_level: float = 0.95,
) -> AgreementCoefficient:
    check_level(conf_level)
    read = read_categories(data, targets=targets, raters=raters, ratings=ratings, categories=categories)
    title, chance_of = _CHANCE[name]
    weight_name = weights if isinstance(weights, str) else "given"
    o = observed_agreement(read, agreement_weights(weights, read.scores))
    chance = chance_of(o)
    value, error = coefficient(o, chance)
    if name == "gwet_ac":
        title = "Gwet's AC1" if weight_name == "identity" else "Gwet's AC2"
    return finished(title, weight_name, (value, error), (o.p_a, chance.p_e), read, conf_level)


def finished(
    title: str,
    weights: str,
    estimate: tuple[float, float],
    agreement: tuple[float, float],
    data: CategoryTable,
    conf_level: float,
) -> AgreementCoefficient:
    """The coefficient with t limits and test, from (value, standard error) and (p_a, p_e)."""
    from scipy.special import stdtr, stdtrit

    (value, error), (p_a, p_e) = estimate, agreement

    n = data.table.n_targets
    t = value / error if error > 0.0 else float("nan")
    reach = float(stdtrit(n - 1, 0.5 + conf_level / 2.0)) * error if n > 1 else float("nan")
    reason = ""
    if np.isnan(value):
        reason = "undefined (0/0): every rating is in one category"
    elif error == 0.0:
        reason = "all targets agree alike: the standard error is 0"
    return AgreementCoefficient(
        coefficient=title, weights=weights, estimate=value, std_error=error, df=float(n - 1), statistic=t,
        p_value=2.0 * float(stdtr(n - 1, -abs(t))) if t == t else float("nan"),
        conf_low=value - reach, conf_high=value + reach, conf_level=conf_level,
        percent_agreement=p_a, chance_agreement=p_e, n_targets=n, n_raters=data.table.n_raters,
        categories=data.categories, method="linearised variance over targets (Gwet), t limits", reason=reason,
    )  # fmt: skip


class CoefficientOptions(TypedDict, total=False):
    """Options of the coefficients below.

    targets, raters, ratings: as in `icc`; categories may be texts, ratings may be missing.
    weights: see `weights.agreement_weights`; exact agreement by default.
    categories: all categories in order; by default those that occur. conf_level: in (0, 1).
    """

    targets: str | None
    raters: str | None
    ratings: str | None
    weights: str | Array
    categories: Sequence[Hashable] | None
    conf_level: float


def gwet_ac(data: Any, **options: Unpack[CoefficientOptions]) -> AgreementCoefficient:
    """Gwet's AC1 (exact agreement) or AC2 (weighted): its chance does not collapse when one category is rare.

    Options: `CoefficientOptions`. Raises UsageError or FindingsError as `icc` does, and for an unknown
        category.
    """
    return _one("gwet_ac", data, **options)


def fleiss_kappa(data: Any, **options: Unpack[CoefficientOptions]) -> AgreementCoefficient:
    """Fleiss' κ: chance from the raters' pooled shares of the categories.

    Options: `CoefficientOptions`. Raises UsageError or FindingsError as `icc` does, and for an unknown
        category.
    """
    return _one("fleiss_kappa", data, **options)


def conger_kappa(data: Any, **options: Unpack[CoefficientOptions]) -> AgreementCoefficient:
    """Conger's κ: chance from each rater's own shares; Cohen's κ when there are two raters.

    Options: `CoefficientOptions`. Raises UsageError or FindingsError as `icc` does, and for an unknown
        category.
    """
    return _one("conger_kappa", data, **options)


def brennan_prediger(data: Any, **options: Unpack[CoefficientOptions]) -> AgreementCoefficient:
    """Brennan & Prediger's coefficient: chance spreads evenly over the categories.

    Options: `CoefficientOptions`. Raises UsageError or FindingsError as `icc` does, and for an unknown
        category.
    """
    return _one("brennan_prediger", data, **options)
