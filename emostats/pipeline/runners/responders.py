"""Responders: how many children changed by at least what the study file calls a response."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from emostats.errors import EmostatsError
from emostats.estimates import Estimate
from emostats.statistics.subgroups import Place, SubgroupQuestion
from emostats.study.spec import MmrmAnalysis, StudySpec

METHOD = "children seen at both visits; Wilson limits"


def responder_rows(
    analysis: MmrmAnalysis, spec: StudySpec, data: pd.DataFrame, question: SubgroupQuestion, place: Place
) -> list[Estimate]:
    """The share of responders by later visit, of all children and by subgroup (rows of kind proportion).

    A response is a change by the least change of the study file or more, in the direction that is better;
    where the study file gives no direction, upwards. Empty where the outcome has no least change.
    """
    least = analysis.responder.get(place.parameter)
    if least is None:
        return []
    info = spec.parameters.get(place.parameter)
    upwards = info is None or info.direction != "lower is better"
    term = f"change of {'at least ' if upwards else 'at most −'}{least:g}"
    wide = data.pivot(index="USUBJID", columns=question.visit, values="AVAL")
    rows: list[Estimate] = []
    for factors, codes, who in _groups(data, question):
        for visit in question.visits:
            if visit != question.baseline:
                where = (visit, ":".join(factors), ":".join(codes))
                level = question.label(factors, codes)
                blank = place.row("proportion", *where, level=level, term=term, unit="", method=METHOD)
                rows.append(_row(blank, wide.loc[wide.index.isin(who)], question.baseline, least, upwards))
    return rows


def _groups(
    data: pd.DataFrame, question: SubgroupQuestion
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], set[str]]]:
    yield (), (), set(data["USUBJID"])
    for factors in question.subgroups:
        for key, part in data.groupby(list(factors), observed=False, sort=True):
            yield factors, tuple(map(str, key if isinstance(key, tuple) else (key,))), set(part["USUBJID"])


def _row(blank: Estimate, wide: pd.DataFrame, baseline: str, least: float, upwards: bool) -> Estimate:
    from emostats.statistics.effects import responders

    if not {baseline, blank.visit} <= set(wide.columns):
        return replace(blank, n=0, error="no child was seen at both visits")
    pairs = wide[[baseline, blank.visit]].dropna()
    try:
        share = responders(
            pairs[baseline], pairs[blank.visit], mic=least, higher_is_better=upwards,
            conf_level=blank.conf_level or 0.95,
        )  # fmt: skip
    except EmostatsError as error:
        return replace(blank, n=len(pairs), error=str(error))
    return replace(
        blank,
        estimate=share.estimate,
        std_error=share.std_error,
        conf_low=share.conf_low,
        conf_high=share.conf_high,
        n=len(pairs),
    )
