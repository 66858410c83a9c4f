"""The course of each child, without a name: for figures that only those may see who may see the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

COURSE_COLUMNS = ("parameter", "child", "level", "visit", "value")


def courses_table(
    observations: pd.DataFrame, visits: Sequence[str], parameters: Sequence[str], level: Mapping[str, str]
) -> pd.DataFrame:
    """Values by child and visit, where ``child`` is a number by the order of the values, never an ID.

    Parameters
    ----------
    observations: rows with USUBJID, AVISIT, PARAMCD, AVAL. visits: names in time order.
    level: subject → shown subgroup.

    Returns
    -------
    Columns `COURSE_COLUMNS`. Within a parameter children are numbered by their first values, so that the
    numbers of two parameters say nothing about one child.
    """
    parts = []
    for parameter in parameters:
        own = observations[(observations["PARAMCD"] == parameter) & observations["AVAL"].notna()]
        wide = own.pivot(index="USUBJID", columns="AVISIT", values="AVAL").reindex(columns=list(visits))
        wide = wide.astype(float)
        wide["level"] = [level.get(subject, "") for subject in wide.index]
        wide = wide.sort_values([*visits, "level"], kind="stable", na_position="last").reset_index(drop=True)
        long = wide.melt(id_vars="level", var_name="visit", value_name="value", ignore_index=False)
        long = long.assign(parameter=parameter, child=long.index + 1).dropna(subset=["value"])
        order = {name: position for position, name in enumerate(visits)}
        long = long.assign(order=long["visit"].map(order))
        parts.append(long.sort_values(["child", "order"], kind="stable"))
    if not parts:
        return pd.DataFrame(columns=list(COURSE_COLUMNS))
    return pd.concat(parts, ignore_index=True)[list(COURSE_COLUMNS)]
