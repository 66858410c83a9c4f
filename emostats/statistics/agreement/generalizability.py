"""Generalizability theory: where the variance of a rating comes from, and how many raters and occasions are
enough.

A G study estimates the variance of each effect by REML (crossed and nested facets, gaps and replicates
allowed); a D study turns them into error variances and coefficients for planned numbers of conditions
(Brennan 2001, ch. 3–4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod, sqrt
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import Finding, FindingsError, UsageError, did_you_mean
from emostats.statistics.agreement.facets import FacetDesign, codes_of, facet_design
from emostats.statistics.agreement.mixed import fit_mixed, mixed_problem


@dataclass(frozen=True)
class GStudy:
    """Variance components of a generalizability study.

    Attributes
    ----------
    design: object, facets and effects. variances: by effect name, the residual last. std_errors: likewise,
        NaN at 0.
    criterion: −2 restricted log-likelihood (REMLcrit). n_observations. levels: number of levels by object
        and facet; of a nested facet, per level of what holds it (mean, rounded).
    notes: what was left out.
    """

    design: FacetDesign = field(repr=False)
    variances: Mapping[str, float]
    std_errors: Mapping[str, float]
    criterion: float
    n_observations: int
    levels: Mapping[str, int]
    notes: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """One row an effect: effect, variance, std_error, percent (of one rating's variance), reason."""
        total = sum(self.variances.values())
        return pd.DataFrame(
            [
                {
                    "effect": name,
                    "variance": value,
                    "std_error": self.std_errors[name],
                    "percent": 100.0 * value / total if total > 0.0 else float("nan"),
                    "reason": "estimated as 0, its lowest value" if value == 0.0 else "",
                }
                for name, value in self.variances.items()
            ]
        )

    def share(self, *effects: str) -> float:
        """Share of the variance of one rating that the named effects carry.

        Raises
        ------
        UsageError: an unknown effect.
        """
        for name in effects:
            if name not in self.variances:
                raise UsageError(f"No effect '{name}'. {did_you_mean(name, self.variances)}")
        total = sum(self.variances.values())
        return sum(self.variances[name] for name in effects) / total if total > 0.0 else float("nan")

    def d_study(
        self, conditions: Mapping[str, int | Iterable[int]], fixed: Sequence[str] = ()
    ) -> pd.DataFrame:
        """Error variances and coefficients for planned numbers of conditions; see `d_study`."""
        return d_study(self, conditions, fixed=fixed)


def g_study(
    data: pd.DataFrame,
    *,
    object: str,
    facets: Sequence[str],
    value: str,
    nested: Mapping[str, str] | None = None,
) -> GStudy:
    """Variance components of ratings by object (child) and facets (rater, occasion, task …), all random.

    Parameters
    ----------
    data: one row a rating; gaps are rows that are absent or have no value. Several rows with one
        combination of object and facets are replicates.
    nested: inner facet → the facet (or object) it is nested in, e.g. ``{"rater": "task"}``.

    Raises
    ------
    UsageError: an unknown column, fewer than two objects or levels of a facet. FindingsError: a value that
        is no finite number, a missing label. ConvergenceError: REML found no optimum.
    """
    frame, notes = _read(data, object, facets, value, nested or {})
    design = facet_design(frame, object, facets, nested)
    levels = {name: _levels(frame, name, design.outer) for name in (object, *facets)}
    few = [name for name, count in levels.items() if count < 2]
    if few:
        raise UsageError(
            f"'{few[0]}' has only one level; its variance cannot be estimated. Leave it out of the design."
        )
    effects = [(codes_of(frame, effect.index), object in effect.index) for effect in design.effects]
    problem = mixed_problem(
        frame[value].to_numpy(dtype=np.float64), codes_of(frame, frozenset([object])), effects
    )
    fit = fit_mixed(problem)
    names = [*(effect.name for effect in design.effects), design.residual]
    return GStudy(
        design=design,
        variances=dict(zip(names, [*fit.variances.tolist(), fit.error], strict=True)),
        std_errors=dict(zip(names, fit.std_errors.tolist(), strict=True)),
        criterion=fit.criterion,
        n_observations=len(frame),
        levels=levels,
        notes=notes,
    )


def _levels(frame: pd.DataFrame, name: str, outer: Mapping[str, str]) -> int:
    if name not in outer:
        return int(frame[name].nunique())
    return round(float(frame.groupby(outer[name], observed=True)[name].nunique().mean()))


def _read(
    data: pd.DataFrame, object_: str, facets: Sequence[str], value: str, nested: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    names = list(dict.fromkeys([object_, *facets, *nested.values()]))
    for name in [*names, value]:
        if name not in data.columns:
            raise UsageError(f"No column '{name}'. {did_you_mean(name, map(str, data.columns))}")
    frame = data[[*names, value]].copy()
    if not pd.api.types.is_numeric_dtype(frame[value].dtype):
        raise FindingsError(
            [Finding("not-a-number", f"Column '{value}' holds {frame[value].dtype} values, not numbers.")]
        )
    if np.isinf(frame[value].to_numpy(dtype=np.float64, na_value=np.nan)).any():
        raise FindingsError([Finding("infinite-rating", f"Column '{value}' holds an infinite value.")])
    if frame[names].isna().any().any():
        empty = frame[names].isna().any()
        raise FindingsError(
            [Finding("missing-label", f"Column '{empty.idxmax()}' has rows without a label.")]
        )
    known = frame.dropna(subset=[value])
    lost = len(frame) - len(known)
    return known, ((f"{lost} row(s) without a value left out",) if lost else ())


def d_study(
    study: GStudy, conditions: Mapping[str, int | Iterable[int]], *, fixed: Sequence[str] = ()
) -> pd.DataFrame:
    """What the mean over planned conditions is worth.

    Parameters
    ----------
    conditions: number(s) of conditions by facet (of an inner facet: per condition of its outer one); all
        combinations are tabled. Facets not named keep the number of levels of the G study. ``"replicate"``
        counts replicates (1).
    fixed: facets whose conditions are all there is; their interaction with the object joins the universe
        score.

    Returns
    -------
    One row a combination: n_<facet> …, universe_score_variance, relative_error, absolute_error,
        generalizability
    (relative decisions), dependability (absolute), sem_relative, sem_absolute.

    Raises
    ------
    UsageError: an unknown facet, a number below 1.
    """
    facets = study.design.facets
    known = (*facets, "replicate")
    for name in (*conditions, *fixed):
        if name not in known:
            raise UsageError(f"No facet '{name}'. {did_you_mean(name, known)}")
    grid = {
        name: _numbers(conditions.get(name, 1 if name == "replicate" else study.levels.get(name, 1)))
        for name in known
    }
    rows = []
    for combination in product(*grid.values()):
        n = dict(zip(grid, combination, strict=True))
        rows.append(
            {**{f"n_{name}": n[name] for name in facets}, **_coefficients(study, n, frozenset(fixed))}
        )
    return pd.DataFrame(rows)


def _numbers(value: int | Iterable[int]) -> list[int]:
    numbers = [value] if isinstance(value, int) else list(value)
    if not numbers or any(number < 1 for number in numbers):
        raise UsageError(f"Numbers of conditions must be 1 or more; found {numbers}.")
    return numbers


def _coefficients(study: GStudy, n: Mapping[str, int], fixed: frozenset[str]) -> dict[str, Any]:
    design = study.design
    relative = study.variances[design.residual] / (prod(n[name] for name in design.facets) * n["replicate"])
    universe = other = 0.0
    for effect in design.effects:
        facets = effect.index - {design.object}
        share = study.variances[effect.name] / prod(n[name] for name in facets)
        if facets <= fixed:  # nothing is sampled: of the object's own score, or a constant
            universe += share if design.object in effect.index else 0.0
        elif design.object in effect.index:
            relative += share
        else:
            other += share
    absolute = relative + other
    return {
        "universe_score_variance": universe,
        "relative_error": relative,
        "absolute_error": absolute,
        "generalizability": universe / (universe + relative) if universe + relative > 0.0 else float("nan"),
        "dependability": universe / (universe + absolute) if universe + absolute > 0.0 else float("nan"),
        "sem_relative": sqrt(relative),
        "sem_absolute": sqrt(absolute),
    }
