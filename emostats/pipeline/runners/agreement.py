"""Runs the agreement of the expert ratings: ICC by domain and subgroup, and matching accuracy."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emostats.errors import EmostatsError, ModelError
from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.runners.base import Advance, Run, seed_for
from emostats.pipeline.runners.rating_tables import rating_tables
from emostats.statistics.subgroups import Place
from emostats.study.spec import IccAnalysis

TARGET = "_TARGET"


@dataclass(frozen=True)
class Slice:
    """The ratings of one domain in one subgroup (all children: subgroup and level are '')."""

    domain: str
    subgroup: str
    codes: str
    level: str
    ratings: pd.DataFrame

    def row(self, place: Place, kind: str, **fields: Any) -> Estimate:
        """A row about this slice; ``n`` counts the children."""
        n = int(self.ratings["USUBJID"].nunique())
        return place.row(kind, "", self.subgroup, self.codes, level=self.level, n=n, **fields)


def run_icc(analysis: IccAnalysis, study: LoadedStudy, earlier: Mapping[str, Run], advance: Advance) -> Run:
    """ICC of each domain, for all children and by subgroup, and the share of ratings that match."""
    rows: list[Estimate] = []
    facts: dict[str, Any] = {}
    for done, domain in enumerate(analysis.domains):
        advance(done / len(analysis.domains))
        place = Place(
            analysis.name,
            domain,
            conf_level=analysis.conf_level,
            planned=study.planned(analysis.name),
        )
        for part in slices(analysis, study, domain):
            rows.append(_icc_row(analysis, study, place, part))
            if analysis.matching_threshold is not None:
                rows.append(_matching_row(analysis, study, place, part))
        facts[domain] = _sizes(study, domain)
        LOGGER.info("%s, %s: %s ratings", analysis.name, domain, facts[domain]["n_ratings"])
    return Run(
        tuple(rows),
        {**_facts(analysis), **_overall(facts), "parameters": facts},
        tables=rating_tables(analysis, study),
    )


def slices(analysis: IccAnalysis, study: LoadedStudy, domain: str) -> Iterator[Slice]:
    """The ratings of a domain, whole and by the combinations of the factors in `by`."""
    ratings = study.data.ratings
    ratings = ratings[(ratings["DOMAIN"] == domain) & ratings["VALUE"].notna()]
    ratings = ratings.assign(**{TARGET: ratings["USUBJID"].astype(str) + "|" + ratings["CLIP"].astype(str)})
    yield Slice(domain, "", "", "", ratings)
    factors = [factor for factor in analysis.by if factor in study.data.subjects]
    if not factors:
        return
    joined = ratings.merge(study.data.subjects[["USUBJID", *factors]], on="USUBJID", how="left")
    for key, part in joined.groupby(factors, observed=False, sort=True):
        codes = [str(code) for code in (key if isinstance(key, tuple) else (key,))]
        labels = [study.spec.level_label(*pair) for pair in zip(factors, codes, strict=True)]
        yield Slice(domain, ":".join(factors), ":".join(codes), ", ".join(labels), part)


def _icc_row(analysis: IccAnalysis, study: LoadedStudy, place: Place, part: Slice) -> Estimate:
    from emostats.statistics.agreement import icc

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            options = _interval_options(analysis, study, part)
            result = icc(part.ratings, targets=TARGET, raters="RATER", ratings="VALUE", **options)
            found = result.row(analysis.form)
        if not math.isfinite(found.estimate):
            raise ModelError(found.reason or "the ratings do not determine this coefficient")
    except EmostatsError as error:
        LOGGER.error("%s, %s %s: %s", analysis.name, part.domain, part.level, error)
        return part.row(place, "icc", term=analysis.form, error=str(error))
    notes = [found.reason, *result.notes, *(str(item.message) for item in caught)]
    return part.row(
        place,
        "icc",
        term=analysis.form,
        estimate=found.estimate,
        num_df=_finite(found.num_df),
        den_df=_finite(found.den_df),
        statistic=_finite(found.statistic),
        p_value=_finite(found.p_value),
        conf_low=_finite(found.conf_low),
        conf_high=_finite(found.conf_high),
        method=f"{analysis.form}, {found.method}",
        warning="; ".join(dict.fromkeys(filter(None, notes))),
    )


def _interval_options(analysis: IccAnalysis, study: LoadedStudy, part: Slice) -> dict[str, Any]:
    options: dict[str, Any] = {"interval": analysis.interval, "conf_level": analysis.conf_level}
    if analysis.interval == "bootstrap":
        seed = seed_for(study.spec.study.seed, analysis.name, part.domain, part.codes)
        options["seed"] = int(seed.generate_state(1)[0])
    return options


def _matching_row(analysis: IccAnalysis, study: LoadedStudy, place: Place, part: Slice) -> Estimate:
    from emostats.statistics.agreement import matching_accuracy

    term = f"rating of {analysis.matching_threshold:g} or more"
    try:
        result = matching_accuracy(
            part.ratings,
            targets=TARGET,
            raters="RATER",
            ratings="VALUE",
            within="USUBJID",
            threshold=float(analysis.matching_threshold or 0),
            conf_level=analysis.conf_level,
        )
    except EmostatsError as error:
        LOGGER.error("%s, %s %s: %s", analysis.name, part.domain, part.level, error)
        return part.row(place, "proportion", term=term, error=str(error))
    return part.row(
        place,
        "proportion",
        term=term,
        estimate=result.estimate,
        std_error=_finite(result.std_error),
        num_df=1.0,
        den_df=_finite(result.df),
        conf_low=_finite(result.conf_low),
        conf_high=_finite(result.conf_high),
        method=result.method,
        warning=result.reason,
    )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _sizes(study: LoadedStudy, domain: str) -> dict[str, Any]:
    ratings = study.data.ratings
    ratings = ratings[(ratings["DOMAIN"] == domain) & ratings["VALUE"].notna()]
    return {
        "n_ratings": len(ratings),
        "n_subjects": int(ratings["USUBJID"].nunique()),
        "n_targets": int(ratings[["USUBJID", "CLIP"]].drop_duplicates().shape[0]),
        "n_raters": int(ratings["RATER"].nunique()),
    }


def _facts(analysis: IccAnalysis) -> dict[str, Any]:
    return {
        "type": "icc",
        "form": analysis.form,
        "interval": analysis.interval,
        "conf_level": analysis.conf_level,
        "matching_threshold": analysis.matching_threshold,
    }


def _overall(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    keys = ("n_subjects", "n_targets", "n_raters", "n_ratings")
    return {key: max((item[key] for item in facts.values()), default=0) for key in keys}
