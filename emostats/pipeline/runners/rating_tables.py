"""Tables for the figures of the expert ratings: counts only, so that no single clip can be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pandas as pd

from emostats.errors import EmostatsError
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.study.spec import IccAnalysis


def rating_tables(analysis: IccAnalysis, study: LoadedStudy) -> dict[str, pd.DataFrame]:
    """``rating_shares`` (how often each expert gave each rating) and ``bland_altman`` (two experts compared).

    Experts are called by number, in the order of their names.
    """
    ratings = study.data.ratings
    ratings = ratings[ratings["DOMAIN"].isin(analysis.domains) & ratings["VALUE"].notna()]
    names = {rater: f"Expert {i}" for i, rater in enumerate(sorted(ratings["RATER"].astype(str).unique()), 1)}
    named = ratings.assign(
        RATER=ratings["RATER"].astype(str).map(names),
        TARGET=ratings["USUBJID"].astype(str) + "|" + ratings["CLIP"].astype(str),
    )
    shares = pd.DataFrame(_shares(analysis, named), columns=["analysis", "parameter", "rater", "value", "n"])
    pairs = pd.DataFrame(
        [row for domain in analysis.domains for row in _pair(analysis, domain, named)],
        columns=["analysis", "parameter", "raters", "term", "mean", "difference", "n", "low", "high"],
    )
    return {"rating_shares": shares, "bland_altman": pairs}


def _shares(analysis: IccAnalysis, ratings: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    keys = zip(ratings["DOMAIN"], ratings["RATER"], ratings["VALUE"].astype(float), strict=True)
    for (domain, rater, value), n in sorted(Counter(keys).items()):
        yield analysis.name, domain, rater, value, n


def _pair(analysis: IccAnalysis, domain: str, ratings: pd.DataFrame) -> list[dict[str, Any]]:
    """The two experts whose ratings differ most on average: rows of counts, and of limits of agreement."""
    from emostats.statistics.agreement import bland_altman

    own = ratings[ratings["DOMAIN"] == domain].drop_duplicates(["TARGET", "RATER"], keep=False)
    wide = own.pivot(index="TARGET", columns="RATER", values="VALUE")
    apart = {
        pair: abs(float((wide[pair[0]] - wide[pair[1]]).mean()))
        for pair in combinations(sorted(wide.columns), 2)
        if wide[list(pair)].notna().all(axis=1).sum() >= 3
    }
    if not apart:
        return []
    pair = max(apart, key=lambda key: (apart[key], key))
    both = wide[list(pair)].dropna()
    where = {"analysis": analysis.name, "parameter": domain, "raters": f"{pair[0]} − {pair[1]}"}
    try:
        found = bland_altman(both.to_numpy(float), conf_level=analysis.conf_level)
    except EmostatsError as error:
        LOGGER.error("%s, %s: %s", analysis.name, domain, error)
        return []
    points = Counter(zip(found.means.tolist(), found.differences.tolist(), strict=True))
    rows: list[dict[str, Any]] = [
        {**where, "term": "", "mean": mean, "difference": difference, "n": n}
        for (mean, difference), n in sorted(points.items())
    ]
    for record in found.table().to_dict("records"):
        limits = {"difference": record["estimate"], "low": record["conf_low"], "high": record["conf_high"]}
        rows.append({**where, "term": str(record["term"]), "n": found.n_pairs, **limits})
    return rows
