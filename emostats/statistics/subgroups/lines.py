"""From a linear combination of coefficients to a row of the estimates table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import ModelError
from emostats.estimates import Estimate
from emostats.statistics.subgroups.cells import Array, LinearModel

NOT_ESTIMABLE = "not estimable: there are no observations in one of the cells behind this number"


@dataclass(frozen=True)
class Place:
    """What all rows of one fit share; see `emostats.estimates.Estimate`."""

    analysis: str
    parameter: str
    analysis_set: str = ""
    unit: str = ""
    conf_level: float = 0.95
    planned: bool = True
    method: str = ""

    def row(self, kind: str, visit: str, subgroup: str, codes: str, **fields: Any) -> Estimate:
        """A row with the shared fields, and an id made of analysis, parameter, kind, visit and subgroup."""
        where = f"{subgroup}={codes}" if subgroup else "overall"
        values: dict[str, Any] = {
            "analysis": self.analysis,
            "parameter": self.parameter,
            "analysis_set": self.analysis_set,
            "unit": self.unit,
            "conf_level": self.conf_level,
            "planned": self.planned,
            "method": self.method,
            **fields,
        }
        estimate_id = "/".join((self.analysis, self.parameter, kind, visit or "all visits", where))
        return Estimate(estimate_id, kind=kind, visit=visit, subgroup=subgroup, **values)


@dataclass(frozen=True)
class Line:
    """One linear combination ``L β`` and the row it fills. L has k numbers."""

    row: Estimate
    L: Array


def evaluate(fit: LinearModel, lines: Sequence[Line]) -> list[Estimate]:
    """Estimate, standard error, test and interval of each line; one that fails keeps its row."""
    usable = [i for i, line in enumerate(lines) if np.isfinite(line.L).all()]
    numbers = dict(zip(usable, _contrasts(fit, [lines[i] for i in usable]), strict=True))
    blocked = {"error": NOT_ESTIMABLE}
    return [replace(line.row, **numbers.get(i, blocked)) for i, line in enumerate(lines)]


def _contrasts(fit: LinearModel, lines: Sequence[Line]) -> list[dict[str, Any]]:
    if not lines:
        return []
    try:
        table = fit.contrast(np.stack([line.L for line in lines]))
    except ModelError as error:
        if len(lines) == 1:
            return [{"error": str(error)}]
        return [_contrasts(fit, [line])[0] for line in lines]
    return [inference(row) for row in table.to_dict("records")]


def inference(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The fields of an estimate from a t-type table row; not-a-number becomes the reason."""
    if not np.isfinite(row["estimate"]) or not np.isfinite(row["std_error"]):
        return {"error": NOT_ESTIMABLE}
    return {
        "estimate": float(row["estimate"]),
        "std_error": float(row["std_error"]),
        "num_df": 1.0,
        "den_df": float(row["df"]),
        "statistic": float(row["statistic"]),
        "p_value": float(row["p_value"]),
        "conf_low": float(row["conf_low"]),
        "conf_high": float(row["conf_high"]),
    }


def joint_test(fit: LinearModel, row: Estimate, L: Array) -> Estimate:
    """The F test of ``L β = 0`` in `row`; of dependent rows, a basis of what they span is tested."""
    if not np.isfinite(L).all():
        return replace(row, error=NOT_ESTIMABLE)
    try:
        result = fit.test(_independent(L))
    except ModelError as error:
        return replace(row, error=str(error))
    first: pd.Series = result.iloc[0]
    return replace(
        row,
        num_df=float(first["num_df"]),
        den_df=float(first["den_df"]),
        statistic=float(first["statistic"]),
        p_value=float(first["p_value"]),
    )


def _independent(L: Array) -> Array:
    _, singular, right = np.linalg.svd(L, full_matrices=False)
    rank = int((singular > singular[0] * 1e-9).sum())
    return L if rank == len(L) else np.asarray(right[:rank], dtype=float)
