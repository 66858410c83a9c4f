"""The true values behind a simulated study, for checking estimates against, with the source of each.

They are computed from the design, not from a sample, so a table of them is the same for every seed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emostats.simulate.design import ASSUMED, PUBLISHED, PUBLISHED_DESIGN, Cell, Domain, StudyDesign
from emostats.simulate.ratings import RatingCell, calibrated

POPULATION_COLUMNS = ("quantity", "parameter", "visit", "sex", "age_band", "value", "source")

Row = tuple[str, str, str, str, str, float, str]


def population_values(design: StudyDesign = PUBLISHED_DESIGN) -> pd.DataFrame:
    """Population values as a tidy table with the columns `POPULATION_COLUMNS`.

    quantity is one of ``mean`` (expected score of a subscale, or expected valence, at a visit), ``icc``
    (ICC(A,1) of the rounded ratings) and ``matching accuracy`` (probability of a rating at or above the
    threshold). sex and age_band are ``""`` for all children together: cells weighted by their size in the
    design, which for the ICC adds the variance between the cells' means.
    """
    rows = [*_score_means(design), *_valence_means(design), *_agreement(design)]
    return pd.DataFrame(rows, columns=list(POPULATION_COLUMNS))


def _score_means(design: StudyDesign) -> Iterator[Row]:
    for scale in design.scales:
        for cell in design.cells:
            for t, (visit, mean) in enumerate(zip(design.visits, scale.means[cell.key], strict=True)):
                source = PUBLISHED if (cell.key, t) in scale.published else ASSUMED
                yield "mean", scale.parameter, visit.name, cell.sex, cell.age_band, mean, source


def _valence_means(design: StudyDesign) -> Iterator[Row]:
    for cell in design.cells:
        for visit, mean in zip(design.visits, design.sessions.means[cell.key], strict=True):
            yield "mean", "VALENCE", visit.name, cell.sex, cell.age_band, mean, ASSUMED


def _agreement(design: StudyDesign) -> Iterator[Row]:
    solved = calibrated(design)
    for domain in design.ratings.domains:
        cells = [(cell, solved[domain.name, cell.key]) for cell in design.cells]
        yield "icc", domain.name, "", "", "", _overall_icc(cells), ASSUMED
        for cell, moments in cells:
            value = moments.covariance / moments.variance
            yield "icc", domain.name, "", cell.sex, cell.age_band, value, ASSUMED
        yield "matching accuracy", domain.name, "", "", "", _overall_accuracy(design, domain), ASSUMED
        for cell in design.cells:
            value = domain.accuracy[cell.key]
            yield "matching accuracy", domain.name, "", cell.sex, cell.age_band, value, ASSUMED


def _overall_icc(cells: list[tuple[Cell, RatingCell]]) -> float:
    """Two ratings of one clip share the cell, so the variance of the cells' means is part of both moments."""
    weight = np.array([cell.children for cell, _ in cells], dtype=float)
    weight /= weight.sum()
    means = np.array([moments.rounded_mean for _, moments in cells])
    between = float(weight @ (means - weight @ means) ** 2)
    covariance = float(weight @ np.array([moments.covariance for _, moments in cells]))
    variance = float(weight @ np.array([moments.variance for _, moments in cells]))
    return (covariance + between) / (variance + between)


def _overall_accuracy(design: StudyDesign, domain: Domain) -> float:
    weight = np.array([cell.children for cell in design.cells], dtype=float)
    return float(weight @ np.array([domain.accuracy[cell.key] for cell in design.cells]) / weight.sum())
