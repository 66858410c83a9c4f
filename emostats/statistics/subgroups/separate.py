"""One model for each subgroup by itself: nothing is shared, so a difference has no interval of its own.

The joint model is the default. Separate models show what it borrows: the covariance of the visits. A subgroup
whose own model cannot be fitted keeps its rows, with the reason.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pandas as pd

from emostats.errors import EmostatsWarning, ModelError, UsageError
from emostats.estimates import Estimate
from emostats.statistics.subgroups.cells import LinearModel
from emostats.statistics.subgroups.counts import with_counts
from emostats.statistics.subgroups.effects import change_lines
from emostats.statistics.subgroups.failed import FailedFit
from emostats.statistics.subgroups.formulas import without_factors
from emostats.statistics.subgroups.lines import Place, evaluate
from emostats.statistics.subgroups.question import SubgroupQuestion

Fit = Callable[[str, pd.DataFrame], Any]
"""Fits a formula to rows; raises ModelError or UsageError where it cannot."""


def separate_changes(
    formula: str, data: pd.DataFrame, question: SubgroupQuestion, place: Place, fit: Fit
) -> tuple[Estimate, ...]:
    """The changes within each subgroup, each from a model of its own children (rows of kind change).

    The formula of a subgroup is `formula` without the terms that name the factors it is a level of.
    """
    rows: list[Estimate] = []
    for factors in question.subgroups:
        own = without_factors(formula, factors)
        for codes, part in _levels(data, factors):
            rows += _of_level(own, part, question, place, fit, factors, codes)
    return tuple(with_counts(rows, data, question))


def _levels(data: pd.DataFrame, factors: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    grouped = data.groupby(list(factors), observed=False, sort=True)
    for key, part in grouped:
        yield tuple(map(str, key if isinstance(key, tuple) else (key,))), part


def _of_level(
    formula: str,
    data: pd.DataFrame,
    question: SubgroupQuestion,
    place: Place,
    fit: Fit,
    factors: tuple[str, ...],
    codes: tuple[str, ...],
) -> list[Estimate]:
    where, level = f"{':'.join(factors)}={':'.join(codes)}", question.label(factors, codes)
    alone = replace(question, subgroups=())
    model, said, reason = _model(formula, data, fit)
    found = {row.visit: row for row in evaluate(model, change_lines(model, alone, place))} if model else {}
    expected = change_lines(FailedFit(reason, {question.visit: question.visits}), alone, place)
    rows = [
        found.get(line.row.visit) or replace(line.row, error=reason or "no value at one of the visits")
        for line in expected
    ]
    return [
        replace(
            row,
            estimate_id=row.estimate_id.replace("overall", where),
            subgroup=":".join(factors),
            level=level,
            warning="; ".join(filter(None, (row.warning, said))),
        )
        for row in rows
    ]


def _model(formula: str, data: pd.DataFrame, fit: Fit) -> tuple[LinearModel | None, str, str]:
    """The fit, what it warned of, and why there is none."""
    if data.empty:
        return None, "", "no child of this subgroup has a value"
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", EmostatsWarning)
            model: LinearModel = fit(formula, data)
    except (ModelError, UsageError) as error:
        return None, "", str(error)
    return model, "; ".join(dict.fromkeys(str(item.message) for item in caught)), ""
