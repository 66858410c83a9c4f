"""Rows about a model as a whole: coefficients, type III tests, fit statistics, variances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from emostats.errors import ModelError
from emostats.estimates import Estimate
from emostats.statistics.subgroups import Place
from emostats.statistics.subgroups.lines import inference

FIT_STATISTICS = {"loglik": "log-likelihood", "aic": "AIC", "bic": "BIC"}


def model_rows(fit: Any, place: Place) -> list[Estimate]:
    """Coefficients, type III tests, log-likelihood, AIC, BIC and the covariance parameters of a fit."""
    n = int(fit.n_subjects)
    rows = [*_coefficients(fit, place), *_type_three(fit, place), *_fit_statistics(fit, place)]
    return [replace(row, n=n) for row in [*rows, *_variances(fit, place)]]


def _row(place: Place, kind: str, term: str, **fields: Any) -> Estimate:
    estimate_id = "/".join((place.analysis, place.parameter, kind, term))
    row = place.row(kind, "", "", "", term=term, **fields)
    return replace(row, estimate_id=estimate_id)


def _coefficients(fit: Any, place: Place) -> Iterator[Estimate]:
    for record in fit.coefficients().to_dict("records"):
        numbers = inference(record)
        if "error" in numbers:
            numbers = {"warning": "aliased with other terms, so it has no estimate of its own"}
        yield _row(place, "coefficient", str(record["term"]), **numbers)


def _type_three(fit: Any, place: Place) -> Iterator[Estimate]:
    try:
        tests = fit.anova(type=3)
    except ModelError as error:
        yield _row(place, "test", "type III tests", unit="", conf_level=None, error=str(error))
        return
    for record in tests.to_dict("records"):
        yield _row(
            place,
            "test",
            str(record["term"]),
            unit="",
            conf_level=None,
            num_df=float(record["num_df"]),
            den_df=float(record["den_df"]),
            statistic=float(record["statistic"]),
            p_value=float(record["p_value"]),
            method=f"{place.method}, type III F test",
        )


def _fit_statistics(fit: Any, place: Place) -> Iterator[Estimate]:
    for name, term in FIT_STATISTICS.items():
        yield _row(place, "fit", term, unit="", conf_level=None, estimate=float(getattr(fit, name)))


def _variances(fit: Any, place: Place) -> Iterator[Estimate]:
    grouped = fit.covariance if isinstance(fit.covariance, Mapping) else {"": fit.covariance}
    for group, matrix in grouped.items():
        yield from _matrix(place, matrix, f"{group}: " if group else "")


def _matrix(place: Place, matrix: pd.DataFrame, prefix: str) -> Iterator[Estimate]:
    unit = f"{place.unit}²" if place.unit else ""
    names = list(matrix.index)
    for i, one in enumerate(names):
        for other in names[: i + 1]:
            term = f"{prefix}var({one})" if one == other else f"{prefix}cov({other}, {one})"
            yield _row(
                place, "variance", term, unit=unit, conf_level=None, estimate=float(matrix.loc[one, other])
            )
