"""The tidy contract for every number that can reach a report: one row an estimate.

The idea is that of CDISC's Analysis Results Data: a number carries its analysis, its population, its place
(visit, subgroup), its uncertainty and, where it failed, the reason. A failed estimate keeps its row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Estimate:
    """One estimate at full precision. Missing numbers are None, missing texts are ''.

    Attributes
    ----------
    estimate_id: unique and stable within a run, e.g. ``"primary/social_interest/change/WEEK12/M:1-6"``.
    analysis: name of the analysis in the study file. analysis_set: whom it covers.
    parameter: PARAMCD. unit: of `estimate` (``"points"``, ``"%"``, ``"SD"``, ``""`` for pure numbers).
    visit, subgroup, level: e.g. ``"WEEK12"``, ``"SEX:AGEBAND"``, ``"Boys 1–6"``.
    term: model term for tests and coefficients. contrast: e.g. ``"WEEK12 − BASELINE"``.
    kind: one of `KINDS`.
    df is the t's degrees of freedom (also in `den_df` with `num_df` 1), F tests have `num_df`, `den_df`.
    n: subjects behind the number. method: how it was computed, in the field's terms.
    planned: whether the locked plan names it. warning, error: in words.
    """

    estimate_id: str
    analysis: str
    kind: str
    parameter: str = ""
    analysis_set: str = ""
    unit: str = ""
    visit: str = ""
    subgroup: str = ""
    level: str = ""
    term: str = ""
    contrast: str = ""
    estimate: float | None = None
    std_error: float | None = None
    num_df: float | None = None
    den_df: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    conf_level: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    n: int | None = None
    method: str = ""
    planned: bool = True
    warning: str = ""
    error: str = ""


KINDS: Mapping[str, str] = MappingProxyType(
    {
        "coefficient": "model coefficient",
        "ls_mean": "least-squares mean",
        "change": "change from baseline of least-squares means",
        "change_at": "change from baseline at one value of a number, such as age",
        "shrunken_change": "change from baseline drawn towards the mean of the subgroups (empirical Bayes)",
        "percent_change": "change from baseline in percent of the baseline mean (ratio of means)",
        "difference": "difference between groups at a visit",
        "difference_of_changes": "difference between groups in change from baseline",
        "effect_size": "standardized effect",
        "test": "F or chi-square test of a model term",
        "icc": "intraclass correlation coefficient",
        "proportion": "proportion, e.g. matching accuracy or responders",
        "reliability": "internal consistency of a scale",
        "mean": "raw mean",
        "fit": "fit statistic (log-likelihood, AIC, BIC)",
        "variance": "variance, covariance or correlation parameter",
    }
)

ESTIMATE_COLUMNS: tuple[str, ...] = tuple(item.name for item in fields(Estimate))

INFERENCE_COLUMNS: tuple[str, ...] = (
    "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high",
)  # fmt: skip
"""Column names of every estimator's own table (t-type); F tests use ``num_df, den_df`` for ``df``."""


def estimates_frame(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Estimates as a table with the columns `ESTIMATE_COLUMNS`, in order; ids must be unique.

    Raises
    ------
    ValueError: two estimates share an id.
    """
    table = pd.DataFrame([asdict(estimate) for estimate in estimates], columns=list(ESTIMATE_COLUMNS))
    numeric = [item.name for item in fields(Estimate) if "float" in str(item.type) or "int" in str(item.type)]
    table[numeric] = table[numeric].astype("float64")
    table["planned"] = table["planned"].astype(bool)
    repeated = table["estimate_id"][table["estimate_id"].duplicated()].unique()
    if len(repeated):
        raise ValueError(f"estimate ids must be unique; repeated: {', '.join(map(repr, repeated[:5]))}")
    return table


@dataclass(frozen=True)
class AnalysisResults:
    """Everything a run computed, and all that a report may show.

    Attributes
    ----------
    estimates: the tidy table (`ESTIMATE_COLUMNS`).
    tables: descriptive tables by name (``"flow"``, ``"baseline"``, ``"visits"``, …), raw numbers.
    facts: what was run, by analysis name: formula, covariance structure, df method, convergence, seed, …
    """

    estimates: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
