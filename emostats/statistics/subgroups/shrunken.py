"""The changes of a division's subgroups beside what shrinkage leaves of their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emostats.errors import EmostatsError
from emostats.estimates import Estimate
from emostats.statistics.subgroups.cells import Array
from emostats.statistics.subgroups.continuous import CurveModel
from emostats.statistics.subgroups.lines import Line
from emostats.statistics.subgroups.shrinkage import LEAST, Shrinkage, shrink

KIND = "shrunken_change"


@dataclass(frozen=True, eq=False)
class Shrunken:
    """One division at one visit: its rows (kind shrunken_change), and the model, None where it failed."""

    subgroup: str
    visit: str
    rows: tuple[Estimate, ...]
    model: Shrinkage | None


def shrunken_changes(
    fit: CurveModel, lines: Sequence[Line], *, method: str = "reml", n: Sequence[Estimate] = ()
) -> tuple[Shrunken, ...]:
    """For each division and visit, its changes drawn towards their mean, with the covariance from the fit.

    Parameters
    ----------
    lines: the changes as linear combinations (`change_lines`); those of all children are not shrunk.
    method: of τ², see `shrink`. n: the changes as estimated, whose counts are taken over.
    """
    counted = {row.estimate_id: row.n for row in n}
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.row.subgroup:
            groups.setdefault((line.row.subgroup, line.row.visit), []).append(line)
    return tuple(
        Shrunken(subgroup, visit, *_shrunken(fit, members, method, counted))
        for (subgroup, visit), members in groups.items()
    )


def _shrunken(
    fit: CurveModel, lines: Sequence[Line], method: str, counted: dict[str, int | None]
) -> tuple[tuple[Estimate, ...], Shrinkage | None]:
    blank = [_blank(line.row, counted) for line in lines]
    try:
        found = _model(fit, lines, method)
    except EmostatsError as error:
        return tuple(replace(row, error=str(error)) for row in blank), None
    if isinstance(found, str):
        return tuple(replace(row, error=found) for row in blank), None
    filled = zip(blank, found.estimate, found.std_error, found.conf_low, found.conf_high, strict=True)
    return tuple(
        replace(
            row,
            estimate=float(value),
            std_error=float(error),
            conf_low=float(low),
            conf_high=float(high),
            method=found.told,
        )
        for row, value, error, low, high in filled
    ), found


def _model(fit: CurveModel, lines: Sequence[Line], method: str) -> Shrinkage | str:
    if len(lines) < LEAST:
        return f"fewer than {LEAST} subgroups: too few to say how much subgroups differ"
    L: Array = np.stack([line.L for line in lines])
    if not np.isfinite(L).all():
        return "the change of one subgroup cannot be estimated, so their spread is not known"
    estimate = fit.contrast(L)["estimate"].to_numpy(float)
    V = L @ fit.beta_vcov.to_numpy() @ L.T
    level = lines[0].row.conf_level or 0.95
    return shrink(estimate, (V + V.T) / 2, method=method, conf_level=level)


def _blank(row: Estimate, counted: dict[str, int | None]) -> Estimate:
    name = row.estimate_id.replace("/change/", f"/{KIND}/", 1)
    return replace(row, estimate_id=name, kind=KIND, n=counted.get(row.estimate_id), warning="")
