"""Multiplicity of subgroup differences, as planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from emostats.estimates import Estimate


def with_adjusted_p(rows: Sequence[Estimate], method: str) -> tuple[Estimate, ...]:
    """Rows whose differences between subgroups have adjusted p-values; intervals stay as they are.

    A family is all differences of one outcome at one visit, over all divisions into subgroups. `method` is
    one of `emostats.statistics.multiplicity.P_VALUE_METHODS`.

    Raises
    ------
    UsageError: there is no such method.
    """
    from emostats.statistics.multiplicity import adjust_p_values

    families: dict[tuple[str, str, str], list[int]] = {}
    for i, row in enumerate(rows):
        if row.kind == "difference_of_changes" and row.p_value is not None:
            families.setdefault((row.analysis, row.parameter, row.visit), []).append(i)
    done = list(rows)
    values = [[rows[i].p_value for i in family] for family in families.values()]
    for family, given in zip(families.values(), values, strict=True):
        adjusted = adjust_p_values([float(p or 0.0) for p in given], method)
        for i, p in zip(family, adjusted, strict=True):
            done[i] = rows[i] if method == "none" else replace(rows[i], p_adjusted=float(p))
    return tuple(done)
