"""The baseline table: who the children were, in all, by subgroup, and completers beside those lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emostats.statistics.descriptives.summary import Groups, standardized_difference, summarize

BASELINE_COLUMNS = (
    "variable", "category", "level", "n", "mean", "sd", "median", "q1", "q3", "minimum", "maximum",
    "count", "percent", "smd",
)  # fmt: skip


def baseline_table(
    subjects: pd.DataFrame,
    variables: Mapping[str, str],
    groups: Groups,
    compare: tuple[str, str] | None = None,
    labels: Mapping[str, Mapping[str, str]] | None = None,
) -> pd.DataFrame:
    """Describe each variable in each group.

    Parameters
    ----------
    subjects: one row a subject, with USUBJID and the variables as columns. Numbers are described by mean, sd,
        median, quartiles and range; everything else by count and percent of the subjects with a value,
        with a last category ``"(missing)"`` where values are missing.
    variables: column → shown name, in the order of the table.
    groups: label → subjects.
    compare: two of the labels; their rows carry the standardized difference (first − second) in ``smd``.
    labels: column → code → shown category.

    Returns
    -------
    Columns `BASELINE_COLUMNS`, one row a variable × category × group. Percentages run from 0 to 100.
    """
    rows: list[dict[str, Any]] = []
    for column, name in variables.items():
        values = subjects.set_index("USUBJID")[column]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            rows += _numeric(values, name, groups, compare)
        else:
            rows += _categorical(values, name, groups, compare, (labels or {}).get(column, {}))
    return pd.DataFrame(rows, columns=list(BASELINE_COLUMNS))


def _members(values: pd.Series, groups: Groups) -> dict[str, pd.Series]:
    return {level: values[values.index.isin(list(who))] for level, who in groups.items()}


def _smd(parts: Mapping[str, pd.Series], compare: tuple[str, str] | None) -> dict[str, float]:
    if compare is None or not set(compare) <= set(parts):
        return {}
    value = standardized_difference(parts[compare[0]], parts[compare[1]])
    return dict.fromkeys(compare, value)


def _numeric(
    values: pd.Series, name: str, groups: Groups, compare: tuple[str, str] | None
) -> list[dict[str, Any]]:
    parts = _members(values, groups)
    smd = _smd(parts, compare)
    return [
        {"variable": name, "category": "", "level": level, **summarize(part), "smd": smd.get(level)}
        for level, part in parts.items()
    ]


def _categorical(
    values: pd.Series,
    name: str,
    groups: Groups,
    compare: tuple[str, str] | None,
    labels: Mapping[str, str],
) -> list[dict[str, Any]]:
    categorical = values.astype("category")
    rows: list[dict[str, Any]] = []
    for category in categorical.cat.categories:
        indicator = (categorical == category).astype(float).where(categorical.notna())
        rows += _counts(indicator, name, labels.get(str(category), str(category)), groups, compare)
    if categorical.isna().any():
        rows += _counts(categorical.isna().astype(float), name, "(missing)", groups, compare)
    return rows


def _counts(
    indicator: pd.Series, name: str, category: str, groups: Groups, compare: tuple[str, str] | None
) -> list[dict[str, Any]]:
    parts = _members(indicator, groups)
    smd = _smd(parts, compare)
    return [
        {
            "variable": name,
            "category": category,
            "level": level,
            "n": float(part.notna().sum()),
            "count": float(part.sum()),
            "percent": 100.0 * float(part.mean()) if part.notna().any() else float("nan"),
            "smd": smd.get(level),
        }
        for level, part in parts.items()
    ]
