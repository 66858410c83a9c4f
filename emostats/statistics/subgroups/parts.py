"""What stands beside the joint model: models of single subgroups, shrunken changes, curves, event counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from emostats.errors import EmostatsError
from emostats.estimates import Estimate
from emostats.statistics.subgroups.continuous import (
    Curve,
    continuous_formula,
    curve,
    curve_values,
    failed_curve,
)
from emostats.statistics.subgroups.effects import change_lines
from emostats.statistics.subgroups.formulas import split_formula
from emostats.statistics.subgroups.lines import Place
from emostats.statistics.subgroups.question import SubgroupQuestion
from emostats.statistics.subgroups.separate import separate_changes
from emostats.statistics.subgroups.shrunken import Shrunken, shrunken_changes

WEIGHTS = "(weights)"
"""Column in which the weights of a weighted fit go with its rows."""


def with_weights(fit: Any, used: pd.DataFrame) -> pd.DataFrame:
    """The rows of a fit, with its weights where it has some."""
    weights = fit.frame.weights
    return used if weights is None else used.assign(**{WEIGHTS: weights})


def refit(fit: Any, formula: str, data: pd.DataFrame) -> Any:
    """A fit of another formula to (some of) the data, with everything else as in `fit`."""
    from emostats.statistics.mmrm import mmrm

    settings = fit.settings
    subject = split_formula(formula).covariance.rstrip(")").split("|")[-1].split("/")[-1].strip()
    return mmrm(
        formula,
        data.rename(columns={"USUBJID": subject}),
        reml=fit.reml,
        weights=WEIGHTS if WEIGHTS in data else None,
        df_method=settings.df_method,
        vcov=settings.vcov,
        conf_level=settings.conf_level,
    )


def separate_rows(
    fit: Any, data: pd.DataFrame, question: SubgroupQuestion, place: Place
) -> tuple[Estimate, ...]:
    """Changes from a model of each subgroup by itself."""
    own = replace(place, analysis="separate", method=f"{place.method}, a model for each subgroup")
    return separate_changes(fit.formula, data, question, own, lambda text, rows: refit(fit, text, rows))


def shrunken_parts(
    fit: Any, question: SubgroupQuestion, place: Place, method: str, rows: Sequence[Estimate]
) -> tuple[Shrunken, ...]:
    """The changes of `rows` drawn towards the mean of their division; nothing with method ``"none"``."""
    if method == "none":
        return ()
    changes = [row for row in rows if row.kind == "change"]
    return shrunken_changes(fit, change_lines(fit, question, place), method=method, n=changes)


def curves(
    fit: Any,
    data: pd.DataFrame,
    question: SubgroupQuestion,
    place: Place,
    bands: Mapping[str, tuple[str, ...]],
) -> list[Curve]:
    """Changes over each number of `bands`, whose factors leave its model; one curve a later visit."""
    return [
        item for name, cut in bands.items() for item in _curves_over(name, cut, fit, data, question, place)
    ]


def _curves_over(
    variable: str,
    cut: tuple[str, ...],
    fit: Any,
    data: pd.DataFrame,
    question: SubgroupQuestion,
    place: Place,
) -> list[Curve]:
    pairs = [(question.baseline, name) for name in question.visits if name != question.baseline]
    values = curve_values(data, variable)
    text = continuous_formula(fit.formula, variable, cut, question.visit)
    try:
        own = refit(fit, text, data)
    except EmostatsError as error:
        return [failed_curve(values, variable, pair, place, str(error)) for pair in pairs]
    return [
        curve(own, values, variable=variable, visit=question.visit, visits=pair, place=place, formula=text)
        for pair in pairs
    ]


def events_by_level(data: pd.DataFrame, question: SubgroupQuestion, event: str) -> dict[tuple[str, str], int]:
    """Subjects with a true `event`, by division and level; ``("", "")`` are all."""
    subjects = data.groupby("USUBJID")[event].any()
    having = data[data["USUBJID"].isin(subjects.index[subjects])].drop_duplicates("USUBJID")
    counts: dict[tuple[str, str], int] = {("", ""): len(having)}
    everyone = data.drop_duplicates("USUBJID")
    for factors in question.subgroups:
        for codes in dict.fromkeys(everyone[list(factors)].astype(str).itertuples(index=False, name=None)):
            same = (having[list(factors)].astype(str) == list(codes)).all(axis=1)
            counts[":".join(factors), question.label(factors, codes)] = int(same.sum())
    return counts
